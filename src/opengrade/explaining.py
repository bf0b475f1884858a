"""Explains findings: the statements that decide each, the graph each stands in, and where it was read."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from opengrade.assessing import Assessment, assess
from opengrade.derive import Facts, ModelFacts
from opengrade.describing import Names, is_unnamed
from opengrade.evidence import Evidence, evidence_for
from opengrade.findings import Finding
from opengrade.frameworks import Criterion, Framework
from opengrade.graph import Literal, NamedNode, Quad, Term, Triple
from opengrade.licenses import license_index, license_quads
from opengrade.namespaces import term
from opengrade.proving import Prover
from opengrade.vocabulary import vocabulary

SCHEMA = "https://w3id.org/opengrade/schema/explanation/1"
# The kinds of graph that a statement can stand in.
STATED, DERIVED, CURATED = "evidence", "facts", "licenses"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that decides a finding.

    `graph` is evidence where a source states it, facts where it was worked out, licenses where it is a
    curated fact about licenses. `follows_from` holds the statements that a worked-out one follows from: none
    where it follows from silence. `sources` tell where a stated one was read.
    """

    triple: Triple
    graph: str
    words: str
    follows_from: tuple["Statement", ...] = ()
    sources: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """A finding with its criterion and the statements that decide it.

    Where the finding is not met, the statements are all that could have met it.
    """

    finding: Finding
    criterion: Criterion
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """An assessment with a proof for each finding."""

    assessment: Assessment
    framework: Framework
    proofs: tuple[Proof, ...]


def explain(facts: Facts, framework: Framework) -> Iterator[Explanation]:
    """Yield an explanation for each model of a submission."""
    models = {each.node.value: each for each in facts.models}
    prover = Prover(framework.shapes, facts.triples)
    for assessment in assess([facts], framework):
        writer = _Writer(facts, models[assessment.model], prover)
        proofs = tuple(
            Proof(finding, criterion, tuple(writer.statements(criterion)))
            for finding, criterion in zip(assessment.findings, framework.criteria, strict=True)
        )
        yield Explanation(assessment, framework, proofs)


class _Writer:
    """Turns triples into statements with their sources."""

    def __init__(self, facts: Facts, model: ModelFacts, prover: Prover) -> None:
        self.facts = facts
        self.prover = prover
        self.model = model
        self.stated = frozenset(model.graph)
        self.names = Names(model.graph)

    def statements(self, criterion: Criterion) -> Iterator[Statement]:
        for triple in self.prover.proof(criterion.expression, self.model.node):
            yield self.statement(triple)

    def statement(self, triple: Triple) -> Statement:
        words = self.words(triple)
        if triple in self.facts.sources:
            parts = tuple(self.statement(each) for each in self.facts.sources[triple])
            return Statement(triple, DERIVED, words, parts)
        if triple in self.stated:
            return Statement(triple, STATED, words, (), tuple(self.sources(triple)))
        if triple in _curated():
            return Statement(triple, CURATED, words, (), _license_sources(triple))
        return Statement(triple, DERIVED, words)

    def sources(self, triple: Triple) -> Iterator[Evidence]:
        """Yield the evidence of a statement: of its subject, or of what it ties to a model."""
        graph = self.model.graph
        if triple.predicate in (term("ogr:hasComponent"), term("ogr:hasJudgement")):
            yield from evidence_for(graph, triple.object, triple.predicate)
        else:
            yield from evidence_for(graph, triple.subject, triple.predicate)

    def words(self, triple: Triple) -> str:
        label = vocabulary().graph.text(triple.predicate, term("rdfs:label"))
        verb = "is" if triple.predicate == term("rdf:type") else label or triple.predicate.value
        return f"{self.shown(triple.subject)} {verb} {self.shown(triple.object)}"

    def shown(self, node: Term) -> str:
        if isinstance(node, Literal):
            return node.value if node.datatype == term("xsd:boolean") else f'"{node.value}"'
        index = license_index()
        if isinstance(node, NamedNode):
            label = index.graph.text(node, term("dcterms:identifier"))
            label = label or vocabulary().graph.text(node, term("rdfs:label"))
            if label:
                return label
            required = self.prover.facts.nodes(node, term("ogr:requiresLicense"))
            options = [index.label(each) for each in required if isinstance(each, NamedNode)]
            if options:
                return f"the option {' AND '.join(sorted(options))}"
            data = next((each.name for each in self.model.data if each.node == node), None)
            if data and is_unnamed(node):
                return data
        question = self.model.graph.node(node, term("ogr:onQuestion"))
        if isinstance(question, NamedNode):
            asked = vocabulary().graph.text(question, term("rdfs:label")) or question.value
            return f'{self.names.of(node)} on "{asked}"'
        return self.names.of(node)


