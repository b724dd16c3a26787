"""Time, so that tests and the sandbox can stop it."""

from datetime import UTC, date, datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """`now()` is timezone-aware, in Beijing time."""

    def now(self) -> datetime:
        """The moment it is."""
        ...


class SystemClock:
    """The wall clock."""

    def now(self) -> datetime:
        """The moment it is."""
        return datetime.now(BEIJING)


class FixedClock:
    """A clock that stands until it is set: tests, and `--now` of one-shot commands."""

    def __init__(self, now: datetime) -> None:
        self._now = now.astimezone(BEIJING)

    def now(self) -> datetime:
        """The moment it was set to."""
        return self._now

    def set(self, now: datetime) -> None:
        """Moves the clock, forwards or backwards."""
        self._now = now.astimezone(BEIJING)


def beijing(moment: datetime) -> datetime:
    """`moment` (aware) as people here read it."""
    return moment.astimezone(BEIJING)


def beijing_day(moment: datetime) -> date:
    """The Beijing calendar day `moment` falls on."""
    return moment.astimezone(BEIJING).date()


def at_beijing(day: date, at: time = time(0, 0)) -> datetime:
    """The aware moment of `at` on `day` in Beijing."""
    return datetime.combine(day, at, tzinfo=BEIJING)


def utc(moment: datetime) -> datetime:
    """`moment` (aware) as it is stored."""
    return moment.astimezone(UTC)
