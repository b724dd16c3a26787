"""The public pool's cards: what their buttons carry and what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView
from cards.paging import turns

REASONS = ("无需求", "联系不上", "重复", "其他")


class ClaimButton(Button):
    """「领取」on one customer of a pool card."""

    action: ClassVar[str] = "pool.claim"
    customer_id: int


class PoolPageButton(Button):
    """Another page of the list the card shows."""

    action: ClassVar[str] = "pool.page"
    page: int


class ReturnButton(Button):
    """「退回公海」with one of the preset reasons."""

    action: ClassVar[str] = "pool.return"
    customer_id: int
    reason: str


class AskReturnButton(Button):
    """「退回公海」: asks for the reason first."""

    action: ClassVar[str] = "pool.ask_return"
    customer_id: int


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One customer of the list as it stands now. `taken`: by whom and when; else it can be claimed."""

    customer_id: int
    name: str
    facts: str  # 食品 · 宁波 · 在公海 2 天
    taken: str = ""


def pool_list(
    rows: Sequence[PoolRow], *, claimed: str, total: int, page: int, pages: int, words: str,
    unknown: Sequence[str], may_claim: bool,
) -> CardView:  # fmt: skip
    """`公海`: begins with 累计领取 n/cap (D26). `unknown`: words that are no condition."""
    title = f"公海 · {words}" if words else "公海"
    drawn = tuple(
        CardRow(
            escape(row.name),
            row.facts,
            row.taken,
            (
                CardButton(
                    f"领取 {row.name}", ClaimButton(customer_id=row.customer_id), "primary", typed=f"领取 {row.name}"
                ),
            )
            if may_claim and not row.taken
            else (),
        )
        for row in rows
    )
    buttons = turns(page, pages, lambda to: PoolPageButton(page=to))
    doubt = f"没认出「{'」「'.join(escape(word) for word in unknown)}」" if unknown else ""
    if not rows and doubt:
        return CardView(title, body=f"{claimed}\n{doubt}，可以按名称、城市、行业、分类来找，例如「公海 杭州 机械」。")
    if not rows:
        empty = f"没有符合「{words}」的公海客户，换个词试试，例如「公海 杭州」。" if words else "公海里现在没有客户。"
        return CardView(title, body=f"{claimed}\n{empty}")
    shown = f"第 {page}/{pages} 页" if pages > 1 else ""
    head = " · ".join(part for part in (claimed, f"共 {total} 家", shown) if part)
    head += f"\n{doubt}，没有按它筛" if doubt else ""
    return CardView(title, body=head, rows=drawn, buttons=tuple(buttons))


def claimed_card(
    *, name: str, when: str, facts: str, contacts: Sequence[str], buttons: Sequence[CardButton]
) -> CardView:
    """After 领取 by word."""
    fields = tuple(("联系人", line) for line in contacts)
    return CardView(f"已领取 {name}", tags=(f"✓ 你已领取 {when}",), body=facts, fields=fields, buttons=tuple(buttons))


def ask_reason(*, name: str, customer_id: int) -> CardView:
    """Why is it given back? One tap, or the reason typed."""
    buttons = tuple(
        CardButton(reason, ReturnButton(customer_id=customer_id, reason=reason), typed=f"退回 {name} {reason}")
        for reason in REASONS
    )
    return CardView(f"退回 {name}", body="为什么退回？点一个，或直接回复原因。", buttons=buttons)


def returned_card(*, name: str, when: str, reason: str, wait: str, buttons: Sequence[CardButton]) -> CardView:
    """After 退回."""
    body = f"原因：{escape(reason)}" + (f"\n{wait}" if wait else "")
    return CardView(f"已退回公海 {name}", tags=(f"✓ {when} · 你",), body=body, buttons=tuple(buttons))
