"""Numbers that stand for a part, a license and facts together: engines group and join by one more quickly."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import ibis.expr.types as ir

from opengrade.bulk.schema import Dictionaries, Row

LOOK = "look"


@dataclass(frozen=True)
class Looks:
    """The numbers for a table: how many codes of licenses and of facts there are in it."""

    licenses: int
    facts: int

    def of(self, rows: ir.Table) -> ir.Table:
        """Return the models of rows with a number in the place of their codes."""
        look = rows.part.cast("int64") * self.licenses + rows.license
        return rows.select("model", **{LOOK: look * self.facts + rows.facts})

    def things(self, numbers: Iterable[int], known: Dictionaries) -> Iterator[Row]:
        """Yield what numbers stand for."""
        parts, licenses, facts = list(known.parts), list(known.licenses), list(known.facts)
        for number in numbers:
            rest, fact = divmod(number, self.facts)
            part, license_ = divmod(rest, self.licenses)
            yield Row(parts[part], licenses[license_], facts[fact])


class Coded(Protocol):
    """What has its things in codes."""

    @property
    def looks(self) -> Looks:
        """How numbers stand for combinations of codes."""

    @property
    def dictionaries(self) -> Dictionaries:
        """What the codes mean; InputError where that is not known."""
