"""A file of records read as rows of codes: the same as read as one submission, and after a killed run."""

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from zlib import crc32

import pyarrow as pa
import pytest

from hub_examples import ODD, chain, jsonl, record, some
from opengrade.bulk import hubfiles, hubparts, sources
from opengrade.bulk.hub import HubRun, prepare
from opengrade.bulk.hubcolumns import Reader
from opengrade.bulk.hubparts import part_from, read_part
from opengrade.bulk.hubshapes import shapes_of
from opengrade.bulk.projecting import rows_of
from opengrade.bulk.schema import Row
from opengrade.bulk.sources import HubSource
from opengrade.derive import derive_facts
from opengrade.errors import InputError
from opengrade.hub.records import Record
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
