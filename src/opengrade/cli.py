"""The command line: talks with people, decides nothing."""

import hashlib
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from opengrade import __version__
from opengrade.errors import OpenGradeError, UsageError

if TYPE_CHECKING:
    from opengrade.assessing import Assessment
    from opengrade.frameworks import Framework
    from opengrade.importing import Remark, Submission
    from opengrade.store import Answer

ASSESS_FORMATS = ("table", "json", "csv", "markdown", "turtle", "sarif")
QUERY_FORMATS = ("table", "json", "csv", "markdown", "turtle")

inputs_argument = click.argument("inputs", nargs=-1, type=click.Path(path_type=Path))
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Say nothing on standard error but errors.")


def _version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    """Show the version of the program, and those of the rules and license facts that it judges by."""
    if asked:
        write("".join(f"{name} {value}\n" for name, value in _versions().items()))
        context.exit()


@click.group(
    epilog="Exit codes: 0 good, 1 findings, 2 usage, 3 unreadable input, 4 internal error, time-out or limit."
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show versions."
)
def app() -> None:
    """Tell how open an AI model is: which openness classes it meets, what is missing, and why."""


def tell(text: str) -> None:
    """Write one line to standard error."""
    from opengrade.tables import printable

    sys.stderr.write("opengrade: " + "".join(printable(part) for part in text) + "\n")


def write(text: str) -> None:
    """Write data to standard output."""
    sys.stdout.write(text)


class _Reading:
    """Reads inputs one by one, tells of those that cannot be read, and remembers the worst exit code.

    With `everything`, also what a mapping leaves aside in every file is told.
    """

    def __init__(self, *, quiet: bool, everything: bool = False) -> None:
        self.quiet = quiet
        self.everything = everything
        self.code = 0

    def read(self, paths: Iterable[Path]) -> "list[Submission]":
        from opengrade.importing import find_inputs, read_submission
        from opengrade.tables import progress

        found: list[Submission] = []
        files = list(find_inputs(paths))
        if not files:
            self.fail(
                UsageError("the folders given hold no file of a format that we read.", fix="Give files.")
            )
        for path in progress(files, "Reading"):
            try:
                submission = read_submission(path)
            except OpenGradeError as error:
                self.fail(error)
                continue
            found.append(submission)
            self.remark(submission.remarks)
        return found

    def fail(self, error: OpenGradeError) -> None:
        tell(str(error))
        self.code = max(self.code, error.exit_code)

    def remark(self, remarks: "Sequence[Remark]") -> None:
        if not self.quiet:
            for each in remarks:
                if self.everything or not each.routine:
                    tell(f"{each.place}: {each.text}.")


