"""YAML and JSON are read into trees that know their places, strictly, and within limits."""

import re
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opengrade import documents
from opengrade.documents import Mapping, Scalar, Sequence, detect, has_path, leaves, read_tree
from opengrade.errors import InputError, LimitError, OpenGradeError
from support import CORPORA, needs_corpora
from walking import all_values, at, plain, read, refused

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]


@pytest.fixture(params=LOADERS, ids=lambda loader: loader.__name__)
def _each_loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_LOADER", request.param)


each_loader = pytest.mark.usefixtures("_each_loader")


YAML = """# a comment
name: Ärger 😀
"a key": 'one ''two'''
list:
  - x
  - [y, {z: 1}]
other: &first !!str text
again: *first
both: &second
  # between
  inner: |
    block
none:
"""


@each_loader
def test_each_value_and_key_of_yaml_knows_its_line_and_column() -> None:
    tree = read(YAML)
    assert isinstance(tree, Mapping)
    assert tree.spot == (2, 1)
    assert [key for key, _ in tree.items] == [
        *("name", "a key", "list", "other", "again", "both", "none"),
    ]
    assert tree.keys == ((2, 1), (3, 1), (4, 1), (7, 1), (8, 1), (9, 1), (13, 1))
    assert [(plain(value), value.line, value.column) for value in all_values(tree)][1:] == [
        ("Ärger 😀", 2, 7),
        ("one 'two'", 3, 10),
        (["x", ["y", {"z": "1"}]], 5, 3),
        ("x", 5, 5),
        (["y", {"z": "1"}], 6, 5),
        ("y", 6, 6),
        ({"z": "1"}, 6, 9),
        ("1", 6, 13),
        ("text", 7, 21),
        ("text", 7, 21),
        ({"inner": "block\n"}, 11, 3),
        ("block\n", 11, 10),
        (None, 13, 6),
    ]


def test_columns_are_characters_also_on_long_lines_and_after_carriage_returns() -> None:
    tree = read("\r\n".join(["a: 1", "b: {😀: 2, c: \u20283}"]))
    assert [value.spot for value in all_values(tree)] == [(1, 1), (1, 4), (2, 4), (2, 8), (2, 15)]
    many = read("[" + "x, " * 50_000 + "y]", "yaml")
    assert isinstance(many, Sequence)
    assert many.items[-1].spot == (1, 150_002)


@each_loader
@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: 1\nb:\n  c: 2\n  c: 3\n", 4, 3, '"c" is given twice, first in line 3'),
        ("a: &k k\nk: 1\n*k : 2\n", 3, 1, '"k" is given twice, first in line 2'),
        ("? [a]\n: b\n", 1, 3, "a key has to be plain text"),
        ("x: &a [b]\n*a : c\n", 2, 1, "a key has to be plain text"),
        ("a: &x {b: [*x]}\n", 1, 12, "the alias *x stands inside what it repeats"),
        ("a: *x\n", 1, 4, "the alias *x repeats nothing"),
        ("a: &x 1\nb: &x 2\n", 2, 7, "the anchor &x is given twice, first in line 1"),
        ("a: !!python/object/apply:os.system [x]\n", 1, 4, "tag !!python/object/apply:os.system"),
        ("a: !local x\n", 1, 4, "the tag !local"),
        ("!!set {a}\n", 1, 1, "the tag !!set"),
        ("%TAG ! tag:yaml.org,2002:\n---\n- !binary eA==\n", 3, 3, "the tag !!binary"),
        ("a: !!str [b]\n", 1, 4, "the tag !!str"),
        ("a: !!bool yes\n", 1, 4, "!!bool does not fit"),
        ("a: !!null x\n", 1, 4, "!!null does not fit"),
        ("a: 1\n---\nb: 2\n", 2, 1, "more than one document"),
        ("a: 1\nb: \x07\n", 2, 4, "not valid YAML"),
        ("a: 'b\n", 2, 1, "not valid YAML"),
        ("# nothing\n", None, None, "no value"),
    ],
)
def test_yaml_that_is_refused_is_named_with_its_place(
    text: str, line: int | None, column: int | None, words: str
) -> None:
    refused(text, "yaml", line, column, words)


