"""What a date or time in a text turned out to be."""

import calendar as month_calendar
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from bot.language.calendar import Overrides

Prefer = Literal["future", "past"]
"""Which way a date without a year, month or week looks: 下次… to the future, 上次… to the past."""

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Found:
    """A date or moment at `start:end` of a text.

    `value` is an aware datetime (in the zone of `now`) when `has_time`, else a date. It is the best reading even
    when not `sure`; then `reason` says in Chinese why and `candidates` holds the readings to offer, best first.
    `approximate`: the hour is a convention (明早 → 9:00) or the speaker said 左右. `deadline`: by then (…前, …内).
    `unpublished`: counts work days of a year whose holidays are not announced yet.
    """

    start: int
    end: int
    text: str
    value: date | datetime
    has_time: bool
    sure: bool
    reason: str = ""
    candidates: tuple[date | datetime, ...] = ()
    approximate: bool = False
    deadline: bool = False
    unpublished: bool = False

    @property
    def day(self) -> date:
        """The calendar day of the value."""
        return self.value.date() if isinstance(self.value, datetime) else self.value

    def at(self, default: time, zone_of: datetime) -> datetime:
        """The value as a moment; a mere day gets the time `default`, in the zone of `zone_of`."""
        if isinstance(self.value, datetime):
            return self.value
        return datetime.combine(self.value, default, tzinfo=zone_of.tzinfo)


@dataclass(frozen=True, slots=True)
class Context:
    """From where a date is looked at."""

    now: datetime
    prefer: Prefer
    overrides: Overrides | None

    @property
    def today(self) -> date:
        """The day of `now`."""
        return self.now.date()

    @property
    def future(self) -> bool:
        """Whether the text looks ahead."""
        return self.prefer == "future"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the words for a day mean. `moment` is set by offsets in hours and minutes.

    `floats`: a bare weekday that is today's; whether it means today is settled by the time that follows.
    """

    day: date
    sure: bool = True
    reason: str = ""
    candidates: tuple[date, ...] = ()
    moment: datetime | None = None
    floats: bool = False
    approximate: bool = False
    deadline: bool = False
    unpublished: bool = False
    said_today: bool = False

    def doubted(self, reason: str, candidates: Iterable[date] = ()) -> "Reading":
        """The same, to be asked about."""
        return replace(self, sure=False, reason=reason, candidates=tuple(candidates) or self.candidates)


def month_end(year: int, month: int) -> date:
    """The last day of a month."""
    return date(year, month, month_calendar.monthrange(year, month)[1])


def shifted_month(day: date, months: int) -> tuple[int, int]:
    """Year and month, `months` after the month of `day`. Raises ValueError outside the calendar."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if not date.min.year <= year <= date.max.year:
        raise ValueError(f"{months} months lead out of the calendar")
    return year, month + 1


def add_months(day: date, months: int) -> date:
    """The same day `months` later; the last of the month where it has no such day."""
    year, month = shifted_month(day, months)
    return min_day(year, month, day.day)


def min_day(year: int, month: int, number: int) -> date:
    """Day `number` of a month, or its last."""
    return date(year, month, min(number, month_end(year, month).day))
