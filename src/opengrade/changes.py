"""Tells what changed from one submission to another: in what is stated, and in the verdicts on it.

Statements are compared by what they are about. Things without a name are matched by where they stand and what
is said of them, so that no syntax, order, prefix or internal name of a file counts as a change.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import takewhile, zip_longest
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from opengrade.assessing import Assessment
from opengrade.dataset import assess_all
from opengrade.describing import MAX_STEPS, Names, is_unnamed, shortened
from opengrade.findings import Finding
from opengrade.frameworks import Framework
from opengrade.graph import Graph, Literal, NamedNode, Node, Term, Triple, renamed
from opengrade.importing import Submission
from opengrade.matching import Keys, match
from opengrade.namespaces import compact, prefixes, term
from opengrade.vocabulary import vocabulary

SCHEMA = "https://w3id.org/opengrade/schema/diff/1"
AROUND = 40
NO_GRADE = "no grade"


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a statement: its type (`uri`, `literal` or `unnamed`), its text, and what people see.

    What is unnamed has no other text than what it is called.
    """

    type: str
    value: str
    shown: str
    datatype: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that was added (`old` is None) or removed (`new` is None), or whose value changed.

    `thing` and `model` are what people call the thing that it is about and its model; `iri` is None for
    things without a name. `path` is the property, `label` what people call it.
    """

    model: str
    thing: str
    iri: str | None
    path: str
    label: str
    old: Value | None
    new: Value | None

    @property
    def sign(self) -> str:
        """`+`, `-` or `~`."""
        return "+" if self.old is None else "-" if self.new is None else "~"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a criterion found, before or after."""

    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class CriterionChange:
    """A criterion whose outcome changed."""

    criterion: str
    label: str
    old: Outcome
    new: Outcome


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the verdict on a model under a framework changed; `sign` is `+` or `-` where one has no such model.

    A grade is None where there is none, and where there is no such model.
    """

    sign: str
    model: str
    iri: str | None
    framework: str
    old: str | None
    new: str | None
    criteria: tuple[CriterionChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that changed from one submission to another, in the order of words."""

    statements: tuple[Change, ...]
    verdicts: tuple[Verdict, ...]

    def __bool__(self) -> bool:
        return bool(self.statements or self.verdicts)


def compare(
    old: Submission, new: Submission, rules: Sequence[Framework], *, by: str = "sparql"
) -> Comparison:
    """Compare two submissions; to be run in a process that is confined."""
    sides = _at_one_address(old), _at_one_address(new)
    graphs = Graph(sides[0].quads), Graph(sides[1].quads)
    keys = match(*graphs, is_unnamed)
    found = _Statements(graphs, keys).changes()
    verdicts = _verdicts([assess_all([each], rules, by=by) for each in sides], keys, rules)
    return Comparison(tuple(found), tuple(verdicts))


def _at_one_address(submission: Submission) -> Submission:
    """Let nothing depend on the order of statements, and IRIs relative to the file not on its name."""
    home = prefixes()["id"].removesuffix("id/") + "import/rdf/"
    own = home + quote(PurePath(submission.source).name)

    def moved(node: Node) -> Node:
        if not isinstance(node, NamedNode) or not node.value.startswith(own):
            return node
        rest = node.value[len(own) :]
        return NamedNode(home + rest) if rest[:1] in ("", "#", "?") else node

    quads = (renamed(quad, moved) for quad in submission.quads)
    return replace(submission, quads=tuple(sorted(quads, key=str)))


