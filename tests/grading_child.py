"""Grades a table in small parts, as a process of its own that can be killed."""

import os
import signal
import sys
from pathlib import Path

from opengrade.bulk import files, running
from opengrade.bulk.engines import connected
from opengrade.bulk.workplace import rules_key, workplace
from opengrade.loading import framework, framework_file


def main(table: Path, out: Path, version: str, last: int) -> None:
    """Grade, and kill this process when so many models are done; below zero never."""
    files.MODELS_IN_A_PART = 3
    chosen = {name: framework_file(name) for name in ("mof-1.0", "eosai-2026")}
    rules = list(map(framework, chosen))
    versions = {"rules": version}

    def told(done: int) -> None:
        print(done, flush=True)
        if 0 <= last <= done:
            os.kill(os.getpid(), signal.SIGKILL)

    with (
        connected("duckdb") as engine,
        workplace(out, [table], rules=rules_key(chosen, versions)) as folder,
    ):
        running.run(files.open_table(table), rules, engine, out, folder, versions=versions, told=told)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