def _hash(folder: str) -> str:
    """Return a short hash of the files of a data folder, so that a verdict can be tied to its rules."""
    from opengrade.resources import data_files

    digest = hashlib.sha256()
    for path in data_files(folder, "**/*.ttl"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _versions() -> dict[str, str]:
    return {"opengrade": __version__, "rules": _hash("shapes"), "licenses": _hash("ontology/licenses")}


@app.command()
@inputs_argument
@click.option(
    "-f",
    "--framework",
    "names",
    multiple=True,
    metavar="ID|all",
    help="A framework; mof-1.0 if none is named.",
)
@click.option(
    "--format", "format_", type=click.Choice(ASSESS_FORMATS), default="table", help="How to write the result."
)
@click.option("--require", metavar="GRADE", help="End with exit code 1 unless every model meets this grade.")
@click.option("--details", is_flag=True, help="Show every criterion, also for many models.")
@click.option(
    "--route", "by", type=click.Choice(("sparql", "shacl")), default="sparql", help="What runs the criteria."
)
@quiet_option
def assess(
    inputs: tuple[Path, ...],
    names: tuple[str, ...],
    format_: str,
    require: str | None,
    details: bool,
    by: str,
    quiet: bool,
) -> None:
    """Say which openness class each model meets, what is open and what is not, and why.

    INPUTS are files or folders of any format we read; without any, the embedded catalog is assessed.
    """
    from opengrade.assessing import assess as run
    from opengrade.dataset import read_catalog
    from opengrade.derive import derive_facts

    rules = _frameworks(names or ("mof-1.0",))
    _check_grade(require, rules)
    reading = _Reading(quiet=quiet)
    submissions = reading.read(inputs) if inputs else list(read_catalog())
    facts = [derive_facts(each.quads, source=each.source) for each in submissions]
    found = [each for rule in rules for each in run(facts, rule, by=by)]
    order = {each.source: number for number, each in enumerate(submissions)}
    found = sorted(found, key=lambda each: order[each.source])
    _write_assessments(found, rules, submissions, format_, details=details)
    short = require is not None and any(dict(a.progress).get(require, 0) < 1 for a in found)
    _end(max(reading.code, int(short)))


def _frameworks(names: Sequence[str]) -> "list[Framework]":
    from opengrade.frameworks import framework, framework_files

    wanted = list(framework_files()) if "all" in names else list(dict.fromkeys(names))
    return [framework(name) for name in wanted]


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
        write(exporting.to_json(found, [r for s in submissions for r in s.remarks], _versions()))
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
        write(exporting.markdown_table(reporting.SUMMARY, reporting.summary(found)))
    elif details or len(found) == 1:
        for each in found:
            print_lines([*reporting.headline(each, rules), ""])
            print_table(reporting.DETAILS, reporting.details(each))
            print_lines([""])
    elif found:
        print_table(reporting.SUMMARY, reporting.summary(found))


@app.command("import")
@inputs_argument
@click.option("--list", "list_", is_flag=True, help="List the formats that we read.")
@quiet_option
def import_(inputs: tuple[Path, ...], list_: bool, quiet: bool) -> None:
    """Turn model descriptions into Turtle in our own vocabulary, and say what was not carried over."""
    from opengrade import exporting, reporting
    from opengrade.tables import print_table

    if list_:
        print_table(reporting.IMPORTERS, reporting.importers())
        return
    if not inputs:
        raise UsageError("no input is given.", fix="Name files or folders, or use --list.")
    reading = _Reading(quiet=quiet, everything=True)
    submissions = reading.read(inputs)
    write(exporting.to_turtle(quad for each in submissions for quad in each.quads))
    _end(reading.code)


@app.command()
@click.argument("name", required=False)
@click.option("-e", "--expression", metavar="TEXT", help="The text of a SPARQL query, our prefixes known.")
@click.option(
    "--data",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Ask this file or folder instead of the catalog.",
)
@click.option("--endpoint", metavar="URL", help="Ask this SPARQL endpoint instead.")
@click.option("--timeout", default=30, type=click.IntRange(min=1), help="Seconds to wait for an endpoint.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the question.")
@click.option(
    "--format", "format_", type=click.Choice(QUERY_FORMATS), default="table", help="How to write the answer."
)
@click.option("--list", "list_", is_flag=True, help="List the questions that ship with OpenGrade.")
@quiet_option
def query(
    name: str | None,
    expression: str | None,
    data: tuple[Path, ...],
    endpoint: str | None,
    timeout: int,
    settings: tuple[str, ...],
    format_: str,
    list_: bool,
    quiet: bool,
) -> None:
    """Ask a question over the catalog, over files, or at a SPARQL endpoint.

    NAME is a question of ours (see --list) or a .rq file.
    """
    from opengrade import querying, reporting
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
    if data and endpoint:
        raise UsageError("--data and --endpoint exclude each other.", fix="Leave one out.")
    question = querying.load(name, expression)
    text = querying.with_values(question.text, querying.bindings(question, settings))
    code = 0
    if endpoint:
        from opengrade.remote import ask

        answer = ask(endpoint, (prologue(text) if expression else "") + text, seconds=timeout)
    else:
        from opengrade.dataset import build, read_catalog

        reading = _Reading(quiet=quiet)
        store, _ = build(reading.read(data) if data else read_catalog())
        answer = store.ask(text, prefixes=prefixes() if expression else NO_PREFIXES)
        code = reading.code
    _write_answer(answer, format_)
    if isinstance(answer, Table) and not answer.rows and not quiet:
        tell("no row answers this.")
    _end(code)


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


@app.command()
@click.argument("words", nargs=-1, metavar="[show] [ID]")
def frameworks(words: tuple[str, ...]) -> None:
    """List the frameworks, or show one with its criteria and citations."""
    from opengrade import reporting
    from opengrade.frameworks import framework
    from opengrade.tables import print_lines, print_table

    names = _after("show", words)
    if not names:
        print_table(reporting.FRAMEWORKS, reporting.framework_rows())
        return
    rules = framework(names[0])
    print_lines(reporting.framework_lines(rules))


@app.command()
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
        _end(0 if known else 1)
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


def _end(code: int) -> NoReturn:
    raise click.exceptions.Exit(code)


def main() -> NoReturn:
    """Run the command line; no error meant for people ends in a traceback."""
    code = 0
    try:
        app()
    except OpenGradeError as error:
        tell(str(error))
        code = error.exit_code
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # the reader has gone; let the exit be quiet
    except Exception as error:
        if os.environ.get("OPENGRADE_DEBUG"):
            raise
        tell(f"internal error: {type(error).__name__}: {error}. Set OPENGRADE_DEBUG=1 to see where.")
        code = 4
    sys.exit(code)
