"""Turns an input file into a submission: the statements that may be used, and what was left aside and why."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import quote

from opengrade.documents import SUFFIXES, Mapping, Scalar, Sequence, Tree, detect, has_path, leaves, read_tree
from opengrade.errors import InputError, Place
from opengrade.graph import BlankNode, Graph, Literal, NamedNode, Node, Quad, Triple, parse, skolemize
from opengrade.namespaces import compact, local_name, prefixes, term
from opengrade.queries import Query, mappings
from opengrade.resources import data_root
from opengrade.store import Store
from opengrade.vocabulary import Vocabulary, vocabulary

REASONING = ("owl:", "rdfs:", "sh:")
HARMLESS = ("rdfs:label", "rdfs:comment", "rdfs:seeAlso", "rdfs:isDefinedBy")
HEADER = ("owl:Ontology",)
CURATED_SUBJECTS = ("ogr:", "ogc:", "spdx:")
ALSO_READ = ("dcterms:license", "dcterms:description", "rdfs:label", "skos:note")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in an input that was not used, and why.

    `claim` marks a statement that a submission may not make, `routine` one that a mapping leaves aside in
    every file, for the reason given in its header.
    """

    place: Place
    text: str
    claim: bool = False
    routine: bool = False


@dataclass(frozen=True)
class Submission:
    """What one input states about models, and what of it was left aside."""

    source: str
    quads: tuple[Quad, ...]
    remarks: tuple[Remark, ...] = ()


