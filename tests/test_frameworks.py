"""Each criterion is shown by example files, and each of its constraints by an example that needs it.

A file `tests/frameworks/<framework>/<criterion>/<pass|fail>[-<reason>][--<why>].ttl` describes one model;
its name says what the criterion finds.
"""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from opengrade.assessing import ROUTES, assess
from opengrade.derive import Facts, derive_facts
from opengrade.errors import RuleError
from opengrade.findings import Finding
from opengrade.frameworks import Framework, framework, framework_files, load_framework
from opengrade.graph import Triple, parse
from opengrade.namespaces import local_name, term
from opengrade.resources import data_root
from support import TESTS, assessed, facts_of

EXAMPLES = TESTS / "frameworks"
FRAMEWORKS = tuple(framework_files())
CRITERIA = [(name, criterion.name) for name in FRAMEWORKS for criterion in framework(name).criteria]


def examples(name: str) -> list[Path]:
    return sorted((EXAMPLES / name).glob("*/*.ttl"))


@cache
def example_facts(name: str) -> tuple[Facts, ...]:
    return tuple(facts_of(path) for path in examples(name))


def expected(path: Path) -> tuple[bool, str | None]:
    outcome, _, reason = path.stem.partition("--")[0].partition("-")
    assert outcome in ("pass", "fail"), f"{path} is named neither pass nor fail"
    return outcome == "pass", reason.upper() or None


def found(finding: Finding) -> tuple[bool, str | None]:
    return finding.status == "met", finding.reason


def judged(rules: Framework, facts: tuple[Facts, ...], by: str) -> dict[str, Finding]:
    """Return for each example file the finding of the criterion that its folder names."""
    return {
        source: next(f for f in each.findings if f.criterion == Path(source).parent.name)
        for source, each in assessed(facts, rules, by).items()
    }


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
    findings = judged(framework(name), example_facts(name), by)
    wrong = {
        str(path.relative_to(EXAMPLES)): found(findings[str(path)])
        for path in examples(name)
        if found(findings[str(path)]) != expected(path)
    }
    assert not wrong


def complete(name: str) -> Path:
    return EXAMPLES / name / "complete.ttl"


def lacking(name: str, kinds: str) -> Facts:
    """Return the complete model, under another name, without its components of some kinds."""
    text = complete(name).read_text(encoding="utf-8")
    text = text.replace("-complete", f"-without-{kinds.replace(' ', '-')}")
    quads = parse(text.encode(), syntax="turtle", path=kinds)
    gone = {q.subject for q in quads if q.object in [term(f"ogr:{kind}") for kind in kinds.split()]}
    assert len(gone) == len(kinds.split())
    return derive_facts([q for q in quads if not gone & {q.subject, q.object}], source=kinds)


@cache
def grades_left(name: str) -> dict[str, str | None]:
    """Return the table grades.csv: the grade that is left when components of some kinds are taken away."""
    with (EXAMPLES / name / "grades.csv").open(newline="") as rows:
        return {row["without"]: row["grade"] or None for row in csv.DictReader(rows)}


def grades_found(rules: Framework) -> dict[str, str | None]:
    models = [lacking(rules.name, kind) for kind in grades_left(rules.name)]
    return {each.source: each.grade for each in assess(models, rules)}


@pytest.mark.parametrize("by", ROUTES)
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_complete_model_has_the_highest_grade(name: str, by: str) -> None:
    rules = framework(name)
    (assessment,) = assess([facts_of(complete(name))], rules, by=by)
    assert assessment.grade == rules.grades[-1].name


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_missing_component_costs_the_grades_that_ask_for_it(name: str) -> None:
    assert grades_found(framework(name)) == grades_left(name)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_table_of_grades_speaks_of_every_component_of_the_complete_model(name: str) -> None:
    kinds = {local_name(k) for c in facts_of(complete(name)).models[0].components for k in c.kinds}
    assert (
        set(" ".join(grades_left(name)).split())
        == kinds
        == {local_name(k) for c in framework(name).criteria for k in c.kinds}
    )


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_each_deviation_says_what_shows_it_or_that_it_does_not_apply(name: str) -> None:
    for deviation in framework(name).deviations:
        assert deviation.shown_by or "Not applicable" in deviation.note, deviation.name


def test_the_tool_s_fifteen_deviations_are_all_named() -> None:
    names = [each.name for each in framework("mof-1.0-mot").deviations]
    assert names == [f"D{number}" for number in range(1, 16)]


SHOWN_ON = {"code": "TrainingCode", "data": "Datasets", "document": "ModelCard"}


@cache
def table_of_licenses(name: str) -> dict[tuple[str, str], tuple[bool, bool]]:
    """Return the table licenses.csv: by license and content, whether it is accepted and typed for that."""
    path = EXAMPLES / name / "licenses.csv"
    if not path.exists():
        return {}
    with path.open(newline="") as rows:
        return {
            (row["license"], content): (row["accepted"] == "yes", content in row["typed"].split())
            for row in csv.DictReader(rows)
            for content in SHOWN_ON
        }


