"""An embedded store of named graphs, queried by SPARQL."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pyoxigraph
from pyoxigraph import DefaultGraph, Quad, RdfFormat, Triple

from opengrade.errors import Place, UsageError
from opengrade.graph import NamedNode, Term


@dataclass(frozen=True)
class Table:
    """The answer of a SELECT query: names of variables and rows, None where a variable is unbound."""

    variables: tuple[str, ...]
    rows: tuple[tuple[Term | None, ...], ...]


NO_PREFIXES: Mapping[str, str] = MappingProxyType({})

Answer = Table | bool | tuple[Triple, ...]

# The keyword before what it needs, wherever it stands: a string that looks like it is refused too, which
# does less harm than a reading of strings and comments that differs from the engine's. The group matches the
# start of a variable or of a local name that ends in the word.
_SERVICE = re.compile(
    r"([:?$]\w*)?service(?=(?:\s|\#[^\n\r]*[\n\r])*(?:silent(?:\s|\#[^\n\r]*[\n\r])*)?(?:<|[?$]|[\w.-]*:))",
    re.IGNORECASE,
)
_PLACE = re.compile(r"error at (\d+):(\d+): ")
_DEFAULT = DefaultGraph()
# What the engine may say of a place beside the tokens that it expected.
_CAUSES = {
    "Prefix not found": "a prefix that is used here is not declared",
    "is unbound": "a variable that is selected is neither bound nor grouped",
}


class Store:
    """A store in memory; graphs are added whole and queried together or by name."""

    def __init__(self, triples: Iterable[Triple | Quad] = ()) -> None:
        self._store = pyoxigraph.Store()
        self.add(triples)

    def add(self, triples: Iterable[Triple | Quad], graph: NamedNode | None = None) -> None:
        """Add triples, and keep them in a named graph too if one is given.

        The default graph holds each triple of all graphs once. The engine can also unite graphs when it is
        asked, but then it finds a triple once for each graph that holds it, and counts are wrong.
        """
        given = [(t.subject, t.predicate, t.object) for t in triples]
        self._store.bulk_extend(Quad(*parts, DefaultGraph()) for parts in given)
        if graph is not None:
            self._store.bulk_extend(Quad(*parts, graph) for parts in given)

    def load(self, triples: Iterable[Triple]) -> None:
        """Add many triples in one go, which is quicker; only where blank nodes are is each added by itself.

        The engine renames the blank nodes of what it parses.
        """
        given = tuple(triples)
        data = pyoxigraph.serialize(given, format=RdfFormat.N_TRIPLES) or b""
        if b"_:" in data:
            self.add(given)
        else:
            self._store.load(data, format=RdfFormat.N_TRIPLES, lenient=True)

    def subjects(self, predicate: NamedNode, value: Term) -> frozenset[Term]:
        """Return the subjects of a predicate and object in the default graph."""
        return frozenset([q.subject for q in self._store.quads_for_pattern(None, predicate, value, _DEFAULT)])

    def objects(self, subject: NamedNode, predicate: NamedNode) -> frozenset[Term]:
        """Return the objects of a subject and predicate in the default graph."""
        return frozenset(
            [q.object for q in self._store.quads_for_pattern(subject, predicate, None, _DEFAULT)]
        )

    def update(self, text: str) -> None:
        """Run an update of our own."""
        self._store.update(text)

    def __iter__(self) -> Iterator[Quad]:
        """Yield each triple once, as a quad of the default graph."""
        return self._store.quads_for_pattern(None, None, None, DefaultGraph())

    def ask(self, text: str, *, prefixes: Mapping[str, str] = NO_PREFIXES) -> Answer:
        """Run any read query over all graphs together; nothing is fetched. `prefixes` need no declaration.

        Raises UsageError for SERVICE, which would ask the network, and for bad syntax with line and column.
        """
        if any(found[1] is None for found in _SERVICE.finditer(text)):
            raise UsageError(
                "SERVICE would ask another endpoint, which no query here does.",
                fix="Leave it out, or ask that endpoint itself with --endpoint.",
                where=Place("query"),
            )
        try:
            answer = self._store.query(text, prefixes=dict(prefixes))
        except SyntaxError as error:
            raise _syntax_error(str(error.msg)) from None
        return _answer(answer)

    def column(self, text: str) -> frozenset[Term]:
        """Return the values of the first variable of a SELECT query."""
        return frozenset([row[0] for row in self._solutions(text)])

    def rows(self, text: str) -> tuple[tuple[Term, ...], ...]:
        """Return the rows of a SELECT query of our own, which binds all its variables."""
        return tuple(map(tuple, self._solutions(text)))

    def _solutions(self, text: str) -> pyoxigraph.QuerySolutions:
        answer = self._store.query(text)
        assert isinstance(answer, pyoxigraph.QuerySolutions)
        return answer


def _syntax_error(message: str) -> UsageError:
    found = _PLACE.match(message)
    where = Place("query", int(found[1]), int(found[2])) if found else Place("query")
    causes = [words for said, words in _CAUSES.items() if said in message]
    cause = causes[0] if causes else "it cannot go on like this from here"
    return UsageError(f"this is not valid SPARQL: {cause}.", fix="Mend the query.", where=where)


def _answer(answer: object) -> Answer:
    if isinstance(answer, pyoxigraph.QueryBoolean):
        return bool(answer)
    if isinstance(answer, pyoxigraph.QueryTriples):
        return tuple(answer)
    assert isinstance(answer, pyoxigraph.QuerySolutions)
    names = tuple(variable.value for variable in answer.variables)
    return Table(names, tuple(map(tuple, answer)))
