"""Reads a part of a file of records of the Hub into arrays of numbers, fast where the lines are not odd."""

import gc
import json
from collections.abc import Iterator
from dataclasses import astuple as record_tuple
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from opengrade.bulk.hubcolumns import Reader
from opengrade.hub.lines import LONGEST, Fault
from opengrade.hub.records import Record
from opengrade.limits import Limits

_COLUMNS = ("line", "shape", "license", "bases")
BLOCK = 128 * 1024

Numbers = NDArray[np.int32]


@dataclass(frozen=True)
class Part:
    """What was read of a part: for each record its id and numbers of what the lists hold, and the faults.

    `lines` is the number of lines; the lines of records and faults count from 1 within the part.
    """

    lines: int
    shapes: tuple[Record, ...]
    licenses: tuple[tuple[str, ...], ...]
    bases: tuple[tuple[str, ...], ...]
    faults: tuple[tuple[int, Fault], ...]
    ids: memoryview
    lengths: Numbers
    columns: dict[str, Numbers]


def read_part(path: Path, start: int, end: int, limits: Limits) -> bytes:
    """Read the lines between two places of a file, and return what was read in the form of `part_from`."""
    reader = Reader(limits)
    gc.disable()  # nothing here refers to itself, and the many small lists would set it going again and again
    with path.open("rb") as file:
        file.seek(start)
        for lines in _blocks(file, end - start):
            reader.block(lines)
    return _packed(reader)


def _blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield whole lines, so many at once that the caches hold them; of one that is too long not all."""
    while size > 0:
        block = file.read(min(size, BLOCK))
        size -= len(block)
        if size > 0 and not block.endswith(b"\n"):
            rest = file.readline(min(size, LONGEST + 2))
            size -= len(rest)
            block += rest
            while size > 0 and not rest.endswith(b"\n"):
                rest = file.readline(min(size, LONGEST))
                size -= len(rest)
        yield block


def _packed(reader: Reader) -> bytes:
    """Return all that was read as bytes, the same for the same lines."""
    known = reader.known
    head = {
        "lines": reader.lines,
        "shapes": [record_tuple(each) for each in known.code_of_shape],
        "licenses": list(known.code_of_license),
        "bases": list(known.code_of_bases),
        "faults": [[number, fault.reason, fault.column] for number, fault in reader.faults],
        "count": len(reader.ids),
    }
    text = json.dumps(head, separators=(",", ":")).encode()
    lengths = np.fromiter(map(len, reader.ids), "<i4", len(reader.ids))
    columns = np.concatenate(reader.numbers, axis=1) if reader.numbers else np.empty((4, 0))
    arrays = lengths.tobytes() + columns.astype("<i4").tobytes()
    return b"".join((text, b"\n", arrays, "".join(reader.ids).encode("ascii")))


def part_from(data: bytes) -> Part:
    """Read a part from the bytes of `read_part`."""
    end = data.index(b"\n")
    head = json.loads(data[:end])
    count = head["count"]
    numbers = np.frombuffer(data, "<i4", 5 * count, end + 1).reshape(5, count)
    return Part(
        lines=head["lines"],
        shapes=tuple(_shape(each) for each in head["shapes"]),
        licenses=tuple(map(tuple, head["licenses"])),
        bases=tuple(map(tuple, head["bases"])),
        faults=tuple((number, Fault(reason, column)) for number, reason, column in head["faults"]),
        ids=memoryview(data)[end + 1 + numbers.nbytes :],
        lengths=numbers[0],
        columns=dict(zip(_COLUMNS, numbers[1:], strict=True)),
    )


def _shape(values: list[Any]) -> Record:
    given: Any = (tuple(each) if isinstance(each, list) else each for each in values)
    return Record(*given)
