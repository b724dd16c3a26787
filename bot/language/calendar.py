"""Chinese work days and holidays, 调休 included (ecosystem.md 1.1).

The State Council publishes a year's arrangement the November before. For a year it has not published, weekdays
and the days off that are law count, and every answer says `unpublished`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import chinese_calendar
from lunardate import LunarDate

Overrides = Mapping[date, bool]
"""Days an administrator has set by hand: True is a work day."""

_DAY: Final = timedelta(days=1)
_NONE: Final[Overrides] = {}
_PUBLISHED: Final = frozenset(day.year for day in chinese_calendar.holidays)

FESTIVALS: Final = ("元旦", "春节", "清明", "五一", "端午", "中秋", "国庆")
ALIASES: Final = {
    "劳动": "五一",
    "劳动节": "五一",
    "过年": "春节",
    "大年初一": "春节",
    "年": "春节",
    "十一": "国庆",
    "新年": "元旦",
    "双节": "国庆",
}

# Days off by law since 2025, as offsets from the festival's own day, and the usual length of the whole break.
_BY_LAW: Final = {
    "元旦": (0, 0),
    "春节": (-1, 2),
    "清明": (0, 0),
    "五一": (0, 1),
    "端午": (0, 0),
    "中秋": (0, 0),
    "国庆": (0, 2),
}
_USUAL: Final = {
    "元旦": (0, 0),
    "春节": (-1, 6),
    "清明": (0, 0),
    "五一": (0, 4),
    "端午": (0, 0),
    "中秋": (0, 0),
    "国庆": (0, 6),
}


@dataclass(frozen=True, slots=True)
class Workday:
    """A day found by counting work days. `unpublished`: a year on the way has no published arrangement."""

    day: date
    unpublished: bool


@dataclass(frozen=True, slots=True)
class Break:
    """The days off around a festival, `first` to `last`; `festival` is the day itself."""

    name: str
    festival: date
    first: date
    last: date
    unpublished: bool


def is_published(year: int) -> bool:
    """Whether the official arrangement of `year` is known here."""
    return year in _PUBLISHED


def is_workday(day: date, overrides: Overrides | None = None) -> bool:
    """Whether people work on `day`: the override first, then the official arrangement, then weekday and law."""
    marked = (overrides or _NONE).get(day)
    if marked is not None:
        return marked
    if day.year in _PUBLISHED:
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < 5 and day not in _days_off_by_law(day.year)


def add_workdays(day: date, count: int, overrides: Overrides | None = None) -> Workday:
    """The `count`-th work day after `day` (before it when negative). 0 is `day` itself, whatever it is."""
    step = _DAY if count >= 0 else -_DAY
    unpublished = False
    left = abs(count)
    try:
        while left:
            day += step
            unpublished = unpublished or day.year not in _PUBLISHED
            left -= is_workday(day, overrides)
    except OverflowError:
        raise ValueError(f"{count} work days lead out of the calendar") from None
    return Workday(day, unpublished)


def first_workday_after(day: date, overrides: Overrides | None = None) -> Workday:
    """The first work day later than `day`."""
    return add_workdays(day, 1, overrides)


def last_workday_before(day: date, overrides: Overrides | None = None) -> Workday:
    """The last work day earlier than `day`."""
    return add_workdays(day, -1, overrides)


def festival_day(name: str, year: int) -> date:
    """The day of a festival of `FESTIVALS` in `year`. Raises KeyError for another name.

    Raises ValueError for lunar festivals outside 1901–2098.
    """
    if name == "春节":
        return LunarDate(year, 1, 1).to_solar_date()  # type: ignore[no-any-return]
    if name == "端午":
        return LunarDate(year, 5, 5).to_solar_date()  # type: ignore[no-any-return]
    if name == "中秋":
        return LunarDate(year, 8, 15).to_solar_date()  # type: ignore[no-any-return]
    if name == "清明":
        short = year % 100
        return date(year, 4, int(short * 0.2422 + 4.81) - short // 4)
    month, day = {"元旦": (1, 1), "五一": (5, 1), "国庆": (10, 1)}[name]
    return date(year, month, day)


def holiday(name: str, year: int, overrides: Overrides | None = None) -> Break:
    """The break around festival `name` (or one of its `ALIASES`) of `year`."""
    name = ALIASES.get(name, name)
    festival = festival_day(name, year)
    published = year in _PUBLISHED
    first = last = festival
    if not published:
        before, after = _USUAL[name]
        first, last = festival + before * _DAY, festival + after * _DAY
    while not is_workday(first - _DAY, overrides):
        first -= _DAY
    while not is_workday(last + _DAY, overrides):
        last += _DAY
    return Break(name, festival, first, last, not published)


def coming_breaks(day: date, overrides: Overrides | None = None) -> list[Break]:
    """The breaks that end on `day` or later, of its year and the next, in order, each stretch of days once."""
    breaks: list[Break] = []
    for year in (day.year, day.year + 1):
        for name in FESTIVALS:
            one = holiday(name, year, overrides)
            if one.last >= day and all(one.first != known.first for known in breaks):
                breaks.append(one)
    return sorted(breaks, key=lambda b: b.first)


@lru_cache(maxsize=32)
def _days_off_by_law(year: int) -> frozenset[date]:
    days: set[date] = set()
    for name, (before, after) in _BY_LAW.items():
        try:
            festival = festival_day(name, year)
        except ValueError:
            continue
        days.update(festival + offset * _DAY for offset in range(before, after + 1))
    return frozenset(days)
