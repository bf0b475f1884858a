"""Many models from the command line: which route is taken, what is told and kept, and what is refused."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from hub_examples import chain, jsonl, some
from opengrade.bulk import results
from opengrade.bulk.engines import _interrupted_by_people
from opengrade.bulk.results import verdicts_path
from opengrade.bulk.schema import METADATA
from opengrade.cli.bulk import _working_beside
from opengrade.errors import UsageError
from support import ROOT, run_cli

CATALOG = ROOT / "catalog"
RECORDS = (
    '{"id": "a/base", "license": "llama3.1", "siblings": [{"rfilename": "model.safetensors"}]}',
    "{broken",
    '{"id": "a/tuned", "license": "mit", "base_model": "a/base", "siblings": [{"rfilename": "x.gguf"}]}',
    '{"id": "a/base"}',
)


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "hub.jsonl"
    path.write_text("\n".join(RECORDS), encoding="utf-8")
    return path


def test_results_hold_the_grades_that_are_told_of_single_files(tmp_path: Path) -> None:
    out = tmp_path / "results.parquet"
    done = run_cli("assess", CATALOG, "-f", "all", "--out", out, "--format", "json")
    assert done.code == 0, done.err
    straight = json.loads(run_cli("assess", CATALOG, "-f", "all", "--format", "json").out)["assessments"]
    table, verdicts = pq.read_table(out).to_pylist(), pq.read_table(verdicts_path(out)).to_pylist()
    kept = {row["model"]: row for row in table}
    assert len(table) == len(kept) == json.loads(done.out)["models"]
    for each in straight:
        row = kept[each["model"]]
        if each["framework"] in row:
            assert row[each["framework"]] == each["grade"], each["model"]
        verdict = verdicts[row["verdict"]]
        for finding in each["criteria"]:
            status = ("met", "not-met", "not-stated").index(finding["status"])
            assert verdict[f"{each['framework']}.{finding['criterion']}"] == status
    assert not list(tmp_path.glob("*.parts"))


def test_a_table_is_graded_as_what_it_was_made_of(tmp_path: Path) -> None:
    table = tmp_path / "table.parquet"
    assert run_cli("import", CATALOG, "--table", table, "-q").code == 0
    options = ("-f", "mof-1.0", "--format", "csv", "-v")
    by_table = run_cli("assess", table, *options)
    assert "relational route on duckdb, since the input is a component table" in by_table.err
    asked = run_cli("assess", CATALOG, "--engine", "duckdb", *options)
    assert (by_table.out, "as asked for" in asked.err) == (asked.out, True)
    assert "mof-1.0,class-i,3," in by_table.out


def test_each_record_of_the_hub_is_graded_as_in_a_table_with_rows_of_its_own(tmp_path: Path) -> None:
    lines, table = tmp_path / "hub.jsonl", tmp_path / "table.parquet"
    lines.write_bytes(jsonl(*some(3, 150)))
    assert run_cli("import", lines, "--table", table, "-q").code in (0, 3)
    found = []
    for given in (lines, table):
        out = tmp_path / f"{given.stem}-results.parquet"
        assert run_cli("assess", given, "--out", out, "-q").code in (0, 3)
        found.append([pq.read_table(each).to_pylist() for each in (out, verdicts_path(out))])
    assert found[0] == found[1]
    assert len({row["verdict"] for row in found[0][0]}) > 5


@pytest.mark.parametrize(("grade", "code"), [("class-iii", 1), ("r0", 0)])
def test_a_grade_can_be_required_of_all(grade: str, code: int) -> None:
    options = ("--engine", "duckdb", "-f", "mof-1.0" if code else "reproducibility", "-q")
    assert run_cli("assess", CATALOG, *options, "--require", grade).code == code


def test_lines_that_give_no_model_are_told_and_listed(records: Path, tmp_path: Path) -> None:
    out = tmp_path / "results.parquet"
    done = run_cli("assess", records, "-f", "open-weights", "--out", out)
    assert done.code == 3
    assert "hub.jsonl:2:2" in done.err
    assert "hub.jsonl:4: The record of a/base is left out, since line 1 has one." in done.err
    assert len((tmp_path / "results.remarks.txt").read_text(encoding="utf-8").splitlines()) == 2
    names = pq.read_table(out)["name"].to_pylist()
    assert names == ["a/base", "a/tuned"]
    straight = json.loads(
        run_cli("assess", f"{records}#a/tuned", "-f", "open-weights", "--format", "json").out
    )
    (row,) = [each for each in pq.read_table(out).to_pylist() if each["name"] == "a/tuned"]
    assert straight["assessments"][0]["grade"] == row["open-weights"]
    findings = {each["criterion"]: each["reason"] for each in straight["assessments"][0]["criteria"]}
    assert "INHERITED" in findings.values()


def test_few_files_are_judged_one_by_one_and_it_is_told_why(records: Path) -> None:
    for given in (CATALOG / "amber.ttl", records):
        assert "memory route, since there are at most" in run_cli("assess", given, "-v").err
    assert (
        "shacl route, as asked for" in run_cli("assess", CATALOG / "amber.ttl", "--route", "shacl", "-v").err
    )


def test_lines_that_give_no_model_show_in_the_exit_code_however_few_they_are(
    records: Path, tmp_path: Path
) -> None:
    good = tmp_path / "good.jsonl"
    good.write_text(RECORDS[0] + "\n", encoding="utf-8")
    for way in (["assess"], ["assess", "--engine", "duckdb"], ["import"]):
        done = run_cli(*way, records, "-q")
        assert (done.code, run_cli(*way, good, "-q").code) == (3, 0), done.err
        assert done.out, "the rest is graded all the same"


@pytest.mark.parametrize("lines", [b"{broken\n", RECORDS[0].encode() + b"\n", jsonl(*chain(103))])
def test_each_way_to_lose_a_record_shows_in_the_exit_code(lines: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hub.jsonl"
    path.write_bytes(RECORDS[0].encode() + b"\n" + lines)
    assert run_cli("assess", path, "-q").code == 3


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("missing.parquet",), 3, "there is no such file"),
        (("{records}", "--out", "results.txt"), 2, "Parquet"),
        (("{records}", "--out", "no/such/folder/r.parquet"), 2, "cannot be written there"),
        (("{records}", "--engine", "duckdb", "--format", "sarif"), 2, "cannot write"),
        (("{records}", "--engine", "duckdb", "--route", "memory"), 2, "exclude"),
        (("{records}", "{catalog}", "--engine", "duckdb"), 2, "Give one input"),
        (("{records}", "--master", "local"), 2, "--engine spark"),
    ],
)
def test_wrong_calls_are_refused(
    arguments: tuple[str, ...], code: int, told: str, records: Path, tmp_path: Path
) -> None:
    given = [each.format(records=records, catalog=CATALOG) for each in arguments]
    done = run_cli("assess", *given)
    assert (done.code, told in done.err, done.out) == (code, True, ""), done.err
    assert not Path("no").exists()


def test_results_are_written_in_groups_with_each_model_in_its_place(tmp_path: Path) -> None:
    """Whatever tables names come in, groups have one size, and no row moves."""
    found = results.Verdicts(
        pa.table({"open": pa.array(["no", "yes", None]).dictionary_encode()}), pa.table({"open.a": [0, 1, 2]})
    )
    names = [f"model-{number}" for number in range(23)]
    verdict = np.array([number * 7 % 3 for number in range(23)], np.int32)
    tables = [
        pa.table({"iri": pa.array([f"urn:{n}" for n in names[at]], pa.string()), "name": names[at]})
        for at in (slice(0, 1), slice(1, 9), slice(9, 10), slice(10, 23))
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(results, "ROWS_IN_A_GROUP", 4)
        counts = results.write(tmp_path / "r.parquet", tables, verdict, found, {})
    file = pq.ParquetFile(tmp_path / "r.parquet")
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [4, 4, 4, 4, 4, 3]
    assert file.read().to_pylist() == [
        {"model": f"urn:{name}", "name": name, "verdict": number, "open": ("no", "yes", None)[number]}
        for name, number in zip(names, verdict.tolist(), strict=True)
    ]
    assert counts.tolist() == np.bincount(verdict).tolist()


@pytest.mark.parametrize("wrong", ["models", "verdicts"])
def test_both_files_of_results_appear_or_none(tmp_path: Path, wrong: str) -> None:
    found = results.Verdicts(
        pa.table({"open": pa.array(["no"]).dictionary_encode()}), pa.table({"open.a": [0]})
    )

    def fails(*_: object) -> None:
        raise OSError("no space left")

    def names() -> Iterator[pa.Table]:
        yield pa.table({"iri": ["urn:a"], "name": ["a"]})
        if wrong == "models":
            fails()

    paths = (tmp_path / "r.parquet", verdicts_path(tmp_path / "r.parquet"))
    for path in paths:
        path.write_text("earlier")
    with pytest.MonkeyPatch.context() as patched:
        if wrong == "verdicts":
            patched.setattr(results, "_write_verdicts", fails)
        with pytest.raises(OSError, match="no space left"):
            results.write(paths[0], names(), np.array([0], np.int32), found, {})
    assert [path.read_text() for path in paths] == ["earlier", "earlier"]
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def _without_dictionaries(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata({METADATA: "{}"})


def _without_a_model(table: pa.Table) -> pa.Table:
    return table.filter(pc.not_equal(table["model"], 3))


def _without_a_name(table: pa.Table) -> pa.Table:
    return table.set_column(4, "iri", pa.nulls(len(table), pa.string()))


@pytest.mark.parametrize("change", [_without_dictionaries, _without_a_model, _without_a_name])
def test_what_is_wrong_with_a_table_ends_the_run_and_leaves_nothing(
    tmp_path: Path, change: Callable[[pa.Table], pa.Table]
) -> None:
    """Each of these is found at another time: in ranking, in sorting, in writing."""
    good, bad, out = (tmp_path / f"{name}.parquet" for name in ("good", "bad", "results"))
    assert run_cli("import", CATALOG, "--table", good, "-q").code == 0
    pq.write_table(change(pq.read_table(good)), bad)
    done = run_cli("assess", bad, "-f", "mof-1.0", "--out", out)
    assert done.code == 3 and str(bad) in done.err and "Traceback" not in done.err, done.err
    assert sorted(tmp_path.iterdir()) == [bad, good]


def test_a_wrong_call_leaves_what_an_earlier_run_kept_and_nothing_else(records: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.parquet.parts"
    kept.mkdir()
    for out in (tmp_path / "new.parquet", tmp_path / "kept.parquet"):
        assert run_cli("assess", records, CATALOG, "--engine", "duckdb", "--out", out).code == 2
    assert sorted(tmp_path.iterdir()) == [records, kept]


def test_an_interrupt_of_an_engine_is_one_of_people() -> None:
    with pytest.raises(KeyboardInterrupt), _interrupted_by_people():
        raise RuntimeError("Query interrupted")
    with pytest.raises(RuntimeError, match="another"), _interrupted_by_people():
        raise RuntimeError("another")


WRONG_RULES = [
    (["--require", "nothing"], 2, 'there is no grade "nothing"'),
    (["-f", "nothing"], 2, 'there is no framework "nothing"'),
    (["-f", "broken", "--frameworks-dir", "{rules}"], 3, "broken.ttl"),
]


@pytest.mark.parametrize("wrong,code,said", WRONG_RULES)
def test_wrong_rules_are_told_of_a_file_of_records(
    tmp_path: Path, wrong: list[str], code: int, said: str
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "broken.ttl").write_text("x:", encoding="utf-8")
    path, out = tmp_path / "hub.jsonl", tmp_path / "r.parquet"
    path.write_bytes(jsonl(*some(1, 50)))
    done = run_cli("assess", path, *(each.format(rules=tmp_path / "rules") for each in wrong), "--out", out)
    assert done.code == code and said in done.err, done.err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["hub.jsonl", "rules"]


def test_what_fails_beside_the_reading_ends_it() -> None:
    """Rules are loaded while millions of records are read, which nobody has to wait for if they are wrong."""
    taken: list[bytes] = []

    def items() -> Iterator[bytes]:
        for _ in range(1000):
            yield b"item"
            time.sleep(0.01)

    def wrong() -> None:
        raise UsageError("the rules are wrong.")

    with pytest.raises(UsageError, match="the rules are wrong"):
        taken.extend(_working_beside([wrong], items(), "Reading", 1000))
    assert 0 < len(taken) < 100
    for number, _ in enumerate(_working_beside([lambda: None], items(), "Reading", 1000)):
        if number == 20:
            break
    else:
        pytest.fail("work that does not fail stops nothing")
