"""What people see: answers, one clear line for each trouble, and exit codes that mean it."""

import csv
import io
import json
import re
import stat
from pathlib import Path

import pytest
import rdflib

from opengrade.loading import framework, framework_files
from opengrade.namespaces import local_name
from opengrade.queries import questions
from opengrade.resources import data_root
from opengrade.vocabulary import vocabulary
from support import CORPORA, ROOT, TESTS, Done, needs_corpora, run_cli

AMBER = data_root() / "catalog" / "amber.ttl"
BLOOM = data_root() / "catalog" / "bloom.ttl"
MOT = TESTS / "imports" / "mot-yaml" / "full.yml"


def one_line(done: Done) -> str:
    """Return the only line on standard error, which speaks to people."""
    lines = done.err.splitlines()
    assert len(lines) == 1, done.err
    assert lines[0].startswith("opengrade: ")
    assert "Traceback" not in done.err
    return lines[0]


def test_assess_one_model_says_class_components_and_reasons() -> None:
    done = run_cli("assess", BLOOM)
    assert done.code == 0
    assert done.err == ""
    assert "BLOOM meets no grade of the Model Openness Framework 1.0 [mof-1.0]." in done.out
    assert re.search(
        r"class-iii +Final Weights +not-met +bigscience-bloom-rail-1.0 +LICENSE-NOT-OPEN", done.out
    )
    assert all(line == line.rstrip() for line in done.out.splitlines())


def test_assess_without_input_assesses_the_catalog() -> None:
    done = run_cli("assess")
    assert done.code == 0
    assert len(done.out.splitlines()) == 1 + len(list((data_root() / "catalog").glob("*.ttl")))


def test_assess_all_frameworks() -> None:
    done = run_cli("assess", AMBER, "--framework", "all", "--format", "json")
    frameworks = [each["framework"] for each in json.loads(done.out)["assessments"]]
    assert frameworks == list(framework_files())


def test_json_keeps_the_contract() -> None:
    done = run_cli("assess", BLOOM, AMBER, "--format", "json")
    document = json.loads(done.out)
    assert document["schema"].endswith("/assessment/1")
    assert document["ignored_claims"] == []
    first = document["assessments"][0]
    assert set(first) == {
        *("model", "name", "source", "framework", "grade", "score", "progress", "criteria"),
    }
    assert [each["source"] for each in document["assessments"]] == [str(BLOOM), str(AMBER)]
    assert first["grade"] is None
    assert document["assessments"][1]["grade"] == "class-i"
    assert document["assessments"][1]["progress"] == {"class-i": 1.0, "class-ii": 1.0, "class-iii": 1.0}
    kinds = {local_name(kind) for kind in vocabulary().kinds}
    for finding in first["criteria"]:
        assert set(finding) == {
            *("criterion", "label", "kind", "grade", "status", "reason", "component", "license"),
            *("message", "fix", "evidence"),
        }
        assert finding["kind"]
        assert set(finding["kind"]) <= kinds
        assert finding["status"] in ("met", "not-met", "not-stated")
        assert (finding["reason"] is None) <= (finding["status"] == "met")
        assert finding["message"]
        assert finding["fix"] or finding["status"] == "met"
    weights = next(f for f in first["criteria"] if f["kind"] == ["FinalWeights"])
    assert {"label", "url", "seen"} & set(weights["evidence"][0])


def test_progress_and_grade_agree() -> None:
    document = json.loads(run_cli("assess", "--framework", "all", "--format", "json").out)
    for each in document["assessments"]:
        met = [name for name, share in each["progress"].items() if share == 1]
        assert each["grade"] in (met or [None])
        for name, share in each["progress"].items():
            rules = framework(each["framework"])
            grade = next(g for g in rules.grades if g.name == name)
            wanted = {local_name(node) for node in grade.required}
            got = {f["criterion"] for f in each["criteria"] if f["status"] == "met"} & wanted
            assert share == pytest.approx(len(got) / len(wanted) if wanted else 1)


