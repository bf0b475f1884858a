"""Changes what is stated about a model, to see what the verdicts would be."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from opengrade.errors import UsageError
from opengrade.graph import Graph, Literal, NamedNode, Quad, Term
from opengrade.licensing import OWN
from opengrade.namespaces import compact, local_name, term
from opengrade.vocabulary import vocabulary

# Stands for the day of what is only supposed.
SOME_DAY = "2026-01-01"
# What people call these properties on the command line.
SHORT = {"license": "ogr:licenseExpression"}


def beside(model: NamedNode, name: str) -> NamedNode:
    """Return an IRI, made from that of a model, for a thing that the model does not have yet."""
    return NamedNode(f"{model.value}{'-' if '#' in model.value else '#'}{name}")


@dataclass(frozen=True, slots=True)
class Edit:
    """One value that a thing gets in place of those that it has.

    `thing` is an existing node, or the IRI under which the edit makes a new thing that the model leads to by
    `link` and that is of `class_`.
    """

    thing: NamedNode
    property: NamedNode
    value: Term
    link: NamedNode | None = None
    class_: NamedNode | None = None


def apply(quads: Iterable[Quad], model: NamedNode, edits: Sequence[Edit]) -> tuple[Quad, ...]:
    """Return the statements of a submission as they are after some edits."""
    found = list(quads)
    for edit in edits:
        gone = [term(name) for name in OWN] if edit.property == term(OWN[0]) else [edit.property]
        found = [q for q in found if q.subject != edit.thing or q.predicate not in gone]
        if edit.link is not None and edit.class_ is not None:
            found.append(Quad(model, edit.link, edit.thing))
            found.append(Quad(edit.thing, term("rdf:type"), edit.class_))
        found.append(Quad(edit.thing, edit.property, edit.value))
    return tuple(dict.fromkeys(found))


def edits_from(settings: Sequence[str], quads: Iterable[Quad], model: NamedNode) -> tuple[Edit, ...]:
    """Read settings such as TrainingCode.license=MIT; UsageError names what can be set.

    The part before the dot is a kind of component, Dataset or Model. A setting Question=Answer states a
    judgement.
    """
    graph = Graph(quads)
    return tuple(edit for text in settings for edit in _read(text, graph, model))


def _read(text: str, graph: Graph, model: NamedNode) -> Iterator[Edit]:
    target, separator, value = text.partition("=")
    if not separator or not target:
        raise UsageError(f'"{text}" is no setting.', fix="Write it as TrainingCode.license=MIT.")
    name, dot, property_name = target.partition(".")
    if not dot:
        yield from _judgement(name, value, graph, model)
        return
    kinds = {local_name(kind): kind for kind in vocabulary().kinds}
    class_ = term("ogr:Dataset") if name == "Dataset" else kinds.get(name)
    if name != "Model" and class_ is None:
        raise _unknown(name, ["Model", "Dataset", *kinds], "kind of component")
    property_ = _property(property_name)
    if class_ == term("ogr:Dataset") or class_ is None:
        nodes: list[Term] = [model] if class_ is None else list(_datasets(graph, model))
    else:
        components = graph.nodes(model, term("ogr:hasComponent"))
        nodes = [n for n in components if class_ in _types(graph, n)]
    if not nodes and name == "Dataset":
        raise UsageError("the model refers to no dataset.", fix="Set Datasets, the component, instead.")
    if name == "Model" and property_ == term("ogr:licenseExpression"):
        raise UsageError("a model has no license of its own.", fix="Set Model.distributionLicense instead.")
    for node in nodes:
        if isinstance(node, NamedNode):
            yield Edit(node, property_, _value(property_, value))
    if not nodes and class_ is not None:
        node = beside(model, f"what-if-{name}")
        yield Edit(node, property_, _value(property_, value), term("ogr:hasComponent"), class_)


def _types(graph: Graph, node: Term) -> tuple[Term, ...]:
    return graph.objects(node, term("rdf:type"))


def _datasets(graph: Graph, model: NamedNode) -> Iterator[Term]:
    for component in graph.nodes(model, term("ogr:hasComponent")):
        yield from graph.nodes(component, term("ogr:refersTo"))


def _judgement(name: str, value: str, graph: Graph, model: NamedNode) -> Iterator[Edit]:
    questions = {local_name(n): n for n in _individuals(term("ogr:Question"))}
    if name not in questions:
        raise _unknown(name, list(questions), "question")
    answer = _value(term("ogr:givesAnswer"), value)
    made = [
        node
        for node in graph.nodes(model, term("ogr:hasJudgement"))
        if isinstance(node, NamedNode) and questions[name] in graph.objects(node, term("ogr:onQuestion"))
    ]
    for node in made:
        yield Edit(node, term("ogr:givesAnswer"), answer)
    if not made:
        yield from judgement(questions[name], answer, model)


def judgement(question: NamedNode, answer: Term, model: NamedNode) -> Iterator[Edit]:
    """Yield the edits that state a judgement of someone on this day, to see what it would change."""
    node = beside(model, f"what-if-{local_name(question)}")
    link, class_ = term("ogr:hasJudgement"), term("ogr:Judgement")
    someone = beside(model, "what-if-someone")
    day = Literal(SOME_DAY, datatype=term("xsd:date"))
    for property_, value in (("onQuestion", question), ("givesAnswer", answer), ("judgedBy", someone)):
        yield Edit(node, term(f"ogr:{property_}"), value, link, class_)
    yield Edit(node, term("ogr:dateJudged"), day, link, class_)


def _property(name: str) -> NamedNode:
    words = vocabulary()
    if name in SHORT:
        return term(SHORT[name])
    known = {local_name(n): n for n in words.evidence if local_name(n)[:1].islower()}
    for candidate in (name, f"has{name[:1].upper()}{name[1:]}"):
        if candidate in known:
            return known[candidate]
    raise _unknown(name, [*SHORT, *known], "property")


def _value(property_: NamedNode, text: str) -> Term:
    words = vocabulary()
    kind = words.range_of(property_)
    choices = {local_name(node): node for node in _individuals(kind)} if kind is not None else {}
    if choices:
        if text not in choices:
            raise _unknown(text, list(choices), f"value of {compact(property_)}")
        return choices[text]
    if term("owl:ObjectProperty") in words.graph.objects(property_, term("rdf:type")):
        if not re.fullmatch(r"https?://[^\s<>\"{}|\\^`]+", text):
            fix = "Give its whole address, such as https://w3id.org/opengrade/id/model/olmo-7b."
            raise UsageError(f'"{text}" is no address, and {compact(property_)} leads to a thing.', fix=fix)
        return NamedNode(text)
    return Literal(text, datatype=kind) if isinstance(kind, NamedNode) else Literal(text)


def _individuals(class_: Term) -> tuple[NamedNode, ...]:
    found = vocabulary().graph.subjects(term("rdf:type"), class_)
    return tuple(each for each in found if isinstance(each, NamedNode))


def _unknown(name: str, known: list[str], what: str) -> UsageError:
    near = get_close_matches(name, known, 1)
    fix = f"Did you mean {near[0]}?" if near else f"Choose one of: {', '.join(sorted(known))}."
    return UsageError(f'"{name}" is no {what} that can be set.', fix=fix)
