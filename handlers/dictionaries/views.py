"""The dictionaries' cards, drawn from the present state."""

from dataclasses import replace
from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardRef, CardView
from cards import dictionaries as dictionary_cards
from cards.dictionaries import DictionaryRow, ValueRow
from handlers.dictionaries.service import list_dictionaries, show_dictionary
from handlers.dictionaries.sheets import VALUES_PAGE, Changed
from handlers.dictionaries.steps import subject
from handlers.undo.views import undo_buttons


def one_ref(dictionary_id: int, undo_id: int | None = None, page: int = 1) -> CardRef:
    """The card of one dictionary."""
    state: dict[str, Any] = {"dictionary_id": dictionary_id, "page": page}
    if undo_id is not None:
        state["undo_id"] = undo_id
    return CardRef("dictionaries.one", state, (subject(dictionary_id),))


def told(done: Changed) -> str:
    """What was done, for a card: no markdown of a label's own."""
    return "\n".join(escape(line) for line in done.text.split("\n"))


def changed_ref(done: Changed, page: int = 1) -> CardRef:
    """The changed dictionary, with 撤销; of one that is gone, the list."""
    if done.dictionary_id is None:
        return CardRef("dictionaries.list", {"page": 1, "undo_id": done.undo_id})
    return one_ref(done.dictionary_id, done.undo_id, page)


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """A page of dictionaries."""
    try:
        page = list_dictionaries(ctx, int(state.get("page", 1)))
    except AppError as refusal:
        return CardView("数据字典", body=refusal.text)
    rows = [
        DictionaryRow(
            d.id, d.name, f"{d.enabled} 个选项：{d.some}" + (f"（另有 {d.disabled} 个已停用）" if d.disabled else ""),
            "绑定：" + "、".join(d.fields) if d.fields else "还没有字段绑定它",
        )
        for d in page.rows
    ]  # fmt: skip
    at = min(max(1, int(state.get("page", 1))), page.pages)
    view = dictionary_cards.dictionary_list(rows, total=page.total, page=at, pages=page.pages)
    return _with_undo(view, state, ctx)


def paint_one(state: dict[str, Any], ctx: Context) -> CardView:
    """One dictionary with its values."""
    try:
        sheet = show_dictionary(ctx, int(state["dictionary_id"]))
    except AppError as refusal:
        return CardView("数据字典", body=refusal.text)
    pages = max(1, -(-len(sheet.values) // VALUES_PAGE))
    at = min(max(1, int(state.get("page", 1))), pages)
    shown = list(enumerate(sheet.values, start=1))[(at - 1) * VALUES_PAGE : at * VALUES_PAGE]
    on = sum(v.enabled for v in sheet.values)
    return dictionary_cards.dictionary_card(
        dictionary_id=sheet.id, name=sheet.name, fields=sheet.fields,
        rows=[ValueRow(v.id, v.label, v.enabled, v.uses, n) for n, v in shown], on=on, off=len(sheet.values) - on,
        page=at, pages=pages, more=undo_buttons(ctx, state.get("undo_id")),
    )  # fmt: skip


def paint_corrected(state: dict[str, Any], ctx: Context) -> CardView:  # noqa: ARG001 -- a painter's shape
    """What was refused, and how it should have been."""
    if state.get("done"):
        return CardView("已经处理", body="发送「数据字典」看现在的样子。")
    return dictionary_cards.corrected_card(why=str(state["why"]), line=str(state["line"]))


def _with_undo(view: CardView, state: dict[str, Any], ctx: Context) -> CardView:
    return replace(view, buttons=(*undo_buttons(ctx, state.get("undo_id")), *view.buttons))
