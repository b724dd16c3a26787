"""What the words for a day of a week mean, and work days counted from there."""

import re
from typing import Final

from bot.language.calendar import first_workday_after, last_workday_before
from bot.language.moment import DAY, WEEK, Context, Reading

_WEEKDAYS: Final = {
    **{c: i for i, c in enumerate("一二三四五六日")},
    "天": 6,
    "末": 5,
    **{str(i + 1): i for i in range(7)},
}


def confirmed(reading: Reading, said: str) -> Reading:
    """The weekday written beside a date: it agrees, or the whole is asked about."""
    if reading.day.weekday() == _WEEKDAYS[said]:
        return reading
    return reading.doubted(f"{reading.day.month}月{reading.day.day}日不是周{said}")


def week_offset(prefix: str | None) -> int | None:
    """How many weeks (or months) 下, 上上, 这 are away; None when nothing is said."""
    if prefix is None:
        return None
    if prefix[0] in "这本当":
        return 0
    return prefix.count("下") or -prefix.count("上")


def weekday(match: re.Match[str], ctx: Context) -> Reading:
    """周三 (the next one, today included), 下周三 (of the calendar week after), 上周五, 周末."""
    today = ctx.today
    monday = today - today.weekday() * DAY
    weeks = week_offset(match["wp"])
    if match["wn"]:
        start = monday + (weeks or 0) * WEEK + (0 if match["wn"] == "初" else 2) * DAY
        return Reading(start, approximate=True) if match["wn"] == "初" else Reading(start).doubted("周中是哪天？")
    index = _WEEKDAYS[match["wd"]]
    if weeks is None and match["wd"] == "末":
        reading = _weekend(ctx)
    elif weeks is None:
        reading = _bare_weekday(index, ctx)
    else:
        day = monday + weeks * WEEK + index * DAY
        reading = Reading(day)
        if weeks == 0 and day < today and ctx.future:
            reading = reading.doubted("这周的已经过了", (day + WEEK, day))
        elif weeks == 1 and today.weekday() == 6 and index == 0 and ctx.future:
            reading = reading.doubted("明天，还是再下周？", (day, day + WEEK))
    return reading.doubted("是每周重复的时间") if match["every"] else reading


def _bare_weekday(index: int, ctx: Context) -> Reading:
    today = ctx.today
    if ctx.future:
        day = today + (index - today.weekday()) % 7 * DAY
        other = day + WEEK
    else:
        day = today - (today.weekday() - index) % 7 * DAY
        other = day - WEEK
    if day != today:
        return Reading(day)
    # Decided: today counts. Said without a time it is still asked, because for today there is 今天.
    return Reading(day, sure=False, reason="今天，还是隔一周？", candidates=(day, other), floats=True)


def _weekend(ctx: Context) -> Reading:
    """The coming Saturday, on a Sunday that day; looking back the Saturday just gone."""
    today = ctx.today
    if today.weekday() == 6:
        return Reading(today)
    if ctx.future or today.weekday() == 5:
        return Reading(today + (5 - today.weekday()) * DAY)
    return Reading(today - (today.weekday() + 2) * DAY)


def week_alone(match: re.Match[str], ctx: Context) -> Reading | None:
    """下周 (which day is asked), 本周内, 下周第一个工作日."""
    weeks = week_offset(match["wpa"]) or 0
    monday = ctx.today - ctx.today.weekday() * DAY + weeks * WEEK
    extra = match["wx"] or ""
    if "第一" in extra or "首" in extra:
        found = first_workday_after(monday - DAY, ctx.overrides)
        return Reading(found.day, unpublished=found.unpublished)
    if "最后" in extra:
        found = last_workday_before(monday + WEEK, ctx.overrides)
        return Reading(found.day, unpublished=found.unpublished)
    if extra:
        found = last_workday_before(monday + WEEK, ctx.overrides)
        return Reading(found.day, deadline=True, unpublished=found.unpublished)
    if weeks <= 0:
        return None
    name = "下周" if weeks == 1 else "下下周"
    return Reading(monday).doubted(f"{name}哪天？", [monday + i * DAY for i in range(5)])


def next_workday(match: re.Match[str], ctx: Context) -> Reading:  # noqa: ARG001 — one signature for all rules
    """下个工作日."""
    found = first_workday_after(ctx.today, ctx.overrides)
    return Reading(found.day, unpublished=found.unpublished)
