"""Finds where in a file each statement stands; what it finds is for people and decides nothing."""

from typing import NamedTuple


class Spot(NamedTuple):
    """A position in a text: line and column count from 1, columns in characters."""

    line: int
    column: int


class Spots(NamedTuple):
    """Where the three parts of a statement stand, None where that is not known."""

    subject: Spot | None = None
    predicate: Spot | None = None
    object: Spot | None = None
