"""Ranks each thing of a table under each leaf: how near it comes, and what is in the way.

The evaluator in memory judges a model that has only that thing. Things that no shape can tell apart are
judged once.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property, partial
from typing import TypeGuard

import numpy as np

from opengrade.bulk.leaves import Judged, Leaf, concerns, thing_parts
from opengrade.bulk.projecting import RELATIONS, model_with
from opengrade.bulk.schema import LicenseEntry, Part, Row
from opengrade.criteria import And, Every, Expr, In, Is, Not, Or, Ref, Some, first, steps, within
from opengrade.derive import ModelFacts
from opengrade.findings import MET, Climber, Diagnosis, outcome_of
from opengrade.frameworks import Framework
from opengrade.graph import GENID, Graph, Literal, NamedNode, Term, Triple
from opengrade.licenses import Resolution
from opengrade.licensing import OF_LICENSES, license_triples
from opengrade.namespaces import compact, local_name, term
from opengrade.proving import Prover
from opengrade.vocabulary import vocabulary

# Deeper ladders than this share a depth; none comes near it.
DEEPEST = 61
STATUSES = ("met", "not-met", "not-stated")


@cache
def reasons() -> tuple[NamedNode | None, ...]:
    """Return all reasons, in the order that tells ranks of one depth apart; first that there is none."""
    found = vocabulary().graph.subjects(term("rdf:type"), term("ogr:Reason"))
    return (None, *sorted((n for n in found if isinstance(n, NamedNode)), key=local_name))


def rank_of(diagnosis: Diagnosis) -> int:
    """Return the rank of a diagnosis as a number of at most 16 bits, in the order of ranks."""
    depth, nothing, _ = diagnosis.rank
    place = DEEPEST + 1 + depth - MET if depth >= MET else min(depth, DEEPEST)
    return (2 * place + nothing) * len(reasons()) + reasons().index(diagnosis.reason)


def met_from() -> int:
    """Return the least rank at which a criterion is met."""
    return 2 * (DEEPEST + 1) * len(reasons())


def all_ranks() -> int:
    """Return how many ranks there can be."""
    return 2 * (DEEPEST + 3) * len(reasons())


def outcome_of_rank(rank: int) -> tuple[str, NamedNode | None]:
    """Return the status and the reason of a finding with a rank."""
    return _outcome(rank % len(reasons()), met=rank >= met_from())


@cache
def _outcome(reason: int, *, met: bool) -> tuple[str, NamedNode | None]:
    return outcome_of(reasons()[reason], met=met)


@cache
def outcomes() -> tuple[tuple[str, NamedNode | None], ...]:
    """Return what can be found of a criterion, status and reason, in the order of the codes in results."""
    found = {outcome_of_rank(rank) for rank in range(all_ranks())}
    return tuple(
        sorted(found, key=lambda each: (STATUSES.index(each[0]), local_name(each[1]) if each[1] else ""))
    )


@cache
def outcome_codes() -> np.ndarray:
    """Return an array that has, for each rank, the code of its outcome."""
    codes = {outcome: code for code, outcome in enumerate(outcomes())}
    return np.array([codes[outcome_of_rank(rank)] for rank in range(all_ranks())], dtype=np.int8)


class Ranker:
    """Sorts things into classes of the same ranks, a class numbered when its first thing is met.

    `columns` are the leaves with a rank each, `rows` the ranks of each class.
    """

    def __init__(self, wanted: Sequence[Judged]) -> None:
        self.columns = _columns(wanted)
        self._alike = Alike(self.columns)
        nothing = _Climbers([])
        self._without = [_rank_of_nothing(nothing, *column) for column in self.columns]
        self._asked: dict[Part, tuple[int, ...]] = {}
        self._by_parts: dict[Hashable, int | None] = {}
        self._by_look: dict[Hashable, int | None] = {}
        self._rank_by_look: dict[Hashable, int | None] = {}
        self._beyond = [_beyond_rungs(framework, leaf) for framework, leaf in self.columns]
        self._by_ranks: dict[tuple[int, ...], int] = {}

    @property
    def rows(self) -> tuple[tuple[int, ...], ...]:
        """The ranks of each class met so far."""
        return tuple(self._by_ranks)

    def prepare(self, licenses: Iterable[LicenseEntry | None]) -> None:
        """Look at licenses, so that things that have them are ranked more quickly."""
        for each in licenses:
            if each is not None:
                self._alike.seen(each, deep=False)

    def class_of(self, thing: Row) -> int:
        """Return the number of the class of a thing."""
        for deep in (False, True):
            seen = self._alike.seen(thing.license, deep=deep) if thing.license else None
            key = thing.part, thing.facts, seen, deep
            if key not in self._by_parts:
                self._by_parts[key] = self._class_by_look(thing, deep=deep)
            found = self._by_parts[key]
            if found is not None:
                return found
        raise AssertionError("a thing looked at in depth has a class")

    def _class_by_look(self, thing: Row, *, deep: bool) -> int | None:
        numbers = self._numbers(thing.part)
        look = thing.part, deep, self._alike.look(thing, numbers, deep=deep)
        if look not in self._by_look:
            self._by_look[look] = self._class(thing, numbers, deep=deep)
        return self._by_look[look]

    def _class(self, thing: Row, numbers: tuple[int, ...], *, deep: bool) -> int | None:
        """Return the class of a thing, None where one must look in depth to tell it from others."""
        ranks = list(self._without)
        climbers = _Climbers([thing])
        for number in numbers:
            rank = self._rank(thing, number, climbers, deep=deep)
            if rank is None:
                return None
            ranks[number] = rank
        return self._by_ranks.setdefault(tuple(ranks), len(self._by_ranks))

    def _rank(self, thing: Row, number: int, climbers: "_Climbers", *, deep: bool) -> int | None:
        """Return the rank of a leaf for a model that has only this thing.

        It is the same for all things that look the same to this leaf. None where not the rungs alone have
        decided, but what lies behind the thing, and that was not looked at.
        """
        look = number, thing.part, deep, self._alike.look(thing, (number,), deep=deep)
        if look not in self._rank_by_look:
            diagnosis = climbers.diagnose(*self.columns[number])
            decided = deep or not self._beyond[number] <= diagnosis.depth < MET
            self._rank_by_look[look] = rank_of(diagnosis) if decided else None
        return self._rank_by_look[look]

    def _numbers(self, part: Part) -> tuple[int, ...]:
        """Return the numbers of the leaves for which things of a part can matter."""
        if part not in self._asked:
            kinds = frozenset(term(kind) for kind in part.kinds)
            self._asked[part] = tuple(
                number
                for number, (_, leaf) in enumerate(self.columns)
                if concerns(leaf, part.relation, kinds)
            )
        return self._asked[part]


class _Climbers:
    """Judges a model that has just some things, under any framework."""

    def __init__(self, things: Sequence[Row]) -> None:
        self._things = things
        self._by_framework: dict[str, Climber] = {}

    @cached_property
    def _described(self) -> tuple[ModelFacts, Graph]:
        """The model and its facts, made only where something has to be diagnosed."""
        model, triples = model_with(self._things)
        return model, Graph(triples)

    def diagnose(self, framework: Framework, leaf: Leaf) -> Diagnosis:
        """Say how near the model comes to a leaf."""
        model, facts = self._described
        if framework.name not in self._by_framework:
            self._by_framework[framework.name] = Climber(framework, model, Prover(framework.shapes, facts))
        return self._by_framework[framework.name].diagnose(leaf, model.node)


def _rank_of_nothing(nothing: _Climbers, framework: Framework, leaf: Leaf) -> int:
    return rank_of(nothing.diagnose(framework, leaf))


def _columns(wanted: Sequence[Judged]) -> tuple[tuple[Framework, Leaf], ...]:
    found: dict[tuple[str, Leaf], tuple[Framework, Leaf]] = {}
    for each in wanted:
        for leaf in each.leaves:
            found.setdefault((each.framework.name, leaf), (each.framework, leaf))
    return tuple(found.values())


def _beyond_rungs(framework: Framework, leaf: Leaf) -> int:
    """Return the depth at which all rungs of a leaf were climbed and something else is in the way."""
    return 0 if isinstance(leaf, Is) else len(framework.ladder(leaf.body)) + 1


class Alike:
    """Tells which things look the same to all that some leaves ask of them.

    Looked at in depth they are the same however far one looks behind them, to options and licenses; otherwise
    they are in what holds of themselves.
    """

    def __init__(self, columns: Iterable[tuple[Framework, Leaf]]) -> None:
        asked = [tuple(_asked_of_things(framework, leaf)) for framework, leaf in columns]
        self._tests: dict[Expr, int] = {}
        self._texts = {text for each in asked for test in each for text in _texts(test)}
        of_licenses = [t for each in asked for t in each if _is_of_licenses(t)]
        bodies = [p.body for t in of_licenses for p in within(t) if _leads_to_licenses(p)]
        self._of_one_license = tuple(dict.fromkeys(bodies))
        self._tests_of = [
            tuple(self._tests.setdefault(t, len(self._tests)) for t in each if _is_of_licenses(t))
            for each in asked
        ]
        self._properties_of = [
            frozenset(
                compact(step.property) for t in each if not _is_of_licenses(t) for step in steps(t.path)
            )
            for each in asked
        ]
        self._wanted: dict[tuple[int, ...], tuple[tuple[int, ...], frozenset[str]]] = {}
        self._looks: dict[tuple[Resolution, str | None, bool], int] = {}
        self._of_looks: list[tuple[Hashable, ...]] = []
        self._known: dict[Hashable, int] = {}
        self._twins: dict[NamedNode, NamedNode] = {}
        self._by_look: dict[Hashable, NamedNode] = {}
        self._inner: dict[tuple[int, Term], Hashable] = {}
        self._held: dict[tuple[int, Term], bool] = {}

    def look(self, thing: Row, numbers: tuple[int, ...], *, deep: bool) -> Hashable:
        """Return what the leaves of some numbers can see of a thing, beside its kinds."""
        if numbers not in self._wanted:
            tests = tuple(sorted({test for number in numbers for test in self._tests_of[number]}))
            properties = frozenset(p for number in numbers for p in self._properties_of[number])
            self._wanted[numbers] = tests, properties
        tests, properties = self._wanted[numbers]
        facts = tuple(pair for pair in thing.facts if pair[0] in properties)
        if thing.license is None or not tests:
            return facts, thing.license is None
        seen = [self._of_looks[number] for number in self.seen(thing.license, deep=deep)]
        return facts, tuple(tuple(each[test] for test in tests) for each in seen)

    def seen(self, entry: LicenseEntry, *, deep: bool) -> tuple[int, ...]:
        """Return numbers for what tests see of a license as it applies, and as stated if it is bound."""
        applied = self._number(entry.resolution, entry.origin, deep=deep)
        return (applied, self._number(entry.own, "own", deep=deep)) if entry.bound else (applied,)

    def _number(self, resolution: Resolution, origin: str | None, *, deep: bool) -> int:
        """Return the number of what is seen of a license; many differ from others in words alone."""
        text = resolution.text if resolution.text in self._texts else "\0"
        key = text, resolution.state, resolution.how, resolution.options, origin, deep
        if key not in self._known:
            plain = self._plain(replace(resolution, text=text))
            if (plain, origin, deep) not in self._looks:
                self._looks[plain, origin, deep] = len(self._of_looks)
                self._of_looks.append(self._look(plain, origin, deep=deep))
            self._known[key] = self._looks[plain, origin, deep]
        return self._known[key]

    def _plain(self, resolution: Resolution) -> Resolution:
        """Put twins in the place of licenses."""
        options = dict.fromkeys(frozenset(map(self._twin, option)) for option in resolution.options)
        return Resolution(resolution.text, resolution.state, resolution.how, tuple(options))

    def _twin(self, license_: NamedNode) -> NamedNode:
        """Return the first license met of those that look the same to every shape."""
        if license_ not in self._twins:
            prover = Prover({}, ())
            look = tuple(self._remembered(prover, body, license_) for body in self._of_one_license)
            self._twins[license_] = self._by_look.setdefault(look, license_)
        return self._twins[license_]

    def _look(self, resolution: Resolution, origin: str | None, *, deep: bool) -> tuple[Hashable, ...]:
        """Return for each test whether a thing with a license passes it, or in depth all that it finds."""
        node = NamedNode(GENID + "look")
        prover = _Behind(node, license_triples(node, resolution, origin), self._held)
        see = partial(self._seen, prover) if deep else prover.holds
        return tuple(see(test, node) for test in self._tests)

    def _seen(self, prover: Prover, expression: Expr, node: Term) -> Hashable:
        """Return all that an expression, and each part of it, finds at a node and beyond."""
        if isinstance(expression, And | Or):
            return tuple(self._seen(prover, part, node) for part in expression.parts)
        if isinstance(expression, Not):
            return self._seen(prover, expression.part, node)
        if not isinstance(expression, Some | Every):
            return prover.holds(expression, node)
        return frozenset(
            self._remembered(prover, expression.body, each) for each in prover.reach(node, expression.path)
        )

    def _remembered(self, prover: Prover, expression: Expr, node: Term) -> Hashable:
        """Look behind the thing itself: options and licenses are the same wherever they are met."""
        key = id(expression), node
        if key not in self._inner:
            self._inner[key] = self._seen(prover, expression, node)
        return self._inner[key]


class _Behind(Prover):
    """Remembers what holds of the options and licenses behind a thing: they are the same wherever met."""

    def __init__(
        self, thing: NamedNode, facts: Iterable[Triple], known: dict[tuple[int, Term], bool]
    ) -> None:
        super().__init__({}, facts)
        self._thing = thing
        self._held = known

    def holds(self, expression: Expr, node: Term) -> bool:
        """Say whether a node satisfies an expression."""
        if node == self._thing:
            return super().holds(expression, node)
        key = id(expression), node
        if key not in self._held:
            self._held[key] = super().holds(expression, node)
        return self._held[key]


def _asked_of_things(framework: Framework, leaf: Leaf) -> Iterator[Some | Every]:
    """Yield what a leaf, and the rungs that explain it, ask of single things."""
    if isinstance(leaf, Is):
        return
    shapes = framework.shapes
    given = [leaf.body, *(Ref(r.shape) for r in (*framework.ladder(leaf.body), *framework.advice(leaf.body)))]
    if first(leaf.path) not in [term(name) for name in RELATIONS]:
        yield leaf
    found = (part for each in given for part in thing_parts(_closed(each, shapes), shapes))
    yield from dict.fromkeys(part for part in found if isinstance(part, Some | Every))


def _texts(expression: Expr) -> Iterator[str]:
    for part in within(expression):
        if isinstance(part, In):
            yield from (each.value for each in part.values if isinstance(each, Literal))


def _is_of_licenses(test: Some | Every) -> bool:
    return first(test.path) in OF_LICENSES


def _leads_to_licenses(expression: Expr) -> TypeGuard[Some | Every]:
    if not isinstance(expression, Some | Every):
        return False
    return any(step.property == term("ogr:requiresLicense") for step in steps(expression.path))


def _closed(expression: Expr, shapes: Mapping[NamedNode, Expr]) -> Expr:
    """Write the named shapes that an expression refers to out in it."""
    if isinstance(expression, Ref):
        return _closed(shapes[expression.shape], shapes)
    if isinstance(expression, And | Or):
        return replace(expression, parts=tuple(_closed(part, shapes) for part in expression.parts))
    if isinstance(expression, Not):
        return Not(_closed(expression.part, shapes))
    if isinstance(expression, Some | Every):
        return replace(expression, body=_closed(expression.body, shapes))
    return expression
