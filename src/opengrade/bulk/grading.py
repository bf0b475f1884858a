"""Grades the models of a component table part by part; a part that is done is not done again."""

from collections.abc import Sequence
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

# What stands for part, license and facts together.
LOOK = "look"
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


@dataclass(frozen=True)
class Verdicts:
    """What is found of kinds: the number of the verdict of each, and a row for each verdict.

    The rows have the columns of `routes.relational.column_names`, with codes of outcomes in place of ranks.
    """

    numbers: np.ndarray
    rows: pa.Table


class Grader:
    """Sorts models into kinds, part by part, and judges each kind once."""

    def __init__(self, dictionaries: Dictionaries, rules: Sequence[Framework], engine: Engine) -> None:
        self.wanted = [each for rule in rules for each in judged(rule)]
        self.engine = engine
        self._ranker = Ranker(self.wanted)
        self._entries = (list(dictionaries.parts), list(dictionaries.licenses), list(dictionaries.facts))
        self._known: dict[tuple[int, int], int] = {}
        self._class_of: dict[int, int] = {}

    def resume(self, found: Sorted) -> None:
        """Take over what an earlier run found of a part."""
        for key in zip(*(found.marks[name].to_pylist() for name in MARKS), strict=True):
            self._known[key] = len(self._known)

    def sort(self, part: Part) -> Sorted:
        """Sort the models of a part into kinds; InputError where one has no rows."""
        rows = self._with_look(part.rows(self.engine))
        looks = self._looks(self.engine.fetch(rows.select(LOOK).distinct()))
        marked = rows.inner_join(self.engine.table(looks.drop_columns([KEY])), LOOK)
        places = part.places()
        count = part.count if places is None else int(places.max()) + 1
        met = _kinds(self.engine.fetch(signatures(marked)), part, count)
        new = [n for n, key in enumerate(met.keys) if key not in self._known]
        first = len(self._known)
        self._known |= {met.keys[n]: first + place for place, n in enumerate(new)}
        chosen = pa.table(
            {
                "model": pa.array([part.first + met.first[n] for n in new], pa.int32()),
                "kind": pa.array(range(first, len(self._known)), pa.int32()),
            }
        )
        found = rows.inner_join(self.engine.table(chosen), "model").select("kind", LOOK)
        marks_of = [pa.array([met.keys[n][side] for n in new], pa.int64()) for side in (0, 1)]
        numbers = np.array([self._known[key] for key in met.keys], dtype=np.int32)
        return Sorted(
            numbers[met.inverse if places is None else met.inverse[places]],
            pa.table(marks_of, names=list(MARKS)),
            self.engine.fetch(found) if new else found.schema().to_pyarrow().empty_table(),
        )

    def _with_look(self, rows: ir.Table) -> ir.Table:
        """Put one number in the place of the codes of a thing: engines join by one far more quickly."""
        licenses, facts = len(self._entries[1]), len(self._entries[2])
        look = (rows.part.cast("int64") * licenses + rows.license) * facts + rows.facts
        return rows.select("model", **{LOOK: look})

    def _looks(self, numbers: pa.Table) -> pa.Table:
        """Return numbers of looks in their order, with the class of such things and its marks."""
        looks = numbers[LOOK].combine_chunks().sort()
        found = pa.array([self._class(look) for look in looks.to_pylist()], pa.int32())
        of_classes = [values.take(found) for values in marks(self._ranker.rows)]
        return pa.table([looks, found, *of_classes], names=[LOOK, KEY, *MARKS])

    def _class(self, look: int) -> int:
        if look not in self._class_of:
            parts, licenses, facts = self._entries
            rest, fact = divmod(look, len(facts))
            part, license_ = divmod(rest, len(licenses))
            row = Row(parts[part], licenses[license_], facts[fact])
            self._class_of[look] = self._ranker.class_of(row)
        return self._class_of[look]

    def judge(self, rows: pa.Table) -> Verdicts:
        """Judge all kinds by their things: the rows of all parts, one after the other."""
        looks = self._looks(rows.select([LOOK]).group_by(LOOK).aggregate([]))
        known = classes(self._ranker.columns, self._ranker.rows)
        things = (
            self.engine.table(rows.rename_columns({"kind": "model"}))
            .inner_join(self.engine.table(looks.select([LOOK, KEY])), LOOK)
            .inner_join(self.engine.table(known.table), KEY)
            .drop(LOOK, KEY)
        )
        found = self.engine.fetch(verdicts(things, known, self.wanted)).sort_by("model")
        codes, ranks = outcome_codes(), set(column_names(self.wanted).criteria.values())
        columns = {
            name: pa.array(codes[found[name].to_numpy()]) if name in ranks else found[name]
            for name in found.column_names
            if name != "model"
        }
        return _distinct(pa.table(columns))


def _distinct(found: pa.Table) -> Verdicts:
    """Give numbers to the verdicts of kinds as they are met, the same to the same."""
    columns = [column.to_numpy().astype(np.int16) for column in found.columns]
    matrix = np.ascontiguousarray(np.stack(columns, axis=1))
    known: dict[bytes, int] = {}
    fresh, numbers = [], np.empty(len(found), dtype=np.int32)
    for place, row in enumerate(matrix):
        key = row.tobytes()
        if key not in known:
            known[key] = len(known)
            fresh.append(place)
        numbers[place] = known[key]
    return Verdicts(numbers, found.take(pa.array(fresh, pa.int64())))


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
    marks_of = [np.empty(count, dtype=np.int64) for _ in MARKS]
    for name, column in zip(MARKS, marks_of, strict=True):
        column[model] = signed[name].to_numpy()
    # In the order in which they are met, by one mark, or by both where one does not tell all apart.
    inverse, first = _met(marks_of[0])
    if (marks_of[1][first][inverse] != marks_of[1]).any():
        second, _ = _met(marks_of[1])
        inverse, first = _met(inverse.astype(np.int64) * count + second)
    keys = list(zip(*(column[first].tolist() for column in marks_of), strict=True))
    return _Kinds(keys, first.tolist(), inverse)


def _met(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each value its number in the order in which they are met, and where each is met first."""
    numbers = pa.array(values).dictionary_encode().indices.to_numpy()
    first = np.empty(int(numbers.max(initial=-1)) + 1, dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
    return numbers, first
