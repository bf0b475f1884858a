"""Statements from JSON-LD, and from files that came through a mapping, are found where they stand."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opengrade.errors import InputError
from opengrade.graph import BlankNode, Literal, NamedNode, Quad, parse
from opengrade.limits import Limits
from opengrade.locating import Spot, Spots, mapped, trees
from opengrade.namespaces import compact, term
from opengrade.queries import Query, mappings
from opengrade.store import Store
from support import CORPORA, TESTS, needs_corpora
from walking import at, read

BASE = "https://example.org/base/"
VOCAB = '"@vocab": "http://v/"'


def shown(text: str, spots: Spots) -> tuple[str, ...]:
    """Return the word or sign at each place, and where it stands."""
    return tuple(f"{s.line}:{s.column} {json_at(text, s)}" if s else "-" for s in spots)


def json_at(text: str, spot: Spot) -> str:
    start = at(text, spot)
    return start[0] if start[0] in "{[" else str(json.JSONDecoder(parse_float=str).raw_decode(start)[0])


def found(text: str) -> list[tuple[Quad, Spots]]:
    document = read(text, "json")
    quads = parse(trees.to_json(document).encode(), syntax="json-ld", path="a", base=BASE)
    return list(zip(quads, trees.locate(document, quads, base=BASE), strict=True))


def places(text: str) -> list[tuple[str, ...]]:
    return [
        (str(quad.predicate)[1:-1].rpartition("/")[2], *shown(text, spots)) for quad, spots in found(text)
    ]


ORDINARY = """{"@context": {"@vocab": "http://v/", "id": "@id", "kind": "@type"},
 "id": "model",
 "kind": ["Model", "Thing"],
 "part": [
  {"kind": "Card", "license": "MIT", "size": 1.50},
  {"license": "MIT", "of": {"@id": "model"}},
  {}
 ],
 "name": {"@value": "Modell", "@language": "de"}
}"""


def test_each_part_of_a_statement_is_found_also_of_nodes_without_a_name() -> None:
    model, first, second = "2:8 model", "5:3 {", "6:3 {"
    assert places(ORDINARY) == [
        ("22-rdf-syntax-ns#type", model, "3:2 kind", "3:11 Model"),
        ("22-rdf-syntax-ns#type", model, "3:2 kind", "3:20 Thing"),
        ("part", model, "4:2 part", first),
        ("22-rdf-syntax-ns#type", first, "5:4 kind", "5:12 Card"),
        ("license", first, "5:20 license", "5:31 MIT"),
        ("size", first, "5:38 size", "5:46 1.50"),
        ("part", model, "4:2 part", second),
        ("license", second, "6:4 license", "6:15 MIT"),
        ("of", second, "6:22 of", "6:36 model"),
        ("part", model, "4:2 part", "7:3 {"),
        ("name", model, "9:2 name", "9:21 Modell"),
    ]


WORDS = [
    ('{"label": {"@container": "@language"}}', '{"label": {"de": "x"}}', [("label", "{", "label", "x")]),
    ('{"all": {"@container": "@index"}}', '{"all": {"k": {"a": 1}}}', [("all", "{", "all", "{"), "a"]),
    ('{"all": {"@container": "@id"}}', '{"all": {"urn:k": {"a": 1}}}', [("all", "{", "-", "-"), "a"]),
    ('{"v": {"@type": "@vocab"}}', '{"v": "Open"}', [("v", "{", "v", "Open")]),
    ('{"i": {"@type": "@id"}}', '{"i": ["x", "has space", "_:b"]}', [("i", "{", "i", "x"), "i"]),
    ('{"j": {"@type": "@json"}}', '{"j": {"a": [1, "x"]}}', [("j", "{", "j", "{")]),
    ('{"j": {}}', '{"j": {"@value": ["x"], "@type": "@json"}}', [("j", "{", "j", "[")]),
    ('{"of": {"@reverse": "http://v/has"}}', '{"of": {"@id": "urn:x"}}', [("has", "urn:x", "of", "{")]),
    ("{}", '{"@reverse": {"has": {"@id": "urn:x"}}}', [("has", "urn:x", "has", "{")]),
    ('{"n": "@nest"}', '{"n": {"a": 1}}', [("a", "{", "a", "1")]),
    ("{}", '{"@included": {"a": 1}}', [("a", "{", "a", "1")]),
    ("{}", '{"a": {"@set": [{"@value": true}]}}', [("a", "{", "a", "True")]),
    ('{"T": {"@context": {"a": "http://w/a"}}}', '{"@type": "T", "a": 1}', ["22-rdf-syntax-ns#type", "a"]),
    ('{"p": {"@context": {"a": "http://w/a"}}}', '{"p": {"a": "x"}}', ["p", ("a", "{", "a", "x")]),
    ("{}", '{"p": {"@context": {"a": "http://w/b"}, "a": "x"}}', ["p", ("b", "{", "a", "x")]),
    ("{}", '{"@id": "urn:g", "@graph": [{"a": 1}]}', [("a", "{", "a", "1")]),
    ("{}", '{"http://v/b": "x", "@id": "urn:s"}', [("b", "urn:s", "http://v/b", "x")]),
    ("{}", '{"a": [null, "@x", "é"]}', [("a", "{", "a", "@x"), ("a", "{", "a", "é")]),
]


@pytest.mark.parametrize(("context", "node", "expected"), WORDS, ids=[n for _, n, _ in WORDS])
def test_what_contexts_and_keywords_do_to_values_is_followed(context: str, node: str, expected: Any) -> None:
    text = f'{{"@context": [{{{VOCAB}}}, {context}], {node[1:]}'
    got = [(name, *(p.partition(" ")[2] or p for p in parts)) for name, *parts in places(text)]
    assert len(got) >= len(expected)
    for statement, wanted in zip(got, expected, strict=False):
        assert (statement[0] if isinstance(wanted, str) else statement) == wanted


def test_members_of_lists_are_found_and_the_list_at_its_first_member() -> None:
    context = f'{{{VOCAB}, "a": {{"@container": "@list"}}}}'
    text = f'{{"@context": {context}, "@id": "urn:s", "a": ["x", ["y", {{"b": 1}}]]}}'
    rows = [(n.partition("#")[2] or n, *(p.partition(" ")[2] for p in s)) for n, *s in places(text)]
    assert ("a", "urn:s", "a", "x") in rows
    assert ("first", "x", "a", "x") in rows
    assert rows.count(("first", "y", "a", "y")) == 2  # in the inner list, and the inner list in the outer
    assert ("first", "{", "a", "{") in rows
    assert ("b", "{", "b", "1") in rows


def test_a_context_of_our_own_is_no_hindrance() -> None:
    context = (TESTS.parent / "ontology" / "context.jsonld").read_text(encoding="utf-8")
    model = json.loads((TESTS / "imports" / "vocabulary" / "model.json").read_text(encoding="utf-8"))
    text = json.dumps(model | {"@context": json.loads(context)["@context"]}, indent=1)
    rows = found(text)
    assert len(rows) == 10
    for quad, spots in rows:
        assert None not in spots
        value = quad.object
        assert isinstance(value, Literal | NamedNode)
        assert spots.object is not None
        assert value.value.endswith(json_at(text, spots.object))


def test_where_the_marks_change_what_is_said_only_names_are_found() -> None:
    base = '"@context": {"@base": null, "v": {"@id": "http://v/v", "@type": "@vocab"}, "O": "http://v/O"}'
    text = f'{{{base}, "@id": "http://x/", "v": "O", "http://v/w": 1}}'
    assert [spots for _, spots in found(text)] == [Spots(Spot(1, text.index('"http://x/"') + 1))] * 2


KEYS = st.sampled_from(["a", "b", "c"])
LEAVES = st.integers(0, 9) | st.booleans() | st.sampled_from(["x", "y", "z é", "http://z"]) | st.none()


def nodes(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    value = (
        inner | st.lists(inner, max_size=3) | st.builds(lambda x: {"@list": x}, st.lists(inner, max_size=3))
    )
    named = st.fixed_dictionaries({}, optional={"@id": st.sampled_from(["urn:1", "_:b", "r"]), "@type": KEYS})
    return st.builds(lambda names, rest: names | rest, named, st.dictionaries(KEYS, value, max_size=3))


DOCUMENTS = st.recursive(LEAVES, nodes, max_leaves=15).filter(lambda each: isinstance(each, dict))


@given(DOCUMENTS, st.sampled_from([None, 1]))
def test_in_any_ordinary_document_each_value_is_found_and_each_node_is_one_brace(
    document: dict[str, Any], indent: int | None
) -> None:
    text = json.dumps({"@context": {"@vocab": "http://v/"}} | document, indent=indent, ensure_ascii=False)
    braces: dict[BlankNode, set[Spot | None]] = defaultdict(set)
    rows = found(text)
    for quad, spots in rows:
        cell = "ns#first" in str(quad.predicate) or "ns#rest" in str(quad.predicate)
        if isinstance(quad.subject, BlankNode) and quad.subject.value != "b" and not cell:
            braces[quad.subject].add(spots.subject)
        if isinstance(quad.object, Literal):
            assert spots.object is not None
            written = json_at(text, spots.object)
            assert written.lower() == quad.object.value
            assert spots.predicate is not None
            assert cell or quad.predicate.value == f"http://v/{json_at(text, spots.predicate)}"
    assert all(len(each) == 1 and None not in each for each in braces.values())
    assert len({spot for each in braces.values() for spot in each}) == len(braces)


KEYWORDS = "id type value language list set graph reverse nest index included context container json"
ANY_KEYS = st.sampled_from(["a", "m", "id", "l", *(f"@{word}" for word in KEYWORDS.split())])
ANYTHING = st.recursive(
    st.sampled_from(["a", "@id", "@json", "@language", "x y", "", "_:b", "http://v/a", 1, 2.5, True, None]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_KEYS, inner, max_size=4),
    max_leaves=15,
)
CONTEXT = {"@vocab": "http://v/", "id": "@id", "l": {"@container": "@language"}, "m": {"@container": "@id"}}


@given(ANYTHING)
def test_whatever_the_parser_takes_is_located_without_an_error(document: Any) -> None:
    outer = {"@context": CONTEXT} | document if isinstance(document, dict) else document
    try:
        rows = found(json.dumps(outer))
    except InputError:
        return
    for _, spots in rows:
        assert len(spots) == 3


@given(ANYTHING)
def test_a_tree_is_written_as_the_library_writes_it(document: Any) -> None:
    assert trees.to_json(read(json.dumps(document), "json")) == json.dumps(document)


def test_numbers_are_written_as_they_were() -> None:
    assert trees.to_json(read("[1.50, 1E400, -0]", "json")) == "[1.50, 1E400, -0]"


def test_locating_in_json_ld_takes_linear_time_and_no_recursion() -> None:
    def seconds(count: int) -> float:
        members = ", ".join(["{}", '"x"'] * count)
        text = f'{{"@context": {{{VOCAB}}}, "a": [{members}]}}'
        start = time.process_time()
        assert all(spots.object for _, spots in found(text))
        return time.process_time() - start

    seconds(100)
    assert seconds(16_000) < 32 * max(seconds(2_000), 0.05)
    deep = "[" * 20_000 + "]" * 20_000
    document = read(f'{{"@context": {{}}, "a": {deep}}}', "json", nesting=30_000)
    assert trees.locate(document, (), base=BASE) == ()
    assert trees.to_json(document).endswith(deep + "}")


(MOT,) = (each for each in mappings() if each.name == "mot-yaml")


def made(text: str, syntax: str = "yaml", mapping: Query = MOT) -> list[tuple[Quad, Spots]]:
    tree = read(text, syntax)
    answer = Store(mapped.lift(tree)).ask(mapping.text)
    assert isinstance(answer, tuple)
    quads = [Quad(t.subject, t.predicate, t.object) for t in answer]
    return list(zip(quads, mapped.locate(tree, mapping, quads), strict=True))


def told(rows: Iterable[tuple[Quad, Spots]]) -> set[tuple[Any, ...]]:
    """Return what is said of what, by short names, and the lines and columns of it."""
    ends: list[Callable[[Any], str]] = [lambda node: getattr(node, "value", "").rpartition("/")[2], compact]
    return {(ends[0](q.subject), ends[1](q.predicate), ends[0](q.object), *spots) for q, spots in rows}


RELEASE = """release:
  producer: Same
  origin: Same
  name: Same
  components:
    - &first
      name: Model card
      description: MIT
      license: MIT
    - {license: [MIT, "a b"], name: 'Data card'}
    - name: Datasets
      license: false
    - name: Same
      license: {MIT: MIT}
    - license: []
    - {name: Model metadata, license: ''}
