"""The results of a run in Parquet files: a row for each model, and a row for each verdict that models share.

What the columns mean is told in docs/tables.md.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from opengrade.bulk.ahead import ahead
from opengrade.bulk.kept import whole
from opengrade.bulk.leaves import Judged
from opengrade.bulk.ranks import STATUSES, outcomes, reasons
from opengrade.bulk.schema import METADATA
from opengrade.frameworks import Framework
from opengrade.namespaces import local_name
from opengrade.routes.relational import column_names

ROWS_IN_A_GROUP = 250_000
# So many groups are laid out in a thread while those before them are written.
GROUPS_AHEAD = 2


@dataclass(frozen=True)
class Verdicts:
    """All verdicts of a run, one a row: what is found by each framework, in the columns of the results.

    `grades` holds the columns that are repeated for each model, `statuses` a status and a reason for each
    criterion.
    """

    grades: pa.Table
    statuses: pa.Table


def laid_out(found: pa.Table, rules: Sequence[Framework], wanted: Sequence[Judged]) -> Verdicts:
    """Turn what the relational route found into the columns of the results."""
    names = column_names(wanted)
    grades: dict[str, pa.Array] = {}
    statuses: dict[str, pa.Array] = {}
    for rule in rules:
        if rule.grades:
            met = {grade.name: found[names.grades[rule.name, grade.name]].to_numpy() for grade in rule.grades}
            grades[rule.name] = _best(met, len(found))
        if rule.score:
            points = found[names.scores[rule.name]].to_numpy().astype(float)
            codes = [names.criteria[rule.name, item.criterion] for item in rule.score.items]
            open_ = np.stack([_is_not_stated(found[name].to_numpy()) for name in codes]).all(axis=0)
            grades[f"{rule.name}.score"] = pa.array(points / (2 * len(codes)), mask=open_)
        for criterion in rule.criteria:
            codes_of = found[names.criteria[rule.name, criterion.node]].to_numpy()
            statuses[f"{rule.name}.{criterion.name}"] = pa.array(_statuses()[codes_of])
            statuses[f"{rule.name}.{criterion.name}.reason"] = pa.array(_reasons()[codes_of])
    return Verdicts(pa.table(grades), pa.table(statuses))


def _best(met: dict[str, np.ndarray], count: int) -> pa.DictionaryArray:
    """Return the name of the highest grade that is met, of grades given lowest first."""
    best = np.full(count, -1, dtype=np.int32)
    for number, values in enumerate(met.values()):
        best[values.astype(bool)] = number
    return pa.DictionaryArray.from_arrays(pa.array(best, mask=best < 0), pa.array(list(met), pa.string()))


def _is_not_stated(codes: np.ndarray) -> np.ndarray:
    return np.isin(codes, np.flatnonzero(_statuses() == STATUSES.index("not-stated")))


def _statuses() -> np.ndarray:
    return np.array([STATUSES.index(status) for status, _ in outcomes()], dtype=np.int8)


def _reasons() -> np.ndarray:
    return np.array([reasons().index(reason) for _, reason in outcomes()], dtype=np.int8)


def meaning(rules: Sequence[Framework], versions: dict[str, str]) -> dict[str, str]:
    """Return the metadata of result files: the codes of statuses and reasons, and by which rules."""
    document = {
        "statuses": list(STATUSES),
        "reasons": [reason and local_name(reason) for reason in reasons()],
        "frameworks": [rule.node.value for rule in rules],
        **versions,
    }
    return {METADATA: json.dumps(document)}


def verdicts_path(path: Path) -> Path:
    """Return where the verdicts lie that the results in a file refer to."""
    return path.with_suffix(f".verdicts{path.suffix}")


def write(
    path: Path,
    names: Iterable[pa.Table],
    verdicts: np.ndarray,
    found: Verdicts,
    metadata: dict[str, str],
) -> np.ndarray:
    """Write both files and return how many models have each verdict; a file appears when it is whole.

    `names` are IRIs and names of the models in their order, `verdicts` the number of the verdict of each.
    """
    counts = np.bincount(verdicts, minlength=len(found.grades))
    schema = pa.schema(
        [
            pa.field("model", pa.string(), nullable=False),
            pa.field("name", pa.string(), nullable=False),
            pa.field("verdict", pa.int32(), nullable=False),
            *(found.grades.schema.field(name) for name in found.grades.column_names),
        ],
        metadata=metadata,
    )
    grades = found.grades.combine_chunks()
    own = ("model", "name")
    form = {
        "compression": "zstd",
        "use_dictionary": [name for name in schema.names if name not in own],
        "write_statistics": [*own, "verdict"],
    }

    def groups() -> Iterator[pa.Table]:
        first = 0
        for named in _regrouped(names, ROWS_IN_A_GROUP):
            numbers = pa.array(verdicts[first : first + len(named)])
            yield pa.table([*named.columns, numbers, *grades.take(numbers).columns], schema=schema)
            first += len(named)

    # What the first refers to is there before it.
    with whole(path) as models, whole(verdicts_path(path)) as others, ThreadPoolExecutor(1) as aside:
        written = aside.submit(_write_verdicts, others, found, counts, metadata)
        with pq.ParquetWriter(models, schema, **form) as writer, ahead(groups(), GROUPS_AHEAD) as tables:
            for table in tables:
                writer.write_table(table)
        written.result()
    return counts


def _regrouped(tables: Iterable[pa.Table], size: int) -> Iterator[pa.Table]:
    """Yield the rows of tables in tables of one size, the last of which may be smaller."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        while sum(map(len, waiting)) >= size:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, size)
            waiting = [joined.slice(size)]
    if any(map(len, waiting)):
        yield pa.concat_tables(waiting)


def _write_verdicts(path: Path, found: Verdicts, counts: np.ndarray, metadata: dict[str, str]) -> None:
    numbers = {"verdict": pa.array(range(len(counts)), pa.int32()), "models": pa.array(counts)}
    columns = {name: found.grades[name] for name in found.grades.column_names}
    columns |= {name: found.statuses[name] for name in found.statuses.column_names}
    table = pa.table(numbers | columns).replace_schema_metadata(metadata)
    pq.write_table(table, path, compression="zstd")


def counted(found: Verdicts, counts: np.ndarray) -> list[tuple[str, str, int]]:
    """Return framework, grade and number of models; a score is told as its mean, in place of the number."""
    rows: list[tuple[str, str, int]] = []
    for name in found.grades.column_names:
        column = found.grades[name].combine_chunks()
        if name.endswith(".score"):
            judged = counts[~column.is_null().to_numpy(zero_copy_only=False)].sum()
            rows.append((name.removesuffix(".score"), "with a score", int(judged)))
            continue
        grades = [None, *column.dictionary.to_pylist()]
        values = column.indices.fill_null(-1).to_numpy() + 1
        totals = np.bincount(values, weights=counts, minlength=len(grades)).astype(np.int64)
        rows += [(name, grade or "none", int(total)) for grade, total in zip(grades, totals, strict=True)]
    return rows
