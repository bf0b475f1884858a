"""Classes of models by a reasoner, from submissions to what people and programs read of them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from opengrade.confining import call
from opengrade.derive import derive_facts
from opengrade.frameworks import Framework
from opengrade.importing import Submission
from opengrade.limits import Limits
from opengrade.owl_facts import Prepared
from opengrade.routes.owl import Classified, Reasoned, classify, prepared

HEADER = ("Model", "Framework", "Grades inferred", "Criteria inferred")
SCHEMA = "https://w3id.org/opengrade/reasoning/1"


def infer(
    submissions: Sequence[Submission], rules: Sequence[Framework], reasoner: str, limits: Limits
) -> Reasoned:
    """Infer the classes of the models of submissions.

    What submissions say is worked on in a confined process. What comes out of it holds no word of them, so
    that HermiT, a program that the confined process must not start, can be given it.
    """
    facts = call(partial(_prepared, submissions, rules), limits=limits)
    work = partial(classify, facts, rules, reasoner, limits)
    return work() if reasoner == "hermit" else call(work, limits=limits)


def _prepared(submissions: Iterable[Submission], rules: Sequence[Framework]) -> tuple[Prepared, ...]:
    return prepared([derive_facts(each.quads, source=each.source) for each in submissions], rules)


def rows(found: Reasoned, rules: Iterable[Framework]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each model and framework, the models in the order of the inputs."""
    graded = {rule.name for rule in rules if rule.grades}
    order = list(dict.fromkeys((each.source, each.model) for each in found.models))
    for each in sorted(found.models, key=lambda e: order.index((e.source, e.model))):
        none = "none" if each.framework in graded else "it has no grades"
        yield each.name, each.framework, ", ".join(each.grades) or none, f"{len(each.criteria)}/{each.asked}"


def remarks(found: Reasoned, reasoner: str, *, all_read: bool) -> Iterator[str]:
    """Yield what contradicts; that there is nothing is said only where every input was read."""
    for title, names in (
        ("Classes that can have no member", found.unsatisfiable),
        ("Inputs that contradict the ontology", found.contradictory),
    ):
        if names:
            yield f"{title}: {', '.join(names)}."
        elif all_read:
            blind = " OWL 2 RL does not see all there can be; --with hermit does." if reasoner == "rl" else ""
            yield f"{title}: none found.{blind}"
        else:
            yield f"{title}: none in what could be read; some inputs could not."


def as_json(found: Reasoned, reasoner: str, *, all_read: bool) -> str:
    """Return what was found as JSON."""
    document = {
        "schema": SCHEMA,
        "reasoner": reasoner,
        "all_inputs_read": all_read,
        "models": [_entry(each) for each in found.models],
        "unsatisfiable": list(found.unsatisfiable),
        "contradictory": list(found.contradictory),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _entry(each: Classified) -> dict[str, object]:
    return {
        "model": each.model,
        "name": each.name,
        "source": each.source,
        "framework": each.framework,
        "grades": list(each.grades),
        "criteria": list(each.criteria),
    }
