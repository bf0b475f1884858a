"""Puts changes into words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from opengrade.graph import Literal, NamedNode, Term
from opengrade.namespaces import local_name, term
from opengrade.planning import EXISTS, LICENSE, Choice, Thing, may_become
from opengrade.vocabulary import vocabulary

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Words:
    """A change in words: the local name of its kind, what it concerns, the sentence."""

    kind: str
    thing: str
    text: str


def kind_of(thing: Thing, slot: NamedNode, choice: Choice) -> NamedNode:
    """Return the sort of change that gives a property of a thing a value, or that makes the thing."""
    if thing.link is None and choice.allowed and set(choice.allowed) <= set(may_become(slot)):
        return term("ogr:Publish")
    asked = thing.link if slot == EXISTS and thing.link is not None else slot
    kind = vocabulary().graph.node(asked, term("ogr:changeKind"))
    return kind if isinstance(kind, NamedNode) else term("ogr:StateFact")


def effort(kind: NamedNode) -> int:
    """Return the place of a sort of change among the others, a higher one asking more."""
    return int(vocabulary().graph.text(kind, term("ogr:effort")) or 0)


def change_words(
    name: str,
    kind: NamedNode,
    thing: Thing,
    slots: Mapping[NamedNode, Choice],
    question: NamedNode | None,
) -> Words:
    """Say what has to be done with a thing so that it has the values of its slots."""
    licenses = (
        [each.value for each in slots[LICENSE].allowed if isinstance(each, Literal)]
        if LICENSE in slots
        else []
    )
    license_ = _either(licenses[:SHOWN])
    values = list(_values(slots))
    template = vocabulary().graph.text(kind, term("ogr:messageTemplate")) or "{thing}"
    if thing.link is None and kind == term("ogr:ObtainJudgement"):
        template = vocabulary().graph.text(kind, term("ogr:plainTemplate")) or template
    text = template.format(
        thing=name,
        license=license_,
        under=f" under {license_}" if license_ else "",
        also=f", and state {_together(values)}" if values else "",
        values=_together([*([f"license {license_}"] if license_ else []), *values]),
        question=_question(slots) if question is None else _asked(question),
    )
    return Words(local_name(kind), name, text)


def _values(slots: Mapping[NamedNode, Choice]) -> Iterator[str]:
    words = vocabulary()
    for property_, choice in sorted(slots.items(), key=lambda item: item[0].value):
        if property_ in (EXISTS, LICENSE) or choice.allowed[:1] == (term("ogr:DirectDownload"),):
            continue
        label = words.label(property_).removeprefix("has ")
        named = [each for each in choice.allowed if isinstance(each, NamedNode) and _is_term(each)]
        every = len(named) == len(words.graph.subjects(term("rdf:type"), _class(property_)))
        which = "" if every or not named else f": {_either([words.label(n).lower() for n in named])}"
        yield f"its {label}{which}"


def _class(property_: NamedNode) -> Term:
    return vocabulary().graph.node(property_, term("rdfs:range")) or property_


def _is_term(node: NamedNode) -> bool:
    return node in vocabulary().evidence


def _asked(question: NamedNode) -> str:
    """Return what a question asks as what is to be attested: that it is so."""
    definition = vocabulary().graph.text(question, term("skos:definition")) or ""
    return f"that {definition.rstrip('.').removeprefix('Whether ')}" if definition else f"{question.value}"


def _question(slots: Mapping[NamedNode, Choice]) -> str:
    """Return what has to be attested: what a question asks, or what a level means."""
    words = vocabulary()
    for choice in slots.values():
        for value in choice.allowed[:1]:
            kinds = words.graph.objects(value, term("rdf:type"))
            definition = (words.graph.text(value, term("skos:definition")) or "").rstrip(".")
            lowered = definition[:1].lower() + definition[1:]
            if term("ogr:Question") in kinds:
                return _asked(value) if isinstance(value, NamedNode) else lowered
            if term("ogr:ReproducibilityLevel") in kinds:
                return f"that {lowered}"
    return "it"


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _together(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
