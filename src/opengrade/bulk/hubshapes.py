"""Works out the rows that records of one shape have in the component table, by the mapping itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from opengrade.bulk.projecting import entry_of, rows_of
from opengrade.bulk.schema import LicenseEntry, Part, Row
from opengrade.derive import derive_facts
from opengrade.graph import NamedNode
from opengrade.hub.graphs import quads_of
from opengrade.hub.records import MARK, Record, rules
from opengrade.licenses import Resolution, license_index
from opengrade.licensing import Applied, together

# The data of a base model of which nothing is said.
UNKNOWN = Row(Part("ogr:trainedOn", ("ogr:TrainingData",)), None, ())
WEIGHTS = "ogr:FinalWeights"


@dataclass(frozen=True, slots=True)
class Shape:
    """What all records of a shape have in common: their rows, the license that is stated being a mark."""

    rows: tuple[Row, ...]

    @property
    def data(self) -> tuple[Row, ...]:
        """The rows of what the model itself was trained on."""
        return tuple(each for each in self.rows if each.part.relation == UNKNOWN.part.relation)

    @property
    def has_weights(self) -> bool:
        """Whether there are final weights, on which the licenses of base models stay."""
        return any(is_weights(each) for each in self.rows)


def is_weights(row: Row) -> bool:
    """Say whether a row is that of final weights."""
    return row.part.relation == "ogr:hasComponent" and WEIGHTS in row.part.kinds


def is_marked(row: Row) -> bool:
    """Say whether the license of a row is the one that the record states."""
    return row.license is not None and row.license.own.text == MARK


def shapes_of(templates: Sequence[Record]) -> list[Shape]:
    """Return the shape of each template: what the mapping makes of it, and what follows from that.

    The data of its base model is left out: it follows from the lineage.
    """
    if not templates:
        return []
    named = [_named(each, f"{MARK}/{number}") for number, each in enumerate(templates)]
    facts = derive_facts(quads_of(named), source="")
    found = {model.node: rows for model, rows in zip(facts.models, rows_of(facts), strict=True)}
    return [
        Shape(
            tuple(row for row in found[NamedNode(rules().home + each.id)] if not each.bases or row != UNKNOWN)
        )
        for each in named
    ]


def _named(record: Record, name: str) -> Record:
    """Give a template a name, and data of its own: what others say of shared data is read too."""
    return replace(record, id=name, datasets=record.datasets and (name,))


@cache
def meaning(texts: tuple[str, ...]) -> Resolution:
    """Return what all licenses of a record mean together."""
    return together(license_index().resolve(text) for text in texts)


def entry(row: Row, stated: tuple[str, ...], inherited: Iterable[tuple[str, ...]] = ()) -> LicenseEntry:
    """Return what applies to a row of a record that states some licenses, and whose bases state others."""
    assert row.license is not None, "only rows with a license are marked"
    own, others = meaning(stated), [meaning(each) for each in inherited]
    bound_by = tuple(NamedNode(rules().home + MARK) for _ in others)
    return entry_of(Applied(together([own, *others]), own, row.license.origin, bound_by=bound_by))
