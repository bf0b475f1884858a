"""Reads the evidence of a thing: where what is stated about it was read, and when."""

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
    found = []
    for each in graph.nodes(node, term("ogr:hasEvidence")):
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
