"""The audit's card, drawn from the present state."""

from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.dispatch import CardView
from cards.audit import audit_list
from handlers.audit.rules import Wanted
from handlers.audit.service import Line, show_audit, title_of


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """A page of lines."""
    wanted, at = Wanted.read(state), int(state.get("page", 1))
    try:
        page = show_audit(ctx, wanted, at)
    except AppError as refusal:
        return CardView("操作记录", body=refusal.text)
    rows = [_row(line, ctx) for line in page.lines]
    title = title_of(wanted)
    typed = "导出" + title.replace(" · ", " ")
    return audit_list(
        rows, title=title, total=page.total, page=min(max(1, at), page.pages), pages=page.pages, typed=typed
    )


def _row(line: Line, ctx: Context) -> tuple[str, str, str]:
    year = f"{line.at:%Y-}" if line.at.year != ctx.now.year else ""
    apart = " " if line.subject and not line.subject.startswith("「") else ""  # 被拒绝 客户 12
    head = f"{line.who} {line.what}{apart}{line.subject}"
    return head, line.detail, f"{year}{line.at:%m-%d %H:%M} · {line.door}"
