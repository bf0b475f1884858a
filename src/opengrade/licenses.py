"""Finds which license a text means, and says how it was found; what is not certain stays unknown."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from typing import Any

from opengrade.errors import RuleError
from opengrade.graph import Graph, NamedNode, Quad, Term, Triple, parse_file
from opengrade.namespaces import term
from opengrade.resources import data_files

MAX_TEXT = 1000
MAX_OPTIONS = 64
NO_LICENSE_TEXTS = frozenset({"", "unlicensed", "NONE"})

Option = frozenset[NamedNode]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a license text was found to mean.

    `state` is a term of ogr:LicenseState, `how` one of ogr:Resolution or None. Each option is a set of
    licenses that all have to be kept; to satisfy one option is enough. `note` says what of the text stays
    unknown.
    """

    text: str
    state: NamedNode
    how: NamedNode | None = None
    options: tuple[Option, ...] = ()
    note: str = ""

    @property
    def licenses(self) -> tuple[NamedNode, ...]:
        """All licenses in the options, in the order of their IRIs."""
        return tuple(sorted({each for option in self.options for each in option}, key=str))


@dataclass(frozen=True)
class UrlPattern:
    """A rule that reads a license identifier from an address without scheme, leading www. and fragment."""

    expression: re.Pattern[str]
    template: str


def normalize(text: str) -> str:
    """Return the key by which spellings are compared; empty where look-alike letters would fold to ASCII."""
    key = re.sub(r"[\s_-]+", "-", text.lower()).strip("-")
    return "" if key.isascii() and not text.isascii() else key


def _address(text: str) -> str | None:
    match = re.fullmatch(r"https?://(?:www\.)?([^#\s]+)(?:#\S*)?", text, re.IGNORECASE | re.ASCII)
    return match[1].rstrip("/") if match else None


