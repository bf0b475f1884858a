"""Reads YAML and JSON into plain trees that know their places, and tells formats apart by content."""

import re
from collections.abc import Set
from pathlib import PurePath
from typing import Any

import yaml

from opengrade.errors import InputError, Place, RuleError
from opengrade.jsontext import read_json
from opengrade.limits import Limits
from opengrade.locating import Spot
from opengrade.values import Builder, Known, Leaf, Mapping, Scalar, Sequence, Tree, has_path, leaves

__all__ = [
    "SUFFIXES",
    "Leaf",
    "Mapping",
    "Scalar",
    "Sequence",
    "Tree",
    "detect",
    "has_path",
    "leaves",
    "read_tree",
    "yaml_mapping",
]

RDF_SUFFIXES = {
    ".ttl": "turtle",
    ".trig": "trig",
    ".nt": "n-triples",
    ".nq": "n-quads",
    ".jsonld": "json-ld",
}
TREE_SUFFIXES = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}
LINES_SUFFIX = ".jsonl"
SUFFIXES = frozenset({*RDF_SUFFIXES, *TREE_SUFFIXES, LINES_SUFFIX})
_DEFAULTS = Limits()


def detect(data: bytes, path: str) -> str:
    """Return the syntax of a file: a key of graph.FORMATS, `yaml`, `json` or `json-lines`.

    The suffix is believed where there is a known one; otherwise the first characters decide. Raises
    InputError for an HTML page, binary content and an empty file.
    """
    where = Place(path)
    if PurePath(path).suffix.lower() == LINES_SUFFIX:
        return "json-lines"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            "this is not UTF-8 text.", fix="Save it as UTF-8.", where=Place(path, line)
        ) from None
    start = text.lstrip()
    if not start:
        raise InputError("the file is empty.", fix="Check that it was written completely.", where=where)
    if re.match(r"<(!doctype\s+html|html)\b", start, re.IGNORECASE):
        raise InputError(
            "this is an HTML page, not data.",
            fix="Fetch the raw file instead of the page around it.",
            where=where,
        )
    suffix = PurePath(path).suffix.lower()
    if suffix == ".json":
        return _json_or_graph(start)
    return RDF_SUFFIXES.get(suffix) or TREE_SUFFIXES.get(suffix) or _sniff(start)


# Possessive repeats keep no way back: a text of many megabytes neither takes memory for each of its
# characters nor is read twice.
_NODE = r"(?:<[^>]*+>|_:\S+)"
_LITERAL = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"(?:@\S+|\^\^<[^>]*+>)?'
_QUAD = re.compile(rf"{_NODE}\s++<[^>]*+>\s++(?:{_NODE}|{_LITERAL})\s++{_NODE}\s*+\.")


def _sniff(text: str) -> str:
    if text[0] in "{[":
        return _json_or_graph(text)
    if _QUAD.match(text):
        return "n-quads"
    if re.match(r"(@?prefix|@?base|#|\[)", text, re.IGNORECASE) or re.match(r"<[^>\s]*+>\s", text):
        return "trig" if "{" in text else "turtle"
    return "yaml"


def _json_or_graph(text: str) -> str:
    return "json-ld" if any(f'"{key}"' in text for key in ("@context", "@graph", "@id")) else "json"


def read_tree(data: bytes, *, syntax: str, path: str, limits: Limits = _DEFAULTS) -> Tree:
    """Read YAML or JSON bytes into a tree.

    Only null, true and false are other than text, and a key may stand only once. What a YAML alias repeats
    keeps the place where it was written. Raises InputError with file, line and column, LimitError for what is
    larger than a limit allows.
    """
    text = data.decode("utf-8-sig")
    builder = Builder(text, path, limits)
    return read_json(builder) if syntax == "json" else _yaml(builder)


def yaml_mapping(text: str, path: str) -> dict[str, Any]:
    """Read a short YAML mapping of our own, such as the header of a query; RuleError for anything else."""
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        what = " ".join(str(error).split())
        raise RuleError(f"the header is not valid YAML: {what}.", where=Place(path)) from None
    if not isinstance(found, dict):
        raise RuleError("the header has to be a mapping of keys.", where=Place(path))
    return found


# The fast loader where it was built. Only its events are used: nothing is constructed.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# It looks ahead, and so meets a bound of its own before the events come.
_DEPTH_OF_LOADER = 1000
_PLAIN: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset({"str", "int", "float", "bool", "null", "timestamp"})
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LOOKS_NUMERIC = re.compile(r"[-+]?(?:[0-9][0-9_]*+(?:\.[0-9_]*+)?|\.[0-9_]++)(?:[eE][-+]?[0-9]++)?")
# An anchor or tag before a value, with what may stand between.
_PROPERTY = re.compile(r"(?:&[\w-]++|!(?:<[^>]*+>|[^\s,\[\]{}]*+))(?:\s++(?:#[^\n]*+)?)*+")


