"""Reads a part of a file of records of the Hub into arrays of numbers, fast where the lines are not odd."""

import gc
import json
from array import array
from collections.abc import Iterable, Iterator, Sized
from dataclasses import astuple as record_tuple
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from opengrade.bulk.hubodd import odd_lines
from opengrade.hub.lines import (
    LONGEST,
    Card,
    Fault,
    Fields,
    astuple,
    decode,
    files_in,
    plain_fields,
    read_line,
)
from opengrade.hub.records import OF_CARD, OTHER, Record, bases_of, licenses_of, record_of, rules, template
from opengrade.limits import Limits

MOST_REMEMBERED = 200_000
# Lists of files that are remembered whole have fewer bytes.
SHORT = 1000
_COLUMNS = ("line", "shape", "license", "bases")
BLOCK = 2 * 1024 * 1024

Numbers = NDArray[np.int32]
Texts = tuple[str, ...]
T = TypeVar("T")


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
    reader = _Reader(limits)
    gc.disable()  # nothing here refers to itself, and the many small lists would set it going again and again
    with path.open("rb") as file:
        file.seek(start)
        for lines in _blocks(file, end - start):
            reader.block(lines)
    return reader.packed()


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


def _with_card(fields: Fields, card: Card) -> None:
    """Let the card speak where the record itself does not."""
    for name in OF_CARD:
        if getattr(fields, name) is None:
            setattr(fields, name, getattr(card, name))


class _Codes(dict[T, int]):
    """Gives each thing a code, in the order in which they are first seen."""

    def __init__(self, things: Iterable[T] = ()) -> None:
        super().__init__((each, code) for code, each in enumerate(things))

    def code(self, thing: T) -> int:
        """Return the code of a thing."""
        return self.setdefault(thing, len(self))


