"""`opengrade reason`: what it prints, what it finds to contradict, and what it refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from opengrade.errors import LimitError, OpenGradeError, UsageError
from opengrade.graph import NamedNode, parse
from opengrade.limits import Limits
from opengrade.namespaces import term
from opengrade.owl_facts import axioms
from opengrade.reasoners import hermit, rl
from opengrade.resources import data_root
from support import ROOT, run_cli

BOTH = ["rl", pytest.param("hermit", marks=pytest.mark.java)]
PREFIXES = """
PREFIX ogr: <https://w3id.org/opengrade/ns#> PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX x: <urn:own:>
PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX ex: <https://example.org/>
"""
RULES = """
x:f a ogr:Framework ; dcterms:identifier "own" ; dcterms:title "Own" ; ogr:monotone true ;
  ogr:hasCriterion x:fine, x:impossible ; ogr:hasGrade x:grade .
x:grade a ogr:Grade ; ogr:rank 1 ; ogr:requires x:fine, x:impossible .
x:evidence a ogr:Evidence .
x:fine a sh:NodeShape, ogr:Criterion ; sh:targetClass ogr:Model ; sh:name "n" ; sh:message "m" ; ogr:fix "f" ;
  ogr:hasEvidence x:evidence ;
  sh:property [ sh:path ogr:hasComponent ; sh:qualifiedMinCount 1 ; sh:qualifiedValueShape
    [ sh:class ogr:FinalWeights ] ] .
x:impossible a sh:NodeShape, ogr:Criterion ; sh:targetClass ogr:Model ; sh:name "n" ; sh:message "m" ;
  ogr:fix "f" ; ogr:hasEvidence x:evidence ;
