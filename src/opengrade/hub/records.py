"""What of a record of the Hub counts: its fields, reduced to what the mapping `hf-hub` reads.

The patterns for names and words stand in the header of the mapping. Where a record has a field both at the
top and in `cardData`, the one at the top counts.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from opengrade.errors import InputError, Place
from opengrade.graph import Literal, NamedNode
from opengrade.licenses import license_index
from opengrade.locating import Spot
from opengrade.namespaces import term
from opengrade.queries import Query, mappings
from opengrade.values import Mapping as Keys
from opengrade.values import Scalar, Sequence, Tree, leaves


@dataclass(frozen=True, slots=True)
class Number:
    """A number, as it was written; it is no text, whatever it looks like."""

    text: str


# What the fields of a record may be in Python.
Plain = str | bool | Number | None | list[Any] | dict[str, Any]

OF_CARD = (
    *("license", "license_name", "license_link", "base_model", "base_model_relation"),
    *("datasets", "pipeline_tag"),
)
SWITCHES = ("private", "disabled")
# The name under which a license stands whose terms are named beside it.
OTHER = "other"
# What is read in place of a license that is no text; no license has this name.
NO_TEXT = "(no text where a license was expected)"
# What is said of a record that is none.
NO_ID = "the record has no id as the Hub gives them, such as organization/model"
# Stands in templates for what differs between records of a shape.
MARK = "mark"


@dataclass(frozen=True, slots=True)
class Record:
    """A record, reduced: lists in a fixed order, texts of the wanted form, empty where nothing is stated.

    `files` are the kinds of component that names of files show; `licenses` all have to be kept.
    """

    id: str
    licenses: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    base_names: tuple[str, ...] = ()
    relation: str = ""
    datasets: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    gated: str = ""
    withheld: tuple[str, ...] = ()
    sha: str = ""
    day: str = ""
    task: str = ""
    parameters: str = ""


class Rules:
    """The patterns of the mapping."""

    def __init__(self, mapping: Query) -> None:
        self.mapping = mapping
        self.home = str(mapping.header["home"])

    @cached_property
    def _forms(self) -> Mapping[str, re.Pattern[str]]:
        return {end: re.compile(form["matches"]) for end, form in self.mapping.header["forms"].items()}

    def form(self, field: str) -> re.Pattern[str]:
        """Return the form of a field."""
        return self._forms[field]

    def match(self, field: str, text: str) -> re.Match[str] | None:
        """Match a text with the form of a field."""
        return self._forms[field].fullmatch(text)

    def fits(self, field: str, text: str) -> str:
        """Return the text if it has the form of a field, else an empty one."""
        return text if self.match(field, text) else ""

    def kind_of(self, file: str) -> str:
        """Return the kind of component that the name of a file shows, empty if none."""
        found = self.match("siblings[].rfilename", file)
        return (found.lastgroup or "") if found else ""

    def day_of(self, text: str) -> str:
        """Return the day with which a time begins, empty if it begins with none."""
        found = self.match("createdAt", text)
        return found["day"] if found else ""

    def base_of(self, text: str) -> tuple[str, str]:
        """Return the id of a base model, or else the words for it; both are empty for a text that is."""
        name = text.strip()
        id_ = name.removeprefix(self.home).rstrip("/")
        return (id_, "") if self._forms["id"].fullmatch(id_) else ("", name)


@cache
def rules() -> Rules:
    """Return the rules of the mapping that reads records of the Hub."""
    return Rules(next(each for each in mappings() if each.header.get("reduced")))


def licenses_of(license_: Plain, name: Plain, link: Plain) -> tuple[str, ...]:
    """Return the texts of all licenses that a record states.

    In place of "other" stand the name and the link beside it, each where it is of a license that we know.
    An empty list says as an empty text does that there is none.
    """
    if license_ is None:
        return ()
    texts = [_license_text(each) for each in _flat(license_) if each is not None] or [""]
    found: dict[str, None] = {}
    for text in texts:
        known = [each for each in (name, link) if isinstance(each, str) and _is_known(each)]
        found |= dict.fromkeys(known if text.strip().lower() == OTHER and known else [text])
    return in_order_of_literals(found)


def in_order_of_literals(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts in the order in which a graph gives them."""
    return tuple(sorted(texts, key=lambda each: str(Literal(each))))


