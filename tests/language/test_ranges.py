"""Spans for reports, and the calendar below them."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.clock import BEIJING
from bot.language.calendar import (
    FESTIVALS,
    add_workdays,
    coming_breaks,
    festival_day,
    first_workday_after,
    holiday,
    is_published,
    is_workday,
    last_workday_before,
)
from bot.language.dates import find_range

NOW = datetime(2026, 9, 16, 10, 30, tzinfo=BEIJING)

SPANS = """
本周 2026-09-14 2026-09-20
这周 2026-09-14 2026-09-20
上周 2026-09-07 2026-09-13
上上周 2026-08-31 2026-09-06
下周 2026-09-21 2026-09-27
本月 2026-09-01 2026-09-30
这个月 2026-09-01 2026-09-30
上月 2026-08-01 2026-08-31
上个月 2026-08-01 2026-08-31
3月 2026-03-01 2026-03-31
三月份 2026-03-01 2026-03-31
去年3月 2025-03-01 2025-03-31
2025年3月 2025-03-01 2025-03-31
2026-08 2026-08-01 2026-08-31
12月 2025-12-01 2025-12-31 ?
本季度 2026-07-01 2026-09-30
上季度 2026-04-01 2026-06-30
Q1 2026-01-01 2026-03-31
一季度 2026-01-01 2026-03-31
第四季度 2025-10-01 2025-12-31 ?
去年四季度 2025-10-01 2025-12-31
上半年 2026-01-01 2026-06-30
去年下半年 2025-07-01 2025-12-31
今年 2026-01-01 2026-12-31
去年 2025-01-01 2025-12-31
2025年 2025-01-01 2025-12-31
近30天 2026-08-18 2026-09-16
最近7天 2026-09-10 2026-09-16
最近一周 2026-09-10 2026-09-16
过去三天 2026-09-14 2026-09-16
近三个月 2026-06-17 2026-09-16
近半年 2026-03-17 2026-09-16
30天内 2026-08-18 2026-09-16
近几天 2026-09-14 2026-09-16 ?
前三天 2026-09-13 2026-09-15
未来7天 2026-09-16 2026-09-22
今天 2026-09-16 2026-09-16
昨天 2026-09-15 2026-09-15
7月1日到7月15日 2026-07-01 2026-07-15
7月1日到15日 2026-07-01 2026-07-15
7/1-7/15 2026-07-01 2026-07-15
2026-07-01至2026-07-31 2026-07-01 2026-07-31
12月1日到1月5日 2025-12-01 2026-01-05
7月到9月 2026-07-01 2026-09-30
1-6月 2026-01-01 2026-06-30
11月到2月 2025-11-01 2026-02-28
本月至今 2026-09-01 2026-09-16
今年以来 2026-01-01 2026-09-16
公海统计3月 2026-03-01 2026-03-31
张三7月50万 2026-07-01 2026-07-31
"""


@pytest.mark.parametrize("line", SPANS.strip().splitlines())
def test_span(line: str) -> None:
    text, first, last, *doubt = line.split()
    found = find_range(text, NOW)
    assert found is not None
    assert (found.first.isoformat(), found.last.isoformat(), found.sure) == (first, last, not doubt)
    assert text[found.start : found.end] == found.text


@pytest.mark.parametrize("text", ["", "业绩", "30天没跟进", "三月三号", "上周三", "我的客户", "今日头条"])
def test_no_span(text: str) -> None:
    assert find_range(text, NOW) is None


def test_looking_ahead() -> None:
    found = find_range("12月", NOW, prefer="future")
    assert found is not None
    assert (found.first, found.sure) == (date(2026, 12, 1), True)


@given(
    st.text(max_size=30)
    | st.text(st.sampled_from("今去明年上下本月季度周天日近最过0123456789一二三四十到-/半内至个"), max_size=14)
)
def test_no_text_raises(text: str) -> None:
    found = find_range(text, NOW)
    if found is not None:
        assert found.first <= found.last
        assert found.sure or found.reason


def test_make_up_days_count_as_work() -> None:
    assert is_workday(date(2026, 9, 20))
    assert not is_workday(date(2026, 10, 7))
    assert first_workday_after(date(2026, 9, 30)).day == date(2026, 10, 8)
    assert last_workday_before(date(2026, 10, 1)).day == date(2026, 9, 30)
    assert add_workdays(date(2026, 9, 16), 3).day == date(2026, 9, 20)
    assert add_workdays(date(2026, 9, 16), 0).day == date(2026, 9, 16)


def test_an_override_goes_before_the_official_arrangement() -> None:
    assert is_workday(date(2026, 10, 1), {date(2026, 10, 1): True})
    assert not is_workday(date(2026, 9, 16), {date(2026, 9, 16): False})


def test_a_year_nobody_published() -> None:
    assert not is_published(2099)
    assert add_workdays(date(2099, 3, 2), 1).unpublished
    assert not is_workday(date(2040, 10, 1))
    assert is_workday(date(2040, 10, 8))
    assert holiday("国庆", 2040).unpublished


@pytest.mark.parametrize(
    ("year", "day"),
    [
        (2025, "2025-01-29"),
        (2026, "2026-02-17"),
        (2027, "2027-02-06"),
        (2028, "2028-01-26"),
        (2029, "2029-02-13"),
        (2033, "2033-01-31"),
    ],
)
def test_spring_festivals(year: int, day: str) -> None:
    assert festival_day("春节", year).isoformat() == day


def test_breaks() -> None:
    national = holiday("国庆", 2026)
    assert (national.first, national.last) == (date(2026, 10, 1), date(2026, 10, 7))
    assert holiday("十一", 2026) == national
    assert holiday("中秋", 2025).first == date(2025, 10, 1)
    assert [b.name for b in coming_breaks(date(2026, 9, 16))[:3]] == ["中秋", "国庆", "元旦"]
    with pytest.raises(KeyError):
        holiday("圣诞", 2026)


@given(st.dates(date(2005, 1, 1), date(2095, 1, 1)), st.integers(1, 40))
def test_counting_there_and_back(day: date, count: int) -> None:
    there = add_workdays(day, count).day
    assert is_workday(there)
    assert there > day
    assert add_workdays(there, -count).day <= day


@given(st.sampled_from(FESTIVALS), st.integers(2004, 2090))
def test_every_break_holds_its_festival(name: str, year: int) -> None:
    found = holiday(name, year)
    assert found.first <= found.festival <= found.last
    assert (found.last - found.first).days < 16
