"""Each statement of a text is found at the line and column where it was written.

A place is written as `line:column` here, three of them for subject, predicate and object, `-` for none.
"""

import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opengrade.errors import InputError
from opengrade.graph import BlankNode, Literal, NamedNode, Quad, parse
from opengrade.locating import Spot, Spots
from opengrade.locating.text import locate
from support import CORPORA, ROOT, needs_corpora

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
BASE = "http://example.org/a/b"


def read(text: str, syntax: str = "turtle", base: str = BASE) -> list[tuple[Quad, Spots]]:
    quads = parse(text.encode(), syntax=syntax, path="text", base=base)
    return list(zip(quads, locate(text, quads, base=base), strict=True))


def shown(spots: Spots) -> str:
    return " ".join(f"{spot.line}:{spot.column}" if spot else "-" for spot in spots)


def places(text: str, syntax: str = "turtle", base: str = BASE) -> str:
    return ", ".join(shown(spots) for _, spots in read(text, syntax, base))


HEAD = "@prefix : <urn:x:> .\n"

EXAMPLES = {
    "one statement": (":s :p :o .", "2:1 2:4 2:7"),
    "several objects on several lines": (":s :p 1,\n  2 ,\n\t3 .", "2:1 2:4 2:7, 2:1 2:4 3:3, 2:1 2:4 4:2"),
    "several predicates": (":s a :C ;\n   :p 'x' ;; :q 1.5e3 ; .", "2:1 2:4 2:6, 2:1 3:4 3:7, 2:1 3:14 3:17"),
    "no space at all": (":s a<c>;:p'x'.<s><p>1.", "2:1 2:4 2:5, 2:1 2:9 2:11, 2:15 2:18 2:21"),
    "the same statement twice": (":s :p :o .\n:s :p :o , :o .", "2:1 2:4 2:7, 3:1 3:4 3:7, 3:1 3:4 3:12"),
    "empty node as object": (":s :p [] .", "2:1 2:4 2:7"),
    "node as object": (":s :p [ :q 1 ] , 2 .", "2:7 2:9 2:12, 2:1 2:4 2:7, 2:1 2:4 2:18"),
    "node as subject": ("[ :q 1 ] :p 2 .", "2:1 2:3 2:6, 2:1 2:10 2:13"),
    "node alone": ("[ :q 1 ; ] .\n[ :q 1 ] .", "2:1 2:3 2:6, 3:1 3:3 3:6"),
    "nodes in nodes": (
        ":s :p [\n :p [ :p [] ; :q 'x' ] ;\n :p [] ] .",
        "3:5 3:7 3:10, 2:7 3:2 3:5, 3:5 3:15 3:18, 2:7 4:2 4:5, 2:1 2:4 2:7",
    ),
    "labeled nodes": ("_:a :p _:b.c.\n_:b.c :p _:a .", "2:1 2:5 2:8, 3:1 3:7 3:10"),
    "empty collection": (":s :p () .\n() :p 1 .", "2:1 2:4 2:7, 3:1 3:4 3:7"),
    "collection": (":s :p ( 1\n 2 ) .", "2:7 - 2:9, 2:1 2:4 2:7, 2:7 - 3:2, 2:7 - 2:7, 2:7 - 2:7"),
    "collection as subject": ("( :a ) :p 1 .", "2:1 - 2:3, 2:1 - 2:1, 2:1 2:8 2:11"),
    "text and number alike": (":s :p ('1' 1) .", "2:1 2:4 2:7, 2:7 - 2:12, 2:7 - 2:7, 2:7 - 2:8, 2:7 - 2:7"),
    "node in a collection in a collection": (
        ":s :p (( [ :p () ] )) .",
        "2:1 2:4 2:7, 2:7 - 2:8, 2:10 2:12 2:15, 2:8 - 2:10, 2:8 - 2:8, 2:7 - 2:7",
    ),
    "prefix redefined": (
        ":s :p :o .\nPREFIX : <urn:y:>\n:s :p :o .\n@prefix : <urn:x:> .\n:s :p :o .",
        "2:1 2:4 2:7, 4:1 4:4 4:7, 6:1 6:4 6:7",
    ),
    "prefix relative to the base of its time": (
        "@prefix x: <x#> . @base <urn:z:y> . prefix y: <#> base <../v/>\nx:s y:p <o>.",
        "3:1 3:5 3:9",
    ),
    "prefixes that look like words": (
        "prefix a: <urn:a:> prefix true: <urn:t:> prefix prefix: <urn:p:>\na:a a true:a. prefix:a a:a true.",
        "3:1 3:5 3:7, 3:15 3:24 3:28",
    ),
    "version": ("@version '1.2' . VERSION \"1.2\" :s :p '1.2' .", "2:32 2:35 2:38"),
    "names with dots and escapes": (
        ":a.b :p\\,q :%41.:x, :é·ü, :c..d, :, : .",
        "2:1 2:6 2:12, 2:1 2:6 2:21, 2:1 2:6 2:27, 2:1 2:6 2:34, 2:1 2:6 2:37",
    ),
    "long texts": (
        ":s :p '''a\n'b' . \\''' ''', \"\"\"\"c\"\n\"\"\"@en,\n '' . :t :p :o .",
        "2:1 2:4 2:7, 2:1 2:4 3:17, 2:1 2:4 5:2, 5:7 5:10 5:13",
    ),
    "text with type and language": (
        ":s :p 'x'^^:o, 'x' ^^ # ,\n <o>, 'x'@en-US , 'x'@en .",
        "2:1 2:4 2:7, 2:1 2:4 2:16, 2:1 2:4 3:7, 2:1 2:4 3:19",
    ),
    "number at a language": (":s :p ('x'@en1) .", "2:1 2:4 2:7, 2:7 - 2:8, 2:7 - 2:14, 2:7 - 2:7, 2:7 - 2:7"),
    "escapes in texts and IRIs": (
        ":s :p '\\u00e9\\t\\\\', '\\U0001F600\\''; <\\u00e9> <http://example.org/\\u00e9> .",
        "2:1 2:4 2:7, 2:1 2:4 2:21, 2:1 2:37 2:46",
    ),
    "comments": ("# it's <not . [ \"\n:s # (\n :p#\n#'''\n   :o . # :s :p :o .", "3:1 4:2 6:4"),
    "columns count characters": (":s :p '😀é' , 'x' .", "2:1 2:4 2:7, 2:1 2:4 2:14"),
    "numbers": (
        ":s :p -1, +.5, 01.50, 1.e1, 5.:t :p true,false.",
        "2:1 2:4 2:7, 2:1 2:4 2:11, 2:1 2:4 2:16, 2:1 2:4 2:23, 2:1 2:4 2:29, 2:31 2:34 2:37, 2:31 2:34 2:42",
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_each_part_of_each_statement_has_its_place(name: str, line_end: str) -> None:
    text, wanted = EXAMPLES[name]
    assert places((HEAD + text).replace("\n", line_end)) == wanted


OTHER_SYNTAXES = (
    (
        "trig",
        HEAD + ":g { :s :p 1 . :s :q 2 }\nGRAPH <h>{[:p 3] :p 4}\n[]{:s :p 5}{:s :p 6.}:s :p 7.",
        "2:6 2:9 2:12, 2:16 2:19 2:22, 3:11 3:12 3:15, 3:11 3:18 3:21, 4:4 4:7 4:10, "
        "4:13 4:16 4:19, 4:22 4:25 4:28",
    ),
    (
        "n-triples",
        '# <a:x> .\n<a:s> <a:p> "o . <a:x>\\n"@en .\n<a:s><a:p><a:o>.\n_:a <a:p> "1"^^<a:d> . # "\n',
        "2:1 2:7 2:13, 3:1 3:6 3:11, 4:1 4:5 4:11",
    ),
    (
        "n-quads",
        '<a:s> <a:p> "o" <a:g> .\n<a:s> <a:p> <a:o> _:g .\n\n_:g <a:p> "1"^^<a:d> _:g.\n_:a <a:p> "x"@en_:g.',
        "1:1 1:7 1:13, 2:1 2:7 2:13, 4:1 4:5 4:11, 5:1 5:5 5:11",
    ),
)


@pytest.mark.parametrize(("syntax", "text", "wanted"), OTHER_SYNTAXES, ids=lambda each: each[:9])
def test_graphs_and_line_syntaxes_have_places_too(syntax: str, text: str, wanted: str) -> None:
    assert places(text, syntax) == wanted


def test_a_byte_order_mark_takes_no_column() -> None:
    text = "<a:s> <a:p> <a:o> ."
    quads = parse(text.encode(), syntax="turtle", path="text")
    wanted = (Spots(Spot(1, 1), Spot(1, 7), Spot(1, 13)),)
    assert locate("\ufeff" + text, quads) == locate(text, quads) == wanted


RELATIVE = ["#c", "d", "?e", ".", "..", "./", "../../../f", "/g/../h", "//i/j/../k", "d/./e/..", "d#../x"]
RELATIVE += ["?/../y", ";z", "..d", "x:y", "./x:y", "d//../e", "http://x/../y", ""]
BASES = ("http://x/a/b?c#d", "http://x", "http://x/a/../b/", "urn:a:b", "urn:a/b/c?d/e", "file:///a/b")


@pytest.mark.parametrize("base", BASES)
def test_relative_iris_are_resolved_as_the_parser_does(base: str) -> None:
    text = "".join(f"\n<{iri}> <a:p> <{iri}> ." for iri in RELATIVE)
    wanted = ", ".join(f"{n}:1 {n}:{len(iri) + 4} {n}:{len(iri) + 10}" for n, iri in enumerate(RELATIVE, 2))
    assert places(text, base=base) == wanted
    assert places(f"@base <{base}> .{text}") == wanted


def test_of_a_statement_that_is_not_found_the_first_place_of_its_subject_is_told() -> None:
    text = "<a:o> <a:p> <a:s> .\n<a:s> <a:p> 1 .\n<a:s> <a:p> 1 .\n[] <a:q> 3 ."
    known = parse(text.encode(), syntax="turtle", path="text")
    strange = [
        Quad(subject, NamedNode("a:none"), Literal("none"))
        for subject in (known[1].subject, known[3].subject, NamedNode("a:t"), BlankNode())
    ]
    assert [shown(spots) for spots in locate(text, strange)] == ["2:1 - -", "- - -", "- - -", "- - -"]
    assert [shown(spots) for spots in locate(text, [*strange, *known])] == [
        *("2:1 - -", "4:1 - -", "- - -", "- - -"),
        *("1:1 1:7 1:13", "2:1 2:7 2:13", "3:1 3:7 3:13", "4:1 4:4 4:10"),
    ]


WORDS = r":s :p _:b @prefix base <a:b> 'x' ^^ @en << >> {| |} \u00e9 '\UFFFFFFFF' '\ud800' %4 1e true"
FRAGMENTS = (*"[](){}<>.,;:@^\"'\\#_~|a1é \n\r\0\ud800", "'''", *WORDS.split())
QUAD = Quad(NamedNode("a:s"), NamedNode("a:p"), BlankNode("b"))


@given(st.lists(st.sampled_from(FRAGMENTS)).map("".join) | st.text())
def test_no_text_ends_in_anything_but_an_answer(text: str) -> None:
    for base in (None, "", "http://example.org/"):
        assert locate(text, [QUAD], base=base)[0].predicate is None


class Written:
    """A document that is written token by token, with the statements and places that it should give."""

    def __init__(self, draw: Callable[[st.SearchStrategy[str]], str]) -> None:
        self.draw, self.text, self.base = draw, "", BASE
        self.spaces = {"": "urn:1:", "x": "urn:x#", "a": "urn:a/", "true.é-1": "urn:é:"}
        self.wanted: Counter[tuple[str, str, str, str]] = Counter()
        for name, space in self.spaces.items():
            self.put(f"@prefix {name}: <{space}> .")

    def one_of(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def put(self, token: str) -> Spot:
        lines = self.text.split("\n")
        self.text += token + self.one_of(" ", " ", "\n", "\t\r\n", " # it's [ (\\ <.\n", "\n\n  ")
        return Spot(len(lines), len(lines[-1]) + 1)

    def want(self, subject: tuple[Spot, str], verb: tuple[Spot | None, str], value: tuple[Spot, str]) -> None:
        self.wanted[shown(Spots(subject[0], verb[0], value[0])), subject[1], verb[1], value[1]] += 1

    def directive(self) -> None:
        if self.one_of("base", "prefix") == "base":
            self.base = self.one_of("http://é/b/", "urn:c", BASE)
            self.put(self.one_of("@base <{}> .", "BASE <{}>", "base<{}>").format(self.base))
        else:
            name = self.one_of(*self.spaces)
            self.spaces[name] = self.one_of("urn:2:", "http://b/?")
            text = self.one_of("@prefix {}: <{}>.", "PREFIX {}: <{}>", "prefix {}:<{}>")
            self.put(text.format(name, self.spaces[name]))

    def iri(self) -> tuple[Spot, str]:
        kind = self.one_of("full", "relative", "name", "name")
        if kind == "full":
            return self.put(self.one_of("<urn:f:ü'#.>", r"<urn:f:\u00FC'#.>")), "urn:f:ü'#."
        if kind == "relative":
            return self.put("<#r>"), self.base + "#r"
        name = self.one_of(*self.spaces)
        local = self.one_of("", "s", "b.c..d", r"\,q\.", "%41:", "é", "1", "_-", "a", "true", r"\'")
        return self.put(f"{name}:{local}"), self.spaces[name] + local.replace("\\", "")

    def literal(self) -> tuple[Spot, str]:
        plain = self.one_of("1", "+1.50", ".5", "-1e-7", "1.E5", "true", "false", "", "", "", "")
        if plain:
            return self.put(plain), plain
        value = self.draw(st.text() | st.sampled_from(["1", "\"'", "\\\"\"''", ". # <", "@prefix : <x> .\n"]))
        quote = self.one_of("'", '"', "'''", '"""')
        text = value.replace("\\", "\\\\").replace(quote[0], "\\" + quote[0])
        if len(quote) == 1 or self.one_of("escaped", "plain") == "escaped":
            text = text.replace("\n", r"\n").replace("\r", r"\u000D")
        return self.put(quote + text + quote + self.one_of("", "@en", "@en-US", "^^<urn:d>", " ^^ :d")), value

    def node(self, depth: int, kind: str = "") -> tuple[Spot, str]:
        kind = kind or self.one_of("iri", "literal", "label", *(["nested", "list"] * 2 if depth else []))
        if kind in ("nested", "list"):
            return self.nested(depth) if kind == "nested" else self.collection(depth)
        if kind == "label":
            label = self.one_of(*LABELS)
            return self.put(label), label
        return self.iri() if kind == "iri" else self.literal()

    def nested(self, depth: int) -> tuple[Spot, str]:
        node = self.put("["), ""
        if self.one_of("empty", "full") == "full":
            self.predicates(node, depth - 1)
        self.put("]")
        return node

    def collection(self, depth: int) -> tuple[Spot, str]:
        spot, count = self.put("("), int(self.one_of("0", "1", "2", "3"))
        for left in reversed(range(count)):
            self.want((spot, ""), (None, RDF + "first"), self.node(depth - 1))
            self.want((spot, ""), (None, RDF + "rest"), (spot, "" if left else RDF + "nil"))
        self.put(")")
        return spot, "" if count else RDF + "nil"

    def predicates(self, subject: tuple[Spot, str], depth: int) -> None:
        for _ in self.one_of("1", "22"):
            verb = (self.put("a"), RDF + "type") if self.one_of("a", "", "") else self.iri()
            self.want(subject, verb, self.node(depth))
            while self.one_of("", "", ","):
                self.put(",")
                self.want(subject, verb, self.node(depth))
            self.put(";")

    def statement(self, depth: int) -> None:
        subject = self.node(depth, self.one_of("iri", "nested", "list", "label"))
        self.predicates(subject, depth)
        self.put(".")


LABELS = ("_:b", "_:b.c", "_:00é")


@st.composite
def documents(draw: Callable[[st.SearchStrategy[str]], str]) -> tuple[str, Written]:
    written = Written(draw)
    syntax = written.one_of("turtle", "trig")
    while written.one_of("end", "on", "on") == "on":
        if written.one_of("directive", "statement", "statement") == "directive":
            written.directive()
            continue
        graph = syntax == "trig" and written.one_of(
            "", "GRAPH :g {", "<urn:f:g>{", "[] {", "{", "graph _:b {"
        )
        if graph:
            written.put(graph)
        written.statement(depth=3)
        if graph:
            written.put("}")
    return syntax, written


def value_of(term: object) -> str:
    if isinstance(term, BlankNode):
        return str(term) if str(term) in LABELS else ""
    assert isinstance(term, NamedNode | Literal)
    return term.value


@given(documents())
@settings(deadline=None)
def test_every_statement_of_any_document_is_found_where_it_was_written(document: tuple[str, Written]) -> None:
    syntax, written = document
    assert written.wanted == Counter(
        (shown(spots), value_of(quad.subject), quad.predicate.value, value_of(quad.object))
        for quad, spots in read(written.text, syntax)
    )


DECLARED = re.compile(r"(?:@?prefix\s+([^\s:]*):|@?base)\s*<([^>]*)>", re.IGNORECASE)


def absolute(base: str, written: str) -> str:
    written = re.sub(r"\\(?:u(.{4})|U(.{8}))", lambda found: chr(int(found[1] or found[2], 16)), written)
    return written if re.match("[A-Za-z]+:", written) else urljoin(base, written)


class Checked:
    """A file in which what stands at a place is read without the help of what found the place."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.declarations = list(DECLARED.finditer(text))

    def says(self, spot: Spot | None, term: object) -> bool:
        assert spot is not None
        at = self.starts[spot.line - 1] + spot.column - 1
        if isinstance(term, BlankNode):
            return self.text.startswith(("[", "(", "_:"), at)
        if isinstance(term, NamedNode):
            return self.names(at, term.value)
        assert isinstance(term, Literal)
        found = re.compile("'''|\"\"\"|'|\"").match(self.text, at)
        raw = self.text[at + len(found[0]) :][: len(term.value)] if found else self.text[at:]
        plain = raw.partition("\\")[0]
        return term.value.startswith(plain) if found else raw.startswith(term.value)

    def names(self, at: int, iri: str) -> bool:
        if re.match(r"a[\s<]|\(", self.text[at : at + 2]):
            return iri == RDF + ("type" if self.text[at] == "a" else "nil")
        if self.text[at] == "<":
            return absolute(self.declared(None, at), self.text[at + 1 : self.text.index(">", at)]) == iri
        prefix = self.text[at : self.text.index(":", at)]
        space = self.declared(prefix, at)
        local = re.sub(r"\\(.)", r"\1", self.text[at + len(prefix) + 1 :][: 2 * len(iri) + 1])
        return (
            iri.startswith(space) and re.match(re.escape(iri[len(space) :]) + r"(?![\w-])", local) is not None
        )

    def declared(self, prefix: str | None, at: int) -> str:
        before = [each[2] for each in self.declarations if each[1] == prefix and each.start() < at]
        return absolute(BASE, before[-1]) if before else BASE


def checked(path: Path) -> int:
    """Check the places of a file and return the number of its statements."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        found = read(text)
    except (InputError, UnicodeDecodeError):
        return 0
    file = Checked(text)
    for quad, spots in found:
        assert file.says(spots.subject, quad.subject), (path, quad)
        assert file.says(spots.object, quad.object) or quad.predicate.value == RDF + "rest", (path, quad)
        if quad.predicate.value not in (RDF + "first", RDF + "rest"):
            assert file.says(spots.predicate, quad.predicate), (path, quad)
    return len(found)


@pytest.mark.parametrize("folder", ["ontology", "shapes", "catalog", "tests"])
def test_what_our_files_state_is_found(folder: str) -> None:
    assert sum(map(checked, sorted((ROOT / folder).rglob("*.ttl")))) > 300


@needs_corpora
@pytest.mark.corpora
def test_what_published_files_state_is_found() -> None:
    assert sum(map(checked, sorted(CORPORA.rglob("*.ttl")))) > 10_000


LARGE = {
    "nodes": "<a:s> <a:p> " + "[ <a:p> " * 100_000 + "1" + "]" * 100_000 + " .",
    "collections": "<a:s> <a:p> " + "(" * 100_000 + "1" + ")" * 100_000 + " .",
    "lines": "".join(f'<a:s{n}> <a:p> "text {n}" .\n' for n in range(200_000)),
    "one line": "<a:s> <a:p> " + ", ".join(['"x"', "[]"] * 100_000) + " .",
}
BROKEN = ('"\\"', "'''\"", "a.", ":a..", "<a", "_:a.", "1.", "(1 ", "[", "%4", "@a-")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*LARGE, *BROKEN])
def test_large_deep_and_broken_texts_take_a_time_in_proportion(name: str) -> None:
    text = LARGE.get(name, name * 200_000)
    quads = parse(text.encode(), syntax="turtle", path="text") if name in LARGE else (QUAD,)
    start = time.monotonic()
    assert all(each.object for each in locate(text, quads)) == (name in LARGE)
    assert time.monotonic() - start < 60
