"""Reads a part of a file of records of the Hub into arrays of numbers, fast where the lines are not odd."""

import gc
import json
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from opengrade.hub.lines import DEEPEST, KEYS, LONGEST, TOO_LONG, Fault, Fields, decode, plain_fields, read_line
from opengrade.hub.records import OF_CARD, OTHER, Record, bases_of, licenses_of, record_of, rules, template
from opengrade.limits import Limits

MOST_REMEMBERED = 200_000
_COLUMNS = ("line", "shape", "license", "bases")
_MANY = 4 * LONGEST

Numbers = NDArray[np.int32]
Texts = tuple[str, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """What was read of a part: for each record its id and numbers of what the lists hold; and what is no record.

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
        if end - start <= _MANY:
            reader.block(file.read(end - start))
        else:
            for line in _bounded(file, end - start):
                reader.block(line)
    return reader.packed()


def _bounded(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield lines one by one; of one that is too long only as much as shows it."""
    while size > 0:
        line = file.readline(min(size, LONGEST + 2))
        size -= len(line)
        yield line
        while size > 0 and not line.endswith(b"\n"):
            line = file.readline(min(size, LONGEST))
            size -= len(line)


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
        self.shapes: _Codes[Record] = _Codes()
        self.licenses: _Codes[Texts] = _Codes([()])
        self.bases: _Codes[Texts] = _Codes([()])
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
        card = fields.cardData
        if card is not None:
            for name in OF_CARD:
                if getattr(fields, name) is None:
                    setattr(fields, name, getattr(card, name))
        id_, stated, base = fields.id, fields.license, fields.base_model
        siblings = fields.siblings or ()
        if id_ is None or not known.is_id(id_) or len(siblings) != files:
            return False
        shown = 0
        for file in siblings:
            kind = known.files.get(file.rfilename)
            shown |= known.file(file.rfilename) if kind is None else kind
        license_: int | None = 0
        if stated is not None:
            license_ = known.plain.get(stated) if type(stated) is str else None
            if license_ is None:
                license_ = self.licenses.code(known.license(fields))
                if type(stated) is str and stated.strip().lower() != OTHER:
                    known.plain[stated] = license_
        bases, names, listed = _NO_BASES
        if base is not None:
            key = base if type(base) is str else tuple(base)
            bases, names, listed = known.bases.get(key) or known.base(key, self.bases)
            if id_ in bases:
                return False
        total = fields.safetensors
        counted = total is not None and _counted(bytes(total.total))
        if counted is None:
            return False
        created = fields.createdAt
        day = known.days.get(created[:11]) if created else False
        if day is None:
            day = known.day(fields.createdAt or "")
        named = fields.datasets is not None and _is_named(fields.datasets)
        shape = (
            shown,
            fields.gated,
            fields.private,
            fields.disabled,
            fields.base_model_relation,
            not fields.sha,
            not fields.pipeline_tag,
            counted,
            day,
            stated is None,
            not bases,
            not names,
            named,
        )
        number = known.shapes.get(shape)
        if number is None:
            number = known.shapes[shape] = self.shapes.code(known.shape(shape, fields))
        self._add(line, id_, number, license_, listed)
        return True

    def _slow(self, line: bytes, number: int) -> None:
        if not line.strip():
            return
        found = read_line(line, self.limits)
        if isinstance(found, Fault):
            self.faults.append((number, found))
        else:
            shape = self.shapes.code(template(found))
            license_, bases = self.licenses.code(found.licenses), self.bases.code(found.bases)
            self._add(number, found.id, shape, license_, bases)

    def _add(self, line: int, id_: str, shape: int, license_: int, bases: int) -> None:
        self.ids.append(id_)
        self.line.append(line)
        self.shape.append(shape)
        self.license.append(license_)
        self.base.append(bases)

    def packed(self) -> bytes:
        """Return all that was read as bytes, the same for the same lines."""
        head = {
            "lines": self.lines,
            "shapes": [astuple(each) for each in self.shapes],
            "licenses": list(self.licenses),
            "bases": list(self.bases),
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
        self.licenses: dict[Any, Texts] = {}
        self.bases: dict[str | Texts, tuple[Texts, Texts]] = {}
        self.days: dict[str, bool] = {}
        self.shapes: dict[Any, Record] = {}

    @property
    def count(self) -> int:
        """How many texts are remembered."""
        return len(self.files) + len(self.licenses) + len(self.bases) + len(self.days) + len(self.shapes)


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
        self.memory = memory
        self.files, self.days = memory.files, memory.days
        self.plain: dict[str, int] = {}
        self.bases: dict[str | Texts, _Bases] = {}
        self.shapes: dict[Any, int] = {}

    def file(self, name: str) -> int:
        """Return the bit of the kind that a name shows, 0 if none."""
        kind = rules().kind_of(name)
        kinds = self.memory.kinds
        bit = 1 << kinds.setdefault(kind, len(kinds)) if kind else 0
        self.files[name] = bit
        return bit

    def license(self, fields: Fields) -> Texts:
        """Return what a record states as its licenses."""
        stated, name, link = fields.license, fields.license_name, fields.license_link
        key = (tuple(stated) if isinstance(stated, list) else stated, name, link)
        known = self.memory.licenses
        if key not in known:
            known[key] = licenses_of(stated, name, link)  # type: ignore[arg-type]  # a list is invariant
        return known[key]

    def base(self, key: str | Texts, codes: "_Codes[Texts]") -> _Bases:
        """Return ids and words of base models, and the code of the ids."""
        known = self.memory.bases
        if key not in known:
            known[key] = bases_of(key if isinstance(key, str) else list(key))
        ids, words = known[key]
        self.bases[key] = ids, words, codes.code(ids)
        return self.bases[key]

    def day(self, time: str) -> bool:
        """Say whether a time begins with a day, which its first eleven signs decide."""
        self.days[time[:11]] = bool(rules().day_of(time))
        return self.days[time[:11]]

    def shape(self, key: tuple[Any, ...], fields: Fields) -> Record:
        """Return the shape of a record."""
        known = self.memory.shapes
        if key not in known:
            record = record_of(plain_fields(fields))
            assert record is not None, "the id was looked at before"
            known[key] = template(record)
        return known[key]


# The last eight bytes of keys that are read, up to the closing quote; of shorter ones with the opening one.
_ENDS = tuple(
    (np.uint64(int.from_bytes(end.rjust(8, b"\0"), "little")), np.uint64(2**64 - 2 ** (8 * (8 - len(end)))))
    for end in (f'"{key}"'.encode()[-8:] for key in sorted(KEYS))
)
_ALL = np.uint64(2**64 - 1)
_OF_FILES = sorted(KEYS).index("rfilename")


def odd_lines(data: bytes, lines: list[bytes]) -> tuple[set[int], list[int]]:
    """Return the numbers of lines that may be odd in the sense of `lines.is_odd`, and maybe some more.

    A file that has its key twice is not among them, but each line comes with the number of such keys.
    """
    lengths = np.fromiter(map(len, lines), np.int64, len(lines))
    ends = np.cumsum(lengths + 1)
    found: set[int] = {int(each) for each in np.flatnonzero(lengths > LONGEST)}
    signs = np.frombuffer(data, np.uint8)
    if not data.isascii():
        found |= {number for number, line in enumerate(lines) if not line.isascii() and not _is_text(line)}
    doubled, files = _doubled(data, signs, ends)
    return found | doubled, files


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _counts(places: NDArray[np.intp], ends: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return how many of some places, which ascend, lie in each line."""
    return np.diff(np.searchsorted(places, ends), prepend=0)


def _doubled(data: bytes, signs: NDArray[np.uint8], ends: NDArray[np.int64]) -> tuple[set[int], list[int]]:
    """Return the lines that may be nested too deeply or have a key that is read twice, and how many files each has.

    Each list that is open has a bracket, and each mapping that is open in another a colon before it.
    """
    colons = np.flatnonzero(signs == ord(":"))
    brackets = np.flatnonzero(signs == ord("["))
    in_lines = _counts(colons, ends)
    deep = in_lines + _counts(brackets, ends) >= DEEPEST
    before = signs[np.maximum(colons - 1, 0)]
    # A space before a colon hides the key, unless it is text; an escape may.
    unusual = colons[(before == 32) | (before == 9) | (before == 13)]
    escapes = np.flatnonzero(signs == ord("\\")) if b"\\" in data else unusual[:0]
    escapes = np.array([each for each in escapes.tolist() if data.startswith(b"\\u00", each)], np.intp)
    found = set(np.flatnonzero(deep).tolist())
    found.update(np.searchsorted(ends, np.concatenate((unusual, escapes)), side="right").tolist())
    padded = np.frombuffer(bytes(8) + data, np.uint8)
    words: NDArray[np.uint64] = np.ndarray(len(padded) - 7, "<u8", padded, strides=(1,))
    # The eight bytes that end with the byte before the colon.
    is_key = before == ord('"')
    keys = words[colons[is_key]]
    line_of = np.repeat(np.arange(len(ends), dtype=np.int32), in_lines)[is_key]
    files: list[int] = []
    for number, (word, mask) in enumerate(_ENDS):
        lines = line_of[(keys == word) if mask == _ALL else (keys & mask == word)]
        if number == _OF_FILES:
            files = np.bincount(lines, minlength=len(ends)).tolist()
        else:
            found.update(lines[1:][lines[1:] == lines[:-1]].tolist())
    return found, files


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
    return Record(*(tuple(each) if isinstance(each, list) else each for each in values))
