"""The organisation's cards: the tree, a branch with its people, a sync on its way."""

from collections.abc import Sequence
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardView
from cards.paging import turns


class SyncButton(Button):
    """「同步组织」."""

    action: ClassVar[str] = "org.sync"


class OrgPageButton(Button):
    """Another page of the tree (no branch) or of one branch."""

    action: ClassVar[str] = "org.page"
    page: int
    department_id: int | None = None


def tree_card(
    *, title: str, lines: Sequence[str], head: Sequence[str], notes: Sequence[str], page: int, pages: int,
    department_id: int | None,
) -> CardView:  # fmt: skip
    """`lines`: departments with head-counts, indented; `notes`: what needs doing."""
    buttons = turns(page, pages, lambda to: OrgPageButton(page=to, department_id=department_id))
    if department_id is not None:
        buttons.append(CardButton("看全部部门", OrgPageButton(page=1), typed="组织机构"))
    buttons.append(CardButton("同步组织", SyncButton(), typed="同步组织"))
    shown = [f"第 {page}/{pages} 页"] if pages > 1 else []
    return CardView(
        escape(title), body="\n".join([*head, *lines, *shown, *notes]), buttons=tuple(buttons),
        footer="看一个部门的人：「组织机构 部门名称」",
    )  # fmt: skip


def sync_card(*, state: str, lines: Sequence[str], again: bool) -> CardView:
    """`state`: 正在同步, 同步完成, 没有成功."""
    buttons = (CardButton("重新同步", SyncButton(), "primary", typed="同步组织"),) if again else ()
    return CardView("同步组织", tags=(state,), body="\n".join(lines), buttons=buttons)
