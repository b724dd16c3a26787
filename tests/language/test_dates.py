"""Date phrases mean the day people mean, and say so when they may not."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.clock import BEIJING
from bot.language.dates import Found, Prefer, find_moments, parse_moment
from bot.language.show import show_date, show_moment
from tests.language.phrases import OTHER_NOWS, PAST, WEDNESDAY

NOW = datetime(2026, 9, 16, 10, 30, tzinfo=BEIJING)


def _rows(table: str) -> list[tuple[str, ...]]:
    return [tuple(cell.strip() for cell in line.split("|")) for line in table.strip().splitlines()]


def _check(phrase: str, expected: str, now: datetime, prefer: Prefer) -> None:
    found = find_moments(phrase, now, prefer=prefer)
    if expected == "-":
        assert found == []
        return
    value, _, flags = (
        expected.partition(" ") if expected[10:12] in {"", " ?", " ~", " <"} else (expected[:16], "", expected[17:])
    )
    first = found[0]
    shown = f"{first.value:%Y-%m-%d %H:%M}" if first.has_time else f"{first.value:%Y-%m-%d}"
    assert shown == value
    assert first.sure == ("?" not in flags), first.reason
    assert first.sure or first.reason
    assert first.approximate == ("~" in flags)
    assert first.deadline == ("<" in flags)
    assert phrase[first.start : first.end] == first.text
    if first.has_time:
        assert isinstance(first.value, datetime)
        assert first.value.tzinfo is now.tzinfo
    else:
        assert not isinstance(first.value, datetime)


@pytest.mark.parametrize(("phrase", "expected"), _rows(WEDNESDAY))
def test_phrase_on_a_wednesday(phrase: str, expected: str) -> None:
    _check(phrase, expected, NOW, "future")


def test_the_table_is_as_large_as_the_trial() -> None:
    assert len(_rows(WEDNESDAY)) >= 104


@pytest.mark.parametrize(("now", "phrase", "expected"), _rows(OTHER_NOWS))
def test_phrase_on_another_day(now: str, phrase: str, expected: str) -> None:
    _check(phrase, expected, datetime.fromisoformat(now).replace(tzinfo=BEIJING), "future")


@pytest.mark.parametrize(("phrase", "expected"), _rows(PAST))
def test_phrase_that_looks_back(phrase: str, expected: str) -> None:
    _check(phrase, expected, NOW, "past")


def test_both_readings_are_offered_when_unsure() -> None:
    friday = NOW.replace(day=18)
    assert find_moments("周五", friday)[0].candidates == (date(2026, 9, 18), date(2026, 9, 25))
    sunday = NOW.replace(day=20)
    assert find_moments("下周一", sunday)[0].candidates == (date(2026, 9, 21), date(2026, 9, 28))
    assert [c.hour for c in find_moments("明天7点", NOW)[0].candidates if isinstance(c, datetime)] == [19, 7]
    assert find_moments("节后", NOW)[0].candidates == (date(2026, 9, 28), date(2026, 10, 8))


def test_a_weekday_beside_a_date_must_agree() -> None:
    assert [f.sure for f in find_moments("9月18日 周五 15:00", NOW)] == [True]
    assert find_moments("9月18日（周五）下午3点", NOW)[0].value == datetime(2026, 9, 18, 15, tzinfo=BEIJING)
    assert not find_moments("9月18日 周四", NOW)[0].sure


def test_a_next_that_may_belong_to_the_verb_is_asked_about() -> None:
    found = find_moments("聊了下周五再去", NOW)[0]
    assert (found.sure, found.candidates) == (False, (date(2026, 9, 25), date(2026, 9, 18)))
    found = find_moments("聊了下 周五再去", NOW)[0]
    assert (found.sure, found.candidates) == (False, (date(2026, 9, 18), date(2026, 9, 25)))


def test_known_names_are_masked_before_reading() -> None:
    text = "跟进 三月科技 明天再聊"
    assert [f.text for f in find_moments(text, NOW, mask=["三月科技"])] == ["明天"]
    assert [f.text for f in find_moments(text, NOW)] == ["三月", "明天"]


def test_a_name_of_one_character_masks_nothing() -> None:
    assert [f.text for f in find_moments("明天", NOW, mask=["明"])] == ["明天"]


def test_overrides_move_workdays() -> None:
    overrides = {date(2026, 9, 17): False, date(2026, 9, 19): True}
    assert find_moments("下个工作日", NOW, overrides=overrides)[0].value == date(2026, 9, 18)
    assert find_moments("3个工作日后", NOW, overrides=overrides)[0].value == date(2026, 9, 20)


def test_counting_into_an_unpublished_year_says_so() -> None:
    found = find_moments("3个工作日后", datetime(2026, 12, 31, 9, tzinfo=BEIJING))[0]
    assert found.unpublished
    assert not find_moments("3个工作日后", NOW)[0].unpublished


@pytest.mark.parametrize(
    ("answer", "sure"),
    [
        ("下周三吧", True),
        ("改到后天下午3点", True),
        ("周五(9月18日)", True),
        ("明天或后天", False),
        ("明天吃饭喝酒", False),
    ],
)
def test_an_answer_is_sure_only_when_it_is_nothing_but_the_date(answer: str, sure: bool) -> None:
    found = parse_moment(answer, NOW)
    assert found is not None
    assert found.sure == sure


@pytest.mark.parametrize("answer", ["", "下下次", "好的", "13月5日"])
def test_an_answer_without_a_date_is_none(answer: str) -> None:
    assert parse_moment(answer, NOW) is None


def test_several_dates_of_a_sentence_come_in_order() -> None:
    found = find_moments("昨天拜访了，下周三下午3点再去，月底签", NOW)
    assert [f.text for f in found] == ["昨天", "下周三下午3点", "月底"]
    assert all(f.sure for f in found)


@given(st.dates(date(2026, 9, 18), date(2030, 12, 31)))
def test_a_shown_day_is_read_back(day: date) -> None:
    found = parse_moment(f"{day.year}年{day.month}月{day.day}日", NOW)
    assert found is not None
    assert (found.value, found.sure) == (day, True)
    again = parse_moment(show_moment(day, NOW), NOW)
    assert again is not None
    assert again.day == day


@given(st.datetimes(datetime(2026, 9, 16, 10, 31), datetime(2027, 8, 31)))  # noqa: DTZ001 — made aware below
def test_a_shown_moment_is_read_back(naive: datetime) -> None:
    moment = naive.replace(second=0, microsecond=0, tzinfo=BEIJING)
    found = parse_moment(show_moment(moment, NOW), NOW)
    assert found is not None
    assert found.value == moment


@given(st.integers(1, 300))
def test_days_from_now(days: int) -> None:
    found = parse_moment(f"{days}天后", NOW)
    assert found is not None
    assert found.value == NOW.date() + timedelta(days=days)


_ALPHABET = st.sampled_from(
    "今明后昨天年月日号周星期礼拜上下本个半点刻分一二三四五六七八九十百零两几多内前后初底末"
    "中国庆春节五一工作日季度/-:：.，,0123456789~到 早晚午 pmw"
)


@given(st.text(max_size=40) | st.text(_ALPHABET, max_size=25))
def test_no_text_raises_and_offsets_hold(text: str) -> None:
    for prefer in ("future", "past"):
        for found in find_moments(text, NOW, prefer=prefer):
            assert isinstance(found, Found)
            assert text[found.start : found.end] == found.text
            assert found.sure or found.reason


@given(st.text(_ALPHABET, max_size=12), st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)))  # noqa: DTZ001
def test_no_moment_of_asking_raises(text: str, naive: datetime) -> None:
    parse_moment(text, naive.replace(tzinfo=BEIJING))


@given(st.sampled_from(["明天", "下周三", "15号", "7月5日", "下午3点"]), st.integers(0, 999))
def test_the_iron_rule(phrase: str, number: int) -> None:
    """Digits right before or behind a date are never passed over as if they were not there."""
    for text in (f"{phrase}{number}", f"{number}{phrase}"):
        for found in find_moments(text, NOW):
            swallowed = str(number) in found.text
            assert not found.sure or swallowed


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (datetime(2026, 9, 16, 14, 30, tzinfo=BEIJING), "今天 14:30"),
        (date(2026, 9, 15), "昨天"),
        (date(2026, 9, 17), "明天"),
        (datetime(2026, 9, 23, 15, 0, tzinfo=BEIJING), "9月23日 周三 15:00"),
        (date(2027, 1, 5), "2027年1月5日 周二"),
        (date(2026, 7, 5), "7月5日"),
        (date(2025, 7, 5), "2025年7月5日"),
    ],
)
def test_one_form_for_each_distance(value: date | datetime, shown: str) -> None:
    assert show_moment(value, NOW) == shown


def test_a_stored_moment_is_shown_in_local_time() -> None:
    from datetime import UTC

    assert show_moment(datetime(2026, 9, 16, 16, 30, tzinfo=UTC), NOW) == "明天 00:30"
    assert show_moment(datetime(2026, 9, 17, 1, 0, tzinfo=UTC), NOW, False) == "明天"
    assert show_date(date(2026, 1, 2), NOW.date()) == "1月2日"
