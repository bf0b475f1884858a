"""Compares all ways to judge many models on the same data: how fast, with what memory, how that grows.

Ways take turns within a round, each in a process of its own; figures are medians of the rounds. Times begin
when rules, license facts and data are at hand, and those of the relational route and of the query by hand
include reading the table and, but for the counts, writing results. The graph ways judge MOF 1.0 alone, the
relational route all frameworks together. Its limit is held to the query by hand with flags, the form in which
it was set; the quicker forms are told beside it.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks import hub_data, population, reports, table_data
from benchmarks.measuring import TABLE_WAYS, Run, call, median, verdict, way
from benchmarks.peers import judges
from opengrade.bulk.files import open_table

SIZES = (1_000, 10_000, 100_000, 1_000_000, 2_500_000)
GRAPHS_UP_TO = 100_000
DATA = COPIES, HUB, VARIED = "copies", "hub-like", "varied"
GROWTH, LARGEST_MB = 13.0, 4096.0
# Of fewer models the start of engines takes most of the time, and no limit is set.
LIMITED_FROM = 1_000_000


@dataclass(frozen=True)
class Options:
    """What is asked for; `largest` is the size up to which the ways run."""

    sizes: Sequence[int] = SIZES
    rounds: int = 3
    limit: float = 60.0
    peers: bool = False
    data: Sequence[str] = DATA
    out: Path = field(default_factory=lambda: Path(__file__).parent / "results")


@dataclass(frozen=True)
class Figure:
    """The median of a way over data of a size; `models` of which it came to judge `run.models`."""

    data: str
    way: str
    models: int
    run: Run


def scale(options: Options) -> Iterator[str]:
    """Measure all ways; yield what is told, and write a table and a plot."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways, environment, told = _graph_ways(options, folder)
        yield from told
        for count in options.sizes:
            graphs = [
                each
                for each in ways
                if count <= GRAPHS_UP_TO and not _took_too_long(figures, each, options.limit)
            ]
            for data, table in _tables(folder, count, options.data).items():
                names = [*(graphs if data == COPIES else []), *TABLE_WAYS]
                runs = _measured(names, count, table, options, environment)
                found = [Figure(data, each, count, median(of)) for each, of in runs.items()]
                yield from map(_told, found)
                yield _compared(found)
                figures += found
                table.unlink()
    yield from limits(figures)
    yield from reports.write(options.out, [_row(each, figures) for each in figures])


def sparql(options: Options) -> Iterator[str]:
    """Measure the SPARQL route against pySHACL, and how its time grows, in batches and all at once."""
    sizes = [each for each in options.sizes if each <= GRAPHS_UP_TO]
    figures: list[Figure] = []
    yield "The SPARQL route is handed 1,000 models at once, as assess does, and all at once beside it."
    for count in sizes:
        names = ["sparql", "sparql-at-once", *(["pyshacl"] if count == sizes[0] else [])]
        runs = _measured(names, count, None, options, None)
        found = [Figure(COPIES, each, count, median(of)) for each, of in runs.items()]
        yield from map(_told, found)
        yield _compared(found)
        figures += found
    yield from _limits_of_sparql(figures)


def _graph_ways(options: Options, folder: Path) -> tuple[list[str], dict[str, str] | None, list[str]]:
    """Return the ways over graphs that can run here, the environment for them, and what is left out."""
    ways, told = ["pyshacl", "sparql"], []
    if judges.has_pyrudof():
        ways.append("pyrudof")
    else:
        told.append('left out: pyrudof, which is not installed (pip install "opengrade[peers]")')
    if not options.peers:
        return ways, None, [*told, "left out: shacl-engine, for which --peers was not given"]
    if not judges.has_node():
        return ways, None, [*told, "left out: shacl-engine, since node or npm is missing"]
    place = folder / "node"
    place.mkdir()
    try:
        judges.install_node(place)
    except subprocess.CalledProcessError:
        return ways, None, [*told, "left out: shacl-engine, which npm could not install"]
    return [*ways, "shacl-engine"], {**os.environ, judges.NODE_FOLDER: str(place)}, told


def _tables(folder: Path, count: int, data: Sequence[str]) -> Mapping[str, Path]:
    """Make the component tables of a size, one for each kind of data."""
    tables = {name: folder / f"{name}.parquet" for name in data}
    if COPIES in tables:
        population.make_table(tables[COPIES], count)
    if VARIED in tables:
        table_data.make(tables[VARIED], count)
    if HUB in tables:
        _hub_table(folder, count, tables[HUB])
    return tables


def _hub_table(folder: Path, count: int, table: Path) -> None:
    lines = folder / "hub.jsonl"
    hub_data.write(count, lines)
    command = [sys.executable, "-m", "opengrade", "import", str(lines), "--table", str(table)]
    with contextlib.suppress(RuntimeError):  # the generator makes some broken lines, which import tells of
        call(command)
    lines.unlink()
    open_table(table)


def _took_too_long(figures: Sequence[Figure], name: str, limit: float) -> bool:
    """Say whether a way passed the limit on fewer models, so that more of them would tell nothing new."""
    return any(each.way == name and each.run.seconds > limit for each in figures)


