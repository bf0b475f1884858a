"""Independent ways to run the criteria of a framework over facts.

Each route is a function from a framework and triples to an Outcome: for each criterion the models, and for
each rung the components, that conform to its shape.
"""

from collections.abc import Mapping
from typing import TypeAlias

from opengrade.graph import NamedNode, Term

Outcome: TypeAlias = Mapping[NamedNode, frozenset[Term]]