class LicenseIndex:
    """Looks up licenses by identifier, name, alias and address."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.by_identifier = {
            graph.text(node, term("dcterms:identifier")) or node.value: node
            for node in self._instances("ogr:License")
        }

    @cached_property
    def _by_key(self) -> dict[str, NamedNode]:
        """Identifiers, then names, then aliases by their normal spelling; the first one counts."""
        found: dict[str, NamedNode] = {}
        for identifier, node in self.by_identifier.items():
            found.setdefault(normalize(identifier), node)
        for property_ in (term("rdfs:label"), term("ogr:alias")):
            for node in self.by_identifier.values():
                for text in self.graph.texts(node, property_):
                    found.setdefault(normalize(text), node)
        found.pop("", None)
        return found

    @cached_property
    def _families(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for family in self._instances("ogr:LicenseFamily"):
            label = self.graph.text(family, term("rdfs:label")) or family.value
            for property_ in ("ogr:alias", "dcterms:identifier"):
                for text in self.graph.texts(family, term(property_)):
                    found[normalize(text)] = label
        return found

    @cached_property
    def _by_address(self) -> dict[str, NamedNode]:
        found: dict[str, NamedNode] = {}
        for node in self.by_identifier.values():
            for address in (node.value, *self.graph.texts(node, term("ogr:legalText"))):
                found.setdefault(_address(address) or address, node)
        return found

    @cached_property
    def _exceptions(self) -> frozenset[str]:
        identifier = term("dcterms:identifier")
        return frozenset(
            self.graph.text(e, identifier) or "" for e in self._instances("ogr:LicenseException")
        )

    @cached_property
    def _patterns(self) -> tuple[UrlPattern, ...]:
        return tuple(_patterns(self.graph))

    def _instances(self, class_name: str) -> tuple[NamedNode, ...]:
        nodes = self.graph.subjects(term("rdf:type"), term(class_name))
        return tuple(node for node in nodes if isinstance(node, NamedNode))

    def label(self, node: NamedNode) -> str:
        """Return the identifier of a license, which is how people know it."""
        return self.graph.text(node, term("dcterms:identifier")) or node.value

    def resolve(self, text: str) -> Resolution:
        """Find which license or expression a text means."""
        if text in NO_LICENSE_TEXTS:
            return Resolution(text, term("ogr:NoLicense"))
        if len(text) > MAX_TEXT:
            return _unknown(text, f"The text is longer than {MAX_TEXT} characters.")
        stripped = text.strip()
        node, how = self._atom(text)
        if node is None:
            node, how = self._atom(stripped)
            how = term("ogr:ByAlias") if how == term("ogr:ByIdentifier") else how
        if node is not None:
            return Resolution(text, term("ogr:KnownLicense"), how, (frozenset({node}),))
        family = self._families.get(normalize(stripped))
        if family:
            return _unknown(text, f'"{stripped}" does not determine one license: {family}.')
        if re.search(r"\b(AND|OR|WITH)\b", stripped, re.IGNORECASE) or stripped.startswith("("):
            return self._expression(text)
        return _unknown(
            text, f'"{stripped}" is not the identifier, name, alias or address of a license that we know.'
        )

    def _atom(self, text: str) -> tuple[NamedNode | None, NamedNode | None]:
        if text in self.by_identifier:
            return self.by_identifier[text], term("ogr:ByIdentifier")
        node = self._by_key.get(normalize(text))
        if node is not None:
            return node, term("ogr:ByAlias")
        address = _address(text)
        if address is not None:
            return self._by_url(address), term("ogr:ByUrl")
        return None, None

    def _by_url(self, address: str) -> NamedNode | None:
        if not address.isascii():
            return None
        for pattern in self._patterns:
            match = pattern.expression.fullmatch(address)
            if match:
                return self._by_key.get(normalize(match.expand(pattern.template)))
        return self._by_address.get(address)

    def _expression(self, text: str) -> Resolution:
        try:
            options = _options(_parse_expression(text), self._symbol)
        except (ValueError, RecursionError):
            return _unknown(text, f'"{text.strip()}" is neither a known license nor a valid SPDX expression.')
        known = tuple(option for option in options if None not in option)
        if len(known) < len(options) and re.search(r"\b(or|and|with)\b", text):
            return _unknown(text, f'"{text.strip()}" reads like a sentence, not like an SPDX expression.')
        if len(options) > MAX_OPTIONS:
            return _unknown(text, f"The expression has more than {MAX_OPTIONS} alternatives.")
        if not known:
            return _unknown(text, f'"{text.strip()}" names a license that we do not know.')
        distinct = tuple(dict.fromkeys(frozenset(each for each in option if each) for option in known))
        rest = len(known) < len(options)
        note = "Alternatives that name a license we do not know are left aside." if rest else ""
        return Resolution(text, term("ogr:KnownLicense"), term("ogr:ByExpression"), distinct, note)

    def _symbol(self, name: str, exception: str | None) -> NamedNode | None:
        """Return the license of a symbol; ValueError for words, of a sentence, that are no identifier."""
        found = self._atom(name)[0] or self._atom(name.removesuffix("+"))[0]
        if found is None and not re.fullmatch(r"[A-Za-z0-9.+:/-]+", name):
            raise ValueError("words that are no identifier")
        return None if exception is not None and exception not in self._exceptions else found


def _unknown(text: str, note: str) -> Resolution:
    return Resolution(text, term("ogr:UnknownLicense"), note=note)


def _patterns(graph: Graph) -> Iterable[UrlPattern]:
    for node in graph.subjects(term("rdf:type"), term("ogr:UrlPattern")):
        expression = graph.text(node, term("ogr:urlExpression")) or ""
        template = graph.text(node, term("ogr:identifierTemplate")) or ""
        try:
            yield UrlPattern(re.compile(expression, re.IGNORECASE), template)
        except re.error as error:
            raise RuleError(f"{node}: the URL expression is not valid: {error}.") from None


def _parse_expression(text: str) -> Any:
    from license_expression import ExpressionError, Licensing  # noqa: PLC0415  (most texts are single identifiers)

    try:
        return Licensing().parse(text.strip())
    except ExpressionError as error:
        raise ValueError(str(error)) from None
    except Exception as error:  # boolean.py has parse errors of its own, without a common base
        raise ValueError(str(error)) from None


Symbol = Callable[[str, str | None], NamedNode | None]


def _options(expression: Any, symbol: Symbol) -> list[frozenset[NamedNode | None]]:
    """Rewrite a parsed expression as alternatives, each a set of licenses; None is an unknown license."""
    kind = type(expression).__name__
    if kind == "LicenseSymbol":
        return [frozenset({symbol(expression.key, None)})]
    if kind == "LicenseWithExceptionSymbol":
        return [frozenset({symbol(expression.license_symbol.key, expression.exception_symbol.key)})]
    parts = [_options(part, symbol) for part in expression.args]
    if kind == "OR":
        return [option for part in parts for option in part]
    found: list[frozenset[NamedNode | None]] = [frozenset()]
    for part in parts:
        found = [left | right for left, right in product(found, part)]
        if len(found) > MAX_OPTIONS:
            raise ValueError("too many alternatives")
    return found


@cache
def license_quads() -> tuple[Quad, ...]:
    """Return all curated statements about licenses."""
    return tuple(quad for path in data_files("ontology/licenses", "*.ttl") for quad in parse_file(path))


def facts_about(licenses: Iterable[Term]) -> tuple[Triple, ...]:
    """Return the curated facts about some licenses, the rows of the openness table included."""
    graph = license_index().graph
    found: list[Triple] = []
    for node in sorted(set(licenses), key=str):
        found.extend(graph.about(node))
        for row in graph.subjects(term("ogr:concernsLicense"), node):
            found.extend(graph.about(row))
    return tuple(found)


@cache
def license_index() -> LicenseIndex:
    """Return the index over the curated licenses."""
    return LicenseIndex(Graph(license_quads()))


def terms_of(index: LicenseIndex, node: NamedNode) -> Mapping[str, tuple[str, ...]]:
    """Return what is stated about a license: local name of the property to its texts."""
    found: dict[str, tuple[str, ...]] = {}
    for triple in index.graph.about(node):
        if triple.predicate.value.startswith(term("ogr:").value):
            name = triple.predicate.value.removeprefix(term("ogr:").value)
            found[name] = index.graph.texts(node, triple.predicate)
    return dict(sorted(found.items()))
