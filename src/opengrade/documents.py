"""Reads YAML and JSON into plain trees that know their lines, and tells formats apart by content."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, TypeAlias

import yaml

from opengrade.errors import InputError, LimitError, Place, RuleError

MAX_NODES = 200_000

RDF_SUFFIXES = {
    ".ttl": "turtle",
    ".trig": "trig",
    ".nt": "n-triples",
    ".nq": "n-quads",
    ".jsonld": "json-ld",
}
TREE_SUFFIXES = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}
SUFFIXES = frozenset({*RDF_SUFFIXES, *TREE_SUFFIXES})


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value; None is null, and a number is the text that it was written as."""

    value: str | bool | None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of values."""

    items: tuple["Tree", ...]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with their values, in the order of the file."""

    items: tuple[tuple[str, "Tree"], ...]
    line: int | None = None


Tree: TypeAlias = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or an empty collection, with its path such as `release.components[].license`."""

    path: str
    value: Tree


def leaves(tree: Tree, path: str = "") -> Iterator[Leaf]:
    """Yield all leaves of a tree, in the order of the file."""
    if isinstance(tree, Mapping) and tree.items:
        for key, child in tree.items:
            yield from leaves(child, f"{path}.{key}" if path else key)
    elif isinstance(tree, Sequence) and tree.items:
        for child in tree.items:
            yield from leaves(child, f"{path}[]")
    else:
        yield Leaf(path, tree)


def has_path(tree: Tree, path: str) -> bool:
    """Say whether a path of keys leads to a value."""
    for key in path.split("."):
        if not isinstance(tree, Mapping):
            return False
        found = [child for name, child in tree.items if name == key]
        if not found:
            return False
        tree = found[0]
    return True


def detect(data: bytes, path: str) -> str:
    """Return the syntax of a file: a key of graph.FORMATS, `yaml` or `json`.

    The suffix is believed where there is a known one; otherwise the first characters decide. Raises
    InputError for an HTML page, binary content and an empty file.
    """
    where = Place(path)
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
        return "json-ld" if '"@context"' in start or '"@graph"' in start or '"@id"' in start else "json"
    return RDF_SUFFIXES.get(suffix) or TREE_SUFFIXES.get(suffix) or _sniff(start)


_NODE = r"(?:<[^>]*>|_:\S+)"
_LITERAL = r'"(?:[^"\\]|\\.)*"(?:@\S+|\^\^<[^>]*>)?'
_QUAD = re.compile(rf"{_NODE}\s+<[^>]*>\s+(?:{_NODE}|{_LITERAL})\s+{_NODE}\s*\.")


def _sniff(text: str) -> str:
    if text[0] in "{[":
        return "json-ld" if '"@context"' in text or '"@graph"' in text or '"@id"' in text else "json"
    if _QUAD.match(text):
        return "n-quads"
    if re.match(r"(@?prefix|@?base|#|\[)", text, re.IGNORECASE) or re.match(r"<[^>\s]*>\s", text):
        return "trig" if re.search(r"\{", text) else "turtle"
    return "yaml"


def read_tree(data: bytes, *, syntax: str, path: str) -> Tree:
    """Read YAML or JSON bytes into a tree.

    Only null, true and false are other than text, and a key may stand only once. Raises InputError with
    file and line, LimitError for too many nodes.
    """
    text = data.decode("utf-8-sig")
    try:
        tree = (
            _from_json(json.loads(text, object_pairs_hook=_Pairs, parse_int=str, parse_float=str), path)
            if syntax == "json"
            else _yaml(text, path)
        )
    except json.JSONDecodeError as error:
        raise InputError(
            f"this is not valid JSON: {error.msg}.",
            fix="Mend the text here.",
            where=Place(path, error.lineno, error.colno),
        ) from None
    except RecursionError:
        raise LimitError(
            "values are nested too deeply.", fix="Flatten the file.", where=Place(path)
        ) from None
    return tree


def yaml_mapping(text: str, path: str) -> dict[str, Any]:
    """Read a short YAML mapping of our own, such as the header of a query; RuleError for anything else."""
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise RuleError(f"the header is not valid YAML: {error}", where=Place(path)) from None
    if not isinstance(found, dict):
        raise RuleError("the header has to be a mapping of keys.", where=Place(path))
    return found


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object."""


def _from_json(value: Any, path: str) -> Tree:
    if isinstance(value, _Pairs):
        keys = [key for key, _ in value]
        for key in keys:
            if keys.count(key) > 1:
                raise InputError(f'the key "{key}" is given twice.', fix="Keep one.", where=Place(path))
        return Mapping(tuple((key, _from_json(child, path)) for key, child in value))
    if isinstance(value, list):
        return Sequence(tuple(_from_json(child, path) for child in value))
    return Scalar(value)


# PyYAML's safe loader (the fast one where it was built) that keeps dates, numbers and words such as no as
# text.
_CoreLoader: Any = type(
    "_CoreLoader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {"yaml_implicit_resolvers": {}}
)


def _core(tag: str, expression: str, first: str) -> None:
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(expression), [*first, ""])


_core("null", r"^(?:~|null|Null|NULL|)$", "~nN")
_core("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF")


def _yaml(text: str, path: str) -> Tree:
    try:
        root = yaml.compose(text, Loader=_CoreLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
        problem = error.problem or error.context or "unreadable"
        raise InputError(
            f"this is not valid YAML: {problem}.", fix="Mend the text here.", where=where
        ) from None
    except yaml.YAMLError as error:
        what = str(error).splitlines()[0]
        raise InputError(
            f"this is not valid YAML: {what}.", fix="Mend the text.", where=Place(path)
        ) from None
    if root is None:
        raise InputError(
            "the file holds no value.", fix="Check that it was written completely.", where=Place(path)
        )
    return _Builder(path).build(root)


class _Builder:
    """Turns composed YAML nodes into a tree; counts nodes, since aliases can stand for many."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.count = 0

    def build(self, node: yaml.Node) -> Tree:
        self.count += 1
        line = node.start_mark.line + 1
        if self.count > MAX_NODES:
            raise LimitError(
                f"the file stands for more than {MAX_NODES} values.",
                fix="Split it.",
                where=Place(self.path, line),
            )
        if isinstance(node, yaml.MappingNode):
            return Mapping(tuple(self._pairs(node)), line)
        if isinstance(node, yaml.SequenceNode):
            return Sequence(tuple(self.build(child) for child in node.value), line)
        return Scalar(_scalar(node), line)

    def _pairs(self, node: yaml.MappingNode) -> Iterator[tuple[str, Tree]]:
        seen: dict[str, int] = {}
        for key_node, value in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise InputError(
                    "a key has to be plain text.", fix="Mend the key.", where=Place(self.path, line)
                )
            key = str(key_node.value)
            if key in seen:
                raise InputError(
                    f'the key "{key}" is given twice, first in line {seen[key]}.',
                    fix="Keep one.",
                    where=Place(self.path, line),
                )
            seen[key] = line
            yield key, self.build(value)


def _scalar(node: yaml.Node) -> str | bool | None:
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return None
    return node.value.lower() == "true" if kind == "bool" else str(node.value)
