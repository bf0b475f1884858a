"""Reads the content of a file, whatever its format, as statements, and knows where each of them stands."""

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

from opengrade.boundary import unknown_name
from opengrade.describing import shortened
from opengrade.documents import read_tree
from opengrade.errors import InputError, Place
from opengrade.graph import Quad, parse
from opengrade.hub.records import Unused, reduced
from opengrade.limits import Limits
from opengrade.locating import Spots, mapped
from opengrade.locating.trees import to_json
from opengrade.namespaces import prefixes
from opengrade.queries import Query, mappings
from opengrade.remarks import Remark, remark
from opengrade.resources import data_root
from opengrade.store import Store
from opengrade.values import Mapping, Scalar, Tree, has_path, leaves
from opengrade.values import Sequence as Values

if TYPE_CHECKING:
    from opengrade.hub.selecting import Selection


@dataclass(frozen=True)
class Content:
    """The statements of a file in its order, what of it was left aside, and a way to find their places."""

    quads: tuple[Quad, ...]
    left: tuple[Remark, ...]
    locate: Callable[[], tuple[Spots, ...]]


def read_content(data: bytes, syntax: str, source: str, limits: Limits) -> Content:
    """Read the bytes of a file in a syntax that documents.detect has named.

    Raises InputError with file and place, LimitError naming the limit.
    """
    base = prefixes()["id"].removesuffix("id/") + "import/rdf/" + quote(PurePath(source).name)
    if syntax == "json-ld":
        return _read_json_ld(data, source, base, limits)
    if syntax == "json-lines":
        return _read_lines(data, source, limits)
    if syntax in ("yaml", "json"):
        return _read_mapped(data, syntax, source, limits)
    data = data.removeprefix(codecs.BOM_UTF8)
    quads = parse(data, syntax=syntax, path=source, base=base, limits=limits)
    return Content(quads, (), lambda: _locate_text(data, quads, base))


def _locate_text(data: bytes, quads: Sequence[Quad], base: str) -> tuple[Spots, ...]:
    from opengrade.locating.text import locate  # noqa: PLC0415  (only needed where there is something to say)

    return locate(data.decode("utf-8-sig"), quads, base=base)


def _read_json_ld(data: bytes, source: str, base: str, limits: Limits) -> Content:
    document = _with_local_context(read_tree(data, syntax="json", path=source, limits=limits), source)
    quads = parse(to_json(document).encode(), syntax="json-ld", path=source, base=base, limits=limits)
    return Content(quads, tuple(_unread_keys(document, source)), lambda: _locate_tree(document, quads, base))


def _locate_tree(document: Tree, quads: Sequence[Quad], base: str) -> tuple[Spots, ...]:
    from opengrade.locating.trees import locate  # noqa: PLC0415

    return locate(document, quads, base=base)


def _unread_keys(document: Tree, source: str) -> Iterator[Remark]:
    """Tell of keys that no context defines: JSON-LD passes over them in silence.

    Nothing is told where a context gives all keys a meaning, nor of what lies below a term with a container
    or with plain JSON, in which keys are no properties.
    """
    terms = dict(_definitions(document))
    if "@vocab" in terms:
        return
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Values):
            waiting += reversed(value.items)
        elif isinstance(value, Mapping):
            for (key, child), spot in zip(value.items, value.keys, strict=False):
                known = key in terms or ":" in key or key.startswith("@")
                if not known:
                    names = unknown_name(shortened(key), key, "property", "")
                    yield remark("UnknownTerm", Place(source, *spot), value=key, names=names)
                elif key != "@context" and not _is_opaque(terms.get(key)):
                    waiting.append(child)


def _definitions(document: Tree) -> Iterator[tuple[str, Tree]]:
    """Yield the terms of all contexts of a document with what defines them."""
    waiting: list[tuple[Tree, bool]] = [(document, False)]
    while waiting:
        value, context = waiting.pop()
        if isinstance(value, Values):
            waiting += [(child, context) for child in value.items]
        elif isinstance(value, Mapping):
            if context:
                yield from value.items
            waiting += [(child, key == "@context") for key, child in value.items]


def _is_opaque(definition: Tree | None) -> bool:
    if not isinstance(definition, Mapping):
        return False
    return any(
        key == "@container" or (key == "@type" and isinstance(value, Scalar) and value.value == "@json")
        for key, value in definition.items
    )


def _read_lines(data: bytes, source: str, limits: Limits) -> Content:
    from opengrade.hub.selecting import select_all  # noqa: PLC0415  (the reader of lines is not always needed)

    return _selected(select_all(data, source, limits), source, limits)


def read_model(file: BinaryIO, model: str, source: str, limits: Limits) -> Content:
    """Read of a file with a record in each line that of one model, and those of the models behind it.

    Raises InputError where there is none.
    """
    from opengrade.hub.selecting import select_one  # noqa: PLC0415

    return _selected(select_one(file, model, source, limits), source, limits, model)


def _selected(selection: "Selection", source: str, limits: Limits, judged: str | None = None) -> Content:
    quads = selection.quads(source, limits, judged)
    return Content(quads, selection.left, lambda: selection.locate(quads))


CONTEXTS = ("@context", "@import")
LONGEST_PATH = 80


