"""The index's own files give the index's own scores."""

import json
from typing import Any

import pytest

from opengrade.assessing import ROUTES, assess
from opengrade.loading import framework
from support import CORPORA, facts_of, needs_corpora

FOLDER = CORPORA / "eosai"
# The clause of a criterion ends with the key of the dimension in the index's files.
KEYS = {each.name: (each.clause or "").rpartition(": ")[2] for each in framework("eosai-2026").criteria}
WORTH = {"open": 1.0, "partial": 0.5, "closed": 0.0}


def published() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "scores.json").read_text(encoding="utf-8"))
    return found


@needs_corpora
@pytest.mark.parametrize("by", ROUTES)
def test_all_files_give_the_published_scores(by: str) -> None:
    scores = published()
    assert len(scores) == 70
    facts = [facts_of(FOLDER / "systems" / name) for name in scores]
    names = {str(FOLDER / "systems" / name): entry for name, entry in scores.items()}
    for each in assess(facts, framework("eosai-2026"), by=by):
        entry = names.pop(each.source)
        assert each.name == entry["system"]
        assert each.grade is None
        assert each.score == pytest.approx(entry["score"], abs=0.001)
        assert dict(each.groups) == pytest.approx(entry["groups"], abs=0.001)
        points = {KEYS[f.criterion]: f.points for f in each.findings}
        assert points == {key: WORTH[class_] for key, class_ in entry["classes"].items()}
    assert not names


@needs_corpora
def test_the_edition_of_fourteen_dimensions_counts_those_without_a_grade_as_nothing() -> None:
    """The files have no class for the two dimensions that were dropped: 14 share the same points."""
    scores = published()
    facts = [facts_of(FOLDER / "systems" / name) for name in sorted(scores)[:10]]
    compared = 0
    for each in assess(facts, framework("eosai-2024")):
        entry = scores[each.source.rpartition("/")[2]]
        answered = [f for f in each.findings if f.status != "not-stated"]
        if len(answered) == 12:
            assert each.score == pytest.approx(entry["score"] * 12 / 14, abs=0.001)
            compared += 1
    assert compared > 5


@needs_corpora
def test_a_grade_is_shown_with_the_index_and_the_link_that_it_gives() -> None:
    (each,) = assess([facts_of(FOLDER / "systems" / "33x-coder.yaml")], framework("eosai-2026"))
    weights = next(f for f in each.findings if f.criterion == "EndModelWeightsShared")
    assert weights.status == "met"
    assert [e.cited for e in weights.evidence] == ["https://huggingface.co/senseable/33x-coder"]
    partial = next(f for f in each.findings if f.criterion == "EndModelDataShared")
    assert (partial.status, partial.reason, partial.points) == ("not-met", "JUDGED-UNMET", 0.5)
    assert partial.message.startswith("European Open Source AI Index judged this of 33x-Coder")
    assert "in part" in partial.message


def test_a_model_that_nobody_graded_has_no_score(tmp_path: Any) -> None:
    path = tmp_path / "m.ttl"
    path.write_text(
        'PREFIX ogr: <https://w3id.org/opengrade/ns#> <https://example.org/m> a ogr:Model ; ogr:name "M" .'
    )
    (each,) = assess([facts_of(path)], framework("eosai-2026"))
    assert each.score is None
    assert each.groups == ()
    assert {f.reason for f in each.findings} == {"NEEDS-JUDGEMENT"}
