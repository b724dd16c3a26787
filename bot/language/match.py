"""Which of many customers somebody means by what was typed; certain only where there is no doubt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from bot.language.companies import core_name, hard_key, soft_key
from bot.language.normalize import fold
from bot.language.pinyin import pinyin_of

MOST: Final = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """One object by its names and readings. `contacts`: its people; `phone_tails`: last digits of their numbers."""

    id: int
    name: str
    initials: str = ""
    pinyin: str = ""
    aliases: tuple[str, ...] = ()
    phone_tails: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """`certain`: exactly this one. Else `options`, best first, at most five. `reason`: how it was found."""

    certain: Candidate | None
    options: tuple[Candidate, ...] = ()
    reason: str = ""


NOTHING: Final = Match(None)


@lru_cache(maxsize=200_000)
def short_names(name: str) -> tuple[str, ...]:
    """What people call the company, longest first: without legal form, without place, the distinctive part."""
    found = (hard_key(name), core_name(name), soft_key(name))
    return tuple(dict.fromkeys(f for f in found if len(f) >= 2))


def rank(query: str, candidates: Sequence[Candidate]) -> Match:
    """Full name, legal-form-free equality, short form, unique part, initials, pinyin, contact, one wrong character.

    Certain where exactly one candidate stands on the best tier and that tier is strong; a likeness (one wrong
    character, a contact's name shared) is only offered.
    """
    asked = fold(query).strip(" 的，,。.!！?？「」“”\"'")
    if len(asked) < 2 and not asked.isdecimal():
        return NOTHING
    key = hard_key(asked)
    tiers: list[tuple[str, bool, list[Candidate]]] = [
        ("name", True, [c for c in candidates if fold(c.name) == asked or asked in map(fold, c.aliases)]),
        ("key", True, [c for c in candidates if hard_key(c.name) == key]),
    ]
    for tier in _found(tiers):
        return tier
    part = [c for c in candidates if key in hard_key(c.name)] if len(key) >= 2 else []
    exact_short = [c for c in part if key in short_names(c.name)]
    for tier in _found([("short", True, exact_short), ("part", len(key) >= 2, part)]):
        return tier
    if key.isascii() and key.isalpha():
        letters = key.lower()
        starts = [c for c in candidates if c.initials == letters or c.pinyin == letters]
        inside = [c for c in candidates if letters in c.initials or (len(letters) > 3 and letters in c.pinyin)]
        for tier in _found([("initials", True, starts), ("initials", len(letters) >= 3, inside)]):
            return tier
    if asked.isdecimal() and len(asked) >= 4:
        tails = [c for c in candidates if any(t.endswith(asked[-4:]) for t in c.phone_tails)]
        for tier in _found([("phone", True, tails)]):
            return tier
    people = [c for c in candidates if asked in c.contacts]
    for tier in _found([("contact", True, people)]):
        return tier
    return Match(None, tuple(_alike(key, candidates)), "alike")


def _found(tiers: Iterable[tuple[str, bool, list[Candidate]]]) -> Iterable[Match]:
    for reason, strong, hits in tiers:
        if len(hits) == 1 and strong:
            yield Match(hits[0], tuple(hits), reason)
        elif hits:
            yield Match(None, tuple(sorted(hits, key=lambda c: (len(c.name), c.id))[:MOST]), reason)


def _alike(key: str, candidates: Sequence[Candidate]) -> list[Candidate]:
    """One wrong character, or one read the same."""
    if len(key) < 2:
        return []
    shorts: list[str] = []
    owners: list[Candidate] = []
    for candidate in candidates:
        for short in short_names(candidate.name):
            if abs(len(short) - len(key)) <= 1:
                shorts.append(short)
                owners.append(candidate)
    near = process.extract(key, shorts, scorer=Levenshtein.distance, score_cutoff=1, limit=20)
    found = {owners[index].id: owners[index] for _, distance, index in near if len(key) > 2 or distance == 0}
    sound = pinyin_of(key)
    if len(sound) >= 4 and not key.isascii():
        for candidate in candidates:
            if sound in candidate.pinyin:
                found.setdefault(candidate.id, candidate)
    return list(found.values())[:MOST]


@dataclass(frozen=True, slots=True)
class SentenceHit:
    """Where in a sentence a customer is named, and who it is or could be."""

    start: int
    end: int
    certain: Candidate | None
    options: tuple[Candidate, ...] = field(default=())


def find_in_sentence(text: str, candidates: Sequence[Candidate]) -> SentenceHit | None:
    """The longest name or short form that stands in the sentence; the earlier of equals."""
    folded = fold(text)
    best: tuple[int, int, int] | None = None  # (length, -start, end)
    hits: dict[tuple[int, int], list[Candidate]] = {}
    for candidate in candidates:
        for short in (fold(candidate.name), *map(fold, candidate.aliases), *short_names(candidate.name)):
            if len(short) < 2:
                continue
            start = folded.find(short)
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
    return _hit(span, _whole(folded, span, hits[span]))


def _whole(folded: str, span: tuple[int, int], owners: list[Candidate]) -> list[Candidate]:
    exact = [c for c in owners if folded[span[0] : span[1]] in (fold(c.name), hard_key(c.name))]
    return exact or owners


def _by_contact(folded: str, candidates: Sequence[Candidate]) -> SentenceHit | None:
    for candidate in candidates:
        for person in candidate.contacts:
            start = folded.find(person) if len(person) >= 2 else -1
            if start >= 0:
                owners = [c for c in candidates if person in c.contacts]
                return _hit((start, start), owners)  # the contact's name stays part of the content
    return None


def _hit(span: tuple[int, int], owners: list[Candidate]) -> SentenceHit:
    options = tuple(sorted(owners, key=lambda c: (len(c.name), c.id))[:MOST])
    return SentenceHit(span[0], span[1], options[0] if len(owners) == 1 else None, options)
