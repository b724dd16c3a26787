"""Where in a sentence a customer is named, and who it is or could be."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bot.language.book import Candidate
from bot.language.companies import core_name, hard_key, soft_key
from bot.language.normalize import fold

MOST: Final = 5


@lru_cache(maxsize=200_000)
def short_names(name: str) -> tuple[str, ...]:
    """What people call the company, longest first: without legal form, without place, the distinctive part."""
    found = (hard_key(name), core_name(name), soft_key(name))
    return tuple(dict.fromkeys(f for f in found if len(f) >= 2))


@dataclass(frozen=True, slots=True)
class Mention:
    """`start:end` names a customer: `certain`, or one of `options`."""

    start: int
    end: int
    certain: Candidate | None
    options: tuple[Candidate, ...] = ()


def find_in_sentence(text: str, candidates: Sequence[Candidate]) -> Mention | None:
    """The longest name or short form that stands in the sentence; the earlier of equals; else a contact's name."""
    folded = fold(text)
    best: tuple[int, int, int] | None = None  # (length, -start, end)
    hits: dict[tuple[int, int], list[Candidate]] = {}
    for candidate in candidates:
        for short in (fold(candidate.name), *map(fold, candidate.aliases), *short_names(candidate.name)):
            start = folded.find(short) if len(short) >= 2 else -1
            if start < 0:
                continue
            span = (start, start + len(short))
            if candidate not in hits.setdefault(span, []):
                hits[span].append(candidate)
            mark = (len(short), -start, span[1])
            if best is None or mark > best:
                best = mark
    if best is None:
        return _by_contact(folded, candidates)
    span = (-best[1], best[2])
    said = folded[span[0] : span[1]]
    exact = [c for c in hits[span] if said in (fold(c.name), hard_key(c.name))]
    return _mention(span, exact or hits[span])


def _by_contact(folded: str, candidates: Sequence[Candidate]) -> Mention | None:
    for candidate in candidates:
        for person in candidate.contacts:
            start = folded.find(person) if len(person) >= 2 else -1
            if start >= 0:
                owners = [c for c in candidates if person in c.contacts]
                return _mention((start, start), owners)  # the contact's name stays part of the content
    return None


def _mention(span: tuple[int, int], owners: list[Candidate]) -> Mention:
    options = tuple(sorted(owners, key=lambda c: (len(c.name), c.id))[:MOST])
    return Mention(span[0], span[1], options[0] if len(owners) == 1 else None, options)
