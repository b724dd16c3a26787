"""Cards of merging, drawn from the present state."""

from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardButton, CardRef, CardView
from cards import merges as merge_cards
from cards.customers import OpenButton
from handlers.merges.service import Merged, Preview, counts_text, preview_merge
from handlers.undo.views import undo_buttons


def preview_ref(preview: Preview) -> CardRef:
    """What would become of the two."""
    state = {"head_id": preview.head_id, "tail_id": preview.tail_id}
    return CardRef("merges.preview", state, (f"customer:{preview.head_id}", f"customer:{preview.tail_id}"))


def merged_ref(done: Merged) -> CardRef:
    """They are one."""
    state = {"customer_id": done.customer_id, "name": done.name, "text": done.text, "undo_id": done.undo_id}
    return CardRef("merges.done", state, (f"customer:{done.customer_id}",))


def paint_preview(state: dict[str, Any], ctx: Context) -> CardView:
    """Counts of both, as they are now."""
    try:
        p = preview_merge(ctx, int(state["head_id"]), int(state["tail_id"]))
    except AppError as refusal:
        return CardView("合并客户", body=refusal.text)
    lines = [
        f"保留 {escape(p.head)}（{escape(p.head_owner) or '公海'}）：{counts_text(p.head_has)}",
        f"并入 {escape(p.tail)}（{escape(p.tail_owner) or '公海'}）：{counts_text(p.tail_has)}",
        f"负责人以 {escape(p.head)} 为准：{escape(p.head_owner) or '公海'}",
    ]
    if p.filled:
        lines.append(f"补上空着的：{'、'.join(p.filled)}")
    differing = [(d.name, d.label, d.head, d.tail) for d in p.differing]
    return merge_cards.preview_card(
        p.head, p.tail, lines, differing, head_id=p.head_id, tail_id=p.tail_id, swappable=p.swappable
    )


def paint_done(state: dict[str, Any], ctx: Context) -> CardView:
    """What was done, while it can be taken back."""
    buttons = [
        *undo_buttons(ctx, state.get("undo_id")),
        CardButton("看客户", OpenButton(customer_id=int(state["customer_id"])), typed=f"查 {state['name']}"),
    ]
    return merge_cards.merged_card(str(state["name"]), str(state["text"]), buttons)
