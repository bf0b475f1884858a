"""Sets verdicts side by side: models under frameworks, and the same model before and after changes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opengrade.assessing import Assessment
from opengrade.findings import Finding
from opengrade.frameworks import Framework

SCHEMA = "https://w3id.org/opengrade/schema/comparison/1"
MET = "met"


@dataclass(frozen=True, slots=True)
class Difference:
    """A criterion that the assessments set side by side do not find alike; one finding for each of them."""

    framework: str
    findings: tuple[Finding, ...]


def verdict(each: Assessment) -> str:
    """Return a verdict in a word: the grade or none, and the score, to three places, where there is one."""
    score = [f"{each.score:.3f}"] if each.score is not None else []
    grade = [each.grade or "none"] if each.counts else []
    return " ".join([*grade, *score]) or "not judged"


def matrix(found: Iterable[Assessment]) -> tuple[list[str], list[list[str]]]:
    """Return a header and a row for each model, with a column for each framework."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    names: dict[str, None] = {}
    shown: dict[tuple[str, str], str] = {}
    for each in found:
        key = each.source, each.model
        rows.setdefault(key, {})[each.framework] = verdict(each)
        names[each.framework] = None
        shown[key] = each.name
    header = ["Model", *names]
    return header, [[shown[key], *(cells.get(name, "") for name in names)] for key, cells in rows.items()]


def side_by_side(columns: Sequence[Sequence[Assessment]]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each framework: its name and the verdict of each column."""
    for each in zip(*columns, strict=True):
        yield each[0].framework, *(verdict(a) for a in each)


def differences(columns: Sequence[Sequence[Assessment]]) -> Iterator[Difference]:
    """Yield the criteria that the columns do not find alike, framework by framework."""
    for each in zip(*columns, strict=True):
        for findings in zip(*(a.findings for a in each), strict=True):
            if len({(f.status, f.reason if f.status != MET else None, f.points) for f in findings}) > 1:
                yield Difference(each[0].framework, findings)


def found_of(finding: Finding) -> str:
    """Return what was found in a word: met, in part, or the reason why not."""
    if finding.status == MET:
        return MET
    return "in part" if finding.points else finding.reason or finding.status


def grades_apart(columns: Sequence[Sequence[Assessment]]) -> Iterator[str]:
    """Yield a sentence for each framework that withholds its highest grade where others give theirs.

    It names the criteria that stand in the way.
    """
    for column in columns:
        graded = [each for each in column if each.counts]
        high = [each for each in graded if each.grade == each.counts[0][0]]
        low = [each for each in graded if each.grade != each.counts[0][0]]
        for each in low:
            granted = [f"{other.framework} ({other.grade})" for other in high]
            if granted:
                wanted = {name for name, _, _ in each.counts}
                missing = [f for f in each.findings if f.grade in wanted and f.status != MET]
                what = ", ".join(f"{f.criterion} {found_of(f)}" for f in missing[:SHOWN])
                more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
                yield (
                    f"{each.name}: {each.framework} gives {each.grade or 'no grade'} where"
                    f" {', '.join(granted)} {'gives' if len(granted) == 1 else 'give'} the highest grade;"
                    f" because of {what}{more}."
                )


SHOWN = 3


def to_document(
    columns: Sequence[Sequence[Assessment]], names: Sequence[str], rules: Mapping[str, Framework]
) -> dict[str, Any]:
    """Return a comparison as a JSON document; `names` say what each column is."""
    apart = list(differences(columns))
    return {
        "schema": SCHEMA,
        "columns": [
            {"column": name, "model": column[0].model, "name": column[0].name, "source": column[0].source}
            for name, column in zip(names, columns, strict=True)
        ],
        "frameworks": [
            {
                "framework": each[0].framework,
                "title": rules[each[0].framework].title,
                "verdicts": [{"grade": a.grade, "score": a.score} for a in each],
                "differences": [
                    {
                        "criterion": d.findings[0].criterion,
                        "label": d.findings[0].label,
                        "findings": [
                            {"status": f.status, "reason": f.reason, "message": f.message, "fix": f.fix}
                            for f in d.findings
                        ],
                    }
                    for d in apart
                    if d.framework == each[0].framework
                ],
            }
            for each in zip(*columns, strict=True)
        ],
    }
