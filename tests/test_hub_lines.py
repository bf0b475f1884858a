"""Lines of a file of records read many at a time: each as it is read alone, odd ones strictly."""

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_examples import ODD, jsonl, mixed, record
from opengrade.bulk.hubcolumns import Reader
from opengrade.bulk.hubodd import are_twice, files_of, keys_in, lines_of, odd_lines
from opengrade.bulk.hubparts import part_from, read_part
from opengrade.hub.lines import KEYS, Fault, is_odd, quick, read_line
from opengrade.hub.records import template
from opengrade.limits import Limits

LIMITS = Limits()


@pytest.mark.parametrize("line", ODD, ids=range(len(ODD)))
def test_no_odd_line_is_overlooked_among_others(line: bytes, tmp_path: Path) -> None:
    usual = jsonl(record("a/b", license="mit")).removesuffix(b"\n")
    path = tmp_path / "hub.jsonl"
    path.write_bytes(b"\n".join((usual, line, usual)))
    slow: list[int] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Reader, "_slow", lambda _reader, _lines, place: slow.append(place))
        read_part(path, 0, path.stat().st_size, LIMITS)
    assert slow in ([], [1])
    if quick(line) is not None and is_odd(line):
        assert slow


@pytest.mark.parametrize("seed", range(6))
def test_among_many_each_line_is_read_as_alone(tmp_path: Path, seed: int) -> None:
    lines = mixed(seed, 1200)
    path = tmp_path / "hub.jsonl"
    path.write_bytes(b"\n".join(lines))
    part = part_from(read_part(path, 0, path.stat().st_size, LIMITS))
    ids, bases = _cut(part.ids, part.lengths), iter(_cut(part.bases, part.base_lengths))
    lists = [tuple(islice(bases, count)) for count in part.base_counts]
    shape, license_, list_of, line = (part.columns[name] for name in ("shape", "license", "bases", "line"))
    found: dict[int, Any] = dict(part.faults)
    for number, id_ in enumerate(ids):
        known = part.shapes[shape[number]], part.licenses[license_[number]], lists[list_of[number]]
        found[int(line[number])] = id_, *known
    expected: dict[int, Any] = {}
    for number, text in enumerate(lines, 1):
        read = read_line(text, LIMITS)
        of_record = () if isinstance(read, Fault) else (read.id, template(read), read.licenses, read.bases)
        expected[number] = of_record or read
    assert found == expected
    assert 30 < len(part.faults) < 300


def _cut(texts: memoryview, lengths: Any) -> list[str]:
    ends = np.cumsum(lengths)
    return [bytes(texts[end - length : end]).decode() for end, length in zip(ends, lengths, strict=True)]


@pytest.mark.parametrize("key", sorted(KEYS - {"rfilename"}))
@pytest.mark.parametrize("times", (2, 3, 4, 5, 8, 16, 17, 199))
def test_each_key_that_stands_twice_or_more_is_odd(key: str, times: int) -> None:
    many = ",".join([f'"{key}":1'] * times)
    lines = lines_of(f'{{"{key}":1,"{key}x":2}}\n{{{many}}}\n{{"{key}":1,"x":"rfilename"}}\n'.encode())
    odd, keys = odd_lines(lines)
    assert not odd.any()
    assert (are_twice(keys).tolist(), files_of(keys).tolist()) == ([False, True, False], [0, 0, 0])
    assert keys_in(lines).tolist() == keys.tolist()


@given(st.lists(st.sampled_from(sorted(KEYS)), max_size=40), st.integers(0, 40))
def test_keys_are_counted_exactly_and_those_of_a_part_are_taken_off(names: list[str], cut: int) -> None:
    written = [f'"{name}":"{name}"' for name in names]
    parts = lines_of(f"{','.join(written)}\n{','.join(written[:cut])}\n{','.join(written[cut:])}\n".encode())
    _, (all_, before, after) = odd_lines(parts)
    assert all_ - before == after
    counted = Counter(names)
    files = counted.pop("rfilename", 0)
    (twice,), (found,) = are_twice(all_[None]), files_of(all_[None])
    assert (twice, found) == (any(count > 1 for count in counted.values()), files)
