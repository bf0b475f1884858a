"""Writes validation reports as JSON, Turtle, SARIF, GitHub commands, JUnit XML and lines for people.

Names, paths and values come from inputs; each format has its own way to keep them from being more than text.
"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.etree import ElementTree

from opengrade.errors import Place
from opengrade.graph import GENID, Graph, Literal, NamedNode, Term, Triple, turtle
from opengrade.namespaces import prefixes, term
from opengrade.remarks import SEVERITIES, Remark, rule_quads, rules
from opengrade.tables import harmless_line, printable

if TYPE_CHECKING:
    from opengrade.validating import Report

SCHEMA = "https://w3id.org/opengrade/schema/validation/1"
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
SUMMARY = ("Rule", "Severity", "Count", "Files")

_LEVELS = {"violation": "error", "warning": "warning", "info": "note"}
_COMMANDS = {"violation": "error", "warning": "warning", "info": "notice"}

# W3C vocabularies for the place of a test result: Evaluation and Report Language, Pointer Methods in RDF.
_PLACES = {"earl": "http://www.w3.org/ns/earl#", "ptr": "http://www.w3.org/2009/pointers#"}
_PREFIXES = ("dcterms", "ogr", "ogs", "rdf", "sh", "xsd")

# The parameters of SHACL after which a constraint component is named.
_PARAMETER = re.compile(
    "http://www.w3.org/ns/shacl#(and|class|closed|datatype|disjoint|equals|hasValue|in|languageIn|lessThan"
    "|lessThanOrEquals|(?:min|max)(?:Count|Exclusive|Inclusive|Length)|node|nodeKind|not|or|pattern"
    "|qualified(?:Min|Max)Count|sparql|uniqueLang|xone)"
)

NOTHING = "nothing was checked"
_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_PLAIN_ASCII = re.compile(r"[^\n -~]")
_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # others stand for bytes in names of files
_TEMPLATE = re.compile(r"\{\w+\}")
_LINE = re.compile(r"\bline \d+")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def message_of(remark: Remark) -> str:
    """Return what is wrong and how to mend it, in sentences."""
    return f"{_sentence(remark.what)} {remark.fix}".rstrip()


def _json(document: Mapping[str, Any]) -> str:
    """Return JSON without invisible characters, and without lone surrogates, which no UTF-8 can hold."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return _NO_PLAIN_ASCII.sub(_json_character, text) + "\n"


def _json_character(match: re.Match[str]) -> str:
    seen = printable(match[0])
    return seen if seen == match[0] or _SURROGATE.match(match[0]) else json.dumps(match[0])[1:-1]


def to_json(reports: Iterable["Report"], versions: Mapping[str, str]) -> str:
    """Return the JSON contract: one entry for each file, and counts.

    Each remark is counted once: an ignored claim under `ignored_claims`, any other under its severity.
    """
    found = tuple(reports)
    every = [_report(each) for each in found]
    return _json({"schema": SCHEMA, "versions": dict(versions), "reports": every, "summary": _counts(found)})


def _report(report: "Report") -> dict[str, Any]:
    return {
        "source": report.source,
        "conforms": report.conforms,
        "models": list(report.models),
        "checked": report.checked,
        "error": None if report.error is None else str(report.error),
        "results": [_result(each) for each in report.remarks if not each.claim],
        "ignored_claims": [_result(each) for each in report.remarks if each.claim],
    }


def _result(remark: Remark) -> dict[str, Any]:
    return {
        "rule": remark.rule,
        "severity": remark.severity,
        "label": remark.label,
        "line": remark.place.line,
        "column": remark.place.column,
        "focus": remark.focus,
        "path": remark.path,
        "value": remark.value,
        "message": _sentence(remark.what),
        "why": remark.why,
        "fix": remark.fix,
    }


def _counts(reports: Sequence["Report"]) -> dict[str, int]:
    remarks = Counter(r.severity if not r.claim else "ignored" for each in reports for r in each.remarks)
    valid = sum(each.conforms for each in reports)
    unreadable = sum(each.error is not None for each in reports)
    return {
        "files": len(reports),
        "valid": valid,
        "invalid": len(reports) - valid - unreadable,
        "unreadable": unreadable,
        **{severity: remarks[severity] for severity in SEVERITIES},
        "ignored_claims": remarks["ignored"],
    }