@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown", "turtle", "sarif"])
def test_same_input_same_bytes_whatever_the_hash_seed(format_: str) -> None:
    first, second = (
        run_cli("assess", AMBER, BLOOM, MOT, "-f", "all", "--format", format_, hash_seed=seed)
        for seed in (1, 2)
    )
    assert first == second
    assert first.out


def test_csv_has_a_row_for_each_finding() -> None:
    rows = list(csv.DictReader(io.StringIO(run_cli("assess", BLOOM, "--format", "csv").out)))
    assert len(rows) == len(framework("mof-1.0").criteria)
    assert {row["name"] for row in rows} == {"BLOOM"}


def test_markdown_is_a_table() -> None:
    lines = run_cli("assess", "--format", "markdown").out.splitlines()
    assert {line.count("|") for line in lines} == {lines[0].count("|")}


def test_turtle_can_be_queried() -> None:
    graph = rdflib.Graph().parse(data=run_cli("assess", AMBER, "--format", "turtle").out, format="turtle")
    text = "PREFIX ogr: <https://w3id.org/opengrade/ns#> ASK { ?a ogr:meetsGrade ?g ; ogr:assesses ?m }"
    assert graph.query(text).askAnswer


def test_sarif_has_the_shape_that_viewers_ask_for() -> None:
    document = json.loads(run_cli("assess", BLOOM, "--format", "sarif").out)
    assert document["version"] == "2.1.0"
    run = document["runs"][0]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert run["results"]
    for result in run["results"]:
        assert result["ruleId"] in rules
        assert result["level"] in ("note", "warning", "error")
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_require_ends_with_one_unless_each_model_meets_the_grade() -> None:
    assert run_cli("assess", AMBER, "--require", "class-i").code == 0
    assert run_cli("assess", AMBER, BLOOM, "--require", "class-iii").code == 1
    wrong = run_cli("assess", AMBER, "--require", "class-iv")
    assert wrong.code == 2
    assert "class-iii" in one_line(wrong)


def bad_inputs(folder: Path) -> dict[str, tuple[Path, list[str]]]:
    """Return files that cannot be read, with what the line about each has to say."""

    def file(name: str, data: bytes) -> Path:
        path = folder / name
        path.write_bytes(data)
        return path

    return {
        "missing": (folder / "nowhere.yml", ["nowhere.yml", "Check"]),
        "not a model": (
            file("shopping.yml", b"milk: 2\nbread: 1\n"),
            ["shopping.yml", "Model Openness Tool"],
        ),
        "truncated turtle": (file("cut.ttl", AMBER.read_bytes()[:900]), ["cut.ttl:", "turtle"]),
        "broken yaml": (file("broken.yml", b"release:\n  name: [a, b\n"), ["broken.yml:", "YAML"]),
        "broken json": (file("broken.json", b'{"a": 1,}'), ["broken.json:1"]),
        "empty": (file("empty.yml", b""), ["empty.yml"]),
        "binary": (file("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00\xff"), ["picture.png"]),
        "yaml bomb": (
            file(
                "bomb.yml",
                b"a: &a [x,x,x,x,x,x,x,x,x]\n"
                + b"".join(
                    b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % (98 + i, 98 + i, *[97 + i] * 9)
                    for i in range(9)
                ),
            ),
            ["bomb.yml"],
        ),
        "deep json": (file("deep.json", b"[" * 100_000), ["deep.json"]),
        "remote context": (
            file("remote.jsonld", b'{"@context": "http://127.0.0.1:9/c", "@type": "Model"}'),
            ["remote.jsonld"],
        ),
    }


KINDS_OF_TROUBLE = (
    *("missing", "not a model", "truncated turtle", "broken yaml", "broken json", "empty", "binary"),
    *("yaml bomb", "deep json", "remote context"),
)


@pytest.mark.parametrize("what", KINDS_OF_TROUBLE)
def test_an_input_that_cannot_be_read_is_one_clear_line_and_the_others_are_assessed(
    what: str, tmp_path: Path
) -> None:
    path, words = bad_inputs(tmp_path)[what]
    alone = run_cli("assess", path)
    line = one_line(alone)
    assert alone.code in (3, 4)
    assert (alone.code == 4) == (what in ("yaml bomb", "deep json"))
    assert alone.out == ""
    for word in words:
        assert word in line
    assert len(line) < 400
    both = run_cli("assess", path, AMBER)
    assert both.code == alone.code
    assert "Amber meets class-i" in both.out
    assert one_line(both) == line


