"""The example files of frameworks: where they lie, what they say of themselves, what is found of them."""

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from opengrade.assessing import assess
from opengrade.derive import Facts, derive_facts
from opengrade.findings import Finding, finding_of
from opengrade.frameworks import Framework
from opengrade.graph import Literal, NamedNode, Quad, parse
from opengrade.loading import framework_files
from opengrade.namespaces import local_name, term
from opengrade.proving import Prover
from opengrade.vocabulary import vocabulary
from support import TESTS, assessed, facts_of

EXAMPLES = TESTS / "frameworks"
FRAMEWORKS = tuple(framework_files())


def examples(name: str) -> list[Path]:
    return sorted((EXAMPLES / name).glob("*/*.ttl"))


@cache
def example_facts(name: str) -> tuple[Facts, ...]:
    return tuple(facts_of(path) for path in examples(name))


def expected(path: Path) -> tuple[bool, str | None]:
    outcome, _, reason = path.stem.partition("--")[0].partition("-")
    assert outcome in ("pass", "fail"), f"{path} is named neither pass nor fail"
    return outcome == "pass", reason.upper() or None


def found(finding: Finding) -> tuple[bool, str | None]:
    return finding.status == "met", finding.reason


def judged(rules: Framework, facts: tuple[Facts, ...], by: str) -> dict[str, Finding]:
    """Return for each example file the finding of the criterion that its folder names."""
    return {
        source: next(f for f in each.findings if f.criterion == Path(source).parent.name)
        for source, each in assessed(facts, rules, by).items()
    }


def judged_alone(rules: Framework, criterion: str, facts: Facts) -> Finding:
    """Return the finding of one criterion, nothing else being looked at."""
    (model,) = facts.models
    found_ = next(each for each in rules.criteria if each.name == criterion)
    prover = Prover(rules.shapes, facts.triples)
    halves = [item.half for item in rules.score.items if item.half] if rules.score else []
    expressions = {half: rules.shapes[half] for half in halves} | {found_.node: found_.expression}
    outcome = {
        node: frozenset({model.node} if prover.holds(expression, model.node) else ())
        for node, expression in expressions.items()
    }
    return finding_of(rules, model, found_, outcome, prover)


def points_of(path: Path) -> float:
    """Return the points that an example earns: its name ends in in-part where they are half a point."""
    return 1.0 if expected(path)[0] else 0.5 if path.stem.endswith("in-part") else 0.0


def complete(name: str) -> Path:
    return EXAMPLES / name / "complete.ttl"


def lacking(name: str, change: str) -> Facts:
    """Return the complete model, under another name, after changes.

    A word that names a kind, question or level takes the things away that have it, one that names a property
    all its statements; `Kind/value` gives things of a kind another license, availability or data class.
    """
    text = complete(name).read_text(encoding="utf-8")
    text = text.replace("-complete", f"-without-{re.sub(r'[^A-Za-z0-9-]', '-', change)}")
    quads = list(parse(text.encode(), syntax="turtle", path=change))
    for word in change.split():
        before = len(quads), set(quads)
        quads = list(_changed(quads, *word.split("/")))
        assert (len(quads), set(quads)) != before, word
    return derive_facts(quads, source=change)


def _changed(quads: list[Quad], word: str, value: str = "") -> Iterator[Quad]:
    node = term(f"ogr:{word}")
    concerned = {q.subject for q in quads if node == q.object}
    if not value:
        gone = {term(f"ogr:{word}"), *concerned}
        yield from (q for q in quads if not gone & {q.subject, q.predicate, q.object})
        return
    property_ = _PROPERTIES.get(value, term("ogr:licenseExpression"))
    for quad in quads:
        if quad.subject not in concerned or quad.predicate != property_:
            yield quad
    for subject in concerned:
        object_ = term(f"ogr:{value}") if value in _PROPERTIES else Literal(value)
        assert isinstance(subject, NamedNode)
        yield Quad(subject, property_, object_)


_PROPERTIES = {
    local_name(node): term(f"ogr:has{range_}")
    for range_ in ("DataClass", "Availability")
    for node in vocabulary().graph.subjects(term("rdf:type"), term(f"ogr:{range_}"))
    if isinstance(node, NamedNode)
}


@cache
def grades_left(name: str) -> dict[str, str | None]:
    """Return the table grades.csv: the grade that is left when components of some kinds are taken away."""
    with (EXAMPLES / name / "grades.csv").open(newline="") as rows:
        return {row["without"]: row["grade"] or None for row in csv.DictReader(rows)}


def grades_found(rules: Framework) -> dict[str, str | None]:
    models = [lacking(rules.name, kind) for kind in grades_left(rules.name)]
    return {each.source: each.grade for each in assess(models, rules, by="memory")}


SHOWN_ON = {"code": "TrainingCode", "data": "Datasets", "document": "ModelCard"}


@cache
def table_of_licenses(name: str) -> dict[tuple[str, str], tuple[bool, bool]]:
    """Return the table licenses.csv: by license and content, whether it is accepted and typed for that."""
    path = EXAMPLES / name / "licenses.csv"
    if not path.exists():
        return {}
    with path.open(newline="") as rows:
        return {
            (row["license"], content): (row["accepted"] == "yes", content in row["typed"].split())
            for row in csv.DictReader(rows)
            for content in SHOWN_ON
        }


@cache
def licensed_models(name: str) -> tuple[Facts, ...]:
    """Return a model with one component for each line of the table."""
    return tuple(
        derive_facts(
            parse(
                f"<urn:m:{number}> a {term('ogr:Model')} ; {term('ogr:hasComponent')} <urn:c:{number}> ."
                f"<urn:c:{number}> a {term(f'ogr:{SHOWN_ON[content]}')} ;"
                f" {term('ogr:licenseExpression')} '{license_}' .".encode(),
                syntax="turtle",
                path=f"{license_}|{content}",
            ),
            source=f"{license_}|{content}",
        )
        for number, (license_, content) in enumerate(table_of_licenses(name))
    )


def licenses_found(rules: Framework) -> dict[tuple[str, str], tuple[bool, bool]]:
    """Return what the rules say of each line; of a license that is not accepted only that."""
    answer = {}
    for source, each in assessed(licensed_models(rules.name), rules).items():
        license_, _, content = source.partition("|")
        finding = next(f for f in each.findings if f.criterion == f"{SHOWN_ON[content]}Released")
        met = finding.status == "met"
        answer[license_, content] = met, met and finding.reason is None
    return answer


def licenses_expected(name: str) -> dict[tuple[str, str], tuple[bool, bool]]:
    return {key: (met, met and typed) for key, (met, typed) in table_of_licenses(name).items()}