class _Reader:
    """What was read so far of a part, and what its texts were found to mean."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.lines = 0
        self.ids: list[str] = []
        self.line, self.shape, self.license, self.base = (array("i") for _ in _COLUMNS)
        self.faults: list[tuple[int, Fault]] = []
        self.known = _Known(_remembered())

    def block(self, data: bytes) -> None:
        """Read whole lines."""
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        odd, files = odd_lines(data, lines)
        quick = self._quick
        for number, line in enumerate(lines):
            try:
                if number in odd or not quick(decode(line), self.lines + number + 1, files[number]):
                    self._slow(line, self.lines + number + 1)
            except (ValueError, RecursionError):
                self._slow(line, self.lines + number + 1)
        self.lines += len(lines)

    def _quick(self, fields: Fields, line: int, files: int) -> bool:
        """Take in a record that names so many files; False where it has to be read slowly."""
        known = self.known
        if fields.cardData is not None:
            _with_card(fields, fields.cardData)
        values = astuple(fields)
        stated, _, _, base, relation, datasets, task, id_, sha, created, *more = values
        gated, private, disabled, siblings, total, _ = more
        written = bytes(siblings)
        shown = known.siblings.get(written) or known.shown(written)
        if id_ is None or not known.is_id(id_) or shown[1] != files:
            return False
        license_ = 0 if stated is None else known.license(stated, fields)
        bases, names, listed = _NO_BASES if base is None else known.base(base)
        counted = False if total is None else _counted(bytes(total.total))
        if counted is None or id_ in bases:
            return False
        day = bool(created) and known.day(created)
        named = datasets is not None and _is_named(datasets)
        shape = (
            shown[0],
            gated,
            private,
            disabled,
            relation,
            not sha,
            not task,
            counted,
            day,
            stated is None,
            not bases,
            not names,
            named,
        )
        number = known.shapes.get(shape)
        if number is None:
            number = known.shape(shape, fields)
        self.ids.append(id_)
        self.line.append(line)
        self.shape.append(number)
        self.license.append(license_)
        self.base.append(listed)
        return True

    def _slow(self, line: bytes, number: int) -> None:
        if not line.strip():
            return
        found = read_line(line, self.limits)
        if isinstance(found, Fault):
            self.faults.append((number, found))
        else:
            known = self.known
            self.ids.append(found.id)
            self.line.append(number)
            self.shape.append(known.code_of_shape.code(template(found)))
            self.license.append(known.code_of_license.code(found.licenses))
            self.base.append(known.code_of_bases.code(found.bases))

    def packed(self) -> bytes:
        """Return all that was read as bytes, the same for the same lines."""
        head = {
            "lines": self.lines,
            "shapes": [record_tuple(each) for each in self.known.code_of_shape],
            "licenses": list(self.known.code_of_license),
            "bases": list(self.known.code_of_bases),
            "faults": [[number, fault.reason, fault.column] for number, fault in self.faults],
            "count": len(self.ids),
        }
        text = json.dumps(head, separators=(",", ":")).encode()
        lengths = np.fromiter(map(len, self.ids), np.int32, len(self.ids))
        columns = [np.array(each, np.int32) for each in (self.line, self.shape, self.license, self.base)]
        arrays = b"".join(each.astype("<i4").tobytes() for each in (lengths, *columns))
        return b"".join((text, b"\n", arrays, "".join(self.ids).encode("ascii")))


# Ids, words, and the code of the ids.
_Bases = tuple[Texts, Texts, int]
_NO_BASES: _Bases = ((), (), 0)


def _counted(written: bytes) -> bool | None:
    """Say whether a number of parameters is given, None where it is written in an unusual way."""
    if written == b"null":
        return False
    return True if written.isdigit() and written[0] != ord("0") and len(written) < 19 else None


def _is_named(datasets: str | list[str] | None) -> bool:
    if not datasets:
        return False
    return bool(datasets.strip()) if isinstance(datasets, str) else any(map(str.strip, datasets))


class _Memory:
    """What texts were found to mean, kept from part to part so that each is looked at once; bounded."""

    def __init__(self) -> None:
        self.kinds: dict[str, int] = {}
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.files: dict[str, int] = {}
        self.siblings: dict[bytes, tuple[int, int]] = {}
        self.licenses: dict[Any, Texts] = {}
        self.bases: dict[str | Texts, tuple[Texts, Texts]] = {}
        self.days: dict[str, bool] = {}
        self.shapes: dict[Any, Record] = {}

    @property
    def count(self) -> int:
        """How many texts are remembered."""
        parts: tuple[Sized, ...] = (
            *(self.files, self.siblings, self.licenses),
            *(self.bases, self.days, self.shapes),
        )
        return sum(map(len, parts))


@cache
def _remembered() -> _Memory:
    """Return what this process remembers."""
    return _Memory()


class _Known:
    """Finds what texts mean, and gives it the codes of one part."""

    def __init__(self, memory: _Memory) -> None:
        if memory.count > MOST_REMEMBERED:
            memory.forget()
        self.is_id = rules().form("id").fullmatch
        self._file_form = rules().form("siblings[].rfilename").fullmatch
        self.memory = memory
        self.siblings = memory.siblings
        self.code_of_shape: _Codes[Record] = _Codes()
        self.code_of_license: _Codes[Texts] = _Codes([()])
        self.code_of_bases: _Codes[Texts] = _Codes([()])
        self._licenses: dict[str, int] = {}
        self._bases: dict[str | Texts, _Bases] = {}
        self.shapes: dict[Any, int] = {}

    def shown(self, siblings: bytes) -> tuple[int, int]:
        """Return the bits of the kinds that the files of a record show, and how many files there are."""
        shown, names = 0, files_in(siblings)
        for name in names:
            kind = self.memory.files.get(name)
            shown |= self._file(name) if kind is None else kind
        found = shown, len(names)
        if len(siblings) < SHORT:
            self.siblings[siblings] = found
        return found

    def _file(self, name: str) -> int:
        shown = self._file_form(name)
        kind, kinds = shown and shown.lastgroup, self.memory.kinds
        bit = 1 << kinds.setdefault(kind, len(kinds)) if kind else 0
        self.memory.files[name] = bit
        return bit

    def license(self, stated: str | list[str], fields: Fields) -> int:
        """Return the code of what a record states as its licenses."""
        found = self._licenses.get(stated) if isinstance(stated, str) else None
        if found is None:
            found = self.code_of_license.code(self._stated(stated, fields.license_name, fields.license_link))
            if isinstance(stated, str) and stated.strip().lower() != OTHER:
                self._licenses[stated] = found
        return found

    def _stated(self, stated: str | list[str], name: str | None, link: str | None) -> Texts:
        key = (stated if isinstance(stated, str) else tuple(stated), name, link)
        known = self.memory.licenses
        if key not in known:
            known[key] = licenses_of(stated, name, link)
        return known[key]

    def base(self, base: str | list[str]) -> _Bases:
        """Return ids and words of base models, and the code of the ids."""
        key = base if isinstance(base, str) else tuple(base)
        found = self._bases.get(key)
        if found is None:
            known = self.memory.bases
            if key not in known:
                known[key] = bases_of(base)
            ids, words = known[key]
            found = self._bases[key] = ids, words, self.code_of_bases.code(ids)
        return found

    def day(self, time: str) -> bool:
        """Say whether a time begins with a day, which its first eleven signs decide."""
        found = self.memory.days.get(time[:11])
        if found is None:
            found = self.memory.days[time[:11]] = bool(rules().day_of(time))
        return found

    def shape(self, key: tuple[Any, ...], fields: Fields) -> int:
        """Return the code of the shape of a record."""
        known = self.memory.shapes
        if key not in known:
            record = record_of(plain_fields(fields))
            assert record is not None, "the id was looked at before"
            known[key] = template(record)
        found = self.shapes[key] = self.code_of_shape.code(known[key])
        return found


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
