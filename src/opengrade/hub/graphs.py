"""Turns reduced records into statements, by the mapping `hf-hub`."""

from collections.abc import Iterable, Iterator
from itertools import islice

from opengrade.graph import Quad
from opengrade.hub.records import Record, rules, tree_of
from opengrade.locating import mapped
from opengrade.store import Store
from opengrade.values import Sequence

# Records that one query maps; it takes their blank nodes apart.
AT_ONCE = 500


def quads_of(records: Iterable[Record]) -> Iterator[Quad]:
    """Yield the statements of records, in the order in which the store gives them."""
    waiting = iter(records)
    while some := tuple(islice(waiting, AT_ONCE)):
        answer = Store(mapped.lift(Sequence(tuple(map(tree_of, some))))).ask(rules().mapping.text)
        assert isinstance(answer, tuple)
        yield from (Quad(t.subject, t.predicate, t.object) for t in answer)
