"""Frameworks as data: criteria, grades and deviations, read from one Turtle file each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from opengrade.criteria import And, Every, Expr, Is, Not, Or, Ref, ShapeReader, Some, check_acyclic
from opengrade.errors import Place, RuleError, UsageError
from opengrade.evidence import Evidence, evidence_of
from opengrade.graph import Graph, NamedNode, Node, Term, parse
from opengrade.namespaces import compact, local_name, term
from opengrade.resources import data_files
from opengrade.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Criterion:
    """One requirement: its shape as an expression, the words that go with it, and where it is written."""

    node: NamedNode
    label: str
    message: str
    fix: str
    kinds: tuple[NamedNode, ...]
    expression: Expr
    evidence: tuple[Evidence, ...]
    clause: str | None
    unverified: str | None

    @property
    def name(self) -> str:
        """The local name."""
        return local_name(self.node)


@dataclass(frozen=True, slots=True)
class Grade:
    """A level; `required` holds the criteria of the level and of all it presupposes, `own` only its own."""

    node: NamedNode
    label: str
    rank: int
    required: tuple[NamedNode, ...]
    own: tuple[NamedNode, ...]
    recommended: tuple[NamedNode, ...]

    @property
    def name(self) -> str:
        """The local name."""
        return local_name(self.node)


@dataclass(frozen=True, slots=True)
class Rung:
    """A named shape whose failure gives a finding its reason; `advice` if it only warns."""

    shape: NamedNode
    reason: NamedNode
    target: NamedNode
    order: int
    advice: bool


@dataclass(frozen=True, slots=True)
class Deviation:
    """A point in which a framework file departs from the text it renders."""

    name: str
    label: str
    note: str
    shown_by: tuple[str, ...]


@dataclass(frozen=True)
class Framework:
    """A framework as loaded: grades lowest first; `shapes` maps each named shape to its expression."""

    node: NamedNode
    name: str
    title: str
    version: str
    issued: str | None
    sources: tuple[str, ...]
    description: str
    monotone: bool
    criteria: tuple[Criterion, ...]
    grades: tuple[Grade, ...]
    deviations: tuple[Deviation, ...]
    shapes: Mapping[NamedNode, Expr]
    rungs: Mapping[NamedNode, Rung]
    graph: Graph = field(repr=False)

    def criterion(self, node: NamedNode) -> Criterion:
        """Return a criterion by its IRI."""
        return next(each for each in self.criteria if each.node == node)

    def ladder(self, expression: Expr) -> tuple[Rung, ...]:
        """Return the rungs that a body is made of or explained by, in their order."""
        shapes = list(self._references(expression))
        shapes += [node for shape in shapes for node in self._linked(shape, "ogr:explainedBy")]
        found = {self.rungs[shape] for shape in shapes if shape in self.rungs}
        return tuple(sorted(found, key=lambda rung: (rung.order, rung.shape.value)))

    def advice(self, expression: Expr) -> tuple[Rung, ...]:
        """Return the rungs that the shapes of a body advise."""
        return tuple(
            self.rungs[n] for s in self._references(expression) for n in self._linked(s, "ogr:advises")
        )

    def _linked(self, shape: NamedNode, property_: str) -> tuple[NamedNode, ...]:
        return _named(self.graph, shape, property_)

    def _references(self, expression: Expr) -> Iterator[NamedNode]:
        if isinstance(expression, And):
            for part in expression.parts:
                yield from self._references(part)
        elif isinstance(expression, Ref):
            yield expression.shape
            yield from self._references(self.shapes[expression.shape])


def kinds_of(expression: Expr, shapes: Mapping[NamedNode, Expr]) -> Iterator[NamedNode]:
    """Yield the kinds of components that an expression looks for, in its order."""
    if isinstance(expression, Is):
        if expression.class_ in vocabulary().kinds:
            yield expression.class_
    elif isinstance(expression, And | Or):
        for part in expression.parts:
            yield from kinds_of(part, shapes)
    elif isinstance(expression, Not):
        yield from kinds_of(expression.part, shapes)
    elif isinstance(expression, Some | Every):
        yield from kinds_of(expression.body, shapes)


def load_framework(path: Path) -> Framework:
    """Read a framework file together with the shapes that all frameworks share.

    Raises RuleError, naming file, shape and construct, for anything outside the criteria profile, unknown
    terms of ours, and a framework without criteria or grades.
    """
    own = parse(path.read_bytes(), syntax="turtle", path=str(path))
    shared = tuple(
        q
        for p in data_files("shapes", "common.ttl")
        for q in parse(p.read_bytes(), syntax="turtle", path=str(p))
    )
    graph = Graph((*own, *shared))
    reader = ShapeReader(graph, str(path))
    _check_own_terms(reader)
    nodes = [n for n in graph.subjects(term("rdf:type"), term("ogr:Framework")) if isinstance(n, NamedNode)]
    if len(nodes) != 1:
        raise RuleError("the file has to describe exactly one ogr:Framework.", where=Place(str(path)))
    node = nodes[0]
    shapes = {
        shape: reader.shape(shape)
        for shape in graph.subjects(term("rdf:type"), term("sh:NodeShape"))
        if isinstance(shape, NamedNode)
    }
    check_acyclic(shapes, reader)
    _check_ties(reader)
    criteria = tuple(_criterion(each, shapes, reader) for each in _named(graph, node, "ogr:hasCriterion"))
    grades = tuple(
        sorted((_grade(each, reader) for each in _named(graph, node, "ogr:hasGrade")), key=lambda g: g.rank)
    )
    if not criteria or not grades:
        raise RuleError("the framework has no criteria or no grades.", where=Place(str(path)))
    return Framework(
        node=node,
        name=graph.text(node, term("dcterms:identifier")) or path.stem,
        title=graph.text(node, term("dcterms:title")) or path.stem,
        version=graph.text(node, term("owl:versionInfo")) or "",
        issued=graph.text(node, term("dcterms:issued")),
        sources=graph.texts(node, term("dcterms:source")),
        description=graph.text(node, term("dcterms:description")) or "",
        monotone=graph.text(node, term("ogr:monotone")) == "true",
        criteria=tuple(sorted(criteria, key=lambda c: _place(c.node, grades, graph))),
        grades=grades,
        deviations=tuple(
            sorted(
                (_deviation(each, graph) for each in _named(graph, node, "ogr:hasDeviation")), key=_natural
            )
        ),
        shapes=shapes,
        rungs=_rungs(shapes, reader),
        graph=graph,
    )


def _named(graph: Graph, node: Node, property_: str) -> tuple[NamedNode, ...]:
    return tuple(each for each in graph.nodes(node, term(property_)) if isinstance(each, NamedNode))


def _place(node: NamedNode, grades: tuple[Grade, ...], graph: Graph) -> tuple[int, int, str]:
    """Order criteria by the lowest grade that asks for them, then by sh:order, then by name."""
    rank = min((g.rank for g in grades if node in (*g.own, *g.recommended)), default=99)
    return rank, int(graph.text(node, term("sh:order")) or 99), node.value


def _check_own_terms(reader: ShapeReader) -> None:
    words = vocabulary()
    for triple in reader.graph:
        for each in (triple.predicate, triple.object):
            name = compact(each) if isinstance(each, NamedNode) else ""
            if name.startswith("ogr:") and each not in words.evidence | words.curated:
                what = f"{name} is not a term of the ontology."
                raise reader.refuse(triple.subject, what, "Mend the name.")


TIES = {
    "ogr:requires": "ogr:hasCriterion",
    "ogr:recommends": "ogr:hasCriterion",
    "ogr:presupposes": "ogr:hasGrade",
    "ogr:explainedBy": "ogr:givesReason",
    "ogr:advises": "ogr:givesReason",
}


def _check_ties(reader: ShapeReader) -> None:
    """Check that what grades and shapes name is a criterion, grade or reasoned shape of this framework."""
    known: dict[str, set[Term]] = {"ogr:hasCriterion": set(), "ogr:hasGrade": set(), "ogr:givesReason": set()}
    for triple in reader.graph:
        name = compact(triple.predicate)
        if name in known:
            known[name].add(triple.subject if name == "ogr:givesReason" else triple.object)
    for triple in reader.graph:
        tie = TIES.get(compact(triple.predicate))
        if tie is not None and triple.object not in known[tie]:
            what = f"{compact(triple.predicate)} names {triple.object}, of which no {tie} speaks."
            raise reader.refuse(triple.subject, what, "Mend the name, or state it.")


def _criterion(node: NamedNode, shapes: Mapping[NamedNode, Expr], reader: ShapeReader) -> Criterion:
    graph = reader.graph
    if node not in shapes:
        raise reader.refuse(node, "the criterion is not a sh:NodeShape.", "State its shape.")
    if graph.nodes(node, term("sh:targetClass")) != (term("ogr:Model"),):
        raise reader.refuse(
            node, "a criterion has the one target class ogr:Model.", "State it with sh:targetClass."
        )
    if shapes[node] == And():
        raise reader.refuse(node, "the criterion constrains nothing.", "State a constraint.")
    words = {name: graph.text(node, term(name)) for name in ("sh:name", "sh:message", "ogr:fix")}
    missing = [name for name, text in words.items() if not text]
    if missing or not evidence_of(graph, node):
        raise reader.refuse(node, f"{', '.join(missing) or 'ogr:hasEvidence'} is missing.", "State it.")
    return Criterion(
        node=node,
        label=words["sh:name"] or "",
        message=words["sh:message"] or "",
        fix=words["ogr:fix"] or "",
        kinds=tuple(dict.fromkeys(kinds_of(shapes[node], shapes))),
        expression=shapes[node],
        evidence=evidence_of(graph, node),
        clause=graph.text(node, term("ogr:clause")),
        unverified=graph.text(node, term("ogr:unverified")),
    )


def _grade(node: NamedNode, reader: ShapeReader) -> Grade:
    graph = reader.graph
    levels, waiting = [], [node]
    while waiting:
        level = waiting.pop()
        if level not in levels:
            levels.append(level)
            waiting.extend(_named(graph, level, "ogr:presupposes"))
    required = tuple(dict.fromkeys(each for level in levels for each in _named(graph, level, "ogr:requires")))
    rank = graph.text(node, term("ogr:rank")) or ""
    if not required or not rank.isdigit():
        raise reader.refuse(node, "a grade needs an ogr:rank and at least one ogr:requires.", "State them.")
    return Grade(
        node=node,
        label=graph.text(node, term("rdfs:label")) or local_name(node),
        rank=int(rank),
        required=required,
        own=_named(graph, node, "ogr:requires"),
        recommended=_named(graph, node, "ogr:recommends"),
    )


def _rungs(shapes: Mapping[NamedNode, Expr], reader: ShapeReader) -> dict[NamedNode, Rung]:
    graph = reader.graph
    advised = {each for shape in shapes for each in graph.nodes(shape, term("ogr:advises"))}
    found = {}
    for shape in shapes:
        reasons = _named(graph, shape, "ogr:givesReason")
        targets = _named(graph, shape, "sh:targetClass")
        if reasons and not targets:
            raise reader.refuse(shape, "a shape that gives a reason needs a sh:targetClass.", "State it.")
        if reasons:
            order = int(graph.text(shape, term("sh:order")) or 99)
            found[shape] = Rung(shape, reasons[0], targets[0], order, shape in advised)
    return found


def _deviation(node: NamedNode, graph: Graph) -> Deviation:
    return Deviation(
        name=local_name(node),
        label=graph.text(node, term("rdfs:label")) or "",
        note=graph.text(node, term("skos:note")) or "",
        shown_by=graph.texts(node, term("ogr:shownBy")),
    )


def _natural(deviation: Deviation) -> tuple[int, str]:
    """Order D2 before D10."""
    return len(deviation.name), deviation.name


@cache
def framework_files() -> Mapping[str, Path]:
    """Return the framework files that ship with OpenGrade, by name."""
    return {path.stem: path for path in data_files("shapes/frameworks", "*.ttl")}


@cache
def framework(name: str) -> Framework:
    """Return a framework by name; UsageError with the names there are."""
    try:
        return load_framework(framework_files()[name])
    except KeyError:
        known = ", ".join(framework_files())
        raise UsageError(f'there is no framework "{name}".', fix=f"Choose one of: {known}.") from None
