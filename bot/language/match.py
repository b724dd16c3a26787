"""Finding the customer people mean by what they type: name part, initials, phone tail, a wrong character."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import product
from typing import Final

from rapidfuzz.distance import OSA

from bot.language.book import Book, Candidate, compact, names_of
from bot.language.companies import GENERIC_WORDS, core_name, hard_key, region_length, soft_key
from bot.language.pinyin import pinyin_of, readings, sounds_like, syllables
from bot.language.regions import REGIONS

__all__ = ["Book", "Candidate", "Match", "Tier", "is_only_common", "rank"]

MOST: Final = 5
"""A question offers no more (conversation.md U17)."""


class Tier(IntEnum):
    """How a query met a candidate; lower is stronger."""

    FULL = 1
    KEY = 2
    PHONE = 3
    PART = 4
    CONTACT = 5
    PHONE_TAIL = 6
    INITIALS = 7
    PINYIN = 8
    ABBREVIATION = 9
    SOUND = 10
    TYPO = 11
    NONE = 12


@dataclass(frozen=True, slots=True)
class Match:
    """`certain` may be written to without asking; else `options` (at most 5, best first) are offered.

    `tier` is that of the best option; `reason` says it in Chinese. `total` counts what was found in all.
    """

    certain: Candidate | None
    options: tuple[Candidate, ...] = ()
    tier: Tier = Tier.NONE
    total: int = 0
    query: str = field(default="", compare=False)

    @property
    def reason(self) -> str:
        """By what it was found."""
        return _REASONS[self.tier]


_REASONS: Final = {
    Tier.FULL: "全名",
    Tier.KEY: "名称",
    Tier.PHONE: "电话",
    Tier.PART: "名称的一部分",
    Tier.CONTACT: "联系人",
    Tier.PHONE_TAIL: "电话尾号",
    Tier.INITIALS: "拼音首字母",
    Tier.PINYIN: "拼音",
    Tier.ABBREVIATION: "简称",
    Tier.SOUND: "同音",
    Tier.TYPO: "相近的字",
    Tier.NONE: "没找到",
}

_LETTERS: Final = re.compile(r"[a-z][a-z0-9]*", re.ASCII)
_DIGITS: Final = re.compile(r"\+?[\d\s-]+", re.ASCII)
_FRAME: Final = re.compile(r"^[\s「『“\"'(（【《]+|[\s」』”\"')）】》。，,.!！?？、]+$")

_Scored = tuple[tuple[int, ...], int]


def rank(query: str, candidates: Sequence[Candidate]) -> Match:
    """Who is meant by `query`.

    Certain when exactly one candidate is met at the best tier and that tier is a full name, an equal key, a whole
    phone number, or a part of two and more characters of its own (not 宁波, not 机械). A part of two or three
    characters that sounds like another customer's is not certain, for IMEs and voice confuse them. Wrong
    characters, initials, tails and contacts are offered, never certain.
    """
    shown = _FRAME.sub("", query)
    needle = compact(shown)
    if not needle:
        return Match(None, query=shown)
    book = Book.of(candidates)
    digits = re.sub(r"\D", "", needle) if _DIGITS.fullmatch(shown.strip()) else ""
    for tier, scored in _tiers(shown, needle, digits, book):
        if scored:
            return _settled(shown, needle, tier, scored, book)
    return Match(None, query=shown)


def _tiers(shown: str, needle: str, digits: str, book: Book) -> Iterable[tuple[Tier, list[_Scored]]]:
    holding = book.named(needle)
    yield Tier.FULL, [((0,), i) for i in book.exactly(needle)]
    yield Tier.KEY, _same_key(shown, book)
    if len(digits) >= 7:
        number = digits.removeprefix("86") if len(digits) > 11 else digits
        yield Tier.PHONE, [((0,), i) for i in book.called(number) if number in book[i].phone_tails]
    if len(needle) >= 2:
        yield Tier.PART, _parts(needle, holding, book)
    if len(needle) >= 2:
        called = [i for i in book.known_by(needle) if any(compact(p) == needle for p in book[i].contacts)]
        yield Tier.CONTACT, [((0,), i) for i in called or book.known_by(needle)]
    if len(digits) >= 4:
        tails = [i for i in book.called(digits) if any(p.endswith(digits) for p in book[i].phone_tails)]
        yield Tier.PHONE_TAIL, [((0,), i) for i in tails]
    if _LETTERS.fullmatch(needle) and len(needle) >= 2 and "&" not in shown:  # H&M is no 杭贸
        yield Tier.INITIALS, _by_initials(needle, book)
        yield Tier.PINYIN, _by_pinyin(needle, book)
    if _is_han(needle) and len(needle) >= 2:
        yield Tier.ABBREVIATION, _abbreviations(needle, book)
        yield from _mistakes(needle, book)
    elif len(needle) >= 3:
        yield Tier.TYPO, _typos(needle, book)


def _settled(shown: str, needle: str, tier: Tier, scored: list[_Scored], book: Book) -> Match:
    scored.sort()
    options = [book[i] for _, i in scored]
    certain: Candidate | None = None
    if len(scored) == 1:
        strong = tier in {Tier.FULL, Tier.KEY, Tier.PHONE} or (tier is Tier.PART and not is_only_common(needle))
        certain = options[0] if strong else None
        longer = _longer(needle, scored[0][1], book) if tier is Tier.KEY else []
        if longer:  # 天府软件 may be 天府软件有限公司 or be short for 天府软件集团
            certain = None
            options += [book[i] for i in longer]
        if certain is not None and tier is Tier.PART and len(needle) <= 3 and _is_han(needle):
            twins = [i for _, i in _sounding(needle, book) if i != scored[0][1]]
            if twins:
                certain = None
                options += [book[i] for i in twins]
    return Match(certain, tuple(options[:MOST]), tier, len(options), shown)


def _longer(needle: str, met: int, book: Book) -> list[int]:
    """Others whose name goes on after the needle with more than a legal form."""
    met_key = hard_key(book[met].name)
    found = []
    for i in book.named(needle):
        core = core_name(book[i].name)
        if (
            i != met
            and hard_key(book[i].name) != met_key
            and core[region_length(core) :].startswith(needle[region_length(needle) :])
        ):
            found.append(i)
    return found


def is_only_common(text: str) -> bool:
    """Whether `text` is nothing but regions and generic words (宁波, 机械, 杭州科技), which name nobody."""
    core = core_name(text)
    rest = core[region_length(core) :]
    if rest in REGIONS or rest in GENERIC_WORDS or core in REGIONS or core in GENERIC_WORDS:
        return True
    while rest:
        word = next((rest[:n] for n in range(min(6, len(rest)), 1, -1) if rest[:n] in GENERIC_WORDS), None)
        if word is None:
            return rest in {"公司", "有限公司", "集团", "有限责任公司", "股份有限公司", "厂", "市", "省"}
        rest = rest[len(word) :]
    return True


def _same_key(shown: str, book: Book) -> list[_Scored]:
    key = hard_key(shown)
    if len(key) < 2:
        return []
    near = {i for form in ("", "有限公司", "有限责任公司") for i in book.exactly(key + form)}
    return [((0,), i) for i in sorted(near) if any(hard_key(name) == key for name in names_of(book[i]))]


def _parts(needle: str, holding: list[int], book: Book) -> list[_Scored]:
    """Those whose name holds the needle, best first: its own word, at its start, anywhere."""
    scored: list[_Scored] = []
    for i in holding:
        best = min(_part_score(needle, name) for name in names_of(book[i]))
        scored.append(((*best, len(book[i].name)), i))
    inner = [s for s in scored if s[0][0] < 3]
    return inner or scored


def _part_score(needle: str, name: str) -> tuple[int, ...]:
    core = core_name(name)
    if soft_key(name) == needle or core == needle:
        return (0,)
    position = core.find(needle)
    if position < 0:
        return (3,)  # only within the legal form or a bracket
    return (1,) if position in {0, region_length(core)} else (2,)


def _by_initials(needle: str, book: Book) -> list[_Scored]:
    scored: list[_Scored] = []
    for i in book.abbreviated(needle):
        spelled = book[i].initials.split(" ")
        core = core_name(book[i].name)
        start = region_length(core)
        position = min(s.find(needle) for s in spelled if needle in s)
        place = 0 if position == start else 1 if position == 0 else 2
        own_length = len(soft_key(book[i].name))
        scored.append(((place, abs(own_length - len(needle)), len(spelled[0])), i))
    starting = [s for s in scored if s[0][0] < 2]
    return starting or scored


def _by_pinyin(needle: str, book: Book) -> list[_Scored]:
    scored: list[_Scored] = []
    for i in book.spelled(needle):
        parts = [p for name in names_of(book[i]) for p in (syllables(compact(name)),)]
        places = [n for p in parts for n in range(len(p)) if "".join(p[n:]).startswith(needle)]
        if places:
            scored.append(((min(places), len(book[i].name)), i))
        elif any(needle in spelling and spelling.startswith(needle) for spelling in book[i].pinyin.split(" ")):
            scored.append(((0, len(book[i].name)), i))
    return scored


def _abbreviations(needle: str, book: Book) -> list[_Scored]:
    """华东机械 for 华东精密机械: the characters in order, from the start of the name's own part."""
    if len(needle) < 3:
        return []
    scored: list[_Scored] = []
    for i in {*book.named(needle[:2]), *book.named(needle[-2:])}:
        core = core_name(book[i].name)
        own = core[region_length(core) :]
        if any(_in_order(needle, text) for text in (own, core)) and needle[0] in {own[:1], core[:1]}:
            scored.append(((len(core),), i))
    return scored


