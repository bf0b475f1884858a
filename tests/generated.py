"""Models as hypothesis makes them: components, datasets, judgements, attestations and base models."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck
from hypothesis import strategies as st

from opengrade.graph import Literal, NamedNode, Quad, Term
from opengrade.namespaces import local_name, term
from opengrade.vocabulary import vocabulary

MODEL = "https://w3id.org/opengrade/id/model/generated-"
LICENSES = (
    *("", "unlicensed", "MIT", "mit", " MIT", "Apache-2.0", "Apache 2.0", "BSD-3-Clause", "bsd", "GPL-3.0"),
    *("CC-BY-4.0", "CC-BY-NC-4.0", "CC0-1.0", "CDLA-Permissive-2.0", "ODC-PDDL-1.0", "PDDL-1.0", "GFDL-1.3"),
    *("OpenMDW-1.0", "C-UDA-1.0", "Ruby", "llama2", "Acme Model License", "MIT OR CC-BY-NC-4.0"),
    *("MIT AND CC-BY-NC-4.0", "CC-BY-4.0 AND (MIT OR Acme)", "GPL-2.0-only WITH Classpath-exception-2.0"),
    *("https://spdx.org/licenses/MIT.html", "https://example.org/license", "\u0410pache-2.0"),
    *("bigscience-bloom-rail-1.0", "OpenMDW-1.1", "AGPL-1.0", "0BSD"),
)
OPEN_LICENSES = ("Apache-2.0", "MIT", "CC-BY-4.0", "CC0-1.0", "CDLA-Permissive-2.0")
DEFAULTS = ("codeLicense", "dataLicense", "documentLicense", "distributionLicense")
LINEAGE = ("fineTunedFrom", "quantizedFrom", "distilledFrom")
PROPERTIES = ("location", "obtainableFrom", "provenanceDescription")


def individuals(class_: str) -> list[NamedNode]:
    found = vocabulary().graph.subjects(term("rdf:type"), term(f"ogr:{class_}"))
    return [each for each in found if isinstance(each, NamedNode)]


@dataclass(frozen=True)
class Thing:
    """A component, or a dataset that one refers to."""

    kinds: tuple[NamedNode, ...]
    licenses: tuple[str, ...] = ()
    availability: NamedNode | None = None
    data_class: NamedNode | None = None
    told: tuple[str, ...] = ()
    datasets: tuple["Thing", ...] = ()


@dataclass(frozen=True)
class Judged:
    question: NamedNode
    answer: NamedNode
    attested: bool


@dataclass(frozen=True)
class Model:
    components: tuple[Thing, ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()
    judgements: tuple[Judged, ...] = ()
    levels: tuple[NamedNode, ...] = ()
    told: tuple[str, ...] = ()
    made_from: str | None = None


def some(values: Any, most: int) -> Any:
    return st.lists(values, max_size=most, unique=True).map(tuple)


def maybe(values: Any) -> Any:
    return st.one_of(st.none(), st.none(), values)


licenses = st.sampled_from(LICENSES)
kinds = st.sampled_from(sorted(vocabulary().kinds, key=str))
datasets = st.builds(
    Thing,
    kinds=st.just((term("ogr:Dataset"),)),
    licenses=some(licenses, 1),
    availability=maybe(st.sampled_from(individuals("Availability"))),
    data_class=st.one_of(st.none(), st.sampled_from(individuals("DataClass"))),
    told=some(st.sampled_from(PROPERTIES), 3),
)
components = st.builds(
    Thing,
    kinds=st.one_of(kinds.map(lambda kind: (kind,)), some(kinds, 2), st.just((term("ogr:Datasets"),))),
    licenses=st.one_of(licenses.map(lambda text: (text,)), some(licenses, 2)),
    availability=maybe(st.sampled_from(individuals("Availability"))),
    data_class=maybe(st.sampled_from(individuals("DataClass"))),
    told=some(st.sampled_from(PROPERTIES), 1),
    datasets=some(datasets, 2),
)
judgements = st.builds(
    Judged,
    question=st.sampled_from(individuals("Question")),
    answer=st.sampled_from(individuals("Answer")),
    attested=st.booleans(),
)
models = st.builds(
    Model,
    components=st.lists(components, max_size=5).map(tuple),
    defaults=some(st.tuples(st.sampled_from(DEFAULTS), licenses), 2),
    judgements=some(judgements, 3),
    levels=some(st.sampled_from(individuals("ReproducibilityLevel")), 1),
    told=some(st.sampled_from(("repository", "huggingFacePage")), 2),
    made_from=maybe(st.sampled_from(LINEAGE)),
)


FULL = Thing(
    (term("ogr:Dataset"),), ("CC-BY-4.0",), term("ogr:DirectDownload"), term("ogr:OpenData"), PROPERTIES
)
OPEN = {"CodeContent": "Apache-2.0", "DataContent": "CC-BY-4.0", "DocumentContent": "CC-BY-4.0"}
COMPLETE = tuple(
    Thing(
        (kind,),
        ("Apache-2.0" if kind == term("ogr:FinalWeights") else OPEN[local_name(content)],),
        term("ogr:DirectDownload"),
        None,
        ("location",),
        (FULL,) if kind == term("ogr:Datasets") else (),
    )
    for kind, content in sorted(vocabulary().kinds.items(), key=str)
)
ALL_JUDGED = tuple(Judged(q, term("ogr:Fully"), attested=True) for q in individuals("Question"))


@st.composite
def nearly_complete(draw: Any) -> Model:
    """Make a model that has everything but for a few things, so that high grades are met often."""
    components_ = list(COMPLETE)
    for position in draw(st.lists(st.integers(0, len(COMPLETE) - 1), max_size=3, unique=True)):
        components_[position] = draw(
            st.one_of(
                st.builds(replace, components, kinds=st.just(components_[position].kinds)),
                st.just(Thing((term("ogr:SampleOutputs"),))),
            )
        )
    judged = list(ALL_JUDGED)
    for position in draw(st.lists(st.integers(0, len(ALL_JUDGED) - 1), max_size=1)):
        judged[position] = draw(judgements)
    levels = draw(st.sampled_from([(), (term("ogr:RerunEquivalent"),), (term("ogr:BitExact"),)]))
    told = ("repository", "huggingFacePage")
    return Model(tuple(components_), (), tuple(judged), levels, told)


def statements(number: int, model: Model) -> Iterator[Quad]:
    node = NamedNode(f"{MODEL}{number}")
    yield Quad(node, term("rdf:type"), term("ogr:Model"))
    yield Quad(node, term("ogr:name"), Literal(f"Generated {number}"))
    for property_, text in model.defaults:
        yield Quad(node, term(f"ogr:{property_}"), Literal(text))
    for property_ in model.told:
        yield Quad(node, term(f"ogr:{property_}"), _address(node))
    if model.made_from is not None and number:
        yield Quad(node, term(f"ogr:{model.made_from}"), NamedNode(f"{MODEL}{number - 1}"))
    for position, component in enumerate(model.components):
        part = NamedNode(f"{node.value}#{position}")
        yield Quad(node, term("ogr:hasComponent"), part)
        yield from _thing(part, component)
    for position, each in enumerate(model.judgements):
        judgement = NamedNode(f"{node.value}#judgement-{position}")
        yield Quad(node, term("ogr:hasJudgement"), judgement)
        yield Quad(judgement, term("rdf:type"), term("ogr:Judgement"))
        yield Quad(judgement, term("ogr:onQuestion"), each.question)
        yield Quad(judgement, term("ogr:givesAnswer"), each.answer)
        if each.attested:
            yield Quad(judgement, term("ogr:judgedBy"), NamedNode(f"{MODEL}judge"))
            yield Quad(judgement, term("ogr:dateJudged"), Literal("2026-11-20", datatype=term("xsd:date")))
    for position, level in enumerate(model.levels):
        attestation = NamedNode(f"{node.value}#attestation-{position}")
        yield Quad(node, term("ogr:hasAttestation"), attestation)
        yield Quad(attestation, term("rdf:type"), term("ogr:Attestation"))
        yield Quad(attestation, term("ogr:attestsLevel"), level)
        yield Quad(attestation, term("ogr:attestedBy"), NamedNode(f"{MODEL}laboratory"))


def _thing(node: NamedNode, thing: Thing) -> Iterator[Quad]:
    for kind in thing.kinds:
        yield Quad(node, term("rdf:type"), kind)
    for text in thing.licenses:
        yield Quad(node, term("ogr:licenseExpression"), Literal(text))
    values: tuple[tuple[str, Term | None], ...] = (
        ("hasAvailability", thing.availability),
        ("hasDataClass", thing.data_class),
    )
    for name, value in values:
        if value is not None:
            yield Quad(node, term(f"ogr:{name}"), value)
    for property_ in thing.told:
        yield Quad(node, term(f"ogr:{property_}"), _address(node))
    for position, dataset in enumerate(thing.datasets):
        data = NamedNode(f"{node.value}-data-{position}")
        yield Quad(node, term("ogr:refersTo"), data)
        yield from _thing(data, dataset)


def _address(node: NamedNode) -> Literal:
    return Literal(node.value, datatype=term("xsd:anyURI"))


STEADY: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": list(HealthCheck),
}
