"""The pool's limits, and how many customers a person may own: every path that gives one an owner asks here (R-POOL-5,
invariant 17).
"""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Room:
    """What one person owns, and how many he may. `name` "": he is the actor himself."""

    cap: int | None
    name: str
    holding: int

    def check(self, besides: int = 0, *, back: bool = False) -> None:
        """For one more; `besides`: how many this transaction will give him that are not written yet. `back`: he had the
        customer before, and something is to be taken back.

        Raises:
            ClaimLimited: he holds as many as he may; the text says how many.
        """
        if self.cap is not None:
            rules.check_room(self.cap, name=self.name, holding=self.holding + besides, back=back)


def step_room(tx: Tx, ctx: Context, receiver_id: str) -> Room:
    """Locks the receiver, so that two customers at once cannot pass the cap together."""
    cap = ctx.settings.pool.holding_cap if ctx.settings.paid else None
    if cap is None:
        return Room(None, "", 0)
    pools.lock_claimant(tx, receiver_id)
    own = receiver_id == ctx.actor.user_id
    return Room(cap, "" if own else people.name_of(tx, receiver_id), pools.count_held(tx, receiver_id))


def step_check_room(tx: Tx, ctx: Context, receiver_id: str, *, back: bool = False) -> None:
    """For one customer more. `back`: as for `Room.check`. Raises ClaimLimited."""
    step_room(tx, ctx, receiver_id).check(back=back)
