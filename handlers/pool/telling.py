"""Who had or has a customer is told what became of it."""

from bot.context import Context
from bot.identity import may_be_told
from handlers.reminders.rules import after_quiet_hours
from storage import notices
from storage.database import Tx


def tell(tx: Tx, ctx: Context, user_ids: list[str], *, title: str, text: str, key: str) -> None:
    """A 工作通知 to those of `user_ids` who may be told; never to the actor; not within quiet hours."""
    wanted = [u for u in user_ids if u != ctx.actor.user_id and may_be_told(tx, u, ctx.settings)]
    if wanted:
        not_before = after_quiet_hours(ctx.now, ctx.settings.quiet_hours)
        notices.queue(tx, key=key, user_ids=wanted, title=title, text=text, now=ctx.now, not_before=not_before)
