"""Finds the way up: the smallest set of changes that brings a model to a grade.

Each requirement is read backwards, over the same algebra that judges it, into the values that things of the
model would need. A change gathers all values of one thing, so that publishing a component under a license is
one change. The set with the fewest changes is found by an exhaustive search that only leaves out what cannot
be smaller; among sets of one size, the one whose kinds of change ask least of the producer.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from opengrade.assessing import assess
from opengrade.derive import derive_facts
from opengrade.editing import Edit, apply
from opengrade.frameworks import Criterion, Framework, Grade
from opengrade.graph import NamedNode, Quad
from opengrade.namespaces import term
from opengrade.planning import Choice, Planner, Slot, Thing, Way, joined
from opengrade.wording import change_words, effort, kind_of


@dataclass(frozen=True, slots=True)
class Change:
    """What has to be done with one thing; `kind` is the local name of an ogr:ChangeKind.

    `edits` are the statements that it comes to; where several values would do, the first of them.
    """

    kind: str
    thing: str
    text: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The way of one model to a grade.

    `met` says that the grade is met already. `reachable` says that the producer alone can reach it; where
    not, `blockers` say what is in the way, and `changes` are empty.
    """

    model: str
    name: str
    source: str
    framework: str
    grade: str
    met: bool
    reachable: bool
    changes: tuple[Change, ...]
    blockers: tuple[str, ...]


def improve(quads: Sequence[Quad], framework: Framework, grade: Grade, *, source: str) -> Iterator[Plan]:
    """Yield a plan for each model that a submission describes."""
    facts = derive_facts(quads, source=source)
    before = {each.model: each for each in assess([facts], framework, by="memory")}
    for model in facts.models:
        met = dict(before[model.node.value].progress)[grade.name] == 1
        planner = Planner(framework, model, facts)
        criteria = [each for each in framework.criteria if each.node in grade.required]
        best, blockers = ({}, ()) if met else _search(planner, criteria)
        changes = tuple(_changes(planner, best)) if best else ()
        if best and not _reaches(quads, model.node, changes, framework, grade):
            best, blockers, changes = None, ("We know no changes that would reach this grade.",), ()
        yield Plan(
            model=model.node.value,
            name=model.name,
            source=source,
            framework=framework.name,
            grade=grade.name,
            met=met,
            reachable=best is not None,
            changes=changes,
            blockers=tuple(blockers) if best is None else (),
        )


def _reaches(
    quads: Iterable[Quad], model: NamedNode, changes: Iterable[Change], framework: Framework, grade: Grade
) -> bool:
    """Say whether a model has a grade when all changes are made; the plan is believed only then."""
    edits = [edit for change in changes for edit in change.edits]
    facts = derive_facts(apply(quads, model, edits), source="")
    found = {each.model: each for each in assess([facts], framework, by="memory")}
    return dict(found[model.value].progress)[grade.name] == 1


def _search(planner: Planner, criteria: Iterable[Criterion]) -> tuple[Way | None, tuple[str, ...]]:
    """Return the cheapest way to meet all criteria, or None with what is in the way."""
    goals: list[list[Way]] = []
    blockers: dict[str, None] = {}
    for criterion in criteria:
        for expression, thing in planner.goals(criterion.expression):
            planner.blockers = []
            ways = planner.ways(expression, thing)
            if not ways:
                found = planner.blockers or [f"We know no change that would meet this: {criterion.label}."]
                blockers |= dict.fromkeys(found)
            goals.append(ways)
    if blockers:
        return None, tuple(blockers)
    best: dict[Slot, Choice] = {}
    for group in _separate(goals):
        found_ = _cheapest(planner, group)
        if found_ is None:
            return None, ("No license or value satisfies all that the grade asks of one thing.",)
        best |= found_
    return best, ()


def _separate(goals: list[list[Way]]) -> Iterator[list[list[Way]]]:
    """Part the goals into groups that touch none of the same things, so that each is searched by itself."""
    groups: list[tuple[set[Thing], list[list[Way]]]] = []
    for ways in goals:
        things = {thing for way in ways for thing, _ in way}
        touching = [group for group in groups if group[0] & things]
        rest = [group for group in groups if not group[0] & things]
        merged = things.union(*(group[0] for group in touching))
        groups = [*rest, (merged, [*(goal for group in touching for goal in group[1]), ways])]
    yield from (goal for _, goal in groups)


def _cheapest(planner: Planner, goals: list[list[Way]]) -> Way | None:
    """Search all combinations, depth first, leaving out those that cost more than the best one found."""
    order = sorted(goals, key=len)
    best: tuple[Cost, Way] | None = None

    def visit(position: int, way: Way) -> None:
        nonlocal best
        cost = _cost(way)
        if best is not None and cost[:2] > best[0][:2]:
            return
        if position == len(order):
            if best is None or cost < best[0]:
                best = cost, way
            return
        for each in sorted(order[position], key=_cost):
            combined = planner.settled(joined(way, each))
            if combined is not None:
                visit(position + 1, combined)

    visit(0, {})
    return best[1] if best else None


Cost = tuple[int, int, int, int]


def _cost(way: Way) -> Cost:
    """Return the number of changes, what their kinds ask, how little they leave open, how many values."""
    changed = _by_thing(way)
    kinds = sum(
        max(effort(kind_of(thing, slot, choice)) for slot, choice in slots.items())
        for thing, slots in changed.items()
    )
    left_open = sum(len(choice.allowed) - 1 for slots in changed.values() for choice in slots.values())
    return len(changed), kinds, -left_open, sum(map(len, changed.values()))


def _by_thing(way: Way) -> Mapping[Thing, Mapping[NamedNode, Choice]]:
    """Return the values that have to change, thing by thing."""
    found: dict[Thing, dict[NamedNode, Choice]] = {}
    for (thing, property_), choice in way.items():
        if not choice.keeps:
            found.setdefault(thing, {})[property_] = choice
    return found


def _changes(planner: Planner, way: Way) -> Iterator[Change]:
    """Yield the changes of a way, those that ask least first."""
    found = []
    for thing, slots in _by_thing(way).items():
        kind = max((kind_of(thing, slot, choice) for slot, choice in slots.items()), key=effort)
        words = change_words(planner.names_of(thing), kind, thing, slots, planner.question_of(thing))
        edits = tuple(_edits(thing, slots))
        found.append((effort(kind), thing.node.value, Change(words.kind, words.thing, words.text, edits)))
    yield from (change for _, _, change in sorted(found, key=lambda each: each[:2]))


def _edits(thing: Thing, slots: Mapping[NamedNode, Choice]) -> Iterator[Edit]:
    for property_, choice in sorted(slots.items(), key=lambda item: item[0].value):
        if property_ != term("rdf:type"):
            yield Edit(thing.node, property_, choice.allowed[0], thing.link, thing.class_)
    if set(slots) == {term("rdf:type")}:
        name = term("ogr:hasAvailability")
        yield Edit(thing.node, name, term("ogr:DirectDownload"), thing.link, thing.class_)
