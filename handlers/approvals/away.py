"""What a sentence about one's deputy (代理人) says. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from bot.core.errors import InvalidInput
from bot.language.dates import find_moments
from bot.language.ranges import find_range

EXAMPLE: Final = "代理人 王芳 3月5日到3月9日"
_JOIN: Final = re.compile(r"\s*(?:到|至|-|~|—|——)\s*")
_BESIDE: Final = re.compile(r"^(?:请|让|由|给|是)|(?:来)?(?:代我|代理|替我)?(?:处理|审批)?$")


@dataclass(frozen=True, slots=True)
class DeputyWords:
    """Who, and on which days, both included."""

    who: str
    first: date
    last: date


def read_deputy(text: str, now: datetime) -> DeputyWords:
    """`王芳 3月5日到3月9日`, `王芳 明天`, `王芳 今天到月底`. Raises InvalidInput saying what is missing."""
    found = _days(text, now)
    if found is None:
        if doubtful := find_moments(text, now, prefer="future"):
            raise InvalidInput(f"没认准「{doubtful[0].text}」是哪天，代理从今天或以后开始，例如「{EXAMPLE}」。")
        who = _who(text)
        raise InvalidInput(
            f"{who} 从哪天到哪天代你处理？例如「代理人 {who} 3月5日到3月9日」。"
            if who
            else f"代理人要写同事和日期，例如「{EXAMPLE}」。"
        )
    start, end, first, last = found
    who = _who(f"{text[:start]} {text[end:]}")
    if not who:
        raise InvalidInput(f"请谁代你处理？例如「{EXAMPLE}」。")
    return DeputyWords(who, first, last)


def _who(text: str) -> str:
    return _BESIDE.sub("", text.strip(" ，,。")).strip(" ，,。")


def _days(text: str, now: datetime) -> tuple[int, int, date, date] | None:
    founds = find_moments(text, now, prefer="future")
    span = find_range(text, now, prefer="future")
    if len(founds) == 2 and _JOIN.fullmatch(text, founds[0].end, founds[1].start):
        first, last = founds
        if span is None or span.end < last.end or not span.sure:
            return first.start, last.end, first.day, last.day
    if span is not None and span.sure:
        return span.start, span.end, span.first, span.last
    if len(founds) == 1 and founds[0].sure:
        return founds[0].start, founds[0].end, founds[0].day, founds[0].day
    return None
