"""Cards of changing a customer, drawn from the present state."""

from dataclasses import replace
from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.dispatch import CardButton, CardRef, CardView
from cards import editing as editing_cards
from cards.customers import OpenButton
from handlers.editing.service import Edited, open_form
from handlers.undo.views import undo_buttons


def form_card(ctx: Context, customer_id: int) -> CardRef:
    """The form as it stands now. Raises Forbidden, NotFound, NotYours."""
    form = open_form(ctx, customer_id)
    state = {"customer_id": form.customer_id, "version": form.version}
    return CardRef("editing.form", state)


def edited_card(done: Edited) -> CardRef:
    """After a change."""
    state = {"customer_id": done.customer_id, "name": done.name, "lines": done.lines, "undo_id": done.undo_id}
    return CardRef("editing.done", state, (f"customer:{done.customer_id}",))


def paint_form(state: dict[str, Any], ctx: Context) -> CardView:
    """Filled with what is there now; a version older than that is refused when it is handed in."""
    try:
        form = open_form(ctx, int(state["customer_id"]))
    except AppError as refusal:
        return CardView("修改客户", body=refusal.text)
    draft = dict(state.get("draft") or {})
    fields = [(name, label, draft.get(name, value)) for name, label, value in form.fields]
    return editing_cards.edit_form(
        form.name, fields, form.options, customer_id=form.customer_id, version=int(state["version"]),
        doubt=str(state.get("doubt", "")),
        custom=[replace(f, value=draft[f.name] or None) if f.name in draft else f for f in form.custom],
    )  # fmt: skip


def paint_done(state: dict[str, Any], ctx: Context) -> CardView:
    """What was changed, while it can be taken back."""
    buttons = [
        *undo_buttons(ctx, state.get("undo_id")),
        CardButton("看客户", OpenButton(customer_id=int(state["customer_id"])), typed=f"查 {state['name']}"),
    ]
    return editing_cards.edited_card(str(state["name"]), [str(line) for line in state.get("lines", ())], buttons)
