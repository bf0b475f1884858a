"""The limits that an input has to keep, each with its name, its default and what it bounds."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from types import MappingProxyType

from opengrade.errors import LimitError, Place, UsageError


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one input, or one step of work, may cost."""

    time: int = 60
    memory: int = 2048
    file_size: int = 64
    nesting: int = 200
    values: int = 200_000
    statements: int = 200_000
    literal: int = 65_536
    digits: int = 100
    result: int = 256

    def reached(self, name: str, where: Place | None = None) -> LimitError:
        """Return the error that says that a limit was reached and how to allow more."""
        field = name.replace("-", "_")
        amount, unit = getattr(self, field), UNITS[field]
        return LimitError(
            f"the limit {name} was reached: {MEANINGS[field]} {amount:,} {unit}.",
            fix=f"If you trust the input, allow more with --limit {name}=N.",
            where=where,
            limit=name,
        )


UNITS = MappingProxyType(
    {
        "time": "seconds",
        "memory": "MiB",
        "file_size": "MiB",
        "nesting": "levels",
        "values": "values",
        "statements": "statements",
        "literal": "bytes",
        "digits": "digits",
        "result": "MiB",
    }
)
MEANINGS = MappingProxyType(
    {
        "time": "one step, such as reading a file or answering a query, may take",
        "memory": "the process that reads an input may use",
        "file_size": "a file may have",
        "nesting": "values may be nested in each other to",
        "values": "a YAML or JSON file, its aliases written out, may stand for",
        "statements": "a file may make",
        "literal": "a single text may have",
        "digits": "a number may have",
        "result": "what a step gives back may have",
    }
)


def names() -> tuple[str, ...]:
    """Return the names of all limits, as they are written in options and messages."""
    return tuple(field.name.replace("_", "-") for field in fields(Limits))


def rows() -> tuple[tuple[str, int, str, str], ...]:
    """Return name, default, unit and meaning of each limit."""
    return tuple(
        (field.name.replace("_", "-"), int(str(field.default)), UNITS[field.name], MEANINGS[field.name])
        for field in fields(Limits)
    )


def limits_from(settings: Iterable[str]) -> Limits:
    """Return the defaults changed by settings such as `time=120`; UsageError for any other text."""
    found = Limits()
    for setting in settings:
        name, _, amount = setting.partition("=")
        if name not in names() or not amount.isdecimal() or not 0 < int(amount) < 10**9:
            raise UsageError(
                f'"{setting}" does not set a limit.',
                fix=f"Write NAME=N with a whole number and one of: {', '.join(names())}.",
            )
        found = replace(found, **{name.replace("-", "_"): int(amount)})
    return found
