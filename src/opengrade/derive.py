"""Works out the facts that criteria judge: which license applies to each component, and what it means."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from opengrade.evidence import Evidence, evidence_of
from opengrade.graph import GENID, Graph, Literal, NamedNode, Quad, Term, Triple
from opengrade.licenses import MAX_OPTIONS, LicenseIndex, Option, Resolution, license_index
from opengrade.namespaces import local_name, term
from opengrade.vocabulary import vocabulary

DEFAULTS = {
    "ogr:CodeContent": "ogr:codeLicense",
    "ogr:DataContent": "ogr:dataLicense",
    "ogr:DocumentContent": "ogr:documentLicense",
}
# Ways to make weights from those of another model that leave its license on them.
INHERITING = (
    *("ogr:derivedFromModel", "ogr:fineTunedFrom", "ogr:adapterOf"),
    *("ogr:quantizedFrom", "ogr:mergedFrom", "ogr:convertedFrom"),
)
OWN = ("ogr:licenseExpression", "dcterms:license")


@dataclass(frozen=True, slots=True)
class ComponentFacts:
    """What is known of one component of one model.

    `origin` is the local name of the property by which the license was stated, None where none was.
    """

    node: NamedNode
    kinds: tuple[NamedNode, ...]
    name: str | None
    content: NamedNode | None
    resolution: Resolution
    origin: str | None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of one model; `evidence` speaks of the model itself and its default licenses."""

    node: NamedNode
    name: str
    source: str
    components: tuple[ComponentFacts, ...]
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Facts:
    """The models of one submission and the triples that criteria are run on."""

    models: tuple[ModelFacts, ...]
    triples: tuple[Triple, ...]


def derive_facts(quads: Iterable[Quad], *, source: str) -> Facts:
    """Derive the facts of all models that a submission describes, in the order of their IRIs."""
    graph = Graph(quads)
    index = license_index()
    models: list[ModelFacts] = []
    triples: list[Triple] = []
    for node in graph.subjects(term("rdf:type"), term("ogr:Model")):
        assert isinstance(node, NamedNode)
        model = _model(graph, node, source, index)
        models.append(model)
        triples.extend(_model_triples(graph, model))
    return Facts(tuple(models), tuple(dict.fromkeys(triples)))


def _model(graph: Graph, node: NamedNode, source: str, index: LicenseIndex) -> ModelFacts:
    name = graph.text(node, term("ogr:name")) or graph.text(node, term("rdfs:label")) or local_name(node)
    components = tuple(
        _component(graph, node, component, index)
        for component in graph.nodes(node, term("ogr:hasComponent"))
        if isinstance(component, NamedNode)
    )
    return ModelFacts(node, name, source, components, evidence_of(graph, node))


def _component(graph: Graph, model: NamedNode, node: NamedNode, index: LicenseIndex) -> ComponentFacts:
    kinds = _kinds(graph, node)
    content = _content(kinds)
    resolution, origin = _applying(graph, model, node, content, index)
    name = graph.text(node, term("ogr:name"))
    return ComponentFacts(node, kinds, name, content, resolution, origin, evidence_of(graph, node))


def _kinds(graph: Graph, node: Term) -> tuple[NamedNode, ...]:
    known = vocabulary().kinds
    return tuple(k for k in graph.nodes(node, term("rdf:type")) if isinstance(k, NamedNode) and k in known)


def _content(kinds: Iterable[NamedNode]) -> NamedNode | None:
    """Return the content type of kinds, None where they disagree, so that no default is picked by it."""
    found = {vocabulary().kinds[kind] for kind in kinds}
    return found.pop() if len(found) == 1 else None


def _applying(
    graph: Graph, model: NamedNode, node: NamedNode, content: NamedNode | None, index: LicenseIndex
) -> tuple[Resolution, str | None]:
    """Resolve the license of a component: its own or a default, and what binds it from elsewhere.

    A component that several models share is bound by the defaults of all of them, weights made from those
    of other models by the licenses of these. So no second model, and no new name, makes anything more open.
    """
    others = [o for o in graph.subjects(term("ogr:hasComponent"), node) if o != model]
    owners = [model, *(other for other in others if isinstance(other, NamedNode))]
    found = [_license(graph, owner, node, content, index) for owner in owners]
    if term("ogr:FinalWeights") in _kinds(graph, node) and found[0][1] is not None:
        found += [
            _license(graph, base, weights, term("ogr:DataContent"), index)
            for base, weights in _inherited(graph, model)
        ]
    resolutions = list(dict.fromkeys(resolution for resolution, _ in found))
    return _together(resolutions), found[0][1]


