"""The one prefix map, read from `ontology/prefixes.ttl`, and the terms written with it."""

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from opengrade.graph import Graph, Literal, NamedNode, parse_file
from opengrade.resources import data_root

_SH = "http://www.w3.org/ns/shacl#"


@cache
def prefixes() -> Mapping[str, str]:
    """Return the map from prefix to namespace, in the order of the prefixes."""
    graph = Graph(parse_file(data_root() / "ontology" / "prefixes.ttl"))
    prefix, namespace = NamedNode(_SH + "prefix"), NamedNode(_SH + "namespace")
    found = {
        graph.text(triple.subject, prefix) or "": triple.object.value
        for triple in graph
        if triple.predicate == namespace and isinstance(triple.object, Literal)
    }
    return MappingProxyType(dict(sorted(found.items())))


def prologue(text: str) -> str:
    """Return the declarations, a line each, of our prefixes that a SPARQL text uses and does not declare.

    What only looks like a use, in a string or an IRI, is declared too, which changes no answer.
    """
    used = [p for p in prefixes() if re.search(rf"(?<![\w:<]){p}:", text)]
    missing = [p for p in used if not re.search(rf"\bprefix\s+{p}:", text, re.IGNORECASE)]
    return "".join(f"PREFIX {p}: <{prefixes()[p]}>\n" for p in missing)


@cache
def term(curie: str) -> NamedNode:
    """Return the term that a compact name such as `ogr:Model` stands for; KeyError for an unknown prefix."""
    prefix, _, local = curie.partition(":")
    return NamedNode(prefixes()[prefix] + local)


def local_name(node: NamedNode) -> str:
    """Return what follows the last `#` or `/` of an IRI."""
    return node.value.rstrip("#/").replace("#", "/").rpartition("/")[2]


@cache
def compact(node: NamedNode) -> str:
    """Return the shortest `prefix:local` form of an IRI, or the IRI where no prefix fits."""
    fits = [
        f"{prefix}:{node.value[len(namespace) :]}"
        for prefix, namespace in prefixes().items()
        if node.value.startswith(namespace)
    ]
    return min(fits, key=len, default=node.value)
