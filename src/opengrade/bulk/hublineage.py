"""What base models bring to the records of a file: most by whole generations, the rest one by one."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opengrade.bulk.hubbases import BaseLists
from opengrade.bulk.hubjoin import Joined
from opengrade.bulk.hubparts import Numbers
from opengrade.bulk.hubshapes import UNKNOWN
from opengrade.bulk.schema import Row
from opengrade.hub.lineage import DEEPEST, MOST, NONE, Lineage, Own, Past

# The bit of `UNKNOWN` among the rows of data.
_UNKNOWN = 1


@dataclass(frozen=True)
class Inherited:
    """What base models bring to each record: the number of a list of licenses, and the rows of their data.

    `data` has a bit for each row of `rows`, without those that the record has itself.
    """

    licenses: Numbers
    lists: list[tuple[int, ...]]
    data: Numbers
    rows: list[Row]
    too_far: NDArray[np.bool_]


def inherit(joined: Joined) -> Inherited:
    """Follow the base models of all records."""
    rows = list(dict.fromkeys((UNKNOWN, *(row for shape in joined.shapes for row in shape.data))))
    bits = np.array([sum(1 << rows.index(row) for row in each.data) for each in joined.shapes], np.int32)
    has_weights = np.array([each.has_weights for each in joined.shapes], np.bool_)
    data = bits[joined.shape] if len(bits) else joined.shape
    weights = np.where(has_weights[joined.shape], joined.license, -1) if len(bits) else joined.license
    pasts, of_list = _generations(joined.lists, joined.bases, weights, data)
    own = Own(_indexed(joined.bases), _indexed(weights), _indexed(data), unknown=_UNKNOWN)
    lineage = Lineage(joined.lists, own, [*map([*pasts, None].__getitem__, of_list.tolist())])
    known = {past: number for number, past in enumerate(pasts)}

    def numbered(past: Past) -> int:
        return known.setdefault(past, len(known))

    for number in np.flatnonzero(of_list < 0).tolist():
        of_list[number] = numbered(lineage.of_list(number))
    of_model = of_list[joined.bases]
    for model, past in lineage.apart.items():
        of_model[model] = numbered(past)
    lists: dict[tuple[int, ...], int] = {}
    found = [(lists.setdefault(past.weights, len(lists)), past.data, past.too_far) for past in known]
    licenses, brought, too_far = np.array(found, np.int32).T
    return Inherited(
        licenses[of_model], list(lists), brought[of_model] & ~data, rows, too_far[of_model].astype(np.bool_)
    )


def _generations(
    lists: BaseLists, list_of: Numbers, weights: Numbers, data: Numbers
) -> tuple[list[Past], Numbers]:
    """Work out what was made from one model that was made from one at most, and so on: as `Lineage` does.

    Returns pasts, and for each list the number of its past, -1 where it is left to `Lineage`.
    """
    known = {NONE: 0}
    of_list = np.full(len(lists), -1, np.int32)
    of_list[0] = 0
    base = lists.single
    described = np.flatnonzero(base < len(list_of))
    before, own_weights, own_data = (np.full(len(base), each, np.int64) for each in (0, -1, 0))
    for column, values in ((before, list_of), (own_weights, weights), (own_data, data)):
        column[described] = values[base[described]]
    sorts, own_data = np.unique(own_data, return_inverse=True)
    left = np.arange(len(base))
    while len(left):
        rest = of_list[before[left]]
        # Of a past that is too long for this no number is given, and all that follows is left, too.
        ready = rest >= 0
        now, rest = left[ready], rest[ready]
        left = left[~ready]
        if not len(now):
            break
        pasts = list(known)
        keys = ((own_weights[now] + 1) * len(sorts) + own_data[now]) * len(pasts) + rest
        distinct, places = np.unique(keys, return_inverse=True)
        owns, behind = np.divmod(distinct, len(pasts))
        columns = (owns // len(sorts) - 1, sorts[owns % len(sorts)], behind)
        found = [_past(w, bits, pasts[n]) for w, bits, n in zip(*(c.tolist() for c in columns), strict=True)]
        numbers = [-1 if each is None else known.setdefault(each, len(known)) for each in found]
        of_list[now + 1] = np.array(numbers, np.int32)[places]
    return list(known), of_list


def _past(weights: int, data: int, rest: Past) -> Past | None:
    """Return the past of what was made from one model, None where it is too long."""
    if rest.steps >= DEEPEST or rest.count >= MOST:
        return None
    return Past(() if weights < 0 else (weights,), data or _UNKNOWN).after(rest)


def _indexed(numbers: NDArray[Any]) -> Sequence[int]:
    """Return numbers in a form in which single ones are found quickly."""
    return array("i", numbers.astype(np.int32).tobytes())
