"""Lists of base models as numbers, each list once: most have one model, and there are millions."""

from array import array
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from opengrade.bulk.hubparts import Numbers


@dataclass(frozen=True)
class BaseLists:
    """The empty list, then those with one model, then the others."""

    single: Numbers
    several: tuple[tuple[int, ...], ...]

    @cached_property
    def _single(self) -> "array[int]":
        """The same in a form in which one is found quickly."""
        return array("i", self.single.tobytes())

    def __len__(self) -> int:
        return 1 + len(self.single) + len(self.several)

    def __getitem__(self, number: int) -> tuple[int, ...]:
        if number == 0:
            return ()
        place = number - 1 - len(self.single)
        return (self._single[number - 1],) if place < 0 else self.several[place]


def base_lists(sizes: Numbers, models: Numbers) -> tuple[BaseLists, Numbers]:
    """Return each of some lists once, and the number of each of those given.

    `sizes` are the lengths of the lists, `models` what they hold, one list behind the other.
    """
    ends = np.cumsum(sizes)
    numbers = np.zeros(len(sizes), np.int32)
    alone = sizes == 1
    single, places = np.unique(models[ends[alone] - 1], return_inverse=True)
    numbers[alone] = places + 1
    several: dict[tuple[int, ...], int] = {}
    for place in np.flatnonzero(sizes > 1).tolist():
        found = tuple(models[ends[place] - sizes[place] : ends[place]].tolist())
        numbers[place] = several.setdefault(found, 1 + len(single) + len(several))
    return BaseLists(single, tuple(several)), numbers
