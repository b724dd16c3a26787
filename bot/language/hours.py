"""What the words for a time of day mean."""

import re
from dataclasses import dataclass
from typing import Final

from bot.language.numbers import integer

_MORNING: Final = frozenset(
    ["凌晨", "清晨", "清早", "大清早", "一大早", "大早", "大早上", "一早", "早上", "早晨", "早间", "早", "上午"]
)
_NIGHT: Final = frozenset(["晚上", "晚间", "夜里", "夜间", "夜晚", "深夜", "半夜", "午夜", "晚", "夜"])
_NOON: Final = frozenset(["中午", "正午", "午间"])
_AFTERNOON: Final = frozenset(["午后", "下午", "傍晚"])

CONVENTION: Final = {
    **dict.fromkeys(_MORNING, (9, 0)),
    **dict.fromkeys(["晚上", "晚间", "夜里", "夜间", "夜晚", "晚", "夜"], (19, 0)),
    **dict.fromkeys(_NOON, (12, 0)),
    **dict.fromkeys(["凌晨", "半夜", "午夜", "深夜"], (0, 0)),
    "上午": (10, 0),
    "午后": (14, 0),
    "下午": (15, 0),
    "傍晚": (18, 0),
}
"""The hour that stands for a part of the day when none is said."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day. `hour` may be 24 (midnight after the day).

    `bare`: said without 上午 or 下午 in twelve-hour form. `others`: further hours it may mean.
    """

    hour: int
    minute: int
    sure: bool = True
    reason: str = ""
    approximate: bool = False
    bare: bool = False
    others: tuple[int, ...] = ()


def read_clock(match: re.Match[str]) -> Clock | None:
    """The time of a match of `grammar.CLOCK`, `AFTER_DAY` or `UNTIL`. None when it is no time (25点)."""
    groups = match.groupdict()
    if groups.get("alone"):
        return part_of_day(groups["alone"])
    half = groups["ap"] or groups["ap2"]
    part = groups["part"]
    if half:
        hour = int(groups["h"] or groups["ham"])
        if hour > 12:
            return None
        return Clock(hour % 12 + (12 if half == "pm" else 0), int(groups["mi"] or 0))
    if groups["h"]:
        return _placed(int(groups["h"]), int(groups["mi"]), part, padded=len(groups["h"]) == 2)
    said = integer(groups["hc"])
    minute = _minute(groups["mc"])
    if said is None or minute is None or said > 24 or minute > 59:
        return None
    padded = groups["hc"].startswith("0") and len(groups["hc"]) == 2
    clock = _placed(said, minute, part, padded=padded)
    if clock is not None and groups["more"]:
        return Clock(clock.hour, clock.minute, clock.sure, clock.reason, True, clock.bare, clock.others)
    return clock


def part_of_day(word: str) -> Clock:
    """下午 → 15:00, by convention."""
    hour, minute = CONVENTION[word]
    if word in {"凌晨", "半夜", "午夜", "深夜"}:
        return Clock(hour, minute, sure=False, reason=f"{word}几点？", approximate=True)
    return Clock(hour, minute, approximate=True)


def _minute(said: str | None) -> int | None:
    if not said or said == "整":
        return 0
    if said == "半":
        return 30
    if said.endswith("刻"):
        return 15 * (integer(said[0]) or 1)
    digits = said.rstrip("分")
    return integer(digits.removeprefix("零") or "零") if digits else None


def _placed(hour: int, minute: int, part: str | None, *, padded: bool) -> Clock | None:
    """Decided: a bare 1 … 6 is in the afternoon, 晚 adds twelve (conversation.md B5). 7 can be both, so it is asked."""
    if hour == 24 and minute:
        return None
    if part is None:
        if padded and hour < 10:
            return Clock(hour, minute)
        if 1 <= hour <= 6:
            return Clock(hour + 12, minute, bare=True)
        if hour == 7:
            return Clock(19, minute, sure=False, reason="早上还是晚上？", others=(7,))
        return Clock(hour, minute, bare=7 < hour < 12)
    if part in _MORNING:
        if hour == 12 and part == "凌晨":
            return Clock(0, minute)
        return Clock(hour, minute) if hour <= 12 else Clock(hour, minute, sure=False, reason=f"「{part}」和钟点对不上")
    if part in _NOON:
        if hour in {1, 2}:
            return Clock(hour + 12, minute)
        matches = 10 <= hour <= 14
        return Clock(hour, minute, sure=matches, reason="" if matches else "「中午」和钟点对不上")
    if part in _AFTERNOON:
        if 12 <= hour <= 19:
            return Clock(hour, minute)
        matches = 1 <= hour <= 8
        return Clock(
            hour + 12 if hour < 12 else hour, minute, sure=matches, reason="" if matches else f"「{part}」和钟点对不上"
        )
    if part in _NIGHT:
        return _at_night(hour, minute, part)
    return Clock(hour, minute)


def _at_night(hour: int, minute: int, part: str) -> Clock:
    if hour >= 17 or hour == 0:
        return Clock(24 if hour == 0 else hour, minute)
    if hour == 12:
        return Clock(24, minute)
    if 5 <= hour < 12:
        return Clock(hour + 12, minute)
    if 1 <= hour <= 4:
        return Clock(24 + hour, minute, sure=False, reason=f"「{part}」{hour} 点是半夜吗？")
    return Clock(hour, minute, sure=False, reason=f"「{part}」和钟点对不上")