def _yaml(builder: Builder) -> Tree:
    events = _Events(builder)
    try:
        for event in yaml.parse(builder.text, Loader=_LOADER):
            events.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "it cannot go on like this"
        spot = Spot(mark.line + 1, mark.column + 1) if mark else None
        if spot and "nesting depth" in what and builder.limits.nesting <= _DEPTH_OF_LOADER:
            raise builder.reached("nesting", spot) from None
        raise builder.refused(f"this is not valid YAML: {what}.", spot) from None
    except yaml.YAMLError as error:
        what = str(error).splitlines()[0]
        found = yaml.reader.Reader.NON_PRINTABLE.search(builder.text)
        spot = builder.spot(found.start()) if found else None
        raise builder.refused(f"this is not valid YAML: {what}.", spot) from None
    if builder.root is None:
        raise builder.refused("the file holds no value.", None, "Check that it was written completely.")
    return builder.root


def _index(event: yaml.Event) -> int:
    assert event.start_mark is not None
    return event.start_mark.index


class _Events:
    """Turns the events of the YAML parser into a tree."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.known: dict[str, Known] = {}
        self.texts: dict[str, str] = {}
        self.anchors: dict[str, Spot] = {}
        self.names: list[str | None] = []

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.DocumentStartEvent) and self.builder.root is not None:
            raise self.builder.refused(
                "the file holds more than one document.",
                self.builder.spot(_index(event)),
                "Keep one, or put each in a file of its own.",
            )

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        builder, text, tag = self.builder, event.value, self._tag(event, _SCALAR_TAGS)
        spot = self._spot(event, empty=not text)
        numeric = bool(event.implicit[0] and _LOOKS_NUMERIC.fullmatch(text))
        builder.check(text, spot, number=numeric or tag in ("int", "float"))
        if not text.isascii() and _SURROGATE.search(text):
            raise builder.refused("this is not valid YAML: half of a pair stands alone.", spot)
        known = Known(Scalar(self._value(event, tag), spot), 1, 0)
        if event.anchor:
            self._name(event.anchor, spot)
            self.known[event.anchor], self.texts[event.anchor] = known, text
        if builder.wants_key:
            builder.key(text, spot)
        else:
            builder.add(known, spot)

    def _alias(self, event: yaml.AliasEvent) -> None:
        name, spot = event.anchor, self.builder.spot(_index(event))
        if name not in self.known:
            what = (
                "stands inside what it repeats"
                if name in self.anchors
                else "repeats nothing that is named before"
            )
            raise self.builder.refused(f"the alias *{name} {what}.", spot)
        if not self.builder.wants_key:
            self.builder.add(self.known[name], spot)
        elif name in self.texts:
            self.builder.key(self.texts[name], spot)
        else:
            raise self._no_key(spot)

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        keyed = isinstance(event, yaml.MappingStartEvent)
        self._tag(event, {"map"} if keyed else {"seq"})
        spot = self._spot(event)
        if self.builder.wants_key:
            raise self._no_key(spot)
        if event.anchor:
            self._name(event.anchor, spot)
        self.builder.open(spot, keyed=keyed)
        self.names.append(event.anchor)

    def _end(self) -> None:
        known, name = self.builder.close(), self.names.pop()
        if name:
            self.known[name] = known

    def _name(self, name: str, spot: Spot) -> None:
        if name in self.anchors:
            raise self.builder.refused(
                f"the anchor &{name} is given twice, first in line {self.anchors[name].line}.",
                spot,
                "Keep one.",
            )
        self.anchors[name] = spot

    def _no_key(self, spot: Spot) -> InputError:
        return self.builder.refused("a key has to be plain text.", spot, "Mend the key.")

    def _tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, known: Set[str]) -> str | None:
        """Return the short name of the tag that is written before a value."""
        if event.tag in (None, "!"):
            return None
        tag = str(event.tag)
        short = tag.removeprefix(_CORE)
        if short in known and short != tag:
            return short
        shown = tag if short == tag else f"!!{short}"
        raise self.builder.refused(
            f"the tag {shown} is not read here.", self.builder.spot(_index(event)), "Leave it out."
        )

    def _value(self, event: yaml.ScalarEvent, tag: str | None) -> str | bool | None:
        plain = _PLAIN.get(event.value, event.value)
        if tag is None:
            return plain if event.implicit[0] else str(event.value)
        if tag not in ("null", "bool"):
            return str(event.value)
        if isinstance(plain, str) or (plain is None) != (tag == "null"):
            spot = self.builder.spot(_index(event))
            raise self.builder.refused(f'the tag !!{tag} does not fit the value "{plain}".', spot)
        return plain

    def _spot(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, *, empty: bool = False) -> Spot:
        """Return where a value begins, after its anchor and tag, unless there is nothing after them."""
        at = _index(event)
        for _ in range(0 if empty else bool(event.anchor) + bool(event.tag)):
            found = _PROPERTY.match(self.builder.text, at)
            at = found.end() if found else at
        return self.builder.spot(at)
