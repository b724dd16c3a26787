"""May this person take this customer from the pool, and when does one return by itself? Pure: no I/O, no clock.

Source: manual 3.5; spec README D1–D3; crm-rules.md 1.9.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.core.errors import RuleBroken

WARN_DAYS = (7, 3, 1)  # days left at which the owner is warned
AFTER_LOCK = timedelta(days=3)  # from a lock's last day; taken off, that is the day before


class AlreadyClaimed(RuleBroken, code="pool.already_claimed"):
    """Somebody was faster; the text names who and when."""


class ClaimLimited(RuleBroken, code="pool.limited"):
    """A limit of the policy; the text names it and its number."""


class Locked(RuleBroken, code="pool.locked"):
    """The customer is kept from the pool until a day."""


class NotInPool(RuleBroken, code="pool.not_in_pool"):
    """The customer has an owner, so it cannot be assigned from the pool."""


class NotReturnable(RuleBroken, code="pool.not_returnable"):
    """The customer is in the pool already."""


@dataclass(frozen=True, slots=True)
class ClaimPolicy:
    """The pool's limits, set by an administrator. None: no such limit."""

    claim_cap: int | None = None  # claims per person, ever (D1)
    claims_per_day: int | None = None  # per person and Beijing calendar day
    holding_cap: int | None = None  # customers a person may own
    reclaim_after_days: int | None = None  # before a former owner may claim again


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """What the decision looks at, read in the transaction that will write it."""

    claimed_total: int
    claimed_today: int
    holding: int
    owned_until: date | None  # when the claimant last ceased to own this customer


def taken_text(name: str, at: datetime | None, today: date) -> str:
    """已被 李娜 14:32 领取; on another day with the date."""
    if at is None:
        return f"已被 {name} 领取"
    when = f"{at:%H:%M}" if at.date() == today else f"{at.month}月{at.day}日 {at:%H:%M}"
    return f"已被 {name} {when} 领取"


def check_claim(policy: ClaimPolicy, facts: ClaimFacts, *, today: date) -> None:
    """Returns if the claim is allowed; else raises ClaimLimited. Whether it is free, the database decides."""
    cap, daily, holding = policy.claim_cap, policy.claims_per_day, policy.holding_cap
    if cap is not None and facts.claimed_total >= cap:
        raise ClaimLimited(f"累计领取 {facts.claimed_total}/{cap}，已到上限，不能再领。需要的话请管理员调整领取上限。")
    if daily is not None and facts.claimed_today >= daily:
        raise ClaimLimited(f"今天已领取 {facts.claimed_today}/{daily} 家，明天 0 点后再来。")
    if holding is not None and facts.holding >= holding:
        raise ClaimLimited(f"你名下已有 {facts.holding}/{holding} 家客户，先退回不跟的再领。")
    if policy.reclaim_after_days and facts.owned_until is not None:
        free_on = facts.owned_until + timedelta(days=policy.reclaim_after_days)
        if today < free_on:
            when = f"{free_on.month}月{free_on.day}日"
            raise ClaimLimited(f"这家前不久还在你名下，{when}起才能再领，先发送「公海」看看别的。")


def check_receiver(policy: ClaimPolicy, *, name: str, holding: int) -> None:
    """Assigning is no claim and meets no claim cap, but the receiver's holdings are limited (R-POOL-5)."""
    if policy.holding_cap is not None and holding >= policy.holding_cap:
        raise ClaimLimited(f"{name} 名下已有 {holding}/{policy.holding_cap} 家客户，已满，请换一位。")


def check_room(cap: int, *, name: str, holding: int, back: bool = False) -> None:
    """Whether one more customer may be his. `name` "": it is the actor himself; `back`: an undo gives it back.

    Raises ClaimLimited.
    """
    if holding >= cap:
        whose, then = (name, "请换一位") if name else ("你", "先退回不跟的再来")
        if back:
            then = f"先请 {name} 退回一家，再撤销" if name else "先退回不跟的，再撤销"
        raise ClaimLimited(f"{whose} 名下已有 {holding}/{cap} 家客户，已满，{then}。")


def check_not_locked(*, name: str, lock_until: date | None, today: date) -> None:
    """Neither by hand nor by rule (R-POOL-16)."""
    if lock_until is not None and lock_until >= today:
        until = f"{lock_until.month}月{lock_until.day}日"
        raise Locked(f"「{name}」锁定到 {until}，不能退回公海。要退回先发送「解锁 {name}」。")


def claimed_line(total: int, cap: int | None) -> str:
    """What `公海` begins with (D26)."""
    return f"累计领取 {total}/{cap}" if cap is not None else f"累计领取 {total}（不限）"


@dataclass(frozen=True, slots=True)
class ReturnClock:
    """How long an owned customer still has (D3)."""

    base: date  # days count from here
    quiet_days: int  # today − base
    days_left: int  # until it returns; 0 or less: due


def return_clock(
    *, after_days: int, owner_since: datetime, last_follow_up_at: datetime | None, rule_since: date | None, today: date,
    lock_until: date | None = None,
) -> ReturnClock:  # fmt: skip
    """Base: the later of last follow-up, start of ownership and the day the rule was switched on.

    A locked customer does not return, and after its lock has ended or been taken off a full day is left (R-POOL-16).
    """
    days = [owner_since.date()]
    if last_follow_up_at is not None:
        days.append(last_follow_up_at.date())
    if rule_since is not None:
        days.append(rule_since)
    base = max(days)
    quiet = (today - base).days
    left = after_days - quiet
    if lock_until is not None:
        left = max(left, (lock_until + AFTER_LOCK - today).days)
    return ReturnClock(base, quiet, left)


def returned_reason(days: int, last_follow_up_at: datetime | None) -> str:
    """Why it returned, as its owner history keeps it (invariant 16)."""
    last = f"上次跟进 {last_follow_up_at:%Y-%m-%d}" if last_follow_up_at is not None else "没有跟进过"
    return f"{days} 天未跟进，自动返回公海（{last}）"


def warning_threshold(clock: ReturnClock, after_days: int) -> int | None:
    """Which of the 7/3/1-day warnings is due; a missed one is caught up by the next run."""
    fitting = [t for t in WARN_DAYS if 0 < clock.days_left <= t < after_days]
    return min(fitting) if fitting else None
