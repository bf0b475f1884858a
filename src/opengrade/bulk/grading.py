"""Grades the models of a component table part by part; a part that is done is not done again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from opengrade.bulk.engines import Engine
from opengrade.bulk.leaves import judged
from opengrade.bulk.ranks import Ranker, outcome_codes
from opengrade.bulk.schema import Dictionaries, Row
from opengrade.errors import InputError, Place
from opengrade.frameworks import Framework
from opengrade.routes.relational import KEY, classes, column_names, marks, signatures, verdicts

LOOK = ("part", "license", "facts")


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
        """Return the rows of these models with their codes."""


@dataclass(frozen=True)
class Graded:
    """What was found of the models of a part.

    `verdict` has the number of the verdict of each model, in their order; `new` the rows of verdicts that no
    part before had: the columns of `routes.relational.column_names` with codes of outcomes in place of ranks.
    `marks` are the signatures that no part before had, with the numbers of their verdicts.
    """

    verdict: np.ndarray
    new: pa.Table
    marks: pa.Table


class Grader:
    """Judges models that have the same things once, in whatever part they are met."""

    def __init__(self, dictionaries: Dictionaries, rules: Sequence[Framework], engine: Engine) -> None:
        self.wanted = [each for rule in rules for each in judged(rule)]
        self.engine = engine
        self._ranker = Ranker(self.wanted)
        self._entries = (list(dictionaries.parts), list(dictionaries.licenses), list(dictionaries.facts))
        self._known: dict[tuple[int, int], int] = {}
        self._verdicts: dict[bytes, int] = {}

    def resume(self, graded: Graded) -> None:
        """Take over what an earlier run found of a part."""
        for each in _as_bytes(graded.new):
            self._verdicts.setdefault(each, len(self._verdicts))
        pairs = zip(*(graded.marks[name].to_pylist() for name in ("mark0", "mark1")), strict=True)
        self._known |= dict(zip(pairs, graded.marks["verdict"].to_pylist(), strict=True))

    def grade(self, part: Part) -> Graded:
        """Judge the models of a part; InputError where one has no rows."""
        rows = part.rows(self.engine)
        looks = self._looks(rows)
        marked = rows.inner_join(self.engine.table(looks), list(LOOK))
        kinds = _kinds(self.engine.fetch(signatures(marked)), part)
        unknown = [n for n, key in enumerate(kinds.keys) if key not in self._known]
        judged_now = self._judge(rows, looks, [part.first + kinds.first[n] for n in unknown])
        numbers, new = self._number(judged_now)
        self._known |= {kinds.keys[n]: number for n, number in zip(unknown, numbers, strict=True)}
        table = pa.table(
            {
                "mark0": pa.array([kinds.keys[n][0] for n in unknown], pa.int64()),
                "mark1": pa.array([kinds.keys[n][1] for n in unknown], pa.int64()),
                "verdict": pa.array(numbers, pa.int32()),
            }
        )
        of_kinds = np.array([self._known[key] for key in kinds.keys], dtype=np.int32)
        return Graded(of_kinds[kinds.inverse], new, table)

    def _looks(self, rows: ir.Table) -> pa.Table:
        """Return all combinations of codes in a part, with the class of such things and its marks."""
        codes = self.engine.fetch(rows.select(*LOOK).distinct()).sort_by([(n, "ascending") for n in LOOK])
        parts, licenses, facts = self._entries
        found = [
            self._ranker.class_of(Row(parts[part], licenses[license_], facts[fact]))
            for part, license_, fact in zip(*(codes[name].to_pylist() for name in LOOK), strict=True)
        ]
        of_classes = marks(self._ranker.rows)
        for name, values in zip(("mark0", "mark1"), of_classes, strict=True):
            codes = codes.append_column(name, values.take(pa.array(found)))
        return codes.append_column(KEY, pa.array(found, pa.int32()))

    def _judge(self, rows: ir.Table, looks: pa.Table, models: Sequence[int]) -> pa.Table:
        """Judge some models, given in their order, and return their verdicts in the same."""
        known = classes(self._ranker.columns, self._ranker.rows)
        chosen = self.engine.table(pa.table({"model": pa.array(models, pa.int32())}))
        things = (
            rows.select("model", *LOOK)
            .inner_join(chosen, "model")
            .inner_join(self.engine.table(looks.select([*LOOK, KEY])), list(LOOK))
            .inner_join(self.engine.table(known.table), KEY)
            .drop(*LOOK, KEY)
        )
        found = self.engine.fetch(verdicts(things, known, self.wanted)).sort_by("model")
        codes, ranks = outcome_codes(), set(column_names(self.wanted).criteria.values())
        columns = {
            name: codes[found[name].to_numpy()] if name in ranks else found[name]
            for name in found.column_names
            if name != "model"
        }
        return pa.table(columns)

    def _number(self, found: pa.Table) -> tuple[list[int], pa.Table]:
        """Return the number of each verdict, and those rows that no model before had."""
        numbers, fresh = [], []
        for place, each in enumerate(_as_bytes(found)):
            if each not in self._verdicts:
                self._verdicts[each] = len(self._verdicts)
                fresh.append(place)
            numbers.append(self._verdicts[each])
        return numbers, found.take(pa.array(fresh, pa.int64()))


@dataclass(frozen=True)
class _Kinds:
    """Models that have the same things: a signature and first model for each kind, a kind for each model."""

    keys: list[tuple[int, int]]
    first: list[int]
    inverse: np.ndarray


def _kinds(signed: pa.Table, part: Part) -> _Kinds:
    """Sort the models of a part by their signatures; kinds are numbered by their first model."""
    model = signed["model"].to_numpy() - part.first
    order = np.argsort(model, kind="stable")
    expected = np.arange(part.count)
    if len(model) != part.count or (model[order] != expected).any():
        missing = np.setdiff1d(expected, model)
        which = part.first + int(missing[0]) if len(missing) else part.first
        raise InputError(
            f"model {which} has no rows.", fix="Number models from 0 on without gaps.", where=part.place
        )
    pairs = np.empty(part.count, dtype=[("mark0", np.int64), ("mark1", np.int64)])
    for name in ("mark0", "mark1"):
        pairs[name] = signed[name].to_numpy()[order]
    _, first, inverse = np.unique(pairs["mark0"], return_index=True, return_inverse=True)
    if (pairs["mark1"][first][inverse] != pairs["mark1"]).any():
        _, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
    by_first = np.argsort(first)
    place = np.empty_like(by_first)
    place[by_first] = np.arange(len(by_first))
    keys = [(int(a), int(b)) for a, b in pairs[first[by_first]].tolist()]
    return _Kinds(keys, first[by_first].tolist(), place[inverse])


def _as_bytes(found: pa.Table) -> Iterator[bytes]:
    """Yield a key for each row of verdicts."""
    columns = [column.to_numpy().astype(np.int16) for column in found.columns]
    matrix = np.ascontiguousarray(np.stack(columns, axis=1)) if len(found) else np.empty((0, 0), np.int16)
    yield from (row.tobytes() for row in matrix)
