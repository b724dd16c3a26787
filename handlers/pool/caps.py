"""How many customers a person may own: every path that gives one an owner asks here (R-POOL-5, invariant 17)."""

from dataclasses import dataclass

from bot.context import Context
from handlers.pool import rules
from storage import people, pools
from storage.database import Tx


@dataclass(frozen=True, slots=True)
class Room:
    """What one person owns, and how many he may. `name` "": he is the actor himself."""

    cap: int | None
    name: str
    holding: int

    def check(self, besides: int = 0) -> None:
        """For one more; `besides`: how many this transaction will give him that are not written yet.

        Raises:
            ClaimLimited: he holds as many as he may; the text says how many.
        """
        if self.cap is not None:
            rules.check_room(self.cap, name=self.name, holding=self.holding + besides)


def step_room(tx: Tx, ctx: Context, receiver_id: str) -> Room:
    """Locks the receiver, so that two customers at once cannot pass the cap together."""
    cap = ctx.settings.pool.holding_cap if ctx.settings.paid else None
    if cap is None:
        return Room(None, "", 0)
    pools.lock_claimant(tx, receiver_id)
    own = receiver_id == ctx.actor.user_id
    return Room(cap, "" if own else people.name_of(tx, receiver_id), pools.count_held(tx, receiver_id))


def step_check_room(tx: Tx, ctx: Context, receiver_id: str) -> None:
    """For one customer more. Raises ClaimLimited."""
    step_room(tx, ctx, receiver_id).check()
