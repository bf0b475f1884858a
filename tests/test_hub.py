"""Records of the Hub, one or many to a file: what counts of them, and that one reading decides everywhere."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_examples import ODD, chain, jsonl, record
from opengrade.errors import InputError, LimitError
from opengrade.graph import NamedNode
from opengrade.hub.graphs import quads_of
from opengrade.hub.lines import DEEPEST, LONGEST, Card, Fault, Fields, _strict, is_odd, quick, read_line
from opengrade.hub.records import OF_CARD, Record, bases_of, licenses_of, record_of, rules, template, tree_of
from opengrade.importing import read_submission
from opengrade.limits import Limits
from opengrade.namespaces import compact, term
from opengrade.vocabulary import vocabulary

LIMITS = Limits()
RELATIONS = ("finetune", "adapter", "quantized", "merge")


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("model.safetensors", "FinalWeights"),
        ("pytorch_model-00001-of-00002.bin", "FinalWeights"),
        ("adapter_model.bin", "FinalWeights"),
        ("onnx/model_quantized.onnx", "FinalWeights"),
        ("tf_model.h5", "FinalWeights"),
        ("flax_model.msgpack", "FinalWeights"),
        ("wren.Q4_K_M.gguf", "FinalWeights"),
        ("consolidated.00.pth", "FinalWeights"),
        ("v1-5-pruned.ckpt", "FinalWeights"),
        ("training_args.bin", ""),
        ("sub/optimizer.pt", ""),
        ("scheduler.pt", ""),
        ("rng_state_0.pth", ""),
        ("checkpoint-500/model.safetensors", ""),
        ("last-checkpoint/a/pytorch_model.bin", ""),
        (".model.bin", ""),
        ("model.safetensors.index.json", ""),
        ("model.safetensors\n", ""),
        ("README.md", "ModelCard"),
        ("docs/README.md", ""),
        ("readme.md", ""),
        ("MOF.json", "ConfigurationFile"),
        ("config.json", ""),
        ("modeling_wren.py", "ModelArchitecture"),
    ],
)
def test_names_of_files_show_kinds(file: str, kind: str) -> None:
    assert rules().kind_of(file) == kind


@pytest.mark.parametrize(
    ("license_", "name", "link", "stated"),
    [
        (None, "mit", None, ()),
        ("", None, None, ("",)),
        ([], None, None, ("",)),
        (False, None, None, ("",)),
        ("mit", "llama3", "x", ("mit",)),
        (["mit", "apache-2.0", "mit"], None, None, ("apache-2.0", "mit")),
        (["mit", None], None, None, ("mit",)),
        ("other", None, None, ("other",)),
        ("other", "house rules", "LICENSE", ("other",)),
        ("Other ", "llama3", "LICENSE", ("llama3",)),
        (
            "other",
            "house rules",
            "https://opensource.org/license/mit",
            ("https://opensource.org/license/mit",),
        ),
        ("other", "mit", "https://creativecommons.org/licenses/by-nc/4.0/", None),
        (["mit", "other"], "llama3", None, ("llama3", "mit")),
    ],
)
def test_licenses_as_they_are_stated(
    license_: Any, name: Any, link: Any, stated: tuple[str, ...] | None
) -> None:
    wanted = stated if stated is not None else (link, name)
    assert licenses_of(license_, name, link) == wanted


def test_the_top_of_a_record_counts_before_its_card() -> None:
    given = {"id": "a/b", "license": "mit", "cardData": {"license": "gpl-3.0", "datasets": ["a/d"]}}
    found = record_of(given)
    assert found is not None
    assert (found.licenses, found.datasets) == (("mit",), ("a/d",))


@pytest.mark.parametrize("line", ODD, ids=range(len(ODD)))
def test_the_quick_reading_of_a_line_is_the_strict_one(line: bytes) -> None:
    assert read_line(line, LIMITS) == _strict(line, LIMITS)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"id":"a","id":"b"}', "twice"),
        (b'{"id":"a","cardData":{"license":"mit","license":"gpl-3.0"}}', "twice"),
        (b'{"id":"a","l\\u0069cense":"mit","license":"gpl-3.0"}', "twice"),
        (b'{"id":"a","license" : "mit","license":"gpl-3.0"}', "twice"),
        (b'{"id":"a","siblings":[{"rfilename":"a","rfilename":"model.bin"}]}', "twice"),
        (b'{"id":"a","x":NaN}', "NaN"),
        (b'{"id":"a","x":"\xff"}', "UTF-8"),
        (b'{"id":"a","x":"\\ud800 and more"}', "half of a pair"),
        (b'{"id":"a","x":' + b"[" * DEEPEST + b"]" * DEEPEST + b"}", "nesting"),
        (b'{"id":"a","x":' + b'{"y":' * 5000 + b"1" + b"}" * 5000 + b"}", "nesting"),
        (b'{"id":1e30}', "no id"),
        (b'{"id":"datasets/a"}', "no id"),
        (b'{"id":"a/b/c"}', "no id"),
        (b'{"id":"a b"}', "no id"),
        (b'{"id":"a\\u0000"}', "no id"),
        (b'{"id":"../a"}', "no id"),
        ('{"id":"ä/b"}'.encode(), "no id"),
        (b'{"sha":"a"}', "no id"),
        (b"[]", "no record"),
        (b'"a"', "no record"),
        (b'{"id":"a"} {}', "nothing more"),
        (b'{"id":"a', "closing quote"),
        (b'{"id":"' + b"a" * LONGEST + b'"}', "bytes"),
    ],
    ids=range(23),
)
def test_a_line_that_is_no_record_is_told(line: bytes, words: str) -> None:
    found = read_line(line, LIMITS)
    assert isinstance(found, Fault)
    assert words in found.reason


def test_lines_of_the_usual_form_are_read_quickly() -> None:
    line = json.dumps(record("a/b", license="mit", base_model=["c/d"])).encode()
    assert quick(line) is not None
    assert not is_odd(line)


def test_a_template_keeps_what_rows_depend_on_and_nothing_else() -> None:
    one, other = (
        record_of(record(f"a/{name}", license=license_, base_model="c/d", createdAt=day))
        for name, license_, day in (("x", "mit", "2024-01-01"), ("y", "gpl-3.0", "2025-01-01T00:00:00Z"))
    )
    assert one is not None
    assert other is not None
    assert template(one) == template(other)
    assert template(one) != template(Record(id="a/x"))
    assert "mit" not in str(tree_of(template(one)))


def test_lines_are_read_as_one_submission_and_broken_ones_are_told(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(
        jsonl(
            record("a/one", license="mit"),
            b"{broken",
            b"",
            record("a/two"),
            record("a/one"),
            record("a/three"),
        )
    )
    submission = read_submission(path)
    models = {q.subject for q in submission.quads if q.object == term("ogr:Model")}
    assert models == {NamedNode(f"https://huggingface.co/a/{name}") for name in ("one", "two", "three")}
    assert [(each.place.line, each.rule) for each in submission.remarks] == [
        (2, "LineNotRead"),
        (5, "RecordTwice"),
    ]


def test_one_model_is_read_with_those_behind_it_and_alone_is_judged(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    broken = b'{"id":"m/2",'
    path.write_bytes(jsonl(record("x/unconcerned"), *chain(4), broken, record("m/2", license="mit")))
    submission = read_submission(f"{path}#m/3")
    models = [q.subject for q in submission.quads if q.object == term("ogr:Model")]
    assert models == [NamedNode("https://huggingface.co/m/3")]
    stated = {str(q.object) for q in submission.quads if q.predicate == term("ogr:distributionLicense")}
    assert stated == {'"license-0"', '"license-1"', '"license-2"', '"license-3"'}
    assert [each.rule for each in submission.remarks] == ["RecordTwice"]


@pytest.mark.parametrize(
    ("name", "words"), [("m/none", "no line is a record"), ("m/101", "100 steps"), ("datasets/x", "no line")]
)
def test_what_is_no_model_of_a_file_is_told(tmp_path: Path, name: str, words: str) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(jsonl(*chain(102)))
    with pytest.raises(InputError, match=re.escape(words)):
        read_submission(f"{path}#{name}")
    assert read_submission(f"{path}#m/100").quads


def test_files_without_a_record_and_files_that_state_too_much_are_told(tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    for data in (b"", b"\n\n", b"[]\n"):
        path.write_bytes(data)
        with pytest.raises(InputError, match="describes no model"):
            read_submission(path)
    path.write_bytes(jsonl(*chain(50)))
    with pytest.raises(LimitError, match="statements"):
        read_submission(path, Limits(statements=100))


def test_the_header_of_the_mapping_names_what_its_template_states() -> None:
    carried = rules().mapping.header["carries"].values()
    named = {name for names in carried for name in (names if isinstance(names, list) else [names])}
    one = Record(
        "a", ("mit",), ("b/c",), ("b",), "", ("d",), ("ModelCard",), "false", (), "s", "2026-01-01", "t", "1"
    )
    records = [replace(one, id=f"a/{word}", relation=word) for word in ("", *RELATIONS)]
    assert named == {compact(quad.predicate) for quad in quads_of(records)}


def test_every_kind_of_the_mapping_is_one_of_the_ontology() -> None:
    names = re.findall(r"\(\?P<([A-Z]\w+)>", str(rules().mapping.header["forms"]))
    assert names
    assert {term(f"ogr:{name}") for name in names} <= vocabulary().kinds.keys()


@given(st.from_regex(rules().form("id"), fullmatch=True))
def test_of_an_id_that_stands_as_a_base_model_nothing_else_is_made(id_: str) -> None:
    assert bases_of(id_) == ((id_,), ())


def test_what_is_read_of_cards_is_what_the_mapping_takes_from_them() -> None:
    """Columns of cards are laid beside those of records, in which they stand first."""
    assert set(Card.__struct_fields__) == set(OF_CARD)
    assert Fields.__struct_fields__[: len(OF_CARD)] == Card.__struct_fields__
