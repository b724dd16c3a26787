"""How the approval's set-up is drawn, and how a change is taken back."""

from typing import Any

from bot.context import Context
from bot.dispatch import CardView, Router
from cards.base_data import base_list
from handlers.invoices.rules import HELP
from handlers.invoices.service import show_flow, undo_flow

router = Router("invoices.taps")


@router.painter("invoices.flow")
def paint_flow(state: dict[str, Any], ctx: Context) -> CardView:  # noqa: ARG001 -- a painter's shape
    """The nodes in their order."""
    lines = show_flow(ctx)
    head = " → ".join(["申请", *(n.name for n in lines), "结束"])
    return base_list("开票审批设置", head, [(n.name, n.detail) for n in lines], footer=f"直接回复：{HELP}")


router.undoer("invoices.flow")(lambda payload, ctx: undo_flow(ctx, payload))
