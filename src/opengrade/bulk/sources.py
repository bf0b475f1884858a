"""What is graded in bulk beside tables: a file of records of the Hub, or models read file by file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from opengrade.bulk.engines import Engine
from opengrade.bulk.files import MODELS_IN_A_PART, SCHEMA, Described, table_writer
from opengrade.bulk.hub import HubRun
from opengrade.bulk.looks import Looks
from opengrade.bulk.projecting import rows_of
from opengrade.bulk.schema import Dictionaries
from opengrade.derive import derive_facts
from opengrade.errors import Place
from opengrade.importing import Submission

NAMES_AT_ONCE = 100_000


@dataclass(frozen=True)
class HubPart:
    """Some models of a file of records."""

    run: HubRun = field(repr=False)
    first: int
    count: int

    @property
    def place(self) -> Place:
        """Where they stand."""
        return Place(self.run.source)

    def rows(self, engine: Engine) -> ir.Table:
        """Return the rows of these models with their codes, once for all models that have the same."""
        return engine.table(self._distinct[0])

    def places(self) -> np.ndarray:
        """Return for each model the place of the one whose rows it has."""
        return self._distinct[1]

    @cached_property
    def _distinct(self) -> tuple[pa.Table, np.ndarray]:
        return self.run.distinct_rows(self.first, self.count)

    def names(self) -> Iterator[pa.Table]:
        """Yield IRI and name of the models, in their order."""
        for first in range(self.first, self.first + self.count, NAMES_AT_ONCE):
            yield self.run.names(first, min(NAMES_AT_ONCE, self.first + self.count - first))

    def as_table(self) -> pa.Table:
        """Return the rows as they stand in a component table, names on the row of each model itself."""
        rows = self.run.rows(self.first, self.count)
        numbers = rows["model"].to_numpy()
        first_of = pa.array(numbers[1:] != numbers[:-1]) if len(numbers) else pa.array([], pa.bool_())
        own = pa.concat_arrays([pa.array([True]), first_of]) if len(numbers) else first_of
        places = pa.compute.if_else(own, pa.array(numbers - self.first), pa.scalar(None, pa.int64()))
        return pa.table([*rows.columns, *pa.concat_tables(self.names()).take(places).columns], schema=SCHEMA)


@dataclass(frozen=True)
class HubSource:
    """A file of records of the Hub that was read."""

    run: HubRun

    @property
    def dictionaries(self) -> Dictionaries:
        """What the codes mean."""
        return self.run.dictionaries

    @property
    def looks(self) -> Looks:
        """How numbers stand for combinations of codes."""
        return Looks(len(self.dictionaries.licenses), len(self.dictionaries.facts))

    @property
    def count(self) -> int:
        """How many models there are."""
        return self.run.count

    def parts(self) -> Iterator[HubPart]:
        """Yield parts of the file, models in their order."""
        for first in range(0, self.count, MODELS_IN_A_PART):
            yield HubPart(self.run, first, min(MODELS_IN_A_PART, self.count - first))


def write_hub_table(path: Path, source: HubSource) -> int:
    """Write a file of records as a component table and return the number of models."""
    with table_writer(path, source.dictionaries) as write:
        for part in source.parts():
            write(part.as_table())
    return source.count


def described(submissions: Iterable[Submission]) -> Iterator[Described]:
    """Yield the models of submissions as they are written to a component table."""
    for submission in submissions:
        facts = derive_facts(submission.quads, source=submission.source)
        for model, rows in zip(facts.models, rows_of(facts), strict=True):
            yield Described(model.node.value, model.name, rows)
