"""Reads JSON into a tree that knows its places."""

import re
from json import JSONDecodeError, JSONDecoder

from opengrade.errors import InputError
from opengrade.locating import Spot
from opengrade.values import Builder, Known, Scalar, Tree

# What may stand at a place of a JSON text, as it is said where something else does.
_VALUE, _ITEM = "a value", "a value or ]"
_KEY, _MEMBER = "a key in double quotes", "a key in double quotes or }"
_COLON, _COMMA_OR = "a colon", {False: "a comma or ]", True: "a comma or }"}
_END = "nothing more"
_CLOSED_BY = {"]": (_ITEM, _COMMA_OR[False]), "}": (_MEMBER, _COMMA_OR[True])}

_decode = JSONDecoder().raw_decode
_SPACE = re.compile(r"[ \t\n\r]*+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?")
_WORD = re.compile(r"\w++|.", re.DOTALL)
_WORDS: dict[str, bool | None] = {"null": None, "true": True, "false": False}
# Halves of a pair that stand alone are the group; pairs and other escapes are passed over before.
_HALF = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_STRING_FAULTS = {
    "Unterminated": "this text has no closing quote",
    "Invalid control": "a line break or other control character in a text is written as \\n and the like",
    "Invalid \\": "no character can be written like this after a backslash",
}


def read_json(builder: Builder) -> Tree:
    """Read the text of a builder as JSON, which is exactly what RFC 8259 allows."""
    return _Reader(builder).read()


class _Reader:
    """Where the reading stands: `at` a character, and what is wanted there."""

    def __init__(self, builder: Builder) -> None:
        self.builder, self.text = builder, builder.text
        self.at = 0
        self.wanted = _VALUE

    def read(self) -> Tree:
        while True:
            self._skip(_SPACE)
            char = self.text[self.at : self.at + 1]
            if not char and self.wanted == _END:
                assert self.builder.root is not None
                return self.builder.root
            self._step(char)

    def _step(self, char: str) -> None:
        wanted = self.wanted
        if wanted in (_VALUE, _ITEM) and char not in "],}:":
            self._value(char)
        elif char == '"' and wanted in (_KEY, _MEMBER):
            spot = self.builder.spot(self.at)
            self.builder.key(self._string(spot), spot)
            self.wanted = _COLON
        elif char == ":" and wanted == _COLON:
            self._punctuation(_VALUE)
        elif char == "," and wanted in _COMMA_OR.values():
            self._punctuation(_KEY if self.builder.stack[-1].keyed else _VALUE)
        elif wanted in _CLOSED_BY.get(char, ()):
            self.builder.close()
            self._punctuation(self._after())
        else:
            raise self._unexpected()

    def _value(self, char: str) -> None:
        spot = self.builder.spot(self.at)
        if char in "[{":
            self.builder.open(spot, keyed=char == "{")
            self._punctuation(_MEMBER if char == "{" else _ITEM)
            return
        if char == '"':
            scalar = Scalar(self._string(spot), spot)
        elif number := _NUMBER.match(self.text, self.at):
            scalar = Scalar(number[0], spot, number=True)
            self.builder.check(number[0], spot, number=True)
            self._skip(_NUMBER)
        else:
            scalar = Scalar(self._word(), spot)
        self.builder.add(Known(scalar, 1, 0), spot)
        self.wanted = self._after()

    def _after(self) -> str:
        return _COMMA_OR[self.builder.stack[-1].keyed] if self.builder.stack else _END

    def _punctuation(self, wanted: str) -> None:
        self.at += 1
        self.wanted = wanted

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return found[0]

    def _word(self) -> bool | None:
        found = _WORD.match(self.text, self.at)
        if found is None or found[0] not in _WORDS:
            raise self._unexpected()
        self.at = found.end()
        return _WORDS[found[0]]

    def _string(self, spot: Spot) -> str:
        try:
            value, end = _decode(self.text, self.at)
        except JSONDecodeError as error:
            what = next(ours for theirs, ours in _STRING_FAULTS.items() if error.msg.startswith(theirs))
            raise self._invalid(what, error.pos) from None
        self.builder.check(value, spot)
        if not value.isascii():
            for found in _HALF.finditer(self.text, self.at, end):
                if found[1]:
                    raise self._invalid(f"{found[1]} is half of a pair that stands alone", found.start())
        self.at = end
        return str(value)

    def _unexpected(self) -> InputError:
        found = _WORD.match(self.text, self.at)
        what = f"not {found[0][:20]!r}" if found else "but the file ends"
        return self._invalid(f"{self.wanted} should stand here, {what}", self.at)

    def _invalid(self, what: str, at: int) -> InputError:
        return self.builder.refused(f"this is not valid JSON: {what}.", self.builder.spot(at))
