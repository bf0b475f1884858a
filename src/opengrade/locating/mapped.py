"""Finds the places of statements that an import mapping made from a YAML or JSON file.

A mapping is a CONSTRUCT query over the lifted tree. Here its pattern is run as a SELECT: each row tells which
values of the file were at hand when a statement was made, and the header of the mapping which paths carry
which property.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import repeat, zip_longest
from typing import NamedTuple, cast
from urllib.parse import quote, unquote

from opengrade import values
from opengrade.graph import BlankNode, Literal, NamedNode, Quad, Term, Triple, parse
from opengrade.locating import Spot, Spots
from opengrade.namespaces import prefixes, term
from opengrade.queries import Query
from opengrade.store import Store, Table
from opengrade.values import Scalar, Tree


def lift(tree: Tree) -> tuple[Triple, ...]:
    """Return a tree as generic triples: keys become properties of `key:`, members of a list `key:item`.

    A list or mapping is a blank node; null says nothing.
    """
    return tuple(_triples(_Index(tree, _Step())))


def locate(tree: Tree, mapping: Query, quads: Iterable[Quad]) -> tuple[Spots, ...]:
    """Return the places of statements, one for each, that a mapping made from a tree.

    A subject is placed at the innermost mapping that it was made from, a literal at the text that it was
    written as. What a mapping states by itself has no place, nor have blank nodes that it makes.
    """
    index = _Index(tree, _declared(mapping.header))
    found = _Rows(index, mapping).found(frozenset(_parts(quad) for quad in quads))
    return tuple(found.get(_parts(quad), Spots()) for quad in quads)


def _key(name: str) -> str:
    """Return a key as part of an IRI; one called item must not pass for the members of a list."""
    return "%69tem" if name == "item" else quote(name, safe="")


_Parts = tuple[Term | None, ...]


def _parts(statement: Quad | Triple) -> _Parts:
    return statement.subject, statement.predicate, statement.object


@dataclass(slots=True)
class _Step:
    """A path that the header of a mapping names, or the beginning of one; None leads to members of a list."""

    known: bool = False
    properties: tuple[NamedNode, ...] = ()
    below: dict[str | None, "_Step"] = field(default_factory=dict)


def _declared(header: Mapping[str, object]) -> _Step:
    """Read `carries`, a list of paths or a mapping from paths to their properties, and `leaves`."""
    root = _Step()
    carried = header.get("carries") or {}
    for path, properties in carried.items() if isinstance(carried, dict) else ():
        step = _step(root, path)
        names = properties if isinstance(properties, list) else [properties] if properties else []
        step.known, step.properties = True, tuple(term(name) for name in names)
    left = header.get("leaves") or {}
    for path in left if isinstance(left, dict) else ():
        _step(root, path).known = True
    return root


def _step(step: _Step, path: str) -> _Step:
    for name in path.replace("[]", ".[]").split("."):
        step = step.below.setdefault(None if name == "[]" else name, _Step())
    return step


@dataclass(slots=True)
class _Value:
    """A value of the file; `end` is the number of the first value after it that does not lie in it."""

    tree: Tree
    holder: int | None
    name: str
    key: Spot | None
    step: _Step | None
    depth: int
    end: int = 0


class _Index:
    """All values of a tree in the order of the file, and by what they carry."""

    def __init__(self, tree: Tree, declared: _Step) -> None:
        self.values: list[_Value] = []
        self.carrying: dict[tuple[object, ...], list[int]] = defaultdict(list)
        waiting: list[_Value | int] = [_Value(tree, None, "", None, declared, 0)]
        while waiting:
            value = waiting.pop()
            if isinstance(value, int):
                self.values[value].end = len(self.values)
                continue
            number = len(self.values)
            self.values.append(value)
            self._enter(number, value)
            waiting.append(number)
            waiting += reversed(list(_inside(number, value)))

    def _enter(self, number: int, value: _Value) -> None:
        text = _text(value.tree)
        for name in value.step.properties if value.step else ():
            self.carrying[name,].append(number)
            if text is not None:
                self.carrying[name, text].append(number)
                self.carrying[name, text, value.name].append(number)
        if text and not (value.step and value.step.known):
            self.carrying[None, text].append(number)

    def first(self, scope: int, *wanted: object, alone: bool = False) -> int | None:
        """Return the first value below another that carries what is wanted, or the only one."""
        numbers = self.carrying.get(wanted, [])
        at, end = bisect_left(numbers, scope), self.values[scope].end
        if at == len(numbers) or numbers[at] >= end:
            return None
        return None if alone and at + 1 < len(numbers) and numbers[at + 1] < end else numbers[at]

    def depth(self, number: int) -> int:
        """Return how deeply a value is nested."""
        return self.values[number].depth

    def number(self, node: Term | None) -> int | None:
        """Return the number of the value that a node was lifted from."""
        label = node.value if isinstance(node, BlankNode) else ""
        return int(label[1:]) if label.startswith("v") else None


def _inside(number: int, value: _Value) -> Iterator[_Value]:
    tree, step, depth = value.tree, value.step, value.depth + 1
    if isinstance(tree, values.Mapping):
        for (key, child), spot in zip_longest(tree.items, tree.keys):
            yield _Value(child, number, key, spot, step and step.below.get(key), depth)
    elif isinstance(tree, values.Sequence):
        for child in tree.items:
            yield _Value(child, number, value.name, value.key, step and step.below.get(None), depth)


def _text(tree: Tree) -> str | None:
    if not isinstance(tree, Scalar) or tree.value is None:
        return None
    return Literal(tree.value).value


def _triples(index: _Index) -> Iterator[Triple]:
    space = prefixes()["key"]
    for number, value in enumerate(index.values):
        if value.holder is None or (isinstance(value.tree, Scalar) and value.tree.value is None):
            continue
        listed = isinstance(index.values[value.holder].tree, values.Sequence)
        predicate = NamedNode(space + ("item" if listed else _key(value.name)))
        text = value.tree.value if isinstance(value.tree, Scalar) else None
        thing = BlankNode(f"v{number}") if text is None else Literal(text)
        yield Triple(BlankNode(f"v{value.holder}"), predicate, thing)


# Strings, IRIs and comments, in which the other signs do not count.
_TOKEN = re.compile(
    r"""(?P<quoted>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'|<[^<>"\s]*+>|\#[^\n]*+)"""
    r"|(?P<mark>\bCONSTRUCT\b|[{}])|[?$](?P<name>\w++)",
    re.IGNORECASE,
)
_VARIABLE = "urn:opengrade:variable:"
_NAME = re.compile(r"[?$](\w++)")
_ASSIGNED = re.compile(r"\bAS\s++[?$](\w++)", re.IGNORECASE)
_READ = re.compile(r":([\w.%-]++)(?:/\w*+:item\*?)?\s++[?$](\w++)")


