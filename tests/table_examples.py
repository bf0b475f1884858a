"""Models graded by way of a component table, in the same terms as assessments in memory."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from framework_examples import EXAMPLES
from generated import STEADY, Model, models, nearly_complete, statements
from opengrade.assessing import Assessment, assess
from opengrade.bulk import results
from opengrade.bulk.engines import Engine
from opengrade.bulk.files import Described, open_table, write_table
from opengrade.bulk.grading import Grader
from opengrade.bulk.projecting import rows_of
from opengrade.bulk.ranks import STATUSES, reasons
from opengrade.bulk.sorting import Sorter
from opengrade.dataset import read_catalog
from opengrade.derive import Facts, derive_facts
from opengrade.frameworks import Framework
from opengrade.loading import framework, framework_files
from opengrade.namespaces import local_name


@dataclass(frozen=True)
class Told:
    """What one framework says of a model: grade, score, and status and reason of each criterion."""

    grade: str | None
    score: float | None
    criteria: tuple[tuple[str, str, str | None], ...]


@cache
def all_rules() -> tuple[Framework, ...]:
    return tuple(framework(name) for name in framework_files())


@cache
def catalog() -> tuple[Facts, ...]:
    return tuple(derive_facts(each.quads, source=each.source) for each in read_catalog())


@cache
def example_files(name: str) -> tuple[list[Path], list[Path]]:
    """Return the example files of a framework, and those of all others."""
    files = sorted(EXAMPLES.glob("**/*.ttl"))
    own = [path for path in files if path.is_relative_to(EXAMPLES / name)]
    return own, [path for path in files if path not in set(own)]


@cache
def generated_facts(count: int) -> Facts:
    """Return the facts of models as hypothesis makes them, the same each time."""
    found: list[Model] = []

    @settings(max_examples=count, phases=[Phase.generate], **STEADY)
    @given(model=st.one_of(models, nearly_complete()))
    def draw(model: Model) -> None:
        if len(found) < count:
            found.append(model)

    draw()
    quads = [quad for number, model in enumerate(found) for quad in statements(number, model)]
    return derive_facts(quads, source="generated")


def described(facts: Iterable[Facts]) -> list[Described]:
    """Return the models of submissions as they are written to a table."""
    return [
        Described(model.node.value, model.name, rows)
        for each in facts
        for model, rows in zip(each.models, rows_of(each), strict=True)
    ]


def by_memory(facts: Sequence[Facts], rule: Framework) -> list[Told]:
    return [_told(each) for each in assess(facts, rule, by="memory")]


def _told(found: Assessment) -> Told:
    criteria = tuple((each.criterion, each.status, each.reason) for each in found.findings)
    return Told(found.grade, found.score and round(found.score, 9), criteria)


def by_table(path: Path, rules: Sequence[Framework], engine: Engine) -> dict[str, list[Told]]:
    """Grade the models of a table; what is found of each, by framework, in their order."""
    table = open_table(path)
    grader, sorter = Grader(table, rules), Sorter(table.looks, engine)
    parts = [sorter.sort(part) for part in table.parts()]
    verdicts = grader.judge(pa.concat_tables([each.rows for each in parts]), engine)
    found = results.laid_out(verdicts.rows, rules, grader.wanted)
    of_verdicts = {rule.name: list(_rows(found, rule)) for rule in rules}
    numbers = [number for each in parts for number in verdicts.numbers[each.kind].tolist()]
    return {name: [told[number] for number in numbers] for name, told in of_verdicts.items()}


def _rows(found: results.Verdicts, rule: Framework) -> Iterator[Told]:
    count = len(found.statuses)
    empty = [None] * count
    grades = found.grades[rule.name].to_pylist() if rule.grades else empty
    scores = found.grades[f"{rule.name}.score"].to_pylist() if rule.score else empty
    names = [each.name for each in rule.criteria]
    statuses = [found.statuses[f"{rule.name}.{name}"].to_pylist() for name in names]
    codes = [found.statuses[f"{rule.name}.{name}.reason"].to_pylist() for name in names]
    words = [reason and local_name(reason) for reason in reasons()]
    for n in range(count):
        criteria = tuple(
            (name, STATUSES[status[n]], words[code[n]])
            for name, status, code in zip(names, statuses, codes, strict=True)
        )
        score = scores[n]
        yield Told(grades[n], score and round(score, 9), criteria)


def written(path: Path, facts: Iterable[Facts]) -> Path:
    write_table(path, described(facts))
    return path


def differences(facts: Sequence[Facts], rules: Sequence[Framework], path: Path, engine: Engine) -> list[str]:
    """Grade models by way of a table, and list what memory says otherwise."""
    found = by_table(written(path, facts), rules, engine)
    models = [f"{model.source} {model.node.value}" for each in facts for model in each.models]
    told: list[str] = []
    for rule in rules:
        for model, ours, theirs in zip(models, found[rule.name], by_memory(facts, rule), strict=True):
            told += _compared(f"{rule.name} {model}", ours, theirs)
    return told


def _compared(where: str, ours: Told, theirs: Told) -> Iterator[str]:
    if (ours.grade, ours.score) != (theirs.grade, theirs.score):
        yield f"{where}: {ours.grade} {ours.score}, in memory {theirs.grade} {theirs.score}"
    for one, other in zip(ours.criteria, theirs.criteria, strict=True):
        if one != other:
            yield f"{where}: {one}, in memory {other}"