def _with_local_context(tree: Tree, source: str) -> Tree:
    """Replace the address of our own context by its content; InputError for any other address."""
    _check_contexts(tree, source)
    if not isinstance(tree, Mapping):
        return tree
    pairs = [(key, _local(value) if key == "@context" else value) for key, value in tree.items]
    return replace(tree, items=tuple(pairs))


def _local(value: Tree) -> Tree:
    if isinstance(value, Values):
        return replace(value, items=tuple(_local(each) for each in value.items))
    return _own_context() if isinstance(value, Scalar) and value.value is not None else value


@cache
def _own_context() -> Tree:
    path = data_root() / "ontology" / "context.jsonld"
    tree = read_tree(path.read_bytes(), syntax="json", path=str(path))
    assert isinstance(tree, Mapping)
    return tree.items[0][1]


def _check_contexts(tree: Tree, source: str) -> None:
    """Look at all contexts, also those inside; only the one at the top may name ours."""
    address = prefixes()["ogr"].rstrip("#") + "/context.jsonld"
    for depth, named in _named_contexts(tree):
        if named.value != address or depth > 1:
            raise InputError(
                f"the context {shortened(str(named.value))} lies on the network, and nothing is fetched.",
                fix=f"Write the context into the file, or use {address}, which ships with OpenGrade.",
                where=Place(source, named.line, named.column),
            )


def _named_contexts(tree: Tree) -> Iterator[tuple[int, Scalar]]:
    """Yield the addresses that contexts name, with the depth of the object in which they do."""
    waiting: list[tuple[Tree, int, bool]] = [(tree, 0, False)]
    while waiting:
        value, depth, context = waiting.pop()
        if isinstance(value, Scalar):
            if context and isinstance(value.value, str):
                yield depth, value
        elif isinstance(value, Mapping):
            waiting += [(child, depth + 1, key in CONTEXTS) for key, child in value.items]
        else:
            waiting += [(child, depth, context) for child in value.items]


def _read_mapped(data: bytes, syntax: str, source: str, limits: Limits) -> Content:
    tree = read_tree(data, syntax=syntax, path=source, limits=limits)
    mapping = _mapping_for(tree, syntax)
    if mapping is None:
        known = "; ".join(f"{m.title} ({', '.join(m.header['recognizes'])})" for m in mappings())
        raise InputError(
            f"this {syntax.upper()} file is not of a kind that we read.",
            fix=f"We read, by the keys that have to be there: {known}.",
            where=Place(source, tree.line, tree.column),
        )
    unused: Unused = {}
    lifted = tree
    if mapping.header.get("reduced"):
        lifted, unused = reduced(tree, source)
    answer = Store(mapped.lift(lifted)).ask(mapping.text)
    assert isinstance(answer, tuple)
    quads = tuple(Quad(t.subject, t.predicate, t.object) for t in answer)
    left = tuple(_not_carried(tree, mapping, source, unused))
    return Content(quads, left, lambda: _locate_mapped(lifted, mapping, quads))


def _locate_mapped(tree: Tree, mapping: Query, quads: Sequence[Quad]) -> tuple[Spots, ...]:
    return mapped.locate(tree, mapping, quads)


def _mapping_for(tree: Tree, syntax: str) -> Query | None:
    for mapping in mappings():
        if syntax in mapping.header["accepts"] and all(
            has_path(tree, p) for p in mapping.header["recognizes"]
        ):
            return mapping
    return None


def _not_carried(tree: Tree, mapping: Query, source: str, unused: Unused) -> Iterator[Remark]:
    """Tell of values that a mapping does not carry over; `unused` are some that it could carry."""
    left = mapping.header.get("leaves") or {}
    rest = mapping.header.get("rest", "")
    for leaf in leaves(tree):
        value = leaf.value
        if not isinstance(value, Scalar) or value.value in (None, ""):
            continue
        carried = leaf.path in mapping.header["carries"]
        odd = _off_form(leaf.path, str(value.value), mapping) if carried else ""
        odd = odd or unused.get((leaf.path, value.spot), "")
        if carried and not odd:
            continue
        near = "" if odd else _nearest_path(leaf.path, tuple(mapping.header["carries"]))
        hint = f"; did you mean {near}?" if near else ""
        why = left.get(leaf.path) or odd or ("" if near else rest)
        reason = f": {why}" if why else hint
        names = {"key": leaf.path, "value": str(value.value), "mapping": mapping.name, "reason": reason}
        place = Place(source, value.line, value.column)
        yield remark(
            "NotCarriedOver",
            place,
            value=str(value.value),
            routine=leaf.path in left or why == rest != "",
            names=names,
        )


def _off_form(path: str, value: str, mapping: Query) -> str:
    """Return why a mapping does not carry a value of this form, empty if it does.

    The header gives `forms` for the ends of paths.
    """
    for end, form in (mapping.header.get("forms") or {}).items():
        if f".{path}".endswith(f".{end}") and not re.fullmatch(form["matches"], value):
            return str(form["otherwise"])
    return ""


@cache
def _nearest_path(path: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(path, known, 1, 0.85) if len(path) <= LONGEST_PATH else []
    return near[0] if near else ""
