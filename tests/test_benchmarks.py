"""The benchmarks: each runs on few models, and all ways come to the same verdicts."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks import hub_data, population, table_data
from benchmarks.by_hand import FLAGS, GRADES, ByHand
from benchmarks.measuring import TABLE_WAYS, Run
from benchmarks.scale import COPIES, LIMITED_FROM, Figure, _compared, _growth, limits
from benchmarks.ways import over_graphs, relational

from opengrade.bulk.files import Described, write_table
from opengrade.bulk.schema import Row
from opengrade.hub.lines import read_line
from opengrade.hub.records import Record
from opengrade.limits import Limits
from support import ROOT

pytestmark = [
    pytest.mark.slow,
    # Ibis calls it, and DuckDB 2 names it otherwise.
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
]


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def figure(way: str, models: int, seconds: float, grades: list[int] | None = None) -> Figure:
    return Figure(COPIES, way, models, Run(models, seconds, 100.0, np.array(grades or [0] * models)))


@pytest.mark.parametrize("make", [population.make_table, table_data.make])
def test_the_query_by_hand_grades_as_the_relational_route_does(tmp_path: Path, make: object) -> None:
    assert callable(make)
    table = tmp_path / "table.parquet"
    make(table, 3000)
    ours, hand = relational(table).grades, ByHand(table)
    assert len(ours) == 3000
    assert ours.tolist() == hand.grades().tolist()
    assert hand.counts() == {each: n for each, n in enumerate(np.bincount(ours).tolist()) if n}
    assert len(hand.counts()) > 1
    assert ByHand(table, FLAGS).grades().tolist() == ours.tolist()


def test_the_query_by_hand_asks_no_license_of_datasets(tmp_path: Path) -> None:
    known = table_data.codes()
    dictionaries = known.dictionaries
    parts, licenses, facts = list(dictionaries.parts), list(dictionaries.licenses), list(dictionaries.facts)
    of_kind = {parts[code].kinds[-1]: number for number, code in enumerate(known.kinds)}

    def row(kind: str, license_: str) -> Row:
        number = of_kind[kind]
        entry = licenses[known.licenses[table_data.LICENSES.index(license_)]]
        return Row(parts[known.kinds[number]], entry, facts[known.facts[number][1]])

    def model(name: str, without: str) -> Described:
        rows = (row(kind, "none" if kind == without else "apache-2.0") for kind in of_kind)
        return Described(name, name, (Row(parts[known.model[0]], None, facts[known.model[1]]), *rows))

    table = tmp_path / "table.parquet"
    write_table(table, [model("urn:data", "ogr:Datasets"), model("urn:code", "ogr:PreprocessingCode")])
    assert relational(table).grades.tolist() == [3, 2]
    for query in (GRADES, FLAGS):
        assert ByHand(table, query).grades().tolist() == [3, 2]


def test_a_model_is_the_same_one_as_triples_and_as_rows(tmp_path: Path) -> None:
    table = tmp_path / "table.parquet"
    population.make_table(table, 200)
    assert over_graphs("sparql", 200, 60).grades.tolist() == ByHand(table).grades().tolist()


def test_scale_compares_ways_on_the_same_data(tmp_path: Path) -> None:
    told = run(
        "scale", "--sizes", "2", "--rounds", "1", "--limit", "0.1", "--out", str(tmp_path), "--data", COPIES
    )
    assert told.count("all verdicts alike") == 1
    assert "DIFFER" not in told
    assert all(name in told for name in ("pyshacl", "sparql", "relational", "by-hand"))
    assert (tmp_path / "scale.csv").read_text().count("\n") >= 6


def test_sparql_tells_of_growth() -> None:
    told = run("sparql", "--sizes", "1", "20", "--rounds", "1", "--limit", "0.1")
    assert told.count("all verdicts alike") == 2
    assert "growth of the time of sparql to 20 models" in told


def test_hub_compares_grading_with_parsing(tmp_path: Path) -> None:
    told = run("hub", "--lines", "300", "--rounds", "1", "--folder", str(tmp_path))
    assert "grading to parsing" in told
    assert (tmp_path / "hub-300.jsonl").exists()


def test_other_verdicts_are_told() -> None:
    same = [figure("by-hand", 3, 1, [0, 1, 2]), figure("relational", 3, 1, [0, 1, 2])]
    assert _compared(same) == "all verdicts alike"
    other = [same[0], figure("relational", 3, 1, [0, 1, 3])]
    assert _compared(other) == "VERDICTS DIFFER: relational differs from by-hand in 1 of 3"


def test_limits_are_held_or_missed() -> None:
    many, few = LIMITED_FROM, LIMITED_FROM - 1
    quick = [figure("relational", many, 2.9), *(figure(each, many, 1) for each in TABLE_WAYS[1:])]
    slow = [figure("relational", many, 3.1), *quick[1:]]
    free = [figure("relational", few, 3.1), *(figure(each, few, 1) for each in TABLE_WAYS[1:])]
    for figures, word in ((quick, "held"), (slow, "MISSED"), (free, "relational")):
        told = [line for line in limits(figures) if "by hand with flags, copies" in line]
        assert [line.split()[0] for line in told] == [word]


def test_growth_is_brought_to_a_tenfold() -> None:
    runs = {each.models: each.run for each in (figure("a", 10, 1.0), figure("a", 1000, 100.0))}
    assert _growth(runs) == {1000: pytest.approx(10.0)}


def test_records_with_cards_state_the_same() -> None:
    """What the Hub gives in a card counts as what stands at the top does; only the task is one more thing."""
    plain, cards = (list(hub_data.lines(4000, cards=cards)) for cards in (False, True))
    assert sum('"cardData":{"' in line for line in cards) > 1000 + sum('"cardData"' in line for line in plain)
    for one, other in zip(plain, cards, strict=True):
        first, second = (read_line(line.encode(), Limits()) for line in (one, other))
        if isinstance(first, Record) and isinstance(second, Record):
            second = replace(second, task=first.task or second.task)
            first = replace(first, task=second.task)
        assert first == second
