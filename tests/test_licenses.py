"""A text determines a license or it stays unknown; nothing is guessed."""

import csv
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opengrade.graph import NamedNode
from opengrade.licenses import MAX_TEXT, Resolution, license_index
from opengrade.namespaces import local_name, term
from opengrade.vocabulary import vocabulary
from support import TESTS

INDEX = license_index()
IDENTIFIERS = sorted(INDEX.by_identifier)


def table(name: str) -> list[dict[str, str]]:
    with (TESTS / "data" / name).open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))


def meaning(found: Resolution) -> str:
    """Write options as the test tables do: alternatives by `;`, licenses that go together by `+`."""
    return ";".join("+".join(sorted(map(INDEX.label, option))) for option in found.options)


@pytest.mark.parametrize("row", table("license-texts.csv"), ids=lambda row: ascii(row["text"]))
def test_texts(row: dict[str, str]) -> None:
    found = INDEX.resolve(row["text"])
    assert meaning(found) == row["license"]
    assert (local_name(found.how) if found.how else "") == row["how"]
    assert found.state == term("ogr:KnownLicense" if row["license"] else "ogr:UnknownLicense")
    assert bool(found.note) != bool(row["license"])


@pytest.mark.parametrize("row", table("license-urls.csv"), ids=lambda row: ascii(row["address"]))
def test_addresses(row: dict[str, str]) -> None:
    found = INDEX.resolve(row["address"])
    assert meaning(found) == row["license"]
    assert found.how == (term("ogr:ByUrl") if row["license"] else None)


@pytest.mark.parametrize("text", ["", "unlicensed", "NONE"])
def test_texts_that_say_there_is_no_license(text: str) -> None:
    assert INDEX.resolve(text).state == term("ogr:NoLicense")


@pytest.mark.parametrize("text", ["NOASSERTION", "Unlicensed", "none", " "])
def test_texts_that_only_look_as_if_they_said_so_are_unknown(text: str) -> None:
    assert INDEX.resolve(text).state == term("ogr:UnknownLicense")


@given(st.sampled_from(IDENTIFIERS))
def test_every_identifier_resolves_to_itself(identifier: str) -> None:
    found = INDEX.resolve(identifier)
    assert meaning(found) == identifier
    assert found.how == term("ogr:ByIdentifier")


@given(st.sampled_from(IDENTIFIERS), st.data())
def test_no_identifier_with_a_foreign_letter_resolves(identifier: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(identifier) - 1))
    foreign = data.draw(st.characters(min_codepoint=128, exclude_categories=("Zs", "Zl", "Zp", "Cs")))
    text = identifier[:place] + foreign + identifier[place + 1 :]
    assert INDEX.resolve(text).state == term("ogr:UnknownLicense")


@given(st.sampled_from(IDENTIFIERS))
def test_full_width_spellings_are_unknown(identifier: str) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in identifier)
    assert unicodedata.normalize("NFKC", wide) == identifier
    assert INDEX.resolve(wide).state == term("ogr:UnknownLicense")


@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    found = INDEX.resolve(text)
    assert (found.state == term("ogr:KnownLicense")) == bool(found.options)


@given(
    st.recursive(
        st.sampled_from(["MIT", "Apache-2.0", "Acme", "CC-BY-4.0"]),
        lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["AND", "OR"]), inner),
        max_leaves=6,
    )
)
def test_expressions_take_the_alternatives_they_have(text: str) -> None:
    """An expression is true of a set of licenses exactly if the set holds one of its options."""
    words = text.replace("(", "( ").replace(")", " )").split()
    for held in ({"MIT"}, {"Apache-2.0"}, {"MIT", "CC-BY-4.0"}, {"MIT", "Apache-2.0", "CC-BY-4.0"}):
        python = " ".join(
            w.lower() if w in ("AND", "OR") else w if w in "()" else str(w in held) for w in words
        )
        options = [{INDEX.label(node) for node in option} for option in INDEX.resolve(text).options]
        assert any(option <= held for option in options) == eval(python)


def test_a_text_too_long_and_an_expression_too_wide_are_unknown_and_say_so() -> None:
    assert str(MAX_TEXT) in INDEX.resolve("x" * (MAX_TEXT + 1)).note
    wide = " AND ".join(f"(MIT OR {each})" for each in IDENTIFIERS[:12])
    assert INDEX.resolve(wide).state == term("ogr:UnknownLicense")


def nodes(class_name: str) -> list[NamedNode]:
    found = INDEX.graph.subjects(term("rdf:type"), term(class_name))
    return [node for node in found if isinstance(node, NamedNode)]


def test_no_spelling_stands_for_two_licenses() -> None:
    """Names and aliases determine one thing; a name that several licenses share is not counted."""
    owners: dict[str, set[str]] = {}
    for class_name in ("ogr:License", "ogr:LicenseFamily"):
        for node in nodes(class_name):
            for text in INDEX.graph.texts(node, term("ogr:alias")):
                owners.setdefault(text.lower(), set()).add(node.value)
    assert not {text: found for text, found in owners.items() if len(found) > 1}
    for node in nodes("ogr:License"):
        for alias in INDEX.graph.texts(node, term("ogr:alias")):
            assert INDEX.resolve(alias).licenses == (node,), alias
    for node in nodes("ogr:LicenseFamily"):
        for alias in INDEX.graph.texts(node, term("ogr:alias")):
            assert not INDEX.resolve(alias).licenses, alias


TERMS = (
    *("permitsCommercialUse", "permitsModification", "permitsRedistribution", "requiresAttribution"),
    *(
        "restrictsUse",
        "restrictionsFlowDown",
        "restrictsOutputs",
        "shareAlike",
        "fieldOfUse",
        "userThreshold",
    ),
    *("revenueThreshold", "grantsPatents"),
)


def unlisted() -> list[NamedNode]:
    return [node for node in nodes("ogr:License") if INDEX.label(node).startswith("LicenseRef-")]


def test_there_are_forty_licenses_that_spdx_does_not_list() -> None:
    assert len(unlisted()) >= 40


def test_each_of_them_has_cited_terms_and_an_alias() -> None:
    for node in unlisted():
        graph = INDEX.graph
        stated = {name for name in TERMS if graph.objects(node, term(f"ogr:{name}"))}
        cited = {
            local_name(each)
            for evidence in graph.nodes(node, term("ogr:hasEvidence"))
            for each in graph.nodes(evidence, term("ogr:supports"))
            if isinstance(each, NamedNode)
        }
        assert stated, node
        assert stated <= cited, (node, stated - cited)
        assert graph.texts(node, term("ogr:alias")), node


def test_all_evidence_has_an_address_and_a_day() -> None:
    for node in nodes("ogr:Evidence"):
        for name in ("ogr:sourceUrl", "ogr:dateSeen", "ogr:hasSourceKind"):
            assert INDEX.graph.objects(node, term(name)), (node, name)


def test_each_row_of_the_openness_table_is_cited() -> None:
    contents = set(vocabulary().kinds.values())
    rows = nodes("ogr:OpennessRow")
    assert rows
    for row in rows:
        assert INDEX.graph.nodes(row, term("ogr:hasEvidence")), row
        assert set(INDEX.graph.nodes(row, term("ogr:opensContent"))) <= contents
