"""Reads trees in tests, and looks at what they hold and where."""

from collections.abc import Iterator
from typing import Any

import pytest

from opengrade.documents import Mapping, Scalar, Sequence, Tree, read_tree
from opengrade.errors import InputError
from opengrade.limits import Limits
from opengrade.locating import Spot


def read(text: str, syntax: str = "yaml", **limits: int) -> Tree:
    return read_tree(text.encode(), syntax=syntax, path="a", limits=Limits(**limits))


def all_values(tree: Tree) -> Iterator[Tree]:
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        yield value
        if not isinstance(value, Scalar):
            waiting += reversed([c for _, c in value.items] if isinstance(value, Mapping) else value.items)


def plain(tree: Tree) -> Any:
    """Return what a tree holds, with numbers as text in a list of their own."""
    if isinstance(tree, Mapping):
        return {key: plain(child) for key, child in tree.items}
    if isinstance(tree, Sequence):
        return [plain(child) for child in tree.items]
    return ("number", tree.value) if tree.number else tree.value


def at(text: str, spot: Spot | None) -> str:
    """Return the text from a place on."""
    assert spot is not None
    return "\n".join([text.split("\n")[spot.line - 1][spot.column - 1 :], *text.split("\n")[spot.line :]])


def refused(text: str, syntax: str, line: int | None, column: int | None, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text, syntax)
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.where.column) == (line, column)
    assert words in str(caught.value)
    assert caught.value.fix
