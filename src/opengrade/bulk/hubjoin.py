"""Joins the parts of a file of records: numbers for all, each record once."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from opengrade.bulk.hubbases import BaseLists, base_lists
from opengrade.bulk.hubcolumns import sums_of
from opengrade.bulk.hubparts import Numbers, Part
from opengrade.bulk.hubshapes import Shape, shapes_of
from opengrade.hub.lines import Fault
from opengrade.hub.records import Record

Texts = tuple[str, ...]
# In a table of so many places few sums share one by chance.
_SLOTS = 1 << 22


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
    lists: BaseLists
    faults: list[tuple[int, Fault]]
    doubled: list[tuple[int, int]]


def join(parts: Iterable[Part]) -> Joined:
    """Join parts, in their order; what shapes mean is worked out while others are read."""
    with ThreadPoolExecutor(1) as aside:
        return _join(parts, aside)


def _join(parts: Iterable[Part], aside: Executor) -> Joined:
    codes = _Codes()
    shapes: list[Future[list[Shape]]] = []
    columns: list[list[Numbers]] = [[], [], [], [], []]
    ids: list[memoryview] = []
    faults: list[tuple[int, Fault]] = []
    lines: list[NDArray[np.int64]] = []
    sizes, bases, lengths_of_bases = [], [], []
    before = known_lists = 0
    for part in parts:
        found, known = part.columns, len(codes.shapes)
        lines.append(found["line"].astype(np.int64) + before)
        faults += ((before + line, fault) for line, fault in part.faults)
        new = (part.lengths, part.sums, *codes.of(part), found["bases"] + known_lists)
        for column, values in zip(columns, new, strict=True):
            column.append(values)
        shapes.append(aside.submit(shapes_of, list(codes.shapes)[known:]))
        ids.append(part.ids)
        sizes.append(part.base_counts)
        bases.append(part.bases)
        lengths_of_bases.append(part.base_lengths)
        before += part.lines
        known_lists += len(part.base_counts)
    lengths, sums, shape, license_, list_of = map(_one, columns)
    line = np.concatenate(lines) if lines else np.zeros(0, np.int64)
    texts = _strings(ids, lengths)
    first = _first(texts, sums)
    kept = np.ones(len(texts), np.bool_)
    kept[list(first)] = False
    places = np.cumsum(kept) - 1
    if first:
        texts = texts.filter(pa.array(kept))
    lists, of_list = base_lists(
        _one(sizes), _numbered(_strings(bases, _one(lengths_of_bases)), texts, sums[kept])
    )
    return Joined(
        ids=texts,
        line=line[kept],
        shape=shape[kept],
        license=license_[kept],
        bases=of_list[list_of[kept]],
        shapes=[shape for each in shapes for shape in each.result()],
        licenses=list(codes.licenses),
        lists=lists,
        faults=faults,
        doubled=[(int(line[again]), int(places[number])) for again, number in first.items()],
    )


class _Codes:
    """Codes for what all parts hold, in the order in which they are first seen."""

    def __init__(self) -> None:
        self.shapes: dict[Record, int] = {}
        self.licenses: dict[Texts, int] = {}

    def of(self, part: Part) -> Iterator[Numbers]:
        """Yield the columns of a part with these codes in place of its own."""
        pairs: tuple[tuple[dict[Any, int], Sequence[Any], str], ...] = (
            (self.shapes, part.shapes, "shape"),
            (self.licenses, part.licenses, "license"),
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


def _first(ids: Any, sums: Numbers) -> dict[int, int]:
    """Return for each id that was there before the number of the first one that is the same."""
    ordered = np.sort(sums)
    known: dict[str, int] = {}
    numbers = _with_sums(ordered[1:][ordered[1:] == ordered[:-1]], sums)
    texts = ids.take(pa.array(numbers)).to_pylist()
    found = {
        number: known.setdefault(text, number) for number, text in zip(numbers.tolist(), texts, strict=True)
    }
    return {number: first for number, first in found.items() if number != first}


def _with_sums(wanted: Numbers, sums: Numbers) -> NDArray[np.intp]:
    """Return the places of the sums that are wanted, and of a few others."""
    table = np.zeros(_SLOTS, np.bool_)
    table[wanted % _SLOTS] = True
    return np.flatnonzero(table[sums % _SLOTS])


def _numbered(bases: Any, ids: Any, sums: Numbers) -> Numbers:
    """Return names of base models as numbers of ids, those of models that are not described behind all.

    `sums` are those of the ids.
    """
    named = bases.dictionary_encode()
    # Looked up the other way round, since far fewer models are bases than there are.
    places = _with_sums(sums_of(list(map(str.encode, named.dictionary.to_pylist()))), sums)
    found = pc.index_in(ids.take(pa.array(places)), value_set=named.dictionary).fill_null(-1).to_numpy()
    numbers: Numbers = len(ids) + np.arange(len(named.dictionary), dtype=np.int32)
    described = found >= 0
    numbers[found[described]] = places[described]
    coded: Numbers = numbers[named.indices.to_numpy()]
    return coded
