"""The names a sentence may mean, laid out so that fifty thousand of them are searched in milliseconds.

The names stand in one string, a line each; C-speed substring search finds the few lines that matter, and only
those are looked at closely.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final, overload

from bot.language.normalize import fold

_DROPPED: Final = dict.fromkeys(map(ord, " \t()[]{}<>·・.,，。、-—_&'\"“”‘’「」【】《》:;!?|~*"))
LIMIT: Final = 400
"""More lines than this with the same two characters tell nothing."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something a person may name: usually a customer.

    `initials` and `pinyin` are as `pinyin.initials` and `pinyin.pinyin_of` give them; `phone_tails` are whole
    numbers or their tails, digits only.
    """

    id: int
    name: str
    initials: str = ""
    pinyin: str = ""
    aliases: tuple[str, ...] = ()
    phone_tails: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()


class Book(Sequence[Candidate]):
    """Candidates with their search lines, built when first needed. Keep one for several questions."""

    __slots__ = ("_candidates", "_lines")

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._candidates = tuple(candidates)
        self._lines: dict[str, _Lines] = {}

    @staticmethod
    def of(candidates: Sequence[Candidate]) -> "Book":
        """`candidates` themselves when they are a book."""
        return candidates if isinstance(candidates, Book) else Book(candidates)

    @overload
    def __getitem__(self, index: int) -> Candidate: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Candidate]: ...
    def __getitem__(self, index: int | slice) -> Candidate | Sequence[Candidate]:
        return self._candidates[index]

    def __len__(self) -> int:
        return len(self._candidates)

    def named(self, part: str, limit: int = LIMIT) -> list[int]:
        """Indexes of the candidates whose name or alias contains `part` (compact)."""
        return self._field("names", _name_line).holding(part, limit)

    def exactly(self, name: str) -> list[int]:
        """Indexes of those of which a name or alias is `name` (compact) and nothing more."""
        return self._field("names", _name_line).being(name)

    def spelled(self, letters: str, limit: int = LIMIT) -> list[int]:
        """Indexes of those whose pinyin contains `letters`."""
        return self._field("pinyin", lambda c: c.pinyin).holding(letters, limit)

    def abbreviated(self, letters: str, limit: int = LIMIT) -> list[int]:
        """Indexes of those whose initials contain `letters`."""
        return self._field("initials", lambda c: c.initials).holding(letters, limit)

    def called(self, digits: str, limit: int = LIMIT) -> list[int]:
        """Indexes of those with a phone number that contains `digits`."""
        return self._field("phones", lambda c: " ".join(c.phone_tails)).holding(digits, limit)

    def known_by(self, person: str, limit: int = LIMIT) -> list[int]:
        """Indexes of those with a contact whose name contains `person`."""
        return self._field("contacts", lambda c: " ".join(c.contacts)).holding(person, limit)

    def _field(self, field: str, line: Callable[[Candidate], str]) -> "_Lines":
        lines = self._lines.get(field)
        if lines is None:
            lines = self._lines[field] = _Lines([line(c) for c in self._candidates], spaced=field != "names")
        return lines


class _Lines:
    __slots__ = ("_starts", "_text")

    def __init__(self, lines: Sequence[str], *, spaced: bool) -> None:
        text = fold("\n".join(line.replace("\n", " ") for line in lines))
        self._text = "\n" + (text if spaced else text.translate(_DROPPED)) + "\n"
        self._starts = list(accumulate((len(line) + 1 for line in self._text[1:-1].split("\n")), initial=1))

    def holding(self, part: str, limit: int) -> list[int]:
        """Indexes of the lines with `part`, in order; stops at `limit`."""
        if not part or "\n" in part:
            return []
        found: list[int] = []
        position = self._text.find(part)
        while position >= 0 and len(found) < limit:
            index = bisect_right(self._starts, position) - 1
            found.append(index)
            position = self._text.find(part, self._starts[index + 1])
        return found

    def being(self, whole: str) -> list[int]:
        """Indexes of the lines of which a part between the separators is `whole`."""
        if not whole or "\n" in whole:
            return []
        found: dict[int, None] = {}
        for before in "\n\v":
            position = self._text.find(before + whole)
            while position >= 0:
                if self._text[position + 1 + len(whole)] in "\n\v":
                    found[bisect_right(self._starts, position + 1) - 1] = None
                position = self._text.find(before + whole, position + 1)
        return sorted(found)


def _name_line(candidate: Candidate) -> str:
    return "\v".join((candidate.name, *candidate.aliases)) if candidate.aliases else candidate.name


def compact(text: str) -> str:
    """Folded, without spaces and punctuation: how names are compared part by part."""
    return _compacted_once(text) if len(text) <= 40 else _compacted(text)


def _compacted(text: str) -> str:
    return fold(text).translate(_DROPPED)


_compacted_once = lru_cache(maxsize=4096)(_compacted)  # as `normalize.fold`


def compact_with_offsets(text: str) -> tuple[str, list[int]]:
    """`compact(text)` and, for each of its characters, where it stands in `text`."""
    kept = [(c, i) for i, c in enumerate(fold(text)) if ord(c) not in _DROPPED]
    return "".join(c for c, _ in kept), [i for _, i in kept]


def names_of(candidate: Candidate) -> Iterator[str]:
    """The name and the aliases."""
    yield candidate.name
    yield from candidate.aliases
