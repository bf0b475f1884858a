"""Ten thousand models for each framework: the relational route meets what other routes meet.

Models are drawn from a pool of things that were projected from generated models, by a seed. To the relational
route they are rows of a table. To the other routes they are triples in which models share the nodes of
things that are alike; no criterion that a table can carry tells that apart. Which models meet each criterion
and each shape for half a point is compared with SPARQL for all models, and with memory for some; statuses and
reasons are compared in `test_relational.py`.
"""

import random
from collections.abc import Iterator
from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from opengrade.bulk.engines import connected
from opengrade.bulk.files import Described, open_table, write_table
from opengrade.bulk.grading import Grader
from opengrade.bulk.projecting import model_with, rows_of
from opengrade.bulk.ranks import outcomes
from opengrade.bulk.schema import Row
from opengrade.bulk.sorting import Sorter
from opengrade.frameworks import Framework
from opengrade.graph import NamedNode, Term, Triple
from opengrade.namespaces import term
from opengrade.routes import memory, sparql
from opengrade.routes.relational import column_names
from table_examples import all_rules, generated_facts

COUNT = 10_000
SAMPLE = 500
POOL = 300


@cache
def pool() -> tuple[tuple[Row, ...], ...]:
    """Return the rows of generated models, first those of each model itself."""
    return tuple(rows_of(generated_facts(POOL)))


@cache
def drawn() -> tuple[tuple[Row, ...], ...]:
    """Return models: half of them generated ones with some things changed, half put together anew."""
    luck = random.Random(7)
    own = [rows[0] for rows in pool()]
    things = sorted({row for rows in pool() for row in rows[1:]}, key=repr)
    found = []
    for number in range(COUNT):
        if number % 2:
            first, *rest = luck.choice(pool())
            rest = [row for row in rest if luck.random() > 0.1] + luck.sample(things, luck.randrange(3))
        else:
            first, rest = luck.choice(own), luck.sample(things, luck.randrange(12))
        found.append((first, *dict.fromkeys(rest)))
    return tuple(found)


def node_of(number: int) -> NamedNode:
    return NamedNode(f"urn:model:{number}")


@cache
def triples() -> tuple[tuple[Triple, ...], tuple[tuple[Triple, ...], ...]]:
    """Return what is said of things, and for each model what is said of it alone."""
    things: dict[Row, NamedNode] = {}
    shared: list[Triple] = []
    of_models = []
    for number, (own, *rest) in enumerate(drawn()):
        node = node_of(number)
        facts, said = model_with([own])
        found = [Triple(node, t.predicate, t.object) for t in said if t.subject == facts.node]
        for row in rest:
            if row not in things:
                things[row] = NamedNode(f"urn:thing:{len(things)}")
                shared += _named(row, things[row])
            found.append(Triple(node, term(row.part.relation), things[row]))
        of_models.append(tuple(found))
    return tuple(dict.fromkeys(shared)), tuple(of_models)


def _named(row: Row, node: NamedNode) -> Iterator[Triple]:
    """Yield what is said of a thing under another name."""
    model, said = model_with([row])
    (old,) = {t.object for t in said if t.subject == model.node and t.predicate == term(row.part.relation)}
    for t in said:
        if t.subject != model.node:
            yield Triple(node if t.subject == old else t.subject, t.predicate, t.object)


@cache
def graph(count: int) -> tuple[Triple, ...]:
    shared, of_models = triples()
    return (*shared, *(t for each in of_models[:count] for t in each))


@pytest.fixture(scope="module")
def met_by_table(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, NamedNode], np.ndarray]:
    """Return for each framework and criterion, or shape for half a point, whether models meet it."""
    path = tmp_path_factory.mktemp("table") / "t.parquet"
    write_table(path, [Described(node_of(n).value, f"{n}", rows) for n, rows in enumerate(drawn())])
    table = open_table(path)
    with connected("duckdb") as engine:
        grader = Grader(table, all_rules())
        (part,) = table.parts()
        kinds = Sorter(table.looks, engine).sort(part)
        verdicts = grader.judge(kinds.rows, engine)
    found = verdicts.rows.take(pa.array(verdicts.numbers[kinds.kind]))
    is_met = np.array([status == "met" for status, _ in outcomes()])
    names = column_names(grader.wanted).criteria
    return {key: is_met[found[name].to_numpy()] for key, name in names.items()}


def as_nodes(met: np.ndarray, count: int) -> frozenset[Term]:
    return frozenset(node_of(number) for number in np.flatnonzero(met[:count]).tolist())


@pytest.mark.slow
@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_ten_thousand_models_meet_the_same_by_sparql(
    rule: Framework, met_by_table: dict[tuple[str, NamedNode], np.ndarray]
) -> None:
    outcome = sparql.run(rule, graph(COUNT))
    told = {node: met for (name, node), met in met_by_table.items() if name == rule.name}
    assert told.keys() >= {each.node for each in rule.criteria}
    for node, met in told.items():
        assert as_nodes(met, COUNT) == outcome[node], node


@pytest.mark.slow
@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_a_sample_meets_the_same_in_memory(
    rule: Framework, met_by_table: dict[tuple[str, NamedNode], np.ndarray]
) -> None:
    outcome = memory.run(rule, graph(SAMPLE))
    for (name, node), met in met_by_table.items():
        if name == rule.name:
            assert as_nodes(met, SAMPLE) == outcome[node], node


@pytest.mark.slow
def test_the_models_are_many_and_meet_most_criteria(
    met_by_table: dict[tuple[str, NamedNode], np.ndarray],
) -> None:
    """A comparison of models of which all meet a criterion, or none, shows nothing."""
    assert len(set(drawn())) > 0.8 * COUNT
    idle = [key for key, met in met_by_table.items() if not 0 < met.sum() < COUNT]
    assert len(idle) < len(met_by_table) / 3, idle
