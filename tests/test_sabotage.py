"""No constraint of a framework can be taken away without an example that comes out differently."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from framework_examples import (
    FRAMEWORKS,
    example_facts,
    examples,
    expected,
    found,
    grades_found,
    grades_left,
    judged_alone,
    licenses_expected,
    licenses_found,
    points_of,
)
from opengrade.criteria import And, Every, Expr, Not, Or, Ref, Some
from opengrade.errors import RuleError
from opengrade.frameworks import Criterion, Framework
from opengrade.graph import NamedNode, Triple, parse
from opengrade.loading import framework, framework_files, load_framework
from opengrade.namespaces import term
from opengrade.resources import data_root

# On the tool's lists to no effect: accepted for their flags already, or typed without being accepted (D6).
WITHOUT_EFFECT = {
    "mof-1.0-mot": (
        *("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "GFDL-1.3", "ODbL-1.0"),
        *("CC-PDDC", "C-UDA-1.0", "FreeBSD-DOC", "MulanPSL-1.0", "PDDL-1.0"),
    )
}
CONSTRAINTS = ("sh:class", "sh:hasValue", "sh:in", "sh:node", "sh:not", "sh:or", "sh:property")
TIES = (
    *("ogr:requires", "ogr:presupposes", "ogr:explainedBy", "ogr:advises", "ogr:givesReason"),
    *("ogr:scoresHalf", "ogr:concernsKind"),
)


def rules_text(path: Path) -> tuple[Triple, ...]:
    """Return the triples of a file of shapes."""
    return tuple(q.triple for q in parse(path.read_bytes(), syntax="turtle", path=path.name))


def sabotages(
    triples: tuple[Triple, ...], wanted: frozenset[Triple]
) -> Iterator[tuple[str, tuple[Triple, ...]]]:
    """Yield the rules with one constraint, alternative, value or tie, out of the wanted, taken away."""
    rest, first = term("rdf:rest"), term("rdf:first")
    alternatives = _alternatives(triples)
    for triple in (each for each in triples if each in wanted):
        others = tuple(t for t in triples if t != triple)
        if triple.predicate in [term(each) for each in (*CONSTRAINTS, *TIES)]:
            yield f"without {triple}", others
        if triple.predicate == term("sh:qualifiedMinCount"):
            shape = next(
                t
                for t in others
                if t.subject == triple.subject and t.predicate == term("sh:qualifiedValueShape")
            )
            yield f"without {triple} and its shape", tuple(t for t in others if t != shape)
        if triple.predicate == first and triple.subject in alternatives:
            tail = next(t for t in triples if t.subject == triple.subject and t.predicate == rest)
            lifted = tuple(
                Triple(t.subject, t.predicate, tail.object) if t.object == triple.subject else t
                for t in others
            )
            yield f"without the alternative {triple.object}", tuple(t for t in lifted if t != tail)


def _alternatives(triples: tuple[Triple, ...]) -> set[object]:
    """Return the nodes of the lists of alternatives: those of sh:or, and the values of sh:in."""
    rest: dict[object, object] = {t.subject: t.object for t in triples if t.predicate == term("rdf:rest")}
    found_: set[object] = set()
    for triple in triples:
        node: object = triple.object if triple.predicate in (term("sh:or"), term("sh:in")) else None
        while node in rest:
            found_.add(node)
            node = rest[node]
    return found_


def written_out(rules: Framework, expression: Expr) -> object:
    """Return an expression with the shapes that it names put in their place, with all that explains them."""
    if isinstance(expression, Ref):
        shape = expression.shape
        ties = [rules.graph.objects(shape, term(tie)) for tie in ("ogr:explainedBy", "ogr:advises")]
        tied = [each for each in (*ties[0], *ties[1]) if isinstance(each, NamedNode)]
        rungs = [rules.rungs.get(each) for each in (shape, *tied)]
        explained = [written_out(rules, rules.shapes[each]) for each in tied if each in rules.shapes]
        return shape, ties, rungs, explained, written_out(rules, rules.shapes[shape])
    if isinstance(expression, And | Or):
        return type(expression), [written_out(rules, part) for part in expression.parts]
    if isinstance(expression, Not):
        return Not, written_out(rules, expression.part)
    if isinstance(expression, Some | Every):
        least = expression.least if isinstance(expression, Some) else 0
        return type(expression), expression.path, least, written_out(rules, expression.body)
    return expression


def _judging(rules: Framework, criterion: Criterion) -> object:
    """Return all that a finding of a criterion and its points depend on."""
    items = rules.score.items if rules.score else ()
    halves = [each.half for each in items if each.criterion == criterion.node]
    half = [written_out(rules, rules.shapes[each]) for each in halves if each is not None]
    return halves, half, written_out(rules, criterion.expression)


def notices(rules: Framework, name: str, base: Framework) -> bool:
    """Say whether an example or the table of grades comes out differently under sabotaged rules."""
    if {c.node for c in rules.criteria} != {c.node for c in base.criteria}:
        return True
    before = {c.name: _judging(base, c) for c in base.criteria}
    changed = {c.name for c in rules.criteria if _judging(rules, c) != before[c.name]}
    touched = changed or before.keys()
    for path, facts in zip(examples(name), example_facts(name), strict=True):
        criterion = path.parent.name
        if criterion in touched and found(judged_alone(rules, criterion, facts)) != expected(path):
            return True
        if (
            rules.score
            and criterion in touched
            and judged_alone(rules, criterion, facts).points != points_of(path)
        ):
            return True
    if rules.grades and grades_found(rules) != grades_left(name):
        return True
    return licenses_found(rules) != licenses_expected(name)


# A judgement that has to be full is found so twice, by itself and among all on its question; and not stated
# is the reason of a finding that has no other.
_TOLD = re.compile(r"node common:AnsweredFully$|givesReason ogr:NOT-STATED$")
# What is said for readers although the verdict does not hang on it: a grade that requires what follows from
# another of its criteria, and reasons that a finding would have without being told.
FOR_READERS = {
    "eu-gpai-2025": (
        "eu:exempt ogr:requires eu:RightsGranted",
        "eu:exempt ogr:requires eu:WeightsPublic",
    ),
    "g7-2026": ("g7-2026:open-weights-ai ogr:presupposes g7-2026:weights-available-ai",),
}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_no_constraint_can_be_taken_away_unnoticed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = framework_files()[name]
    base = framework(name)
    triples = tuple(base.graph)
    own = frozenset(_own(triples, rules_text(path)))
    monkeypatch.setattr("opengrade.loading.data_files", lambda *_: ())
    unnoticed = []
    total = 0
    for what, changed in sabotages(triples, own):
        total += 1
        rules = _sabotaged(tmp_path / path.name, changed)
        if rules is not None and not notices(rules, name, base):
            unnoticed.append(what)
    assert total > 2 * len(base.criteria)
    lists = [f'without the alternative "{each}"' for each in WITHOUT_EFFECT.get(name, ())]
    lists += [f"without {each}" for each in FOR_READERS.get(name, ())]
    assert sorted(each for each in map(_brief, unnoticed) if not _TOLD.search(each)) == sorted(lists)


def _brief(text: str) -> str:
    """Return a sabotage with local names in the place of IRIs."""
    return re.sub(r"<[^>#]*?([^/>#]*)#([^>]*)>", _short, text)


def _short(match: re.Match[str]) -> str:
    return f"{_SPACES.get(match[1], match[1])}:{match[2]}"


_SPACES = {"ns": "ogr", "eu-gpai-2025": "eu", "reproducibility": "redo"}


def _own(triples: tuple[Triple, ...], own: tuple[Triple, ...]) -> Iterator[Triple]:
    """Yield those triples that come from a framework's own file, where blank nodes have other names."""
    waiting: list[object] = [t.subject for t in own if isinstance(t.subject, NamedNode)]
    seen: set[object] = set()
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            for triple in (t for t in triples if t.subject == each):
                yield triple
                waiting += [] if isinstance(triple.object, NamedNode) else [triple.object]