def test_half_of_a_pair_is_refused_by_both_loaders(monkeypatch: pytest.MonkeyPatch) -> None:
    for loader in LOADERS:
        monkeypatch.setattr(documents, "_LOADER", loader)
        with pytest.raises(InputError, match="not valid YAML"):
            read('a: "\\ud800"')


@each_loader
def test_only_null_true_and_false_are_other_than_text() -> None:
    text = "[~, null, True, FALSE, no, 1, 1.10, 2024-01-01, '', 'null', !!str true, !!int 5, ! x, <<, 0x1F]"
    values = [
        None,
        None,
        True,
        False,
        "no",
        "1",
        "1.10",
        "2024-01-01",
        "",
        "null",
        "true",
        "5",
        "x",
        "<<",
        "0x1F",
    ]
    assert plain(read(text)) == values
    assert plain(read("!!map {<<: {a: 1}, b: !!seq [!!null ~, !!bool true, !!timestamp 2001-01-01]}")) == {
        "<<": {"a": "1"},
        "b": [None, True, "2001-01-01"],
    }


def composed(node: yaml.Node) -> Any:
    """Return what PyYAML composes, by the rules of documents, as an oracle."""
    if isinstance(node, yaml.MappingNode):
        if not all(isinstance(key, yaml.ScalarNode) for key, _ in node.value):
            raise ValueError
        found = {key.value: composed(value) for key, value in node.value}
        if len(found) < len(node.value):
            raise ValueError
        return found
    if isinstance(node, yaml.SequenceNode):
        return [composed(each) for each in node.value]
    words = {"~": None, "null": None, "true": True, "": None}
    return words.get(node.value, node.value) if node.tag == "plain" else node.value


# Tags what is plain, and nothing else.
Plain: Any = type(
    "Plain", (yaml.CSafeLoader,), {"yaml_implicit_resolvers": {None: [("plain", re.compile(""))]}}
)


PIECES = [
    "a",
    "b",
    ": ",
    "\n",
    "- ",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "'x'",
    '"y"',
    "~",
    "true",
    "  ",
    "# c\n",
]


@given(st.lists(st.sampled_from([*PIECES, "&m ", "*m", "|\n", "..."]), max_size=14).map("".join))
def test_yaml_is_read_as_the_library_composes_it(text: str) -> None:
    try:
        node = yaml.compose(text, Loader=Plain)
        expected = composed(node) if node else []
    except (yaml.YAMLError, ValueError, RecursionError):
        with pytest.raises(InputError):
            read(text)
        return
    if node:
        assert plain(read(text)) == expected


def aliases(*, wide: int, deep: int) -> str:
    lines = [f"a0: &a0 [{', '.join('x' * wide)}]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * wide)}]" for i in range(1, deep)]
    return "\n".join(lines)


MANY = 100_000
BOMBS = [
    ("yaml", "[" * MANY, "nesting"),
    ("yaml", "[" * 900 + "]" * 900, "nesting"),
    ("yaml", "{a: " * MANY, "nesting"),
    ("yaml", "- " * MANY, "nesting"),
    ("yaml", "\n".join(" " * i + "a:" for i in range(3000)), "nesting"),
    ("yaml", aliases(wide=1, deep=1000), "nesting"),
    ("yaml", aliases(wide=10, deep=9), "values"),
    ("yaml", "- x\n" * 200_001, "values"),
    ("yaml", "a: " + "9" * 200_000, "digits"),
    ("yaml", "a: !!int '" + "9" * 200_000 + "'", "digits"),
    ("yaml", "a: '" + "9" * 200_000 + "'", "literal"),
    ("yaml", "a: " + "é" * 40_000, "literal"),
    ("yaml", "? " + "x" * 70_000 + "\n: 1", "literal"),
    ("yaml", "a: |\n" + " xxx\n" * 20_000, "literal"),
    ("json", "[" * MANY, "nesting"),
    ("json", "[" * MANY + "]" * MANY, "nesting"),
    ("json", '{"@id":' * MANY, "nesting"),
    ("json", '[{"a":' * MANY, "nesting"),
    ("json", "[" + "1," * 200_001 + "1]", "values"),
    ("json", "9" * 200_000, "digits"),
    ("json", "[0." + "9" * 200_000 + "]", "digits"),
    ("json", '"' + "9" * 200_000 + '"', "literal"),
    ("json", '"' + "\\u00e9" * 40_000 + '"', "literal"),
    ("json", '{"' + "x" * 70_000 + '": 1}', "literal"),
]


