"""Runs pySHACL, and refuses shapes that it would pass over in silence.

pySHACL is quiet about misspelt terms, shapes without targets and empty files, and then says that the data
conform. So what it is given is checked first, and what it looked at is counted here.
"""

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyshacl
import rdflib
from rdflib import RDF, RDFS, SH, BNode, URIRef
from rdflib.term import Node

from opengrade.errors import Place, RuleError
from opengrade.graph import NamedNode, Quad, Triple, to_rdflib
from opengrade.namespaces import compact, term
from opengrade.vocabulary import vocabulary

# What belongs to drafts beyond SHACL Core and SHACL-SPARQL: pySHACL would pass over it in silence.
NOT_RUN = re.compile(r"(js|JS|rule|Rule|values$|expression|Function|target$|Target$|TripleRule|entailment)")
QUERIES = tuple(SH[name] for name in ("select", "ask", "construct", "update"))
ELSEWHERE = re.compile(r"\b(from|service|load)\b", re.IGNORECASE)
TARGETS = (SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf)
LINKS = (SH.property, SH.node, SH["not"], SH.qualifiedValueShape, SH["and"], SH["or"], SH.xone)
WORDS = frozenset(
    {*TARGETS, *(SH[n] for n in ("name", "description", "message", "severity", "order", "group", "path"))}
)


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of pySHACL: its named shape and what is concerned, as texts; "" where nothing is."""

    shape: str
    focus: str
    focus_is_iri: bool
    path: str
    value: str
    severity: str
    message: str
    component: str


class Shapes:
    """A shapes graph that was looked at before it is run."""

    def __init__(self, graph: rdflib.Graph, path: str) -> None:
        self.graph = graph
        self.path = path

    @classmethod
    def read(cls, quads: Iterable[Quad], path: str) -> "Shapes":
        """Check shapes and return them.

        Raises RuleError, naming file, shape and term, for an unknown or unsupported term, a shape without a
        target or a constraint, shapes that refer to themselves, and a file in which no shape is.
        """
        found = cls(to_rdflib(quads), path)
        found._check()
        return found

    def _refuse(self, node: Node, what: str, fix: str) -> RuleError:
        name = str(node) if isinstance(node, URIRef) else "an unnamed shape"
        return RuleError(f"{_short(name)}: {what}", fix=fix, where=Place(self.path))

    def _check(self) -> None:
        self._check_terms()
        self._check_lists()
        shapes = self._named_or_targeted()
        if not shapes:
            raise RuleError(
                "no shape with a target stands in this file, so nothing would be checked.",
                fix="State a sh:NodeShape with a target, such as sh:targetClass.",
                where=Place(self.path),
            )
        inner = {value for shape in self.graph.subjects() for value in self._linked(shape)}
        for shape in shapes:
            if shape not in inner and not self._targets(shape):
                raise self._refuse(shape, "the shape has no target, so it would check nothing.", "State one.")
            if not self._constrains(shape):
                raise self._refuse(shape, "the shape constrains nothing.", "State a constraint.")
        if not any(self._targets(shape) and not self._is_off(shape) for shape in shapes):
            raise self._refuse(shapes[0], "no shape here is active and has a target.", "Activate one.")
        self._check_cycles()

    def _check_terms(self) -> None:
        known, words = _shacl_terms(), vocabulary()
        ours = {each.value for each in words.evidence | words.curated}
        for subject, predicate, value in self.graph:
            for each in (predicate, value):
                text = str(each) if isinstance(each, URIRef) else ""
                if predicate in QUERIES and ELSEWHERE.search(str(value)):
                    what = "a query in it asks other places (FROM, SERVICE or LOAD)."
                    raise self._refuse(subject, what, "Ask the submission only.")
                if text.startswith(str(SH)) and text not in known:
                    raise self._refuse(subject, f"{_short(text)} is not a term of SHACL.", "Mend the name.")
                if text.startswith(str(SH)) and NOT_RUN.search(text.removeprefix(str(SH))):
                    what = f"{_short(text)} is not run here."
                    raise self._refuse(subject, what, "Use SHACL Core or sh:sparql.")
                if text.startswith(term("ogr:").value) and text not in ours:
                    raise self._refuse(
                        subject, f"{_short(text)} is not a term of the ontology.", "Mend the name."
                    )

    def _check_lists(self) -> None:
        """Refuse lists that never end, at which libraries would stumble."""
        following = dict(self.graph.subject_objects(RDF.rest))
        done: set[Node] = set()
        for head in sorted(following, key=str):
            node, seen = head, set[Node]()
            while node in following and node not in done:
                if node in seen:
                    raise self._refuse(head, "a list in it never ends.", "End it with rdf:nil.")
                seen.add(node)
                node = following[node]
            done |= seen

    def _named_or_targeted(self) -> list[Node]:
        found = {s for kind in (SH.NodeShape, SH.PropertyShape) for s in self.graph.subjects(RDF.type, kind)}
        found |= {s for target in TARGETS for s in self.graph.subjects(target)}
        return sorted(found, key=str)

    def _targets(self, shape: Node) -> bool:
        if any(self.graph.value(shape, target) is not None for target in TARGETS):
            return True
        return (shape, RDF.type, RDFS.Class) in self.graph

    def _is_off(self, shape: Node) -> bool:
        return str(self.graph.value(shape, SH.deactivated) or "") in ("true", "1")

    def _constrains(self, shape: Node) -> bool:
        return any(
            str(p).startswith(str(SH)) and p not in WORDS and p != SH.deactivated
            for p in self.graph.predicates(shape)
        )

    def _linked(self, shape: Node) -> Iterator[Node]:
        """Yield the shapes that a shape names directly, in lists too."""
        for link in LINKS:
            for value in self.graph.objects(shape, link):
                yield value
                if (value, RDF.first, None) in self.graph:
                    yield from self.graph.items(value)

    def _check_cycles(self) -> None:
        done: set[Node] = set()
        for start in sorted(set(self.graph.subjects()), key=str):
            open_: list[tuple[Node, Iterator[Node]]] = [(start, self._linked(start))]
            above = {start}
            while open_ and start not in done:
                following = next(open_[-1][1], None)
                if following is None:
                    node, _ = open_.pop()
                    above.discard(node)
                    done.add(node)
                elif following in above:
                    raise self._refuse(
                        following, "the shape refers to itself.", "Shapes have to be free of cycles."
                    )
                elif following not in done:
                    open_.append((following, self._linked(following)))
                    above.add(following)

    def owner(self, source: Node | None) -> str:
        """Return the IRI of the named shape that a shape is part of, "" where there is none."""
        for _ in range(20):
            if source is None or isinstance(source, URIRef):
                break
            source = next(
                (s for s, p in self.graph.subject_predicates(source) if p in (*LINKS, RDF.first, RDF.rest)),
                None,
            )
        return str(source or "")

    def focus_count(self, data: rdflib.Graph) -> int:
        """Return how many pairs of an active shape and a thing there are, so that nothing passes unseen."""
        count = 0
        for shape in self._named_or_targeted():
            if not self._is_off(shape):
                count += len(self._focus(shape, data))
        return count

    def _focus(self, shape: Node, data: rdflib.Graph) -> set[Node]:
        found: set[Node] = set(self.graph.objects(shape, SH.targetNode))
        classes = set(self.graph.objects(shape, SH.targetClass))
        classes |= {shape} if (shape, RDF.type, RDFS.Class) in self.graph else set()
        for class_ in classes:
            found |= set(data.subjects(RDF.type, class_))
        for predicate in self.graph.objects(shape, SH.targetSubjectsOf):
            found |= set(data.subjects(predicate, None))
        for predicate in self.graph.objects(shape, SH.targetObjectsOf):
            found |= set(data.objects(None, predicate))
        return found


def run(shapes: Shapes, triples: Iterable[Triple | Quad]) -> tuple[tuple[Hit, ...], int]:
    """Return the results of validating triples, in a fixed order, and how many things were looked at."""
    data = to_rdflib(triples)
    report = report_of(data, shapes.graph, shapes.path)
    hits = {_hit(shapes, report, result) for result in report.subjects(RDF.type, SH.ValidationResult)}
    return tuple(
        sorted(hits, key=lambda hit: (hit.focus, hit.shape, hit.path, hit.value))
    ), shapes.focus_count(data)


# How deep pySHACL follows shapes into each other unless it is told more.
DEPTH = 15


def report_of(data: rdflib.Graph, shapes: rdflib.Graph, path: str, *, depth: int = DEPTH) -> rdflib.Graph:
    """Return the report of pySHACL, which is given the shapes and never takes any from the data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rdflib deprecates calls that pySHACL still makes
        try:
            _, report, text = pyshacl.validate(
                data,
                shacl_graph=shapes,
                inference="none",
                advanced=False,
                js=False,
                max_validation_depth=depth,
            )
        except (pyshacl.errors.ReportableRuntimeError, re.error) as error:
            what = " ".join(str(error).split())
            raise RuleError(f"pySHACL cannot run these shapes: {what}", where=Place(path)) from None
    if not isinstance(report, rdflib.Graph):
        raise RuleError(f"pySHACL cannot run these shapes: {' '.join(text.split())}", where=Place(path))
    return report


