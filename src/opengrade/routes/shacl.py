"""The reference route: pySHACL running the shapes as they are written."""

from collections.abc import Iterable

import rdflib
from rdflib import RDF, SH

from opengrade.frameworks import Framework
from opengrade.graph import NamedNode, Term, Triple, to_rdflib
from opengrade.namespaces import term
from opengrade.routes import Outcome, with_license_facts
from opengrade.shacl import report_of


def run(framework: Framework, triples: Iterable[Triple]) -> Outcome:
    """Validate the facts against the framework and read from the report which nodes conform.

    pySHACL is given the shapes explicitly, since it would otherwise take some from the data, and its report
    is believed only for shapes that had nodes to look at.
    """
    facts = tuple(triples)
    data = to_rdflib(with_license_facts(facts))
    shapes = to_rdflib(framework.graph)
    report = report_of(data, shapes, framework.name)
    return _conforming(framework, facts, report, shapes)


def _conforming(
    framework: Framework, facts: tuple[Triple, ...], report: rdflib.Graph, shapes: rdflib.Graph
) -> Outcome:
    failed: dict[str, set[str]] = {}
    for result in report.subjects(RDF.type, SH.ValidationResult):
        source, focus = report.value(result, SH.sourceShape), report.value(result, SH.focusNode)
        for owner in _owners(source, shapes):
            failed.setdefault(owner, set()).add(str(focus))
    found: dict[NamedNode, frozenset[Term]] = {}
    for shape, _, target in framework.judged():
        nodes = {t.subject for t in facts if t.predicate == term("rdf:type") and t.object == target}
        found[shape] = frozenset(
            n for n in nodes if isinstance(n, NamedNode) and n.value not in failed.get(shape.value, ())
        )
    return found


def _owners(source: object, shapes: rdflib.Graph) -> set[str]:
    """Return the named shapes of a result: its source, or those that have it as a property shape."""
    if isinstance(source, rdflib.URIRef):
        return {str(source)}
    if not isinstance(source, rdflib.BNode):
        return set()
    return {str(shape) for shape in shapes.subjects(SH.property, source) if isinstance(shape, rdflib.URIRef)}
