"""「记跟进」 on a card: remembers whom the next sentence is about."""

from datetime import timedelta

from bot.context import Context
from bot.core.actor import Permission
from storage import customers, talks


def ask_content(ctx: Context, customer_id: int) -> str:
    """Opens the question in the single chat; returns what the card says. Raises Forbidden, NotFound."""
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    with ctx.begin() as tx:
        name = customers.access_customer(tx, customer_id).name
        row = talks.load(tx, ctx.actor.user_id, "bot")
        until = ctx.now + timedelta(minutes=10)
        pending = {"kind": "followups.slots", "customer_id": customer_id}
        talks.save(
            tx, row, pending=pending, pending_until=until, subject_id=customer_id, subject_until=until,
            misses=row.misses, subject_kind="customer",
        )  # fmt: skip
    return f"「{name}」聊了什么？直接在聊天里发内容或语音就行。"
