"""Sentences that change settings, as a table; and what a usage scope may be."""

import pytest

from bot.core.errors import InvalidInput
from handlers.opening.rules import NotAgreed, ScopeWish, check_agreed, read_scope
from handlers.org.rules import tail
from handlers.settings import rules
from handlers.settings.rules import REMINDERS, TOPICS, Value, read_changes, read_pool, read_quiet, read_time


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("领取上限 3", {"claim_cap": 3}),
        ("领取上限 不限", {"claim_cap": None}),
        ("领取上限改为０个", {"claim_cap": 0}),
        ("累计领取上限：二十家", {"claim_cap": 20}),
        ("每天领取 10 持有上限 150", {"claims_per_day": 10, "holding_cap": 150}),
        ("每天领取上限5，再次领取间隔3天", {"claims_per_day": 5, "reclaim_after_days": 3}),
        ("未跟进返回 15天", {"return_after_days": 15}),
        ("未跟进自动返回公海 十五 天", {"return_after_days": 15}),
        ("自动返回 关闭", {"return_after_days": None}),
        ("有合同也返回 是", {"return_with_contract": True}),
        ("有合同也返回 否", {"return_with_contract": False}),
        ("30天未跟进回收", {"return_after_days": 30}),
        ("上限 10 每天", {"claims_per_day": 10}),
        ("看看", {}),
        ("请把领取上限 3", {}),
    ],
)
def test_pool_sentences(text: str, changes: dict[str, Value]) -> None:
    assert read_pool(text) == changes


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("未跟进 10天", {"not_followed_days": 10}),
        ("未成交 30 天 合同到期 7天", {"not_closed_days": 30, "contract_expiry_days": 7}),
        ("下次跟进 0", {"next_follow_up_days": 0}),
        ("下次跟进 关闭", {"next_follow_up_days": None}),
        ("提醒时间 8:50", {"at": "08:50"}),
    ],
)
def test_reminder_sentences(text: str, changes: dict[str, Value]) -> None:
    assert read_changes(REMINDERS, text) == changes


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("8:50", "08:50"),
        ("８：５０", "08:50"),
        ("早上9点", "09:00"),
        ("九点半", "09:30"),
        ("晚上8点15分", "20:15"),
        ("20:00", "20:00"),
    ],
)
def test_times_of_day(said: str, at: str) -> None:
    assert read_time(said, "提醒时间 8:50") == at


@pytest.mark.parametrize("said", ["", "24:00", "8:60", "早上", "8-50", "明天"])
def test_times_that_are_none(said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_time(said, "提醒时间 8:50")
    assert "提醒时间 8:50" in refused.value.text


def test_quiet_hours() -> None:
    assert (
        read_quiet("20:00-8:30") == read_quiet("晚上8点到早上8点半") == read_quiet("20:00～08:30") == ("20:00", "08:30")
    )
    assert rules.quiet_text(read_quiet("关闭")) == "关闭"
    with pytest.raises(InvalidInput):
        read_quiet("20:00")


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("全部员工", ScopeWish("all")),
        ("：全员", ScopeWish("all")),
        ("仅管理员", ScopeWish("admins")),
        ("张三", ScopeWish("some", ("张三",))),
        ("部分员工 销售一部、张三，@李四 张三", ScopeWish("some", ("销售一部", "张三", "李四"))),
    ],
)
def test_usage_scopes(text: str, wish: ScopeWish) -> None:
    assert read_scope(text) == wish


@pytest.mark.parametrize("text", ["", "部分员工", "管理员 张三"])
def test_usage_scopes_that_are_none(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_scope(text)


def test_the_missing_step_is_named() -> None:
    check_agreed("chen01")
    with pytest.raises(NotAgreed, match="我同意"):
        check_agreed("")


def test_of_a_secret_four_characters_at_most_are_shown() -> None:
    assert tail("abcdefghijklmnop") == "…mnop" and tail("abcdefgh") == "…gh" and tail("abc") == "…"


def test_the_topics_are_the_manuals_fourteen_and_no_name_is_given_twice() -> None:
    assert len(TOPICS) == 14 and TOPICS[0].key == "install" and TOPICS[-1].key == "invoices"
    names = [name for topic in TOPICS for name in (topic.title, *topic.aliases)]
    assert len(names) == len(set(names))
