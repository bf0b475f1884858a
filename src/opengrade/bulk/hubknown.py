"""What the texts of records mean: each is looked at once, and remembered from part to part."""

from collections.abc import Callable, Iterable, Sized
from functools import cache
from typing import Any, TypeVar

from opengrade.hub.lines import Fields, files_in, plain_fields
from opengrade.hub.records import Record, bases_of, licenses_of, record_of, rules, template

MOST_REMEMBERED = 200_000
# Lists of files that are remembered whole have fewer bytes.
SHORT = 1000

Texts = tuple[str, ...]
# What a record states as its licenses, and the name and the link beside it.
Stated = tuple[str | Texts | None, str | None, str | None]
# Ids, words, and the code of the ids.
Bases = tuple[Texts, Texts, int]
NO_BASES: Bases = ((), (), 0)
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
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.files = Found(self._file)
        self.siblings: dict[bytes, tuple[int, int]] = {}
        self.licenses = Found[Stated, Texts](lambda key: licenses_of(_listed(key[0]), *key[1:]))
        self.bases = Found[str | Texts, tuple[Texts, Texts]](lambda key: bases_of(_listed(key)))
        self.days = Found[str, bool](lambda time: bool(rules().day_of(time)))
        self.shapes: dict[Any, Record] = {}

    def _file(self, name: str) -> int:
        """Return the bit of the kind that the name of a file shows, 0 if none."""
        shown = self._file_form(name)
        kind = shown and shown.lastgroup
        return 1 << self.kinds.setdefault(kind, len(self.kinds)) if kind else 0

    @property
    def count(self) -> int:
        """How many texts are remembered."""
        parts: tuple[Sized, ...] = (
            *(self.files, self.siblings, self.licenses),
            *(self.bases, self.days, self.shapes),
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
        self.days = self.memory.days
        self.code_of_shape: Codes[Record] = Codes()
        self.code_of_license: Codes[Texts] = Codes([()])
        self.code_of_bases: Codes[Texts] = Codes([()])
        self.licenses = Found[Stated, int](self._license)
        self.bases = Found[str | Texts | None, Bases](self._bases)
        self.bases[None] = NO_BASES
        self.shapes: dict[Any, int] = {}

    def shown(self, siblings: bytes) -> tuple[int, int]:
        """Return the bits of the kinds that the files of a record show, and how many files there are.

        Where they are not in the usual form, there are said to be -1 of them.
        """
        found = self.memory.siblings.get(siblings)
        if found is None:
            found = self._shown(siblings)
            if len(siblings) < SHORT:
                self.memory.siblings[siblings] = found
        return found

    def _shown(self, siblings: bytes) -> tuple[int, int]:
        try:
            names = files_in(siblings)
        except ValueError:
            return 0, -1
        shown = 0
        for name in names:
            shown |= self.memory.files[name]
        return shown, len(names)

    def _license(self, stated: Stated) -> int:
        return self.code_of_license.code(self.memory.licenses[stated])

    def _bases(self, base: str | Texts | None) -> Bases:
        """Return ids and words of base models, and the code of the ids."""
        assert base is not None, "what stands for no base is known"
        ids, words = self.memory.bases[base]
        return ids, words, self.code_of_bases.code(ids)

    def shape(self, key: tuple[Any, ...], fields: Fields) -> int:
        """Return the code of the shape of a record."""
        known = self.memory.shapes
        if key not in known:
            record = record_of(plain_fields(fields))
            assert record is not None, "the id was looked at before"
            known[key] = template(record)
        found = self.shapes[key] = self.code_of_shape.code(known[key])
        return found
