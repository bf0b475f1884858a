"""Parts criteria into leaves, each about single things of a model, and refuses what a table cannot carry.

A leaf asks whether some thing, or every thing, that one property leads to is such and such. Of a model with
many things it is known when it is known of each thing alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from opengrade.bulk.projecting import RELATIONS, kept
from opengrade.criteria import (
    And,
    Every,
    Expr,
    Form,
    In,
    Is,
    Not,
    Or,
    Path_,
    Ref,
    Some,
    first,
    selectors,
    within,
)
from opengrade.errors import RuleError
from opengrade.frameworks import Framework
from opengrade.graph import NamedNode
from opengrade.licensing import OF_LICENSES
from opengrade.namespaces import compact, term

Leaf = Some | Every | Is


@dataclass(frozen=True, slots=True)
class Judged:
    """What is evaluated of each model: a criterion, or a shape that earns half a point, with its leaves."""

    framework: Framework
    node: NamedNode
    expression: Expr
    leaves: tuple[Leaf, ...]


def judged(framework: Framework) -> tuple[Judged, ...]:
    """Return what a framework judges of models; RuleError, by name, for what a table cannot carry."""
    model = term("ogr:Model")
    found = []
    for node, expression, target in framework.judged():
        if target == model:
            leaves = tuple(dict.fromkeys(_leaves(framework, node, expression)))
            found.append(Judged(framework, node, expression, leaves))
    return tuple(found)


def _leaves(framework: Framework, node: NamedNode, expression: Expr) -> Iterator[Leaf]:
    if isinstance(expression, And | Or):
        for part in expression.parts:
            yield from _leaves(framework, node, part)
    elif isinstance(expression, Not):
        yield from _leaves(framework, node, expression.part)
    elif isinstance(expression, Ref):
        yield from _leaves(framework, node, framework.shapes[expression.shape])
    elif isinstance(expression, Some | Every):
        _check_leaf(framework, node, expression)
        yield expression
    elif isinstance(expression, Is):
        yield expression
    else:
        raise _refused(framework, node, "asks for a model by its name, or for what needs all at once")


def _check_leaf(framework: Framework, node: NamedNode, leaf: Some | Every) -> None:
    if isinstance(leaf, Some) and leaf.least > 1:
        raise _refused(framework, node, "counts things of a model")
    property_ = _only(leaf.path)
    if property_ is None:
        raise _refused(framework, node, "looks beyond the model and its own things")
    related = property_ in map(term, RELATIONS)
    for part in thing_parts(leaf.body, framework.shapes):
        if isinstance(part, In):
            _check_values(framework, node, part, names=related)
        elif isinstance(part, Form) or (isinstance(part, Some | Every) and not related):
            raise _refused(framework, node, f"looks into what {compact(property_)} leads to")
        elif isinstance(part, Some | Every):
            _check_fact(framework, node, part)


def _only(path: Path_) -> NamedNode | None:
    """Return the property of a path that is just one property."""
    return first(path) if len(path) == 1 else None


def _check_fact(framework: Framework, node: NamedNode, part: Some | Every) -> None:
    """Check what is asked of a thing: of licenses all is kept, of other facts only what `kept` says."""
    counted = [each for each in within(part) if isinstance(each, Some) and each.least > 1]
    property_ = _only(part.path)
    if first(part.path) in OF_LICENSES and not counted:
        return
    if property_ is None or counted:
        raise _refused(framework, node, "looks beyond a thing of a model, or counts its values")
    for inner in thing_parts(part.body, framework.shapes):
        if isinstance(inner, In):
            _check_values(framework, node, inner, names=False)
        else:
            raise _refused(framework, node, f"looks into what {compact(property_)} leads to")


def _check_values(framework: Framework, node: NamedNode, part: In, *, names: bool) -> None:
    """Refuse values that the table does not keep; `names`: those of things, which it never keeps."""
    lost = [value for value in part.values if names or not kept(value)]
    if lost:
        raise _refused(framework, node, f"asks for the value {lost[0]}")


def _refused(framework: Framework, node: NamedNode, what: str) -> RuleError:
    return RuleError(
        f"{compact(node)} of {framework.name} {what}, which a table of components does not hold.",
        fix="Assess these models file by file, without --engine; docs/tables.md says what a table holds.",
    )


def thing_parts(expression: Expr, shapes: Mapping[NamedNode, Expr]) -> Iterator[Expr]:
    """Yield the tests that an expression makes of one and the same node, those of named shapes included."""
    if isinstance(expression, And | Or):
        for part in expression.parts:
            yield from thing_parts(part, shapes)
    elif isinstance(expression, Not):
        yield from thing_parts(expression.part, shapes)
    elif isinstance(expression, Ref):
        yield from thing_parts(shapes[expression.shape], shapes)
    else:
        yield expression


def concerns(leaf: Leaf, relation: str, kinds: frozenset[NamedNode]) -> bool:
    """Say whether a thing that belongs to its model by a relation can matter for a leaf."""
    if isinstance(leaf, Is):
        return not relation
    property_ = _only(leaf.path)
    asked = compact(property_) if property_ is not None else ""
    if asked in RELATIONS:
        wanted = {each.class_ for each in selectors(leaf.body) if isinstance(each, Is)}
        return relation == asked and (isinstance(leaf, Every) or wanted <= kinds)
    return not relation
