"""Grades many models to the end: parts in a folder beside the results, resumed where they are."""

import fcntl
import gc
import hashlib
import json
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from opengrade.bulk import results
from opengrade.bulk.engines import Engine
from opengrade.bulk.grading import Grader, Sorted
from opengrade.bulk.grading import Part as Rows
from opengrade.bulk.kept import state_of, whole, write_whole
from opengrade.bulk.schema import Dictionaries
from opengrade.errors import Place, UsageError
from opengrade.frameworks import Framework
from opengrade.graph import BlankNode

# So many parts are waiting with their names, read while others are sorted and written.
NAMES_AHEAD = 4


class Part(Rows, Protocol):
    """Some models of a table with their names."""

    def names(self) -> pa.Table:
        """Return the columns iri and name, a row for each model in their order."""


class Source(Protocol):
    """Models that can be read in parts, the same in each run."""

    @property
    def dictionaries(self) -> Dictionaries:
        """What the codes mean."""

    @property
    def count(self) -> int:
        """How many models there are."""

    def parts(self) -> Iterator[Part]:
        """Yield the parts in the order of their models."""


@dataclass(frozen=True)
class Summary:
    """How many models there are, and how many have each grade of each framework."""

    models: int
    rows: tuple[tuple[str, str, int], ...]
    verdicts: int


Told = Callable[[int], None]


def run(
    source: Source,
    rules: Sequence[Framework],
    engine: Engine,
    out: Path,
    folder: Path,
    *,
    versions: dict[str, str],
    told: Told,
) -> Summary:
    """Grade all models and write the results; `told` hears how many models are done.

    `folder` is one that `workplace` has opened.
    """
    parts = list(source.parts())
    kinds, rows = [], []
    done = 0
    with _collecting_less(), _names_of(parts) as names:
        grader = Grader(source.dictionaries, rules, engine)
        for number, part in enumerate(parts):
            found = _sorted(grader, part, folder / f"part-{number:05}")
            kinds.append(found.kind)
            rows.append(found.rows)
            done += part.count
            told(done)
        verdicts = grader.judge(pa.concat_tables(rows))
        found_of_all = results.laid_out(verdicts.rows, rules, grader.wanted)
        batches = (
            results.Batch(table, verdicts.numbers[kind]) for table, kind in zip(names, kinds, strict=True)
        )
        counts = results.write(out, batches, found_of_all, results.meaning(rules, versions))
    return Summary(source.count, tuple(results.counted(found_of_all, counts)), len(counts))


@contextmanager
def _collecting_less() -> Iterator[None]:
    """Keep the collector of garbage from looking through rules and licenses, which are many and stay."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _names_of(parts: Sequence[Part]) -> Iterator[Iterator[pa.Table]]:
    """Yield the names of all parts in their order; a thread begins at once to read them."""
    reading = ThreadPoolExecutor(1)
    left = iter(parts)
    waiting = deque(reading.submit(part.names) for part in islice(left, NAMES_AHEAD))

    def taken() -> Iterator[pa.Table]:
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(reading.submit(part.names) for part in islice(left, 1))

    try:
        yield taken()
    finally:
        reading.shutdown(cancel_futures=True)


def _sorted(grader: Grader, part: Part, path: Path) -> Sorted:
    """Sort a part, or read what an earlier run found of it."""
    files = [path.with_suffix(suffix) for suffix in (".rows.parquet", ".marks.parquet", ".kinds.parquet")]
    if files[-1].exists():
        rows, marks, kind = (pq.read_table(file) for file in files)
        found = Sorted(kind["kind"].to_numpy(), marks, rows)
        grader.resume(found)
        return found
    found = grader.sort(part)
    for file, table in zip(files, (found.rows, found.marks, pa.table({"kind": found.kind})), strict=True):
        with whole(file) as partial:
            pq.write_table(table, partial)
    return found


@contextmanager
def workplace(out: Path, inputs: Sequence[Path], *, rules: str) -> Iterator[Path]:
    """Open the folder of parts beside the results, and remove it when all is done.

    What an earlier run left there is used if it read the same input by the same rules. Raises UsageError
    where another run is at work on it, or the folder is not ours.
    """
    folder = out.with_name(f"{out.name}.parts")
    if out.resolve() in [each.resolve() for each in inputs]:
        raise UsageError("the results would take the place of the input.", fix="Give another --out.")
    marker = folder / "opengrade-run.json"
    if folder.exists() and not marker.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            "the folder for the parts of the run is there and holds something else.",
            fix="Remove it, or give another --out.",
            where=Place(str(folder)),
        )
    try:
        folder.mkdir(exist_ok=True)
        lock = (folder / "lock").open("a")
    except OSError as error:
        raise UsageError(
            f"the results cannot be written there: {error.strerror}.",
            fix="Name a folder that is there and that you may write to.",
            where=Place(str(out)),
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError("another run is at work on these results.", where=Place(str(folder))) from None
        _begin(folder, marker, {"input": fingerprint(inputs), "rules": rules})
        yield folder
        shutil.rmtree(folder)


def _begin(folder: Path, marker: Path, run: dict[str, str]) -> None:
    """Forget what was made of another input or by other rules."""
    if marker.exists() and json.loads(marker.read_text(encoding="utf-8")) == run:
        return
    for path in folder.iterdir():
        if path.name != "lock" and path.is_file():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)
    write_whole(marker, json.dumps(run).encode())


def fingerprint(paths: Sequence[Path]) -> str:
    """Return what tells whether files, and those of folders, are the ones that were read."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(f"{file.resolve()} {state_of(file)}".encode())
    return digest.hexdigest()


def rules_key(rules: Sequence[Framework], versions: dict[str, str]) -> str:
    """Return what tells whether verdicts were made by the same rules, the same in each process.

    Unnamed shapes have other labels in each, so that they count by what they come to as expressions.
    """
    digest = hashlib.sha256(json.dumps(versions, sort_keys=True).encode())
    for rule in rules:
        told = [
            str(t) for t in rule.graph if not any(isinstance(n, BlankNode) for n in (t.subject, t.object))
        ]
        told += map(repr, rule.shapes.items())
        told += (repr((each.node, each.expression)) for each in rule.criteria)
        digest.update("\n".join(sorted(told)).encode())
    return digest.hexdigest()
