"""Reads a part of a file of records of the Hub into arrays of numbers, fast where the lines are not odd."""

import gc
import json
from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from opengrade.bulk.hubcolumns import Reader
from opengrade.hub.lines import LONGEST, Fault
from opengrade.hub.records import Record
from opengrade.limits import Limits

_COLUMNS = ("line", "shape", "license", "bases")
BLOCK = 256 * 1024
_values = attrgetter(*(field.name for field in fields(Record)))

Numbers = NDArray[np.int32]


@dataclass(frozen=True)
class Part:
    """What was read of a part: for each record its id and numbers of what the lists hold, and the faults.

    `lines` is the number of lines; the lines of records and faults count from 1 within the part. Texts stand
    one behind the other: the ids of all records, with their lengths and with numbers that are the same
    for the same ids, and those in the lists of base models, with the number in each list.
    """

    lines: int
    shapes: tuple[Record, ...]
    licenses: tuple[tuple[str, ...], ...]
    faults: tuple[tuple[int, Fault], ...]
    ids: memoryview
    lengths: Numbers
    sums: Numbers
    bases: memoryview
    base_lengths: Numbers
    base_counts: Numbers
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
    listed = list(known.code_of_bases)
    bases = [each for ids in listed for each in ids]
    ids = b"".join(reader.ids)
    numbers = np.concatenate((np.empty((len(_COLUMNS), 0), np.int32), *reader.numbers), axis=1).astype("<i4")
    head = {
        "lines": reader.lines,
        "shapes": list(map(_values, known.code_of_shape)),
        "licenses": list(known.code_of_license),
        "faults": [[number, fault.reason, fault.column] for number, fault in reader.faults],
        "sizes": [numbers.shape[1], len(ids), len(listed), len(bases)],
    }
    text = json.dumps(head, separators=(",", ":")).encode()
    arrays = (*reader.lengths, *reader.sums, numbers, _lengths(listed), _lengths(bases))
    return b"".join((text, b"\n", *(each.tobytes() for each in arrays), ids, "".join(bases).encode()))


def _lengths(things: Sequence[Sized]) -> Numbers:
    return np.fromiter(map(len, things), "<i4", len(things))


def part_from(data: bytes) -> Part:
    """Read a part from the bytes of `read_part`."""
    end = data.index(b"\n")
    head = json.loads(data[:end])
    count, size, lists, bases = head["sizes"]
    of_each = 2 + len(_COLUMNS)  # the length and the sum of its id stand before the columns
    numbers = np.frombuffer(data, "<i4", of_each * count + lists + bases, end + 1)
    of_records, base_counts, base_lengths = np.split(numbers, [of_each * count, of_each * count + lists])
    lengths, sums, *columns = of_records.reshape(of_each, count)
    texts = memoryview(data)[end + 1 + numbers.nbytes :]
    return Part(
        lines=head["lines"],
        shapes=tuple(_shape(each) for each in head["shapes"]),
        licenses=tuple(map(tuple, head["licenses"])),
        faults=tuple((number, Fault(reason, column)) for number, reason, column in head["faults"]),
        ids=texts[:size],
        lengths=lengths,
        sums=sums,
        bases=texts[size:],
        base_lengths=base_lengths,
        base_counts=base_counts,
        columns=dict(zip(_COLUMNS, columns, strict=True)),
    )


def _shape(values: list[Any]) -> Record:
    given: Any = (tuple(each) if isinstance(each, list) else each for each in values)
    return Record(*given)
