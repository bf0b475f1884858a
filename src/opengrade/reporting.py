"""Says assessments, frameworks and licenses in lines and rows for people."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from opengrade import limits
from opengrade.assessing import Assessment
from opengrade.errors import UsageError
from opengrade.evidence import Evidence, evidence_of
from opengrade.findings import Finding
from opengrade.frameworks import Framework
from opengrade.graph import NamedNode
from opengrade.licenses import license_index, terms_of
from opengrade.loading import framework, framework_files
from opengrade.namespaces import term
from opengrade.queries import mappings, questions
from opengrade.vocabulary import vocabulary

LIMITS = ("Limit", "Default", "Unit", "What it bounds")
SUMMARY = ("Model", "Framework", "Grade", "Progress", "In the way of the next grade")
DETAILS = ("Grade", "Component", "Status", "License", "Why, and what would help")
FRAMEWORKS = ("Framework", "Version", "Grades", "Title")
LICENSES = ("License", "OSI", "FSF", "Open for", "Name")
QUESTIONS = ("Query", "Question", "Parameters")
IMPORTERS = ("Format", "Files", "Recognized by")
SHOWN = 3


def summary(found: Iterable[Assessment]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each assessment."""
    for each in found:
        score = "not judged" if each.score is None else f"{each.score:.3f}"
        grade = each.grade or "none" if each.counts else score
        yield each.name, each.framework, grade, _progress(each), _obstacles(each)


def _progress(each: Assessment) -> str:
    return ", ".join(f"{name} {reached}/{total}" for name, reached, total in each.counts)


def _obstacles(each: Assessment) -> str:
    wanted = _next_grade(each)
    if wanted is None:
        return "nothing: this is the highest grade" if each.counts else ""
    missing = list(_missing(each, wanted))
    shown = [
        f"{'/'.join(finding.kinds) or finding.criterion}: {finding.reason}" for finding in missing[:SHOWN]
    ]
    if len(missing) > SHOWN:
        shown.append(f"{len(missing) - SHOWN} more")
    return ", ".join(shown)


def _next_grade(each: Assessment) -> str | None:
    """Return the lowest grade that is not met."""
    open_ = [name for name, reached, total in reversed(each.counts) if reached < total]
    return open_[0] if open_ else None


def _missing(each: Assessment, grade: str) -> Iterator[Finding]:
    order = [name for name, _, _ in reversed(each.counts)]
    wanted = order[: order.index(grade) + 1]
    return (f for f in each.findings if f.grade in wanted and f.status != "met")


def headline(each: Assessment, rules: Sequence[Framework]) -> Iterator[str]:
    """Yield the lines above the details of one assessment."""
    rule = next(r for r in rules if r.name == each.framework)
    labels = {grade.name: grade.label for grade in rule.grades}
    verdict = f"meets {each.grade} ({labels[each.grade]})" if each.grade else "meets no grade"
    if not rule.grades:
        verdict = "was not judged" if each.score is None else f"has a score of {each.score:.3f}"
    yield f"{each.name} {verdict} of the {rule.title} {rule.version} [{rule.name}]."
    if rule.notice:
        yield rule.notice
    if each.groups:
        yield f"Means: {', '.join(f'{name} {mean:.3f}' for name, mean in each.groups)}."
    if rule.grades:
        yield f"Criteria met: {_progress(each)}."
    wanted = _next_grade(each)
    if wanted is not None:
        missing = len(list(_missing(each, wanted)))
        what = "criterion stands" if missing == 1 else "criteria stand"
        yield f"{missing} {what} between it and {wanted} ({labels[wanted]})."


def details(each: Assessment) -> Iterator[tuple[str, ...]]:
    """Yield a row for each criterion."""
    words = vocabulary()
    for finding in each.findings:
        kinds = " or ".join(words.label(term(f"ogr:{kind}")) for kind in finding.kinds) or finding.label
        why = finding.message if finding.status != "met" or finding.reason else ""
        text = " ".join(filter(None, (f"{finding.reason}:" if finding.reason else "", why, finding.fix)))
        license_ = "" if finding.license is None else finding.license or "none"
        scored = "" if finding.points is None else f"{finding.points:g}"
        yield finding.grade or scored or "optional", kinds, finding.status, license_, text


def framework_rows(folder: Path | None = None) -> Iterator[tuple[str, ...]]:
    """Yield a row for each framework, those of another folder among them."""
    for name in framework_files(folder):
        rule = framework(name, folder)
        grades = ", ".join(grade.name for grade in rule.grades) or "a score from 0 to 1"
        yield name, rule.version, grades, rule.title


def framework_lines(rule: Framework) -> Iterator[str]:
    """Yield a framework with its grades, criteria, citations and deviations."""
    yield f"{rule.name}: {rule.title} {rule.version}"
    yield rule.description
    yield from (f"Notice: {text}" for text in (rule.notice,) if text)
    yield from (f"Not verified: {text}" for text in (rule.unverified,) if text)
    yield f"Date: {rule.issued or 'not stated'}. Source: {', '.join(rule.sources) or 'not stated'}"
    for grade in rule.grades:
        yield ""
        yield f"{grade.name}: {grade.label} ({len(grade.required)} criteria with those of the grades below)"
        for criterion in rule.criteria:
            if criterion.node in (*grade.own, *grade.recommended):
                optional = "" if criterion.node in grade.own else " (optional)"
                yield f"  {criterion.name}{optional}: {criterion.label}."
                yield from (f"    {line}" for line in _citations(criterion.evidence, criterion.clause))
                if criterion.unverified:
                    yield f"    Not verified: {criterion.unverified}"
    yield from _score_lines(rule)
    if rule.deviations:
        yield ""
        yield "Deviations from the text of the framework:"
        for each in rule.deviations:
            yield f"  {each.name}: {each.label}. {each.note}"


