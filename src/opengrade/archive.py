"""Keeps accepted submissions in a store on disk, each in a named graph of its own, with where it came from.

The graph of a submission is called after its name. How it came in stands in one more graph, which is written
here and never by a submission. A version that was replaced keeps its entry there, under a number.
"""

import hashlib
import shlex
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from opengrade.assessing import Assessment
from opengrade.dataset import GRAPHS, answer_from, assess_all
from opengrade.describing import shortened
from opengrade.disk import WAIT, Disk, damaged, reading, writing
from opengrade.errors import InputError, OpenGradeError, Place, UsageError
from opengrade.frameworks import Framework
from opengrade.graph import GENID, Graph, Literal, NamedNode, Node, Quad, renamed
from opengrade.importing import Submission, read_submission
from opengrade.limits import Limits
from opengrade.namespaces import prefixes, term
from opengrade.store import Answer
from opengrade.tables import printable

if TYPE_CHECKING:
    from opengrade.validating import Report

LISTING = ("Name", "Models", "Accepted", "SHA-256 of the file")
SUBMISSION = GRAPHS + "submission/"
PROVENANCE = NamedNode(GRAPHS + "provenance")
LOCAL_FILE = "local file"
LONGEST_NAME = 200
# Each property of an entry with what it holds; those that are texts of a record, by its fields.
_TEXTS = {
    "name": "dcterms:identifier",
    "source": "dcterms:source",
    "digest": "ogr:fileDigest",
    "statements": "ogr:statementsDigest",
    "at": "prov:generatedAtTime",
    "ignored": "ogr:ignoredClaimCount",
    "program": "ogr:programVersion",
    "rules": "ogr:rulesVersion",
    "channel": "ogr:channel",
}
_TYPES = {"at": "xsd:dateTime", "ignored": "xsd:integer"}


class RefusedError(OpenGradeError):
    """A submission was not accepted, because of what is accepted already or what it speaks about."""

    exit_code = 1


@dataclass(frozen=True)
class Examined:
    """What was found in a file and, where it may be accepted, the statements that are kept of it."""

    report: "Report"
    submission: Submission | None


