"""What the texts of records mean: each is looked at once, and remembered from part to part."""

import contextlib
import re
from collections.abc import Callable, Iterable, Sequence, Sized
from functools import cache
from itertools import compress
from operator import itemgetter
from typing import Any, TypeVar, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from opengrade.hub.lines import Fields, files_in, plain_fields
from opengrade.hub.records import Record, bases_of, licenses_of, record_of, rules, template

MOST_REMEMBERED = 1_000_000
# Lists of files that are remembered whole have fewer bytes.
SHORT = 1000

Texts = tuple[str, ...]
# What a record states as its licenses, and the name and the link beside it.
Stated = tuple[str | Texts | None, str | None, str | None]
_NEITHER = (None, None)
# In so many characters of a time its form tells whether it begins with a day.
_DAY = 11
_beginning = itemgetter(slice(_DAY))
# Ids, words, the code of the ids, and whether there are ids and words.
Bases = tuple[Texts, Texts, int, tuple[bool, bool]]
NO_BASES: Bases = ((), (), 0, (False, False))
# What the names of files show, as one number: the bits of the kinds, and below them how many files there are.
_ONE_KIND = 1 << 32
_UNUSUAL = _ONE_KIND - 1
K = TypeVar("K")
V = TypeVar("V")


class Codes(dict[K, int]):
    """Gives each thing a code, in the order in which they are first seen."""

    def __init__(self, things: Iterable[K] = ()) -> None:
        super().__init__((each, code) for code, each in enumerate(things))

    def code(self, thing: K) -> int:
        """Return the code of a thing."""
        return self.setdefault(thing, len(self))


class Found(dict[K, V]):
    """Finds out once what belongs to a key."""

    def __init__(self, find: Callable[[K], V]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, key: K) -> V:
        found = self[key] = self._find(key)
        return found


class _Memory:
    """What texts were found to mean, kept from part to part; bounded."""

    def __init__(self) -> None:
        self.kinds: dict[str, int] = {}
        self._file_form = rules().form("siblings[].rfilename").fullmatch
        self.ids = re.compile(rf"(?:(?:{rules().form('id').pattern})\n)*+").fullmatch
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.files = Found(self._file)
        self.siblings: dict[bytes, int] = {}
        self.licenses = Found[Stated, Texts](lambda key: licenses_of(_listed(key[0]), *key[1:]))
        self.days = Found[str, bool](lambda time: bool(rules().day_of(time)))
        self.shapes: dict[Any, Record] = {}

    def _file(self, name: str) -> int:
        """Return the bit of the kind that the name of a file shows, 0 if none."""
        shown = self._file_form(name)
        kind = shown and shown.lastgroup
        return _ONE_KIND << self.kinds.setdefault(kind, len(self.kinds)) if kind else 0

    @property
    def count(self) -> int:
        """How many texts are remembered."""
        parts: tuple[Sized, ...] = (
            *(self.files, self.siblings, self.licenses),
            *(self.days, self.shapes),
        )
        return sum(map(len, parts))


def _listed(value: str | Texts | None) -> Any:
    return list(value) if isinstance(value, tuple) else value


@cache
def _remembered() -> _Memory:
    """Return what this process remembers."""
    return _Memory()


