"""The question a tap leaves in the single chat: what was talked about, why it is invalid."""

from datetime import timedelta
from typing import Any

from bot.context import Context
from storage import talks


def ask_in_chat(ctx: Context, kind: str, **slots: Any) -> None:
    """The next sentence in the single chat answers it."""
    with ctx.begin() as tx:
        row = talks.load(tx, ctx.actor.user_id, "bot")
        talks.save(
            tx, row, pending={"kind": kind, **slots}, pending_until=ctx.now + timedelta(minutes=10),
            subject_id=row.subject_id, subject_until=row.subject_until, misses=row.misses,
        )  # fmt: skip
