"""Spans of time for lists and reports: 本周, 上季度, 近30天, 3月, 7月1日到15日."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from bot.language.grammar import CN, GUARDED
from bot.language.moment import Prefer, add_months, month_end, shifted_month
from bot.language.normalize import fold
from bot.language.numbers import integer, spelled_digits


@dataclass(frozen=True, slots=True)
class Span:
    """The days `first` to `last`, both included, named at `start:end` of a text."""

    start: int
    end: int
    text: str
    first: date
    last: date
    sure: bool = True
    reason: str = ""


_DAY: Final = timedelta(days=1)
_NUM: Final = rf"(?:\d{{1,4}}|[{CN}百]{{1,4}})"
_MONTH: Final = r"(?:1[0-2]|0?[1-9](?!\d)|十[一二]?|[一二三四五六七八九])"
_DATE: Final = (
    r"(?:(?:(?P<{p}y>20\d\d)[年/.-])?\s?(?P<{p}m>1[0-2]|0?[1-9])[月/.-](?P<{p}d>3[01]|[12]\d|0?[1-9])[日号]?"
    r"|(?P<{p}w>今天|昨天|前天|现在|今日|至今))"
)
_YEAR: Final = (
    rf"今年|本年度?|去年|前年|上年度?|明年|后年|来年|(?<!\d)20\d\d(?:\s?年度?|(?!\d))|"
    rf"(?<!\d)\d\d年(?=\d)|二[零〇][{CN}]{{2}}年"
)

_SPAN: Final = re.compile(
    "|".join(
        f"(?P<{name}>{pattern})"
        for name, pattern in (
            ("s_between", (rf"(?<![\d.]){_DATE.format(p='a')}\s?(?:到|至|-|~|—|——)\s?"
            rf"(?:{_DATE.format(p='b')}|(?P<bday>3[01]|[12]\d|0?[1-9])[日号])(?![\d])")),
            ("s_months", (rf"(?:(?P<msy>{_YEAR})的?\s?)?(?<![\d{CN}])(?P<ms1>{_MONTH})月?份?\s?(?:到|至|"
            rf"-|~|—)\s?(?P<ms2>{_MONTH})月份?(?!\d)")),
            ("s_last", (rf"(?:最近|过去|近|前(?!天)|这(?=[两三四五六七八九十几\d])|未来|接下来|今后)(?:的)?"
            rf"(?P<ln>{_NUM}|半|几)?\s?(?P<lh>个)?\s?(?P<lu>天|日(?!期)|周|星期|礼拜|月|季度|年)"
            rf"(?![初末底])(?:以?内|以来)?")),
            ("s_within", rf"(?<![\d{CN}])(?P<wn>{_NUM})\s?(?P<wh>个)?(?P<wu>天|周|星期|月|年)(?:之|以)?内"),
            ("s_week", (r"(?P<wk>本|这一?个?|上上个?|上一?个?|下一?个?|当)(?:周|星期|礼拜)"
            r"(?![一二三四五六日天末1-7])")),
            ("s_half", rf"(?:(?P<hy>{_YEAR})的?\s?)?(?P<hf>上|下)半年"),
            ("s_quarter", (rf"(?:(?P<qy>{_YEAR})的?\s?)?(?:(?P<qr>本|这一?个?|上一?个?|下一?个?|当)季度?|"
            rf"第?(?P<qn>[一二三四1-4])季度?|q(?P<qq>[1-4])(?![a-z\d]))")),
            ("s_monthrel", r"(?P<mr>本|这一?个?|上上个?|上一?个?|下一?个?|当)月(?:份)?(?![初末底中\d])"),
            ("s_month", (rf"(?:(?P<my>{_YEAR})的?\s?)?(?:(?<![\d个/.-])(?=\d)|(?<![\d{CN}个/.-]))(?P<mn>{_MONTH})月"
            rf"(?!\s?\d{{1,2}}\s?[日号]|[{CN}]{{1,3}}[日号]|底|初|薪|结|饼)份?|(?<!\d)"
            rf"(?P<iy>20\d\d)[-/.](?P<im>0?[1-9]|1[0-2])(?![-/.\d])")),
            ("s_year", _YEAR),
            ("s_day", r"今天|今日|昨天|昨日|前天|明天|明日"),
            ("s_all", r"全部时间|所有时间|历史累计|有史以来"),
        )
    ),
    re.ASCII,
)  # fmt: skip


_UNTIL_NOW: Final = re.compile(r"份?(?:至今|以来|到现在|到今天|到目前|截至目前)")


def find_range(text: str, now: datetime, *, prefer: Prefer = "past", mask: Iterable[str] = ()) -> Span | None:
    """The first span of days named in `text`; None when there is none.

    A month or quarter without a year lies in this year; when it has not come yet and the text looks back
    (`prefer="past"`) it is last year's, unsure. 近N天 end today, counting it; 未来N天 begin today.
    """
    folded = fold(text)
    for name in mask:
        needle = fold(name)
        if len(needle) > 1:
            folded = folded.replace(needle, "\ue000" * len(needle))
    folded = GUARDED.sub(lambda m: "\ue000" * len(m[0]), folded)
    position = 0
    while match := _SPAN.search(folded, position):
        try:
            read = _READERS[match.lastgroup or ""](match, now.date(), prefer)
        except (ValueError, OverflowError):
            read = None
        if read is not None:
            first, last, reason = read
            end = match.end()
            if until_now := _UNTIL_NOW.match(folded, end):
                end, last = until_now.end(), max(first, now.date())
            if first > last:
                first, last, reason = last, first, "前后颠倒了"
            if not reason and _leftover(folded, match.start(), end):
                reason = "旁边还有没认出的数字"
            return Span(match.start(), end, text[match.start() : end], first, last, not reason, reason)
        position = max(match.end(), match.start() + 1)
    return None


_Read = tuple[date, date, str] | None


def _leftover(folded: str, start: int, end: int) -> bool:
    before, after = folded[start - 1 : start] if start else "", folded[end : end + 2]
    if before.isdigit() or after[:1].isdigit():
        return not re.match(r"\d+\s?[万元家个wk天日%]", folded[end:], re.ASCII) or before.isdigit()
    return after[:1] in {"-", "/", "~", ".", ":"} and after[1:2].isdigit()


def _year(said: str | None, today: date) -> int | None:
    if not said:
        return None
    step = {"今": 0, "本": 0, "去": -1, "上": -1, "前": -2, "明": 1, "来": 1, "后": 2}.get(said[0])
    if step is not None:
        return today.year + step
    digits = re.sub(r"[年度\s的]", "", said)
    number = int(digits) if digits.isascii() else spelled_digits(digits)
    return number + 2000 if number is not None and number < 100 else number


def _step(said: str) -> int:
    return said.count("下") - said.count("上")


def _between(match: re.Match[str], today: date, prefer: Prefer) -> _Read:
    if match["bw"] is None and match["bday"] is None and match["bm"] is None:
        return None
    start = _point(match, "a", today, today.year)
    if start is None:
        return None
    if match["bday"]:
        return start, date(start.year, start.month, int(match["bday"])), ""
    year = int(match["by"]) if match["by"] else start.year
    end = _point(match, "b", today, year)
    if end is None:
        return None
    if not match["ay"] and match["by"]:
        start = start.replace(year=int(match["by"]))
    if end < start and not match["by"] and match["bm"]:
        return (
            (start.replace(year=start.year - 1), end, "")
            if prefer == "past"
            else (start, end.replace(year=end.year + 1), "")
        )
    if not match["ay"] and not match["by"] and prefer == "past" and start > today:
        return start.replace(year=start.year - 1), end.replace(year=end.year - 1), "今年的还没到，按去年算吗？"
    return start, end, ""


def _point(match: re.Match[str], prefix: str, today: date, year: int) -> date | None:
    word = match[prefix + "w"]
    if word:
        return today - {"昨天": 1, "前天": 2}.get(word, 0) * _DAY
    if not match[prefix + "m"]:
        return None
    if match[prefix + "y"]:
        year = int(match[prefix + "y"])
    return date(year, int(match[prefix + "m"]), int(match[prefix + "d"]))


def _months(match: re.Match[str], today: date, prefer: Prefer) -> _Read:
    one, two = integer(match["ms1"]), integer(match["ms2"])
    year = _year(match["msy"], today)
    if one is None or two is None or not (1 <= one <= 12 and 1 <= two <= 12):
        return None
    if year is None:
        year = today.year
        if one > two:
            year -= prefer == "past"
        elif prefer == "past" and date(year, one, 1) > today:
            return date(year - 1, one, 1), month_end(year - 1, two), "今年的还没到，按去年算吗？"
    return date(year, one, 1), month_end(year + (one > two), two), ""


def _last(match: re.Match[str], today: date, prefer: Prefer) -> _Read:  # noqa: ARG001 — one signature for all
    said, unit = match["ln"], match["lu"]
    word = match[0]
    ahead = word.startswith(("未来", "接下来", "今后"))
    if word.startswith("这") and (said is None or unit in {"月", "季度", "年"} or said == "一"):
        return None
    if said is None and not word.startswith(("最近", "过去", "近", "未来", "接下来")):
        return None
    if said in {"半", "几"}:
        size = 6 if unit == "年" else 0
        if said == "几":
            return _back(3, unit, today, ahead=ahead, reason=f"「{word}」不够准")
        if size:
            return _back(6, "月", today, ahead=ahead)
        return _back(15, "天", today, ahead=ahead) if unit == "月" else None
    number = integer(said) if said else 1
    if number is None:
        few = spelled_digits(said or "")
        return None if few is None else _back(few % 10, unit, today, ahead=ahead, reason=f"「{said}」是几？")
    if word.startswith("前"):
        return _back(number, unit, today - _DAY, ahead=False)
    return _back(number, unit, today, ahead=ahead) if number else None


def _back(number: int, unit: str, today: date, *, ahead: bool, reason: str = "") -> _Read:
    if number > 5000:
        return None
    sign = 1 if ahead else -1
    if unit in {"天", "日"}:
        edge = today + sign * (number - 1) * _DAY
    elif unit in {"周", "星期", "礼拜"}:
        edge = today + sign * (number * 7 - 1) * _DAY
    else:
        months = {"月": 1, "季度": 3, "年": 12}[unit] * number
        edge = add_months(today, sign * months) - sign * _DAY
    return (today, edge, reason) if ahead else (edge, today, reason)


def _within(match: re.Match[str], today: date, prefer: Prefer) -> _Read:
    number = integer(match["wn"])
    if not number or (match["wu"] == "月" and not match["wh"]):
        return None
    return _back(number, match["wu"], today, ahead=prefer == "future")


def _week(match: re.Match[str], today: date, prefer: Prefer) -> _Read:  # noqa: ARG001
    monday = today + (_step(match["wk"]) * 7 - today.weekday()) * _DAY
    return monday, monday + 6 * _DAY, ""


def _half(match: re.Match[str], today: date, prefer: Prefer) -> _Read:
    year = _year(match["hy"], today) or today.year
    upper = match["hf"] == "上"
    first, last = (date(year, 1, 1), date(year, 6, 30)) if upper else (date(year, 7, 1), date(year, 12, 31))
    if not match["hy"] and prefer == "past" and first > today:
        return first.replace(year=year - 1), last.replace(year=year - 1), "今年的还没到，按去年算吗？"
    return first, last, ""


def _quarter(match: re.Match[str], today: date, prefer: Prefer) -> _Read:
    year = _year(match["qy"], today)
    said = match["qn"] or match["qq"]
    if said:
        index = "一二三四1234".index(said) % 4
        if "季" not in match[0] and "q" not in match[0]:
            return None
        chosen = year or today.year
        first = date(chosen, index * 3 + 1, 1)
        if year is None and prefer == "past" and first > today:
            return (
                date(chosen - 1, index * 3 + 1, 1),
                month_end(chosen - 1, index * 3 + 3),
                "今年的还没到，按去年算吗？",
            )
        return first, month_end(chosen, index * 3 + 3), ""
    begin = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    first_year, month = shifted_month(begin, 3 * _step(match["qr"]))
    return date(first_year, month, 1), month_end(first_year, month + 2), ""


def _month_relative(match: re.Match[str], today: date, prefer: Prefer) -> _Read:  # noqa: ARG001
    year, month = shifted_month(today, _step(match["mr"]))
    return date(year, month, 1), month_end(year, month), ""


def _month(match: re.Match[str], today: date, prefer: Prefer) -> _Read:
    if match["iy"]:
        year, month = int(match["iy"]), int(match["im"])
        return date(year, month, 1), month_end(year, month), ""
    number = integer(match["mn"])
    if number is None or not 1 <= number <= 12:
        return None
    named = _year(match["my"], today)
    year = named or today.year
    if named is None and date(year, number, 1) > today and prefer == "past":
        return date(year - 1, number, 1), month_end(year - 1, number), "今年的还没到，按去年算吗？"
    if named is None and prefer == "future" and month_end(year, number) < today:
        return date(year + 1, number, 1), month_end(year + 1, number), "今年的已经过了，按明年算吗？"
    return date(year, number, 1), month_end(year, number), ""


def _whole_year(match: re.Match[str], today: date, prefer: Prefer) -> _Read:  # noqa: ARG001
    year = _year(match[0], today)
    if year is None or (match[0].strip().isdigit() and not 2000 <= year <= 2099):
        return None
    return date(year, 1, 1), date(year, 12, 31), ""


def _one_day(match: re.Match[str], today: date, prefer: Prefer) -> _Read:  # noqa: ARG001
    day = today + {"今": 0, "昨": -1, "前": -2, "明": 1}[match[0][0]] * _DAY
    return day, day, ""


def _all_time(match: re.Match[str], today: date, prefer: Prefer) -> _Read:  # noqa: ARG001
    return date(2000, 1, 1), today, ""


_READERS: Final[dict[str, Callable[[re.Match[str], date, Prefer], _Read]]] = {
    "s_between": _between,
    "s_months": _months,
    "s_last": _last,
    "s_within": _within,
    "s_week": _week,
    "s_half": _half,
    "s_quarter": _quarter,
    "s_monthrel": _month_relative,
    "s_month": _month,
    "s_year": _whole_year,
    "s_day": _one_day,
    "s_all": _all_time,
}
