"""Joins the parts of a file of records: numbers for all, each record once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from opengrade.bulk.hubbases import BaseLists, base_lists
from opengrade.bulk.hubparts import Numbers, Part
from opengrade.bulk.hubshapes import Shape, shapes_of
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
    lists: BaseLists
    faults: list[tuple[int, Fault]]
    doubled: list[tuple[int, int]]


def join(parts: Iterable[Part]) -> Joined:
    """Join parts, in their order."""
    codes = _Codes()
    columns: list[list[Numbers]] = [[], [], [], []]
    ids: list[memoryview] = []
    faults: list[tuple[int, Fault]] = []
    lines: list[NDArray[np.int64]] = []
    sizes, bases, lengths_of_bases = [], [], []
    before = known_lists = 0
    for part in parts:
        found = part.columns
        lines.append(found["line"].astype(np.int64) + before)
        faults += ((before + line, fault) for line, fault in part.faults)
        new = (part.lengths, *codes.of(part), found["bases"] + known_lists)
        for column, values in zip(columns, new, strict=True):
            column.append(values)
        ids.append(part.ids)
        sizes.append(part.base_counts)
        bases.append(part.bases)
        lengths_of_bases.append(part.base_lengths)
        before += part.lines
        known_lists += len(part.base_counts)
    lengths, shape, license_, list_of = map(_one, columns)
    line = np.concatenate(lines) if lines else np.zeros(0, np.int64)
    # What is named as a base only comes after all that is described.
    encoded = _strings([*ids, *bases], _one([lengths, *lengths_of_bases])).dictionary_encode()
    numbers, named = np.split(encoded.indices.to_numpy(), [len(lengths)])
    count = int(numbers.max(initial=-1)) + 1
    first, kept = _first(numbers, count)
    again = np.flatnonzero(~kept)
    doubled = list(zip(line[again].tolist(), first[again].tolist(), strict=True))
    lists, of_list = base_lists(_one(sizes), named)
    return Joined(
        ids=encoded.dictionary[:count],
        line=line[kept],
        shape=shape[kept],
        license=license_[kept],
        bases=of_list[list_of[kept]],
        shapes=shapes_of(list(codes.shapes)),
        licenses=list(codes.licenses),
        lists=lists,
        faults=faults,
        doubled=doubled,
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


def _first(codes: Numbers, count: int) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return for each record the number of the first one with its id, and whether it is that one."""
    size = len(codes)
    places = np.zeros(count, np.int64)
    places[codes[::-1]] = np.arange(size - 1, -1, -1)
    return codes, places[codes] == np.arange(size)
