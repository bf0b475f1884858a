"""Hostile files fool no verdict: what they claim is listed and not used, and what cannot be read is refused.

The files and what has to become of them are in `tests/hostile/`; `hostile_files` tells how to read the
tables. Here they are read and assessed in this process, where that is cheap.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hostile_files import FOLDER, TABLES, Hostile, Recipe, build, files, recipes, rows, turtle
from opengrade.assessing import ROUTES, Assessment, assess
from opengrade.derive import Facts, derive_facts
from opengrade.errors import InputError, LimitError, OpenGradeError
from opengrade.findings import Finding
from opengrade.graph import GENID, NamedNode
from opengrade.importing import Submission, read_submission
from opengrade.loading import framework
from opengrade.namespaces import compact, prefixes, term
from opengrade.queries import read_query
from opengrade.querying import bindings, with_values
from opengrade.store import Answer, Store
from opengrade.vocabulary import vocabulary
from support import TESTS

SMALL = 100_000
OUTCOMES = {"refused", "ignored", "unchanged"}
LLAMA = "https://w3id.org/opengrade/id/license/llama2"

Verdict = tuple[str | None, tuple[tuple[str, str, str | None], ...]]


def facts_in(submission: Submission) -> Facts:
    """Return the facts of a submission, its source left out: equal facts are assessed once by each route."""
    return derive_facts(submission.quads, source="")


# The frameworks whose verdicts are looked at by several routes, the first by the reference too; one more is
# looked at by the quickest.
BY_ALL_ROUTES = ("mof-1.0-mot", "mof-1.0")


@cache
def assessed(facts: tuple[Facts, ...], rules: str, by: str) -> tuple[Assessment, ...]:
    return tuple(assess(facts, framework(rules), by=by))


def by_all_routes(*facts: Facts) -> Iterator[tuple[Assessment, ...]]:
    """Yield what the routes, which have to agree, find under each framework."""
    for rules in BY_ALL_ROUTES:
        routes = [by for by in ROUTES if by != "shacl" or rules == BY_ALL_ROUTES[0]]
        found = {by: assessed(facts, rules, by) for by in routes}
        assert len(set(found.values())) == 1, found
        yield found[routes[0]]


def verdict(assessment: Assessment) -> Verdict:
    return assessment.grade, tuple((f.criterion, f.status, f.reason) for f in assessment.findings)


def weights(assessment: Assessment) -> Finding:
    return next(each for each in assessment.findings if each.criterion == "FinalWeightsReleased")


def claims(submission: Submission) -> list[str]:
    return [each.what for each in submission.remarks if each.claim]


def said(error: OpenGradeError, words: str) -> bool:
    text = str(error)
    return "\n" not in text and any(word in text.lower() for word in words.split("|"))


# --- the tables ---


def test_the_folder_holds_what_the_table_says() -> None:
    assert FOLDER == TESTS / "hostile"
    found = sorted(path.name for path in FOLDER.iterdir())
    assert found == sorted([*(each.path.name for each in files()), *TABLES])


def test_every_row_that_files_can_show_has_a_file() -> None:
    shown = {each.row for each in files()}
    assert shown == {row.row for row in rows() if row.concerns}
    assert all(row.why for row in rows())
    assert [row.row for row in rows()] == list(range(1, 46))


@pytest.mark.parametrize("each", files(), ids=lambda each: each.path.name)
def test_each_file_is_small_and_described(each: Hostile) -> None:
    assert each.path.stat().st_size < SMALL
    assert each.outcome in OUTCOMES
    assert each.note
    assert bool(each.detail) == (each.outcome != "unchanged")
    assert bool(each.detail2) == (each.outcome != "refused" and each.kind == "data")
    if each.outcome == "ignored":
        assert int(each.detail) > 0


# --- the files ---


def of_kind(kind: str) -> list[Any]:
    """Return the files of a kind as parameters."""
    return [pytest.param(each, id=each.path.name) for each in files() if each.kind == kind]


@pytest.mark.parametrize("each", of_kind("data"))
def test_no_file_is_believed_beyond_what_it_may_say(each: Hostile) -> None:
    if each.outcome == "refused":
        with pytest.raises((InputError, LimitError)) as caught:
            read_submission(each.path)
        assert said(caught.value, each.detail), str(caught.value)
        return
    submission = read_submission(each.path)
    least = int(each.detail or 0)
    assert len(claims(submission)) >= least if least else not claims(submission)
    facts = facts_in(submission)
    for assessments in by_all_routes(facts):
        check_not_fooled(assessments, each.detail2.split())
    for assessment in assessed((facts,), "open-weights", "memory"):
        assert "*" in each.detail2 or assessment.grade is None


def check_not_fooled(assessments: tuple[Assessment, ...], reasons: list[str]) -> None:
    assert assessments
    assert len(reasons) in (1, len(assessments))
    for number, assessment in enumerate(assessments):
        wanted = reasons[number % len(reasons)]
        finding = weights(assessment)
        assert assessment.grade is None
        if wanted != "*":
            assert finding.status != "met", finding.message
            assert finding.reason in wanted.split("|")


# Rows 1 to 3 are refused before anything is looked for; the other queries need a process that can be ended.
ASKED_HERE = (1, 2, 3)


@pytest.mark.parametrize("each", [each for each in of_kind("query") if each.values[0].row in ASKED_HERE])
def test_no_query_asks_other_places_or_changes_anything(each: Hostile) -> None:
    if each.outcome == "unchanged":
        ask(each.path)
        return
    with pytest.raises(OpenGradeError) as caught:
        ask(each.path)
    assert said(caught.value, each.detail), str(caught.value)


def ask(path: Path) -> Answer:
    query = read_query(path)
    return Store().ask(with_values(query.text, bindings(query, ())))


# --- what no file can hold ---


def test_the_model_lacks_nothing_but_an_open_license(tmp_path: Path) -> None:
    path = written(tmp_path, "open.ttl", turtle("MIT"))
    for assessments in by_all_routes(facts_in(read_submission(path))):
        assert [each.grade for each in assessments] == ["class-iii"]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def curated_properties() -> list[NamedNode]:
    kinds = {term(f"owl:{kind}") for kind in ("ObjectProperty", "DatatypeProperty", "AnnotationProperty")}
    words = vocabulary()
    found = [p for p in words.curated if kinds & set(words.graph.objects(p, term("rdf:type")))]
    return sorted(found, key=str)


# Each property says all of this of the model, its weights, licenses of ours and one of the submission's own.
VALUES = ("true", "0", '"MIT"', f"<{prefixes()['spdx']}MIT>", "x:thing", "ogr:met", "ogr:KnownLicense")
SUBJECTS = ("x:model", "x:weights", f"<{LLAMA}>", "x:license", f"<{prefixes()['spdx']}CC-BY-NC-4.0>")


LICENSES = ("LicenseRef-llama2", "https://example.org/license")


@pytest.mark.parametrize("property_", curated_properties(), ids=compact)
@pytest.mark.parametrize("license_", LICENSES)
def test_no_curated_property_moves_a_verdict(tmp_path: Path, license_: str, property_: NamedNode) -> None:
    said_of = "".join(f"{subject} <{property_.value}> {' , '.join(VALUES)} .\n" for subject in SUBJECTS)
    plain = read_submission(written(tmp_path, "plain.ttl", turtle(license_)))
    submission = read_submission(written(tmp_path, "claims.ttl", turtle(license_) + said_of))
    assert len(claims(submission)) == len(VALUES) * len(SUBJECTS)
    assert not claims(plain)
    for one, other in zip(by_all_routes(facts_in(plain)), by_all_routes(facts_in(submission)), strict=True):
        assert [verdict(each) for each in one] == [verdict(each) for each in other]
        check_not_fooled(other, ["LICENSE-NOT-OPEN|LICENSE-UNKNOWN"])


def test_there_are_curated_properties() -> None:
    assert len(curated_properties()) > 50


INTRUDER = """
x:weights ogr:licenseExpression "MIT" ; ogr:hasAvailability ogr:DirectDownload .
x:model ogr:distributionLicense "MIT" ; ogr:hasComponent x:more .
x:more a ogr:FinalWeights ; ogr:licenseExpression "MIT" .
"""


def test_no_submission_moves_the_verdict_on_the_model_of_another(tmp_path: Path) -> None:
    honest = facts_in(read_submission(written(tmp_path, "honest.ttl", turtle())))
    intruder = facts_in(read_submission(written(tmp_path, "intruder.ttl", turtle("MIT") + INTRUDER)))
    for assessments in by_all_routes(honest, intruder):
        check_not_fooled(assessments[:1], ["LICENSE-NOT-OPEN"])
    for assessments in by_all_routes(intruder, honest):
        check_not_fooled(assessments[1:], ["LICENSE-NOT-OPEN"])


def test_no_submission_moves_a_verdict_by_nodes_of_the_tool(tmp_path: Path) -> None:
    option = f"<{GENID}option-{hashlib.sha256(LLAMA.encode()).hexdigest()[:16]}>"
    more = f'x:model ogr:hasComponent {option} . {option} a ogr:FinalWeights ; ogr:licenseExpression "MIT" .'
    other = written(tmp_path, "other.ttl", turtle("MIT", "https://example.org/other/") + more)
    honest = facts_in(read_submission(written(tmp_path, "honest.ttl", turtle())))
    for assessments in by_all_routes(facts_in(read_submission(other)), honest):
        check_not_fooled(assessments[1:], ["LICENSE-NOT-OPEN"])


# --- the recipes ---


def test_the_recipes_are_named_apart_and_have_an_outcome() -> None:
    names = [f"{each.name}{each.suffix}" for each in recipes()]
    assert len(set(names)) == len(names)
    for each in recipes():
        assert each.outcome in {"refused", "unchanged", "bounded"}
        assert bool(each.detail) == (each.outcome != "unchanged")


@pytest.mark.parametrize(
    ("recipe", "content"),
    [
        ("'ab' * 3 + 'c'", b"abababc"),
        ("('a' + 'b') * 2", b"abab"),
        ("each(i, 3, 'a{i} {i+1} {j} ')", b"a0 1 {j} a1 2 {j} a2 3 {j} "),
        ("each(i, 2, each(j, 2, '{i}{j} '))", b"00 01 10 11 "),
        ("'{i}'", b"{i}"),
        ("'a' + zeros(3) + 'b'", b"a\0\0\0b"),
        ("'x' * 3000000", b"x" * 3_000_000),
        ("turtle", turtle().encode()),
    ],
)
def test_a_recipe_makes_what_it_says(tmp_path: Path, recipe: str, content: bytes) -> None:
    assert build(Recipe("made", ".txt", recipe, "", ""), tmp_path).read_bytes() == content


@pytest.mark.parametrize(
    "recipe", ["1", "'a' * 'b'", "print(1)", "'a' - 'b'", "each('i', 2, 'x')", "unknown"]
)
def test_what_is_no_recipe_is_refused(tmp_path: Path, recipe: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        build(Recipe("made", ".txt", recipe, "", ""), tmp_path)


def test_a_gibibyte_takes_no_room_on_the_disk(tmp_path: Path) -> None:
    (recipe,) = [each for each in recipes() if each.name == "literal-of-one-gibibyte"]
    path = build(recipe, tmp_path)
    assert path.stat().st_size > 2**30
    assert getattr(path.stat(), "st_blocks", 0) * 512 < 1 << 20
    with pytest.raises(LimitError, match="file-size"):
        read_submission(path)
