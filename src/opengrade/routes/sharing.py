"""Finds what criteria share, so that a store is asked for it once."""

from collections import Counter
from collections.abc import Iterable, Mapping

from opengrade.criteria import And, Every, Expr, Not, Or, Ref, Some, references
from opengrade.frameworks import Framework
from opengrade.graph import NamedNode
from opengrade.routes.compiling import path_text, sparql


def shared_shapes(framework: Framework) -> dict[NamedNode, tuple[str, ...]]:
    """Return the named shapes that are asked for more than once, each after those that it refers to.

    Each comes with the patterns that bind ?node to all nodes of which it may be asked.
    """
    judged = tuple(framework.judged())
    walk = _Walk(framework.shapes)
    for shape, expression, target in judged:
        domain = f"?node a {sparql(target)} ."
        if shape in framework.rungs:
            walk.visit(Ref(shape), domain)
        else:
            walk.visit(expression, domain)
    asked = Counter(shape for shape, _, _ in judged)
    asked.update(_referred(expression for shape, expression, _ in judged if shape not in walk.domains))
    asked.update(_referred(framework.shapes[shape] for shape in walk.domains))
    return {shape: tuple(found) for shape, found in walk.ordered() if asked[shape] > 1}


def _referred(expressions: Iterable[Expr]) -> Iterable[NamedNode]:
    return (shape for expression in expressions for shape in references(expression))


class _Walk:
    """Gathers, for each named shape that is reached, the patterns that bind the nodes that it is asked of."""

    def __init__(self, shapes: Mapping[NamedNode, Expr]) -> None:
        self.shapes = shapes
        self.domains: dict[NamedNode, dict[str, None]] = {}
        self._done: dict[NamedNode, None] = {}

    def visit(self, expression: Expr, domain: str) -> None:
        if isinstance(expression, And | Or):
            for part in expression.parts:
                self.visit(part, domain)
        elif isinstance(expression, Not):
            self.visit(expression.part, domain)
        elif isinstance(expression, Some | Every):
            self.visit(expression.body, f"?from {path_text(expression.path)} ?node .")
        elif isinstance(expression, Ref):
            known = self.domains.setdefault(expression.shape, {})
            if domain not in known:
                known[domain] = None
                self.visit(self.shapes[expression.shape], domain)
            self._done.setdefault(expression.shape)

    def ordered(self) -> Iterable[tuple[NamedNode, dict[str, None]]]:
        """Yield the shapes with their patterns, each after those that it refers to."""
        return ((shape, self.domains[shape]) for shape in self._done)
