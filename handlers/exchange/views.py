"""The card of an import, drawn from where it stands now."""

from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardRef, CardView
from cards import exchange as looks
from handlers.exchange.catalogue import KINDS
from handlers.exchange.service import show_import
from handlers.exchange.shown import Shown
from handlers.undo.views import undo_buttons
from storage.exchange import subject


def ref(exchange_id: int) -> CardRef:
    """A new card of it."""
    return CardRef("exchange.import", {"exchange_id": exchange_id}, (subject(exchange_id),))


def paint(state: dict[str, Any], ctx: Context) -> CardView:
    """Asking, checking, checked, at work, done."""
    try:
        shown = show_import(ctx, int(state["exchange_id"]))
    except AppError as refusal:
        return CardView("导入", body=escape(refusal.text))
    if state.get("remap") and shown.state in ("ready", "failed"):
        return looks.mapping_card(
            shown.id, label=shown.label, header=shown.header, mapping=shown.mapping, columns=shown.columns
        )
    return _drawn(shown, ctx)


def _drawn(shown: Shown, ctx: Context) -> CardView:
    file, counted = shown.file, shown.counted
    match shown.state:
        case "asking":
            return looks.kinds_card(shown.id, file, shown.guesses)
        case "ready":
            return looks.checked_card(
                shown.id, file=file, label=shown.label, text=shown.text, new=counted.new,
                twins=counted.twins, updates=counted.update, left=counted.problem + counted.alike, owned=shown.owned,
                to_pool=shown.to_pool,
            )  # fmt: skip
        case "reading":
            return looks.busy_card(
                title=f"检查{shown.label}", file=escape(file),
                text=f"共 {counted.total:,} 行，正在检查，进度 {shown.percent}%…检查完会变成结果，现在还不会导入。",
            )  # fmt: skip
        case "running":
            return looks.busy_card(
                title=f"导入{shown.label}", file=escape(file), text=f"正在导入，进度 {shown.percent}%…完成后告诉你。"
            )
        case "undoing":
            return looks.busy_card(
                title=f"导入{shown.label}", file=escape(file), text="正在撤销这次导入…完成后告诉你。"
            )
        case "done":
            return looks.done_card(
                exchange_id=shown.id, label=shown.label, file=file, text=shown.text,
                left=bool(shown.outcomes.get("failed") or counted.alike), undo=_undo(shown, ctx),
            )  # fmt: skip
        case "failed":
            return looks.failed_card(
                shown.id, file=file, label=shown.label, text=shown.text, may_remap=bool(shown.kind)
            )
        case "dropped":
            return CardView("导入", body="没有导入，什么都没有变。要导入请重新发一次文件。")
        case _:
            return looks.busy_card(title=f"导入{shown.label}", file=escape(file), text=escape(shown.text))


def _undo(shown: Shown, ctx: Context) -> tuple[Any, ...]:
    return tuple(looks.undo_import(b) for b in undo_buttons(ctx, shown.undo_id))


def paint_templates(state: dict[str, Any], ctx: Context) -> CardView:  # noqa: ARG001
    """The kinds this person may import."""
    return looks.templates_card([(k.name, k.label) for k in KINDS.values() if ctx.actor.may(k.importing)])
