"""What the words for a day mean: relative days, offsets, weekdays, dates of the calendar."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.language.calendar import add_workdays, first_workday_after, last_workday_before
from bot.language.moment import DAY, Context, Reading, add_months, min_day, month_end, shifted_month
from bot.language.numbers import integer, spelled_digits
from bot.language.weeks import week_offset

Rule = Callable[[re.Match[str], Context], Reading | None]

_RELATIVE: Final = {"大前": -3, "前": -2, "昨": -1, "今": 0, "当": 0, "明": 1, "后": 2, "大后": 3}
_VAGUE: Final = {
    "过两天": 2,
    "过一两天": 1,
    "过几天": 3,
    "过些天": 3,
    "过些日子": 7,
    "这两天": 1,
    "这几天": 1,
    "近期": 3,
    "最近几天": 1,
    "改天": 2,
    "改日": 2,
    "择日": 2,
    "回头": 1,
    "有空": 1,
    "有时间": 1,
    "晚点": 0,
    "晚些时候": 0,
    "稍后": 0,
}
MIDDLE: Final = {"上旬": (1, 10), "中旬": (11, 20), "下旬": (21, 31)}


def relative(match: re.Match[str], ctx: Context) -> Reading | None:
    """今天 明天 后天 昨晚."""
    word = match["rel"]
    key = re.sub(r"[天日儿个一]+$", "", word)
    offset = _RELATIVE.get(key)
    return None if offset is None else Reading(ctx.today + offset * DAY, said_today=offset == 0)


def vague(match: re.Match[str], ctx: Context) -> Reading:
    """过两天, 改天: a day to propose, never one to keep."""
    word = match["vague"]
    if re.fullmatch("明后两?天", word):
        return Reading(ctx.today + DAY).doubted("明天还是后天？", (ctx.today + DAY, ctx.today + 2 * DAY))
    if re.fullmatch("今明两?天", word):
        return Reading(ctx.today).doubted("今天还是明天？", (ctx.today, ctx.today + DAY))
    if word == "下半年":
        return Reading(date(ctx.today.year, 7, 1)).doubted("下半年哪天？")
    return Reading(ctx.today + _VAGUE.get(word, 7) * DAY).doubted(f"「{word}」是哪天？")


def offset(match: re.Match[str], ctx: Context) -> Reading | None:
    """3天后, 两周后, 半小时后, 一个半月后, 3个工作日后, 三天前, 过两天."""
    said, unit = match["on"], match["ou"]
    direction = (match["od"] or "后")[-1]
    if unit == "月" and not match["oh"] and said != "半":
        return None  # 三月后 is about March
    if unit == "年" and len(said) == 4 and said.isdigit():
        return None  # 2018年之后 names a year
    if match["pass"] and not match["od"] and said in {"两", "几", "好几", "数"}:
        few = 2 if said == "两" else 3
        return _shift(Decimal(few), unit, 1, ctx, half=False, doubt=f"「{match[0].strip()}」是哪天？")
    numbers = _range_of(said)
    if numbers is None:
        return _shift(Decimal(3), unit, 1, ctx, half=False, doubt=f"「{match[0].strip()}」不够准")
    half = bool(match["oz"]) or match["oh"] == "个半"
    sign = -1 if direction == "前" else 1
    first = _shift(numbers[0], unit, sign, ctx, half=half)
    if first is None:
        return None
    if len(numbers) > 1:
        others = [_shift(n, unit, sign, ctx, half=half) for n in numbers]
        return first.doubted(f"「{said}」是几？", [r.day for r in others if r is not None])
    if said.endswith(("多", "来")):
        return first.doubted(f"「{match[0].strip()}」不够准")
    if direction == "内":
        return Reading(first.day, moment=first.moment, deadline=True, unpublished=first.unpublished)
    return first


def _range_of(said: str) -> list[Decimal] | None:
    """The number, or the two that 3-5 and 两三 name; None when no number is said."""
    said = said.strip()
    if said == "半":
        return [Decimal("0.5")]
    pieces = [p for p in re.split(r"\s?[-~到至、或]\s?", said.rstrip("多来")) if p]
    values: list[Decimal] = []
    for piece in pieces:
        if re.fullmatch(r"\d+(?:\.\d+)?", piece, re.ASCII):
            values.append(Decimal(piece))
            continue
        number = integer(piece)
        if number is None and len(piece) == 2 and spelled_digits(piece) is not None:
            values.extend(Decimal(integer(c) or 0) for c in piece)
        elif number is None:
            return None
        else:
            values.append(Decimal(number))
    return values or None


def _shift(number: Decimal, unit: str, sign: int, ctx: Context, *, half: bool, doubt: str = "") -> Reading | None:
    try:
        reading = _shifted(number + (Decimal("0.5") if half else 0), unit, sign, ctx)
    except (OverflowError, ValueError):
        return None
    return reading.doubted(doubt) if doubt else reading


def _shifted(number: Decimal, unit: str, sign: int, ctx: Context) -> Reading:
    whole = number == number.to_integral_value()
    today = ctx.today
    if number > 5000:
        raise ValueError("further than anybody plans")
    if unit in {"小时", "钟头", "分钟", "刻钟"}:
        minutes = {"小时": 60, "钟头": 60, "分钟": 1, "刻钟": 15}[unit]
        moment = ctx.now + sign * timedelta(minutes=float(number * minutes))
        return Reading(moment.date(), moment=moment.replace(second=0, microsecond=0))
    if unit.endswith("工作日"):
        counted = add_workdays(today, sign * int(number), ctx.overrides)
        reading = Reading(counted.day, unpublished=counted.unpublished)
        return reading if whole and number else reading.doubted("要整数个工作日")
    if unit in {"天", "日"}:
        reading = Reading(today + sign * int(number) * DAY)
        return reading if whole else reading.doubted("半天是几点？")
    if unit in {"周", "星期", "礼拜"}:
        reading = Reading(today + sign * int(number * 7) * DAY)
        return reading if whole else reading.doubted("半周是几天？")
    if unit == "月":
        day = add_months(today, sign * int(number))
        return Reading(day if whole else day + sign * 15 * DAY, approximate=not whole)
    months = number * 12
    reading = Reading(add_months(today, sign * int(months)))
    return reading if months == months.to_integral_value() else reading.doubted("半年以下请说月或天")


def year_of(said: str | None, ctx: Context) -> int | None:
    """今年, 明年, 2026年, 二〇二六年, 26年. None when nothing is said."""
    if not said:
        return None
    relative_year = {"今": 0, "本": 0, "明": 1, "来": 1, "后": 2, "去": -1, "前": -2}.get(said[0])
    if relative_year is not None:
        return ctx.today.year + relative_year
    digits = said.rstrip("年 的")
    number = int(digits) if digits.isascii() else spelled_digits(digits)
    if number is None:
        return None
    return 2000 + number if number < 100 else number


def _dated(year: int, month: int, number: int) -> Reading:
    try:
        return Reading(date(year, month, number))
    except ValueError:
        last = month_end(year, month)
        return Reading(last).doubted(f"{year}年没有{month}月{number}日", (last, last + DAY))


def iso(match: re.Match[str], ctx: Context) -> Reading | None:  # noqa: ARG001 — one signature for all rules
    """2026-03-09, 2026年3月9日."""
    month, number = int(match["im"]), int(match["id"])
    return _dated(int(match["iy"]), month, number) if 1 <= month <= 12 and 1 <= number <= 31 else None


def compact(match: re.Match[str], ctx: Context) -> Reading:  # noqa: ARG001 — one signature for all rules
    """20260309: it may as well be part of a number."""
    return _dated(int(match["cy"]), int(match["cm"]), int(match["cd"])).doubted("可能是编号，不是日期")


def without_year(month: int, number: int, ctx: Context) -> Reading:
    """The month and day on the side that is looked to; one that has just gone is asked about."""
    today = ctx.today
    here = _dated(today.year, month, number)
    if not here.sure:
        return (
            here if not ctx.future or here.day >= today else _dated(today.year + 1, month, number).doubted(here.reason)
        )
    if ctx.future and here.day < today:
        there = _dated(today.year + 1, month, number)
        recent = (today - here.day).days <= 31
        return there.doubted("刚过，是明年的吗？", (there.day, here.day)) if recent or not there.sure else there
    if not ctx.future and here.day > today:
        return _dated(today.year - 1, month, number)
    return here


def month_day(match: re.Match[str], ctx: Context) -> Reading | None:
    """7月5日, 三月九号, 明年3月5号, 10月底, 10月."""
    month = integer(match["mm"])
    year = year_of(match["my"], ctx)
    if month is None or not 1 <= month <= 12 or (match["my"] and year is None):
        return None
    said = match["md"] or match["mdx"]
    part = match["mpart"]
    if said:
        number = integer(said)
        if number is None:
            return None
        return _dated(year, month, number) if year is not None else without_year(month, number, ctx)
    if year is None:
        year = ctx.today.year
        if ctx.future and month_end(year, month) < ctx.today:
            year += 1
        elif not ctx.future and date(year, month, 1) > ctx.today:
            year -= 1
    return part_of_month(year, month, part, ctx)


def part_of_month(year: int, month: int, part: str | None, ctx: Context) -> Reading:
    """月底 is the last day, 月初 the first, 月中 the 15th; 上旬 and a bare month are asked about."""
    first, last = date(year, month, 1), month_end(year, month)
    part = (part or "").removeprefix("月").removesuffix("旬") if part not in MIDDLE else part
    if part in MIDDLE:
        begin, end = MIDDLE[part]
        return Reading(date(year, month, begin)).doubted(
            f"{month}月{part}哪天？", (date(year, month, begin), min_day(year, month, end))
        )
    if part in {"底", "末", "最后一天", "内", "最后一"}:
        return Reading(last, deadline=part == "内")
    if part in {"初", "第一天"}:
        return Reading(first, approximate=part == "初")
    if part == "中":
        return Reading(date(year, month, 15), approximate=True)
    if part and "工作日" in part:
        found = (
            last_workday_before(last + DAY, ctx.overrides)
            if part.startswith("最后")
            else first_workday_after(first - DAY, ctx.overrides)
        )
        return Reading(found.day, unpublished=found.unpublished)
    return Reading(max(first, ctx.today) if ctx.future else first).doubted(f"{month}月哪天？")


def slash(match: re.Match[str], ctx: Context) -> Reading | None:
    """7/5, 7-5. 10-15号 may be a span of days."""
    reading = without_year(int(match["sm"]), int(match["sd"]), ctx)
    spans = match["ssep"] == "-" and match[0][-1] in "号日"
    return reading.doubted("是月和日，还是两天之间？") if spans else reading


def day_of_month(match: re.Match[str], ctx: Context) -> Reading | None:
    """15号 (of next month when it has gone), 下个月15号."""
    number = integer(match["ddm"] or match["dd"])
    if number is None or not 1 <= number <= 31:
        return None
    if match["dm"]:
        year, month = shifted_month(ctx.today, week_offset(match["dm"]) or 0)
        reading = _dated(year, month, number)
        if reading.sure and reading.day < ctx.today and ctx.future and match["dm"][0] in "本这当":
            return reading.doubted("这个月的已经过了", (add_months(reading.day, 1), reading.day))
        return reading
    today = ctx.today
    step = 0
    if ctx.future and number < today.day:
        step = 1
    elif not ctx.future and number > today.day:
        step = -1
    year, month = shifted_month(today, step)
    reading = _dated(year, month, number)
    if reading.sure:
        return reading
    valid = next(
        _dated(*shifted_month(today, s), number)
        for s in (step + 1, step + 2)
        if _dated(*shifted_month(today, s), number).sure
    )
    return reading.doubted(f"{month}月没有{number}号", (reading.day, valid.day))


def month_part(match: re.Match[str], ctx: Context) -> Reading:
    """月底, 下月底, 本月最后一个工作日."""
    part = match["x1"] or match["x2"]
    step = week_offset(match["xp"])
    year, month = shifted_month(ctx.today, step or 0)
    reading = part_of_month(year, month, part, ctx)
    if step is None and reading.sure:
        if ctx.future and reading.day < ctx.today:
            return part_of_month(*shifted_month(ctx.today, 1), part, ctx)
        if not ctx.future and reading.day > ctx.today:
            return part_of_month(*shifted_month(ctx.today, -1), part, ctx)
    return reading


def month_alone(match: re.Match[str], ctx: Context) -> Reading:
    """下个月: which day is asked."""
    year, month = shifted_month(ctx.today, week_offset(match["xa"]) or 0)
    return part_of_month(year, month, None, ctx)


def moment_of(day: date, hour: int, minute: int, now: datetime) -> datetime:
    """The aware moment in the zone of `now`; hour 24 is the next day's midnight."""
    extra, hour = divmod(hour, 24)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=now.tzinfo) + extra * DAY
