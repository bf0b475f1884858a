"""The reference route: pySHACL running the shapes as they are written."""

from collections.abc import Iterable

from rdflib import RDF, SH, BNode, Graph, URIRef
from rdflib.collection import Collection

from opengrade.frameworks import Framework
from opengrade.graph import NamedNode, Term, Triple, to_rdflib
from opengrade.namespaces import term
from opengrade.routes import Outcome, with_license_facts
from opengrade.shacl import report_of

# Our criteria are free of cycles, and nest deeper than pySHACL allows by itself.
DEPTH = 60
TARGETS = (SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf)


def run(framework: Framework, triples: Iterable[Triple]) -> Outcome:
    """Validate the facts against the framework and read from the report which nodes conform.

    pySHACL is given the shapes explicitly, since it would otherwise take some from the data. Each shape that
    is judged is run through a shape of ours that has the targets: the results of a shape can be about values
    and name a shape within it, those of ours are about the node that is judged and name ours.
    """
    facts = tuple(triples)
    data = to_rdflib(with_license_facts(facts))
    report = report_of(data, judging(framework), framework.name, depth=DEPTH)
    return _conforming(framework, facts, report)


def judging(framework: Framework) -> Graph:
    """Return the shapes of a framework, in which only those of ours have targets."""
    shapes = to_rdflib(framework.graph)
    for target in TARGETS:
        shapes.remove((None, target, None))
    for shape, _, class_ in framework.judged():
        _judge(shapes, shape, class_)
    return shapes


def judge_of(shape: NamedNode) -> URIRef:
    """Return the name of the shape of ours that judges by another one."""
    return URIRef(f"urn:opengrade:judges:{shape.value}")


def _judge(shapes: Graph, shape: NamedNode, class_: NamedNode) -> None:
    """Add a shape that all things of a class have to conform to another one."""
    ours, parts = judge_of(shape), BNode()
    Collection(shapes, parts, [URIRef(shape.value)])
    shapes.add((ours, RDF.type, SH.NodeShape))
    shapes.add((ours, SH.targetClass, URIRef(class_.value)))
    shapes.add((ours, SH["and"], parts))


def _conforming(framework: Framework, facts: tuple[Triple, ...], report: Graph) -> Outcome:
    failed: dict[str, set[str]] = {}
    for result in report.subjects(RDF.type, SH.ValidationResult):
        source, focus = report.value(result, SH.sourceShape), report.value(result, SH.focusNode)
        failed.setdefault(str(source), set()).add(str(focus))
    found: dict[NamedNode, frozenset[Term]] = {}
    for shape, _, target in framework.judged():
        nodes = {t.subject for t in facts if t.predicate == term("rdf:type") and t.object == target}
        bad = failed.get(str(judge_of(shape)), set())
        found[shape] = frozenset(n for n in nodes if isinstance(n, NamedNode) and n.value not in bad)
    return found
