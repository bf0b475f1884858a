"""Reads a file of millions of records of the Hub as a component table, resuming where a run was ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from opengrade.bulk.hubfiles import Progress, parts_of
from opengrade.bulk.hubjoin import Joined, join
from opengrade.bulk.hublineage import Inherited, inherit
from opengrade.bulk.hubparts import Numbers
from opengrade.bulk.hubshapes import entry, is_marked, is_weights
from opengrade.bulk.schema import Dictionaries, Row
from opengrade.errors import InputError, Place
from opengrade.hub.records import rules
from opengrade.hub.remarks import line_remark, record_twice, too_far_back
from opengrade.limits import Limits
from opengrade.remarks import Remark

DEFAULTS = Limits()
_STATED, _BOUND = -1, -2


@dataclass(frozen=True)
class _Rows:
    """Rows that records have in common, list after list; below zero a license is that of the record."""

    starts: Numbers
    counts: Numbers
    part: NDArray[np.int16]
    license: Numbers
    facts: Numbers


@dataclass(frozen=True)
class HubRun:
    """A file of records, as grading needs it; models are numbered 0, 1, 2, … in the order of the file."""

    source: str
    dictionaries: Dictionaries
    _joined: Joined
    _too_far: NDArray[np.bool_]
    _rows: _Rows
    _rows_of: Numbers
    _stated: Numbers
    _bound: Numbers

    @cached_property
    def _kept(self) -> NDArray[np.int64]:
        return np.flatnonzero(~self._too_far)

    @property
    def count(self) -> int:
        """How many models there are."""
        return len(self._kept)

    @property
    def remarks(self) -> Iterator[Remark]:
        """What is told of lines that give no model, in the order of the lines."""
        joined = self._joined
        told: list[tuple[int, int, Any]] = [(line, 0, fault) for line, fault in joined.faults]
        told += ((line, 1, number) for line, number in joined.doubled)
        told += ((int(joined.line[each]), 2, each) for each in np.flatnonzero(self._too_far).tolist())
        for line, kind, what in sorted(told, key=lambda each: each[:2]):
            place = Place(self.source, line)
            if kind == 0:
                yield line_remark(place, what)
            elif kind == 1:
                yield record_twice(place, self._id(what), int(joined.line[what]))
            else:
                yield too_far_back(place, self._id(what))

    def _id(self, number: int) -> str:
        return str(self._joined.ids[number].as_py())

    def rows(self, first: int, count: int) -> Any:
        """Return the rows of some models with their codes, as an Arrow table."""
        chosen = self._kept[first : first + count]
        return self._table(first, self._rows_of[chosen], self._stated[chosen], self._bound[chosen])

    def distinct_rows(self, first: int, count: int) -> tuple[Any, Numbers]:
        """Return such a table once for all models with the same rows, and for each model the place there."""
        chosen = self._kept[first : first + count]
        widths = [int(each.max(initial=0)) + 1 for each in (self._stated, self._bound)]
        keys = self._rows_of[chosen].astype(np.int64)
        for width, column in zip(widths, (self._stated, self._bound), strict=True):
            keys = keys * width + column[chosen]
        encoded = pa.array(keys).dictionary_encode()
        rest, bound = np.divmod(encoded.dictionary.to_numpy(), widths[1])
        lists, stated = np.divmod(rest, widths[0])
        return self._table(first, lists, stated, bound), encoded.indices.to_numpy()

    def _table(self, first: int, lists: Numbers, stated: Numbers, bound: Numbers) -> Any:
        """Return the rows in some lists, with the licenses of those that have them."""
        rows = self._rows
        counts = rows.counts[lists]
        before = np.cumsum(counts) - counts
        places = np.repeat(rows.starts[lists] - before, counts) + np.arange(int(counts.sum()))
        license_ = rows.license[places]
        for mark, codes in ((_STATED, stated), (_BOUND, bound)):
            marked = license_ == mark
            license_[marked] = np.repeat(codes, counts)[marked]
        columns = {
            "model": np.repeat(np.arange(first, first + len(lists), dtype=np.int32), counts),
            "part": rows.part[places],
            "license": license_,
            "facts": rows.facts[places],
        }
        return pa.table(columns)

    def names(self, first: int, count: int) -> Any:
        """Return IRI and name of some models, as an Arrow table."""
        names = self._joined.ids.take(pa.array(self._kept[first : first + count])).cast(pa.string())
        return pa.table({"iri": pc.binary_join_element_wise(rules().home, names, ""), "name": names})


def _everything(items: Any, _what: str, _count: int) -> Any:
    return items


def prepare(
    path: Path,
    folder: Path,
    *,
    jobs: int = 2,
    progress: Progress[bytes] = _everything,
    limits: Limits = DEFAULTS,
) -> HubRun:
    """Read a file of records, and find what their licenses mean and what base models bring.

    What is read is kept in the folder, so that the same call goes on where a run was ended. Raises InputError
    where the file cannot be read or has no record of a model, LimitError where a part reaches a limit.
    """
    joined = join(parts_of(path, folder, limits, jobs, progress))
    inherited = inherit(joined)
    if inherited.too_far.all():
        reason = f" Line {joined.faults[0][0]}: {joined.faults[0][1].reason}" if joined.faults else ""
        raise InputError(
            f"this file describes no model.{reason}",
            fix="Give a file with a record of the Hub in each line.",
            where=Place(str(path)),
        )
    dictionaries = Dictionaries()
    rows, rows_of = _rows(joined, inherited, dictionaries)
    stated, bound = _licenses(joined, inherited, dictionaries)
    return HubRun(str(path), dictionaries, joined, inherited.too_far, rows, rows_of, stated, bound)


def _rows(joined: Joined, inherited: Inherited, dictionaries: Dictionaries) -> tuple[_Rows, Numbers]:
    """Return the lists of rows that there are, and for each record the number of its list."""
    width = 1 << len(inherited.rows)
    pairs = joined.shape.astype(np.int64) * width + inherited.data
    used = np.flatnonzero(np.bincount(pairs, minlength=1))
    numbers = np.zeros(int(used[-1]) + 1 if len(used) else 0, np.int32)
    numbers[used] = np.arange(len(used))
    lists = [_listed(joined, inherited, *divmod(int(each), width)) for each in used]
    counts = np.array([len(each) for each in lists], np.int32)
    coded = [_coded(row, dictionaries) for each in lists for row in each]
    part, license_, facts = np.array(coded, np.int32).reshape(-1, 3).T
    starts = (np.cumsum(counts) - counts).astype(np.int32)
    return _Rows(starts, counts, part.astype(np.int16), license_, facts), numbers[pairs]


def _listed(joined: Joined, inherited: Inherited, shape: int, data: int) -> list[Row]:
    more = [row for bit, row in enumerate(inherited.rows) if data >> bit & 1]
    return [*joined.shapes[shape].rows, *more]


def _coded(row: Row, dictionaries: Dictionaries) -> tuple[int, int, int]:
    part, facts = dictionaries.part(row.part), dictionaries.fact(row.facts)
    if is_marked(row):
        return part, _BOUND if is_weights(row) else _STATED, facts
    return part, dictionaries.license(row.license), facts


def _licenses(joined: Joined, inherited: Inherited, dictionaries: Dictionaries) -> tuple[Numbers, Numbers]:
    """Return for each record the code of the license that it states, and of that on its weights."""
    marked = [row for shape in joined.shapes for row in shape.rows if is_marked(row)]
    if not marked:
        return joined.license, joined.license
    count = len(inherited.lists)
    pairs = joined.license.astype(np.int64) * count + inherited.licenses
    encoded = pa.array(pairs).dictionary_encode()
    codes = []
    for each in encoded.dictionary.to_pylist():
        stated, behind = joined.licenses[each // count], inherited.lists[each % count]
        others = [joined.licenses[number] for number in behind]
        codes.append(dictionaries.license(entry(marked[0], stated, others)))
    alone = {
        number: dictionaries.license(entry(marked[0], text)) for number, text in enumerate(joined.licenses)
    }
    stated_codes = np.array([alone[number] for number in range(len(joined.licenses))], np.int32)
    return stated_codes[joined.license], np.array(codes, np.int32)[encoded.indices.to_numpy()]
