"""Dates and moments in Chinese sentences (ecosystem.md 1.1).

Decided: a bare 周三 is the next one, today included; 下周三 lies in the calendar week after; 月底 is the last day;
a bare 1–6点 is in the afternoon and 晚 adds twelve; 15号 that has gone is next month's; N个工作日 counts 调休 days.

The iron rule: a digit or unit beside a match that the grammar did not take in makes the result unsure.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from bot.language import days, seasons, weeks
from bot.language.calendar import Overrides
from bot.language.days import Rule, moment_of
from bot.language.grammar import AFTER_DAY, BESIDE_DATE, CLOCK, CN, DAY, GUARDED, MEASURES, ONES, SUFFIX, TRIGGER, UNTIL
from bot.language.hours import Clock, read_clock
from bot.language.moment import Context, Found, Prefer, Reading
from bot.language.names import SURNAMES
from bot.language.normalize import fold
from bot.language.ranges import Span, find_range
from bot.language.show import show_moment

__all__ = ["Found", "Prefer", "Span", "find_moments", "find_range", "masked", "parse_moment", "show_moment"]

MASK: Final = "\ue000"

_RULES: Final[Mapping[str, Rule]] = {
    "r_iso": days.iso,
    "r_compact": days.compact,
    "r_offset": days.offset,
    "r_monthday": days.month_day,
    "r_slash": days.slash,
    "r_dayofmonth": days.day_of_month,
    "r_vague": days.vague,
    "r_rel": days.relative,
    "r_week": weeks.weekday,
    "r_weekalone": weeks.week_alone,
    "r_nextworkday": weeks.next_workday,
    "r_monthpart": days.month_part,
    "r_monthalone": days.month_alone,
    "r_quarter": seasons.quarter,
    "r_festival": seasons.festival,
    "r_yearpart": seasons.year_part,
}

_DATED: Final = frozenset({"r_iso", "r_monthday", "r_slash", "r_dayofmonth", "r_rel"})
_HALF_DAY: Final = timedelta(hours=12)
_ONE_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
_QUANTITY: Final = re.compile(
    rf"\s?(?:\d[\d,]*(?:\.\d+)?|[{CN}百千万亿]+)\s?(?:[{MEASURES}]|[wk]"
    rf"(?![a-z]))",
    re.ASCII,
)
_NUMERAL_END: Final = re.compile(rf"[\d{CN}]$", re.ASCII)
_NUMERAL_START: Final = re.compile(rf"[\d{CN}]", re.ASCII)
_JOIN: Final = re.compile(r"\s?(?P<span>到|至|-|~|—|——)\s?|\s?(?:或者?|还是|、|/|和|及)?\s?的?")
_FILLER: Final = re.compile(
    r"[\s,.。，、!！?？:：吧呢啊哦哈的吗呀嘛~]+|改到|改成|改为|改在|定在|约在|约|下次|时间|提醒我?|联系|"
    r"跟进|回访|再|去|打|聊|就|是|在|到"
)


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    value: date | datetime
    has_time: bool
    reading: Reading
    approximate: bool


def masked(text: str, mask: Iterable[str] = ()) -> str:
    """`text` folded, with known names and words that only look like dates blotted out; offsets stay."""
    folded = fold(text)
    for name in mask:
        needle = fold(name)
        if len(needle) > 1 and needle in folded:
            folded = folded.replace(needle, MASK * len(needle))
    return GUARDED.sub(lambda m: MASK * len(m[0]), folded)


def find_moments(
    text: str,
    now: datetime,
    *,
    prefer: Prefer = "future",
    overrides: Overrides | None = None,
    mask: Iterable[str] = (),
) -> list[Found]:
    """Every date or moment in `text`, in order. `now` is aware; `mask` holds names to be left alone.

    Dates of a span (周三到周五), alternatives (周三或周四) and neighbours without a word between are all unsure.
    """
    if not TRIGGER.search(fold(text)):
        return []
    folded = masked(text, mask)
    ctx = Context(now, prefer, overrides)
    hits = list(_hits(folded, ctx))
    founds = [_found(text, folded, hit) for hit in hits]
    for index in range(len(founds) - 1):
        one, two = founds[index], founds[index + 1]
        joint = _JOIN.fullmatch(folded, one.end, two.start)
        if joint is not None:
            two = _in_the_same_week(one, two)
            reason = "说的是一段时间" if joint["span"] else "有两个时间，是哪个？"
            founds[index] = _doubt(one, reason, (one.value, two.value))
            founds[index + 1] = _doubt(two, reason, (one.value, two.value))
    return founds


def parse_moment(
    text: str,
    now: datetime,
    *,
    prefer: Prefer = "future",
    overrides: Overrides | None = None,
    mask: Iterable[str] = (),
) -> Found | None:
    """The date or moment that `text` is (the answer to a question). None when it has none.

    More than one, or words beside it that say something else, make it unsure.
    """
    founds = find_moments(text, now, prefer=prefer, overrides=overrides, mask=mask)
    if not founds:
        return None
    if len(founds) > 1 and len({f.day for f in founds}) == 1 and all(f.sure for f in founds):
        return next((f for f in founds if f.has_time), founds[0])  # 周五(9月18日)
    if len(founds) > 1:
        return _doubt(founds[0], founds[0].reason or "说了不止一个时间", [f.value for f in founds])
    only = founds[0]
    rest = _FILLER.sub("", fold(text[: only.start])) + _FILLER.sub("", fold(text[only.end :]))
    return _doubt(only, "还有没认出的字", only.candidates) if rest and only.sure else only


def _in_the_same_week(one: Found, two: Found) -> Found:
    """下周四或周五: the second weekday lies behind the first, though it carries no 下."""
    value = two.value
    while two.text[0] in "周星礼" and (value.date() if isinstance(value, datetime) else value) < one.day:
        value += _WEEK
    return replace(two, value=value)


def _doubt(found: Found, reason: str, candidates: Iterable[date | datetime]) -> Found:
    return replace(found, sure=False, reason=reason, candidates=tuple(dict.fromkeys(candidates)))


def _hits(folded: str, ctx: Context) -> Iterator[_Hit]:
    position = 0
    day = DAY.search(folded)
    clock = CLOCK.search(folded)
    while True:
        if day is not None and (clock is None or day.start() <= clock.start()):
            hit, position = _day_hit(folded, day, ctx)
        elif clock is not None:
            hit, position = _clock_hit(folded, clock, ctx)
        else:
            return
        if hit is not None:
            yield hit
        if day is not None and day.start() < position:
            day = DAY.search(folded, position)
        if clock is not None and clock.start() < position:
            clock = CLOCK.search(folded, position)


def _day_hit(folded: str, match: re.Match[str], ctx: Context) -> tuple[_Hit | None, int]:
    try:
        reading = _RULES[match.lastgroup or ""](match, ctx)
    except (ValueError, OverflowError):
        reading = None  # beyond the calendar: no date anybody means
    end = match.end()
    if reading is None:
        return None, max(end, match.start() + 1)
    if match.lastgroup in _DATED and (beside := BESIDE_DATE.match(folded, end)):
        reading, end = weeks.confirmed(reading, beside[1]), beside.end()
    clock = None
    if reading.moment is None and (after := AFTER_DAY.match(folded, end)):
        clock = read_clock(after)
        end = after.end()
        if clock is None:
            reading = reading.doubted("没认出几点")
    if clock is not None and (until := UNTIL.match(folded, end)):
        end = until.end()
    end, reading, about = _suffix(folded, end, reading, has_time=clock is not None or reading.moment is not None)
    value: date | datetime = reading.moment or reading.day
    if clock is not None:
        value, reading = _combined(reading, clock, ctx)
        about = about or clock.approximate
    hit = _Hit(match.start(), end, value, isinstance(value, datetime), reading, about or reading.approximate)
    return hit, end


def _clock_hit(folded: str, match: re.Match[str], ctx: Context) -> tuple[_Hit | None, int]:
    clock = read_clock(match)
    end = match.end()
    if clock is None:
        return None, end
    if until := UNTIL.match(folded, end):
        end = until.end()
    end, reading, about = _suffix(folded, end, Reading(ctx.today), has_time=True)
    value = moment_of(ctx.today, clock.hour, clock.minute, ctx.now)
    reading = replace(reading, candidates=())
    if not clock.sure:
        options = [value, *(moment_of(ctx.today, h, clock.minute, ctx.now) for h in clock.others)]
        reading = reading.doubted(clock.reason, options)
    elif ctx.future and value < ctx.now:
        tonight, tomorrow = value + _HALF_DAY, value + _ONE_DAY
        if clock.bare and clock.hour < 12 and tonight > ctx.now:
            value, reading = tonight, reading.doubted("今天的已经过了", (tonight, tomorrow))
        else:
            value, reading = tomorrow, reading.doubted("今天的已经过了", (tomorrow, value))
    elif not ctx.future and value > ctx.now:
        value, reading = value - _ONE_DAY, reading.doubted("今天还没到", (value - _ONE_DAY, value))
    return _Hit(match.start(), end, value, True, reading, about or clock.approximate), end


def _combined(reading: Reading, clock: Clock, ctx: Context) -> tuple[datetime, Reading]:
    def at(day: date) -> datetime:
        return moment_of(day, clock.hour, clock.minute, ctx.now)

    value = at(reading.day)
    if reading.floats:
        ahead = (value >= ctx.now) if ctx.future else (value <= ctx.now)
        if not ahead and clock.approximate:
            return value, replace(reading, candidates=tuple(at(day) for day in reading.candidates))
        value = value if ahead else at(reading.candidates[-1])
        reading = replace(reading, sure=True, reason="", candidates=())
    elif reading.candidates:
        reading = replace(reading, candidates=tuple(at(day) for day in reading.candidates))
    if reading.said_today and ctx.future and value < ctx.now and clock.sure:
        later = value + _HALF_DAY
        if clock.bare and clock.hour < 12 and later > ctx.now:
            return later, reading.doubted("上午的已经过了，是晚上吗？", (later, value + _ONE_DAY))
        return value, reading.doubted("这个时间已经过了", (value, value + _ONE_DAY))
    if not clock.sure and reading.sure:
        options = [value, *(moment_of(value.date(), h, clock.minute, ctx.now) for h in clock.others)]
        reading = reading.doubted(clock.reason, options)
    return value, reading


def _suffix(folded: str, end: int, reading: Reading, *, has_time: bool) -> tuple[int, Reading, bool]:
    match = SUFFIX.match(folded, end)
    if match is None:
        return end, reading, False
    if match["by"] or match["within"]:
        return match.end(), replace(reading, deadline=True), False
    if match["about"] or (match["later"] and has_time):
        return match.end(), reading, True
    if match["later"]:
        days_after = (reading.day, reading.day + _ONE_DAY) if reading.day < date.max else (reading.day,)
        return match.end(), reading.doubted("当天还是之后？", days_after) if reading.sure else reading, True
    return match.end(), reading.doubted("说的是一段时间"), False


def _found(text: str, folded: str, hit: _Hit) -> Found:
    reading = hit.reading
    found = Found(
        hit.start,
        hit.end,
        text[hit.start : hit.end],
        hit.value,
        hit.has_time,
        reading.sure,
        reading.reason,
        reading.candidates,
        hit.approximate,
        reading.deadline,
        reading.unpublished,
    )
    if found.sure and (week := _other_week(folded, found)):
        return _doubt(found, "这周还是下周？", (found.value, found.value + week))
    if found.sure and _has_leftover(folded, hit.start, hit.end):
        return replace(found, sure=False, reason="旁边还有没认出的数字", candidates=(found.value,))
    return found


_DID_A_LITTLE: Final = re.compile(  # 聊了下 is 聊了一下; 批了下周二 and 谈妥了下周三 are not
    r"(?:聊|谈|说|讲|看|问|沟通|联系|交流|对接|打听|试|查|催|约|确认|商量|讨论|介绍|演示|了解|回访|碰|提|通)了$"
)


def _other_week(folded: str, found: Found) -> timedelta | None:
    """How far the other reading lies where 下 may belong to either side: 聊了下周五再去, 聊了下 周五再去."""
    before = folded[: found.start]
    if found.text.startswith(("下周", "下星期", "下礼拜")) and _DID_A_LITTLE.search(before):
        return -_WEEK
    if found.text[0] in "周星礼" and before.endswith(("下 ", "上 ")):
        return _WEEK if before.endswith("下 ") else -_WEEK
    return None


def _has_leftover(folded: str, start: int, end: int) -> bool:
    """Whether digits or units that belong to no word the grammar knows stand beside the match."""
    before = folded[:start].rstrip(" ")[-2:]
    matched = folded[start:end]
    numeral_start = _NUMERAL_START.match(matched) is not None
    last = before[-1:]
    close = bool(before) and folded[start - 1] != " "
    if close and last:
        if last.isdigit() or last in "第每":
            return True
        if last in CN and not ONES.match(before[-1:]) and not _ends_word(folded, start):
            return True
        if numeral_start and (
            last in "百千万亿半几多年月日号周点时分" or (last in "-~/.:" and before[-2:-1].isdigit())
        ):
            return True
    after = folded[end : end + 12]
    if not after:
        return False
    if after[0].isdigit() or after[0] in CN or after[0] in "百廿半":
        return not (_QUANTITY.match(after) or ONES.match(after) or after[0] == "半" or _starts_phone(after))
    if re.match(r"[-~/:.]\d", after, re.ASCII):
        return True
    return _NUMERAL_END.search(matched) is not None and after[0] in "年月日号周点时分秒天个"


def _ends_word(folded: str, start: int) -> bool:
    """Whether the numeral before `start` is the end of a word such as 万一 or 第一."""
    return (
        re.search(
            r"(?:统|唯|单|专|合|逐|其|之|同|不|等|万|星期|礼拜|周)[一二三四五六]$|老[一二三四五六七八九]$"
            rf"|[{SURNAMES}][一二三四五六七八九]$",  # 张三, 王五
            folded[:start],
        )
        is not None
    )


def _starts_phone(after: str) -> bool:
    return re.match(r"1[3-9]\d{9}", after, re.ASCII) is not None
