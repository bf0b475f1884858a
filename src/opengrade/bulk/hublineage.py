"""What base models bring to the records of a file: most by whole generations, the rest one by one."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opengrade.bulk.hubbases import BaseLists
from opengrade.bulk.hubjoin import Joined
from opengrade.bulk.hubknown import Found
from opengrade.bulk.hubparts import Numbers
from opengrade.bulk.hubshapes import UNKNOWN
from opengrade.bulk.schema import Row
from opengrade.hub.lineage import DEEPEST, MOST, Lineage, Own, Past

_Layers = tuple[tuple[int, ...], ...]
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
    found, of_list = _generations(joined.lists, joined.bases, weights, data)
    pasts = [each.past for each in found]
    own = Own(_indexed(joined.bases), _indexed(weights), _indexed(data), unknown=_UNKNOWN)
    lineage = Lineage(joined.lists, own, [*map([*pasts, None].__getitem__, of_list.tolist())])
    known = {past: number for number, past in enumerate(pasts)}

    def numbered(past: Past) -> int:
        if past not in known:
            known[past] = len(pasts)
            pasts.append(past)
        return known[past]

    for number in np.flatnonzero(of_list < 0).tolist():
        of_list[number] = numbered(lineage.of_list(number))
    of_model = of_list[joined.bases]
    for model, past in lineage.apart.items():
        of_model[model] = numbered(past)
    lists: dict[tuple[int, ...], int] = {}
    brings = [(lists.setdefault(past.weights, len(lists)), past.data, past.too_far) for past in pasts]
    licenses, brought, too_far = np.array(brings, np.int32).T
    return Inherited(
        licenses[of_model], list(lists), brought[of_model] & ~data, rows, too_far[of_model].astype(np.bool_)
    )


@dataclass(frozen=True, slots=True)
class _Layered:
    """A `Past` that keeps apart how far back the licenses of weights lie: a tuple for each step."""

    layers: _Layers = ()
    data: int = 0
    steps: int = 0
    count: int = 0

    @property
    def past(self) -> Past:
        """The same without layers."""
        return Past(tuple(chain.from_iterable(self.layers)), self.data, self.steps, self.count)


@dataclass(frozen=True, slots=True)
class _Base:
    """A base model: the license on its weights, -1 if none, its data, and what is behind it."""

    weights: int
    data: int
    rest: _Layered


def _generations(
    lists: BaseLists, list_of: Numbers, weights: Numbers, data: Numbers
) -> tuple[list[_Layered], Numbers]:
    """Work out what was made from models that have no base, then what was made from that, and so on.

    Returns what was found, and for each list the number of its own, -1 where it is left to `Lineage`: what
    leads into cycles, or is too long.
    """
    several = np.fromiter(chain.from_iterable(lists.several), np.int64)
    models: NDArray[np.int64] = np.concatenate((lists.single, several))
    sizes = np.array([*([1] * len(lists.single)), *map(len, lists.several)], np.int64)
    described = np.flatnonzero(models < len(list_of))
    before, own_weights, own_data = (np.full(len(models), each, np.int64) for each in (0, -1, 0))
    for column, values in ((before, list_of), (own_weights, weights), (own_data, data)):
        column[described] = values[models[described]]
    sorts, own_data = np.unique(own_data, return_inverse=True)
    owns = (own_weights + 1) * len(sorts) + own_data
    known = {_Layered(): 0}
    of_list = np.full(len(lists), -1, np.int32)
    of_list[0] = 0
    left = np.arange(1, len(lists))
    while left.size:
        rest = of_list[before]
        ready = np.minimum.reduceat(rest, np.cumsum(sizes) - sizes) >= 0
        if not ready.any():
            break
        of_ready = np.repeat(ready, sizes)
        distinct, codes = np.unique(owns[of_ready] * len(known) + rest[of_ready], return_inverse=True)
        own, behind = np.divmod(distinct, len(known))
        columns = own // len(sorts) - 1, sorts[own % len(sorts)], behind
        pasts = list(known)
        bases = [_Base(w, bits, pasts[n]) for w, bits, n in zip(*(c.tolist() for c in columns), strict=True)]
        of_list[left[ready]] = _numbers(bases, codes, sizes[ready], known)
        left, sizes = left[~ready], sizes[~ready]
        before, owns = before[~of_ready], owns[~of_ready]
    return list(known), of_list


def _numbers(
    bases: Sequence[_Base], codes: NDArray[np.intp], sizes: NDArray[np.int64], known: dict[_Layered, int]
) -> Numbers:
    """Return the numbers of what lists of bases come to, and enter into `known` what is new.

    `codes` are the places of bases, one list behind the other.
    """

    def number(places: Iterable[int]) -> int:
        found = _joined([bases[place] for place in places])
        return -1 if found is None else known.setdefault(found, len(known))

    ends = np.cumsum(sizes)
    alone = sizes == 1
    used, places = np.unique(codes[ends[alone] - 1], return_inverse=True)
    numbers = np.empty(len(sizes), np.int32)
    numbers[alone] = np.array([number((each,)) for each in used.tolist()], np.int32)[places]
    together = Found(number)
    listed, more = codes.tolist(), np.flatnonzero(~alone)
    starts = (ends - sizes)[more].tolist()
    numbers[more] = [
        together[tuple(listed[start:end])] for start, end in zip(starts, ends[more].tolist(), strict=True)
    ]
    return numbers


def _joined(bases: Sequence[_Base]) -> _Layered | None:
    """Return the past of what was made from some models, None where it may be too long."""
    steps, count, data = 1, len(bases), 0
    for each in bases:
        steps = max(steps, 1 + each.rest.steps)
        count += each.rest.count
        data |= (each.data or _UNKNOWN) | each.rest.data
    if steps > DEEPEST or count > MOST:
        return None
    first = tuple(dict.fromkeys(each.weights for each in bases if each.weights >= 0))
    rests = [each.rest.layers for each in bases if each.rest.layers]
    rest: _Layers = rests[0] if rests else ()
    # Long lines of models made one from another are mostly like this, and share what is behind them.
    if len(rests) > 1 or any(code in layer for layer in rest for code in first):
        rest = _merged(first, rests)
    return _Layered((first, *rest), data, steps, count)


def _merged(first: Iterable[int], rests: Sequence[_Layers]) -> _Layers:
    """Lay what is behind several models together, without what is nearer already."""
    seen = set(first)
    layers = []
    for together in zip_longest(*rests, fillvalue=()):
        new = dict.fromkeys(code for layer in together for code in layer if code not in seen)
        seen.update(new)
        layers.append(tuple(new))
    return tuple(layers)


def _indexed(numbers: NDArray[Any]) -> Sequence[int]:
    """Return numbers in a form in which single ones are found quickly."""
    return array("i", numbers.astype(np.int32).tobytes())
