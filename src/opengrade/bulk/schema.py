"""The component table: a row for each thing of a model, made of codes, and the dictionaries of these codes.

What the columns mean is told in docs/tables.md.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from opengrade.errors import InputError, Place
from opengrade.graph import NamedNode
from opengrade.licenses import Resolution
from opengrade.namespaces import compact, term

VERSION = 1
_ANEW = "Make the table anew with opengrade import --table."
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


class _ResolutionForm(msgspec.Struct):
    text: str
    state: str
    how: str | None
    options: list[tuple[str, ...]]


class _LicenseForm(_ResolutionForm, kw_only=True):
    origin: str | None
    bound: bool
    own: _ResolutionForm | None = None


class _Form(msgspec.Struct):
    """The JSON document of dictionaries."""

    parts: list[tuple[str, ...]]
    licenses: list[_LicenseForm | None]
    facts: list[dict[str, list[str]]]


class _Version(msgspec.Struct):
    version: int | str | float | None = None


def dictionaries_from(text: str, source: str) -> Dictionaries:
    """Read dictionaries from JSON; InputError where they are not as this version writes them."""
    try:
        version = msgspec.json.decode(text, type=_Version).version
        if version != VERSION:
            raise InputError(
                f"the table is of version {version!r}, and this program reads version {VERSION}.",
                fix=_ANEW,
                where=Place(source),
            )
        document = msgspec.json.decode(text, type=_Form)
        return Dictionaries(
            _numbered("parts", map(_part, document.parts)),
            _numbered("licenses", (each and _license(each) for each in document.licenses)),
            _numbered(
                "facts",
                (
                    tuple((name, value) for name, values in each.items() for value in values)
                    for each in document.facts
                ),
            ),
        )
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        what = str(error).splitlines()[0]
        raise InputError(
            f"the dictionaries of the table are not readable: {what}.", fix=_ANEW, where=Place(source)
        ) from None


def _numbered(name: str, entries: Iterable[Any]) -> dict[Any, int]:
    found: dict[Any, int] = {}
    for code, each in enumerate(entries):
        if found.setdefault(each, code) != code:
            raise ValueError(f"{name} {found[each]} and {code} are the same")
    return found


def _part(given: tuple[str, ...]) -> Part:
    if not given:
        raise ValueError("a part has no relation")
    for each in given[1:]:
        _term(each)
    return Part(given[0], given[1:])


def _license(given: _LicenseForm) -> LicenseEntry:
    resolution = _resolution(given)
    own = _resolution(given.own) if given.own is not None else resolution
    return LicenseEntry(resolution, own, given.origin, given.bound)


def _resolution(given: _ResolutionForm) -> Resolution:
    return Resolution(given.text, *_resolved(given.state, given.how, tuple(given.options)))


def _term(name: str) -> NamedNode:
    try:
        return term(name)
    except (KeyError, ValueError):
        raise ValueError(f"{name!r} is no term that is known") from None


@lru_cache(maxsize=4096)  # most licenses of a table differ from others in words alone
def _resolved(
    state: str, how: str | None, options: tuple[tuple[str, ...], ...]
) -> tuple[NamedNode, NamedNode | None, tuple[frozenset[NamedNode], ...]]:
    found = tuple(frozenset(map(NamedNode, option)) for option in options)
    return _term(state), _term(how) if how else None, found
