"""When a lead returns to its pool by itself: the engine of the customers' pool, by a rule of its own (R-LEAD-6)."""

from datetime import date, datetime

from handlers.pool.rules import ReturnClock, return_clock
from storage.settings import CompanySettings


def clock_of(
    settings: CompanySettings, owner_since: datetime, last_follow_up_at: datetime | None, today: date
) -> ReturnClock | None:
    """How long its owner still has (D3); None: leads do not return by themselves (D15)."""
    days = settings.lead_return_days
    if days is None:
        return None
    return return_clock(
        after_days=days, owner_since=owner_since, last_follow_up_at=last_follow_up_at,
        rule_since=settings.lead_rule_since, today=today,
    )  # fmt: skip
