"""The plain route: criteria evaluated node by node in memory, quick where there are few models."""

from collections.abc import Iterable

from opengrade.criteria import Expr
from opengrade.frameworks import Framework
from opengrade.graph import Graph, NamedNode, Term, Triple
from opengrade.namespaces import term
from opengrade.proving import Prover
from opengrade.routes import Outcome


def run(framework: Framework, triples: Iterable[Triple]) -> Outcome:
    """Evaluate all criteria and rungs on each node of their classes."""
    facts = Graph(triples)
    prover = Prover(framework.shapes, facts)
    return {node: _conforming(prover, expression, target) for node, expression, target in framework.judged()}


def _conforming(prover: Prover, expression: Expr, target: NamedNode) -> frozenset[Term]:
    nodes = prover.facts.subjects(term("rdf:type"), target)
    return frozenset(node for node in nodes if prover.holds(expression, node))
