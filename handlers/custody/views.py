"""Cards of what was done with a customer as a whole."""

from typing import Any

from bot.context import Context
from bot.dispatch import CardRef, CardView
from cards.custody import done_card
from handlers.custody.service import Done
from handlers.undo.views import undo_buttons


def done_ref(done: Done) -> CardRef:
    """The sentence with its 撤销."""
    state = {"name": done.name, "text": done.text, "undo_id": done.undo_id}
    return CardRef("custody.done", state, (f"customer:{done.customer_id}",))


def paint_done(state: dict[str, Any], ctx: Context) -> CardView:
    """What was done, while it can be taken back."""
    return done_card(str(state["name"]), str(state["text"]), undo_buttons(ctx, state.get("undo_id")))
