"""Festivals and the work days around them, quarters, years."""

import re
from datetime import date
from typing import Final

from bot.language.calendar import (
    ALIASES,
    Break,
    add_workdays,
    coming_breaks,
    first_workday_after,
    holiday,
    last_workday_before,
)
from bot.language.days import year_of
from bot.language.moment import DAY, Context, Reading, month_end, shifted_month
from bot.language.numbers import integer

_NOT_YET: Final = "节假日安排未公布"


def festival(match: re.Match[str], ctx: Context) -> Reading | None:
    """国庆, 春节前, 五一后, 节后第一天, 国庆后第一个工作日, 年后."""
    side = (match["hs"] or "").removeprefix("之").removeprefix("以").removeprefix("过")
    if side in {"期间", "当天"}:
        after = before = False
    else:
        after, before = side == "后", side == "前"
    extra = match["hx"] or ""
    if "回来" in extra or "上班" in extra or "开工" in extra:
        after = True
    after = after or bool(match["hdone"])
    name = "春节" if match["hyr"] or match["hdone"] == "年" else match["hn"]
    if name is None:
        return _next_break(extra, ctx, after=after)
    name = ALIASES.get(name, name)
    year = year_of(match["hy"], ctx)
    try:
        if year is not None:
            return _around(holiday(name, year, ctx.overrides), match, ctx, after=after, before=before)
        return _nearest(name, match, ctx, after=after, before=before)
    except ValueError:
        return None


def _nearest(name: str, match: re.Match[str], ctx: Context, *, after: bool, before: bool) -> Reading:
    today = ctx.today
    readings = [
        _around(holiday(name, year, ctx.overrides), match, ctx, after=after, before=before)
        for year in (today.year - 1, today.year, today.year + 1)
    ]
    if not ctx.future:
        return next((r for r in reversed(readings) if r.day <= today), readings[0])
    index = next((i for i, r in enumerate(readings) if r.day >= today), len(readings) - 1)
    reading = readings[index]
    passed = readings[index - 1].day if index else None
    if after and passed is not None and (today - passed).days <= 45:
        return reading.doubted("这个节刚过，是明年的吗？", (reading.day, today + DAY))
    return reading


def _around(rest: Break, match: re.Match[str], ctx: Context, *, after: bool, before: bool) -> Reading:
    extra = match["hx"] or ""
    reading = Reading(rest.festival)
    if after:
        found = first_workday_after(rest.last, ctx.overrides)
        nth = integer(match["hnth"]) if match["hnth"] else None
        if nth and match["hnu"] == "工作日":
            found = add_workdays(rest.last, min(nth, 60), ctx.overrides)
        reading = Reading(found.day, unpublished=found.unpublished)
        if nth and match["hnu"] == "天":
            reading = Reading(rest.last + min(nth, 400) * DAY).doubted("按自然日还是工作日？")
    elif before:
        found = last_workday_before(rest.first, ctx.overrides)
        reading = Reading(found.day, deadline=True, unpublished=found.unpublished)
    elif match["hs"] == "期间":
        reading = Reading(rest.first).doubted("假期里哪天？", (rest.first, rest.last))
    elif "第一天" in extra or "头" in extra:
        reading = Reading(rest.first)
    elif "工作日" in extra:
        found = first_workday_after(rest.last, ctx.overrides)
        reading = Reading(found.day, unpublished=found.unpublished)
    elif match["hnth"]:
        reading = Reading(rest.first + (min(integer(match["hnth"]) or 1, 60) - 1) * DAY)
    if rest.unpublished and (after or before or extra):
        return reading.doubted(_NOT_YET)
    return reading


def _next_break(extra: str, ctx: Context, *, after: bool) -> Reading:
    """节后, 节前, 假期后: of the break that is on or comes next; two close together are both offered."""
    today = ctx.today
    breaks = coming_breaks(today, ctx.overrides)
    if not after:
        coming = next(b for b in breaks if b.first > today)
        found = last_workday_before(coming.first, ctx.overrides)
        return Reading(max(found.day, today), deadline=True, unpublished=coming.unpublished or found.unpublished)
    here, following = breaks[0], breaks[1]
    days = [first_workday_after(b.last, ctx.overrides).day for b in (here, following)]
    reading = Reading(days[0], unpublished=here.unpublished)
    if here.unpublished:
        return reading.doubted(_NOT_YET)
    if here.first > today and (following.first - here.last).days <= 14:
        return reading.doubted(f"{here.name}后还是{following.name}后？", days)
    if extra.startswith("第") and not re.search("[一1]", extra):
        return reading.doubted("节后第几天没认全")
    return reading


def quarter(match: re.Match[str], ctx: Context) -> Reading | None:
    """季度末, 下季度初, 三季度末, Q4底; 下季度 alone is asked about."""
    said = match["qp"] or match["qa"]
    edge = match["qe"] or match["qe2"]
    today = ctx.today
    current = (today.month - 1) // 3
    if said and said[-1] in "一二三四1234" and said[0] not in "这下上":
        index = "一二三四1234".index(said[-1]) % 4
        year = today.year + (1 if ctx.future and index < current else 0)
        first_month = index * 3 + 1
    else:
        step = -1 if said and said[0] == "上" else 1 if said and said[0] == "下" else 0
        year, first_month = shifted_month(date(today.year, current * 3 + 1, 1), step * 3)
    if edge in {"末", "底"}:
        return Reading(month_end(year, first_month + 2))
    if edge == "中":
        return Reading(date(year, first_month + 1, 15)).doubted("季度中哪天？")
    reading = Reading(date(year, first_month, 1), approximate=True)
    return reading if edge else reading.doubted("下季度哪天？")


def year_part(match: re.Match[str], ctx: Context) -> Reading | None:
    """年底, 明年初, 今年年中; 明年 alone is asked about."""
    if match["ya"]:
        return Reading(date(year_of(match["ya"], ctx) or ctx.today.year, 1, 1)).doubted("哪个月哪天？")
    said = match["yy"] or match["yy2"]
    part = (match["yp"] or match["yp2"]).removeprefix("年")
    month, day = {"底": (12, 31), "末": (12, 31), "初": (1, 1), "中": (6, 30)}[part]
    year = year_of(said, ctx)
    about = part in {"初", "中"}
    if year is not None:
        return Reading(date(year, month, day), approximate=about)
    here = date(ctx.today.year, month, day)
    if ctx.future and here < ctx.today:
        here = date(ctx.today.year + 1, month, day)
    elif not ctx.future and here > ctx.today:
        here = date(ctx.today.year - 1, month, day)
    return Reading(here, approximate=about)
