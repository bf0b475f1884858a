"""Many models at once: what assess does with --engine, and import with --table."""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from opengrade.cli.common import Reading, end, tell, versions, write
from opengrade.documents import LINES_SUFFIX as LINES
from opengrade.errors import InputError, UsageError

if TYPE_CHECKING:
    from opengrade.bulk.running import Source, Summary
    from opengrade.bulk.sources import HubSource
    from opengrade.frameworks import Framework
    from opengrade.remarks import Remark

TABLE = ".parquet"
FORMATS = ("table", "json", "csv", "markdown")
SUMMARY = "https://w3id.org/opengrade/schema/summary/1"
# From so many models on, starting an engine costs less than judging them one by one.
MANY = 1000
TOLD = 20


@dataclass(frozen=True)
class Wanted:
    """What the command was asked for."""

    engine: str
    master: str | None
    out: Path | None
    format: str
    require: str | None
    limits: tuple[str, ...]
    quiet: bool


def engine_for(inputs: Sequence[Path], given: str | None, out: Path | None) -> tuple[str, str] | None:
    """Return the engine that is fit for some inputs, and why; None where they are judged one by one."""
    if given is not None:
        return given, "as asked for"
    if out is not None:
        return "duckdb", "since results go to a file"
    if any(path.suffix.lower() == TABLE for path in inputs):
        return "duckdb", "since the input is a component table"
    if any(path.suffix.lower() == LINES and _has_many(path) for path in inputs):
        return "duckdb", f"since the input has more than {MANY} records"
    return None


def _has_many(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return sum(1 for _, _ in zip(range(MANY + 1), file, strict=False)) > MANY
    except OSError:
        return False


def assess_many(
    inputs: Sequence[Path],
    files: Mapping[str, Path],
    load: "Callable[[], Sequence[Framework]]",
    wanted: Wanted,
) -> NoReturn:
    """Grade by an engine, tell how many models have each grade, and keep the results where asked.

    `load` loads the frameworks in the files; it may be called more than once, and in a thread.
    """
    from opengrade.bulk.workplace import rules_key, workplace
    from opengrade.tables import bar

    if wanted.format not in FORMATS:
        raise UsageError(
            f"many models are told in numbers, which --format {wanted.format} cannot write.",
            fix=f"Choose one of: {', '.join(FORMATS)}; --out keeps what is found of each model.",
        )
    if wanted.out is not None and wanted.out.suffix.lower() != TABLE:
        raise UsageError("results are written as Parquet.", fix="Give --out a name that ends in .parquet.")
    known = versions()
    with _target(wanted.out) as out, workplace(out, inputs, rules=rules_key(files, known)) as folder:
        source, code = _source(inputs, folder, out, load, wanted)
        rules = load()
        from opengrade.bulk.engines import connected  # so late since reading goes on beside the import
        from opengrade.bulk.running import run

        shown = bar("Grading", source.count, shown=not wanted.quiet)
        with connected(wanted.engine, master=wanted.master) as engine, shown as told:
            summary = run(source, rules, engine, out, folder, versions=known, told=told)
    _tell_summary(summary, wanted)
    end(max(code, int(wanted.require is not None and not _reached(summary, rules, wanted.require))))


@contextmanager
def _target(out: Path | None) -> Iterator[Path]:
    if out is not None:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="opengrade-") as folder:
        yield Path(folder) / "results.parquet"


def _source(
    inputs: Sequence[Path], folder: Path, out: Path, load: Callable[[], object], wanted: Wanted
) -> "tuple[Source, int]":
    """Open what is to be graded; also return the exit code of what could not be read of it."""
    from opengrade.dataset import read_catalog
    from opengrade.limits import limits_from

    lines = any(path.suffix.lower() == LINES for path in inputs)
    if lines and len(inputs) == 1:
        kept = out if wanted.out else None
        beside = (load, partial(_import_engine, wanted.engine))
        return _hub(inputs[0], folder, kept, wanted.limits, beside, quiet=wanted.quiet)
    load()
    from opengrade.bulk.files import open_table, write_table
    from opengrade.bulk.sources import described

    if lines or any(path.suffix.lower() == TABLE for path in inputs):
        if len(inputs) > 1:
            raise UsageError("a table or a file of records is graded alone.", fix="Give one input.")
        return open_table(inputs[0]), 0
    reading = Reading(limits_from(wanted.limits), quiet=wanted.quiet)
    submissions = reading.read(inputs) if inputs else list(read_catalog())
    if not submissions:
        end(reading.code)
    table = folder / "models.parquet"
    write_table(table, described(submissions))
    return open_table(table), reading.code


