"""What is accepted is kept whole, under its own name, with where it came from; and nothing else gets in."""

import json
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive_writer import VERSIONS, version
from opengrade.archive import PROVENANCE, Acceptance, RefusedError, accept, accepted, graph_of, listed
from opengrade.disk import reading
from opengrade.errors import UsageError
from opengrade.graph import BlankNode, Literal, NamedNode, Quad, skolemize
from opengrade.importing import Submission
from opengrade.namespaces import prefixes, term
from opengrade.resources import data_root
from support import TESTS, run_cli

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOME = "https://w3id.org/opengrade/graph/"


def submission(
    *models: str, more: tuple[Quad, ...] = (), digest: str = "d", source: str = "a.ttl"
) -> Submission:
    """Return a submission that describes models, called by letters."""
    quads = [Quad(node(each), term("rdf:type"), term("ogr:Model")) for each in models]
    return Submission(source, (*quads, *more), digest=digest)


def node(name: str) -> NamedNode:
    return NamedNode(f"https://example.org/{name}")


def put(folder: Path, given_: Submission, name: str | None = None) -> Acceptance:
    return accept(folder, given_, at=NOON, versions=VERSIONS, name=name, wait=1)


def names(folder: Path) -> list[str]:
    return [each.name for each in listed(folder)]


def test_a_submission_is_kept_as_a_graph_of_its_own_and_nothing_else(tmp_path: Path) -> None:
    one, other = version(1, model="a"), version(2, model="b")
    put(tmp_path / "new" / "store", one)
    put(tmp_path / "new" / "store", other)
    found = accepted(tmp_path / "new" / "store")
    assert [each.source for each in found] == ["https://example.org/a", "https://example.org/b"]
    assert [set(each.quads) for each in found] == [set(one.quads), set(other.quads)]
    assert [each.digest for each in found] == [one.digest, other.digest]
    with reading(tmp_path / "new" / "store") as store:
        graphs = {graph_of("https://example.org/a"), graph_of("https://example.org/b"), PROVENANCE}
        assert set(store.names()) == graphs
        assert PROVENANCE.value == HOME + "provenance"
        assert re.fullmatch(HOME + "submission/[0-9a-f]{16}", graph_of("x").value)
        assert {quad.graph_name for quad in store.quads()} == graphs


def test_provenance_says_where_each_version_came_from(tmp_path: Path) -> None:
    put(tmp_path, version(1))
    put(tmp_path, version(2))
    put(tmp_path, version(3))
    graph = graph_of("https://example.org/m")
    with reading(tmp_path) as store:
        quads = store.quads(graph=PROVENANCE)
        said = {q.predicate.value: q.object for q in store.quads(graph, graph=PROVENANCE)}
    texts = {name: getattr(said[term(name).value], "value", None) for name in NAMES}
    assert texts.pop("ogr:statementsDigest") != texts["ogr:fileDigest"]
    assert texts == {
        "dcterms:identifier": "https://example.org/m",
        "dcterms:source": "3.ttl",
        "ogr:channel": "local file",
        "ogr:fileDigest": f"{3:064}",
        "ogr:ignoredClaimCount": "0",
        "ogr:programVersion": "0",
        "ogr:rulesVersion": "r",
        "prov:generatedAtTime": "2026-11-25T12:00:00Z",
        "prov:wasRevisionOf": f"{graph.value}/2",
        "rdf:type": prefixes()["prov"] + "Entity",
    }
    digests = {q.subject: q.object for q in quads if q.predicate == term("ogr:fileDigest")}
    earlier = {NamedNode(f"{graph.value}/{n}"): Literal(f"{n:064}") for n in (1, 2)}
    assert digests == {graph: Literal(f"{3:064}"), **earlier}
    chain = [(q.subject, q.object) for q in quads if q.predicate == term("prov:wasRevisionOf")]
    assert sorted(map(str, chain)) == sorted(
        map(
            str,
            [
                (graph, NamedNode(f"{graph.value}/2")),
                (NamedNode(f"{graph.value}/2"), NamedNode(f"{graph.value}/1")),
            ],
        )
    )