def to_turtle(reports: Iterable["Report"]) -> str:
    """Return one SHACL validation report for each file.

    Only violations keep it from conforming, which `sh:conformanceDisallows` of SHACL 1.2 says. The file is
    the `dcterms:source`, as text, the place an `earl:pointer` to line and character. A result about no node
    has the file as its focus. The names of nodes follow from the content.
    """
    triples = (triple for each in reports for triple in _report_triples(each))
    return turtle(triples, _PLACES | {name: prefixes()[name] for name in _PREFIXES})


def _report_triples(report: "Report") -> Iterator[Triple]:
    name = GENID + hashlib.sha256(_json(_report(report)).encode()).hexdigest()[:16]
    node = NamedNode(name)
    yield Triple(node, term("rdf:type"), term("sh:ValidationReport"))
    yield Triple(node, term("sh:conforms"), Literal(report.conforms))
    yield Triple(node, term("sh:conformanceDisallows"), term("sh:Violation"))
    yield Triple(node, term("dcterms:source"), _literal(report.source))
    for number, remark in enumerate(report.remarks, 1):
        result = NamedNode(f"{name}-{number}")
        yield Triple(node, term("sh:result"), result)
        yield from (Triple(result, predicate, value) for predicate, value in _about_result(remark))
        if remark.place.line is not None:
            pointer = NamedNode(f"{name}-{number}-place")
            yield Triple(result, NamedNode(_PLACES["earl"] + "pointer"), pointer)
            yield from (Triple(pointer, predicate, value) for predicate, value in _about_place(remark.place))


def _about_result(remark: Remark) -> Iterator[tuple[NamedNode, Term]]:
    yield term("rdf:type"), term("sh:ValidationResult")
    yield term("sh:focusNode"), _iri(remark.focus) or _literal(remark.focus or remark.place.path)
    path = _iri(remark.path)
    if path is not None:
        yield term("sh:resultPath"), path
    if remark.value is not None:
        yield term("sh:value"), _literal(remark.value)
    yield term("sh:resultSeverity"), term(f"sh:{remark.severity.capitalize()}")
    yield term("sh:resultMessage"), _literal(message_of(remark), language="en")
    if remark.rule in rules():
        yield term("sh:sourceShape"), rules()[remark.rule].node
    yield term("sh:sourceConstraintComponent"), _component(remark.rule)


def _about_place(place: Place) -> Iterator[tuple[NamedNode, Term]]:
    yield term("rdf:type"), NamedNode(_PLACES["ptr"] + "LineCharPointer")
    yield term("dcterms:source"), _literal(place.path)
    for name, number in (("lineNumber", place.line), ("charNumber", place.column)):
        if number is not None:
            yield NamedNode(_PLACES["ptr"] + name), Literal(str(number), datatype=term("xsd:positiveInteger"))


def _literal(text: str, language: str | None = None) -> Literal:
    return Literal(_SURROGATE.sub(_REPLACEMENT, text), language=language)


def _iri(text: str | None) -> NamedNode | None:
    try:
        return None if text is None else NamedNode(text)
    except ValueError:
        return None


@cache
def _component(rule: str) -> NamedNode:
    """Return the one constraint that the shape of a rule has, or the rule itself, where code decides it."""
    if rule not in rules():
        return term("sh:NodeConstraintComponent")  # of a shape of the user's own
    graph, node = Graph(rule_quads()), rules()[rule].node
    shapes = node, *graph.nodes(node, term("sh:property"))
    used = (_PARAMETER.fullmatch(each.predicate.value) for shape in shapes for each in graph.about(shape))
    names = {each[1] for each in used if each}
    if len(names) != 1:
        return node
    name = names.pop().replace("sparql", "SPARQL")
    return term(f"sh:{name[0].upper()}{name[1:]}ConstraintComponent")