@pytest.mark.parametrize(("syntax", "text", "limit"), BOMBS, ids=[f"{s} {t[:12]!r} {n}" for s, t, n in BOMBS])
def test_a_bomb_ends_soon_and_by_name(syntax: str, text: str, limit: str) -> None:
    start = time.monotonic()
    with pytest.raises(LimitError) as caught:
        read(text, syntax)
    assert time.monotonic() - start < 20
    assert caught.value.limit == limit
    assert caught.value.where is not None
    assert caught.value.where.column is not None


def test_limits_stop_at_the_first_value_that_is_too_much() -> None:
    for syntax in ("yaml", "json"):
        read("[[1, 2], [3]]", syntax, nesting=2, values=6)
        read("[12, -1.2]", syntax, digits=2, literal=4)
        for text, limit, column in (
            ("[[1], [[2]]]", {"nesting": 2}, 8),
            ("[[1, 2], [3]]", {"values": 5}, 11),
            ("[12, -1.23]", {"digits": 2}, 6),
            ('["ab", "é€"]', {"literal": 4}, 8),
        ):
            with pytest.raises(LimitError) as caught:
                read(text, syntax, **limit)
            assert caught.value.limit in limit
            assert caught.value.where is not None
            assert caught.value.where.column == column


def test_what_is_nested_deeply_by_permission_is_read_and_walked() -> None:
    tree = read("[" * 50_000 + "]" * 50_000, "json", nesting=50_000)
    assert [leaf.path for leaf in leaves(tree)] == ["[]" * 49_999]


def test_leaves_have_their_paths_in_the_order_of_the_file() -> None:
    tree = read("a:\n  b: [1, {c: 2}]\n  d: {}\ne: []\n")
    assert [(leaf.path, leaf.value.line) for leaf in leaves(tree)] == [
        *(("a.b[]", 2), ("a.b[].c", 2), ("a.d", 3), ("e", 4)),
    ]
    assert has_path(tree, "a.b")
    assert not has_path(tree, "a.b.c")


def test_telling_formats_apart_takes_linear_time() -> None:
    start = time.monotonic()
    for text in ('<a> <b> "' + "x" * 10**7, '<a> <b> "' + "\\n" * 10**7, "_:" + "a" * 10**7, "<" * 10**7):
        assert detect(text.encode(), "a") in ("turtle", "yaml", "n-quads")
    assert detect(b"{" + b'"@' * 10**7, "a.json") == "json"
    assert time.monotonic() - start < 20


@given(st.binary(max_size=60), st.sampled_from(["yaml", "json"]))
def test_no_bytes_end_in_anything_but_a_tree_or_an_error_for_people(data: bytes, syntax: str) -> None:
    try:
        detect(data, f"a.{syntax}")
        read_tree(data, syntax=syntax, path="a")
    except OpenGradeError as error:
        assert error.exit_code in (3, 4)


@needs_corpora
def test_all_published_files_have_each_key_and_text_at_its_place() -> None:
    for path in sorted((CORPORA / "mot" / "models").iterdir()):
        text = path.read_text(encoding="utf-8")
        tree = read(text)
        for value in all_values(tree):
            if isinstance(value, Mapping):
                assert all(
                    at(text, s).startswith(k) for (k, _), s in zip(value.items, value.keys, strict=True)
                )
            elif isinstance(value, Scalar) and value.value:
                written = at(text, value.spot).lstrip("'\"").replace("''", "'")
                assert written.startswith(str(value.value)), (path, value)
