"""OpenGrade tells how open an AI model is: which openness classes it meets, what is missing, and why."""

from opengrade.assessing import Assessment, assess
from opengrade.derive import Facts, derive
from opengrade.errors import OpenGradeError
from opengrade.findings import Finding
from opengrade.frameworks import Framework, framework
from opengrade.importing import Submission, read_submission

__version__ = "0.1.0"
__all__ = [
    "Assessment",
    "Facts",
    "Finding",
    "Framework",
    "OpenGradeError",
    "Submission",
    "assess",
    "derive",
    "framework",
    "read_submission",
]
