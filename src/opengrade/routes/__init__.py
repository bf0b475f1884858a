"""Independent ways to run the criteria of a framework over facts.

Each route is a function from a framework and triples to an Outcome: for each criterion the models, and for
each rung the components, that conform to its shape.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from opengrade.graph import NamedNode, Term, Triple
from opengrade.licenses import facts_about
from opengrade.namespaces import term

Outcome: TypeAlias = Mapping[NamedNode, frozenset[Term]]


def with_license_facts(triples: Iterable[Triple]) -> tuple[Triple, ...]:
    """Return derived facts together with the curated facts about the licenses that they name."""
    facts = tuple(triples)
    return (*facts, *license_facts(facts))


def license_facts(facts: Iterable[Triple]) -> tuple[Triple, ...]:
    """Return the curated facts about the licenses that derived facts name."""
    required = term("ogr:requiresLicense")
    return facts_about(t.object for t in facts if t.predicate == required)