@cache
def _curated() -> frozenset[Triple]:
    return frozenset(quad.triple for quad in license_quads())


def _license_sources(triple: Triple) -> tuple[Evidence, ...]:
    """Return where a curated fact about a license was read: by its own evidence, or that of its list."""
    graph = license_index().graph
    node, property_ = triple.subject, triple.predicate
    found = evidence_for(graph, node, property_)
    lists = graph.subjects(term("rdf:type"), term("owl:Ontology"))
    general = [e for each in lists for e in evidence_for(graph, each, property_)]
    supported = any(
        property_ in graph.objects(each, term("ogr:supports"))
        for each in graph.nodes(node, term("ogr:hasEvidence"))
    )
    return found if supported or not general else tuple(general)


def lines(explanation: Explanation, *, findings: Sequence[str] = ()) -> Iterator[str]:
    """Yield an explanation in lines, of the criteria named or of all."""
    for proof in explanation.proofs:
        finding, criterion = proof.finding, proof.criterion
        if findings and finding.criterion not in findings:
            continue
        reason = f" ({finding.reason})" if finding.reason else ""
        yield ""
        yield f"{finding.criterion}: {finding.status}{reason}. {criterion.label}."
        yield f"  {finding.message}" + (f" {finding.fix}" if finding.fix else "")
        yield f"  Rule: {criterion.clause or 'no clause stated'}; {_places(criterion.evidence)}"
        if criterion.unverified:
            yield f"  Not verified: {criterion.unverified}"
        if not proof.statements:
            yield "  No statement speaks of this."
        others = [each for each in proof.statements if _of_another_kind(each, proof)]
        for statement in proof.statements:
            if statement not in others:
                yield from _statement_lines(statement, "  - ")
        if others:
            what = "thing of the model has" if len(others) == 1 else "things of the model have"
            yield f"  - {len(others)} further {what} nothing stated that would decide this."


def _of_another_kind(statement: Statement, proof: Proof) -> bool:
    """Say whether a statement only leads to a thing of which nothing matters here but what it is about."""
    about = statement.triple.object
    if statement.triple.predicate == term("ogr:onQuestion"):
        about = statement.triple.subject
    elif statement.triple.predicate not in (term("ogr:hasComponent"), term("ogr:hasJudgement")):
        return False
    said = {each.triple.predicate for each in proof.statements if each.triple.subject == about}
    return said <= {term("ogr:onQuestion")} and bool(proof.finding.component is None or not said)


def _statement_lines(statement: Statement, lead: str) -> Iterator[str]:
    yield f"{lead}{statement.words}{_origin(statement)}"
    for part in statement.follows_from:
        yield from _statement_lines(part, " " * len(lead) + "from: ")


def _origin(statement: Statement) -> str:
    if statement.graph == DERIVED:
        silent = statement.triple.predicate == term("ogr:licenseState")
        why = (
            "" if statement.follows_from else ": no source says otherwise" if silent else ": so by definition"
        )
        return f" [worked out{why}]"
    name = "stated" if statement.graph == STATED else "license facts"
    return f" [{name}; {_places(statement.sources)}]"


def _places(evidence: Iterable[Evidence]) -> str:
    shown = [
        f"{each.url or each.cited or each.clause}, seen {each.seen or 'on a day not stated'}"
        for each in evidence
    ]
    return "; ".join(dict.fromkeys(shown)) or "no source given"


def to_document(explanations: Iterable[Explanation]) -> dict[str, Any]:
    """Return explanations as a JSON document."""
    return {"schema": SCHEMA, "explanations": [_explanation(each) for each in explanations]}


