"""Finds the places of statements in JSON-LD.

What a value means depends on contexts, coercions and containers, which only a JSON-LD parser knows fully. So
the parser is asked: the document is written once more with a mark at the end of each value, and with a name
for each node that has none. Statements come in the order of the document both times, and the marks in the
second time tell which values those of the first came from.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Lookup
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from opengrade.errors import InputError
from opengrade.graph import NamedNode, Quad, Term, parse
from opengrade.locating import Spot, Spots
from opengrade.values import Mapping, Scalar, Tree
from opengrade.values import Sequence as Many

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TYPE, _FIRST = NamedNode(_RDF + "type"), NamedNode(_RDF + "first")

# Keys whose value stands for the object that has them, keys whose value holds properties of that object, and
# keys whose values are nodes to which no property leads.
_SAME, _BESIDE, _APART = {"@list", "@set", "@value"}, {"@reverse", "@nest"}, {"@graph", "@included"}
_NO_NODE = {"@id", "@value", "@list", "@set", "@graph"}
_NUMBER = re.compile(r"[0-9]+")
_MAPS = {"@language", "@index", "@id", "@type"}


def to_json(tree: Tree) -> str:
    """Return a tree as JSON, with its numbers as they were written."""
    return _Writer("", _Terms(), names=False).write(_Task(tree, "inert"))


def locate(document: Tree, quads: Sequence[Quad], *, base: str) -> tuple[Spots, ...]:
    """Return the places of statements, one for each, where `quads` is all that the document was parsed to.

    Nothing is fetched, so contexts have to stand in the document, as they did when it was parsed. A node
    is placed at its "@id", or where it has none at its brace. Where the second reading does not go along with
    the first, only nodes that are named in full are found.
    """
    mark = f"-{hashlib.sha256(to_json(document).encode()).hexdigest()[:16]}-"
    terms = _terms(document)
    for names in (True, False):
        writer = _Writer(mark, terms, names=names)
        text = writer.write(_Task(document, "value"))
        try:
            marked = parse(text.encode(), syntax="json-ld", path="", base=base)
        except InputError:
            continue
        if [quad.predicate for quad in marked] == [quad.predicate for quad in quads]:
            return tuple(_Finder(writer).find(marked))
    known = _named(document, terms)
    return tuple(Spots(known.get(getattr(quad.subject, "value", ""))) for quad in quads)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What the contexts of a document, all taken together, say about keys."""

    keywords: Lookup[str, str] = field(default_factory=dict)
    roles: Lookup[str, str] = field(default_factory=dict)

    def keyword(self, key: str) -> str:
        """Return the keyword that a key is or stands for; empty for the key of a property."""
        return self.keywords.get(key, key if key.startswith("@") else "")

    def role(self, key: str) -> str:
        """Return the role of the value that the key of a property leads to."""
        return self.roles.get(key, "value")


def _terms(document: Tree) -> _Terms:
    keywords: dict[str, str] = {}
    roles: dict[str, str] = {}
    for key, meaning in _definitions(document):
        if key.startswith("@"):
            continue
        facts = dict(meaning.items) if isinstance(meaning, Mapping) else {"@id": meaning}
        keywords.update((key, text) for text in _texts(facts.get("@id")) if text.startswith("@"))
        containers = _MAPS.intersection(_texts(facts.get("@container")))
        if containers:
            roles[key] = "naming" if "@id" in containers else "map"
        elif "@json" in _texts(facts.get("@type")):
            roles[key] = "json"
    return _Terms(keywords, roles)


def _definitions(document: Tree) -> Iterator[tuple[str, Tree]]:
    """Yield the entries of all mappings that are in a context, however deep."""
    waiting = [(document, False)]
    while waiting:
        tree, inside = waiting.pop()
        if isinstance(tree, Mapping):
            if inside:
                yield from tree.items
            waiting += [(child, inside or key == "@context") for key, child in tree.items]
        elif not isinstance(tree, Scalar):
            waiting += [(child, inside) for child in tree.items]


def _scalars(tree: Tree | None) -> tuple[Scalar, ...]:
    """Return a scalar, or the scalars of a list."""
    found = tree.items if isinstance(tree, Many) else (tree,)
    return tuple(each for each in found if isinstance(each, Scalar))