"""


def test_each_statement_of_a_mapping_is_found_by_what_was_at_hand_and_what_carries_it() -> None:
    rows = told(made(RELEASE))
    model = (2, 3)
    assert rows >= {
        ("Same", "rdf:type", "ns#Model", model, None, None),
        ("Same", "ogr:name", "Same", model, (4, 3), (4, 9)),
        ("Same", "ogr:baseModelName", "Same", model, (3, 3), (3, 11)),
        ("Same", "ogr:hasProducer", "Same#producer", model, (2, 3), (2, 13)),
        ("Same#producer", "ogr:name", "Same", model, (2, 3), (2, 13)),
        ("Same", "ogr:hasComponent", "Same#ModelCard", model, (5, 3), (7, 7)),
        ("Same#ModelCard", "rdf:type", "ns#ModelCard", (7, 7), (7, 7), (7, 13)),
        ("Same#ModelCard", "ogr:licenseExpression", "MIT", (7, 7), (9, 7), (9, 16)),
        ("Same#DataCard", "ogr:licenseExpression", "MIT", (10, 7), (10, 8), (10, 18)),
        ("Same#DataCard", "ogr:licenseExpression", "a b", (10, 7), (10, 8), (10, 23)),
        ("Same#DataCard", "ogr:name", "Data card", (10, 7), (10, 31), (10, 37)),
        ("Same#Datasets", "ogr:licenseExpression", "", (11, 7), (12, 7), (12, 16)),
        ("Same#component-Same", "ogr:name", "Same", (13, 7), (13, 7), (13, 13)),
        ("Same#component-", "ogr:licenseExpression", "", (15, 7), (15, 7), (15, 16)),
        ("Same#component-", "ogr:name", "", (15, 7), None, None),
        ("Same#component-", "rdf:type", "ns#Component", (15, 7), None, None),
    }
    assert ("Same#component-Same", "ogr:licenseExpression", (14, 16)) in {(*r[:2], r[5]) for r in rows}


def test_a_thing_is_not_placed_at_a_value_that_is_read_only_after_it_is_named() -> None:
    for license_ in ("{of: MIT}", "[]"):
        rows = made(f"release:\n  name: x\n  components:\n    - name: Datasets\n      license: {license_}\n")
        assert {(str(q.subject).count("#"), spots.subject) for q, spots in rows} == {(0, (2, 3)), (1, (4, 7))}


def test_an_item_that_an_alias_repeats_stands_where_it_is_written() -> None:
    rows = told(made(RELEASE + "    - *first\n"))
    assert ("Same#ModelCard", "ogr:licenseExpression", "MIT", (7, 7), (9, 7), (9, 16)) in rows


def test_json_that_comes_through_a_mapping_has_places_too() -> None:
    rows = told(made('{"release": {"name": "x",\n "components": [{"name": "Datasets"}]}}', "json"))
    assert ("x", "ogr:name", "x", (1, 13), (1, 14), (1, 22)) in rows
    assert ("x#Datasets", "ogr:name", "Datasets", (2, 17), (2, 18), (2, 26)) in rows


def test_a_mapping_that_names_no_properties_is_followed_by_the_texts_alone() -> None:
    plain = replace(MOT, header={**MOT.header, "carries": list(MOT.header["carries"])})
    rows = told(made(RELEASE.replace("producer: Same", "version: 7B"), mapping=plain))
    assert ("Same", "ogr:version", "7B", (2, 3), (2, 3), (2, 12)) in rows
    assert ("Same#DataCard", "ogr:licenseExpression", "a b", (10, 7), (10, 8), (10, 23)) in rows


def test_braces_in_comments_and_texts_are_no_hindrance_nor_statements_from_elsewhere() -> None:
    text = (
        "# CONSTRUCT { ?x\nPREFIX k: <https://w3id.org/opengrade/key#>\nCONSTRUCT { # } ?no\n"
        '?it <urn:p?q> ?a, "}?" . [] <urn:r> ?a . ?it <urn:s> ?never }'
        "\nWHERE { ?d k:a ?a . BIND(<urn:it> AS ?it) }"
    )
    mapping = Query("test", Path("a.rq"), {"carries": ["a"]}, text)
    rows = made("a: 1\n", mapping=mapping)
    assert {(q.predicate.value, getattr(q.object, "value", ""), *s) for q, s in rows} == {
        ("urn:p?q", "1", (1, 1), (1, 1), (1, 4)),
        ("urn:p?q", "}?", (1, 1), None, None),
        ("urn:r", "1", None, None, None),
    }
    other = Quad(NamedNode("urn:x"), NamedNode("urn:y"), Literal("1"))
    assert mapped.locate(read("a: 1"), mapping, [other]) == (Spots(),)
    assert mapped.locate(read("b: 1"), mapping, [other]) == (Spots(),)


WHOLE = [each for each in mappings() if not each.header.get("reduced")]


@pytest.mark.parametrize("mapping", WHOLE, ids=lambda mapping: mapping.name)
def test_the_header_of_a_mapping_names_what_its_template_states(mapping: Query) -> None:
    named = {
        term(name)
        for names in mapping.header["carries"].values()
        for name in (names if isinstance(names, list) else [names])
        if name
    }
    (full,) = (TESTS / "imports" / mapping.name).glob("full.y*ml")
    stated = {quad.predicate for quad, _ in made(full.read_text(encoding="utf-8"), mapping=mapping)}
    assert named == stated


def test_lifting_and_locating_take_no_recursion_and_linear_time() -> None:
    tree = read("[" * 50_000 + "]" * 50_000, "json", nesting=Limits().values)
    assert len(mapped.lift(tree)) == 49_999

    def seconds(count: int) -> float:
        start = time.process_time()
        made("release:\n  name: x\n  components:\n" + "    - {name: Same, license: MIT}\n" * count)
        return time.process_time() - start

    seconds(10)
    assert seconds(4_000) < 32 * max(seconds(500), 0.05)


@needs_corpora
def test_in_all_published_files_each_text_is_found_as_written() -> None:
    for path in sorted((CORPORA / "mot" / "models").iterdir()):
        text = path.read_text(encoding="utf-8")
        rows = made(text)
        for quad, spots in rows:
            if isinstance(quad.object, Literal):
                assert spots.object is not None, (path, quad)
                written = at(text, spots.object).lstrip("'\"").replace("''", "'")
                assert written.startswith(quad.object.value), (path, quad)
        for predicate in ("ogr:hasComponent", "ogr:licenseExpression"):
            lines = [
                spots.object and spots.object.line for q, spots in rows if q.predicate == term(predicate)
            ]
            assert len(set(lines)) == len(lines), (path, predicate)
