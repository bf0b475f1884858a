"""The way up: the changes reach the grade, fewer do not, and what only others can change is said."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generated import STEADY, Model, models, nearly_complete, statements
from opengrade.assessing import assess
from opengrade.dataset import read_catalog
from opengrade.derive import derive_facts
from opengrade.editing import Edit, apply
from opengrade.frameworks import Framework, Grade
from opengrade.graph import Graph, Literal, NamedNode, Quad, Term, parse
from opengrade.improving import Plan, improve
from opengrade.loading import framework, framework_files
from opengrade.namespaces import local_name, term
from opengrade.proving import Prover
from opengrade.vocabulary import vocabulary

GRADES = [(name, grade.name) for name in framework_files() for grade in framework(name).grades if grade.rank]


def reaches(
    quads: Sequence[Quad], model: NamedNode, edits: Sequence[Edit], rules: Framework, grade: Grade
) -> bool:
    facts = derive_facts(apply(quads, model, edits), source="")
    (found,) = (each for each in assess([facts], rules, by="sparql") if each.model == model.value)
    return dict(found.progress)[grade.name] == 1


def plan_for(quads: Sequence[Quad], rules: Framework, grade: Grade, model: NamedNode) -> Plan:
    return next(p for p in improve(quads, rules, grade, source="") if p.model == model.value)


@pytest.mark.parametrize(("name", "local"), GRADES)
def test_the_changes_reach_the_grade_for_the_whole_catalog(name: str, local: str) -> None:
    rules = framework(name)
    grade = rules.grade(local)
    assert grade is not None
    for file in read_catalog():
        for plan in improve(file.quads, rules, grade, source=file.source):
            edits = [edit for change in plan.changes for edit in change.edits]
            assert plan.reachable or plan.blockers
            if plan.reachable:
                assert reaches(file.quads, NamedNode(plan.model), edits, rules, grade), plan
            assert plan.met == (plan.reachable and not plan.changes)
            for change in plan.changes:
                assert "{" not in change.text
                assert "genid" not in change.text


# --- no smaller set does: all sets are tried, from changes that are listed here and not by the planner ---

# For each thing one of these does all that any license can; that is tested below.
LICENSES = ("Apache-2.0", "CC0-1.0")
OTHERS = ("MIT", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-SA-4.0", "CDLA-Permissive-2.0", "ODbL-1.0")


def universe(quads: Sequence[Quad], model: NamedNode, rules: Framework) -> Iterator[tuple[Edit, ...]]:
    """Yield every single change worth trying: all that can be done to one thing, at its best."""
    graph = Graph(quads)
    components = [n for n in graph.nodes(model, term("ogr:hasComponent")) if isinstance(n, NamedNode)]
    kinds = {kind for criterion in rules.criteria for kind in criterion.kinds}
    there = {kind for node in components for kind in graph.nodes(node, term("rdf:type"))}
    data = [d for c in components for d in graph.nodes(c, term("ogr:refersTo")) if isinstance(d, NamedNode)]
    for node in (*components, *dict.fromkeys(data)):
        for license_ in LICENSES:
            yield tuple(_at_its_best(node, license_, None, None))
    for kind in sorted(kinds - there, key=str):
        for license_ in LICENSES:
            new = NamedNode(f"{model.value}#tried-{local_name(kind)}")
            yield tuple(_at_its_best(new, license_, term("ogr:hasComponent"), kind))
    for question in vocabulary().graph.subjects(term("rdf:type"), term("ogr:Question")):
        assert isinstance(question, NamedNode)
        new = NamedNode(f"{model.value}#tried-{local_name(question)}")
        values: dict[str, Term] = {
            "onQuestion": question,
            "givesAnswer": term("ogr:Fully"),
            "judgedBy": NamedNode("https://example.org/someone"),
            "dateJudged": Literal("2026-01-01", datatype=term("xsd:date")),
        }
        link, class_ = term("ogr:hasJudgement"), term("ogr:Judgement")
        yield tuple(Edit(new, term(f"ogr:{p}"), value, link, class_) for p, value in values.items())
    for level in ("RerunEquivalent", "BitExact"):
        new = NamedNode(f"{model.value}#tried-{level}")
        link, class_ = term("ogr:hasAttestation"), term("ogr:Attestation")
        yield (
            Edit(new, term("ogr:attestsLevel"), term(f"ogr:{level}"), link, class_),
            Edit(new, term("ogr:attestedBy"), NamedNode("https://example.org/someone"), link, class_),
        )
    address = Literal("https://example.org/", datatype=term("xsd:anyURI"))
    yield tuple(Edit(model, term(f"ogr:{name}"), address) for name in ("repository", "huggingFacePage"))


def _at_its_best(
    node: NamedNode, license_: str, link: NamedNode | None, kind: NamedNode | None
) -> Iterator[Edit]:
    values: dict[str, Term] = {
        "licenseExpression": Literal(license_),
        "hasAvailability": term("ogr:DirectDownload"),
        "hasDataClass": term("ogr:OpenData"),
        "location": Literal("https://example.org/there", datatype=term("xsd:anyURI")),
    }
    for property_, value in values.items():
        yield Edit(node, term(f"ogr:{property_}"), value, link, kind)


NEW = """
PREFIX ogr: <https://w3id.org/opengrade/ns#>
<https://example.org/new> a ogr:Model ; ogr:name "New" .
"""


@pytest.mark.parametrize("name", sorted({name for name, _ in GRADES}))
def test_no_other_license_meets_more_criteria_for_a_thing(name: str) -> None:
    rules, model = framework(name), NamedNode("https://example.org/new")
    quads = tuple(parse(NEW.encode(), syntax="turtle", path="new.ttl"))
    met_at_all: set[str] = set()
    for kind in {kind for criterion in rules.criteria for kind in criterion.kinds}:
        met = {}
        for license_ in (*LICENSES, *OTHERS):
            node, link = NamedNode(f"{model.value}#thing"), term("ogr:hasComponent")
            facts = derive_facts(apply(quads, model, [*_at_its_best(node, license_, link, kind)]), source="")
            prover = Prover(rules.shapes, facts.triples)
            met[license_] = {c.name for c in rules.criteria if prover.holds(c.expression, model)}
        for other in OTHERS:
            assert any(met[other] <= met[license_] for license_ in LICENSES), (kind, other)
            met_at_all |= met[other]
    assert met_at_all


near = st.lists(st.one_of(models, nearly_complete(), nearly_complete()), min_size=2, max_size=2)


@pytest.mark.slow
@settings(max_examples=10, **STEADY)
@given(batch=near, wanted=st.sampled_from(GRADES))
def test_no_smaller_set_of_changes_reaches_the_grade(batch: list[Model], wanted: Any) -> None:
    rules = framework(wanted[0])
    grade = rules.grade(wanted[1])
    assert grade is not None
    quads = [quad for number, model in enumerate(batch) for quad in statements(number, model)]
    for plan in improve(quads, rules, grade, source=""):
        model = NamedNode(plan.model)
        tries = list(universe(quads, model, rules))
        edits = [edit for change in plan.changes for edit in change.edits]
        if plan.reachable:
            assert reaches(quads, model, edits, rules, grade)
        smaller = min(len(plan.changes) if plan.reachable else 3, 3)
        for size in range(smaller):
            for chosen in combinations(tries, size):
                tried = [edit for change in chosen for edit in change]
                assert not _quick(quads, model, tried, rules, grade), (plan, chosen)


def _quick(
    quads: Sequence[Quad], model: NamedNode, edits: Sequence[Edit], rules: Framework, grade: Grade
) -> bool:

    facts = derive_facts(apply(quads, model, edits), source="")
    prover = Prover(rules.shapes, facts.triples)
    wanted = [rules.criterion(node).expression for node in grade.required]
    return all(prover.holds(expression, model) for expression in wanted)


# --- what only others can change ---

BASE = """
PREFIX ogr: <https://w3id.org/opengrade/ns#>
<https://example.org/tuned> a ogr:Model ; ogr:name "Tuned" ; ogr:fineTunedFrom %s ;
  ogr:hasComponent <https://example.org/tuned#weights> .