def _texts(tree: Tree | None) -> tuple[str, ...]:
    return tuple(each.value for each in _scalars(tree) if isinstance(each.value, str))


@dataclass(frozen=True, slots=True)
class _Place:
    """A value: where it stands, the key that leads to it from a node, and the node that it names.

    `owner` and `names` are nodes, by the index of their place.
    """

    spot: Spot | None
    key: Spot | None
    owner: int | None
    names: int | None = None


_NOWHERE = _Place(None, None, None)


@dataclass(frozen=True, slots=True)
class _Task:
    """A tree that is to be written: its role, the key that leads to it from its owner, the node it is about.

    Roles: `value`; `named`, a node that the key before it names; `id`, the name of a node; `map` and
    `naming`, whose keys are no properties, and in the latter names; `beside`, whose keys are properties of
    the node; `json`, a literal as a whole, whose place is its node; `inert`, written without marks.
    """

    tree: Tree
    role: str
    key: Spot | None = None
    owner: int | None = None
    node: int | None = None


class _Writer:
    """Writes JSON with marks, and keeps the place that belongs to each mark."""

    def __init__(self, mark: str, terms: _Terms, *, names: bool) -> None:
        self.mark, self.terms, self.names = mark, terms, names
        self.places: list[_Place] = []
        self.kinds: dict[int, tuple[Spot | None, list[Spot | None]]] = {}

    def write(self, task: _Task) -> str:
        parts: list[str] = []
        waiting: list[_Task | str] = [task]
        while waiting:
            following = waiting.pop()
            if isinstance(following, str):
                parts.append(following)
            elif isinstance(following.tree, Scalar):
                parts.append(self._scalar(following, following.tree))
            elif isinstance(following.tree, Mapping):
                waiting += reversed(list(self._members(following, following.tree)))
            else:
                waiting += reversed(list(self._items(following, following.tree)))
        return "".join(parts)

    def place(self, term: Term) -> int | None:
        """Return the index of the place from which a term was read, None where it has no mark."""
        text = getattr(term, "value", "")
        at = text.rfind(self.mark)
        found = _NUMBER.match(text, at + len(self.mark)) if at >= 0 else None
        return int(found[0]) if found else None

    def _scalar(self, task: _Task, scalar: Scalar) -> str:
        value = scalar.value
        plain = str(value) if scalar.number else json.dumps(value)
        if task.role == "inert" or value is None:
            return plain
        if task.role == "json":
            return json.dumps(f"{value}{self.mark}{task.node}") if plain.startswith('"') else plain
        at = self._place(task, names=task.node)
        return json.dumps(f"{value if isinstance(value, str) else plain}{self.mark}{at}")

    def _place(self, task: _Task, names: int | None = None) -> int:
        self.places.append(_Place(task.tree.spot, task.key, task.owner, names))
        return len(self.places) - 1

    def _items(self, task: _Task, tree: Many) -> Iterator[_Task | str]:
        for index, child in enumerate(tree.items):
            yield ", " if index else "["
            yield replace(task, tree=child)
        yield "]" if tree.items else "[]"

    def _members(self, task: _Task, tree: Mapping) -> Iterator[_Task | str]:
        before = "{"
        if task.role in ("value", "named"):
            node = self._place(task, names=len(self.places))
            task = replace(task, node=node)
            if self._wants_name(task, tree):
                yield f'{{"@id": "_:n{self.mark}{node}"'
                before = ", "
        for (key, child), spot in zip_longest(tree.items, tree.keys):
            yield f"{before}{json.dumps(key)}: "
            yield self._member(task, key, spot, child)
            before = ", "
        yield "}" if before == ", " else "{}"

    def _wants_name(self, task: _Task, tree: Mapping) -> bool:
        keywords = {self.terms.keyword(key) for key, _ in tree.items}
        return self.names and task.role == "value" and not keywords & _NO_NODE

    def _member(self, task: _Task, key: str, spot: Spot | None, child: Tree) -> _Task:
        if task.role in ("inert", "json", "id"):
            return replace(task, tree=child)
        if task.role in ("map", "naming"):
            return replace(task, tree=child, role="value" if task.role == "map" else "named")
        keyword = self.terms.keyword(key)
        if keyword:
            return self._under(keyword, task, spot, child)
        return self._property(_Task(child, self.terms.role(key), spot, task.node))

    def _under(self, keyword: str, task: _Task, spot: Spot | None, child: Tree) -> _Task:
        if keyword == "@id":
            return replace(task, tree=child, role="id")
        if keyword in _SAME:
            role = "json" if keyword == "@value" and not isinstance(child, Scalar) else "value"
            return self._property(replace(task, tree=child, role=role, node=None))
        if keyword in _BESIDE:
            return _Task(child, "beside", node=task.node)
        if keyword == "@type" and task.node is not None:
            self.kinds[task.node] = spot, [each.spot for each in _scalars(child)]
        return _Task(child, "value" if keyword in _APART else "inert")

    def _property(self, task: _Task) -> _Task:
        return replace(task, node=self._place(task)) if task.role == "json" else task


