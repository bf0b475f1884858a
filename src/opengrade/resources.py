"""Finds the data folders (ontology, shapes, queries, catalog), in a checkout or an installed wheel."""

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
