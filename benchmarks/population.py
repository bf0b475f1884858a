"""The models that all ways judge: the catalog, and files of the Model Openness Tool, under other names.

As triples they go to what reads graphs, as rows of codes to what reads tables; model number n is the same one
in both.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from opengrade.bulk.files import SCHEMA, TableWriter
from opengrade.bulk.projecting import rows_of
from opengrade.bulk.schema import Dictionaries, Row
from opengrade.dataset import read_catalog
from opengrade.derive import derive_facts
from opengrade.graph import NamedNode, Node, Term, Triple
from opengrade.reading import read_submission
from opengrade.resources import data_root

SHARED = data_root().parent / "shared" / "corpora" / "mot" / "models"
# The published files where they are at hand, else the examples of their format.
MODEL_FILES = sorted(SHARED.glob("*.yml")) or sorted((data_root() / "tests" / "imports").glob("*/*.yml"))
SPACE = "urn:opengrade:benchmark:"
BATCH = 100_000


@cache
def originals() -> tuple[tuple[tuple[Triple, ...], tuple[Row, ...]], ...]:
    """Return triples and rows of each model there is to copy."""
    found = []
    for submission in (*read_catalog(), *(read_submission(path) for path in MODEL_FILES)):
        facts = derive_facts(submission.quads, source=submission.source)
        rows = tuple(rows_of(facts))
        if len(rows) == 1:
            found.append((facts.triples, rows[0]))
    return tuple(found)


def name_of(number: int) -> str:
    """Return the IRI of a model."""
    return f"{SPACE}{number}/model"


@cache
def _templates() -> tuple[tuple[tuple[Node | str, NamedNode, Term | str], ...], ...]:
    """Return triples with the ends of names in place of what each copy names anew."""
    model = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    templates = []
    for triples, _ in originals():
        models = [t.subject for t in triples if t.predicate == model and _is_model(t.object)]
        ends: dict[Term, str] = {}
        # What triples describe is named anew, but for options of licenses, which are named by what they hold.
        options = {t.object for t in triples if t.predicate.value.endswith("#licenseOption")}
        for triple in triples:
            if triple.subject not in options:
                end = "model" if triple.subject == models[0] else f"thing-{len(ends)}"
                ends.setdefault(triple.subject, end)
        templates.append(
            tuple(
                (ends.get(t.subject, t.subject), t.predicate, ends.get(t.object, t.object)) for t in triples
            )
        )
    return tuple(templates)


def _is_model(value: Term) -> bool:
    return isinstance(value, NamedNode) and value.value == "https://w3id.org/opengrade/ns#Model"


def triples_of(number: int) -> Iterator[Triple]:
    """Yield the triples of one model."""
    templates = _templates()
    space = f"{SPACE}{number}/"
    for subject, predicate, value in templates[number % len(templates)]:
        yield Triple(
            NamedNode(space + subject) if isinstance(subject, str) else subject,
            predicate,
            NamedNode(space + value) if isinstance(value, str) else value,
        )


def make_table(path: Path, count: int) -> None:
    """Write the component table of so many models."""
    known = Dictionaries()
    codes = [np.array([known.codes(row) for row in rows]) for _, rows in originals()]
    lengths = np.array([len(each) for each in codes])
    starts = np.cumsum(lengths) - lengths
    stacked = np.concatenate(codes)
    with TableWriter(path, known) as writer:
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
            writer.write(pa.table(arrays, schema=SCHEMA))