def _sabotaged(path: Path, triples: tuple[Triple, ...]) -> Framework | None:
    path.write_bytes(_n_triples(triples))
    try:
        return load_framework(path)
    except RuleError:
        return None


def test_no_shared_constraint_can_be_taken_away_unnoticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the shapes that frameworks share, each constraint is needed by the examples of one of them."""
    bases = {name: framework(name) for name in FRAMEWORKS}
    monkeypatch.setattr("opengrade.loading.data_files", lambda *_: ())
    shared = rules_text(data_root() / "shapes" / "common.ttl")
    names = {t.subject for t in shared if isinstance(t.subject, NamedNode)}
    unnoticed: dict[str, None] = {}
    noticed: set[str] = set()
    for name, base in bases.items():
        triples = tuple(base.graph)
        own = frozenset(_own(triples, rules_text(framework_files()[name])))
        for what, changed in sabotages(triples, frozenset(triples) - own):
            key = _without_blank_names(what)
            if key in noticed:
                continue
            rules = _sabotaged(tmp_path / f"{name}.ttl", changed)
            if rules is None or notices(rules, name, base):
                noticed.add(key)
            else:
                unnoticed[key] = None
    assert names
    assert len(noticed) > 60
    left = {_brief(each) for each in unnoticed.keys() - noticed}
    assert sorted(each for each in left if not _TOLD.search(each)) == []


def _without_blank_names(text: str) -> str:
    return re.sub(r"_:\w+", "_", text)


def _n_triples(triples: tuple[Triple, ...]) -> bytes:
    return "".join(f"{t.subject} {t.predicate} {t.object} .\n" for t in triples).encode()