NAMES = (
    *("dcterms:identifier", "dcterms:source", "ogr:channel", "ogr:fileDigest", "ogr:ignoredClaimCount"),
    *("ogr:programVersion", "ogr:rulesVersion", "ogr:statementsDigest", "prov:generatedAtTime"),
    *("prov:wasRevisionOf", "rdf:type"),
)


def test_the_very_same_is_not_accepted_twice(tmp_path: Path) -> None:
    first = put(tmp_path, version(1))
    again = accept(tmp_path, version(1), at=datetime.now(UTC), versions=VERSIONS)
    assert (again.changed, again.record) == (False, first.record)
    other_rules = accept(tmp_path, version(1), at=NOON, versions={**VERSIONS, "rules": "other"})
    assert other_rules.changed
    assert other_rules.replaced == first.record


def test_the_same_input_at_the_same_time_gives_the_same_statements(tmp_path: Path) -> None:
    kept = []
    for name in ("one", "two"):
        for number in (1, 2):
            put(tmp_path / name, version(number))
        with reading(tmp_path / name) as store:
            kept.append(store.quads())
    assert kept[0] == kept[1]


def test_the_models_are_what_a_submission_is_known_by(tmp_path: Path) -> None:
    put(tmp_path, submission("a", digest="1", source="x.ttl"))
    put(tmp_path, submission("b", "c", digest="2", source="y.ttl"))
    done = put(tmp_path, submission("a", digest="3", source="elsewhere.ttl"))
    assert done.replaced is not None
    assert done.replaced.digest == "1"
    assert put(tmp_path, submission("c", "b", digest="4")).replaced is not None
    assert names(tmp_path)[0] == "https://example.org/a"
    assert re.fullmatch(r"https://example.org/b and 1 more \([0-9a-f]{12}\)", names(tmp_path)[1])


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (("a", "b"), "several accepted submissions"),
        (("a", "x"), '"https://example.org/a"'),
        (("c",), "but not https://example.org/d"),
        (("c", "d", "e"), "--as"),
    ],
)
def test_nothing_is_overwritten_or_taken_over_by_accident(
    tmp_path: Path, models: tuple[str, ...], words: str
) -> None:
    for each in (("a",), ("b",), ("c", "d")):
        put(tmp_path, submission(*each))
    before = listed(tmp_path)
    for name in (None, "another name"):
        with pytest.raises(RefusedError, match=re.escape(words if name is None else "accepted")) as caught:
            put(tmp_path, submission(*models), name)
        assert caught.value.exit_code == 1
        assert caught.value.fix
    assert listed(tmp_path) == before


def test_a_model_of_another_cannot_be_spoken_of_without_its_kind_either(tmp_path: Path) -> None:
    put(tmp_path, submission("a"))
    said = Quad(node("a"), term("ogr:name"), Literal("not mine"))
    with pytest.raises(RefusedError, match="belongs to the accepted submission"):
        put(tmp_path, submission("b", more=(said,)))
    named_only = Quad(node("b"), term("ogr:fineTunedFrom"), node("a"))
    assert put(tmp_path, submission("b", more=(named_only,))).changed


def test_a_name_is_kept_and_replaces_on_purpose(tmp_path: Path) -> None:
    put(tmp_path, submission("a"), "mine")
    assert names(tmp_path) == ["mine"]
    assert put(tmp_path, submission("a", digest="2")).record.name == "mine"
    grown = put(tmp_path, submission("a", "b"), " mine ")
    assert grown.record.models == ("https://example.org/a", "https://example.org/b")
    put(tmp_path, submission("z"), "mine")
    assert names(tmp_path) == ["mine"]
    put(tmp_path, submission("a"), "https://example.org/z")
    with pytest.raises(RefusedError, match=r"describes other models|belongs"):
        put(tmp_path, submission("z", "y"))


