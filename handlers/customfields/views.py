"""The cards of the company's own fields, drawn from the present state."""

from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardRef, CardView
from cards import customfields as field_cards
from cards.customfields import FieldRow
from handlers.customfields.service import list_forms, show_form, subject
from handlers.customfields.sheets import Changed
from handlers.undo.views import undo_buttons


def form_ref(form: str, page: int = 1, undo_id: int | None = None, told: str = "") -> CardRef:
    """The card of one form's fields; `told`: what has just been done to them."""
    state: dict[str, Any] = {"form": form, "page": page}
    if undo_id is not None:
        state |= {"undo_id": undo_id, "told": told}
    return CardRef("customfields.form", state, (subject(form),))


def changed_ref(done: Changed) -> CardRef:
    """The form after a change, with 撤销."""
    return form_ref(done.form, done.page, done.undo_id, done.text)


def told(done: Changed) -> str:
    """What was done."""
    return "\n".join(escape(line) for line in done.text.split("\n"))


def paint_forms(state: dict[str, Any], ctx: Context) -> CardView:  # noqa: ARG001 -- a painter's shape
    """The forms that take fields."""
    try:
        forms = list_forms(ctx)
    except AppError as refusal:
        return CardView("自定义字段", body=refusal.text)
    return field_cards.forms_card(
        [
            (f.form, f.label, f"{f.active} 个字段" + (f"，另有 {f.disabled} 个已停用" if f.disabled else ""))
            for f in forms
        ]
    )


def paint_form(state: dict[str, Any], ctx: Context) -> CardView:
    """One form's fields."""
    try:
        sheet = show_form(ctx, str(state["form"]), int(state.get("page", 1)))
    except AppError as refusal:
        return CardView("自定义字段", body=refusal.text)
    undo = undo_buttons(ctx, state.get("undo_id"))
    rows = [FieldRow(r.name, r.label, r.detail, r.required, r.active, r.first) for r in sheet.rows]
    return field_cards.form_card(
        form=sheet.form, label=sheet.label, built_in=sheet.built_in, rows=rows, total=sheet.total, page=sheet.page,
        pages=sheet.pages, more=undo, told=str(state.get("told", "")) if undo else "",
    )  # fmt: skip
