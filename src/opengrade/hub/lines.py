"""Reads one line of a file of records: fast where nothing is odd, and otherwise as strictly as any JSON.

One and the same reading decides wherever lines are read. What a record counts for is read strictly; of the
parts from which nothing is read a line only has to be valid JSON.
"""

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from opengrade.documents import read_tree
from opengrade.errors import InputError, LimitError
from opengrade.hub.records import NO_ID, Number, Record, plain, record_of
from opengrade.limits import Limits
from opengrade.values import Mapping

# The most bytes that a line may have, and how deeply values may be nested in it.
LONGEST = 16 * 1024 * 1024
DEEPEST = 200
TOO_LONG = f"the line has more than {LONGEST:,} bytes."


# What stands for a part of a record that is not there, and is read apart where it is.
NOTHING = msgspec.Raw(b"null")


class _Lean(msgspec.Struct, gc=False):
    """What is read of a record, in the types that it mostly has."""


class File(_Lean, gc=False):
    """A file of the repository."""

    rfilename: str


class Total(_Lean, gc=False):
    """The number of parameters, where it has the form that counts."""

    total: Annotated[int, msgspec.Meta(ge=1, lt=10**18)] | None = None


class Card(_Lean, gc=False):
    """The fields that a card may have; lists are tuples, so that they can be looked up."""

    license: str | tuple[str, ...] | None = None
    license_name: str | None = None
    license_link: str | None = None
    base_model: str | tuple[str, ...] | None = None
    base_model_relation: str | None = None
    datasets: str | tuple[str, ...] | None = None
    pipeline_tag: str | None = None


class Fields(Card, gc=False):
    """The fields of a record."""

    id: str | None = None
    sha: str | None = None
    createdAt: str | None = None  # noqa: N815  (the Hub's name)
    gated: bool | str | None = None
    private: bool | None = None
    disabled: bool | None = None
    siblings: msgspec.Raw = NOTHING
    safetensors: Total | None = None
    cardData: msgspec.Raw = NOTHING  # noqa: N815


KEYS = frozenset({*Fields.__struct_fields__, *File.__struct_fields__, *Total.__struct_fields__})
_decoder = msgspec.json.Decoder(Fields)
decode, decode_all = _decoder.decode, _decoder.decode_lines
_card_decoder: msgspec.json.Decoder[Card | None] = msgspec.json.Decoder(Card | None)
_decode_files = msgspec.json.Decoder(list[File] | None).decode
astuple = msgspec.structs.astuple


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line is no record, in words for people, and in which column if that is known."""

    reason: str
    column: int | None = None


def read_line(line: bytes, limits: Limits) -> Record | Fault:
    """Read a line without its end."""
    if len(line) > LONGEST:
        return Fault(TOO_LONG)
    fields = quick(line)
    if fields is None or is_odd(line):
        return _strict(line, limits)
    return record_of(plain_fields(fields)) or _no_id()


def quick(line: bytes) -> Fields | None:
    """Decode a line, None where it has not the usual types; whether it is odd otherwise is not asked."""
    try:
        fields = decode(line)
        files_in(fields.siblings)
        card_in(fields.cardData)
        return fields
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def files_in(siblings: bytes | msgspec.Raw) -> list[str]:
    """Return the names of the files of a record; raises ValueError where they are not in the usual form."""
    return [each.rfilename for each in _decode_files(siblings) or ()]


def card_in(data: bytes | msgspec.Raw) -> Card | None:
    """Return the card of a record; raises ValueError where it is not in the usual form."""
    return _card_decoder.decode(data)


def cards_in(data: bytes) -> list[Card | None]:
    """Return cards, one a line; raises ValueError where one is not in the usual form."""
    return _card_decoder.decode_lines(data)


def plain_fields(fields: Fields) -> dict[str, Any]:
    """Return decoded fields as plain values."""
    found = _plain(fields)
    found["siblings"] = [{"rfilename": each} for each in files_in(fields.siblings)]
    card = card_in(fields.cardData)
    found["cardData"] = card and _plain(card)
    total = fields.safetensors and fields.safetensors.total
    found["safetensors"] = {"total": total and Number(str(total))}
    return found


def _plain(fields: Card) -> dict[str, Any]:
    found = msgspec.structs.asdict(fields).items()
    return {name: list(each) if isinstance(each, tuple) else each for name, each in found}


_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*+)"|[][{}:]', re.DOTALL)


def is_odd(line: bytes) -> bool:
    """Say whether valid JSON is no UTF-8, is nested too deeply, or gives a key that is read twice."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    open_: list[set[str]] = []
    last = b""
    for found in _TOKEN.finditer(line):
        token = found[0]
        if token in b"[{":
            open_.append(set())
            if len(open_) > DEEPEST:
                return True
        elif token in b"]}":
            open_.pop()
        elif token == b":":
            key = json.loads(b'"' + last + b'"') if b"\\" in last else last.decode()
            if key in open_[-1] and key in KEYS:
                return True
            open_[-1].add(key)
        else:
            last = found[1]
    return False


def _strict(line: bytes, limits: Limits) -> Record | Fault:
    try:
        tree = read_tree(line, syntax="json", path="", limits=limits)
    except UnicodeDecodeError:
        return Fault("this is not UTF-8 text.")
    except (InputError, LimitError) as error:
        what = re.sub(", first in line 1(?=[.]$)", "", error.what)
        return Fault(what, error.where.column if error.where else None)
    if not isinstance(tree, Mapping):
        return Fault("this is no record, which is a list of keys with values in braces.", 1)
    return record_of(plain(tree)) or _no_id()


def _no_id() -> Fault:
    return Fault(f"{NO_ID}.")
