"""The relational route says of every model, criterion by criterion, what the route in memory says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from generated import STEADY, Model, models, nearly_complete, statements
from opengrade.bulk.engines import Engine, connected
from opengrade.derive import derive_facts
from support import CORPORA, facts_below, needs_corpora
from table_examples import all_rules, catalog, differences, examples


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with connected("duckdb") as found:
        yield found


def test_the_catalog(tmp_path: Path, engine: Engine) -> None:
    assert differences(catalog(), all_rules(), tmp_path / "t.parquet", engine) == []


@pytest.mark.slow
def test_all_examples_of_frameworks(tmp_path: Path, engine: Engine) -> None:
    assert len(examples()) > 500
    assert differences(examples(), all_rules(), tmp_path / "t.parquet", engine) == []


@pytest.mark.slow
@needs_corpora
@pytest.mark.corpora
@pytest.mark.parametrize("folder,count", [("mot/models", 80), ("eosai/systems", 70)])
def test_published_files(tmp_path: Path, engine: Engine, folder: str, count: int) -> None:
    facts = facts_below(CORPORA / folder)
    assert len(facts) >= count
    assert differences(facts, all_rules(), tmp_path / "t.parquet", engine) == []


@pytest.mark.slow
@settings(max_examples=4, phases=[Phase.generate], **STEADY)
@given(batch=st.lists(st.one_of(models, nearly_complete()), min_size=50, max_size=50))
def test_two_hundred_generated_models(
    tmp_path_factory: pytest.TempPathFactory, engine: Engine, batch: list[Model]
) -> None:
    quads = [quad for number, model in enumerate(batch) for quad in statements(number, model)]
    facts = [derive_facts(quads, source="generated")]
    path = tmp_path_factory.mktemp("generated") / "t.parquet"
    assert differences(facts, all_rules(), path, engine) == []
