"""The component table: a row for each thing of a model, made of codes, and the dictionaries of these codes.

What the columns mean is told in docs/tables.md.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from opengrade.errors import InputError, Place
from opengrade.graph import NamedNode
from opengrade.licenses import Resolution
from opengrade.namespaces import compact, term

VERSION = 1
# The key of the metadata of a Parquet file under which the dictionaries stand.
METADATA = "opengrade"
CODES = ("model", "part", "license", "facts")
NAMES = ("iri", "name")
COLUMNS = (*CODES, *NAMES)


@dataclass(frozen=True, slots=True)
class Part:
    """How a thing belongs to its model, and its kinds.

    `relation` is the compact property that leads to it, empty for the model itself; `kinds` are its compact
    types in their order.
    """

    relation: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LicenseEntry:
    """The license that applies to a thing, as `licensing.Applied` has it; `bound` if also by base models."""

    resolution: Resolution
    own: Resolution
    origin: str | None
    bound: bool


# Pairs of a compact property and a value in N-Triples; a value that no criterion can tell from others is
# replaced by a placeholder.
FactsEntry = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of a model."""

    part: Part
    license: LicenseEntry | None
    facts: FactsEntry


@dataclass
class Dictionaries:
    """Gives each entry a code, 0, 1, 2, … in the order in which they are first seen."""

    parts: dict[Part, int] = field(default_factory=dict)
    licenses: dict[LicenseEntry | None, int] = field(default_factory=dict)
    facts: dict[FactsEntry, int] = field(default_factory=dict)

    def part(self, entry: Part) -> int:
        """Return the code of a part."""
        return self.parts.setdefault(entry, len(self.parts))

    def license(self, entry: LicenseEntry | None) -> int:
        """Return the code of what applies as a license."""
        return self.licenses.setdefault(entry, len(self.licenses))

    def fact(self, entry: FactsEntry) -> int:
        """Return the code of the other facts."""
        return self.facts.setdefault(entry, len(self.facts))

    def codes(self, row: Row) -> tuple[int, int, int]:
        """Return the codes of part, license and facts."""
        return self.part(row.part), self.license(row.license), self.fact(row.facts)

    def to_json(self) -> str:
        """Return the dictionaries as a JSON document, each a list in the order of the codes."""
        document = {
            "version": VERSION,
            "parts": [[each.relation, *each.kinds] for each in self.parts],
            "licenses": [each and _license_document(each) for each in self.licenses],
            "facts": [_by_property(each) for each in self.facts],
        }
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _by_property(entry: FactsEntry) -> dict[str, list[str]]:
    """Return facts as property to values."""
    found: dict[str, list[str]] = {}
    for property_, value in entry:
        found.setdefault(property_, []).append(value)
    return found


def _license_document(entry: LicenseEntry) -> dict[str, Any]:
    found = {"origin": entry.origin, "bound": entry.bound, **_resolution_document(entry.resolution)}
    return found if entry.own == entry.resolution else found | {"own": _resolution_document(entry.own)}


def _resolution_document(resolution: Resolution) -> dict[str, Any]:
    return {
        "text": resolution.text,
        "state": compact(resolution.state),
        "how": resolution.how and compact(resolution.how),
        "options": [sorted(each.value for each in option) for option in resolution.options],
    }


def dictionaries_from(text: str, source: str) -> Dictionaries:
    """Read dictionaries from JSON; InputError where they are not as this version writes them."""
    try:
        document = json.loads(text)
        if document["version"] != VERSION:
            raise InputError(
                f"the table is of version {document['version']}, and this program reads version {VERSION}.",
                fix="Make the table anew with opengrade import --table.",
                where=Place(source),
            )
        return Dictionaries(
            _numbered(Part(relation, tuple(kinds)) for relation, *kinds in document["parts"]),
            _numbered(each and _license(each) for each in document["licenses"]),
            _numbered(
                tuple((name, value) for name, values in each.items() for value in values)
                for each in document["facts"]
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"the dictionaries of the table are not readable ({type(error).__name__}).",
            fix="Make the table anew with opengrade import --table.",
            where=Place(source),
        ) from None


def _numbered(entries: Iterable[Any]) -> dict[Any, int]:
    given = list(entries)
    found = {each: code for code, each in enumerate(given)}
    if len(found) < len(given):
        raise ValueError("an entry stands twice")
    return found


def _license(document: Mapping[str, Any]) -> LicenseEntry:
    resolution = _resolution(document)
    own = _resolution(document["own"]) if "own" in document else resolution
    return LicenseEntry(resolution, own, document["origin"], document["bound"])


def _resolution(document: Mapping[str, Any]) -> Resolution:
    options = tuple(map(tuple, document["options"]))
    return Resolution(document["text"], *_resolved(document["state"], document["how"], options))


@lru_cache(maxsize=4096)  # most licenses of a table differ from others in words alone
def _resolved(
    state: str, how: str | None, options: tuple[tuple[str, ...], ...]
) -> tuple[NamedNode, NamedNode | None, tuple[frozenset[NamedNode], ...]]:
    found = tuple(frozenset(map(NamedNode, option)) for option in options)
    return term(state), term(how) if how else None, found
