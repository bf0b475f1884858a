"""Evaluates criteria in memory for one node, and names the statements that decide the outcome.

This is a third way to the verdict, beside the routes, for one model at a time: it tells why.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache

from opengrade.criteria import (
    Alternative,
    And,
    Every,
    Expr,
    Form,
    In,
    Is,
    Not,
    Or,
    Path_,
    Ref,
    Repeat,
    Some,
    Step,
)
from opengrade.forms import fits
from opengrade.graph import GENID, Graph, Literal, NamedNode, Term, Triple
from opengrade.licenses import Resolution, license_index
from opengrade.licensing import license_triples
from opengrade.namespaces import term


class Prover:
    """Evaluates expressions over facts and the curated statements about licenses."""

    def __init__(self, shapes: Mapping[NamedNode, Expr], facts: Iterable[Triple]) -> None:
        self.shapes = shapes
        self.facts = facts if isinstance(facts, Graph) else Graph(facts)
        self._values = (_values_in(self.facts), _license_values())
        self._known: dict[tuple[NamedNode, Term], bool] = {}

    def holds(self, expression: Expr, node: Term) -> bool:
        """Say whether a node satisfies an expression."""
        if isinstance(expression, Ref):
            key = expression.shape, node
            if key not in self._known:
                self._known[key] = self.holds(self.shapes[expression.shape], node)
            return self._known[key]
        if isinstance(expression, Some):
            return len(self.satisfying(expression, node)) >= expression.least
        if isinstance(expression, Every):
            return all(self.holds(expression.body, each) for each in self.reach(node, expression.path))
        if isinstance(expression, Not):
            return not self.holds(expression.part, node)
        if isinstance(expression, And | Or):
            parts = (self.holds(part, node) for part in expression.parts)
            return all(parts) if isinstance(expression, And) else any(parts)
        return self._is(expression, node)

    def _is(self, expression: Is | In | Form, node: Term) -> bool:
        if isinstance(expression, Form):
            return fits(expression, node)
        if isinstance(expression, In):
            return node in expression.values
        return expression.class_ in self._objects(node, term("rdf:type"))

    def satisfying(self, expression: Some, node: Term) -> tuple[Term, ...]:
        """Return the nodes that a path leads to and that satisfy the body."""
        return tuple(n for n in self.reach(node, expression.path) if self.holds(expression.body, n))

    def reach(self, node: Term, path: Path_) -> tuple[Term, ...]:
        """Return the nodes that a path leads to, each once."""
        found: dict[Term, None] = {node: None}
        for part in path:
            found = dict.fromkeys(n for each in found for n in self._follow(each, part))
        return tuple(found)

    def _follow(self, node: Term, part: Step | Alternative | Repeat) -> tuple[Term, ...]:
        if isinstance(part, Alternative):
            return tuple(n for path in part.paths for n in self.reach(node, path))
        if isinstance(part, Repeat):
            return self._again(node, part)
        return self._step(node, part)

    def _again(self, node: Term, part: Repeat) -> tuple[Term, ...]:
        """Follow a path once, or again and again; the node itself counts where no step is needed."""
        found = dict.fromkeys(self.reach(node, part.path))
        waiting = list(found) if part.many else []
        while waiting:
            for each in self.reach(waiting.pop(), part.path):
                if each not in found:
                    found[each] = None
                    waiting.append(each)
        return tuple(found) if part.least else (node, *found)

    def _step(self, node: Term, step: Step) -> tuple[Term, ...]:
        if not step.inverse:
            return self._objects(node, step.property)
        found = self.facts.subjects(step.property, node)
        return tuple(dict.fromkeys((*found, *license_index().graph.subjects(step.property, node))))

    def _objects(self, node: Term, property_: NamedNode) -> tuple[Term, ...]:
        key = node, property_
        found, more = (values.get(key, ()) for values in self._values)
        return tuple(dict.fromkeys((*found, *more))) if more and found else found or more

    def proof(self, expression: Expr, node: Term) -> tuple[Triple, ...]:
        """Return statements that decide whether a node satisfies an expression.

        Over these alone, and over any set of statements between them and all, the outcome is the same: for
        what holds they are the witnesses, for what does not they are everything that could have been one.
        """
        return tuple(dict.fromkeys(self._decide(expression, node)))

    def _decide(self, expression: Expr, node: Term) -> Iterator[Triple]:
        if isinstance(expression, And | Or):
            yield from self._decide_parts(expression, node)
        elif isinstance(expression, Not):
            yield from self._decide(expression.part, node)
        elif isinstance(expression, Ref):
            yield from self._decide(self.shapes[expression.shape], node)
        elif isinstance(expression, Is):
            if self.holds(expression, node) and isinstance(node, NamedNode):
                yield Triple(node, term("rdf:type"), expression.class_)
        elif isinstance(expression, Every):
            targets = self.reach(node, expression.path)
            failing = [n for n in targets if not self.holds(expression.body, n)][:1]
            for each in failing or targets:
                yield from self._through(node, expression.path, each)
                yield from self._decide(expression.body, each)
        elif isinstance(expression, Some):
            found = self.satisfying(expression, node)
            enough = len(found) >= expression.least
            for each in found[: expression.least] if enough else self.reach(node, expression.path):
                yield from self._through(node, expression.path, each)
                yield from self._decide(expression.body, each)

    def _decide_parts(self, expression: And | Or, node: Term) -> Iterator[Triple]:
        """One part that decides is enough: a failing one of all, a holding one of alternatives."""
        wanted = isinstance(expression, Or)
        deciding = [part for part in expression.parts if self.holds(part, node) is wanted][:1]
        for part in deciding or expression.parts:
            yield from self._decide(part, node)

    def _through(self, node: Term, path: Path_, target: Term) -> Iterator[Triple]:
        """Yield the statements of all ways along a path from one node to another."""
        if not path:
            return
        part, rest = path[0], path[1:]
        if isinstance(part, Alternative):
            for path_ in part.paths:
                yield from self._through(node, (*path_, *rest), target)
        elif isinstance(part, Repeat):
            yield from self._through_again(node, part, rest, target)
        else:
            for each in self._step(node, part):
                if target in self.reach(each, rest):
                    subject, object_ = (each, node) if part.inverse else (node, each)
                    assert not isinstance(subject, Literal)
                    yield Triple(subject, part.property, object_)
                    yield from self._through(each, rest, target)

    def _through_again(self, node: Term, part: Repeat, rest: Path_, target: Term) -> Iterator[Triple]:
        if not part.least:
            yield from self._through(node, rest, target)
        if not part.many:
            yield from self._through(node, (*part.path, *rest), target)
            return
        star = Repeat(part.path, 0, many=True)
        for start in dict.fromkeys(self._again(node, star)):
            for end in self.reach(start, part.path):
                if target in self.reach(end, (star, *rest)):
                    yield from self._through(start, part.path, end)
                    yield from self._through(end, rest, target)


def permits(
    shapes: Mapping[NamedNode, Expr], expression: Expr, resolution: Resolution, content: NamedNode | None
) -> bool:
    """Say whether an expression holds of a thing of which only its license and content type are known."""
    node = NamedNode(f"{GENID}probe")
    triples = list(license_triples(node, resolution, "licenseExpression"))
    if content is not None:
        triples.append(Triple(node, term("ogr:contentType"), content))
    return Prover(shapes, triples).holds(expression, node)


Values = Mapping[tuple[Term, NamedNode], tuple[Term, ...]]


@lru_cache(maxsize=2)  # several frameworks are run on one graph in a row
def _values_in(graph: Graph) -> Values:
    found: dict[tuple[Term, NamedNode], list[Term]] = {}
    for triple in graph:
        found.setdefault((triple.subject, triple.predicate), []).append(triple.object)
    return {key: tuple(sorted(values, key=str)) for key, values in found.items()}


@cache
def _license_values() -> Values:
    return _values_in(license_index().graph)
