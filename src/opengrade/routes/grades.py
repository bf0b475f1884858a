"""Writes the query for the models that meet a grade, in full, so that any endpoint can run it."""

from collections.abc import Iterator

from opengrade.criteria import Expr, negation_normal
from opengrade.frameworks import Framework, Grade
from opengrade.graph import NamedNode
from opengrade.routes.compiling import Compiler, asked_of_kinds, declared, sparql


def class_query(rules: Framework, grade: Grade) -> str:
    """Return the query for the models that meet a grade as it is kept in a file, with its header."""
    question = (
        f"Which models meet {grade.label.partition(':')[0]} of the {rules.title} {rules.version},"
        " judged from what is stated about their components?"
    )
    return (
        f"#+ title: Models that meet {grade.name} of {rules.name}\n"
        f"#+ question: {question}\n"
        "#+ returns: {model: iri, name: string}\n"
        f"#+ tags: [openness, grade, {rules.name}]\n"
        f"#+ generated: from shapes/frameworks/{rules.name}.ttl by make generate\n"
        + select_grade(rules, grade)
    )


def select_grade(framework: Framework, grade: Grade) -> str:
    """Return a query for the models that meet a grade, written out in full so that any endpoint can run it.

    Criteria that ask the same of different kinds of components are counted together, so that what they share
    is written, and evaluated, once.
    """
    compiler = Compiler(framework.shapes)
    domain = "?model a ogr:Model ."
    shared: dict[Expr, list[tuple[NamedNode, NamedNode]]] = {}
    lines = [domain, "?model ogr:name ?name ."]
    for criterion in (each for each in framework.criteria if each.node in grade.required):
        asked = asked_of_kinds(criterion.expression)
        if asked is None:
            lines.extend(compiler.lines(negation_normal(criterion.expression), "model", domain))
            continue
        kinds, body = asked
        shared.setdefault(body, []).extend((kind, criterion.node) for kind in kinds)
    for body, rows in shared.items():
        lines.extend(_counted(compiler, body, rows))
    text = "\n".join(f"  {line}" for line in lines)
    return declared(f"SELECT DISTINCT ?model ?name\nWHERE {{\n{text}\n}}\nORDER BY ?model\n")


def _counted(compiler: Compiler, body: Expr, rows: list[tuple[NamedNode, NamedNode]]) -> Iterator[str]:
    wanted = len({criterion for _, criterion in rows})
    yield "{"
    yield "  SELECT ?model WHERE {"
    yield "    VALUES (?kind ?criterion) {"
    yield from (f"      ({sparql(kind)} {sparql(criterion)})" for kind, criterion in rows)
    yield "    }"
    yield "    ?model ogr:hasComponent ?component ."
    yield "    ?component a ?kind ."
    domain = "?component a ogr:Component ."
    yield "    { SELECT DISTINCT ?component WHERE {"
    inner = compiler.group(negation_normal(body), "component", domain)
    yield from (f"      {line}" for line in inner)
    yield "    } }"
    yield f"  }} GROUP BY ?model HAVING (COUNT(DISTINCT ?criterion) = {wanted})"
    yield "}"