def test_a_folder_without_models_says_so(tmp_path: Path) -> None:
    done = run_cli("assess", tmp_path)
    assert done.code == 2
    assert "no file" in one_line(done)


def test_an_unknown_framework_names_those_there_are() -> None:
    done = run_cli("assess", AMBER, "--framework", "mof-2.0")
    assert done.code == 2
    assert done.out == ""
    line = one_line(done)
    for name in framework_files():
        assert name in line


def test_wrong_options_end_with_two() -> None:
    assert run_cli("assess", "--format", "xml").code == 2
    assert run_cli("asses").code == 2


def test_what_a_file_cannot_make_us_print(tmp_path: Path) -> None:
    """No control character of a file reaches the terminal."""
    path = tmp_path / "evil.yml"
    path.write_text(
        'release:\n  name: "\\e[31mred\\e[0m \\u202e ##[error]x"\n  components: []\nframework: {name: MOF}\n'
    )
    done = run_cli("assess", path)
    assert "\x1b" not in done.out + done.err
    assert "\u202e" not in done.out + done.err
    assert "##[" not in done.out + done.err


def test_internal_errors_end_with_four_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "a.yml").write_text("x: 1")
    (folder / "a.yml").chmod(0)
    done = run_cli("assess", folder / "a.yml")
    (folder / "a.yml").chmod(stat.S_IRUSR)
    assert done.code in (3, 0) or "Traceback" not in done.err
    assert "Traceback" not in done.err


def test_import_writes_turtle_that_we_read_again(tmp_path: Path) -> None:
    done = run_cli("import", MOT)
    assert done.code == 0
    again = tmp_path / "again.ttl"
    again.write_text(done.out, encoding="utf-8")
    straight, round_ = (json.loads(run_cli("assess", p, "--format", "json").out) for p in (MOT, again))
    pick = [
        [(f["criterion"], f["status"], f["reason"]) for f in d["assessments"][0]["criteria"]]
        for d in (straight, round_)
    ]
    assert pick[0] == pick[1]


def test_import_says_what_was_not_carried_over_and_quiet_does_not() -> None:
    odd = TESTS / "imports" / "mot-yaml" / "odd.yml"
    told, quiet = run_cli("import", odd), run_cli("import", odd, "--quiet")
    assert told.out == quiet.out
    assert told.err
    assert quiet.err == ""
    assert all(line.startswith(f"opengrade: {odd}:") for line in told.err.splitlines())


@needs_corpora
@pytest.mark.corpora
def test_what_every_file_leaves_aside_is_told_by_import_only() -> None:
    path = CORPORA / "mot" / "models" / "Amber.yml"
    assert "framework.name" in run_cli("import", path).err
    assert run_cli("assess", path).err == ""


def test_import_lists_formats() -> None:
    assert "Model files of the Model Openness Tool" in run_cli("import", "--list").out


def test_query_lists_and_answers_every_question() -> None:
    listed = run_cli("query", "--list").out
    for name in questions():
        assert name in listed
    done = run_cli("query", "models-with-grade", "--set", "grade=mof:class-i", "--format", "csv")
    assert done.code == 0
    assert "https://w3id.org/opengrade/id/model/amber,Amber," in done.out


def test_query_over_files_instead_of_the_catalog() -> None:
    prefix = "PREFIX ogr: <https://w3id.org/opengrade/ns#>"
    text = f"{prefix} SELECT ?n WHERE {{ ?m a ogr:Model . ?m ogr:name ?n }}"
    assert run_cli("query", "-e", text, "--data", BLOOM).out.split() == ["n", "BLOOM"]
    assert len(run_cli("query", "-e", text).out.split("\n")) > 10


