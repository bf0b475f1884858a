"""Each rule for submissions that is a shape is shown by examples, and each of its constraints is needed.

A file `tests/submission/<rule>/<pass|fail>[-<why>].ttl` says whether it keeps the rule, and breaks no other.
"""

import re
import string
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyshacl
import pytest
import rdflib
from rdflib import OWL, RDF, RDFS, SH, XSD, BNode, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from opengrade.dataset import read_catalog
from opengrade.graph import Quad, to_rdflib
from opengrade.importing import read_submission
from opengrade.remarks import rule_quads, rules
from opengrade.resources import data_files
from opengrade.vocabulary import ontology_quads, vocabulary
from support import CORPORA, TESTS, needs_corpora

OGR, OGS = "https://w3id.org/opengrade/ns#", "https://w3id.org/opengrade/submission#"
HERE = TESTS / "submission"

Result = tuple[str, str, str, str]


@cache
def shapes() -> rdflib.Graph:
    return to_rdflib(rule_quads())


@cache
def ontology() -> rdflib.Graph:
    return to_rdflib(ontology_quads())


def local(node: Node | None) -> str:
    return re.sub(r"^.*[#/]", "", str(node))


NAMES = sorted(local(node) for node in shapes().subjects(RDF.type, SH.NodeShape))


