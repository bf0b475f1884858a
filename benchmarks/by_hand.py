"""The yardstick: the classes of MOF 1.0 as one query that a person would write for DuckDB, and no more.

It reads the same component table as our route. What the codes of its dictionaries mean for MOF 1.0 is looked
up beforehand and stands in small tables of bits; the query joins three of them, gathers the bits of each
model and asks whether those of a class are all there. It is written apart from our shapes, compiler and
evaluator.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import duckdb
import numpy as np

from opengrade.bulk.engines import MEMORY
from opengrade.bulk.files import open_table
from opengrade.bulk.schema import FactsEntry, LicenseEntry
from opengrade.graph import NamedNode
from opengrade.licenses import license_index
from opengrade.namespaces import term

# Each kind of component and the bits of the criteria that it meets where it is open.
CRITERIA = (
    *("FinalWeights", "ModelArchitecture", "ModelCard", "DataCard", "EvaluationResults", "report"),
    *("TrainingCode", "InferenceCode", "EvaluationCode", "EvaluationData", "SupportingLibraries"),
    *("Datasets", "IntermediateWeights", "PreprocessingCode", "ResearchPaper"),
)
BIT = {name: 1 << place for place, name in enumerate(CRITERIA)}
KINDS = BIT | {
    "TechnicalReport": BIT["report"],
    "ResearchPaper": BIT["report"] | BIT["ResearchPaper"],
}
ALL = (1 << len(CRITERIA)) - 1
CLASS_III, CLASS_II, CLASS_I = (1 << 6) - 1, (1 << 11) - 1, ALL
WITHHELD = {"NotReleased", "DescribedOnly", "QueryOnly"}
# The kinds of component that the framework names, for flags of each.
NAMED = (
    *(each for each in CRITERIA if each != "report"),
    *("TechnicalReport", "ModelMetadata", "SampleOutputs"),
)
NAMED_BIT = {name: 1 << place for place, name in enumerate(NAMED)}
OPEN_CONTENT = {term("ogr:CodeContent"), term("ogr:DataContent"), term("ogr:DocumentContent")}


def _all(bits: int) -> str:
    asked = (name for name, bit in BIT.items() if bits & bit)
    return " AND ".join(
        f"({_flag('TechnicalReport')} OR {_flag('ResearchPaper')})" if name == "report" else _flag(name)
        for name in asked
    )


def _flag(name: str) -> str:
    """Return the column that says whether a component of a kind is there and open."""
    return f"open_{name}"


GRADES = f"""
SELECT model, CASE
  WHEN bits & {CLASS_III} <> {CLASS_III} THEN 0
  WHEN bits & {CLASS_II} <> {CLASS_II} THEN 1
  WHEN bits & {CLASS_I} <> {CLASS_I} THEN 2
  ELSE 3 END::UTINYINT AS grade
FROM (
  SELECT model, BIT_OR(parts.bits & licenses.bits & facts.bits) AS bits
  FROM read_parquet('{{table}}') AS things
  JOIN parts ON parts.code = things.part
  JOIN licenses ON licenses.code = things.license
  JOIN facts ON facts.code = things.facts
  GROUP BY model
)
"""


# The same with two flags for each kind, whether it is there and whether it is open as well: 34 times BOOL_OR,
# the form in which the limit was first measured.
def _flags() -> Iterator[str]:
    for name, bit in NAMED_BIT.items():
        there = f"named.bits & {bit} <> 0 AND facts.bits <> 0"
        is_open = there if name == "Datasets" else f"{there} AND licenses.bits = {ALL}"
        yield f"BOOL_OR({there}) AS there_{name}, BOOL_OR({is_open}) AS {_flag(name)}"


FLAGS = f"""
SELECT model, CASE
  WHEN NOT ({_all(CLASS_III)}) THEN 0
  WHEN NOT ({_all(CLASS_II)}) THEN 1
  WHEN NOT ({_all(CLASS_I)}) THEN 2
  ELSE 3 END::UTINYINT AS grade
FROM (
  SELECT model, {", ".join(_flags())}
  FROM read_parquet('{{table}}') AS things
  JOIN named ON named.code = things.part
  JOIN licenses ON licenses.code = things.license
  JOIN facts ON facts.code = things.facts
  GROUP BY model
)
"""
COUNTS = "SELECT grade, COUNT(*) FROM ({query}) GROUP BY grade ORDER BY grade"


class ByHand:
    """A connection in which the small tables stand, and the query over a component table."""

    def __init__(self, table: Path, query: str = GRADES) -> None:
        known = open_table(table).dictionaries
        self.connection = duckdb.connect(config={"memory_limit": MEMORY, "preserve_insertion_order": False})
        self._bits("parts", (_of_kinds(KINDS, each.relation, each.kinds) for each in known.parts))
        self._bits("named", (_of_kinds(NAMED_BIT, each.relation, each.kinds) for each in known.parts))
        self._bits("licenses", map(_of_license, known.licenses))
        self._bits("facts", map(_of_facts, known.facts))
        self.query = query.format(table=str(table).replace("'", "''"))

    def _bits(self, name: str, bits: Iterable[int]) -> None:
        self.connection.execute(f"CREATE TABLE {name} (code INTEGER, bits INTEGER)")
        for pair in enumerate(bits):
            self.connection.execute(f"INSERT INTO {name} VALUES (?, ?)", pair)

    def counts(self) -> dict[int, int]:
        """Return how many models meet each grade, 0 for none to 3 for Class I."""
        return dict(self.connection.execute(COUNTS.format(query=self.query)).fetchall())

    def write(self, out: Path) -> None:
        """Write model and grade to a Parquet file."""
        self.connection.execute(f"COPY ({self.query}) TO '{out}' (FORMAT parquet)")

    def grades(self) -> np.ndarray:
        """Return the grade of each model in the order of the models."""
        found = self.connection.execute(self.query).fetchnumpy()
        return np.asarray(found["grade"][np.argsort(found["model"])], dtype=np.uint8)


def _of_kinds(bits: Mapping[str, int], relation: str, kinds: Iterable[str]) -> int:
    found = 0
    for kind in kinds if relation == "ogr:hasComponent" else ():
        found |= bits.get(kind.removeprefix("ogr:"), 0)
    return found


def _of_license(entry: LicenseEntry | None) -> int:
    """Return all bits where some option has open licenses only, else that of datasets, which need none."""
    options = entry.resolution.options if entry else ()
    return ALL if any(all(map(_is_open, option)) for option in options) else BIT["Datasets"]


def _is_open(license_: NamedNode) -> bool:
    graph = license_index().graph
    if "true" in graph.texts(license_, term("ogr:osiApproved")):
        return True
    rows = graph.subjects(term("ogr:concernsLicense"), license_)
    return any(OPEN_CONTENT & set(graph.objects(row, term("ogr:opensContent"))) for row in rows)


def _of_facts(entry: FactsEntry) -> int:
    values = {value for name, value in entry if name == "ogr:hasAvailability"}
    return 0 if values & {str(term(f"ogr:{each}")) for each in WITHHELD} else ALL
