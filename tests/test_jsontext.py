"""JSON is read as RFC 8259 has it and as Python's own reader does, but with places."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opengrade.documents import Mapping, Sequence
from opengrade.errors import InputError
from support import CORPORA, needs_corpora
from walking import all_values, at, plain, read, refused

JSON = """
 {"name": "Ärger 😀", "a\\nb": [1, -2.50e+3, true,
   null, {}],\t"": {"x": []}} """


def test_each_value_and_key_of_json_knows_its_line_and_column() -> None:
    tree = read(JSON, "json")
    assert isinstance(tree, Mapping)
    assert tree.keys == ((2, 3), (2, 22), (3, 15))
    assert [(plain(value), value.line, value.column) for value in all_values(tree)][1:] == [
        ("Ärger 😀", 2, 11),
        ([("number", "1"), ("number", "-2.50e+3"), True, None, {}], 2, 30),
        (("number", "1"), 2, 31),
        (("number", "-2.50e+3"), 2, 34),
        (True, 2, 44),
        (None, 3, 4),
        ({}, 3, 10),
        ({"x": []}, 3, 19),
        ([], 3, 25),
    ]


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)
TOKENS = st.lists(
    st.sampled_from(
        [
            *'{}[],:"0123456789-+.eE \\/ubn\t\n\x00\x7f\u2028é',
            *("true", "false", "null", "NaN", "Infinity", '"a"', '"b":', "[[", "{}", "\ufeff"),
            *('"\\ud83d', '\\ude00"', '"\\ud800"'),
        ]
    ),
    max_size=12,
).map("".join)


def by_library(text: str) -> Any:
    """Read JSON by Python's module, with numbers as they are written; ValueError for all that we refuse."""

    def refuse(what: object) -> Any:
        raise ValueError(what)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(pairs) if len(dict(pairs)) == len(pairs) else refuse("twice")

    def number(text: str) -> tuple[str, str]:
        return "number", text

    found = json.loads(
        text, parse_constant=refuse, object_pairs_hook=once, parse_int=number, parse_float=number
    )
    json.dumps(found, ensure_ascii=False).encode()
    return found


def check_json(text: str) -> None:
    try:
        expected = by_library(text)
    except ValueError:
        with pytest.raises(InputError) as caught:
            read(text, "json")
        assert caught.value.where is not None
        assert caught.value.where.column is not None
        return
    tree = read(text, "json", digits=2000)
    assert plain(tree) == expected
    for value in all_values(tree):
        found, _ = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode(at(text, value.spot))
        assert isinstance(value, Mapping | Sequence) or found == value.value
        for key, spot in zip(value.items, value.keys, strict=True) if isinstance(value, Mapping) else ():
            assert json.JSONDecoder().raw_decode(at(text, spot))[0] == key[0]


@given(VALUES, st.sampled_from([None, 0, 1]), st.booleans())
def test_json_is_read_as_the_library_reads_it(value: Any, indent: int | None, ascii_only: bool) -> None:
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
        text.encode()
    except UnicodeEncodeError:
        return
    check_json(text)


@given(TOKENS)
def test_what_the_library_refuses_is_refused_with_its_place(text: str) -> None:
    if not text.startswith("\ufeff"):
        check_json(text)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "a value should stand here, but the file ends"),
        ("[1,\n 2,]", 2, 4, "a value should stand here, not ']'"),
        ('{"a": 1,}', 1, 9, "a key in double quotes should stand here"),
        ("{'a': 1}", 1, 2, "a key in double quotes or }"),
        ('{"a" 1}', 1, 6, "a colon should stand here"),
        ("[1 2]", 1, 4, "a comma or ]"),
        ("[1}", 1, 3, "a comma or ] should stand here, not '}'"),
        ("[01]", 1, 3, "a comma or ]"),
        ("[NaN]", 1, 2, "not 'NaN'"),
        ("[]]", 1, 3, "nothing more should stand here"),
        ('["a\tb"]', 1, 4, "control character"),
        ('["a', 1, 2, "no closing quote"),
        ('["\\x"]', 1, 3, "after a backslash"),
        ('["\\u12g4"]', 1, 4, "after a backslash"),
        ('["\\ud83d\\ude00 \\ud83d"]', 1, 16, "\\ud83d is half of a pair"),
        ('{"\\ude00": 1}', 1, 3, "\\ude00 is half of a pair"),
        ('{"a": 1,\n"b": {"a": 2, "a": 3}}', 2, 15, '"a" is given twice, first in line 2'),
    ],
)
def test_json_that_is_refused_is_named_with_its_place(text: str, line: int, column: int, words: str) -> None:
    refused(text, "json", line, column, words)


@needs_corpora
def test_all_published_files_are_read_as_the_library_reads_them_when_written_as_json() -> None:
    for path in sorted((CORPORA / "mot" / "models").iterdir()):
        check_json(json.dumps(plain(read(path.read_text(encoding="utf-8"))), indent=2))
