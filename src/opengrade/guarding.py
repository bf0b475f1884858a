"""Bounds the process that calls it: memory, processor time, open files, and no network from then on."""

import contextlib
import ctypes
import os
import platform
import sys
from collections.abc import Iterable

MIB = 1024 * 1024
_CLONE_NEW_USER, _CLONE_NEW_NET = 0x10000000, 0x40000000
_SET_PARENT_DEATH_SIGNAL, _SET_SECCOMP, _SET_NO_NEW_PRIVILEGES = 1, 22, 38
_KILL = 9
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001  # the latter answers "operation not permitted"
# Audit architecture; socket, connect, sendto, sendmsg, execve, execveat, io_uring_setup, ptrace by number.
_CALLS = {
    "x86_64": (0xC000003E, (41, 42, 44, 46, 59, 322, 425, 101)),
    "aarch64": (0xC00000B7, (198, 203, 206, 211, 221, 281, 425, 117)),
}


def bound(memory: int, *, keep: Iterable[int]) -> None:
    """Bound the memory of this process to so many MiB more, and close files other than 0 to 2 and `keep`.

    It writes no file and leaves no core; it ends when its parent does. What the platform has no means for
    is left out.
    """
    if sys.platform == "linux":
        _libc().prctl(_SET_PARENT_DEATH_SIGNAL, _KILL, 0, 0, 0)
        if os.getppid() == 1:
            os._exit(1)
    _close_others({0, 1, 2, *keep})
    with contextlib.suppress(ImportError):
        import resource  # noqa: PLC0415  (not there on Windows)

        for kind, amount in (
            (resource.RLIMIT_AS, _memory_used() + memory * MIB),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
        ):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (amount, amount))


def bound_processor(seconds: int) -> None:
    """Let this process use so many more seconds of processor time; its parent's clock comes first."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415

        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + seconds + 2
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def deny_network() -> str:
    """Take the network from this process for good, and say by what: seccomp, namespace or hook.

    Linux refuses the system calls themselves, whichever library makes them, and new programs with them.
    Elsewhere Python's own sockets are refused, and the store refuses queries that ask for other services.
    """
    sys.addaudithook(_no_sockets)
    if sys.platform != "linux":
        return "hook"
    if _refuse_calls():
        return "seccomp"
    return "namespace" if _libc().unshare(_CLONE_NEW_USER | _CLONE_NEW_NET) == 0 else "hook"


def _no_sockets(event: str, _: object) -> None:
    if event in ("socket.__new__", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        raise PermissionError("nothing is fetched while untrusted input is worked on")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


class _Filter(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jump_true", ctypes.c_ubyte),
        ("jump_false", ctypes.c_ubyte),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Filter)))


def _refuse_calls() -> bool:
    """Install a filter of system calls; False where the kernel or the processor has none that we know."""
    if platform.machine() not in _CALLS:
        return False
    architecture, refused = _CALLS[platform.machine()]
    load, equal, at_least, end = 0x20, 0x15, 0x35, 0x06
    # Each jump leads over what is left of the comparisons to the last line, which refuses.
    left = len(refused)
    lines = [
        (load, 0, 0, 4),
        (equal, 0, left + 3, architecture),
        (load, 0, 0, 0),
        (at_least, left + 1, 0, 0x40000000),
        *((equal, left - number, 0, call) for number, call in enumerate(refused)),
        (end, 0, 0, _ALLOW),
        (end, 0, 0, _REFUSE),
    ]
    filters = (_Filter * len(lines))(*(_Filter(*line) for line in lines))
    program = _Program(len(lines), filters)
    libc = _libc()
    if libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_SET_SECCOMP, 2, ctypes.byref(program), 0, 0) == 0)


def _close_others(kept: set[int]) -> None:
    if not os.path.isdir("/proc/self/fd"):  # noqa: PTH112  (pathlib costs more than it saves here)
        return
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        if int(name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(name))


def _memory_used() -> int:
    """Return the size of the address space, 0 where it cannot be told."""
    try:
        with open("/proc/self/statm", encoding="ascii") as pages:  # noqa: PTH123
            return int(pages.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
