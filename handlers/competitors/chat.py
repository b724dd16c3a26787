"""What people type about competitors."""

from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from handlers.competitors.rules import EXAMPLE, read_competitor
from handlers.competitors.service import (
    Changed,
    add_competitor,
    edit_competitor,
    facts_lines,
    remove_competitor,
    show_competitor,
    switch_competitor,
)

router = Router("competitors.chat")


@router.command("竞争对手", "竞品", whole=True)
@router.command("竞争对手 ", "竞品 ")
def listing(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`竞争对手`: the list; with a name: that one."""
    if message.args:
        try:
            one = show_competitor(ctx, message.args)
        except NotFound as nobody:
            raise NotFound(f"{nobody.text.rstrip('。')}；要新增请发「{EXAMPLE}」。") from nobody
        return Reply(f"{one.name}\n{facts_lines(one)}")
    state: dict[str, Any] = {"page": 1}
    talk.ask("competitors.list", state=state)
    return Reply(card=CardRef("competitors.list", state))


@router.question("competitors.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:  # noqa: ARG001
    """`下一页`, `上一页`."""
    step = {"下一页": 1, "上一页": -1}.get(message.text)
    if step is None:
        return None
    state = {"page": max(1, int(pending["state"]["page"]) + step)}
    talk.ask("competitors.list", state=state)
    return Reply(card=CardRef("competitors.list", state))


@router.command("新增竞争对手", "新建竞争对手", "添加竞争对手")
def add(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`新增竞争对手 恒力机床 优势 价格低 劣势 交期长`."""
    talk.settle()
    return _said(add_competitor(ctx, read_competitor(message.args)))


@router.command("修改竞争对手", "编辑竞争对手")
def edit(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`修改竞争对手 恒力机床 优势 价格低`."""
    return _said(edit_competitor(ctx, read_competitor(message.args)))


@router.command("停用竞争对手")
def disable(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Archived."""
    return _said(switch_competitor(ctx, _name(message), active=False))


@router.command("启用竞争对手")
def enable(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """To be chosen again."""
    return _said(switch_competitor(ctx, _name(message), active=True))


@router.command("删除竞争对手")
def remove(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """One that was met nowhere."""
    return _said(remove_competitor(ctx, _name(message)))


def _name(message: ChatMessage) -> str:
    if not message.args:
        raise InvalidInput(f"请写明是哪一个，例如「{message.word} 恒力机床」。")
    return message.args


def _said(done: Changed) -> Reply:
    state = {"title": "竞争对手已更新", "body": done.text, "undo_id": done.undo_id}
    return Reply(card=CardRef("base.changed", state))
