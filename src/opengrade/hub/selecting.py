"""Reads all records of a small file of lines, or one of a large file with those that it was made from."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from opengrade.errors import InputError, Place
from opengrade.graph import NamedNode, Quad
from opengrade.hub.graphs import quads_of
from opengrade.hub.lineage import DEEPEST, MOST, Lineage, Own
from opengrade.hub.lines import LONGEST, Fault, quick, read_line
from opengrade.hub.records import Record, rules
from opengrade.hub.remarks import line_remark, record_twice, too_far_back
from opengrade.limits import Limits
from opengrade.locating import Spot, Spots
from opengrade.namespaces import term
from opengrade.remarks import Remark


@dataclass(frozen=True)
class Selection:
    """Records with their lines, in the order of the file, and what is said of those left out."""

    records: tuple[tuple[int, Record], ...]
    left: tuple[Remark, ...]

    def quads(self, source: str, limits: Limits, judged: str | None = None) -> tuple[Quad, ...]:
        """Return what the records state; if one is to be judged, the others are described and no models.

        Raises LimitError where they state too much.
        """
        found: list[Quad] = []
        others = {NamedNode(rules().home + record.id) for _, record in self.records if record.id != judged}
        for quad in quads_of(record for _, record in self.records):
            if judged is None or quad.object != term("ogr:Model") or quad.subject not in others:
                found.append(quad)
            if len(found) > limits.statements:
                raise limits.reached("statements", Place(source))
        return tuple(found)

    def locate(self, quads: Iterable[Quad]) -> tuple[Spots, ...]:
        """Return for each statement the line of the record that it is made from."""
        lines = {rules().home + record.id: Spot(line, 1) for line, record in self.records}
        return tuple(_spots(lines, quad) for quad in quads)


def _spots(lines: Mapping[str, Spot], quad: Quad) -> Spots:
    subject = quad.subject.value if isinstance(quad.subject, NamedNode) else ""
    spot = lines.get(subject.partition("#")[0])
    return Spots(spot, spot, spot)


def select_all(data: bytes, source: str, limits: Limits) -> Selection:
    """Read all lines of a file."""
    found: dict[str, tuple[int, Record]] = {}
    left: list[Remark] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        place = Place(source, number)
        record = read_line(line, limits)
        if isinstance(record, Fault):
            left.append(line_remark(place, record))
        elif record.id in found:
            left.append(record_twice(place, record.id, found[record.id][0]))
        else:
            found[record.id] = number, record
    far = _too_far([record for _, record in found.values()])
    left += (too_far_back(Place(source, found[each][0]), each) for each in far)
    left.sort(key=lambda each: each.place.line or 0)
    return Selection(tuple(each for id_, each in found.items() if id_ not in far), tuple(left))


def _too_far(records: Sequence[Record]) -> set[str]:
    numbers = {record.id: number for number, record in enumerate(records)}
    lists: dict[tuple[int, ...], int] = {(): 0}
    of: list[int] = []
    for record in records:
        bases = tuple(numbers.setdefault(each, len(numbers)) for each in record.bases)
        of.append(lists.setdefault(bases, len(lists)))
    nothing = [0] * len(records)
    lineage = Lineage(list(lists), Own(of, nothing, nothing, 0))
    return {record.id for number, record in enumerate(records) if lineage.of(number).too_far}


def select_one(file: BinaryIO, id_: str, source: str, limits: Limits) -> Selection:
    """Read the record of a model and those of all models that it was made from.

    Raises InputError where no line has such a record, or where too many models lie behind it.
    """
    index = _Index(file, limits)
    found: dict[str, tuple[int, Record]] = {}
    left: list[Remark] = []
    layer = [id_]
    for _ in range(DEEPEST + 2):
        above: list[str] = []
        for each in layer:
            records = list(index.records(each))
            if records:
                found[each] = records[0]
                above += records[0][1].bases
                left += (record_twice(Place(source, line), each, records[0][0]) for line, _ in records[1:])
        layer = [each for each in dict.fromkeys(above) if each not in found]
        if not layer or len(found) > MOST + 1:
            break
    if id_ not in found:
        raise InputError(
            f'no line is a record of "{id_}".', fix="Check the name after #.", where=Place(source)
        )
    if layer or id_ in _too_far([record for _, record in found.values()]):
        what = too_far_back(Place(source, found[id_][0]), id_)
        raise InputError(f"{what.what}.", fix=what.fix, where=what.place)
    left.sort(key=lambda each: each.place.line or 0)
    return Selection(tuple(sorted(found.values(), key=lambda each: each[0])), tuple(left))


class _Index:
    """Where in a file the records stand, by a hash of their ids."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file, self._limits = file, limits
        self._hashes, self._starts, self._lines = array("q"), array("q"), array("q")
        start = 0
        for number, line in enumerate(_lines(file), 1):
            if id_ := self._id(line):
                self._hashes.append(hash(id_))
                self._starts.append(start)
                self._lines.append(number)
            start = file.tell()

    def _id(self, line: bytes) -> str | None:
        fields = quick(line) if len(line) <= LONGEST else None
        if fields is not None:
            return fields.id
        record = read_line(line, self._limits) if line.strip() else None
        return record.id if isinstance(record, Record) else None

    def records(self, id_: str) -> Iterator[tuple[int, Record]]:
        """Yield the records with an id, each with its line."""
        at, wanted = -1, hash(id_)
        while True:
            try:
                at = self._hashes.index(wanted, at + 1)
            except ValueError:
                return
            self._file.seek(self._starts[at])
            record = read_line(self._file.readline(LONGEST + 1).rstrip(b"\n"), self._limits)
            if isinstance(record, Record) and record.id == id_:
                yield self._lines[at], record


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines without their ends; of one that is too long only as much as shows it."""
    while line := file.readline(LONGEST + 2):
        more = line
        while more and not more.endswith(b"\n"):
            more = file.readline(LONGEST)
        yield line.removesuffix(b"\n")