<https://example.org/tuned#weights> a ogr:FinalWeights ; ogr:licenseExpression "Apache-2.0" .
"""
CLOSED = """
<https://example.org/base> a ogr:Model ; ogr:name "Base" ;
  ogr:hasComponent <https://example.org/base#weights> .
<https://example.org/base#weights> a ogr:FinalWeights ; ogr:licenseExpression "llama2" .
"""
TUNED = NamedNode("https://example.org/tuned")


@pytest.mark.parametrize(
    ("text", "base"),
    [
        (BASE % "<https://example.org/base>" + CLOSED, "Base"),
        (BASE % "<https://w3id.org/opengrade/id/model/llama-2-70b>", "Llama 2 70B"),
    ],
)
def test_the_license_of_a_base_model_binds_and_only_its_producer_can_lift_it(text: str, base: str) -> None:
    quads = parse(text.encode(), syntax="turtle", path="tuned.ttl")
    rules = framework("open-weights")
    facts = derive_facts(quads, source="tuned.ttl")
    for by in ("sparql", "shacl", "memory"):
        (found,) = (a for a in assess([facts], rules, by=by) if a.model == TUNED.value)
        (finding,) = (f for f in found.findings if f.criterion == "WeightsOpen")
        assert (finding.status, finding.reason) == ("not-met", "INHERITED")
        assert base in finding.message
        assert found.grade is None
    plan = plan_for(quads, rules, rules.grades[0], TUNED)
    assert not plan.reachable
    assert plan.changes == ()
    assert any(base in blocker for blocker in plan.blockers)


def test_the_license_of_an_open_base_model_is_in_nobody_s_way() -> None:
    text = BASE % "<https://w3id.org/opengrade/id/model/olmo-7b>"
    quads = parse(text.encode(), syntax="turtle", path="tuned.ttl")
    rules = framework("open-weights")
    assert plan_for(quads, rules, rules.grades[0], TUNED).met


def test_data_of_a_base_model_counts_as_data_of_what_was_made_from_it() -> None:
    """Nothing is said of the data of an unknown base model, so nobody knows how far it can be shared."""
    rules = framework("osaid-1.0")
    open_base = "<https://w3id.org/opengrade/id/model/olmo-7b>"
    for base, reason in (("<https://example.org/unknown>", "NOT-STATED"), (open_base, None)):
        quads = parse((BASE % base).encode(), syntax="turtle", path="tuned.ttl")
        (found,) = assess([derive_facts(quads, source="tuned.ttl")], rules)
        (finding,) = (f for f in found.findings if f.criterion == "DataClassesStated")
        assert finding.reason == reason


def test_one_change_is_preferred_to_two_and_the_cheaper_kind_to_the_dearer() -> None:
    text = """
    PREFIX ogr: <https://w3id.org/opengrade/ns#>
    <https://example.org/tuned> a ogr:Model ; ogr:name "M" ;
      ogr:hasComponent <https://example.org/w> , <https://example.org/p> .
    <https://example.org/w> a ogr:FinalWeights ; ogr:licenseExpression "llama2" ;
      ogr:hasAvailability ogr:GatedRegistration .
    <https://example.org/p> a ogr:ResearchPaper .
    """
    quads = parse(text.encode(), syntax="turtle", path="m.ttl")
    rules = framework("open-weights")
    plan = plan_for(quads, rules, rules.grades[1], TUNED)
    assert [change.kind for change in plan.changes] == ["Publish"]
    rules = framework("mof-1.0")
    plan = plan_for(quads, rules, rules.grades[0], TUNED)
    paper = next(change for change in plan.changes if "paper" in change.thing or "report" in change.thing)
    assert (paper.kind, paper.thing) == ("Relicense", "the research paper of M")
    order = ["StateFact", "Relicense", "Publish", "ObtainJudgement"]
    places = [order.index(change.kind) for change in plan.changes]
    assert places == sorted(places)
