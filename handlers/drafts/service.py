"""Use cases of what was put aside."""

from typing import Any

from bot.context import Context
from bot.core.errors import NotFound
from storage import drafts, undos
from storage.tables import DialogueDraft

UNDO = drafts.LASTS


def list_drafts(ctx: Context, conversation_id: str) -> list[DialogueDraft]:
    """One's own of this conversation, newest first."""
    with ctx.begin() as tx:
        return drafts.list_drafts(tx, ctx.actor.user_id, conversation_id, ctx.now)


def take_up(ctx: Context, conversation_id: str, title: str | None) -> DialogueDraft:
    """The newest, or the newest so called; it is open again and no draft any more. Raises NotFound."""
    with ctx.begin() as tx:
        found = drafts.list_drafts(tx, ctx.actor.user_id, conversation_id, ctx.now)
        wanted = [d for d in found if title in (None, d.kind)]
        if not wanted:
            raise NotFound(nothing_text(title, [d.kind for d in found]))
        drafts.remove(tx, ctx.actor.user_id, conversation_id, wanted[0].kind)
        return wanted[0]


def nothing_text(title: str | None, others: list[str]) -> str:
    """Why there is nothing to go on with, and what there is instead."""
    some = f"没有放下的{title or '草稿'}。" if title else "没有放下的草稿，放下后 24 小时内可以接着填。"
    if others:
        return f"{some}放下的有：{'、'.join(others)}。回复「继续{others[0]}」就能接着填。"
    return some if not title else f"{some}草稿只留 24 小时，请重新发一次「{title}」。"


def drop_drafts(ctx: Context, conversation_id: str, title: str | None) -> list[str]:
    """Gives up all of this conversation, or those so called; 撤销 brings them back. Raises NotFound."""
    with ctx.begin() as tx:
        found = drafts.list_drafts(tx, ctx.actor.user_id, conversation_id, ctx.now)
        gone = [d for d in found if title in (None, d.kind)]
        if not gone:
            raise NotFound(nothing_text(title, [d.kind for d in found]))
        rows = [
            {"kind": d.kind, "question": d.question, "asked": d.asked, "at": d.put_aside_at.isoformat()} for d in gone
        ]
        for draft in gone:
            drafts.remove(tx, ctx.actor.user_id, conversation_id, draft.kind)
        undos.offer(
            tx, user_id=ctx.actor.user_id, kind="drafts.drop", payload={"where": conversation_id, "rows": rows},
            text="放弃草稿", now=ctx.now, lasts=UNDO,
        )  # fmt: skip
        return [draft.kind for draft in gone]


def undo_drop(ctx: Context, payload: dict[str, Any]) -> str:
    """Brings them back, each unless there is a newer one by now."""
    with ctx.begin() as tx:
        there = {d.kind for d in drafts.list_drafts(tx, ctx.actor.user_id, payload["where"], ctx.now)}
        back = [row for row in payload["rows"] if row["kind"] not in there]
        for row in back:
            drafts.keep(
                tx, ctx.actor.user_id, payload["where"], kind=row["kind"], question=row["question"],
                asked=row["asked"], now=ctx.now,
            )  # fmt: skip
    names = "、".join(row["kind"] for row in back)
    return f"草稿找回来了：{names}。" if back else "现在有更新的草稿，没有找回旧的。"
