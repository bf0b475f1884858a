"""Finds among many lines those that have to be read strictly, by looking at all bytes at once."""

import numpy as np
from numpy.typing import NDArray

from opengrade.hub.lines import DEEPEST, KEYS, LONGEST

Words = NDArray[np.uint64]

_NAMES = sorted(KEYS)
# Keys are told by the eight bytes before the colon, of short ones with the opening quote.
_ENDS = [f'"{name}"'.encode()[-8:] for name in _NAMES]
_NUMBERS: Words = np.array([int.from_bytes(end.rjust(8, b"\0"), "little") for end in _ENDS], np.uint64)
_MASKS: Words = np.array([2**64 - 2 ** (8 * (8 - len(end))) for end in _ENDS], np.uint64)
# A table in which most keys are found by the last six of these bytes, hashed to so many bits.
_DROPPED, _BITS = np.uint64(16), np.uint64(54)
_IN_TABLE = np.array([len(end) >= 6 for end in _ENDS])
_FILES = _NAMES.index("rfilename")
_NONE = _WIDTH = len(_NAMES)


def _slots(words: Words, factor: np.uint64) -> Words:
    return ((words >> _DROPPED) * factor) >> _BITS


def _table() -> tuple[np.uint64, NDArray[np.uint8]]:
    """Return a factor by which the keys have places of their own in a table, and the table."""
    wanted = np.flatnonzero(_IN_TABLE)
    factor = np.uint64(0x9E3779B97F4A7C15)
    while len(set(_slots(_NUMBERS[wanted], factor).tolist())) < len(wanted):
        factor += np.uint64(2)
    table = np.full(2 ** (64 - int(_BITS)), _NONE, np.uint8)
    table[_slots(_NUMBERS[wanted], factor)] = wanted
    return factor, table


_FACTOR, _TABLE = _table()


def odd_lines(data: bytes, lines: list[bytes]) -> tuple[set[int], list[int]]:
    """Return the numbers of lines that may be odd in the sense of `lines.is_odd`, and maybe some more.

    A file that has its key twice is not among them, but each line comes with the number of such keys.
    """
    lengths = np.fromiter(map(len, lines), np.int64, len(lines))
    ends = np.cumsum(lengths + 1)
    found: set[int] = {int(each) for each in np.flatnonzero(lengths > LONGEST)}
    if not data.isascii():
        found |= {number for number, line in enumerate(lines) if not line.isascii() and not _is_text(line)}
    signs = np.frombuffer(data, np.uint8)
    colons = np.flatnonzero(signs == ord(":"))
    in_lines = _counts(colons, ends)
    # Each list that is open has a bracket, and each mapping that is open in another a colon before it.
    deep = in_lines + _counts(np.flatnonzero(signs == ord("[")), ends) >= DEEPEST
    found.update(np.flatnonzero(deep).tolist())
    before = signs[np.maximum(colons - 1, 0)]
    found.update(np.searchsorted(ends, _hiding(data, signs, colons, before), side="right").tolist())
    cells = _keys(data, colons, np.repeat(np.arange(len(lines)), in_lines))
    counts = np.bincount(cells, minlength=len(lines) * _WIDTH)
    files = counts[_FILES::_WIDTH].tolist()
    counts[_FILES::_WIDTH] = 0
    found.update((np.flatnonzero(counts > 1) // _WIDTH).tolist())
    return found, files


def _counts(places: NDArray[np.intp], ends: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return how many of some places, which ascend, lie in each line."""
    return np.diff(np.searchsorted(places, ends), prepend=0)


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _hiding(
    data: bytes, signs: NDArray[np.uint8], colons: NDArray[np.intp], before: NDArray[np.uint8]
) -> NDArray[np.intp]:
    """Return the places of what may hide a key: a space before its colon, unless in a text; an escape."""
    spaces: NDArray[np.intp] = colons[(before == 32) | (before == 9) | (before == 13)]
    if b"\\" not in data:
        return spaces
    escapes = np.flatnonzero(signs == ord("\\"))
    escapes = np.array([each for each in escapes.tolist() if data.startswith(b"\\u00", each)], np.intp)
    return np.concatenate((spaces, escapes))


def _keys(data: bytes, colons: NDArray[np.intp], line_of: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return a number for each key before a colon that is one of those read: its line and which one it is."""
    padded = np.frombuffer(bytes(8) + data, np.uint8)
    every: Words = np.ndarray(len(padded) - 7, "<u8", padded, strides=(1,))
    words = every[colons]
    keys = _TABLE[_slots(words, _FACTOR)]
    for key in np.flatnonzero(~_IN_TABLE):
        keys[words & _MASKS[key] == _NUMBERS[key]] = key
    places = np.flatnonzero(keys != _NONE)
    keys = keys[places]
    right = words[places] & _MASKS[keys] == _NUMBERS[keys]
    cells: NDArray[np.intp] = line_of[places[right]] * _WIDTH + keys[right]
    return cells
