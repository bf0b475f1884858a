"""Each finding can be checked down to dated sources, by a checker that shares nothing with what wrote it.

The checker reads the Turtle of an explanation with rdflib. It lets pySHACL judge the statements named in it,
and nothing else, and looks each statement up where the explanation says that it stands.
"""

import json
from functools import cache

import pyshacl
import pytest
import rdflib
from rdflib import PROV, RDF, SH, URIRef
from rdflib.term import Node

from opengrade.dataset import read_catalog
from opengrade.loading import framework_files
from opengrade.resources import data_root
from support import ROOT, run_cli

OGR = rdflib.Namespace("https://w3id.org/opengrade/ns#")
# Two that meet much, two that meet little, one made from another.
EXPLAINED = ("olmo-7b", "bloom", "phi-2", "llama-2-70b", "deepseek-r1")


@cache
def licenses() -> rdflib.Graph:
    graph = rdflib.Graph()
    for path in sorted((data_root() / "ontology" / "licenses").glob("*.ttl")):
        graph.parse(path)
    return graph


@cache
def shapes(name: str) -> rdflib.Graph:
    """Return the shapes of a framework, without targets: each is run where the checker wants it."""
    graph = rdflib.Graph()
    for path in (framework_files()[name], data_root() / "shapes" / "common.ttl"):
        graph.parse(path)
    graph.remove((None, SH.targetClass, None))
    return graph


def conforms(statements: rdflib.Graph, name: str, criterion: URIRef, model: URIRef) -> bool:
    wanted = rdflib.Graph() + shapes(name)
    wanted.add((criterion, SH.targetNode, model))
    done, _, _ = pyshacl.validate(statements, shacl_graph=wanted)
    return bool(done)


def statement(graph: rdflib.Graph, node: Node) -> tuple[Node, Node, Node]:
    subject, predicate, value = (graph.value(node, part) for part in (RDF.subject, RDF.predicate, RDF.object))
    assert subject is not None
    assert predicate is not None
    assert value is not None
    return subject, predicate, value


def check_statement(graph: rdflib.Graph, node: URIRef, stated: rdflib.Graph) -> bool:
    """Look a statement up where it is said to stand; say whether a dated source shows it."""
    triple = statement(graph, node)
    place = str(graph.value(node, OGR.standsIn))
    sources = list(graph.objects(node, PROV.hadPrimarySource))
    if place == "evidence":
        assert triple in stated, triple
    elif place == "licenses":
        assert triple in licenses(), triple
    else:
        assert place == "facts"
        assert triple not in stated or triple[1] == RDF.type
        assert not sources
        parts = list(graph.objects(node, PROV.wasDerivedFrom))
        assert all(isinstance(each, URIRef) and check_statement(graph, each, stated) for each in parts), (
            triple
        )
        return True
    return any(graph.value(each, OGR.dateSeen) and graph.value(each, OGR.sourceUrl) for each in sources)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPLAINED)
def test_an_independent_checker_comes_to_the_same_findings(name: str) -> None:
    done = run_cli("explain", name, "-f", "all", "--format", "turtle")
    assert (done.code, done.err) == (0, "")
    graph = rdflib.Graph().parse(data=done.out, format="turtle")
    stated = rdflib.Graph()
    for file in read_catalog():  # a base model may be described in a file of its own
        stated.parse(ROOT / file.source)
    checked = 0
    for finding in graph.subjects(RDF.type, OGR.Finding):
        criterion, model = graph.value(finding, OGR.judges), graph.value(finding, PROV.specializationOf)
        assert isinstance(criterion, URIRef)
        assert isinstance(model, URIRef)
        nodes = [each for each in graph.objects(finding, PROV.wasDerivedFrom) if isinstance(each, URIRef)]
        proof = rdflib.Graph()
        for node in nodes:
            proof.add(statement(graph, node))
            assert check_statement(graph, node, stated), node
        framework = str(criterion).rpartition("/")[2].partition("#")[0]
        met = graph.value(finding, OGR.hasStatus) == OGR.met
        assert conforms(proof, framework, criterion, model) is met, criterion
        if met:  # the proof is needed: nothing follows from no statements
            assert not conforms(rdflib.Graph(), framework, criterion, model), criterion
        checked += 1
    assert checked > 100


def test_the_checker_sees_a_statement_that_was_taken_away() -> None:
    done = run_cli("explain", "olmo-7b", "-f", "osaid-1.0", "--format", "turtle")
    graph = rdflib.Graph().parse(data=done.out, format="turtle")
    criterion = URIRef("https://w3id.org/opengrade/osaid-1.0#TrainingCodeOpen")
    finding = graph.value(predicate=OGR.judges, object=criterion)
    assert finding is not None
    model = graph.value(finding, PROV.specializationOf)
    assert isinstance(model, URIRef)
    proof = [statement(graph, node) for node in graph.objects(finding, PROV.wasDerivedFrom)]
    # An option that requires no license would be kept by anyone, so this statement alone is not needed.
    needed = [each for each in proof if each[1] != OGR.requiresLicense]
    assert len(needed) > 3
    for gone in needed:
        rest = rdflib.Graph()
        for each in proof:
            if each != gone:
                rest.add(each)
        assert not conforms(rest, "osaid-1.0", criterion, model), gone


def test_text_and_json_tell_the_same() -> None:
    arguments = ("explain", "bloom", "-f", "osaid-1.0", "--criterion", "FinalWeightsOpen")
    text = run_cli(*arguments)
    assert text.code == 0
    assert "LICENSE-NOT-OPEN" in text.out
    assert "[stated; https://" in text.out
    assert "Rule: Preferred form to make modifications, Parameters" in text.out
    found = json.loads(run_cli(*arguments, "--format", "json").out)
    (explanation,) = found["explanations"]
    criterion = next(c for c in explanation["criteria"] if c["criterion"] == "FinalWeightsOpen")
    assert criterion["reason"] == "LICENSE-NOT-OPEN"
    for each in criterion["statements"]:
        assert each["words"] in text.out or each["predicate"].endswith("hasComponent>")
        assert "genid" not in each["words"]
    assert run_cli("explain", "bloom", "--criterion", "Nonsense").code == 2


def test_words_of_explanations_name_no_internal_node() -> None:
    for name in EXPLAINED:
        out = run_cli("explain", name, "-f", "all").out
        assert "genid" not in out
        assert "_:" not in out
        assert "{" not in out
