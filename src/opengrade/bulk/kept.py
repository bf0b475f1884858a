"""Files that a run keeps: each there whole or not at all, whenever the process ends."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_EDGE = 1 << 20


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield the name to write a file under; it takes its own when all is written, and is gone otherwise."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write bytes to a file."""
    with whole(path) as partial:
        partial.write_bytes(data)


def state_of(path: Path) -> str:
    """Return what tells whether a file is the one that was read: size, time of change, and both its ends."""
    state = path.stat()
    digest = hashlib.sha256(f"{state.st_size} {state.st_mtime_ns}".encode())
    with path.open("rb") as file:
        for start in (0, max(0, state.st_size - _EDGE)):
            file.seek(start)
            digest.update(file.read(_EDGE))
    return digest.hexdigest()
