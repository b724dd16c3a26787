"""What `操作记录 李娜 本周 权限` asks for. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from bot.language.ranges import find_range
from handlers.audit.words import KINDS

_PARTS: Final = re.compile(r"[\s,，、;；]+")
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
    span = find_range(text, now)
    if span is not None:
        text = f"{text[: span.start]} {text[span.end :]}"
    read = _Read()
    for part in _PARTS.split(text):
        word = part.strip("「」“”\"'@").removesuffix("的")
        if not word or word in _FILLERS:
            continue
        ids: Sequence[str] = () if word in _KIND_OF else called(word)
        if word in _KIND_OF:
            read.kinds.append(_KIND_OF[word])
        elif ids or word in SYSTEM_WORDS:
            read.user_ids += ids or ("",)
            read.people.append(word)
        else:
            read.words.append(word)
    first, last, days = (span.first, span.last, span.text) if span is not None else (None, None, "")
    return Wanted(tuple(read.user_ids), tuple(read.people), first, last, days, tuple(read.kinds), tuple(read.words))
