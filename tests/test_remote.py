"""A remote endpoint answers, or what came back instead is said clearly."""

import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from opengrade import querying
from opengrade.dataset import build, read_catalog
from opengrade.errors import ServiceError, UsageError
from opengrade.queries import questions
from opengrade.remote import ask
from opengrade.store import Store, Table
from support import TESTS, run_cli

SELECT = "SELECT ?s WHERE { ?s ?p ?o } ORDER BY ?s LIMIT 3"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Store]]:
    """Serve the whole graph at a real endpoint, and give the local store to compare with."""
    store, _ = build(read_catalog())
    path = tmp_path_factory.mktemp("served") / "graph.ttl"
    path.write_text("".join(f"{quad.triple} .\n" for quad in store), encoding="utf-8")
    command = [sys.executable, str(TESTS / "serving.py"), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = f"http://127.0.0.1:{int(server.stdout.readline())}/sparql"
            _wait_for(address)
            yield address, store
        finally:
            server.terminate()


def _wait_for(address: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(f"{address}?query=ASK%20%7B%7D", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    pytest.fail("the endpoint does not answer")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["models-by-license-of-weights", "mof-1.0-class-iii", "missing-for-grade"])
def test_an_endpoint_that_holds_the_graph_gives_the_same_answer(
    name: str, endpoint: tuple[str, Store]
) -> None:
    address, store = endpoint
    query = questions()[name]
    text = querying.with_values(query.text, querying.bindings(query, []))
    remote, local = ask(address, text, seconds=60), store.ask(text)
    assert isinstance(remote, Table)
    assert isinstance(local, Table)
    assert remote.variables == local.variables
    assert sorted(remote.rows, key=str) == sorted(local.rows, key=str)
    assert local.rows


@pytest.mark.slow
def test_yes_or_no_and_graphs(endpoint: tuple[str, Store]) -> None:
    address, store = endpoint
    assert ask(address, "ASK { ?s ?p ?o }", seconds=30) is True
    text = (
        "PREFIX ogr: <https://w3id.org/opengrade/ns#> CONSTRUCT { ?m ogr:name ?n } WHERE { ?m ogr:name ?n }"
    )
    remote, local = ask(address, text, seconds=30), store.ask(text)
    assert isinstance(remote, tuple)
    assert isinstance(local, tuple)
    assert {str(t) for t in remote} == {str(t) for t in local}


@pytest.mark.slow
def test_the_command_line_asks_the_endpoint(endpoint: tuple[str, Store]) -> None:
    address, _ = endpoint
    done = run_cli("query", "mof-1.0-class-i", "--endpoint", address, "--format", "csv")
    assert (done.code, done.err) == (0, "")
    assert "https://w3id.org/opengrade/id/model/amber,Amber" in done.out
    typed = "SELECT ?n WHERE { ?m a ogr:Model ; ogr:name ?n } ORDER BY ?n LIMIT 1"
    for text in (typed, f"PREFIX ogr: <https://w3id.org/opengrade/ns#>\n{typed}"):
        done = run_cli("query", "-e", text, "--endpoint", address)
        assert (done.out.split(), done.err) == (["n", "Amber"], "")
    wrong = run_cli("query", "-e", "SELECT * WHERE {", "--endpoint", address)
    assert wrong.code in (2, 4)
    assert len(wrong.err.splitlines()) == 1


JSON = "application/sparql-results+json"
BODIES: dict[str, tuple[int, str, bytes]] = {
    "/html": (200, "text/html; charset=utf-8", b"<html><body>Welcome</body></html>"),
    "/text": (200, "text/plain", b"hello"),
    "/none": (200, "", b""),
    "/missing": (404, "text/html", b"<h1>Not Found</h1>"),
    "/forbidden": (403, "text/plain", b"no"),
    "/broken": (500, "text/html", b"<h1>Internal Server Error</h1>"),
    "/busy": (503, "text/html", b"later"),
    "/cut-json": (200, JSON, b'{"head": {"vars": ["s"]}, "results": {"bindings": [{"s": {"ty'),
    "/other-json": (200, JSON, b'{"error": "quota"}'),
    "/odd-json": (200, JSON, b"[1, 2]"),
    "/bad-iri": (
        200,
        JSON,
        b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"uri","value":"no iri"}}]}}',
    ),
    "/short-turtle": (200, "text/turtle", b"<http://a/> <http://b/> <http://c/> .\n"),
    "/good": (
        200,
        JSON,
        b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"literal","value":"x"}},{}]}}',
    ),
}


class Odd(BaseHTTPRequestHandler):
    """Answers each path with what BODIES holds, or breaks off, or keeps silent."""

    seen: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append(self.path)
        if self.path == "/slow":
            time.sleep(3)
            return
        status, content_type, body = BODIES.get(self.path, (200, JSON, b'{"head": {'))
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body) + (100 if self.path.startswith("/short") else 0)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def odd() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/html", "an HTML page"),
        ("/text", "text/plain"),
        ("/none", "unknown"),
        ("/missing", "404"),
        ("/forbidden", "403"),
        ("/broken", "500"),
        ("/busy", "503"),
        ("/cut-json", "cut off"),
        ("/other-json", "not that of a SPARQL query"),
        ("/odd-json", "not that of a SPARQL query"),
        ("/bad-iri", "not that of a SPARQL query"),
        ("/short", "broke off"),
        ("/slow", "within 1 seconds"),
    ],
)
def test_what_is_no_answer_is_said_clearly(path: str, words: str, odd: str) -> None:
    with pytest.raises(ServiceError) as caught:
        ask(odd + path, SELECT, seconds=1)
    line = str(caught.value)
    assert words in line
    assert odd + path in line
    assert "\n" not in line
    assert len(line) < 400


def test_a_graph_is_not_taken_from_a_page(odd: str) -> None:
    with pytest.raises(ServiceError, match="an HTML page"):
        ask(odd + "/html", "CONSTRUCT WHERE { ?s ?p ?o }", seconds=1)


def test_a_cut_off_graph_is_not_taken_for_whole(odd: str) -> None:
    with pytest.raises(ServiceError, match="broke off after 38 of 138 bytes"):
        ask(odd + "/short-turtle", "CONSTRUCT WHERE { ?s ?p ?o }", seconds=1)


def test_unbound_cells_stay_empty(odd: str) -> None:
    answer = ask(odd + "/good", SELECT, seconds=1)
    assert isinstance(answer, Table)
    assert [[str(cell) for cell in row] for row in answer.rows] == [['"x"'], ["None"]]


def test_an_endpoint_that_is_not_there(odd: str, tmp_path: Path) -> None:
    port = odd.rpartition(":")[2]
    gone = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    gone.server_close()
    assert str(gone.server_port) != port
    with pytest.raises(ServiceError, match="cannot be reached"):
        ask(f"http://127.0.0.1:{gone.server_port}/", SELECT, seconds=1)


@pytest.mark.parametrize("address", ["file:///etc/hosts", "ftp://example.org/", "example.org"])
def test_only_http_is_asked(address: str) -> None:
    with pytest.raises(UsageError, match="not an http or https address"):
        ask(address, SELECT, seconds=1)


def test_updates_are_not_sent(odd: str) -> None:
    before = len(Odd.seen)
    with pytest.raises(UsageError, match="read"):
        ask(odd + "/good", "DELETE WHERE { ?s ?p ?o }", seconds=1)
    assert len(Odd.seen) == before


def test_the_command_line_ends_with_four(odd: str) -> None:
    done = run_cli("query", "-e", SELECT, "--endpoint", odd + "/html")
    assert done.code == 4
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
