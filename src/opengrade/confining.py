"""Runs work on untrusted input in a process of its own: bounded time and memory, no network, checked results.

Nothing that a submission or a stranger's query says is parsed, validated or queried outside such a process.
What comes back is read by an unpickler that makes nothing but our own records and RDF terms.
"""

import contextlib
import dataclasses
import importlib
import io
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar, cast

from opengrade.errors import OpenGradeError, Place
from opengrade.guarding import bound, bound_processor, deny_network
from opengrade.limits import Limits

T = TypeVar("T")
R = TypeVar("R")

MIB = 1024 * 1024
MOST_PROCESSES = 8
FEW = 4  # items for which a further process would cost more than it saves
# Plain data of Python and of the RDF library that may stand in a result beside our own records.
PLAIN = frozenset(
    {
        *(("builtins", name) for name in ("frozenset", "set", "complex", "bytearray")),
        *(("pyoxigraph", name) for name in ("NamedNode", "BlankNode", "Literal", "Quad", "Triple")),
        ("pyoxigraph", "DefaultGraph"),
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class _Failure:
    """An error that is sent from one process to another."""

    kind: str
    what: str
    fix: str = ""
    where: Place | None = None
    limit: str = ""


def call(work: Callable[[], R], *, limits: Limits, place: Place | None = None, network: bool = False) -> R:
    """Run one piece of work in a process of its own and return what it returns.

    Raises what the work raises of our own errors, LimitError naming a limit that was reached, and
    OpenGradeError where the work fails in any other way. With `network` the work may use the network; then it
    has to give that up before it parses what came.
    """
    worker: _Worker[None, R] = _Worker(partial(_alone, work), limits, network=network)
    try:
        worker.send(None)
        return worker.receive(place)
    finally:
        worker.end()


def _alone(work: Callable[[], R], _: None) -> R:
    return work()


def each(
    work: Callable[[T], R],
    items: Sequence[T],
    *,
    limits: Limits,
    place: Callable[[T], Place],
    jobs: int | None = None,
) -> Generator[R | OpenGradeError, None, None]:
    """Run work on items and yield for each, in their order, its result or its error.

    A few processes share the items, as many as `jobs` or else as there are processors; one item that
    reaches a limit or breaks its process ends that process and no other item.
    """
    count = max(1, min(jobs or _processors(), len(items) // FEW))
    workers: list[_Worker[T, R] | None] = [None] * count
    try:
        for number, item in enumerate(items):
            for ahead in range(number, min(number + count, len(items))):
                worker = workers[ahead % count] or _Worker(work, limits)
                workers[ahead % count] = worker
                if worker.idle:
                    worker.send(items[ahead])
            now = workers[number % count]
            assert now is not None
            result = _outcome(now, place(item))
            if not now.alive:
                now.end()
                workers[number % count] = None
            elif number + count < len(items):
                now.send(items[number + count])  # it goes on while its result is used
            yield result
    finally:
        for each_ in workers:
            if each_ is not None:
                each_.end()


def _outcome(worker: "_Worker[T, R]", place: Place) -> R | OpenGradeError:
    try:
        return worker.receive(place)
    except OpenGradeError as error:
        return error


def _processors() -> int:
    return min(os.cpu_count() or 1, MOST_PROCESSES)


def network_guard() -> str:
    """Say by what the network is closed to confined work on this machine: seccomp, namespace or hook."""
    return call(deny_network, limits=Limits(), network=True)


class _Worker(Generic[T, R]):
    """A process that answers one item at a time."""

    def __init__(self, work: Callable[[T], R], limits: Limits, *, network: bool = False) -> None:
        # A process with threads must not be forked; there the work has to be a function that can be named.
        method = "fork" if hasattr(os, "fork") and threading.active_count() == 1 else "spawn"
        context = cast(Any, multiprocessing.get_context(method))
        asked, self._ask = context.Pipe(duplex=False)
        self._answer, answered = context.Pipe(duplex=False)
        self._said, says = context.Pipe(duplex=False)
        self._limits = limits
        self.alive = self.idle = True
        self._begun = 0.0
        self._process = context.Process(
            target=_serve, args=(work, limits, network, asked, answered, says), daemon=True
        )
        self._process.start()
        for end in (asked, answered, says):
            end.close()

    def send(self, item: T) -> None:
        """Give the process an item to work on; its time begins."""
        self.idle = False
        self._begun = time.monotonic()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # receive will say why
            self._ask.send_bytes(pickle.dumps(item))

    def receive(self, place: Place | None) -> R:
        """Return the result for the item; raises its error, after which `alive` says whether to go on."""
        left = self._begun + self._limits.time - time.monotonic()
        try:
            if not self._answer.poll(max(0, left)):
                self.alive = False
                raise self._limits.reached("time", place)
            data = self._received(place)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self.alive = False
            raise self._broken(place) from None
        self.idle = True
        return cast(R, _result(data, place))

    def _received(self, place: Place | None) -> bytes:
        try:
            return bytes(self._answer.recv_bytes(self._limits.result * MIB))
        except EOFError:
            raise
        except OSError:
            self.alive = False
            raise self._limits.reached("result", place) from None

    def _broken(self, place: Place | None) -> OpenGradeError:
        """Say why the process ended: by what it last said, or by the signal that ended it."""
        self._process.join(5)
        said = os.read(self._said.fileno(), MIB) if self._said.poll(0) else b""
        code = self._process.exitcode or 0
        if code == -getattr(signal, "SIGXCPU", 24):
            return self._limits.reached("time", place)
        if (b"overflow" in said and b"stack" in said) or code == -signal.SIGSEGV:
            return self._limits.reached("nesting", place)
        if (
            b"memory allocation" in said
            or b"MemoryError" in said
            or code in (-signal.SIGKILL, -signal.SIGABRT)
        ):
            return self._limits.reached("memory", place)
        return OpenGradeError(
            f"the process that worked on this ended abruptly (exit code {code}).",
            fix="Report it with the file, please.",
            where=place,
        )

    def end(self) -> None:
        """End the process, whatever it does, and wait until it is gone."""
        with contextlib.suppress(OSError):
            self._ask.close()
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        for connection in (self._answer, self._said):
            connection.close()


def _serve(
    work: Callable[[Any], Any],
    limits: Limits,
    network: bool,
    asked: Connection,
    answered: Connection,
    says: Connection,
) -> None:
    """Answer items until there are none; never returns into the code that was forked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _quiet(says)
    bound(limits.memory, keep=(asked.fileno(), answered.fileno(), says.fileno()))
    if not network:
        deny_network()
    while True:
        try:
            item = pickle.loads(asked.recv_bytes())
        except EOFError:
            os._exit(0)
        bound_processor(limits.time)
        answered.send_bytes(_answer(work, item, limits))


def _quiet(says: Connection) -> None:
    """Keep what libraries print from the terminal; the last words of a process that breaks are kept aside."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    if hasattr(os, "set_blocking"):
        os.set_blocking(says.fileno(), False)  # what does not fit into the pipe is lost, and nobody waits
    os.dup2(says.fileno(), 2)
    sys.stdin, sys.stdout, sys.stderr = (open(os.devnull, mode) for mode in ("r", "w", "w"))  # noqa: SIM115, PTH123


def _answer(work: Callable[[Any], Any], item: Any, limits: Limits) -> bytes:
    try:
        return pickle.dumps(work(item), protocol=5)
    except OpenGradeError as error:
        failure = _failure(error)
    except MemoryError:
        failure = _failure(limits.reached("memory"))
    except RecursionError:
        failure = _failure(limits.reached("nesting"))
    except BaseException as error:
        text = (
            traceback.format_exc()
            if os.environ.get("OPENGRADE_DEBUG")
            else f"{type(error).__name__}: {error}"
        )
        what = f"internal error: {text[:2000]}. Set OPENGRADE_DEBUG=1 to see where."
        failure = _Failure("OpenGradeError", what)
    return pickle.dumps(failure, protocol=5)


def _failure(error: OpenGradeError) -> _Failure:
    kind = type(error).__name__
    return _Failure(kind, error.what, error.fix, error.where, getattr(error, "limit", ""))


def _result(data: bytes, place: Place | None) -> object:
    try:
        found = _Reader(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, AttributeError, ImportError, ValueError, TypeError, EOFError) as error:
        raise OpenGradeError(f"what came back cannot be read: {error}.", where=place) from None
    if isinstance(found, _Failure):
        raise _error(found, place)
    return found


def _error(failure: _Failure, place: Place | None) -> OpenGradeError:
    errors = importlib.import_module("opengrade.errors")
    kind = getattr(errors, failure.kind, OpenGradeError)
    more = {"limit": failure.limit} if failure.limit else {}
    error: OpenGradeError = kind(failure.what, fix=failure.fix, where=failure.where or place, **more)
    return error


class _Reader(pickle.Unpickler):
    """Reads results: makes plain data and our own records, and refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in PLAIN:
            return super().find_class(module, name)
        if module.startswith("opengrade.") and name.isidentifier():
            found = super().find_class(module, name)
            if isinstance(found, type) and (dataclasses.is_dataclass(found) or hasattr(found, "_fields")):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} may not stand in a result")
