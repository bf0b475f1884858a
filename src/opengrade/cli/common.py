"""What the commands share: options, how inputs are read, how they speak and end."""

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from opengrade import __version__
from opengrade.errors import InputError, OpenGradeError, Place, UsageError

if TYPE_CHECKING:
    from opengrade.frameworks import Framework
    from opengrade.importing import Submission
    from opengrade.limits import Limits
    from opengrade.remarks import Remark

# Whatever an option of click can be put on.
FC = TypeVar("FC", bound=Callable[..., Any] | click.Command)

inputs_argument = click.argument("inputs", nargs=-1, type=click.Path(path_type=Path))
limit_option = click.option(
    "--limit",
    "settings_of_limits",
    multiple=True,
    metavar="NAME=N",
    help="Change a limit; see opengrade limits.",
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Say nothing on standard error but errors.")


folder_option = click.option(
    "--frameworks-dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Also know the frameworks in the .ttl files of this folder.",
)


def framework_option(default: str) -> Callable[[FC], FC]:
    """Return the option that names frameworks."""
    return click.option(
        "-f", "--framework", "names", multiple=True, metavar="ID|all", help=f"A framework; {default}."
    )


def rule_files(names: Iterable[str], folder: Path | None = None) -> dict[str, Path]:
    """Return the files of frameworks of some names, all for the name all; UsageError for an unknown one."""
    from opengrade.loading import framework_file, framework_files

    given = list(dict.fromkeys(names))
    chosen = framework_files(folder) if "all" in given else given
    return {name: framework_file(name, folder) for name in chosen}


def rules_from(names: Iterable[str], folder: Path | None = None) -> "list[Framework]":
    """Return the frameworks of some names, all for the name all; UsageError for an unknown one."""
    from opengrade.loading import framework

    return [framework(name, folder) for name in rule_files(names, folder)]


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

    def find(self, models: Sequence[str]) -> "list[Submission]":
        """Read files and folders, and find models of the catalog by name; UsageError for what is neither."""
        from difflib import get_close_matches

        from opengrade.dataset import in_catalog, read_catalog

        found: list[Submission] = []
        for text in models:
            if Path(text).exists():
                found += self.read([Path(text)])
                continue
            named = in_catalog(text)
            if named is None:
                known = [Path(each.source).stem for each in read_catalog()]
                near = get_close_matches(text.lower(), known, 1)
                hint = (
                    f"Did you mean {near[0]}?" if near else f"Of the catalog there are: {', '.join(known)}."
                )
                raise UsageError(f'"{text}" is neither a file nor a model of the catalog.', fix=hint)
            found.append(named)
        if not found:
            end(self.code)
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
        """Tell what was left aside, unless nobody wants to hear it; a record left out shows in the code."""
        if any(each.lost for each in remarks):
            self.code = max(self.code, InputError.exit_code)
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
