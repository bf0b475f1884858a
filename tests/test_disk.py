"""A store on disk is what it was before a change or after it, whoever is killed, waits or breaks it."""

import fcntl
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from archive_writer import VERSIONS, version
from opengrade.archive import accept, accepted, listed
from opengrade.confining import call
from opengrade.disk import DATA, LOCK, MARKER, StoreBusyError, reading, writing
from opengrade.errors import InputError, OpenGradeError
from opengrade.graph import Literal, NamedNode, Quad
from opengrade.limits import Limits
from opengrade.namespaces import term
from support import TESTS, run_cli

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def put(folder: Path, number: int, model: str = "m", wait: float = 1) -> None:
    accept(folder, version(number, model=model), at=NOON, versions=VERSIONS, wait=wait)


def writer(folder: Path, model: str, most: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(TESTS / "archive_writer.py"), str(folder), model, str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def number_kept(folder: Path) -> int:
    """Return which version a store holds: all of it, and provenance that says the same."""
    (kept,), (record,) = accepted(folder), listed(folder)
    number = int(kept.digest)
    assert set(kept.quads) == set(version(number).quads)
    assert (record.source, record.digest) == (f"{number}.ttl", kept.digest)
    assert record.revises == (None if number == 1 else f"{record.graph}/{number - 1}")
    return number


@pytest.mark.slow
def test_a_writer_that_is_killed_leaves_the_old_version_or_the_new(tmp_path: Path) -> None:
    choice = random.Random(1)
    put(tmp_path / "base", 1)
    for _ in range(30):
        folder = tmp_path / "killed"
        shutil.copytree(tmp_path / "base", folder)
        process = writer(folder, "m", 0)
        assert process.stdout is not None
        process.stdout.read(choice.randrange(1, 5))
        time.sleep(choice.random() / 20)
        process.kill()
        said, error = process.communicate()
        assert (process.returncode, error) == (-9, b"")
        assert number_kept(folder) >= 1 + said.count(b"w") - said.count(b"w")
        put(folder, 100)  # and it can be written to again
        shutil.rmtree(folder)


@pytest.mark.slow
def test_a_store_whose_making_was_broken_off_can_still_be_made(tmp_path: Path) -> None:
    choice = random.Random(2)
    found: Counter[str] = Counter()
    for number in range(10):
        folder = tmp_path / str(number)
        process = writer(folder, "m", 1)
        assert process.stdout is not None
        process.stdout.read(1)
        time.sleep(choice.random() / 10)
        process.kill()
        process.communicate()
        found["made" if (folder / MARKER).exists() else "broken off"] += 1
        put(folder, 1)
        assert number_kept(folder) == 1
    assert found.total() == 10


@pytest.mark.slow
def test_eight_processes_at_once_all_write_or_hear_that_the_store_is_busy(tmp_path: Path) -> None:
    processes = [writer(tmp_path, f"m{number}", 3) for number in range(8)]
    for number, process in enumerate(processes):
        out, error = process.communicate(timeout=120)
        assert error == b""
        assert len(out) == 4
        kept = [each for each in accepted(tmp_path) if each.source.endswith(f"/m{number}")]
        last = out.rfind(b"w")
        assert [int(each.digest) for each in kept] == ([last] if last > 0 else [])
        for each in kept:
            assert set(each.quads) == set(version(last, model=f"m{number}").quads)


@contextmanager
def locked(folder: Path, kind: int) -> Iterator[None]:
    with (folder / LOCK).open("r+") as file:
        fcntl.flock(file, kind)
        yield


def test_who_waits_in_vain_hears_that_the_store_is_busy(tmp_path: Path) -> None:
    put(tmp_path, 1)
    with locked(tmp_path, fcntl.LOCK_SH):
        with pytest.raises(StoreBusyError, match="busy") as caught:
            put(tmp_path, 2, wait=0.1)
        with reading(tmp_path, wait=0.1) as store:
            assert store.names()
    assert caught.value.exit_code == 4
    with locked(tmp_path, fcntl.LOCK_EX), pytest.raises(StoreBusyError), reading(tmp_path, wait=0.1):
        pass
    put(tmp_path, 2, wait=0.1)
    assert number_kept(tmp_path) == 2


def test_another_program_that_has_the_data_makes_it_busy_too(tmp_path: Path) -> None:
    put(tmp_path, 1)
    code = f"import pyoxigraph, sys; s = pyoxigraph.Store({str(tmp_path / DATA)!r})"
    code += "; print(1, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(StoreBusyError):
            put(tmp_path, 2, wait=0.1)
        other.kill()
    put(tmp_path, 2)


def test_a_busy_store_is_one_line_on_the_command_line(tmp_path: Path) -> None:
    put(tmp_path, 1)
    with locked(tmp_path, fcntl.LOCK_EX):
        done = run_cli("accept", "--list", "--store", tmp_path)
    assert (done.code, done.out, len(done.err.splitlines())) == (4, "", 1)
    assert "busy" in done.err


def test_a_store_is_read_in_a_confined_process_after_it_was_written_here(tmp_path: Path) -> None:
    put(tmp_path, 1)
    kept = call(partial(accepted, tmp_path), limits=Limits(time=20))
    assert [each.digest for each in kept] == [version(1).digest]


def test_a_change_is_whole_or_not_at_all(tmp_path: Path) -> None:
    graph, other = NamedNode("urn:g"), NamedNode("urn:h")
    quad = Quad(graph, term("ogr:name"), Literal("x"))
    with writing(tmp_path) as store:
        store.change(add={graph: [quad]})
        with pytest.raises(SyntaxError):
            store.change(drop=[graph], add={other: [quad], cast(NamedNode, _Broken("urn:x")): [quad]})
        assert store.names() == (graph,)
        store.change(drop=[graph], add={other: [quad]})
        assert store.names() == (other,)


class _Broken:
    """A name that is not written as one."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return f"<{self.text}"


def mark(text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / MARKER).write_text(text, encoding="utf-8")


def every(pattern: str, change: Callable[[Path], object]) -> Callable[[Path], object]:
    def act(folder: Path) -> None:
        for path in list((folder / DATA).glob(pattern)):
            change(path)

    return act


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0x55
    path.write_bytes(data)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no mark": (lambda folder: (folder / MARKER).unlink(), "no store"),
    "a newer format": (mark("OpenGrade store, format 2\n"), "Use a newer OpenGrade"),
    "another mark": (mark("OpenGrade"), "damaged"),
    "no text as a mark": (lambda folder: (folder / MARKER).write_bytes(b"\xff"), "damaged"),
    "no data": (lambda folder: shutil.rmtree(folder / DATA), "damaged"),
    "no current": (every("CURRENT", Path.unlink), "damaged"),
    "no tables": (every("*.sst", Path.unlink), "damaged"),
    "cut tables": (every("*.sst", lambda path: os.truncate(path, 100)), "damaged"),
    "flipped tables": (every("*.sst", flipped), "damaged"),
    "flipped manifest": (every("MANIFEST-*", flipped), "damaged"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_what_is_damaged_or_no_store_is_told_and_nothing_wrong_is_read(what: str, tmp_path: Path) -> None:
    put(tmp_path / "s", 1)
    put(tmp_path / "s", 1, model="n")
    change, words = DAMAGE[what]
    change(tmp_path / "s")
    before = sorted(path.name for path in (tmp_path / "s").iterdir())
    for act in (
        partial(accepted, tmp_path / "s"),
        partial(listed, tmp_path / "s"),
        partial(put, tmp_path / "s", 2),
    ):
        with pytest.raises(InputError, match=words) as caught:
            act()
        assert str(caught.value).startswith(str(tmp_path / "s"))
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == before
    done = run_cli("assess", "--store", tmp_path / "s")
    assert (done.code, done.out) == (3, "")
    assert "Traceback" not in done.err


@pytest.mark.slow
def test_whatever_byte_is_wrong_what_is_read_is_right_or_not_read(tmp_path: Path) -> None:
    put(tmp_path / "s", 1)
    put(tmp_path / "s", 2)
    choice = random.Random(3)
    files = [path for path in sorted((tmp_path / "s").rglob("*")) if path.is_file() and path.stat().st_size]
    wanted = set(version(2).quads)
    for _ in range(100):
        path = choice.choice(files)
        data = path.read_bytes()
        wrong = bytearray(data)
        wrong[choice.randrange(len(data))] ^= 1 << choice.randrange(8)
        path.write_bytes(wrong if choice.random() < 0.7 else wrong[: choice.randrange(len(wrong))])
        try:
            (kept,) = accepted(tmp_path / "s")
            assert set(kept.quads) == wanted
        except OpenGradeError as error:
            assert isinstance(error, InputError)
        path.write_bytes(data)


def test_statements_that_were_put_in_behind_our_back_are_noticed(tmp_path: Path) -> None:
    put(tmp_path, 1)
    (record,) = listed(tmp_path)
    quad = Quad(NamedNode("https://example.org/m"), term("ogr:name"), Literal("another"))
    with writing(tmp_path) as store:
        store.change(add={NamedNode(record.graph): [quad]})
    with pytest.raises(InputError, match="not what was accepted"):
        accepted(tmp_path)
    with writing(tmp_path) as store:
        store.change(add={NamedNode("urn:other"): [quad]})
    with pytest.raises(InputError, match="not those that were accepted"):
        listed(tmp_path)


def test_reading_changes_no_file(tmp_path: Path) -> None:
    put(tmp_path, 1)
    state = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert number_kept(tmp_path) == 1
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == state


def test_a_folder_with_files_of_others_is_left_alone(tmp_path: Path) -> None:
    for name in ("photo.jpg", DATA + "2"):
        (tmp_path / name).write_text("x")
        with pytest.raises(InputError, match="no store"):
            put(tmp_path, 1)
        assert [path.name for path in tmp_path.iterdir()] == [name]
        (tmp_path / name).unlink()
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError):
            put(path, 1)
        with pytest.raises(InputError):
            listed(path)


def test_many_versions_leave_little_behind(tmp_path: Path) -> None:
    for number in range(1, 21):
        put(tmp_path, number)
    assert number_kept(tmp_path) == 20
    assert len(list((tmp_path / DATA).iterdir())) < 60