def _inherited(graph: Graph, model: NamedNode) -> Iterator[tuple[NamedNode, NamedNode]]:
    """Yield the final weights of all models, described in the same submission, that a model was made from."""
    seen: set[Term] = {model}
    waiting: list[Term] = [model]
    while waiting:
        each = waiting.pop()
        for base in (b for name in INHERITING for b in graph.nodes(each, term(name)) if b not in seen):
            seen.add(base)
            waiting.append(base)
            for component in graph.nodes(base, term("ogr:hasComponent")):
                if term("ogr:FinalWeights") in _kinds(graph, component):
                    assert isinstance(base, NamedNode)
                    assert isinstance(component, NamedNode)
                    yield base, component


def _license(
    graph: Graph, model: NamedNode, node: NamedNode, content: NamedNode | None, index: LicenseIndex
) -> tuple[Resolution, str | None]:
    """Resolve a component's license: its own, else that of its content type, else the distribution's."""
    steps: list[tuple[NamedNode, tuple[str, ...]]] = [(node, OWN)]
    steps += [(model, (default,)) for of, default in DEFAULTS.items() if content == term(of)]
    steps.append((model, ("ogr:distributionLicense",)))
    for subject, properties in steps:
        stated = [(text, name) for name in properties for text in graph.texts(subject, term(name))]
        if stated:
            texts = dict.fromkeys(text for text, _ in stated)
            return _together([index.resolve(text) for text in texts]), local_name(term(stated[0][1]))
    return Resolution("", term("ogr:NoLicense")), None


def _together(found: list[Resolution]) -> Resolution:
    """Join several licenses stated for one component: all of them have to be kept."""
    if len(found) == 1:
        return found[0]
    text = "; ".join(each.text for each in found)
    for state in ("ogr:NoLicense", "ogr:UnknownLicense"):
        missing = [each for each in found if each.state == term(state)]
        if missing:
            return Resolution(text, term(state), note=missing[0].note)
    options: list[Option] = [frozenset()]
    for each in found:
        options = [left | right for left, right in product(options, each.options)][:MAX_OPTIONS]
    return Resolution(text, term("ogr:KnownLicense"), term("ogr:ByExpression"), tuple(dict.fromkeys(options)))


def _model_triples(graph: Graph, model: ModelFacts) -> Iterator[Triple]:
    yield Triple(model.node, term("rdf:type"), term("ogr:Model"))
    for component in model.components:
        yield Triple(model.node, term("ogr:hasComponent"), component.node)
        yield from _component_triples(graph, component)


def _component_triples(graph: Graph, component: ComponentFacts) -> Iterator[Triple]:
    node, resolution = component.node, component.resolution
    for kind in (term("ogr:Component"), *component.kinds):
        yield Triple(node, term("rdf:type"), kind)
    for availability in graph.nodes(node, term("ogr:hasAvailability")):
        yield Triple(node, term("ogr:hasAvailability"), availability)
    if component.content is not None:
        yield Triple(node, term("ogr:contentType"), component.content)
    yield Triple(node, term("ogr:licenseState"), resolution.state)
    if component.origin is not None:
        yield Triple(node, term("ogr:licenseText"), Literal(resolution.text))
        yield Triple(node, term("ogr:licenseOrigin"), Literal(component.origin))
    if resolution.how is not None:
        yield Triple(node, term("ogr:licenseResolution"), resolution.how)
    for option in resolution.options:
        choice = _option_node(option)
        yield Triple(node, term("ogr:licenseOption"), choice)
        yield Triple(choice, term("rdf:type"), term("ogr:LicenseOption"))
        for license_ in sorted(option, key=str):
            yield Triple(choice, term("ogr:requiresLicense"), license_)


def _option_node(option: Option) -> NamedNode:
    key = "\n".join(sorted(each.value for each in option))
    return NamedNode(GENID + "option-" + hashlib.sha256(key.encode()).hexdigest()[:16])
