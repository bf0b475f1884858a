"""Cuts a file of records into ranges, and keeps what was read of each, so that a run can go on."""

import hashlib
import json
import mmap
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from opengrade.bulk.hubparts import Part, part_from, read_part
from opengrade.bulk.kept import state_of, write_whole
from opengrade.confining import each
from opengrade.errors import InputError, OpenGradeError, Place
from opengrade.hub.records import rules
from opengrade.limits import Limits
from opengrade.resources import data_hash

T = TypeVar("T")
# Shows how far the work is: items, what is done with them, and their number.
Progress = Callable[[Iterable[T], str, int], Iterable[T]]

RANGE = 16 * 1024 * 1024
_MANIFEST = "reading.json"
# To be raised whenever something else is read of the same lines.
_FORM = 4


def parts_of(
    path: Path, folder: Path, limits: Limits, jobs: int, progress: Progress[bytes]
) -> Iterator[Part]:
    """Yield what is read of a file, range by range, while the rest is read in processes of their own.

    What an earlier run has read is not read again. Raises InputError for a file that cannot be read or that
    changes meanwhile.
    """
    try:
        size = path.stat().st_size
        ranges = list(_ranges(path, size))
        manifest = _manifest(path, limits)
    except OSError as error:
        raise InputError(f"{error.strerror}.", fix="Check the path.", where=Place(str(path))) from None
    folder.mkdir(parents=True, exist_ok=True)
    _begin(folder, manifest)
    files = [folder / f"read-{number:05}.part" for number in range(len(ranges))]
    missing = {number: None for number, file in enumerate(files) if not file.exists()}
    wanted = [ranges[number] for number in missing]
    work = partial(_read, path, limits)
    done = each(work, wanted, limits=limits, place=lambda _: Place(str(path)), jobs=jobs)
    shown = iter(progress(_good(done), "Reading", len(wanted)))
    # The first is waited for: processes are made by copying this one, which must have no threads then.
    fresh = chain(list(islice(shown, 1)), shown)
    for number, file in enumerate(files):
        if number in missing:
            data = next(fresh)
            write_whole(file, data)
        else:
            data = file.read_bytes()
        yield part_from(data)
    deque(fresh, maxlen=0)
    if _manifest(path, limits) != manifest:
        raise InputError("the file changed while it was read.", fix="Run it again.", where=Place(str(path)))


def _read(path: Path, limits: Limits, ends: tuple[int, int]) -> bytes:
    return read_part(path, *ends, limits)


def _good(results: Iterable[bytes | OpenGradeError]) -> Iterator[bytes]:
    for result in results:
        if isinstance(result, OpenGradeError):
            raise result
        yield result


def _ranges(path: Path, size: int) -> Iterator[tuple[int, int]]:
    """Yield ranges that end with the ends of lines, each beginning where the one before it ends."""
    if not size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = 0
        while start < size:
            found = data.find(b"\n", min(start + RANGE, size) - 1)
            end = found + 1 if found >= 0 else size
            yield start, end
            start = end


def _manifest(path: Path, limits: Limits) -> str:
    """Return what tells this work from that on another file, or by other rules."""
    found = {
        "form": _FORM,
        "file": state_of(path),
        "range": RANGE,
        "mapping": hashlib.sha256(rules().mapping.text.encode()).hexdigest(),
        "licenses": data_hash("ontology/licenses"),
        "limits": asdict(limits),
    }
    return json.dumps(found, sort_keys=True)


def _begin(folder: Path, manifest: str) -> None:
    """Take away what an earlier run has left of other work; nothing else in the folder is touched."""
    file = folder / _MANIFEST
    if file.is_file() and file.read_text(encoding="utf-8") == manifest:
        return
    for left in (*folder.glob("read-*.part"), *folder.glob(".read-*.partial")):
        left.unlink()
    write_whole(file, manifest.encode())
