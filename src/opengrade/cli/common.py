"""What the commands share: options, how inputs are read, how they speak and end."""

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from opengrade import __version__
from opengrade.errors import OpenGradeError, Place, UsageError

if TYPE_CHECKING:
    from opengrade.importing import Submission
    from opengrade.limits import Limits
    from opengrade.remarks import Remark

inputs_argument = click.argument("inputs", nargs=-1, type=click.Path(path_type=Path))
limit_option = click.option(
    "--limit",
    "settings_of_limits",
    multiple=True,
    metavar="NAME=N",
    help="Change a limit; see opengrade limits.",
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Say nothing on standard error but errors.")


def tell(text: str) -> None:
    """Write one line to standard error."""
    from opengrade.tables import harmless_line

    sys.stderr.write(f"opengrade: {harmless_line(text)}\n")


def write(text: str) -> None:
    """Write data to standard output."""
    sys.stdout.write(text)


class Reading:
    """Reads inputs one by one, tells of those that cannot be read, and remembers the worst exit code.

    With `everything`, also what a mapping leaves aside in every file is told.
    """

    def __init__(self, limits: "Limits", *, quiet: bool, everything: bool = False) -> None:
        self.limits = limits
        self.quiet = quiet
        self.everything = everything
        self.code = 0

    def read(self, paths: Iterable[Path]) -> "list[Submission]":
        """Read files and the files of folders, each in a process that is confined."""
        from opengrade.confining import each
        from opengrade.importing import read_submission
        from opengrade.tables import progress

        found: list[Submission] = []
        files = self.files(paths)
        work = partial(read_submission, limits=self.limits)
        results = each(work, files, limits=self.limits, place=lambda path: Place(str(path)))
        for result in progress(results, "Reading", len(files)):
            if isinstance(result, OpenGradeError):
                self.fail(result)
                continue
            found.append(result)
            self.remark(result.remarks)
        return found

    def files(self, paths: Iterable[Path]) -> list[Path]:
        """Return the files to read; that there are none is an error."""
        from opengrade.importing import find_inputs

        files = list(find_inputs(paths))
        if not files:
            self.fail(
                UsageError("the folders given hold no file of a format that we read.", fix="Give files.")
            )
        return files

    def fail(self, error: OpenGradeError) -> None:
        """Tell of an error and go on."""
        tell(str(error))
        self.code = max(self.code, error.exit_code)

    def remark(self, remarks: "Sequence[Remark]") -> None:
        """Tell what was left aside, unless nobody wants to hear it."""
        if not self.quiet:
            for each in remarks:
                if self.everything or not each.routine:
                    tell(f"{each.place}: {each.what}.")


def versions() -> dict[str, str]:
    """Return the version of the program, and those of the rules and license facts that it judges by."""
    from opengrade.resources import data_hash

    return {
        "opengrade": __version__,
        "rules": data_hash("shapes"),
        "licenses": data_hash("ontology/licenses"),
    }


def end(code: int) -> NoReturn:
    """End the command with an exit code."""
    raise click.exceptions.Exit(code)