def test_a_name_that_looks_given_is_not_taken_for_the_models(tmp_path: Path) -> None:
    put(tmp_path, submission("a"), "https://example.org/b")
    with pytest.raises(RefusedError, match="describes other models"):
        put(tmp_path, submission("b"))


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1b[31m", "\u202ea", "x" * 201, "\udcff"])
def test_a_name_is_one_visible_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name"):
        put(tmp_path, submission("a"), name)


def test_models_without_an_iri_need_a_name(tmp_path: Path) -> None:
    quads = [Quad(BlankNode(), term("rdf:type"), term("ogr:Model"))]
    one, other = (Submission("a.ttl", skolemize(quads, scope=scope), digest=scope) for scope in "12")
    with pytest.raises(RefusedError, match="--as"):
        put(tmp_path, one)
    put(tmp_path, one, "nameless")
    assert put(tmp_path, other, "nameless").replaced is not None
    assert len(accepted(tmp_path)) == 1


def test_what_the_catalog_describes_is_refused(tmp_path: Path) -> None:
    for name in ("model/amber", "organization/x"):
        said = Quad(NamedNode(prefixes()["id"] + name), term("ogr:name"), Literal("x"))
        with pytest.raises(RefusedError, match="the catalog's own"):
            put(tmp_path, submission("a", more=(said,)))
    named = Quad(node("a"), term("ogr:hasProducer"), NamedNode(prefixes()["id"] + "organization/x"))
    assert put(tmp_path, submission("a", more=(named,))).changed


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
HOSTILE = st.sampled_from(
    [
        '" . } } ; DROP ALL #',
        "\\u0022 . } } ; DROP ALL #",
        "\\",
        '\\"',
        "'''\"\"\"",
        "\n\r\t\x00\x0b\x7f\u2028",
        "} ; DELETE WHERE { ?s ?p ?o } ; INSERT DATA {",
    ]
)
LITERALS = st.one_of(
    st.builds(Literal, st.one_of(TEXT, HOSTILE, st.builds("".join, st.lists(st.one_of(TEXT, HOSTILE))))),
    st.builds(lambda text: Literal(text, language="en-GB"), HOSTILE),
    st.builds(lambda text: Literal(text, datatype=NamedNode("urn:d")), HOSTILE),
)


def iri(text: str) -> NamedNode:
    try:
        return NamedNode("urn:x:" + text)
    except ValueError:
        return NamedNode("urn:x:refused")


IRIS = st.builds(iri, st.one_of(TEXT, HOSTILE))
STATEMENTS = st.builds(Quad, IRIS, st.builds(iri, TEXT), st.one_of(LITERALS, IRIS))


@given(st.lists(STATEMENTS, max_size=5), TEXT)
@settings(deadline=None, max_examples=25)
def test_no_text_breaks_out_of_its_place(quads: list[Quad], source: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bystander = submission("bystander")
        put(folder, bystander)
        for digest in ("1", "2"):  # the second replaces the first, which is removed as text too
            put(folder, submission("a", more=tuple(quads), digest=digest, source=source))
        found = {each.source: set(each.quads) for each in accepted(folder)}
        assert found["https://example.org/bystander"] == set(bystander.quads)
        assert found["https://example.org/a"] == {*submission("a").quads, *quads}
        assert len(found) == 2
        assert listed(folder)[0].source == source


def own(folder: Path, name: str) -> Path:
    """Return a copy of a catalog file that speaks of things of its own."""
    path = folder / f"{name}.ttl"
    text = (data_root() / "catalog" / f"{name}.ttl").read_text(encoding="utf-8")
    path.write_text(text.replace(prefixes()["id"], "https://example.org/"), encoding="utf-8")
    return path


def test_accept_takes_what_conforms_and_tells_of_the_rest(tmp_path: Path) -> None:
    amber, bloom, store = own(tmp_path, "amber"), own(tmp_path, "bloom"), tmp_path / "store"
    bad = tmp_path / "bad.ttl"
    bad.write_text(bloom.read_text().replace("ogr:name", "ogr:nam"), encoding="utf-8")
    cut = tmp_path / "cut.ttl"
    cut.write_bytes(amber.read_bytes()[:2000])
    done = run_cli("accept", bad, amber, "--store", store)
    assert done.code == 1
    assert done.out == f"{amber}: accepted as https://example.org/model/amber\n"
    assert f"opengrade: {bad}: not accepted, because it does not conform." in done.err.splitlines()
    assert all(line.startswith(f"opengrade: {bad}") for line in done.err.splitlines())
    assert any("has no name" in line for line in done.err.splitlines())
    done = run_cli("accept", cut, bad, bloom, "--store", store)
    assert done.code == 3
    assert done.out == f"{bloom}: accepted as https://example.org/model/bloom\n"
    assert run_cli("accept", bloom, "--store", store, "--limit", "statements=5").code == 4
    curated = run_cli("accept", data_root() / "catalog" / "phi-2.ttl", "--store", store)
    assert (curated.code, curated.out) == (1, "")
    assert "the catalog's own" in curated.err
    rows = run_cli("accept", "--list", "--store", store).out.splitlines()
    assert [line.split()[0] for line in rows[1:]] == [
        f"https://example.org/model/{name}" for name in ("amber", "bloom")
    ]


def test_claims_and_unknown_statements_stay_out(tmp_path: Path) -> None:
    path, store = own(tmp_path, "amber"), tmp_path / "store"
    head = path.read_text(encoding="utf-8")
    claims = "<https://example.org/model/amber> ogr:meetsGrade <urn:g> ; <urn:p> 1 ;"
    claims += " <http://www.w3.org/ns/prov#wasAttributedTo> <urn:x> ."
    claims += f"<{graph_of('https://example.org/model/amber').value}> ogr:channel 'a person' ."
    path.write_text(head + claims, encoding="utf-8")
    done = run_cli("accept", path, "--store", store)
    assert (done.code, done.out.count("3 ignored claims left out")) == (0, 1)
    with reading(store) as held:
        assert [q.object for q in held.quads(None, term("ogr:channel"))] == [Literal("local file")]
        assert not held.quads(None, term("ogr:meetsGrade"))
        assert not held.quads(None, term("prov:wasAttributedTo"))
        assert not held.quads(None, NamedNode("urn:p"))


def test_assess_and_query_use_what_is_accepted(tmp_path: Path) -> None:
    files, store = [own(tmp_path, name) for name in ("amber", "bloom")], tmp_path / "store"
    assert run_cli("accept", *files, "--store", store).code == 0
    for route, rules in (("sparql", "all"), ("shacl", "mof-1.0")):
        options = ("-f", rules, "--format", "json", "--route", route)
        kept = json.loads(run_cli("assess", "--store", store, *options).out)["assessments"]
        straight = json.loads(run_cli("assess", *files, *options).out)["assessments"]
        assert [each.pop("source") for each in kept] == [each["model"] for each in straight]
        assert [{k: v for k, v in each.items() if k != "source"} for each in straight] == kept
    names = "SELECT ?n WHERE { ?m a ogr:Model ; ogr:name ?n } ORDER BY ?n"
    done = run_cli("query", "-e", names, "--store", store, "--format", "csv")
    assert done.out.split() == ["n", "Amber", "BLOOM"]
    assert run_cli("query", "models-with-grade", "--store", store, "--set", "grade=mof:class-i").code == 0


def test_the_date_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    amber, store = own(tmp_path, "amber"), tmp_path / "store"
    assert run_cli("accept", amber, "--store", store, "--as", "amber").code == 0
    assert [(each.name, each.at) for each in listed(store)] == [("amber", "2027-01-15T08:00:00Z")]
    again = run_cli("accept", amber, "--store", store)
    assert again.out == f"{amber}: accepted before, on 2027-01-15T08:00:00Z, as amber\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["accept", "x.ttl"], 2, "--store"),
        (["accept", "--store", "new"], 2, "--list"),
        (["accept", "a.ttl", "b.ttl", "--store", "new", "--as", "x"], 2, "one file"),
        (["accept", "a.ttl", "--store", "new", "--as", " "], 2, "no name"),
        (["accept", "a.ttl", "--store", str(TESTS)], 3, "no store"),
        (["accept", "a.ttl", "--list", "--store", "new"], 2, "--list"),
        (["accept", "--list", "--store", "new"], 3, "no store"),
        (["assess", "--store", "new"], 3, "no store"),
        (["query", "-e", "ASK {}", "--store", str(TESTS)], 3, "no store"),
        (["query", "-e", "ASK {}", "--store", "new", "--data", "a.ttl"], 2, "--endpoint"),
        (["assess", "a.ttl", "--store", "new"], 2, "--store"),
    ],
)
def test_wrong_calls(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    done = run_cli(*arguments, cwd=tmp_path)
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "new").exists()
