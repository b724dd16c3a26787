"""A follow-up in the making."""

from dataclasses import asdict, dataclass
from datetime import time
from typing import Any

from bot.context import Context
from bot.language.followup import FollowUpSlots
from handlers.customers.views import NOON

MIDNIGHT = time(0, 0)


@dataclass(frozen=True, slots=True)
class Draft:
    """A follow-up in the making, as a conversation remembers it. Moments are ISO texts; empty: not said."""

    customer_id: int | None = None
    content: str = ""
    method: str = ""
    next_at: str = ""
    timed: bool = False
    at: str = ""
    deal: str = ""  # the name of the opportunity it is about

    def row(self) -> dict[str, Any]:
        """JSON."""
        return asdict(self)


def draft_of(slots: FollowUpSlots, ctx: Context) -> Draft:
    """What is certain of it."""
    next_at = slots.next_at if slots.next_at is not None and slots.next_at.sure else None
    happened = slots.happened_at if slots.happened_at is not None and slots.happened_at.sure else None
    at = happened.at(NOON, ctx.now) if happened is not None else None
    if at is not None and at > ctx.now:
        at = None
    certain = slots.customer.certain
    return Draft(
        customer_id=certain.id if certain is not None else None, content=slots.content, method=slots.method or "",
        next_at=next_at.at(MIDNIGHT, ctx.now).isoformat() if next_at is not None else "",
        timed=bool(next_at is not None and next_at.has_time), at=at.isoformat() if at is not None else "",
    )  # fmt: skip


def merged(before: Draft, after: Draft) -> Draft:
    """What was known, with what was said since."""
    content = "，".join(part for part in (before.content, after.content) if part)
    return Draft(
        after.customer_id, content, after.method or before.method, after.next_at or before.next_at,
        after.timed if after.next_at else before.timed, after.at or before.at, after.deal or before.deal,
    )  # fmt: skip
