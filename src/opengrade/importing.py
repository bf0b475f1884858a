"""Turns an input file into a submission: the statements that may be used, and what was left aside and why."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from opengrade.boundary import is_curated, objection
from opengrade.describing import Names
from opengrade.documents import LINES_SUFFIX, SUFFIXES, detect
from opengrade.errors import InputError, Place
from opengrade.formats import read_content, read_model
from opengrade.graph import GENID, DefaultGraph, Graph, Literal, NamedNode, Quad, Term, skolemize
from opengrade.limits import Limits
from opengrade.locating import Spots
from opengrade.namespaces import term
from opengrade.remarks import Remark, remark
from opengrade.vocabulary import vocabulary

MIB = 1024 * 1024
DEFAULTS = Limits()


@dataclass(frozen=True)
class Submission:
    """What one input states about models, and what of it was left aside.

    `digest` is the SHA-256 of the bytes that were read.
    """

    source: str
    quads: tuple[Quad, ...]
    remarks: tuple[Remark, ...] = ()
    digest: str = ""


@dataclass(frozen=True)
class Reading:
    """All that an input states, before anything is left aside; nodes without a name have one here."""

    source: str
    digest: str
    quads: tuple[Quad, ...]
    graphs: tuple[Term | DefaultGraph, ...]
    left: tuple[Remark, ...]
    locate: Callable[[], tuple[Spots, ...]] = field(repr=False, compare=False)

    @cached_property
    def _spots(self) -> dict[Quad, Spots]:
        found: dict[Quad, Spots] = {}
        for quad, spots in zip(self.quads, self.locate(), strict=True):
            found.setdefault(quad, spots)
        return found

    @cached_property
    def _first(self) -> dict[Term, Place]:
        """Where each thing is first described, or else first mentioned."""
        found: dict[Term, Place] = {}
        for quad, spots in self._spots.items():
            if spots.subject is not None:
                found.setdefault(quad.subject, Place(self.source, *spots.subject))
        for quad, spots in self._spots.items():
            if spots.object is not None:
                found.setdefault(quad.object, Place(self.source, *spots.object))
        return found

    def place(self, quad: Quad, part: str = "object") -> Place:
        """Return where a part of a statement stands, or else where its subject is first described."""
        spot = getattr(self._spots.get(quad, Spots()), part)
        return Place(self.source, *spot) if spot else self.place_of(quad.subject)

    def place_of(self, node: Term | None, path: NamedNode | None = None, value: str = "") -> Place:
        """Return where a value of a thing stands, or else where the thing is first described."""
        if node is not None and path is not None and value:
            for quad in self._about.get(node, ()):
                if quad.predicate == path and _text(quad.object) == value:
                    return self.place(quad)
        return self._first.get(node, Place(self.source)) if node is not None else Place(self.source)

    @cached_property
    def _about(self) -> dict[Term, list[Quad]]:
        found: dict[Term, list[Quad]] = {}
        for quad in self.quads:
            found.setdefault(quad.subject, []).append(quad)
        return found


def _text(value: Term | DefaultGraph) -> str:
    return value.value if isinstance(value, Literal | NamedNode) else ""


def find_inputs(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files, and for folders the files below them that have a suffix we read, in the order of names."""
    for path in paths:
        if path.is_dir():
            found = (p for p in sorted(path.rglob("*")) if p.suffix.lower() in SUFFIXES and p.is_file())
            yield from found
        else:
            yield path


def read_submission(path: str | Path, limits: Limits = DEFAULTS) -> Submission:
    """Read a file of any format that we know, in this very process.

    Raises InputError with file and place where it cannot be read or describes no model, LimitError where it
    reaches a limit. Time and memory are not bounded here: files of others are read through `confining`.
    """
    submission = sifted(read(path, limits))
    if not any(q.predicate == term("rdf:type") and q.object == term("ogr:Model") for q in submission.quads):
        faults = [each for each in submission.remarks if each.severity == "violation"]
        hint = f" {faults[0].what}. {faults[0].fix}" if faults else ""
        raise InputError(
            f"this file describes no model.{hint}",
            fix="State an ogr:Model, or give one of the formats that `opengrade import --list` names.",
            where=Place(submission.source),
        )
    return submission


