"""Grades many models to the end: parts in a folder beside the results, resumed where they are."""

import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from opengrade.bulk import results
from opengrade.bulk.ahead import ahead
from opengrade.bulk.engines import Engine
from opengrade.bulk.grading import Grader
from opengrade.bulk.kept import whole
from opengrade.bulk.looks import Coded
from opengrade.bulk.sorting import Part as Rows
from opengrade.bulk.sorting import Sorted, Sorter
from opengrade.frameworks import Framework

# So many tables of names are read while things are ranked and results written.
NAMES_AHEAD = 8


class Part(Rows, Protocol):
    """Some models of a table with their names."""

    def names(self) -> Iterator[pa.Table]:
        """Yield tables with the columns iri and name, a row for each model in their order."""


class Source(Coded, Protocol):
    """Models that can be read in parts, the same in each run."""

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
    """Grade all models and write the results; `told` hears, in another thread, how many are sorted and kept.

    `folder` is one that `workplace.workplace` has opened.
    """
    grader, sorter = Grader(source, rules), Sorter(source.looks, engine)
    parts = list(source.parts())
    kinds, rows, later = [], [], []
    done = 0
    with _collecting_less(), ExitStack() as reading, ThreadPoolExecutor(1) as aside:
        prepare = cache(partial(aside.submit, grader.prepare))
        all_names = chain.from_iterable(part.names() for part in parts)
        names = cache(partial(reading.enter_context, ahead(all_names, NAMES_AHEAD)))
        for number, part in enumerate(parts):
            path = folder / f"part-{number:05}"
            earlier = _kept(path)
            past = names if part is parts[-1] else lambda: None
            found = sorter.sort(part, prepare, past) if earlier is None else sorter.resumed(earlier)
            ranked = aside.submit(grader.rank, found.rows)
            if earlier is None:
                later.append(aside.submit(_keep, found, path))
            done += part.count
            later.append(aside.submit(told, done))
            kinds.append(found.kind)
            rows.append(found.rows)
        names()
        ranked.result()
        verdicts = grader.judge(pa.concat_tables(rows), engine)
        for each in later:
            each.result()
        laid_out = results.laid_out(verdicts.rows, rules, grader.wanted)
        numbers = verdicts.numbers[np.concatenate(kinds)]
        counts = results.write(out, names(), numbers, laid_out, results.meaning(rules, versions))
    return Summary(source.count, tuple(results.counted(laid_out, counts)), len(counts))


@contextmanager
def _collecting_less() -> Iterator[None]:
    """Keep the collector of garbage from looking through rules and licenses, which are many and stay."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _files(path: Path) -> tuple[Path, Path, Path]:
    """Return where things, marks and kinds of a part are kept; the last is written when the others are."""
    rows, marks, kinds = (path.with_suffix(f".{name}.parquet") for name in ("rows", "marks", "kinds"))
    return rows, marks, kinds


def _keep(found: Sorted, path: Path) -> None:
    """Write what was found of a part, for a later run."""
    for file, table in zip(
        _files(path), (found.rows, found.marks, pa.table({"kind": found.kind})), strict=True
    ):
        with whole(file) as partial:
            pq.write_table(table, partial, write_page_checksum=True)


def _kept(path: Path) -> Sorted | None:
    """Read what an earlier run found of a part, None where it is not there or damaged."""
    try:
        rows, marks, kinds = (pq.read_table(file, page_checksum_verification=True) for file in _files(path))
        return Sorted(kinds["kind"].to_numpy(), marks, rows)
    except (OSError, KeyError, ValueError, pa.ArrowException):
        return None
