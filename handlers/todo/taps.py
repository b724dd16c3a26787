"""What taps on 我的待办 do. Whose task it is is looked up each time; nothing on a button is trusted."""

from typing import Any

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.todo import AgreeAllButton, AgreeRowButton, TodoPageButton
from handlers.drafts.tapped import remember
from handlers.flows.rules import AlreadyDone, ConfirmFirst, ContentChanged
from handlers.flows.service import decide
from handlers.todo import views
from handlers.todo.service import MOST, agree_all, list_waiting

router = Router("todo.taps")
router.painter("todo.list")(views.paint_todo)
DONE = "已经处理过了，没有变化。"
LATE = "超过 2 分钟没有确认，请再核对一遍。"


@router.button(AgreeRowButton)
def agree(tap: CardTap[AgreeRowButton], ctx: Context) -> CardUpdate:
    """同意 to one; the rows stay where they are, and this one says what has become of it."""
    task_id = tap.button.task_id
    asked = tap.state.get("confirm") == task_id and views.is_fresh(tap.state, ctx)
    state: dict[str, Any] = {"page": tap.state.get("page", 1), "ids": tap.state.get("ids") or list_waiting(ctx)}
    try:
        done = decide(ctx, task_id, agree=True, confirmed=tap.button.confirmed and asked, seen=tap.button.revision)
    except ConfirmFirst as wait:
        until = (ctx.now + views.LASTS).isoformat()
        return CardUpdate(state={**state, "confirm": task_id, "until": until}, note=wait.text)
    except (AlreadyDone, ContentChanged) as why:
        return CardUpdate(state=state, note=why.text)
    return CardUpdate(state=state, note=done.text)


@router.button(AgreeAllButton)
def every(tap: CardTap[AgreeAllButton], ctx: Context) -> CardUpdate:
    """The first tap lists them with their sum; the second agrees to each of those that were listed."""
    ids = [int(i) for i in tap.state.get("ids", ())]
    if tap.button.confirmed and tap.state.get("all") and views.is_fresh(tap.state, ctx):
        done = agree_all(ctx, ids, views.seen_of(tap.state))
        remember(ctx, None)
        return CardUpdate(card=views.todo_ref(ctx, views.answered(ids, done)), note=views.told(done))
    if tap.button.confirmed and not tap.state.get("all"):
        return CardUpdate(note=DONE)
    waiting = list_waiting(ctx)[:MOST]
    if not waiting:
        return CardUpdate(card=views.todo_ref(ctx, {"page": 1}), note=views.EMPTY)
    state = views.asking(ctx, waiting)
    remember(ctx, "todo.all", ids=waiting, seen=state["seen"], until=state["until"])
    return CardUpdate(state=state, note=LATE if tap.button.confirmed else "")


@router.button(TodoPageButton)
def turn_page(tap: CardTap[TodoPageButton], ctx: Context) -> CardUpdate:
    """Another page; of the tasks the card shows, as long as some of them were decided on it."""
    kept = {} if tap.button.anew else {k: v for k, v in tap.state.items() if k in ("ids", "failed")}
    if tap.button.anew and tap.state.get("all"):
        remember(ctx, None)
    return CardUpdate(card=views.todo_ref(ctx, {**kept, "page": tap.button.page}))
