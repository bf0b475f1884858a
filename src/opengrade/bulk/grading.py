"""Grades kinds of models: each thing is ranked once, each kind judged once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from opengrade.bulk.engines import Engine
from opengrade.bulk.leaves import judged
from opengrade.bulk.looks import LOOK, Coded
from opengrade.bulk.ranks import Ranker, outcome_codes
from opengrade.bulk.sorting import first_places
from opengrade.frameworks import Framework
from opengrade.routes.relational import KEY, classes, column_names, verdicts


@dataclass(frozen=True)
class Verdicts:
    """What is found of kinds: the number of the verdict of each, and a row for each verdict.

    The rows have the columns of `routes.relational.column_names`, with codes of outcomes in place of ranks.
    """

    numbers: np.ndarray
    rows: pa.Table


class Grader:
    """Ranks the things of kinds as they are met, and judges each kind once."""

    def __init__(self, source: Coded, rules: Sequence[Framework]) -> None:
        self.wanted = [each for rule in rules for each in judged(rule)]
        self._source = source
        self._class_of: dict[int, int] = {}

    @cached_property
    def _ranker(self) -> Ranker:
        return Ranker(self.wanted)

    def prepare(self) -> None:
        """Make ready to rank things; InputError where it is not known what codes mean."""
        self._ranker.prepare(self._source.dictionaries.licenses)

    def rank(self, rows: pa.Table) -> None:
        """Rank the things in rows of kinds, unless things like them have been; `judge` needs no less."""
        new = [each for each in sorted(rows[LOOK].unique().to_pylist()) if each not in self._class_of]
        things = self._source.looks.things(new, self._source.dictionaries)
        for look, thing in zip(new, things, strict=True):
            self._class_of[look] = self._ranker.class_of(thing)

    def judge(self, rows: pa.Table, engine: Engine) -> Verdicts:
        """Judge all kinds by their things: the rows of all parts, one after the other."""
        self.rank(rows)
        looks = rows[LOOK].combine_chunks().dictionary_encode()
        class_of = np.array([self._class_of[look] for look in looks.dictionary.to_pylist()], dtype=np.int64)
        things, alike = _with_the_same(rows["kind"].to_numpy(), class_of[looks.indices.to_numpy()])
        known = classes(self._ranker.columns, self._ranker.rows)
        of_kinds = engine.table(things).inner_join(engine.table(known.table), KEY).drop(KEY)
        asked = verdicts(of_kinds, known, self.wanted)
        fetched = engine.fetch(asked.table).sort_by("model")
        codes, ranks = outcome_codes(), set(column_names(self.wanted).criteria.values())
        found = {name: fetched[name].to_numpy() for name in fetched.column_names if name != "model"}
        found = {name: codes[values] if name in ranks else values for name, values in found.items()}
        # One column that all share, since there may be no other.
        told_apart = (np.zeros(len(fetched)), *found.values())
        numbers, first = _numbered([values.astype(np.int16) for values in told_apart])
        columns = {
            name: found[each][first]
            if isinstance(each, str)
            else np.full(len(first), codes[each] if name in ranks else each)
            for name, each in asked.columns.items()
        }
        return Verdicts(numbers[alike], pa.table(columns))


def _with_the_same(kind: np.ndarray, class_: np.ndarray) -> tuple[pa.Table, np.ndarray]:
    """Sort kinds by the classes of their things alone.

    Returns numbers of the new kinds with their classes, in the columns model and thing, and the number of the
    new kind of each of the old.
    """
    width = -(-(int(class_.max()) + 1) // 8) * 8
    pairs = np.sort(kind.astype(np.int64) * width + class_)
    pairs = pairs[_new(pairs)]
    kind, class_ = np.divmod(pairs, width)
    # A bit for each class.
    starts = _new(pairs // 8)
    octets = pairs[starts] // 8
    bits = np.zeros((int(kind[-1]) + 1) * width // 8, dtype=np.uint8)
    bits[octets] = np.add.reduceat(np.left_shift(1, class_ % 8).astype(np.uint8), starts)
    numbers, first = _numbered([bits.reshape(-1, width // 8)])
    kept = first[numbers[kind]] == kind
    things = {
        "model": pa.array(numbers[kind[kept]].astype(np.int32)),
        KEY: pa.array(class_[kept].astype(np.int32)),
    }
    return pa.table(things), numbers


def _new(ordered: np.ndarray) -> np.ndarray:
    """Return the places of values that differ from those before them."""
    return np.flatnonzero(np.diff(ordered, prepend=-1))


def _numbered(columns: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Give numbers to rows as they are met, the same to the same; also return where each is met first."""
    matrix = np.ascontiguousarray(np.column_stack(columns))
    width = matrix.shape[1] * matrix.itemsize
    texts = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(matrix), [None, pa.py_buffer(matrix)])
    numbers = texts.dictionary_encode().indices.to_numpy()
    return numbers, first_places(numbers)
