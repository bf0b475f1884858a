"""The errors that OpenGrade raises, each saying what is wrong, where, and what to do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A position in a file: `line` and `column` count from 1, None where unknown."""

    path: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.path]
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        return ":".join(parts)


class OpenGradeError(Exception):
    """The base of all errors meant for people; `exit_code` is what the command line ends with."""

    exit_code = 4

    def __init__(self, what: str, *, fix: str = "", where: Place | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.where = where

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        fix = f" {self.fix}" if self.fix else ""
        return f"{place}{self.what}{fix}"


class UsageError(OpenGradeError):
    """The call asks for something that does not exist or does not fit."""

    exit_code = 2


class InputError(OpenGradeError):
    """A file cannot be read as what it should be."""

    exit_code = 3


class RuleError(OpenGradeError):
    """A shapes, query or mapping file breaks the profile that it has to keep."""

    exit_code = 3


class LimitError(OpenGradeError):
    """A limit of time or size was reached; `limit` is its name."""

    exit_code = 4

    def __init__(self, what: str, *, fix: str = "", where: Place | None = None, limit: str = "") -> None:
        super().__init__(what, fix=fix, where=where)
        self.limit = limit


class ServiceError(OpenGradeError):
    """A remote service did not answer, or not with what was asked for."""

    exit_code = 4
