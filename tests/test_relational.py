"""The relational route says of every model, criterion by criterion, what the route in memory says."""

import random
from collections.abc import Iterator
from pathlib import Path

import ibis
import pytest

from opengrade.bulk.engines import Engine, connected
from opengrade.bulk.leaves import judged
from opengrade.bulk.projecting import rows_of
from opengrade.bulk.ranks import Ranker, _Climbers, rank_of
from opengrade.derive import derive_facts
from opengrade.frameworks import Framework
from opengrade.graph import parse
from opengrade.loading import framework, load_framework
from opengrade.routes.relational import _each_once
from support import CORPORA, facts_below, facts_of, needs_corpora
from table_examples import all_rules, by_table, catalog, differences, example_files, generated_facts
from test_routes import HEADER


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connected("duckdb") as found:
        yield found


def test_the_catalog(tmp_path: Path, engine: Engine) -> None:
    assert differences(catalog(), all_rules(), tmp_path / "t.parquet", engine) == []


@pytest.mark.slow
@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_examples_of_frameworks(tmp_path: Path, engine: Engine, rule: Framework) -> None:
    """Each framework on all its own examples, and on some of those of others."""
    own, others = example_files(rule.name)
    assert own
    chosen = [facts_of(path) for path in own] + [facts_of(path) for path in others[::8]]
    assert differences(chosen, [rule], tmp_path / "t.parquet", engine) == []


@needs_corpora
@pytest.mark.corpora
@pytest.mark.parametrize("seed", range(3))
def test_things_of_one_class_have_the_ranks_of_each(seed: int) -> None:
    """What one remembers of things seen before is right for each, in whatever order they are met."""
    facts = [*catalog(), *facts_below(CORPORA / "mot/models"), generated_facts(60)]
    things = list(dict.fromkeys(row for each in facts for rows in rows_of(each) for row in rows))
    random.Random(seed).shuffle(things)
    ranker = Ranker([each for rule in all_rules() for each in judged(rule)])
    classes = {thing: ranker.class_of(thing) for thing in things}
    assert len(things) > 2 * len(ranker.rows) > 100
    for thing in things[:: 3 + seed]:
        ranks = ranker.rows[classes[thing]]
        alone = _Climbers([thing])
        assert ranks == tuple(rank_of(alone.diagnose(*column)) for column in ranker.columns), thing


@pytest.mark.slow
@needs_corpora
@pytest.mark.corpora
@pytest.mark.parametrize("folder,count", [("mot/models", 80), ("eosai/systems", 70)])
def test_published_files(tmp_path: Path, engine: Engine, folder: str, count: int) -> None:
    facts = facts_below(CORPORA / folder)
    assert len(facts) >= count
    assert differences(facts, all_rules(), tmp_path / "t.parquet", engine) == []


@pytest.mark.slow
def test_two_hundred_generated_models(tmp_path: Path, engine: Engine) -> None:
    facts = generated_facts(200)
    assert len(facts.models) == 200
    assert differences([facts], all_rules(), tmp_path / "t.parquet", engine) == []


INHERITED_DATA = """
PREFIX ogr: <https://w3id.org/opengrade/ns#> PREFIX ex: <https://example.org/>
ex:base a ogr:Model ; ogr:name "Base" ; ogr:hasComponent ex:data .
ex:data a ogr:Datasets ; ogr:licenseExpression "CC-BY-4.0" .
ex:tuned a ogr:Model ; ogr:name "Tuned" ; ogr:fineTunedFrom ex:base .
"""


def test_data_of_a_base_model_keep_their_license(tmp_path: Path, engine: Engine) -> None:
    """Released under an open license, it needs no class of its own."""
    quads = parse(INHERITED_DATA.encode(), syntax="turtle", path="inherited.ttl")
    facts = derive_facts(quads, source="inherited.ttl")
    assert len(facts.models) == 2
    rules = (framework("full-openness"),)
    assert differences([facts], rules, tmp_path / "t.parquet", engine) == []
    found = by_table(tmp_path / "t.parquet", rules, engine)["full-openness"]
    statuses = [{name: status for name, status, _ in each.criteria} for each in found]
    assert [each["DataClassesStated"] for each in statuses] == ["met", "met"]


RUNGS = HEADER.replace("<urn:property:q>", "ogr:repository").replace("ogr:Component", "ogr:Model")
OF_MODELS = (
    "sh:node x:rung",
    "sh:not [ sh:node x:rung ]",
    "sh:or ( [ sh:node x:rung ] [ sh:property [ sh:path ogr:hasComponent ; sh:minCount 1 ] ] )",
    "sh:and ( [ sh:node x:rung ] [ sh:not [ sh:class ogr:Model ] ] )",
    "sh:node x:rung ; sh:property [ sh:path ogr:hasComponent ; sh:class ogr:FinalWeights ]",
)


@pytest.mark.parametrize("constraint", OF_MODELS)
def test_shapes_of_models_themselves(tmp_path: Path, engine: Engine, constraint: str) -> None:
    """No framework gives reasons for models as a whole, but one may."""
    path = tmp_path / "rules.ttl"
    path.write_text(f"{RUNGS}  {constraint} .\n", encoding="utf-8")
    facts = generated_facts(100)
    assert differences([facts], [load_framework(path)], tmp_path / "t.parquet", engine) == []
    found = by_table(tmp_path / "t.parquet", [load_framework(path)], engine)["rules"]
    assert len({each.criteria for each in found}) > ("sh:class ogr:Model" not in constraint)


