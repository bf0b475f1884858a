"""Writes class queries, OWL classes and JSON-LD context from what they follow from, for `make generate`."""

import json
import sys
from pathlib import Path

from opengrade.graph import NamedNode
from opengrade.loading import framework, framework_files
from opengrade.namespaces import compact, local_name, prefixes, term
from opengrade.owl_classes import document
from opengrade.resources import data_root
from opengrade.routes.grades import class_query
from opengrade.vocabulary import vocabulary


def context() -> str:
    """Return the JSON-LD context: all terms that a submission may use, IRIs and dates typed."""
    words = vocabulary()
    entries: dict[str, object] = {"@version": 1.1}
    entries |= {prefix: prefixes()[prefix] for prefix in ("ogr", "id", "spdx", "dcterms", "xsd")}
    for node in sorted(words.evidence, key=str):
        types = {t.value for t in words.graph.nodes(node, term("rdf:type")) if isinstance(t, NamedNode)}
        name = local_name(node)
        if term("owl:Class").value in types:
            entries[name] = node.value
        elif term("owl:ObjectProperty").value in types:
            entries[name] = {"@id": node.value, "@type": "@vocab"}
        elif term("owl:DatatypeProperty").value in types:
            entries[name] = _datatype_entry(node)
        elif term("owl:NamedIndividual").value in types:
            entries[name] = node.value
    return json.dumps({"@context": entries}, indent=2, sort_keys=True) + "\n"


def _datatype_entry(node: NamedNode) -> object:
    kind = vocabulary().range_of(node)
    name = compact(kind) if isinstance(kind, NamedNode) else ""
    return {"@id": node.value, "@type": name} if name in ("xsd:anyURI", "xsd:date") else node.value


def generated() -> dict[Path, str]:
    """Return every generated file with its text."""
    root = data_root()
    found = {root / "ontology" / "context.jsonld": context()}
    for name in framework_files():
        rules = framework(name)
        if rules.monotone:
            found[root / "ontology" / "derived" / f"{name}.ttl"] = document(rules)
        for grade in rules.grades:
            found[root / "queries" / "classes" / f"{name}-{grade.name}.rq"] = class_query(rules, grade)
    return found


def main() -> int:
    """Write the files, or with --check say which are not current."""
    wrong = 0
    for path, text in generated().items():
        current = path.read_text(encoding="utf-8") if path.exists() else ""
        if current != text:
            wrong += 1
            if "--check" in sys.argv[1:]:
                print(f"{path} is not current: run make generate", file=sys.stderr)
            else:
                path.write_text(text, encoding="utf-8")
    return int("--check" in sys.argv[1:] and wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
