"""Ranks each thing of a table under each leaf: how near it comes, and what is in the way.

The evaluator in memory judges a model that has only that thing. Things that no shape can tell apart are
judged once.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from opengrade.bulk.leaves import Judged, Leaf, concerns
from opengrade.bulk.projecting import model_with
from opengrade.bulk.schema import FactsEntry, LicenseEntry, Part, Row
from opengrade.criteria import And, Every, Expr, In, Not, Or, Ref, Some, first, steps, within
from opengrade.findings import MET, Climber, Diagnosis, outcome_of
from opengrade.frameworks import Framework
from opengrade.graph import GENID, Graph, Literal, NamedNode, Term
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
    return outcome_of(reasons()[rank % len(reasons())], met=rank >= met_from())


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
        self._alike = Alike(wanted)
        self._without = [_rank_without(framework, leaf) for framework, leaf in self.columns]
        self._asked: dict[Part, tuple[int, ...]] = {}
        self._by_look: dict[Hashable, int] = {}
        self._by_ranks: dict[tuple[int, ...], int] = {}

    @property
    def rows(self) -> tuple[tuple[int, ...], ...]:
        """The ranks of each class met so far."""
        return tuple(self._by_ranks)

    def class_of(self, thing: Row) -> int:
        """Return the number of the class of a thing."""
        look = thing.part, self._alike.license(thing.license), self._alike.facts(thing.facts)
        if look not in self._by_look:
            self._by_look[look] = self._by_ranks.setdefault(self._ranks(thing), len(self._by_ranks))
        return self._by_look[look]

    def _ranks(self, thing: Row) -> tuple[int, ...]:
        """Return the rank of each leaf for a model that has only this thing."""
        model, triples = model_with([thing])
        facts = Graph(triples)
        climbers: dict[str, Climber] = {}
        found = list(self._without)
        for number in self._numbers(thing.part):
            framework, leaf = self.columns[number]
            if framework.name not in climbers:
                climbers[framework.name] = Climber(framework, model, Prover(framework.shapes, facts))
            found[number] = rank_of(climbers[framework.name].diagnose(leaf, model.node))
        return tuple(found)

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


def _columns(wanted: Sequence[Judged]) -> tuple[tuple[Framework, Leaf], ...]:
    found: dict[tuple[str, Leaf], tuple[Framework, Leaf]] = {}
    for each in wanted:
        for leaf in each.leaves:
            found.setdefault((each.framework.name, leaf), (each.framework, leaf))
    return tuple(found.values())


def _rank_without(framework: Framework, leaf: Leaf) -> int:
    model, triples = model_with([])
    return rank_of(Climber(framework, model, Prover(framework.shapes, triples)).diagnose(leaf, model.node))


class Alike:
    """Tells which licenses, and which other facts, look the same to all shapes of some frameworks."""

    def __init__(self, wanted: Iterable[Judged]) -> None:
        self._tests: dict[Expr, None] = {}
        self._properties: set[str] = set()
        self._texts: set[str] = set()
        seen: set[str] = set()
        for each in wanted:
            shapes = each.framework.shapes
            given = [each.expression] if each.framework.name in seen else [each.expression, *shapes.values()]
            seen.add(each.framework.name)
            for expression in given:
                self._collect(_closed(expression, shapes))
        self._looks: dict[LicenseEntry | None, Hashable] = {}
        self._inner: dict[tuple[int, Term], Hashable] = {}

    def _collect(self, expression: Expr) -> None:
        for part in within(expression):
            if isinstance(part, Some | Every):
                self._properties.update(compact(step.property) for step in steps(part.path))
                if first(part.path) in OF_LICENSES:
                    self._tests[part] = None
            elif isinstance(part, In):
                self._texts.update(each.value for each in part.values if isinstance(each, Literal))

    def facts(self, entry: FactsEntry) -> Hashable:
        """Return what shapes look at of facts."""
        return tuple(pair for pair in entry if pair[0] in self._properties)

    def license(self, entry: LicenseEntry | None) -> Hashable:
        """Return what shapes can see of the license that applies, and of the one that the producer gave."""
        if entry is None:
            return None
        plain = replace(entry, resolution=self._plain(entry.resolution), own=self._plain(entry.own))
        if plain not in self._looks:
            given = (plain.resolution, plain.origin), (plain.own, "own")
            self._looks[plain] = plain.bound, *(self._look(*each) for each in given)
        return self._looks[plain]

    def _plain(self, resolution: Resolution) -> Resolution:
        """Leave out the words, unless some shape asks for just these."""
        return resolution if resolution.text in self._texts else replace(resolution, text="\0")

    def _look(self, resolution: Resolution, origin: str | None) -> Hashable:
        node = NamedNode(GENID + "look")
        prover = Prover({}, license_triples(node, resolution, origin))
        return tuple(self._seen(prover, test, node) for test in self._tests)

    def _seen(self, prover: Prover, expression: Expr, node: Term) -> Hashable:
        """Return all that an expression, and each part of it, finds at a node and beyond."""
        if isinstance(expression, And | Or):
            return tuple(self._seen(prover, part, node) for part in expression.parts)
        if isinstance(expression, Not):
            return self._seen(prover, expression.part, node)
        if not isinstance(expression, Some | Every):
            return prover.holds(expression, node)
        found = Counter(
            self._remembered(prover, expression.body, each) for each in prover.reach(node, expression.path)
        )
        return frozenset(found.items())

    def _remembered(self, prover: Prover, expression: Expr, node: Term) -> Hashable:
        """Look behind the thing itself: options and licenses are the same wherever they are met."""
        key = id(expression), node
        if key not in self._inner:
            self._inner[key] = self._seen(prover, expression, node)
        return self._inner[key]


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
