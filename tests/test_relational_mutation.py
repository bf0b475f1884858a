"""A wrong rule of the relational route does not pass: each is seen on a few models."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from opengrade.bulk import grading, projecting, ranks, results, sorting
from opengrade.bulk.engines import Engine, connected
from opengrade.bulk.schema import Row
from opengrade.criteria import Every, Or
from opengrade.derive import Facts, derive_facts
from opengrade.findings import Diagnosis
from opengrade.graph import parse
from opengrade.namespaces import term
from opengrade.routes import relational
from support import facts_of
from table_examples import Told, all_rules, by_memory, by_table, catalog, example_files, written


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connected("duckdb") as found:
        yield found


NAMES = ("mof-1.0", "osaid-1.0", "eosai-2024", "full-openness")
RULES = tuple(rule for rule in all_rules() if rule.name in NAMES)


TUNED = """
PREFIX ogr: <https://w3id.org/opengrade/ns#> PREFIX ex: <https://example.org/>
ex:base a ogr:Model ; ogr:name "Base" ; ogr:hasComponent ex:weights .
ex:weights a ogr:FinalWeights ; ogr:licenseExpression "CC-BY-NC-4.0" .
ex:tuned a ogr:Model ; ogr:name "Tuned" ; ogr:fineTunedFrom ex:base ; ogr:hasComponent ex:own .
ex:own a ogr:FinalWeights ; ogr:licenseExpression "Apache-2.0" .
"""


def tuned() -> Facts:
    """Return a model whose weights are bound by the license of those that they were made from."""
    return derive_facts(parse(TUNED.encode(), syntax="turtle", path="tuned.ttl"), source="tuned.ttl")


@cache
def models() -> tuple[Facts, ...]:
    files = [path for name in NAMES for path in example_files(name)[0]]
    return (*catalog(), *(facts_of(path) for path in files[::4]), tuned())


@cache
def expected() -> dict[str, list[Told]]:
    return {rule.name: by_memory(models(), rule) for rule in RULES}


@dataclass(frozen=True)
class Mutation:
    """A name in a module that is given another value, made from the right one."""

    module: Any
    name: str
    wrong: Callable[[Any], Any]


def _greatest(right: Callable[..., Any]) -> Callable[..., Any]:
    return relational._greatest


def _least(right: Callable[..., Any]) -> Callable[..., Any]:
    return relational._least


def _none_is_least(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: replace(right(*given), least=frozenset())


def _all_are_least(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: replace(right(*given), least=frozenset(right(*given).table.column_names[1:]))


def _or_for_and(right: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(framework: Any, expression: Any, columns: Any) -> Any:
        parts = getattr(expression, "parts", ())
        if parts and not isinstance(expression, Or):
            return right(framework, Or(parts), columns)
        return right(framework, expression, columns)

    return wrong


def _another_reason(right: Callable[..., Any]) -> Callable[..., Any]:
    swapped = {term("ogr:NO-LICENSE"): term("ogr:LICENSE-UNKNOWN")}
    return lambda found: right(replace(found, reason=swapped.get(found.reason, found.reason)))


def _missing_is_met(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: right(*given) if isinstance(given[-1], Every) else ranks.met_from()


def _missing_is_not_met(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: 0 if isinstance(given[-1], Every) else right(*given)


def _looking_at(change: Callable[[Row], Row]) -> Callable[[Any], Any]:
    """Make a rule that tells things apart only by what is left of them after a change."""
    return lambda right: lambda self, thing, numbers, *, deep: right(self, change(thing), numbers, deep=deep)


def _own_license(thing: Row) -> Row:
    given = thing.license
    return replace(thing, license=given and replace(given, resolution=given.own, bound=False))


def _doubled(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: right(*given) * 2


def _a_depth_more(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda: right() + 2 * len(ranks.reasons())


def _at_second(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda: 4 * len(ranks.reasons())


def _depth_forgotten(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda found: right(Diagnosis(min(found.depth, 1), found.reason, found.thing))


def _relations_but_components(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda leaf, relation, kinds: relation != "ogr:trainedOn" and right(leaf, relation, kinds)


def _kinds_forgotten(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda leaf, relation, kinds: right(leaf, relation, frozenset())


def _all_alike(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda things, digest: right(things.mutate(look=things.look * 0), digest)


def _classes_passed_over(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda kind, class_: right(kind, class_ // 2 * 2)


def _first_grade(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda met, count: right(dict(list(met.items())[:1]), count)


def _presence_only(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value: False


def _unbound(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda applied: replace(right(applied), bound=False)


MUTATIONS = {
    "least for greatest": Mutation(relational, "_greatest", _least),
    "greatest for least": Mutation(relational, "_least", _greatest),
    "every thing judged by the best": Mutation(grading, "classes", _none_is_least),
    "some thing judged by the worst": Mutation(grading, "classes", _all_are_least),
    "or for and": Mutation(relational, "_rank", _or_for_and),
    "met from one depth later": Mutation(relational, "met_from", _a_depth_more),
    "met from the second rung": Mutation(relational, "met_from", _at_second),
    "missing things counted as met": Mutation(ranks, "_rank_of_nothing", _missing_is_met),
    "nothing at all fails every": Mutation(ranks, "_rank_of_nothing", _missing_is_not_met),
    "all licenses alike": Mutation(
        ranks.Alike, "look", _looking_at(lambda thing: replace(thing, license=None))
    ),
    "own license for the one that applies": Mutation(ranks.Alike, "look", _looking_at(_own_license)),
    "all facts alike": Mutation(ranks.Alike, "look", _looking_at(lambda thing: replace(thing, facts=()))),
    "points doubled": Mutation(relational, "_half_points", _doubled),
    "depth forgotten": Mutation(ranks, "rank_of", _depth_forgotten),
    "training data passed over": Mutation(ranks, "concerns", _relations_but_components),
    "kinds passed over": Mutation(ranks, "concerns", _kinds_forgotten),
    "things of models told apart by their number alone": Mutation(sorting, "signatures", _all_alike),
    "kinds told apart by every second class": Mutation(grading, "_with_the_same", _classes_passed_over),
    "only the lowest grade": Mutation(results, "_best", _first_grade),
    "values forgotten": Mutation(projecting, "kept", _presence_only),
    "terms of base models forgotten": Mutation(projecting, "entry_of", _unbound),
    "reason of a rung swapped": Mutation(ranks, "rank_of", _another_reason),
}


def test_the_right_rules_pass(tmp_path: Path, engine: Engine) -> None:
    assert by_table(written(tmp_path / "t.parquet", models()), RULES, engine) == expected()


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_wrong_rule_is_seen(
    name: str, tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = MUTATIONS[name]
    monkeypatch.setattr(each.module, each.name, each.wrong(getattr(each.module, each.name)))
    assert by_table(written(tmp_path / "t.parquet", models()), RULES, engine) != expected()
