"""Reads shapes into a small algebra that every route runs or compiles.

The criteria profile of SHACL Core, with the meaning that the standard gives them:

- node shapes with `sh:class`, `sh:in`, `sh:hasValue`, `sh:node`, `sh:not`, `sh:and`, `sh:or`, `sh:property`;
- property shapes with the same, and `sh:minCount`, `sh:maxCount`, `sh:qualifiedValueShape` with
  `sh:qualifiedMinCount` and `sh:qualifiedMaxCount`;
- paths that are a property, `sh:inversePath` of a property, or a sequence of these.

`sh:class` looks at stated types only: the facts that criteria are run on hold no subclass statements.
Anything else is refused when it is loaded, by name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from opengrade.errors import Place, RuleError
from opengrade.graph import Graph, Literal, NamedNode, Node, Term
from opengrade.namespaces import compact, term


@dataclass(frozen=True, slots=True)
class Step:
    """One property of a path, followed backwards where `inverse`."""

    property: NamedNode
    inverse: bool = False


Path_: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold; with no parts it always holds."""

    parts: tuple["Expr", ...] = ()


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Expr"


@dataclass(frozen=True, slots=True)
class Is:
    """The node is stated to be of a class."""

    class_: NamedNode


@dataclass(frozen=True, slots=True)
class In:
    """The node is one of some values."""

    values: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least `least` nodes that the path leads to satisfy the body."""

    path: Path_
    body: "Expr" = And()
    least: int = 1


@dataclass(frozen=True, slots=True)
class Every:
    """All nodes that the path leads to satisfy the body; also where there are none."""

    path: Path_
    body: "Expr"


@dataclass(frozen=True, slots=True)
class Ref:
    """The node conforms to a named shape."""

    shape: NamedNode


Expr: TypeAlias = And | Or | Not | Is | In | Some | Every | Ref


NODE_CONSTRAINTS = ("sh:class", "sh:in", "sh:hasValue", "sh:node", "sh:not", "sh:and", "sh:or", "sh:property")
COUNTS = (
    "sh:minCount",
    "sh:maxCount",
    "sh:qualifiedValueShape",
    "sh:qualifiedMinCount",
    "sh:qualifiedMaxCount",
)
SILENT = ("sh:targetClass", "sh:name", "sh:description", "sh:message", "sh:severity", "sh:order", "sh:path")
KNOWN = frozenset({*NODE_CONSTRAINTS, *COUNTS, *SILENT})
SINGLE = ("sh:in", "sh:path", *COUNTS)


class ShapeReader:
    """Reads the shapes of one framework file."""

    def __init__(self, graph: Graph, path: str) -> None:
        self.graph = graph
        self.path = path

    def refuse(self, shape: Term, what: str, fix: str) -> RuleError:
        """Return the error that says what is wrong with a shape."""
        name = compact(shape) if isinstance(shape, NamedNode) else "an unnamed shape"
        return RuleError(f"{name}: {what}", fix=fix, where=Place(self.path))

    def shape(self, node: Node) -> Expr:
        """Read a node shape or, where it has a path, a property shape."""
        self._check_terms(node)
        if self.graph.objects(node, term("sh:path")):
            return self._property_shape(node)
        for name in COUNTS:
            if self.graph.objects(node, term(name)):
                raise self.refuse(node, f"{name} stands without a sh:path.", "Say what is counted.")
        return self._body(node)

    def _check_terms(self, node: Node) -> None:
        for name in SINGLE:
            if len(self.graph.objects(node, term(name))) > 1:
                raise self.refuse(node, f"{name} stands more than once.", "SHACL allows one in a shape.")
        for triple in self.graph.about(node):
            name = compact(triple.predicate)
            if name.startswith("sh:") and name not in KNOWN:
                raise self.refuse(
                    node,
                    f"{name} is not in the criteria profile.",
                    f"Use one of: {', '.join(sorted(KNOWN))}.",
                )

    def reference(self, node: Term) -> Expr:
        """Read a shape that another one names: by name where it has one, in place otherwise."""
        if isinstance(node, Literal):
            raise self.refuse(node, "a shape is expected where a literal stands.", "Name a shape.")
        if isinstance(node, NamedNode):
            self._check_defined(node)
            return Ref(node)
        return self.shape(node)

    def _check_defined(self, node: NamedNode) -> None:
        if term("sh:NodeShape") not in self.graph.objects(node, term("rdf:type")):
            raise self.refuse(
                node, "the shape is used but not defined.", "Define it as a sh:NodeShape, or mend the name."
            )

    def _body(self, node: Node) -> Expr:
        parts: list[Expr] = []
        for name in NODE_CONSTRAINTS:
            for value in self.graph.objects(node, term(name)):
                parts.append(self._constraint(node, name, value))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _constraint(self, node: Node, name: str, value: Term) -> Expr:
        if name == "sh:class":
            if not isinstance(value, NamedNode):
                raise self.refuse(node, "sh:class needs the IRI of a class.", "Give one.")
            return Is(value)
        if name == "sh:in":
            return In(self._members(node, name, value))
        if name == "sh:hasValue":
            return In((value,))
        if name in ("sh:and", "sh:or"):
            parts = tuple(self.reference(each) for each in self._members(node, name, value))
            return And(parts) if name == "sh:and" else Or(parts)
        if name == "sh:property" and not self.graph.objects(value, term("sh:path")):
            raise self.refuse(node, "sh:property needs a shape with a sh:path.", "Give one, or use sh:node.")
        inner = self.reference(value)
        return Not(inner) if name == "sh:not" else inner

    def _members(self, node: Node, name: str, head: Term) -> tuple[Term, ...]:
        found = self.graph.items(head)
        if not found:
            raise self.refuse(node, f"{name} needs a list with at least one member.", "Give one.")
        return found

    def _property_shape(self, node: Node) -> Expr:
        path = self._path_of(node)
        parts: list[Expr] = []
        body = self._property_body(node)
        if body != And():
            parts.append(Every(path, body))
        for value in self.graph.objects(node, term("sh:hasValue")):
            parts.append(Some(path, In((value,))))
        least, most = self._count(node, "sh:minCount"), self._count(node, "sh:maxCount")
        if least:
            parts.append(Some(path, And(), least))
        if most is not None:
            parts.append(Not(Some(path, And(), most + 1)))
        parts.extend(self._qualified(node, path))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _property_body(self, node: Node) -> Expr:
        parts = [
            self._constraint(node, name, value)
            for name in NODE_CONSTRAINTS
            if name != "sh:hasValue"
            for value in self.graph.objects(node, term(name))
        ]
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _qualified(self, node: Node, path: Path_) -> Iterator[Expr]:
        least, most = self._count(node, "sh:qualifiedMinCount"), self._count(node, "sh:qualifiedMaxCount")
        shapes = self.graph.nodes(node, term("sh:qualifiedValueShape"))
        if bool(shapes) != (least is not None or most is not None) or len(shapes) > 1:
            raise self.refuse(
                node, "sh:qualifiedValueShape and a qualified count belong together.", "Give one of each."
            )
        for shape in shapes:
            body = self.reference(shape)
            if least:
                yield Some(path, body, least)
            if most is not None:
                yield Not(Some(path, body, most + 1))

    def _count(self, node: Node, name: str) -> int | None:
        text = self.graph.text(node, term(name))
        if text is None:
            return None
        if not text.isdigit():
            raise self.refuse(node, f"{name} has to be a whole number.", "Give one.")
        return int(text)

    def _path_of(self, node: Node) -> Path_:
        values = self.graph.objects(node, term("sh:path"))
        if len(values) != 1:
            raise self.refuse(node, "a property shape has exactly one sh:path.", "Give one.")
        members = self.graph.items(values[0]) or values
        return tuple(self._step(node, each) for each in members)

    def _step(self, shape: Node, value: Term) -> Step:
        if isinstance(value, NamedNode):
            return Step(value)
        inner = self.graph.objects(value, term("sh:inversePath"))
        if len(inner) == 1 and isinstance(inner[0], NamedNode):
            return Step(inner[0], inverse=True)
        raise self.refuse(
            shape,
            "this path is not in the criteria profile.",
            "Use properties, their inverses and sequences.",
        )


def check_acyclic(shapes: Mapping[NamedNode, Expr], reader: ShapeReader) -> None:
    """Raise RuleError for a shape that refers to itself, directly or through others."""
    done: set[NamedNode] = set()

    def visit(shape: NamedNode, above: tuple[NamedNode, ...]) -> None:
        if shape in above:
            raise reader.refuse(shape, "the shape refers to itself.", "Shapes have to be free of cycles.")
        if shape not in done:
            for inner in references(shapes[shape]):
                visit(inner, (*above, shape))
            done.add(shape)

    for shape in shapes:
        visit(shape, ())


def within(expression: Expr) -> Iterator[Expr]:
    """Yield an expression and all that it is made of, outermost first; named shapes are not looked into."""
    yield expression
    if isinstance(expression, And | Or):
        for part in expression.parts:
            yield from within(part)
    elif isinstance(expression, Not):
        yield from within(expression.part)
    elif isinstance(expression, Some | Every):
        yield from within(expression.body)


def references(expression: Expr) -> Iterator[NamedNode]:
    """Yield the named shapes that an expression refers to, with repetitions."""
    yield from (each.shape for each in within(expression) if isinstance(each, Ref))


def properties_of(expression: Expr) -> Iterator[NamedNode]:
    """Yield the properties on the paths of an expression, those of shapes that it names left out."""
    for each in within(expression):
        if isinstance(each, Some | Every):
            yield from (step.property for step in each.path)


def negation_normal(expression: Expr, *, negated: bool = False) -> Expr:
    """Push negations inwards until they stand before classes, values, counts and named shapes only."""
    if isinstance(expression, Not):
        return negation_normal(expression.part, negated=not negated)
    if isinstance(expression, And | Or):
        parts = tuple(negation_normal(part, negated=negated) for part in expression.parts)
        return And(parts) if isinstance(expression, And) != negated else Or(parts)
    if isinstance(expression, Every):
        body = negation_normal(expression.body, negated=negated)
        return Some(expression.path, body) if negated else Every(expression.path, body)
    if isinstance(expression, Some):
        if negated and expression.least == 1:
            return Every(expression.path, negation_normal(expression.body, negated=True))
        inner = Some(expression.path, negation_normal(expression.body), expression.least)
        return Not(inner) if negated else inner
    return Not(expression) if negated else expression


def selectors(expression: Expr) -> Iterator[Expr]:
    """Yield the parts of a body that say what thing is looked for: its class, or one value that it has."""
    if isinstance(expression, And):
        for part in expression.parts:
            yield from selectors(part)
    elif isinstance(expression, Is) or (
        isinstance(expression, Some) and isinstance(expression.body, In) and expression.least == 1
    ):
        yield expression
