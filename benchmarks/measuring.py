"""Runs what is measured in processes of its own, and tells their time, their memory and what they found."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from opengrade.memory import ENVIRONMENT

EACH = 0.1
# The ways over a component table: ours, and the query by hand in its forms, the quickest first.
TABLE_WAYS = ("relational", "by-hand", "by-hand-counts", "by-hand-flags")


@dataclass(frozen=True)
class Run:
    """One measurement; `megabytes` is the peak of the process and all its children together."""

    models: int
    seconds: float
    megabytes: float
    grades: np.ndarray

    @property
    def rate(self) -> float:
        """Models in a second."""
        return self.models / self.seconds


@dataclass(frozen=True)
class Called:
    """What a call printed, how long it took and what memory it had at most."""

    printed: str
    seconds: float
    megabytes: float


def call(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Called:
    """Run a command to its end; RuntimeError with what it said where it fails."""
    begin = time.perf_counter()
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            list(command), stdout=subprocess.PIPE, stderr=said, text=True, env=environment
        ) as process,
    ):
        watch = _Watch(process.pid)
        watch.start()
        assert process.stdout is not None
        printed = process.stdout.read()
        code = process.wait()
        seconds = time.perf_counter() - begin
        watch.done.set()
        watch.join()
        if code:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with {code}: {said.read()[-2000:]}")
    return Called(printed, seconds, watch.peak / 1024)


class _Watch(threading.Thread):
    """Looks at the memory of a process and its children now and then, of the first one without gaps."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self.done = pid, 0, threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            tree = _tree(self.pid)
            # Memory that processes share is counted for each in part, so that the sum is what is taken.
            shared = sum(_kilobytes(pid, "smaps_rollup", "Pss:") for pid in tree) if len(tree) > 1 else 0
            self.peak = max(self.peak, shared, _kilobytes(self.pid, "status", "VmHWM:"))
            self.done.wait(EACH)


def _tree(pid: int) -> list[int]:
    found = [pid]
    try:
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in path.read_text().split():
                found += _tree(int(child))
    except OSError:
        pass
    return found


def _kilobytes(pid: int, file: str, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def way(
    name: str, *, count: int, table: Path | None, limit: float, environment: Mapping[str, str] | None = None
) -> Run:
    """Run one of `benchmarks.ways` over so many models, or over a table."""
    with tempfile.TemporaryDirectory() as folder:
        grades = Path(folder) / "grades.npy"
        command = [sys.executable, "-m", "benchmarks.ways", name, f"--count={count}", f"--limit={limit}"]
        command += [f"--grades={grades}", *([f"--table={table}"] if table else [])]
        called = call(command, {**ENVIRONMENT, **(environment or os.environ)})
        told = json.loads(called.printed)
        return Run(told["models"], told["seconds"], called.megabytes, np.load(grades))


def median(runs: Sequence[Run]) -> Run:
    """Return the run in the middle by its rate, with the median of the memory."""
    middle = sorted(runs, key=lambda each: each.rate)[len(runs) // 2]
    megabytes = statistics.median(each.megabytes for each in runs)
    return Run(middle.models, middle.seconds, megabytes, middle.grades)


def verdict(what: str, value: float, limit: float, *, at_least: bool = False) -> str:
    """Tell a figure, its limit, and whether it is held."""
    held = value >= limit if at_least else value <= limit
    word = "at least" if at_least else "at most"
    return f"{'held' if held else 'MISSED':6} {what}: {value:,.2f}, to be {word} {limit:,.0f}"