BARE = """
PREFIX ogr: <https://w3id.org/opengrade/ns#>
<https://example.org/bare> a ogr:Model ; ogr:name "Bare" .
"""


@pytest.mark.parametrize("constraint", OF_MODELS)
def test_shapes_of_a_model_of_which_nothing_is_known(tmp_path: Path, engine: Engine, constraint: str) -> None:
    """All ranks are the same for all models, so that the whole expression is reckoned beforehand."""
    path = tmp_path / "rules.ttl"
    path.write_text(f"{RUNGS}  {constraint} .\n", encoding="utf-8")
    facts = derive_facts(parse(BARE.encode(), syntax="turtle", path="bare.ttl"), source="bare.ttl")
    assert differences([facts], [load_framework(path)], tmp_path / "t.parquet", engine) == []


BEHIND_LICENSES = """
  sh:property [ sh:path ogr:hasComponent ; sh:qualifiedMinCount 1 ; sh:qualifiedValueShape [
    sh:class ogr:FinalWeights ; sh:property [ sh:path ( ogr:licenseOption ogr:requiresLicense ) ;
      sh:qualifiedMinCount 1 ; sh:qualifiedValueShape [ sh:node x:rung ] ] ] ]
"""
ONLY_WEIGHTS = "sh:property [ sh:path ogr:hasComponent ; sh:class ogr:FinalWeights ]"
TWO_MODELS = """
PREFIX ogr: <https://w3id.org/opengrade/ns#> PREFIX ex: <https://example.org/>
ex:m1 a ogr:Model ; ogr:name "1" ; ogr:hasComponent ex:w1 .
ex:m2 a ogr:Model ; ogr:name "2" ; ogr:hasComponent ex:w2 .
ex:w1 a ogr:%s ; ogr:licenseExpression "%s" .
ex:w2 a ogr:%s ; ogr:licenseExpression "%s" .
"""


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    "constraint,things",
    [
        (BEHIND_LICENSES, [("FinalWeights", "MIT"), ("FinalWeights", "my own words")]),
        (ONLY_WEIGHTS, [("FinalWeights", "MIT"), ("ModelCard", "MIT")]),
    ],
)
def test_things_that_differ_in_one_respect_are_told_apart(
    tmp_path: Path, engine: Engine, constraint: str, things: list[tuple[str, str]], turned: bool
) -> None:
    """Of licenses one lacks something and one is unknown; of kinds only one is asked for."""
    path = tmp_path / "rules.ttl"
    path.write_text(f"{HEADER}  {constraint} .\n", encoding="utf-8")
    first, second = reversed(things) if turned else things
    quads = parse((TWO_MODELS % (*first, *second)).encode(), syntax="turtle", path="two.ttl")
    facts, rules = derive_facts(quads, source="two.ttl"), load_framework(path)
    assert differences([facts], [rules], tmp_path / "t.parquet", engine) == []
    found = by_table(tmp_path / "t.parquet", [rules], engine)["rules"]
    assert len({each.criteria for each in found}) == 2


BY_ORIGIN = """
  sh:property [ sh:path ogr:hasComponent ; sh:qualifiedMinCount 1 ; sh:qualifiedValueShape [
    sh:class ogr:FinalWeights ; sh:property [ sh:path ogr:licenseOrigin ; sh:hasValue "%s" ] ] ]
"""
OF_TWO_ORIGINS = """
PREFIX ogr: <https://w3id.org/opengrade/ns#> PREFIX ex: <https://example.org/>
ex:m1 a ogr:Model ; ogr:name "1" ; ogr:hasComponent ex:w1 .
ex:m2 a ogr:Model ; ogr:name "2" ; ogr:hasComponent ex:w2 ; ogr:distributionLicense "MIT" .
ex:w1 a ogr:FinalWeights ; ogr:licenseExpression "MIT" .
ex:w2 a ogr:FinalWeights .
"""


@pytest.mark.parametrize("origin", ["licenseExpression", "distributionLicense"])
def test_licenses_that_differ_in_their_origin_alone_are_told_apart(
    tmp_path: Path, engine: Engine, origin: str
) -> None:
    path = tmp_path / "rules.ttl"
    path.write_text(f"{HEADER}  {BY_ORIGIN % origin} .\n", encoding="utf-8")
    quads = parse(OF_TWO_ORIGINS.encode(), syntax="turtle", path="two.ttl")
    facts, rules = derive_facts(quads, source="two.ttl"), load_framework(path)
    assert differences([facts], [rules], tmp_path / "t.parquet", engine) == []
    found = by_table(tmp_path / "t.parquet", [rules], engine)["rules"]
    assert len({each.criteria for each in found}) == 2


def test_an_engine_is_asked_once_for_each_expression_and_for_no_number() -> None:
    table = ibis.table({"a": "int16", "b": "int16"})
    values = {"x": ibis.least(table.a, table.b), "y": 3, "z": ibis.least(table.a, table.b), "w": True}
    found, asked = _each_once({**values, "v": table.a})
    assert found == {"x": "x", "y": 3, "z": "x", "w": True, "v": "v"}
    assert [name for name, value in asked.items() if value.equals({**values, "v": table.a}[name])] == [
        "x",
        "v",
    ]