class _Words(Names):
    """The names of things, each worked out once: many things may belong to one."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self._models = set(graph.subjects(term("rdf:type"), term("ogr:Model")))
        self._called: dict[tuple[Term, int], str] = {}

    def of(self, node: Term, steps: int = MAX_STEPS) -> str:
        if (node, steps) not in self._called:
            self._called[node, steps] = super().of(node, steps)
        return self._called[node, steps]

    def model(self, node: Term) -> str:
        for _ in range(MAX_STEPS):
            if node in self._models or node not in self._above:
                break
            node = self._above[node]
        return self.of(node)

    def value(self, node: Term) -> Value:
        """Return a value with its type."""
        if isinstance(node, Literal):
            datatype = None if node.language or node.datatype == term("xsd:string") else node.datatype.value
            return Value("literal", node.value, shortened(node.value), datatype, node.language)
        assert isinstance(node, NamedNode)
        if is_unnamed(node):
            return Value("unnamed", self.of(node), self.of(node))
        label = vocabulary().label(node)
        return Value("uri", node.value, label if label != node.value else shortened(compact(node)))


Key = tuple[Hashable, NamedNode, Hashable]


class _Statements:
    """Compares the statements of two graphs, whose unnamed things have keys."""

    def __init__(self, graphs: tuple[Graph, Graph], keys: tuple[Keys, Keys]) -> None:
        self._words = _Words(graphs[0]), _Words(graphs[1])
        self._counts: tuple[Counter[Key], Counter[Key]] = Counter(), Counter()
        self._stated: tuple[dict[Key, Triple], dict[Key, Triple]] = {}, {}
        self._values: tuple[Counter[tuple[Hashable, NamedNode]], ...] = Counter(), Counter()
        for at, graph in enumerate(graphs):
            for triple in graph:
                subject, value = (keys[at].get(end, end) for end in (triple.subject, triple.object))
                self._counts[at][subject, triple.predicate, value] += 1
                self._values[at][subject, triple.predicate] += 1
                self._stated[at].setdefault((subject, triple.predicate, value), triple)

    def changes(self) -> list[Change]:
        """Return what changed, in the order of words."""
        old, new = self._counts
        gone: dict[tuple[Hashable, NamedNode], list[Triple]] = defaultdict(list)
        come: dict[tuple[Hashable, NamedNode], list[Triple]] = defaultdict(list)
        for at, (left, found) in enumerate(((old - new, gone), (new - old, come))):
            for key, count in left.items():
                found[key[:2]] += [self._stated[at][key]] * count
        changes: list[Change] = []
        for place in dict.fromkeys((*gone, *come)):
            changes += self._at(place, gone.get(place, []), come.get(place, []))
        return sorted(_told_apart(changes), key=_order)

    def _at(
        self, place: tuple[Hashable, NamedNode], gone: Sequence[Triple], come: Sequence[Triple]
    ) -> Iterator[Change]:
        """Yield what changed of one property of a thing; a value that is the only one becomes another."""
        single = all(counts[place] == 1 for counts in self._values)
        if single and gone and come and not any(is_unnamed(each.object) for each in (*gone, *come)):
            yield self._changed(gone[0], come[0])
            return
        for each in gone:
            yield self._changed(each, None)
        for each in come:
            yield self._changed(None, each)

    def _changed(self, old: Triple | None, new: Triple | None) -> Change:
        triple = new or old
        assert triple is not None
        words = self._words[1 if new is not None else 0]
        subject = triple.subject
        return Change(
            model=words.model(subject),
            thing=words.of(subject),
            iri=None if is_unnamed(subject) or not isinstance(subject, NamedNode) else subject.value,
            path=triple.predicate.value,
            label=_label(triple.predicate),
            old=None if old is None else self._words[0].value(old.object),
            new=None if new is None else self._words[1].value(new.object),
        )


def _label(property_: NamedNode) -> str:
    if property_ == term("rdf:type"):
        return "kind"
    label = vocabulary().label(property_)
    return f'"{label}"' if label != property_.value else compact(property_)


def _order(each: Change) -> tuple[Any, ...]:
    values = [
        ("", "", "") if v is None else (v.value, v.datatype or "", v.language or "")
        for v in (each.old, each.new)
    ]
    return each.model, each.thing, each.iri or "", each.label, "~-+".index(each.sign), values


def _told_apart(changes: Sequence[Change]) -> Iterator[Change]:
    """Yield changes in words that tell apart several things called the same and values shown the same."""
    called: dict[str, set[str | None]] = defaultdict(set)
    for each in changes:
        called[each.thing].add(each.iri)
    for each in changes:
        found = each
        if each.iri is not None and len(called[each.thing]) > 1:
            found = replace(found, thing=f"{each.thing} <{shortened(each.iri)}>")
        if each.old is not None and each.new is not None and each.old.shown == each.new.shown:
            old, new = _written(each.old), _written(each.new)
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
            at = max(same - AROUND, 0)
            found = replace(
                found, old=replace(each.old, shown=_cut(old, at)), new=replace(each.new, shown=_cut(new, at))
            )
        yield found


def _written(value: Value) -> str:
    """Return a value as RDF is written, so that spaces, types and languages are seen."""
    if value.type != "literal":
        return value.value
    datatype = NamedNode(value.datatype) if value.datatype else None
    return str(Literal(value.value, datatype=datatype, language=value.language))


def _cut(text: str, start: int) -> str:
    end = start + 3 * AROUND
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _verdicts(
    found: Sequence[Sequence[Assessment]], keys: tuple[Keys, Keys], rules: Sequence[Framework]
) -> Iterator[Verdict]:
    """Yield the verdicts that changed: by framework, then in the order of the models' names."""
    sides: list[dict[tuple[str, Hashable], list[Assessment]]] = []
    for known, assessments in zip(keys, found, strict=True):
        side: dict[tuple[str, Hashable], list[Assessment]] = defaultdict(list)
        for each in sorted(assessments, key=lambda each: (each.name, each.grade or "")):
            model = NamedNode(each.model)
            side[each.framework, known.get(model, model)].append(each)
        sides.append(side)
    verdicts = []
    for place in dict.fromkeys((*sides[0], *sides[1])):
        pairs = zip_longest(sides[0].get(place, ()), sides[1].get(place, ()))
        verdicts += [verdict for old, new in pairs if (verdict := _verdict(old, new)) is not None]
    frameworks = [each.name for each in rules]
    yield from sorted(
        verdicts, key=lambda each: (frameworks.index(each.framework), each.model, each.iri or "", each.sign)
    )


