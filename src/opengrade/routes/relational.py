"""The relational route: criteria as one expression over a table of components, for any engine of Ibis.

Each thing is of a class whose rank under every leaf is known (`bulk.ranks`). The rank of a model under a leaf
that looks for one thing is the greatest of its things, under a leaf that looks at all the least; criteria are
greatest and least of these, and a grade is met where the least of its criteria is.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from opengrade.bulk.leaves import Judged, Leaf
from opengrade.bulk.ranks import met_from, rank_of
from opengrade.criteria import And, Every, Expr, Is, Not, Or, Ref, Some
from opengrade.findings import MET, Diagnosis
from opengrade.frameworks import Framework
from opengrade.graph import NamedNode

# Things of one model are told by two sums of such numbers, in all 104 bits: that two of a hundred million
# models with different things have the same sums has odds below 1 to 10^15.
MARK_BITS = 52
KEY = "thing"


Columns = Sequence[tuple[Framework, Leaf]]


def marks(rows: Sequence[tuple[int, ...]]) -> tuple[pa.Array, pa.Array]:
    """Return two numbers for each class of things, which follow from its ranks alone."""
    digests = [hashlib.sha256(repr(row).encode()).digest() for row in rows]
    first, second = (
        pa.array(
            (int.from_bytes(each[at : at + 8], "big") >> (64 - MARK_BITS) for each in digests), pa.int64()
        )
        for at in (0, 8)
    )
    return first, second


def signatures(things: ir.Table) -> ir.Table:
    """Return for each model two sums that tell models with different things apart.

    `things` has the columns model, mark0 and mark1.
    """
    return things.group_by("model").agg(
        mark0=things.mark0.sum().cast("int64"), mark1=things.mark1.sum().cast("int64")
    )


@dataclass(frozen=True)
class Names:
    """The columns of verdicts.

    `criteria` maps framework and criterion, or shape for half a point, to the column of their rank, `grades`
    framework and grade to that of whether it is met, `scores` each framework with a score to the column of
    half points.
    """

    criteria: Mapping[tuple[str, NamedNode], str]
    grades: Mapping[tuple[str, str], str]
    scores: Mapping[str, str]


@dataclass(frozen=True)
class Classes:
    """The ranks of classes of things as a table, each column that differs from others once.

    `table` has the number of the class and columns; `columns` maps framework and leaf to such a column, or to
    the one rank that all classes have.
    """

    table: pa.Table
    columns: Mapping[tuple[str, Leaf], str | int]
    least: frozenset[str]


def classes(columns: Columns, rows: Sequence[tuple[int, ...]]) -> Classes:
    """Lay the ranks of classes out for the expression; `rows` holds at least one class."""
    kept: dict[tuple[bool, tuple[int, ...]], str] = {}
    found: dict[tuple[str, Leaf], str | int] = {}
    for (framework, leaf), ranks in zip(columns, zip(*rows, strict=True), strict=True):
        key = isinstance(leaf, Every), ranks
        alike = len(set(ranks)) == 1
        found[framework.name, leaf] = ranks[0] if alike else kept.setdefault(key, f"leaf{len(kept)}")
    table = pa.table(
        {KEY: pa.array(range(len(rows)), pa.int32())}
        | {name: pa.array(ranks, pa.int16()) for (_, ranks), name in kept.items()}
    )
    return Classes(table, found, frozenset(name for (least, _), name in kept.items() if least))


def column_names(wanted: Sequence[Judged]) -> Names:
    """Return the names of the columns that `verdicts` gives."""
    frameworks = {each.framework.name: each.framework for each in wanted}
    grades = {
        (framework.name, grade.name): f"grade{n}_{grade.rank}"
        for n, framework in enumerate(frameworks.values())
        for grade in framework.grades
    }
    scores = {each.name: f"score{n}" for n, each in enumerate(frameworks.values()) if each.score}
    criteria = {(each.framework.name, each.node): f"rank{n}" for n, each in enumerate(wanted)}
    return Names(criteria, grades, scores)


def verdicts(things: ir.Table, known: Classes, wanted: Sequence[Judged]) -> ir.Table:
    """Return what is found of each model, in the columns that `column_names` tells.

    `things` has the column model and those of the table of classes.
    """
    nearest = things.group_by("model").agg(
        **{
            name: things[name].min() if name in known.least else things[name].max()
            for name in known.table.column_names[1:]
        }
    )
    columns = {
        leaf: nearest[each] if isinstance(each, str) else ibis.literal(each, "int16")
        for leaf, each in known.columns.items()
    }
    names = column_names(wanted)
    ranks = {
        names.criteria[each.framework.name, each.node]: _rank(each.framework, each.expression, columns)
        for each in wanted
    }
    found = nearest.select("model", **ranks)
    frameworks = {each.framework.name: each.framework for each in wanted}
    met = {
        column: _met(frameworks[name], grade, found, names.criteria)
        for (name, grade), column in names.grades.items()
    }
    points = {
        column: _half_points(frameworks[name], found, names.criteria) for name, column in names.scores.items()
    }
    return found.mutate(**met, **points)


def _met(
    framework: Framework, grade: str, found: ir.Table, names: Mapping[tuple[str, NamedNode], str]
) -> ir.BooleanValue:
    required = [found[names[framework.name, node]] for node in _required(framework, grade)]
    return _least(required) >= met_from() if required else ibis.literal(True)


def _required(framework: Framework, grade: str) -> tuple[NamedNode, ...]:
    found = framework.grade(grade)
    assert found is not None
    return found.required


def _rank(
    framework: Framework, expression: Expr, columns: Mapping[tuple[str, Leaf], ir.IntegerColumn]
) -> ir.IntegerValue:
    """Return the rank of an expression, as `findings.Climber.diagnose` works it out."""
    if isinstance(expression, And) and not expression.parts:
        return _fixed(MET, None)
    if isinstance(expression, And | Or):
        ranks = [_rank(framework, part, columns) for part in expression.parts]
        return _least(ranks) if isinstance(expression, And) else _greatest(ranks)
    if isinstance(expression, Not):
        held = _rank(framework, expression.part, columns) >= met_from()
        return ibis.ifelse(held, _fixed(0, None), _fixed(MET, None))
    if isinstance(expression, Ref):
        inner = _rank(framework, framework.shapes[expression.shape], columns)
        rung = framework.rungs.get(expression.shape)
        return inner if rung is None else ibis.ifelse(inner >= met_from(), inner, _fixed(1, rung.reason))
    assert isinstance(expression, Some | Every | Is)
    return columns[framework.name, expression]


def _fixed(depth: int, reason: NamedNode | None) -> ir.IntegerScalar:
    return ibis.literal(rank_of(Diagnosis(depth, reason)), "int16")


def _least(ranks: Sequence[ir.IntegerValue]) -> ir.IntegerValue:
    return ranks[0] if len(ranks) == 1 else ibis.least(*ranks)


def _greatest(ranks: Sequence[ir.IntegerValue]) -> ir.IntegerValue:
    return ranks[0] if len(ranks) == 1 else ibis.greatest(*ranks)


def _half_points(
    framework: Framework, found: ir.Table, names: Mapping[tuple[str, NamedNode], str]
) -> ir.IntegerValue:
    """Return the sum of two for each criterion that is met and one for each that is met by half."""
    assert framework.score is not None
    points = []
    for item in framework.score.items:
        met = found[names[framework.name, item.criterion]] >= met_from()
        none = ibis.literal(0, "int16")
        half = none
        if item.half is not None:
            held = found[names[framework.name, item.half]] >= met_from()
            half = ibis.ifelse(held, ibis.literal(1, "int16"), none)
        points.append(ibis.ifelse(met, ibis.literal(2, "int16"), half))
    total = points[0]
    for each in points[1:]:
        total = total + each
    return total
