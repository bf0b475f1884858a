"""Grades many models to the end: parts in a folder beside the results, resumed where they are."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from opengrade.bulk import results
from opengrade.bulk.ahead import ahead
from opengrade.bulk.engines import Engine
from opengrade.bulk.grading import Grader, Sorted
from opengrade.bulk.grading import Part as Rows
from opengrade.bulk.kept import whole
from opengrade.bulk.schema import Dictionaries
from opengrade.frameworks import Framework

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

    `folder` is one that `workplace.workplace` has opened.
    """
    parts = list(source.parts())
    kinds, rows = [], []
    done = 0
    with _collecting_less(), ahead(_names, parts, NAMES_AHEAD) as names:
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


def _names(part: Part) -> pa.Table:
    return part.names()


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
