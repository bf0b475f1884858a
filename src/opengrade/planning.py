"""Reads requirements backwards: what things of a model would need for an expression to hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

from opengrade.criteria import And, Every, Expr, In, Is, Not, Or, Ref, Some, first, negation_normal, selectors
from opengrade.derive import ATTACHED, Facts, ModelFacts
from opengrade.editing import SOME_DAY, beside
from opengrade.frameworks import Framework, concerned
from opengrade.graph import GENID, Literal, NamedNode, Term, Triple
from opengrade.licenses import Resolution, license_index
from opengrade.licensing import OF_LICENSES, content_of, together
from opengrade.namespaces import local_name, term
from opengrade.proving import Prover, permits
from opengrade.vocabulary import vocabulary

LICENSE = term("ogr:licenseExpression")
EXISTS = term("rdf:type")
COMPONENTS, DATA = term("ogr:hasComponent"), term("ogr:trainedOn")
LINKS = frozenset((COMPONENTS, DATA, *(term(name) for name in ATTACHED)))


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing that can change: one that is there, or, with `link` and `class_`, one that would be made.

    `told` are the values by which a thing that would be made is told from others of its class.
    """

    node: NamedNode
    link: NamedNode | None = None
    class_: NamedNode | None = None
    told: tuple[tuple[NamedNode, Term], ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """The values, best first, of which a property of a thing needs one; `keeps` where it is well as it is."""

    allowed: tuple[Term, ...]
    keeps: bool


Slot = tuple[Thing, NamedNode]
Way = Mapping[Slot, Choice]
NOTHING: Way = {}


def joined(left: Way, right: Way) -> Way | None:
    """Return what satisfies both ways, None where no value does."""
    found = dict(left)
    for slot, choice in right.items():
        before = found.get(slot, choice)
        allowed = tuple(value for value in before.allowed if value in choice.allowed)
        found[slot] = Choice(allowed, before.keeps and choice.keeps)
        if not allowed and not found[slot].keeps:
            return None
    return found


class Planner:
    """Reads the requirements of a framework backwards for one model.

    `blockers` gathers, in sentences, what only others than the producer could change.
    """

    def __init__(self, framework: Framework, model: ModelFacts, facts: Facts) -> None:
        self.shapes = framework.shapes
        self.model = model
        self.prover = Prover(framework.shapes, facts.triples)
        self.blockers: list[str] = []
        self.components: dict[Term, int] = {c.node: i for i, c in enumerate(model.components)}
        self.own: set[Term] = {model.node, *self.components, *self._own_data()}
        for name in ATTACHED:
            self.own |= set(self.prover.facts.nodes(model.node, term(name)))

    def _own_data(self) -> Iterator[Term]:
        for component in self.model.components:
            yield from self.model.graph.nodes(component.node, term("ogr:refersTo"))

    def goals(self, expression: Expr, thing: Thing | None = None) -> Iterator[tuple[Expr, Thing]]:
        """Yield the parts that all have to hold, each with the thing that it is about."""
        about = thing or Thing(self.model.node)
        normal = negation_normal(expression)
        if isinstance(normal, And):
            for part in normal.parts:
                yield from self.goals(part, about)
        elif isinstance(normal, Ref):
            yield from self.goals(self.shapes[normal.shape], about)
        elif isinstance(normal, Every) and self._leads_to_things(normal) and about.link is None:
            targets = self._targets(normal, about)
            for target in targets:
                yield from self.goals(normal.body, target)
            if not targets:
                yield normal, about
        else:
            yield normal, about

    def ways(self, expression: Expr, thing: Thing) -> list[Way]:
        """Return the ways to make an expression hold for a thing, none where we know none."""
        normal = negation_normal(expression)
        if isinstance(normal, And):
            return self._all([self.ways(part, thing) for part in normal.parts])
        if isinstance(normal, Or):
            return _smallest([way for part in normal.parts for way in self.ways(part, thing)])
        if isinstance(normal, Ref):
            return self.ways(self.shapes[normal.shape], thing)
        if isinstance(normal, Not) and isinstance(normal.part, Ref):
            return self.ways(negation_normal(self.shapes[normal.part.shape], negated=True), thing)
        if isinstance(normal, Some | Every) and (property_ := first(normal.path)):
            return self._along(normal, thing, property_)
        return [NOTHING] if self._is_so(normal, thing) else []

    def _all(self, parts: Sequence[list[Way]]) -> list[Way]:
        found: list[Way] = [NOTHING]
        for ways in parts:
            pairs = (joined(left, right) for left, right in product(found, ways))
            found = _smallest([way for way in pairs if way is not None])
        return found

    def _is_so(self, expression: Expr, thing: Thing) -> bool:
        """Say whether what no change can make so is so."""
        if thing.link is None:
            return self.prover.holds(expression, thing.node)
        classes = (thing.class_, term("ogr:Component"), TRAINING_DATA)
        if isinstance(expression, Is):
            return expression.class_ in classes
        if isinstance(expression, Not) and isinstance(expression.part, Is):
            return expression.part.class_ not in classes
        return self.prover.holds(expression, thing.node)

    def _leads_to_things(self, expression: Some | Every) -> bool:
        return len(expression.path) == 1 and first(expression.path) in LINKS

    def _targets(self, expression: Some | Every, thing: Thing) -> list[Thing]:
        found = self.prover.reach(thing.node, expression.path)
        return [Thing(node) for node in found if isinstance(node, NamedNode)]

    def _along(self, expression: Some | Every, thing: Thing, property_: NamedNode) -> list[Way]:
        if isinstance(expression, Some) and expression.least != 1:
            return [NOTHING] if self._is_so(expression, thing) else []
        if property_ == term("ogr:contentType"):
            return [NOTHING] if self._of_content(expression, thing) else []
        if property_ in OF_LICENSES:
            return self._licensed(expression, thing)
        if self._leads_to_things(expression):
            return self._things(expression, thing)
        if len(expression.path) > 1:
            return [NOTHING] if self._is_so(expression, thing) else []
        return self._valued(expression, thing, property_)

    def _of_content(self, expression: Expr, thing: Thing) -> bool:
        if thing.class_ is None:
            return self.prover.holds(expression, thing.node)
        content = content_of([thing.class_]) if thing.class_ in vocabulary().kinds else None
        triples = [Triple(thing.node, term("ogr:contentType"), content)] if content else []
        return Prover(self.shapes, triples).holds(expression, thing.node)

    # --- things ---

    def _things(self, expression: Some | Every, thing: Thing) -> list[Way]:
        targets = self._targets(expression, thing)
        if isinstance(expression, Every):
            if targets:
                return self._all([self.ways(expression.body, target) for target in targets])
            new = list(self._new(expression, thing))
            without: Way = {(each, EXISTS): Choice((), keeps=True) for each in new}
            return [without, *(way for each in new for way in self._made(each, expression.body))]
        wanted = list(selectors(expression.body))
        fitting = [t for t in targets if all(self.prover.holds(part, t.node) for part in wanted)]
        found = [way for target in fitting for way in self.ways(expression.body, target)]
        if not fitting:
            found = [w for each in self._new(expression, thing) for w in self._made(each, expression.body)]
        return _smallest(found)

    def _made(self, new: Thing, body: Expr) -> list[Way]:
        existing: Way = {(new, EXISTS): Choice((new.class_ or EXISTS,), keeps=False)}
        told: Way = {(new, slot): Choice((value,), keeps=False) for slot, value in new.told}
        return self._all([[existing], [told], self.ways(body, new)])

    def _new(self, expression: Some | Every, thing: Thing) -> Iterator[Thing]:
        """Yield the things that could be made, none where we cannot tell what they would be.

        What is told from its like by a value, as a judgement by its question, is one thing for each value.
        """
        link = first(expression.path)
        kinds = [each.class_ for each in selectors(expression.body) if isinstance(each, Is)]
        if link == DATA:
            link, kinds = COMPONENTS, list(concerned(DATA))
        if link is None or thing.node != self.model.node or (link == COMPONENTS and len(kinds) != 1):
            return
        class_ = kinds[0] if link == COMPONENTS else vocabulary().graph.node(link, term("rdfs:range"))
        assert isinstance(class_, NamedNode)
        options = [
            [(property_, value) for value in each.body.values]
            for each in selectors(expression.body)
            if isinstance(each, Some) and isinstance(each.body, In) and link != COMPONENTS
            if (property_ := first(each.path)) is not None
        ]
        for told in product(*options):
            names = [local_name(value) for _, value in told if isinstance(value, NamedNode)]
            name = "-".join(names) or local_name(class_)
            yield Thing(beside(self.model.node, f"new-{name}"), link, class_, told)

    # --- values ---

    def settled(self, way: Way | None) -> Way | None:
        """Leave of a way only what can be made so, None where that is too little.

        What a fact is cannot be chosen: a property such as the class of data can be stated if any value would
        do, and can become only what a deed of the producer makes it.
        """
        if way is None:
            return None
        found: dict[Slot, Choice] = {}
        for (thing, property_), choice in way.items():
            made = may_become(property_)
            free = thing.link is not None or choice.keeps or not made
            if not free and (
                self.prover.facts.objects(thing.node, property_) or not _is_any(property_, choice)
            ):
                allowed = tuple(value for value in choice.allowed if value in made)
                if not allowed:
                    return None
                found[thing, property_] = Choice(allowed, keeps=False)
            else:
                found[thing, property_] = choice
        return found

    def _changeable(self, thing: Thing) -> bool:
        return thing.link is not None or thing.node in self.own

    def _holds_unset(self, expression: Expr, thing: Thing) -> bool:
        """Say whether an expression holds of a thing as it is; of one that would be made, without a value."""
        if thing.link is None:
            return self.prover.holds(expression, thing.node)
        return Prover(self.shapes, ()).holds(expression, thing.node)

    def _valued(self, expression: Some | Every, thing: Thing, property_: NamedNode) -> list[Way]:
        keeps = self._holds_unset(expression, thing)
        if not self._changeable(thing):
            if not keeps:
                self.blockers.append(f"Only others can change or state this: {self._about(thing)}.")
            return [NOTHING] if keeps else []
        values = _values(property_, expression.body)
        allowed = tuple(value for value in values if self.prover.holds(expression.body, value))
        if not keeps and not allowed:
            return []
        return [{(thing, property_): Choice(allowed, keeps)}]

    def _licensed(self, expression: Expr, thing: Thing) -> list[Way]:
        content, inherited = self._license_of(thing)
        keeps = self._holds_unset(expression, thing)
        if thing.link is not None:
            keeps = permits(self.shapes, expression, Resolution("", term("ogr:NoLicense")), content)

        def fits(name: str) -> bool:
            both = together([license_index().resolve(name), *inherited])
            return permits(self.shapes, expression, both, content)

        allowed: tuple[Term, ...] = ()
        if self._changeable(thing):
            names = list(filter(fits, _suggested(content)))
            if not names and not keeps:  # what we suggest is not all that there is
                names = list(filter(fits, license_index().by_identifier))
            allowed = tuple(Literal(name) for name in names)
        if not keeps and not allowed:
            bases = self.binding(thing, expression, content)
            self.blockers.append(self._blocked(thing, " and ".join(bases)))
            return []
        return [{(thing, LICENSE): Choice(allowed, keeps)}]

    def _blocked(self, thing: Thing, bases: str) -> str:
        about = self._about(thing)
        if bases:
            start = about[:1].upper() + about[1:]
            return f"{start} are bound by the license of {bases}, which only its producer can change."
        if self._changeable(thing):
            return f"No license that we know is accepted for {about}."
        return f"Only others can change the license of {about}."

    def _license_of(self, thing: Thing) -> tuple[NamedNode | None, tuple[Resolution, ...]]:
        """Return the content type of a thing and the licenses that bind it from elsewhere."""
        position = self.components.get(thing.node)
        if position is not None:
            component = self.model.components[position]
            return component.content, component.applied.inherited
        content = vocabulary().kinds.get(thing.class_) if thing.class_ is not None else None
        return content or term("ogr:DataContent"), ()

    def binding(self, thing: Thing, expression: Expr, content: NamedNode | None) -> list[str]:
        """Return the names of the models whose licenses are in the way."""
        position = self.components.get(thing.node)
        if position is None:
            return []
        applied = self.model.components[position].applied
        pairs = zip(applied.bound_by, applied.inherited, strict=True)
        nodes = [base for base, each in pairs if not permits(self.shapes, expression, each, content)]
        return [self.model.graph.text(base, term("ogr:name")) or base.value for base in dict.fromkeys(nodes)]

    def question_of(self, thing: Thing) -> NamedNode | None:
        """Return the question that a judgement answers."""
        found = self.prover.facts.node(thing.node, term("ogr:onQuestion"))
        return found if isinstance(found, NamedNode) else None

    def names_of(self, thing: Thing) -> str:
        """Return what a thing is called: a dataset by its name, anything else of the model by its kind."""
        words = vocabulary()
        if thing.class_ is not None:
            return f"the {words.label(thing.class_).lower()} of {self.model.name}"
        return self._about(thing)

    def _about(self, thing: Thing) -> str:
        words = vocabulary()
        if thing.node == self.model.node:
            return self.model.name
        position = self.components.get(thing.node)
        if position is not None:
            kinds = [words.label(kind).lower() for kind in self.model.components[position].kinds]
            return f"the {' and '.join(kinds)} of {self.model.name}"
        data = next((each.name for each in self.model.data if each.node == thing.node), None)
        return data or self.model.graph.text(thing.node, term("ogr:name")) or f"{self.model.name}"


TRAINING_DATA = term("ogr:TrainingData")


@cache
def may_become(property_: NamedNode) -> tuple[Term, ...]:
    """Return the values that a deed can give to a property of which values are found and not chosen."""
    return vocabulary().graph.objects(property_, term("ogr:mayBecome"))


def _is_any(property_: NamedNode, choice: Choice) -> bool:
    kind = vocabulary().graph.node(property_, term("rdfs:range"))
    return kind is not None and len(choice.allowed) == len(
        vocabulary().graph.subjects(term("rdf:type"), kind)
    )


def _smallest(ways: list[Way]) -> list[Way]:
    """Leave out each way that asks for all that another one asks for, and more."""
    found: list[Way] = []
    for way in sorted(ways, key=len):
        if not any(_covers(other, way) for other in found):
            found.append(way)
    return found


def _covers(small: Way, large: Way) -> bool:
    return all(
        slot in large
        and (choice.keeps or not large[slot].keeps)
        and set(choice.allowed) >= set(large[slot].allowed)
        for slot, choice in small.items()
    )


@cache
def _suggested(content: NamedNode | None) -> tuple[str, ...]:
    """Return the licenses that we suggest, those for the content type first."""
    graph = license_index().graph
    found = {t.subject for t in graph if t.predicate == term("ogr:suggestedFor")}
    order = sorted(found, key=lambda n: (content not in graph.objects(n, term("ogr:suggestedFor")), str(n)))
    return tuple(license_index().label(node) for node in order if isinstance(node, NamedNode))


def _values(property_: NamedNode, body: Expr) -> tuple[Term, ...]:
    """Return the values that a property can take: those we know, or one that stands for any."""
    graph = vocabulary().graph
    kind = vocabulary().range_of(property_)
    known = [n for n in graph.subjects(term("rdf:type"), kind) if isinstance(n, NamedNode)] if kind else []
    named = body.values if isinstance(body, In) else ()
    if known:
        others = [each for each in named if each not in known]
        return (*sorted(known, key=lambda n: (n not in BEST, n.value)), *others)
    if named:
        return named
    if kind == term("xsd:boolean"):
        return Literal(True), Literal(False)
    if isinstance(kind, NamedNode) and kind.value.startswith(term("xsd:").value):
        return (Literal(PLACEHOLDERS.get(local_name(kind), "to be stated"), datatype=kind),)
    return (NamedNode(f"{GENID}to-be-stated"),)


PLACEHOLDERS = {"anyURI": "https://example.org/to-be-stated", "date": SOME_DAY}
BEST = (term("ogr:DirectDownload"), term("ogr:OpenData"), term("ogr:Fully"))
