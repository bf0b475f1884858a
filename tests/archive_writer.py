"""Puts versions of a submission into a store until it is killed; `test_archive` starts it."""

import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from opengrade.archive import accept
from opengrade.disk import StoreBusyError
from opengrade.graph import Literal, NamedNode, Quad
from opengrade.importing import Submission
from opengrade.namespaces import term

VERSIONS = {"opengrade": "0", "rules": "r"}


def version(number: int, *, model: str = "m", size: int = 300) -> Submission:
    """Return a submission whose every statement says which version it is."""
    node = NamedNode(f"https://example.org/{model}")
    said = [Quad(node, term("ogr:modality"), Literal(f"{number} {each}")) for each in range(size)]
    quads = (Quad(node, term("rdf:type"), term("ogr:Model")), *said)
    return Submission(f"{number}.ttl", quads, digest=f"{number:064}")


def main() -> None:
    """Write the versions of a model one after the other, and print a letter after each."""
    folder, model, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    print("r", end="", flush=True)
    for number in count(1) if most == 0 else range(1, most + 1):
        try:
            accept(
                folder,
                version(number, model=model),
                at=datetime.fromtimestamp(number, UTC),
                versions=VERSIONS,
            )
            print("w", end="", flush=True)
        except StoreBusyError:
            print("b", end="", flush=True)


if __name__ == "__main__":
    main()
