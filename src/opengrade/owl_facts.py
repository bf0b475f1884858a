"""Prepares facts for a reasoner: only what class definitions look at, under names that mean nothing.

No word of a submission reaches a reasoner. Its things are named anew, text by number; classes, properties,
licenses and values are those of the curated files. So a submission can neither define a class nor make two
things one, and no reasoner stumbles over an odd address, a long number or a character that cannot be seen.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from opengrade.criteria import Expr, In, properties_of, within
from opengrade.derive import Facts
from opengrade.graph import Graph, Literal, NamedNode, Term, Triple
from opengrade.licenses import facts_about
from opengrade.namespaces import term
from opengrade.owl_classes import TRUTH, Definition, is_of_things
from opengrade.vocabulary import ontology_quads, vocabulary

THING = "urn:opengrade:thing:"
_LICENSE = term("ogr:requiresLicense")
_TYPE = term("rdf:type")


@dataclass(frozen=True, slots=True)
class Part:
    """The facts of one submission: things are named anew; `models` maps their new names to IRI and name."""

    source: str
    models: tuple[tuple[NamedNode, str, str], ...]
    triples: tuple[Triple, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The facts of submissions, one part each, and the curated facts about the licenses that they name."""

    parts: tuple[Part, ...]
    licenses: tuple[Triple, ...]


def prepare(submissions: Iterable[Facts], classes: Iterable[Definition]) -> Prepared:
    """Prepare the facts of submissions for the classes that will be asked for."""
    expressions = tuple(each.expression for each in classes)
    looked_at = frozenset(p for each in expressions for p in properties_of(each)) | {_TYPE}
    values = frozenset(_values(expressions))
    parts, licenses = [], set[Term]()
    for number, facts in enumerate(each for each in submissions if each.models):
        licenses |= {t.object for t in facts.triples if t.predicate == _LICENSE}
        namer = _Namer(f"{THING}{number}-", values)
        parts.append(
            Part(
                source=facts.models[0].source,
                models=tuple((namer.thing(m.node), m.node.value, m.name) for m in facts.models),
                triples=tuple(namer.renamed(t for t in facts.triples if t.predicate in looked_at)),
            )
        )
    curated = [t for t in facts_about(licenses) if t.predicate in looked_at]
    return Prepared(tuple(parts), tuple(t for t in curated if _is_kept(t, values)))


def _is_kept(triple: Triple, values: frozenset[Term]) -> bool:
    return not isinstance(triple.object, Literal) or triple.object in values


def _values(expressions: Iterable[Expr]) -> Iterator[Term]:
    for expression in expressions:
        for each in within(expression):
            if isinstance(each, In):
                yield from each.values
    yield from _individuals()


@cache
def _individuals() -> frozenset[Term]:
    """Return the values that the ontology knows, so that contradictions with it can be seen."""
    return frozenset(vocabulary().graph.subjects(_TYPE, term("owl:NamedIndividual")))


class _Namer:
    """Gives each thing and each text of one submission a name of its own."""

    def __init__(self, prefix: str, values: frozenset[Term]) -> None:
        self.prefix = prefix
        self.values = values
        self.names: dict[Term, NamedNode] = {}

    def thing(self, node: Term) -> NamedNode:
        return self.names.setdefault(node, NamedNode(f"{self.prefix}{len(self.names)}"))

    def renamed(self, triples: Iterable[Triple]) -> Iterator[Triple]:
        classes = vocabulary().graph
        for each in triples:
            if each.predicate == _TYPE and term("owl:Class") not in classes.objects(each.object, _TYPE):
                continue
            yield Triple(self.thing(each.subject), each.predicate, self.value(each))

    def value(self, triple: Triple) -> Term:
        value = triple.object
        if triple.predicate in (_TYPE, _LICENSE) or value in self.values:
            return value
        name = self.thing(value)
        return Literal(name.value) if isinstance(value, Literal) else name


def visible(triples: Iterable[Triple], properties: frozenset[NamedNode]) -> Iterator[Triple]:
    """Yield what a reasoner gets to see: values that are looked at, things, and no text of a submission.

    Where a property leads from thing to thing, a text in the place of a thing counts as one of which nothing
    is known.
    """
    for each in triples:
        if each.predicate == _TYPE:
            yield each
        elif each.predicate in properties:
            if not is_of_things(each.predicate):
                if each.object in TRUTH:
                    yield each
            elif isinstance(each.object, Literal):
                yield Triple(each.subject, each.predicate, NamedNode(each.object.value))
            else:
                yield each


_AXIOMS = frozenset(
    term(name)
    for name in (
        *("rdf:type", "rdf:first", "rdf:rest"),
        *("rdfs:subClassOf", "rdfs:subPropertyOf", "rdfs:domain", "rdfs:range"),
        *("owl:disjointWith", "owl:members", "owl:equivalentClass", "owl:inverseOf", "owl:complementOf"),
    )
)


@cache
def axioms() -> tuple[Triple, ...]:
    """Return the axioms of the ontology without the words that explain it."""
    words = (term("owl:AnnotationProperty"), term("owl:Ontology"))
    return tuple(q.triple for q in ontology_quads() if q.predicate in _AXIOMS and q.object not in words)


Members = Mapping[NamedNode, frozenset[NamedNode]]


def facts_with(parts: Sequence[Part], licenses: Sequence[Triple], members: Members) -> Graph:
    """Return facts together with the members of classes that are known by now."""
    types = (
        Triple(each, _TYPE, class_) for class_, found in members.items() for each in sorted(found, key=str)
    )
    return Graph((*(t for part in parts for t in part.triples), *licenses, *types))