class Known:
    """Finds what texts mean, and gives it the codes of one part."""

    def __init__(self) -> None:
        self.memory = _remembered()
        if self.memory.count > MOST_REMEMBERED:
            self.memory.forget()
        self.is_id = rules().form("id").fullmatch
        self.code_of_shape: Codes[Record] = Codes()
        self.code_of_license: Codes[Texts] = Codes([()])
        self.code_of_bases: Codes[Texts] = Codes([()])
        self.licenses = Found[Stated, int](self._license)
        self.licenses_alone = Found[str | Texts | None, int](lambda key: self.licenses[key, *_NEITHER])
        self.bases: dict[str | Texts | None, Bases] = {None: NO_BASES}
        self.shapes: dict[Any, int] = {}

    def are_ids(self, texts: Sequence[str | None]) -> NDArray[np.bool_]:
        """Say of each text whether it is an id as the Hub gives them."""
        with contextlib.suppress(TypeError):
            together = "\n".join((*cast(Sequence[str], texts), ""))
            if together.count("\n") == len(texts) and self.memory.ids(together):
                return np.ones(len(texts), np.bool_)
        return np.array([each is not None and self.is_id(each) is not None for each in texts])

    def are_times(self, texts: Sequence[str | None]) -> list[bool]:
        """Say of each text whether it begins with a day."""
        given = cast(Sequence[str], [each or "" for each in texts] if None in texts else texts)
        return list(map(self.memory.days.__getitem__, map(_beginning, given)))

    def all_shown(self, siblings: Sequence[msgspec.Raw]) -> list[int]:
        """Return what the files of each record show, in a form that `kinds_and_files` reads."""
        known = self.memory.siblings
        lists = list(map(bytes, siblings))
        found = list(map(known.get, lists))
        for place in [place for place, each in enumerate(found) if each is None]:
            found[place] = shown = self._shown(lists[place])
            if len(lists[place]) < SHORT:
                known[lists[place]] = shown
        return cast(list[int], found)

    @staticmethod
    def kinds_and_files(shown: list[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the bits of kinds, and how many files there are.

        There are more than any line has where they are not in the usual form.
        """
        found = np.array(shown, np.int64)
        return found // _ONE_KIND, found % _ONE_KIND

    def _shown(self, siblings: bytes) -> int:
        try:
            names = files_in(siblings)
        except ValueError:
            return _UNUSUAL
        shown = len(names)
        for name in names:
            shown |= self.memory.files[name]
        return shown

    def all_licenses(
        self,
        stated: Sequence[str | Texts | None],
        names: Sequence[str | None],
        links: Sequence[str | None],
    ) -> list[int]:
        """Return the codes of the licenses that records state, with the names and links beside them."""
        beside = [place for place, pair in enumerate(zip(names, links, strict=True)) if pair != _NEITHER]
        found = list(map(self.licenses_alone.__getitem__, stated))
        for place in beside:
            found[place] = self.licenses[stated[place], names[place], links[place]]
        return found

    def _license(self, stated: Stated) -> int:
        return self.code_of_license.code(self.memory.licenses[stated])

    def all_bases(self, stated: Sequence[str | Texts | None]) -> list[Bases]:
        """Return the base models that each record states."""
        found = list(map(self.bases.get, stated))
        # Most of them are not met again in other parts, and are not remembered. Of an id `bases_of` makes
        # nothing else.
        new = [place for place, each in enumerate(found) if each is None]
        texts = [text for place in new if isinstance(text := stated[place], str)]
        plain = set(compress(texts, self.are_ids(texts)))
        for place in new:
            base = stated[place]
            ids, words = ((base,), ()) if base in plain else bases_of(_listed(base))
            known = ids, words, self.code_of_bases.code(ids), (bool(ids), bool(words))
            found[place] = self.bases[base] = known
        return cast(list[Bases], found)

    def all_shapes(self, keys: Sequence[tuple[Any, ...]], fields: Sequence[Fields]) -> list[int]:
        """Return the codes of the shapes of records, which have one shape where they have one key."""
        found = list(map(self.shapes.get, keys))
        for place in [place for place, each in enumerate(found) if each is None]:
            found[place] = self._shape(keys[place], fields[place])
        return cast(list[int], found)

    def _shape(self, key: tuple[Any, ...], fields: Fields) -> int:
        known = self.memory.shapes
        if key not in known:
            record = record_of(plain_fields(fields))
            assert record is not None, "the id was looked at before"
            known[key] = template(record)
        found = self.shapes[key] = self.code_of_shape.code(known[key])
        return found