@cache
def licensed_models(name: str) -> tuple[Facts, ...]:
    """Return a model with one component for each line of the table."""
    return tuple(
        derive_facts(
            parse(
                f"<urn:m:{number}> a {term('ogr:Model')} ; {term('ogr:hasComponent')} <urn:c:{number}> ."
                f"<urn:c:{number}> a {term(f'ogr:{SHOWN_ON[content]}')} ;"
                f" {term('ogr:licenseExpression')} '{license_}' .".encode(),
                syntax="turtle",
                path=f"{license_}|{content}",
            ),
            source=f"{license_}|{content}",
        )
        for number, (license_, content) in enumerate(table_of_licenses(name))
    )


def licenses_found(rules: Framework) -> dict[tuple[str, str], tuple[bool, bool]]:
    """Return what the rules say of each line; of a license that is not accepted only that."""
    answer = {}
    for source, each in assessed(licensed_models(rules.name), rules).items():
        license_, _, content = source.partition("|")
        finding = next(f for f in each.findings if f.criterion == f"{SHOWN_ON[content]}Released")
        met = finding.status == "met"
        answer[license_, content] = met, met and finding.reason is None
    return answer


def licenses_expected(name: str) -> dict[tuple[str, str], tuple[bool, bool]]:
    return {key: (met, met and typed) for key, (met, typed) in table_of_licenses(name).items()}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_licenses_are_taken_as_the_table_says(name: str) -> None:
    assert licenses_found(framework(name)) == licenses_expected(name)


# On the tool's lists to no effect: accepted for their flags already, or typed without being accepted (D6).
WITHOUT_EFFECT = {
    "mof-1.0-mot": (
        *("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "GFDL-1.3", "ODbL-1.0"),
        *("CC-PDDC", "C-UDA-1.0", "FreeBSD-DOC", "MulanPSL-1.0", "PDDL-1.0"),
    )
}
CONSTRAINTS = ("sh:class", "sh:hasValue", "sh:in", "sh:node", "sh:not", "sh:or", "sh:property")
TIES = ("ogr:requires", "ogr:presupposes", "ogr:explainedBy", "ogr:advises", "ogr:givesReason")


def rules_text(name: str) -> tuple[Path, tuple[Triple, ...]]:
    """Return a framework file and all its triples, those of the shared shapes among them."""
    path = framework_files()[name]
    shared = data_root() / "shapes" / "common.ttl"
    return path, tuple(
        q.triple for p in (path, shared) for q in parse(p.read_bytes(), syntax="turtle", path=p.name)
    )


def sabotages(triples: tuple[Triple, ...]) -> Iterator[tuple[str, tuple[Triple, ...]]]:
    """Yield the rules with one constraint, alternative, value or tie taken away."""
    rest, first = term("rdf:rest"), term("rdf:first")
    alternatives = _alternatives(triples)
    for triple in triples:
        others = tuple(t for t in triples if t != triple)
        if triple.predicate in [term(each) for each in (*CONSTRAINTS, *TIES)]:
            yield f"without {triple}", others
        if triple.predicate == term("sh:qualifiedMinCount"):
            shape = next(
                t
                for t in others
                if t.subject == triple.subject and t.predicate == term("sh:qualifiedValueShape")
            )
            yield f"without {triple} and its shape", tuple(t for t in others if t != shape)
        if triple.predicate == first and triple.subject in alternatives:
            tail = next(t for t in triples if t.subject == triple.subject and t.predicate == rest)
            lifted = tuple(
                Triple(t.subject, t.predicate, tail.object) if t.object == triple.subject else t
                for t in others
            )
            yield f"without the alternative {triple.object}", tuple(t for t in lifted if t != tail)


def _alternatives(triples: tuple[Triple, ...]) -> set[object]:
    """Return the nodes of the lists of alternatives: those of sh:or, and the values of sh:in."""
    rest: dict[object, object] = {t.subject: t.object for t in triples if t.predicate == term("rdf:rest")}
    found_: set[object] = set()
    for triple in triples:
        node: object = triple.object if triple.predicate in (term("sh:or"), term("sh:in")) else None
        while node in rest:
            found_.add(node)
            node = rest[node]
    return found_


def notices(rules: Framework, name: str, base: Framework) -> bool:
    """Say whether an example or the table of grades comes out differently under sabotaged rules."""
    if {c.node for c in rules.criteria} != {c.node for c in base.criteria}:
        return True
    findings = judged(rules, example_facts(name), "sparql")
    if any(found(findings[str(path)]) != expected(path) for path in examples(name)):
        return True
    return grades_found(rules) != grades_left(name) or licenses_found(rules) != licenses_expected(name)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_no_constraint_can_be_taken_away_unnoticed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, triples = rules_text(name)
    base = framework(name)
    monkeypatch.setattr("opengrade.frameworks.data_files", lambda *_: ())
    unnoticed = []
    total = 0
    for what, changed in sabotages(triples):
        total += 1
        broken = tmp_path / path.name
        broken.write_bytes(_n_triples(changed))
        try:
            rules = load_framework(broken)
        except RuleError:
            continue
        if not notices(rules, name, base):
            unnoticed.append(what)
    assert total > 3 * len(base.criteria)
    lists = [f'without the alternative "{each}"' for each in WITHOUT_EFFECT.get(name, ())]
    assert sorted(unnoticed) == sorted(lists)


def _n_triples(triples: tuple[Triple, ...]) -> bytes:
    return "".join(f"{t.subject} {t.predicate} {t.object} .\n" for t in triples).encode()
