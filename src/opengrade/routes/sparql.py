"""The SPARQL route: criteria compiled to set-based queries, run on an embedded store.

Queries are joins and set differences; a test for each row by EXISTS is avoided, since engines evaluate it
row by row (facts in docs/decisions/0003-routes.md).
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from opengrade.criteria import And, Every, Expr, In, Is, Or, Path_, Ref, Some, Step, negation_normal
from opengrade.frameworks import Framework, Grade
from opengrade.graph import NamedNode, Term, Triple
from opengrade.namespaces import compact, local_name, prologue, term
from opengrade.routes import Outcome, with_license_facts
from opengrade.store import Store


def run(framework: Framework, triples: Iterable[Triple]) -> Outcome:
    """Evaluate all rungs and criteria over the triples of facts and the curated license facts."""
    store = Store(with_license_facts(triples))
    return {
        node: store.column(select(framework, expression, target))
        for node, expression, target in framework.judged()
    }


def select(framework: Framework, expression: Expr, target: NamedNode) -> str:
    """Return a query for the nodes of a class that satisfy an expression, named shapes written out."""
    compiler = _Compiler(framework.shapes)
    name = _variable(local_name(target))
    domain = f"?{name} a {_sparql(target)} ."
    normal = negation_normal(expression)
    if isinstance(normal, Or):
        lines = list(compiler.branches(normal, name, domain))
    else:
        lines = [domain, *compiler.lines(normal, name, domain)]
    body = "\n".join(f"  {line}" for line in lines)
    text = f"SELECT DISTINCT ?{name}\nWHERE {{\n{body}\n}}\nORDER BY ?{name}\n"
    return prologue(text) + "\n" + text


class _Compiler:
    """Writes the lines of a group graph pattern; `domain` is a pattern that binds the variable."""

    def __init__(self, shapes: Mapping[NamedNode, Expr]) -> None:
        self.shapes = shapes
        self.taken: dict[str, int] = {}

    def lines(self, expression: Expr, name: str, domain: str) -> Iterator[str]:
        if isinstance(expression, And):
            for part in expression.parts:
                yield from self.lines(part, name, domain)
        elif isinstance(expression, Or):
            yield from self.union(expression, name, domain)
        elif isinstance(expression, Is):
            yield f"?{name} a {_sparql(expression.class_)} ."
        elif isinstance(expression, In):
            yield f"VALUES ?{name} {{ {' '.join(_sparql(value) for value in expression.values)} }}"
        elif isinstance(expression, Some):
            yield from self.some(expression, name, domain)
        elif isinstance(expression, Every):
            other = self.fresh(expression.path)
            reach = f"?{name} {_path(expression.path)} ?{other} ."
            yield from _group(
                "MINUS", [reach, *self.lines(negation_normal(expression.body, negated=True), other, reach)]
            )
        elif isinstance(expression, Ref):
            yield from self.lines(negation_normal(self.shapes[expression.shape]), name, domain)
        else:
            yield from _group("MINUS", [domain, *self.lines(expression.part, name, domain)])

    def union(self, expression: Or, name: str, domain: str) -> Iterator[str]:
        """Write a union as a query of its own, so that engines evaluate it once and not once for each row."""
        yield f"{{ SELECT DISTINCT ?{name} WHERE {{"
        yield from (f"  {line}" for line in self.branches(expression, name, domain))
        yield "} }"

    def branches(self, expression: Or, name: str, domain: str) -> Iterator[str]:
        word = ""
        for part in expression.parts:
            yield from _group(word, [domain, *self.lines(part, name, domain)])
            word = "UNION"

    def some(self, expression: Some, name: str, domain: str) -> Iterator[str]:
        other = self.fresh(expression.path)
        reach = f"?{name} {_path(expression.path)} ?{other} ."
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
        base = _variable(
            re.sub(r"^(has|requires|opens|concerns)(?=[A-Z])", "", local_name(path[-1].property))
        )
        self.taken[base] = self.taken.get(base, 0) + 1
        return base if self.taken[base] == 1 else f"{base}{self.taken[base]}"


def _group(word: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"{word} {{".lstrip()
    yield from (f"  {line}" for line in lines)
    yield "}"


def _variable(text: str) -> str:
    return text[:1].lower() + re.sub(r"\W", "", text[1:])


def _path(path: Path_) -> str:
    return "/".join(_step(each) for each in path)


def _step(step: Step) -> str:
    return ("^" if step.inverse else "") + _sparql(step.property)


def _sparql(value: Term) -> str:
    """Write a term; IRIs compactly where the local part is plain."""
    if isinstance(value, NamedNode):
        short = compact(value)
        return short if re.fullmatch(r"[a-z][a-z0-9]*:[A-Za-z][\w-]*", short) else str(value)
    return str(value)


def select_grade(framework: Framework, grade: Grade) -> str:
    """Return a query for the models that meet a grade, written out in full so that any endpoint can run it.

    Criteria that ask the same of different kinds of components are counted together, so that what they share
    is written, and evaluated, once.
    """
    compiler = _Compiler(framework.shapes)
    domain = "?model a ogr:Model ."
    shared: dict[Expr, list[tuple[NamedNode, NamedNode]]] = {}
    lines = [domain, "?model ogr:name ?name ."]
    for criterion in (each for each in framework.criteria if each.node in grade.required):
        alternatives = _alternatives(criterion.expression)
        if alternatives is None:
            lines.extend(compiler.lines(negation_normal(criterion.expression), "model", domain))
            continue
        (body,) = {body for _, body in alternatives}
        shared.setdefault(body, []).extend((kind, criterion.node) for kind, _ in alternatives)
    for body, rows in shared.items():
        lines.extend(_counted(compiler, body, rows))
    text = (
        "SELECT DISTINCT ?model ?name\nWHERE {\n"
        + "".join(f"  {line}\n" for line in lines)
        + "}\nORDER BY ?model\n"
    )
    return prologue(text) + "\n" + text


def _alternatives(expression: Expr) -> list[tuple[NamedNode, Expr]] | None:
    """Read "a component of this kind, or of that, that satisfies one body"; None for any other form."""
    parts = expression.parts if isinstance(expression, Or) else (expression,)
    found: list[tuple[NamedNode, Expr]] = []
    for part in parts:
        if not isinstance(part, Some) or part.path != (Step(term("ogr:hasComponent")),) or part.least != 1:
            return None
        inner = part.body.parts if isinstance(part.body, And) else ()
        kinds = [each.class_ for each in inner if isinstance(each, Is)]
        rest = tuple(each for each in inner if not isinstance(each, Is))
        if len(kinds) != 1:
            return None
        found.append((kinds[0], And(rest)))
    return found if len({body for _, body in found}) == 1 else None


def _counted(compiler: _Compiler, body: Expr, rows: list[tuple[NamedNode, NamedNode]]) -> Iterator[str]:
    wanted = len({criterion for _, criterion in rows})
    yield "{"
    yield "  SELECT ?model WHERE {"
    yield "    VALUES (?kind ?criterion) {"
    yield from (f"      ({_sparql(kind)} {_sparql(criterion)})" for kind, criterion in rows)
    yield "    }"
    yield "    ?model ogr:hasComponent ?component ."
    yield "    ?component a ?kind ."
    domain = "?component a ogr:Component ."
    yield "    { SELECT DISTINCT ?component WHERE {"
    yield from (
        f"      {line}" for line in (domain, *compiler.lines(negation_normal(body), "component", domain))
    )
    yield "    } }"
    yield f"  }} GROUP BY ?model HAVING (COUNT(DISTINCT ?criterion) = {wanted})"
    yield "}"
