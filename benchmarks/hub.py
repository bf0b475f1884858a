"""Compares grading a file of records of the Hub, end to end, with merely parsing the same file by DuckDB."""

import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import hub_data
from benchmarks.measuring import Called, call, verdict

LIMIT = 6.0
LARGEST_MB = 4096.0
# All fields that the import reads; what has several forms is left as JSON, which is the least work.
COLUMNS = {
    **dict.fromkeys(("id", "sha", "createdAt", "lastModified", "pipeline_tag", "library_name"), "VARCHAR"),
    **dict.fromkeys(("license", "license_name", "license_link", "base_model", "base_model_relation"), "JSON"),
    **dict.fromkeys(("datasets", "gated", "private", "disabled", "cardData", "safetensors"), "JSON"),
    **dict.fromkeys(("tags",), "VARCHAR[]"),
    "siblings": "STRUCT(rfilename VARCHAR)[]",
}
# What touches each column, so that none is left out by the reader.
TOUCH = {"VARCHAR[]": "sum(len({}))", "STRUCT(rfilename VARCHAR)[]": "sum(len({}))"}
PARSE = """
import duckdb, sys
duckdb.connect(config={{"preserve_insertion_order": False}}).execute({query!r}, [sys.argv[1]]).fetchall()
"""


def parsing() -> str:
    """Return the query that parses and no more."""
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    touched = ", ".join(
        TOUCH.get(kind, "sum(strlen({}::VARCHAR))").format(f'"{name}"') for name, kind in COLUMNS.items()
    )
    return (
        f"SELECT count(*), {touched} FROM read_json(?, format='newline_delimited', ignore_errors=true,"
        f" columns={{{columns}}})"
    )


def hub(count: int, rounds: int, kept: Path | None = None, *, cards: bool = False) -> Iterator[str]:
    """Measure both ways in turn; `kept` is the folder in which generated lines stay for the next time."""
    with tempfile.TemporaryDirectory() as name:
        folder = kept or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        lines = folder / f"hub-{count}{'-cards' if cards else ''}.jsonl"
        if not lines.exists():
            partial = lines.with_suffix(".partial")
            hub_data.write(count, partial, cards=cards)
            partial.replace(lines)
        out = Path(name) / "results.parquet"
        grade = ["-m", "opengrade", "assess", str(lines), "--format", "json"]
        grade += ["--engine", "duckdb", "--out", str(out)]
        # Some lines are broken, so the whole ends with 3, as it should.
        tolerant = "import subprocess, sys; code = subprocess.call([sys.executable, *sys.argv[1:]])"
        tolerant += "; sys.exit(0 if code in (0, 3) else code or 1)"
        commands = {
            "DuckDB parses": [sys.executable, "-c", PARSE.format(query=parsing()), str(lines)],
            "opengrade assess": [sys.executable, "-c", tolerant, *grade],
        }
        calls: dict[str, list[Called]] = {way: [] for way in commands}
        for _ in range(rounds):
            for way, command in commands.items():
                out.unlink(missing_ok=True)
                calls[way].append(call(command))
        yield f"{count:,} lines, {lines.stat().st_size / 1e6:,.0f} MB"
        seconds = {way: statistics.median(c.seconds for c in of) for way, of in calls.items()}
        peaks = {way: statistics.median(c.megabytes for c in of) for way, of in calls.items()}
        for way in commands:
            yield f"{way:18}{seconds[way]:>8.2f} s {peaks[way]:>7,.0f} MB (median of {rounds})"
        yield verdict("grading to parsing", seconds["opengrade assess"] / seconds["DuckDB parses"], LIMIT)
        yield verdict("peak memory in MB of grading", peaks["opengrade assess"], LARGEST_MB)
