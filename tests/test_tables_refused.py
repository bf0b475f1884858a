"""What a table cannot carry is refused by name, and a file that is no table with what to do."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from opengrade.bulk.engines import connected
from opengrade.bulk.files import open_table
from opengrade.bulk.leaves import judged
from opengrade.bulk.schema import METADATA
from opengrade.errors import InputError, RuleError
from opengrade.loading import framework, load_framework
from table_examples import Told, by_table, catalog, written
from test_routes import HEADER

COMPONENT = "<https://w3id.org/opengrade/ns#hasComponent>"
LOCATION = "<https://w3id.org/opengrade/ns#location>"

REFUSED = {
    "counts things of a model": f"sh:property [ sh:path {COMPONENT} ; sh:minCount 2 ]",
    "asks for a model by its name": "sh:hasValue <urn:node:a>",
    "for what needs all at once": "sh:nodeKind sh:IRI",
    "looks beyond the model and its own things": f"sh:property [ sh:path ( {COMPONENT} {COMPONENT} ) ;"
    " sh:minCount 1 ]",
    "looks into what ogr:hasComponent leads to": f"sh:property [ sh:path {COMPONENT} ; sh:nodeKind sh:IRI ]",
    "looks into what ogr:location leads to": f"sh:property [ sh:path {LOCATION} ;"
    f" sh:property [ sh:path {LOCATION} ; sh:minCount 1 ] ]",
    "looks beyond a thing of a model, or counts its values": f"sh:property [ sh:path {COMPONENT} ;"
    f" sh:property [ sh:path {LOCATION} ; sh:minCount 2 ] ]",
    "asks for the value <urn:node:a>": f"sh:property [ sh:path {COMPONENT} ; sh:hasValue <urn:node:a> ]",
    'asks for the value "a place"': f"sh:property [ sh:path {COMPONENT} ;"
    f' sh:property [ sh:path {LOCATION} ; sh:hasValue "a place" ] ]',
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_a_table_does_not_hold_is_refused_by_name(tmp_path: Path, what: str) -> None:
    path = tmp_path / "rules.ttl"
    path.write_text(f"{HEADER}  {REFUSED[what]} .\n", encoding="utf-8")
    rules = load_framework(path)
    with pytest.raises(RuleError) as error:
        judged(rules)
    told = str(error.value)
    assert what in told and "urn:shape:criterion of" in told and "without --engine" in told
    assert error.value.exit_code == 3


RULES = (framework("mof-1.0"),)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("table") / "good.parquet", catalog()[:8])


def graded(path: Path) -> list[Told]:
    with connected("duckdb") as engine:
        return by_table(path, RULES, engine)["mof-1.0"]


@dataclass(frozen=True)
class Bad:
    """A change to a good table, and what is said of it."""

    change: Callable[[pa.Table], pa.Table]
    told: str


def set_first(table: pa.Table, name: str, value: Any) -> pa.Table:
    column = table[name].to_pylist()
    column[0] = value
    return replaced(table, name, pa.array(column, table.schema.field(name).type))


def replaced(table: pa.Table, name: str, column: Any) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def with_dictionaries(change: Callable[[dict[str, Any]], Any]) -> Callable[[pa.Table], pa.Table]:
    def changed(table: pa.Table) -> pa.Table:
        document = json.loads(table.schema.metadata[METADATA.encode()])
        change(document)
        return table.replace_schema_metadata({METADATA: json.dumps(document)})

    return changed


def with_a_part(*words: Any) -> Callable[[pa.Table], pa.Table]:
    return with_dictionaries(lambda known: known["parts"].append(list(words)))


def with_a_license(**changes: Any) -> Callable[[pa.Table], pa.Table]:
    return with_dictionaries(lambda known: known["licenses"].append(known["licenses"][-1] | changes))


DEEP = '{"version":1,"parts":' + "[" * 100_000


def _out_of_order(document: dict[str, Any]) -> None:
    document["parts"].append(document["parts"][0])


BAD = {
    "no license": Bad(lambda t: t.drop_columns("license"), "no component table: license not as in one"),
    "no iri": Bad(lambda t: t.drop_columns("iri"), "no component table: iri not as in one"),
    "wide parts": Bad(
        lambda t: replaced(t, "part", t["part"].cast("int64")), "no component table: part not as in one"
    ),
    "models by text": Bad(
        lambda t: replaced(t, "model", t["model"].cast("string")), "no component table: model not as in one"
    ),
    "no dictionaries": Bad(lambda t: t.replace_schema_metadata({}), "dictionaries not as in one"),
    "dictionaries that are no JSON": Bad(
        lambda t: t.replace_schema_metadata({METADATA: "{"}), "dictionaries of the table are not readable"
    ),
    "another version": Bad(with_dictionaries(lambda d: d.update(version=99)), "is of version 99"),
    "a version in words": Bad(with_dictionaries(lambda d: d.update(version="1")), "is of version '1'"),
    "no parts": Bad(with_dictionaries(lambda d: d.pop("parts")), "missing required field `parts`"),
    "a part twice": Bad(with_dictionaries(_out_of_order), "are the same"),
    "a kind that is a number": Bad(with_a_part("", 7), "got `int` - at `$.parts"),
    "a kind of no vocabulary": Bad(with_a_part("", "x:y"), "'x:y' is no term"),
    "a kind that is no IRI": Bad(with_a_part("", "ogr:>\n"), "is no term"),
    "a part of nothing": Bad(with_a_part(), "a part has no relation"),
    "another relation": Bad(with_a_part("ogr:name"), "by 'ogr:name', which no table has"),
    "a license without text": Bad(with_a_license(text=None), "got `null` - at `$.licenses"),
    "options that are a text": Bad(with_a_license(options=""), "got `str` - at `$.licenses"),
    "an option that is a text": Bad(with_a_license(options=["x"]), "got `str` - at `$.licenses"),
    "an option that is no IRI": Bad(with_a_license(options=[["> <"]]), "not readable"),
    "a state of no vocabulary": Bad(with_a_license(state="x"), "'x' is no term"),
    "half a sign in a text": Bad(with_a_license(text="\ud800"), "not readable"),
    "a fact that is no list": Bad(
        with_dictionaries(lambda d: d["facts"].append({"ogr:name": "x"})), "got `str` - at `$.facts"
    ),
    "deep dictionaries": Bad(lambda t: t.replace_schema_metadata({METADATA: DEEP}), "not readable"),
    "too few facts": Bad(with_dictionaries(lambda d: d["facts"].pop()), "stands in no dictionary"),
    "a license out of range": Bad(
        lambda t: set_first(t, "license", 999), "license 999 stands in no dictionary"
    ),
    "a part out of range": Bad(lambda t: set_first(t, "part", 999), "part 999 stands in no dictionary"),
    "a negative part": Bad(lambda t: set_first(t, "part", -1), "a part is below 0"),
    "a negative model": Bad(lambda t: set_first(t, "model", -1), "a model is below 0"),
    "a part of none": Bad(lambda t: set_first(t, "part", None), "a part is empty"),
    "no rows": Bad(lambda t: t.slice(0, 0), "the table has no rows"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("statistics", [True, False])
def test_a_file_that_is_no_table_is_refused(good: Path, tmp_path: Path, name: str, statistics: bool) -> None:
    path = tmp_path / "bad.parquet"
    pq.write_table(BAD[name].change(nullable(good)), path, write_statistics=statistics)
    with pytest.raises(InputError) as error:
        graded(path)
    assert str(path) in str(error.value) and BAD[name].told in str(error.value)


def nullable(path: Path) -> pa.Table:
    """Read a good table, and let columns be empty."""
    table = pq.read_table(path)
    fields = [field.with_nullable(True) for field in table.schema]
    metadata = pq.ParquetFile(path).metadata.metadata[METADATA.encode()]
    return table.cast(pa.schema(fields)).replace_schema_metadata({METADATA: metadata})


GAPS = {
    "a model left out": lambda t: t.filter(pc.not_equal(t["model"], 3)),
    "the first left out": lambda t: t.filter(pc.not_equal(t["model"], 0)),
    "a number of no model": lambda t: replaced(
        t, "model", pc.if_else(pc.equal(t["model"], 7), pa.scalar(9, pa.int32()), t["model"])
    ),
}


@pytest.mark.parametrize("name", GAPS)
def test_gaps_in_numbers_are_told(good: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "gaps.parquet"
    pq.write_table(GAPS[name](nullable(good)), path)
    with pytest.raises(InputError, match=r"model \d has no rows.*without gaps"):
        graded(path)


def names_in(path: Path) -> pa.Table:
    return pa.concat_tables(names for part in open_table(path).parts() for names in part.names())


def test_a_model_without_a_name_is_told(good: Path, tmp_path: Path) -> None:
    table = nullable(good)
    for name, change in (("none", lambda _: None), ("two", lambda _: "urn:again")):
        column = table["iri"].to_pylist()
        place = next(n for n, iri in enumerate(column) if (iri is not None) == (name == "none"))
        column[place] = change(place)
        path = tmp_path / f"{name}.parquet"
        pq.write_table(replaced(table, "iri", pa.array(column, pa.string())), path)
        number = table["model"].to_pylist()[place]
        about = number if name == "none" else number + 1
        with pytest.raises(
            InputError, match=rf"\(about model {about}\)\. Give each model one row with its iri"
        ):
            names_in(path)


def test_a_model_whose_name_alone_is_missing_is_told(good: Path, tmp_path: Path) -> None:
    table = nullable(good)
    names = table["name"].to_pylist()
    place = [n for n, name in enumerate(names) if name is not None][2]
    names[place] = None
    path = tmp_path / "nameless.parquet"
    pq.write_table(replaced(table, "name", pa.array(names, pa.string())), path)
    with pytest.raises(
        InputError, match=r"\(about model 2\)\. Give each model one row with its iri and name"
    ):
        names_in(path)


@pytest.mark.parametrize("keep", [0, 3, 100, 0.5, 0.99])
def test_a_file_cut_short_is_refused(good: Path, tmp_path: Path, keep: float) -> None:
    data = good.read_bytes()
    path = tmp_path / "short.parquet"
    path.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(InputError, match="no readable Parquet file"):
        open_table(path)


@pytest.mark.parametrize("text", ["iri,name\n", "PAR1", "{}"])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.parquet"
    path.write_text(text)
    with pytest.raises(InputError, match="no readable Parquet file"):
        open_table(path)


@pytest.mark.parametrize("first", [0, 0.5, 0.9], ids=["all", "half", "last"])
def test_rows_may_stand_in_any_order(good: Path, tmp_path: Path, first: float) -> None:
    """From some row on they are mixed."""
    table = nullable(good)
    path = tmp_path / "mixed.parquet"
    kept = int(first * len(table))
    order = [*range(kept), *sorted(range(kept, len(table)), key=lambda n: (n * 7919) % 10_007)]
    pq.write_table(table.take(order), path, row_group_size=11)
    assert graded(path) == graded(good)
    assert names_in(path) == names_in(good)
