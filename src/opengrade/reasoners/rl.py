"""OWL 2 RL by the rules of the W3C, run by `reasonable`; quick, and blind to what the rules do not reach.

The library infers and does not tell contradictions: those that meet in one thing are looked for in what it
inferred. To find classes that can have no member, each gets one on trial.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from opengrade.graph import Graph, NamedNode, Triple, rdflib_triples
from opengrade.limits import Limits
from opengrade.namespaces import term
from opengrade.reasoners import CONTRADICTION, Entailed

TRIAL = "urn:opengrade:trial:"

Types = Mapping[str, set[str]]


def entail(axioms: Sequence[Triple], facts: Sequence[Triple], _: Limits) -> Entailed:
    """Infer all types, and look for contradictions in them."""
    apart: Types = defaultdict(set)
    for one, other in _apart(Graph(axioms)):
        apart[one].add(other)
        apart[other].add(one)
    types = _inferred((*axioms, *facts))
    if any(_clashes(each, apart) for each in types.values()):
        return CONTRADICTION
    found = frozenset(
        (NamedNode(thing), NamedNode(class_)) for thing, classes in types.items() for class_ in classes
    )
    return Entailed(found, frozenset(_unsatisfiable(axioms, apart)))


def _inferred(triples: Iterable[Triple]) -> Types:
    """Return the named classes of each named thing."""
    from reasonable import PyReasoner  # noqa: PLC0415  (only who asks for it pays for it)

    reasoner = PyReasoner()
    reasoner.from_graph(rdflib_triples(triples))
    a = term("rdf:type").value
    found: dict[str, set[str]] = defaultdict(set)
    for subject, predicate, value in reasoner.reason():
        if str(predicate) == a and subject.n3()[0] == value.n3()[0] == "<":
            found[str(subject)].add(str(value))
    return found


def _apart(axioms: Graph) -> Iterator[tuple[str, str]]:
    """Yield the pairs of classes that share no member, by axiom."""
    pair_of = (term("owl:disjointWith"), term("owl:complementOf"))
    for triple in axioms:
        if triple.predicate in pair_of and isinstance(triple.subject, NamedNode):
            yield triple.subject.value, getattr(triple.object, "value", "")
        elif triple.predicate == term("owl:members"):
            names = [each.value for each in axioms.items(triple.object) if isinstance(each, NamedNode)]
            yield from combinations(names, 2)


def _clashes(classes: set[str], apart: Types) -> bool:
    nothing = term("owl:Nothing").value
    return nothing in classes or any(not classes.isdisjoint(apart[each]) for each in classes if each in apart)


def _unsatisfiable(axioms: Sequence[Triple], apart: Types) -> Iterator[NamedNode]:
    classes = [
        t.subject
        for t in axioms
        if t.predicate == term("rdf:type")
        and t.object == term("owl:Class")
        and isinstance(t.subject, NamedNode)
    ]
    on_trial = {f"{TRIAL}{number}": each for number, each in enumerate(dict.fromkeys(classes))}
    members = [Triple(NamedNode(name), term("rdf:type"), each) for name, each in on_trial.items()]
    types = _inferred((*axioms, *members))
    yield from (each for name, each in on_trial.items() if _clashes(types[name], apart))
