"""Reasoners of others: each is a function from axioms and facts to what follows from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from opengrade.graph import NamedNode, Triple
from opengrade.limits import Limits


@dataclass(frozen=True, slots=True)
class Entailed:
    """What follows: pairs of a thing and a class it is in, classes that can have no member.

    Nothing is entailed where axioms and facts contradict each other, for then everything would be.
    """

    types: frozenset[tuple[NamedNode, NamedNode]]
    unsatisfiable: frozenset[NamedNode]
    consistent: bool = True


CONTRADICTION = Entailed(frozenset(), frozenset(), consistent=False)

Engine: TypeAlias = Callable[[Sequence[Triple], Sequence[Triple], Limits], Entailed]
