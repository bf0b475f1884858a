"""Validates submissions: what is wrong, where it stands, why it counts and how to mend it."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path

from opengrade.boundary import LICENSES
from opengrade.confining import call, each
from opengrade.describing import Names, label_of, shortened
from opengrade.errors import OpenGradeError, Place
from opengrade.graph import GENID, Graph, Literal, NamedNode, Quad, Term, parse_file
from opengrade.importing import Reading, Submission, read, sifted
from opengrade.licenses import NO_LICENSE_TEXTS, license_index
from opengrade.limits import Limits
from opengrade.namespaces import local_name, term
from opengrade.remarks import SEVERITIES, Remark, Rule, made, remark, rule_quads, rules
from opengrade.shacl import Hit, Shapes, run, shape_texts
from opengrade.vocabulary import vocabulary

DATES = ("xsd:date", "xsd:dateTime")
# No artifact of artificial intelligence, and no page about one, is older than the field.
FIRST_DAY = date(1950, 1, 1)


@dataclass(frozen=True)
class Report:
    """What was found in one file.

    `models` holds the names of its models; `checked` counts the pairs of a rule and a thing that were
    looked at, and is 0 where the file could not be read, for the reason in `error`.
    """

    source: str
    models: tuple[str, ...] = ()
    checked: int = 0
    remarks: tuple[Remark, ...] = ()
    error: OpenGradeError | None = None

    @property
    def conforms(self) -> bool:
        """Whether something was checked and nothing that is required is missing or wrong."""
        return self.checked > 0 and not self.has("violation")

    def has(self, severity: str) -> bool:
        """Say whether there is a remark of this severity or a worse one."""
        worst = SEVERITIES[: SEVERITIES.index(severity) + 1]
        return any(each.severity in worst for each in self.remarks)


def validate(path: Path, limits: Limits, extra: Path | None = None) -> Report:
    """Validate one file by the rules for submissions, and by those of a shapes file of the user's own.

    Raises InputError and LimitError for a file that cannot be read, RuleError where the shapes are not fit
    to be run.
    """
    shapes = (submission_shapes(), *((shapes_of(extra),) if extra else ()))
    source = str(path)
    reading = read(path, limits)
    submission = sifted(reading)
    found = _Found(reading, submission)
    told = [each for each in submission.remarks if not each.routine]
    remarks = [*told, *found.by_code(), *(r for each in shapes for r in found.by_shapes(each))]
    models = tuple(found.names.of(each) for each in found.models)
    if not models:
        remarks.append(remark("NoModel", Place(source)))
    checked = found.checked if models else 0
    return Report(source, models, checked, tuple(sorted(dict.fromkeys(remarks), key=_order)))


def reports(paths: Iterable[Path], limits: Limits, extra: Path | None = None) -> Iterator[Report]:
    """Yield the report on each file, the work done in a process that is confined.

    Raises RuleError where the shapes are not fit to be run.
    """
    if extra is not None:
        call(partial(_fit, extra), limits=limits, place=Place(str(extra)))
    files = list(paths)
    found = each(partial(validate, limits=limits, extra=extra), files, limits=limits, place=_place)
    for path, result in zip(files, found, strict=True):
        yield result if isinstance(result, Report) else unreadable(str(path), result)


def _fit(shapes: Path) -> None:
    shapes_of(shapes)


def _place(path: Path) -> Place:
    return Place(str(path))


def unreadable(source: str, error: OpenGradeError) -> Report:
    """Return the report on a file that cannot be read."""
    place = error.where if error.where is not None and error.where.path == source else Place(source)
    said = remark(
        "CannotBeRead", place, names={"reason": error.what.rstrip("."), "mend": error.fix or "Mend the file."}
    )
    return Report(source, remarks=(said,), error=error)


def _order(each: Remark) -> tuple[int, int, int, str, str]:
    line, column = each.place.line or 0, each.place.column or 0
    return line, column, SEVERITIES.index(each.severity), each.rule, each.what


@cache
def submission_shapes() -> Shapes:
    """Return the shapes of `shapes/submission/`."""
    return Shapes.read(rule_quads(), "shapes/submission")


@cache
def shapes_of(path: Path) -> Shapes:
    """Return the shapes of a Turtle file; RuleError where they are not fit to be run."""
    return Shapes.read(parse_file(path), str(path))


class _Found:
    """Looks at one submission in all ways."""

    def __init__(self, reading: Reading, submission: Submission) -> None:
        self.reading = reading
        self.submission = submission
        self.graph = Graph(submission.quads)
        self.names = Names(self.graph)
        self.models = self.graph.subjects(term("rdf:type"), term("ogr:Model"))
        self.checked = 0
        self._said: set[tuple[str, str, str]] = set()

    def by_code(self) -> list[Remark]:
        """Return what no shape can see."""
        found = []
        for quad in self.submission.quads:
            for check in _checks():
                said = check(self, quad)
                if said is not None:
                    found.append(said)
                    self._said.add((_text(quad.subject), quad.predicate.value, _text(quad.object)))
                    break
        return found

    def kinds(self, node: Term) -> tuple[Term, ...]:
        """Return the classes of a thing; of a conflict, those of the thing that it speaks about too."""
        found = self.graph.nodes(node, term("rdf:type"))
        if term("ogr:Conflict") in found:
            owners = self.graph.subjects(term("ogr:hasConflict"), node)
            found += tuple(kind for owner in owners for kind in self.graph.nodes(owner, term("rdf:type")))
        return found

    def make(self, rule: str, quad: Quad, part: str = "object", **names: str) -> Remark:
        """Make a remark about a statement."""
        value = _text(quad.object)
        return remark(
            rule,
            self.reading.place(quad, part),
            focus=_focus(quad.subject),
            path=quad.predicate.value,
            value=value,
            names={
                "node": self.names.of(quad.subject),
                "property": label_of(quad.predicate),
                "value": shortened(value),
                **names,
            },
        )

    def by_shapes(self, shapes: Shapes) -> Iterator[Remark]:
        """Yield what shapes find, but for what was said already."""
        hits, looked_at = run(shapes, self.submission.quads)
        self.checked += looked_at
        if not looked_at and self.models:
            yield remark("ShapesMatchNothing", Place(self.reading.source), names={"shapes": shapes.path})
        texts = shape_texts(shapes)
        for hit in hits:
            if not hit.value or (hit.focus, hit.path, hit.value) not in self._said:
                yield self._of(hit, texts)

    def _of(self, hit: Hit, texts: Mapping[str, tuple[str, str]]) -> Remark:
        node = NamedNode(hit.focus) if hit.focus_is_iri else None
        path = NamedNode(hit.path) if hit.path else None
        place = self.reading.place_of(node, path, hit.value)
        names = {
            "node": self.names.of(node) if node else f'"{shortened(hit.focus)}"',
            "model": self.names.model(node) if node else "",
            "property": label_of(path) if path else "",
            "value": self._value(hit.value),
        }
        rule = _rule_of(hit, texts)
        return made(
            rule,
            place,
            names=names,
            focus=_focus(node) if node else None,
            path=hit.path or None,
            value=hit.value or None,
        )

    def _value(self, text: str) -> str:
        if text.startswith(GENID):
            return self.names.of(NamedNode(text))
        return shortened(label_of(NamedNode(text)) if text.startswith(term("ogr:").value) else text)


def _rule_of(hit: Hit, texts: Mapping[str, tuple[str, str]]) -> Rule:
    """Return the rule of ours that a result belongs to, or make one of the words in the user's own shape."""
    name = local_name(NamedNode(hit.shape)) if hit.shape else "UnnamedShape"
    ours = rules().get(name)
    if ours is not None and ours.node.value == hit.shape:
        return ours
    label, message = texts.get(hit.shape, ("", ""))
    what = message or hit.message or hit.component
    severity = hit.severity if hit.severity in SEVERITIES else "violation"
    plain = what.rstrip(".").replace("{", "{{").replace("}", "}}")
    return Rule(NamedNode(hit.shape or "urn:shape"), severity, label or name, "{node}: " + plain, "", "")


