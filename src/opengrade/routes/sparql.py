"""The SPARQL route: criteria compiled to set-based queries, run on an embedded store.

What criteria share is asked once: the nodes that conform to a shape are marked in the store, which is thrown
away afterwards. Many facts are taken in portions, since stores get slower as they grow.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from opengrade.criteria import Expr, steps_of
from opengrade.frameworks import Framework
from opengrade.graph import NamedNode, Term, Triple
from opengrade.namespaces import term
from opengrade.routes import Outcome, license_facts
from opengrade.routes.compiling import MARKS, asked_of_kinds, mark, select, select_kinds
from opengrade.routes.sharing import shared_shapes
from opengrade.store import Store

# As many triples as a store takes in and answers quickest, by measurement.
PORTION = 50_000


def run(framework: Framework, triples: Iterable[Triple]) -> Outcome:
    """Evaluate all rungs and criteria over the triples of facts and the curated license facts."""
    plan = _plan(framework)
    found: dict[NamedNode, set[Term]] = {shape: set() for shape, _, _ in framework.judged()}
    for portion in _portions(framework, triples):
        store = Store()
        # Of the facts themselves only those that are looked at are in a portion.
        store.load((*portion, *(t for t in license_facts(portion) if t.predicate in plan.looked_at)))
        for text in plan.updates:
            store.update(text)
        for shape, nodes in _answers(plan, store):
            found[shape] |= nodes
    return {shape: frozenset(nodes) for shape, nodes in found.items()}


@dataclass(frozen=True)
class _Plan:
    """What a framework asks of a store, in order.

    `updates` mark what conforms to shared shapes; `marked` maps judged shapes with marks to their target;
    `single` maps others to their query; `together` holds queries for models and kinds of components with the
    shapes that ask for a component of some kinds.
    """

    looked_at: frozenset[NamedNode]
    updates: tuple[str, ...]
    marked: Mapping[NamedNode, NamedNode]
    single: Mapping[NamedNode, str]
    together: tuple[tuple[str, Mapping[NamedNode, tuple[NamedNode, ...]]], ...]


def _plan(framework: Framework) -> _Plan:
    updates: list[str] = []
    known: frozenset[NamedNode] = frozenset()
    for shape, domains in shared_shapes(framework).items():
        updates.append(mark(framework.shapes, shape, domains, known))
        known |= {shape}
    marked: dict[NamedNode, NamedNode] = {}
    single: dict[NamedNode, str] = {}
    together: dict[Expr, dict[NamedNode, tuple[NamedNode, ...]]] = {}
    for shape, expression, target in framework.judged():
        asked = asked_of_kinds(expression) if target == term("ogr:Model") else None
        if asked is not None:
            together.setdefault(asked[1], {})[shape] = asked[0]
        elif shape in known:
            marked[shape] = target
        else:
            single[shape] = select(framework, expression, target, known)
    return _Plan(
        looked_at=framework.properties() | {term("rdf:type")},
        updates=tuple(updates),
        marked=marked,
        single=single,
        together=tuple(
            (select_kinds(framework.shapes, _kinds(shapes), body, known), shapes)
            for body, shapes in together.items()
        ),
    )


def _kinds(shapes: Mapping[NamedNode, tuple[NamedNode, ...]]) -> tuple[NamedNode, ...]:
    return tuple(dict.fromkeys(kind for kinds in shapes.values() for kind in kinds))


def _answers(plan: _Plan, store: Store) -> Iterator[tuple[NamedNode, Set[Term]]]:
    """Yield what conforms to each shape."""
    members = {t: store.subjects(term("rdf:type"), t) for t in dict.fromkeys(plan.marked.values())}
    for shape, target in plan.marked.items():
        yield shape, store.objects(shape, MARKS) & members[target]
    for shape, text in plan.single.items():
        yield shape, store.column(text)
    for text, shapes in plan.together:
        models: dict[Term, set[Term]] = {kind: set() for kind in _kinds(shapes)}
        for model, kind in store.rows(text):
            models[kind].add(model)
        for shape, kinds in shapes.items():
            yield shape, set().union(*(models[kind] for kind in kinds))


def _portions(framework: Framework, triples: Iterable[Triple]) -> Iterator[list[Triple]]:
    """Yield the facts that are looked at, in portions that can be judged apart.

    A portion holds all that can be reached from the nodes that are judged in it; what several portions need
    stands in each of them. Where a path follows facts backwards there is only one.
    """
    looked_at = framework.properties() | {term("rdf:type")}
    facts = list(dict.fromkeys(t for t in triples if t.predicate in looked_at))
    back = {step.property for each in framework.shapes.values() for step in steps_of(each) if step.inverse}
    if len(facts) <= PORTION or any(t.predicate in back for t in facts):
        yield facts
        return
    about: dict[Term, list[Triple]] = {}
    for triple in facts:
        about.setdefault(triple.subject, []).append(triple)
    done: set[Term] = set()
    portion: list[Triple] = []
    inside: set[Term] = set()
    for root in about:
        if root in done:
            continue
        waiting: list[Term] = [root]
        while waiting:
            node = waiting.pop()
            if node not in inside and node in about:
                inside.add(node)
                portion += about[node]
                waiting += [t.object for t in about[node]]
        if len(portion) >= PORTION:
            yield portion
            done |= inside
            portion, inside = [], set()
    yield portion
