"""What each form of a term means, twice: as a test in memory and as a condition in SPARQL.

Oxigraph keeps numbers, booleans and times by their value, so it takes `01` for `1`, and a value of a type
derived from xsd:integer for an xsd:integer. Where data write them so, the two can differ.
"""

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from opengrade.criteria import Form
from opengrade.graph import BlankNode, Literal, NamedNode, Term
from opengrade.namespaces import compact, local_name

_COMPARISONS: Mapping[str, tuple[str, Callable[[float | Decimal, float | Decimal], bool]]] = {
    "sh:minInclusive": (">=", lambda value, bound: value >= bound),
    "sh:maxInclusive": ("<=", lambda value, bound: value <= bound),
    "sh:minExclusive": (">", lambda value, bound: value > bound),
    "sh:maxExclusive": ("<", lambda value, bound: value < bound),
}
FORMS = ("sh:nodeKind", "sh:datatype", "sh:minLength", "sh:maxLength", "sh:languageIn", *_COMPARISONS)

_KINDS: Mapping[str, tuple[type, str]] = {
    "IRI": (NamedNode, "isIRI"),
    "BlankNode": (BlankNode, "isBlank"),
    "Literal": (Literal, "isLiteral"),
}
_NODE_KINDS = (*_KINDS, "BlankNodeOrIRI", "BlankNodeOrLiteral", "IRIOrLiteral")

# How values are written, in what all dialects of regular expressions share; "" where anything goes.
_DIGITS = "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)"
_DAY = (
    "-?("
    "([1-9][0-9]{3,}|0[0-9]{3})-("
    "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    "|(([1-9][0-9]*)?[0-9]{2}(0[48]|[2468][048]|[13579][26])|([1-9][0-9]*)?([02468][048]|[13579][26])00)-02-29)"
)
_ZONE = "(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_TIME = "(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?|24:00:00([.]0+)?)"
_WRITTEN = {
    "xsd:string": "",
    "rdf:langString": "",
    "rdf:HTML": "",
    "xsd:anyURI": "",
    "xsd:boolean": "(true|false|0|1)",
    "xsd:integer": "[+-]?[0-9]+",
    "xsd:decimal": _DIGITS,
    "xsd:float": f"({_DIGITS}([eE][+-]?[0-9]+)?|[+-]?INF|NaN)",
    "xsd:double": f"({_DIGITS}([eE][+-]?[0-9]+)?|[+-]?INF|NaN)",
    "xsd:date": f"{_DAY}{_ZONE}",
    "xsd:dateTime": f"{_DAY}T{_TIME}{_ZONE}",
}
_WHOLE = tuple(
    f"xsd:{name}"
    for name in (
        *("integer", "long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger"),
        *("nonPositiveInteger", "negativeInteger"),
        *("unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"),
    )
)
# What every engine counts without rounding.
_MOST_DIGITS = 18


def problem(constraint: str, values: Sequence[Term]) -> str | None:
    """Say what is wrong with the values of a constraint, None where nothing is."""
    value = values[0]
    if constraint == "sh:languageIn":
        tags = all(isinstance(each, Literal) and re.fullmatch("[A-Za-z0-9-]+", each.value) for each in values)
        return None if tags else "sh:languageIn needs language tags."
    if constraint == "sh:nodeKind":
        known = isinstance(value, NamedNode) and compact(value).removeprefix("sh:") in _NODE_KINDS
        return None if known else f"sh:nodeKind is one of: {', '.join(f'sh:{name}' for name in _NODE_KINDS)}."
    if constraint == "sh:datatype":
        known = isinstance(value, NamedNode) and compact(value) in _WRITTEN
        return None if known else f"sh:datatype is in the criteria profile for: {', '.join(_WRITTEN)}."
    if constraint in _COMPARISONS:
        short = isinstance(value, Literal) and len(value.value) <= _MOST_DIGITS
        number = short and isinstance(value, Literal) and isinstance(_number(value), Decimal)
        return None if number else f"{constraint} needs a whole or decimal number of at most 18 digits."
    whole = isinstance(value, Literal) and re.fullmatch("[0-9]{1,9}", value.value)
    return None if whole else f"{constraint} has to be a whole number."


