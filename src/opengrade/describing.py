"""Says what a thing of a submission is called, in words that people know it by; never by an internal name."""

from functools import cached_property

from opengrade.graph import GENID, BlankNode, Graph, Literal, NamedNode, Term
from opengrade.namespaces import compact, term
from opengrade.vocabulary import vocabulary

MAX_SHOWN = 120
MAX_STEPS = 4


class Names:
    """The names of the things that a graph speaks of."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._words = vocabulary()

    @cached_property
    def _above(self) -> dict[Term, Term]:
        """For each thing, the first one that is stated to have it."""
        found: dict[Term, Term] = {}
        for triple in self._graph:
            if triple.predicate != term("rdf:type") and not isinstance(triple.object, Literal):
                found.setdefault(triple.object, triple.subject)
        return found

    def of(self, node: Term, steps: int = MAX_STEPS) -> str:
        """Return words for a thing, such as `the training code of Amber`."""
        name = self._name(node)
        kinds = [k for k in self._graph.nodes(node, term("rdf:type")) if isinstance(k, NamedNode)]
        if term("ogr:Model") in kinds:
            return name or self._address(node)
        kind = next((self._words.label(k).lower() for k in kinds if k in self._words.evidence), "")
        above = self._above.get(node) if steps else None
        owner = f" of {self.of(above, steps - 1)}" if above is not None and above != node else ""
        if kind and name and name.lower() != kind:
            return f'the {kind} "{name}"{owner}'
        if kind:
            return f"the {kind}{owner}"
        if name:
            return f'"{name}"{owner}'
        return self._address(node) if not is_unnamed(node) else f"an unnamed thing{owner}"

    def model(self, node: Term) -> str:
        """Return the name of the model that a thing belongs to, or of the thing itself without one."""
        for _ in range(MAX_STEPS):
            if term("ogr:Model") in self._graph.objects(node, term("rdf:type")) or node not in self._above:
                break
            node = self._above[node]
        return self.of(node)

    def said(self, subject: Term, predicate: NamedNode, value: Term) -> str:
        """Return a statement as people write it."""
        return " ".join((self.shown(subject), compact(predicate), self.shown(value)))

    def shown(self, value: Term) -> str:
        """Return a term as people write it, long ones cut."""
        if isinstance(value, NamedNode) and not is_unnamed(value):
            return shortened(compact(value))
        if isinstance(value, Literal):
            return f'"{shortened(value.value)}"'
        return self.of(value)

    def _name(self, node: Term) -> str:
        text = self._graph.text(node, term("ogr:name")) or self._graph.text(node, term("rdfs:label")) or ""
        return shortened(text.strip())

    def _address(self, node: Term) -> str:
        return shortened(compact(node)) if isinstance(node, NamedNode) else "an unnamed thing"


def is_unnamed(node: Term) -> bool:
    """Say whether a node has no name of its own: a blank node, or an IRI that stands for one."""
    return isinstance(node, BlankNode) or (isinstance(node, NamedNode) and node.value.startswith(GENID))


def shortened(text: str) -> str:
    """Return a text cut to what fits into a message, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_SHOWN else line[: MAX_SHOWN - 1] + "…"


def label_of(node: NamedNode) -> str:
    """Return the label of a term of ours with its compact name, or the compact IRI of any other."""
    label = vocabulary().label(node)
    return f'"{label}" ({compact(node)})' if label != node.value else compact(node)
