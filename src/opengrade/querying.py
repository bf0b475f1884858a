"""Prepares questions and writes their answers."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from opengrade.errors import UsageError
from opengrade.graph import BlankNode, Literal, NamedNode, Term, Triple
from opengrade.namespaces import compact, prefixes, term
from opengrade.queries import Query, question, read_query
from opengrade.store import Answer


def load(name: str | None, expression: str | None) -> Query:
    """Return a question by its text, its file, or its name."""
    if expression is not None:
        return Query("query", Path("query"), {}, expression)
    assert name is not None
    path = Path(name)
    return read_query(path) if path.suffix == ".rq" else question(name)


def bindings(query: Query, settings: Sequence[str]) -> dict[str, NamedNode | Literal]:
    """Return the values of a question's parameters: as set, or their defaults."""
    given = dict(_setting(each, query) for each in settings)
    found: dict[str, NamedNode | Literal] = {}
    for name, about in query.parameters.items():
        text = given.get(name, about.get("default"))
        if text is None:
            raise UsageError(
                f"the question needs a value for {name}.",
                fix=f"Say, for example: --set {name}={about.get('example')}.",
            )
        found[name] = _value(str(text), str(about.get("type", "string")), name)
    return found


def _setting(text: str, query: Query) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or name not in query.parameters:
        known = ", ".join(query.parameters) or "none"
        raise UsageError(
            f'"{text}" does not set a parameter of {query.name}.', fix=f"Its parameters: {known}."
        )
    return name, value


def _value(text: str, kind: str, name: str) -> NamedNode | Literal:
    if kind != "iri":
        return Literal(text)
    prefix = text.partition(":")[0]
    try:
        return term(text) if prefix in prefixes() else NamedNode(text.removeprefix("<").removesuffix(">"))
    except ValueError:
        raise UsageError(
            f'"{text}" is not an IRI, which {name} has to be.', fix="Give one, such as mof:class-iii."
        ) from None


def with_values(text: str, values: Mapping[str, NamedNode | Literal]) -> str:
    """Return the query with its parameters bound by a VALUES block at the start of the WHERE clause.

    The values are written by the RDF library, so that no text can break out of its place; the result is
    plain SPARQL that any engine runs.
    """
    if not values:
        return text
    names = " ".join(f"?{name}" for name in values)
    row = " ".join(str(value) for value in values.values())
    block = f" VALUES ({names}) {{ ({row}) }}"
    return re.sub(r"WHERE\s*\{", lambda match: match[0] + block, text, count=1)


def rows(answer: Answer, *, short: bool) -> list[list[str]]:
    """Return the rows of a table as texts; IRIs compactly if `short`."""
    assert not isinstance(answer, bool | tuple)
    return [[_shown(cell, short=short) for cell in row] for row in answer.rows]


def _shown(cell: Term | None, *, short: bool) -> str:
    if cell is None:
        return ""
    if isinstance(cell, NamedNode):
        return compact(cell) if short else cell.value
    return cell.value if isinstance(cell, Literal | BlankNode) else str(cell)


def to_json(answer: Answer) -> str:
    """Return an answer in the SPARQL 1.1 Query Results JSON Format."""
    if isinstance(answer, bool):
        document: dict[str, Any] = {"head": {}, "boolean": answer}
    else:
        assert not isinstance(answer, tuple)
        bindings_ = [
            {
                name: _json_term(cell)
                for name, cell in zip(answer.variables, row, strict=True)
                if cell is not None
            }
            for row in answer.rows
        ]
        document = {"head": {"vars": list(answer.variables)}, "results": {"bindings": bindings_}}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _json_term(cell: Term) -> dict[str, Any]:
    if isinstance(cell, NamedNode):
        return {"type": "uri", "value": cell.value}
    if isinstance(cell, BlankNode):
        return {"type": "bnode", "value": cell.value}
    if isinstance(cell, Triple):
        parts = {"subject": cell.subject, "predicate": cell.predicate, "object": cell.object}
        return {"type": "triple", "value": {name: _json_term(part) for name, part in parts.items()}}
    found = {"type": "literal", "value": cell.value}
    if cell.language:
        found["xml:lang"] = cell.language
    elif cell.datatype != term("xsd:string"):
        found["datatype"] = cell.datatype.value
    return found
