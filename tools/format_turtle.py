"""Brings the Turtle files of the repository into canonical form; with --check only says which are not."""

import sys
from pathlib import Path

from opengrade.graph import canonical_turtle
from opengrade.resources import data_root


def turtle_files() -> list[Path]:
    """Return the Turtle files that have to be canonical: not test input, whose layout may be on purpose."""
    folders = ("ontology", "shapes", "catalog", "tests/frameworks")
    return sorted(path for folder in folders for path in (data_root() / folder).rglob("*.ttl"))


def main() -> int:
    """Rewrite or check; the exit code is 1 when a checked file is not canonical."""
    check = "--check" in sys.argv[1:]
    wrong = 0
    for path in turtle_files():
        data = path.read_bytes()
        canonical = canonical_turtle(data)
        if data != canonical:
            wrong += 1
            print(f"{path} {'is not canonical: run make format' if check else 'formatted'}", file=sys.stderr)
            if not check:
                path.write_bytes(canonical)
    return int(check and wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
