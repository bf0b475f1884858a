"""Finds what a model was trained on: datasets that its components refer to, and those of its base models."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from opengrade.graph import GENID, Graph, NamedNode, Triple
from opengrade.licensing import (
    Applied,
    bases_of,
    kinds_of_node,
    license_of_component,
    license_of_dataset,
)
from opengrade.namespaces import term

# What a dataset says of itself; where it says nothing, the component that refers to it speaks.
SPOKEN_FOR = ("ogr:hasDataClass", "ogr:hasAvailability", "ogr:location")


@dataclass(frozen=True, slots=True)
class DataFacts:
    """One thing that a model was trained on.

    `applied` is None where the thing is the component itself, or a base model of whose data nothing is said.
    `inferred` maps triples worked out for it to the statements that they follow from; `reached` are the
    statements by which the model leads to it.
    """

    node: NamedNode
    name: str
    applied: Applied | None
    inferred: tuple[tuple[Triple, tuple[Triple, ...]], ...]
    reached: tuple[Triple, ...]


def training_data(graph: Graph, model: NamedNode) -> tuple[DataFacts, ...]:
    """Return what a model, and each model that it was made from, was trained on."""
    found = {each.node: each for each in _own(graph, model)}
    bases = tuple(bases_of(graph, model))
    for base in bases:
        shown = graph.text(base, term("ogr:name")) or base.value
        data = list(_own(graph, base)) or [_unknown(base.value, f"the training data of {shown}", ())]
        found |= {each.node: each for each in data if each.node not in found}
    if not bases:
        for triple in graph.about(model):
            if triple.predicate == term("ogr:baseModelName"):
                text = graph.text(model, term("ogr:baseModelName")) or ""
                data_of = _unknown(text, f'the training data of "{text}"', (triple,))
                found[data_of.node] = data_of
    return tuple(found.values())


def _unknown(base: str, name: str, reached: tuple[Triple, ...]) -> DataFacts:
    """Return the data of a base model, as a thing of its own: nothing said of the model is said of it."""
    node = NamedNode(GENID + "data-of-" + hashlib.sha256(base.encode()).hexdigest()[:16])
    return DataFacts(node, name, None, (), reached)


def _own(graph: Graph, model: NamedNode) -> Iterator[DataFacts]:
    users: dict[NamedNode, list[NamedNode]] = {}
    for component in graph.nodes(model, term("ogr:hasComponent")):
        if term("ogr:Datasets") not in kinds_of_node(graph, component) or not isinstance(
            component, NamedNode
        ):
            continue
        referred = [d for d in graph.nodes(component, term("ogr:refersTo")) if isinstance(d, NamedNode)]
        if not referred:
            shown = graph.text(component, term("ogr:name"))
            label = f'the data called "{shown}"' if shown and shown != "Datasets" else "the data"
            tie = Triple(model, term("ogr:hasComponent"), component)
            yield DataFacts(component, label, None, (), (tie,))
        for dataset in referred:
            if not _only_evaluation(graph, dataset):
                users.setdefault(dataset, []).append(component)
    for dataset, components in users.items():
        yield _dataset(graph, model, dataset, components)


def _only_evaluation(graph: Graph, dataset: NamedNode) -> bool:
    return graph.nodes(dataset, term("ogr:usedInStage")) == (term("ogr:Evaluation"),)


def _dataset(graph: Graph, model: NamedNode, node: NamedNode, own_users: list[NamedNode]) -> DataFacts:
    users = [n for n in graph.subjects(term("ogr:refersTo"), node) if isinstance(n, NamedNode)]
    owners = [
        (owner, user)
        for user in users
        for owner in graph.subjects(term("ogr:hasComponent"), user)
        if isinstance(owner, NamedNode)
    ]
    applied = license_of_dataset(graph, node, [license_of_component(graph, o, u) for o, u in owners])
    inferred = []
    for property_ in (term(each) for each in SPOKEN_FOR):
        if not graph.objects(node, property_):
            for user in own_users:
                for value in graph.objects(user, property_):
                    inferred.append((Triple(node, property_, value), (Triple(user, property_, value),)))
    reached = [Triple(model, term("ogr:hasComponent"), user) for user in own_users]
    reached += [Triple(user, term("ogr:refersTo"), node) for user in own_users]
    return DataFacts(node, _name(graph, node), applied, tuple(inferred), tuple(reached))


def _name(graph: Graph, node: NamedNode) -> str:
    return graph.text(node, term("ogr:name")) or node.value