def _explanation(each: Explanation) -> dict[str, Any]:
    a = each.assessment
    return {
        "model": a.model,
        "name": a.name,
        "source": a.source,
        "framework": a.framework,
        "grade": a.grade,
        "score": a.score,
        "notice": each.framework.notice,
        "criteria": [
            {
                "criterion": p.finding.criterion,
                "iri": p.finding.iri,
                "label": p.finding.label,
                "status": p.finding.status,
                "reason": p.finding.reason,
                "message": p.finding.message,
                "fix": p.finding.fix,
                "clause": p.criterion.clause,
                "unverified": p.criterion.unverified,
                "rule_sources": [_evidence(e) for e in p.criterion.evidence],
                "statements": [_statement(s) for s in p.statements],
            }
            for p in each.proofs
        ],
    }


def _statement(each: Statement) -> dict[str, Any]:
    t = each.triple
    return {
        "subject": str(t.subject),
        "predicate": str(t.predicate),
        "object": str(t.object),
        "words": each.words,
        "graph": each.graph,
        "follows_from": [_statement(part) for part in each.follows_from],
        "sources": [_evidence(e) for e in each.sources],
    }


def _evidence(each: Evidence) -> dict[str, str]:
    return {name: value for name, value in asdict(each).items() if value is not None}


def as_quads(explanations: Iterable[Explanation]) -> Iterator[Quad]:
    """Yield explanations as RDF: findings derived from statements, and these from others or from sources."""
    for each in explanations:
        key = _digest(each.assessment.source, each.assessment.model)
        base = f"{each.framework.node.value}/explanation/{key}"
        for proof in each.proofs:
            node = NamedNode(f"{base}#{proof.finding.criterion}")
            yield _quad(node, "rdf:type", term("ogr:Finding"))
            yield _quad(node, "rdf:type", term("prov:Entity"))
            yield _quad(node, "ogr:judges", NamedNode(proof.finding.iri))
            yield _quad(node, "prov:specializationOf", NamedNode(each.assessment.model))
            yield _quad(node, "ogr:hasStatus", term(f"ogr:{proof.finding.status}"))
            yield _quad(node, "ogr:message", Literal(proof.finding.message))
            for statement in proof.statements:
                yield _quad(node, "prov:wasDerivedFrom", _statement_node(statement))
                yield from _statement_quads(statement)


def _statement_node(statement: Statement) -> NamedNode:
    key = _digest(*map(str, (statement.triple.subject, statement.triple.predicate, statement.triple.object)))
    return NamedNode(f"https://w3id.org/opengrade/statement/{key}")


def _statement_quads(statement: Statement) -> Iterator[Quad]:
    node, triple = _statement_node(statement), statement.triple
    yield _quad(node, "rdf:type", term("rdf:Statement"))
    yield _quad(node, "rdf:type", term("prov:Entity"))
    yield _quad(node, "rdf:subject", triple.subject)
    yield _quad(node, "rdf:predicate", triple.predicate)
    yield _quad(node, "rdf:object", triple.object)
    yield _quad(node, "ogr:standsIn", Literal(statement.graph))
    for part in statement.follows_from:
        yield _quad(node, "prov:wasDerivedFrom", _statement_node(part))
        yield from _statement_quads(part)
    for source in statement.sources:
        key = _digest(*map(str, asdict(source).values()))
        evidence = NamedNode(f"https://w3id.org/opengrade/evidence/{key}")
        yield _quad(node, "prov:hadPrimarySource", evidence)
        yield _quad(evidence, "rdf:type", term("ogr:Evidence"))
        if source.url:
            yield _quad(evidence, "ogr:sourceUrl", Literal(source.url, datatype=term("xsd:anyURI")))
        if source.cited:
            yield _quad(evidence, "ogr:citedUrl", Literal(source.cited, datatype=term("xsd:anyURI")))
        if source.seen:
            yield _quad(evidence, "ogr:dateSeen", Literal(source.seen, datatype=term("xsd:date")))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _quad(subject: Term, predicate: str, value: Term) -> Quad:
    assert not isinstance(subject, Literal)
    return Quad(subject, term(predicate), value)
