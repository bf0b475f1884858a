"""Joins the parts of a file of records: numbers for all, doubled records, and what base models bring."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from opengrade.bulk.hubparts import Numbers, Part
from opengrade.bulk.hubshapes import UNKNOWN, Shape, shapes_of
from opengrade.bulk.schema import Row
from opengrade.hub.lineage import Lineage, Own, Past
from opengrade.hub.lines import Fault
from opengrade.hub.records import Record

Texts = tuple[str, ...]


@dataclass(frozen=True)
class Joined:
    """All records of a file, in its order, each id once; the arrays hold numbers of what the lists hold.

    `doubled` are the lines of records that are left out, with
    the numbers of those before them.
    """

    ids: Any
    line: NDArray[np.int64]
    shape: Numbers
    license: Numbers
    bases: Numbers
    shapes: list[Shape]
    licenses: list[Texts]
    lists: list[tuple[int, ...]]
    faults: list[tuple[int, Fault]]
    doubled: list[tuple[int, int]]


def join(parts: Iterable[Part]) -> Joined:
    """Join parts, in their order."""
    codes = _Codes()
    columns: list[list[Numbers]] = [[], [], [], []]
    ids: list[memoryview] = []
    faults: list[tuple[int, Fault]] = []
    lines: list[NDArray[np.int64]] = []
    before = 0
    for part in parts:
        found = part.columns
        lines.append(found["line"].astype(np.int64) + before)
        faults += ((before + line, fault) for line, fault in part.faults)
        coded = codes.of(part)
        new = (part.lengths, *coded)
        for column, values in zip(columns, new, strict=True):
            column.append(values)
        ids.append(part.ids)
        before += part.lines
    lengths, shape, license_, bases = (_one(each) for each in columns)
    line = np.concatenate(lines) if lines else np.zeros(0, np.int64)
    encoded = _strings(ids, lengths).dictionary_encode()
    first, kept = _first(encoded.indices.to_numpy(), len(encoded.dictionary))
    again = np.flatnonzero(~kept)
    doubled = list(zip(line[again].tolist(), first[again].tolist(), strict=True))
    return Joined(
        ids=encoded.dictionary,
        line=line[kept],
        shape=shape[kept],
        license=license_[kept],
        bases=bases[kept],
        shapes=shapes_of(list(codes.shapes)),
        licenses=list(codes.licenses),
        lists=_numbered(list(codes.bases), encoded.dictionary),
        faults=faults,
        doubled=doubled,
    )


class _Codes:
    """Codes for what all parts hold, in the order in which they are first seen."""

    def __init__(self) -> None:
        self.shapes: dict[Record, int] = {}
        self.licenses: dict[Texts, int] = {}
        self.bases: dict[Texts, int] = {}

    def of(self, part: Part) -> Iterator[Numbers]:
        """Yield the columns of a part with these codes in place of its own."""
        pairs: tuple[tuple[dict[Any, int], Sequence[Any], str], ...] = (
            (self.shapes, part.shapes, "shape"),
            (self.licenses, part.licenses, "license"),
            (self.bases, part.bases, "bases"),
        )
        for codes, things, name in pairs:
            new = np.array([codes.setdefault(each, len(codes)) for each in things], np.int32)
            yield new[part.columns[name]] if len(things) else part.columns[name]


def _one(columns: list[Numbers]) -> Numbers:
    return np.concatenate(columns) if columns else np.zeros(0, np.int32)


def _strings(texts: list[memoryview], lengths: Numbers) -> Any:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(pa.large_string(), len(lengths), buffers)


def _first(codes: Numbers, count: int) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return for each record the number of the first one with its id, and whether it is that one."""
    size = len(codes)
    places = np.zeros(count, np.int64)
    places[codes[::-1]] = np.arange(size - 1, -1, -1)
    return codes, places[codes] == np.arange(size)


def _numbered(lists: list[Texts], ids: Any) -> list[tuple[int, ...]]:
    """Return lists of ids as lists of numbers; those that are not described come after all that are."""
    distinct = list(dict.fromkeys(each for ids_ in lists for each in ids_))
    found = pc.index_in(pa.array(distinct, ids.type), value_set=ids).fill_null(-1).to_pylist()
    numbers = {
        each: place if place >= 0 else len(ids) + count
        for count, (each, place) in enumerate(zip(distinct, found, strict=True))
    }
    return [tuple(numbers[each] for each in ids_) for ids_ in lists]


@dataclass(frozen=True)
class Inherited:
    """What base models bring to each record: the number of a list of licenses, and the rows of their data.

    `data` has a bit for each row of `rows`, without those that the record has itself.
    """

    licenses: Numbers
    lists: list[tuple[int, ...]]
    data: Numbers
    rows: list[Row]
    too_far: NDArray[np.bool_]


def inherit(joined: Joined) -> Inherited:
    """Follow the base models of all records."""
    rows = list(dict.fromkeys((UNKNOWN, *(row for shape in joined.shapes for row in shape.data))))
    bits = np.array([sum(1 << rows.index(row) for row in each.data) for each in joined.shapes], np.int32)
    has_weights = np.array([each.has_weights for each in joined.shapes], np.bool_)
    own_bits = bits[joined.shape] if len(bits) else joined.shape
    weights = np.where(has_weights[joined.shape], joined.license, -1) if len(bits) else joined.license
    own = Own(_indexed(joined.bases), _indexed(weights), _indexed(own_bits), unknown=1)
    lineage = Lineage(joined.lists or [()], own)
    lists: dict[tuple[int, ...], int] = {(): 0}

    def coded(past: Past) -> tuple[int, int, bool]:
        return lists.setdefault(past.weights, len(lists)), past.data, past.too_far

    by_list = np.array([coded(lineage.of_list(each)) for each in range(len(joined.lists))], np.int32).reshape(
        -1, 3
    )
    found = by_list[joined.bases]
    for model, past in lineage.apart.items():
        found[model] = coded(past)
    return Inherited(found[:, 0], list(lists), found[:, 1] & ~own_bits, rows, found[:, 2].astype(np.bool_))


def _indexed(numbers: NDArray[Any]) -> Sequence[int]:
    """Return numbers in a form in which single ones are found quickly."""
    return array("i", numbers.astype(np.int32).tobytes())
