"""What `操作记录 李娜 本周 权限` asks for. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from bot.language.dates import find_moments
from bot.language.ranges import find_range
from handlers.audit.words import KINDS

_PARTS: Final = re.compile(r"[\s,，、;；]+")
_TAIL: Final = re.compile(r"的?(?:操作|记录|操作记录)?$")
_KIND_OF: Final = {word: kind for kind, words in KINDS.items() for word in words}
_FILLERS: Final = frozenset({"的", "操作", "记录", "操作记录", "查", "看", "看看", "所有", "全部", "关于"})
SYSTEM_WORDS: Final = frozenset({"系统", "自动"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who, which days, which kinds, and words in the name of what was changed. Empty: all."""

    user_ids: tuple[str, ...] = ()
    people: tuple[str, ...] = ()  # their names, for the title
    first: date | None = None
    last: date | None = None
    days: str = ""  # as it was said
    kinds: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def state(self) -> dict[str, Any]:
        """JSON, for a card."""
        return {
            "user_ids": list(self.user_ids), "people": list(self.people), "days": self.days,
            "first": self.first.isoformat() if self.first else "", "last": self.last.isoformat() if self.last else "",
            "kinds": list(self.kinds), "words": list(self.words),
        }  # fmt: skip

    @classmethod
    def read(cls, state: Mapping[str, Any]) -> "Wanted":
        """The inverse of `state`; what is missing is empty."""

        def texts(name: str) -> tuple[str, ...]:
            return tuple(str(v) for v in state.get(name, ()))

        def day(name: str) -> date | None:
            return date.fromisoformat(str(state[name])) if state.get(name) else None

        return cls(
            texts("user_ids"), texts("people"), day("first"), day("last"), str(state.get("days", "")), texts("kinds"),
            texts("words"),
        )  # fmt: skip


@dataclass(slots=True)
class _Read:
    user_ids: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def read_query(text: str, now: datetime, called: Callable[[str], Sequence[str]]) -> Wanted:
    """`called`: the user ids of everybody of exactly that name."""
    names = [word for word in _words(text) if called(word)]  # 周一鸣 is no Monday
    first, last, days, rest = _days(text, now, names)
    read = _Read()
    for word in _words(rest):
        ids: Sequence[str] = () if word in _KIND_OF else called(word)
        if word in _KIND_OF:
            read.kinds.append(_KIND_OF[word])
        elif ids or word in SYSTEM_WORDS:
            read.user_ids += ids or ("",)
            read.people.append(word)
        else:
            read.words.append(word)
    return Wanted(tuple(read.user_ids), tuple(read.people), first, last, days, tuple(read.kinds), tuple(read.words))


def _words(text: str) -> list[str]:
    words = (_TAIL.sub("", part.strip("「」“”\"'@")) for part in _PARTS.split(text))
    return [word for word in words if word and word not in _FILLERS]


def _days(text: str, now: datetime, names: Sequence[str]) -> tuple[date | None, date | None, str, str]:
    """First and last day, how they were said, and the text without them: 本周, 3月, 5月12日."""
    span = find_range(text, now, mask=names)
    if span is not None:
        return span.first, span.last, span.text, f"{text[: span.start]} {text[span.end :]}"
    day = next(iter(find_moments(text, now, prefer="past", mask=names)), None)
    if day is None:
        return None, None, "", text
    return day.day, day.day, day.text, f"{text[: day.start]} {text[day.end :]}"