def _hub(
    path: Path,
    folder: Path,
    out: Path | None,
    limits: tuple[str, ...],
    beside: Sequence[Callable[[], object]],
    *,
    quiet: bool,
) -> "tuple[HubSource, int]":
    from opengrade.bulk.hub import prepare
    from opengrade.limits import limits_from

    jobs = os.cpu_count() or 1
    shown = partial(_working_beside, beside)
    run = prepare(path, folder / "lines", jobs=jobs, progress=shown, limits=limits_from(limits))
    from opengrade.bulk.sources import HubSource

    return HubSource(run), _tell_remarks(list(run.remarks), out, quiet=quiet)


def _working_beside(
    works: Sequence[Callable[[], object]], items: Iterable[bytes], what: str, count: int
) -> Iterator[bytes]:
    """Pass items on with a bar, while a thread does some work; what it raises is raised here.

    It begins after the first item: then all processes that make them are there, and a process with threads
    cannot be copied.
    """
    from opengrade.tables import progress

    waiting = iter(progress(items, what, count))
    yield from islice(waiting, 1)
    with ThreadPoolExecutor(1) as aside:
        begun = [aside.submit(work) for work in works]
        for item in waiting:
            for each in begun:
                if each.done():
                    each.result()
            yield item


def _import_engine(engine: str) -> None:
    from opengrade.bulk import running, sources  # noqa: F401
    from opengrade.bulk.engines import import_backend

    import_backend(engine)


def _tell_remarks(remarks: "Sequence[Remark]", out: Path | None, *, quiet: bool) -> int:
    """Tell which lines gave no model, the first ones here and all of them in a file beside the results."""
    if not remarks:
        return 0
    lines = [f"{each.place}: {each.what}." for each in remarks]
    if not quiet:
        for line in lines[:TOLD]:
            tell(line)
    rest = len(lines) - TOLD
    if out is not None:
        file = out.with_suffix(".remarks.txt")
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        tell(f"{len(lines)} lines gave no model; {file} lists them.")
    elif rest > 0:
        tell(f"{rest} more lines gave no model; with --out a file lists all.")
    return InputError.exit_code


def _reached(summary: "Summary", rules: "Sequence[Framework]", require: str) -> bool:
    """Say whether every model meets a grade under each framework that has one of that name."""
    for rule in rules:
        grade = rule.grade(require)
        if grade is not None:
            enough = {each.name for each in rule.grades if each.rank >= grade.rank}
            met = sum(n for name, found, n in summary.rows if name == rule.name and found in enough)
            if met < summary.models:
                return False
    return True


def _tell_summary(summary: "Summary", wanted: Wanted) -> None:
    from opengrade import exporting
    from opengrade.tables import print_table

    if wanted.format == "json":
        found: dict[str, dict[str, int]] = {}
        for framework, grade, count in summary.rows:
            found.setdefault(framework, {})[grade] = count
        document = {"schema": SUMMARY, "models": summary.models, "frameworks": found}
        write(json.dumps(document, indent=2) + "\n")
        return
    header = ("Framework", "Grade", "Models", "Share")
    rows = [
        (framework, grade, str(count), f"{count / summary.models:.1%}")
        for framework, grade, count in summary.rows
    ]
    if wanted.format == "csv":
        write(exporting.csv_text(header, rows))
    elif wanted.format == "markdown":
        write(exporting.markdown_table(header, rows))
    else:
        print_table(header, rows)


def write_component_table(
    inputs: Sequence[Path], table: Path, reading: Reading, limits: tuple[str, ...], *, quiet: bool
) -> NoReturn:
    """Write the component table of some inputs."""
    from opengrade.bulk.files import write_table
    from opengrade.bulk.sources import described, write_hub_table
    from opengrade.bulk.workplace import workplace

    if table.suffix.lower() != TABLE:
        raise UsageError("a component table is written as Parquet.", fix="Give it a name in .parquet.")
    if len(inputs) == 1 and inputs[0].suffix.lower() == LINES:
        with workplace(table, inputs, rules="") as folder:
            source, code = _hub(inputs[0], folder, table, limits, [partial(_import_engine, "")], quiet=quiet)
            count = write_hub_table(table, source)
    else:
        submissions = reading.read(inputs)
        if not submissions:
            end(reading.code)
        count, code = write_table(table, described(submissions)), reading.code
    if not quiet:
        tell(f"{table}: {count} models.")
    end(code)
