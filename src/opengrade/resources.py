"""Finds the data folders (ontology, shapes, queries, catalog), in a checkout or an installed wheel."""

import hashlib
from functools import cache
from pathlib import Path


@cache
def data_root() -> Path:
    """Return the folder that holds `ontology/`, `shapes/`, `queries/` and `catalog/`."""
    installed = Path(__file__).parent / "data"
    return installed if installed.is_dir() else Path(__file__).parents[2]


def data_files(folder: str, pattern: str) -> tuple[Path, ...]:
    """Return the files of a data folder that match a glob pattern, in the order of their names."""
    return tuple(sorted((data_root() / folder).glob(pattern)))


def data_hash(folder: str) -> str:
    """Return a short hash of the Turtle files of a folder, so that a verdict can be tied to its rules."""
    digest = hashlib.sha256()
    for path in data_files(folder, "**/*.ttl"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
