"""One way to judge models, in a process of its own: `python -m benchmarks.ways NAME COUNT --…`.

Prints seconds and models as JSON; reading rules and license facts and making the data is not counted.
"""

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import population
from benchmarks.measuring import TABLE_WAYS
from benchmarks.peers import judges
from opengrade import memory
from opengrade.bulk.engines import connected, import_backend
from opengrade.bulk.files import open_table
from opengrade.bulk.running import run
from opengrade.bulk.workplace import workplace
from opengrade.frameworks import Framework
from opengrade.graph import NamedNode, Term, Triple
from opengrade.licenses import license_index
from opengrade.loading import framework, framework_files
from opengrade.routes import Outcome, shacl, sparql

RULES = "mof-1.0"
Judge = Callable[[Framework, Sequence[Triple]], Outcome]
# Each way with graphs, and how many models it is handed at once.
GRAPHS: dict[str, tuple[Judge, int]] = {
    "pyshacl": (shacl.run, 40),
    "sparql": (sparql.run, 1000),
    "sparql-at-once": (sparql.run, 100_000_000),
    "pyrudof": (judges.pyrudof, 500),
    "shacl-engine": (judges.shacl_engine, 500),
}


@dataclass(frozen=True)
class Found:
    """What a way took, and the grade of each model that it came to: 0 for none, 1, 2, … by rank."""

    seconds: float
    grades: np.ndarray


def over_graphs(name: str, count: int, limit: float) -> Found:
    """Judge models as triples until all are done or the limit is passed."""
    judge, at_once = GRAPHS[name]
    rules = framework(RULES)
    looked_at = rules.properties() | {NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")}
    seconds = 0.0
    grades: list[int] = []
    for first in range(0, count, at_once):
        numbers = range(first, min(first + at_once, count))
        triples = [t for n in numbers for t in population.triples_of(n, looked_at)]
        begin = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome = judge(rules, triples)
        seconds += time.perf_counter() - begin
        grades += _grades(rules, outcome, (NamedNode(population.name_of(n)) for n in numbers))
        if seconds > limit:
            break
    return Found(seconds, np.array(grades, dtype=np.uint8))


def _grades(rules: Framework, outcome: Outcome, models: Iterator[Term]) -> Iterator[int]:
    met = {g.rank: frozenset.intersection(*(frozenset(outcome[c]) for c in g.required)) for g in rules.grades}
    for model in models:
        yield max((rank for rank, members in met.items() if model in members), default=0)


def relational(table: Path) -> Found:
    """Grade a component table under all frameworks and write the results."""
    import_backend("duckdb")  # imports are not counted
    license_index()  # nor are license facts, which the query by hand, too, has at hand
    rules = [framework(name) for name in framework_files()]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results.parquet"
        begin = time.perf_counter()
        source = open_table(table)
        with workplace(out, [table], rules="benchmark") as parts, connected("duckdb") as engine:
            run(source, rules, engine, out, parts, versions={}, told=lambda *_: None)
        seconds = time.perf_counter() - begin
        found = pq.read_table(out, columns=[RULES])[RULES].combine_chunks()
    ranks = {grade.name: grade.rank for grade in framework(RULES).grades}
    column = found if pa.types.is_dictionary(found.type) else found.dictionary_encode()
    of_codes = np.array([*(ranks[name] for name in column.dictionary.to_pylist()), 0], dtype=np.uint8)
    codes = column.indices.fill_null(len(of_codes) - 1).to_numpy()
    return Found(seconds, of_codes[codes])


def by_hand(table: Path, form: str) -> Found:
    """Run the query that is written by hand, in one of its forms."""
    from benchmarks.by_hand import FLAGS, GRADES, ByHand  # noqa: PLC0415  (no other way pays for it)

    query = ByHand(table, FLAGS if form == "by-hand-flags" else GRADES)
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        if form != "by-hand-counts":
            query.write(Path(folder) / "grades.parquet")
        else:
            query.counts()
        seconds = time.perf_counter() - begin
    return Found(seconds, query.grades())


def main() -> None:
    """Run one way from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ways", description=__doc__)
    parser.add_argument("way", choices=[*GRAPHS, *TABLE_WAYS])
    parser.add_argument("--count", type=int, default=0, help="how many models, for ways over graphs")
    parser.add_argument("--table", type=Path, help="the component table, for the others")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds after which no batch is begun")
    parser.add_argument("--grades", type=Path, required=True, help="the file that is given the grades")
    given = parser.parse_args()
    memory.settle()
    if given.way in GRAPHS:
        found = over_graphs(given.way, given.count, given.limit)
    elif given.way == "relational":
        found = relational(given.table)
    else:
        found = by_hand(given.table, given.way)
    np.save(given.grades, found.grades)
    print(json.dumps({"seconds": found.seconds, "models": len(found.grades)}))


if __name__ == "__main__":
    main()
