"""The command that lets a reasoner infer the classes of models: reason."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opengrade.cli.common import (
    Reading,
    end,
    folder_option,
    framework_option,
    inputs_argument,
    limit_option,
    quiet_option,
    rules_from,
    write,
)

if TYPE_CHECKING:
    from opengrade.frameworks import Framework


@click.command()
@inputs_argument
@framework_option("mof-1.0 if none is named, all that are monotone for all")
@click.option(
    "--with",
    "reasoner",
    type=click.Choice(("hermit", "rl")),
    default="rl",
    help="HermiT, complete, needs Java; or OWL 2 RL by rules, quick.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(("table", "json")),
    default="table",
    help="How to write the result.",
)
@folder_option
@limit_option
@quiet_option
def reason(
    inputs: tuple[Path, ...],
    names: tuple[str, ...],
    reasoner: str,
    format_: str,
    folder: Path | None,
    settings_of_limits: tuple[str, ...],
    quiet: bool,
) -> None:
    """Infer by OWL which classes the models are in, and find what contradicts the ontology.

    INPUTS are files or folders of any format we read; without any, the embedded catalog is classified. The
    exit code is 1 where a class can have no member or an input contradicts the ontology.
    """
    from opengrade.dataset import read_catalog
    from opengrade.inferring import HEADER, as_json, infer, remarks, rows
    from opengrade.limits import limits_from
    from opengrade.tables import print_lines, print_table

    limits = limits_from(settings_of_limits)
    rules = _monotone(names or ("mof-1.0",), folder)
    reading = Reading(limits, quiet=quiet)
    submissions = reading.read(inputs) if inputs else list(read_catalog())
    if not submissions:
        end(reading.code)
    found = infer(submissions, rules, reasoner, limits)
    all_read = reading.code == 0
    if format_ == "json":
        write(as_json(found, reasoner, all_read=all_read))
    else:
        if found.models:
            print_table(HEADER, rows(found, rules))
            print_lines([""])
        print_lines(remarks(found, reasoner, all_read=all_read))
    end(max(reading.code, int(bool(found.unsatisfiable or found.contradictory))))


def _monotone(names: tuple[str, ...], folder: Path | None) -> "list[Framework]":
    from opengrade.owl_classes import check_monotone

    rules = rules_from(names, folder)
    if "all" in names:
        return [rule for rule in rules if rule.monotone]
    for rule in rules:
        check_monotone(rule)
    return rules