def _text(value: Term) -> str:
    return value.value if isinstance(value, Literal | NamedNode) else ""


def _focus(node: Term) -> str | None:
    return node.value if isinstance(node, NamedNode) and not node.value.startswith(GENID) else None


Check = Callable[[_Found, Quad], Remark | None]


def _checks() -> tuple[Check, ...]:
    """Return the checks of single statements; the first that finds something speaks."""
    return _pseudo_value, _impossible_date, _license, _misplaced


def _pseudo_value(found: _Found, quad: Quad) -> Remark | None:
    if not isinstance(quad.object, Literal):
        return None
    text = quad.object.value
    is_license = quad.predicate in _license_properties()
    if (is_license and text in NO_LICENSE_TEXTS) or text.strip(" .").lower() not in _spellings():
        return None
    return found.make("PseudoValue", quad)


@cache
def _spellings() -> frozenset[str]:
    graph = Graph(rule_quads())
    return frozenset({"", *graph.texts(rules()["PseudoValue"].node, term("ogr:spelling"))})


@cache
def _license_properties() -> frozenset[NamedNode]:
    return frozenset(term(name) for name in LICENSES)


def _impossible_date(found: _Found, quad: Quad) -> Remark | None:
    value = quad.object
    if not isinstance(value, Literal) or value.datatype not in [term(name) for name in DATES]:
        return None
    reason = _date_objection(value.value)
    return found.make("ImpossibleDate", quad, reason=reason) if reason else None


