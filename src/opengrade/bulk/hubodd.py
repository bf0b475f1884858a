"""Finds among many lines those that have to be read strictly, by looking at all bytes at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opengrade.hub.lines import DEEPEST, KEYS, LONGEST

Words = NDArray[np.uint64]
Places = NDArray[np.intp]

_NAMES = sorted(KEYS)
# Keys are told by the eight bytes before the colon, of short ones with the opening quote.
_ENDS = [f'"{name}"'.encode()[-8:] for name in _NAMES]
_NUMBERS: Words = np.array([int.from_bytes(end.rjust(8, b"\0"), "little") for end in _ENDS], np.uint64)
_MASKS: Words = np.array([2**64 - 2 ** (8 * (8 - len(end))) for end in _ENDS], np.uint64)
_FILES = _NAMES.index("rfilename")
_NONE = _WIDTH = len(_NAMES)
# A key is looked up by the last four of these bytes, the quote among them, hashed to so many bits.
_BITS = np.uint32(32 - 10)


def _slots(lasts: NDArray[np.uint32], factor: np.uint32) -> NDArray[np.uint32]:
    return (lasts * factor) >> _BITS


def _table() -> tuple[np.uint32, NDArray[np.uint8], tuple[int, ...]]:
    """Return a factor by which keys have places of their own in a table, the table, and the keys left over.

    Of keys with the same four bytes only one can stand in the table.
    """
    lasts = (_NUMBERS >> np.uint64(32)).astype(np.uint32)
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


def odd_lines(lines: Lines) -> tuple[NDArray[np.bool_], Places]:
    """Say of each line whether it may be odd in the sense of `lines.is_odd`.

    Some of which it is said are not. A file that has its key twice is no reason, but each line comes with the
    number of such keys.
    """
    data, signs, ends = lines.data, lines.signs, lines.ends
    found = ends - lines.starts > LONGEST
    if not _is_text(data):
        found |= [not _is_text(lines[number]) for number in range(len(lines))]
    colons = np.flatnonzero(signs == ord(":"))
    before = signs[np.maximum(colons - 1, 0)]
    # A text that ends before a colon is a key, whatever stands around it.
    keyed = colons[before == ord('"')]
    in_lines = _counts(keyed, ends)
    # Each list that is open has a bracket, and each mapping that is open in another a key before it.
    found |= in_lines + _counts(np.flatnonzero(signs == ord("[")), ends) >= DEEPEST
    found[np.searchsorted(ends, _hiding(data, signs, colons, before))] = True
    cells = _keys(data, keyed, np.repeat(np.arange(len(lines)), in_lines))
    counts = np.bincount(cells, minlength=len(lines) * _WIDTH).reshape(-1, _WIDTH)
    files = counts[:, _FILES].copy()
    counts[:, _FILES] = 0
    found |= (counts > 1).any(axis=1)
    return found, files


def _counts(places: Places, ends: Places) -> Places:
    """Return how many of some places, which ascend, lie in each line."""
    found: Places = np.diff(np.searchsorted(places, ends), prepend=0)
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


def _keys(data: bytes, colons: Places, line_of: Places) -> Places:
    """Return a number for each key before a colon that is one of those read: its line and which one it is."""
    padded = np.frombuffer(bytes(8) + data, np.uint8)
    every: Words = np.ndarray(len(padded) - 7, "<u8", padded, strides=(1,))
    words = every[colons]
    keys = _TABLE[_slots((words >> np.uint64(32)).astype(np.uint32), _FACTOR)]
    for key in _LEFT_OVER:
        keys[words & _MASKS[key] == _NUMBERS[key]] = key
    places = np.flatnonzero(keys != _NONE)
    keys = keys[places]
    right = words[places] & _MASKS[keys] == _NUMBERS[keys]
    cells: Places = line_of[places[right]] * _WIDTH + keys[right]
    return cells
