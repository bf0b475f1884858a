"""The criteria profile: reads shapes of SHACL Core into the algebra, and refuses what has no form there.

The profile, with the meaning that the standard gives to each:

- node shapes with `sh:class`, `sh:in`, `sh:hasValue`, `sh:node`, `sh:not`, `sh:and`, `sh:or`, `sh:xone`,
  `sh:property`, and for the form of the node itself `sh:nodeKind`, `sh:datatype`, `sh:minLength`,
  `sh:maxLength`, `sh:languageIn`, `sh:minInclusive`, `sh:maxInclusive`, `sh:minExclusive`, `sh:maxExclusive`;
- property shapes, named or not, with the same, and `sh:minCount`, `sh:maxCount`, `sh:qualifiedValueShape`
  with `sh:qualifiedMinCount`, `sh:qualifiedMaxCount` and `sh:qualifiedValueShapesDisjoint`;
- all paths: properties, sequences, `sh:alternativePath`, `sh:inversePath`, `sh:zeroOrOnePath`,
  `sh:zeroOrMorePath` and `sh:oneOrMorePath`, however nested.

Narrower than the standard: `sh:class` looks at stated types only, since the facts that criteria are run on
hold no subclass statements; `sh:in` and `sh:hasValue` name no blank nodes; `sh:datatype` knows the datatypes
whose values every engine tells apart; bounds are whole or decimal numbers. `sh:pattern` is left out because
engines read regular expressions differently. Whatever else stands in a shape is refused when it is loaded, by
name.
"""

import re
from collections.abc import Iterator, Mapping

from opengrade.criteria import (
    Alternative,
    And,
    Every,
    Expr,
    Form,
    In,
    Is,
    Not,
    Or,
    Path_,
    Ref,
    Repeat,
    Some,
    Step,
    inverted,
    references,
)
from opengrade.errors import Place, RuleError
from opengrade.forms import FORMS, problem
from opengrade.graph import BlankNode, Graph, Literal, NamedNode, Node, Term
from opengrade.namespaces import compact, term

LOGIC = ("sh:and", "sh:or", "sh:xone")
NODE_CONSTRAINTS = ("sh:class", "sh:in", "sh:hasValue", "sh:node", "sh:not", *LOGIC, "sh:property", *FORMS)
COUNTS = (
    "sh:minCount",
    "sh:maxCount",
    "sh:qualifiedValueShape",
    "sh:qualifiedMinCount",
    "sh:qualifiedMaxCount",
    "sh:qualifiedValueShapesDisjoint",
)
SILENT = ("sh:targetClass", "sh:name", "sh:description", "sh:message", "sh:severity", "sh:order", "sh:path")
KNOWN = frozenset({*NODE_CONSTRAINTS, *COUNTS, *SILENT})
SINGLE = ("sh:in", "sh:path", *COUNTS, *FORMS)
SHAPES = ("sh:NodeShape", "sh:PropertyShape")


