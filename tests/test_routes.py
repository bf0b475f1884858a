"""The routes agree: on generated models under the real frameworks, and on generated shapes."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from generated import STEADY, Model, models, nearly_complete, statements
from opengrade.dataset import read_catalog
from opengrade.derive import derive_facts
from opengrade.errors import RuleError
from opengrade.graph import Literal, NamedNode, Triple
from opengrade.loading import framework, framework_files, load_framework
from opengrade.namespaces import term
from opengrade.routes import memory, shacl, sparql

BATCH = 50
BATCHES = 8
# The reference route judges some ten models in a second, so it gets a sample.
SAMPLE = 15
mixed = st.lists(st.one_of(models, nearly_complete()), min_size=BATCH, max_size=BATCH)
few = st.lists(st.one_of(models, nearly_complete()), min_size=SAMPLE, max_size=SAMPLE)


def facts(batch: list[Model]) -> tuple[Triple, ...]:
    quads = [quad for number, model in enumerate(batch) for quad in statements(number, model)]
    return derive_facts(quads, source="generated").triples


@pytest.mark.slow
@pytest.mark.parametrize("name", framework_files())
@settings(max_examples=BATCHES, **STEADY)
@given(batch=mixed)
def test_quick_routes_agree_on_four_hundred_generated_models(name: str, batch: list[Model]) -> None:
    triples = facts(batch)
    assert sparql.run(framework(name), triples) == memory.run(framework(name), triples)


@pytest.mark.slow
@pytest.mark.parametrize("name", framework_files())
@settings(max_examples=2, **STEADY)
@given(batch=few)
def test_the_reference_route_agrees_on_a_sample_of_generated_models(name: str, batch: list[Model]) -> None:
    triples = facts(batch)
    assert shacl.run(framework(name), triples) == memory.run(framework(name), triples)


def test_four_hundred_models_are_generated() -> None:
    assert BATCH * BATCHES >= 400


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
x:carries a sh:PropertyShape ; sh:path <urn:property:p> ; sh:class <urn:class:D> .
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
    st.sampled_from(
        [
            f"[ {text} ]"
            for text in (
                "sh:alternativePath ( <urn:property:p> <urn:property:q> )",
                "sh:alternativePath ( <urn:property:p> ( <urn:property:q> <urn:property:q> ) )",
                "sh:inversePath ( <urn:property:p> <urn:property:q> )",
                "sh:zeroOrOnePath <urn:property:p>",
                "sh:zeroOrMorePath <urn:property:p>",
                "sh:oneOrMorePath [ sh:inversePath <urn:property:p> ]",
                "sh:zeroOrMorePath [ sh:alternativePath ( <urn:property:p> <urn:property:q> ) ]",
            )
        ]
    ),
)
counts = st.sampled_from(("sh:minCount 1", "sh:minCount 2", "sh:maxCount 0", "sh:maxCount 1"))
qualified = counts.map(lambda text: text.replace("sh:m", "sh:qualifiedM"))
values = st.lists(st.sampled_from(NODES), min_size=1, max_size=3, unique=True)
leaves = st.one_of(
    st.sampled_from(CLASSES).map(lambda c: f"sh:class {c}"),
    values.map(lambda nodes: f"sh:in ( {' '.join(map(str, nodes))} )"),
    st.sampled_from(NODES).map(lambda node: f"sh:hasValue {node}"),
    st.sampled_from(("sh:node x:named", "sh:node x:rung", "sh:property x:carries", "sh:not x:carries")),
    st.sampled_from(("sh:nodeKind sh:IRI", "sh:nodeKind sh:IRIOrLiteral", "sh:datatype xsd:integer")),
    st.sampled_from(("sh:datatype xsd:string", "sh:minLength 3", "sh:maxLength 2", 'sh:languageIn ( "en" )')),
    st.sampled_from(("sh:minInclusive 2", "sh:maxExclusive 2.5", "sh:maxInclusive 2", "sh:minExclusive 1.5")),
)
LITERALS = (
    *(
        Literal(1),
        Literal("2.5", datatype=term("xsd:decimal")),
        Literal("3.0E0", datatype=term("xsd:double")),
    ),
    *(Literal("many", datatype=term("xsd:integer")), Literal("2"), Literal("abc"), Literal(True)),
    *(Literal("a", language="en"), Literal("a", language="en-gb"), Literal("abc", language="de")),
)


def deeper(inner: Any) -> Any:
    boxes = inner.map(lambda text: f"[ {text} ]")
    lists = st.lists(boxes, min_size=1, max_size=2).map(" ".join)
    return st.one_of(
        boxes.map(lambda box: f"sh:not {box}"),
        lists.map(lambda text: f"sh:and ( {text} )"),
        lists.map(lambda text: f"sh:or ( {text} )"),
        lists.map(lambda text: f"sh:xone ( {text} )"),
        st.lists(inner, min_size=2, max_size=2).map(" ; ".join),
        st.tuples(paths, inner).map(lambda p: f"sh:property [ sh:path {p[0]} ; {p[1]} ]"),
        st.tuples(paths, counts).map(lambda p: f"sh:property [ sh:path {p[0]} ; {p[1]} ]"),
        st.tuples(paths, boxes, qualified).map(
            lambda p: f"sh:property [ sh:path {p[0]} ; sh:qualifiedValueShape {p[1]} ; {p[2]} ]"
        ),
    )


constraints = st.recursive(leaves, deeper, max_leaves=5)
edges = st.tuples(
    st.sampled_from(NODES), st.sampled_from(PROPERTIES), st.sampled_from((*NODES, *NODES, *LITERALS))
)
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
    assert by_sparql == by_shacl == memory.run(rules, triples), constraint


NESTED = [
    "sh:property x:carries",
    "sh:property [ sh:path <urn:property:q> ; sh:property x:carries ]",
    "sh:property [ sh:path <urn:property:q> ; sh:property [ sh:path <urn:property:p> ; sh:class x:D ] ]",
    "sh:not [ sh:not x:carries ]",
    "sh:xone ( x:carries [ sh:class x:D ] )",
]


@pytest.mark.parametrize("constraint", NESTED)
def test_a_shape_within_another_fails_the_node_that_is_judged(tmp_path: Path, constraint: str) -> None:
    """The report of pySHACL on such shapes names the inner shape, and may be about another node."""
    path = tmp_path / "generated.ttl"
    path.write_text(f"{HEADER}  {constraint} .\n", encoding="utf-8")
    rules, (first, second, *_) = load_framework(path), NODES
    to, through = PROPERTIES
    triples = [Triple(node, term("rdf:type"), term("ogr:Model")) for node in (first, second)]
    triples += [Triple(first, through, first), Triple(first, to, second)]
    for route in (sparql, shacl, memory):
        assert route.run(rules, triples)[NamedNode("urn:shape:criterion")] == {second}


@pytest.mark.parametrize("name", ["mof-1.0", "osaid-1.0", "debian-ml-policy"])
def test_portions_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    rules = framework(name)
    triples = [t for each in read_catalog() for t in derive_facts(each.quads, source=each.source).triples]
    whole = sparql.run(rules, triples)
    monkeypatch.setattr(sparql, "PORTION", 100)
    assert len(list(sparql._portions(rules, triples))) > 5
    assert sparql.run(rules, triples) == whole == memory.run(rules, triples)


def test_facts_that_are_followed_backwards_stay_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "generated.ttl"
    back = "sh:property [ sh:path [ sh:inversePath <urn:property:p> ] ; sh:minCount 2 ]"
    path.write_text(f"{HEADER}  {back} .\n", encoding="utf-8")
    rules, (target, *others) = load_framework(path), NODES
    triples = [Triple(each, PROPERTIES[0], target) for each in others]
    triples += [Triple(node, term("rdf:type"), term("ogr:Model")) for node in NODES]
    monkeypatch.setattr(sparql, "PORTION", 1)
    assert sparql.run(rules, triples)[NamedNode("urn:shape:criterion")] == {target}
