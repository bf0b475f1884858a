"""Makes component tables of any size for measurements, the same bytes for the same number of models.

As on a hub, most models repeat a release that many others repeat, with its components and licenses, and some
change a license or leave something out. A third of the releases are described as in the Model Openness Tool,
the others by few things under one license. In the varied population there are as many releases as make almost
every described model different.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from opengrade.bulk.files import SCHEMA, table_writer
from opengrade.bulk.schema import Dictionaries, LicenseEntry, Part
from opengrade.licenses import license_index
from opengrade.namespaces import compact
from opengrade.vocabulary import vocabulary

LICENSES = tuple(
    " ".join(
        (
            "apache-2.0 mit none llama3.1 cc-by-nc-4.0 other openrail cc-by-4.0 gemma llama2 cc-by-sa-4.0",
            "bigscience-bloom-rail-1.0 gpl-3.0 CC0-1.0 bsd-3-clause cc-by-nc-sa-4.0 unknown afl-3.0",
            "creativeml-openrail-m AGPL-3.0-only MPL-2.0 ODbL-1.0 Unlicense WTFPL LGPL-3.0-only ISC",
            "CDLA-Permissive-2.0 EUPL-1.2 PDDL-1.0 Zlib GFDL-1.3-only OFL-1.1 cc-by-nc-nd-4.0 BSL-1.0",
            "Artistic-2.0 MS-PL NCSA",
        )
    ).split()
)
HUB_KINDS = ("ogr:FinalWeights", "ogr:ModelCard", "ogr:ConfigurationFile")
PATTERNS = 120
RELEASES = 3_000
ALL_DIFFERENT = 400_000
BATCH = 100_000


@dataclass(frozen=True)
class Codes:
    """The codes of everything that tables are made of."""

    dictionaries: Dictionaries
    model: tuple[int, int]
    kinds: tuple[int, ...]
    hub: tuple[int, ...]
    contents: np.ndarray
    licenses: np.ndarray
    facts: np.ndarray


def codes() -> Codes:
    """Give numbers to parts, licenses and facts; `facts` has four codes for each kind."""
    known = Dictionaries()
    kinds = sorted(vocabulary().kinds, key=compact)
    contents = sorted(set(vocabulary().kinds.values()), key=compact)
    parts = [known.part(Part("ogr:hasComponent", ("ogr:Component", compact(kind)))) for kind in kinds]
    model = known.part(Part("", ("ogr:Model",))), known.fact((("ogr:name", '""'),))
    licenses = []
    for text in LICENSES:
        found = license_index().resolve(text.replace("none", ""))
        licenses.append(known.license(LicenseEntry(found, found, "licenseExpression", bound=False)))
    facts = []
    for kind in kinds:
        content = ("ogr:contentType", str(vocabulary().kinds[kind]))
        place = ("ogr:location", '""^^<http://www.w3.org/2001/XMLSchema#anyURI>')
        had = [("ogr:hasAvailability", f"<https://w3id.org/opengrade/ns#{name}>") for name in AVAILABLE]
        facts.append([known.fact((content, *more)) for more in ((), (place,), (had[0],), (had[1],))])
    return Codes(
        dictionaries=known,
        model=model,
        kinds=tuple(parts),
        hub=tuple(parts[[compact(k) for k in kinds].index(name)] for name in HUB_KINDS),
        contents=np.array([contents.index(vocabulary().kinds[kind]) for kind in kinds]),
        licenses=np.array(licenses),
        facts=np.array(facts),
    )


AVAILABLE = ("DirectDownload", "GatedAccess")


def skewed(random: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Draw numbers below `count`, the first ones far more often."""
    weights = 1 / np.arange(1, count + 1) ** 1.2
    return random.choice(count, size=size, p=weights / weights.sum())