class ShapeReader:
    """Reads the shapes of one framework file."""

    def __init__(self, graph: Graph, path: str) -> None:
        self.graph = graph
        self.path = path

    def refuse(self, shape: Term, what: str, fix: str) -> RuleError:
        """Return the error that says what is wrong with a shape."""
        name = compact(shape) if isinstance(shape, NamedNode) else "an unnamed shape"
        return RuleError(f"{name}: {what}", fix=fix, where=Place(self.path))

    def shape(self, node: Node) -> Expr:
        """Read a node shape or, where it has a path, a property shape."""
        self._check_terms(node)
        if self.graph.objects(node, term("sh:path")):
            return self._property_shape(node)
        for name in COUNTS:
            if self.graph.objects(node, term(name)):
                raise self.refuse(node, f"{name} stands without a sh:path.", "Say what is counted.")
        return self._body(node)

    def _check_terms(self, node: Node) -> None:
        for name in SINGLE:
            if len(self.graph.objects(node, term(name))) > 1:
                raise self.refuse(node, f"{name} stands more than once.", "SHACL allows one in a shape.")
        for triple in self.graph.about(node):
            name = compact(triple.predicate)
            if name.startswith("sh:") and name not in KNOWN:
                raise self.refuse(
                    node,
                    f"{name} is not in the criteria profile.",
                    f"Use one of: {', '.join(sorted(KNOWN))}.",
                )

    def reference(self, node: Term) -> Expr:
        """Read a shape that another one names: by name where it has one, in place otherwise."""
        if isinstance(node, Literal):
            raise self.refuse(node, "a shape is expected where a literal stands.", "Name a shape.")
        if isinstance(node, NamedNode):
            self._check_defined(node)
            return Ref(node)
        return self.shape(node)

    def named(self) -> Iterator[NamedNode]:
        """Yield the shapes that have a name: what is stated to be one, or has a path."""
        subjects = dict.fromkeys(triple.subject for triple in self.graph)
        yield from (node for node in subjects if isinstance(node, NamedNode) and self._is_shape(node))

    def _is_shape(self, node: NamedNode) -> bool:
        types = self.graph.objects(node, term("rdf:type"))
        return any(term(name) in types for name in SHAPES) or bool(self.graph.objects(node, term("sh:path")))

    def _check_defined(self, node: NamedNode) -> None:
        if not self._is_shape(node):
            raise self.refuse(
                node, "the shape is used but not defined.", "Define it as a sh:NodeShape, or mend the name."
            )

    def _body(self, node: Node) -> Expr:
        parts: list[Expr] = []
        for name in NODE_CONSTRAINTS:
            for value in self.graph.objects(node, term(name)):
                parts.append(self._constraint(node, name, value))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _constraint(self, node: Node, name: str, value: Term) -> Expr:
        if name == "sh:class":
            if not isinstance(value, NamedNode):
                raise self.refuse(node, "sh:class needs the IRI of a class.", "Give one.")
            return Is(value)
        if name == "sh:in":
            return self._one_of(node, name, self._members(node, name, value))
        if name == "sh:hasValue":
            return self._one_of(node, name, (value,))
        if name in LOGIC:
            parts = tuple(self.reference(each) for each in self._members(node, name, value))
            return And(parts) if name == "sh:and" else Or(parts) if name == "sh:or" else _exactly_one(parts)
        if name in FORMS:
            return self._form(node, name, value)
        if name == "sh:property" and not self.graph.objects(value, term("sh:path")):
            raise self.refuse(node, "sh:property needs a shape with a sh:path.", "Give one, or use sh:node.")
        if name == "sh:node" and self.graph.objects(value, term("sh:path")):
            raise self.refuse(node, "sh:node needs a shape without a sh:path.", "Use sh:property.")
        inner = self.reference(value)
        return Not(inner) if name == "sh:not" else inner

    def _one_of(self, node: Node, name: str, values: tuple[Term, ...]) -> Expr:
        if any(isinstance(value, BlankNode) for value in values):
            raise self.refuse(node, f"{name} names a blank node, which no data can hold.", "Name it.")
        return In(values)

    def _form(self, node: Node, name: str, value: Term) -> Expr:
        values = self._members(node, name, value) if name == "sh:languageIn" else (value,)
        wrong = problem(name, values)
        if wrong is not None:
            raise self.refuse(node, wrong, "Give another value.")
        return Form(name, values)

    def _members(self, node: Node, name: str, head: Term) -> tuple[Term, ...]:
        found = self.graph.items(head)
        if not found:
            raise self.refuse(node, f"{name} needs a list with at least one member.", "Give one.")
        return found

    def _property_shape(self, node: Node) -> Expr:
        path = self._path_of(node)
        parts: list[Expr] = []
        body = self._property_body(node)
        if body != And():
            parts.append(Every(path, body))
        for value in self.graph.objects(node, term("sh:hasValue")):
            parts.append(Some(path, self._one_of(node, "sh:hasValue", (value,))))
        least, most = self._count(node, "sh:minCount"), self._count(node, "sh:maxCount")
        if least:
            parts.append(Some(path, And(), least))
        if most is not None:
            parts.append(Not(Some(path, And(), most + 1)))
        parts.extend(self._qualified(node, path))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _property_body(self, node: Node) -> Expr:
        parts = [
            self._constraint(node, name, value)
            for name in NODE_CONSTRAINTS
            if name != "sh:hasValue"
            for value in self.graph.objects(node, term(name))
        ]
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _qualified(self, node: Node, path: Path_) -> Iterator[Expr]:
        least, most = self._count(node, "sh:qualifiedMinCount"), self._count(node, "sh:qualifiedMaxCount")
        shapes = self.graph.nodes(node, term("sh:qualifiedValueShape"))
        if bool(shapes) != (least is not None or most is not None) or len(shapes) > 1:
            raise self.refuse(
                node, "sh:qualifiedValueShape and a qualified count belong together.", "Give one of each."
            )
        for shape in shapes:
            body = self._apart(node, shape, self.reference(shape))
            if least:
                yield Some(path, body, least)
            if most is not None:
                yield Not(Some(path, body, most + 1))

    def _apart(self, node: Node, shape: Node, body: Expr) -> Expr:
        """Add, where siblings have to be disjoint, that a value conforms to none of their shapes."""
        if self.graph.text(node, term("sh:qualifiedValueShapesDisjoint")) != "true":
            return body
        others = dict.fromkeys(
            other
            for parent in self.graph.subjects(term("sh:property"), node)
            for sibling in self.graph.nodes(parent, term("sh:property"))
            for other in self.graph.nodes(sibling, term("sh:qualifiedValueShape"))
            if other != shape
        )
        return And((body, *(Not(self.reference(other)) for other in others))) if others else body

    def _count(self, node: Node, name: str) -> int | None:
        text = self.graph.text(node, term(name))
        if text is None:
            return None
        if not re.fullmatch("[0-9]+", text):
            raise self.refuse(node, f"{name} has to be a whole number.", "Give one.")
        return int(text)

    def _path_of(self, node: Node) -> Path_:
        values = self.graph.objects(node, term("sh:path"))
        if len(values) != 1:
            raise self.refuse(node, "a property shape has exactly one sh:path.", "Give one.")
        return self._path(node, values[0])

    def _path(self, shape: Node, value: Term) -> Path_:
        if isinstance(value, NamedNode):
            return (Step(value),)
        members = self.graph.items(value)
        if members:
            return tuple(part for each in members for part in self._path(shape, each))
        for name, (least, many) in REPEATS.items():
            for inner in self.graph.objects(value, term(name)):
                return (Repeat(self._path(shape, inner), least, many),)
        for inner in self.graph.objects(value, term("sh:inversePath")):
            return inverted(self._path(shape, inner))
        for head in self.graph.objects(value, term("sh:alternativePath")):
            return (
                Alternative(
                    tuple(
                        self._path(shape, each) for each in self._members(shape, "sh:alternativePath", head)
                    )
                ),
            )
        raise self.refuse(shape, "this is not a path.", "Write it as SHACL says.")


# The words of repeated paths: how often at least, and whether more often than once.
REPEATS = {
    "sh:zeroOrOnePath": (0, False),
    "sh:zeroOrMorePath": (0, True),
    "sh:oneOrMorePath": (1, True),
}


def _exactly_one(parts: tuple[Expr, ...]) -> Expr:
    """Return "one part holds and none of the others"."""
    return Or(
        tuple(
            And((part, *(Not(other) for other in (*parts[:place], *parts[place + 1 :]))))
            for place, part in enumerate(parts)
        )
    )


def check_acyclic(shapes: Mapping[NamedNode, Expr], reader: ShapeReader) -> None:
    """Raise RuleError for a shape that refers to itself, directly or through others."""
    done: set[NamedNode] = set()

    def visit(shape: NamedNode, above: tuple[NamedNode, ...]) -> None:
        if shape in above:
            raise reader.refuse(shape, "the shape refers to itself.", "Shapes have to be free of cycles.")
        if shape not in done:
            for inner in references(shapes[shape]):
                visit(inner, (*above, shape))
            done.add(shape)

    for shape in shapes:
        visit(shape, ())
