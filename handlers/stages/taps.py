"""How the list of stages is drawn, and how changes are taken back."""

from typing import Any

from bot.context import Context
from bot.dispatch import CardView, Router
from cards.base_data import base_list
from handlers.stages.rules import EXAMPLE
from handlers.stages.service import list_stages, undo_change

router = Router("stages.taps")
SENTENCES = (
    f"可以说：「{EXAMPLE}」「阶段 名称 赢率 50%」「阶段 名称 改名 新名称」"
    "「阶段 名称 移到 另一个 前」「阶段 名称 停滞 14天」「停用阶段 名称」「删除阶段 名称」"
)


@router.painter("stages.list")
def paint_list(state: dict[str, Any], ctx: Context) -> CardView:  # noqa: ARG001 -- a painter's shape
    """In their order, with win rates."""
    lines = list_stages(ctx)
    return base_list(
        "销售阶段",
        f"共 {len(lines)} 个",
        [(s.name, s.detail) for s in lines],
        footer=SENTENCES,
        empty="还没有销售阶段。",
    )


router.undoer("stages.change")(lambda payload, ctx: undo_change(ctx, payload))