def _license_text(value: Plain) -> str:
    if isinstance(value, str):
        return value
    return "" if value is False else NO_TEXT


def _is_known(text: str) -> bool:
    return license_index().resolve(text).state == term("ogr:KnownLicense")


def _flat(value: Plain) -> Iterator[Plain]:
    """Yield the values of nested lists."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting += reversed(each)
        else:
            yield each


def _texts(value: Plain) -> list[str]:
    return [each for each in _flat(value) if isinstance(each, str) and each.strip()]


def bases_of(value: Plain) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids of base models, and the words for those that are not named by an id."""
    found = [rules().base_of(each) for each in ([value] if isinstance(value, str) else _texts(value))]
    if len(found) == 1:
        ((id_, words),) = found
        return ((id_,) if id_ else ()), ((words,) if words else ())
    ids = {id_ for id_, _ in found if id_}
    home = rules().home
    return (
        tuple(sorted(ids, key=lambda each: str(NamedNode(home + each)))),
        in_order_of_literals({words for _, words in found if words}),
    )


def datasets_of(value: Plain) -> tuple[str, ...]:
    """Return the names of datasets."""
    return tuple(dict.fromkeys(each.strip() for each in _texts(value)))


def word_of(field: str, value: Plain) -> str:
    """Return the word of a field that has a few, empty where it is none of them."""
    text = str(value) if isinstance(value, bool) else value
    return rules().fits(field, text).lower() if isinstance(text, str) else ""


def files_of(siblings: Plain) -> tuple[str, ...]:
    """Return the kinds of component that the files of a record show."""
    listed = siblings if isinstance(siblings, list) else []
    names = (each.get("rfilename") for each in listed if isinstance(each, dict))
    kinds = {rules().kind_of(each) for each in names if isinstance(each, str)}
    return tuple(sorted(kinds - {""}))


def record_of(fields: Mapping[str, Any]) -> Record | None:
    """Reduce the fields of a record, None where its id is none."""
    id_ = fields.get("id")
    if not isinstance(id_, str) or not rules().fits("id", id_):
        return None
    card = fields.get("cardData")
    given = dict(fields)
    for name in OF_CARD:
        if given.get(name) is None and isinstance(card, dict):
            given[name] = card.get(name)
    bases, names = bases_of(given.get("base_model"))
    total = (fields.get("safetensors") or {}) if isinstance(fields.get("safetensors"), dict) else {}
    return Record(
        id=id_,
        licenses=licenses_of(given.get("license"), given.get("license_name"), given.get("license_link")),
        bases=tuple(each for each in bases if each != id_),
        base_names=names,
        relation=word_of("base_model_relation", given.get("base_model_relation")),
        datasets=datasets_of(given.get("datasets")),
        files=files_of(given.get("siblings")),
        gated=word_of("gated", given.get("gated")),
        withheld=tuple(each for each in SWITCHES if word_of(each, given.get(each)) == "true"),
        sha=_text(given.get("sha")),
        day=rules().day_of(_text(given.get("createdAt"))),
        task=_text(given.get("pipeline_tag")),
        parameters=_number("safetensors.total", total.get("total")),
    )


def _text(value: Plain) -> str:
    return value if isinstance(value, str) else ""


def _number(field: str, value: Plain) -> str:
    return rules().fits(field, value.text) if isinstance(value, Number) else ""


def template(record: Record) -> Record:
    """Return a record of the same shape, in which what differs between records of a shape has one value.

    The rows of the component table differ for records of one shape only by what licenses and bases mean.
    """
    return replace(
        record,
        id=MARK,
        licenses=record.licenses and (MARK,),
        bases=record.bases and (f"{MARK}/base",),
        base_names=record.base_names and (MARK,),
        relation=record.relation if record.bases else "",
        datasets=record.datasets and (MARK,),
        sha=record.sha and MARK,
        day=record.day and "2026-01-01",
        task=record.task and MARK,
        parameters=record.parameters and "1",
    )


def plain(tree: Tree) -> Any:
    """Return a tree as plain values."""
    if isinstance(tree, Keys):
        return {key: plain(child) for key, child in tree.items}
    if isinstance(tree, Sequence):
        return [plain(child) for child in tree.items]
    return Number(str(tree.value)) if tree.number else tree.value


