"""Renders a framework as OWL classes: each grade, each criterion and each shape that they rest on.

What says that something is there becomes an `owl:equivalentClass` of existential restrictions, intersections
and unions. What says that something is not there, or of all things that they are so, no reasoner can decide,
since it takes nothing for absent. Such a part becomes a class without a definition, whose members are told
before the reasoner runs ("closed"). A closed part may rest on classes that have to be inferred first; its
`stratum` says after how many runs of the reasoner its members can be told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from opengrade.criteria import (
    And,
    Every,
    Expr,
    Form,
    In,
    Is,
    Not,
    Or,
    Ref,
    Some,
    Step,
    negation_normal,
    plain,
    references,
    steps,
    within,
)
from opengrade.errors import UsageError
from opengrade.frameworks import Framework, named
from opengrade.graph import BlankNode, Literal, NamedNode, Term, Triple, canonical_turtle, turtle
from opengrade.namespaces import compact, local_name, prefixes, term
from opengrade.vocabulary import vocabulary

# The literals that reasoners get to see: what is true or false.
TRUTH = (Literal(True), Literal(False))
CLOSED = "Closed: its members are told before a reasoner runs. "


@dataclass(frozen=True, slots=True)
class Definition:
    """One class: what its members have in common; the criteria and grades of models are `judged`."""

    node: NamedNode
    label: str
    expression: Expr
    closed: bool
    stratum: int
    judged: bool = False


def check_monotone(rules: Framework) -> None:
    """Raise UsageError for a framework whose grades cannot be classes of a reasoner."""
    if not rules.monotone:
        raise UsageError(
            f"{rules.name} is not monotone: to release more can lower what it finds, and a reasoner takes"
            " nothing back that it inferred.",
            fix=f"Use opengrade assess -f {rules.name}.",
        )


Classes: TypeAlias = dict[NamedNode, Definition]


def definitions(framework: Framework) -> Classes:
    """Return the classes of a framework, each after those that it rests on; UsageError if not monotone."""
    check_monotone(framework)
    compiler = _Compiler(framework)
    halves = [item.half for item in framework.score.items] if framework.score else []
    for node in (*(each.node for each in framework.criteria), *(half for half in halves if half)):
        compiler.model_class(node, (Ref(node),))
    for grade in framework.grades:
        below = named(framework.graph, grade.node, "ogr:presupposes")
        compiler.model_class(grade.node, tuple(Ref(each) for each in (*below, *grade.own)))
    return compiler.found


class _Compiler:
    """Collects definitions; what they refer to is defined first."""

    def __init__(self, framework: Framework) -> None:
        self.framework = framework
        self.found: Classes = {}

    def model_class(self, node: NamedNode, parts: tuple[Ref, ...]) -> None:
        """Define a class of models: by its shape, or as what meets other such classes."""
        model = Is(term("ogr:Model"))
        if node not in self.framework.shapes:
            self._add(node, And((model, *parts)), closed=False, judged=True)
            return
        body = self._open(node, negation_normal(self.framework.shapes[node]))
        whole = And((model, *body.parts)) if isinstance(body, And) else And((model, body))
        self._add(node, whole, closed=False, judged=True)

    def _shape(self, node: NamedNode) -> None:
        if node in self.found:
            return
        normal = negation_normal(self.framework.shapes[node])
        if _has_to_be_closed(normal):
            self._rest(normal)
            self._add(node, normal, closed=True)
        else:
            self._add(node, self._open(node, normal), closed=False)

    def _add(self, node: NamedNode, expression: Expr, *, closed: bool, judged: bool = False) -> None:
        below = [self.found[each].stratum for each in references(expression)]
        stratum = max(below, default=-closed) + closed
        self.found[node] = Definition(node, self._label(node), expression, closed, stratum, judged)

    def _label(self, node: NamedNode) -> str:
        texts = (self.framework.graph.text(node, term(name)) for name in ("sh:name", "rdfs:label"))
        return next((text for text in texts if text), local_name(node))

    def _rest(self, expression: Expr) -> None:
        for shape in references(expression):
            self._shape(shape)

    def _open(self, owner: NamedNode, expression: Expr) -> Expr:
        """Return an expression without its closed parts, each replaced by a reference to a class."""
        if _has_to_be_closed(expression):
            return self._close(owner, expression)
        if isinstance(expression, And):
            shut = tuple(part for part in expression.parts if _has_to_be_closed(part))
            parts = [self._open(owner, part) for part in expression.parts if part not in shut]
            if shut:
                parts.append(self._close(owner, shut[0] if len(shut) == 1 else And(shut)))
            return And(tuple(parts))
        if isinstance(expression, Or):
            return Or(tuple(self._open(owner, part) for part in expression.parts))
        if isinstance(expression, Some) and not isinstance(expression.body, In):
            return replace(expression, body=self._open(owner, expression.body))
        self._rest(expression)
        return expression

    def _close(self, owner: NamedNode, expression: Expr) -> Ref:
        self._rest(expression)
        known = [d for d in self.found.values() if d.closed and d.expression == expression]
        if known:
            return Ref(known[0].node)
        taken = sum(each.value.startswith(f"{owner.value}-closed") for each in self.found)
        number = f"-{taken + 1}" if taken else ""
        node = NamedNode(f"{owner.value}-closed{number}")
        self._add(node, expression, closed=True)
        return Ref(node)


def _has_to_be_closed(expression: Expr) -> bool:
    """Say whether this is decided beforehand: universals, complements, counts, what a text is."""
    if isinstance(expression, Every | Not | In | Form):
        return True
    if isinstance(expression, Some):
        return expression.least > 1 or not _has_restriction(expression)
    return False


def _has_restriction(expression: Some) -> bool:
    path, body = plain(expression.path), expression.body
    if path is None or any(isinstance(each, Form) for each in within(body)):
        return False
    *before, last = (is_of_things(step.property) for step in path)
    if not all(before):
        return False
    if isinstance(body, In):
        return all(not isinstance(v, Literal) if last else v in TRUTH for v in body.values)
    return last


def is_of_things(property_: NamedNode) -> bool:
    """Say whether a property relates things with things, and not with literals."""
    kinds = vocabulary().graph.objects(property_, term("rdf:type"))
    return term("owl:ObjectProperty") in kinds


# --- as triples ---


def triples(found: Iterable[Definition]) -> Iterator[Triple]:
    """Yield what a reasoner needs: classes and their equivalents."""
    for each in found:
        yield Triple(each.node, term("rdf:type"), term("owl:Class"))
        if not each.closed:
            writer = _Writer()
            node = writer.write(each.expression)
            yield Triple(each.node, term("owl:equivalentClass"), node)
            yield from writer.triples


def document(framework: Framework) -> str:
    """Return the classes of a framework as an ontology in Turtle; UsageError if it is not monotone."""
    found = definitions(framework).values()
    node = NamedNode(f"{framework.node.value}/classes")
    title = f"{framework.title} {framework.version}".strip()
    lines = [
        *triples(found),
        Triple(node, term("rdf:type"), term("owl:Ontology")),
        Triple(node, term("rdfs:label"), Literal(f"Classes of {title}", language="en")),
        Triple(node, term("owl:imports"), NamedNode(term("ogr:").value.rstrip("#"))),
        Triple(node, term("prov:wasDerivedFrom"), framework.node),
    ]
    for each in found:
        lines.append(Triple(each.node, term("rdfs:label"), Literal(each.label, language="en")))
        if each.node.value.startswith(f"{framework.node.value}#"):
            lines.append(Triple(each.node, term("rdfs:isDefinedBy"), node))
        if each.closed:
            text = CLOSED + manchester(each.expression)
            lines.append(Triple(each.node, term("rdfs:comment"), Literal(text, language="en")))
    return canonical_turtle(turtle(lines, prefixes()).encode()).decode()


class _Writer:
    """Writes an expression as a class expression, and remembers the triples."""

    def __init__(self) -> None:
        self.triples: list[Triple] = []

    def write(self, expression: Expr) -> NamedNode | BlankNode:
        if isinstance(expression, Is):
            return expression.class_
        if isinstance(expression, Ref):
            return expression.shape
        if isinstance(expression, And | Or):
            return self._joined(expression)
        assert isinstance(expression, Some), "what OWL has nothing for was closed"
        path = plain(expression.path)
        assert path is not None, "what OWL has nothing for was closed"
        return self._restriction(path, expression.body)

    def _joined(self, expression: And | Or) -> NamedNode | BlankNode:
        name, empty = "owl:intersectionOf", "owl:Thing"
        if isinstance(expression, Or):
            name, empty = "owl:unionOf", "owl:Nothing"
        parts = [self.write(part) for part in expression.parts]
        if len(parts) < 2:
            return parts[0] if parts else term(empty)
        return self._class(name, self._list(parts))

    def _restriction(self, path: tuple[Step, ...], body: Expr) -> NamedNode | BlankNode:
        step, *rest = path
        if rest:
            return self._some(step, "owl:someValuesFrom", self._restriction(tuple(rest), body))
        if not isinstance(body, In):
            return self._some(step, "owl:someValuesFrom", self.write(body))
        found = [self._some(step, "owl:hasValue", value) for value in body.values]
        return found[0] if len(found) == 1 else self._class("owl:unionOf", self._list(found))

    def _some(self, step: Step, name: str, value: Term) -> BlankNode:
        node = BlankNode()
        property_: NamedNode | BlankNode = step.property
        if step.inverse:
            property_ = BlankNode()
            self._say(property_, "owl:inverseOf", step.property)
        self._say(node, "rdf:type", term("owl:Restriction"))
        self._say(node, "owl:onProperty", property_)
        self._say(node, name, value)
        return node

    def _class(self, name: str, value: Term) -> BlankNode:
        node = BlankNode()
        self._say(node, "rdf:type", term("owl:Class"))
        self._say(node, name, value)
        return node

    def _list(self, members: Iterable[Term]) -> NamedNode | BlankNode:
        head: NamedNode | BlankNode = term("rdf:nil")
        for member in reversed(tuple(members)):
            node = BlankNode()
            self._say(node, "rdf:first", member)
            self._say(node, "rdf:rest", head)
            head = node
        return head

    def _say(self, subject: NamedNode | BlankNode, name: str, value: Term) -> None:
        self.triples.append(Triple(subject, term(name), value))


def manchester(expression: Expr) -> str:
    """Return an expression in the Manchester syntax of OWL, for people to read."""
    if isinstance(expression, And | Or):
        word, empty = (" and ", "owl:Thing") if isinstance(expression, And) else (" or ", "owl:Nothing")
        texts = [manchester(part) for part in expression.parts]
        return f"({word.join(texts)})" if len(texts) > 1 else texts[0] if texts else empty
    if isinstance(expression, Not):
        return f"not {manchester(expression.part)}"
    if isinstance(expression, Is | Ref):
        return compact(expression.class_ if isinstance(expression, Is) else expression.shape)
    if isinstance(expression, In):
        shown = [compact(v) if isinstance(v, NamedNode) else str(v) for v in expression.values]
        return "{" + ", ".join(shown) + "}"
    if isinstance(expression, Form):
        shown = [compact(v) if isinstance(v, NamedNode) else str(v) for v in expression.values]
        return f"{{{expression.constraint} {' '.join(shown)}}}"
    word, count = "only", ""
    if isinstance(expression, Some):
        word, count = ("some", "") if expression.least == 1 else ("min", f" {expression.least}")
    path = plain(expression.path)
    if path is None:  # OWL has no such paths; all properties on them are named
        path = tuple(dict.fromkeys(steps(expression.path)))
    text = manchester(expression.body)
    for step in reversed(path):
        name = ("inverse " if step.inverse else "") + compact(step.property)
        text = f"({name} {word}{count} {text})"
    return text
