"""A run over a table that is killed and started again gives the files of one that nothing disturbed."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from opengrade.bulk import running
from opengrade.bulk.engines import connected
from opengrade.bulk.files import open_table
from opengrade.bulk.results import verdicts_path
from opengrade.bulk.sorting import Sorted
from opengrade.bulk.workplace import rules_key, workplace
from opengrade.errors import UsageError
from opengrade.loading import framework
from support import TESTS
from table_examples import catalog, written

CHILD = TESTS / "grading_child.py"


def start(table: Path, out: Path, *, version: str = "1", last: int = -1) -> "subprocess.Popen[str]":
    command = [sys.executable, CHILD, table, out, version, str(last)]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)


def grade(table: Path, out: Path, *, version: str = "1", last: int = -1) -> int:
    child = start(table, out, version=version, last=last)
    child.communicate(timeout=100)
    return child.returncode


def results(out: Path) -> tuple[bytes, bytes]:
    return out.read_bytes(), verdicts_path(out).read_bytes()


def parts(out: Path) -> Path:
    return out.with_name(f"{out.name}.parts")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("table") / "models.parquet", catalog())


@pytest.fixture(scope="module")
def undisturbed(table: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    out = tmp_path_factory.mktemp("undisturbed") / "r.parquet"
    assert grade(table, out) == 0
    assert not parts(out).exists()
    return results(out)


@pytest.mark.slow
def test_killed_after_parts_it_goes_on(table: Path, tmp_path: Path, undisturbed: tuple[bytes, bytes]) -> None:
    out = tmp_path / "r.parquet"
    for last in (3, 9, len(catalog())):
        assert grade(table, out, last=last) == -signal.SIGKILL
        assert not out.exists() and parts(out).is_dir()
        done = sorted(parts(out).glob("part-*.kinds.parquet"))
        assert len(done) == -(-last // 3)
        made = [each.stat().st_mtime_ns for each in done]
    assert grade(table, out, last=-1) == 0
    assert made and results(out) == undisturbed
    assert not parts(out).exists()


@pytest.mark.slow
def test_what_is_done_is_not_done_again(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.parquet"
    grade(table, out, last=6)
    first = {each: each.stat().st_mtime_ns for each in parts(out).glob("part-*")}
    assert len(first) >= 6
    grade(table, out, last=9)
    assert {each: each.stat().st_mtime_ns for each in first} == first


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _overwrite(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[20:40] = bytes(20)
    path.write_bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *(("part-*.kinds.parquet", each) for each in (_cut, _overwrite)),
        *(("part-*.rows.parquet", each) for each in (_cut, _overwrite, Path.unlink)),
        *(("opengrade-run.json", each) for each in (_cut, _overwrite)),
    ],
)
def test_what_is_damaged_is_done_again(
    table: Path,
    tmp_path: Path,
    undisturbed: tuple[bytes, bytes],
    name: str,
    damage: Callable[[Path], None],
) -> None:
    out = tmp_path / "r.parquet"
    grade(table, out, last=6)
    damage(sorted(parts(out).glob(name))[0])
    assert grade(table, out) == 0
    assert results(out) == undisturbed


def test_no_byte_of_what_is_kept_can_change_what_was_found(tmp_path: Path) -> None:
    numbers = np.arange(500, dtype=np.int32) * 7919 % 1009
    empty = pa.table({"n": pa.array([], pa.int32())})
    running._keep(Sorted(numbers, empty, empty), tmp_path / "part")
    (file,) = tmp_path.glob("*.kinds.parquet")
    data = file.read_bytes()
    refused = 0
    for place in range(0, len(data), 7):
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        found = running._kept(tmp_path / "part")
        refused += found is None
        assert found is None or found.kind.tolist() == numbers.tolist(), place
    assert refused > 100


@pytest.mark.parametrize("what", ["keeping", "telling"])
def test_what_fails_beside_the_sorting_ends_the_run(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def fails(*_: object) -> None:
        raise OSError("no space left")

    if what == "keeping":
        monkeypatch.setattr(running, "_keep", fails)
    told = fails if what == "telling" else lambda _: None
    out, rules = tmp_path / "r.parquet", [framework("mof-1.0")]
    with (
        pytest.raises(OSError, match="no space left"),
        connected("duckdb") as engine,
        workplace(out, [table], rules="") as folder,
    ):
        running.run(open_table(table), rules, engine, out, folder, versions={}, told=told)
    assert not out.exists() and parts(out).is_dir()


def test_other_rules_have_another_key(tmp_path: Path) -> None:
    one, other, again = (tmp_path / f"{name}.ttl" for name in ("one", "other", "again"))
    for path, text in ((one, "a"), (other, "b"), (again, "a")):
        path.write_text(text)
    keys = [
        rules_key(files, versions)
        for versions in ({"rules": "1"}, {"rules": "2"})
        for files in ({"x": one}, {"x": other}, {"y": one}, {"x": one, "y": other}, {"x": other, "y": one})
    ]
    assert len(set(keys)) == len(keys)
    assert rules_key({"x": again}, {"rules": "1"}) == keys[0]


@pytest.mark.slow
@pytest.mark.parametrize("wait", [0.0, 0.02, 0.05])
def test_killed_at_any_moment_it_goes_on(
    table: Path, tmp_path: Path, undisturbed: tuple[bytes, bytes], wait: float
) -> None:
    out = tmp_path / "r.parquet"
    child = start(table, out)
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(wait)
    child.kill()
    child.communicate()
    assert grade(table, out) == 0
    assert results(out) == undisturbed


@pytest.mark.slow
def test_another_input_or_other_rules_begin_anew(
    table: Path, tmp_path: Path, undisturbed: tuple[bytes, bytes]
) -> None:
    out, changing = tmp_path / "r.parquet", tmp_path / "models.parquet"
    written(changing, catalog()[:12])
    assert grade(changing, out, last=6) == -signal.SIGKILL
    changing.write_bytes(table.read_bytes())
    assert grade(changing, out, last=3) == -signal.SIGKILL
    assert len(list(parts(out).glob("part-*.kinds.parquet"))) == 1
    assert grade(changing, out, last=9, version="2") == -signal.SIGKILL
    assert grade(changing, out) == 0
    assert results(out) == undisturbed


def test_a_second_run_at_once_is_refused(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.parquet"
    with (
        workplace(out, [table], rules="1") as folder,
        pytest.raises(UsageError, match="another run is at work") as error,
        workplace(out, [table], rules="1"),
    ):
        pass
    assert str(folder) in str(error.value) and error.value.exit_code == 2


def test_a_folder_with_something_else_is_left_alone(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.parquet"
    parts(out).mkdir()
    kept = parts(out) / "thesis.txt"
    kept.write_text("years of work")
    with (
        pytest.raises(UsageError, match=r"holds something else.*Remove it, or give another --out"),
        workplace(out, [table], rules="1"),
    ):
        pass
    assert kept.read_text() == "years of work"
    assert list(parts(out).iterdir()) == [kept]


def test_a_file_in_the_place_of_the_folder_is_left_alone(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.parquet"
    parts(out).write_text("a file")
    with pytest.raises(UsageError, match="holds something else"), workplace(out, [table], rules="1"):
        pass
    assert parts(out).read_text() == "a file"


def test_results_do_not_take_the_place_of_the_input(table: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.parquet"
    link.symlink_to(table)
    before = table.read_bytes()
    for out in (table, table.parent / "." / table.name, link):
        with (
            pytest.raises(UsageError, match="take the place of the input"),
            workplace(out, [table], rules="1"),
        ):
            pass
    assert table.read_bytes() == before and not parts(table).exists()


def test_a_place_that_cannot_be_written_is_told(table: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "r.parquet"
    with pytest.raises(UsageError, match="cannot be written there"), workplace(out, [table], rules="1"):
        pass
