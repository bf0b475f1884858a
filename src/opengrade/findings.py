"""Turns what a route found into findings: status, reason, the component concerned, and words for people."""

from collections.abc import Iterator
from dataclasses import dataclass

from opengrade.criteria import And, Every, Expr, Is, Or, Path_, Ref, Some, selectors, steps
from opengrade.derive import ComponentFacts, ModelFacts
from opengrade.evidence import Evidence, evidence_of
from opengrade.frameworks import Criterion, Framework, Rung, concerned
from opengrade.graph import NamedNode, Term
from opengrade.licenses import license_index
from opengrade.namespaces import local_name, term
from opengrade.proving import Prover, permits
from opengrade.routes import Outcome
from opengrade.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one criterion for one model.

    `status` is met, not-met or not-stated; `reason` a code of the ontology or None; `grade` the local name of
    the lowest grade that requires the criterion, None where none does; `kinds` local names; `points` what the
    criterion earns in the score of the framework, 0 to 1, None where it counts for none.
    """

    criterion: str
    iri: str
    label: str
    kinds: tuple[str, ...]
    grade: str | None
    status: str
    reason: str | None
    component: str | None
    license: str | None
    message: str
    fix: str | None
    evidence: tuple[Evidence, ...]
    points: float | None = None


# The depth from which on nothing is in the way; at this depth itself something is advised.
MET = 1000


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How far the nearest thing came: `depth` rungs, then `reason`, None where all were climbed.

    `thing` is that component, data or judgement; `rung` the one that it failed at; `more` the others that
    failed beside it where all have to hold.
    """

    depth: int
    reason: NamedNode | None
    thing: Term | None = None
    kind: NamedNode | None = None
    rung: Rung | None = None
    more: tuple[Term, ...] = ()

    @property
    def rank(self) -> tuple[int, bool, str]:
        """What diagnoses are compared by: the depth, that nothing is lacking, and the name of the reason.

        The names of nodes have no part in it, so that models that are alike have the same reasons.
        """
        return self.depth, self.thing is None, local_name(self.reason) if self.reason else ""


def findings(framework: Framework, model: ModelFacts, outcome: Outcome, prover: Prover) -> Iterator[Finding]:
    """Yield the finding of each criterion, in the order of the framework."""
    climber = Climber(framework, model, prover)
    for criterion in framework.criteria:
        yield _finding(climber, criterion, outcome)


def finding_of(
    framework: Framework, model: ModelFacts, criterion: Criterion, outcome: Outcome, prover: Prover
) -> Finding:
    """Return the finding of one criterion."""
    return _finding(Climber(framework, model, prover), criterion, outcome)


def _finding(climber: "Climber", criterion: Criterion, outcome: Outcome) -> Finding:
    framework, model, prover = climber.framework, climber.model, climber.prover
    met = model.node in outcome[criterion.node]
    nearest = climber.diagnose(criterion.expression, model.node)
    words = _Words(framework, model, criterion, nearest, prover)
    return words.finding(met, _points(framework, criterion, model, outcome))


def _points(framework: Framework, criterion: Criterion, model: ModelFacts, outcome: Outcome) -> float | None:
    for item in framework.score.items if framework.score else ():
        if item.criterion == criterion.node:
            half = item.half is not None and model.node in outcome[item.half]
            return 1.0 if model.node in outcome[criterion.node] else 0.5 if half else 0.0
    return None


