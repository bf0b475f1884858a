"""Component tables in Parquet files: written from models, and read in parts."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from opengrade.bulk.engines import Engine
from opengrade.bulk.kept import whole
from opengrade.bulk.looks import Looks
from opengrade.bulk.projecting import RELATIONS
from opengrade.bulk.schema import CODES, COLUMNS, METADATA, NAMES, Dictionaries, Row, dictionaries_from
from opengrade.errors import InputError, Place

SCHEMA = pa.schema(
    [
        pa.field("model", pa.int32(), nullable=False),
        pa.field("part", pa.int16(), nullable=False),
        pa.field("license", pa.int32(), nullable=False),
        pa.field("facts", pa.int32(), nullable=False),
        pa.field("iri", pa.string()),
        pa.field("name", pa.string()),
    ]
)
MODELS_IN_A_PART = 1_000_000
ROWS_IN_A_GROUP = 500_000
# Names differ from each other, and most rows have none: read three times as quickly as plain ones.
NAMES_ENCODING = "DELTA_LENGTH_BYTE_ARRAY"


@dataclass(frozen=True, slots=True)
class Described:
    """A model to be written: its IRI, its name, and the rows of its things, first its own."""

    iri: str
    name: str
    rows: tuple[Row, ...]


def rows_table(codes: Sequence[Sequence[int]], names: Iterable[tuple[str | None, str | None]]) -> pa.Table:
    """Return rows of the table from columns of codes and a pair of names for each row."""
    iris, labels = zip(*names, strict=True) if codes[0] else ((), ())
    return pa.table([*codes, iris, labels], schema=SCHEMA)


def write_table(path: Path, models: Iterable[Described]) -> int:
    """Write a component table and return the number of models; the file appears when it is whole."""
    known = Dictionaries()
    count = 0
    with table_writer(path, known) as write:
        columns: tuple[list[int], ...] = ([], [], [], [])
        names: list[tuple[str | None, str | None]] = []
        for number, model in enumerate(models):
            for place, row in enumerate(model.rows):
                for column, code in zip(columns, (number, *known.codes(row)), strict=True):
                    column.append(code)
                names.append((model.iri, model.name) if place == 0 else (None, None))
            count = number + 1
            if len(names) >= ROWS_IN_A_GROUP:
                write(rows_table(columns, names))
                columns, names = ([], [], [], []), []
        write(rows_table(columns, names))
    return count


@contextmanager
def table_writer(path: Path, dictionaries: Dictionaries) -> Iterator[Callable[[pa.Table], None]]:
    """Yield a function that writes rows to a component table, those of one model together, models in order.

    The dictionaries are written behind all rows, and the file appears when it is whole.
    """
    form = {
        "compression": "zstd",
        "use_dictionary": ["part", "license", "facts"],
        "column_encoding": {"model": "DELTA_BINARY_PACKED"} | dict.fromkeys(NAMES, NAMES_ENCODING),
    }
    with whole(path) as partial, pq.ParquetWriter(partial, SCHEMA, **form) as writer:
        yield lambda rows: writer.write_table(rows.cast(SCHEMA), row_group_size=ROWS_IN_A_GROUP)
        writer.add_key_value_metadata({METADATA: dictionaries.to_json()})


@dataclass(frozen=True)
class TableFile:
    """A component table in a file, with its dictionaries as text and the greatest code of each column."""

    path: Path
    text: str = field(repr=False)
    most: Mapping[str, int] = field(repr=False)

    @property
    def count(self) -> int:
        """How many models there are."""
        return self.most["model"] + 1

    @property
    def looks(self) -> Looks:
        """How numbers stand for combinations of codes."""
        return Looks(self.most["license"] + 1, self.most["facts"] + 1)

    @cached_property
    def dictionaries(self) -> Dictionaries:
        """What the codes mean; InputError where that cannot be read, or there are codes beyond.

        It is read when it is asked for, since engines can begin to sort without it.
        """
        known = dictionaries_from(self.text, str(self.path))
        for name, entries in (("part", known.parts), ("license", known.licenses), ("facts", known.facts)):
            if self.most[name] >= len(entries):
                raise InputError(
                    f"{name} {self.most[name]} stands in no dictionary.", where=Place(str(self.path))
                )
        for code, each in enumerate(known.parts):
            if each.relation not in ("", *RELATIONS):
                raise InputError(
                    f"part {code} belongs to a model by {each.relation!r}, which no table has.",
                    fix=f"Use one of {', '.join(RELATIONS)}, or nothing for the model itself.",
                    where=Place(str(self.path)),
                )
        return known

    def parts(self) -> Iterator["TablePart"]:
        """Yield parts of the table, models in their order."""
        for first in range(0, self.count, MODELS_IN_A_PART):
            yield TablePart(self, first, min(MODELS_IN_A_PART, self.count - first))


@dataclass(frozen=True)
class TablePart:
    """The models from number `first` on, `count` of them."""

    file: TableFile
    first: int
    count: int

    @property
    def place(self) -> Place:
        """Where the part stands."""
        return Place(str(self.file.path))

    def rows(self, engine: Engine) -> ir.Table:
        """Return the rows of these models with their codes."""
        table = engine.file(self.file.path)
        return table.filter(table.model.between(self.first, self.first + self.count - 1)).select(*CODES)

    def places(self) -> None:
        """Each model has rows of its own."""

    def names(self) -> Iterator[pa.Table]:
        """Yield IRI and name of the models, in their order; InputError where one has none."""
        file = pq.ParquetFile(self.file.path)
        # One by one, since most rows have no names, and memory that is new costs more than to read into it.
        groups = [n for n in range(file.num_row_groups) if self._may_be_in(file.metadata.row_group(n))]
        columns = ["model", *NAMES]
        due = self.first
        rest: list[pa.Table] = []
        for group in groups:
            rows = self._named(file.read_row_group(group, columns=columns))
            if rest or rows["name"].null_count or not _are_numbered(rows, due):
                rest.append(rows)
                continue
            due += len(rows)
            yield rows.select(NAMES)
        # From where models are not in their order, they are put in it.
        late = pa.concat_tables((file.schema_arrow.empty_table().select(columns), *rest)).sort_by("model")
        nameless = late["name"].is_null().to_numpy()
        wrong = np.flatnonzero((late["model"].to_numpy() != np.arange(due, due + len(late))) | nameless)
        if due + len(late) != self.first + self.count or len(wrong):
            about = due + (int(wrong[0]) if len(wrong) else len(late))
            raise InputError(
                f"the models are not numbered from 0 on with one iri and name each (about model {about}).",
                fix="Give each model one row with its iri and name; docs/tables.md tells how.",
                where=Place(str(self.file.path)),
            )
        yield late.select(NAMES)

    def _named(self, rows: pa.Table) -> pa.Table:
        """Leave out rows without names, and those of other parts."""
        named = rows.filter(pc.is_valid(rows["iri"]))
        numbers = named["model"].to_numpy()
        within = (numbers >= self.first) & (numbers < self.first + self.count)
        return named if within.all() else named.filter(pa.array(within))

    def _may_be_in(self, group: "pq.RowGroupMetaData") -> bool:
        place = next(n for n in range(group.num_columns) if group.column(n).path_in_schema == "model")
        known = group.column(place).statistics
        if known is None or not known.has_min_max:
            return True
        return bool(known.min < self.first + self.count and known.max >= self.first)


def _are_numbered(rows: pa.Table, first: int) -> bool:
    """Say whether rows are those of models one after the other."""
    return np.array_equal(rows["model"].to_numpy(), np.arange(first, first + len(rows)))


def open_table(path: Path) -> TableFile:
    """Look at a Parquet file; InputError where it is no component table."""
    place = Place(str(path))
    if not path.is_file():
        raise InputError("there is no such file.", fix="Check the path.", where=place)
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            f"this is no readable Parquet file: {str(error).splitlines()[0]}", where=place
        ) from None
    schema, metadata = file.schema_arrow, file.metadata.metadata or {}
    wrong = [f.name for f in SCHEMA if f.name not in schema.names or schema.field(f.name).type != f.type]
    if wrong or METADATA.encode() not in metadata:
        raise InputError(
            f"this Parquet file is no component table: {', '.join(wrong) or 'dictionaries'} not as in one.",
            fix=f"A table has the columns {', '.join(COLUMNS)}; make one with opengrade import --table.",
            where=place,
        )
    return TableFile(path, metadata[METADATA.encode()].decode("utf-8", "replace"), _greatest(file, place))


def _greatest(file: pq.ParquetFile, place: Place) -> dict[str, int]:
    """Return the greatest code in each column; InputError where there is none, or one that cannot be."""
    tops = dict.fromkeys(CODES, -1)
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        for index in range(group.num_columns):
            column = group.column(index)
            if column.path_in_schema in tops:
                low, high, missing = _range(file, number, column)
                if missing:
                    raise InputError(f"a {column.path_in_schema} is empty.", where=place)
                if low is None or high is None:
                    continue  # a group without rows
                tops[column.path_in_schema] = max(tops[column.path_in_schema], high)
                if low < 0:
                    raise InputError(f"a {column.path_in_schema} is below 0.", where=place)
    if tops["model"] < 0:
        raise InputError("the table has no rows.", where=place)
    return tops


def _range(
    file: pq.ParquetFile, group: int, column: "pq.ColumnChunkMetaData"
) -> tuple[int | None, int | None, int]:
    """Return the least and the greatest code of a group, None where there is none, and how many are empty."""
    known = column.statistics
    if known is not None and known.has_min_max and known.has_null_count:
        return known.min, known.max, known.null_count
    values = file.read_row_group(group, columns=[column.path_in_schema]).column(0)
    found = pc.min_max(values)
    return found["min"].as_py(), found["max"].as_py(), values.null_count
