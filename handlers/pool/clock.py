"""How long a customer still has before it returns to the pool: asked here by the job, the lists and the warnings."""

from datetime import date

from handlers.pool.rules import ReturnClock, return_clock
from storage import pools
from storage.database import Tx
from storage.pools import Clocked
from storage.settings import CompanySettings


def clock_of(settings: CompanySettings, customer: Clocked, today: date) -> ReturnClock | None:
    """None: it does not return, by the rule as it is now (D2, D15)."""
    days = settings.return_days
    if days is None or (customer.has_contract and not settings.pool.return_with_contract):
        return None
    return return_clock(
        after_days=days, owner_since=customer.owner_since, last_follow_up_at=customer.last_follow_up_at,
        rule_since=settings.pool_rule_since, today=today, lock_until=customer.lock_until,
    )  # fmt: skip


def step_returning(
    tx: Tx, settings: CompanySettings, today: date, *, within: int, owner_id: str | None = None
) -> list[tuple[Clocked, ReturnClock]]:
    """Those with so many days left at most, in the order in which they return (invariant 15); one person's, or all."""
    if settings.return_days is None:
        return []
    found = []
    for customer in pools.list_clocked(tx, owner_id=owner_id):
        clock = clock_of(settings, customer, today)
        if clock is not None and clock.days_left <= within:
            found.append((customer, clock))
    return sorted(found, key=lambda pair: (pair[1].days_left, pair[0].id))
