"""Turns what a route found into findings: status, reason, the component concerned, and words for people."""

from collections.abc import Iterator
from dataclasses import dataclass

from opengrade.criteria import And, Every, Expr, In, Is, Not, Or, Ref, Some
from opengrade.derive import ComponentFacts, ModelFacts
from opengrade.evidence import Evidence
from opengrade.frameworks import Criterion, Framework, Rung
from opengrade.graph import NamedNode
from opengrade.licenses import license_index
from opengrade.namespaces import local_name, term
from opengrade.routes import Outcome
from opengrade.vocabulary import vocabulary


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one criterion for one model.

    `status` is met, not-met or not-stated; `reason` a code of the ontology or None; `grade` the local name of
    the lowest grade that requires the criterion, None where none does; `kinds` local names.
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


@dataclass(frozen=True, slots=True)
class _Diagnosis:
    """How far the nearest component came: `depth` rungs, then `reason`, None where all were climbed."""

    depth: int
    reason: NamedNode | None
    component: ComponentFacts | None = None
    kind: NamedNode | None = None


def findings(framework: Framework, model: ModelFacts, outcome: Outcome) -> Iterator[Finding]:
    """Yield the finding of each criterion, in the order of the framework."""
    for criterion in framework.criteria:
        met = model.node in outcome[criterion.node]
        nearest = _Climber(framework, model, outcome).diagnose(criterion.expression)
        yield _finding(framework, model, criterion, met, nearest)


class _Climber:
    """Finds, for one model, the component that came nearest to an expression and the rung it failed at."""

    def __init__(self, framework: Framework, model: ModelFacts, outcome: Outcome) -> None:
        self.framework = framework
        self.model = model
        self.outcome = outcome

    def diagnose(self, expression: Expr) -> _Diagnosis:
        if isinstance(expression, Or):
            return max((self.diagnose(part) for part in expression.parts), key=_progress)
        if isinstance(expression, And) and expression.parts:
            return min((self.diagnose(part) for part in expression.parts), key=_progress)
        if isinstance(expression, Some) and len(expression.path) == 1:
            return self.nearest(expression)
        return _Diagnosis(0, term("ogr:NOT-STATED"))

    def nearest(self, expression: Some) -> _Diagnosis:
        rungs = self.framework.ladder(expression.body)
        kind = next(iter(_classes(expression.body)), None)
        candidates = [each for each in self.model.components if kind in each.kinds]
        if not candidates:
            return _Diagnosis(0, term("ogr:NOT-STATED"), kind=kind)
        return max((self.climb(each, rungs, expression.body, kind) for each in candidates), key=_progress)

    def climb(
        self, component: ComponentFacts, rungs: tuple[Rung, ...], body: Expr, kind: NamedNode | None
    ) -> _Diagnosis:
        for depth, rung in enumerate(rungs, start=1):
            if component.node not in self.outcome[rung.shape]:
                return _Diagnosis(depth, rung.reason, component, kind)
        warnings = [
            r.reason for r in self.framework.advice(body) if component.node not in self.outcome[r.shape]
        ]
        if warnings:
            return _Diagnosis(len(rungs) + 1, warnings[0], component, kind)
        return _Diagnosis(len(rungs) + 2, None, component, kind)


def _progress(diagnosis: _Diagnosis) -> int:
    return diagnosis.depth


def _classes(expression: Expr) -> Iterator[NamedNode]:
    if isinstance(expression, Is):
        yield expression.class_
    elif isinstance(expression, And):
        for part in expression.parts:
            yield from _classes(part)
    else:
        assert isinstance(expression, Or | Not | In | Some | Every | Ref)


def _finding(
    framework: Framework, model: ModelFacts, criterion: Criterion, met: bool, nearest: _Diagnosis
) -> Finding:
    words = vocabulary()
    reason = nearest.reason
    if met:
        status = "met"
        reason = reason if reason is not None and _implied(reason) == "met" else None
    else:
        reason = reason if reason is not None and _implied(reason) != "met" else term("ogr:NEEDS-JUDGEMENT")
        status = _implied(reason)
    component = nearest.component
    names = _names(model, criterion, nearest)
    told = reason if reason is not None else term("ogr:met")
    message = (words.graph.text(told, term("ogr:messageTemplate")) or "{model}").format(**names)
    fix = (words.graph.text(told, term("ogr:fixTemplate")) or "").format(**names) or None
    return Finding(
        criterion=criterion.name,
        iri=criterion.node.value,
        label=criterion.label,
        kinds=tuple(local_name(kind) for kind in criterion.kinds),
        grade=next((g.name for g in framework.grades if criterion.node in g.required), None),
        status=status,
        reason=local_name(reason) if reason is not None else None,
        component=component.node.value if component else None,
        license=_license(component) if component else None,
        message=message[:1].upper() + message[1:] if met else f"{message} {criterion.message}",
        fix=fix,
        evidence=(component.evidence or model.evidence) if component else (),
    )


def _implied(reason: NamedNode) -> str:
    status = vocabulary().graph.node(reason, term("ogr:impliesStatus"))
    return local_name(status) if isinstance(status, NamedNode) else "not-met"


def _license(component: ComponentFacts) -> str | None:
    """Return the license in the words of the source, None where no source speaks of one."""
    return component.resolution.text if component.origin is not None else None


def _names(model: ModelFacts, criterion: Criterion, nearest: _Diagnosis) -> dict[str, str]:
    words = vocabulary()
    kinds = (nearest.kind,) if nearest.component and nearest.kind else criterion.kinds
    kind = " or ".join(words.label(each).lower() for each in kinds if each) or criterion.label
    component = nearest.component
    text = component.resolution.text.strip() if component and component.origin else ""
    known = component.resolution.licenses if component else ()
    shown = text or ", ".join(license_index().label(each) for each in known)
    return {
        "model": model.name,
        "kind": kind,
        "license": shown,
        "terms": f' under "{shown}"' if known or text else "",
        "fix": criterion.fix,
        "content": words.label(component.content).lower() if component and component.content else "",
    }
