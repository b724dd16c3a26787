"""How 我的待办 is drawn; shared by what is typed and what is tapped."""

from datetime import datetime, timedelta
from typing import Any, Final

from bot.context import Context
from bot.dispatch import CardRef, CardView
from bot.language.money import show_money
from cards import todo as todo_cards
from cards.todo import TodoRow
from handlers.todo.service import MOST, AllAgreed, Todo, show_todo
from storage.flow_runs import subject

LASTS: Final = timedelta(minutes=2)  # of what is to be confirmed
EMPTY: Final = "没有等你处理的审批。"


def todo_ref(ctx: Context, state: dict[str, Any]) -> CardRef:
    """The list, drawn again when one of those on it moves."""
    items = show_todo(ctx, int(state["page"]), state.get("ids", ())).items
    return CardRef("todo.list", state, tuple(dict.fromkeys(subject(item.flow_id) for item in items)))


def asking(ctx: Context, ids: list[int]) -> dict[str, Any]:
    """The state of a card that asks whether all these are agreed to."""
    shown = show_todo(ctx, 1, ids, size=MOST, only=True).items
    seen = {str(item.task_id): item.revision for item in shown}
    return {"page": 1, "ids": ids, "seen": seen, "all": True, "until": (ctx.now + LASTS).isoformat()}


def seen_of(state: dict[str, Any]) -> dict[int, int]:
    """By task, the revision that was shown with what is confirmed."""
    return {int(i): int(revision) for i, revision in state.get("seen", {}).items()}


def answered(ids: list[int], done: AllAgreed) -> dict[str, Any]:
    """The state of a card that says of each what has become of it."""
    return {"page": 1, "ids": ids, "failed": {str(i): why for i, why in done.failed.items()}}


def told(done: AllAgreed) -> str:
    """已同意 3 件，1 件没有成功，原因见各行。"""
    failed = f"，{len(done.failed)} 件没有成功，原因见各行" if done.failed else ""
    return f"已同意 {done.count} 件{failed}。"


def is_fresh(state: dict[str, Any], ctx: Context) -> bool:
    """Whether what the card asks may still be confirmed."""
    return bool(state.get("until")) and ctx.now <= datetime.fromisoformat(state["until"])


def paint_todo(state: dict[str, Any], ctx: Context) -> CardView:
    """Each as it stands now: what is decided cannot be decided again."""
    if state.get("all") and is_fresh(state, ctx):
        return _all(state, ctx)
    ids = state.get("ids", ())
    found = show_todo(ctx, int(state["page"]), ids)
    failed: dict[str, str] = state.get("failed", {})
    asked = state.get("confirm") if is_fresh(state, ctx) else None
    rows = [
        TodoRow(
            item.task_id, f"{item.label} {item.number}", item.number, item.words, item.said,
            failed.get(str(item.task_id), ""), ask=item.task_id == asked, revision=item.revision,
            returned=item.returned,
        )
        for item in found.items
    ]  # fmt: skip
    shown = f"（第 {found.page}/{found.pages} 页）" if found.pages > 1 else ""
    head = f"{_counted(found)}{shown}" if found.waiting else EMPTY
    return todo_cards.todo_card(
        head, rows, page=found.page, pages=found.pages, several=found.waiting > 1, dated=bool(ids)
    )


def _all(state: dict[str, Any], ctx: Context) -> CardView:
    found = show_todo(ctx, 1, state["ids"], size=MOST, only=True)
    lines = [f"{item.number} · {item.said or item.words}" for item in found.items]
    return todo_cards.all_card(f"将同意这 {_counted(found)}", lines)


def _counted(found: Todo) -> str:
    """12 件，合计 ¥600,000.00（另有 2 件看不到金额）."""
    hidden = f"（另有 {found.unseen} 件看不到金额）" if found.unseen else ""
    total = f"，合计 {show_money(found.amount)}{hidden}" if found.unseen < found.waiting else ""
    return f"{found.waiting} 件{total}"
