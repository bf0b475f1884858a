"""Models with the same things are of one kind, and kinds with the same classes of things are judged once."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opengrade.bulk.engines import Engine, connected
from opengrade.bulk.files import TableFile, TablePart, open_table, rows_table, table_writer
from opengrade.bulk.grading import _with_the_same
from opengrade.bulk.schema import Dictionaries, Part
from opengrade.bulk.sorting import Sorter, _kinds

PARTS, FACTS = 3, 50
FIRST = 7


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connected("duckdb") as found:
        yield found


def written(path: Path, models: list[list[tuple[int, int]]]) -> Path:
    """Write a table of models that have things of a part and with facts, told by their codes."""
    known = Dictionaries()
    for number in range(PARTS):
        known.part(Part("ogr:hasComponent", (f"ogr:Kind{number}",)))
    for number in range(FACTS):
        known.fact((("ogr:note", f"{number}"),))
    known.license(None)
    rows = [(model, *thing) for model, things in enumerate(models) for thing in things]
    numbers, parts, facts = (list(column) for column in zip(*rows, strict=True))
    first = [place == 0 or rows[place - 1][0] != row[0] for place, row in enumerate(rows)]
    names = [
        (f"urn:{row[0]}", f"{row[0]}") if new else (None, None) for row, new in zip(rows, first, strict=True)
    ]
    with table_writer(path, known) as write:
        write(rows_table([numbers, parts, [0] * len(rows), facts], names))
    return path


def kinds(path: Path, engine: Engine) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the kind of each model, and kinds with the numbers of their things."""
    table = open_table(path)
    (part,) = table.parts()
    found = Sorter(table.looks, engine).sort(part)
    return found.kind.tolist(), sorted(
        zip(*(found.rows[n].to_pylist() for n in ("kind", "look")), strict=True)
    )


def test_kinds_are_told_by_all_things_and_numbered_as_met(tmp_path: Path, engine: Engine) -> None:
    models = [[(0, 1)], [(0, 1), (1, 0)], [(0, 1)], [(1, 0)], [(1, 0), (0, 1)], [(0, 1), (0, 1)], [(2, 49)]]
    found, rows = kinds(written(tmp_path / "t.parquet", models), engine)
    assert found == [0, 1, 0, 2, 1, 3, 4]
    assert rows == sorted(
        (kind, part * FACTS + facts)
        for kind, model in ((0, 0), (1, 1), (2, 3), (3, 5), (4, 6))
        for part, facts in models[model]
    )


def test_a_model_may_have_a_great_many_things(tmp_path: Path, engine: Engine) -> None:
    models = [[(n % 3, n % FACTS) for n in range(200_000)], [(0, 0)]]
    models.append(models[0])
    assert kinds(written(tmp_path / "t.parquet", models), engine)[0] == [0, 1, 0]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30), st.randoms())
def test_kinds_are_found_in_whatever_order_an_engine_gives_models(
    marks: list[tuple[int, int]], random: Random
) -> None:
    """Also where one mark does not tell all apart."""
    rows = [(FIRST + number, *each) for number, each in enumerate(marks)]
    random.shuffle(rows)
    file = TableFile(Path("t.parquet"), "{}", {"model": FIRST + len(rows) - 1})
    part = TablePart(file, FIRST, len(rows))
    columns = (pa.array(column, pa.int64()) for column in zip(*rows, strict=True))
    found = _kinds(pa.table([*columns], names=["model", "mark0", "mark1"]), part, len(rows))
    known: dict[tuple[int, int], int] = {}
    assert found.inverse.tolist() == [known.setdefault(each, len(known)) for each in marks]
    assert found.keys == list(known)
    assert [marks[first] for first in found.first] == list(known)
    assert found.first == [marks.index(each) for each in known]


@given(st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=5), min_size=1, max_size=30))
def test_kinds_with_the_same_classes_are_found(classes: list[list[int]]) -> None:
    pairs = [(kind, each) for kind, of_kind in enumerate(classes) for each in of_kind]
    kind, class_ = np.array(pairs, np.int64).T
    things, numbers = _with_the_same(kind, class_)
    known: dict[frozenset[int], int] = {}
    assert numbers.tolist() == [known.setdefault(frozenset(each), len(known)) for each in classes]
    expected = sorted((number, each) for found, number in known.items() for each in found)
    assert list(zip(*(things[name].to_pylist() for name in ("model", "thing")), strict=True)) == expected