def _date_objection(text: str) -> str:
    written = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(T[\d:.]+)?(Z|[+-]\d\d:\d\d)?", text)
    if not written:
        return "it is not a day written as year-month-day"
    try:
        day = date(int(written[1]), int(written[2]), int(written[3]))
    except ValueError:
        return "the calendar has no such day"
    if day < FIRST_DAY:
        return f"it lies before {FIRST_DAY.year}"
    return "that day has not come yet" if day > _today() + timedelta(days=1) else ""


def _today() -> date:
    """Return the day; SOURCE_DATE_EPOCH sets it, so that a run can be repeated."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return (datetime.fromtimestamp(int(epoch), UTC) if epoch.isdecimal() else datetime.now(UTC)).date()


def _license(found: _Found, quad: Quad) -> Remark | None:
    if quad.predicate not in _license_properties() or not isinstance(quad.object, Literal | NamedNode):
        return None
    resolution = license_index().resolve(quad.object.value)
    if resolution.state != term("ogr:UnknownLicense"):
        return None
    return found.make("LicenseNotResolved", quad, reason=shortened(resolution.note.rstrip(".")))


def _misplaced(found: _Found, quad: Quad) -> Remark | None:
    domain = _domains().get(quad.predicate)
    kinds = [k for k in found.kinds(quad.subject) if k in vocabulary().evidence]
    if domain is None or not kinds or any(domain in _classes_above(kind) for kind in kinds):
        return None
    return found.make("MisplacedProperty", quad, "predicate", expected=vocabulary().label(domain).lower())


@cache
def _domains() -> Mapping[NamedNode, NamedNode]:
    words = vocabulary()
    found = {each: words.graph.node(each, term("rdfs:domain")) for each in words.evidence}
    return {each: domain for each, domain in found.items() if isinstance(domain, NamedNode)}


@cache
def _classes_above(kind: Term) -> frozenset[Term]:
    found: set[Term] = set()
    waiting = [kind]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting.extend(vocabulary().graph.nodes(each, term("rdfs:subClassOf")))
    return frozenset(found)
