"""The OWL route: what reasoners infer is what is assessed, and nothing of a submission defines anything."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib import OWL, RDF, RDFS, URIRef

from framework_examples import FRAMEWORKS, example_facts, grades_left, lacking
from generated import LICENSES, STEADY, Model, models, nearly_complete, statements
from opengrade.assessing import assess
from opengrade.criteria import And, Every, Expr, Is, Or, Some
from opengrade.dataset import read_catalog
from opengrade.derive import Facts, derive_facts
from opengrade.frameworks import Framework
from opengrade.graph import NamedNode, Triple, parse
from opengrade.limits import Limits
from opengrade.loading import framework
from opengrade.namespaces import local_name, term
from opengrade.owl_classes import Definition, definitions
from opengrade.reasoners import rl
from opengrade.resources import data_files
from opengrade.routes import memory, owl
from support import CORPORA, facts_of, needs_corpora

MONOTONE = tuple(name for name in FRAMEWORKS if framework(name).monotone)
FILES = {path.stem: path for path in data_files("ontology/derived", "*.ttl")}

Verdict = tuple[str | None, frozenset[str]]


@cache
def catalog() -> tuple[Facts, ...]:
    return tuple(derive_facts(each.quads, source=each.source) for each in read_catalog())


@cache
def published() -> tuple[Facts, ...]:
    return tuple(facts_of(path) for path in sorted((CORPORA / "mot" / "models").glob("*.yml")))


def inferred(rules: Framework, facts: Iterable[Facts], reasoner: str = "rl") -> Mapping[str, Verdict]:
    """Return grade and criteria of each model that a reasoner infers, by source."""
    found = owl.classify(owl.prepared(facts, [rules]), [rules], reasoner, Limits())
    assert (found.unsatisfiable, found.contradictory) == ((), ())
    return {each.source: (next(iter(each.grades), None), frozenset(each.criteria)) for each in found.models}


def judged(rules: Framework, facts: Iterable[Facts]) -> Mapping[str, Verdict]:
    return {
        each.source: (each.grade, frozenset(f.criterion for f in each.findings if f.status == "met"))
        for each in assess(facts, rules, by="memory")
    }


# --- the files ---


def test_each_monotone_framework_has_a_file_and_no_other_has() -> None:
    assert set(FILES) == set(MONOTONE)
    assert len(FILES) == 7


@pytest.mark.parametrize("name", MONOTONE)
def test_files_keep_to_what_rule_reasoners_and_el_know(name: str) -> None:
    graph = rdflib.Graph().parse(FILES[name], format="turtle")
    words = {t for triple in graph for t in triple if isinstance(t, URIRef) and str(t).startswith(str(OWL))}
    allowed = {OWL.Class, OWL.Ontology, OWL.Restriction, OWL.Thing, OWL.equivalentClass, OWL.imports}
    allowed |= {
        OWL.intersectionOf,
        OWL.unionOf,
        OWL.someValuesFrom,
        OWL.hasValue,
        OWL.onProperty,
        OWL.inverseOf,
    }
    assert words <= allowed


@pytest.mark.parametrize("name", MONOTONE)
def test_each_class_is_either_defined_or_says_what_its_members_are_told_by(name: str) -> None:
    graph = rdflib.Graph().parse(FILES[name], format="turtle")
    classes = {s for s in graph.subjects(RDF.type, OWL.Class) if isinstance(s, URIRef)}
    defined = {s for s in classes if (s, OWL.equivalentClass, None) in graph}
    closed = {s for s in classes if str(graph.value(s, RDFS.comment) or "").startswith("Closed: ")}
    assert defined.isdisjoint(closed)
    assert defined | closed == classes
    rules = framework(name)
    judged_nodes = {
        *(each.node.value for each in rules.grades),
        *(each.node.value for each in rules.criteria),
    }
    assert judged_nodes <= {str(each) for each in defined}
    known = {each for each in graph.objects(None, None) if isinstance(each, URIRef)}
    ours = {each for each in known if str(each).startswith(f"{rules.node.value}#")}
    assert ours <= classes  # no definition leads nowhere


def test_what_is_told_beforehand_is_written_as_owl_would_write_it() -> None:
    graph = rdflib.Graph().parse(FILES["mof-1.0"], format="turtle")
    closed = URIRef("https://w3id.org/opengrade/mof-1.0#OpenlyLicensed-closed")
    assert str(graph.value(closed, RDFS.comment)).endswith("(ogr:requiresLicense only mof:OpenLicense)")


# --- members inferred are grades assessed ---


@pytest.mark.parametrize("name", MONOTONE)
def test_rules_infer_for_the_catalog_what_is_assessed(name: str) -> None:
    assert inferred(framework(name), catalog()) == judged(framework(name), catalog())


@needs_corpora
@pytest.mark.corpora
@pytest.mark.parametrize("name", MONOTONE)
def test_rules_infer_for_published_files_what_is_assessed(name: str) -> None:
    found = inferred(framework(name), published())
    assert len(found) == 80
    assert found == judged(framework(name), published())


@pytest.mark.parametrize("name", MONOTONE)
def test_rules_infer_for_each_example_what_is_assessed(name: str) -> None:
    assert inferred(framework(name), example_facts(name)) == judged(framework(name), example_facts(name))


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.parametrize(("name", "most"), [("mof-1.0", 14), ("open-weights", 7), ("eu-gpai-2025", 3)])
def test_hermit_infers_for_the_catalog_what_is_assessed(name: str, most: int) -> None:
    facts = catalog()[:most]
    assert inferred(framework(name), facts, "hermit") == judged(framework(name), facts)


@needs_corpora
@pytest.mark.corpora
@pytest.mark.java
@pytest.mark.slow
def test_hermit_infers_for_published_files_what_is_assessed() -> None:
    rules = framework("mof-1.0")
    assert inferred(rules, published(), "hermit") == judged(rules, published())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mof-1.0", "eu-gpai-2025"])
@settings(max_examples=2, **STEADY)
@given(batch=st.lists(st.one_of(models, nearly_complete()), min_size=12, max_size=12))
def test_rules_infer_for_generated_models_what_is_assessed(name: str, batch: list[Model]) -> None:
    rules = framework(name)
    facts = [
        derive_facts(statements(number, model), source=str(number)) for number, model in enumerate(batch)
    ]
    found = owl.classify(owl.prepared(facts, [rules]), [rules], "rl", Limits())
    for source in found.contradictory:  # the kinds of components exclude each other
        assert any(len(c.kinds) > 1 for m in facts[int(source)].models for c in m.components)
    left = [each for number, each in enumerate(facts) if str(number) not in found.contradictory]
    expected = judged(rules, left)
    assert {each.source: frozenset(each.criteria) for each in found.models} == {
        source: criteria for source, (_, criteria) in expected.items()
    }


@pytest.mark.parametrize("name", ["eosai-2024", "eosai-2026"])
def test_half_criteria_of_scores_are_classes_too(name: str) -> None:
    rules, facts = framework(name), example_facts(name)
    found = owl.run(rules, facts)
    nodes = {model.node.value for each in facts for model in each.models}
    assert len(nodes) == len(facts)
    expected = memory.run(rules, [triple for each in facts for triple in each.triples])
    assert rules.score is not None
    halves = [item.half for item in rules.score.items if item.half]
    assert halves
    for node in (*halves, *(each.node for each in rules.criteria)):
        assert found[node] == expected[node], node


# --- a definition that is wrong is noticed ---


def mutants(expression: Expr) -> Iterator[Expr]:
    """Yield an expression with one conjunct dropped, or one operator swapped, anywhere in it."""
    if isinstance(expression, And | Or):
        parts = expression.parts
        other = Or if isinstance(expression, And) else And
        if len(parts) > 1:
            yield other(parts)
        for number, part in enumerate(parts):
            if len(parts) > 1 and isinstance(expression, And):
                yield And(parts[:number] + parts[number + 1 :])
            for wrong in mutants(part):
                yield type(expression)((*parts[:number], wrong, *parts[number + 1 :]))
    elif isinstance(expression, Some | Every):
        if isinstance(expression, Every):
            yield Some(expression.path, expression.body)
        yield from (replace(expression, body=wrong) for wrong in mutants(expression.body))


def harmless(name: str, node: NamedNode, wrong: Expr) -> bool:
    """Say whether only a conjunct is gone that the rest implies: that what criteria look at is a model."""
    right, model = definitions(framework(name))[node].expression, Is(term("ogr:Model"))
    return isinstance(right, And) and right.parts[0] == model and wrong == And(right.parts[1:])


SOME_OF_MOF = ("class-ii", "OpenLicense", "OpenComponent", "OpenlyLicensed-closed")


def varied() -> Iterator[Facts]:
    """Yield a model for each of some licenses, alone, joined and unknown, and for each way to be had."""
    ways = ("DirectDownload", "NotReleased", "DirectDownload GatedRegistration", "DirectDownload QueryOnly")
    for license_, way in (*((each, "") for each in LICENSES), *(("MIT", each) for each in ways)):
        text = f"<urn:m> a {term('ogr:Model')} ; {term('ogr:hasComponent')} <urn:w>, <urn:a> ."
        for name, kind in (("w", "FinalWeights"), ("a", "ModelArchitecture")):
            text += f"<urn:{name}> a {term(f'ogr:{kind}')} ; {term('ogr:licenseExpression')} '{license_}' ."
            for each in way.split():
                text += f"<urn:{name}> {term('ogr:hasAvailability')} {term(f'ogr:{each}')} ."
        source = f"{license_} {way}"
        yield derive_facts(parse(text.encode(), syntax="turtle", path=source), source=source)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["open-weights", "mof-1.0"])
def test_no_operator_and_no_conjunct_can_be_wrong_unnoticed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules, right = framework(name), dict(definitions(framework(name)))
    few = catalog()[:1] if name == "mof-1.0" else example_facts(name)
    facts = (*few, *varied(), *(lacking(name, kind) for kind in grades_left(name)))
    expected = judged(rules, facts)
    monkeypatch.setattr(rl, "_unsatisfiable", lambda *_: ())  # half of the time, and told of elsewhere
    tried = 0
    for node, each in right.items():
        if name == "mof-1.0" and local_name(node) not in SOME_OF_MOF:
            continue
        for wrong in mutants(each.expression):
            if harmless(name, node, wrong):
                continue
            changed = right | {node: replace(each, expression=wrong)}
            monkeypatch.setattr(owl, "definitions", lambda _, changed=changed: changed)
            tried += 1
            assert inferred(rules, facts) != expected, (node, wrong)
    assert tried > 10
    monkeypatch.setattr(owl, "definitions", lambda _: right)
    assert inferred(rules, facts) == expected


# --- no word of a submission reaches a reasoner ---

PREFIXES = """
PREFIX ogr: <https://w3id.org/opengrade/ns#> PREFIX mof: <https://w3id.org/opengrade/mof-1.0#>
PREFIX owl: <http://www.w3.org/2002/07/owl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX spdx: <http://spdx.org/licenses/> PREFIX ex: <https://secret.example/>
"""
POOR = "ex:m a ogr:Model ; ogr:name 'Secret name' ; ogr:hasComponent ex:w . ex:w a ogr:FinalWeights ;"
POOR += " ogr:licenseExpression 'secret words' ; ogr:location 'https://secret.example/w' .\n"
CLAIMS = """
ex:m a mof:class-i, mof:FinalWeightsReleased ; owl:sameAs <https://w3id.org/opengrade/id/model/amber> .
ex:w a mof:OpenComponent, mof:OpenlyLicensed ; owl:sameAs <urn:other> .
ogr:Model rdfs:subClassOf mof:class-i . ogr:Model owl:equivalentClass mof:class-ii .
ogr:hasComponent rdfs:domain mof:class-iii . ogr:FinalWeights rdfs:subClassOf mof:OpenComponent .
ex:o a ogr:LicenseOption ; ogr:requiresLicense spdx:MIT . ex:w ogr:licenseOption ex:o .
spdx:MIT owl:sameAs ex:license . ex:license ogr:osiApproved true .
[] a owl:AllDisjointClasses ; owl:members ( ogr:Model mof:class-i ) . ex:m a owl:Nothing .
"""


def facts_from(tmp_path_factory: pytest.TempPathFactory, text: str) -> Facts:
    path = tmp_path_factory.mktemp("hostile") / "model.ttl"
    path.write_text(PREFIXES + text, encoding="utf-8")
    return facts_of(path)


@pytest.mark.parametrize("reasoner", ["rl", pytest.param("hermit", marks=pytest.mark.java)])
def test_what_a_submission_says_of_classes_gains_nothing(
    reasoner: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rules = framework("mof-1.0")
    hostile, honest = (facts_from(tmp_path_factory, text) for text in (POOR + CLAIMS, POOR))
    others = catalog()[:1]
    found = inferred(rules, [hostile, *others], reasoner)
    assert found[hostile.models[0].source] == (None, frozenset())
    assert list(found.values()) == list(inferred(rules, [honest, *others]).values())


def test_a_reasoner_gets_no_word_of_a_submission(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Triple] = []
    run = owl.engine("rl")

    def listening(axioms: list[Triple], facts: list[Triple], limits: Limits) -> object:
        seen.extend(facts)
        return run(axioms, facts, limits)

    monkeypatch.setattr(owl, "engine", lambda _: listening)
    inferred(framework("mof-1.0"), [facts_from(tmp_path_factory, POOR + CLAIMS)])
    assert len(seen) > 5
    assert not [each for each in seen if "secret" in str(each)]
    curated = (
        "https://w3id.org/opengrade/",
        "http://spdx.org/",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    )
    for each in seen:
        assert not str(each.predicate).startswith(
            ("<http://www.w3.org/2002/07/owl#", "<http://www.w3.org/2000")
        )
        names = re.findall(r"<([^>]+)>", f"{each.subject} {each.object}")
        assert all(
            name.startswith(("urn:opengrade:thing:", "http://www.w3.org/2001/", *curated)) for name in names
        )


ODD = """
ex:m a ogr:Model ; ogr:name "a\\u0001b" ; ogr:hasComponent ex:w ; ogr:repository 99999999999999999999999999 .
ex:w a ogr:FinalWeights ; ogr:licenseExpression "MIT" ; ogr:hasAvailability ogr:DirectDownload, "x\\u0007" ;
  ogr:location 123456789012345678901234567890, "\\u0000\\u0002", "\\U0001F600" ; ogr:name "\\u202Ename" .
"""


@pytest.mark.parametrize("reasoner", ["rl", pytest.param("hermit", marks=pytest.mark.java)])
def test_long_numbers_and_unseen_characters_harm_no_reasoner(
    reasoner: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rules, facts = framework("open-weights"), facts_from(tmp_path_factory, ODD)
    found = inferred(rules, [facts], reasoner)
    assert found == judged(rules, [facts])
    assert found[facts.models[0].source][0] == "owd-0.3"


def test_strata_are_as_few_as_closed_parts_need() -> None:
    def deepest(name: str) -> int:
        return max(each.stratum for each in definitions(framework(name)).values())

    assert {name: deepest(name) for name in MONOTONE} == {
        **dict.fromkeys(MONOTONE, 1),
        "mof-1.0-mot": 0,
        "eu-gpai-2025": 2,
    }


def test_classes_stand_after_those_that_they_rest_on() -> None:
    found: list[Definition] = list(definitions(framework("eu-gpai-2025")).values())
    names = [local_name(each.node) for each in found]
    assert names.index("GrantsRights") < names.index("RightsGranted") < names.index("exempt")
