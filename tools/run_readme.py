"""Runs the commands of the console blocks in README.md and writes their answers; --check only compares."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
NOT_RUN = ("make test",)
# What `make demo` shows once all is installed; a test holds the Makefile to it.
STANDS_FOR = {"make demo": "opengrade assess"}


def answer(command: str) -> str:
    """Return what a command writes to standard output, run by a shell at the root of the repository."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        ["sh", "-c", STANDS_FOR.get(command, command)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        encoding="utf-8",
        env={**os.environ, "PATH": path},
    )
    if done.stderr:
        raise SystemExit(f"{command}: {done.stderr}")
    return done.stdout


def filled(text: str) -> str:
    """Return the page with the answer below each command."""

    def block(match: re.Match[str]) -> str:
        commands = [line[2:] for line in match[1].splitlines() if line.startswith("$ ")]
        parts = [f"$ {each}\n{'' if each in NOT_RUN else answer(each)}" for each in commands]
        return "```console\n" + "".join(parts) + "```"

    return re.sub(r"```console\n(.*?)```", block, text, flags=re.DOTALL)


def main() -> int:
    """Write the page, or with --check say whether it is current."""
    text = README.read_text(encoding="utf-8")
    wanted = filled(text)
    if text != wanted and "--check" in sys.argv[1:]:
        print("README.md is not what its commands answer: run make generate", file=sys.stderr)
        return 1
    README.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
