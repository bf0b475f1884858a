"""Writes what was measured as CSV, as Markdown and as a plot."""

import csv
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from opengrade.exporting import markdown_table

Row = Mapping[str, str | float]


def write(folder: Path, rows: Sequence[Row]) -> Iterator[str]:
    """Write the rows of the scale measurement and yield which files were made."""
    folder.mkdir(parents=True, exist_ok=True)
    header = tuple(rows[0])
    table = [tuple(str(each[name]) for name in header) for each in rows]
    with (folder / "scale.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([header, *table])
    (folder / "scale.md").write_text(markdown_table(header, table), encoding="utf-8")
    yield f"written: {folder / 'scale.csv'} and scale.md"
    if not all(importlib.util.find_spec(name) for name in ("altair", "vl_convert")):
        yield "left out: the plot, since altair or vl-convert-python is missing (dependency group bench)"
        return
    _plot(folder, rows)
    yield f"written: {folder / 'scale.svg'} and scale.png"


def _plot(folder: Path, rows: Sequence[Row]) -> None:
    import altair  # noqa: PLC0415  (of the dependency group bench)

    values = [
        {"data": r["data"], "way": r["way"], "models": r["models"], "rate": r["models/s"]} for r in rows
    ]
    scale = altair.Scale(type="log")
    chart = (
        altair.Chart(altair.Data(values=values), width=560, height=380)
        .mark_line(point=True)
        .encode(
            x=altair.X("models:Q", scale=scale, title="models"),
            y=altair.Y("rate:Q", scale=scale, title="models per second"),
            color=altair.Color("way:N", title="way"),
            strokeDash=altair.StrokeDash("data:N", title="data"),
        )
    )
    for name in ("scale.svg", "scale.png"):
        chart.save(str(folder / name))
