"""Where test files lie, and how examples are turned into findings."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from opengrade.assessing import Assessment, assess
from opengrade.derive import Facts, derive_facts
from opengrade.frameworks import Framework
from opengrade.importing import find_inputs, read_submission

TESTS = Path(__file__).parent
ROOT = TESTS.parent
CORPORA = ROOT.parent / "shared" / "corpora"

needs_corpora = pytest.mark.skipif(not CORPORA.is_dir(), reason="../shared/corpora is not there")


def facts_of(path: Path) -> Facts:
    """Return the facts of one file."""
    return derive_facts(read_submission(path).quads, source=str(path))


def facts_below(folder: Path) -> list[Facts]:
    """Return the facts of all files of a folder."""
    return [facts_of(path) for path in find_inputs([folder])]


def assessed(facts: Iterable[Facts], framework: Framework, by: str = "sparql") -> Mapping[str, Assessment]:
    """Return the assessments by the source of the model."""
    return {each.source: each for each in assess(facts, framework, by=by)}
