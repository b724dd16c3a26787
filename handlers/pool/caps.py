"""The pool's limits, and how many customers a person may own: every path that gives one an owner asks here (R-POOL-5,
invariant 17).
"""

from bot.context import Context
from handlers.pool import rules
from handlers.pool.rules import ClaimPolicy
from storage import people, pools
from storage.database import Tx
from storage.settings import CompanySettings


def policy_of(settings: CompanySettings) -> ClaimPolicy:
    """The limits in force; the free edition has none (D15)."""
    if not settings.paid:
        return ClaimPolicy()
    pool = settings.pool
    return ClaimPolicy(pool.claim_cap, pool.claims_per_day, pool.holding_cap, pool.reclaim_after_days)


def step_check_room(tx: Tx, ctx: Context, receiver_id: str, *, back: bool = False) -> None:
    """Locks the receiver, so that two customers at once cannot pass the cap together.

    `back`: he had the customer before, and something is to be taken back.

    Raises:
        ClaimLimited: he holds as many as he may; the text says how many.
    """
    cap = ctx.settings.pool.holding_cap if ctx.settings.paid else None
    if cap is None:
        return
    pools.lock_claimant(tx, receiver_id)
    holding = pools.count_held(tx, receiver_id)
    own = receiver_id == ctx.actor.user_id
    name = "" if own else people.name_of(tx, receiver_id)
    rules.check_room(cap, name=name, holding=holding, back=back)
