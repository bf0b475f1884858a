"""OpenGrade tells how open an AI model is: which openness classes it meets, what is missing, and why."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opengrade.assessing import Assessment, assess
    from opengrade.derive import Facts, derive_facts
    from opengrade.errors import OpenGradeError
    from opengrade.findings import Finding
    from opengrade.frameworks import Framework
    from opengrade.importing import Submission
    from opengrade.loading import framework
    from opengrade.reading import read_submission

__version__ = "0.1.0"
__all__ = [
    "Assessment",
    "Facts",
    "Finding",
    "Framework",
    "OpenGradeError",
    "Submission",
    "assess",
    "derive_facts",
    "framework",
    "read_submission",
]

_HOMES = {
    "Assessment": "assessing",
    "Facts": "derive",
    "Finding": "findings",
    "Framework": "frameworks",
    "OpenGradeError": "errors",
    "Submission": "importing",
    "assess": "assessing",
    "derive_facts": "derive",
    "framework": "loading",
    "read_submission": "reading",
}


def __getattr__(name: str) -> Any:
    """Import public names when they are first used, so that `opengrade --version` stays quick."""
    if name in _HOMES:
        return getattr(import_module(f"opengrade.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'opengrade' has no attribute {name!r}")
