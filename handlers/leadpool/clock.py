"""When a lead returns to its pool by itself: the engine of the customers' pool, by a rule of its own (R-LEAD-6)."""

from datetime import date, datetime

from handlers.pool.rules import ReturnClock, return_clock
from storage import lead_plans
from storage.database import Tx
from storage.lead_plans import ClockedLead
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


def step_returning(
    tx: Tx, settings: CompanySettings, today: date, *, within: int, owner_id: str
) -> list[tuple[ClockedLead, ReturnClock]]:
    """One person's with so many days left at most, in the order in which they return."""
    if settings.lead_return_days is None:
        return []
    found = []
    for lead in lead_plans.list_clocked(tx, owner_id=owner_id):
        clock = clock_of(settings, lead.owner_since, lead.last_follow_up_at, today)
        if clock is not None and clock.days_left <= within:
            found.append((lead, clock))
    return sorted(found, key=lambda pair: (pair[1].days_left, pair[0].id))
