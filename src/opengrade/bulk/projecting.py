"""Projects the facts of models to rows of the component table, and rows back to the facts of one thing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

from opengrade.bulk.schema import LicenseEntry, Part, Row
from opengrade.derive import ATTACHED, ComponentFacts, Facts, ModelFacts
from opengrade.graph import GENID, Graph, Literal, NamedNode, Term, Triple, parse, parse_file
from opengrade.licensing import OF_LICENSES, Applied, content_of, kinds_of_node, license_triples
from opengrade.namespaces import compact, term
from opengrade.resources import data_files
from opengrade.vocabulary import vocabulary

# The properties that lead from a model to its things.
RELATIONS = ("ogr:hasComponent", "ogr:trainedOn", *ATTACHED)
# What stands for a value of which only the presence is kept.
PLACEHOLDER = NamedNode(GENID + "some")
_MODEL, _THING, _BASE = (NamedNode(GENID + name) for name in ("model", "thing", "base"))


def rows_of(facts: Facts) -> Iterator[tuple[Row, ...]]:
    """Yield the rows of each model, first that of the model itself; things that are alike have one row."""
    graph = Graph(facts.triples)
    # Data of which no source says more is the component itself, of this model or of one behind it.
    everywhere: dict[Term, Applied | None] = {}
    for model in facts.models:
        everywhere |= _applied_in(model)
    for model in facts.models:
        yield tuple(dict.fromkeys(_rows(graph, model, everywhere | _applied_in(model))))


def _applied_in(model: ModelFacts) -> dict[Term, Applied | None]:
    of_data: dict[Term, Applied | None] = {each.node: each.applied for each in model.data if each.applied}
    return of_data | {each.node: each.applied for each in model.components}


def _rows(graph: Graph, model: ModelFacts, applied: Mapping[Term, Applied | None]) -> Iterator[Row]:
    yield _row(graph, "", model.node, None)
    for relation in RELATIONS:
        for node in graph.objects(model.node, term(relation)):
            yield _row(graph, relation, node, applied.get(node))


def _row(graph: Graph, relation: str, node: Term, applied: Applied | None) -> Row:
    kinds, facts = set(), set()
    for triple in graph.about(node):
        if triple.predicate == term("rdf:type") and isinstance(triple.object, NamedNode):
            kinds.add(compact(triple.object))
        elif triple.predicate not in OF_LICENSES and triple.predicate not in _relations():
            facts.add((compact(triple.predicate), str(reduced(triple.object))))
    part = Part(relation, tuple(sorted(kinds)))
    return Row(part, entry_of(applied) if applied else None, tuple(sorted(facts)))


def entry_of(applied: Applied) -> LicenseEntry:
    """Return what the table keeps of a license that applies; notes for people are left out."""
    given = applied.resolution, applied.own
    resolution, own = (replace(each, note="") if each.note else each for each in given)
    return LicenseEntry(resolution, own, applied.origin, bool(applied.bound_by))


@cache
def _relations() -> frozenset[NamedNode]:
    return frozenset(map(term, RELATIONS))


def kept(value: Term) -> bool:
    """Say whether the table keeps a value: a term of ours, what a framework names, true or false."""
    if isinstance(value, Literal):
        return value.datatype == term("xsd:boolean")
    return value in _named() or bool(vocabulary().graph.about(value))


@cache
def _named() -> frozenset[Term]:
    """Return the values that the frameworks that ship with the program ask for."""
    asking = term("sh:hasValue"), term("rdf:first")
    return frozenset(
        quad.object
        for path in data_files("shapes", "**/*.ttl")
        for quad in parse_file(path)
        if quad.predicate in asking and isinstance(quad.object, NamedNode)
    )


def reduced(value: Term) -> Term:
    """Return the value as the table keeps it: itself, or what stands for any value of its sort."""
    if kept(value):
        return value
    return Literal("", datatype=value.datatype) if isinstance(value, Literal) else PLACEHOLDER


def model_with(rows: Iterable[Row]) -> tuple[ModelFacts, tuple[Triple, ...]]:
    """Return a model that has just these things, and the triples that criteria see of it."""
    triples: list[Triple] = [Triple(_MODEL, term("rdf:type"), term("ogr:Model"))]
    components: list[ComponentFacts] = []
    for number, row in enumerate(rows):
        node = NamedNode(f"{_THING.value}-{number}") if row.part.relation else _MODEL
        described = Graph(_described(row, node))
        triples += described
        if row.part.relation:
            triples.append(Triple(_MODEL, term(row.part.relation), node))
        if row.part.relation == "ogr:hasComponent":
            kinds = kinds_of_node(described, node)
            applied = _applied(row.license)
            components.append(ComponentFacts(node, kinds, None, content_of(kinds), applied))
    model = ModelFacts(_MODEL, "", "", tuple(components), (), (), Graph())
    return model, tuple(dict.fromkeys(triples))


def _described(row: Row, node: NamedNode) -> Iterator[Triple]:
    yield from (Triple(node, term("rdf:type"), term(kind)) for kind in row.part.kinds)
    yield from (Triple(node, term(property_), _value(value)) for property_, value in row.facts)
    if row.license is not None:
        yield from license_triples(node, row.license.resolution, row.license.origin)


def _applied(entry: LicenseEntry | None) -> Applied:
    assert entry is not None, "a component has a license entry, if only to say that it has none"
    return Applied(entry.resolution, entry.own, entry.origin, bound_by=(_BASE,) if entry.bound else ())


@cache
def _value(text: str) -> Term:
    (quad,) = parse(f"<a:s> <a:p> {text} .".encode(), syntax="n-triples", path="table")
    assert isinstance(quad.object, NamedNode | Literal)
    return quad.object
