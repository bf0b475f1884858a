"""The routes agree: on generated models under the real frameworks, and on generated shapes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from opengrade.derive import derive_facts
from opengrade.errors import RuleError
from opengrade.frameworks import framework, framework_files, load_framework
from opengrade.graph import Literal, NamedNode, Quad, Triple
from opengrade.namespaces import term
from opengrade.routes import shacl, sparql
from opengrade.vocabulary import vocabulary

BATCH = 50
BATCHES = 40
MODEL = "https://w3id.org/opengrade/id/model/generated-"

LICENSES = (
    *("", "unlicensed", "MIT", "mit", " MIT", "Apache-2.0", "Apache 2.0", "BSD-3-Clause", "bsd", "GPL-3.0"),
    *("CC-BY-4.0", "CC-BY-NC-4.0", "CC0-1.0", "CDLA-Permissive-2.0", "ODC-PDDL-1.0", "PDDL-1.0", "GFDL-1.3"),
    *("OpenMDW-1.0", "C-UDA-1.0", "Ruby", "llama2", "Acme Model License", "MIT OR CC-BY-NC-4.0"),
    *("MIT AND CC-BY-NC-4.0", "CC-BY-4.0 AND (MIT OR Acme)", "GPL-2.0-only WITH Classpath-exception-2.0"),
    *("https://spdx.org/licenses/MIT.html", "https://example.org/license", "\u0410pache-2.0"),
)
AVAILABILITIES = ("DirectDownload", "GatedClickthrough", "NotReleased", "DescribedOnly", "QueryOnly")
DEFAULTS = ("codeLicense", "dataLicense", "documentLicense", "distributionLicense")


@dataclass(frozen=True)
class Component:
    kinds: tuple[NamedNode, ...]
    licenses: tuple[str, ...]
    availability: str | None


@dataclass(frozen=True)
class Model:
    components: tuple[Component, ...]
    defaults: tuple[tuple[str, str], ...]


def some(values: Any, most: int) -> Any:
    return st.lists(values, max_size=most, unique=True).map(tuple)


licenses = st.sampled_from(LICENSES)
kinds = st.sampled_from(sorted(vocabulary().kinds, key=str))
components = st.builds(
    Component,
    kinds=st.one_of(kinds.map(lambda kind: (kind,)), some(kinds, 2)),
    licenses=st.one_of(licenses.map(lambda text: (text,)), some(licenses, 2)),
    availability=st.one_of(st.none(), st.none(), st.sampled_from(AVAILABILITIES)),
)
models = st.builds(
    Model,
    components=st.lists(components, max_size=4).map(tuple),
    defaults=some(st.tuples(st.sampled_from(DEFAULTS), licenses), 2),
)


def statements(number: int, model: Model) -> Iterator[Quad]:
    node, a = NamedNode(f"{MODEL}{number}"), term("rdf:type")
    yield Quad(node, a, term("ogr:Model"))
    for property_, text in model.defaults:
        yield Quad(node, term(f"ogr:{property_}"), Literal(text))
    for position, component in enumerate(model.components):
        part = NamedNode(f"{node.value}#{position}")
        yield Quad(node, term("ogr:hasComponent"), part)
        for kind in component.kinds:
            yield Quad(part, a, kind)
        for text in component.licenses:
            yield Quad(part, term("ogr:licenseExpression"), Literal(text))
        if component.availability:
            yield Quad(part, term("ogr:hasAvailability"), term(f"ogr:{component.availability}"))


STEADY: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", framework_files())
@settings(max_examples=BATCHES, **STEADY)
@given(batch=st.lists(models, min_size=BATCH, max_size=BATCH))
def test_routes_agree_on_two_thousand_generated_models(name: str, batch: list[Model]) -> None:
    quads = [quad for number, model in enumerate(batch) for quad in statements(number, model)]
    triples = derive_facts(quads, source="generated").triples
    assert sparql.run(framework(name), triples) == shacl.run(framework(name), triples)


def test_two_thousand_models_are_generated() -> None:
    assert BATCH * BATCHES >= 2000


# --- generated shapes ---

NODES = tuple(NamedNode(f"urn:node:{letter}") for letter in "abcde")
CLASSES = tuple(NamedNode(f"urn:class:{letter}") for letter in "CD")
PROPERTIES = tuple(NamedNode(f"urn:property:{letter}") for letter in "pq")
HEADER = """
PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX ogr: <https://w3id.org/opengrade/ns#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> PREFIX x: <urn:shape:>
x:framework a ogr:Framework ; ogr:hasCriterion x:criterion ; ogr:hasGrade x:grade .
x:grade a ogr:Grade ; ogr:rank 1 ; ogr:requires x:criterion .
x:evidence a ogr:Evidence .
x:named a sh:NodeShape ; sh:class <urn:class:C> .
x:rung a sh:NodeShape ; sh:targetClass ogr:Component ; ogr:givesReason ogr:ABSENT ;
  sh:property [ sh:path <urn:property:q> ; sh:minCount 1 ] .
