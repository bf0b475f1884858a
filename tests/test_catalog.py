"""Each statement of the catalog has a source: an address, a place in it and the day on which it was seen."""

import re

import pytest

from opengrade.dataset import read_catalog
from opengrade.derive import derive_facts
from opengrade.graph import Graph, Literal, NamedNode, Quad
from opengrade.importing import Submission
from opengrade.licenses import license_index
from opengrade.namespaces import local_name, term
from opengrade.vocabulary import vocabulary
from support import CORPORA, needs_corpora

# Named by the Open Source Initiative when it validated its definition, and two that came later.
WANTED = {
    *("Pythia-12B", "OLMo-7B", "Amber", "CrystalCoder", "T5-11B", "BLOOM", "StarCoder2-15B"),
    *("Falcon-180B", "Llama 2 70B", "Grok-1", "Phi-2", "Mixtral-8x7B-v0.1", "DeepSeek-R1", "DeepSeek-V3"),
}
FILES = read_catalog()
IDS = [each.source.rpartition("/")[2] for each in FILES]


def of_class(graph: Graph, name: str) -> list[NamedNode]:
    return [n for n in graph.subjects(term("rdf:type"), term(name)) if isinstance(n, NamedNode)]


def described(graph: Graph) -> list[NamedNode]:
    kinds = [kind for kind in vocabulary().kinds if graph.subjects(term("rdf:type"), kind)]
    components = [n for kind in kinds for n in graph.subjects(term("rdf:type"), kind)]
    return [
        *of_class(graph, "ogr:Model"),
        *of_class(graph, "ogr:Dataset"),
        *of_class(graph, "ogr:Conflict"),
        *(node for node in components if isinstance(node, NamedNode)),
    ]


def test_the_models_of_the_initiative_are_there() -> None:
    names = {
        graph.text(model, term("ogr:name"))
        for each in FILES
        for graph in [Graph(each.quads)]
        for model in of_class(graph, "ogr:Model")
    }
    assert names == WANTED
    assert len(FILES) == len(WANTED)


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_everything_described_has_evidence(file: Submission) -> None:
    graph = Graph(file.quads)
    for node in described(graph):
        evidence = graph.nodes(node, term("ogr:hasEvidence"))
        assert evidence, node
        for each in evidence:
            assert term("ogr:Evidence") in graph.objects(each, term("rdf:type")), each


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_evidence_says_where_it_was_read_and_when(file: Submission) -> None:
    graph = Graph(file.quads)
    for node in of_class(graph, "ogr:Evidence"):
        url = graph.text(node, term("ogr:sourceUrl")) or ""
        assert re.fullmatch(r"https?://\S+", url), node
        day = graph.text(node, term("ogr:dateSeen")) or ""
        assert re.fullmatch(r"2026-1[12]-\d\d", day), node
        assert len(graph.objects(node, term("ogr:hasSourceKind"))) == 1, node
        assert graph.text(node, term("ogr:clause")), node
        if graph.objects(node, term("ogr:hasSourceKind")) == (term("ogr:IndexSource"),):
            assert graph.text(node, term("ogr:sourceVersion")), node
            assert graph.text(node, term("ogr:sourceDate")), node


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_each_license_is_shown_by_some_evidence(file: Submission) -> None:
    """What has a license of its own has evidence that supports the license."""
    graph = Graph(file.quads)
    for node in described(graph):
        if graph.text(node, term("ogr:licenseExpression")):
            evidence = graph.nodes(node, term("ogr:hasEvidence"))
            supported = {s for each in evidence for s in graph.nodes(each, term("ogr:supports"))}
            assert term("ogr:licenseExpression") in supported, node


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_no_evidence_is_left_over(file: Submission) -> None:
    graph = Graph(file.quads)
    used = {t.object for t in graph if t.predicate == term("ogr:hasEvidence")}
    assert not [node for node in of_class(graph, "ogr:Evidence") if node not in used]


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_each_license_text_says_what_it_means(file: Submission) -> None:
    """No text of the catalog stays unknown by accident: it resolves, or says that there is none."""
    index = license_index()
    for quad in file.quads:
        if quad.predicate in (term("ogr:licenseExpression"), term("ogr:distributionLicense")):
            assert isinstance(quad.object, Literal)
            state = local_name(index.resolve(quad.object.value).state)
            assert state in ("KnownLicense", "NoLicense"), quad.object


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_nothing_of_the_file_is_ignored(file: Submission) -> None:
    assert [remark.what for remark in file.remarks] == []
    assert derive_facts(file.quads, source=file.source).models


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_a_choice_between_sources_follows_the_rule(file: Submission) -> None:
    """A producer source comes before a standards source, that before an index, that before a reader."""
    order = ["ProducerSource", "StandardsSource", "IndexSource", "ReaderSource"]
    graph = Graph(file.quads)

    def best(node: NamedNode) -> int:
        kinds = [
            order.index(local_name(kind))
            for each in graph.nodes(node, term("ogr:hasEvidence"))
            for kind in graph.nodes(each, term("ogr:hasSourceKind"))
            if isinstance(kind, NamedNode)
        ]
        return min(kinds)

    for quad in file.quads:
        if quad.predicate == term("ogr:hasConflict"):
            assert isinstance(quad.subject, NamedNode)
            assert isinstance(quad.object, NamedNode)
            assert best(quad.subject) <= best(quad.object), quad.object
            assert graph.text(quad.object, term("skos:note")), quad.object


def cited_from(quads: tuple[Quad, ...], repository: str) -> set[str]:
    urls = {
        q.object.value
        for q in quads
        if q.predicate == term("ogr:sourceUrl") and isinstance(q.object, Literal)
    }
    return {url.rpartition("/")[2].replace("%20", " ") for url in urls if repository in url}


@needs_corpora
@pytest.mark.corpora
def test_cited_index_entries_exist() -> None:
    for file in FILES:
        for name in cited_from(file.quads, "github.com/lfai/model_openness_tool"):
            assert (CORPORA / "mot" / "models" / name).is_file() or name.endswith("parameters.yml"), name
        for name in cited_from(file.quads, "Language-Technology-Assessment"):
            assert (CORPORA / "eosai" / "systems" / name).is_file() or name.startswith("_"), name
