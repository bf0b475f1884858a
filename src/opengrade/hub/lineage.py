"""Finds what models were made from, over numbers in place of names: quick for millions, safe with cycles.

A model of which more than DEEPEST steps lead back, or that has more than MOST models behind it, is too far
from its beginnings: it is told and left out, and so is all that was made from it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

DEEPEST = 100
MOST = 1000


@dataclass(frozen=True, slots=True)
class Past:
    """What the models behind a model bring with them.

    `weights` are the codes of the licenses of their final weights, nearest first, each once; `data` has a bit
    for each sort of training data. `steps` and `count` are bounds from above of the steps that lead back and
    of the models there.
    """

    weights: tuple[int, ...] = ()
    data: int = 0
    steps: int = 0
    count: int = 0
    too_far: bool = False

    def after(self, rest: "Past") -> "Past":
        """Return the past of what was made from one model, itself and what it was made from."""
        weights = tuple(dict.fromkeys((*self.weights, *rest.weights)))
        return Past(weights, self.data | rest.data, 1 + rest.steps, 1 + rest.count)


NONE = Past()
TOO_FAR = Past(too_far=True)


@dataclass(frozen=True, slots=True)
class Own:
    """What each model has by itself: the number of its list of bases, its weights' license, its data.

    `weights` is -1 where there are none; `unknown` is the bit for the data of a base that is not described or
    names none.
    """

    list_of: Sequence[int]
    weights: Sequence[int]
    data: Sequence[int]
    unknown: int


class Lists(Protocol):
    """Lists of bases, by number."""

    def __len__(self) -> int:
        """Return how many there are."""

    def __getitem__(self, number: int, /) -> tuple[int, ...]:
        """Return one."""


class Lineage:
    """The past of all models, of which many have the same list of bases.

    `lists` holds each list of bases once, the empty one first; a base is the number of a model, or a number
    that no model has for one that is not described. `begun` has the past of each list that is known already,
    None for the others.
    """

    def __init__(self, lists: Lists, own: Own, begun: Sequence[Past | None] = ()) -> None:
        self._lists, self._own = lists, own
        self._by_list: list[Past | None] = list(begun) or [NONE, *[None] * (len(lists) - 1)]
        self._cyclic: set[int] = set()
        for number, known in enumerate(self._by_list):
            if known is None:
                self._visit(number)
        self._by_model = dict(self._round_about()) if self._cyclic else {}

    def of(self, model: int) -> Past:
        """Return the past of a model."""
        return self._by_model[model] if model in self._by_model else self.of_list(self._own.list_of[model])

    def of_list(self, number: int) -> Past:
        """Return the past that a list of bases gives; it means something where no cycle leads there."""
        return self._by_list[number] or NONE

    @property
    def apart(self) -> dict[int, Past]:
        """The models behind which there is a cycle: their past differs though their list is the same."""
        return self._by_model

    def _next(self, number: int) -> list[int]:
        """Return the lists of the bases of a list."""
        own = self._own
        known = len(own.list_of)
        return [own.list_of[base] for base in self._lists[number] if base < known]

    def _visit(self, first: int) -> None:
        """Work out a list, after those that it leads to; what leads into a cycle is only marked."""
        if self._by_list[first] is not None or first in self._cyclic:
            return
        following = self._next(first)
        if all(self._by_list[each] is not None for each in following):
            self._by_list[first] = self._past(first)
            return
        path = [(first, iter(following))]
        on_path = {first}
        while path:
            number, left = path[-1]
            step = next(left, None)
            if step is None:
                path.pop()
                on_path.discard(number)
                if number not in self._cyclic:
                    self._by_list[number] = self._past(number)
            elif step in on_path or step in self._cyclic:
                self._cyclic |= on_path
            elif self._by_list[step] is None:
                path.append((step, iter(self._next(step))))
                on_path.add(step)

    def _past(self, number: int) -> Past:
        bases = self._lists[number]
        before = [self.of_list(each) for each in self._next(number)]
        steps = 1 + max((each.steps for each in before), default=0)
        count = len(bases) + sum(each.count for each in before)
        if any(each.too_far for each in before):
            return TOO_FAR
        if len(bases) == 1 and steps <= DEEPEST and count <= MOST:
            return Past(*self._gathered(bases)).after(before[0] if before else NONE)
        # Where nothing is behind the bases themselves there is no need to look.
        found, too_far = (bases, False) if steps == 1 and count <= MOST else self._behind(bases)
        return Past((), 0, steps, count, True) if too_far else Past(*self._gathered(found), steps, count)

    def _gathered(self, models: Sequence[int]) -> tuple[tuple[int, ...], int]:
        """Return the weights and the data of some models."""
        own = self._own
        known = [each for each in models if each < len(own.list_of)]
        weights = dict.fromkeys(own.weights[each] for each in known if own.weights[each] >= 0)
        data = own.unknown if len(known) < len(models) else 0
        for each in known:
            data |= own.data[each] or own.unknown
        return tuple(weights), data

    def _behind(self, bases: Sequence[int], model: int = -1) -> tuple[list[int], bool]:
        """Return all models behind a list of bases, nearest first, and whether these are too many."""
        lists, list_of = self._lists, self._own.list_of
        known = len(list_of)
        layer = [each for each in bases if each != model]
        seen, found = {model, *layer}, list(layer)
        for _ in range(DEEPEST):
            above: list[int] = []
            for each in layer:
                number = list_of[each] if each < known else 0
                if number:
                    above += [base for base in lists[number] if base not in seen]
                    seen.update(above)
            layer = list(dict.fromkeys(above))
            found += layer
            if not layer or len(found) > MOST:
                break
        return found, bool(layer) or len(found) > MOST

    def _round_about(self) -> Iterator[tuple[int, Past]]:
        """Yield the models of the marked lists with their past, each worked out by itself."""
        own, lists = self._own, self._lists
        concerned = [each for each, number in enumerate(own.list_of) if number in self._cyclic]
        far = {each for each in concerned if self._behind(lists[own.list_of[each]], each)[1]}
        for each in concerned:
            found, too_far = self._behind(lists[own.list_of[each]], each)
            known = (other for other in found if other < len(own.list_of))
            if too_far or any(o in far or self.of_list(own.list_of[o]).too_far for o in known):
                yield each, TOO_FAR
            else:
                yield each, Past(*self._gathered(found))
