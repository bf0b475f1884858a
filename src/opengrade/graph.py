"""RDF terms and files: parsing without network, a small index, canonical Turtle.

The terms are pyoxigraph's own. Other modules take them from here, so that this module, `store` and the
routes are the only ones that know which RDF libraries there are.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pyoxigraph
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Triple

from opengrade.errors import InputError, Place
from opengrade.limits import Limits

if TYPE_CHECKING:
    import rdflib

__all__ = [
    "FORMATS",
    "BlankNode",
    "DefaultGraph",
    "Graph",
    "Literal",
    "NamedNode",
    "Node",
    "Quad",
    "Term",
    "Triple",
    "canonical_turtle",
    "n_triples",
    "parse",
    "parse_file",
    "rdflib_triples",
    "renamed",
    "skolemize",
    "to_rdflib",
    "turtle",
]

Node: TypeAlias = NamedNode | BlankNode | Triple
Term: TypeAlias = NamedNode | BlankNode | Literal | Triple

FORMATS = {
    "turtle": RdfFormat.TURTLE,
    "trig": RdfFormat.TRIG,
    "n-triples": RdfFormat.N_TRIPLES,
    "n-quads": RdfFormat.N_QUADS,
    "json-ld": RdfFormat.JSON_LD,
}

GENID = "https://w3id.org/opengrade/.well-known/genid/"


class Graph:
    """A read-only set of triples with look-ups by subject, predicate and object."""

    def __init__(self, triples: Iterable[Triple | Quad] = ()) -> None:
        self._triples = tuple(dict.fromkeys(_triple(each) for each in triples))
        self._about: dict[Term, list[Triple]] = defaultdict(list)
        self._to: dict[Term, list[Triple]] = defaultdict(list)
        for triple in self._triples:
            self._about[triple.subject].append(triple)
            self._to[triple.object].append(triple)

    def __iter__(self) -> Iterator[Triple]:
        return iter(self._triples)

    def __len__(self) -> int:
        return len(self._triples)

    def about(self, subject: Term) -> tuple[Triple, ...]:
        """Return the triples that have a subject, in the order in which they were given."""
        return tuple(self._about.get(subject, ()))

    def objects(self, subject: Term, predicate: NamedNode) -> tuple[Term, ...]:
        """Return the objects of a subject and predicate, in the order of their text, blank nodes last."""
        found = [t.object for t in self._about.get(subject, ()) if t.predicate == predicate]
        return tuple(sorted(found, key=_order) if len(found) > 1 else found)

    def subjects(self, predicate: NamedNode, value: Term) -> tuple[Node, ...]:
        """Return the subjects of a predicate and object, in the order of their text, blank nodes last."""
        found = [t.subject for t in self._to.get(value, ()) if t.predicate == predicate]
        return tuple(sorted(found, key=_order) if len(found) > 1 else found)

    def nodes(self, subject: Term, predicate: NamedNode) -> tuple[Node, ...]:
        """Return those objects that are not literals."""
        return tuple(o for o in self.objects(subject, predicate) if not isinstance(o, Literal))

    def text(self, subject: Term, predicate: NamedNode) -> str | None:
        """Return the text of the first literal or IRI, None where there is none."""
        for value in self.objects(subject, predicate):
            if isinstance(value, NamedNode | Literal):
                return value.value
        return None

    def texts(self, subject: Term, predicate: NamedNode) -> tuple[str, ...]:
        """Return the texts of all literals and IRIs."""
        return tuple(v.value for v in self.objects(subject, predicate) if isinstance(v, NamedNode | Literal))

    def node(self, subject: Term, predicate: NamedNode) -> Node | None:
        """Return the first object that is not a literal."""
        return next(iter(self.nodes(subject, predicate)), None)

    def items(self, head: Term) -> tuple[Term, ...]:
        """Return the members of an RDF list; a broken or endless list ends where it breaks."""
        found: list[Term] = []
        seen = {head}
        while head != _NIL:
            found.extend(self.objects(head, _FIRST)[:1])
            head = next(iter(self.objects(head, _REST)), _NIL)
            if head in seen:
                break
            seen.add(head)
        return tuple(found)


_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NIL = NamedNode(_RDF + "nil")
_FIRST = NamedNode(_RDF + "first")
_REST = NamedNode(_RDF + "rest")


def _order(term: Term) -> tuple[bool, str]:
    """Blank nodes keep the order of the file: their names are made up anew each time it is read."""
    blank = isinstance(term, BlankNode)
    return blank, "" if blank else str(term)


def _triple(each: Triple | Quad) -> Triple:
    return each.triple if isinstance(each, Quad) else each


def parse(
    data: bytes, *, syntax: str, path: str, base: str | None = None, limits: Limits | None = None
) -> tuple[Quad, ...]:
    """Read RDF from bytes; nothing is fetched.

    `syntax` is a key of FORMATS. Raises InputError with file, line and column, LimitError where limits are
    given.
    """
    try:
        stated = pyoxigraph.parse(input=data, format=FORMATS[syntax], base_iri=base)
        quads = tuple(stated if limits is None else _within(stated, limits, Place(path)))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        what = str(getattr(error, "msg", None) or error).rpartition(": ")[2]
        raise InputError(
            f"this is not valid {syntax}: {what}.",
            fix="Mend the text at this place, or check that the file is complete.",
            where=Place(path, line, getattr(error, "offset", None) if line else None),
        ) from None
    for quad in quads:
        if isinstance(quad.subject, Triple) or isinstance(quad.object, Triple):
            raise InputError(
                f"a statement about a statement is not read: {quad.object}.",
                fix="Leave out triple terms.",
                where=Place(path),
            )
    return quads


def _within(quads: Iterable[Quad], limits: Limits, place: Place) -> Iterator[Quad]:
    for number, quad in enumerate(quads, start=1):
        if number > limits.statements:
            raise limits.reached("statements", place)
        for each in (quad.subject, quad.predicate, quad.object):
            text = "" if isinstance(each, BlankNode | Triple) else each.value
            if len(text) > limits.literal or len(text.encode("utf-8", "replace")) > limits.literal:
                raise limits.reached("literal", place)
            if isinstance(each, NamedNode) and not text.isprintable():
                shown = text[:200].encode("ascii", "backslashreplace").decode()
                raise InputError(
                    f"an address holds a character that cannot be seen: {shown}.",
                    fix="Take the character out.",
                    where=place,
                )
            if len(text) > limits.digits and isinstance(each, Literal) and _NUMBER.fullmatch(text):
                raise limits.reached("digits", place)
        yield quad


_NUMBER = re.compile(r"[+-]?[\d.]+([eE][+-]?\d+)?")


def parse_file(path: Path) -> tuple[Quad, ...]:
    """Read a Turtle file of our own."""
    return parse(path.read_bytes(), syntax="turtle", path=str(path))


def skolemize(quads: Iterable[Quad], *, scope: str) -> tuple[Quad, ...]:
    """Replace blank nodes by IRIs that depend only on `scope` and the order of their appearance.

    IRIs of this form that are there already stand for blank nodes and are replaced too, so that no file can
    speak of the nodes of another.
    """
    names: dict[Node, NamedNode] = {}
    prefix = GENID + hashlib.sha256(scope.encode()).hexdigest()[:16]

    def named(node: Node) -> Node:
        if not isinstance(node, BlankNode) and not getattr(node, "value", "").startswith(GENID):
            return node
        return names.setdefault(node, NamedNode(f"{prefix}-{len(names) + 1}"))

    return tuple(renamed(quad, named) for quad in quads)


def renamed(quad: Quad, name: Callable[[Node], Node]) -> Quad:
    """Return a statement, in the default graph, with its subject and object (if no literal) named anew."""
    value = quad.object if isinstance(quad.object, Literal) else name(quad.object)
    return Quad(name(quad.subject), quad.predicate, value, DefaultGraph())


def turtle(triples: Iterable[Triple | Quad], prefixes: Mapping[str, str]) -> str:
    """Return triples as Turtle in the order of their terms, with those of the prefixes that occur."""
    ordered = sorted({_triple(each) for each in triples}, key=str)
    used = {name: space for name, space in prefixes.items() if any(space in str(t) for t in ordered)}
    text = pyoxigraph.serialize(ordered, format=RdfFormat.TURTLE, prefixes=used)
    return (text or b"").decode("utf-8")


def n_triples(triples: Iterable[Triple | Quad]) -> bytes:
    """Return triples as N-Triples, in the order given."""
    return pyoxigraph.serialize((_triple(t) for t in triples), format=RdfFormat.N_TRIPLES) or b""


def to_rdflib(triples: Iterable[Triple | Quad]) -> "rdflib.Graph":
    """Copy triples into a new rdflib graph."""
    import rdflib  # noqa: PLC0415  (a quarter of a second that only the slow paths pay)

    return rdflib.Graph().parse(data=n_triples(triples), format="nt")


def rdflib_triples(
    triples: Iterable[Triple | Quad],
) -> "Iterator[tuple[rdflib.term.Node, rdflib.term.Node, rdflib.term.Node]]":
    """Yield triples as terms of rdflib, for libraries that need no graph of it."""
    import rdflib  # noqa: PLC0415

    def copied(each: Term) -> "rdflib.term.Node":
        if isinstance(each, NamedNode):
            return rdflib.URIRef(each.value)
        if isinstance(each, Literal):
            kind = None if each.language else rdflib.URIRef(each.datatype.value)
            return rdflib.Literal(each.value, datatype=kind, lang=each.language)
        return rdflib.BNode(str(each)[2:])

    for each in triples:
        yield copied(each.subject), copied(each.predicate), copied(each.object)


def canonical_turtle(data: bytes) -> bytes:
    """Rewrite Turtle in the one form that the repository keeps: sorted, one statement a line, no comments."""
    import rdflib  # noqa: PLC0415

    graph = rdflib.Graph().parse(data=data, format="turtle")
    return graph.serialize(format="longturtle", canon=True, encoding="utf-8")
