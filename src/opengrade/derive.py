"""Works out the facts that criteria judge: which license applies to each component, and what it means."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from opengrade.evidence import Evidence, evidence_of
from opengrade.graph import Graph, Literal, NamedNode, Quad, Term, Triple, parse_file
from opengrade.licenses import Resolution
from opengrade.licensing import (
    DEFAULTS,
    OWN,
    Applied,
    bases_of,
    content_of,
    kinds_of_node,
    license_of_component,
    license_triples,
)
from opengrade.namespaces import local_name, term
from opengrade.resources import data_files
from opengrade.training import DataFacts, training_data
from opengrade.vocabulary import vocabulary

# What is read only to work facts out, or to tell people of them, and is no fact for criteria.
NO_FACTS = frozenset(
    term(name)
    for name in (*OWN, *DEFAULTS.values(), "ogr:distributionLicense", "ogr:hasEvidence", "ogr:hasConflict")
)
# Things of a model, other than components, that criteria may ask for.
ATTACHED = ("ogr:hasJudgement", "ogr:hasAttestation")


@dataclass(frozen=True, slots=True)
class ComponentFacts:
    """What is known of one component of one model."""

    node: NamedNode
    kinds: tuple[NamedNode, ...]
    name: str | None
    content: NamedNode | None
    applied: Applied
    evidence: tuple[Evidence, ...] = ()

    @property
    def resolution(self) -> Resolution:
        """What the license that applies was found to mean."""
        return self.applied.resolution

    @property
    def origin(self) -> str | None:
        """The local name of the property by which the license was stated, None where none was."""
        return self.applied.origin


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of one model; `evidence` speaks of the model itself and its default licenses.

    `graph` holds the statements that the facts were worked out from.
    """

    node: NamedNode
    name: str
    source: str
    components: tuple[ComponentFacts, ...]
    evidence: tuple[Evidence, ...]
    data: tuple[DataFacts, ...]
    graph: Graph


@dataclass(frozen=True)
class Facts:
    """The models of one submission and the triples that criteria are run on.

    `sources` maps each triple that was worked out to the statements that it follows from; a triple that is
    not in it is a statement itself.
    """

    models: tuple[ModelFacts, ...]
    triples: tuple[Triple, ...]
    sources: Mapping[Triple, tuple[Triple, ...]] = field(hash=False, repr=False)


def derive_facts(quads: Iterable[Quad], *, source: str) -> Facts:
    """Derive the facts of all models that a submission describes, in the order of their IRIs.

    What the catalog says of models that these were made from is read along.
    """
    stated = Graph(quads)
    nodes = [n for n in stated.subjects(term("rdf:type"), term("ogr:Model")) if isinstance(n, NamedNode)]
    models = tuple(_model(_with_known_bases(stated, node), node, source) for node in nodes)
    found: dict[Triple, tuple[Triple, ...]] = {}
    for model in models:
        for triple, sources in _model_triples(model.graph, model):
            found.setdefault(triple, sources)
    return Facts(models, tuple(found), {triple: sources for triple, sources in found.items() if sources})


def _with_known_bases(stated: Graph, model: NamedNode) -> Graph:
    """Add what the catalog says of the base models of a model, so that no new description replaces it."""
    seen: set[Term] = {model}
    added: list[Triple] = []
    waiting: list[Term] = list(bases_of(stated, model))
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            added += _catalog().about(each)
            waiting += [t.object for t in _catalog().about(each)]
    return Graph((*stated, *added)) if added else stated


@cache
def _catalog() -> Graph:
    return Graph(quad for path in data_files("catalog", "*.ttl") for quad in parse_file(path))


def _model(graph: Graph, node: NamedNode, source: str) -> ModelFacts:
    name = graph.text(node, term("ogr:name")) or graph.text(node, term("rdfs:label")) or local_name(node)
    components = tuple(
        _component(graph, node, component)
        for component in graph.nodes(node, term("ogr:hasComponent"))
        if isinstance(component, NamedNode)
    )
    data = training_data(graph, node)
    return ModelFacts(node, name, source, components, evidence_of(graph, node), data, graph)


def _component(graph: Graph, model: NamedNode, node: NamedNode) -> ComponentFacts:
    kinds = kinds_of_node(graph, node)
    applied = license_of_component(graph, model, node)
    name = graph.text(node, term("ogr:name"))
    return ComponentFacts(node, kinds, name, content_of(kinds), applied, evidence_of(graph, node))


Derived = tuple[Triple, tuple[Triple, ...]]


def _model_triples(graph: Graph, model: ModelFacts) -> Iterator[Derived]:
    """Yield the facts of a model, each with the statements that it was worked out from."""
    yield Triple(model.node, term("rdf:type"), term("ogr:Model")), ()
    yield from _carried(graph, model.node)
    for component in model.components:
        yield Triple(model.node, term("ogr:hasComponent"), component.node), ()
        yield from _component_triples(graph, component)
    for data in model.data:
        yield Triple(model.node, term("ogr:trainedOn"), data.node), data.reached
        yield from _data_triples(graph, data)
    for property_ in ATTACHED:
        for node in graph.nodes(model.node, term(property_)):
            yield from _carried(graph, node)
            yield from _own_praise(graph, model.node, node)


def _own_praise(graph: Graph, model: NamedNode, node: Term) -> Iterator[Derived]:
    """Say of a judgement or attestation that the producer made it, where that is so."""
    for property_ in (term("ogr:judgedBy"), term("ogr:attestedBy")):
        for producer in graph.nodes(model, term("ogr:hasProducer")):
            if producer in graph.objects(node, property_) and isinstance(node, NamedNode):
                told = (
                    Triple(model, term("ogr:hasProducer"), producer),
                    Triple(node, property_, producer),
                )
                yield Triple(node, term("ogr:madeByProducer"), Literal(True)), told


def _component_triples(graph: Graph, component: ComponentFacts) -> Iterator[Derived]:
    node = component.node
    for kind in (term("ogr:Component"), *component.kinds):
        yield Triple(node, term("rdf:type"), kind), ()
    yield from _carried(graph, node)
    if component.content is not None:
        kinds = tuple(Triple(node, term("rdf:type"), kind) for kind in component.kinds)
        yield Triple(node, term("ogr:contentType"), component.content), kinds
    for triple in license_triples(node, component.resolution, component.origin):
        yield triple, component.applied.statements if triple.subject == node else ()


def _data_triples(graph: Graph, data: DataFacts) -> Iterator[Derived]:
    yield Triple(data.node, term("rdf:type"), term("ogr:TrainingData")), data.reached
    if data.applied is not None:
        yield from _carried(graph, data.node)
        yield Triple(data.node, term("ogr:contentType"), term("ogr:DataContent")), data.reached
        for triple in license_triples(data.node, data.applied.resolution, data.applied.origin):
            yield triple, data.applied.statements if triple.subject == data.node else ()
    yield from data.inferred


def _carried(graph: Graph, node: Term) -> Iterator[Derived]:
    """Yield what is stated about a thing and read as it stands."""
    words = vocabulary()
    for triple in graph.about(node):
        typed = triple.predicate == term("rdf:type") and triple.object in words.evidence - words.kinds.keys()
        if typed or (triple.predicate in words.evidence and triple.predicate not in NO_FACTS):
            yield triple, ()
