"""Finds the statements of Turtle, TriG, N-Triples and N-Quads in their text.

The parser of `graph` decides what a file states, but keeps no places. Here the text is walked once more, with
no judgment on it: the statements that are met are paired with those of the parser, which come in the same
order. What is not understood is passed over; of a statement that is not met, only the subject has a place.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from opengrade.graph import BlankNode, Literal, NamedNode, Quad, Term
from opengrade.locating import Spot, Spots

__all__ = ["locate"]

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

# Possessive repeats keep no way back: each character is looked at a fixed number of times, whatever the text.
# Beyond ASCII any character may stand in a name, as those that must not were refused by the parser.
_START = r"A-Za-z\x80-\U0010ffff"
_CHAR = rf"[{_START}0-9_\-]"
_TAIL = rf"{_CHAR}*+(?:\.++{_CHAR}++)*+"
_PREFIX = rf"[{_START}]{_TAIL}"
_ESCAPED = r"%[0-9A-Fa-f]{2}|\\."
_LOCAL_CHAR = rf"(?:[{_START}0-9_\-:]|{_ESCAPED})"
_LOCAL = rf"(?:(?:[{_START}0-9_:]|{_ESCAPED}){_LOCAL_CHAR}*+(?:\.++{_LOCAL_CHAR}++)*+)?+"
_BLANK = rf"_:[{_START}0-9_]{_TAIL}"
_DECIMALS = r"(?:\.[0-9]*+(?=[eE][+-]?[0-9])|\.[0-9]++)?+"
_NUMBER = rf"[+-]?(?:[0-9]++{_DECIMALS}|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+"


def _long(quote: str) -> str:
    inner = rf"[^{quote}\\]*+"
    return rf"{quote * 3}{inner}(?:(?:\\.|{quote}(?!{quote * 2})){inner})*+(?:{quote * 3}|\Z)"


def _short(quote: str) -> str:
    inner = rf"[^{quote}\\\r\n]*+"
    return rf"{quote}{inner}(?:\\.{inner})*+{quote}?"


_LONG = "|".join(map(_long, "\"'"))
_SHORT = "|".join(map(_short, "\"'"))

# White space and comments match as well, so that what stands in a comment is not taken for a token; they are
# of no kind. A name with a colon is tried before one without, as "a" and "true" may be prefixes too.
_TOKEN = re.compile(
    r"[ \t\r\n]++|\#[^\r\n]*+"
    rf"|(?P<long>{_LONG})"
    rf"|(?P<short>{_SHORT})"
    r"|(?P<iri><[^<>\x00-\x20]*+>)"
    rf"|(?P<blank>{_BLANK})"
    rf"|(?P<name>(?:{_PREFIX})?+:{_LOCAL})"
    rf"|(?P<number>{_NUMBER})"
    rf"|(?P<word>{_PREFIX})"
    r"|(?P<at>@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[A-Za-z]++)?+)"
    r"|(?P<type>\^\^)"
    r"|(?P<mark>[\[\](){}.,;])",
    re.DOTALL,
)
_LABEL = re.compile(_BLANK)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_LETTERS = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}
_LOCAL_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*+:")
_IRI = re.compile(r"([^:/?#]*:)?(//[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)


class _Node(NamedTuple):
    """A term where it stands; all nodes that have neither name nor label share a key."""

    key: str
    spot: Spot


class _Record(NamedTuple):
    """A statement that was met in the text."""

    key: tuple[str, str, str]
    spots: Spots


_ANONYMOUS = "_:"
_TYPE, _FIRST, _REST, _NIL = (f"<{_RDF}{name}" for name in ("type", "first", "rest", "nil"))
_DIRECTIVES = frozenset({"prefix", "base", "version"})

# The part of a statement that the next term is.
_SUBJECT, _PREDICATE, _OBJECT, _NOTHING = range(4)


def locate(text: str, quads: Sequence[Quad], *, base: str | None = None) -> tuple[Spots, ...]:
    """Return where the parts of each statement stand in the text that they were read from.

    `quads` are what `graph.parse` gave for the text and `base`, in its order, and the result is parallel to
    them. A collection stands at its bracket and its members at their own places; the predicates that link
    them are written nowhere. A byte order mark at the beginning counts for no column. Nothing is raised: of a
    statement that is not found no more is told than where its subject is first described, if it is.
    """
    return _Pairing(text.removeprefix("\ufeff"), base).paired(quads)


class _Pairing:
    """Pairs the statements of the parser with those of the text, in order where several look the same."""

    def __init__(self, text: str, base: str | None) -> None:
        self.records = _Walk(text, base).records()
        # Where "_:" stands in a string or name, a label too many does no harm.
        self.labels = frozenset(_LABEL.findall(text))
        self.passed: defaultdict[tuple[str, str, str], deque[Spots]] = defaultdict(deque)
        self.described: dict[str, Spot | None] = {}

    def paired(self, quads: Sequence[Quad]) -> tuple[Spots, ...]:
        found = [self._next(quad) for quad in quads]
        known: dict[Term, Spot | None] = {}
        if None in found:
            for spots, quad in zip(found, quads, strict=True):
                if spots:
                    known.setdefault(quad.subject, spots.subject)
        return tuple(
            spots or Spots(known.get(quad.subject) or self.described.get(self._key(quad.subject)))
            for spots, quad in zip(found, quads, strict=True)
        )

    def _next(self, quad: Quad) -> Spots | None:
        key = self._key(quad.subject), self._key(quad.predicate), self._key(quad.object)
        if key in self.passed:
            return self._waiting(key)
        for record in self.records:
            if record.key[0] != _ANONYMOUS:
                self.described.setdefault(record.key[0], record.spots.subject)
            if record.key == key:
                return record.spots
            self.passed[record.key].append(record.spots)
        return None

    def _waiting(self, key: tuple[str, str, str]) -> Spots:
        waiting = self.passed[key]
        spots = waiting.popleft()
        if not waiting:
            del self.passed[key]
        return spots

    def _key(self, term: Term) -> str:
        if isinstance(term, NamedNode):
            return "<" + term.value
        if isinstance(term, Literal):
            return '"' + term.value
        if isinstance(term, BlankNode) and str(term) in self.labels:
            return str(term)
        return _ANONYMOUS


class _Frame:
    """A statement, or several about one subject, that may lie in brackets of its own.

    `node` is what the brackets stand for, None outside of all. A collection is `begun` with its first member.
    """

    __slots__ = ("begun", "collection", "node", "predicate", "subject", "wanted")

    def __init__(self, node: _Node | None, *, collection: bool = False) -> None:
        self.node = self.subject = node
        self.predicate: _Node | None = None
        self.wanted = _OBJECT if collection else _PREDICATE if node else _SUBJECT
        self.collection, self.begun = collection, False


class _Walk:
    """Walks over a text from token to token and keeps what is open in a stack."""

    def __init__(self, text: str, base: str | None) -> None:
        self.text = text
        self.names = _Names(base)
        self.stack = [_Frame(None)]
        self.directive = ""
        self.literal: _Node | None = None
        self.typed = False
        self.met: list[_Record] = []
        self._at, self._line, self._start = 0, 1, 0

    def records(self) -> Iterator[_Record]:
        """Yield the statements as the parser does, which turns around the order where several end at once."""
        for found in _TOKEN.finditer(self.text):
            if found.lastgroup:
                self._take(found.lastgroup, found[0], found.start())
                if self.met:
                    yield from reversed(self.met)
                    self.met.clear()

    def _take(self, kind: str, token: str, at: int) -> None:
        if self.directive:
            self._direct(kind, token)
            return
        if self.literal and self._belongs_to_literal(kind):
            return
        if self.stack[-1].collection and token != ")":
            self._begin_member()
        if kind == "mark":
            self._mark(token, at)
        elif self.stack[-1].wanted == _SUBJECT and kind in ("at", "word"):
            # Else it is GRAPH, or nothing that is known.
            name = token.lstrip("@").lower()
            self.directive = name if name in _DIRECTIVES else ""
        else:
            self._value(kind, token, at)

    def _direct(self, kind: str, token: str) -> None:
        """Take a token of @prefix, @base or @version; any but the name of a prefix ends the directive."""
        if kind == "name":
            self.names.prefix = token[:-1]
            return
        if kind == "iri":
            self.names.declare(self.directive, token)
        self.directive = ""

    def _belongs_to_literal(self, kind: str) -> bool:
        """Take what may follow a string; the statement ends only when it is clear that nothing does."""
        assert self.literal is not None
        if kind == "type" and not self.typed:
            self.typed = True
            return True
        belongs = self.typed or kind == "at"
        node, self.literal, self.typed = self.literal, None, False
        self._term(node, self.stack[-1])
        return belongs

    def _value(self, kind: str, token: str, at: int) -> None:
        key = self.names.key(kind, token, verb=self.stack[-1].wanted == _PREDICATE)
        if key is None:
            return
        node = _Node(key, self._spot(at))
        if kind in ("long", "short"):
            self.literal = node
        else:
            self._term(node, self.stack[-1])

    def _term(self, node: _Node, frame: _Frame) -> None:
        """Put a term where the next one is wanted."""
        if frame.collection:
            assert frame.node is not None
            self._meet(frame.node, _FIRST, node.key, Spots(frame.node.spot, None, node.spot))
        elif frame.wanted == _SUBJECT:
            frame.subject, frame.wanted = node, _PREDICATE
        elif frame.wanted == _PREDICATE:
            frame.predicate, frame.wanted = node, _OBJECT
        elif frame.wanted == _OBJECT:
            frame.wanted = _NOTHING
            subject, verb = frame.subject, frame.predicate
            if subject and verb:
                self._meet(subject, verb.key, node.key, Spots(subject.spot, verb.spot, node.spot))

    def _meet(self, subject: _Node, predicate: str, value: str, spots: Spots) -> None:
        self.met.append(_Record((subject.key, predicate, value), spots))

    def _mark(self, mark: str, at: int) -> None:
        if mark in "[(":
            self.stack.append(_Frame(_Node(_ANONYMOUS, self._spot(at)), collection=mark == "("))
        elif mark in "])":
            self._close(collection=mark == ")")
        elif mark == ";":
            self.stack[-1].wanted = _PREDICATE
        elif mark == ",":
            self.stack[-1].wanted = _OBJECT
        else:
            # A name before "{" was that of a graph and no subject.
            self.stack = [_Frame(None)]

    def _close(self, *, collection: bool) -> None:
        frame = self.stack[-1]
        if frame.node is None or frame.collection != collection:
            return
        self.stack.pop()
        if frame.begun:
            self._rest(frame.node, _NIL)
        else:
            self._term(_Node(_NIL, frame.node.spot) if collection else frame.node, self.stack[-1])

    def _begin_member(self) -> None:
        """Take note that a collection goes on: with its first member it is known not to be the empty one."""
        frame = self.stack[-1]
        assert frame.node is not None
        if frame.begun:
            self._rest(frame.node, _ANONYMOUS)
        else:
            frame.begun = True
            self._term(frame.node, self.stack[-2])

    def _rest(self, node: _Node, key: str) -> None:
        self._meet(node, _REST, key, Spots(node.spot, None, node.spot))

    def _spot(self, at: int) -> Spot:
        lines = self.text.count("\n", self._at, at)
        if lines:
            self._line += lines
            self._start = self.text.rfind("\n", self._at, at) + 1
        self._at = at
        return Spot(self._line, at - self._start + 1)


class _Names:
    """What tokens mean under the prefixes and the base that hold at a place."""

    def __init__(self, base: str | None) -> None:
        self.base = base
        self.prefix = ""
        self.prefixes: dict[str, str] = {}

    def declare(self, directive: str, token: str) -> None:
        """Let the base, or the prefix that was named last, stand for an IRI from here on."""
        iri = self._iri(token)
        if directive == "base":
            self.base = iri
        else:
            self.prefixes[self.prefix] = iri

    def key(self, kind: str, token: str, *, verb: bool) -> str | None:
        """Return the key of a term, None for what is none here; `verb` says that a predicate is wanted."""
        if kind == "name":
            return self._name(token)
        if kind == "iri":
            return "<" + self._iri(token)
        if kind in ("long", "short"):
            quotes = 3 if kind == "long" else 1
            return '"' + _unescaped(token[quotes:-quotes])
        if kind == "word":
            return _word(token, verb=verb)
        return {"number": '"' + token, "blank": token}.get(kind)

    def _name(self, token: str) -> str:
        prefix, _, local = token.partition(":")
        if "\\" in local:
            local = _LOCAL_ESCAPE.sub(r"\1", local)
        return "<" + self.prefixes.get(prefix, "") + local

    def _iri(self, token: str) -> str:
        iri = _unescaped(token[1:-1])
        return iri if self.base is None or _SCHEME.match(iri) else _resolved(iri, self.base)


def _word(token: str, *, verb: bool) -> str | None:
    if verb:
        return _TYPE if token == "a" else None
    return '"' + token if token in ("true", "false") else None


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    digits = found[1] or found[2]
    if not digits:
        return _LETTERS.get(found[3], found[3])
    number = int(digits, 16)
    return chr(number) if number < 0x110000 else found[0]


def _resolved(iri: str, base: str) -> str:
    """Resolve a relative IRI; `urllib` does so for some schemes only, and tidies up what the parser keeps."""
    _, host, path, query, fragment = _parts(iri)
    scheme, old_host, old_path, old_query, _ = _parts(base)
    if host:
        return scheme + iri
    if not path:
        return scheme + old_host + old_path + (query or old_query) + fragment
    if not path.startswith("/"):
        kept = old_path.split("/")[:-1] or [""] * bool(old_host)
        path = _joined(kept, path)
    else:
        path = _joined([""], path[1:])
    return scheme + old_host + path + query + fragment


def _parts(iri: str) -> tuple[str, ...]:
    found = _IRI.fullmatch(iri)
    return found.groups("") if found else ("", "", iri, "", "")


def _joined(kept: list[str], path: str) -> str:
    """Follow a relative path from where the kept segments lead to, never above an empty first one."""
    root = kept[:1] == [""]
    segments = path.split("/")
    for segment in segments:
        if segment == ".." and len(kept) > root:
            kept.pop()
        elif segment not in (".", ".."):
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)