class Climber:
    """Finds, for one model, the thing that came nearest to an expression and the rung it failed at."""

    def __init__(self, framework: Framework, model: ModelFacts, prover: Prover) -> None:
        self.framework = framework
        self.model = model
        self.prover = prover
        self.components: dict[Term, ComponentFacts] = {each.node: each for each in model.components}

    def diagnose(self, expression: Expr, node: Term) -> Diagnosis:
        """Say how near a node comes to an expression, and what is in the way."""
        if isinstance(expression, Or):
            return max((self.diagnose(part, node) for part in expression.parts), key=_rank)
        if isinstance(expression, And) and expression.parts:
            return min((self.diagnose(part, node) for part in expression.parts), key=_rank)
        if isinstance(expression, Ref):
            return self._of_shape(expression.shape, node)
        if isinstance(expression, Some):
            return self._nearest(expression, node)
        if isinstance(expression, Every):
            return self._worst(expression, node)
        return Diagnosis(MET if self.prover.holds(expression, node) else 0, None)

    def _of_shape(self, shape: NamedNode, node: Term) -> Diagnosis:
        rung = self.framework.rungs.get(shape)
        if rung is None or self.prover.holds(Ref(shape), node):
            return self.diagnose(self.framework.shapes[shape], node)
        return Diagnosis(1, rung.reason, None, None, rung)

    def _nearest(self, expression: Some, node: Term) -> Diagnosis:
        """Climb with each thing of the kind asked for; the one that comes farthest counts."""
        found = self.prover.reach(node, expression.path)
        wanted = list(selectors(expression.body))
        kind = next((each.class_ for each in wanted if isinstance(each, Is)), None)
        candidates = [each for each in found if all(self.prover.holds(part, each) for part in wanted)]
        if not candidates:
            return Diagnosis(0, _reason_when_missing(expression.path), kind=kind or _kind(expression.path))
        return max((self._climb(each, expression.body, kind) for each in candidates), key=_rank)

    def _worst(self, expression: Every, node: Term) -> Diagnosis:
        """Climb with all things that a path leads to; the one that comes least far counts."""
        found = [
            self._climb(each, expression.body, None) for each in self.prover.reach(node, expression.path)
        ]
        failing = [each for each in found if each.depth < MET]
        if not failing:
            return Diagnosis(MET + 1, None, kind=_kind(expression.path))
        first = min(failing, key=_rank)
        more = tuple(each.thing for each in failing if each.thing is not None and each.thing != first.thing)
        kind = first.kind or _kind(expression.path)
        return Diagnosis(first.depth, first.reason, first.thing, kind, first.rung, more)

    def _climb(self, thing: Term, body: Expr, kind: NamedNode | None) -> Diagnosis:
        if self.prover.holds(body, thing):
            for rung in self.framework.advice(body):
                if not self.prover.holds(Ref(rung.shape), thing):
                    return Diagnosis(MET, rung.reason, thing, kind, rung)
            return Diagnosis(MET + 1, None, thing, kind)
        rungs = self.framework.ladder(body)
        for depth, rung in enumerate(rungs, start=1):
            if not self.prover.holds(Ref(rung.shape), thing):
                reason = rung.reason
                if reason in _OF_LICENSES and self._opens_by_itself(thing, rung):
                    reason = term("ogr:INHERITED")
                return Diagnosis(depth, reason, thing, kind, rung)
        inner = self.diagnose(body, thing)
        return Diagnosis(len(rungs) + 1, inner.reason, inner.thing or thing, kind or inner.kind, inner.rung)

    def _opens_by_itself(self, thing: Term, rung: Rung) -> bool:
        """Say whether only the license of a model that this one was made from is in the way."""
        component = self.components.get(thing)
        if component is None or not component.applied.bound_by:
            return False
        return permits(self.framework.shapes, Ref(rung.shape), component.applied.own, component.content)


_OF_LICENSES = tuple(term(f"ogr:{name}") for name in ("LICENSE-NOT-OPEN", "LICENSE-UNKNOWN", "NO-LICENSE"))


def _rank(diagnosis: Diagnosis) -> tuple[int, bool, str]:
    return diagnosis.rank


def _kind(path: Path_) -> NamedNode | None:
    return next((kind for step in steps(path) for kind in concerned(step.property)), None)


def _reason_when_missing(path: Path_) -> NamedNode:
    graph = vocabulary().graph
    for step in steps(path):
        reason = graph.node(step.property, term("ogr:reasonWhenMissing"))
        if isinstance(reason, NamedNode):
            return reason
    return term("ogr:NOT-STATED")


