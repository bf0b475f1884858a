"""What changed from one file to another is told, all of it, and nothing that only looks like a change."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opengrade.changes import Change, Comparison, Value, compare, lines
from opengrade.describing import is_unnamed
from opengrade.graph import (
    FORMATS,
    BlankNode,
    Graph,
    Literal,
    NamedNode,
    Node,
    Quad,
    Triple,
    renamed,
    skolemize,
)
from opengrade.importing import Submission, read_submission
from opengrade.loading import framework
from opengrade.matching import match
from opengrade.namespaces import prefixes, term
from opengrade.resources import data_root
from support import TESTS, run_cli

AMBER = data_root() / "catalog" / "amber.ttl"
MODEL = NamedNode("https://example.org/model")
SUFFIXES = {"turtle": ".ttl", "trig": ".trig", "n-triples": ".nt", "n-quads": ".nq", "json-ld": ".jsonld"}

HEAD = "PREFIX ogr: <https://w3id.org/opengrade/ns#>\nPREFIX : <https://example.org/>\n"
PLAIN = """
:model a ogr:Model ; ogr:name "Amber" ; ogr:hasComponent
  [ a ogr:TrainingCode ; ogr:licenseExpression "MIT" ;
    ogr:hasEvidence [ a ogr:Evidence ; ogr:clause "1" ] ] ,
  [ a ogr:ModelCard ; ogr:licenseExpression "CC-BY-4.0" ;
    ogr:hasEvidence [ a ogr:Evidence ; ogr:clause "1" ] ] .