def _in_order(needle: str, text: str) -> bool:
    rest = iter(text)
    return all(c in rest for c in needle)


def _mistakes(needle: str, book: Book) -> Iterable[tuple[Tier, list[_Scored]]]:
    sounding = _sounding(needle, book)
    seen = {i for _, i in sounding}
    near = [s for s in _typos(needle, book) if s[1] not in seen]
    if sounding:
        yield Tier.SOUND, sounding + ([((9, *score), i) for score, i in near] if len(needle) > 2 else [])
    yield Tier.TYPO, near


def _sounding(needle: str, book: Book) -> list[_Scored]:
    """Candidates with a part that can be read like the needle, at the start of their own part first."""
    if not _is_han(needle):
        return []
    spellings = [sorted(readings(c)) for c in needle]
    combined = {"".join(p) for p in list(product(*spellings))[:16]} | {pinyin_of(needle)}
    indexes = {i for letters in combined for i in book.spelled(letters)}
    indexes.update(i for i in _one_kept(needle, book) if not book[i].pinyin)
    scored: list[_Scored] = []
    for i in indexes:
        core = core_name(book[i].name)
        start = region_length(core)
        places = [n for n in {0, start} if sounds_like(needle, core[n : n + len(needle)])]
        if places:
            scored.append(((0 if start in places else 1, len(core)), i))
    return scored