def _sections(text: str) -> tuple[str, str, str]:
    """Part a CONSTRUCT query into what stands before it, its template and its pattern."""
    word, start, end = [found for found in _TOKEN.finditer(text) if found["mark"]][:3]
    return text[: word.start()], text[start.end() : end.start()], text[end.end() :]


def _template(prologue: str, template: str) -> Iterator[_Parts]:
    """Yield the triples of a template, in which IRIs stand for the variables."""

    def named(found: re.Match[str]) -> str:
        return f"<{_VARIABLE}{found['name']}>" if found["name"] else found[0]

    # In the braces of TriG, as in those of SPARQL, the last statement needs no full stop.
    text = f"{prologue}{{{_TOKEN.sub(named, template)}}}"
    return (_parts(quad) for quad in parse(text.encode(), syntax="trig", path="template"))


def _variable(part: Term | None) -> str | None:
    if isinstance(part, NamedNode) and part.value.startswith(_VARIABLE):
        return part.value.removeprefix(_VARIABLE)
    return None


class _Origin(NamedTuple):
    """The values that were at hand when a statement was made.

    `about` are those that its subject was made from, `of` those of its object, `name` is the variable of the
    latter, empty where the mapping states the object by itself.
    """

    about: tuple[int, ...]
    of: tuple[int, ...]
    name: str