"""


def given_text(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def told(old: Path, new: Path) -> list[str]:
    """Return the lines about statements."""
    return list(lines(compare(read_submission(old), read_submission(new), [])))


def edited(folder: Path, *changes: tuple[str, str]) -> list[str]:
    """Return what is told of some replacements in the plain text."""
    text = PLAIN
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    return told(given_text(folder, "a.ttl", HEAD + PLAIN), given_text(folder, "b.ttl", HEAD + text))


def test_a_changed_license_of_a_component_without_a_name_is_one_line(tmp_path: Path) -> None:
    assert edited(tmp_path, ('"MIT"', '"Apache-2.0"')) == [
        '~ the training code of Amber: "license expression" MIT -> Apache-2.0'
    ]


def test_what_was_added_and_removed_is_told_with_what_it_is(tmp_path: Path) -> None:
    gone = edited(tmp_path, ('[ a ogr:TrainingCode ; ogr:licenseExpression "MIT" ;', "["))
    assert '- the training code of Amber: "license expression" MIT' in gone
    assert "- the training code of Amber: kind Training Code" in gone
    more = edited(
        tmp_path, ('"Amber" ;', '"Amber" ; ogr:modality "text" ; ogr:hasComponent [ a ogr:DataCard ] ;')
    )
    assert more == [
        '+ Amber: "has component" the data card of Amber',
        '+ Amber: "modality" text',
        "+ the data card of Amber: kind Data Card",
    ]


def test_a_thing_stays_the_same_when_its_name_or_kind_changes(tmp_path: Path) -> None:
    named = edited(tmp_path, ("a ogr:ModelCard ;", 'a ogr:ModelCard ; ogr:name "The card" ;'))
    assert named == ['+ the model card "The card" of Amber: "name" The card']
    kind = edited(tmp_path, ("a ogr:ModelCard ;", "a ogr:DataCard ;"))
    assert kind == ["~ the data card of Amber: kind Model Card -> Data Card"]


def test_a_value_beside_others_is_removed_and_added_not_changed(tmp_path: Path) -> None:
    both = ('"MIT"', '"MIT", "Zlib"')
    old = given_text(tmp_path, "old.ttl", HEAD + PLAIN.replace(*both))
    new = given_text(tmp_path, "new.ttl", HEAD + PLAIN.replace('"MIT"', '"MIT", "ISC"'))
    start = 'the training code of Amber: "license expression"'
    assert told(old, new) == [f"- {start} Zlib", f"+ {start} ISC"]


def test_things_that_nothing_tells_apart_are_counted(tmp_path: Path) -> None:
    twin = '[ a ogr:Evidence ; ogr:clause "1" ]'
    added = edited(tmp_path, (twin, f"{twin}, {twin}, {twin}"))
    assert Counter(added) == {
        '+ the evidence of the training code of Amber: "clause" 1': 2,
        "+ the evidence of the training code of Amber: kind Evidence": 2,
        '+ the training code of Amber: "has evidence" the evidence of the training code of Amber': 2,
    }


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ('"MIT"', '"MIT"@en', '"MIT" -> "MIT"@en'),
        ('"MIT"', '"MIT "', '"MIT" -> "MIT "'),
        ('"MIT"', '"MI\\tT"', "MIT -> MI T"),
        ('"MIT"', "<urn:MIT>", "MIT -> urn:MIT"),
        (f'"{"x" * 200}"', f'"{"x" * 199}y"', f'…{"x" * 40}" -> …{"x" * 39}'),
    ],
)
def test_values_that_look_alike_are_shown_so_that_the_difference_is_seen(
    tmp_path: Path, before: str, after: str, shown: str
) -> None:
    old = given_text(tmp_path, "old.ttl", HEAD + PLAIN.replace('"MIT"', before))
    new = given_text(tmp_path, "new.ttl", HEAD + PLAIN.replace('"MIT"', after))
    (line,) = told(old, new)
    if "…" in shown:
        assert "…" in line
        assert line.partition(" -> ")[0] != line.partition(" -> ")[2]
        assert 'y"' in line
    else:
        assert line.endswith(shown)


def test_several_things_called_the_same_are_told_apart_by_their_iris(tmp_path: Path) -> None:
    text = HEAD + "".join(f':m{n} a ogr:Model ; ogr:name "Twin" ; ogr:modality "VALUE" .\n' for n in (1, 2))
    old, new = (
        given_text(tmp_path, "a.ttl", text),
        given_text(tmp_path, "b.ttl", text.replace("VALUE", "text")),
    )
    assert told(old, new) == [f'~ Twin <https://example.org/m{n}>: "modality" VALUE -> text' for n in (1, 2)]


def test_addresses_relative_to_the_file_do_not_depend_on_its_name(tmp_path: Path) -> None:
    text = HEAD + PLAIN.replace(":model", "<#model>")
    assert told(given_text(tmp_path, "one.ttl", text), given_text(tmp_path, "two.ttl", text)) == []


def written(quads: Sequence[Quad], syntax: str, seed: int, folder: Path) -> Path:
    """Write statements in a syntax, in some order, with other names for what has none."""
    choice = random.Random(seed)
    names: dict[Node, Node] = {}

    def called(node: Node) -> Node:
        return names.setdefault(node, BlankNode(f"n{choice.randrange(10**9)}")) if is_unnamed(node) else node

    triples = [renamed(quad, called).triple for quad in quads]
    choice.shuffle(triples)
    known = {f"p{n}": space for n, space in enumerate(choice.sample(sorted(prefixes().values()), 5))}
    path = folder / f"{seed}{SUFFIXES[syntax]}"
    used = known if syntax in ("turtle", "trig") else {}
    path.write_bytes(pyoxigraph.serialize(triples, format=FORMATS[syntax], prefixes=used) or b"")
    return path


def nameless(quads: Sequence[Quad]) -> list[Quad]:
    """Take the names of all things but models from statements."""
    models = {q.subject for q in quads if q.object == term("ogr:Model")}
    named = sorted({q.subject for q in quads} - models, key=str)
    names: dict[Node, Node] = {each: BlankNode(f"b{number}") for number, each in enumerate(named)}
    return [renamed(quad, lambda node: names.get(node, node)) for quad in quads]


@pytest.mark.parametrize("syntax", SUFFIXES)
@pytest.mark.parametrize("name", ["amber", "bloom"])
def test_a_file_written_anew_without_names_shows_no_change(name: str, syntax: str, tmp_path: Path) -> None:
    quads = nameless(read_submission(data_root() / "catalog" / f"{name}.ttl").quads)
    first, second = written(quads, "turtle", 1, tmp_path), written(quads, syntax, 2, tmp_path)
    assert not compare(read_submission(first), read_submission(second), [framework("mof-1.0")])


@pytest.mark.parametrize("path", sorted((TESTS / "imports" / "vocabulary").iterdir()), ids=lambda p: p.suffix)
def test_no_syntax_is_a_change(path: Path) -> None:
    assert told(TESTS / "imports" / "vocabulary" / "model.ttl", path) == []


def test_a_mapped_file_does_not_differ_from_what_it_is_imported_as(tmp_path: Path) -> None:
    full = TESTS / "imports" / "mot-yaml" / "full.yml"
    imported = given_text(tmp_path, "full.ttl", run_cli("import", full, "--quiet").out)
    assert not compare(read_submission(full), read_submission(imported), [framework("mof-1.0")])


NODES = st.sampled_from([*(BlankNode(f"b{n}") for n in range(6)), MODEL, NamedNode("https://example.org/x")])
PROPERTIES = st.sampled_from([term("ogr:hasComponent"), term("ogr:hasEvidence")])
TEXTS = st.sampled_from([Literal("1"), Literal("2")])
LINKS = st.builds(Quad, NODES, PROPERTIES, NODES)
SAID = st.builds(Quad, NODES, st.just(term("ogr:clause")), TEXTS)
KINDS = st.builds(Quad, NODES, st.just(term("rdf:type")), st.just(term("ogr:ModelCard")))
GRAPHS = st.lists(st.one_of(LINKS, SAID, KINDS), max_size=16, unique=True)
SEEDS = st.integers(0, 10**6)


def submission(quads: Sequence[Quad], seed: int) -> Submission:
    """Shuffle statements and rename what has no name."""
    order = [*quads, Quad(MODEL, term("rdf:type"), term("ogr:Model"))]
    random.Random(seed).shuffle(order)
    return Submission(f"{seed}.ttl", skolemize(order, scope=str(seed)))


@given(GRAPHS, SEEDS, SEEDS)
@settings(deadline=None)
def test_no_graph_differs_from_itself(quads: list[Quad], first: int, second: int) -> None:
    assert not compare(submission(quads, first), submission(quads, second), [])


def turned(change: Change) -> tuple[str, str, Value | None, Value | None]:
    return change.iri or "", change.path, change.new, change.old


def there(change: Change) -> tuple[str, str, Value | None, Value | None]:
    return change.iri or "", change.path, change.old, change.new


@given(GRAPHS, GRAPHS, SEEDS)
@settings(deadline=None)
def test_the_way_back_is_the_way_there_with_signs_swapped(
    one: list[Quad], other: list[Quad], seed: int
) -> None:
    old, new = submission(one, seed), submission(other, seed + 1)
    way, back = compare(old, new, []), compare(new, old, [])
    assert Counter(map(there, way.statements)) == Counter(map(turned, back.statements))


NAMED = st.sampled_from([NamedNode(f"https://example.org/{name}") for name in "abc"])
VALUES = st.one_of(
    NAMED,
    st.builds(Literal, st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
    st.just(Literal("x", language="en")),
)
STATEMENTS = st.builds(Quad, NAMED, st.sampled_from([term("ogr:clause"), term("ogr:location")]), VALUES)


def applied(quads: Sequence[Quad], found: Comparison) -> set[Triple]:
    triples = {quad.triple for quad in quads}
    for sign in ("old", "new"):
        for each in found.statements:
            value = getattr(each, sign)
            if value is not None:
                node: NamedNode | Literal = (
                    NamedNode(value.value)
                    if value.type == "uri"
                    else Literal(
                        value.value,
                        datatype=NamedNode(value.datatype) if value.datatype else None,
                        language=value.language,
                    )
                )
                triple = Triple(NamedNode(str(each.iri)), NamedNode(each.path), node)
                if sign == "old":
                    triples.remove(triple)
                else:
                    assert triple not in triples
                    triples.add(triple)
    return triples


@given(st.lists(STATEMENTS), st.lists(STATEMENTS))
@settings(deadline=None)
def test_what_changed_applied_to_the_old_gives_the_new(one: list[Quad], other: list[Quad]) -> None:
    found = compare(Submission("a", tuple(one)), Submission("b", tuple(other)), [])
    assert applied(one, found) == {quad.triple for quad in other}


def chain(length: int, more: Sequence[Quad] = ()) -> Graph:
    nodes = [BlankNode(f"b{n}") for n in range(length)]
    links = [Quad(a, term("ogr:hasEvidence"), b) for a, b in pairwise(nodes)]
    return Graph([Quad(MODEL, term("ogr:hasComponent"), nodes[0]), *links, *more])


@pytest.mark.slow
def test_depth_is_no_trouble() -> None:
    end = Quad(BlankNode("b29999"), term("ogr:clause"), Literal("the end"))
    old, new = match(chain(30_000), chain(30_000, [end]), is_unnamed)
    assert [old[BlankNode(f"b{n}")] for n in (0, 29_999)] == [new[BlankNode(f"b{n}")] for n in (0, 29_999)]


def test_verdicts_say_grades_and_criteria_before_and_after(tmp_path: Path) -> None:
    text = AMBER.read_text(encoding="utf-8")
    start = text.index("amber#TrainingCode>\n    a ")
    worse = text[:start] + text[start:].replace(
        'licenseExpression "Apache-2.0"', 'licenseExpression "LLAMA 2"', 1
    )
    done = run_cli("diff", AMBER, given_text(tmp_path, "b.ttl", worse))
    assert (done.code, done.err) == (1, "")
    assert done.out.splitlines()[0] == (
        '~ the training code of Amber: "license expression" Apache-2.0 -> LLAMA 2'
    )
    for name in ("mof-1.0", "mof-1.0-mot"):
        assert f"~ Amber, {name}: class-i -> class-iii" in done.out
        assert (
            f"~ Amber, {name}, The training code is released under an open license: met -> not-met"
            in done.out
        )
    one = run_cli("diff", AMBER, tmp_path / "b.ttl", "-f", "mof-1.0", "--format", "json")
    document = json.loads(one.out)
    assert document["schema"] == "https://w3id.org/opengrade/schema/diff/1"
    assert [each["change"] for each in document["statements"]] == ["changed"]
    (verdict,) = document["verdicts"]
    assert (verdict["model"], verdict["old"], verdict["new"]) == ("Amber", "class-i", "class-iii")
    assert [each["new"]["status"] for each in verdict["criteria"]] == ["not-met"]
    back = run_cli("diff", tmp_path / "b.ttl", AMBER)
    assert "~ Amber, mof-1.0: class-iii -> class-i" in back.out


def test_a_model_that_is_in_one_file_only_is_told_with_its_grade() -> None:
    done = run_cli("diff", AMBER, data_root() / "catalog" / "bloom.ttl", "-f", "mof-1.0")
    assert "- Amber, mof-1.0: class-i\n" in done.out
    assert "+ BLOOM, mof-1.0: no grade\n" in done.out


def test_verdicts_on_models_without_a_name_are_matched(tmp_path: Path) -> None:
    text = HEAD + PLAIN.replace(":model", "[]").replace(
        '"Amber" ;', '"Amber" ; ogr:distributionLicense "MIT" ;'
    )
    old = given_text(tmp_path, "a.ttl", text)
    new = given_text(tmp_path, "b.ttl", "# moved\n" + text.replace('"CC-BY-4.0"', '"no idea"'))
    found = compare(read_submission(old), read_submission(new), [framework("mof-1.0")])
    assert [(each.sign, each.iri, each.model) for each in found.verdicts] == [("~", None, "Amber")]
    assert [each.sign for each in found.statements] == ["~"]


def test_nothing_changed_is_said_and_is_good() -> None:
    done = run_cli("diff", AMBER, AMBER)
    assert (done.code, done.out, done.err) == (0, "", "opengrade: nothing changed.\n")
    quiet = run_cli("diff", AMBER, AMBER, "--quiet", "--format", "json")
    assert (quiet.code, quiet.err) == (0, "")
    assert json.loads(quiet.out)["statements"] == json.loads(quiet.out)["verdicts"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([AMBER, "nowhere.ttl"], 3, "nowhere.ttl"),
        ([TESTS, AMBER], 3, "directory"),
        ([AMBER, AMBER, "-f", "mof-2.0"], 2, "mof-1.0"),
        ([AMBER, AMBER, "--limit", "statements=5"], 4, "statements"),
    ],
)
def test_wrong_calls(arguments: list[Path | str], code: int, words: str) -> None:
    done = run_cli("diff", *arguments)
    assert (done.code, done.out) == (code, "")
    assert all(line.startswith("opengrade: ") for line in done.err.splitlines())
    assert words in done.err


@pytest.mark.parametrize("format_", ["table", "json"])
def test_output_is_harmless_and_the_same_whatever_the_hash_seed(tmp_path: Path, format_: str) -> None:
    evil = "\\u001b[31m\\u202e\\u0007 ::error::"
    old = given_text(tmp_path, "a.ttl", HEAD + PLAIN)
    text = (
        PLAIN.replace('"MIT"', f'"{evil}"')
        .replace('"Amber"', f'"{evil}", "é"')
        .replace("ModelCard", "DataCard")
    )
    new = given_text(tmp_path, "b.ttl", HEAD + text)
    first, second = (run_cli("diff", old, new, "--format", format_, hash_seed=seed) for seed in (1, 2))
    assert first == second
    assert first.code == 1
    assert not {"\x1b", "\u202e", "\x07", "\x7f"} & set(first.out + first.err)
    assert all(line[:2] in ("~ ", "+ ", "- ", "  ") for line in first.out.splitlines()) or format_ == "json"


def test_a_renamed_model_keeps_its_components() -> None:
    old = read_submission(AMBER)
    name = term("ogr:name")
    quads = tuple(
        Quad(
            q.subject,
            q.predicate,
            Literal("Ambra") if q.object == Literal("Amber") and q.predicate == name else q.object,
        )
        for q in old.quads
    )
    found = compare(old, replace(old, quads=quads), [framework("mof-1.0")])
    assert list(lines(found)) == ['~ Ambra: "name" Amber -> Ambra']
