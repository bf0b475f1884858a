"""What the commands explain, improve, what-if and compare work out, ready to be printed."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from opengrade import comparing, explaining
from opengrade.assessing import Assessment, assess
from opengrade.derive import derive_facts
from opengrade.editing import apply, edits_from
from opengrade.exporting import markdown_table, markdown_text, to_turtle
from opengrade.frameworks import Framework, Grade
from opengrade.graph import Graph, NamedNode, Quad
from opengrade.importing import Submission
from opengrade.improving import Plan, improve
from opengrade.namespaces import term
from opengrade.reporting import headline

COMPARED = "https://w3id.org/opengrade/schema/what-if/1"
PLANS = "https://w3id.org/opengrade/schema/plan/1"


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows, with lines that stand before them."""

    before: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Parts = tuple[Table | str, ...]


def as_json(document: Any) -> str:
    """Return a document as JSON text."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def as_markdown(parts: Parts) -> str:
    """Return tables and lines as Markdown."""
    found = []
    for part in parts:
        if isinstance(part, str):
            found.append(f"{markdown_text(part)}\n")
        else:
            found += [f"{markdown_text(line)}\n\n" for line in part.before]
            found.append(markdown_table(part.header, part.rows))
    return "".join(found)


# --- explain ---


def explained(
    submissions: Sequence[Submission], rules: Sequence[Framework], format_: str, criteria: Sequence[str]
) -> str | Parts:
    """Explain each model under each framework: lines, or text where another format is wanted."""
    found = [
        each
        for submission in submissions
        for facts in (derive_facts(submission.quads, source=submission.source),)
        for rule in rules
        for each in explaining.explain(facts, rule)
    ]
    if format_ == "json":
        return as_json(explaining.to_document(found))
    if format_ == "turtle":
        return to_turtle(explaining.as_quads(found))
    lines: list[str] = []
    for each in found:
        lines += [""] if lines else []
        lines += [*headline(each.assessment, rules), *explaining.lines(each, findings=criteria)]
    return tuple(lines)


# --- improve ---


def plans(submissions: Sequence[Submission], rule: Framework, grade: Grade) -> tuple[Plan, ...]:
    """Return the way of each model to a grade."""
    return tuple(
        plan for each in submissions for plan in improve(each.quads, rule, grade, source=each.source)
    )


def plan_lines(plan: Plan, rule: Framework) -> Iterator[str]:
    """Yield a plan in lines."""
    grade = rule.grade(plan.grade)
    name = f"{plan.grade} ({grade.label}) of {plan.framework}" if grade else plan.grade
    if plan.met:
        yield f"{plan.name} meets {name} already."
    elif not plan.reachable:
        yield f"{plan.name} cannot reach {name} by its producer alone."
        yield from (f"  - {blocker}" for blocker in plan.blockers)
    else:
        count = len(plan.changes)
        what = "one change is needed" if count == 1 else f"{count} changes are needed, and no fewer do"
        yield f"For {plan.name} to meet {name}, {what}:"
        yield from (f"  {number}. {each.text}" for number, each in enumerate(plan.changes, start=1))


def plan_document(found: Sequence[Plan]) -> dict[str, Any]:
    """Return plans as a JSON document."""
    return {
        "schema": PLANS,
        "plans": [
            {
                "model": each.model,
                "name": each.name,
                "source": each.source,
                "framework": each.framework,
                "grade": each.grade,
                "met": each.met,
                "reachable": each.reachable,
                "changes": [
                    {
                        "kind": change.kind,
                        "thing": change.thing,
                        "text": change.text,
                        "statements": [
                            {
                                "subject": edit.thing.value,
                                "predicate": edit.property.value,
                                "object": str(edit.value),
                            }
                            for edit in change.edits
                        ],
                    }
                    for change in each.changes
                ],
                "blockers": list(each.blockers),
            }
            for each in found
        ],
    }


# --- what if ---


def supposed(
    submissions: Sequence[Submission], rules: Sequence[Framework], settings: Sequence[str], format_: str
) -> str | Parts:
    """Say what the verdicts on each model are before and after some settings."""
    documents: list[dict[str, Any]] = []
    parts: list[Table | str] = []
    for submission in submissions:
        for model in _models(submission.quads):
            changed = apply(submission.quads, model, edits_from(settings, submission.quads, model))
            columns = [
                _judged(quads, submission.source, model, rules) for quads in (submission.quads, changed)
            ]
            names = ("before", "after")
            documents.append(comparing.to_document(columns, names, {r.name: r for r in rules}))
            parts += _side_by_side(columns, names, f"{columns[0][0].name}, with {' and '.join(settings)}:")
    if format_ == "json":
        return as_json({"schema": COMPARED, "settings": list(settings), "comparisons": documents})
    return tuple(parts)


def _models(quads: Sequence[Quad]) -> list[NamedNode]:
    found = Graph(quads).subjects(term("rdf:type"), term("ogr:Model"))
    return [each for each in found if isinstance(each, NamedNode)]


def _judged(
    quads: Sequence[Quad], source: str, model: NamedNode, rules: Sequence[Framework]
) -> list[Assessment]:
    facts = derive_facts(quads, source=source)
    return [
        each for rule in rules for each in assess([facts], rule, by="memory") if each.model == model.value
    ]


# --- compare ---


def compared(submissions: Sequence[Submission], rules: Sequence[Framework], format_: str) -> str | Parts:
    """Set all models side by side."""
    columns = [
        _judged(each.quads, each.source, model, rules)
        for each in submissions
        for model in _models(each.quads)
    ]
    names = [column[0].name for column in columns]
    if format_ == "json":
        return as_json(comparing.to_document(columns, names, {r.name: r for r in rules}))
    parts = _side_by_side(columns, names, "")
    apart = list(comparing.grades_apart(columns))
    if apart:
        parts += ["", "Where frameworks differ on one model:", *(f"  {line}" for line in apart)]
    return tuple(parts)


def _side_by_side(
    columns: Sequence[Sequence[Assessment]], names: Sequence[str], title: str
) -> list[Table | str]:
    verdicts = Table((title,) if title else (), ("Framework", *names), tuple(comparing.side_by_side(columns)))
    parts: list[Table | str] = [verdicts]
    rows = tuple(
        (each.framework, each.findings[0].label, *(comparing.found_of(f) for f in each.findings))
        for each in comparing.differences(columns)
    )
    if rows:
        parts += ["", Table((), ("Framework", "Criterion found differently", *names), rows)]
    elif len(columns) > 1:
        parts += ["", "No criterion is found differently."]
    return parts