def _one_kept(needle: str, book: Book) -> set[int]:
    """With one character wrong, one half of the needle is right (for two and three characters, one character)."""
    half = max(1, len(needle) // 2)
    limit = 4000 if half == 1 else 400
    return {*book.named(needle[:half], limit), *book.named(needle[half:] if half > 1 else needle[-1], limit)}


def _typos(needle: str, book: Book) -> list[_Scored]:
    size = len(needle)
    scored: list[_Scored] = []
    for i in _one_kept(needle, book):
        core = core_name(book[i].name)
        start = region_length(core)
        # Of two characters one wrong is half the name, so only the name's own beginning is compared.
        places, widths = ({0, start}, (size - 1, size, size + 1)) if size > 2 else ({start}, (2,))
        windows = {core[n : n + w] for n in places for w in widths}
        distance = min((OSA.distance(needle, w, score_cutoff=1) for w in windows), default=9)
        if distance <= 1:
            alike = 0 if any(sounds_like(needle, w) for w in windows) else 1
            scored.append(
                ((alike, 0 if core[start : start + 1] == needle[:1] else 1, abs(len(soft_key(book[i].name)) - size)), i)
            )
    return scored


def _is_han(text: str) -> bool:
    return all("\u3400" <= c <= "\u9fff" for c in text)
