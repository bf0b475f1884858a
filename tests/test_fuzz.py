"""Whatever a file holds, each reader ends with a result or one of our own errors.

Seeds lie in `tests/fuzz/`; they are cut, doubled, joined and sprinkled with tokens that parsers care about.
The run in the pipeline is short; `make fuzz` runs long. A finding is kept as a file in `tests/fuzz/`, or in
`tests/hostile/`.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opengrade.boundary import objection
from opengrade.derive import derive_facts
from opengrade.documents import detect
from opengrade.errors import OpenGradeError
from opengrade.graph import parse
from opengrade.importing import Reading, read, sifted
from opengrade.licenses import license_index
from opengrade.limits import Limits, limits_from
from opengrade.queries import read_query
from opengrade.querying import with_values
from opengrade.remarks import rule_quads
from opengrade.shacl import Shapes
from opengrade.store import Store
from support import TESTS

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
SEEDS = sorted((TESTS / "fuzz").iterdir())
LIMITS = Limits(file_size=1, nesting=30, values=2000, statements=2000, literal=4096)
TOKENS = (
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r\n", b"\x1b[31m", "\u202e".encode()),
    *(
        b'"',
        b"'",
        b'"""',
        b"\\",
        b"\\u0000",
        b"\\uD800",
        b"\\U0010FFFF",
        b"%",
        b"%00",
        b"<",
        b">",
        b"<<",
        b"{|",
    ),
    *(
        b"[",
        b"]",
        b"{",
        b"}",
        b"(",
        b")",
        b"- ",
        b": ",
        b"? ",
        b"&a ",
        b"*a",
        b"<<: *a",
        b"!!python/object:os ",
        b"|",
    ),
    *(
        b"@prefix",
        b"@base",
        b"PREFIX",
        b"GRAPH",
        b"a",
        b";",
        b",",
        b".",
        b"_:",
        b"^^",
        b"@en",
        b"#",
        b"1e999999",
    ),
    *(b'"@context"', b'"@id"', b'"@type"', b'"@graph"', b'"@reverse"', b'"@list"', b'"@value"', b'"@import"'),
    *(
        b"SERVICE",
        b"\\u0053ERVICE",
        b"FROM",
        b"LOAD",
        b"*",
        b"+",
        b"/",
        b"^",
        b"?x",
        b"$",
        b"---",
        b"...",
        b"~",
    ),
)


def mutated() -> st.SearchStrategy[bytes]:
    seeds = [path.read_bytes() for path in SEEDS]
    place = st.floats(0, 1)
    change = st.one_of(
        st.tuples(st.just("insert"), place, st.sampled_from(TOKENS)),
        st.tuples(st.just("cut"), place, place),
        st.tuples(st.just("double"), place, place),
        st.tuples(st.just("byte"), place, st.integers(0, 255)),
        st.tuples(st.just("join"), place, st.sampled_from(seeds)),
    )
    return st.builds(_apply, st.sampled_from(seeds), st.lists(change, max_size=8))


def _apply(data: bytes, changes: list[tuple[str, float, object]]) -> bytes:
    for kind, where, what in changes:
        at = int(where * len(data))
        if isinstance(what, bytes):
            data = (
                data[:at] + what + data[at:]
                if kind == "insert"
                else data[:at] + what[at % max(1, len(what)) :]
            )
        elif kind == "byte" and data and isinstance(what, int):
            data = data[:at] + bytes([what]) + data[at + 1 :]
        elif isinstance(what, float):
            low, high = sorted((at, int(what * len(data))))
            data = (
                data[:low] + data[high:] if kind == "cut" else data[:high] + data[low:high] * 3 + data[high:]
            )
    return data[:100_000]


fuzzed = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=EXAMPLES <= 60
)


def ends_well(work: Callable[[], object]) -> object:
    try:
        return work()
    except OpenGradeError as error:
        assert str(error)
        assert "Traceback" not in str(error)
        return None


@pytest.mark.parametrize("suffix", [".ttl", ".trig", ".nt", ".nq", ".jsonld", ".yml", ".json", ""])
def test_reading_a_file_ends_well(suffix: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("fuzz") / f"input{suffix}"

    @given(mutated())
    @fuzzed
    def check(data: bytes) -> None:
        path.write_bytes(data)
        reading = ends_well(lambda: read(path, LIMITS))
        if isinstance(reading, Reading):
            submission = sifted(reading)
            for quad in reading.quads:
                place = reading.place(quad)
                assert place.line is None or 1 <= place.line <= data.count(b"\n") + 1
                if quad in submission.quads:
                    assert objection(quad) is None
            derive_facts(submission.quads, source="x")

    check()


@given(mutated())
@fuzzed
def test_telling_formats_apart_ends_well(data: bytes) -> None:
    ends_well(lambda: detect(data, "unnamed"))


@given(mutated())
@fuzzed
def test_questions_end_well(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "question.rq"
    path.write_bytes(data)
    ends_well(lambda: read_query(path).parameters)
    text = data.decode("utf-8", "replace")
    ends_well(lambda: Store().ask(with_values(text, {})))


@given(mutated())
@fuzzed
def test_shapes_end_well(data: bytes) -> None:
    ends_well(lambda: Shapes.read(parse(data, syntax="turtle", path="x", limits=LIMITS), "x"))


TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["MIT", "GPL-2.0", "+", "OR", "and", "WITH", "(", ")", "http://", "spdx.org/licenses/", "-", " "]
        ),
        max_size=40,
    ).map("".join),
)


@given(TEXTS)
@fuzzed
def test_license_texts_end_well(text: str) -> None:
    resolution = license_index().resolve(text)
    assert resolution.state.value.rpartition("#")[2] in ("KnownLicense", "UnknownLicense", "NoLicense")


@given(st.text(max_size=30))
@fuzzed
def test_settings_of_limits_end_well(text: str) -> None:
    ends_well(lambda: limits_from([text]))


def test_the_seeds_are_read_as_what_they_are() -> None:
    """Mutations of what no reader accepts would only try the first lines of the readers."""
    for path in SEEDS:
        if path.suffix != ".rq" and not path.name.endswith(".shapes.ttl"):
            assert read(path).quads, path
    assert Shapes.read(rule_quads(), "shapes")
    assert Path(SEEDS[0]).parent.name == "fuzz"