@dataclass(frozen=True)
class Releases:
    """Releases that models repeat: whether each kind is there, and the codes of licenses and facts."""

    present: np.ndarray
    licenses: np.ndarray
    facts: np.ndarray

    def taken(self, numbers: np.ndarray) -> "Releases":
        """Return some of them, any number of times."""
        return Releases(self.present[numbers], self.licenses[numbers], self.facts[numbers])


def releases(of: Codes, random: np.random.Generator, patterns: np.ndarray, count: int) -> Releases:
    """Draw releases: a third described in full, with a license for each type of content."""
    kinds = len(of.kinds)
    described = random.random(count) < 0.35
    present = np.where(described[:, None], patterns[skewed(random, PATTERNS, count)], False)
    present ^= described[:, None] & (random.random((count, kinds)) < 0.01)
    for at in map(of.kinds.index, of.hub):
        present[:, at] |= ~described & (random.random(count) < 0.9)
    contents = range(of.contents.max() + 1)
    by_content = np.stack([skewed(random, len(LICENSES), count) for _ in contents], axis=1)
    one = skewed(random, len(LICENSES), count)
    licenses = np.where(described[:, None], by_content[:, of.contents], one[:, None])
    facts = np.repeat(skewed(random, of.facts.shape[1], count)[:, None], kinds, axis=1)
    return Releases(present, of.licenses[licenses], of.facts[np.arange(kinds), facts])


def batch(of: Codes, random: np.random.Generator, known: Releases, first: int, count: int) -> pa.Table:
    """Return the rows of `count` models numbered from `first` on: one in seven is not as its release was."""
    size, kinds = known.present.shape
    drawn = skewed(random, size, count) if size < ALL_DIFFERENT else random.integers(size, size=count)
    like = known.taken(drawn)
    changed = random.random(count) < 1 / 7
    present = like.present & ~(changed[:, None] & (random.random((count, kinds)) < 0.1))
    other = of.licenses[skewed(random, len(LICENSES), count)]
    licenses = np.where((changed & (random.random(count) < 0.5))[:, None], other[:, None], like.licenses)
    model, kind = np.nonzero(present)
    things = [model, np.array(of.kinds)[kind], licenses[model, kind], like.facts[model, kind]]
    own_rows = [np.arange(count), *(np.full(count, code) for code in (of.model[0], 0, of.model[1]))]
    columns = [np.concatenate(pair) for pair in zip(own_rows, things, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return _table([column[order] for column in columns], first, count)


def _table(columns: Sequence[np.ndarray], first: int, count: int) -> pa.Table:
    starts = np.searchsorted(columns[0], np.arange(count))
    names = np.full(len(columns[0]), None, dtype=object)
    names[starts] = [f"model-{first + n}" for n in range(count)]
    iris = np.full(len(columns[0]), None, dtype=object)
    iris[starts] = [
        f"https://example.org/producer-{(first + n) % 997}/model-{first + n}" for n in range(count)
    ]
    given = [columns[0] + first, *columns[1:], iris, names]
    return pa.table([pa.array(c, f.type) for c, f in zip(given, SCHEMA, strict=True)], schema=SCHEMA)


def make(path: Path, count: int, *, varied: bool = False) -> None:
    """Write a table of `count` models; `varied` lets few of them be alike, as they never are on a hub."""
    of = codes()
    random = np.random.default_rng(20261127)
    patterns = random.random((PATTERNS, len(of.kinds))) < random.uniform(0.3, 1.0, (PATTERNS, 1))
    known = releases(of, random, patterns, ALL_DIFFERENT if varied else RELEASES)
    with table_writer(path, of.dictionaries) as write:
        for first in range(0, count, BATCH):
            write(batch(of, random, known, first, min(BATCH, count - first)))


def main() -> None:
    """Write a table from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.table_data", description=__doc__)
    parser.add_argument("count", type=int, help="how many models")
    parser.add_argument("path", type=Path, help="the Parquet file to write")
    parser.add_argument("--varied", action="store_true", help="let few models be alike")
    given = parser.parse_args()
    make(given.path, given.count, varied=given.varied)


if __name__ == "__main__":
    main()
