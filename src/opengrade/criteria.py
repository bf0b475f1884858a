"""The algebra of criteria that every route runs or compiles, and walks over it.

`profile` reads shapes into it and says which constructs of SHACL Core have a form here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from opengrade.graph import NamedNode, Term


@dataclass(frozen=True, slots=True)
class Step:
    """One property of a path, followed backwards where `inverse`."""

    property: NamedNode
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class Alternative:
    """A part of a path that is any one of some paths."""

    paths: tuple["Path_", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part of a path that is a path followed `least` times (0 or 1) or once, or where `many` more often."""

    path: "Path_"
    least: int
    many: bool


Path_: TypeAlias = tuple[Step | Alternative | Repeat, ...]


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
class Form:
    """The node itself is a term of a certain form, whatever is stated of it.

    `constraint` is one of SHACL, such as `sh:nodeKind`, with its values; `forms` holds what each means.
    """

    constraint: str
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


Expr: TypeAlias = And | Or | Not | Is | In | Form | Some | Every | Ref


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


def steps_of(expression: Expr) -> Iterator[Step]:
    """Yield the steps on the paths of an expression, those of shapes that it names left out."""
    for each in within(expression):
        if isinstance(each, Some | Every):
            yield from steps(each.path)


def properties_of(expression: Expr) -> Iterator[NamedNode]:
    """Yield the properties on the paths of an expression, those of shapes that it names left out."""
    yield from (step.property for step in steps_of(expression))


def steps(path: Path_) -> Iterator[Step]:
    """Yield the single steps that a path is made of, in the order in which they are written."""
    for part in path:
        if isinstance(part, Step):
            yield part
        elif isinstance(part, Alternative):
            yield from (step for each in part.paths for step in steps(each))
        else:
            yield from steps(part.path)


def plain(path: Path_) -> tuple[Step, ...] | None:
    """Return a path as the steps one after the other that it is, None where it branches or repeats."""
    found = tuple(part for part in path if isinstance(part, Step))
    return found if len(found) == len(path) else None


def first(path: Path_) -> NamedNode | None:
    """Return the property that a path starts with, None where it branches, repeats or starts backwards."""
    found = plain(path)
    return found[0].property if found and not found[0].inverse else None


def inverted(path: Path_) -> Path_:
    """Return the path that leads back."""
    return tuple(_inverted(part) for part in reversed(path))


def _inverted(part: Step | Alternative | Repeat) -> Step | Alternative | Repeat:
    if isinstance(part, Step):
        return Step(part.property, not part.inverse)
    if isinstance(part, Alternative):
        return Alternative(tuple(inverted(each) for each in part.paths))
    return Repeat(inverted(part.path), part.least, part.many)


def negation_normal(expression: Expr, *, negated: bool = False) -> Expr:
    """Push negations inwards until they stand before classes, values, forms, counts and named shapes only."""
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
