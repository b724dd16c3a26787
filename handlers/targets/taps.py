"""How the list of targets is drawn, and how setting is taken back."""

from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.dispatch import CardView, Router
from cards.base_data import base_list
from handlers.targets.rules import EXAMPLE, METRICS
from handlers.targets.service import list_targets, undo_set

router = Router("targets.taps")
PAGE = 5
SENTENCES = f"可以说：「{EXAMPLE}」「设目标 销售一部 回款额 7月 50万」"


@router.painter("targets.list")
def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """A year's targets, five a page."""
    year = int(state.get("year", ctx.today.year))
    lines = list_targets(ctx, year)
    pages = max(1, -(-len(lines) // PAGE))
    page = min(max(1, int(state.get("page", 1))), pages)
    shown = f" · 第 {page}/{pages} 页" if pages > 1 else ""
    rows = []
    for line in lines[(page - 1) * PAGE : page * PAGE]:
        amounts = set(line.months.values())
        each = f"每月 {amounts.pop():,.2f} 元" if len(amounts) == 1 and len(line.months) == 12 else ""
        single = "、".join(f"{m}月 {(a / 10_000).normalize():f}万" for m, a in sorted(line.months.items()))
        rows.append(
            (
                f"{line.subject.name} {METRICS[line.metric]}",
                f"全年 {sum(line.months.values()):,.2f} 元 · {each or single}",
            )
        )
    return base_list(
        f"销售目标 · {year}年", f"共 {len(lines)} 项{shown}", rows, page=page, pages=pages,
        footer=SENTENCES if ctx.actor.may(Permission.TARGET_SET) else "",
        empty="还没有目标。",
    )  # fmt: skip


router.undoer("targets.set")(lambda payload, ctx: undo_set(ctx, payload))
