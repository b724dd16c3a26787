"""全部动态: what each kind of thing that happened to a customer reads like."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView


class HistoryButton(Button):
    """「全部动态」, five a page."""

    action: ClassVar[str] = "timeline.open"
    customer_id: int
    page: int = 1


def money(amount: Decimal | None) -> str:
    """¥30,000.00; nothing for whom it is hidden."""
    return "" if amount is None else f" ¥{amount:,.2f}"


def moved(detail: Mapping[str, Any]) -> str:
    """生效 → 作废（重复登记）, of an audit line."""
    was, now = dict(detail.get("changes", {})).get("状态", ("", ""))
    reason = escape(str(detail.get("reason", "")))
    return f"{was} → {now}" + (f"（{reason}）" if reason else "")


WORDS: Final[dict[str, Callable[[Sequence[Any]], tuple[str, str]]]] = {  # kind → its parts → head, content
    "comment": lambda p: ("评论", escape(str(p[0]))),
    "follow_up": lambda p: (f"跟进{f'（{p[0]}）' if p[0] else ''}", escape(str(p[1]))),
    "opportunity": lambda p: ("建商机", f"{escape(str(p[0]))}{money(p[1])}"),
    "contract": lambda p: ("登记合同", f"{escape(str(p[0]))}{money(p[1])}"),
    "stage": lambda p: ("商机阶段", f"{escape(str(p[0]))} {escape(str(p[1]))} → {escape(str(p[2]))}"),
    "contract_state": lambda p: ("合同状态", f"{escape(str(p[0]))} {moved(p[1])}"),
    "payment": lambda p: ("退款" if p[2] == "refund" else "回款", f"{escape(str(p[0]))}{money(p[1])}"),
    "visit": lambda p: ("外勤", "超出范围" if p[0] else "到访"),
}


def timeline_card(
    name: str, rows: Sequence[tuple[str, str]], *, customer_id: int, total: int, page: int, pages: int
) -> CardView:
    """Newest first, with its total (D26)."""
    if not rows:
        return CardView(f"{escape(name)} 的全部动态", body="还没有动态。")
    buttons = []
    if page > 1:
        buttons.append(CardButton("看较新的", HistoryButton(customer_id=customer_id, page=page - 1), typed="上一页"))
    if page < pages:
        buttons.append(CardButton("看更早的", HistoryButton(customer_id=customer_id, page=page + 1), typed="下一页"))
    shown = f"（第 {page}/{pages} 页）" if pages > 1 else ""
    drawn = tuple(CardRow(head, content) for head, content in rows)
    return CardView(f"{escape(name)} 的全部动态", body=f"共 {total} 条{shown}", rows=drawn, buttons=tuple(buttons))
