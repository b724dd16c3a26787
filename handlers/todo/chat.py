"""What people type about what waits for them."""

from datetime import datetime
from typing import Any

from bot.context import Context
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.filters import page_wanted
from bot.language.replies import is_no, is_yes
from handlers.todo import views
from handlers.todo.service import MOST, agree_all, list_waiting

router = Router("todo.chat")


@router.command("我的待办", "待办流程", "流程中心", "待审批", "我的审批", whole=True)
def todo(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """What waits for oneself."""
    return _list(ctx, talk, 1)


@router.question("todo.list")
def page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """下一页, 第 2 页."""
    wanted = page_wanted(message.text, int(pending["page"]))
    return None if wanted is None else _list(ctx, talk, max(1, wanted))


def _list(ctx: Context, talk: Talk, number: int) -> Reply:
    talk.ask("todo.list", page=number)
    return Reply(card=views.todo_ref(ctx, {"page": number}))


@router.command("全部同意", "都同意", whole=True)
def every(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """Lists what would be agreed to, the oldest first; 同意 or the button does it within two minutes."""
    ids = list_waiting(ctx)[:MOST]
    if not ids:
        talk.settle()
        return Reply(views.EMPTY)
    state = views.asking(ctx, ids)
    talk.ask("todo.all", ids=ids, seen=state["seen"], until=state["until"])
    return Reply(card=CardRef("todo.list", state))


@router.question("todo.all")
def confirm(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """同意, 是; or 先不."""
    said = message.text.strip(" 。.!！")
    if said in ("同意", "确认全部同意") or is_yes(said):
        talk.settle()
        if ctx.now > datetime.fromisoformat(str(pending["until"])):
            return Reply("超过 2 分钟没有确认，请再发一次「全部同意」。")
        ids = [int(i) for i in pending["ids"]]
        done = agree_all(ctx, ids, views.seen_of(pending))
        return Reply(views.told(done), card=views.todo_ref(ctx, views.answered(ids, done)))
    if is_no(said) or said in ("先不", "不同意"):
        talk.settle()
        return Reply("好的，没有处理。发送「我的待办」一件一件看。")
    return None