@dataclass(frozen=True, slots=True)
class Record:
    """How an accepted submission came in.

    `models` holds the IRIs of its models, those without one left out; `digest` is the SHA-256 of the file and
    `statements` that of the statements kept; `revises` names the entry of the version that it replaced.
    """

    graph: str
    name: str
    models: tuple[str, ...]
    source: str
    digest: str
    statements: str
    at: str
    ignored: str
    program: str
    rules: str
    channel: str = LOCAL_FILE
    revises: str | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A submission as it now stands in the store, and the version that it replaced.

    Where `changed` is false the very same was accepted before, and nothing was written.
    """

    record: Record
    replaced: Record | None
    changed: bool


def examine(path: Path, limits: Limits) -> Examined:
    """Validate a file, and read what is kept of it if it conforms; to be run in a process that is confined.

    Raises InputError and LimitError for a file that cannot be read.
    """
    from opengrade.validating import validate  # noqa: PLC0415  (half a second that only accepting pays)

    before = _state(path)
    report = validate(path, limits)
    if not report.conforms:
        return Examined(report, None)
    submission = read_submission(path, limits)
    if _state(path) != before:
        raise InputError(
            "this file was changed while it was read.", fix="Do it again.", where=Place(str(path))
        )
    return Examined(report, submission)


def _state(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return ()  # reading it tells why
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def accept(
    folder: Path,
    submission: Submission,
    *,
    at: datetime,
    versions: Mapping[str, str],
    name: str | None = None,
    wait: float = WAIT,
) -> Acceptance:
    """Put a submission that was found to conform into a store, in place of its earlier version.

    `versions` holds those of the program and its rules. Without a name a submission is told by its models: it
    replaces the one that describes the same. Raises RefusedError where that is not clear, UsageError for a
    name that is none, and what `disk.writing` raises.
    """
    place = Place(submission.source)
    _check_subjects(submission, place)
    wanted = None if name is None else plain_name(name)
    with writing(folder, wait=wait) as disk:
        chosen, old = _chosen(disk, folder, submission, wanted)
        record = _record(chosen, submission, at, versions)
        if old is not None and replace(old, at=record.at, revises=None, models=record.models) == record:
            return Acceptance(old, None, changed=False)
        record = replace(record, revises=_entry_of(old) if old else None)
        graph = NamedNode(record.graph)
        past = disk.quads(graph, graph=PROVENANCE)
        kept = [renamed(quad, lambda node: _renamed(node, record)) for quad in past]
        disk.change(
            drop=[graph],
            remove=past,
            add={graph: submission.quads, PROVENANCE: [*kept, *_entry(record)]},
        )
        return Acceptance(record, old, changed=True)


def plain_name(text: str) -> str:
    """Return a name in its normal form; UsageError for one that is empty, too long or not all visible."""
    name = unicodedata.normalize("NFC", text.strip())
    if not name or len(name) > LONGEST_NAME or printable(name) != name:
        raise UsageError(
            f'"{name[:LONGEST_NAME]}" is no name for a submission.',
            fix=f"Write up to {LONGEST_NAME} visible characters in one line.",
        )
    return name


def _check_subjects(submission: Submission, place: Place) -> None:
    curated = prefixes()["id"]
    for quad in submission.quads:
        if isinstance(quad.subject, NamedNode) and quad.subject.value.startswith(curated):
            raise RefusedError(
                f"it describes {shortened(quad.subject.value)}, and {curated} is the catalog's own.",
                fix="Use an IRI of your own.",
                where=place,
            )


def _models(quads: Iterable[Quad]) -> tuple[str, ...]:
    """Return the IRIs of models, without the names of those that have none."""
    found = {
        quad.subject.value
        for quad in quads
        if isinstance(quad.subject, NamedNode)
        and quad.predicate == term("rdf:type")
        and quad.object == term("ogr:Model")
    }
    return tuple(sorted(each for each in found if not each.startswith(GENID)))


def graph_of(name: str) -> NamedNode:
    """Return the name of the graph that holds the submission of a name."""
    return NamedNode(SUBMISSION + hashlib.sha256(name.encode()).hexdigest()[:16])


def _chosen(
    disk: Disk, folder: Path, submission: Submission, wanted: str | None
) -> tuple[str, Record | None]:
    """Return the name that a submission gets, and the entry it replaces; RefusedError where none fits."""
    place, models = Place(submission.source), _models(submission.quads)
    owners = _owners(disk, folder, submission)
    if wanted is None and len(owners) == 1 and owners[0].models == models:
        return owners[0].name, owners[0]
    others = [each for each in owners if each.name != wanted]
    if others:
        raise _shared(submission, others, models, place)
    if wanted is None and not models:
        raise RefusedError(
            "its models have no IRI, by which it could be told when it comes again.",
            fix="Give each model an IRI, or give the submission a name with --as NAME.",
            where=place,
        )
    name = wanted or _name_of(models)
    known = _read_record(disk, folder, graph_of(name))
    if known is not None and (wanted is None or known.name != name):
        raise RefusedError(
            f'there is an accepted submission "{known.name}" already, and it describes other models.',
            fix=f"To replace that one, say --as {shlex.quote(known.name)}; else choose another name.",
            where=place,
        )
    return name, known


def _name_of(models: Sequence[str]) -> str:
    """Return the name of a submission that was given none: the IRI of its model, or of the first of them."""
    if len(models) == 1 and len(models[0]) <= LONGEST_NAME:
        return models[0]
    digest = hashlib.sha256("\n".join(models).encode()).hexdigest()[:12]
    more = f" and {len(models) - 1} more" if len(models) > 1 else ""
    return f"{shortened(models[0])}{more} ({digest})"


def _owners(disk: Disk, folder: Path, submission: Submission) -> list[Record]:
    """Return the accepted submissions one of whose models is described here, in the order of their names."""
    graphs = {
        quad.graph_name
        for subject in {quad.subject for quad in submission.quads}
        for quad in disk.quads(subject, term("rdf:type"), term("ogr:Model"))
    }
    found = [_read_record(disk, folder, graph) for graph in graphs if isinstance(graph, NamedNode)]
    return sorted((each for each in found if each is not None), key=lambda each: each.name)


def _shared(
    submission: Submission, others: Sequence[Record], models: Sequence[str], place: Place
) -> RefusedError:
    subjects = {getattr(quad.subject, "value", "") for quad in submission.quads}
    if len(others) > 1:
        named = " and ".join(f'"{each.name}"' for each in others[:2])
        more = f" and {len(others) - 2} more" if len(others) > 2 else ""
        return RefusedError(
            f"it describes models of several accepted submissions: {named}{more}.",
            fix="Write a file for each of them.",
            where=place,
        )
    (other,) = others
    shared = next(each for each in other.models if each in subjects)
    lost = sorted(set(other.models) - set(models) - {shared})
    what = f", but not {shortened(lost[0])}, which does too" if lost else ""
    return RefusedError(
        f'it describes {shortened(shared)}, which belongs to the accepted submission "{other.name}"{what}.',
        fix=f"To replace that one, say --as {shlex.quote(other.name)}; else leave that model out.",
        where=place,
    )


def _record(name: str, submission: Submission, at: datetime, versions: Mapping[str, str]) -> Record:
    return Record(
        graph=graph_of(name).value,
        name=name,
        models=_models(submission.quads),
        source=submission.source.encode("utf-8", "replace").decode(),
        digest=submission.digest,
        statements=_digest(submission.quads),
        at=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        ignored=str(sum(each.claim for each in submission.remarks)),
        program=versions["opengrade"],
        rules=versions["rules"],
    )


def _digest(quads: Iterable[Quad]) -> str:
    """Return the hash of statements, in whatever order they come."""
    lines = sorted({str(quad.triple) for quad in quads})
    return hashlib.sha256("".join(f"{line} .\n" for line in lines).encode()).hexdigest()


def _entry(record: Record) -> list[Quad]:
    """Return a record as statements about its graph."""
    graph = NamedNode(record.graph)
    found = [Quad(graph, term("rdf:type"), term("prov:Entity"))]
    for field, name in _TEXTS.items():
        datatype = term(_TYPES.get(field, "xsd:string"))
        found.append(Quad(graph, term(name), Literal(getattr(record, field), datatype=datatype)))
    if record.revises is not None:
        found.append(Quad(graph, term("prov:wasRevisionOf"), NamedNode(record.revises)))
    return found


def _entry_of(old: Record) -> str:
    """Return the name under which the entry of a version is kept when it is replaced."""
    number = int(old.revises.rpartition("/")[2]) + 1 if old.revises else 1
    return f"{old.graph}/{number}"


def _renamed(node: Node, record: Record) -> Node:
    return NamedNode(str(record.revises)) if node == NamedNode(record.graph) else node


def _read_record(disk: Disk, folder: Path, graph: NamedNode) -> Record | None:
    """Return the entry of a graph, None where there is none."""
    entry = Graph(disk.quads(graph, graph=PROVENANCE))
    if not len(entry):
        return None
    texts = {field: entry.text(graph, term(name)) for field, name in _TEXTS.items()}
    missing = [field for field, text in texts.items() if text is None]
    revises = entry.text(graph, term("prov:wasRevisionOf"))
    if missing or (revises is not None and not revises.rpartition("/")[2].isdecimal()):
        raise damaged(folder, f"the entry of {graph.value} is not whole")
    models = _models(disk.quads(None, term("rdf:type"), term("ogr:Model"), graph))
    return Record(graph.value, models=models, revises=revises, **{k: v or "" for k, v in texts.items()})


def _records(disk: Disk, folder: Path) -> tuple[Record, ...]:
    """Return the entries of what is accepted now; InputError where the graphs are not just those."""
    past = {quad.object for quad in disk.quads(None, term("prov:wasRevisionOf"), graph=PROVENANCE)}
    entries = {quad.subject for quad in disk.quads(None, term("dcterms:identifier"), graph=PROVENANCE)} - past
    graphs = set(disk.names()) - {PROVENANCE}
    if graphs != entries:
        raise damaged(folder, "its graphs are not those that were accepted")
    found = [_read_record(disk, folder, graph) for graph in sorted(graphs, key=str)]
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.name))


def listed(folder: Path) -> tuple[Record, ...]:
    """Return the entries of the submissions that are accepted, in the order of their names."""
    with reading(folder) as disk:
        return _records(disk, folder)


def rows(records: Iterable[Record]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each entry, as `LISTING` heads them."""
    for each in records:
        more = f" and {len(each.models) - 1} more" if len(each.models) > 1 else ""
        yield each.name, f"{each.models[0]}{more}" if each.models else "without an IRI", each.at, each.digest


def accepted(folder: Path) -> tuple[Submission, ...]:
    """Return the submissions of a store in the order of their names, by which each is called.

    Raises InputError where a graph does not hold just the statements that were accepted.
    """
    found = []
    with reading(folder) as disk:
        for record in _records(disk, folder):
            stated = disk.quads(graph=NamedNode(record.graph))
            quads = tuple(renamed(quad, lambda node: node) for quad in stated)
            if _digest(quads) != record.statements:
                raise damaged(folder, f'what is kept of "{record.name}" is not what was accepted')
            found.append(Submission(record.name, quads, digest=record.digest))
    return tuple(found)


def assess_accepted(folder: Path, rules: Iterable[Framework], *, by: str) -> tuple[Assessment, ...]:
    """Assess the submissions of a store under frameworks; to be run in a process that is confined."""
    return assess_all(accepted(folder), rules, by=by)


def answer_from_accepted(folder: Path, text: str, known: Mapping[str, str]) -> Answer:
    """Answer a query over the submissions of a store; to be run in a process that is confined."""
    return answer_from(accepted(folder), text, known)
