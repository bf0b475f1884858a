"""Trees of values that know their places, and the builder that makes them within the limits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from opengrade.errors import InputError, LimitError, Place
from opengrade.limits import Limits
from opengrade.locating import Spot


class _Placed:
    """What has a place."""

    __slots__ = ()
    spot: Spot | None

    @property
    def line(self) -> int | None:
        """The line in which the value begins."""
        return self.spot.line if self.spot else None

    @property
    def column(self) -> int | None:
        """The column in which the value begins."""
        return self.spot.column if self.spot else None


@dataclass(frozen=True, slots=True)
class Scalar(_Placed):
    """A single value; None is null, and a number is the text that it was written as.

    `number` tells the numbers of JSON from its texts. In YAML, where versions and dates look like numbers,
    all are texts.
    """

    value: str | bool | None
    spot: Spot | None = None
    number: bool = False


@dataclass(frozen=True, slots=True)
class Sequence(_Placed):
    """A list of values."""

    items: tuple["Tree", ...]
    spot: Spot | None = None


@dataclass(frozen=True, slots=True)
class Mapping(_Placed):
    """Keys with their values, in the order of the file; `keys` are the places of the keys."""

    items: tuple[tuple[str, "Tree"], ...]
    spot: Spot | None = None
    keys: tuple[Spot, ...] = ()


Tree: TypeAlias = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or an empty collection, with its path such as `release.components[].license`."""

    path: str
    value: Tree


def leaves(tree: Tree) -> Iterator[Leaf]:
    """Yield all leaves of a tree, in the order of the file."""
    above: list[str] = []
    waiting = [(iter([("", tree)]), False)]
    while waiting:
        steps, named = waiting[-1]
        part, value = next(steps, ("", None))
        if value is None:
            waiting.pop()
            del above[-1:]
        elif isinstance(value, Scalar) or not value.items:
            yield Leaf("".join((*above, part)), value)
        else:
            above.append(part)
            named = named or bool(part)
            waiting.append((_steps(value, "." if named else ""), named))


def _steps(tree: Sequence | Mapping, dot: str) -> Iterator[tuple[str, Tree]]:
    if isinstance(tree, Mapping):
        return ((dot + key, child) for key, child in tree.items)
    return (("[]", child) for child in tree.items)


def has_path(tree: Tree, path: str) -> bool:
    """Say whether a path of keys leads to a value."""
    for key in path.split("."):
        if not isinstance(tree, Mapping):
            return False
        found = [child for name, child in tree.items if name == key]
        if not found:
            return False
        tree = found[0]
    return True


class _Frame:
    """A list or mapping that is still open.

    `before` counts the values that stand before it, `height` is how deeply its values are nested.
    """

    def __init__(self, spot: Spot, before: int, *, keyed: bool) -> None:
        self.spot, self.before, self.keyed = spot, before, keyed
        self.keys: dict[str, Spot] = {}
        self.values: list[Tree] = []
        self.height = 0

    @property
    def wants_key(self) -> bool:
        return self.keyed and len(self.keys) == len(self.values)

    def tree(self) -> Tree:
        if self.keyed:
            return Mapping(
                tuple(zip(self.keys, self.values, strict=True)), self.spot, tuple(self.keys.values())
            )
        return Sequence(tuple(self.values), self.spot)


@dataclass(frozen=True, slots=True)
class Known:
    """A finished tree, how many values it stands for, and how deeply they are nested in it."""

    tree: Tree
    values: int
    height: int


class Builder:
    """Builds the tree of a text from left to right, without recursion and within the limits."""

    def __init__(self, text: str, path: str, limits: Limits) -> None:
        self.text, self.path, self.limits = text, path, limits
        self.root: Tree | None = None
        self.stack: list[_Frame] = []
        self.count = 0
        self._at, self._line, self._start = 0, 1, 0

    def spot(self, index: int) -> Spot:
        """Return the place of a character; quick as long as one place follows the other."""
        if index < self._at:
            self._at, self._line, self._start = 0, 1, 0
        lines = self.text.count("\n", self._at, index)
        if lines:
            self._line += lines
            self._start = self.text.rfind("\n", self._at, index) + 1
        self._at = index
        return Spot(self._line, index - self._start + 1)

    def refused(self, what: str, spot: Spot | None, fix: str = "Mend the text here.") -> InputError:
        """Return the error that says what is wrong at a place."""
        return InputError(what, fix=fix, where=Place(self.path, *(spot or ())))

    def reached(self, limit: str, spot: Spot) -> LimitError:
        """Return the error that says that a limit was reached at a place."""
        return self.limits.reached(limit, Place(self.path, *spot))

    def check(self, text: str, spot: Spot, *, number: bool = False) -> None:
        """Refuse a scalar or key that is too long."""
        if number and len(text) > self.limits.digits < sum(map(str.isdecimal, text)):
            raise self.reached("digits", spot)
        if len(text) * 4 > self.limits.literal < len(text.encode("utf-8", "surrogatepass")):
            raise self.reached("literal", spot)

    @property
    def wants_key(self) -> bool:
        """Whether a key has to come next."""
        return bool(self.stack) and self.stack[-1].wants_key

    def open(self, spot: Spot, *, keyed: bool) -> None:
        """Begin a list, or a mapping if it is `keyed`; what comes next lies in it until it is closed."""
        before = self.count
        self._counted(1, 1, spot)
        self.stack.append(_Frame(spot, before, keyed=keyed))

    def close(self) -> Known:
        """End the list or mapping that was begun last."""
        frame = self.stack.pop()
        tree, height = frame.tree(), frame.height + 1
        self._put(tree, height)
        return Known(tree, self.count - frame.before, height)

    def key(self, text: str, spot: Spot) -> None:
        """Add a key to the mapping; InputError where it has that key already."""
        keys = self.stack[-1].keys
        if text in keys:
            raise self.refused(
                f'the key "{text}" is given twice, first in line {keys[text].line}.', spot, "Keep one."
            )
        keys[text] = spot

    def add(self, known: Known, spot: Spot) -> None:
        """Add a finished tree, which may have been added elsewhere too."""
        self._counted(known.values, known.height, spot)
        self._put(known.tree, known.height)

    def _counted(self, values: int, height: int, spot: Spot) -> None:
        self.count += values
        if self.count > self.limits.values:
            raise self.reached("values", spot)
        if len(self.stack) + height > self.limits.nesting:
            raise self.reached("nesting", spot)

    def _put(self, tree: Tree, height: int) -> None:
        if self.stack:
            self.stack[-1].values.append(tree)
            self.stack[-1].height = max(self.stack[-1].height, height)
        else:
            self.root = tree
