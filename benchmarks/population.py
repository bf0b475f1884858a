"""The models that all ways judge: the catalog, and files of the Model Openness Tool, under other names.

As triples they go to what reads graphs, as rows of codes to what reads tables; model number n is the same one
in both.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from opengrade.bulk.files import SCHEMA, table_writer
from opengrade.bulk.projecting import rows_of
from opengrade.bulk.schema import Dictionaries, Row
from opengrade.dataset import read_catalog
from opengrade.derive import derive_facts
from opengrade.graph import NamedNode, Node, Term, Triple
from opengrade.namespaces import term
from opengrade.reading import read_submission
from opengrade.resources import data_root

SHARED = data_root().parent / "shared" / "corpora" / "mot" / "models"
# The published files where they are at hand, else the examples of their format.
MODEL_FILES = sorted(SHARED.glob("*.yml")) or sorted((data_root() / "tests" / "imports").glob("*/*.yml"))
SPACE = "urn:opengrade:benchmark:"
BATCH = 100_000


@cache
def originals() -> int:
    """Return how many models there are to copy."""
    return len(read_catalog()) + len(MODEL_FILES)


@cache
def _original(number: int) -> tuple[tuple[Triple, ...], tuple[Row, ...]]:
    """Return triples and rows of one of the models there are to copy; each stands in a file of its own."""
    catalog = read_catalog()
    known = number < len(catalog)
    submission = catalog[number] if known else read_submission(MODEL_FILES[number - len(catalog)])
    facts = derive_facts(submission.quads, source=submission.source)
    (rows,) = rows_of(facts)
    return facts.triples, rows


def name_of(number: int) -> str:
    """Return the IRI of a model."""
    return f"{SPACE}{number}/model"


Template = tuple[tuple[Node | str, NamedNode, Term | str], ...]


@cache
def _template(number: int, predicates: frozenset[NamedNode]) -> Template:
    """Return triples with the ends of names in place of what each copy names anew."""
    triples, _ = _original(number)
    (model,) = (
        t.subject for t in triples if t.predicate == term("rdf:type") and t.object == term("ogr:Model")
    )
    # What triples describe is named anew, but for options of licenses, which are named by what they hold.
    options = {t.object for t in triples if t.predicate == term("ogr:licenseOption")}
    ends: dict[Term, str] = {model: "model"}
    for triple in triples:
        if triple.subject not in options:
            ends.setdefault(triple.subject, f"thing-{len(ends)}")
    return tuple(
        (ends.get(t.subject, t.subject), t.predicate, ends.get(t.object, t.object))
        for t in triples
        if t.predicate in predicates
    )


def triples_of(number: int, predicates: frozenset[NamedNode]) -> Iterator[Triple]:
    """Yield the triples of one model that have one of some predicates."""
    space = f"{SPACE}{number}/"
    for subject, predicate, value in _template(number % originals(), predicates):
        yield Triple(
            NamedNode(space + subject) if isinstance(subject, str) else subject,
            predicate,
            NamedNode(space + value) if isinstance(value, str) else value,
        )


def make_table(path: Path, count: int) -> None:
    """Write the component table of so many models."""
    known = Dictionaries()
    codes = [np.array([known.codes(row) for row in _original(n)[1]]) for n in range(min(count, originals()))]
    lengths = np.array([len(each) for each in codes])
    starts = np.cumsum(lengths) - lengths
    stacked = np.concatenate(codes)
    with table_writer(path, known) as write:
        for first in range(0, count, BATCH):
            numbers = np.arange(first, min(first + BATCH, count))
            of = numbers % len(codes)
            sizes = lengths[of]
            begins = np.cumsum(sizes) - sizes
            places = np.arange(sizes.sum()) + np.repeat(starts[of] - begins, sizes)
            iris = np.full(len(places), None, dtype=object)
            iris[begins] = [name_of(number) for number in numbers.tolist()]
            columns = [np.repeat(numbers, sizes), *stacked[places].T, iris, iris]
            arrays = [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)]
            write(pa.table(arrays, schema=SCHEMA))
