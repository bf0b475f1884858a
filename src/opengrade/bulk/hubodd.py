"""Finds among many lines those that have to be read strictly, by looking at all bytes at once."""

import numpy as np
from numpy.typing import NDArray

from opengrade.hub.lines import DEEPEST, KEYS, LONGEST

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
    """Return the lines that may be nested too deeply or have a key twice, and how many files each has.

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
