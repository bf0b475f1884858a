"""On the published files of the Model Openness Tool our verdicts are the tool's own."""

import json
from typing import Any

import pytest

from opengrade import querying
from opengrade.assessing import ROUTES, Assessment, assess
from opengrade.graph import NamedNode
from opengrade.loading import framework
from opengrade.namespaces import local_name, prefixes
from opengrade.queries import mappings
from opengrade.store import Store
from support import CORPORA, facts_of, needs_corpora

CLASSES = {1: "class-i", 2: "class-ii", 3: "class-iii", 0: None}
FOLDER = CORPORA / "mot" / "models"
EXPECTED: dict[str, tuple[str, set[str | None]]] = {
    "included": ("met", {None, "LICENSE-WRONG-TYPE"}),
    "missing": ("not-stated", {"NOT-STATED"}),
    "unlicensed": ("not-met", {"NO-LICENSE"}),
    "invalid": ("not-met", {"LICENSE-NOT-OPEN", "LICENSE-UNKNOWN"}),
}


def kinds_by_name() -> dict[str, str]:
    """Read the tool's names of components from the table in the mapping."""
    (mapping,) = (each for each in mappings() if each.name == "mot-yaml")
    table = mapping.text.partition("VALUES (?componentName ?known) {")[2].partition("}")[0]
    answer = Store().ask(f"SELECT ?name ?kind {{ VALUES (?name ?kind) {{ {table} }} }}", prefixes=prefixes())
    return {name: local_name(NamedNode(kind)) for name, kind in querying.rows(answer, short=False)}


def published() -> dict[str, Any]:
    verdicts: dict[str, Any] = json.loads((CORPORA / "mot" / "verdicts.json").read_text(encoding="utf-8"))
    return verdicts


def differences(assessment: Assessment, verdict: dict[str, Any]) -> list[str]:
    """List what differs from the tool's verdict: the class, and the status of each required component."""
    found = []
    if assessment.grade != CLASSES[verdict["class"]]:
        found.append(f"class: {assessment.grade} instead of {verdict['class']}")
    kinds = kinds_by_name()
    for number, components in verdict["components"].items():
        for list_, (status, reasons) in EXPECTED.items():
            for name in components[list_]:
                finding = next(f for f in assessment.findings if f.criterion == f"{kinds[name]}Released")
                if finding.status != status or finding.reason not in reasons:
                    found.append(f"{name} in class {number}: {finding.status} {finding.reason}, not {list_}")
    return found


@needs_corpora
@pytest.mark.parametrize("by", ROUTES)
def test_classes_and_statuses_are_those_of_the_tool(by: str) -> None:
    rules, verdicts = framework("mof-1.0-mot"), published()
    facts = [facts_of(path) for path in sorted(FOLDER.glob("*.yml"))]
    found = {each.source.rpartition("/")[2]: each for each in assess(facts, rules, by=by)}
    assert found.keys() == verdicts.keys()
    assert len(found) == 80
    wrong = {name: differences(found[name], verdicts[name]) for name in verdicts}
    assert not {name: each for name, each in wrong.items() if each}


@needs_corpora
def test_type_warnings_are_those_of_the_tool() -> None:
    rules, verdicts, kinds = framework("mof-1.0-mot"), published(), kinds_by_name()
    facts = [facts_of(path) for path in sorted(FOLDER.glob("*.yml"))]
    for assessment in assess(facts, rules):
        verdict = verdicts[assessment.source.rpartition("/")[2]]
        required = {name for each in verdict["components"].values() for name in each["included"]}
        expected = {kinds[name] for name in verdict["not_type_appropriate"] if name in required}
        warned = {
            f.component.rpartition("#")[2]
            for f in assessment.findings
            if f.component and f.status == "met" and f.reason == "LICENSE-WRONG-TYPE" and f.grade
        }
        assert warned == expected, assessment.source