"""
# A model that is a component; and a component that is of two kinds that exclude each other.
PLAIN = "sh:class ogr:Component ."
HIDDEN = (
    "sh:property [ sh:path ogr:hasComponent ; sh:qualifiedMinCount 1 ;"
    " sh:qualifiedValueShape [ sh:class ogr:ModelCard ; sh:node x:weights ] ] . x:weights a sh:NodeShape ;"
    " sh:class ogr:FinalWeights ."
)
GOOD = "ex:m a ogr:Model ; ogr:name 'Good' ; ogr:hasComponent ex:w . ex:w a ogr:FinalWeights .\n"
BAD = "ex:b a ogr:Model ; ogr:name 'Bad' ; ogr:hasComponent ex:c . ex:c a ogr:FinalWeights, ogr:ModelCard .\n"


def own_rules(folder: Path, impossible: str) -> Path:
    (folder / "rules").mkdir()
    (folder / "rules" / "own.ttl").write_text(PREFIXES + RULES + impossible, encoding="utf-8")
    return folder / "rules"


def submission(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.ttl"
    path.write_text(PREFIXES + text, encoding="utf-8")
    return path


# --- what contradicts ---


@pytest.mark.parametrize(
    ("reasoner", "impossible", "seen"),
    [
        ("rl", PLAIN, True),
        ("rl", HIDDEN, False),
        pytest.param("hermit", PLAIN, True, marks=pytest.mark.java),
        pytest.param("hermit", HIDDEN, True, marks=pytest.mark.java),
    ],
)
def test_a_class_that_can_have_no_member_is_found(
    reasoner: str, impossible: str, seen: bool, tmp_path: Path
) -> None:
    folder, good = own_rules(tmp_path, impossible), submission(tmp_path, "good", GOOD)
    done = run_cli("reason", good, "--frameworks-dir", folder, "-f", "own", "--with", reasoner)
    assert done.code == int(seen)
    assert "Good   own        none             1/2" in done.out
    line = "Classes that can have no member: urn:own:grade, urn:own:impossible."
    assert (line in done.out) is seen
    assert ("Classes that can have no member: none found. OWL 2 RL does not see all" in done.out) is not seen


@pytest.mark.parametrize("reasoner", BOTH)
def test_an_input_that_contradicts_the_ontology_is_found_and_the_rest_classified(
    reasoner: str, tmp_path: Path
) -> None:
    good, bad = submission(tmp_path, "good", GOOD), submission(tmp_path, "bad", BAD)
    done = run_cli("reason", good, bad, "--with", reasoner, "-f", "mof-1.0-mot")
    assert done.code == 1
    assert done.out.splitlines()[1].split() == ["Good", "mof-1.0-mot", "none", "0/18"]
    assert f"Inputs that contradict the ontology: {bad}.\n" in done.out
    assert "Bad" not in done.out


@pytest.mark.parametrize("reasoner", BOTH)
def test_a_contradiction_between_axioms_alone_is_not_blamed_on_an_input(reasoner: str) -> None:
    engine = rl.entail if reasoner == "rl" else hermit.entail
    more = parse(
        f"<urn:a> a {term('ogr:Model')}, {term('ogr:Component')} .".encode(), syntax="turtle", path="more"
    )
    assert not engine((*axioms(), *(q.triple for q in more)), (), Limits()).consistent
    fine = engine(axioms(), (), Limits())
    assert fine.consistent
    assert not fine.unsatisfiable


# --- what it prints ---


def test_the_catalog_is_classified_unless_inputs_are_named() -> None:
    done = run_cli("reason", "-f", "open-weights", "--format", "json", hash_seed=1)
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert (found["reasoner"], found["all_inputs_read"]) == ("rl", True)
    assert found["unsatisfiable"] == found["contradictory"] == []
    assert len(found["models"]) == len(list((data_root() / "catalog").glob("*.ttl")))
    amber = found["models"][0]
    assert (amber["name"], amber["grades"]) == ("Amber", ["owd-0.3", "osi-open-weights"])
    assert amber["criteria"] == ["WeightsOpen", "WeightsForEveryone", "WeightsFound"]
    assert run_cli("reason", "-f", "open-weights", "--format", "json", hash_seed=2).out == done.out


def test_all_means_the_monotone_ones_model_by_model(tmp_path: Path) -> None:
    done = run_cli("reason", ROOT / "catalog" / "amber.ttl", submission(tmp_path, "good", GOOD), "-f", "all")
    assert done.code == 0
    rows = [line.split()[:2] for line in done.out.splitlines()[1:15]]
    assert [name for name, _ in rows] == ["Amber"] * 7 + ["Good"] * 7
    assert rows[0][1] == "eosai-2024"
    assert "osaid-1.0" not in done.out
    assert grades_in(done.out, "eosai-2024") == "it has no grades"


def grades_in(text: str, framework: str) -> str:
    line = next(each for each in text.splitlines() if f" {framework} " in each)
    return line.split(framework)[1].rpartition("  ")[0].strip()


# --- what it refuses ---


def test_a_framework_that_is_not_monotone_is_refused_with_the_reason() -> None:
    done = run_cli("reason", "-f", "osaid-1.0")
    assert (done.code, done.out) == (2, "")
    assert "osaid-1.0 is not monotone: to release more can lower what it finds" in done.err
    assert "Use opengrade assess -f osaid-1.0." in done.err


def test_of_inputs_that_cannot_be_read_nothing_is_said_to_be_fine(tmp_path: Path) -> None:
    broken = submission(tmp_path, "broken", "ex:m a ogr:Model ;")
    alone = run_cli("reason", broken)
    assert (alone.code, alone.out) == (3, "")
    assert f"{broken}:" in alone.err
    beside = run_cli("reason", broken, submission(tmp_path, "good", GOOD))
    assert beside.code == 3
    assert "Good" in beside.out
    assert "none found" not in beside.out
    assert beside.out.count("none in what could be read; some inputs could not.") == 2
    as_json = run_cli("reason", broken, tmp_path / "good.ttl", "--format", "json")
    assert (as_json.code, json.loads(as_json.out)["all_inputs_read"]) == (3, False)


def test_without_a_model_nothing_is_said_to_be_fine(tmp_path: Path) -> None:
    done = run_cli("reason", submission(tmp_path, "empty", "ex:o a ogr:Organization ; ogr:name 'O' ."))
    assert (done.code, done.out) == (3, "")
    assert "this file describes no model" in done.err


def test_where_java_is_missing_it_is_said_what_to_do(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "opengrade", "reason", "--with", "hermit"]
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert "HermiT needs Java, and no java is on the path." in done.stderr
    assert "or use --with rl" in done.stderr


@pytest.mark.java
def test_hermit_ends_when_its_time_is_over() -> None:
    with pytest.raises(LimitError, match="the limit time was reached"):
        hermit.entail(axioms(), (), Limits(time=0))


@pytest.mark.parametrize("text", ["", "import sys; sys.exit(3)"])
def test_what_is_no_answer_of_hermit_is_an_error(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "java"
    program.write_text(f"#!{sys.executable}\n{text}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    import owlready2  # noqa: PLC0415

    monkeypatch.setattr(owlready2, "JAVA_EXE", "java")
    with pytest.raises(OpenGradeError, match="HermiT ended with exit code") as caught:
        hermit.entail(axioms(), (), Limits())
    assert not isinstance(caught.value, UsageError)


def test_an_answer_of_hermit_is_followed_to_the_classes_above() -> None:
    found = hermit.read_answer(
        "SubClassOf( <urn:b> <urn:c> )\nSubClassOf( <urn:a> <urn:b> )\nEquivalentClasses( <urn:b> <urn:d> )\n"
        "EquivalentClasses( <http://www.w3.org/2002/07/owl#Nothing> <urn:n> )\nType( <urn:i> <urn:a> )\n"
    )
    classes = {class_.value for thing, class_ in found.types if thing == NamedNode("urn:i")}
    assert classes == {"urn:a", "urn:b", "urn:c", "urn:d"}
    assert found.unsatisfiable == {NamedNode("urn:n")}
