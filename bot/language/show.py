"""Dates as the product writes them: one form each (conversation.md U30)."""

from datetime import date, datetime, timedelta
from typing import Final

WEEKDAYS: Final = tuple(f"周{c}" for c in "一二三四五六日")


def show_moment(value: date | datetime, now: datetime, has_time: bool | None = None) -> str:
    """今天 14:30, 昨天, 明天 09:00, 7月9日 周三 15:00, 2027年1月5日 周二.

    Aware moments are shown in the zone of `now`. Days long past carry no weekday. `has_time` False hides the time.
    """
    moment = value.astimezone(now.tzinfo) if isinstance(value, datetime) else None
    day = moment.date() if moment is not None else value
    shown = _day(day, now.date())
    if moment is None or has_time is False:
        return shown
    return f"{shown} {moment:%H:%M}"


def show_date(day: date, today: date) -> str:
    """7月5日; with the year when it is another."""
    return f"{day.month}月{day.day}日" if day.year == today.year else f"{day.year}年{day.month}月{day.day}日"


def _day(day: date, today: date) -> str:
    away = (day - today) // timedelta(days=1)
    near = {-1: "昨天", 0: "今天", 1: "明天"}.get(away)
    if near:
        return near
    dated = show_date(day, today)
    return f"{dated} {WEEKDAYS[day.weekday()]}" if away >= -6 else dated
