"""Texts of submissions with one thing wrong each, and the rule and place by which that is to be named."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from support import TESTS

WHOLE = TESTS / "data" / "whole.ttl"
TEXT = WHOLE.read_text(encoding="utf-8")
BODY = TEXT.index("ex:lark\n")


@dataclass(frozen=True)
class Mutation:
    """A text with one thing wrong, and the rule and place by which that is to be named."""

    text: str
    rule: str
    line: int
    column: int | None = None
    words: str = ""


def line_of(at: int) -> int:
    return TEXT.count("\n", 0, at) + 1


def column_of(at: int) -> int:
    return at - TEXT.rfind("\n", 0, at)


def put(at: int, old: str, new: str) -> str:
    assert TEXT[at : at + len(old)] == old
    return TEXT[:at] + new + TEXT[at + len(old) :]


def first_line_of(name: str) -> int:
    return line_of(TEXT.index(f"\n{name}\n") + 1)


def misspelt_terms() -> Iterator[Mutation]:
    """Each term of ours, wherever it stands, with a letter too few, and with two letters swapped."""
    for found in re.finditer(r"ogr:(\w+)", TEXT[BODY:]):
        at, word = found.start() + BODY, found[0]
        middle = len(word) - 3
        for wrong in (
            word[:middle] + word[middle + 1 :],
            word[:middle] + word[middle + 1] + word[middle] + word[middle + 2 :],
        ):
            if wrong != word:
                yield Mutation(
                    put(at, word, wrong), "UnknownTerm", line_of(at), column_of(at), f"did you mean {word}?"
                )


# What a misspelt name of a thing comes to, by the property whose value it is, or as the subject.
LOST = {
    "hasComponent": "ComponentWithoutKind",
    "hasProducer": "ProducerNotOrganization",
    "hasArchitecture": "ArchitectureNotDescribed",
    "fineTunedFrom": "BaseModelNotNamed",
    "hasAttestation": "AttestationNotDescribed",
    "hasJudgement": "JudgementNotDescribed",
    "hasEvidence": "EvidenceNotDescribed",
    "refersTo": "RefersToNothingShared",
    "attestedBy": "AttesterNotOrganization",
    "judgedBy": "JudgeNotOrganization",
}


def misspelt_names() -> Iterator[Mutation]:
    """Each mention of a thing, with a letter too many, so that it is another one."""
    for found in re.finditer(r"(?m)^    (?:ogr:(\w+)|  ) ?\s*(ex:\w+) [;,.]$", TEXT):
        if found[1] != "fineTunedFrom":  # another model may well be described elsewhere
            at = found.start(2)
            rule = LOST[found[1] or "hasComponent"]
            yield Mutation(put(at, found[2], found[2] + "x"), rule, line_of(at), column_of(at))
    for name in ("ex:weights", "ex:training", "ex:card", "ex:data", "ex:code"):
        at = TEXT.index(f"\n{name}\n") + 1
        yield Mutation(put(at, name, name + "x"), "ComponentWithoutModel", line_of(at), 1)


# What is required: the statement that is taken out, and what is then missing on which thing.
REQUIRED = (
    ("ex:lark", "a ogr:Model", "ModelNotDescribed", "ex:lark"),
    ("ex:lark", "ogr:name", "ModelWithoutName", "ex:lark"),
    ("ex:finch", "ogr:name", "ModelWithoutName", "ex:finch"),
    ("ex:finch", "ogr:hasComponent", "ModelWithoutComponent", "ex:finch"),
    ("ex:nest", "a ogr:Organization", "ProducerNotOrganization", None),
    ("ex:nest", "ogr:name", "OrganizationWithoutName", "ex:nest"),
    ("ex:decoder", "a ogr:Architecture", "ArchitectureNotDescribed", None),
    ("ex:weights", "a ogr:FinalWeights", "ComponentWithoutKind", "ex:weights"),
    ("ex:training", "a ogr:TrainingCode", "ComponentWithoutKind", "ex:training"),
    ("ex:card", "a ogr:ModelCard", "ComponentWithoutKind", "ex:card"),
    ("ex:data", "a ogr:Datasets", "ComponentWithoutKind", "ex:data"),
    ("ex:code", "a ogr:InferenceCode", "ComponentWithoutKind", "ex:code"),
    ("ex:seeds", "a ogr:Dataset", "RefersToNothingShared", None),
    ("ex:page", "a ogr:Evidence", "EvidenceNotDescribed", None),
    ("ex:page", "ogr:sourceUrl", "EvidenceWithoutAddress", "ex:page"),
    ("ex:page", "ogr:dateSeen", "EvidenceWithoutDay", "ex:page"),
    ("ex:rerun", "a ogr:Attestation", "AttestationNotDescribed", None),
    ("ex:rerun", "ogr:attestsLevel", "AttestationWithoutOneLevel", "ex:rerun"),
    ("ex:verdict", "a ogr:Judgement", "JudgementNotDescribed", None),
    ("ex:verdict", "ogr:onQuestion", "JudgementWithoutOneQuestion", "ex:verdict"),
    ("ex:verdict", "ogr:givesAnswer", "JudgementWithoutOneAnswer", "ex:verdict"),
    # recommended
    ("ex:lark", "ogr:releaseDate", "ReleaseDateNotStated", "ex:lark"),
    ("ex:lark", "ogr:hasProducer", "ProducerNotStated", "ex:lark"),
    ("ex:lark", "ogr:hasEvidence", "ModelWithoutEvidence", "ex:lark"),
    ("ex:weights", "ogr:licenseExpression", "DataLicenseNotStated", "ex:weights"),
    ("ex:data", "ogr:licenseExpression", "DataLicenseNotStated", "ex:data"),
    ("ex:data", "ogr:hasDataClass", "DataClassNotStated", "ex:data"),
    ("ex:lark", "ogr:documentLicense", "DocumentLicenseNotStated", "ex:card"),
    ("ex:code", "ogr:licenseExpression", "CodeLicenseNotStated", "ex:code"),
    ("ex:page", "ogr:hasSourceKind", "SourceKindNotStated", "ex:page"),
    ("ex:verdict", "ogr:judgedBy", "JudgeNotStated", "ex:verdict"),
    ("ex:verdict", "ogr:hasEvidence", "JudgementWithoutEvidence", "ex:verdict"),
    # nice to have
    ("ex:lark", "ogr:version", "VersionNotStated", "ex:lark"),
    ("ex:lark", "ogr:modality", "ModalityNotStated", "ex:lark"),
    ("ex:lark", "ogr:parameterCount", "ParameterCountNotStated", "ex:lark"),
    ("ex:lark", "ogr:hasArchitecture", "ArchitectureNotStated", "ex:lark"),
    ("ex:finch", "ogr:architectureName", "ArchitectureNotStated", "ex:finch"),
    ("ex:weights", "ogr:hasAvailability", "AvailabilityNotStated", "ex:weights"),
    ("ex:weights", "ogr:licenseLocation", "LicenseNotShown", "ex:weights"),
    ("ex:rerun", "ogr:attestedBy", "AttesterNotStated", "ex:rerun"),
    ("ex:verdict", "ogr:dateJudged", "JudgementDayNotStated", "ex:verdict"),
)


def removed_statements() -> Iterator[Mutation]:
    for subject, statement, rule, named in REQUIRED:
        begin = TEXT.index(f"\n{subject}\n") + 1
        found = re.compile(rf"    {re.escape(statement)}\b[^;]*?( ;| \.)\n").search(TEXT, begin)
        assert found, statement
        end = TEXT.index("\n\n", begin) if "\n\n" in TEXT[begin:] else len(TEXT)
        assert found.end() <= end + 1
        gone = found[0].count("\n")
        text = TEXT[: found.start()] + TEXT[found.end() :]
        if found[1] == " .":
            text = text[: found.start()].rstrip(" ;\n") + " .\n" + text[found.start() :]
        line = 0 if named is None else first_line_of(named)
        yield Mutation(text, rule, line - gone if named and line > line_of(found.start()) else line)


def fillers() -> Iterator[Mutation]:
    words = ("TBD", "unknown", "Information not found", "None", "other", "N/A", "")
    for number, found in enumerate(re.finditer(r'ogr:\w+ ("[^"]*")(?: [;.])', TEXT)):
        word = words[number % (6 if "icense" in found[0] else 7)]
        at = found.start(1)
        yield Mutation(put(at, found[1], f'"{word}"'), "PseudoValue", line_of(at), column_of(at))


def wrong_licenses() -> Iterator[Mutation]:
    for found in re.finditer(r'icense(?:Expression)? ("[^"]*"|spdx:\S+)', TEXT):
        for wrong in ('"Appache 2.0"', '"gpl"', "spdx:MITT", '"MIT AND Nothing-1.0"', '"\u041cIT"'):
            at = found.start(1)
            yield Mutation(put(at, found[1], wrong), "LicenseNotResolved", line_of(at), column_of(at))


DATE_NOT_MARKED = {
    "dateSeen": "EvidenceDateNotMarked",
    "releaseDate": "ReleaseDateNotMarked",
    "dateJudged": "JudgementDateNotMarked",
}


def wrong_dates() -> Iterator[Mutation]:
    for found in re.finditer(r'("[\d-]+"\^\^)(xsd:date)', TEXT):
        at = found.start(1)
        for wrong in (
            "2025-02-30",
            "2025-13-01",
            "3025-01-01",
            "1024-01-01",
            "2025-3-4",
            "yesterday",
            "2025",
        ):
            yield Mutation(put(at, found[1], f'"{wrong}"^^'), "ImpossibleDate", line_of(at), column_of(at))
        (property_,) = re.findall(r"ogr:(\w+) $", TEXT[:at])
        rule = DATE_NOT_MARKED[property_]
        for wrong in ("xsd:dat", "xsd:string", "xsd:gYear"):
            yield Mutation(put(found.start(2), "xsd:date", wrong), rule, line_of(at), column_of(at))


def wrong_namespaces() -> Iterator[Mutation]:
    ours = "https://w3id.org/opengrade/ns#"
    for wrong in (
        "http://w3id.org/opengrade/ns#",
        "https://w3id.org/opengrade/ns/",
        "https://www.w3id.org/opengrade/ns#",
    ):
        text = TEXT.replace(ours, wrong)
        for found in re.finditer(r"ogr:\w+", TEXT[BODY:]):
            if found[0] in ("ogr:Model", "ogr:hasComponent", "ogr:licenseExpression", "ogr:dateSeen"):
                at = found.start() + BODY
                yield Mutation(text, "NamespaceVariant", line_of(at), column_of(at), found[0])
    for wrong in ("https://w3id.org/opengrade/ns.html#Model", "http://w3id.org/opengrade/ns/Model"):
        at = TEXT.index("ogr:Model")
        yield Mutation(
            put(at, "ogr:Model", f"<{wrong}>"), "NamespaceVariant", line_of(at), column_of(at), "ogr:Model"
        )


WAYS: tuple[Callable[[], Iterator[Mutation]], ...] = (
    *(misspelt_terms, misspelt_names, removed_statements, fillers),
    *(wrong_licenses, wrong_dates, wrong_namespaces),
)
