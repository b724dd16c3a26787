"""Cards of the base data (产品, 竞争对手, 销售阶段, 销售目标, 开票审批): lists with pages, and what changed."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView
from cards.paging import turns


class BasePageButton(Button):
    """Another page of the list the card shows."""

    action: ClassVar[str] = "base.page"
    page: int


def base_list(
    title: str,
    head: str,
    rows: Sequence[tuple[str, str]],
    *,
    page: int = 1,
    pages: int = 1,
    footer: str = "",
    empty: str = "",
    more: Sequence[CardButton] = (),
) -> CardView:
    """`rows`: a name and what is said of it; `footer`: the sentences that change the list (D28); `more`: buttons."""
    if not rows:
        return CardView(title, body=empty or head, footer=footer)
    buttons = list(more)
    buttons += turns(page, pages, lambda to: BasePageButton(page=to))
    drawn = tuple(CardRow(escape(name), escape(detail)) for name, detail in rows)
    return CardView(title, body=head, rows=drawn, buttons=tuple(buttons), footer=footer)


def changed_card(title: str, body: str, buttons: Sequence[CardButton]) -> CardView:
    """What a change did, now → new."""
    return CardView(title, body=escape(body), buttons=tuple(buttons))
