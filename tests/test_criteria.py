"""Rules that the routes could not run, or would silently ignore, are refused by name when they are loaded."""

from pathlib import Path

import pytest

from opengrade.errors import RuleError
from opengrade.loading import load_framework

HEADER = """
PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX ogr: <https://w3id.org/opengrade/ns#>
PREFIX x: <urn:shape:> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
FRAMEWORK = "x:framework a ogr:Framework ; ogr:hasCriterion x:criterion ; ogr:hasGrade x:grade .\n"
GRADE = "x:grade a ogr:Grade ; ogr:rank 1 ; ogr:requires x:criterion .\n"
EVIDENCE = 'x:evidence a ogr:Evidence ; ogr:sourceUrl "https://example.org/" .\n'
CRITERION = """x:criterion a sh:NodeShape , ogr:Criterion ; sh:targetClass ogr:Model ; sh:name "n" ;
  sh:message "m" ; ogr:fix "f" ; ogr:hasEvidence x:evidence ; """
GOOD = "sh:class ogr:Model"
PATH = "sh:path ogr:hasComponent"

# What stands in the criterion, and what the error has to say.
CONSTRUCTS = [
    ('sh:pattern "a"', "sh:pattern is not in the criteria profile"),
    ("sh:closed true", "sh:closed is not in the criteria profile"),
    ("sh:xone ()", "sh:xone needs a list"),
    ("sh:nodeKind sh:Iri", "sh:nodeKind is one of"),
    ("sh:nodeKind sh:IRI , sh:Literal", "sh:nodeKind stands more than once"),
    ("sh:datatype xsd:byte", "sh:datatype is in the criteria profile for: xsd:string"),
    ('sh:datatype "xsd:string"', "sh:datatype is in the criteria profile for: xsd:string"),
    ("sh:minLength -1", "sh:minLength has to be a whole number"),
    ("sh:languageIn ( sh:IRI )", "sh:languageIn needs language tags"),
    ("sh:languageIn ()", "sh:languageIn needs a list"),
    ('sh:minInclusive "2020-01-01"^^xsd:date', "sh:minInclusive needs a whole or decimal number"),
    ("sh:maxExclusive 1e3", "sh:maxExclusive needs a whole or decimal number"),
    ("sh:maxExclusive 1234567890123456789", "sh:maxExclusive needs a whole or decimal number"),
    ("sh:in ( [ ] )", "sh:in names a blank node"),
    ("sh:hasValue [ ]", "sh:hasValue names a blank node"),
    (f"sh:property [ {PATH} ; sh:hasValue [ ] ]", "sh:hasValue names a blank node"),
    (f"sh:property [ {PATH} ; sh:uniqueLang true ]", "sh:uniqueLang is not in the criteria profile"),
    ("sh:deactivated true ; sh:class x:C", "sh:deactivated is not in the criteria profile"),
    ('sh:sparql [ sh:select "SELECT" ]', "sh:sparql is not in the criteria profile"),
    ("sh:propertee [ sh:path x:p ]", "sh:propertee is not in the criteria profile"),
    (f"sh:not [ sh:property [ {PATH} ; sh:lessThan x:p ] ]", "sh:lessThan is not in the criteria profile"),
    ("sh:property [ sh:path [ sh:pathway x:p ] ; sh:minCount 1 ]", "this is not a path"),
    ('sh:property [ sh:path "p" ; sh:minCount 1 ]', "this is not a path"),
    ("sh:property [ sh:path ( x:p [ sh:inversePath [ ] ] ) ; sh:minCount 1 ]", "this is not a path"),
    ("sh:property [ sh:path [ sh:alternativePath () ] ; sh:minCount 1 ]", "sh:alternativePath needs a list"),
    ("sh:property x:Nowhere", "sh:property needs a shape with a sh:path"),
    ("sh:property [ sh:minCount 1 ]", "sh:property needs a shape with a sh:path"),
    (f"sh:node [ {PATH} ; sh:minCount 1 ]", "sh:node needs a shape without a sh:path"),
    ("sh:property [ sh:class x:C ]", "sh:property needs a shape with a sh:path"),
    ('sh:property "shape"', "sh:property needs a shape with a sh:path"),
    ("sh:class x:C ; sh:minCount 1", "sh:minCount stands without a sh:path"),
    ("sh:not [ sh:qualifiedMinCount 1 ]", "sh:qualifiedMinCount stands without a sh:path"),
    (f"sh:property [ {PATH} ; sh:minCount 1 , 2 ]", "sh:minCount stands more than once"),
    (f'sh:property [ {PATH} ; sh:minCount "many" ]', "sh:minCount has to be a whole number"),
    (f"sh:property [ {PATH} ; sh:minCount -1 ]", "sh:minCount has to be a whole number"),
    (f"sh:property [ {PATH} ; sh:qualifiedMinCount 1 ]", "belong together"),
    (f"sh:property [ {PATH} ; sh:qualifiedValueShape [ sh:class x:C ] ]", "belong together"),
    ("sh:in ()", "sh:in needs a list"),
    ("sh:or x:Named", "sh:or needs a list"),
    ('sh:class "Model"', "sh:class needs the IRI of a class"),
    ('sh:node "shape"', "a literal stands"),
    ("sh:node x:Missing", "used but not defined"),
    ("sh:not x:Missing", "used but not defined"),
    ("sh:node x:criterion", "refers to itself"),
    ("sh:description 'nothing'", "constrains nothing"),
    ("sh:class ogr:FinalWeihgts", "ogr:FinalWeihgts is not a term of the ontology"),
    ("sh:class x:C ; ogr:weight 3", "ogr:weight is not a term of the ontology"),
    ("sh:class x:C ; ogr:explainedBy x:Nothing", "ogr:explainedBy names"),
]

# A whole file, and what the error has to say.
FILES = [
    (GRADE + EVIDENCE + CRITERION + GOOD + " .", "exactly one ogr:Framework"),
    ("x:framework a ogr:Framework .", "no criteria, or neither grades nor a score"),
    (FRAMEWORK + GRADE + EVIDENCE, "not a sh:NodeShape"),
    (FRAMEWORK + "x:grade a ogr:Grade ; ogr:rank 1 .\n" + EVIDENCE + CRITERION + GOOD + " .", "ogr:rank"),
    (FRAMEWORK + GRADE + EVIDENCE + CRITERION.replace('sh:message "m" ;', "") + GOOD + " .", "sh:message"),
    (FRAMEWORK + GRADE + EVIDENCE + CRITERION.replace('ogr:fix "f" ;', "") + GOOD + " .", "ogr:fix"),
    (
        FRAMEWORK + GRADE + EVIDENCE + CRITERION.replace("ogr:hasEvidence x:evidence ;", "") + GOOD + " .",
        "Evidence",
    ),
    (
        FRAMEWORK + GRADE + EVIDENCE + CRITERION.replace("ogr:Model ;", "ogr:Component ;") + GOOD + " .",
        "target class",
    ),
    (
        FRAMEWORK + GRADE.replace("x:criterion", "x:critereon") + EVIDENCE + CRITERION + GOOD + " .",
        "ogr:requires",
    ),
    (
        FRAMEWORK + GRADE + EVIDENCE + CRITERION + GOOD + " .\n"
        "x:rung a sh:NodeShape ; ogr:givesReason ogr:ABSENT ; sh:class x:C .",
        "needs a sh:targetClass",
    ),
]


def refused(tmp_path: Path, text: str) -> RuleError:
    path = tmp_path / "rules.ttl"
    path.write_text(HEADER + text, encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_framework(path)
    assert str(path) in str(caught.value)
    return caught.value


def test_a_small_framework_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "rules.ttl"
    path.write_text(f"{HEADER}{FRAMEWORK}{GRADE}{EVIDENCE}{CRITERION}{GOOD} .", encoding="utf-8")
    assert [each.name for each in load_framework(path).grades] == ["urn:shape:grade"]


@pytest.mark.parametrize(("constraint", "said"), CONSTRUCTS)
def test_what_is_outside_the_profile_is_refused_by_name(tmp_path: Path, constraint: str, said: str) -> None:
    assert said in str(refused(tmp_path, f"{FRAMEWORK}{GRADE}{EVIDENCE}{CRITERION}{constraint} ."))


@pytest.mark.parametrize(("text", "said"), FILES)
def test_an_incomplete_framework_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in str(refused(tmp_path, text))


def test_broken_turtle_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "rules.ttl"
    path.write_text(HEADER + FRAMEWORK + "x:grade a", encoding="utf-8")
    with pytest.raises(Exception, match=r"rules\.ttl") as caught:
        load_framework(path)
    assert type(caught.value).__module__ == "opengrade.errors"
