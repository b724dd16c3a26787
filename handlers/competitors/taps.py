"""How competitor cards are drawn, and how changes are taken back."""

from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.dispatch import CardView, Router
from cards.base_data import base_list
from handlers.competitors.rules import EXAMPLE
from handlers.competitors.service import facts_lines, list_competitors, undo_change

router = Router("competitors.taps")
SENTENCES = f"可以说：「{EXAMPLE}」「修改竞争对手 名称 优势 …」「停用竞争对手 名称」"


@router.painter("competitors.list")
def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """Five a page, with what they are good and bad at."""
    number = int(state.get("page", 1))
    page = list_competitors(ctx, number)
    shown = f" · 第 {number}/{page.pages} 页" if page.pages > 1 else ""
    return base_list(
        "竞争对手", f"共 {page.total} 家{shown}", [(c.name, facts_lines(c).replace("\n", " · ")) for c in page.rows],
        page=number, pages=page.pages,
        footer=SENTENCES if ctx.actor.may(Permission.COMPETITOR_ADD) else "", empty="还没有竞争对手。",
    )  # fmt: skip


for _kind in ("competitors.add", "competitors.edit", "competitors.remove"):
    router.undoer(_kind)(lambda payload, ctx: undo_change(ctx, payload))
