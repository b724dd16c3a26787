"""Cards of what was done with a customer as a whole."""

from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.dispatch import CardRef, CardView
from cards.custody import along_card, done_card
from handlers.custody.service import Done, preview_transfer
from handlers.undo.views import undo_buttons


def done_ref(done: Done) -> CardRef:
    """The sentence with its 撤销."""
    state = {"name": done.name, "text": done.text, "undo_id": done.undo_id}
    return CardRef("custody.done", state, (f"customer:{done.customer_id}",))


def paint_done(state: dict[str, Any], ctx: Context) -> CardView:
    """What was done, while it can be taken back."""
    return done_card(str(state["name"]), str(state["text"]), undo_buttons(ctx, state.get("undo_id")))


def along_ref(customer_id: int, receiver_id: str) -> CardRef:
    """Before a customer goes to somebody else."""
    state = {"customer_id": customer_id, "receiver_id": receiver_id}
    return CardRef("custody.along", state, (f"customer:{customer_id}",))


def paint_along(state: dict[str, Any], ctx: Context) -> CardView:
    """What would go along, as it stands now."""
    receiver_id = str(state["receiver_id"])
    try:
        shown = preview_transfer(ctx, int(state["customer_id"]), receiver_id)
    except AppError as refusal:
        return CardView("更换负责人", body=refusal.text)
    return along_card(
        shown.name, shown.receiver, shown.opportunities, shown.contracts, customer_id=shown.customer_id,
        receiver_id=receiver_id,
    )  # fmt: skip
