"""Each criterion is shown by example files, and each of its constraints by an example that needs it.

A file `tests/frameworks/<framework>/<criterion>/<pass|fail>[-<reason>][--<why>].ttl` describes one model;
its name says what the criterion finds.
"""

import pytest

from framework_examples import (
    EXAMPLES,
    FRAMEWORKS,
    complete,
    example_facts,
    examples,
    expected,
    found,
    grades_found,
    grades_left,
    judged,
    licenses_expected,
    licenses_found,
    points_of,
)
from opengrade.assessing import ROUTES, assess
from opengrade.loading import framework
from opengrade.namespaces import local_name
from support import facts_of

CRITERIA = [(name, criterion.name) for name in FRAMEWORKS for criterion in framework(name).criteria]


@pytest.mark.parametrize(("name", "criterion"), CRITERIA)
def test_each_criterion_has_examples_that_pass_and_fail(name: str, criterion: str) -> None:
    stems = [path.stem for path in (EXAMPLES / name / criterion).glob("*.ttl")]
    assert any(stem.startswith("pass") for stem in stems)
    assert any(stem.startswith("fail") for stem in stems)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_each_folder_of_examples_belongs_to_a_criterion(name: str) -> None:
    folders = {path.name for path in (EXAMPLES / name).iterdir() if path.is_dir()}
    assert folders == {criterion for framework_, criterion in CRITERIA if framework_ == name}


@pytest.mark.parametrize("by", ROUTES)
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_examples_are_judged_as_their_names_say(name: str, by: str) -> None:
    """Where there is a score, a criterion that is met in part earns half a point."""
    rules = framework(name)
    findings = judged(rules, example_facts(name), by)
    wrong = {}
    for path in examples(name):
        each = findings[str(path)]
        told = found(each), each.points
        if told != (expected(path), points_of(path) if rules.score else None):
            wrong[str(path.relative_to(EXAMPLES))] = told
    assert not wrong


GRADED = [name for name in FRAMEWORKS if framework(name).grades]


@pytest.mark.parametrize("by", ROUTES)
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_complete_model_has_the_highest_grade(name: str, by: str) -> None:
    rules = framework(name)
    (assessment,) = assess([facts_of(complete(name))], rules, by=by)
    assert assessment.grade == (rules.grades[-1].name if rules.grades else None)
    assert assessment.score == (1.0 if rules.score else None)
    groups = [local_name(node) for node, _ in rules.score.groups] if rules.score else []
    assert assessment.groups == tuple((group, 1.0) for group in groups)


@pytest.mark.parametrize("name", GRADED)
def test_a_missing_component_costs_the_grades_that_ask_for_it(name: str) -> None:
    assert grades_found(framework(name)) == grades_left(name)


@pytest.mark.parametrize("name", GRADED)
def test_the_table_of_grades_speaks_of_every_component_of_the_complete_model(name: str) -> None:
    kinds = {local_name(k) for c in facts_of(complete(name)).models[0].components for k in c.kinds}
    assert kinds <= set(" ".join(grades_left(name)).split())
    assert kinds == {local_name(k) for c in framework(name).criteria for k in c.kinds}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_each_deviation_says_what_shows_it_or_that_it_does_not_apply(name: str) -> None:
    for deviation in framework(name).deviations:
        assert deviation.shown_by or "Not applicable" in deviation.note, deviation.name


def test_the_tool_s_fifteen_deviations_are_all_named() -> None:
    names = [each.name for each in framework("mof-1.0-mot").deviations]
    assert names == [f"D{number}" for number in range(1, 16)]


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_licenses_are_taken_as_the_table_says(name: str) -> None:
    assert licenses_found(framework(name)) == licenses_expected(name)