def to_sarif(reports: Iterable["Report"], version: str) -> str:
    """Return one SARIF 2.1.0 run, for code-scanning views; files that cannot be read are told of twice.

    The fingerprint of a result does not depend on its line.
    """
    found = tuple(reports)
    remarks = [remark for each in found for remark in each.remarks]
    examples = {remark.rule: remark for remark in reversed(remarks)}
    order = {name: number for number, name in enumerate(sorted(examples))}
    repeats: Counter[str] = Counter()
    failures = [
        {"level": "error", "message": _sarif_text(str(each.error)), **_sarif_locations(Place(each.source))}
        for each in found
        if each.error is not None
    ]
    driver = {
        "name": "opengrade",
        "version": version,
        "informationUri": "https://w3id.org/opengrade",
        "rules": [_sarif_rule(examples[name]) for name in order],
    }
    run = {
        "tool": {"driver": driver},
        # Without a name of its own, a run takes the place of an uploaded assessment.
        "automationDetails": {"id": "opengrade-validate/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not failures, "toolExecutionNotifications": failures}],
        "results": [_sarif_result(remark, order[remark.rule], repeats) for remark in remarks],
    }
    return _json({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _sarif_rule(example: Remark) -> dict[str, Any]:
    ours = rules().get(example.rule)
    why, fix = (ours.why, ours.fix) if ours else (example.why, example.fix)
    texts = {"shortDescription": _sentence(example.label), "fullDescription": why, "help": fix}
    texts = {name: _TEMPLATE.sub("\N{HORIZONTAL ELLIPSIS}", text) for name, text in texts.items()}
    return {
        "id": f"submission/{example.rule}",
        "name": example.rule,
        **{name: _sarif_text(text) for name, text in texts.items() if len(text) > 1},
        **({"helpUri": ours.node.value} if ours else {}),
        "defaultConfiguration": {"level": _LEVELS[example.severity]},
    }


def _sarif_text(text: str) -> dict[str, str]:
    """Return a message without what SARIF gives a meaning in plain text: placeholders and links."""
    text = printable(text).replace("{", "{{").replace("}", "}}")
    return {"text": text.replace("](", "] (")}


def _sarif_result(remark: Remark, index: int, repeats: Counter[str]) -> dict[str, Any]:
    about = hashlib.sha256("\0".join(_lasting(remark)).encode("utf-8", "replace")).hexdigest()[:32]
    repeats[about] += 1
    return {
        "ruleId": f"submission/{remark.rule}",
        "ruleIndex": index,
        "level": _LEVELS[remark.severity],
        "message": _sarif_text(message_of(remark)),
        **_sarif_locations(remark.place),
        "partialFingerprints": {"opengradeRemark/v1": f"{about}:{repeats[about]}"},
    }


def _lasting(remark: Remark) -> tuple[str, ...]:
    """Return what of a remark stays as it is when lines above it come and go."""
    # A made-up IRI follows from the whole content of the file; the words name the node instead.
    named = remark.focus is not None and not remark.focus.startswith(GENID)
    node = (remark.focus or "") if named else _LINE.sub("line", remark.what)
    return _uri(remark.place.path), remark.rule, node, remark.path or "", remark.value or ""


def _sarif_locations(place: Place) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.path)}}
    if place.line is not None:
        column = {} if place.column is None else {"startColumn": place.column}
        physical["region"] = {"startLine": place.line, **column}
    return {"locations": [{"physicalLocation": physical}]}


def _uri(path: str) -> str:
    """Return a path as a relative reference, or as a file: URI where it is absolute; every byte is kept."""
    pure = PurePath(_NO_BYTE.sub(_REPLACEMENT, path))
    text = quote(pure.as_posix().encode("utf-8", "surrogateescape"), safe="/")
    return f"file://{'' if text.startswith('/') else '/'}{text}" if pure.is_absolute() else text


def to_github(reports: Iterable["Report"]) -> str:
    """Return a GitHub workflow command for each remark, a line each.

    GitHub shows the first ten of each severity of a step beside the lines concerned, and all in the log.
    """
    return "".join(_command(remark) + "\n" for each in reports for remark in each.remarks)


