"""Finds which license applies to an artifact: its own or a default, and what binds it from elsewhere."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from opengrade.graph import GENID, Graph, Literal, NamedNode, Term, Triple
from opengrade.licenses import MAX_OPTIONS, Option, Resolution, license_index
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
# What `license_triples` says of a thing.
OF_LICENSES = frozenset(
    (
        *(term("ogr:licenseState"), term("ogr:licenseOption"), term("ogr:licenseText")),
        *(term("ogr:licenseOrigin"), term("ogr:licenseResolution")),
    )
)


@dataclass(frozen=True, slots=True)
class Applied:
    """The license that applies to an artifact.

    `resolution` joins `own`, which the producer decides, with those `inherited`, one from each model in
    `bound_by`, which only their producers decide. `origin` is the local name of the property by which the
    license was stated, None where none was; `statements` are the triples that state it.
    """

    resolution: Resolution
    own: Resolution
    origin: str | None
    statements: tuple[Triple, ...] = ()
    bound_by: tuple[NamedNode, ...] = ()
    inherited: tuple[Resolution, ...] = ()


def kinds_of_node(graph: Graph, node: Term) -> tuple[NamedNode, ...]:
    """Return the kinds of component that a node is stated to be of."""
    known = vocabulary().kinds
    return tuple(k for k in graph.nodes(node, term("rdf:type")) if isinstance(k, NamedNode) and k in known)


def content_of(kinds: Iterable[NamedNode]) -> NamedNode | None:
    """Return the content type of kinds, None where they disagree, so that no default is picked by it."""
    found = {vocabulary().kinds[kind] for kind in kinds}
    return found.pop() if len(found) == 1 else None


def license_of_component(graph: Graph, model: NamedNode, node: NamedNode) -> Applied:
    """Find the license of a component: its own or a default, and what binds it from elsewhere.

    A component that several models share is bound by the defaults of all of them, weights made from those
    of other models by the licenses of these. So no second model, and no new name, makes anything more open.
    """
    content = content_of(kinds_of_node(graph, node))
    others = [o for o in graph.subjects(term("ogr:hasComponent"), node) if o != model]
    owners = [model, *(other for other in others if isinstance(other, NamedNode))]
    found = [_stated(graph, owner, node, content) for owner in owners]
    own = together(each.own for each in found)
    bases = []
    if term("ogr:FinalWeights") in kinds_of_node(graph, node) and found[0].origin is not None:
        bases = list(_inherited(graph, model))
    inherited = [_stated(graph, base, weights, term("ogr:DataContent")) for base, weights in bases]
    return Applied(
        resolution=together([own, *(each.own for each in inherited)]),
        own=own,
        origin=found[0].origin,
        statements=tuple(t for each in (*found, *inherited) for t in each.statements)
        + tuple(_ties(graph, model, [base for base, _ in bases])),
        bound_by=tuple(base for base, _ in bases),
        inherited=tuple(each.own for each in inherited),
    )


def license_of_dataset(graph: Graph, node: NamedNode, users: Iterable[Applied]) -> Applied:
    """Find the license of a dataset: its own, or else what all components that refer to it say."""
    texts = [(text, name) for name in OWN for text in graph.texts(node, term(name))]
    if texts:
        return _applied(graph, node, texts)
    found = list(users)
    joined = together(each.resolution for each in found)
    origin = next((each.origin for each in found if each.origin is not None), None)
    return Applied(joined, joined, origin, tuple(t for each in found for t in each.statements))


def _stated(graph: Graph, model: NamedNode, node: NamedNode, content: NamedNode | None) -> Applied:
    """Read a component's license: its own, else that of its content type, else the distribution's."""
    steps: list[tuple[NamedNode, tuple[str, ...]]] = [(node, OWN)]
    steps += [(model, (default,)) for of, default in DEFAULTS.items() if content == term(of)]
    steps.append((model, ("ogr:distributionLicense",)))
    for subject, properties in steps:
        stated = [(text, name) for name in properties for text in graph.texts(subject, term(name))]
        if stated:
            return _applied(graph, subject, stated)
    nothing = Resolution("", term("ogr:NoLicense"))
    return Applied(nothing, nothing, None)


def _applied(graph: Graph, subject: NamedNode, stated: list[tuple[str, str]]) -> Applied:
    index = license_index()
    resolution = together(index.resolve(text) for text, _ in stated)
    statements = tuple(
        triple for triple in graph.about(subject) if triple.predicate in [term(name) for _, name in stated]
    )
    return Applied(resolution, resolution, local_name(term(stated[0][1])), statements)


def bases_of(graph: Graph, model: NamedNode) -> Iterator[NamedNode]:
    """Yield all models that a model was made from, however far back, nearest first."""
    seen: set[Term] = {model}
    waiting: list[Term] = [model]
    while waiting:
        each = waiting.pop(0)
        for base in (b for name in INHERITING for b in graph.nodes(each, term(name)) if b not in seen):
            seen.add(base)
            waiting.append(base)
            if isinstance(base, NamedNode):
                yield base


def _inherited(graph: Graph, model: NamedNode) -> Iterator[tuple[NamedNode, NamedNode]]:
    """Yield the final weights of all described models that a model was made from."""
    for base in bases_of(graph, model):
        for component in graph.nodes(base, term("ogr:hasComponent")):
            if term("ogr:FinalWeights") in kinds_of_node(graph, component) and isinstance(
                component, NamedNode
            ):
                yield base, component


def _ties(graph: Graph, model: NamedNode, bases: list[NamedNode]) -> Iterator[Triple]:
    """Yield the statements that tie a model to those it was made from."""
    for each in (model, *bases):
        for triple in graph.about(each):
            if triple.predicate in [term(name) for name in INHERITING] and triple.object in bases:
                yield triple


def together(resolutions: Iterable[Resolution]) -> Resolution:
    """Join several licenses stated for one thing: all of them have to be kept."""
    found = list(dict.fromkeys(resolutions))
    if not found:
        return Resolution("", term("ogr:NoLicense"))
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


def license_triples(node: NamedNode, resolution: Resolution, origin: str | None) -> Iterator[Triple]:
    """Yield what criteria can see of a license that applies to a node."""
    yield Triple(node, term("ogr:licenseState"), resolution.state)
    if origin is not None:
        yield Triple(node, term("ogr:licenseText"), Literal(resolution.text))
        yield Triple(node, term("ogr:licenseOrigin"), Literal(origin))
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
