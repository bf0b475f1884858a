"""The trust boundary: what a submission may say, and why the rest of it is not used.

A verdict reads what is said about licenses, frameworks, criteria, grades, shapes and terms from curated
graphs only, and what is said about models from submissions only. So a submission is believed only where it
uses the terms made for submissions, on nodes that are not curated; everything else is named and left aside.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from opengrade.graph import GENID, DefaultGraph, NamedNode, Quad, Term
from opengrade.namespaces import compact, local_name, prefixes, term
from opengrade.vocabulary import Vocabulary, vocabulary

# Vocabularies that could change what terms mean, what is checked, or who is said to have said it.
RULING = ("owl:", "rdfs:", "sh:", "prov:")
HARMLESS = ("rdfs:label", "rdfs:comment", "rdfs:seeAlso", "rdfs:isDefinedBy")
HEADER = ("owl:Ontology",)
ALSO_READ = ("dcterms:license", "dcterms:description", "rdfs:label", "skos:note")
# Properties whose value names a license, by its IRI too.
LICENSES = (
    *("ogr:licenseExpression", "dcterms:license", "ogr:distributionLicense"),
    *("ogr:codeLicense", "ogr:dataLicense", "ogr:documentLicense"),
)
LONGEST_TERM = 60


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a statement is not used: a rule for submissions, the names for its words, the part at fault."""

    rule: str
    names: Mapping[str, str]
    part: str = "predicate"


def is_curated(node: Term | DefaultGraph) -> bool:
    """Say whether only curated graphs may speak of a node."""
    if not isinstance(node, NamedNode):
        return False
    home, spdx, curated = _homes()
    return node.value.startswith(spdx) or node.value.rstrip("/#") in curated or _is_ours(node.value, home)


def _is_ours(iri: str, home: str) -> bool:
    """All below our home is curated but described things, what is imported, and nodes without a name."""
    described = (prefixes()["id"], home + "import/", GENID)
    return iri.startswith(home) and (
        not iri.startswith(described) or iri.startswith(prefixes()["id"] + "license/")
    )


@cache
def _homes() -> tuple[str, str, frozenset[str]]:
    home = prefixes()["id"].removesuffix("id/")
    return home, prefixes()["spdx"], frozenset(space.rstrip("/#") for space in prefixes().values())


def objection(quad: Quad) -> Objection | None:
    """Return why a submission's statement is not used, or None if it is used."""
    words = vocabulary()
    name = compact(quad.predicate)
    if is_curated(quad.subject):
        return _claim("about a curated resource")
    if quad.predicate in words.curated or (name.startswith(RULING) and name not in HARMLESS):
        return _claim("only curated graphs may say this")
    if quad.predicate == term("rdf:type"):
        return _of_type(quad, words)
    if quad.predicate in words.evidence or name in ALSO_READ:
        return _of_value(quad, words)
    return _unknown(quad.predicate, "property")


def _claim(reason: str) -> Objection:
    return Objection("IgnoredClaim", {"reason": reason})


def _of_type(quad: Quad, words: Vocabulary) -> Objection | None:
    kind = quad.object
    if not isinstance(kind, NamedNode):
        return Objection("ForeignTerm", {})
    if kind in words.evidence or kind in [term(each) for each in HEADER]:
        return None
    if kind in words.curated or compact(kind).startswith(RULING):
        return _claim("only curated graphs may say this")
    return _unknown(kind, "class")


def _of_value(quad: Quad, words: Vocabulary) -> Objection | None:
    """Object to values that are curated nodes, except where the ontology lists them or a license is named."""
    value = quad.object
    if (
        quad.predicate in [term(name) for name in LICENSES]
        or not isinstance(value, NamedNode)
        or value in words.evidence
    ):
        return None
    if is_curated(value):
        if compact(value).startswith("ogr:") and value not in words.curated:
            return _unknown(value, "value")
        return _claim("it would make a curated resource part of a model")
    found = variant_of(value)
    return _variant(value, found, "object") if found is not None else None


def _unknown(node: NamedNode, what: str) -> Objection:
    part = "predicate" if what == "property" else "object"
    found = variant_of(node)
    if found is not None:
        return _variant(node, found, part)
    if not compact(node).startswith("ogr:"):
        return Objection("ForeignTerm", {}, part)
    return Objection("UnknownTerm", unknown_name(compact(node), local_name(node), what), part)


def unknown_name(shown: str, name: str, what: str, space: str = "ogr:") -> Mapping[str, str]:
    """Return the names that the rule UnknownTerm needs for a property, class or value that does not exist."""
    near = _nearest(name, what)
    hint = f"; did you mean {space}{near}?" if near else f", which is no {what} of the ontology"
    return {"value": shown, "hint": hint, "mend": f", perhaps to {space}{near}" if near else ""}


def _variant(node: NamedNode, found: NamedNode, part: str) -> Objection:
    spaces = [space for space in prefixes().values() if found.value.startswith(space)]
    names = {
        "value": f"<{node.value}>",
        "nearest": compact(found),
        "namespace": max(spaces, key=len, default=""),
    }
    return Objection("NamespaceVariant", names, part)


@cache
def _nearest(name: str, what: str) -> str:
    if len(name) > LONGEST_TERM:
        return ""
    known = _names(what)
    near = get_close_matches(_plain(name), list(known), 1, 0.75)
    return known[near[0]] if near else ""


@cache
def _names(what: str) -> Mapping[str, str]:
    """Return the terms that a submission may use as a property, class or value, by their plain spelling."""
    words = vocabulary()
    properties = {
        term(f"owl:{kind}") for kind in ("ObjectProperty", "DatatypeProperty", "AnnotationProperty")
    }
    found: dict[str, str] = {}
    for node in sorted(words.evidence, key=str):
        types = set(words.graph.objects(node, term("rdf:type")))
        kind = "property" if types & properties else "class" if term("owl:Class") in types else "value"
        if kind == what:
            found[_plain(local_name(node))] = local_name(node)
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def variant_of(node: NamedNode) -> NamedNode | None:
    """Return the term that an IRI looks like without being it; None where there is none or it is the term."""
    found = _variants().get(_skeleton(node.value))
    return found if found is not None and found != node else None


@cache
def _variants() -> Mapping[str, NamedNode]:
    words = vocabulary()
    known = [*words.evidence, *words.curated, *(term(each) for each in (*ALSO_READ, "rdf:type"))]
    return {_skeleton(node.value): node for node in known}


def _skeleton(iri: str) -> str:
    """Return what is left of an IRI without scheme, www., .html and the difference between `#` and `/`."""
    text = re.sub(r"^https?://(www\.)?", "", iri[:300], flags=re.IGNORECASE)
    return re.sub(r"\.(html?|ttl|owl|rdf)(?=[#/]|$)", "", text).replace("#", "/").rstrip("/")
