"""After a tap: the next sentence in the single chat names the customer of a visit."""

from bot.context import Context
from bot.dispatch.talk import MEMORY
from handlers.visits.service import show_visit
from storage import talks


def ask_which(ctx: Context, visit_id: int) -> None:
    """Opens the question. Raises NotFound."""
    ids = [one.customer_id for one, _ in show_visit(ctx, visit_id).near]
    with ctx.begin() as tx:
        row = talks.load(tx, ctx.actor.user_id, "bot")
        pending = {"kind": "visits.which", "visit_id": visit_id, "ids": ids}
        talks.save(
            tx, row, pending=pending, pending_until=ctx.now + MEMORY, subject_id=row.subject_id,
            subject_until=row.subject_until, misses=row.misses,
        )  # fmt: skip
