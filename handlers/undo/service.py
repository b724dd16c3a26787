"""Use case of 撤销: whose it is, whether it is still possible, then the capability's own inverse."""

from datetime import timedelta

from bot.context import Context
from bot.core.errors import NotFound, RuleBroken
from storage import undos

JUST_NOW = timedelta(minutes=10)  # what 撤销 alone may mean


class NothingToUndo(RuleBroken, code="undo.nothing"):
    """Nothing can be taken back any more; the text says why."""


def span_text(span: timedelta) -> str:
    """10 分钟,  72 小时: with the space that figures want after words."""
    minutes = int(span.total_seconds()) // 60
    return f" {minutes // 60} 小时" if minutes >= 60 else f" {minutes} 分钟"


def take_back(ctx: Context, undo_id: int | None) -> str:
    """Takes back one offered action (None: the person's latest). Returns what it says then.

    Raises:
        NotFound: no such offer of this person.
        NothingToUndo: too late, or done already; and whatever the inverse refuses.
    """
    with ctx.begin() as tx:
        undo = undos.last_open(tx, ctx.actor.user_id, ctx.now) if undo_id is None else undos.get(tx, undo_id)
        if undo is None and undo_id is None:
            raise NothingToUndo("没有可以撤销的操作。撤销在操作后 10 分钟内有效。")
        if undo is None or undo.user_id != ctx.actor.user_id:
            raise NotFound("没有找到可以撤销的操作。", attempt=f"undo:{undo_id}" if undo is not None else "")
        if undo.undone_at is not None:
            raise NothingToUndo(f"「{undo.text}」已经撤销过了。")
        lasts = span_text(undo.expires_at - undo.created_at)
        if undo.expires_at < ctx.now:
            raise NothingToUndo(f"「{undo.text}」超过{lasts}了，不能撤销。")
        if undo_id is None and undo.created_at < ctx.now - JUST_NOW:
            # 撤销 alone means what was just done, not what can be taken back for days.
            raise NothingToUndo(
                f"10 分钟内没有可以撤销的操作。「{undo.text}」{lasts}内还能撤销："
                f"点它卡片上的按钮，或发送「撤销{undo.text}」。"
            )
        assert undo.id is not None
        if not undos.take(tx, undo.id, ctx.now):
            raise NothingToUndo(f"「{undo.text}」已经撤销过了。")
        kind, payload = undo.kind, dict(undo.payload)
    return str(ctx.undoers[kind](payload, ctx))
