"""Cards of comments, drawn from what is stored now."""

from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.dispatch import CardButton, CardRef, CardView
from cards.comments import comment_form, commented_card
from cards.customers import OpenButton
from cards.timeline import HistoryButton
from handlers.comments.rules import unseen_text
from handlers.comments.service import Commented, open_form, show_comment
from handlers.undo.views import undo_buttons


def commented_ref(done: Commented) -> CardRef:
    """The card that answers a comment."""
    state = {
        "comment_id": done.comment_id, "undo_id": done.undo_id, "told": done.told,
        "note": unseen_text(done.unseen, done.customer_name) if done.unseen else "",
    }  # fmt: skip
    return CardRef("comments.one", state, (f"customer:{done.customer_id}",))


def paint_form(state: dict[str, Any], ctx: Context) -> CardView:
    """The form; what may not be done any more is one sentence."""
    try:
        form = open_form(ctx, int(state["customer_id"]))
    except AppError as refusal:
        return CardView("评论", body=refusal.text)
    back = CardButton("看客户", OpenButton(customer_id=form.customer_id), typed=f"查 {form.name}")
    return comment_form(form.customer_id, form.name, form.colleagues, back)


def paint_comment(state: dict[str, Any], ctx: Context) -> CardView:
    """A comment just made."""
    try:
        name, content, customer_id = show_comment(ctx, int(state["comment_id"]))
    except AppError as refusal:
        return CardView("评论", body=refusal.text)
    buttons = [
        *undo_buttons(ctx, state.get("undo_id")),
        CardButton("全部动态", HistoryButton(customer_id=customer_id), typed=f"{name} 时间线"),
    ]
    return commented_card(name, content, told=state.get("told", []), note=str(state.get("note", "")), buttons=buttons)
