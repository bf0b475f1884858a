"""Reads lines of a file of records into columns of codes, many at a time where they are not odd."""

from collections.abc import Callable, Sequence
from itertools import compress
from operator import contains, itemgetter
from typing import Any, TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from opengrade.bulk.hubknown import Known, Texts
from opengrade.bulk.hubodd import Lines, Places, Words, are_twice, files_of, keys_in, lines_of, odd_lines
from opengrade.hub.lines import (
    NOTHING,
    Card,
    Fault,
    Fields,
    astuple,
    card_in,
    cards_in,
    decode,
    decode_all,
    read_line,
)
from opengrade.hub.records import template
from opengrade.limits import Limits

# Places of lines, and the codes of the shape, the licenses and the bases of their records.
_ROWS = 4
# What cards state stands first among the fields of a record, too.
_NOTHING = astuple(Card())
_OF_CARDS = len(_NOTHING)
T = TypeVar("T")
_IDS, _CODE = itemgetter(0), itemgetter(2)


class Reader:
    """What was read so far of a part.

    `ids`, one behind the other, `lengths`, `sums` and `numbers` have an item for each record, in the order of
    the lines, block by block; `sums` are the same for the same ids. `faults` are the lines that are no
    records.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.lines = 0
        self.ids: list[bytes] = []
        self.lengths: list[NDArray[np.int32]] = []
        self.sums: list[NDArray[np.int32]] = []
        self.numbers: list[NDArray[np.int32]] = []
        self.faults: list[tuple[int, Fault]] = []
        self.known = Known()

    def block(self, data: bytes) -> None:
        """Read whole lines."""
        lines = lines_of(data)
        odd, keys = odd_lines(lines)
        fields, places = _decoded(lines, odd)
        cards, good, keys = _cards_of(fields, keys[places])
        if not good.all():
            fields, places, keys = list(compress(fields, good)), places[good], keys[good]
            cards = list(compress(cards, good))
        ids, columns = self._quick(fields, cards, places, files_of(keys))
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
        texts = list(map(str.encode, ids))
        self.ids.append(b"".join(texts))
        self.lengths.append(np.fromiter(map(len, texts), "<i4", len(texts)))
        self.sums.append(sums_of(texts))
        self.numbers.append(columns)
        self.lines += len(lines)

    def _quick(
        self, fields: Sequence[Fields], cards: Sequence[Card | None], places: Places, files: Places
    ) -> tuple[list[str], NDArray[np.int32]]:
        """Return the ids of records, and rows of numbers: places of lines, and codes.

        `cards` are empty where no record has one, `files` are the numbers of files that the lines name.
        Records that have to be read slowly are left out.
        """
        if not fields:
            return [], np.empty((_ROWS, 0), np.int32)
        known = self.known
        of_cards, of_records = _columns(fields, cards)
        stated, name, link, base, relation, datasets, task = of_cards
        ids, sha, created, gated, private, disabled, siblings, total, _ = of_records
        shown = known.all_shown(siblings)
        bases = known.all_bases(base)
        kinds, counted = known.kinds_and_files(shown)
        good = known.are_ids(ids) & (counted == files)
        good[[place for place, own in enumerate(map(contains, map(_IDS, bases), ids)) if own]] = False
        if not good.all():
            left = list(compress(fields, good)), list(compress(cards, good))
            return self._quick(*left, places[good], files[good])
        shapes = known.all_shapes(
            list(
                zip(
                    *(kinds.tolist(), gated, private, disabled, relation, map(bool, sha), map(bool, task)),
                    [each is not None and each.total is not None for each in total],
                    known.are_times(created),
                    [each is None for each in stated],
                    [each[3] for each in bases],
                    [each is not None and _is_named(each) for each in datasets],
                    strict=True,
                )
            ),
            fields,
        )
        columns = np.empty((_ROWS, len(ids)), np.int32)
        columns[0] = places
        columns[1] = shapes
        columns[2] = known.all_licenses(stated, name, link)
        columns[3] = list(map(_CODE, bases))
        return list(ids), columns

    def _slow(self, lines: Lines, place: int) -> tuple[str, int, int, int] | None:
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


def sums_of(texts: Sequence[bytes]) -> NDArray[np.int32]:
    """Return a number for each text, the same for the same ones."""
    return np.fromiter(map(crc32, texts), "<u4", len(texts)).view("<i4")


def _decoded(lines: Lines, odd: NDArray[np.bool_]) -> tuple[Sequence[Fields], Places]:
    """Decode the lines that are not odd, as far as they have the usual types; return also their places."""
    found = _decoded_at_once(lines)
    places = np.arange(len(lines))
    if found is None:
        alone = ((place, _alone(decode, lines[place])) for place in np.flatnonzero(~odd).tolist())
        decoded = {place: fields for place, fields in alone if fields is not None}
        return list(decoded.values()), np.array(list(decoded), np.intp)
    if odd.any():
        return list(compress(found, ~odd)), places[~odd]
    return found, places


def _decoded_at_once(lines: Lines) -> Sequence[Fields] | None:
    """Decode all lines, None where these are not one record each, or not of the usual types.

    No value has a closing brace, the end of a line and an opening brace in a row, so that each line holds at
    least one.
    """
    if not lines.look_like_records:
        return None
    try:
        found = decode_all(lines.data)
    except (ValueError, RecursionError):
        return None
    return found if len(found) == len(lines) else None


def _alone(decode_one: Callable[[bytes], T], line: bytes) -> T | None:
    try:
        return decode_one(line)
    except (ValueError, RecursionError):
        return None


def _columns(
    fields: Sequence[Fields], cards: Sequence[Card | None]
) -> tuple[list[Sequence[Any]], list[Sequence[Any]]]:
    """Return the columns of what cards state and of the rest; a card speaks where its record does not."""
    columns: list[Sequence[Any]] = list(zip(*map(astuple, fields), strict=True))
    of_cards, of_records = columns[:_OF_CARDS], columns[_OF_CARDS:]
    if not cards:
        return of_cards, of_records
    stated = zip(*(_NOTHING if card is None else astuple(card) for card in cards), strict=True)
    return [_first_of(*both) for both in zip(of_cards, stated, strict=True)], of_records


def _first_of(column: Sequence[Any], other: Sequence[Any]) -> Sequence[Any]:
    """Return one column with the values of another where it has none."""
    if column.count(None) == len(column):
        return other
    if other.count(None) == len(other):
        return column
    return [second if first is None else first for first, second in zip(column, other, strict=True)]


def _cards_of(
    fields: Sequence[Fields], keys: Words
) -> tuple[Sequence[Card | None], NDArray[np.bool_], Words]:
    """Return the cards of records, if any has one.

    Also returns which records have no key twice, and a card of the usual form if any, and the keys of records
    without those of their cards: what stands both at the top and in the card stands there once.
    """
    holding = [place for place, each in enumerate(fields) if each.cardData is not NOTHING]
    if not holding:
        return (), ~are_twice(keys), keys
    texts = [bytes(fields[place].cardData) for place in holding]
    in_cards = np.zeros_like(keys)
    in_cards[holding] = keys_in(lines_of(b"\n".join(texts)))
    keys = keys - in_cards
    # Files in cards are not counted against those that are decoded.
    good = ~(are_twice(keys) | are_twice(in_cards)) & (files_of(in_cards) == 0)
    cards: list[Card | None] = [None] * len(fields)
    for place, text, card in zip(holding, texts, _cards(texts), strict=True):
        cards[place] = card
        if card is None and text != b"null":
            good[place] = False
    return cards, good, keys


def _cards(texts: Sequence[bytes]) -> Sequence[Card | None]:
    """Decode cards, None for what has not the usual form."""
    try:
        return cards_in(b"\n".join(texts))
    except (ValueError, RecursionError):
        return [_alone(card_in, text) for text in texts]


def _is_named(datasets: str | Texts) -> bool:
    return bool(datasets.strip()) if isinstance(datasets, str) else any(map(str.strip, datasets))
