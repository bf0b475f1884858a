"""The commands for those who send and those who take submissions: validate, accept, diff."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opengrade import __version__
from opengrade.cli.common import (
    Reading,
    end,
    inputs_argument,
    limit_option,
    quiet_option,
    tell,
    versions,
    write,
)
from opengrade.errors import OpenGradeError, Place, UsageError

if TYPE_CHECKING:
    from opengrade.archive import Acceptance, Examined
    from opengrade.importing import Submission
    from opengrade.limits import Limits
    from opengrade.validating import Report

DIFF_FORMATS = ("table", "json")
VALIDATE_FORMATS = ("table", "json", "turtle", "sarif", "github", "junit")


@click.command()
@inputs_argument
@click.option(
    "--format",
    "format_",
    type=click.Choice(VALIDATE_FORMATS),
    default="table",
    help="How to write the report.",
)
@click.option(
    "--fail-on",
    type=click.Choice(("violation", "warning", "never")),
    default="violation",
    help="What makes the exit code 1.",
)
@click.option(
    "--shapes",
    type=click.Path(path_type=Path),
    help="Check the shapes of this Turtle file too.",
)
@limit_option
@quiet_option
def validate(
    inputs: tuple[Path, ...],
    format_: str,
    fail_on: str,
    shapes: Path | None,
    settings_of_limits: tuple[str, ...],
    quiet: bool,
) -> None:
    """Say what is wrong in a submission, where it stands, why it counts and how to mend it.

    INPUTS are files or folders of any format we read.
    """
    from opengrade.limits import limits_from
    from opengrade.tables import progress
    from opengrade.validating import reports

    if not inputs:
        raise UsageError("no input is given.", fix="Name files or folders.")
    limits = limits_from(settings_of_limits)
    reading = Reading(limits, quiet=quiet)
    files = reading.files(inputs)
    found = progress(reports(files, limits, shapes), "Validating", len(files))
    done = _streamed(found, quiet=quiet) if format_ == "table" else list(found)
    if format_ != "table":
        _write(done, format_)
    unreadable = max((each.error.exit_code for each in done if each.error is not None), default=0)
    failed = fail_on != "never" and any(each.has(fail_on) for each in done)
    end(max(reading.code, unreadable, int(failed)))


def _streamed(found: "Iterable[Report]", *, quiet: bool) -> "list[Report]":
    """Show each report as it comes, and at the end what rules were broken, worst first."""
    from opengrade.tables import print_lines, print_table
    from opengrade.validation_reports import SUMMARY, lines, summary

    done = []
    for report in found:
        print_lines(lines(report))
        done.append(report)
    rows = list(summary(done))
    if len(done) > 1 and rows and not quiet:
        print_lines([""])
        print_table(SUMMARY, rows)
    return done


def _write(done: "list[Report]", format_: str) -> None:
    from opengrade import validation_reports

    if format_ == "json":
        write(validation_reports.to_json(done, versions()))
    elif format_ == "sarif":
        write(validation_reports.to_sarif(done, __version__))
    elif format_ == "turtle":
        write(validation_reports.to_turtle(done))
    elif format_ == "github":
        write(validation_reports.to_github(done))
    else:
        write(validation_reports.to_junit(done))


@click.command()
@inputs_argument
@click.option(
    "--store",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="The folder of the store; it is made where there is none.",
)
@click.option("--as", "name", metavar="NAME", help="Call the submission so, and replace the one called so.")
@click.option("--list", "list_", is_flag=True, help="List what is accepted.")
@limit_option
@quiet_option
def accept(
    inputs: tuple[Path, ...],
    store: Path,
    name: str | None,
    list_: bool,
    settings_of_limits: tuple[str, ...],
    quiet: bool,
) -> None:
    """Put submissions that conform into a store, each in place of its earlier version.

    INPUTS are files or folders of any format we read. A submission replaces the one that describes the same
    models. What does not conform is told and left out; so are claims that no submission may make.
    """
    from opengrade.archive import examine, plain_name
    from opengrade.confining import each
    from opengrade.disk import check_fit
    from opengrade.limits import limits_from
    from opengrade.tables import progress

    limits = limits_from(settings_of_limits)
    if list_:
        _list(store, limits, asked=not (inputs or name))
        return
    if not inputs:
        raise UsageError("no input is given.", fix="Name files or folders, or use --list.")
    reading = Reading(limits, quiet=quiet)
    files = reading.files(inputs)
    if name is not None:
        plain_name(name)
        if len(files) > 1:
            raise UsageError("--as names one submission.", fix="Give one file.")
    check_fit(store)
    found = each(partial(examine, limits=limits), files, limits=limits, place=lambda path: Place(str(path)))
    for path, result in zip(files, progress(found, "Accepting", len(files)), strict=True):
        try:
            _take(path, result, store, name, reading)
        except OpenGradeError as error:
            reading.fail(error)
    end(reading.code)


def _list(store: Path, limits: "Limits", *, asked: bool) -> None:
    """Show what is accepted."""
    from opengrade.archive import LISTING, listed, rows
    from opengrade.confining import call
    from opengrade.tables import print_table

    if not asked:
        raise UsageError("--list goes with --store only.", fix="Leave the rest out.")
    print_table(LISTING, rows(call(partial(listed, store), limits=limits, place=Place(str(store)))))


def _take(
    path: Path, result: "Examined | OpenGradeError", store: Path, name: str | None, reading: Reading
) -> None:
    """Accept what was found in a file, or tell why not."""
    from opengrade import archive
    from opengrade.tables import print_lines
    from opengrade.validation_reports import message_of

    if isinstance(result, OpenGradeError):
        raise result
    if result.submission is None:
        for each in result.report.remarks:
            if each.severity == "violation":
                tell(f"{each.place}: {message_of(each)}")
        tell(f"{path}: not accepted, because it does not conform.")
        reading.code = max(reading.code, 1)
        return
    done = archive.accept(store, result.submission, at=_now(), versions=versions(), name=name)
    print_lines([_said(path, done)])


def _said(path: Path, done: "Acceptance") -> str:
    record = done.record
    if not done.changed:
        return f"{path}: accepted before, on {record.at}, as {record.name}"
    before = f", replacing the version of {done.replaced.at}" if done.replaced else ""
    claims = f", {record.ignored} ignored claims left out" if record.ignored != "0" else ""
    return f"{path}: accepted as {record.name}{before}{claims}"


def _now() -> datetime:
    """Return the time; SOURCE_DATE_EPOCH sets it, so that a run can be repeated."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch.isdecimal() else datetime.now(UTC)


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "-f",
    "--framework",
    "names",
    multiple=True,
    metavar="ID|all",
    help="Compare the verdicts under this framework; under all if none is named.",
)
@click.option(
    "--format", "format_", type=click.Choice(DIFF_FORMATS), default="table", help="How to write the changes."
)
@limit_option
@quiet_option
def diff(
    old: Path,
    new: Path,
    names: tuple[str, ...],
    format_: str,
    settings_of_limits: tuple[str, ...],
    quiet: bool,
) -> None:
    """Say what changed from one file to another, in what is stated and in the verdicts.

    OLD and NEW are files of any format we read. Only what may be used of them is compared. The exit code is 0
    where nothing changed and 1 where something did.
    """
    from opengrade import changes
    from opengrade.confining import call, each
    from opengrade.importing import read_submission
    from opengrade.limits import limits_from
    from opengrade.loading import framework, framework_files
    from opengrade.tables import print_lines

    limits = limits_from(settings_of_limits)
    wanted = list(framework_files()) if "all" in (names or ("all",)) else list(dict.fromkeys(names))
    rules = [framework(name) for name in wanted]
    reading = Reading(limits, quiet=quiet)
    work = partial(read_submission, limits=limits)
    found: list[Submission] = []
    for result in each(work, [old, new], limits=limits, place=lambda path: Place(str(path))):
        if isinstance(result, OpenGradeError):
            reading.fail(result)
            continue
        found.append(result)
        reading.remark(result.remarks)
    if len(found) < 2:
        end(reading.code)
    before, after = found
    comparison = call(partial(changes.compare, before, after, rules), limits=limits)
    if format_ == "json":
        write(changes.to_json(comparison, before, after, versions()))
    else:
        print_lines(changes.lines(comparison))
    if not comparison and not quiet:
        tell("nothing changed.")
    end(int(bool(comparison)))
