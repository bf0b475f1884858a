"""The command that compiles criteria for other engines: compile."""

from pathlib import Path

import click

from opengrade.cli.common import folder_option, rules_from, write
from opengrade.errors import UsageError

# What criteria can be compiled to.
LANGUAGES = ("sparql", "owl")


@click.command("compile")
@click.argument("target", metavar="FRAMEWORK[:GRADE]")
@click.option("--to", "language", type=click.Choice(LANGUAGES), required=True, help="What to compile to.")
@folder_option
def compile_(target: str, language: str, folder: Path | None) -> None:
    """Print the criteria of a grade, or of all grades of a framework, for another engine.

    With --to sparql: a query for each grade that finds the models that meet it, for any endpoint that holds
    the facts of models and of licenses. With --to owl: the classes of all grades of a monotone framework.
    """
    name, _, wanted = target.partition(":")
    (rules,) = rules_from((name,), folder)
    if language == "owl":
        from opengrade.owl_classes import document

        if wanted:
            raise UsageError("classes of OWL are printed for all grades together.", fix=f"Name {name} alone.")
        write(document(rules))
        return
    grades = [grade for grade in rules.grades if not wanted or grade.name == wanted]
    if not grades:
        known = ", ".join(f"{rules.name}:{each.name}" for each in rules.grades)
        fix = f"Choose one of: {known}." if known else "It gives a score; choose a framework with grades."
        what = f'{rules.name} has no grade "{wanted}".' if wanted else f"{rules.name} has no grades."
        raise UsageError(what, fix=fix)
    from opengrade.routes.grades import class_query

    write("\n".join(class_query(rules, grade) for grade in grades))