def _command(remark: Remark) -> str:
    place = remark.place
    properties = {"file": place.path, "line": place.line, "col": place.column, "title": remark.label}
    told = ",".join(
        f"{name}={_escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for name, value in properties.items()
        if value is not None
    )
    return f"::{_COMMANDS[remark.severity]} {told}::{_escaped(message_of(remark))}"


def _escaped(text: str) -> str:
    """Escape what ends a command; other control characters, which have no escape, are replaced."""
    return printable(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def to_junit(reports: Iterable["Report"]) -> str:
    """Return JUnit XML as `junit-10.xsd` of the xUnit plugin of Jenkins has it: a test suite for each file.

    A rule that is violated is a test case that fails, once for all places; a file that conforms is one that
    passes, one that cannot be read has an error. Other remarks are the output of the suite.
    """
    root = ElementTree.Element("testsuites", name="opengrade validate")
    for report in reports:
        _suite(root, report)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(root: ElementTree.Element, report: "Report") -> None:
    suite = ElementTree.SubElement(root, "testsuite", name=printable(report.source))
    violated: dict[str, list[Remark]] = defaultdict(list)
    for remark in report.remarks:
        if remark.severity == "violation":
            violated[remark.rule].append(remark)
    outcome = "failure" if report.error is None else "error"
    for name, remarks in violated.items():
        more = f" ({len(remarks)} times)" if len(remarks) > 1 else ""
        text = "\n".join(f"{_line(each)} {each.why}" for each in remarks)
        _case(suite, f"{name}: {remarks[0].label}", outcome, message_of(remarks[0]) + more, text)
    if not violated:
        outcome = "" if report.conforms else outcome
        message = str(report.error or NOTHING)
        _case(suite, "conforms" if report.conforms else NOTHING, outcome, message, message)
    for name, kind in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error")):
        suite.set(name, str(len(suite.findall(kind))))
    others = [_line(each) for each in report.remarks if each.severity != "violation"]
    if others:
        ElementTree.SubElement(suite, "system-out").text = "\n".join(others)


def _case(suite: ElementTree.Element, name: str, outcome: str, message: str, text: str) -> None:
    case = ElementTree.SubElement(suite, "testcase", name=printable(name), classname=suite.get("name", ""))
    if outcome:
        found = ElementTree.SubElement(case, outcome, type=printable(name.partition(":")[0]))
        found.set("message", printable(message))
        found.text = "\n".join(printable(line) for line in text.split("\n"))


def lines(report: "Report") -> Iterator[str]:
    """Yield a line for each remark, but for what a mapping leaves aside in every file, and one to sum up."""
    for remark in report.remarks:
        if not remark.routine:
            yield _line(remark)
    yield harmless_line(f"{report.source}: {_verdict(report)}")


def _line(remark: Remark) -> str:
    return harmless_line(f"{remark.place}  {remark.severity:<9}  {message_of(remark)}")


def _verdict(report: "Report") -> str:
    if report.error is not None:
        return "cannot be read"
    counts = Counter(each.severity for each in report.remarks)
    said = [f"{counts[name]} {name}{'s' * (counts[name] > 1)}" for name in SEVERITIES if counts[name]]
    if not report.checked:
        return ", ".join([NOTHING, *said])
    checked = f"{report.checked} check{'s' * (report.checked > 1)}"
    return f"{'conforms' if report.conforms else 'does not conform'}, {', '.join([checked, *said])}"


def summary(reports: Iterable["Report"]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each rule that there are remarks by: the worst first, then the most frequent."""
    counts: Counter[tuple[str, str]] = Counter()
    files: Counter[tuple[str, str]] = Counter()
    for each in reports:
        found = Counter((remark.label, remark.severity) for remark in each.remarks)
        counts.update(found)
        files.update(found.keys())
    for key in sorted(counts, key=lambda key: (SEVERITIES.index(key[1]), -counts[key], key[0])):
        yield printable(key[0]), key[1], str(counts[key]), str(files[key])