def find_inputs(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files, and for folders the files below them that have a suffix we read, in the order of names."""
    for path in paths:
        if path.is_dir():
            found = (p for p in sorted(path.rglob("*")) if p.suffix.lower() in SUFFIXES and p.is_file())
            yield from found
        else:
            yield path


def read_submission(path: str | Path) -> Submission:
    """Read a file of any format that we know.

    Raises InputError with file and place where it cannot be read or describes no model.
    """
    source = str(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reason = (
            "there is no such file"
            if isinstance(error, FileNotFoundError)
            else (error.strerror or "unreadable")
        )
        raise InputError(f"{reason}.", fix="Check the path.", where=Place(source)) from None
    syntax = detect(data, source)
    if syntax in ("yaml", "json"):
        stated, remarks = _from_tree(read_tree(data, syntax=syntax, path=source), syntax, source)
    else:
        if syntax == "json-ld":
            data = _with_local_context(data, source)
        base = "https://w3id.org/opengrade/import/rdf/" + quote(Path(path).name)
        stated, remarks = parse(data, syntax=syntax, path=source, base=base), ()
    scope = hashlib.sha256(data).hexdigest()
    quads, more = _sift(skolemize(stated, scope=scope), source)
    if not any(q.predicate == term("rdf:type") and q.object == term("ogr:Model") for q in quads):
        raise InputError(
            "this file describes no model.",
            fix="State an ogr:Model, or give one of the formats that `opengrade import --list` names.",
            where=Place(source),
        )
    return Submission(source, quads, (*remarks, *more, *_without_kind(quads, source)))


def _without_kind(quads: tuple[Quad, ...], source: str) -> Iterator[Remark]:
    graph, kinds = Graph(quads), vocabulary().kinds
    components = {q.object for q in quads if q.predicate == term("ogr:hasComponent")}
    for node in sorted(components, key=str):
        if not any(kind in kinds for kind in graph.nodes(node, term("rdf:type"))):
            name = graph.text(node, term("ogr:name")) or _shown(node)
            yield Remark(
                Place(source), f'the component "{name}" is of no kind that we know, so nothing judges it'
            )


def _from_tree(tree: Tree, syntax: str, source: str) -> tuple[tuple[Quad, ...], tuple[Remark, ...]]:
    mapping = _mapping_for(tree, syntax)
    if mapping is None:
        known = "; ".join(f"{m.title} ({', '.join(m.header['recognizes'])})" for m in mappings())
        raise InputError(
            f"this {syntax.upper()} file is not of a kind that we read.",
            fix=f"We read, by the keys that have to be there: {known}.",
            where=Place(source, getattr(tree, "line", None)),
        )
    answer = Store(lift(tree)).ask(mapping.text)
    assert isinstance(answer, tuple)
    return tuple(Quad(t.subject, t.predicate, t.object) for t in answer), tuple(
        _not_carried(tree, mapping, source)
    )


def _mapping_for(tree: Tree, syntax: str) -> Query | None:
    for mapping in mappings():
        if syntax in mapping.header["accepts"] and all(
            has_path(tree, p) for p in mapping.header["recognizes"]
        ):
            return mapping
    return None


def _not_carried(tree: Tree, mapping: Query, source: str) -> Iterator[Remark]:
    left = mapping.header.get("leaves") or {}
    for leaf in leaves(tree):
        value = leaf.value
        if (
            leaf.path in mapping.header["carries"]
            or not isinstance(value, Scalar)
            or value.value in (None, "")
        ):
            continue
        why = f": {left[leaf.path]}" if leaf.path in left else ""
        text = f'{leaf.path} ("{value.value}") is not carried over by {mapping.name}{why}'
        yield Remark(Place(source, value.line), text, routine=leaf.path in left)


def lift(tree: Tree) -> Iterator[Triple]:
    """Yield a tree as generic triples: keys become properties of `key:`, members of a list `key:item`."""
    yield from _lift(BlankNode(), tree)


def _lift(node: Node, tree: Tree) -> Iterator[Triple]:
    pairs: tuple[tuple[str, Tree], ...] = ()
    if isinstance(tree, Mapping):
        pairs = tree.items
    elif isinstance(tree, Sequence):
        pairs = tuple(("item", child) for child in tree.items)
    for key, child in pairs:
        predicate = NamedNode(prefixes()["key"] + quote(key, safe=""))
        if isinstance(child, Scalar):
            if child.value is not None:
                yield Triple(node, predicate, Literal(child.value))
            continue
        below = BlankNode()
        yield Triple(node, predicate, below)
        yield from _lift(below, child)


def _with_local_context(data: bytes, source: str) -> bytes:
    """Replace the address of our own context by its content; InputError for any other address."""
    address = prefixes()["ogr"].rstrip("#") + "/context.jsonld"
    try:
        document = json.loads(data)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        line = getattr(error, "lineno", None)
        raise InputError(
            f"this is not valid JSON: {error}.", fix="Mend the text here.", where=Place(source, line)
        ) from None
    except RecursionError:
        raise InputError(
            "values are nested too deeply.", fix="Flatten the file.", where=Place(source)
        ) from None
    if isinstance(document, dict) and "@context" in document:
        local = json.loads((data_root() / "ontology" / "context.jsonld").read_text(encoding="utf-8"))[
            "@context"
        ]
        given = document["@context"]
        contexts = given if isinstance(given, list) else [given]
        remote = [c for c in contexts if isinstance(c, str) and c != address]
        if remote:
            raise InputError(
                f"the context {remote[0]} lies on the network, and nothing is fetched.",
                fix=f"Write the context into the file, or use {address}, which ships with OpenGrade.",
                where=Place(source),
            )
        document["@context"] = [local if c == address else c for c in contexts]
    return json.dumps(document).encode()


def _sift(quads: Iterable[Quad], source: str) -> tuple[tuple[Quad, ...], tuple[Remark, ...]]:
    """Part the statements that a submission may make from those that are ignored."""
    words = vocabulary()
    kept, remarks = [], []
    for quad in quads:
        verdict = _objection(quad, words)
        if verdict is None:
            kept.append(quad)
        else:
            text, claim = verdict
            remarks.append(Remark(Place(source), text, claim))
    return tuple(kept), tuple(dict.fromkeys(remarks))


def _objection(quad: Quad, words: Vocabulary) -> tuple[str, bool] | None:
    """Return why a statement is not used and whether it is a claim of ours to make, or None if it is used."""
    said = " ".join(_shown(each) for each in (quad.subject, quad.predicate, quad.object))
    name = compact(quad.predicate)
    if isinstance(quad.subject, NamedNode) and compact(quad.subject).startswith(CURATED_SUBJECTS):
        return f"ignored claim about a curated resource: {said}", True
    if quad.predicate in words.curated or (name.startswith(REASONING) and name not in HARMLESS):
        return f"ignored claim, only curated graphs may say this: {said}", True
    if quad.predicate == term("rdf:type"):
        return _type_objection(quad, words, said)
    if quad.predicate in words.evidence or name in ALSO_READ:
        return None
    if name.startswith("ogr:"):
        near = get_close_matches(local_name(quad.predicate), [local_name(each) for each in words.evidence], 1)
        hint = f"; did you mean ogr:{near[0]}?" if near else ""
        return f"unknown term {name}{hint}", False
    return f"not read: {said}", False


def _type_objection(quad: Quad, words: Vocabulary, said: str) -> tuple[str, bool] | None:
    kind = quad.object
    if kind in words.evidence or kind in [term(each) for each in HEADER]:
        return None
    if kind in words.curated or (isinstance(kind, NamedNode) and compact(kind).startswith(REASONING)):
        return f"ignored claim, only curated graphs may say this: {said}", True
    return f"not read: {said}", False


def _shown(value: object) -> str:
    return compact(value) if isinstance(value, NamedNode) else str(value)
