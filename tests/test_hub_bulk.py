"""A file of records read as rows of codes: the same as read as one submission, and after a killed run."""

import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_examples import ODD, chain, jsonl, mixed, record, some
from opengrade.bulk import hubfiles, hublineage, hubparts, sources
from opengrade.bulk.hub import HubRun, prepare
from opengrade.bulk.hubcolumns import Reader
from opengrade.bulk.hubfiles import parts_of
from opengrade.bulk.hubjoin import join
from opengrade.bulk.hubodd import are_twice, files_of, keys_in, lines_of, odd_lines
from opengrade.bulk.hubparts import part_from, read_part
from opengrade.bulk.hubshapes import shapes_of
from opengrade.bulk.projecting import rows_of
from opengrade.bulk.schema import Row
from opengrade.bulk.sources import HubSource
from opengrade.derive import derive_facts
from opengrade.errors import InputError
from opengrade.hub.lineage import DEEPEST, Lineage, Own
from opengrade.hub.lines import KEYS, Fault, is_odd, quick, read_line
from opengrade.hub.records import Record, template
from opengrade.importing import read_submission
from opengrade.limits import Limits

LIMITS = Limits()
Rows = dict[str, Counter[Row]]


def prepared(path: Path) -> HubRun:
    return prepare(path, path.with_suffix(".work"), jobs=1)


def rows_in(run: HubRun) -> Rows:
    """Return the rows of each model, by its IRI."""
    entries = [
        list(each) for each in (run.dictionaries.parts, run.dictionaries.licenses, run.dictionaries.facts)
    ]
    iris: dict[int, str] = {}
    found: dict[int, list[Row]] = {}
    for first in range(0, run.count, 7):
        table, models = run.rows(first, 7), run.names(first, 7)
        iris |= dict(enumerate(models["iri"].to_pylist(), first))
        for model, *codes in zip(*(table[name].to_pylist() for name in table.column_names), strict=True):
            row = Row(*(known[code] for known, code in zip(entries, codes, strict=True)))
            found.setdefault(model, []).append(row)
    assert list(iris) == list(range(run.count))
    return {iris[model]: Counter(rows) for model, rows in found.items()}


def rows_together(path: Path) -> Rows:
    """Return the rows of each model of a file that is read as one submission."""
    facts = derive_facts(read_submission(path).quads, source=str(path))
    return {model.node.value: Counter(rows) for model, rows in zip(facts.models, rows_of(facts), strict=True)}


def told(path: Path, run: HubRun) -> None:
    remarks = [each for each in read_submission(path).remarks if each.rule != "ComponentWithoutKind"]
    assert [(r.place, r.rule, r.what) for r in run.remarks] == [(r.place, r.rule, r.what) for r in remarks]


