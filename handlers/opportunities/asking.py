"""The question a tap leaves in the single chat: why it was lost, or to whom."""

from datetime import timedelta

from bot.context import Context
from storage import talks


def ask_reason(ctx: Context, opportunity_id: int, *, rival: bool) -> None:
    """The next sentence in the single chat answers it."""
    with ctx.begin() as tx:
        row = talks.load(tx, ctx.actor.user_id, "bot")
        talks.save(
            tx, row, pending={"kind": "opportunities.why", "id": opportunity_id, "result": "lost", "rival": rival},
            pending_until=ctx.now + timedelta(minutes=10), subject_id=row.subject_id, subject_until=row.subject_until,
            misses=row.misses,
        )  # fmt: skip
