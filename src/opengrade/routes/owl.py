"""The OWL route: a reasoner infers which classes of a framework the models are in.

A reasoner takes nothing for absent, so that what needs something to be absent, or all things to be so, is
told beforehand: first what the facts alone decide, then, run by run, what rests on classes inferred before.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from opengrade.criteria import And, Every, Expr, Is, Not, Or, Ref, Some, properties_of, references
from opengrade.derive import Facts
from opengrade.frameworks import Framework
from opengrade.graph import Graph, NamedNode, Term, Triple
from opengrade.limits import Limits
from opengrade.namespaces import compact
from opengrade.owl_classes import Classes, Definition, definitions, triples
from opengrade.owl_facts import Part, Prepared, axioms, facts_with, prepare, visible
from opengrade.proving import Prover
from opengrade.reasoners import CONTRADICTION, Engine, Entailed

REASONERS = ("hermit", "rl")


@dataclass(frozen=True, slots=True)
class Classified:
    """The classes that one model was inferred to be in: grades, highest first, and criteria; local names."""

    model: str
    name: str
    source: str
    framework: str
    grades: tuple[str, ...]
    criteria: tuple[str, ...]
    asked: int


@dataclass(frozen=True, slots=True)
class Reasoned:
    """What a reasoner found; models of contradictory sources are in no class, for they would be in all."""

    models: tuple[Classified, ...]
    unsatisfiable: tuple[str, ...]
    contradictory: tuple[str, ...]


def engine(name: str) -> Engine:
    """Return a reasoner by name; only the one that is used is loaded."""
    found: Engine = import_module(f"opengrade.reasoners.{name}").entail
    return found


def prepared(submissions: Iterable[Facts], rules: Sequence[Framework]) -> tuple[Prepared, ...]:
    """Prepare facts for the classes of each framework."""
    given = tuple(submissions)
    return tuple(prepare(given, definitions(rule).values()) for rule in rules)


def run(
    framework: Framework, submissions: Iterable[Facts], *, reasoner: str = "rl"
) -> Mapping[NamedNode, frozenset[Term]]:
    """Return for each criterion, half criterion and grade the models that are inferred to meet it."""
    classes = definitions(framework)
    facts = prepare(submissions, classes.values())
    entailed = _entailed(facts.parts, facts.licenses, classes, engine(reasoner), Limits())
    models = {new: NamedNode(old) for part in facts.parts for new, old, _ in part.models}
    return {
        node: frozenset(old for new, old in models.items() if (new, node) in entailed.types)
        for node, each in classes.items()
        if each.judged
    }


def classify(
    facts: Sequence[Prepared], rules: Sequence[Framework], reasoner: str, limits: Limits
) -> Reasoned:
    """Infer the classes of all models, framework by framework, and find what contradicts the ontology."""
    found = [_reasoned(*each, engine(reasoner), limits) for each in zip(facts, rules, strict=True)]
    return Reasoned(
        models=tuple(model for each in found for model in each.models),
        unsatisfiable=tuple(sorted({name for each in found for name in each.unsatisfiable})),
        contradictory=tuple(dict.fromkeys(source for each in found for source in each.contradictory)),
    )


def _reasoned(facts: Prepared, rules: Framework, reason: Engine, limits: Limits) -> Reasoned:
    classes = definitions(rules)

    @cache
    def infer(parts: tuple[Part, ...]) -> Entailed:
        return _entailed(parts, facts.licenses, classes, reason, limits)

    entailed, left = infer(facts.parts), facts.parts
    contradictory: tuple[str, ...] = ()
    if not entailed.consistent:
        if not infer(()).consistent:
            return Reasoned((), (), (f"the classes of {rules.name}",))
        bad = _contradictory(facts.parts, infer)
        contradictory = tuple(part.source for part in bad)
        left = tuple(part for part in facts.parts if part not in bad)
        entailed = infer(left)
    return Reasoned(
        models=tuple(_classified(rules, part, model, entailed) for part in left for model in part.models),
        unsatisfiable=tuple(sorted(compact(each) for each in entailed.unsatisfiable)),
        contradictory=contradictory,
    )


Infer = Callable[[tuple[Part, ...]], Entailed]


def _contradictory(parts: tuple[Part, ...], infer: Infer) -> tuple[Part, ...]:
    """Return the parts that contradict the ontology: each by itself or, where none does, all together."""
    if infer(parts).consistent:
        return ()
    if len(parts) == 1:
        return parts
    half = len(parts) // 2
    found = (*_contradictory(parts[:half], infer), *_contradictory(parts[half:], infer))
    return found or parts


def _classified(
    rules: Framework, part: Part, model: tuple[NamedNode, str, str], entailed: Entailed
) -> Classified:
    node, iri, name = model
    grades = tuple(g.name for g in reversed(rules.grades) if (node, g.node) in entailed.types)
    criteria = tuple(c.name for c in rules.criteria if (node, c.node) in entailed.types)
    return Classified(iri, name, part.source, rules.name, grades, criteria, len(rules.criteria))


def _entailed(
    parts: Sequence[Part],
    licenses: Sequence[Triple],
    classes: Classes,
    reason: Engine,
    limits: Limits,
) -> Entailed:
    """Run a reasoner, stratum by stratum, and tell it before each run the members of closed classes."""
    looked_at = _looked_at(parts, licenses, classes)
    last = max((each.stratum for each in classes.values()), default=0)
    members: dict[NamedNode, frozenset[NamedNode]] = {}
    entailed = CONTRADICTION
    for stratum in range(last + 1):
        prover = _prover(classes, facts_with(parts, licenses, members))
        for each in classes.values():
            if each.closed and each.stratum == stratum:
                members[each.node] = _members(each, looked_at[each.node], prover)
        now = classes if stratum == last else _needed_above(stratum, classes)
        told = {node: found for node, found in members.items() if node in now and now[node].closed}
        properties = frozenset(p for d in now.values() if not d.closed for p in properties_of(d.expression))
        facts = visible(facts_with(parts, licenses, told), properties)
        entailed = reason((*axioms(), *triples(now.values())), tuple(facts), limits)
        if not entailed.consistent:
            break
        members |= _inferred(entailed, now)
    return entailed


def _needed_above(stratum: int, classes: Classes) -> Classes:
    """Return the classes up to a stratum that closed classes above it rest on."""
    needed: set[NamedNode] = set()
    for node, each in reversed(classes.items()):
        if node in needed or (each.closed and each.stratum > stratum):
            needed.update(references(each.expression))
    return {n: each for n, each in classes.items() if n in needed and each.stratum <= stratum}


def _prover(classes: Classes, facts: Graph) -> Prover:
    """Return an evaluator for which a shape is what was inferred or told to be of its class."""
    return Prover({node: Is(node) for node in classes}, facts)


def _members(each: Definition, nodes: Iterable[Term], prover: Prover) -> frozenset[NamedNode]:
    return frozenset(n for n in nodes if isinstance(n, NamedNode) and prover.holds(each.expression, n))


def _inferred(entailed: Entailed, classes: Classes) -> dict[NamedNode, frozenset[NamedNode]]:
    found: dict[NamedNode, set[NamedNode]] = {n: set() for n, each in classes.items() if not each.closed}
    for thing, class_ in entailed.types:
        if class_ in found:
            found[class_].add(thing)
    return {node: frozenset(things) for node, things in found.items()}


def _looked_at(
    parts: Sequence[Part], licenses: Sequence[Triple], classes: Classes
) -> Mapping[NamedNode, set[Term]]:
    """Return for each class the things of which it matters whether they are in it, from the models down."""
    prover = _prover(classes, facts_with(parts, licenses, {}))
    models = {node for part in parts for node, _, _ in part.models}
    found: dict[NamedNode, set[Term]] = {n: set(models) if d.judged else set() for n, d in classes.items()}

    def follow(expression: Expr, nodes: set[Term]) -> None:
        if isinstance(expression, Ref):
            found[expression.shape] |= nodes
        elif isinstance(expression, And | Or):
            for part in expression.parts:
                follow(part, nodes)
        elif isinstance(expression, Not):
            follow(expression.part, nodes)
        elif isinstance(expression, Some | Every):
            follow(expression.body, {n for each in nodes for n in prover.reach(each, expression.path)})

    for node, each in reversed(classes.items()):
        follow(each.expression, found[node])
    return found
