"""Grades one table by DuckDB and by Spark on a cluster of two workers, as a process of its own."""

import sys
from pathlib import Path

from opengrade.bulk import files, running
from opengrade.bulk.engines import connected
from opengrade.bulk.workplace import workplace
from table_examples import all_rules

MASTER = "local-cluster[2,1,2048]"


def main(table: Path, folder: Path) -> None:
    """Write the results of both engines, each in files of its own."""
    source = files.open_table(table)
    for name, master in (("duckdb", None), ("spark", MASTER)):
        out = folder / f"{name}.parquet"
        with (
            connected(name, master=master) as engine,
            workplace(out, [table], rules="all") as parts,
        ):
            running.run(source, all_rules(), engine, out, parts, versions={}, told=lambda *_: None)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
