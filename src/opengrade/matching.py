"""Finds out which unnamed things of two graphs are the same ones, so that what changed of them can be told.

Things that are alike in all that is said of them, of what they have and of what has them, are the same,
however many they are: nothing tells them apart. What is left is matched from above: a thing of a model in one
graph is that in the other which the model has in the same way, of the same kind and name, most like it.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from opengrade.graph import Graph, NamedNode, Term, Triple
from opengrade.namespaces import term

# Groups of more pairs than this are matched in the order of what is said of their members.
MOST_PAIRS = 1000

Keys = Mapping[Term, Hashable]
Unnamed = Callable[[Term], bool]


def match(old: Graph, new: Graph, unnamed: Unnamed) -> tuple[Keys, Keys]:
    """Return a key for each unnamed thing of two graphs; things that are the same ones have the same key."""
    sides = _Side(old, unnamed), _Side(new, unnamed)
    alike = _alike(sides)
    found: tuple[dict[Term, Hashable], dict[Term, Hashable]] = {}, {}
    common = {alike[0][node] for node in sides[0].nodes} & {alike[1][node] for node in sides[1].nodes}
    for side, classes, keys in zip(sides, alike, found, strict=True):
        keys.update({node: classes[node] for node in side.nodes if classes[node] in common})
    for number, pair in enumerate(_Matcher(sides, found).pairs()):
        for keys, node in zip(found, pair, strict=True):
            keys[node] = ("pair", number)
    for name, side, keys in zip(("old", "new"), sides, found, strict=True):
        for number, node in enumerate(side.nodes):
            keys.setdefault(node, (name, number))
    return found


class _Side:
    """One of the two graphs, its unnamed things and how they hang together."""

    def __init__(self, graph: Graph, unnamed: Unnamed) -> None:
        self.graph = graph
        self.unnamed = unnamed
        ends = (end for triple in graph for end in (triple.subject, triple.object))
        self.nodes = tuple(dict.fromkeys(end for end in ends if unnamed(end)))
        self.links = tuple(t for t in graph if unnamed(t.subject) and unnamed(t.object))

    def said(self, triple: Triple) -> Iterable[tuple[Term, Hashable]]:
        """Yield the unnamed thing of a statement whose other end is none, with what is said of it."""
        subject, value = self.unnamed(triple.subject), self.unnamed(triple.object)
        if subject and not value:
            yield triple.subject, ("has", triple.predicate, triple.object)
        if value and not subject:
            yield triple.object, ("of", triple.predicate, triple.subject)

    @cached_property
    def described(self) -> Mapping[Term, frozenset[str]]:
        """What is said of each unnamed thing itself, but for its kinds."""
        found: dict[Term, set[str]] = defaultdict(set)
        for triple in self.graph:
            named = not self.unnamed(triple.object) and triple.predicate != term("rdf:type")
            if named and self.unnamed(triple.subject):
                found[triple.subject].add(f"{triple.predicate} {triple.object}")
        return {node: frozenset(found.get(node, ())) for node in self.nodes}

    @cached_property
    def below(self) -> Mapping[Term, Mapping[NamedNode, Sequence[Term]]]:
        """The unnamed things that each thing has, by the property."""
        found: dict[Term, dict[NamedNode, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for triple in self.graph:
            if self.unnamed(triple.object):
                found[triple.subject][triple.predicate].append(triple.object)
        return found

    def kinds(self, node: Term) -> Hashable:
        """Return the kinds of a thing."""
        return self.graph.nodes(node, term("rdf:type"))

    def name(self, node: Term) -> str | None:
        """Return the name of a thing, None where it has none."""
        return self.graph.text(node, term("ogr:name")) or self.graph.text(node, term("rdfs:label"))

    @cached_property
    def order(self) -> Mapping[Term, str]:
        """What each unnamed thing is sorted by: what is said of it."""
        return {node: "\n".join(sorted(said)) for node, said in self.described.items()}

    def tops(self) -> Sequence[Term]:
        """Return the unnamed things that nothing has."""
        owned = {triple.object for triple in self.graph}
        return [node for node in self.nodes if node not in owned]

    def strays(self) -> Sequence[Term]:
        """Return the unnamed things that only things of their own ring lead to."""
        linked = {triple.object for triple in self.links}
        owned = {triple.object for triple in self.graph if not self.unnamed(triple.subject)}
        waiting = [node for node in self.nodes if node not in linked or node in owned]
        reached = set(waiting)
        while waiting:
            for nodes in self.below.get(waiting.pop(), {}).values():
                waiting += [node for node in nodes if node not in reached]
                reached.update(nodes)
        return [node for node in self.nodes if node not in reached]


def _alike(sides: tuple[_Side, _Side]) -> tuple[Mapping[Term, int], Mapping[Term, int]]:
    """Return a number for each unnamed thing; things that are alike, in one graph or in two, share it."""
    numbers: list[dict[Term, int]] = []
    count = 0
    for side in sides:
        numbers.append({node: count + number for number, node in enumerate(side.nodes)})
        count += len(side.nodes)
    said: list[Counter[Hashable]] = [Counter() for _ in range(count)]
    links: list[list[tuple[Hashable, int]]] = [[] for _ in range(count)]
    for side, number in zip(sides, numbers, strict=True):
        for triple in side.graph:
            for node, what in side.said(triple):
                said[number[node]][what] += 1
        for triple in side.links:
            one, other = number[triple.subject], number[triple.object]
            links[one].append((("of", triple.predicate), other))
            links[other].append((("has", triple.predicate), one))
    classes = _refined([frozenset(each.items()) for each in said], links)
    left, right = ({node: classes[at] for node, at in number.items()} for number in numbers)
    return left, right


def _refined(start: Sequence[Hashable], links: Sequence[Sequence[tuple[Hashable, int]]]) -> list[int]:
    """Part things into as few classes as can be, whose members have the same links to each class.

    `start` holds what parts things from the first; `links` leads from each thing to others, with a mark.
    Of a class that is split the smaller part is looked at again, so that each link is followed few times.
    """
    numbers: dict[Hashable, int] = {}
    classes = [numbers.setdefault(each, len(numbers)) for each in start]
    members: list[set[int]] = [set() for _ in numbers]
    for node, number in enumerate(classes):
        members[number].add(node)
    waiting = deque(range(len(members)))
    queued = set(waiting)
    while waiting:
        number = waiting.popleft()
        queued.discard(number)
        for parted, part in _parts(members[number], links, classes):
            if len(part) == len(members[parted]):
                continue
            members[parted] -= part
            for node in part:
                classes[node] = len(members)
            smaller = len(members) if parted in queued or len(part) <= len(members[parted]) else parted
            members.append(part)
            waiting.append(smaller)
            queued.add(smaller)
    return classes


def _parts(
    splitter: set[int], links: Sequence[Sequence[tuple[Hashable, int]]], classes: Sequence[int]
) -> list[tuple[int, set[int]]]:
    """Return the parts of classes whose members have the same links to a class."""
    counts: dict[int, Counter[Hashable]] = defaultdict(Counter)
    for node in splitter:
        for mark, other in links[node]:
            counts[other][mark] += 1
    parts: dict[tuple[int, Hashable], set[int]] = defaultdict(set)
    for node, marks in counts.items():
        parts[classes[node], frozenset(marks.items())].add(node)
    return [(number, part) for (number, _), part in parts.items()]


class _Matcher:
    """Matches from above what is not alike; the first match that a thing finds is the one that it keeps."""

    def __init__(self, sides: tuple[_Side, _Side], known: tuple[Keys, Keys]) -> None:
        self._old, self._new = sides
        self._free = {
            id(side): {node for node in side.nodes if node not in keys}
            for side, keys in zip(sides, known, strict=True)
        }

    def pairs(self) -> Iterator[tuple[Term, Term]]:
        """Yield what is matched: below things with names, then what nothing has, then what is in rings."""
        old, new = self._old, self._new
        named = [each for each in old.below if each in new.below and not old.unnamed(each)]
        yield from self._below([(each, each) for each in sorted(named, key=str)])
        for ones, others in ((old.tops(), new.tops()), (old.strays(), new.strays())):
            found = self._matched(ones, others)
            yield from found
            yield from self._below(found)

    def _below(self, pairs: Iterable[tuple[Term, Term]]) -> Iterator[tuple[Term, Term]]:
        waiting = deque(pairs)
        while waiting:
            one, other = waiting.popleft()
            ones, others = self._old.below.get(one, {}), self._new.below.get(other, {})
            for predicate in sorted(ones.keys() & others.keys(), key=str):
                found = self._matched(ones[predicate], others[predicate])
                yield from found
                waiting.extend(found)

    def _matched(self, ones: Sequence[Term], others: Sequence[Term]) -> list[tuple[Term, Term]]:
        """Match things in the same place: those of one kind and name, those of one kind, then others."""
        found: list[tuple[Term, Term]] = []
        for named in (True, False):
            left, right = self._sorts(self._old, ones, named), self._sorts(self._new, others, named)
            for sort in [each for each in left if each in right]:
                found += self._taken(self._best(left[sort], right[sort], sure=True))
        rest = self._best(self._still(self._old, ones), self._still(self._new, others), sure=False)
        return sorted(found + self._taken(rest), key=self._rank)

    def _still(self, side: _Side, nodes: Iterable[Term]) -> list[Term]:
        return [node for node in nodes if node in self._free[id(side)]]

    def _sorts(self, side: _Side, nodes: Iterable[Term], named: bool) -> Mapping[Hashable, list[Term]]:
        found: dict[Hashable, list[Term]] = defaultdict(list)
        for node in self._still(side, nodes):
            found[side.kinds(node), side.name(node) if named else None].append(node)
        return found

    def _taken(self, pairs: list[tuple[Term, Term]]) -> list[tuple[Term, Term]]:
        for one, other in pairs:
            self._free[id(self._old)].discard(one)
            self._free[id(self._new)].discard(other)
        return pairs

    def _best(self, ones: list[Term], others: list[Term], *, sure: bool) -> list[tuple[Term, Term]]:
        """Match what has most in common; of one and one that are `sure` to match, nothing more is asked."""
        if sure and len(ones) == len(others) == 1:
            return [(ones[0], others[0])]
        if len(ones) * len(others) > MOST_PAIRS:
            left, right = (
                sorted(ones, key=self._old.order.__getitem__),
                sorted(others, key=self._new.order.__getitem__),
            )
            return list(zip(left, right, strict=False)) if sure else []
        found = [
            (-common, self._rank((one, other)), one, other)
            for one in ones
            for other in others
            if (common := len(self._old.described[one] & self._new.described[other]))
        ]
        pairs: list[tuple[Term, Term]] = []
        gone: tuple[set[Term], set[Term]] = set(), set()
        for _, _, one, other in sorted(found, key=lambda each: each[:2]):
            if one not in gone[0] and other not in gone[1]:
                pairs.append((one, other))
                gone[0].add(one)
                gone[1].add(other)
        return pairs

    def _rank(self, pair: tuple[Term, Term]) -> tuple[str, ...]:
        """Return what pairs are sorted by; it is the same when the two graphs change places."""
        return tuple(sorted((self._old.order[pair[0]], self._new.order[pair[1]])))