x:criterion a sh:NodeShape , ogr:Criterion ; sh:targetClass ogr:Model ; sh:name "n" ; sh:message "m" ;
  ogr:fix "f" ; ogr:hasEvidence x:evidence ;
"""

paths = st.one_of(
    st.sampled_from(PROPERTIES).map(str),
    st.sampled_from(PROPERTIES).map(lambda p: f"[ sh:inversePath {p} ]"),
    st.tuples(st.sampled_from(PROPERTIES), st.sampled_from(PROPERTIES)).map(lambda s: f"( {s[0]} {s[1]} )"),
    st.tuples(st.sampled_from(PROPERTIES), st.sampled_from(PROPERTIES)).map(
        lambda s: f"( [ sh:inversePath {s[0]} ] {s[1]} )"
    ),
)
counts = st.sampled_from(("sh:minCount 1", "sh:minCount 2", "sh:maxCount 0", "sh:maxCount 1"))
qualified = counts.map(lambda text: text.replace("sh:m", "sh:qualifiedM"))
values = st.lists(st.sampled_from(NODES), min_size=1, max_size=3, unique=True)
leaves = st.one_of(
    st.sampled_from(CLASSES).map(lambda c: f"sh:class {c}"),
    values.map(lambda nodes: f"sh:in ( {' '.join(map(str, nodes))} )"),
    st.sampled_from(NODES).map(lambda node: f"sh:hasValue {node}"),
    st.sampled_from(("sh:node x:named", "sh:node x:rung")),
)


def deeper(inner: Any) -> Any:
    boxes = inner.map(lambda text: f"[ {text} ]")
    lists = st.lists(boxes, min_size=1, max_size=2).map(" ".join)
    return st.one_of(
        boxes.map(lambda box: f"sh:not {box}"),
        lists.map(lambda text: f"sh:and ( {text} )"),
        lists.map(lambda text: f"sh:or ( {text} )"),
        st.lists(inner, min_size=2, max_size=2).map(" ; ".join),
        st.tuples(paths, inner).map(lambda p: f"sh:property [ sh:path {p[0]} ; {p[1]} ]"),
        st.tuples(paths, counts).map(lambda p: f"sh:property [ sh:path {p[0]} ; {p[1]} ]"),
        st.tuples(paths, boxes, qualified).map(
            lambda p: f"sh:property [ sh:path {p[0]} ; sh:qualifiedValueShape {p[1]} ; {p[2]} ]"
        ),
    )


constraints = st.recursive(leaves, deeper, max_leaves=5)
edges = st.tuples(st.sampled_from(NODES), st.sampled_from(PROPERTIES), st.sampled_from(NODES))
types = st.tuples(
    st.sampled_from(NODES), st.just(term("rdf:type")), st.sampled_from((*CLASSES, term("ogr:Component")))
)
graphs = st.lists(st.one_of(edges, types), max_size=14, unique=True)


@settings(max_examples=400, **STEADY)
@given(constraint=constraints, graph=graphs)
def test_routes_agree_on_generated_shapes(
    tmp_path_factory: pytest.TempPathFactory, constraint: str, graph: list[tuple[Any, Any, Any]]
) -> None:
    path: Path = tmp_path_factory.mktemp("rules") / "generated.ttl"
    path.write_text(f"{HEADER}  {constraint} .\n", encoding="utf-8")
    try:
        rules = load_framework(path)
    except RuleError as error:
        assert "stands more than once" in str(error)
        reject()
    triples = [Triple(*each) for each in graph]
    triples += [Triple(node, term("rdf:type"), term("ogr:Model")) for node in NODES[:4]]
    by_sparql, by_shacl = sparql.run(rules, triples), shacl.run(rules, triples)
    assert by_sparql == by_shacl, constraint
