"""What `opengrade compile` prints: the kept queries, which any engine runs over facts and license facts."""

import pytest
import rdflib
from click.testing import CliRunner

from opengrade.cli import app
from opengrade.dataset import read_catalog
from opengrade.derive import derive_facts
from opengrade.errors import UsageError
from opengrade.graph import to_rdflib
from opengrade.loading import framework, framework_files
from opengrade.resources import data_root
from opengrade.routes import memory, with_license_facts
from opengrade.store import Store

GRADED = [name for name in framework_files() if framework(name).grades]


def printed(target: str) -> str:
    done = CliRunner().invoke(app, ["compile", target, "--to", "sparql"], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def kept(name: str, grade: str) -> str:
    path = data_root() / "queries" / "classes" / f"{name}-{grade}.rq"
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GRADED)
def test_the_kept_queries_are_what_compile_prints(name: str) -> None:
    texts = [kept(name, grade.name) for grade in framework(name).grades]
    assert printed(name) == "\n".join(texts)
    for grade, text in zip(framework(name).grades, texts, strict=True):
        assert printed(f"{name}:{grade.name}") == text


def test_no_kept_query_is_left_over() -> None:
    names = {f"{name}-{grade.name}" for name in GRADED for grade in framework(name).grades}
    assert {path.stem for path in (data_root() / "queries" / "classes").glob("*.rq")} == names


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("mof-1.0:class-iv", 'mof-1.0 has no grade "class-iv"'),
        ("eosai-2026", "eosai-2026 has no grades"),
        ("mof-9", 'there is no framework "mof-9"'),
    ],
)
def test_what_cannot_be_compiled_is_told(target: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        CliRunner().invoke(app, ["compile", target, "--to", "sparql"], catch_exceptions=False)
    assert "Choose one of" in str(caught.value) or "It gives a score" in str(caught.value)


def test_another_language_is_a_usage_error() -> None:
    done = CliRunner().invoke(app, ["compile", "mof-1.0", "--to", "prolog"])
    assert done.exit_code == 2


@pytest.mark.parametrize("name", ["mof-1.0", "osaid-1.0"])
def test_printed_queries_find_over_plain_facts_what_the_memory_route_finds(name: str) -> None:
    """Nothing but facts and license facts is needed, and two engines agree."""
    facts = [derive_facts(each.quads, source=each.source) for each in read_catalog()]
    triples = with_license_facts(t for each in facts for t in each.triples)
    outcome = memory.run(framework(name), triples)
    graph, store = to_rdflib(triples), Store(triples)
    for grade in framework(name).grades:
        text = printed(f"{name}:{grade.name}")
        met = {str(n) for n in frozenset.intersection(*(outcome[each] for each in grade.required))}
        assert {str(row[0]) for row in store.rows(text)} == met
        found = {each[rdflib.Variable("model")].n3() for each in graph.query(text).bindings}
        assert found == met
