"""Work on untrusted input is bounded, has no network, and gives back nothing but plain records."""

import ast
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import pyoxigraph
import pytest

from opengrade import guarding, limits
from opengrade.confining import call, each
from opengrade.errors import InputError, LimitError, OpenGradeError, Place
from opengrade.graph import Literal, NamedNode, Quad
from opengrade.limits import Limits, limits_from
from opengrade.remarks import Remark
from opengrade.store import Store
from support import ROOT, run_cli

SMALL = replace(Limits(), time=2, memory=256, result=1)
PLACE = Place("input")
LOOP = 127, 0, 0, 1


def confined(work: Callable[[], object]) -> object:
    return call(work, limits=SMALL, place=PLACE)


def spin() -> None:
    while True:
        pass


def deep(depth: int = 0) -> int:
    return deep(depth + 1)


def endless_terms() -> None:
    kept = []
    while True:
        kept.append(Literal("x" * 1000))


def overflowing() -> object:
    return Store().ask("SELECT * { FILTER(" + "(" * 100_000 + "1" + ")" * 100_000 + ") }")


HARM: dict[str, tuple[Callable[[], object], str]] = {
    "sleeps": (lambda: time.sleep(60), "time"),
    "spins": (spin, "time"),
    "fills memory": (lambda: b"x" * (1 << 31), "memory"),
    "fills the memory of the RDF library": (endless_terms, "memory"),
    "recurses": (deep, "nesting"),
    "overflows the stack of the engine": (overflowing, "nesting"),
    "answers too much": (lambda: "x" * (1 << 21), "result"),
    "aborts": (os.abort, "memory"),
}


@pytest.mark.parametrize("what", HARM)
def test_work_that_does_harm_ends_within_its_time_with_the_limit_named(what: str) -> None:
    work, name = HARM[what]
    begun = time.monotonic()
    with pytest.raises(LimitError, match=f"the limit {name} was reached") as caught:
        confined(work)
    assert time.monotonic() - begun < SMALL.time + 5
    assert caught.value.limit == name
    assert caught.value.where == PLACE
    assert f"--limit {name}=" in str(caught.value)


def test_results_and_errors_come_back_as_they_are() -> None:
    quad = Quad(NamedNode("urn:s"), NamedNode("urn:p"), Literal("o", language="en"))
    said = Remark(PLACE, "r", "info", "l", "w", "y", "f")
    assert confined(lambda: (quad, {"a": frozenset({said})}, None, 1.5)) == (
        quad,
        {"a": frozenset({said})},
        None,
        1.5,
    )

    def fail() -> None:
        raise InputError("bad.", fix="Mend.", where=Place("other", 3, 4))

    with pytest.raises(InputError) as caught:
        confined(fail)
    assert str(caught.value) == "other:3:4: bad. Mend."


@pytest.mark.parametrize(
    "evil", [os.system, subprocess.Popen, Path("/etc/passwd"), OpenGradeError("x"), str.upper]
)
def test_a_result_that_is_no_plain_record_is_refused(evil: object) -> None:
    with pytest.raises(OpenGradeError, match="may not stand in a result"):
        confined(lambda: evil)


def listener() -> socket.socket:
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    return server


def asks_by_python(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=1)


