"""The command line: talks with people, decides nothing."""

import os
import sys
from typing import NoReturn

import click

from opengrade import memory
from opengrade.cli import compiling, judging, reasoning, showing, submitting, weighing
from opengrade.cli.common import tell, versions, write
from opengrade.errors import OpenGradeError


def _version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    """Show the version of the program, and those of the rules and license facts that it judges by."""
    if asked:
        write("".join(f"{name} {value}\n" for name, value in versions().items()))
        context.exit()


@click.group(
    epilog="Exit codes: 0 good, 1 findings, 2 usage, 3 unreadable input, 4 internal error, time-out or limit."
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show versions."
)
def app() -> None:
    """Tell how open an AI model is: which openness classes it meets, what is missing, and why."""


for _command in (
    *(judging.assess, judging.import_, judging.query),
    reasoning.reason,
    *(weighing.explain, weighing.improve, weighing.what_if, weighing.compare),
    *(submitting.validate, submitting.accept, submitting.diff),
    *(compiling.compile_,),
    *(showing.frameworks, showing.licenses, showing.limits),
):
    app.add_command(_command)


def main() -> NoReturn:
    """Run the command line; no error meant for people ends in a traceback."""
    memory.settle()
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
