"""A store of named graphs on disk: many readers or one writer at a time, and each change whole or not at all.

A store is a folder with a file that says so and in which format, a file to lock, and the data of the engine.
The engine finds what is damaged by its checksums; that no reader meets a writer is seen to here, because the
engine's own lock keeps writers apart but lets readers in beside them, who then may find half of a change.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pyoxigraph
from pyoxigraph import Quad, RdfFormat

from opengrade.errors import InputError, OpenGradeError, Place
from opengrade.graph import NamedNode, Term

T = TypeVar("T")

FORMAT = 1
WAIT = 5.0
PAUSE = 0.05
MARKER, LOCK, DATA = "opengrade-store.txt", "opengrade-store.lock", "opengrade-store.data"
_UNFINISHED = MARKER + ".new"
_MARK = re.compile(r"OpenGrade store, format (\d{1,9})\n")
# How the engine says that another program holds the data; "block" is a word of its too.
_HELD = re.compile(r"lock hold by|While lock file")
_FULL = re.compile(r"No space left|File too large|Disk quota")


class StoreBusyError(OpenGradeError):
    """Another process held the store for longer than one waits."""


class Disk:
    """An open store; see `reading` and `writing`."""

    def __init__(self, store: pyoxigraph.Store, folder: Path) -> None:
        self._store: Any = store
        self._folder = folder

    def close(self) -> None:
        """Let go of the data; the engine does so when nothing refers to it any more."""
        self._store = None

    def names(self) -> tuple[NamedNode, ...]:
        """Return the names of the graphs, in the order of their text."""
        with _told(self._folder):
            found = [each for each in self._store.named_graphs() if isinstance(each, NamedNode)]
        return tuple(sorted(found, key=str))

    def quads(
        self,
        subject: Term | None = None,
        predicate: NamedNode | None = None,
        value: Term | None = None,
        graph: NamedNode | None = None,
    ) -> tuple[Quad, ...]:
        """Return the statements that fit, each with its graph, in the order of their text."""
        with _told(self._folder):
            found = tuple(self._store.quads_for_pattern(subject, predicate, value, graph))
        return tuple(sorted(found, key=str))

    def change(
        self,
        *,
        drop: Iterable[NamedNode] = (),
        remove: Iterable[Quad] = (),
        add: Mapping[NamedNode, Iterable[Quad]],
    ) -> None:
        """Drop graphs, remove statements and add others to graphs, in one transaction that then is on disk.

        All terms are written by the RDF library, so that no text can break out of its place.
        """
        steps = [f"DROP SILENT GRAPH {graph}" for graph in drop]
        removed: dict[NamedNode, list[Quad]] = {}
        for quad in remove:
            assert isinstance(quad.graph_name, NamedNode)
            removed.setdefault(quad.graph_name, []).append(quad)
        steps += [f"DELETE DATA {{ {_block(graph, quads)} }}" for graph, quads in removed.items()]
        steps += [f"INSERT DATA {{ {_block(graph, quads)} }}" for graph, quads in add.items()]
        with _told(self._folder):
            self._store.update(" ;\n".join(steps))
            self._store.flush()


def _block(graph: NamedNode, quads: Iterable[Quad]) -> str:
    lines = pyoxigraph.serialize((quad.triple for quad in quads), format=RdfFormat.N_TRIPLES) or b""
    return f"GRAPH {graph} {{\n{lines.decode()}}}"


def is_store(folder: Path) -> bool:
    """Say whether a folder is a store; InputError for one that is damaged or has a newer format."""
    marker = folder / MARKER
    if not marker.is_file():
        return False
    try:
        with marker.open(encoding="utf-8") as file:
            found = _MARK.fullmatch(file.read(100))
    except OSError as error:
        raise _closed(folder, error) from None
    except UnicodeDecodeError:
        found = None
    if found is None or int(found[1]) < 1:
        raise damaged(folder, f"its file {MARKER} does not say which format it has")
    if int(found[1]) > FORMAT:
        raise InputError(
            f"this store has format {found[1]}, and this program knows none above {FORMAT}.",
            fix="Use a newer OpenGrade.",
            where=Place(str(folder)),
        )
    return True


def check_fit(folder: Path) -> None:
    """Raise InputError unless a folder is a store or can become one: it is empty, or is not there yet."""
    if not is_store(folder) and not _is_empty(folder):
        raise _no_store(folder, "Name a store, or a folder that is empty or not there yet.")


def _is_empty(folder: Path) -> bool:
    """Whether there is nothing but what is left of a store whose making was broken off."""
    try:
        return {each.name for each in folder.iterdir()} <= {LOCK, DATA, _UNFINISHED}
    except FileNotFoundError:
        return True
    except OSError as error:
        raise _closed(folder, error) from None


@contextlib.contextmanager
def reading(folder: Path, *, wait: float = WAIT) -> Iterator[Disk]:
    """Open a store for reading; nothing in it can be changed.

    Raises InputError for what is no store, is damaged or has a newer format, StoreBusyError where a writer
    does not end within so many seconds.
    """
    if not is_store(folder):
        raise _no_store(folder, "Name the folder that opengrade accept was given with --store.")
    with _held(folder, wait, exclusive=False):
        _check_data(folder)
        disk = Disk(_opened(pyoxigraph.Store.read_only, folder, wait), folder)
        try:
            yield disk
        finally:
            disk.close()


@contextlib.contextmanager
def writing(folder: Path, *, wait: float = WAIT) -> Iterator[Disk]:
    """Open a store for writing, and make it where there is none; raises what `reading` raises."""
    check_fit(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _closed(folder, error) from None
    with _held(folder, wait, exclusive=True):
        there = is_store(folder)
        if there:
            _check_data(folder)
        disk = Disk(_opened(pyoxigraph.Store, folder, wait), folder)
        try:
            if not there:
                _mark(folder, disk)
            yield disk
        finally:
            disk.close()
            _tidy(folder)


def _tidy(folder: Path) -> None:
    """Remove the diaries that the engine writes each time it opens a store and never clears away."""
    with contextlib.suppress(OSError):
        for each in (folder / DATA).glob("LOG.old.*"):
            each.unlink(missing_ok=True)


def _check_data(folder: Path) -> None:
    """Without this the engine would make a new store, and an empty one, in place of what is lost."""
    if not (folder / DATA / "CURRENT").is_file():
        raise damaged(folder, "its data is gone")


def _mark(folder: Path, disk: Disk) -> None:
    """Say that this is a store, as the last step of making it."""
    if disk.names():
        raise _no_store(folder, "Name a folder that is empty or not there yet.")
    unfinished = folder / _UNFINISHED
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            file.write(f"OpenGrade store, format {FORMAT}\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(folder / MARKER)
    except OSError as error:
        raise _closed(folder, error) from None


def _opened(open_: Callable[[str], pyoxigraph.Store], folder: Path, wait: float) -> pyoxigraph.Store:
    def attempt() -> pyoxigraph.Store:
        with _told(folder):
            return open_(str(folder / DATA))

    return _patiently(attempt, wait)


@contextlib.contextmanager
def _held(folder: Path, wait: float, *, exclusive: bool) -> Iterator[None]:
    """Hold the lock of a store, alone or together with other readers; where there are no locks, hold none."""
    try:
        import fcntl  # noqa: PLC0415  (not there on Windows)
    except ImportError:
        yield
        return
    file = _lock_file(folder)
    if file is None:
        yield
        return
    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH

    def attempt() -> None:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(folder) from None
        except OSError:
            return  # a file system without locks

    try:
        _patiently(attempt, wait)
        yield
    finally:
        os.close(file)


def _lock_file(folder: Path) -> int | None:
    """Open the file to lock; None where it is missing and cannot be made, as then nobody writes there."""
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        with contextlib.suppress(OSError):
            return os.open(folder / LOCK, flags | getattr(os, "O_NONBLOCK", 0), 0o666)
    return None


def _patiently(attempt: Callable[[], T], wait: float) -> T:
    """Attempt something until the store is not busy, or the time is over."""
    end = time.monotonic() + wait
    while True:
        try:
            return attempt()
        except StoreBusyError:
            if time.monotonic() >= end:
                raise
        time.sleep(PAUSE)


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Raise what the engine says as an error of ours."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        text = str(error)
        if _HELD.search(text):
            raise _busy(folder) from None
        if isinstance(error, PermissionError) or "Permission denied" in text or "Read-only file" in text:
            raise _closed(folder, error) from None
        if _FULL.search(text):
            raise OpenGradeError(
                "there is no room left on the disk; nothing was changed.",
                fix="Make room, and do it again.",
                where=Place(str(folder)),
            ) from None
        raise damaged(folder, " ".join(text.split())[:200].rstrip(". ")) from None


def _busy(folder: Path) -> StoreBusyError:
    return StoreBusyError(
        "this store is busy: another process writes to it or reads it.",
        fix="Do it again when that is done.",
        where=Place(str(folder)),
    )


def _no_store(folder: Path, fix: str) -> InputError:
    return InputError("this is no store of submissions.", fix=fix, where=Place(str(folder)))


def _closed(folder: Path, error: Exception) -> InputError:
    reason = getattr(error, "strerror", None) or "permission denied"
    return InputError(
        f"this store cannot be opened: {reason}.",
        fix="Check the path and who may use it.",
        where=Place(str(folder)),
    )


def damaged(folder: Path, how: str) -> InputError:
    """Return the error that says that a store is not as it was written."""
    return InputError(
        f"this store is damaged: {how}.",
        fix="Accept the files again into a new store, or use a copy of this one.",
        where=Place(str(folder)),
    )
