"""What a claimant may know of a customer, and what the loser of a race is told (R-POOL-2)."""

from bot.context import Context
from handlers.pool import rules
from handlers.pool.rules import AlreadyClaimed
from storage import customers, people, pools
from storage.database import Tx
from storage.pools import Holding


def was_known(tx: Tx, customer_id: int) -> bool:
    """Whether the claimant may know the customer: from the pool, or because he sees it now."""
    return pools.was_pooled(tx, customer_id) or bool(customers.list_by_ids(tx, [customer_id]))


def taken(tx: Tx, ctx: Context, customer_id: int, holding: Holding | None) -> AlreadyClaimed:
    """What the loser is told: who, when, and what to do next."""
    who = people.name_of(tx, holding.owner_id if holding else None)
    known = customers.list_any_by_ids(tx, [customer_id])
    name = f"「{known[0].name}」" if known else ""
    by_whom = rules.taken_text(who, holding.owner_since if holding else None, ctx.today)
    return AlreadyClaimed(f"{name}{by_whom}，发送「公海」看看别的。")
