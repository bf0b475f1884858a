"""The commands that judge and answer: assess, import, query."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opengrade import __version__
from opengrade.cli.common import (
    Reading,
    end,
    folder_option,
    framework_option,
    inputs_argument,
    limit_option,
    quiet_option,
    rule_files,
    rules_from,
    tell,
    versions,
    write,
)
from opengrade.errors import Place, UsageError

if TYPE_CHECKING:
    from opengrade.assessing import Assessment
    from opengrade.frameworks import Framework
    from opengrade.importing import Submission
    from opengrade.limits import Limits
    from opengrade.store import Answer

store_option = click.option(
    "--store",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Use what opengrade accept put into this store, instead of the catalog.",
)
# Up to so many inputs the plain evaluator is done before a store is filled.
FEW = 100
ASSESS_FORMATS = ("table", "json", "csv", "markdown", "turtle", "sarif")
QUERY_FORMATS = ("table", "json", "csv", "markdown", "turtle")


@click.command()
@inputs_argument
@framework_option("mof-1.0 if none is named")
@click.option(
    "--format", "format_", type=click.Choice(ASSESS_FORMATS), default="table", help="How to write the result."
)
@click.option("--require", metavar="GRADE", help="End with exit code 1 unless every model meets this grade.")
@click.option("--details", is_flag=True, help="Show every criterion, also for many models.")
@click.option(
    "--route",
    "by",
    type=click.Choice(("memory", "sparql", "shacl")),
    help="What runs the criteria, model by model; chosen by their number if not named.",
)
@click.option(
    "--engine",
    type=click.Choice(("duckdb", "spark")),
    help="What grades many models together; chosen for tables and long files of records.",
)
@click.option("--master", metavar="URL", help="The master of Spark, such as spark://host:7077.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep what is found of each of many models in this Parquet file.",
)
@click.option("-v", "--verbose", is_flag=True, help="Tell which route was chosen, and why.")
@store_option
@folder_option
@limit_option
@quiet_option
def assess(
    inputs: tuple[Path, ...],
    names: tuple[str, ...],
    format_: str,
    require: str | None,
    details: bool,
    by: str | None,
    engine: str | None,
    master: str | None,
    out: Path | None,
    verbose: bool,
    store: Path | None,
    folder: Path | None,
    settings_of_limits: tuple[str, ...],
    quiet: bool,
) -> None:
    """Say which openness class each model meets, what is open and what is not, and why.

    INPUTS are files or folders of any format we read; without any, the embedded catalog is assessed. A
    component table (.parquet) or a long file of records of the Hub (.jsonl) is graded by an engine, under all
    frameworks if none is named; what it finds of each model goes to --out.
    """
    from opengrade.cli.bulk import Wanted, assess_many, engine_for
    from opengrade.confining import call
    from opengrade.dataset import assess_all, read_catalog
    from opengrade.limits import limits_from

    limits = limits_from(settings_of_limits)
    together = None if by or store else engine_for(inputs, engine, out)
    if (by or store) and (engine or out):
        raise UsageError(
            "--engine and --out grade many models together; --route and --store exclude them.",
            fix="Leave the one or the other out.",
        )
    if master and engine != "spark":
        raise UsageError("--master is that of Spark.", fix="Add --engine spark, or leave it out.")
    names = names or (("all",) if together else ("mof-1.0",))

    def load() -> "list[Framework]":
        found = rules_from(names, folder)
        _check_grade(require, found)
        return found

    if together is not None:
        named, why = together
        if verbose:
            tell(f"relational route on {named}, {why}.")
        if require is not None or folder is not None:
            load()  # what is wrong with them is told before anything is begun
        wanted = Wanted(named, master, out, format_, require, settings_of_limits, quiet)
        assess_many(inputs, rule_files(names, folder), load, wanted)
    rules = load()
    reading = Reading(limits, quiet=quiet)
    submissions: list[Submission] = []
    if store is not None:
        if inputs:
            raise UsageError("--store and inputs exclude each other.", fix="Leave one out.")
        from opengrade.archive import assess_accepted

        named, why = (by, "as asked for") if by else ("sparql", "since a store may hold many models")
        found = call(partial(assess_accepted, store, rules, by=named), limits=limits, place=Place(str(store)))
    else:
        submissions = reading.read(inputs) if inputs else list(read_catalog())
        named, why = (by, "as asked for") if by else _route_for(len(submissions))
        found = call(partial(assess_all, submissions, rules, by=named), limits=limits)
    if verbose:
        tell(f"{named} route, {why}.")
    _write_assessments(found, rules, submissions, format_, details=details)
    short = require is not None and any(dict(a.progress).get(require, 0) < 1 for a in found)
    end(max(reading.code, int(short)))


def _route_for(count: int) -> tuple[str, str]:
    """Return the route that is fit for so many inputs, and why."""
    if count <= FEW:
        return "memory", f"since there are at most {FEW} inputs"
    return "sparql", f"since there are more than {FEW} inputs"


def _check_grade(require: str | None, rules: "Sequence[Framework]") -> None:
    grades = list(dict.fromkeys(grade.name for rule in rules for grade in rule.grades))
    if require is not None and require not in grades:
        raise UsageError(f'there is no grade "{require}".', fix=f"Choose one of: {', '.join(grades)}.")


def _write_assessments(
    found: "Sequence[Assessment]",
    rules: "Sequence[Framework]",
    submissions: "Sequence[Submission]",
    format_: str,
    *,
    details: bool,
) -> None:
    from opengrade import exporting, reporting
    from opengrade.assessing import as_triples
    from opengrade.tables import print_lines, print_table

    if format_ == "json":
        write(exporting.to_json(found, [r for s in submissions for r in s.remarks], versions()))
    elif format_ == "csv":
        write(exporting.to_csv(found))
    elif format_ == "turtle":
        triples = [
            t for rule in rules for t in as_triples([a for a in found if a.framework == rule.name], rule)
        ]
        write(exporting.to_turtle(triples))
    elif format_ == "sarif":
        write(exporting.to_sarif(found, __version__))
    elif format_ == "markdown":
        write(exporting.markdown_table(*_summary(found, rules)))
    elif details or len(found) == 1:
        for each in found:
            print_lines([*reporting.headline(each, rules), ""])
            print_table(reporting.DETAILS, reporting.details(each))
            print_lines([""])
    elif found:
        print_table(*_summary(found, rules))


def _summary(
    found: "Sequence[Assessment]", rules: "Sequence[Framework]"
) -> "tuple[Sequence[str], Iterable[Sequence[str]]]":
    """Return a row for each model: with what is in the way under one framework, or a column for each."""
    from opengrade import comparing, reporting

    if len(rules) > 1:
        return comparing.matrix(found)
    return reporting.SUMMARY, reporting.summary(found)


@click.command("import")
@inputs_argument
@click.option("--list", "list_", is_flag=True, help="List the formats that we read.")
@click.option(
    "--table",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write a component table in Parquet, for assess --engine, in place of Turtle.",
)
@limit_option
@quiet_option
def import_(
    inputs: tuple[Path, ...],
    list_: bool,
    table: Path | None,
    settings_of_limits: tuple[str, ...],
    quiet: bool,
) -> None:
    """Turn model descriptions into Turtle in our own vocabulary, and say what was not carried over."""
    from opengrade import exporting, reporting
    from opengrade.limits import limits_from
    from opengrade.tables import print_table

    if list_:
        print_table(reporting.IMPORTERS, reporting.importers())
        return
    if not inputs:
        raise UsageError("no input is given.", fix="Name files or folders, or use --list.")
    reading = Reading(limits_from(settings_of_limits), quiet=quiet, everything=True)
    if table is not None:
        from opengrade.cli.bulk import write_component_table

        write_component_table(inputs, table, reading, settings_of_limits, quiet=quiet)
    submissions = reading.read(inputs)
    write(exporting.to_turtle(quad for each in submissions for quad in each.quads))
    end(reading.code)


@click.command()
@click.argument("name", required=False)
@click.option("-e", "--expression", metavar="TEXT", help="The text of a SPARQL query, our prefixes known.")
@click.option(
    "--data",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Ask this file or folder instead of the catalog.",
)
@store_option
@click.option("--endpoint", metavar="URL", help="Ask this SPARQL endpoint instead.")
@click.option("--timeout", default=30, type=click.IntRange(min=1), help="Seconds to wait for an endpoint.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the question.")
@click.option(
    "--format", "format_", type=click.Choice(QUERY_FORMATS), default="table", help="How to write the answer."
)
@click.option("--list", "list_", is_flag=True, help="List the questions that ship with OpenGrade.")
@limit_option
@quiet_option
def query(
    name: str | None,
    expression: str | None,
    data: tuple[Path, ...],
    store: Path | None,
    endpoint: str | None,
    timeout: int,
    settings: tuple[str, ...],
    format_: str,
    list_: bool,
    settings_of_limits: tuple[str, ...],
    quiet: bool,
) -> None:
    """Ask a question over the catalog, over files, or at a SPARQL endpoint.

    NAME is a question of ours (see --list) or a .rq file.
    """
    from opengrade import querying, reporting
    from opengrade.confining import call
    from opengrade.dataset import answer_from, read_catalog
    from opengrade.limits import limits_from
    from opengrade.namespaces import prefixes, prologue
    from opengrade.store import NO_PREFIXES, Table
    from opengrade.tables import print_table

    if list_:
        print_table(reporting.QUESTIONS, reporting.questions_rows())
        return
    if (name is None) == (expression is None):
        raise UsageError(
            "name one question, or give its text with -e.", fix="List the questions with --list."
        )
    if sum(each is not None for each in (data or None, store, endpoint)) > 1:
        raise UsageError("--data, --store and --endpoint exclude each other.", fix="Keep one of them.")
    limits = limits_from(settings_of_limits)
    reading = Reading(limits, quiet=quiet)
    question = querying.load(name, expression)
    text = querying.with_values(question.text, querying.bindings(question, settings))
    known = prefixes() if expression else NO_PREFIXES
    if endpoint:
        asked = (prologue(text) if expression else "") + text
        answer = _ask_remotely(endpoint, asked, timeout, limits)
    elif store is not None:
        from opengrade.archive import answer_from_accepted

        work = partial(answer_from_accepted, store, text, known)
        answer = call(work, limits=limits, place=Place(str(store)))
    else:
        submissions = reading.read(data) if data else list(read_catalog())
        answer = call(partial(answer_from, submissions, text, known), limits=limits)
    _write_answer(answer, format_)
    if isinstance(answer, Table) and not answer.rows and not quiet:
        tell("no row answers this.")
    end(reading.code)


def _ask_remotely(endpoint: str, text: str, seconds: int, limits: "Limits") -> "Answer":
    """Ask an endpoint, the answer read where there is no network any more."""
    from opengrade.confining import call
    from opengrade.guarding import deny_network
    from opengrade.remote import ask

    work = partial(ask, endpoint, text, seconds=seconds, before_reading=deny_network)
    allowed = replace(limits, time=limits.time + seconds)
    return call(work, limits=allowed, place=Place(endpoint), network=True)


def _write_answer(answer: "Answer", format_: str) -> None:
    from opengrade import exporting, querying
    from opengrade.store import Table
    from opengrade.tables import print_table

    if isinstance(answer, tuple):
        write(exporting.to_turtle(answer))
        return
    if format_ == "turtle":
        raise UsageError("the answer is a table, not a graph.", fix="Choose another --format.")
    if format_ == "json":
        write(querying.to_json(answer))
        return
    table = Table(("answer",), ()) if isinstance(answer, bool) else answer
    rows = (
        [[str(answer).lower()]] if isinstance(answer, bool) else querying.rows(answer, short=format_ != "csv")
    )
    if format_ == "csv":
        write(exporting.csv_text(table.variables, rows))
    elif format_ == "markdown":
        write(exporting.markdown_table(table.variables, rows))
    else:
        print_table(table.variables, rows)