def test_a_question_in_a_file_declares_its_prefixes_so_that_any_engine_runs_it(tmp_path: Path) -> None:
    path = tmp_path / "concepts.rq"
    path.write_text("SELECT ?s WHERE { ?s a skos:Concept }", encoding="utf-8")
    assert "a prefix that is used here is not declared" in one_line(run_cli("query", str(path)))


def test_query_knows_our_prefixes_and_says_when_nothing_answers() -> None:
    done = run_cli("query", "-e", "SELECT ?n WHERE { ?m a ogr:Model ; ogr:name ?n }", "--data", BLOOM)
    assert (done.out.split(), done.err) == (["n", "BLOOM"], "")
    empty = "SELECT ?m WHERE { ?m a ogr:NoSuchKind }"
    assert one_line(run_cli("query", "-e", empty, "--data", BLOOM)) == "opengrade: no row answers this."
    assert run_cli("query", "-e", empty, "--data", BLOOM, "--quiet").err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["query", "-e", "SELECT ?x WHERE { ?x a other:Thing }"], 2, "a prefix that is used here"),
        (["query", "-e", "SELECT ?x (COUNT(*) AS ?n) WHERE { ?x ?p ?o }"], 2, "neither bound nor grouped"),
        (["query"], 2, "--list"),
        (["query", "no-such-question"], 2, "models-with-grade"),
        (["query", "nowhere.rq"], 3, "nowhere.rq"),
        (["query", "-e", "SELECT ?x WHERE {"], 2, "query:1:"),
        (
            ["query", "-e", "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "--data", "nowhere.ttl"],
            3,
            "nowhere.ttl",
        ),
        (["query", "evidence-older-than", "--set", "month=5"], 2, "day"),
        (["query", "models-with-grade", "--endpoint", "ftp://example.org/"], 2, "http"),
        (["frameworks", "show", "mof"], 2, "mof-1.0"),
        (["licenses", "show", "gpl"], 2, "gpl"),
        (["import"], 2, "--list"),
    ],
)
def test_wrong_calls(arguments: list[str], code: int, words: str) -> None:
    done = run_cli(*arguments)
    assert done.code == code
    assert words in one_line(done)


def test_frameworks_shows_each_criterion_with_its_citation() -> None:
    listed = run_cli("frameworks").out
    for name in framework_files():
        assert name in listed
        shown = run_cli("frameworks", "show", name).out
        for criterion in framework(name).criteria:
            assert f"  {criterion.name}" in shown
        assert shown.count("seen 2026-") >= len(framework(name).criteria)
    assert "D15" in run_cli("frameworks", "show", "mof-1.0-mot").out


def test_licenses_can_be_listed_shown_and_checked() -> None:
    assert "LicenseRef-llama3.1" in run_cli("licenses").out
    shown = run_cli("licenses", "show", "llama3.1").out
    assert "user threshold: 700000000" in shown
    assert "seen 2026-" in shown
    good, bad = run_cli("licenses", "check", "Apache", "2.0"), run_cli("licenses", "check", "gpl")
    assert (good.code, bad.code) == (0, 1)
    assert good.out.startswith("Apache-2.0 (alias)")
    assert bad.out.startswith("unknown: ")


def test_version_names_the_rules_and_the_license_facts() -> None:
    done = run_cli("--version")
    assert re.fullmatch(r"opengrade \d+\.\d+\.\d+\nrules [0-9a-f]{12}\nlicenses [0-9a-f]{12}\n", done.out)


def test_both_routes_say_the_same() -> None:
    assert run_cli("assess", BLOOM, "--route", "shacl").out == run_cli("assess", BLOOM).out


@needs_corpora
@pytest.mark.corpora
def test_a_folder_of_real_files(tmp_path: Path) -> None:
    done = run_cli("assess", CORPORA / "mot" / "models", "-f", "mof-1.0-mot", "--format", "json", "-q")
    assert done.code == 0
    assert len(json.loads(done.out)["assessments"]) == 80


def test_the_command_is_installed_under_its_name() -> None:
    assert (ROOT / "pyproject.toml").read_text().count('opengrade = "opengrade.cli:main"') == 1
