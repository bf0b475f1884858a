"""The relational route: criteria as one expression over a table of components, for any engine of Ibis.

Each thing is of a class whose rank under every leaf is known (`bulk.ranks`). The rank of a model under a leaf
that looks for one thing is the greatest of its things, under a leaf that looks at all the least; criteria are
greatest and least of these, and a grade is met where the least of its criteria is.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from opengrade.bulk.leaves import Judged, Leaf
from opengrade.bulk.ranks import met_from, rank_of
from opengrade.criteria import And, Every, Expr, Is, Not, Or, Ref, Some
from opengrade.findings import MET, Diagnosis
from opengrade.frameworks import Framework
from opengrade.graph import NamedNode

# Models are told apart by two sums of such numbers, in all 96 bits: that two of a hundred million models with
# different things have the same sums has odds below 1 to 10^12, and sums of 30,000 fit into 64 bits.
MARK_BITS = 48
KEY = "thing"


Columns = Sequence[tuple[Framework, Leaf]]
# A rank that all models have is a number, so that the expression is no longer than need be.
Rank: TypeAlias = "int | ir.IntegerValue"
Met: TypeAlias = "bool | ir.BooleanValue"
Value: TypeAlias = "Rank | Met"
# Gives 64 bits for each number, as a hash function does; which function is for the engine to say.
Digest = Callable[[ir.IntegerColumn], ir.IntegerColumn]


def signatures(things: ir.Table, digest: Digest) -> ir.Table:
    """Return for each model two sums that tell models with different things apart.

    `things` has the columns model and look, the number of what a thing is.
    """
    marks = (digest(look) >> (64 - MARK_BITS) for look in (things.look, ~things.look))
    marked = things.select("model", **{f"mark{n}": mark for n, mark in enumerate(marks)})
    # Of the sums only digests are kept, since sums have 128 bits in DuckDB, which are slow to fetch.
    sums = (marked.mark0.sum(), marked.mark1.sum())
    return marked.group_by("model").agg(**{f"mark{n}": digest(total) >> 1 for n, total in enumerate(sums)})


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


@dataclass(frozen=True)
class Asked:
    """What has to be asked of an engine, each thing once.

    `table` has the column model and others; `columns` maps each name of `column_names` to one of these, or to
    what is the same for all models.
    """

    table: ir.Table
    columns: Mapping[str, str | int]


def verdicts(things: ir.Table, known: Classes, wanted: Sequence[Judged]) -> Asked:
    """Say what to ask to find all verdicts of models.

    `things` has the column model and those of the table of classes.
    """
    nearest = things.group_by("model").agg(
        **{
            name: things[name].min() if name in known.least else things[name].max()
            for name in known.table.column_names[1:]
        }
    )
    columns = {leaf: nearest[each] if isinstance(each, str) else each for leaf, each in known.columns.items()}
    names = column_names(wanted)
    frameworks = {each.framework.name: each.framework for each in wanted}
    of_criteria, asked = _each_once(
        {
            names.criteria[each.framework.name, each.node]: _rank(each.framework, each.expression, columns)
            for each in wanted
        }
    )
    found = nearest.select("model", **asked)
    ranks = {
        key: found[each] if isinstance(each := of_criteria[name], str) else each
        for key, name in names.criteria.items()
    }
    met = {column: _met(frameworks[name], grade, ranks) for (name, grade), column in names.grades.items()}
    points = {column: _half_points(frameworks[name], ranks) for name, column in names.scores.items()}
    of_frameworks, more = _each_once(met | points)
    return Asked(found.mutate(**more), of_criteria | of_frameworks)


def _each_once(values: Mapping[str, Value]) -> tuple[dict[str, str | int], dict[str, ir.Value]]:
    """Return for each name its number or the first name with the same expression; and what these name."""
    first: dict[Hashable, str] = {}
    found: dict[str, str | int] = {}
    for name, value in values.items():
        found[name] = value if isinstance(value, int) else first.setdefault(value.op(), name)
    return found, {name: values[name] for name in first.values()}


def _column(rank: Rank) -> ir.IntegerValue:
    return ibis.literal(rank, "int16") if isinstance(rank, int) else rank


def _is_met(rank: Rank) -> Met:
    return rank >= met_from()


def _met(framework: Framework, grade: str, ranks: Mapping[tuple[str, NamedNode], Rank]) -> Met:
    required = [ranks[framework.name, node] for node in _required(framework, grade)]
    return _is_met(_least(required)) if required else True


def _required(framework: Framework, grade: str) -> tuple[NamedNode, ...]:
    found = framework.grade(grade)
    assert found is not None
    return found.required


def _rank(framework: Framework, expression: Expr, columns: Mapping[tuple[str, Leaf], Rank]) -> Rank:
    """Return the rank of an expression, as `findings.Climber.diagnose` works it out."""
    if isinstance(expression, And) and not expression.parts:
        return _fixed(MET, None)
    if isinstance(expression, And | Or):
        ranks = [_rank(framework, part, columns) for part in expression.parts]
        return _least(ranks) if isinstance(expression, And) else _greatest(ranks)
    if isinstance(expression, Not):
        inner = _rank(framework, expression.part, columns)
        return _chosen(_is_met(inner), _fixed(0, None), _fixed(MET, None))
    if isinstance(expression, Ref):
        inner = _rank(framework, framework.shapes[expression.shape], columns)
        rung = framework.rungs.get(expression.shape)
        return inner if rung is None else _chosen(_is_met(inner), inner, _fixed(1, rung.reason))
    assert isinstance(expression, Some | Every | Is)
    return columns[framework.name, expression]


def _fixed(depth: int, reason: NamedNode | None) -> int:
    return rank_of(Diagnosis(depth, reason))


def _chosen(condition: Met, one: Rank, other: Rank) -> Rank:
    if isinstance(condition, bool):
        return one if condition else other
    found: ir.IntegerValue = ibis.ifelse(condition, _column(one), _column(other))
    return found


def _least(ranks: Sequence[Rank]) -> Rank:
    return _outermost(ranks, min, ibis.least)


def _greatest(ranks: Sequence[Rank]) -> Rank:
    return _outermost(ranks, max, ibis.greatest)


def _outermost(
    ranks: Sequence[Rank], of_numbers: Callable[[list[int]], int], of_columns: Callable[..., ir.IntegerValue]
) -> Rank:
    """Return the least or the greatest of ranks, of which known numbers are told at once."""
    numbers = [each for each in ranks if isinstance(each, int)]
    columns = list({each.op(): each for each in ranks if not isinstance(each, int)}.values())
    if numbers:
        if not columns:
            return of_numbers(numbers)
        columns.append(_column(of_numbers(numbers)))
    return columns[0] if len(columns) == 1 else of_columns(*columns)


def _half_points(framework: Framework, ranks: Mapping[tuple[str, NamedNode], Rank]) -> Rank:
    """Return the sum of two for each criterion that is met and one for each that is met by half."""
    assert framework.score is not None
    points: list[Rank] = []
    for item in framework.score.items:
        half: Rank = 0
        if item.half is not None:
            half = _chosen(_is_met(ranks[framework.name, item.half]), 1, 0)
        points.append(_chosen(_is_met(ranks[framework.name, item.criterion]), 2, half))
    return sum(points[1:], points[0])
