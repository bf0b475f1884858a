"""Finds among many lines those that have to be read strictly, by looking at all bytes at once."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from opengrade.hub.lines import DEEPEST, KEYS, LONGEST

Words = NDArray[np.uint64]
Places = NDArray[np.intp]
N = TypeVar("N", np.intp, np.uint64)

_NAMES = sorted(KEYS)
_FILES = _NAMES.index("rfilename")
_NONE = len(_NAMES)
# Keys are told by the eight bytes before the colon, of short ones with the opening quote; none has no bytes.
_ENDS = [f'"{name}"'.encode()[-8:] for name in _NAMES]
_NUMBERS: Words = np.array([*(int.from_bytes(end.rjust(8, b"\0"), "little") for end in _ENDS), 0], np.uint64)
_MASKS: Words = np.array([*(2**64 - 2 ** (8 * (8 - len(end))) for end in _ENDS), 2**64 - 1], np.uint64)
# A key is looked up by the last four of these bytes, the quote among them, hashed to so many bits.
_BITS = np.uint32(32 - 10)
# Keys of a line are counted in one sum: a bit for each key and a byte for what these carry, above them a byte
# for all keys together, and above that the files. Fewer than 256 are counted: lines with more are odd anyway.
_OF_KEYS = np.uint64(2 ** (_NONE + 8) - 1)
_ALL, _OF_FILES = (np.uint64(_NONE + more) for more in (8, 16))
_WEIGHTS: Words = np.array([*(2**key + (1 << int(_ALL)) for key in range(_NONE)), 0], np.uint64)
_WEIGHTS[_FILES] = np.uint64(1) << _OF_FILES


def _slots(lasts: NDArray[np.uint32], factor: np.uint32) -> NDArray[np.uint32]:
    return (lasts * factor) >> _BITS


def _table() -> tuple[np.uint32, NDArray[np.uint8], tuple[int, ...]]:
    """Return a factor by which keys have places of their own in a table, the table, and the keys left over.

    Of keys with the same four bytes only one can stand in the table.
    """
    lasts = (_NUMBERS[:_NONE] >> np.uint64(32)).astype(np.uint32)
    order = sorted(range(len(_NAMES)), key=lambda key: (key != _FILES, key))
    chosen = {int(lasts[key]): key for key in reversed(order)}
    wanted = np.array(list(chosen.values()))
    factor = np.uint32(0x9E3779B1)
    while len(set(_slots(lasts[wanted], factor).tolist())) < len(wanted):
        factor += np.uint32(2)
    table = np.full(2 ** (32 - int(_BITS)), _NONE, np.uint8)
    table[_slots(lasts[wanted], factor)] = wanted
    return factor, table, tuple(set(order) - set(wanted.tolist()))


_FACTOR, _TABLE, _LEFT_OVER = _table()


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines, one behind the other, and where each begins and where its text ends."""

    data: bytes
    signs: NDArray[np.uint8]
    starts: Places
    ends: Places

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, number: int) -> bytes:
        return self.data[self.starts[number] : self.ends[number]]

    @property
    def look_like_records(self) -> bool:
        """Whether each line begins with an opening brace and ends with a closing one."""
        begin = self.signs[self.starts] == ord("{")
        return bool((begin & (self.signs[self.ends - 1] == ord("}"))).all())


def lines_of(data: bytes) -> Lines:
    """Find the lines in some bytes; the last one may lack its end."""
    signs = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(signs == ord("\n"))
    if data and not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    starts = np.zeros_like(ends)
    starts[1:] = ends[:-1] + 1
    return Lines(data, signs, starts, ends)