class _Finder:
    """Finds places by the marks of statements."""

    def __init__(self, writer: _Writer) -> None:
        self.places, self.kinds, self.place = writer.places, writer.kinds, writer.place
        self.cells: dict[Term, int] = {}

    def find(self, marked: Sequence[Quad]) -> Iterator[Spots]:
        """Yield the places of statements that were read from marked values."""
        self._find_cells(marked)
        counts = Counter(self.place(quad.subject) for quad in marked if self._is_kind(quad))
        seen: Counter[int | None] = Counter()
        for quad in marked:
            subject = self.place(quad.subject)
            if self._is_kind(quad):
                yield self._kind(subject, seen[subject], counts[subject])
                seen[subject] += 1
            else:
                yield self._spots(subject, self._thing(quad.object), self.cells.get(quad.subject))

    def _find_cells(self, marked: Sequence[Quad]) -> None:
        """Let each cell of a list stand for its member; members that are lists come after their cell."""
        for quad in reversed(marked):
            member = self._thing(quad.object)
            if quad.predicate == _FIRST and member is not None and self.place(quad.subject) is None:
                self.cells[quad.subject] = member

    def _thing(self, term: Term) -> int | None:
        found = self.place(term)
        return self.cells.get(term) if found is None else found

    def _is_kind(self, quad: Quad) -> bool:
        return quad.predicate == _TYPE and self.place(quad.object) is None

    def _kind(self, subject: int | None, index: int, count: int) -> Spots:
        """Types come in the order in which they are written, as long as none is left out."""
        if subject is None:
            return Spots()
        node = self.places[subject].names
        key, kinds = (None, []) if node is None else self.kinds.get(node, (None, []))
        return Spots(self.places[subject].spot, key, kinds[index] if count == len(kinds) else None)

    def _spots(self, subject: int | None, value: int | None, cell: int | None) -> Spots:
        about = None if subject is None else self._at(subject)
        if value is None:
            return Spots((about or self._at(cell)).spot)
        found = self.places[value]
        if about is None:
            nearest = found.owner if cell is None else cell
            return Spots(self._at(nearest).spot, found.key, found.spot)
        if found.owner == about.names:
            return Spots(about.spot, found.key, found.spot)
        turned = about.owner is not None and about.owner == found.names
        return Spots(about.spot, about.key if turned else None, found.spot)

    def _at(self, index: int | None) -> _Place:
        return _NOWHERE if index is None else self.places[index]


def _named(document: Tree, terms: _Terms) -> dict[str, Spot | None]:
    """Return where each name of a node stands first."""
    found: dict[str, Spot | None] = {}
    waiting = [document]
    while waiting:
        tree = waiting.pop()
        if isinstance(tree, Mapping):
            for key, child in tree.items:
                if terms.keyword(key) == "@id":
                    for each in _scalars(child):
                        found.setdefault(str(each.value), each.spot)
            waiting += [child for key, child in reversed(tree.items) if key != "@context"]
        elif not isinstance(tree, Scalar):
            waiting += reversed(tree.items)
    return found
