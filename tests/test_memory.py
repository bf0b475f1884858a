"""Processes that run our commands deal with memory as `memory` says, unless a user has said otherwise."""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opengrade import memory

STATUS = Path("/proc/self/status")
WITH_ARROW = f"""
from opengrade import memory
memory.settle()
import pyarrow
pyarrow.array([1])
print(open("{STATUS}").read())
"""


@pytest.fixture
def threshold() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("threshold")
def test_what_a_user_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    (name,) = memory.ENVIRONMENT
    monkeypatch.setenv(name, "1")
    memory.settle()
    assert os.environ[name] == "1"
    monkeypatch.delenv(name)
    memory.settle()
    assert os.environ[name] == memory.ENVIRONMENT[name]
    assert gc.get_threshold()[0] == memory.OBJECTS_BETWEEN_COLLECTIONS


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells of the pages of a process")
@pytest.mark.parametrize(("given", "large"), [(None, "0"), ("1", "1")])
def test_arrow_is_given_small_pages(given: str | None, large: str) -> None:
    kept = {key: value for key, value in os.environ.items() if key not in memory.ENVIRONMENT}
    environment = kept | dict.fromkeys(memory.ENVIRONMENT, given) if given else kept
    done = subprocess.run(
        [sys.executable, "-c", WITH_ARROW], env=environment, capture_output=True, text=True, check=True
    )
    assert f"THP_enabled:\t{large}\n" in done.stdout
