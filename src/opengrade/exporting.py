"""Writes assessments as JSON, CSV, Markdown, Turtle and SARIF; every function returns text."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from opengrade.assessing import Assessment
from opengrade.findings import Finding
from opengrade.graph import Quad, Triple, turtle
from opengrade.namespaces import prefixes
from opengrade.remarks import Remark
from opengrade.tables import harmless_line

SCHEMA = "https://w3id.org/opengrade/schema/assessment/1"
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
COLUMNS = (
    "model",
    "name",
    "source",
    "framework",
    "grade",
    "criterion",
    "kind",
    "status",
    "reason",
    "license",
    "message",
    "fix",
)


def to_json(assessments: Iterable[Assessment], remarks: Iterable[Remark], versions: Mapping[str, str]) -> str:
    """Return the JSON contract: one entry for each model and framework, and the ignored claims."""
    document = {
        "schema": SCHEMA,
        "versions": dict(versions),
        "assessments": [_assessment(each) for each in assessments],
        "ignored_claims": [_remark(each) for each in remarks if each.claim],
        "not_used": [_remark(each) for each in remarks if not each.claim],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _assessment(each: Assessment) -> dict[str, Any]:
    return {
        "model": each.model,
        "name": each.name,
        "source": each.source,
        "framework": each.framework,
        "grade": each.grade,
        "score": each.score,
        "progress": dict(each.progress),
        **({"groups": dict(each.groups)} if each.groups else {}),
        **({"notice": each.notice} if each.notice else {}),
        "criteria": [_finding(finding) for finding in each.findings],
    }


def _finding(each: Finding) -> dict[str, Any]:
    return {
        "criterion": each.criterion,
        "label": each.label,
        "kind": list(each.kinds),
        "grade": each.grade,
        "status": each.status,
        "reason": each.reason,
        "component": each.component,
        "license": each.license,
        "message": each.message,
        "fix": each.fix,
        **({} if each.points is None else {"points": each.points}),
        "evidence": [{k: v for k, v in asdict(e).items() if v is not None} for e in each.evidence],
    }


def _remark(each: Remark) -> dict[str, Any]:
    return {"source": each.place.path, "line": each.place.line, "text": each.what}


def to_csv(assessments: Iterable[Assessment]) -> str:
    """Return one row for each finding."""
    rows = (
        (
            *(a.model, a.name, a.source, a.framework, a.grade or ""),
            *(
                f.criterion,
                " ".join(f.kinds),
                f.status,
                f.reason or "",
                f.license or "",
                f.message,
                f.fix or "",
            ),
        )
        for a in assessments
        for f in a.findings
    )
    return csv_text(COLUMNS, rows)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as CSV with a header line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    return out.getvalue()


def _inert(cell: str) -> str:
    """Return a cell that spreadsheets take for a text and not for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def to_turtle(triples: Iterable[Triple | Quad]) -> str:
    """Return triples as Turtle, in the order of their terms, with the prefixes of the project."""
    return turtle(triples, prefixes())


def to_sarif(assessments: Sequence[Assessment], version: str) -> str:
    """Return findings that are not met as SARIF 2.1.0 results, for code-scanning views."""
    rules: dict[str, dict[str, Any]] = {}
    results = []
    for each in assessments:
        for finding in each.findings:
            if finding.status == "met" and finding.reason is None:
                continue
            identifier = f"{each.framework}/{finding.criterion}"
            rules[identifier] = {
                "id": identifier,
                "shortDescription": {"text": finding.label},
                "helpUri": finding.iri,
            }
            results.append(_sarif_result(each, finding, identifier))
    driver = {
        "name": "opengrade",
        "version": version,
        "informationUri": "https://w3id.org/opengrade",
        "rules": list(rules.values()),
    }
    document = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _sarif_result(each: Assessment, finding: Finding, identifier: str) -> dict[str, Any]:
    required = finding.grade is not None and finding.status != "met"
    text = f"{finding.message} {finding.fix}" if finding.fix else finding.message
    return {
        "ruleId": identifier,
        "level": "warning" if required else "note",
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(each.source)}}}],
        "partialFingerprints": {"modelAndCriterion/v1": f"{each.model} {identifier}"},
    }


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(markdown_text(cell) for cell in line) + " |\n" for line in lines)


def markdown_text(text: str) -> str:
    """Return a text as one line without markup: no HTML, link, heading or end of a cell."""
    shown = harmless_line(text.replace("\n", " ")).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\|\[\]`*]|^\s*[#>+-])", r"\\\1", shown)
