"""Spark on a master and two workers, each a process, gives the rows that DuckDB gives."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from opengrade.bulk.engines import connected
from opengrade.bulk.results import verdicts_path
from opengrade.errors import UsageError
from support import TESTS, facts_of
from table_examples import all_rules, catalog, example_files, written


@pytest.mark.slow
@pytest.mark.java
def test_spark_gives_what_duckdb_gives(tmp_path: Path) -> None:
    files = [path for rule in all_rules() for path in example_files(rule.name)[0]]
    facts = [*catalog(), *(facts_of(path) for path in files[::2])]
    table = written(tmp_path / "models.parquet", facts)
    child = str(TESTS / "spark_child.py")
    command = [sys.executable, "-W", "ignore", child, str(table), str(tmp_path)]
    # The child makes use of the loopback only, and its workers of the same Python.
    environment = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=280, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-3000:]
    ours, theirs = (tmp_path / f"{name}.parquet" for name in ("duckdb", "spark"))
    for by_duckdb, by_spark in ((ours, theirs), (verdicts_path(ours), verdicts_path(theirs))):
        expected, found = pq.read_table(by_duckdb), pq.read_table(by_spark)
        assert found.schema.equals(expected.schema, check_metadata=True)
        assert found.equals(expected)
    assert len(pq.read_table(theirs)) == sum(len(each.models) for each in facts) > 300


def test_where_spark_is_missing_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    right = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "pyspark" else right(name, *more)
    )
    with pytest.raises(UsageError) as error, connected("spark"):
        pass
    assert str(error.value) == 'Spark is not installed. Install it: pip install "opengrade[spark]".'
    assert error.value.exit_code == 2
