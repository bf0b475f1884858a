"""An embedded store of named graphs, queried by SPARQL."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyoxigraph
from pyoxigraph import DefaultGraph, Quad, Triple

from opengrade.errors import Place, UsageError
from opengrade.graph import NamedNode, Term


@dataclass(frozen=True)
class Table:
    """The answer of a SELECT query: names of variables and rows, None where a variable is unbound."""

    variables: tuple[str, ...]
    rows: tuple[tuple[Term | None, ...], ...]


Answer = Table | bool | tuple[Triple, ...]


class Store:
    """A store in memory; graphs are added whole and queried together or by name."""

    def __init__(self, triples: Iterable[Triple | Quad] = ()) -> None:
        self._store = pyoxigraph.Store()
        self.add(triples)

    def add(self, triples: Iterable[Triple | Quad], graph: NamedNode | None = None) -> None:
        """Add triples to a graph, the default graph unless one is named."""
        name = graph or DefaultGraph()
        self._store.bulk_extend(Quad(t.subject, t.predicate, t.object, name) for t in triples)

    def __len__(self) -> int:
        return len(self._store)

    def __iter__(self) -> Iterator[Quad]:
        return iter(self._store)

    def ask(self, text: str) -> Answer:
        """Run any read query over all graphs together; UsageError with line and column for bad syntax."""
        try:
            answer = self._store.query(text, use_default_graph_as_union=True)
        except SyntaxError as error:
            where = Place("query", error.lineno, error.offset) if error.lineno else Place("query")
            what = str(error.msg).rpartition("column ")[2].partition(": ")[2] or str(error.msg)
            raise UsageError(
                f"this is not valid SPARQL: {what}.", fix="Mend the query.", where=where
            ) from None
        return _answer(answer)

    def column(self, text: str) -> frozenset[Term]:
        """Return the values of the first variable of a SELECT query."""
        table = self.ask(text)
        assert isinstance(table, Table)
        return frozenset(row[0] for row in table.rows if row[0] is not None)


def _answer(answer: object) -> Answer:
    if isinstance(answer, pyoxigraph.QueryBoolean):
        return bool(answer)
    if isinstance(answer, pyoxigraph.QueryTriples):
        return tuple(answer)
    assert isinstance(answer, pyoxigraph.QuerySolutions)
    names = tuple(variable.value for variable in answer.variables)
    return Table(names, tuple(tuple(row[name] for name in names) for row in answer))