def _hit(shapes: Shapes, report: rdflib.Graph, result: Node) -> Hit:
    path, focus = report.value(result, SH.resultPath), report.value(result, SH.focusNode)
    return Hit(
        shape=shapes.owner(report.value(result, SH.sourceShape)),
        focus=str(focus or ""),
        focus_is_iri=isinstance(focus, URIRef),
        path=str(path) if isinstance(path, URIRef) else "",
        value=str(report.value(result, SH.value) or ""),
        severity=str(report.value(result, SH.resultSeverity) or "").rpartition("#")[2].lower(),
        message=str(report.value(result, SH.resultMessage) or ""),
        component=str(report.value(result, SH.sourceConstraintComponent) or "").rpartition("#")[2],
    )


@cache
def _shacl_terms() -> frozenset[str]:
    source = Path(pyshacl.__file__).parent / "assets" / "shacl.ttl"
    graph = rdflib.Graph().parse(source, format="turtle")
    return frozenset(str(s) for s in graph.subjects() if not isinstance(s, BNode))


def _short(iri: str) -> str:
    return compact(NamedNode(iri)) if "://" in iri else iri


def shape_texts(shapes: Shapes) -> Mapping[str, tuple[str, str]]:
    """Return name and message of each named shape, "" where they are not stated."""
    return {
        str(s): (str(shapes.graph.value(s, SH.name) or ""), str(shapes.graph.value(s, SH.message) or ""))
        for s in set(shapes.graph.subjects(RDF.type))
        if isinstance(s, URIRef)
    }