def _verdict(old: Assessment | None, new: Assessment | None) -> Verdict | None:
    """Return how a verdict changed, None where it did not."""
    one = new or old
    assert one is not None
    iri = None if is_unnamed(NamedNode(one.model)) else one.model
    grades = old.grade if old else None, new.grade if new else None
    if old is None or new is None:
        return Verdict("+" if old is None else "-", one.name, iri, one.framework, *grades)
    before = {each.criterion: each for each in old.findings}
    criteria = tuple(
        CriterionChange(after.criterion, after.label, _outcome(before[after.criterion]), _outcome(after))
        for after in new.findings
        if _outcome(before[after.criterion]) != _outcome(after)
    )
    if not criteria and old.grade == new.grade:
        return None
    return Verdict("~", one.name, iri, one.framework, *grades, criteria)


def _outcome(finding: Finding) -> Outcome:
    return Outcome(finding.status, finding.reason)


def lines(comparison: Comparison) -> Iterator[str]:
    """Yield a line for each change: statements first, then verdicts."""
    for each in comparison.statements:
        old, new = (value.shown if value else "" for value in (each.old, each.new))
        value = f"{old} -> {new}" if each.sign == "~" else old or new
        yield f"{each.sign} {each.thing}: {each.label} {value}"
    for verdict in comparison.verdicts:
        yield from _verdict_lines(verdict)


def _verdict_lines(verdict: Verdict) -> Iterator[str]:
    about = f"{verdict.model}, {verdict.framework}"
    old, new = verdict.old or NO_GRADE, verdict.new or NO_GRADE
    if verdict.sign != "~":
        yield f"{verdict.sign} {about}: {new if verdict.sign == '+' else old}"
    else:
        yield f"~ {about}: {old} -> {new}" if old != new else f"  {about}: {new}, as before"
    for each in verdict.criteria:
        yield f"~ {about}, {each.label}: {_said(each.old)} -> {_said(each.new)}"


def _said(outcome: Outcome) -> str:
    return f"{outcome.status} ({outcome.reason})" if outcome.reason else outcome.status


def to_json(comparison: Comparison, old: Submission, new: Submission, versions: Mapping[str, str]) -> str:
    """Return the JSON contract, all of it in ASCII: the files, the statements and verdicts that changed."""
    document = {
        "schema": SCHEMA,
        "versions": dict(versions),
        "old": {"source": old.source, "sha256": old.digest},
        "new": {"source": new.source, "sha256": new.digest},
        "statements": [{"change": _CHANGES[each.sign], **_statement(each)} for each in comparison.statements],
        "verdicts": [{"change": _CHANGES[each.sign], **_plain(asdict(each))} for each in comparison.verdicts],
    }
    return json.dumps(document, indent=2).replace("\x7f", "\\u007f") + "\n"


_CHANGES = {"+": "added", "-": "removed", "~": "changed"}


def _statement(change: Change) -> dict[str, Any]:
    found = asdict(change)
    del found["label"]
    for name in ("old", "new"):
        if found[name] is not None:
            found[name] = {k: v for k, v in found[name].items() if k != "shown" and v is not None}
    return found


def _plain(verdict: dict[str, Any]) -> dict[str, Any]:
    del verdict["sign"]
    return verdict