class _Rows:
    """The rows of the pattern of a mapping, column by column."""

    def __init__(self, index: _Index, mapping: Query) -> None:
        self.index = index
        prologue, template, pattern = _sections(mapping.text)
        self.template = tuple(_template(prologue, template))
        table = Store(_triples(index)).ask(f"{prologue}SELECT * {pattern}")
        assert isinstance(table, Table)
        self.count = len(table.rows)
        columns = zip(*table.rows, strict=True) if table.rows else [()] * len(table.variables)
        self.columns = dict(zip(table.variables, columns, strict=True))
        numbers = {name: [index.number(node) for node in column] for name, column in self.columns.items()}
        self.numbers = {name: found for name, found in numbers.items() if any(n is not None for n in found)}
        bare = _TOKEN.sub(lambda found: "" if found["quoted"] else found[0], pattern)
        self.reads: dict[str, list[str]] = defaultdict(list)
        for key, name in _READ.findall(bare):
            self.reads[name].append(unquote(key))
        self.sources = self._sources(bare)

    def _sources(self, pattern: str) -> dict[str, list[str]]:
        """Return for each variable those bound to lifted values that it can come from.

        They are bound wherever it is, and where it is assigned, they are named before.
        """
        order = {found[1]: found.start() for found in reversed(list(_NAME.finditer(pattern)))}
        assigned = {found[1]: found.start() for found in _ASSIGNED.finditer(pattern)}
        gaps = {
            name: [row for row, number in enumerate(numbers) if number is None]
            for name, numbers in self.numbers.items()
        }
        return {
            name: [
                each
                for each, rows in gaps.items()
                if order.get(each, 0) < assigned.get(name, len(pattern))
                and all(column[row] is None for row in rows)
            ]
            for name, column in self.columns.items()
        }

    def found(self, wanted: frozenset[_Parts]) -> dict[_Parts, Spots]:
        """Return the places of those of the wanted statements that the mapping makes."""
        origins: dict[_Parts, _Origin] = {}
        for triple in self.template:
            for parts, origin in self._made(triple):
                if parts in wanted:
                    origins[parts] = min(origins.get(parts, origin), origin)
        return {parts: self._spots(parts, self._innermost_first(origin)) for parts, origin in origins.items()}

    def _made(self, triple: _Parts) -> Iterator[tuple[_Parts, _Origin]]:
        """Yield what a triple of the template becomes in each row, with gaps for variables not bound."""
        names = [_variable(part) for part in triple]
        if any(name and name not in self.columns for name in names):
            return
        columns: list[Iterable[Term | None]] = [
            self.columns[name] if name else repeat(part, self.count)
            for name, part in zip(names, triple, strict=True)
        ]
        rows = zip(*columns, strict=True)
        for parts, about, of in zip(rows, self._numbers(names[0]), self._numbers(names[2]), strict=True):
            yield parts, _Origin(about, of, names[2] or "")

    def _numbers(self, name: str | None) -> Iterable[tuple[int, ...]]:
        """Return for each row the values that a variable comes from."""
        sources = self.sources[name] if name else []
        if not sources:
            return repeat((), self.count)
        # Where the variable is bound, all of these are.
        return cast("Iterable[tuple[int, ...]]", zip(*(self.numbers[each] for each in sources), strict=True))

    def _innermost_first(self, origin: _Origin) -> _Origin:
        about, of = (tuple(sorted(n, key=self.index.depth, reverse=True)) for n in (origin.about, origin.of))
        return _Origin(about, of, origin.name)

    def _spots(self, parts: _Parts, origin: _Origin) -> Spots:
        about, of = origin.about, origin.of
        found = of[0] if self._is_node(parts[2], origin) else self._value(parts, origin)
        subject = self.index.values[about[0]].tree.spot if about else None
        if found is None:
            return Spots(subject)
        value = self.index.values[found]
        return Spots(subject, value.key, value.tree.spot)

    def _is_node(self, thing: Term | None, origin: _Origin) -> bool:
        """Say whether an object was made from a list or mapping that lies in that of its subject."""
        deepest = [self.index.depth(numbers[0]) if numbers else -1 for numbers in (origin.about, origin.of)]
        return not isinstance(thing, Literal) and deepest[1] > deepest[0]

    def _value(self, parts: _Parts, origin: _Origin) -> int | None:
        """Return the value that an object was written as, or else the one value that it can come from."""
        first, (_, predicate, thing) = self.index.first, parts
        text = thing.value if isinstance(thing, Literal | NamedNode) else ""
        for scope in origin.of if text else origin.of[:1]:
            found = [first(scope, predicate, text, key) for key in self.reads.get(origin.name, ())]
            found.append(first(scope, predicate, text))
            if scope == origin.of[0]:
                found += first(scope, predicate, alone=True), first(scope, None, text)
            for number in found:
                if number is not None:
                    return number
        return None