def _measured(
    names: Sequence[str],
    count: int,
    table: Path | None,
    options: Options,
    environment: Mapping[str, str] | None,
) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            given = table if name in TABLE_WAYS else None
            run = way(name, count=count, table=given, limit=options.limit, environment=environment)
            runs[name].append(run)
    return runs


def _told(figure: Figure) -> str:
    run = figure.run
    note = "" if run.models >= figure.models or figure.way in TABLE_WAYS else f" (on {run.models} of them)"
    return (
        f"{figure.models:>9,} models  {figure.data:9} {figure.way:15}"
        f"{run.rate:>14,.1f} models/s {run.seconds:>8.2f} s {run.megabytes:>7,.0f} MB{note}"
    )


def _compared(found: Sequence[Figure]) -> str:
    """Say whether all ways came to the same grades; the way that judged most is what others are held to."""
    most = max(found, key=lambda each: (each.run.models, each.way == "by-hand"))
    differing = []
    for each in found:
        grades, expected = each.run.grades, most.run.grades[: each.run.models]
        wrong = int(np.sum(grades != expected)) if len(grades) == len(expected) else len(grades)
        if wrong:
            differing.append(f"{each.way} differs from {most.way} in {wrong} of {each.run.models}")
    return "all verdicts alike" if not differing else f"VERDICTS DIFFER: {'; '.join(differing)}"


def _at(figures: Sequence[Figure], data: str, name: str) -> dict[int, Run]:
    return {each.models: each.run for each in figures if (each.data, each.way) == (data, name)}


def limits(figures: Sequence[Figure]) -> Iterator[str]:
    """Tell the limits of what was measured, and whether they are held."""
    yield from _limits_of_sparql(figures)
    for data, name in ((HUB, "hub-like"), (COPIES, "copies"), (VARIED, "varied, the hard case")):
        ours, bits, counts, flags = (_at(figures, data, each) for each in TABLE_WAYS)
        for size in sorted(ours)[-2:]:
            what = f"relational route to the query by hand with flags, {name}, {size:,} models"
            ratio = ours[size].seconds / flags[size].seconds
            limited = data != VARIED and size >= LIMITED_FROM
            yield verdict(what, ratio, 3) if limited else f"       {what}: {ratio:,.2f}"
            for form, runs in (("has bits in place of flags", bits), ("has bits and only counts", counts)):
                more = ours[size].seconds / runs[size].seconds
                yield f"       the same to the query that {form}: {more:,.2f}"
        sizes = [each for each in sorted(ours) if each >= 10_000]
        if len(sizes) > 1:
            first, last = ours[sizes[0]], ours[sizes[-1]]
            growth = (last.seconds / first.seconds) / (last.models / first.models)
            yield verdict(f"time for each model, {name}, {sizes[-1]:,} to {sizes[0]:,} models", growth, 1)
        if ours:
            peak = max(run.megabytes for run in ours.values())
            yield verdict(f"peak memory in MB of the relational route, {name}", peak, LARGEST_MB)
    ours, shacl = _at(figures, COPIES, "relational"), _at(figures, COPIES, "pyshacl")
    if ours and shacl:
        size = max(ours)
        what = f"relational route at {size:,} models to pySHACL, models/s"
        yield verdict(what, ours[size].rate / max(run.rate for run in shacl.values()), 10_000, at_least=True)


def _limits_of_sparql(figures: Sequence[Figure]) -> Iterator[str]:
    shacl = _at(figures, COPIES, "pyshacl")
    for name in ("sparql", "sparql-at-once"):
        ours = _at(figures, COPIES, name)
        for size in sorted(ours.keys() & shacl.keys())[:1]:
            what = f"{name} to pySHACL at {size:,} models, models/s"
            yield verdict(what, ours[size].rate / shacl[size].rate, 1000, at_least=True)
        for size, growth in _growth(ours).items():
            yield verdict(f"growth of the time of {name} to {size:,} models, for a tenfold", growth, GROWTH)


def _growth(runs: Mapping[int, Run]) -> dict[int, float]:
    """Return for each size how much longer it takes than the size before, brought to a tenfold of models."""
    sizes = sorted(runs)
    found = {}
    for before, size in pairwise(sizes):
        times = runs[size].models / runs[before].models
        if times > 1:
            per_model = runs[before].rate / runs[size].rate
            found[size] = 10 * float(per_model ** (1 / np.log10(times)))
    return found


def _row(figure: Figure, figures: Sequence[Figure]) -> dict[str, str | float]:
    growth = _growth(_at(figures, figure.data, figure.way)).get(figure.models)
    hand = _at(figures, figure.data, "by-hand").get(figure.models)
    ratio = hand.rate / figure.run.rate if hand else None
    return {
        "data": figure.data,
        "way": figure.way,
        "models": figure.models,
        "judged": figure.run.models,
        "models/s": round(figure.run.rate, 1),
        "seconds": round(figure.run.seconds, 3),
        "peak MB": round(figure.run.megabytes),
        "growth per tenfold": "" if growth is None else round(growth, 1),
        "times the query by hand": "" if ratio is None else round(ratio, 2),
    }
