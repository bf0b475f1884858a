"""The commands that show what verdicts rest on: frameworks, licenses, limits."""

from pathlib import Path

import click

from opengrade.cli.common import end, folder_option
from opengrade.errors import UsageError


@click.command()
@click.argument("words", nargs=-1, metavar="[show] [ID]")
@folder_option
def frameworks(words: tuple[str, ...], folder: Path | None) -> None:
    """List the frameworks, or show one with its criteria and citations."""
    from opengrade import reporting
    from opengrade.loading import framework
    from opengrade.tables import print_lines, print_table

    names = _after("show", words)
    if not names:
        print_table(reporting.FRAMEWORKS, reporting.framework_rows(folder))
        return
    rules = framework(names[0], folder)
    print_lines(reporting.framework_lines(rules))


@click.command()
@click.argument("words", nargs=-1, metavar="[show ID | check TEXT]")
def licenses(words: tuple[str, ...]) -> None:
    """List the licenses, show one with its terms, or say which license a text means."""
    from opengrade import reporting
    from opengrade.tables import print_lines, print_table

    if words and words[0] == "check":
        if len(words) == 1:
            raise UsageError(
                "no text is given.", fix='Say, for example: opengrade licenses check "Apache 2.0".'
            )
        lines, known = reporting.check_lines(" ".join(words[1:]))
        print_lines(lines)
        end(0 if known else 1)
    names = _after("show", words)
    if not names:
        print_table(reporting.LICENSES, reporting.license_rows())
        return
    print_lines(reporting.license_lines(" ".join(names)))


def _after(verb: str, words: tuple[str, ...]) -> list[str]:
    """Return the words behind an optional verb; `list` alone asks for the list."""
    given = list(words)
    if given == ["list"]:
        return []
    if given and given[0] == verb:
        if len(given) == 1:
            raise UsageError(f"{verb} needs a name.", fix="Leave it out to see the list.")
        return given[1:]
    return given


@click.command()
def limits() -> None:
    """List the limits that inputs and queries have to keep, and what keeps their work from the network."""
    from opengrade import reporting
    from opengrade.confining import network_guard
    from opengrade.tables import print_lines, print_table

    print_table(reporting.LIMITS, reporting.limit_rows())
    print_lines(["", f"The network is closed to that work by: {network_guard()}."])
