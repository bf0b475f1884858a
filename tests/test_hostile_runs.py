"""The hostile files and recipes run as people run them: confined, bounded, and with no request to anyone."""

import socket
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from hostile_files import Recipe, build, files, recipes
from opengrade.confining import call, each
from opengrade.dataset import answer_from
from opengrade.errors import InputError, LimitError, OpenGradeError, Place, RuleError, UsageError
from opengrade.importing import Submission, read_submission
from opengrade.limits import Limits
from opengrade.namespaces import prefixes
from opengrade.queries import read_query
from opengrade.querying import bindings, with_values
from opengrade.validating import Report, validate
from support import ROOT, TESTS, run_cli

SMALL = Limits(time=5, memory=1024, result=16)
# For what never ends, whatever time it is given.
ENDLESS = replace(SMALL, time=1)
LARGE = Limits(time=15, memory=1536, result=128)
# For what may meet a limit as well.
LARGE_OR_ENDED = replace(LARGE, time=5)
WHOLE = TESTS / "data" / "whole.ttl"
SLOW_NAME = TESTS / "data" / "slow-name.ttl"
TYPED = (InputError, LimitError, RuleError, UsageError)


def ask(path: Path) -> bool:
    """Ask a file's question of a small submission."""
    query = read_query(path)
    text = with_values(query.text, bindings(query, ()))
    answer_from([read_submission(WHOLE)], text, prefixes())
    return True


def check(path: Path) -> Report:
    return validate(SLOW_NAME, SMALL, path)


def of_kind(kind: str) -> list[Path]:
    return [each_.path for each_ in files() if each_.kind == kind]


EXPECTED = {each_.path: each_ for each_ in files()}


def limits_of(path: Path) -> Limits:
    return ENDLESS if "limit" in EXPECTED[path].detail.split("|") else SMALL


def departed(path: Path, found: object) -> str:
    """Say in what a result is not what is expected of the file, "" where it is."""
    wanted = EXPECTED[path]
    said = str(found) if isinstance(found, OpenGradeError) else ""
    if isinstance(found, Report) and not found.conforms:
        said = " ".join(each_.what for each_ in found.remarks if each_.severity == "violation")
    if wanted.outcome == "refused":
        typed = isinstance(found, (Report, *TYPED))
        return (
            ""
            if typed and any(word in said.lower() for word in wanted.detail.split("|"))
            else said or "taken"
        )
    return said


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "work"), [("query", ask), ("shapes", check)])
def test_queries_and_shapes_end_as_expected(kind: str, work: Callable[[Path], object]) -> None:
    paths = of_kind(kind)
    assert len(paths) > 20
    wrong: dict[str, str] = {}
    for limits in (SMALL, ENDLESS):
        chosen = [path for path in paths if limits_of(path) == limits]
        found = each(work, chosen, limits=limits, place=lambda path: Place(str(path)))
        wrong |= {path.name: departed(path, result) for path, result in zip(chosen, found, strict=True)}
    assert wrong.keys() == {path.name for path in paths}
    assert not {name: what for name, what in wrong.items() if what}


ENDS: dict[str, Callable[[Path], object]] = {".rq": ask, ".shapes.ttl": check}


def run_recipe(recipe: Recipe, folder: Path) -> object:
    path = build(recipe, folder)
    limits = LARGE_OR_ENDED if "limit" in recipe.detail.split("|") else LARGE
    try:
        work = partial(ENDS.get(recipe.suffix, read_submission), path)
        return call(work, limits=limits, place=Place(str(path)))
    except OpenGradeError as error:
        return error
    finally:
        path.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.name + recipe.suffix)
def test_large_files_end_within_their_limits(recipe: Recipe, tmp_path: Path) -> None:
    begun = time.monotonic()
    found = run_recipe(recipe, tmp_path)
    assert time.monotonic() - begun < LARGE.time + 15
    if recipe.outcome == "refused":
        assert isinstance(found, TYPED), found
        assert any(word in str(found).lower() for word in recipe.detail.split("|")), str(found)
    else:
        assert isinstance(found, (*TYPED, Submission, Report, bool)), found
    if isinstance(found, LimitError):
        assert "the limit " in str(found)


@pytest.mark.slow
def test_a_server_on_this_machine_is_never_asked(tmp_path: Path) -> None:
    """Every file that names an address names the server's; a connection would wait in its queue."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        copies: dict[tuple[Callable[[Path], object], Limits], list[Path]] = {}
        for each_ in files():
            data = each_.path.read_bytes()
            moved = data.replace(b"127.0.0.1:9/", f"127.0.0.1:{port}/".encode())
            moved = moved.replace(b"127.0.0.1:9>", f"127.0.0.1:{port}>".encode())
            if moved != data:
                path = tmp_path / each_.path.name
                path.write_bytes(moved)
                work = ENDS.get("".join(path.suffixes[-2:]), ENDS.get(path.suffix, read_submission))
                copies.setdefault((work, limits_of(each_.path)), []).append(path)
        assert sum(map(len, copies.values())) > 30
        for (work, limits), paths in copies.items():
            list(each(work, paths, limits=limits, place=lambda p: Place(str(p))))
        with pytest.raises(BlockingIOError):
            server.accept()
        socket.create_connection(("127.0.0.1", port)).close()
        server.accept()[0].close()  # the server was there all the time


@pytest.mark.slow
def test_the_whole_folder_is_told_in_lines_and_never_in_a_traceback() -> None:
    done = run_cli("validate", ROOT / "tests" / "hostile", "--limit", "time=3")
    assert done.code in {3, 4}
    assert "Traceback" not in done.out + done.err
    assert "internal error" not in done.out + done.err
    assert not any(character in done.out for character in "\x1b\x07\x08\u202e\u2066")