def fits(form: Form, node: Term) -> bool:
    """Say whether a term has a form."""
    name, value = form.constraint, form.values[0]
    if name == "sh:nodeKind":
        return isinstance(node, tuple(_KINDS[kind][0] for kind in _kinds(value)))
    if name in ("sh:minLength", "sh:maxLength"):
        return isinstance(node, NamedNode | Literal) and _is_long(name, len(node.value), int(_text(value)))
    return isinstance(node, Literal) and _literal_fits(form, node)


def _literal_fits(form: Form, node: Literal) -> bool:
    if form.constraint == "sh:datatype":
        return node.datatype == form.values[0] and _is_written_as(node, compact(node.datatype))
    if form.constraint == "sh:languageIn":
        return any(_speaks(node, _text(each).lower()) for each in form.values)
    return _compares(form.constraint, node, form.values[0])


def _is_long(name: str, length: int, bound: int) -> bool:
    return length >= bound if name == "sh:minLength" else length <= bound


def condition(form: Form, variable: str) -> str:
    """Return the condition of a FILTER that holds where a variable, with its question mark, has a form."""
    name, value = form.constraint, form.values[0]
    if name == "sh:nodeKind":
        return " || ".join(f"{_KINDS[kind][1]}({variable})" for kind in _kinds(value))
    if name in ("sh:minLength", "sh:maxLength"):
        sign = ">=" if name == "sh:minLength" else "<="
        return f"!isBlank({variable}) && STRLEN(STR({variable})) {sign} {_text(value)}"
    if name == "sh:datatype":
        assert isinstance(value, NamedNode)
        same = f"DATATYPE({variable}) = {compact(value)}"
        pattern = _WRITTEN[compact(value)]
        return f'{same} && REGEX(STR({variable}), "^({pattern})$")' if pattern else same
    if name == "sh:languageIn":
        tags = (_text(each).lower() for each in form.values)
        return " || ".join(f'langMatches(LANG({variable}), "{tag}")' for tag in tags)
    return f"isNumeric({variable}) && {variable} {_COMPARISONS[name][0]} {_text(value)}"


def _text(value: Term) -> str:
    assert isinstance(value, Literal)
    return value.value


def _kinds(value: Term) -> list[str]:
    assert isinstance(value, NamedNode)
    return local_name(value).split("Or")


def _is_written_as(node: Literal, datatype: str) -> bool:
    pattern = _WRITTEN[datatype]
    return not pattern or re.fullmatch(pattern, node.value) is not None


def _speaks(node: Literal, tag: str) -> bool:
    language = (node.language or "").lower()
    return language == tag or language.startswith(f"{tag}-")


def _number(node: Literal) -> Decimal | float | None:
    """Return the value of a number, exact where it is whole or decimal; None where it is none."""
    datatype = compact(node.datatype)
    if datatype in _WHOLE:
        datatype = "xsd:integer"
    if datatype in ("xsd:float", "xsd:double") and _is_written_as(node, datatype):
        value = float(node.value.replace("INF", "inf"))
        return _single(value) if datatype == "xsd:float" else value
    exact = datatype in ("xsd:integer", "xsd:decimal") and _is_written_as(node, datatype)
    return Decimal(node.value) if exact else None


def _single(value: float) -> float:
    """Return a number as precise as xsd:float is."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _compares(name: str, node: Literal, bound: Term) -> bool:
    value = _number(node)
    assert isinstance(bound, Literal)
    limit = _number(bound)
    if value is None or limit is None:
        return False
    if isinstance(value, float):
        single = compact(node.datatype) == "xsd:float"
        limit = _single(float(limit)) if single else float(limit)
    return _COMPARISONS[name][1](value, limit)