class _Words:
    """Puts one diagnosis into words."""

    def __init__(
        self,
        framework: Framework,
        model: ModelFacts,
        criterion: Criterion,
        nearest: Diagnosis,
        prover: Prover,
    ) -> None:
        self.framework = framework
        self.model = model
        self.criterion = criterion
        self.nearest = nearest
        self.prover = prover
        self.component = next((c for c in model.components if c.node == nearest.thing), None)

    def finding(self, met: bool, points: float | None) -> Finding:
        status, reason = outcome_of(self.nearest.reason, met=met)
        message, fix = self.sentences(reason, met=met)
        criterion, component = self.criterion, self.component
        return Finding(
            criterion=criterion.name,
            iri=criterion.node.value,
            label=criterion.label,
            kinds=tuple(local_name(kind) for kind in criterion.kinds),
            grade=next((g.name for g in self.framework.grades if criterion.node in g.required), None),
            status=status,
            reason=local_name(reason) if reason is not None else None,
            component=component.node.value if component else None,
            license=_license(component) if component else None,
            message=message if met else f"{message} {criterion.message}",
            fix=fix,
            evidence=self.evidence(),
            points=points,
        )

    def sentences(self, reason: NamedNode | None, *, met: bool) -> tuple[str, str | None]:
        graph = vocabulary().graph
        told = reason if reason is not None else term("ogr:met")
        message = graph.text(told, term("ogr:messageTemplate"))
        rung = self.nearest.rung
        plain = graph.text(told, term("ogr:plainTemplate"))
        if plain and (self.component is None if met else not self.criterion.kinds):
            message = plain
        fix = graph.text(told, term("ogr:fixTemplate"))
        if rung is not None and rung.reason == reason:
            message, fix = rung.message or message, rung.fix or fix
        names = self.names()
        message, fix = (message or "{model}").format(**names), (fix or "").format(**names)
        if not message.startswith(self.model.name):  # a name keeps its own case
            message = message[:1].upper() + message[1:]
        return message, fix[:1].upper() + fix[1:] or None

    def evidence(self) -> tuple[Evidence, ...]:
        if self.component is not None:
            return self.component.evidence or self.model.evidence
        return evidence_of(self.model.graph, self.nearest.thing) if self.nearest.thing is not None else ()

    def names(self) -> dict[str, str]:
        words, model, nearest, component = vocabulary(), self.model, self.nearest, self.component
        kinds = (nearest.kind,) if component and nearest.kind else self.criterion.kinds
        label = self.criterion.label
        kind = " or ".join(words.label(each).lower() for each in kinds if each) or label
        own = component.applied.own if component else None
        text = own.text.strip() if own and component and component.origin else self.text_of_license()
        known = own.licenses if own else ()
        shown = text or ", ".join(license_index().label(each) for each in known)
        bases = self.binding()
        graph = model.graph
        return {
            "model": model.name,
            "kind": kind,
            "label": label[:1].lower() + label[1:],
            "license": shown,
            "terms": f' under "{shown}"' if known or text else "",
            "fix": self.criterion.fix,
            "content": words.label(component.content).lower() if component and component.content else "",
            "base": ", ".join(graph.text(b, term("ogr:name")) or b.value for b in bases),
            "thing": self.things(),
            "class": self.value("ogr:hasDataClass").lower().removesuffix(" data"),
            "who": self.value("ogr:judgedBy") or "someone",
            "answer": self.value("ogr:givesAnswer").lower(),
        }

    def binding(self) -> tuple[NamedNode, ...]:
        """Return the models whose licenses keep the component from the rung that it failed at."""
        component, rung = self.component, self.nearest.rung
        if component is None or rung is None:
            return ()
        applied, shapes = component.applied, self.framework.shapes
        pairs = zip(applied.bound_by, applied.inherited, strict=True)
        return tuple(
            dict.fromkeys(
                base for base, each in pairs if not permits(shapes, Ref(rung.shape), each, component.content)
            )
        )

    def text_of_license(self) -> str:
        """Return the words by which the license of the thing concerned is stated."""
        if self.nearest.thing is None:
            return ""
        return self.prover.facts.text(self.nearest.thing, term("ogr:licenseText")) or ""

    def things(self) -> str:
        """Return the name of what failed first, and how much more did."""
        data: dict[Term, str] = {each.node: each.name for each in self.model.data}
        nodes = [each for each in (self.nearest.thing, *self.nearest.more) if each is not None]
        names = [data.get(each) or self.named(each) for each in nodes]
        return f"{names[0]} (and {len(names) - 1} more)" if len(names) > 1 else "".join(names)

    def named(self, node: Term) -> str:
        return self.model.graph.text(node, term("ogr:name")) or (
            local_name(node) if isinstance(node, NamedNode) else "it"
        )

    def value(self, property_: str) -> str:
        """Return the label of what the thing concerned has as a value of a property."""
        if self.nearest.thing is None:
            return ""
        words = vocabulary()
        for each in self.prover.facts.nodes(self.nearest.thing, term(property_)):
            if isinstance(each, NamedNode):
                return words.graph.text(each, term("rdfs:label")) or self.named(each)
        return ""


def outcome_of(reason: NamedNode | None, *, met: bool) -> tuple[str, NamedNode | None]:
    """Return the status and the reason of a finding, from the reason of its diagnosis."""
    fits = reason if reason is not None and (_implied(reason) == "met") is met else None
    if met:
        return "met", fits
    given = fits or term("ogr:NEEDS-JUDGEMENT")
    return _implied(given), given


def _implied(reason: NamedNode) -> str:
    status = vocabulary().graph.node(reason, term("ogr:impliesStatus"))
    return local_name(status) if isinstance(status, NamedNode) else "not-met"


def _license(component: ComponentFacts) -> str | None:
    """Return the license in the words of the source, None where no source speaks of one."""
    return component.resolution.text if component.origin is not None else None