def results(data: rdflib.Graph, by: rdflib.Graph) -> set[Result]:
    """Return rule, thing, property and value of all that pySHACL finds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rdflib deprecates calls that pySHACL still makes
        _, report, _ = pyshacl.validate(data, shacl_graph=by, inference="none", advanced=False)
    return {
        (
            owner(report.value(result, SH.sourceShape), by),
            str(report.value(result, SH.focusNode)),
            local(report.value(result, SH.resultPath)),
            str(report.value(result, SH.value)),
        )
        for result in report.objects(None, SH.result)
    }


def owner(source: Node | None, by: rdflib.Graph) -> str:
    return local(by.value(predicate=SH.property, object=source) if isinstance(source, BNode) else source)


@cache
def broken(path: Path) -> frozenset[str]:
    """Return the names of the rules that a file breaks."""
    return broken_by(read_submission(path).quads)


def broken_by(quads: tuple[Quad, ...]) -> frozenset[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = to_rdflib(quads)
    return frozenset(rule for rule, *_ in results(data, shapes()))


def required(names: frozenset[str]) -> set[str]:
    return {name for name in names if rules()[name].severity == "violation"}


# The examples.


def test_each_shape_has_examples_and_each_folder_of_examples_a_shape() -> None:
    assert {path.name for path in HERE.iterdir()} == set(NAMES)
    for name in NAMES:
        begins = {path.stem.partition("-")[0] for path in (HERE / name).iterdir()}
        assert begins == {"pass", "fail"}, name


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_judged_as_their_names_say(name: str) -> None:
    for path in sorted((HERE / name).iterdir()):
        fails = path.stem.startswith("fail")
        assert (name in broken(path)) == fails, path
        assert required(broken(path)) <= ({name} if fails else set()), path


def test_the_catalog_breaks_no_rule_that_is_required() -> None:
    files = read_catalog()
    assert len(files) == 14
    for each in files:
        assert not required(broken_by(each.quads)), each.source


# What stands in these files where an address should stand.
FAULTY = {
    "Amber.yml": "arxiv license",
    "CrystalChat.yml": "ODC-BY",
    "Grok-1.yml": "xai-org/grok-1",
    "Mixtral-8x22B-Instruct-v0.1.yml": "mistralai/Mixtral-8x22B-Instruct-v0.1",
    "Stable-Diffusion.yml": "stable-diffusion-3-medium · Hugging Face",
    "StableLM-2.yml": "stablelm-2-1_6b · Hugging Face",
    "StableLM-Japanese.yml": "japanese-stablelm-instruct-alpha-7b · Hugging Face",
    "Zephyr-141B.yml": "zephyr-orpo-141b-A35b-v0.1 · Hugging Face",
}


@needs_corpora
@pytest.mark.corpora
def test_model_files_of_the_index_break_a_required_rule_only_where_they_are_wrong() -> None:
    files = sorted((CORPORA / "mot" / "models").glob("*.yml"))
    assert len(files) >= 80
    found = {path.name: required(broken(path)) for path in files}
    assert {name: names for name, names in found.items() if names} == {
        name: {"ArtifactAddressNotAbsolute"} for name in FAULTY
    }
    for name, text in FAULTY.items():
        assert text in (CORPORA / "mot" / "models" / name).read_text(encoding="utf-8")


# The words.


def test_each_shape_is_a_rule_and_has_words() -> None:
    assert set(NAMES) <= set(rules())
    for name in NAMES:
        rule = rules()[name]
        assert not rule.what.endswith("."), name
        assert rule.why.endswith("."), name
        assert rule.fix.endswith("."), name
        used = {field for _, field, *_ in string.Formatter().parse(rule.what) if field}
        assert "node" in used, name
        assert used <= {"node", "property", "value"}, name


def test_a_message_speaks_of_a_property_or_value_only_where_there_is_one() -> None:
    for name in NAMES:
        shape = URIRef(OGS + name)
        inner = list(shapes().objects(shape, SH.property))
        if "{property}" in rules()[name].what:
            assert inner, name
            assert all(isinstance(shapes().value(each, SH.path), URIRef) for each in inner), name
        if "{value}" in rules()[name].what:
            counts = {SH.minCount, SH.maxCount, SH.qualifiedMinCount, SH.qualifiedMaxCount}
            assert inner, name
            assert not counts & {p for each in inner for p in shapes().predicates(each)}, name


def test_each_file_of_rules_has_its_module() -> None:
    """Of the modules that only curated graphs may use, a submission meets one: it names licenses."""
    graph = ontology()
    modules = {local(module) for module in graph.subjects(RDF.type, OWL.Ontology)}
    modules &= {path.stem for path in data_files("ontology", "*.ttl")}
    closed = {local(module) for module in graph.subjects(URIRef(OGR + "curatedOnly"))}
    assert {path.stem for path in data_files("shapes/submission", "*.ttl")} == (
        (modules - closed) | {"license", "general"}
    )


# The rules say of each property what the ontology says.

# Said elsewhere: code tells what has no kind of component, and a base model need not be described.
RANGE_ELSEWHERE = {"hasComponent": "ComponentWithoutKind", "derivedFromModel": "BaseModelNotModel"}
SHARED = {"Architecture", "Code", "Dataset"}
DATES = {"dateJudged", "dateSeen", "releaseDate", "sourceDate"}


def constraints(property_: str) -> set[tuple[str, str]]:
    """Return what the shapes that look at a property alone ask of its values, as pairs of term and value."""
    found = set()
    for node in shapes().subjects(SH.path, URIRef(OGR + property_)):
        waiting: list[Node] = [node]
        while waiting:
            each = waiting.pop()
            for predicate, value in shapes().predicate_objects(each):
                if predicate in (SH["and"], SH["or"], SH["in"]):
                    members = list(Collection(shapes(), value))
                    waiting += [m for m in members if predicate != SH["in"]]
                    found |= {("in", local(m)) for m in members if predicate == SH["in"]}
                elif predicate in (SH.datatype, SH["class"]):
                    found.add((local(predicate), local(value)))
    return found


def ranges() -> Iterator[tuple[str, set[tuple[str, str]]]]:
    """Yield the properties that submissions use, each with the constraints that follow from its range."""
    graph = ontology()
    for each in vocabulary().evidence:
        node = URIRef(each.value)
        range_ = graph.value(node, RDFS.range)
        individuals = {("in", local(i)) for i in graph.subjects(RDF.type, range_) if range_ is not None}
        if local(node) in DATES:
            yield local(node), {("datatype", "date")}
        elif range_ is not None and str(range_).startswith(str(XSD)):
            yield local(node), {("datatype", local(range_))}
        elif range_ == URIRef(OGR + "Artifact"):
            yield local(node), {("class", name) for name in SHARED}
        elif range_ is not None and local(node) not in RANGE_ELSEWHERE:
            yield local(node), individuals or {("class", local(range_))}


def test_each_property_is_held_to_its_range() -> None:
    found = dict(ranges())
    assert len(found) > 40
    assert set(found) >= DATES
    assert set(RANGE_ELSEWHERE.values()) <= set(rules())
    for name, expected in found.items():
        assert constraints(name) == expected, name


def test_a_rule_with_a_list_of_values_names_them_all() -> None:
    """But for the questions, which are too many to name."""
    lists = {name: values for name, values in ranges() if {kind for kind, _ in values} == {"in"}}
    assert len(lists.pop("onQuestion")) > 10
    assert len(lists) == 8
    for name, values in lists.items():
        nodes = shapes().subjects(SH.path, URIRef(OGR + name))
        (rule,) = {owner(node, shapes()) for node in nodes if (node, SH["in"], None) in shapes()}
        assert set(re.findall(r"ogr:(\w+)", rules()[rule].fix)) == {value for _, value in values}


def kinds(content: str = "") -> set[str]:
    return {local(URIRef(k.value)) for k, c in vocabulary().kinds.items() if c.value.endswith(content)}


def targets(name: str, by: URIRef = SH.targetClass) -> set[str]:
    return {local(each) for each in shapes().objects(URIRef(OGS + name), by)}


def test_rules_about_components_look_at_each_kind() -> None:
    listed = shapes().value(URIRef(OGS + "KindOfComponent"), SH["in"])
    assert {local(each) for each in Collection(shapes(), listed or RDF.nil)} == kinds()
    assert targets("ComponentWithoutModel") == kinds() | {"Component"}
    for name in ("ComponentOfSeveralModels", "LocationNotStated", "LicenseNotShown"):
        assert targets(name) == kinds(), name
    for content in ("Code", "Data", "Document"):
        assert targets(f"{content}LicenseNotStated") == kinds(f"#{content}Content"), content


def test_a_rule_about_properties_looks_at_each_thing_that_has_one() -> None:
    """What has a property that is looked at alone is a target; other targets have one that the rule reads."""
    for name in NAMES:
        shape = URIRef(OGS + name)
        aimed_at = targets(name, SH.targetSubjectsOf)
        paths = [shapes().value(each, SH.path) for each in shapes().objects(shape, SH.property)]
        alone = {local(path) for path in paths if isinstance(path, URIRef)}
        read = {local(leaf) for _, _, leaf in path_leaves(part(shape))}
        if aimed_at and read:
            assert aimed_at == (alone or aimed_at & read), name


def test_rules_about_lineage_look_at_each_way_to_derive_a_model() -> None:
    top = URIRef(OGR + "derivedFromModel")
    ways = {local(each) for each in ontology().transitive_subjects(RDFS.subPropertyOf, top)}
    assert len(ways) == 7
    assert targets("BaseModelNotModel", SH.targetSubjectsOf) == ways
    assert targets("BaseModelNotNamed", SH.targetObjectsOf) == ways


# Sabotage: each constraint is needed by some example.

WORDS = {SH.name, SH.message, SH.description, SH.severity, SH.path}
TARGETS = {SH.targetClass, SH.targetSubjectsOf, SH.targetObjectsOf}
PATHS = {SH.path, SH.inversePath, SH.alternativePath, SH.zeroOrOnePath}
LISTS = {SH["in"], SH["or"], SH["and"]}
COUNTS = {SH.qualifiedMinCount, SH.qualifiedMaxCount}
NEVER = URIRef("https://example.org/never-stated")

Triple = tuple[Node, Node, Node]
Fault = tuple[str, rdflib.Graph]


@cache
def examples(folder: str = "*") -> rdflib.Graph:
    """Return the examples of one rule or of all in one graph, so that a rule can be run on them at once."""
    merged = rdflib.Graph()
    for path in sorted(HERE.glob(f"{folder}/*.ttl")):
        home = f"https://example.org/{path.parent.name}/{path.stem}/"

        def moved(node: Node, home: str = home) -> Node:
            text = str(node)
            moves = isinstance(node, URIRef) and text.startswith("https://example.org/")
            return URIRef(home + text.removeprefix("https://example.org/")) if moves else node

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for s, p, o in to_rdflib(read_submission(path).quads):
                merged.add((moved(s), p, moved(o)))
    return merged


def part(shape: URIRef) -> rdflib.Graph:
    """Return a shape with all that it is made of, the helpers that it names among them."""
    found = rdflib.Graph()
    waiting: list[Node] = [shape]
    seen: set[Node] = set()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        for triple in shapes().triples((node, None, None)):
            found.add(triple)
            if isinstance(triple[2], BNode) or str(triple[2]).startswith(OGS):
                waiting.append(triple[2])
    return found


def members(graph: rdflib.Graph, head: Node | None) -> set[Node]:
    """Return the nodes of a list, but for the end that all lists share."""
    found = graph.transitive_objects(head, RDF.rest)
    return {node for node in found if node is not None and node != RDF.nil}


def in_lists(graph: rdflib.Graph) -> set[Node]:
    """Return the nodes of the lists of values and of alternatives, which are no paths."""
    return {node for p in LISTS for head in graph.objects(None, p) for node in members(graph, head)}


def path_leaves(graph: rdflib.Graph) -> Iterator[Triple]:
    """Yield the triples that name a property in a path."""
    values = in_lists(graph)
    for s, p, o in graph:
        named = p in PATHS or (p == RDF.first and s not in values)
        if named and isinstance(o, URIRef):
            yield s, p, o


def faults(graph: rdflib.Graph) -> Iterator[Fault]:
    """Yield the rule with one constraint or member of a list taken away, or one property of a path exchanged.

    A test above holds the list of kinds to the ontology, so that no example is needed for each kind.
    """
    kinds_of_components = members(graph, graph.value(URIRef(OGS + "KindOfComponent"), SH["in"]))
    for s, p, o in sorted(graph):
        if str(p).startswith(str(SH)) and p not in WORDS | TARGETS | PATHS | {SH.qualifiedValueShape}:
            gone = [(s, p, o)]
            if p in COUNTS:
                gone += list(graph.triples((s, SH.qualifiedValueShape, None)))
            yield (
                f"without {local(p)} {local(o)} of {local(graph.value(s, SH.path) or s)}",
                without(graph, *gone),
            )
    for s, p, o in sorted(path_leaves(graph)):
        changed = without(graph, (s, p, o))
        changed.add((s, p, NEVER))
        yield f"without {local(o)} in a path", changed
    for node in in_lists(graph) - kinds_of_components:
        changed = without(graph, *graph.triples((node, None, None)))
        for s, p in graph.subject_predicates(node):
            changed.remove((s, p, node))
            for rest in graph.objects(node, RDF.rest):
                changed.add((s, p, rest))
        yield f"without {local(graph.value(node, RDF.first))} of a list", changed


def without(graph: rdflib.Graph, *gone: Triple) -> rdflib.Graph:
    """Return a copy without some triples; a shape that is left empty stays a shape."""
    copy = rdflib.Graph()
    for triple in graph:
        copy.add(triple)
    for s, p, o in gone:
        copy.remove((s, p, o))
        if p not in (RDF.first, RDF.rest) and (s, None, None) not in copy:
            copy.add((s, RDF.type, SH.NodeShape))
    return copy


@cache
def intact(name: str, folder: str) -> frozenset[Result]:
    return frozenset(results(examples(folder), part(URIRef(OGS + name))))


def noticed(name: str, changed: rdflib.Graph) -> bool:
    """Say whether some example comes out differently: first those of the rule, then all."""
    return any(results(examples(folder), changed) != intact(name, folder) for folder in (name, "*"))


@pytest.mark.parametrize("name", NAMES)
def test_no_constraint_can_be_taken_away_unnoticed(name: str) -> None:
    tried = list(faults(part(URIRef(OGS + name))))
    assert tried and not [what for what, changed in tried if not noticed(name, changed)]