def asks_by_the_system(port: int) -> None:
    """Connect without any of Python's own means."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = libc.socket(2, 1, 0)
    if number < 0:
        raise OpenGradeError("no socket is to be had")
    address = b"\x02\x00" + port.to_bytes(2, "big") + bytes(LOOP) + bytes(8)
    libc.connect(number, address, len(address))


def asks_by_the_engine(port: int) -> None:
    found = pyoxigraph.Store().query(f"SELECT * {{ SERVICE <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}")
    assert isinstance(found, pyoxigraph.QuerySolutions)
    list(found)


ASKING = (asks_by_python, asks_by_the_system, asks_by_the_engine)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux refuses the system calls")
@pytest.mark.parametrize("asks", ASKING, ids=lambda asks: asks.__name__)
def test_no_way_leads_to_the_network(asks: Callable[[int], None]) -> None:
    with listener() as server:
        port = server.getsockname()[1]
        with pytest.raises(OpenGradeError):
            call(lambda: asks(port), limits=SMALL, place=PLACE)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux refuses the system calls")
def test_the_ways_to_the_network_are_real() -> None:
    """Each way reaches the server where it is allowed, so that the test above can fail."""
    for asks in (asks_by_python, asks_by_the_system):
        with listener() as server:
            port = server.getsockname()[1]
            call(partial(asks, port), limits=SMALL, network=True)
            server.accept()[0].close()


def test_where_the_filter_is_missing_a_namespace_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "_refuse_calls", lambda: False)
    assert call(guarding.deny_network, limits=SMALL, network=True) in ("namespace", "hook")
    with pytest.raises(OpenGradeError, match="nothing is fetched"):
        call(lambda: asks_by_python(9), limits=SMALL)


def test_no_program_is_started_and_no_file_written(tmp_path: Path) -> None:
    target = tmp_path / "x"
    with pytest.raises(OpenGradeError):
        confined(lambda: target.write_text("x" * 10))
    assert not target.exists() or target.read_text() == ""
    assert confined(lambda: os.system("true")) != 0


def test_one_item_that_breaks_its_process_ends_no_other() -> None:
    def work(item: int) -> int:
        if item % 7 == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        if item % 7 == 5:
            raise InputError("odd.")
        return item * 2

    found = list(each(work, list(range(40)), limits=SMALL, place=lambda n: Place(str(n)), jobs=3))
    for number, result in enumerate(found):
        if number % 7 == 3:
            assert isinstance(result, LimitError)
            assert result.where == Place(str(number))
        elif number % 7 == 5:
            assert isinstance(result, InputError)
        else:
            assert result == number * 2


def children() -> set[int]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(text[1]) == os.getpid() and text[0] != "Z":
            found.add(int(path.parent.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_process_is_left_behind() -> None:
    before = children()
    for work, _ in HARM.values():
        with pytest.raises(OpenGradeError):
            call(work, limits=replace(SMALL, time=1))
    running = each(lambda n: n, [1, 2, 3, 4, 5, 6, 7, 8], limits=SMALL, place=lambda n: PLACE, jobs=2)
    next(running)
    running.close()
    assert children() == before


@pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel ends children with their parent on Linux only"
)
def test_the_work_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    said = tmp_path / "pid"
    code = (
        "import os, time; from pathlib import Path; from opengrade.confining import call;"
        "from opengrade.limits import Limits\n"
        f"out = os.open({str(said)!r}, os.O_WRONLY | os.O_CREAT)\n"
        "r, w = os.pipe()\n"
        "import threading\n"
        "call(lambda: time.sleep(60), limits=Limits())"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 20
    found: list[int] = []
    while not found and time.monotonic() < deadline:
        found = _all_children(parent.pid)
        time.sleep(0.05)
    assert found
    parent.kill()
    parent.wait()
    while any(Path(f"/proc/{p}").exists() for p in found) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{p}").exists() for p in found)


def _all_children(parent: int) -> list[int]:
    try:
        return [int(p) for p in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except OSError:
        return []


def test_in_a_process_with_threads_the_work_is_started_anew() -> None:
    """A fork of a process with threads can hang; there a fresh interpreter does the work."""
    code = (
        "import os, threading\n"
        "from functools import partial\n"
        "from pathlib import Path\n"
        "from opengrade import read_submission\n"
        "stop = threading.Event()\n"
        "if __name__ == '__main__':\n"
        "    thread = threading.Thread(target=stop.wait)\n"
        "    thread.start()\n"
        f"    print(len(read_submission({str(ROOT / 'catalog' / 'amber.ttl')!r}).quads))\n"
        "    stop.set()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_each_limit_has_a_name_a_default_an_option_and_a_message() -> None:
    listed = run_cli("limits").out
    assert "The network is closed to that work by: " in listed
    assert len(limits.names()) == len(fields(Limits))
    for name, default, unit, _ in limits.rows():
        assert name in listed
        assert limits_from([f"{name}=7"]) != Limits()
        said = str(Limits().reached(name, Place("a", 1)))
        assert f"a:1: the limit {name} was reached: " in said
        assert f"{default:,} {unit}" in said


@pytest.mark.parametrize(
    "text", ["time", "time=", "time=x", "time=0", "time=-1", "times=3", "=1", "time=99999999999"]
)
def test_a_setting_that_sets_no_limit_is_refused(text: str) -> None:
    done = run_cli("assess", "--limit", text)
    assert (done.code, done.out) == (2, "")
    assert "does not set a limit" in done.err


# What reads bytes of others: only these may be called in a function that `confining` runs.
PARSING = {
    "read",
    "read_submission",
    "validate",
    "read_content",
    "answer_from",
    "assess_all",
    "ask",
    "shapes_of",
}
RUN_CONFINED = {"cli.common", "cli.judging", "cli.submitting"}


def called(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            found.add(name)
    return found


@pytest.mark.parametrize(
    "path", sorted((ROOT / "src" / "opengrade" / "cli").glob("*.py")), ids=lambda p: p.stem
)
def test_the_command_line_calls_nothing_that_parses_untrusted_bytes(path: Path) -> None:
    """It names what is to be done, and `confining` does it."""
    assert not called(path) & (PARSING - {"read"})
    text = path.read_text(encoding="utf-8")
    assert "pyoxigraph" not in text
    assert "read_bytes" not in text
    assert "read_text" not in text


# The calls that read bytes or texts which somebody else wrote, and the modules that may make them: each is
# reached from the command line through `confining` only, or reads files of our own. The dictionaries of
# component tables, in `bulk.schema`, are the exception that SECURITY.md names.
READERS = {
    "pyoxigraph.parse": {"graph"},
    "yaml.parse": {"documents"},
    "yaml.safe_load": {"documents"},
    "json.loads": {"documents", "remote", "lines", "hubparts", "schema", "workplace"},
    "pyshacl.validate": {"shacl"},
    "_store.query": {"store"},
    "_store.update": {"disk", "store"},
    "pickle.loads": {"confining"},
}
HARMFUL = (
    "eval",
    "exec",
    "compile",
    "yaml.load",
    "marshal.loads",
    "pickle.load",
    "os.system",
    "subprocess.run",
)


# HermiT is a program in Java; it is handed types and relations of things that were named anew, and no text.
STARTS_PROGRAMS = {"subprocess.run": {"hermit"}}


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value).rpartition('.')[2]}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_nothing_reads_untrusted_bytes_but_the_modules_that_are_run_confined() -> None:
    source = ROOT / "src" / "opengrade"
    found: dict[str, set[str]] = {}
    for path in sorted(source.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found.setdefault(dotted(node.func), set()).add(path.stem)
    for reader, modules in READERS.items():
        assert found.get(reader, set()) <= modules, reader
    assert found["pyoxigraph.parse"] == {"graph"}
    for harmful in HARMFUL:
        assert found.get(harmful, set()) <= STARTS_PROGRAMS.get(harmful, set()), harmful
    for module in ("cli", "judging", "submitting", "common", "showing", "reading"):
        assert not {name for name, modules in found.items() if module in modules} & set(READERS)
