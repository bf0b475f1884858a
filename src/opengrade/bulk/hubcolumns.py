"""Reads lines of a file of records into columns of codes, many at a time where they are not odd."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import not_

import numpy as np

from opengrade.bulk.hubknown import Known, Texts
from opengrade.bulk.hubodd import odd_lines
from opengrade.hub.lines import Card, Fault, Fields, Total, astuple, decode, read_line
from opengrade.hub.records import OF_CARD, template
from opengrade.limits import Limits

# The number of the line of a record, and the codes of its shape, its licenses and its bases.
Numbers = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Decoded:
    """Records, the places of their lines in the block, and how many files each line names."""

    fields: Sequence[Fields]
    places: Sequence[int]
    files: Sequence[int]


class Reader:
    """What was read so far of a part.

    `ids` and `numbers` have an item for each record, in the order of the lines; `faults` are the lines that
    are no records.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.lines = 0
        self.ids: list[str] = []
        self.numbers: list[np.ndarray] = []
        self.faults: list[tuple[int, Fault]] = []
        self.known = Known()

    def block(self, data: bytes) -> None:
        """Read whole lines."""
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        odd, files = odd_lines(data, lines)
        decoded = _decoded(lines, odd, files)
        ids, columns = self._quick(decoded) if decoded.fields else ([], np.empty((4, 0), np.int32))
        left = np.ones(len(lines), np.bool_)
        left[columns[0]] = False
        slow = [
            (place, *found) for place in np.flatnonzero(left).tolist() if (found := self._slow(lines, place))
        ]
        if slow:
            more_ids, *more = zip(*((id_, place, *codes) for place, id_, *codes in slow), strict=True)
            columns = np.concatenate((columns, np.array(more, np.int32)), axis=1)
            order = np.argsort(columns[0])
            columns = columns[:, order]
            together = [*ids, *more_ids]
            ids = [together[place] for place in order.tolist()]
        columns[0] += self.lines + 1
        self.ids += ids
        self.numbers.append(columns)
        self.lines += len(lines)

    def _quick(self, decoded: _Decoded) -> tuple[list[str], np.ndarray]:
        """Return the ids of records, and four rows of numbers: places of lines, and codes.

        Records that have to be read slowly are left out.
        """
        known = self.known
        stated, name, link, base, relation, datasets, task, ids, sha, created, *more = zip(
            *map(astuple, decoded.fields), strict=True
        )
        gated, private, disabled, siblings, total, _ = more
        shown = list(map(known.shown, map(bytes, siblings)))
        bases = list(map(known.bases.__getitem__, _hashable(base)))
        counted = [each is not None and _counted(each) for each in total]
        good = [
            id_ is not None and known.is_id(id_) is not None and of[1] == count and id_ not in behind[0]
            for id_, of, count, behind in zip(ids, shown, decoded.files, bases, strict=True)
        ]
        days = known.days
        shapes = zip(
            *([of[0] for of in shown], gated, private, disabled, relation, map(not_, sha), map(not_, task)),
            counted,
            [bool(each) and days[each[:11]] for each in created],
            [each is None for each in stated],
            *([not each[0] for each in bases], [not each[1] for each in bases]),
            [each is not None and _is_named(each) for each in datasets],
            strict=True,
        )
        numbers: list[int | None] = []
        for key, fields, wanted, of_total in zip(shapes, decoded.fields, good, counted, strict=True):
            found = known.shapes.get(key) if wanted and of_total is not None else -1
            numbers.append(known.shape(key, fields) if found is None else found)
        licenses = map(known.licenses.__getitem__, zip(_hashable(stated), name, link, strict=True))
        columns = np.array((decoded.places, numbers, list(licenses), [each[2] for each in bases]), np.int32)
        kept = columns[1] >= 0
        if kept.all():
            return list(ids), columns
        return [id_ for id_, keep in zip(ids, kept.tolist(), strict=True) if keep], columns[:, kept]

    def _slow(self, lines: Sequence[bytes], place: int) -> tuple[str, int, int, int] | None:
        """Read a line as strictly as any; return the id of its record and the codes."""
        line = lines[place]
        if not line.strip():
            return None
        found = read_line(line, self.limits)
        if isinstance(found, Fault):
            self.faults.append((self.lines + place + 1, found))
            return None
        known = self.known
        return (
            found.id,
            known.code_of_shape.code(template(found)),
            known.code_of_license.code(found.licenses),
            known.code_of_bases.code(found.bases),
        )


def _decoded(lines: Sequence[bytes], odd: set[int], files: Sequence[int]) -> _Decoded:
    """Decode the lines that are not odd, as far as they have the usual types."""
    fields: list[Fields] = []
    places: list[int] = []
    for place, line in enumerate(lines):
        if place not in odd:
            try:
                found = decode(line)
            except (ValueError, RecursionError):
                continue
            if found.cardData is not None:
                _with_card(found, found.cardData)
            fields.append(found)
            places.append(place)
    return _Decoded(fields, places, [files[place] for place in places])


def _with_card(fields: Fields, card: Card) -> None:
    """Let the card speak where the record itself does not."""
    for name in OF_CARD:
        if getattr(fields, name) is None:
            setattr(fields, name, getattr(card, name))


def _hashable(values: Iterable[str | list[str] | None]) -> Iterator[str | Texts | None]:
    return (tuple(each) if isinstance(each, list) else each for each in values)


def _counted(total: Total) -> bool | None:
    """Say whether a number of parameters is given, None where it is written in an unusual way."""
    written = bytes(total.total)
    if written == b"null":
        return False
    return True if written.isdigit() and written[0] != ord("0") and len(written) < 19 else None


def _is_named(datasets: str | list[str]) -> bool:
    return bool(datasets.strip()) if isinstance(datasets, str) else any(map(str.strip, datasets))
