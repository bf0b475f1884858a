"""Wrong rules of the compiler are caught: each gives another outcome than the memory route somewhere."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from framework_examples import example_facts
from opengrade import forms
from opengrade.criteria import Every, Expr, In, Or, Path_, Some, Step
from opengrade.frameworks import Framework
from opengrade.graph import Triple
from opengrade.loading import framework
from opengrade.routes import Outcome, compiling, memory, sparql
from support import needs_corpora
from w3c import Case, agrees, by_sparql, cases

FRAMEWORKS = ("mof-1.0", "osaid-1.0", "debian-ml-policy", "eosai-2026")
Compiler = compiling.Compiler
Lines = Iterator[str]


@cache
def known(name: str) -> tuple[Framework, tuple[Triple, ...], Outcome]:
    rules = framework(name)
    triples = tuple(dict.fromkeys(t for facts in example_facts(name) for t in facts.triples))
    return rules, triples, memory.run(rules, triples)


@cache
def standard() -> tuple[Case, ...]:
    return tuple(each for each in cases() if isinstance(each, Case))


def is_caught() -> bool:
    """Say whether some example of a framework, or of the standard, comes out otherwise than in memory."""
    for name in FRAMEWORKS:
        rules, triples, expected = known(name)
        if sparql.run(rules, triples) != expected:
            return True
    return any(not agrees(case, by_sparql(case)) for case in standard())


def every_without_minus(self: Any, expression: Every, name: str) -> Lines:
    yield from [line for line in EVERY(self, expression, name) if line not in ("MINUS {", "}")]


def every_unless_empty(self: Any, expression: Every, name: str) -> Lines:
    yield from self.some(Some(expression.path), name)
    yield from EVERY(self, expression, name)


def every_body_not_negated(self: Any, expression: Every, name: str) -> Lines:
    yield from self.some(Some(expression.path, expression.body), name)


def or_as_and(self: Any, expression: Or, name: str, domain: str) -> Lines:
    for part in expression.parts:
        yield from self.lines(part, name, domain)


def or_without_its_last(self: Any, expression: Or) -> Iterator[Expr]:
    yield from list(ALTERNATIVES(self, expression))[: max(1, len(expression.parts) - 1)]


def least_ignored(self: Any, expression: Some, name: str) -> Lines:
    yield from SOME(self, replace(expression, least=1), name)


def body_ignored(self: Any, expression: Some, name: str) -> Lines:
    yield from SOME(self, Some(expression.path, least=expression.least), name)


def not_ignored(self: Any, expression: Any, name: str, domain: str) -> Lines:
    yield from self.lines(expression.part, name, domain)


def always_binds(self: Any, expression: Expr) -> bool:
    return True


def steps_not_inverted(path: Path_) -> str:
    return PATH(tuple(Step(p.property) if isinstance(p, Step) else p for p in path))


def path_cut(path: Path_) -> str:
    return PATH(path[:1])


def leaf_with_one_value(expression: Any, name: str) -> str:
    short = In(expression.values[:1]) if isinstance(expression, In) else expression
    return LEAF(short, name)


def any_form(form: Any, variable: str) -> str:
    return "true"


def only_first_kind(expression: Expr) -> Any:
    found = KINDS(expression)
    return (found[0][:1], found[1]) if found else None


EVERY, SOME, ALTERNATIVES = Compiler.every, Compiler.some, Compiler.alternatives
PATH, LEAF, KINDS = compiling.path_text, compiling._leaf, compiling.asked_of_kinds

MUTANTS: list[tuple[object, str, Callable[..., object]]] = [
    (Compiler, "every", every_without_minus),
    (Compiler, "every", every_unless_empty),
    (Compiler, "every", every_body_not_negated),
    (Compiler, "union", or_as_and),
    (Compiler, "alternatives", or_without_its_last),
    (Compiler, "some", least_ignored),
    (Compiler, "some", body_ignored),
    (Compiler, "without", not_ignored),
    (Compiler, "binds", always_binds),
    (compiling, "path_text", steps_not_inverted),
    (compiling, "path_text", path_cut),
    (compiling, "_leaf", leaf_with_one_value),
    (compiling, "condition", any_form),
    (sparql, "asked_of_kinds", only_first_kind),
]


@needs_corpora
def test_the_right_rules_are_not_caught() -> None:
    assert not is_caught()
    assert any(each.failing for each in standard())
    assert all(any(outcome.values()) for _, _, outcome in map(known, FRAMEWORKS))


@needs_corpora
@pytest.mark.parametrize(("owner", "rule", "wrong"), MUTANTS, ids=[wrong.__name__ for *_, wrong in MUTANTS])
def test_a_wrong_rule_is_caught(
    monkeypatch: pytest.MonkeyPatch, owner: object, rule: str, wrong: Callable[..., object]
) -> None:
    monkeypatch.setattr(owner, rule, wrong)
    assert is_caught()


@needs_corpora
@pytest.mark.parametrize("name", ["sh:minInclusive", "sh:maxInclusive", "sh:minExclusive", "sh:maxExclusive"])
def test_a_wrong_comparison_is_caught(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    turned = {">=": ">", "<=": "<", ">": ">=", "<": "<="}
    sign, compare = forms._COMPARISONS[name]
    changed = {**forms._COMPARISONS, name: (turned[sign], compare)}
    monkeypatch.setattr(forms, "_COMPARISONS", changed)
    assert any(not agrees(case, by_sparql(case)) for case in standard())
