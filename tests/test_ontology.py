"""The ontology is consistent, keeps its own style, and is the only place where terms come from."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import owlready2
import pyshacl
import pytest
import rdflib
from rdflib import OWL, RDF, RDFS, SH, XSD, BNode, Literal, URIRef
from rdflib.namespace import split_uri

import opengrade
from opengrade.namespaces import prefixes
from opengrade.resources import data_files, data_root
from support import TESTS

NS = "https://w3id.org/opengrade/ns#"
MODULES = [path for path in data_files("ontology", "*.ttl") if path.stem != "prefixes"]
STYLE = data_root() / "shapes" / "style.ttl"
OURS = [
    path
    for folder in ("ontology", "shapes", "catalog", "tests/frameworks")
    for path in sorted((data_root() / folder).rglob("*.ttl"))
]


def graph_of(paths: Iterable[Path]) -> rdflib.Graph:
    graph = rdflib.Graph()
    for path in paths:
        graph.parse(path, format="turtle")
    return graph


def reasoned(graph: rdflib.Graph, folder: Path) -> list[str]:
    """Return the classes that HermiT finds unsatisfiable; an inconsistent ontology raises."""
    path = folder / "ontology.nt"
    graph.serialize(path, format="nt", encoding="utf-8")
    world = owlready2.World(filename=str(folder / "world.sqlite3"))
    try:
        world.get_ontology(path.as_uri()).load()
        owlready2.sync_reasoner_hermit(world, debug=0)
        found = {each.iri for each in world.inconsistent_classes()}
        return sorted(found - {str(OWL.Nothing)})
    finally:
        world.close()


def without_imports(graph: rdflib.Graph) -> rdflib.Graph:
    """The modules are read together; what they import is here already and nothing is fetched."""
    graph.remove((None, OWL.imports, None))
    return graph


@pytest.mark.java
def test_hermit_finds_the_ontology_consistent_and_each_class_satisfiable(tmp_path: Path) -> None:
    assert reasoned(without_imports(graph_of(MODULES)), tmp_path) == []


@pytest.mark.java
def test_hermit_finds_the_catalog_consistent_with_the_ontology(tmp_path: Path) -> None:
    graph = without_imports(graph_of([*MODULES, *data_files("catalog", "*.ttl")]))
    for triple in [t for t in graph if isinstance(t[2], Literal) and t[2].datatype == XSD.date]:
        graph.remove(triple)  # xsd:date is not in the datatype map of OWL 2, and HermiT refuses it
    assert reasoned(graph, tmp_path) == []


@pytest.mark.java
def test_hermit_would_find_a_class_that_can_have_no_member(tmp_path: Path) -> None:
    graph = without_imports(graph_of(MODULES))
    wrong = URIRef(NS + "ModelThatIsAComponent")
    graph.add((wrong, RDF.type, OWL.Class))
    graph.add((wrong, RDFS.subClassOf, URIRef(NS + "Model")))
    graph.add((wrong, RDFS.subClassOf, URIRef(NS + "Component")))
    assert reasoned(graph, tmp_path) == [str(wrong)]


KINDS = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
BUILT_IN = tuple(str(t).rpartition("#")[0] for t in (OWL.Class, RDF.type, RDFS.label))


def test_each_term_that_is_used_is_declared_once() -> None:
    """OWL 2 DL: no undeclared property or class, and no name for two sorts of thing."""
    graph = graph_of(MODULES)
    declared = {s: {o for o in graph.objects(s, RDF.type) if o in KINDS} for s in set(graph.subjects())}
    assert not {s for s, kinds in declared.items() if len(kinds) > 1}
    used = set(graph.predicates()) | set(graph.objects(None, RDF.type))
    used |= set(graph.objects(None, RDFS.domain)) | set(graph.objects(None, RDFS.subClassOf))
    foreign = {t for t in used if isinstance(t, URIRef) and not str(t).startswith(BUILT_IN)}
    assert not {t for t in foreign if not declared.get(t)}


def test_ranges_are_in_the_datatype_map_of_owl() -> None:
    graph = graph_of(MODULES)
    allowed = {XSD.string, XSD.boolean, XSD.integer, XSD.anyURI, XSD.dateTime, XSD.decimal}
    for node in graph.subjects(RDF.type, OWL.DatatypeProperty):
        assert set(graph.objects(node, RDFS.range)) <= allowed, node


def test_modules_import_no_other_vocabulary() -> None:
    graph = graph_of(MODULES)
    modules = set(graph.subjects(RDF.type, OWL.Ontology))
    assert set(graph.objects(None, OWL.imports)) == modules - {URIRef(NS.rstrip("#"))}


def violations(data: rdflib.Graph, shapes: rdflib.Graph) -> set[URIRef]:
    """Return the named shapes of the style that some term breaks."""
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes, advanced=True, inference="none")
    sources = set(report.objects(None, SH.sourceShape))
    found = set()
    for source in sources:
        owners = set(shapes.subjects(SH.property, source)) if isinstance(source, BNode) else {source}
        found |= {owner for owner in owners if isinstance(owner, URIRef)}
    return found


def test_the_ontology_keeps_its_style() -> None:
    assert violations(graph_of(MODULES), graph_of([STYLE])) == set()


STYLE_EXAMPLES = sorted((TESTS / "style").glob("*/*.ttl"))


@pytest.mark.parametrize("path", STYLE_EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_style_examples(path: Path) -> None:
    broken = {split_uri(shape)[1] for shape in violations(graph_of([path]), graph_of([STYLE]))}
    assert (path.parent.name in broken) == path.stem.startswith("fail")


def style_constraints() -> Iterator[tuple[str, rdflib.term.Node, URIRef]]:
    shapes = graph_of([STYLE])
    about = {SH.path, SH.message, SH.name, SH.description, SH.property, SH.target, SH.targetClass}
    for shape in shapes.subjects(RDF.type, SH.NodeShape):
        for node in (shape, *shapes.objects(shape, SH.property)):
            path = shapes.value(node, SH.path)
            for predicate in set(shapes.predicates(node)):
                if predicate not in about | {RDF.type, SH.targetSubjectsOf}:
                    yield split_uri(str(shape))[1], path or shape, URIRef(str(predicate))


def test_no_constraint_of_the_style_can_go_unnoticed() -> None:
    """Take each constraint out: some example that has to fail must then pass."""
    names = {name for name, _, _ in style_constraints()}
    assert names == {path.parent.name for path in STYLE_EXAMPLES}
    for name, path, predicate in style_constraints():
        shapes = graph_of([STYLE])
        for node in list(shapes.subjects(SH.path, path)) or [path]:
            owner = set(shapes.subjects(SH.property, node)) or {node}
            if any(split_uri(str(each))[1] == name for each in owner):
                shapes.remove((node, predicate, None))
        fails = [each for each in STYLE_EXAMPLES if each.parent.name == name and each.stem != "pass"]
        still = [{split_uri(shape)[1] for shape in violations(graph_of([each]), shapes)} for each in fails]
        assert any(name not in broken for broken in still), (name, path, predicate)


def test_there_is_one_prefix_map() -> None:
    for path in OURS:
        for prefix, namespace in re.findall(r"^PREFIX (\S*): <(.*)>$", path.read_text(), re.MULTILINE):
            assert prefixes().get(prefix) == namespace, (path, prefix)
    for path in (data_root() / "queries").rglob("*.rq"):
        for prefix, namespace in re.findall(r"^PREFIX (\S*): <(.*)>$", path.read_text(), re.MULTILINE):
            if namespace.startswith("http"):
                assert prefixes().get(prefix) == namespace, (path, prefix)


def known_terms() -> set[str]:
    graph = graph_of(MODULES)
    return {str(s) for s in graph.subjects(RDFS.isDefinedBy, None)}


def test_no_file_uses_a_term_of_ours_that_the_ontology_does_not_define() -> None:
    known = known_terms()
    graph = graph_of(OURS)
    used = {str(t) for triple in graph for t in triple if str(t).startswith(NS)}
    assert used - known - {NS} == set()


def test_no_query_and_no_code_uses_a_term_of_ours_that_the_ontology_does_not_define() -> None:
    known = {term.removeprefix(NS) for term in known_terms()}
    files = [*(data_root() / "queries").rglob("*.rq"), *Path(opengrade.__file__).parent.rglob("*.py")]
    for path in files:
        text = re.sub(r"^#(?!\+).*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for name in re.findall(r"\bogr:([A-Za-z][\w-]*)", text):
            assert name in known, (path, name)


def test_no_shape_uses_a_term_that_shacl_does_not_define() -> None:
    shacl = rdflib.Graph().parse(Path(pyshacl.__file__).parent / "assets" / "shacl.ttl", format="turtle")
    known = {str(s) for s in shacl.subjects() if str(s).startswith(str(SH))}
    assert len(known) > 100
    graph = graph_of((data_root() / "shapes").rglob("*.ttl"))
    used = {str(t) for triple in graph for t in triple if str(t).startswith(str(SH))}
    assert used - known - {NS} == set()
