"""What a tap leaves in the single chat: a question about a lead, or which one was looked at last."""

from typing import Any

from bot.context import Context
from bot.dispatch.talk import MEMORY
from storage import talks


def ask_in_chat(ctx: Context, kind: str, **slots: Any) -> None:
    """The next sentence in the single chat answers it."""
    with ctx.begin() as tx:
        row = talks.load(tx, ctx.actor.user_id, "bot")
        talks.save(
            tx, row, pending={"kind": kind, **slots}, pending_until=ctx.now + MEMORY, subject_id=row.subject_id,
            subject_until=row.subject_until, misses=row.misses,
        )  # fmt: skip


def speak_of(ctx: Context, lead_id: int) -> None:
    """它 in the single chat means this lead, as it would after a sentence about it."""
    with ctx.begin() as tx:
        row = talks.load(tx, ctx.actor.user_id, "bot")
        talks.save(
            tx, row, pending=row.pending, pending_until=row.pending_until, subject_id=lead_id,
            subject_until=ctx.now + MEMORY, misses=row.misses, subject_kind="lead",
        )  # fmt: skip