def _score_lines(rule: Framework) -> Iterator[str]:
    if rule.score is None:
        return
    yield ""
    yield f"{rule.score.label}: the mean of these, 1 point each where met, half where met in part"
    for group, label in rule.score.groups:
        yield f"  {label}:"
        for item in (each for each in rule.score.items if each.group == group):
            criterion = rule.criterion(item.criterion)
            yield f"    {criterion.name}: {criterion.label}."
            yield from (f"      {line}" for line in _citations(criterion.evidence, criterion.clause))


def _citations(evidence: Sequence[Evidence], clause: str | None = None) -> Iterator[str]:
    for number, each in enumerate(evidence):
        place = "; ".join(filter(None, (clause if number == 0 else None, each.clause)))
        cited = f" citing {each.cited}" if each.cited and each.cited != each.url else ""
        version = f", version {each.version}" if each.version else ""
        url = each.url or "an address not read"
        yield f"{url}{cited}{version}, seen {each.seen or 'on a day not stated'}" + (
            f" ({place})" if place else ""
        )


def license_rows() -> Iterator[tuple[str, ...]]:
    """Yield a row for each license."""
    index = license_index()
    for identifier, node in sorted(index.by_identifier.items(), key=lambda item: item[0].lower()):
        flags = (index.graph.text(node, term(name)) for name in ("ogr:osiApproved", "ogr:fsfLibre"))
        said = tuple({"true": "yes", "false": "no"}.get(flag or "", "not stated") for flag in flags)
        name = index.graph.text(node, term("rdfs:label")) or ""
        yield identifier, *said, ", ".join(_open_for(node)), name


def _open_for(node: NamedNode) -> list[str]:
    index = license_index()
    found: set[str] = set()
    for row in index.graph.subjects(term("ogr:concernsLicense"), node):
        for content in index.graph.nodes(row, term("ogr:opensContent")):
            if isinstance(content, NamedNode):
                found.add(vocabulary().label(content).lower())
    return sorted(found)


def license_lines(name: str) -> Iterator[str]:
    """Yield a license with its terms and their sources; UsageError where no license is determined."""
    index = license_index()
    found = index.resolve(name)
    if len(found.licenses) != 1:
        raise UsageError(
            found.note or f'"{name}" is not one license.', fix="List them with: opengrade licenses."
        )
    node = found.licenses[0]
    words = vocabulary()
    yield f"{index.label(node)}: {index.graph.text(node, term('rdfs:label')) or 'no name stated'}"
    yield node.value
    for property_, values in terms_of(index, node).items():
        if property_ not in ("hasEvidence", "alias"):
            yield f"  {words.label(term(f'ogr:{property_}'))}: {', '.join(values)}"
    opens = _open_for(node)
    if opens:
        yield f"  open for: {', '.join(opens)}"
    for alias in terms_of(index, node).get("alias", ()):
        yield f"  also written: {alias}"
    rows = index.graph.subjects(term("ogr:concernsLicense"), node)
    evidence = [each for subject in (node, *rows) for each in evidence_of(index.graph, subject)]
    for line in dict.fromkeys(_citations(evidence)):
        yield f"  source: {line}"


def check_lines(text: str) -> tuple[list[str], bool]:
    """Return what a license text means, and whether that is a known license."""
    index = license_index()
    found = index.resolve(text)
    if found.state == term("ogr:NoLicense"):
        return [f'"{text}" says that there is no license.'], False
    if found.how is None:
        return [f"unknown: {found.note}"], False
    how = vocabulary().label(found.how)
    options = [" AND ".join(sorted(index.label(each) for each in option)) for option in found.options]
    lines = [f"{' OR '.join(options)} ({how})", *([f"  {found.note}"] if found.note else [])]
    for node in found.licenses:
        words = vocabulary()
        said = [
            f"{words.label(term(f'ogr:{name}'))}: {', '.join(values)}"
            for name, values in terms_of(index, node).items()
            if name not in ("hasEvidence", "alias", "legalText")
        ]
        opens = _open_for(node)
        said += [f"open for: {', '.join(opens)}"] if opens else []
        lines.append(f"  {index.label(node)}: {'; '.join(said) or 'nothing stated'}")
    return lines, True


def questions_rows() -> Iterator[tuple[str, ...]]:
    """Yield a row for each question that ships with OpenGrade."""
    for name, query in questions().items():
        yield name, str(query.header.get("question", query.title)), ", ".join(query.parameters)


def importers() -> Iterator[tuple[str, ...]]:
    """Yield a row for each format that we read."""
    for mapping in mappings():
        yield (
            mapping.title,
            ", ".join(mapping.header["accepts"]),
            "keys " + ", ".join(mapping.header["recognizes"]),
        )
    yield "Our own vocabulary", "turtle, trig, n-triples, n-quads, json-ld", "a statement of an ogr:Model"


def limit_rows() -> list[tuple[str, ...]]:
    """Return a row for each limit."""
    return [(name, f"{amount:,}", unit, f"what {meaning}") for name, amount, unit, meaning in limits.rows()]
