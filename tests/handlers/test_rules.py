"""Rules as tables: every edge of the pool's and the reminders' decisions."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest

from bot.core.clock import BEIJING
from handlers.customers.rules import (
    Duplicate,
    MaybeDuplicate,
    NotYours,
    TwinFact,
    check_duplicates,
    check_may_write,
    masked,
    twin_text,
)
from handlers.followups.rules import BadFollowUp, check_follow_up
from handlers.pool.rules import (
    ClaimFacts,
    ClaimLimited,
    ClaimPolicy,
    check_claim,
    check_receiver,
    claimed_line,
    return_clock,
    taken_text,
    warning_threshold,
)
from handlers.reminders import rules as reminders
from handlers.reminders.rules import ReminderPolicy

TODAY = date(2026, 3, 9)
NOW = datetime(2026, 3, 9, 9, 0, tzinfo=BEIJING)
FREE = ClaimFacts(claimed_total=0, claimed_today=0, holding=0, owned_until=None)


@pytest.mark.parametrize(
    ("policy", "facts", "allowed"),
    [
        (ClaimPolicy(), replace(FREE, claimed_total=999, claimed_today=99, holding=999), True),
        (ClaimPolicy(claim_cap=3), replace(FREE, claimed_total=2), True),
        (ClaimPolicy(claim_cap=3), replace(FREE, claimed_total=3), False),
        (ClaimPolicy(claim_cap=0), FREE, False),
        (ClaimPolicy(claims_per_day=1), replace(FREE, claimed_total=50), True),
        (ClaimPolicy(claims_per_day=1), replace(FREE, claimed_today=1), False),
        (ClaimPolicy(holding_cap=10), replace(FREE, holding=9), True),
        (ClaimPolicy(holding_cap=10), replace(FREE, holding=10), False),
        (ClaimPolicy(reclaim_after_days=7), replace(FREE, owned_until=date(2026, 3, 3)), False),
        (ClaimPolicy(reclaim_after_days=7), replace(FREE, owned_until=date(2026, 3, 2)), True),
        (ClaimPolicy(reclaim_after_days=0), replace(FREE, owned_until=TODAY), True),
    ],
)
def test_a_claim(policy: ClaimPolicy, facts: ClaimFacts, allowed: bool) -> None:
    if allowed:
        check_claim(policy, facts, today=TODAY)
        return
    with pytest.raises(ClaimLimited):
        check_claim(policy, facts, today=TODAY)


def test_a_receiver_meets_the_holding_cap_only() -> None:
    check_receiver(ClaimPolicy(claim_cap=0, holding_cap=2), name="李娜", holding=1)
    with pytest.raises(ClaimLimited):
        check_receiver(ClaimPolicy(holding_cap=2), name="李娜", holding=2)


def test_the_sentences_name_their_numbers() -> None:
    assert claimed_line(2, 3) == "累计领取 2/3"
    assert claimed_line(2, None) == "累计领取 2（不限）"
    assert taken_text("李娜", NOW.replace(hour=14, minute=32), TODAY) == "已被 李娜 14:32 领取"
    assert taken_text("李娜", NOW - timedelta(days=1), TODAY) == "已被 李娜 3月8日 09:00 领取"


@pytest.mark.parametrize(
    ("since", "followed", "rule_since", "left"),
    [
        ("2026-02-22", None, None, 0),  # 15 days: due today
        ("2026-02-23", None, None, 1),
        ("2026-01-01", "2026-03-08", None, 14),  # the follow-up counts
        ("2026-03-08", "2026-01-01", None, 14),  # ownership protects: claimed yesterday
        ("2026-01-01", "2026-01-02", "2026-03-09", 15),  # a rule just switched on
    ],
)
def test_the_clock_of_return(since: str, followed: str | None, rule_since: str | None, left: int) -> None:
    clock = return_clock(
        after_days=15,
        owner_since=datetime.fromisoformat(f"{since}T23:59:00+08:00"),
        last_follow_up_at=datetime.fromisoformat(f"{followed}T00:00:00+08:00") if followed else None,
        rule_since=date.fromisoformat(rule_since) if rule_since else None,
        today=TODAY,
    )
    assert clock.days_left == left


@pytest.mark.parametrize(
    ("left", "after", "threshold"),
    [
        (8, 15, None),
        (7, 15, 7),
        (5, 15, 7),
        (4, 15, 7),
        (3, 15, 3),
        (2, 15, 3),
        (1, 15, 1),
        (0, 15, None),
        (5, 5, None),
        (3, 5, 3),
    ],
)
def test_the_warnings_are_7_3_1_and_a_missed_one_is_caught_up(left: int, after: int, threshold: int | None) -> None:
    clock = return_clock(
        after_days=after,
        owner_since=NOW - timedelta(days=after - left),
        last_follow_up_at=None,
        rule_since=None,
        today=TODAY,
    )
    assert clock.days_left == left
    assert warning_threshold(clock, after) == threshold


@pytest.mark.parametrize(("days", "due"), [(-1, False), (0, True), (1, True), (2, False)])
def test_the_next_contact_is_reminded_of_within_its_lead(days: int, due: bool) -> None:
    planned = datetime.combine(TODAY + timedelta(days=days), time(15, 0), tzinfo=BEIJING)
    found = reminders.next_follow_up(
        ReminderPolicy(next_follow_up_days=1), name="华兴", planned=planned, timed=True, today=TODAY
    )
    assert (found is not None) == due
    assert reminders.next_follow_up(ReminderPolicy(), name="华兴", planned=planned, timed=True, today=TODAY) is None


def test_the_other_rules_fire_on_their_day_and_after() -> None:
    policy = ReminderPolicy(not_closed_days=30, not_followed_days=10, contract_expiry_days=7)
    assert reminders.not_followed(policy, name="甲", base=TODAY - timedelta(days=9), today=TODAY) is None
    late = reminders.not_followed(policy, name="甲", base=TODAY - timedelta(days=12), today=TODAY)
    assert late is not None and "12 天" in late.text and "规则 10 天" in late.text
    owned = TODAY - timedelta(days=30)
    assert reminders.not_closed(policy, name="甲", owned_on=owned, has_contract=True, today=TODAY) is None
    assert reminders.not_closed(policy, name="甲", owned_on=owned, has_contract=False, today=TODAY) is not None
    for left, due in ((8, False), (7, True), (0, True), (-1, False)):
        ends = TODAY + timedelta(days=left)
        found = reminders.contract_expiry(policy, number="HT-1", customer="甲", ends_on=ends, today=TODAY)
        assert (found is not None) == due


@pytest.mark.parametrize(
    ("clock", "quiet", "leaves"),
    [
        ("09:00", ("20:00", "08:30"), None),
        ("20:00", ("20:00", "08:30"), "2026-03-10T08:30"),
        ("23:59", ("20:00", "08:30"), "2026-03-10T08:30"),
        ("08:29", ("20:00", "08:30"), "2026-03-09T08:30"),
        ("08:30", ("20:00", "08:30"), None),
        ("13:00", ("12:00", "14:00"), "2026-03-09T14:00"),
        ("03:00", ("00:00", "00:00"), None),
    ],
)
def test_quiet_hours(clock: str, quiet: tuple[str, str], leaves: str | None) -> None:
    now = datetime.combine(TODAY, time.fromisoformat(clock), tzinfo=BEIJING)
    expected = datetime.fromisoformat(f"{leaves}:00+08:00") if leaves else None
    assert reminders.after_quiet_hours(now, quiet) == expected


def test_the_morning_message_is_cut_with_a_count() -> None:
    title, text = reminders.morning_text([("not_followed", f"第{n}家") for n in range(30)], TODAY)
    assert "30 条" in title and text.count("第") == 20 and "还有 10 条" in text


@pytest.mark.parametrize(
    ("content", "at", "next_at", "timed", "good"),
    [
        ("聊了报价", NOW, None, False, True),
        ("  ", NOW, None, False, False),
        ("x" * 2001, NOW, None, False, False),
        ("聊", NOW + timedelta(hours=1), None, False, False),
        ("聊", NOW - timedelta(days=30), None, False, True),
        ("聊", NOW - timedelta(days=31), None, False, False),
        ("聊", NOW, NOW.replace(hour=8), True, False),
        ("聊", NOW, NOW.replace(hour=0), False, True),  # today, without a time
        ("聊", NOW, NOW - timedelta(days=1), False, False),
    ],
)
def test_a_follow_up(content: str, at: datetime, next_at: datetime | None, timed: bool, good: bool) -> None:
    if good:
        check_follow_up(content, at=at, next_at=next_at, next_timed=timed, now=NOW)
        return
    with pytest.raises(BadFollowUp):
        check_follow_up(content, at=at, next_at=next_at, next_timed=timed, now=NOW)


def test_duplicates_are_refused_or_asked_about_and_masked() -> None:
    check_duplicates([], anyway=False)
    hidden = TwinFact("杭州远航贸易有限公司", "李娜", hard=True, visible=False)
    with pytest.raises(Duplicate) as refused:
        check_duplicates([hidden], anyway=True)
    assert "远航" not in refused.value.text and "李娜" in refused.value.text
    like = replace(hidden, hard=False)
    with pytest.raises(MaybeDuplicate) as doubt:
        check_duplicates([like, replace(like, owner="", id=2), replace(like, mine=True, id=3)], anyway=False)
    assert doubt.value.others == (like,), "a colleague's only: whose owner can be asked"
    check_duplicates([like], anyway=True)
    assert "最近跟进 3 天前" in twin_text(replace(like, quiet_days=3))
    assert "跟进" not in twin_text(replace(like, quiet_days=3, mine=True))
    assert masked("杭州远航贸易") == "杭****易"


def test_who_may_write() -> None:
    check_may_write(owner_id="lina", actor_id="lina", may_edit=False, name="甲", owner="李娜")
    check_may_write(owner_id="lina", actor_id="wang", may_edit=True, name="甲", owner="李娜")
    for owner, may_edit in (("lina", False), (None, True)):
        with pytest.raises(NotYours):
            check_may_write(owner_id=owner, actor_id="wang", may_edit=may_edit, name="甲", owner="李娜")
