"""May this person take this lead from the pool? Pure. Source: crm-rules.md R-LEAD-6, with the manners of 1.9."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from bot.core.errors import RuleBroken
from handlers.pool.rules import ClaimLimited

OFF: Final = "公司没有开启线索公海。管理员发送「公海设置 线索公海 开」就有了；自己的线索发送「我的线索」。"


class NoLeadPool(RuleBroken, code="leadpool.off"):
    """The company's setting is off."""


class NotReturnable(RuleBroken, code="leadpool.not_returnable"):
    """It is in the pool already, or somebody else's since."""


@dataclass(frozen=True, slots=True)
class LeadPolicy:
    """The limits set by an administrator. None: no such limit."""

    claims_per_day: int | None = None  # per person and Beijing calendar day
    holding_cap: int | None = None  # open leads a person may own
    reclaim_after_days: int | None = None  # before a former owner may claim again


def check_on(*, on: bool) -> None:
    """Raises NoLeadPool."""
    if not on:
        raise NoLeadPool(OFF)


def check_claim(policy: LeadPolicy, *, claimed_today: int, holding: int, owned_until: date | None, today: date) -> None:
    """`owned_until`: when the claimant last ceased to own this lead. Whether it is free, the database decides.

    Raises:
        ClaimLimited: the text names the limit.
    """
    daily, cap = policy.claims_per_day, policy.holding_cap
    if daily is not None and claimed_today >= daily:
        raise ClaimLimited(f"今天已领取线索 {claimed_today}/{daily} 条，明天 0 点后再来。")
    if cap is not None and holding >= cap:
        raise ClaimLimited(f"你名下已有 {holding}/{cap} 条线索，先退回不跟的再领。")
    if policy.reclaim_after_days and owned_until is not None:
        free_on = owned_until + timedelta(days=policy.reclaim_after_days)
        if today < free_on:
            when = f"{free_on.month}月{free_on.day}日"
            raise ClaimLimited(f"这条前不久还在你名下，{when}起才能再领，先发送「线索公海」看看别的。")


def claimed_line(today: int, policy: LeadPolicy) -> str:
    """What the list begins with (D26)."""
    limit = f"/{policy.claims_per_day}" if policy.claims_per_day is not None else ""
    return f"今天已领取 {today}{limit} 条"
