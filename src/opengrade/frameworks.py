"""Frameworks as data: criteria, grades, scores and deviations."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from opengrade.criteria import And, Every, Expr, Is, Ref, Some, properties_of, steps, within
from opengrade.evidence import Evidence
from opengrade.graph import Graph, NamedNode, Node
from opengrade.namespaces import local_name, term
from opengrade.vocabulary import vocabulary

# The names that a template of a message or fix can put in.
TEMPLATE_NAMES = frozenset(
    (
        *("model", "kind", "label", "license", "terms", "fix", "content", "base"),
        *("thing", "class", "who", "answer"),
    )
)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One requirement: its shape as an expression, the words that go with it, and where it is written."""

    node: NamedNode
    label: str
    message: str
    fix: str
    kinds: tuple[NamedNode, ...]
    expression: Expr
    evidence: tuple[Evidence, ...]
    clause: str | None
    unverified: str | None

    @property
    def name(self) -> str:
        """The local name."""
        return local_name(self.node)


@dataclass(frozen=True, slots=True)
class Grade:
    """A level; `required` holds the criteria of the level and of all it presupposes, `own` only its own."""

    node: NamedNode
    label: str
    rank: int
    required: tuple[NamedNode, ...]
    own: tuple[NamedNode, ...]
    recommended: tuple[NamedNode, ...]

    @property
    def name(self) -> str:
        """The local name."""
        return local_name(self.node)


@dataclass(frozen=True, slots=True)
class Rung:
    """A named shape whose failure gives a finding its reason; `advice` if it only warns.

    `message` and `fix` are templates that take the place of those of the reason.
    """

    shape: NamedNode
    reason: NamedNode
    target: NamedNode
    order: int
    advice: bool
    message: str | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class ScoreItem:
    """What earns one point where the criterion is met, half a point where only the shape `half` is."""

    criterion: NamedNode
    half: NamedNode | None
    group: NamedNode | None


@dataclass(frozen=True, slots=True)
class Score:
    """The mean of the points of all items, and of those of each group; `groups` maps nodes to labels."""

    label: str
    items: tuple[ScoreItem, ...]
    groups: tuple[tuple[NamedNode, str], ...]


@dataclass(frozen=True, slots=True)
class Deviation:
    """A point in which a framework file departs from the text it renders."""

    name: str
    label: str
    note: str
    shown_by: tuple[str, ...]


@dataclass(frozen=True)
class Framework:
    """A framework as loaded: grades lowest first; `shapes` maps each named shape to its expression.

    It has grades, a score, or both; `notice` is what readers have to know of its verdicts, `unverified` what
    of its text was not read.
    """

    node: NamedNode
    name: str
    title: str
    version: str
    issued: str | None
    sources: tuple[str, ...]
    description: str
    notice: str | None
    unverified: str | None
    monotone: bool
    criteria: tuple[Criterion, ...]
    grades: tuple[Grade, ...]
    score: Score | None
    deviations: tuple[Deviation, ...]
    shapes: Mapping[NamedNode, Expr]
    rungs: Mapping[NamedNode, Rung]
    graph: Graph = field(repr=False)
    _ladders: dict[Expr, tuple[Rung, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def criterion(self, node: NamedNode) -> Criterion:
        """Return a criterion by its IRI."""
        return next(each for each in self.criteria if each.node == node)

    def grade(self, name: str) -> Grade | None:
        """Return a grade by its local name, None where there is none of that name."""
        return next((each for each in self.grades if each.name == name), None)

    def judged(self) -> Iterator[tuple[NamedNode, Expr, NamedNode]]:
        """Yield each shape that routes evaluate with its expression and the class of nodes it is run on."""
        model = term("ogr:Model")
        yield from ((each.node, each.expression, model) for each in self.criteria)
        items = self.score.items if self.score else ()
        yield from ((i.half, self.shapes[i.half], model) for i in items if i.half is not None)
        yield from ((rung.shape, self.shapes[rung.shape], rung.target) for rung in self.rungs.values())

    def properties(self) -> frozenset[NamedNode]:
        """Return all properties that the shapes look at."""
        return frozenset(p for each in self.shapes.values() for p in properties_of(each))

    def ladder(self, expression: Expr) -> tuple[Rung, ...]:
        """Return the rungs that a body is made of or explained by, in their order."""
        if expression not in self._ladders:
            self._ladders[expression] = self._ladder(expression)
        return self._ladders[expression]

    def _ladder(self, expression: Expr) -> tuple[Rung, ...]:
        shapes = list(self._references(expression))
        shapes += [node for shape in shapes for node in self._linked(shape, "ogr:explainedBy")]
        found = {self.rungs[shape] for shape in shapes if shape in self.rungs}
        return tuple(sorted(found, key=lambda rung: (rung.order, rung.shape.value)))

    def advice(self, expression: Expr) -> tuple[Rung, ...]:
        """Return the rungs that the shapes of a body advise."""
        return tuple(
            self.rungs[n] for s in self._references(expression) for n in self._linked(s, "ogr:advises")
        )

    def _linked(self, shape: NamedNode, property_: str) -> tuple[NamedNode, ...]:
        return named(self.graph, shape, property_)

    def _references(self, expression: Expr) -> Iterator[NamedNode]:
        if isinstance(expression, And):
            for part in expression.parts:
                yield from self._references(part)
        elif isinstance(expression, Ref):
            yield expression.shape
            yield from self._references(self.shapes[expression.shape])


def kinds_of(expression: Expr, shapes: Mapping[NamedNode, Expr]) -> Iterator[NamedNode]:
    """Yield the kinds of components that an expression looks for, in its order."""
    for each in within(expression):
        if isinstance(each, Is) and each.class_ in vocabulary().kinds:
            yield each.class_
        elif isinstance(each, Ref):
            yield from kinds_of(shapes[each.shape], shapes)
        elif isinstance(each, Some | Every):
            yield from (kind for step in steps(each.path) for kind in concerned(step.property))


@cache
def concerned(property_: NamedNode) -> tuple[NamedNode, ...]:
    """Return the kinds of component that a property of derived facts is read from."""
    return tuple(
        each
        for each in vocabulary().graph.nodes(property_, term("ogr:concernsKind"))
        if isinstance(each, NamedNode)
    )


def named(graph: Graph, node: Node, property_: str) -> tuple[NamedNode, ...]:
    """Return the named objects of a property."""
    return tuple(each for each in graph.nodes(node, term(property_)) if isinstance(each, NamedNode))
