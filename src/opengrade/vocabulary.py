"""What the ontology says: labels, kinds of components, and which terms only curated graphs may state."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from opengrade.graph import Graph, NamedNode, Node, Quad, parse_file
from opengrade.namespaces import term
from opengrade.resources import data_files


@cache
def ontology_quads() -> tuple[Quad, ...]:
    """Return all statements of the ontology modules."""
    return tuple(
        q for path in data_files("ontology", "*.ttl") if path.stem != "prefixes" for q in parse_file(path)
    )


@dataclass(frozen=True)
class Vocabulary:
    """The terms of the ontology.

    `kinds` maps each kind of component to its content type; `evidence` holds the terms that a submission may
    use, `curated` those that it may not.
    """

    graph: Graph
    kinds: Mapping[NamedNode, NamedNode]
    evidence: frozenset[NamedNode]
    curated: frozenset[NamedNode]

    def label(self, node: NamedNode) -> str:
        """Return the label of a term, or its IRI."""
        return self.graph.text(node, term("rdfs:label")) or node.value

    def range_of(self, property_: NamedNode) -> Node | None:
        """Return what the values of a property are: its range, or xsd:date where its definition says so.

        OWL 2 RL has no xsd:date, so that no range can say it.
        """
        kind = self.graph.node(property_, term("rdfs:range"))
        dated = "xsd:date" in (self.graph.text(property_, term("skos:definition")) or "")
        return term("xsd:date") if kind is None and dated else kind


@cache
def vocabulary() -> Vocabulary:
    """Read the ontology."""
    graph = Graph(ontology_quads())
    kinds: dict[NamedNode, NamedNode] = {}
    for kind in graph.subjects(term("rdfs:subClassOf"), term("ogr:Component")):
        content = graph.node(kind, term("ogr:hasContentType"))
        if isinstance(kind, NamedNode) and isinstance(content, NamedNode):
            kinds[kind] = content
    evidence: set[NamedNode] = set()
    curated: set[NamedNode] = set()
    for triple in graph:
        if triple.predicate == term("rdfs:isDefinedBy") and isinstance(triple.subject, NamedNode):
            closed = graph.text(triple.object, term("ogr:curatedOnly")) == "true"
            (curated if closed else evidence).add(triple.subject)
    return Vocabulary(graph, kinds, frozenset(evidence), frozenset(curated))
