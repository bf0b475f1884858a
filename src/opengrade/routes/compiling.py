"""Compiles criteria to SPARQL: joins and set differences that any endpoint can run.

A test for each row by EXISTS is avoided, since engines evaluate it row by row (facts in
docs/decisions/0003-routes.md). Named shapes are written out, except those that a store holds marks of.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

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
    negation_normal,
    steps,
)
from opengrade.forms import condition
from opengrade.frameworks import Framework
from opengrade.graph import NamedNode, Term
from opengrade.namespaces import compact, local_name, prologue, term

# A shape marks the nodes that conform to it: the shape is the subject, so that literals can be marked too.
MARKS = NamedNode("urn:opengrade:marks")
NONE: frozenset[NamedNode] = frozenset()


def select(
    framework: Framework, expression: Expr, target: NamedNode, marked: frozenset[NamedNode] = NONE
) -> str:
    """Return a query for the nodes of a class that satisfy an expression.

    Shapes that are `marked` are looked up, others written out.
    """
    name = variable(local_name(target))
    return select_where(framework.shapes, expression, name, f"?{name} a {sparql(target)} .", marked)


def select_where(
    shapes: Mapping[NamedNode, Expr],
    expression: Expr,
    name: str,
    domain: str,
    marked: frozenset[NamedNode] = NONE,
) -> str:
    """Return a query for what a pattern binds to a variable and satisfies an expression."""
    compiler = Compiler(shapes, marked)
    normal = negation_normal(expression)
    if isinstance(normal, Or) and normal.parts:
        lines = [line for part in compiler.branches(normal, name, domain, always=True) for line in part]
    else:
        lines = [domain, *compiler.lines(normal, name, domain)]
    body = "\n".join(f"  {line}" for line in lines)
    return declared(f"SELECT DISTINCT ?{name}\nWHERE {{\n{body}\n}}\n")


def mark(
    shapes: Mapping[NamedNode, Expr], shape: NamedNode, domains: Iterable[str], marked: frozenset[NamedNode]
) -> str:
    """Return an update that marks the nodes that conform to a shape.

    `domains` are patterns that together bind ?node to all nodes of which somebody may ask; where the shape
    finds its nodes by itself, they are not looked at.
    """
    compiler = Compiler(shapes, marked)
    body = negation_normal(shapes[shape])
    lines = list(compiler.lines(body, "node", ""))
    if not compiler.binds(body):
        domain = " UNION ".join(f"{{ {each} }}" for each in domains)
        domain = f"{{ SELECT DISTINCT ?node WHERE {{ {domain} }} }}"
        lines = [domain, *Compiler(shapes, marked).lines(body, "node", domain)]
    text = "\n".join(f"  {line}" for line in lines)
    return declared(f"INSERT {{ {sparql(shape)} {MARKS} ?node }}\nWHERE {{\n{text}\n}}\n")


def declared(text: str) -> str:
    """Put the declarations of the prefixes that a text uses before it."""
    return prologue(text) + "\n" + text


class Compiler:
    """Writes the lines of a group graph pattern; `domain` is a pattern that binds the variable."""

    def __init__(self, shapes: Mapping[NamedNode, Expr], marked: frozenset[NamedNode] = NONE) -> None:
        self.shapes = shapes
        self.marked = marked
        self.taken: dict[str, int] = {}

    def binds(self, expression: Expr) -> bool:
        """Say whether the lines of an expression find its nodes by themselves, and not only among others."""
        if isinstance(expression, And):
            return any(self.binds(part) for part in expression.parts)
        if isinstance(expression, Or):
            return bool(expression.parts) and all(self.binds(part) for part in expression.parts)
        if isinstance(expression, Ref):
            known = self.opened(expression)
            return isinstance(known, Ref) or self.binds(known)
        return isinstance(expression, Is | In | Some)

    def group(self, expression: Expr, name: str, domain: str) -> Iterator[str]:
        """Write an expression that stands alone in a group, with the domain where it needs one."""
        known = self.opened(expression)
        if not self.binds(known):
            yield domain
        if isinstance(known, Or) and self.binds(known):
            for branch in self.branches(known, name, domain):
                yield from branch
        else:
            yield from self.lines(known, name, domain)

    def opened(self, expression: Expr) -> Expr:
        """Return what a name stands for, unless there are marks for it."""
        while isinstance(expression, Ref) and expression.shape not in self.marked:
            expression = negation_normal(self.shapes[expression.shape])
        return expression

    def lines(self, expression: Expr, name: str, domain: str) -> Iterator[str]:
        """Write an expression; what takes away stands after what binds the variable."""
        known = self.opened(expression)
        if isinstance(known, And):
            for part in sorted(known.parts, key=lambda each: not self.binds(each)):
                yield from self.lines(part, name, domain)
        elif isinstance(known, Or):
            yield from self.union(known, name, domain) if known.parts else ("FILTER (false)",)
        elif isinstance(known, Some):
            yield from self.some(known, name)
        elif isinstance(known, Every):
            yield from self.every(known, name)
        elif isinstance(known, Not):
            yield from self.without(known, name, domain)
        else:
            yield _leaf(known, name)

    def every(self, expression: Every, name: str) -> Iterator[str]:
        """Take away what a path leads from to something that does not satisfy the body."""
        other = self.fresh(expression.path)
        reach = f"?{name} {path_text(expression.path)} ?{other} ."
        inner = self.lines(negation_normal(expression.body, negated=True), other, reach)
        yield from _group("MINUS", [reach, *inner])

    def without(self, expression: Not, name: str, domain: str) -> Iterator[str]:
        """Take away what satisfies the part."""
        yield from _group("MINUS", self.group(expression.part, name, domain))

    def union(self, expression: Or, name: str, domain: str) -> Iterator[str]:
        """Write a union as a query of its own, so that engines evaluate it once and not once for each row."""
        yield f"{{ SELECT DISTINCT ?{name} WHERE {{"
        for branch in self.branches(expression, name, domain):
            yield from (f"  {line}" for line in branch)
        yield "} }"

    def branches(
        self, expression: Or, name: str, domain: str, *, always: bool = False
    ) -> Iterator[Iterable[str]]:
        """Write the parts of a union; with `always`, each within the domain."""
        word = ""
        for part in self.alternatives(expression):
            lines = self.lines(part, name, domain) if always else self.group(part, name, domain)
            yield _group(word, [domain, *lines] if always else lines)
            word = "UNION"

    def alternatives(self, expression: Or) -> Iterator[Expr]:
        """Yield the parts of a union, those of unions within it in place of these."""
        for part in expression.parts:
            known = self.opened(part)
            if isinstance(known, Or) and known.parts:
                yield from self.alternatives(known)
            else:
                yield part

    def some(self, expression: Some, name: str) -> Iterator[str]:
        """Write a join along a path, with a count where more than one is asked for."""
        other = self.fresh(expression.path)
        reach = f"?{name} {path_text(expression.path)} ?{other} ."
        inner = [reach, *self.lines(expression.body, other, reach)]
        if expression.least == 1:
            yield from inner
            return
        count = f"GROUP BY ?{name} HAVING (COUNT(DISTINCT ?{other}) >= {expression.least})"
        yield "{"
        yield f"  SELECT ?{name} WHERE {{"
        yield from (f"    {line}" for line in inner)
        yield f"  }} {count}"
        yield "}"

    def fresh(self, path: Path_) -> str:
        """Return a variable that is not taken, named after the last property of a path."""
        last = local_name(tuple(steps(path))[-1].property)
        base = variable(re.sub(r"^(has|requires|opens|concerns)(?=[A-Z])", "", last))
        self.taken[base] = self.taken.get(base, 0) + 1
        return base if self.taken[base] == 1 else f"{base}{self.taken[base]}"


def _leaf(expression: Is | In | Form | Ref, name: str) -> str:
    """Write what is one line; of named shapes only those that are marked are left here."""
    if isinstance(expression, Is):
        return f"?{name} a {sparql(expression.class_)} ."
    if isinstance(expression, In):
        return f"VALUES ?{name} {{ {' '.join(sparql(value) for value in expression.values)} }}"
    if isinstance(expression, Form):
        return f"FILTER ({condition(expression, f'?{name}')})"
    return f"{sparql(expression.shape)} {MARKS} ?{name} ."


def _group(word: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"{word} {{".lstrip()
    yield from (f"  {line}" for line in lines)
    yield "}"


def variable(text: str) -> str:
    """Return the name of a variable for something."""
    return text[:1].lower() + re.sub(r"\W", "", text[1:])


def path_text(path: Path_) -> str:
    """Write a path."""
    return "/".join(_part(each) for each in path)


def _part(part: Step | Alternative | Repeat) -> str:
    if isinstance(part, Step):
        return ("^" if part.inverse else "") + sparql(part.property)
    if isinstance(part, Alternative):
        return f"({'|'.join(path_text(each) for each in part.paths)})"
    sign = ("+" if part.least else "*") if part.many else ("" if part.least else "?")
    return f"({path_text(part.path)}){sign}"


def sparql(value: Term) -> str:
    """Write a term; IRIs compactly where the local part is plain."""
    if isinstance(value, NamedNode):
        short = compact(value)
        return short if re.fullmatch(r"[a-z][a-z0-9]*:[A-Za-z][\w-]*", short) else str(value)
    return str(value)


def asked_of_kinds(expression: Expr) -> tuple[tuple[NamedNode, ...], Expr] | None:
    """Read "a component of this kind, or of that, that satisfies one body"; None for any other form."""
    parts = expression.parts if isinstance(expression, Or) else (expression,)
    found: list[NamedNode] = []
    bodies: dict[Expr, None] = {}
    for part in parts:
        if not isinstance(part, Some) or part.path != (Step(term("ogr:hasComponent")),) or part.least != 1:
            return None
        inner = part.body.parts if isinstance(part.body, And) else ()
        kinds = [each.class_ for each in inner if isinstance(each, Is)]
        if len(kinds) != 1:
            return None
        found += kinds
        bodies[And(tuple(each for each in inner if not isinstance(each, Is)))] = None
    return (tuple(found), next(iter(bodies))) if len(bodies) == 1 else None


def select_kinds(
    shapes: Mapping[NamedNode, Expr],
    kinds: Iterable[NamedNode],
    body: Expr,
    marked: frozenset[NamedNode] = NONE,
) -> str:
    """Return a query for the models with a component of some kinds that satisfies a body, and its kind."""
    domain = "?model a ogr:Model ; ogr:hasComponent ?component ."
    lines = [
        domain,
        "?component a ?kind .",
        f"VALUES ?kind {{ {' '.join(sparql(kind) for kind in kinds)} }}",
        *Compiler(shapes, marked).lines(negation_normal(body), "component", domain),
    ]
    text = "\n".join(f"  {line}" for line in lines)
    return declared(f"SELECT DISTINCT ?model ?kind\nWHERE {{\n{text}\n}}\n")
