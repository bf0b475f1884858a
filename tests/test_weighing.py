"""The commands explain, improve, what-if and compare, and frameworks from a folder, as people use them."""

import json
from pathlib import Path

import pytest

from support import ROOT, TESTS, run_cli

INVENTED = TESTS / "data" / "invented"
TINY = ("--frameworks-dir", INVENTED)
MODEL = """
PREFIX ogr: <https://w3id.org/opengrade/ns#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
<https://example.org/m> a ogr:Model ; ogr:name "Small" ;
  ogr:hasComponent <https://example.org/m#weights> , <https://example.org/m#paper> ;
  ogr:hasJudgement <https://example.org/m#liked> .
<https://example.org/m#weights> a ogr:FinalWeights ; ogr:licenseExpression "MIT" .
<https://example.org/m#paper> a ogr:ResearchPaper .
<https://example.org/m#liked> a ogr:Judgement ; ogr:onQuestion <https://example.org/tiny-2#question> ;
  ogr:givesAnswer ogr:InPart ; ogr:judgedBy <https://example.org/ann> .
<https://example.org/ann> a ogr:Organization ; ogr:name "Ann" .
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.ttl"
    path.write_text(MODEL, encoding="utf-8")
    return path


# --- a framework is data only ---


def test_a_framework_from_a_folder_assesses(small: Path) -> None:
    done = run_cli("assess", small, "-f", "tiny-2", *TINY, "--format", "json")
    assert done.code == 0, done.err
    (found,) = json.loads(done.out)["assessments"]
    assert (found["grade"], found["score"], found["groups"]) == (
        "bronze",
        0.75,
        {"people": 0.5, "files": 1.0},
    )
    by_name = {each["criterion"]: each for each in found["criteria"]}
    assert by_name["WeightsOpen"]["status"] == "met"
    assert (by_name["Liked"]["reason"], by_name["Liked"]["points"]) == ("JUDGED-UNMET", 0.5)
    assert by_name["Liked"]["message"].startswith("Ann judged this of Small and answered: in part.")
    assert by_name["PaperFound"]["message"].startswith("No source says where the research paper of Small is.")
    for route in ("shacl", "memory"):
        again = run_cli("assess", small, "-f", "tiny-2", *TINY, "--format", "json", "--route", route)
        assert again.out == done.out


def test_a_framework_from_a_folder_explains(small: Path) -> None:
    done = run_cli("explain", small, "-f", "tiny-2", *TINY, "--criterion", "Liked")
    assert done.code == 0, done.err
    assert "Rule: third sentence; https://example.org/tiny, seen 2026-11-01" in done.out
    assert "gives answer In Part" in done.out


def test_a_framework_from_a_folder_improves(small: Path) -> None:
    done = run_cli("improve", small, "--to", "tiny-2:gold", *TINY)
    assert done.code == 0, done.err
    assert "2 changes are needed, and no fewer do" in done.out
    assert "State, with a source, of the research paper of Small: its location." in done.out


def test_a_framework_from_a_folder_stands_beside_ours(small: Path) -> None:
    done = run_cli("compare", small, "olmo-7b", "-f", "tiny-2", "-f", "mof-1.0", *TINY)
    assert done.code == 0, done.err
    rows = [line.split() for line in done.out.splitlines() if line.startswith(("tiny-2", "mof-1.0"))]
    assert ["tiny-2", "bronze", "0.750", "bronze", "0.500"] in rows
    listed = run_cli("frameworks", *TINY).out
    assert "tiny-2" in listed
    assert "Invented for a test." in run_cli("frameworks", "show", "tiny-2", *TINY).out
    assert "tiny-2" not in run_cli("frameworks").out


def test_a_framework_from_a_folder_weighs_changes(small: Path) -> None:
    done = run_cli("what-if", small, "-f", "tiny-2", *TINY, "--set", "FinalWeights.license=CC-BY-NC-4.0")
    assert done.code == 0, done.err
    assert any(
        line.split() == ["tiny-2", "bronze", "0.750", "none", "0.250"] for line in done.out.splitlines()
    )


def test_a_folder_without_frameworks_or_with_broken_ones_is_told_of(tmp_path: Path) -> None:
    done = run_cli("frameworks", "--frameworks-dir", tmp_path)
    assert (done.code, "holds no framework file" in done.err) == (2, True)
    (tmp_path / "mof-1.0.ttl").write_text("")
    done = run_cli("frameworks", "--frameworks-dir", tmp_path)
    assert (done.code, "name of a framework of ours" in done.err) == (2, True)
    (tmp_path / "mof-1.0.ttl").unlink()
    text = (INVENTED / "tiny-2.ttl").read_text(encoding="utf-8")
    (tmp_path / "tiny-2.ttl").write_text(text.replace("sh:minCount 1", 'sh:pattern "x"'), encoding="utf-8")
    done = run_cli("frameworks", "--frameworks-dir", tmp_path)
    assert done.code == 3
    assert "sh:pattern" in done.err
    broken = text.replace("No source says where the {kind}", "No source says where the {model.__class__}")
    (tmp_path / "tiny-2.ttl").write_text(broken, encoding="utf-8")
    done = run_cli("frameworks", "--frameworks-dir", tmp_path)
    assert (done.code, "has no name {model.__class__} to put in" in done.err) == (3, True)
    assert "Traceback" not in done.err


# --- what if ---


def test_what_if_shows_verdicts_before_and_after() -> None:
    done = run_cli(
        "what-if", "bloom", "-f", "osaid-1.0", "--format", "json",
        *("--set", "FinalWeights.license=Apache-2.0", "--set", "InferenceCode.license=MIT"),
        *("--set", "PreprocessingCode.license=MIT", "--set", "SupportingLibraries.license=MIT"),
    )  # fmt: skip
    assert done.code == 0, done.err
    (comparison,) = json.loads(done.out)["comparisons"]
    (framework,) = comparison["frameworks"]
    assert [each["grade"] for each in framework["verdicts"]] == [
        "open-source-ai-with-changed-terms",
        "open-source-ai",
    ]
    assert {each["criterion"] for each in framework["differences"]} == {
        *("FinalWeightsOpen", "InferenceCodeOpen", "PreprocessingCodeOpen", "SupportingLibrariesOpen")
    }


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("TrainingCode=MIT", "is no question"),
        ("TrainingCode.license", "is no setting"),
        ("TraningCode.license=MIT", "Did you mean TrainingCode?"),
        ("TrainingCode.licence=MIT", "Did you mean license?"),
        ("FinalWeights.availability=Gated", "GatedClickthrough"),
        ("Model.license=MIT", "Model.distributionLicense"),
        ("NotMonetized=Maybe", "is no value of ogr:givesAnswer"),
        ("Dataset.dataClass=OpenData", "refers to no dataset"),
    ],
)
def test_a_setting_that_cannot_be_made_says_why(setting: str, told: str, small: Path) -> None:
    done = run_cli("what-if", small, "--set", setting)
    assert done.code == 2
    assert told in done.err
    assert done.out == ""


def test_a_setting_can_add_a_component_a_judgement_and_a_fact_of_a_dataset(small: Path) -> None:
    done = run_cli("what-if", small, "-f", "mof-1.0", "--set", "ModelCard.license=CC-BY-4.0")
    assert any(line.endswith("NOT-STATED  met") and "model card" in line for line in done.out.splitlines())
    done = run_cli("what-if", small, "-f", "eu-gpai-2025", "--set", "NotMonetized=Fully")
    assert any("NEEDS-JUDGEMENT  met" in line for line in done.out.splitlines())
    done = run_cli(
        *("what-if", "pythia-12b", "-f", "full-openness"),
        *("--set", "Dataset.dataClass=OpenData", "--set", "Dataset.license=CC-BY-4.0"),
    )
    rows = [line.split() for line in done.out.splitlines()]
    assert ["full-openness", "partially-open", "fully-open"] in rows


# --- improve ---


def test_improve_says_what_to_do_and_ends_with_1_where_others_have_to_act(tmp_path: Path) -> None:
    done = run_cli("improve", "T5-11B", "--to", "mof-1.0:class-iii", "--format", "json")
    assert done.code == 0, done.err
    (plan,) = json.loads(done.out)["plans"]
    assert plan["reachable"] is True
    assert [change["kind"] for change in plan["changes"]].count("Relicense") >= 1
    path = tmp_path / "tuned.ttl"
    path.write_text(
        "PREFIX ogr: <https://w3id.org/opengrade/ns#>"
        " <https://example.org/t> a ogr:Model ; ogr:name 'Tuned' ;"
        " ogr:fineTunedFrom <https://w3id.org/opengrade/id/model/llama-2-70b> ;"
        " ogr:hasComponent <https://example.org/t#w> ."
        " <https://example.org/t#w> a ogr:FinalWeights ; ogr:licenseExpression 'MIT' .",
        encoding="utf-8",
    )
    done = run_cli("improve", path, "--to", "mof-1.0:class-iii")
    assert done.code == 1
    assert "cannot reach class-iii" in done.out
    assert "bound by the license of Llama 2 70B, which only its producer can change" in done.out


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("mof-1.0", "mof-1.0:class-iii"),
        ("mof-1.0:gold", "mof-1.0:class-i"),
        ("eosai-2026:open", "choose a framework with grades"),
        ("nonsense:gold", "there is no framework"),
    ],
)
def test_a_target_that_is_none_says_which_there_are(target: str, told: str) -> None:
    done = run_cli("improve", "amber", "--to", target)
    assert done.code == 2
    assert told in done.err


def test_improve_says_when_the_grade_is_met_already() -> None:
    done = run_cli("improve", "olmo-7b", "--to", "osaid-1.0:open-source-ai")
    assert (done.code, "meets open-source-ai" in done.out, "already" in done.out) == (0, True, True)


# --- compare, and many frameworks in one table ---


def test_compare_sets_models_side_by_side_and_says_what_sets_them_apart() -> None:
    done = run_cli("compare", "amber", "CrystalCoder", "-f", "mof-1.0", "-f", "osaid-1.0")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].split() == ["Framework", "Amber", "CrystalCoder"]
    assert ["mof-1.0", "class-i", "none"] in [line.split() for line in lines]
    assert any("model card" in line and line.endswith("NO-LICENSE") for line in lines)
    assert any(
        line.strip().startswith("CrystalCoder: mof-1.0 gives no grade where osaid-1.0 (open-source-ai)")
        for line in lines
    )


def test_assess_by_all_frameworks_gives_a_row_for_each_model_and_a_column_for_each_framework() -> None:
    done = run_cli("assess", "-f", "all", "--format", "markdown")
    assert done.code == 0, done.err
    rows = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in done.out.splitlines()]
    names = sorted(path.stem for path in (ROOT / "shapes" / "frameworks").glob("*.ttl"))
    assert rows[0][0] == "Model"
    assert sorted(rows[0][1:]) == names
    assert len(rows) == 2 + 14
    olmo = dict(zip(rows[0], next(row for row in rows if row[0] == "OLMo-7B"), strict=True))
    assert olmo["osaid-1.0"] == "open-source-ai"
    assert olmo["eosai-2026"] == "not judged"


def test_a_model_that_is_neither_file_nor_in_the_catalog_is_told_of() -> None:
    done = run_cli("compare", "olmo-7B", "pythia")
    assert done.code == 2
    assert '"pythia" is neither a file nor a model of the catalog' in done.err
    assert "Did you mean pythia-12b?" in done.err


def test_the_exemption_says_that_it_is_no_legal_advice() -> None:
    for arguments in (("assess", ROOT / "catalog" / "olmo-7b.ttl"), ("explain", "olmo-7b")):
        assert "This is no legal advice" in run_cli(*arguments, "-f", "eu-gpai-2025").out
    assert "This is no legal advice" in run_cli("frameworks", "show", "eu-gpai-2025").out
    done = run_cli("assess", ROOT / "catalog" / "olmo-7b.ttl", "-f", "eu-gpai-2025", "--format", "json")
    found = json.loads(done.out)
    assert "no legal advice" in found["assessments"][0]["notice"]
