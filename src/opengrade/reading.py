"""Reads files of others as people should: in a process that is confined."""

from functools import partial
from pathlib import Path

from opengrade import importing
from opengrade.confining import call
from opengrade.errors import Place
from opengrade.importing import Submission
from opengrade.limits import Limits

DEFAULTS = Limits()


def read_submission(path: str | Path, limits: Limits = DEFAULTS) -> Submission:
    """Read a file of any format that we know, in a process with bounded time and memory and without network.

    Raises InputError with file and place where it cannot be read or describes no model, LimitError naming a
    limit. In a program that has threads, a fresh interpreter does the work, so the program's main module has
    to be safe to import.
    """
    work = partial(importing.read_submission, path, limits)
    return call(work, limits=limits, place=Place(str(path)))
