"""Reads the `.rq` files: SPARQL with a YAML header in `#+` lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from opengrade.documents import yaml_mapping
from opengrade.errors import InputError, Place, UsageError
from opengrade.resources import data_files


@dataclass(frozen=True)
class Query:
    """A query file: its name, its header and its text, which is SPARQL as it stands."""

    name: str
    path: Path
    header: Mapping[str, Any]
    text: str

    @property
    def title(self) -> str:
        """The title of the header, or the name."""
        return str(self.header.get("title", self.name))

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """Variables that are bound from outside: name to type, description and default."""
        return self.header.get("parameters") or {}


def read_query(path: Path) -> Query:
    """Read a query file; RuleError where the header is not a YAML mapping."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}.", where=Place(str(path))) from None
    except UnicodeDecodeError:
        raise InputError("this is not UTF-8 text.", where=Place(str(path))) from None
    lines = [line[2:].removeprefix(" ") for line in text.splitlines() if line.startswith("#+")]
    header = yaml_mapping("\n".join(lines), str(path))
    return Query(path.stem, path, header, text)


@cache
def questions() -> Mapping[str, Query]:
    """Return the questions that ship with OpenGrade, by name."""
    paths = (*data_files("queries", "*.rq"), *data_files("queries/classes", "*.rq"))
    return {path.stem: read_query(path) for path in paths}


@cache
def mappings() -> tuple[Query, ...]:
    """Return the import mappings, in the order of their names."""
    return tuple(read_query(path) for path in data_files("queries/import", "*.rq"))


def question(name: str) -> Query:
    """Return a question by name; UsageError with the names there are."""
    try:
        return questions()[name]
    except KeyError:
        known = ", ".join(questions())
        raise UsageError(f'there is no query "{name}".', fix=f"Choose one of: {known}.") from None
