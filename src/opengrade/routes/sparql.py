"""The SPARQL route: criteria compiled to set-based queries, run on an embedded store.

What criteria share is asked once: the nodes that conform to a shape are marked in the store, which is thrown
away afterwards.
"""

from collections.abc import Iterable, Iterator

from opengrade.criteria import Expr
from opengrade.frameworks import Framework
from opengrade.graph import NamedNode, Term, Triple
from opengrade.namespaces import term
from opengrade.routes import Outcome, with_license_facts
from opengrade.routes.compiling import MARKS, asked_of_kinds, mark, select, select_kinds
from opengrade.routes.sharing import shared_shapes
from opengrade.store import Store


def run(framework: Framework, triples: Iterable[Triple]) -> Outcome:
    """Evaluate all rungs and criteria over the triples of facts and the curated license facts."""
    looked_at = framework.properties() | {term("rdf:type")}
    store = Store()
    store.load([t for t in with_license_facts(triples) if t.predicate in looked_at])
    marked: frozenset[NamedNode] = frozenset()
    for shape, domains in shared_shapes(framework).items():
        store.update(mark(framework.shapes, shape, domains, marked))
        marked |= {shape}
    return dict(_answers(framework, store, marked))


def _answers(
    framework: Framework, store: Store, marked: frozenset[NamedNode]
) -> Iterator[tuple[NamedNode, frozenset[Term]]]:
    """Yield what conforms to each shape; those that ask the same of kinds of components go together."""
    members: dict[NamedNode, frozenset[Term]] = {}
    together: dict[Expr, dict[NamedNode, tuple[NamedNode, ...]]] = {}
    for shape, expression, target in framework.judged():
        asked = asked_of_kinds(expression) if target == term("ogr:Model") else None
        if asked is None and shape in marked:
            if target not in members:
                members[target] = store.subjects(term("rdf:type"), target)
            yield shape, store.objects(shape, MARKS) & members[target]
        elif asked is None:
            yield shape, store.column(select(framework, expression, target, marked))
        else:
            kinds, body = asked
            together.setdefault(body, {})[shape] = kinds
    for body, shapes in together.items():
        wanted = dict.fromkeys(kind for kinds in shapes.values() for kind in kinds)
        rows = store.rows(select_kinds(framework.shapes, wanted, body, marked))
        models: dict[Term | None, set[Term]] = {kind: set() for kind in wanted}
        for model, kind in rows:
            models[kind].add(model)
        for shape, kinds in shapes.items():
            yield shape, frozenset(model for kind in kinds for model in models[kind])
