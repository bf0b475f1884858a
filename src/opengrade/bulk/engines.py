"""The engines that run expressions over tables: DuckDB in this process, Spark on a cluster."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa

from opengrade.errors import UsageError

MEMORY = "2GB"


# What Ibis calls by another name in each engine, or with fewer bits; of what is given it takes the arguments.
_DIGESTS = {
    engine: ibis.udf.scalar.builtin(lambda number: number, name=name, signature=((dt.int64,), result))
    for engine, name, result in (("duckdb", "hash", dt.uint64), ("spark", "xxhash64", dt.int64))
}


@dataclass(frozen=True)
class Engine:
    """A connection of Ibis."""

    name: str
    connection: ibis.BaseBackend
    _numbers: Iterator[int] = field(default_factory=count, repr=False, compare=False)

    def file(self, path: Path) -> ir.Table:
        """Return the table in a Parquet file."""
        return self.connection.read_parquet(path)

    def table(self, given: pa.Table) -> ir.Table:
        """Return a table that is at hand."""
        if self.name != "duckdb":
            return ibis.memtable(given)
        # Of a table in memory DuckDB does not know the size, and then joins the wrong way round; create_table
        # of Ibis 12 fails with DuckDB 2.
        name = f"given{next(self._numbers)}"
        own = self.connection.con
        own.register(f"{name}_rows", given)
        own.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM {name}_rows")
        own.unregister(f"{name}_rows")
        return self.connection.table(name)

    def digest(self, numbers: ir.IntegerColumn) -> ir.IntegerColumn:
        """Return 64 bits for each number, by the hash function of the engine."""
        found: ir.IntegerColumn = _DIGESTS[self.name](numbers)
        return found

    def fetch(self, expression: ir.Table) -> pa.Table:
        """Run an expression; the order of the rows is any."""
        with _interrupted_by_people():
            return self.connection.to_pyarrow(expression)

    def fetching(self, expression: ir.Table) -> Callable[[], pa.Table]:
        """Make an expression ready; what is returned runs it, and lets Python go on meanwhile."""
        if self.name != "duckdb":
            return partial(self.fetch, expression)
        query = self.connection.compile(expression)

        def fetched() -> pa.Table:
            with _interrupted_by_people():
                return self.connection.con.sql(query).to_arrow_table()

        return fetched


@contextmanager
def _interrupted_by_people() -> Iterator[None]:
    """Let an interrupt be one, which DuckDB tells as an error of its own."""
    try:
        yield
    except RuntimeError as error:
        if "interrupted" in str(error):
            raise KeyboardInterrupt from None
        raise


def import_backend(name: str) -> None:
    """Import what Ibis imports only when it first connects to an engine and fetches from it."""
    for module in ("ibis.backends.duckdb", "pandas") if name == "duckdb" else ():
        importlib.import_module(module)


@contextmanager
def connected(name: str, *, master: str | None = None) -> Iterator[Engine]:
    """Connect to an engine by name; UsageError where Spark or Java is not installed."""
    if name == "spark":
        with _spark(master or "local[*]") as engine:
            yield engine
        return
    connection = ibis.duckdb.connect(memory_limit=MEMORY)
    try:
        yield Engine(name, connection)
    finally:
        connection.disconnect()


@contextmanager
def _spark(master: str) -> Iterator[Engine]:
    if importlib.util.find_spec("pyspark") is None:
        raise UsageError("Spark is not installed.", fix='Install it: pip install "opengrade[spark]".')
    from pyspark.errors import PySparkException, PySparkRuntimeError  # noqa: PLC0415  (an extra)
    from pyspark.sql import SparkSession  # noqa: PLC0415

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
    }
    builder = SparkSession.builder.master(master).appName("opengrade")
    for key, value in settings.items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, PySparkRuntimeError, OSError) as error:
        raise UsageError(
            f"Spark does not start: {str(error).splitlines()[0]}",
            fix="Spark needs Java 17 or newer; check JAVA_HOME and the --master.",
        ) from None
    try:
        yield Engine("spark", ibis.pyspark.connect(session))
    finally:
        session.stop()
