"""What administrators type to look back."""

from typing import Any

from bot.context import Context
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from handlers.audit.service import export_audit, read_query

router = Router("audit.chat")


@router.command("导出操作记录")
def export(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`导出操作记录 本月`: a file for the asker alone."""
    return Reply(export_audit(ctx, read_query(ctx, message.args)))


@router.command("操作记录", "查操作记录", "看操作记录")
def show(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`操作记录`, `操作记录 李娜 本周 权限`, `操作记录 华兴科技`, `操作记录 被拒绝`."""
    return _page(talk, read_query(ctx, message.args).state(), 1)


@router.question("audit.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:  # noqa: ARG001
    """`下一页`, `上一页`."""
    step = {"下一页": 1, "上一页": -1}.get(message.text)
    return None if step is None else _page(talk, dict(pending["wanted"]), max(1, int(pending["page"]) + step))


def _page(talk: Talk, wanted: dict[str, Any], page: int) -> Reply:
    talk.ask("audit.list", wanted=wanted, page=page)
    return Reply(card=CardRef("audit.list", {**wanted, "page": page}))
