"""Prints tables and progress for people, on terminals and in files."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

T = TypeVar("T")
STYLES = {"met": "green", "not-met": "red", "not-stated": "yellow"}
WIDE = 100_000


def printable(text: str) -> str:
    """Return text without control characters and without those that turn the direction of writing."""
    bad = {0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
    return "".join(c if c.isprintable() and ord(c) not in bad else "\N{REPLACEMENT CHARACTER}" for c in text)


def harmless_line(text: str) -> str:
    """Return text as one line that neither terminals nor runners of workflows take for a command."""
    text = printable(text).replace("##[", "# #[")
    return f"./{text}" if text.lstrip().startswith("::") else text


def print_lines(lines: Iterable[str]) -> None:
    """Print lines to standard output, made harmless to terminals."""
    sys.stdout.write("".join(harmless_line(line) + "\n" for line in lines))


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print aligned columns to standard output; a terminal wraps them, a file gets whole lines."""
    terminal = sys.stdout.isatty()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold" if terminal else "")
    for name in header:
        table.add_column(name, no_wrap=not terminal, overflow="fold" if terminal else "ignore")
    for row in rows:
        table.add_row(*(Text(harmless_line(cell), style=STYLES.get(cell, "")) for cell in row))
    console = Console(width=None if terminal else WIDE, highlight=False, soft_wrap=False)
    with console.capture() as captured:
        console.print(table)
    text = captured.get()
    sys.stdout.write("".join(line.rstrip() + "\n" for line in text.splitlines()) if not terminal else text)


def progress(items: Iterable[T], what: str, count: int) -> Iterator[T]:
    """Yield the items, with a bar on standard error when that is a terminal and the work is long."""
    if count < 20 or not sys.stderr.isatty():
        yield from items
        return
    from rich.progress import track  # noqa: PLC0415  (only long work on a terminal needs it)

    bar = Console(stderr=True)
    yield from track(items, description=escape(what), total=count, console=bar, transient=True)


@contextmanager
def bar(what: str, total: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """Yield a function that shows how much of some work is done, on standard error if that is a terminal."""
    if not shown or not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(escape(what), total=total)
        yield lambda done: progress.update(task, completed=done)
