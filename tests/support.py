"""Where test files lie, and how examples are turned into findings."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from opengrade.assessing import Assessment, assess
from opengrade.derive import Facts, derive_facts
from opengrade.frameworks import Framework
from opengrade.importing import find_inputs, read_submission

TESTS = Path(__file__).parent
ROOT = TESTS.parent
CORPORA = ROOT.parent / "shared" / "corpora"

needs_corpora = pytest.mark.skipif(
    not CORPORA.is_dir() and not os.environ.get("CI"), reason="../shared/corpora is not there"
)


def facts_of(path: Path) -> Facts:
    """Return the facts of one file."""
    return derive_facts(read_submission(path).quads, source=str(path))


def facts_below(folder: Path) -> list[Facts]:
    """Return the facts of all files of a folder."""
    return [facts_of(path) for path in find_inputs([folder])]


def assessed(facts: Iterable[Facts], framework: Framework, by: str = "sparql") -> Mapping[str, Assessment]:
    """Return the assessments by the source of the model."""
    return {each.source: each for each in assess(facts, framework, by=by)}


@dataclass(frozen=True)
class Done:
    """What a run of the command line left behind."""

    code: int
    out: str
    err: str


def run_cli(*arguments: str | Path, hash_seed: int | None = None, cwd: Path | None = None) -> Done:
    """Run the command line as a process of its own."""
    environment = dict(os.environ)
    if hash_seed is not None:
        environment["PYTHONHASHSEED"] = str(hash_seed)
    command = [sys.executable, "-m", "opengrade", *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, check=False, env=environment, encoding="utf-8", cwd=cwd, timeout=120
    )
    return Done(done.returncode, done.stdout, done.stderr)