def odd_lines(lines: Lines) -> tuple[NDArray[np.bool_], Words]:
    """Say of each line whether it may be odd in the sense of `lines.is_odd`, and what keys it has.

    Some of which it is said are not. Keys that stand twice are left to `are_twice`.
    """
    data, signs, ends = lines.data, lines.signs, lines.ends
    found = ends - lines.starts > LONGEST
    if not _is_text(data):
        found |= [not _is_text(lines[number]) for number in range(len(lines))]
    colons = np.flatnonzero(signs == ord(":"))
    before = signs.take(np.maximum(colons - 1, 0))
    # A text that ends before a colon is a key, whatever stands around it.
    keyed = colons[before == ord('"')]
    behind = np.searchsorted(keyed, ends)
    brackets = np.searchsorted(np.flatnonzero(signs == ord("[")), ends)
    # Each list that is open has a bracket, and each mapping that is open in another a key before it.
    found |= _in_each(behind + brackets) >= DEEPEST
    found[np.searchsorted(ends, _hiding(data, signs, colons, before))] = True
    return found, _sums(_keys(signs, keyed), behind)


def keys_in(lines: Lines) -> Words:
    """Return what keys each line has, as a sum; from that of a line that of a part of it may be taken."""
    keyed = np.flatnonzero((lines.signs[1:] == ord(":")) & (lines.signs[:-1] == ord('"'))) + 1
    return _sums(_keys(lines.signs, keyed), np.searchsorted(keyed, lines.ends))


def are_twice(keys: Words) -> NDArray[np.bool_]:
    """Say of sums of keys whether a key that is read, other than that of a file, is there more than once."""
    # Wherever one bit is added twice, the carry leaves fewer bits than there are keys.
    found: NDArray[np.bool_] = np.bitwise_count(keys & _OF_KEYS) != (keys >> _ALL) & np.uint64(255)
    return found


def files_of(keys: Words) -> Places:
    """Return how many keys of files there are in sums of keys."""
    return (keys >> _OF_FILES).astype(np.intp)


def _sums(keys: NDArray[np.uint8], behind: Places) -> Words:
    """Return the sum of the weights of the keys in each line; `behind` counts those up to its end."""
    sums = np.zeros(len(keys) + 1, np.uint64)
    np.cumsum(_WEIGHTS.take(keys), out=sums[1:])
    return _in_each(sums[behind])


def _in_each(up_to: NDArray[N]) -> NDArray[N]:
    """Return what each line adds to sums up to the ends of lines; np.diff takes five times as long."""
    found = up_to.copy()
    found[1:] -= up_to[:-1]
    return found


def _is_text(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _hiding(data: bytes, signs: NDArray[np.uint8], colons: Places, before: NDArray[np.uint8]) -> Places:
    """Return the places of what may hide a key: a space before its colon, unless in a text; an escape."""
    spaces: Places = colons[(before == 32) | (before == 9) | (before == 13)]
    if b"\\" not in data:
        return spaces
    escapes = np.flatnonzero(signs == ord("\\"))
    escapes = np.array([each for each in escapes.tolist() if data.startswith(b"\\u00", each)], np.intp)
    return np.concatenate((spaces, escapes))


def _keys(signs: NDArray[np.uint8], colons: Places) -> NDArray[np.uint8]:
    """Return the number of the key before each colon, `_NONE` where it is none of those read."""
    words = _words(signs, colons)
    keys = _TABLE.take(_slots((words >> np.uint64(32)).astype(np.uint32), _FACTOR))
    keys[words & _MASKS.take(keys) != _NUMBERS.take(keys)] = _NONE
    for key in _LEFT_OVER:
        keys[words & _MASKS[key] == _NUMBERS[key]] = key
    return keys


def _words(signs: NDArray[np.uint8], places: Places) -> Words:
    """Return the eight bytes before each place; at the beginning of all there are fewer."""
    signs = signs if len(signs) >= 8 else np.pad(signs, (0, 8 - len(signs)))
    every: Words = np.ndarray(len(signs) - 7, "<u8", signs, strides=(1,))
    early = np.searchsorted(places, 8)
    words = every[np.maximum(places - 8, 0)]
    words[:early] <<= 8 * (8 - places[:early]).astype(np.uint64)
    return words
