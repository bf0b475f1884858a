"""Sorts the models of a component table, part by part, into kinds that have the same things."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from opengrade.bulk.engines import Engine
from opengrade.bulk.looks import LOOK, Looks
from opengrade.errors import InputError, Place
from opengrade.routes.relational import signatures

MARKS = ("mark0", "mark1")


class Part(Protocol):
    """Some models of a table, numbered from `first` on."""

    @property
    def first(self) -> int:
        """The number of the first model."""

    @property
    def count(self) -> int:
        """How many models there are."""

    @property
    def place(self) -> Place:
        """Where they stand."""

    def rows(self, engine: Engine) -> ir.Table:
        """Return the rows of these models with their codes; for models with the same rows one may do."""

    def places(self) -> np.ndarray | None:
        """Return for each model the place of the one whose rows it has, None where each has its own."""


@dataclass(frozen=True)
class Sorted:
    """The models of a part, sorted into kinds that have the same things; kinds are numbered as they are met.

    `kind` has the number of the kind of each model, in their order. Of kinds that no part before had, `marks`
    has the two sums that tell them, in the order of their numbers, and `rows` their things: the columns kind
    and look.
    """

    kind: np.ndarray
    marks: pa.Table
    rows: pa.Table


class Sorter:
    """Sorts models into kinds, which are numbered as they are met."""

    def __init__(self, looks: Looks, engine: Engine) -> None:
        self._looks = looks
        self._engine = engine
        self._known: dict[tuple[int, int], int] = {}

    def resumed(self, found: Sorted) -> Sorted:
        """Take over what an earlier run found of a part, and return it."""
        for key in zip(*(found.marks[name].to_pylist() for name in MARKS), strict=True):
            self._known[key] = len(self._known)
        return found

    def sort(
        self,
        part: Part,
        begun: Callable[[], object] = lambda: None,
        past: Callable[[], object] = lambda: None,
    ) -> Sorted:
        """Sort the models of a part into kinds; InputError where one has no rows.

        Other work can go on beside it: `begun` is called when the engine has all that it needs, `past` when
        it has done most of its work.
        """
        rows = self._looks.of(part.rows(self._engine))
        places = part.places()
        count = part.count if places is None else int(places.max()) + 1
        fetch = self._engine.fetching(signatures(rows, self._engine.digest))
        begun()
        signed = fetch()
        past()
        met = _kinds(signed, part, count)
        new = [n for n, key in enumerate(met.keys) if key not in self._known]
        first = len(self._known)
        self._known |= {met.keys[n]: first + place for place, n in enumerate(new)}
        chosen = pa.table(
            {
                "model": pa.array([part.first + met.first[n] for n in new], pa.int32()),
                "kind": pa.array(range(first, len(self._known)), pa.int32()),
            }
        )
        found = rows.inner_join(self._engine.table(chosen), "model").select("kind", LOOK)
        marks_of = [pa.array([met.keys[n][side] for n in new], pa.int64()) for side in (0, 1)]
        numbers = np.array([self._known[key] for key in met.keys], dtype=np.int32)
        return Sorted(
            numbers[met.inverse if places is None else met.inverse[places]],
            pa.table(marks_of, names=list(MARKS)),
            self._engine.fetch(found) if new else found.schema().to_pyarrow().empty_table(),
        )


@dataclass(frozen=True)
class _Kinds:
    """Models that have the same things: a signature and first model for each kind, a kind for each model."""

    keys: list[tuple[int, int]]
    first: list[int]
    inverse: np.ndarray


def _kinds(signed: pa.Table, part: Part, count: int) -> _Kinds:
    """Sort models of a part by their signatures; kinds are numbered by their first model."""
    model = signed["model"].to_numpy() - part.first
    found = np.zeros(count, dtype=np.bool_)
    found[model[(model >= 0) & (model < count)]] = True
    if len(model) != count or not found.all():
        which = part.first + int(np.argmin(found))
        raise InputError(
            f"model {which} has no rows.", fix="Number models from 0 on without gaps.", where=part.place
        )
    marks_of = [signed[name].to_numpy().astype(np.int64, copy=False) for name in MARKS]
    # By one mark, or by both where one does not tell all apart.
    numbers, places = _met(marks_of[0])
    if (marks_of[1][places][numbers] != marks_of[1]).any():
        second, _ = _met(marks_of[1])
        numbers, places = _met(numbers.astype(np.int64) * count + second)
    inverse = np.empty(count, dtype=np.int32)
    inverse[model] = numbers
    # The engine gives models in any order: kinds are numbered again as they are met in that of the models.
    first = first_places(inverse)
    order = np.argsort(first)
    again = np.empty(len(order), dtype=np.int32)
    again[order] = np.arange(len(order))
    keys = list(zip(*(column[places[order]].tolist() for column in marks_of), strict=True))
    return _Kinds(keys, first[order].tolist(), again[inverse])


def _met(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each value its number in the order in which they are met, and where each is met first."""
    numbers = pa.array(values).dictionary_encode().indices.to_numpy()
    return numbers, first_places(numbers)


def first_places(numbers: np.ndarray) -> np.ndarray:
    """Return the place where each of the numbers 0, 1, 2, … is met first."""
    first = np.empty(int(numbers.max(initial=-1)) + 1, dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    return first