CYCLE = (
    *(record(f"c/{each}", license=f"l-{each}", base_model=f"c/{(each + 1) % 4}") for each in range(4)),
    record("c/x", license="mit", base_model="c/2"),
    record("c/y", license="mit", base_model=["c/x", "c/0"], base_model_relation="merge"),
    record("c/z", license="mit", base_model=["c/z", "none/such"]),
    record("c/none", base_model="c/0"),
    record("c/self", license="mit", base_model="c/self"),
)
MERGE = (
    record("m/a", license="mit", datasets=["d/one"]),
    record("m/b", license="llama3", base_model="m/a"),
    record("m/c", license="apache-2.0", base_model="m/a", datasets=["d/two"]),
    record("m/d", license="gemma", base_model=["m/c", "m/b", "n/undescribed"]),
    record("m/e", base_model="m/d", license="mit"),
    {"id": "m/f", "base_model": "m/e", "license": "mit"},
    record("m/g", base_model="m/f", license="mit", datasets=["d/one"]),
    record("m/h", base_model="our own", license="mit"),
    record("m/i", base_model="m/h", license="mit"),
)
FILES: dict[str, bytes] = {
    "some": jsonl(*some(1, 200)),
    "some more": jsonl(*some(2, 200)),
    "cycles": jsonl(*CYCLE),
    "merges": jsonl(*MERGE),
    "a chain": jsonl(*chain(120), record("z/1", base_model="m/101"), record("z/2", base_model="m/99")),
    "odd lines": jsonl(
        *(each.replace(b'"a', b'"a%d' % n, 1) for n, each in enumerate(ODD)), *chain(3), *chain(2)
    ),
    "two in a line": jsonl(record("t/1"), b'{"id":"t/2"} {"y":1}', record("t/4")),
    "two in a line and none": jsonl(record("t/1"), b'{"id":"t/2"} {"y":1}', b"", record("t/4")),
    "the odd one first": jsonl(
        record("a/1", license="mit"), b'{"id":"a/2","license":["mit",null]}', record("a/2", license="llama3")
    ),
    "wide": jsonl(
        *(record(f"w/{n}") for n in range(1002)),
        record("v/1", base_model=[f"w/{n}" for n in range(1000)]),
        record("v/2", base_model=[f"w/{n}" for n in range(1001)]),
        record("v/3", base_model="v/2"),
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_rows_are_those_of_one_submission(tmp_path: Path, name: str) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(FILES[name])
    run = prepared(path)
    assert rows_in(run) == rows_together(path)
    told(path, run)


def test_parts_together_are_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(FILES["some"] + FILES["odd lines"])
    source = HubSource(prepared(path))
    (whole,) = (part.as_table() for part in source.parts())
    size = next(number for number in range(7, 20) if source.count % number)
    monkeypatch.setattr(sources, "MODELS_IN_A_PART", size)
    parts = list(source.parts())
    assert len(parts) > 9
    assert sum(part.count for part in parts) == source.count
    assert pa.concat_tables(part.as_table() for part in parts).equals(whole)


def test_many_ranges_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(FILES["some"] + FILES["odd lines"].removesuffix(b"\n"))
    whole = prepared(path)
    wanted, remarks = rows_in(whole), list(whole.remarks)
    monkeypatch.setattr(hubfiles, "RANGE", 2_000)
    again = prepare(path, tmp_path / "other", jobs=2)
    assert len(list((tmp_path / "other").glob("*.part"))) > 20
    assert (rows_in(again), list(again.remarks)) == (wanted, remarks)


def test_ids_with_the_same_sum_are_told_apart(tmp_path: Path) -> None:
    other, id_ = "s/d4dcdb7ee7ff0957e454", "s/3dd5e1c0f6a7f8cae3ce"
    assert crc32(other.encode()) == crc32(id_.encode())
    path = tmp_path / "hub.jsonl"
    path.write_bytes(jsonl(record(other), record(id_), record("s/x", base_model=id_), record(id_)))
    run = prepared(path)
    assert run.names(0, 9)["name"].to_pylist() == [other, id_, "s/x"]
    assert [each.place.line for each in run.remarks] == [4]
    assert rows_in(run) == rows_together(path)


def test_models_too_far_from_their_beginnings_are_left_out_with_their_offspring(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(FILES["a chain"])
    run = prepared(path)
    left = [each.value for each in run.remarks]
    assert left == [f"m/{number}" for number in range(101, 120)] + ["z/1"]
    assert run.count == 102


def test_lines_that_are_too_long_are_passed_over_in_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubparts, "LONGEST", 300)
    monkeypatch.setattr(hubparts, "BLOCK", 150)
    path = tmp_path / "hub.jsonl"
    long = b'{"id":"long","x":"' + b"a" * 1000 + b'"}'
    path.write_bytes(jsonl(record("a/1"), long, record("a/2")))
    part = part_from(read_part(path, 0, path.stat().st_size, LIMITS))
    assert part.lines == 3
    assert part.columns["line"].tolist() == [1, 3]
    assert [(line, fault.reason[:8]) for line, fault in part.faults] in ([(2, "the line")], [(2, "this is ")])


def test_a_file_with_no_record_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    for data in (b"", b"\n", b"[]\n{}\n"):
        path.write_bytes(data)
        with pytest.raises(InputError, match="describes no model"):
            prepared(path)
    with pytest.raises(InputError, match="No such file"):
        prepared(tmp_path / "none.jsonl")


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


def test_what_stands_at_the_top_and_in_the_card_is_not_read_slowly(tmp_path: Path) -> None:
    card = {
        "license": ["mit"],
        "pipeline_tag": "b",
        "datasets": ["a/set"],
        "base_model": "o/base",
        "tags": [],
    }
    path = tmp_path / "hub.jsonl"
    path.write_bytes(
        jsonl(
            *(record(f"o/m-{n}", pipeline_tag="a", cardData=card, license="gpl-3.0") for n in range(20)),
            *(record(f"o/n-{n}", pipeline_tag="a", cardData=None) for n in range(20)),
            *(record(f"o/o-{n}", cardData={"library_name": "x"}) for n in range(20)),
        )
    )
    together = rows_together(path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Reader, "_slow", None)
        assert rows_in(prepared(path)) == together


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix == ".part"}


SCRIPT = """
import sys
from pathlib import Path
from opengrade.bulk import hubfiles
from opengrade.bulk.hub import prepare
if __name__ == "__main__":
    hubfiles.RANGE = 20_000
    prepare(Path(sys.argv[1]), Path(sys.argv[2]), jobs=1)
"""


@pytest.mark.parametrize("after", [0, 3, 12])
def test_a_run_that_is_killed_goes_on_and_ends_with_the_same_bytes(tmp_path: Path, after: int) -> None:
    path, folder, script = tmp_path / "hub.jsonl", tmp_path / "work", tmp_path / "run.py"
    path.write_bytes(jsonl(*(record(f"k/{each}", license="mit") for each in range(3000)), b"{broken"))
    script.write_text(SCRIPT, encoding="utf-8")
    process = subprocess.Popen([sys.executable, str(script), str(path), str(folder)])
    until = time.monotonic() + 30
    while len(list(folder.glob("*.part"))) <= after and time.monotonic() < until and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = _bytes(folder)
    assert len(before) > after
    kept = {name: (folder / name).stat().st_mtime_ns for name in before}
    for target in (folder, tmp_path / "other"):
        subprocess.run([sys.executable, str(script), str(path), str(target)], check=True)
    assert _bytes(folder) == _bytes(tmp_path / "other")
    assert {name: (folder / name).stat().st_mtime_ns for name in before} == kept


def test_parts_of_another_file_are_read_anew_and_files_of_others_are_let_be(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(jsonl(*chain(3)))
    work = path.with_suffix(".work")
    prepared(path)
    (work / "mine.txt").write_text("x", encoding="utf-8")
    path.write_bytes(jsonl(*chain(5)))
    assert prepared(path).count == 5
    assert (work / "mine.txt").exists()


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(jsonl(*chain(3)))

    def shown(items: Any, _what: str, _count: int) -> Any:
        for item in items:
            path.write_bytes(jsonl(*chain(4)))
            yield item

    with pytest.raises(InputError, match="changed"):
        prepare(path, tmp_path / "work", jobs=1, progress=shown)


def test_shapes_keep_the_data_of_bases_apart() -> None:
    alone, derived = shapes_of(
        [Record(id="x", datasets=("d",)), Record(id="x", datasets=("d",), bases=("b",))]
    )
    assert alone.data == derived.data
    assert len(alone.data) == 1


@pytest.mark.parametrize("broken", ["weights", "data", "own"])
def test_a_wrong_lineage_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(FILES["merges"])
    monkeypatch.setattr(hublineage, "_generations", _nothing)

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
    assert rows_in(prepared(path)) != rows_together(path)


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
