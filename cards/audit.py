"""The audit's card."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView
from cards.paging import turns


class AuditPageButton(Button):
    """Another page."""

    action: ClassVar[str] = "audit.page"
    page: int


class ExportAuditButton(Button):
    """「导出这些记录」: those of the card's conditions."""

    action: ClassVar[str] = "audit.export"


def audit_list(
    rows: Sequence[tuple[str, str, str]], *, title: str, total: int, page: int, pages: int, typed: str
) -> CardView:
    """`rows`: head, detail, time and door."""
    if not rows:
        return CardView(
            title,
            body="没有符合条件的操作记录。可以这样查：「操作记录 李娜 本周」「操作记录 权限」「操作记录 被拒绝」。",
        )
    drawn = tuple(CardRow(escape(head), escape(detail), escape(foot)) for head, detail, foot in rows)
    buttons = turns(page, pages, lambda to: AuditPageButton(page=to))
    buttons.append(CardButton("导出这些记录", ExportAuditButton(), typed=typed))
    shown = f" · 第 {page}/{pages} 页" if pages > 1 else ""
    return CardView(title, body=f"共 {total} 条，最新的在前{shown}", rows=drawn, buttons=tuple(buttons))
