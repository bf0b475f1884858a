"""Each question has an exact answer, the same from rdflib and from pyoxigraph."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import rdflib
from rdflib.query import ResultRow

from opengrade import exporting, querying
from opengrade.assessing import assess
from opengrade.dataset import build, read_catalog
from opengrade.derive import derive_facts
from opengrade.errors import UsageError
from opengrade.graph import parse_file
from opengrade.importing import Submission, find_inputs, read_submission
from opengrade.loading import framework, framework_files
from opengrade.namespaces import prefixes, prologue
from opengrade.queries import questions
from opengrade.resources import data_root
from opengrade.store import Store, Table
from support import CORPORA, TESTS, needs_corpora

CASES = sorted((TESTS / "queries").iterdir())
CLASSES = sorted(path.stem for path in (data_root() / "queries" / "classes").glob("*.rq"))
QUESTIONS = sorted(set(questions()) - set(CLASSES))


def text_of(name: str, settings: Sequence[str] = ()) -> str:
    query = questions()[name]
    return querying.with_values(query.text, querying.bindings(query, settings))


def rows(answer: object) -> list[list[str]]:
    assert isinstance(answer, Table)
    return querying.rows(answer, short=False)


def rdflib_rows(graph: rdflib.Graph | rdflib.Dataset, text: str) -> list[list[str]]:
    found = []
    for row in graph.query(text):
        assert isinstance(row, ResultRow)
        found.append(["" if cell is None else str(cell) for cell in row])
    return found


def test_the_prologue_declares_what_is_used_and_not_declared() -> None:
    ogr = f"PREFIX ogr: <{prefixes()['ogr']}>\n"
    assert prologue("SELECT ?s { ?s a ogr:Model }") == ogr
    assert prologue(f"{ogr}SELECT ?s {{ ?s a ogr:Model }}") == ""
    assert prologue(f"{ogr.lower()}SELECT ?s {{ ?s a ogr:Model }}") == ""


def test_every_question_has_a_case() -> None:
    assert [path.name for path in CASES] == QUESTIONS


@pytest.mark.parametrize("folder", CASES, ids=lambda path: path.name)
def test_questions_have_these_answers(folder: Path) -> None:
    text = text_of(folder.name)
    expected = (folder / "expected.csv").read_text(encoding="utf-8")
    quads = parse_file(folder / "case.ttl")
    answer = Store(quads).ask(text)
    assert isinstance(answer, Table)
    assert exporting.csv_text(answer.variables, rows(answer)) == expected
    graph = rdflib.Graph().parse(folder / "case.ttl", format="turtle")
    assert exporting.csv_text(answer.variables, rdflib_rows(graph, text)) == expected


@pytest.mark.parametrize("name", QUESTIONS)
def test_headers_say_what_they_return(name: str) -> None:
    query = questions()[name]
    answer = Store().ask(text_of(name))
    assert isinstance(answer, Table)
    assert list(query.header["returns"]) == list(answer.variables)
    assert query.header["title"]
    assert str(query.header["question"]).endswith("?")
    assert query.header["tags"]


@pytest.mark.slow
def test_all_questions_have_the_same_answer_from_two_engines_over_the_whole_catalog() -> None:
    store, _ = build(read_catalog())
    union = rdflib.Graph()
    union.parse(data="".join(f"{quad.triple} .\n" for quad in store), format="nt")
    for name in QUESTIONS:
        text = text_of(name)
        assert sorted(rdflib_rows(union, text)) == sorted(rows(store.ask(text))), name
    for name in CLASSES:
        assert sorted(rdflib_rows(union, text_of(name))) == sorted(rows(store.ask(text_of(name)))), name


def classes_agree(submissions: Sequence[Submission]) -> None:
    """A class query, which looks at the evidence alone, finds exactly the models that assess grades so."""
    store, _ = build(submissions)
    facts = [derive_facts(each.quads, source=each.source) for each in submissions]
    for name in framework_files():
        rules = framework(name)
        found = list(assess(facts, rules))
        for grade in rules.grades:
            answer = store.ask(text_of(f"{name}-{grade.name}"))
            met = {a.model for a in found if dict(a.progress)[grade.name] == 1}
            assert {row[0] for row in rows(answer)} == met, (name, grade.name)


def test_class_queries_find_the_models_of_the_catalog_that_meet_the_class() -> None:
    classes_agree(read_catalog())


@needs_corpora
@pytest.mark.corpora
def test_class_queries_find_the_models_of_the_tool_that_meet_the_class() -> None:
    classes_agree([read_submission(path) for path in find_inputs([CORPORA / "mot" / "models"])])


def test_parameters_can_be_set_and_have_to_be_known() -> None:
    query = questions()["models-with-grade"]
    store, _ = build(read_catalog())
    names = {
        grade: {row[0] for row in rows(store.ask(text_of("models-with-grade", [f"grade=osaid:{grade}"])))}
        for grade in ("open-source-ai", "open-source-ai-with-changed-terms")
    }
    assert names["open-source-ai"] < names["open-source-ai-with-changed-terms"]
    with pytest.raises(UsageError, match="grade"):
        querying.bindings(query, ["nonsense=1"])
    with pytest.raises(UsageError, match="not an IRI"):
        querying.bindings(query, ["grade=no iri at all"])


def test_a_value_cannot_break_out_of_its_place() -> None:
    query = questions()["evidence-older-than"]
    values = querying.bindings(query, ['day=1900" } ?x ?y ?z . FILTER ("a" = "a'])
    answer = Store(parse_file(TESTS / "queries" / "evidence-older-than" / "case.ttl")).ask(
        querying.with_values(query.text, values)
    )
    assert rows(answer) == []


def test_wrong_sparql_is_told_with_its_place() -> None:
    with pytest.raises(UsageError) as caught:
        Store().ask("SELECT * WHERE { ?a ?b }")
    assert caught.value.where is not None
    assert caught.value.where.line == 1


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
        "SELECT * { service silent <http://127.0.0.1:1/> { ?s ?p ?o } }",
        "SELECT * { SERVICE # a remark\n ?where { ?s ?p ?o } }",
        "PREFIX : <http://127.0.0.1:1/> SELECT * { SERVICE:x { ?s ?p ?o } }",
        "PREFIX a: <http://127.0.0.1:1/> SELECT * { ?s ?p 1SERVICE a: { ?s ?p ?o } }",
        """SELECT * { ?s ?p \"\"\"\\\"\"\"x\"\"\" SERVICE<http://127.0.0.1:1/> {} #\"\"\"\n }""",
    ],
)
def test_no_query_asks_the_network(text: str) -> None:
    with pytest.raises(UsageError, match="SERVICE"):
        Store().ask(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?service ?p ?o }",
        "PREFIX ex: <https://example.org/> SELECT * { ?s ex:service <https://example.org/service> }",
        'SELECT * { ?s ?p "a service" } # SERVICE',
    ],
)
def test_the_word_service_is_no_crime(text: str) -> None:
    answer = Store().ask(text)
    assert isinstance(answer, Table)
    assert not answer.rows
