"""The SHACL Core tests of the W3C that lie inside the criteria profile, and what comes out of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from opengrade.criteria import Expr
from opengrade.errors import RuleError
from opengrade.graph import Graph, NamedNode, Node, Quad, Term, Triple, parse
from opengrade.namespaces import term
from opengrade.profile import ShapeReader, check_acyclic
from opengrade.proving import Prover
from opengrade.routes.compiling import select_where
from opengrade.store import Store
from support import CORPORA

SUITE = CORPORA / "w3c-shacl" / "core"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
AIMS = NamedNode("urn:aims")
SHT = "http://www.w3.org/ns/shacl-test#"
TARGETS = ("sh:targetNode", "sh:targetClass", "sh:targetSubjectsOf", "sh:targetObjectsOf")


@dataclass(frozen=True)
class Case:
    """A test: the facts, the shapes with the nodes that each is run on, and the nodes that have to fail."""

    name: str
    facts: tuple[Triple, ...]
    shapes: dict[NamedNode, Expr]
    focus: tuple[tuple[Expr, Term], ...]
    failing: frozenset[Term]

    @property
    def targets(self) -> frozenset[Term]:
        """The nodes that shapes are aimed at."""
        return frozenset(node for _, node in self.focus)


def cases() -> Iterator[Case | str]:
    """Yield the tests inside the profile, and of the others their name with what is outside."""
    for path in sorted(SUITE.rglob("*.ttl")):
        graph = Graph(_read(path))
        for entry in graph.subjects(term("rdf:type"), NamedNode(f"{SHT}Validate")):
            name = f"{path.relative_to(SUITE).with_suffix('')}"
            try:
                yield _case(name, path, graph, entry)
            except RuleError as error:
                yield f"{name}: {error}"


def _read(path: Path) -> tuple[Quad, ...]:
    return parse(path.read_bytes(), syntax="turtle", path=path.name, base=f"file:///{path.name}")


def _graph(path: Path, graph: Graph, action: Node, which: str) -> Graph:
    named = graph.node(action, NamedNode(SHT + which))
    file = path.parent / str(getattr(named, "value", "")).rpartition("/")[2]
    return graph if file == path or not file.is_file() else Graph(_read(file))


def _case(name: str, path: Path, graph: Graph, entry: Node) -> Case:
    action = graph.node(entry, NamedNode(f"{MF}action"))
    result = graph.node(entry, NamedNode(f"{MF}result"))
    assert action is not None
    assert result is not None
    data = _graph(path, graph, action, "dataGraph")
    shapes_graph = _graph(path, graph, action, "shapesGraph")
    if any(triple.predicate == term("rdfs:subClassOf") and _counts(triple, data) for triple in data):
        raise RuleError("a subclass statement, where only stated types are looked at.")
    shapes, focus = _shapes(shapes_graph, data, path.name)
    failing = frozenset(
        value
        for each in graph.nodes(result, term("sh:result"))
        for value in graph.objects(each, term("sh:focusNode"))
    )
    return Case(name, tuple(data), shapes, tuple(focus), failing)


def _counts(triple: Triple, data: Graph) -> bool:
    """Say whether a subclass statement matters: some node is stated to be of the subclass."""
    return bool(data.subjects(term("rdf:type"), triple.subject)) and triple.object != term("rdfs:Resource")


def _shapes(graph: Graph, data: Graph, path: str) -> tuple[dict[NamedNode, Expr], list[tuple[Expr, Term]]]:
    targets = [term(each) for each in TARGETS]
    reader = ShapeReader(Graph(t for t in graph if t.predicate not in targets), path)
    aimed = {t.subject for t in graph if t.predicate in targets}
    expressions = {node: reader.shape(node) for node in sorted({*reader.named(), *aimed}, key=str)}
    shapes = {node: each for node, each in expressions.items() if isinstance(node, NamedNode)}
    check_acyclic(shapes, reader)
    focus = [
        (expression, node)
        for shape, expression in expressions.items()
        for node in dict.fromkeys(_targets(graph, data, shape))
    ]
    if not focus:
        raise RuleError("no target of a sort that is read here.")
    return shapes, focus


def _targets(graph: Graph, data: Graph, shape: Node) -> Iterator[Term]:
    yield from graph.objects(shape, term("sh:targetNode"))
    for class_ in graph.objects(shape, term("sh:targetClass")):
        yield from data.subjects(term("rdf:type"), class_)
    if term("rdfs:Class") in graph.objects(shape, term("rdf:type")):
        yield from data.subjects(term("rdf:type"), shape)
    for property_ in graph.objects(shape, term("sh:targetSubjectsOf")):
        yield from (t.subject for t in data if t.predicate == property_)
    for property_ in graph.objects(shape, term("sh:targetObjectsOf")):
        yield from (t.object for t in data if t.predicate == property_)


def in_memory(case: Case) -> frozenset[Term]:
    """Return the nodes that fail some shape that is aimed at them, evaluated one by one."""
    prover = Prover(case.shapes, case.facts)
    return frozenset(node for expression, node in case.focus if not prover.holds(expression, node))


def by_sparql(case: Case) -> frozenset[Term]:
    """Return the nodes that fail some shape that is aimed at them, as the compiled queries find them."""
    found: set[Term] = set()
    for number, expression in enumerate(dict.fromkeys(each for each, _ in case.focus)):
        aimed = {node for each, node in case.focus if each == expression}
        store = Store(case.facts)
        aim = NamedNode(f"urn:aim:{number}")
        store.add(Triple(aim, AIMS, node) for node in aimed)
        conforming = store.column(select_where(case.shapes, expression, "node", f"{aim} {AIMS} ?node ."))
        found |= {node for node in aimed if _as_kept(node) not in conforming}
    return frozenset(found)


def _as_kept(node: Term) -> Term:
    """Return a node as the store keeps it: numbers by their value, so that 4.0 is 4."""
    aim = NamedNode("urn:aim")
    (kept,) = Store([Triple(aim, AIMS, node)]).objects(aim, AIMS)
    return kept


def agrees(case: Case, found: frozenset[Term]) -> bool:
    """Say whether the nodes that fail are those of the standard's report.

    Where a shape of values is to blame, the report names the value in place of the node that leads to it.
    """
    if case.failing <= case.targets:
        return found == case.failing
    return bool(found) and found >= case.failing & case.targets