def tree_of(record: Record, places: Tree | None = None) -> Tree:
    """Return a reduced record as the tree that the mapping reads, with the places of another tree."""
    spots = dict(_spots(places)) if places is not None else {}

    def one(field: str, text: str) -> list[tuple[str, Tree]]:
        return [(field, Scalar(text, spots.get((field, text)) or spots.get((field, ""))))] if text else []

    def many(field: str, texts: Iterable[str], name: str = "") -> list[tuple[str, Tree]]:
        found = [each for text in texts for _, each in one(field, text)]
        return [(name or field, Sequence(tuple(found), spots.get((field, ""))))] if found else []

    items = [
        *one("id", record.id),
        *one("sha", record.sha),
        *one("createdAt", record.day),
        *one("pipeline_tag", record.task),
        *((field, Scalar("true", spots.get((field, "")))) for field in record.withheld),
        *one("gated", record.gated),
        *many("base_model", record.bases),
        *many("base_model", record.base_names, "base_model_name"),
        *one("base_model_relation", record.relation),
        *many("datasets", record.datasets),
        *many("siblings", record.files),
    ]
    if record.licenses:
        stated = [
            Scalar(each, spots.get(("license", each)) or spots.get(("license", "")))
            for each in record.licenses
        ]
        items.append(("license", Sequence(tuple(stated), spots.get(("license", "")))))
    if record.parameters:
        total = one("total", record.parameters)
        items.append(("safetensors", Keys(tuple(total), spots.get(("safetensors", "")))))
    return Keys(tuple(items), places.spot if places else None)


def _spots(tree: Tree) -> Iterator[tuple[tuple[str, str], Spot | None]]:
    """Yield where the fields of a record stand and, by their text, the values in them.

    What comes later counts: first the card, then the top; of equal texts the first.
    """
    if not isinstance(tree, Keys):
        return
    card = dict(tree.items).get("cardData")
    for each in (card, tree):
        if isinstance(each, Keys):
            for field, value in each.items:
                yield (field, ""), value.spot
                for text, spot in reversed(list(_values(value))):
                    yield (_field(field), text), spot


def _field(field: str) -> str:
    return "license" if field in ("license_name", "license_link") else field


def _values(tree: Tree) -> Iterator[tuple[str, Spot | None]]:
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Scalar):
            if isinstance(each.value, str):
                yield each.value.strip(), each.spot
                yield rules().kind_of(each.value), each.spot
        else:
            children = each.items if isinstance(each, Sequence) else [child for _, child in each.items]
            waiting += reversed(children)


# Values of a record that it could carry over and that count for nothing, by path and place, with the reason.
Unused = dict[tuple[str, Spot | None], str]
_IN_CARD = "the record says it itself, outside the card"
_NAMED_BESIDE = "the license named beside it counts"
_NO_LICENSE_TEXT = "this is no text, and counts as a license that is not known"
_KNOWN_OTHER = f'it counts only where the license is "{OTHER}" and it names one that we know'


def reduced(tree: Tree, source: str) -> tuple[Tree, Unused]:
    """Return a record as the tree that the mapping reads, and what of it counts for nothing.

    Raises InputError where the record has no id as the Hub gives them.
    """
    fields = plain(tree)
    record = record_of(fields) if isinstance(fields, dict) else None
    if record is None:
        raise InputError(f"{NO_ID}.", fix="Check the id.", where=Place(source, tree.line, tree.column))
    return tree_of(record, tree), dict(_unused(tree, fields, record))


def _unused(
    tree: Tree, fields: Mapping[str, Any], record: Record
) -> Iterator[tuple[tuple[str, Spot | None], str]]:
    for leaf in leaves(tree):
        path = leaf.path.removesuffix("[]")
        field = path.removeprefix("cardData.")
        if field in OF_CARD and isinstance(leaf.value, Scalar):
            text = leaf.value.value
            if path != field and fields.get(field) is not None:
                yield (leaf.path, leaf.value.spot), _IN_CARD
            elif field == "license" and not leaf.value.number and text not in (*record.licenses, True, False):
                yield (leaf.path, leaf.value.spot), _NAMED_BESIDE
            elif field == "license" and (leaf.value.number or text is True):
                yield (leaf.path, leaf.value.spot), _NO_LICENSE_TEXT
            elif _field(field) != field and text not in record.licenses:
                yield (leaf.path, leaf.value.spot), _KNOWN_OTHER
