"""What base models bring to many records: whole generations find what following one by one does."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub_examples import chain, jsonl, some
from opengrade.bulk import hublineage
from opengrade.bulk.hubfiles import parts_of
from opengrade.bulk.hubjoin import join
from opengrade.hub.lineage import DEEPEST, Lineage, Own
from opengrade.limits import Limits

LIMITS = Limits()


def _nothing(lists: Any, *_: Any) -> Any:
    """Leave all lists to `Lineage`."""
    return [hublineage._Layered()], np.array([0, *[-1] * (len(lists) - 1)], np.int32)


@pytest.mark.parametrize("seed", range(8))
def test_generations_find_what_following_one_by_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(jsonl(*some(seed, 400), *chain(DEEPEST + 3)))
    left = []
    generations = hublineage._generations

    def counted(*given: Any) -> Any:
        found, of_list = generations(*given)
        left.append(int((of_list < 0).sum()) / len(of_list))
        return found, of_list

    monkeypatch.setattr(hublineage, "_generations", counted)
    together = _brought(path)
    assert 0 < left[0] < 0.5, "some lists lead into cycles, most do not"
    monkeypatch.setattr(hublineage, "_generations", _nothing)
    assert _brought(path) == together


def _brought(path: Path) -> list[Any]:
    folder = path.with_suffix(".work")
    inherited = hublineage.inherit(join(parts_of(path, folder, LIMITS, 1, lambda items, *_: items)))
    lists = [inherited.lists[number] for number in inherited.licenses]
    return [lists, inherited.data.tolist(), inherited.rows, inherited.too_far.tolist()]


@pytest.mark.parametrize("broken", ["weights", "order", "data", "behind"])
def test_wrong_generations_would_be_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(jsonl(*some(3, 400)))
    right = _brought(path)
    joined = hublineage._joined

    def wrong(bases: Any) -> Any:
        if broken == "order":
            bases = bases[::-1]
        if broken == "behind":
            bases = [replace(each, rest=hublineage._Layered()) for each in bases]
        found = joined(bases)
        if found is not None and broken == "weights":
            return replace(found, layers=())
        return replace(found, data=0) if found is not None and broken == "data" else found

    monkeypatch.setattr(hublineage, "_joined", wrong)
    assert _brought(path) != right


@pytest.mark.parametrize("broken", ["weights", "data", "own"])
def test_a_wrong_lineage_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(jsonl(*some(3, 400)))
    monkeypatch.setattr(hublineage, "_generations", _nothing)
    right = _brought(path)

    class Wrong(Lineage):
        def __init__(self, lists: Any, own: Any, begun: Any = ()) -> None:
            nothing = [0] * len(own.data)
            given = (own.list_of, own.weights, own.data, own.unknown)
            changed = {
                "weights": (given[0], [-1] * len(nothing), *given[2:]),
                "data": (*given[:2], nothing, given[3]),
                "own": (nothing, *given[1:]),
            }
            super().__init__(lists, Own(*changed[broken]), begun)

    monkeypatch.setattr(hublineage, "Lineage", Wrong)
    assert _brought(path) != right