def read(path: str | Path, limits: Limits = DEFAULTS) -> Reading:
    """Read all that a file states; raises InputError and LimitError with file and place.

    `hub.jsonl#org/model` names one model of a file that has a record of the Hub in each line.
    """
    source = str(path)
    file, mark, model = source.partition(f"{LINES_SUFFIX}#")
    if mark and model:
        with _opened(file + LINES_SUFFIX) as opened:
            content = read_model(opened, model, source, limits)
        digest = hashlib.sha256(repr(content.quads).encode()).hexdigest()
    else:
        data = _bytes(source, limits)
        content = read_content(data, detect(data, source), source, limits)
        digest = hashlib.sha256(data).hexdigest()
    quads = skolemize(content.quads, scope=digest)
    graphs = tuple(quad.graph_name for quad in content.quads)
    return Reading(source, digest, quads, graphs, content.left, content.locate)


def _bytes(source: str, limits: Limits) -> bytes:
    most = limits.file_size * MIB
    with _opened(source) as file:
        if os.fstat(file.fileno()).st_size > most:
            raise limits.reached("file-size", Place(source))
        data = file.read(most + 1)
    if len(data) > most:
        raise limits.reached("file-size", Place(source))
    return data


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    """Open a file; InputError where it cannot be read."""
    try:
        with open(source, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                kind = "a directory" if stat.S_ISDIR(os.fstat(file.fileno()).st_mode) else "no regular file"
                raise InputError(
                    f"this is {kind}.", fix="Save what is to be read as a file.", where=Place(source)
                )
            yield file
    except (OSError, ValueError) as error:
        reason = (
            "there is no such file"
            if isinstance(error, FileNotFoundError)
            else (getattr(error, "strerror", None) or "unreadable")
        )
        raise InputError(f"{reason}.", fix="Check the path.", where=Place(source)) from None


def _without_waiting(path: str, flags: int) -> int:
    """Open a file without waiting for the other end, should it be a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def sifted(reading: Reading) -> Submission:
    """Part the statements that a submission may make from those that are not used, and say why."""
    kept: list[Quad] = []
    remarks: list[Remark] = list(reading.left)
    names = Names(Graph(reading.quads))
    for quad, graph in zip(reading.quads, reading.graphs, strict=True):
        objected = objection(quad)
        if is_curated(graph):
            remarks.append(_graph_remark(reading, quad, graph))
        if objected is None:
            kept.append(quad)
            continue
        said = names.said(quad.subject, quad.predicate, quad.object)
        remarks.append(
            remark(
                objected.rule,
                reading.place(quad, objected.part),
                focus=quad.subject.value if isinstance(quad.subject, NamedNode) else None,
                path=quad.predicate.value,
                value=_text(quad.object),
                names={"said": said, **objected.names},
            )
        )
    quads = tuple(kept)
    remarks += _without_kind(reading, quads)
    remarks.sort(key=lambda each: (each.place.line or 0, each.place.column or 0))
    return Submission(reading.source, quads, tuple(dict.fromkeys(remarks)), reading.digest)


def _graph_remark(reading: Reading, quad: Quad, graph: Term | DefaultGraph) -> Remark:
    return remark("CuratedGraphName", reading.place(quad), names={"value": _text(graph)})


def _without_kind(reading: Reading, quads: tuple[Quad, ...]) -> Iterator[Remark]:
    graph, kinds = Graph(quads), vocabulary().kinds
    names = Names(graph)
    components = {q.object for q in quads if q.predicate == term("ogr:hasComponent")}
    for node in sorted(components, key=str):
        if not any(kind in kinds for kind in graph.nodes(node, term("rdf:type"))):
            shown = graph.text(node, term("ogr:name")) or names.shown(node)
            yield remark(
                "ComponentWithoutKind",
                reading.place_of(node),
                focus=_text(node) if not _text(node).startswith(GENID) else None,
                names={"name": shown, "node": names.of(node), "model": names.model(node)},
            )
