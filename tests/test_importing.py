"""Every format gives the same statements, and what is not carried over is listed.

For each mapping a folder `tests/imports/<mapping>/` holds inputs; beside each lies what it gives, as Turtle,
and as text what is said about the rest.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opengrade.documents import SUFFIXES, Scalar, detect, leaves, read_tree
from opengrade.errors import InputError, LimitError, OpenGradeError
from opengrade.exporting import to_turtle
from opengrade.graph import NamedNode, canonical_turtle, parse
from opengrade.importing import find_inputs, read_submission
from opengrade.namespaces import prefixes, term
from opengrade.queries import mappings
from opengrade.resources import data_root
from support import CORPORA, TESTS, needs_corpora

IMPORTS = TESTS / "imports"
# Words that are carried over as a node of the ontology, by the end of their path.
WORDS = {
    ".class": ("open", "partial", "closed"),
    "base_model_relation": ("finetune", "adapter", "quantized", "merge"),
    "gated": ("auto", "manual"),
    "private": ("true",),
}
# What is carried over in part, or under the name of what it shows.
SHOWN = (".rfilename", "createdAt", "base_model", "base_model[]")


def inputs_of(mapping: str) -> list[Path]:
    return [p for p in sorted((IMPORTS / mapping).iterdir()) if p.suffix not in (".ttl", ".txt")]


INPUTS = [path for mapping in mappings() for path in inputs_of(mapping.name)]
VOCABULARY = sorted((IMPORTS / "vocabulary").iterdir())


def test_each_mapping_has_examples() -> None:
    for mapping in mappings():
        assert inputs_of(mapping.name), mapping.name
    assert {path.name for path in IMPORTS.iterdir()} == {"vocabulary", *(m.name for m in mappings())}


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_an_input_gives_what_lies_beside_it(path: Path) -> None:
    submission = read_submission(path)
    assert canonical_turtle(to_turtle(submission.quads).encode()) == path.with_suffix(".ttl").read_bytes()
    said = "".join(f"{each.place.line}:{each.place.column}: {each.what}\n" for each in submission.remarks)
    assert said == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_every_value_of_an_input_is_carried_over_or_listed(path: Path) -> None:
    submission = read_submission(path)
    tree = read_tree(path.read_bytes(), syntax=detect(path.read_bytes(), str(path)), path=str(path))
    values = [(leaf.path, leaf.value) for leaf in leaves(tree) if isinstance(leaf.value, Scalar)]
    carried = {getattr(quad.object, "value", "") for quad in submission.quads}
    for at, each in values:
        if each.value not in (None, "", False):  # false says that there is none
            listed = any(
                r.place.line == each.line and f'("{each.value}")' in r.what for r in submission.remarks
            )
            word = any(
                at.endswith(end) and str(each.value).strip().lower() in words for end, words in WORDS.items()
            )
            shown = at.endswith(SHOWN) and path.parent.name == "hf-hub"
            assert listed or word or shown or str(each.value) in carried, each


@pytest.mark.parametrize("path", VOCABULARY, ids=lambda path: path.name)
def test_all_syntaxes_give_the_same_statements(path: Path) -> None:
    wanted = parse((IMPORTS / "vocabulary" / "model.ttl").read_bytes(), syntax="turtle", path="model.ttl")
    submission = read_submission(path)
    assert set(submission.quads) == set(wanted)
    assert not submission.remarks


def test_every_suffix_of_a_graph_syntax_has_an_example() -> None:
    assert {path.suffix for path in VOCABULARY} == SUFFIXES - {".yml", ".yaml", ".jsonl"}


@pytest.mark.parametrize("path", VOCABULARY, ids=lambda path: path.name)
def test_content_decides_where_the_suffix_says_nothing(path: Path, tmp_path: Path) -> None:
    unnamed = tmp_path / "model"
    unnamed.write_bytes(path.read_bytes())
    assert set(read_submission(unnamed).quads) == set(read_submission(path).quads)


def given_file(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


MODEL = "PREFIX ogr: <https://w3id.org/opengrade/ns#> <urn:m> a ogr:Model ."


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("a.yml", "", None, "empty"),
        ("a.yml", "just words", 1, "not of a kind that we read"),
        ("a.yml", "release:\n  name: x\n", 1, "release.components"),
        ("a.yml", "release: [", 2, "not valid YAML"),
        ("a.yml", "a: 1\nb: 2\na: 3\n", 3, "first in line 1"),
        ("a.yml", "? [a]\n: b\n", 1, "key has to be plain text"),
        ("a.yml", "release:\n  name:\n  components: []\n", None, "describes no model"),
        ("a.json", '{"a": 1,', 1, "not valid JSON"),
        ("a.json", '{"a": 1,\n "a": 2}', 2, "given twice"),
        ("a.json", "[]", 1, "not of a kind that we read"),
        ("a.ttl", "<a> <b> ", 1, "not valid turtle"),
        ("a.ttl", "# nothing\n", None, "describes no model"),
        ("a.ttl", MODEL + '\n<urn:m> ogr:name "x', 2, "not valid turtle"),
        ("a.ttl", MODEL + " <urn:m> ogr:name <<( <urn:a> <urn:b> <urn:c> )>> .", None, "triple terms"),
        ("a.html", "<!DOCTYPE html><html></html>", None, "HTML page"),
        ("a.jsonld", '{"@context": "https://schema.org/", "@id": "urn:x"}', 1, "nothing is fetched"),
        ("a.jsonld", '{"@context": [\n"https://schema.org/"], "@id": "urn:x"}', 2, "nothing is fetched"),
        ("a.jsonld", '{"@id": ', 1, "not valid JSON"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(
    tmp_path: Path, name: str, text: str, line: int | None, words: str
) -> None:
    path = given_file(tmp_path, name, text)
    with pytest.raises(InputError) as caught:
        read_submission(path)
    assert caught.value.where is not None
    assert caught.value.where.path == str(path)
    assert caught.value.where.line == line
    assert words in str(caught.value)
    assert caught.value.fix


def test_files_that_are_missing_binary_or_folders_are_named(tmp_path: Path) -> None:
    binary = tmp_path / "a.ttl"
    binary.write_bytes(b"\n\xff\xfe")
    for path, words in ((tmp_path / "none", "no such file"), (tmp_path, "directory"), (binary, "UTF-8")):
        with pytest.raises(InputError, match=words):
            read_submission(path)


def test_deep_nesting_and_multiplied_aliases_meet_a_limit(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for i in range(1, 9):
        bomb += f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n"
    for name, text in (
        ("bomb.yml", bomb),
        ("deep.json", "[" * 100_000),
        ("deep.jsonld", '{"@id":' * 100_000),
    ):
        with pytest.raises((InputError, LimitError)):
            read_submission(given_file(tmp_path, name, text))


CLAIMS = (
    "spdx:MIT ogr:osiApproved false",
    "<urn:l> a ogr:License",
    "<urn:c> a ogr:Criterion",
    "<urn:m> ogr:meetsGrade mof:class-i",
    "<urn:k> ogr:licenseState ogr:KnownLicense",
    "<urn:k> ogr:licenseOption <urn:o>",
    "<urn:m> owl:sameAs <urn:n>",
    "<urn:K> rdfs:subClassOf ogr:ModelCard",
    "ogr:ModelCard rdfs:label 'x'",
)


@pytest.mark.parametrize("claim", CLAIMS)
def test_claims_that_only_curated_graphs_may_make_are_listed_and_not_used(tmp_path: Path, claim: str) -> None:
    head = "".join(f"PREFIX {p}: <{prefixes()[p]}> " for p in ("ogr", "spdx", "owl", "rdfs", "mof"))
    submission = read_submission(given_file(tmp_path, "claim.ttl", f"{head} {MODEL} {claim} ."))
    assert [each.claim for each in submission.remarks] == [True]
    assert len(submission.quads) == 1


def test_a_misspelt_term_is_listed_with_the_nearest_one(tmp_path: Path) -> None:
    path = given_file(tmp_path, "a.ttl", MODEL + " <urn:m> ogr:nam 'x' .")
    (remark,) = read_submission(path).remarks
    assert "did you mean ogr:name?" in remark.what
    assert not remark.claim


ANONYMOUS = " <urn:m> ogr:hasComponent _:card . _:card a ogr:ModelCard ; ogr:licenseExpression 'MIT' ."


def test_a_component_without_an_iri_stays_one_component_of_its_model(tmp_path: Path) -> None:
    submission = read_submission(given_file(tmp_path, "a.ttl", MODEL + ANONYMOUS))
    (card,) = {quad.object for quad in submission.quads if quad.predicate == term("ogr:hasComponent")}
    assert isinstance(card, NamedNode)
    about_it = {quad.predicate for quad in submission.quads if quad.subject == card}
    assert about_it == {term("rdf:type"), term("ogr:licenseExpression")}
    assert submission.remarks == ()


def test_nodes_without_an_iri_are_the_same_again_in_the_same_file_and_others_in_another(
    tmp_path: Path,
) -> None:
    one, again, other = (
        read_submission(given_file(tmp_path, name, MODEL + ANONYMOUS + more)).quads
        for name, more in (("a.ttl", ""), ("b.ttl", ""), ("c.ttl", " <urn:m> ogr:name 'x' ."))
    )
    assert set(one) == set(again)
    cards = [{q.object for q in quads if q.predicate == term("ogr:hasComponent")} for quads in (one, other)]
    assert cards[0].isdisjoint(cards[1])


def test_a_component_without_a_kind_is_listed(tmp_path: Path) -> None:
    path = given_file(tmp_path, "a.ttl", MODEL + " <urn:m> ogr:hasComponent <urn:k> . <urn:k> ogr:name 'x' .")
    (remark,) = read_submission(path).remarks
    assert '"x" of urn:m is of no kind' in remark.what
    assert (remark.place.line, remark.rule) == (1, "ComponentWithoutKind")


def test_a_component_without_a_name_is_of_no_kind(tmp_path: Path) -> None:
    text = "release:\n  name: x\n  components:\n    - license: MIT\n"
    submission = read_submission(given_file(tmp_path, "a.yml", text))
    kinds = {quad.object for quad in submission.quads if quad.predicate == term("rdf:type")}
    assert kinds == {term("ogr:Model"), term("ogr:Component")}


def test_folders_are_searched_in_order_for_files_that_we_read(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("c.yml", "a.TTL", "b/x.nt", "notes.md"):
        given_file(tmp_path, name, "")
    found = [path.relative_to(tmp_path).as_posix() for path in find_inputs([tmp_path])]
    assert found == ["a.TTL", "b/x.nt", "c.yml"]


@given(st.binary(max_size=200), st.sampled_from(sorted(SUFFIXES)))
def test_no_bytes_end_in_anything_but_an_answer_or_an_error_for_people(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"any{suffix}"
    path.write_bytes(data)
    try:
        read_submission(path)
    except OpenGradeError as error:
        assert error.exit_code in (3, 4)


@needs_corpora
def test_all_published_files_are_read_without_a_word_about_unknown_keys() -> None:
    for path in find_inputs([CORPORA / "mot" / "models"]):
        assert all(each.routine or "no kind" in each.what for each in read_submission(path).remarks), path


def test_the_context_holds_every_term_that_a_submission_may_use() -> None:
    context = json.loads((data_root() / "ontology" / "context.jsonld").read_text(encoding="utf-8"))[
        "@context"
    ]
    assert {"Model", "hasComponent", "licenseExpression", "ModelCard"} <= context.keys()
    assert "osiApproved" not in context
