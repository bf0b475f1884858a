"""The commands that say why, what would help, and what differs: explain, improve, what-if, compare."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from opengrade.cli.common import (
    FC,
    Reading,
    end,
    folder_option,
    framework_option,
    limit_option,
    quiet_option,
    rules_from,
    write,
)
from opengrade.errors import UsageError

if TYPE_CHECKING:
    from opengrade.importing import Submission
    from opengrade.weighing import Parts

models_argument = click.argument("models", nargs=-1, required=True, metavar="MODEL...")
TEXT_FORMATS = ("table", "json", "markdown")


def format_option(*choices: str) -> Callable[[FC], FC]:
    """Return the option that chooses how to write the result."""
    return click.option(
        "--format", "format_", type=click.Choice(choices), default=choices[0], help="How to write the result."
    )


Work = Callable[["list[Submission]"], "str | Parts"]


def _weigh(
    models: Sequence[str], work: Work, format_: str, settings_of_limits: tuple[str, ...], *, quiet: bool
) -> NoReturn:
    """Find the models, work something out of them where limits hold, and print it."""
    from opengrade.confining import call
    from opengrade.limits import limits_from

    limits = limits_from(settings_of_limits)
    reading = Reading(limits, quiet=quiet)
    submissions = reading.find(models)
    _print(call(partial(work, submissions), limits=limits), format_)
    end(reading.code)


def _print(parts: "str | Parts", format_: str) -> None:
    from opengrade.tables import print_lines, print_table
    from opengrade.weighing import as_markdown

    if isinstance(parts, str):
        write(parts)
    elif format_ == "markdown":
        write(as_markdown(parts))
    else:
        for part in parts:
            if isinstance(part, str):
                print_lines([part])
            else:
                print_lines(part.before)
                print_table(part.header, part.rows)


@click.command()
@models_argument
@framework_option("mof-1.0 if none is named")
@click.option("--criterion", "criteria", multiple=True, metavar="NAME", help="Explain only this criterion.")
@format_option("text", "json", "turtle")
@folder_option
@limit_option
@quiet_option
def explain(
    models: tuple[str, ...],
    names: tuple[str, ...],
    criteria: tuple[str, ...],
    format_: str,
    folder: Path | None,
    settings_of_limits: tuple[str, ...],
    quiet: bool,
) -> None:
    """Show for each criterion the statements that decided it, where they stand and where they were read.

    MODEL is a file or folder of any format we read, or the name of a model of the catalog.
    """
    from opengrade.weighing import explained

    rules = rules_from(names or ("mof-1.0",), folder)
    known = [criterion.name for rule in rules for criterion in rule.criteria]
    for name in criteria:
        if name not in known:
            raise UsageError(f'there is no criterion "{name}".', fix=f"Choose one of: {', '.join(known)}.")
    work = partial(explained, rules=rules, format_=format_, criteria=criteria)
    _weigh(models, work, format_, settings_of_limits, quiet=quiet)


@click.command()
@models_argument
@click.option("--to", "target", required=True, metavar="FRAMEWORK:GRADE", help="The grade to reach.")
@format_option("text", "json")
@folder_option
@limit_option
@quiet_option
def improve(
    models: tuple[str, ...],
    target: str,
    format_: str,
    folder: Path | None,
    settings_of_limits: tuple[str, ...],
    quiet: bool,
) -> None:
    """Find the smallest set of changes that brings a model to a grade, those that ask least first.

    MODEL is a file or folder of any format we read, or the name of a model of the catalog. The exit code is 1
    where the producer alone cannot reach the grade.
    """
    from opengrade.confining import call
    from opengrade.limits import limits_from
    from opengrade.tables import print_lines
    from opengrade.weighing import as_json, plan_document, plan_lines, plans

    limits = limits_from(settings_of_limits)
    name, _, grade_name = target.partition(":")
    (rule,) = rules_from((name,), folder)
    grade = rule.grade(grade_name)
    if grade is None:
        known = ", ".join(f"{rule.name}:{each.name}" for each in rule.grades)
        fix = f"Choose one of: {known}." if known else "It gives a score; choose a framework with grades."
        raise UsageError(f'{rule.name} has no grade "{grade_name}".', fix=fix)
    reading = Reading(limits, quiet=quiet)
    submissions = reading.find(models)
    found = call(partial(plans, submissions, rule, grade), limits=limits)
    if format_ == "json":
        write(as_json(plan_document(found)))
    else:
        for number, plan in enumerate(found):
            print_lines([*([""] if number else []), *plan_lines(plan, rule)])
    end(max(reading.code, int(any(not each.reachable for each in found))))


@click.command("what-if")
@models_argument
@click.option(
    "--set",
    "settings",
    multiple=True,
    required=True,
    metavar="KIND.PROPERTY=VALUE",
    help="A change, such as TrainingCode.license=MIT; a judgement is set as Question=Answer.",
)
@framework_option("all if none is named")
@format_option(*TEXT_FORMATS)
@folder_option
@limit_option
@quiet_option
def what_if(
    models: tuple[str, ...],
    settings: tuple[str, ...],
    names: tuple[str, ...],
    format_: str,
    folder: Path | None,
    settings_of_limits: tuple[str, ...],
    quiet: bool,
) -> None:
    """Show the verdicts on a model before and after changes that are only supposed.

    MODEL is a file or folder of any format we read, or the name of a model of the catalog. KIND is a kind of
    component, Dataset for the datasets that it refers to, or Model.
    """
    from opengrade.weighing import supposed

    rules = rules_from(names or ("all",), folder)
    work = partial(supposed, rules=rules, settings=settings, format_=format_)
    _weigh(models, work, format_, settings_of_limits, quiet=quiet)


@click.command()
@models_argument
@framework_option("all if none is named")
@format_option(*TEXT_FORMATS)
@folder_option
@limit_option
@quiet_option
def compare(
    models: tuple[str, ...],
    names: tuple[str, ...],
    format_: str,
    folder: Path | None,
    settings_of_limits: tuple[str, ...],
    quiet: bool,
) -> None:
    """Set models side by side under all frameworks, and show which criteria set them apart.

    MODEL is a file or folder of any format we read, or the name of a model of the catalog.
    """
    from opengrade.weighing import compared

    work = partial(compared, rules=rules_from(names or ("all",), folder), format_=format_)
    _weigh(models, work, format_, settings_of_limits, quiet=quiet)
