"""Assesses models: facts in, findings and grades out, by either route."""

import importlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

from opengrade.derive import Facts, ModelFacts
from opengrade.findings import Finding, findings
from opengrade.frameworks import Framework, Grade
from opengrade.graph import Literal, NamedNode, Quad, Term, Triple
from opengrade.namespaces import local_name, term
from opengrade.proving import Prover
from opengrade.routes import Outcome

ROUTES = ("sparql", "shacl", "memory")
BATCH = 1000
# Read of every model, whatever a framework looks at: types, and what findings put into words.
ALWAYS = frozenset(
    (
        *(term("rdf:type"), term("ogr:hasDataClass"), term("ogr:licenseText")),
        *(term("ogr:judgedBy"), term("ogr:givesAnswer")),
    )
)


@dataclass(frozen=True, slots=True)
class Assessment:
    """The findings and the grade of one model under one framework.

    `grade` is the local name of the highest grade met, or None; `progress` maps each grade, highest first, to
    the share of its criteria that are met, 0 to 1; `counts` holds the same as numbers of criteria. `score` is
    the mean of all points, 0 to 1, None where the framework has no score or nobody judged the model by it;
    `groups` holds the means of its groups by their local names. `notice` is what readers have to know of the
    verdicts of the framework.
    """

    model: str
    name: str
    source: str
    framework: str
    framework_iri: str
    grade: str | None
    score: float | None
    progress: tuple[tuple[str, float], ...]
    counts: tuple[tuple[str, int, int], ...]
    findings: tuple[Finding, ...]
    groups: tuple[tuple[str, float], ...] = ()
    notice: str | None = None


class Route(Protocol):
    """A module that can run criteria."""

    def run(self, framework: Framework, triples: Iterable[Triple]) -> Outcome:
        """Return which nodes conform to which shapes."""


def route(name: str) -> ModuleType:
    """Import a route by name; only the one that is used is loaded."""
    return importlib.import_module(f"opengrade.routes.{name}")


def assess(submissions: Iterable[Facts], framework: Framework, *, by: str = "sparql") -> Iterator[Assessment]:
    """Yield the assessment of every model, in the order given.

    Submissions are run in batches in which no node is described twice, so that no submission can add to what
    another says of a model.
    """
    run = route(by).run
    looked_at = framework.properties() | ALWAYS
    for batch in _batches(submissions):
        seen = [[t for t in facts.triples if t.predicate in looked_at] for facts in batch]
        outcome = run(framework, [t for triples in seen for t in triples])
        for facts, triples in zip(batch, seen, strict=True):
            prover = Prover(framework.shapes, triples)
            for model in facts.models:
                yield _assessment(framework, model, outcome, prover)


def _is_of_option(triple: Triple) -> bool:
    """Say whether a triple describes an option of licenses, which is named by what it holds."""
    return triple.predicate == term("ogr:requiresLicense") or triple.object == term("ogr:LicenseOption")


def _batches(submissions: Iterable[Facts]) -> Iterator[list[Facts]]:
    batch: list[Facts] = []
    seen: set[Term] = set()
    for facts in submissions:
        nodes = {t.subject for t in facts.triples if not _is_of_option(t)}
        if batch and (nodes & seen or len(batch) >= BATCH):
            yield batch
            batch, seen = [], set()
        batch.append(facts)
        seen |= nodes
    if batch:
        yield batch


def _assessment(framework: Framework, model: ModelFacts, outcome: Outcome, prover: Prover) -> Assessment:
    found = tuple(findings(framework, model, outcome, prover))
    met = {each.iri for each in found if each.status == "met"}
    counts = tuple(_count(grade, met) for grade in reversed(framework.grades))
    best = [name for name, reached, total in counts if reached == total]
    return Assessment(
        model=model.node.value,
        name=model.name,
        source=model.source,
        framework=framework.name,
        framework_iri=framework.node.value,
        grade=best[0] if best else None,
        score=_score(found),
        progress=tuple((name, reached / total if total else 1.0) for name, reached, total in counts),
        counts=counts,
        findings=found,
        groups=tuple(_groups(framework, found)),
        notice=framework.notice,
    )


def _score(found: Iterable[Finding]) -> float | None:
    """Return the mean of the points, None where every criterion that earns some still has to be judged."""
    scored = [each for each in found if each.points is not None]
    judged = any(each.status != "not-stated" for each in scored)
    return sum(each.points or 0 for each in scored) / len(scored) if judged else None


def _groups(framework: Framework, found: Sequence[Finding]) -> Iterator[tuple[str, float]]:
    if framework.score is None or _score(found) is None:
        return
    for group, _ in framework.score.groups:
        members = {i.criterion.value for i in framework.score.items if i.group == group}
        points = [each.points or 0 for each in found if each.iri in members]
        yield local_name(group), sum(points) / len(points)


def _count(grade: Grade, met: set[str]) -> tuple[str, int, int]:
    return grade.name, sum(each.value in met for each in grade.required), len(grade.required)


def as_triples(assessments: Iterable[Assessment], framework: Framework) -> Iterator[Quad]:
    """Yield assessments as RDF: which grades are met, and each finding."""
    a = term("rdf:type")
    for each in assessments:
        node = NamedNode(f"{each.framework_iri}/assessment/{_slug(each)}")
        yield _quad(node, a, term("ogr:Assessment"))
        yield _quad(node, term("ogr:assesses"), NamedNode(each.model))
        yield _quad(node, term("ogr:underFramework"), framework.node)
        for grade, (_, reached, total) in zip(reversed(framework.grades), each.counts, strict=True):
            if reached == total:
                yield _quad(node, term("ogr:meetsGrade"), grade.node)
        for finding in each.findings:
            yield from _finding_triples(node, finding)


def _slug(assessment: Assessment) -> str:
    import hashlib  # noqa: PLC0415

    key = f"{assessment.source}\n{assessment.model}"
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _finding_triples(assessment: NamedNode, finding: Finding) -> Iterator[Quad]:
    node = NamedNode(f"{assessment.value}#{finding.criterion}")
    yield _quad(assessment, term("ogr:hasFinding"), node)
    yield _quad(node, term("rdf:type"), term("ogr:Finding"))
    yield _quad(node, term("ogr:judges"), NamedNode(finding.iri))
    yield _quad(node, term("ogr:hasStatus"), term(f"ogr:{finding.status}"))
    yield _quad(node, term("ogr:message"), Literal(finding.message))
    if finding.reason is not None:
        yield _quad(node, term("ogr:hasReason"), term(f"ogr:{finding.reason}"))
    if finding.component is not None:
        yield _quad(node, term("ogr:concernsComponent"), NamedNode(finding.component))


def _quad(subject: NamedNode, predicate: NamedNode, value: Term) -> Quad:
    return Quad(subject, predicate, value)
