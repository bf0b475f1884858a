"""Reads the evidence of a thing: where what is stated about it was read, and when."""

from collections.abc import Iterable
from dataclasses import dataclass

from opengrade.graph import Graph, NamedNode, Term
from opengrade.namespaces import local_name, term


@dataclass(frozen=True, slots=True)
class Evidence:
    """A source of a statement: address read and cited, day seen, version, place inside, kind of source."""

    url: str | None = None
    cited: str | None = None
    seen: str | None = None
    version: str | None = None
    clause: str | None = None
    kind: str | None = None


def evidence_of(graph: Graph, node: Term) -> tuple[Evidence, ...]:
    """Return the evidence of a node, in the order of its IRIs."""
    return _read(graph, graph.nodes(node, term("ogr:hasEvidence")))


def evidence_for(graph: Graph, node: Term, property_: NamedNode) -> tuple[Evidence, ...]:
    """Return the evidence of a node that supports one of its properties.

    Where none names the property, that which names none speaks for it, and where there is none such, all:
    what shows anything of a thing shows that it exists.
    """
    nodes = graph.nodes(node, term("ogr:hasEvidence"))
    supports = {each: graph.objects(each, term("ogr:supports")) for each in nodes}
    chosen = [each for each in nodes if property_ in supports[each]]
    return _read(graph, chosen or [each for each in nodes if not supports[each]] or nodes)


def _read(graph: Graph, nodes: Iterable[Term]) -> tuple[Evidence, ...]:
    found = []
    for each in nodes:
        kind = graph.node(each, term("ogr:hasSourceKind"))
        found.append(
            Evidence(
                url=graph.text(each, term("ogr:sourceUrl")),
                cited=graph.text(each, term("ogr:citedUrl")),
                seen=graph.text(each, term("ogr:dateSeen")),
                version=graph.text(each, term("ogr:sourceVersion")),
                clause=graph.text(each, term("ogr:clause")),
                kind=local_name(kind) if isinstance(kind, NamedNode) else None,
            )
        )
    return tuple(found)
