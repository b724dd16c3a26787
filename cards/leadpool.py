"""The cards of the leads' pool: what their buttons carry and what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bot.core.markup import escape
from bot.dispatch import Button, CardButton, CardRow, CardView
from cards.paging import turns
from cards.pool import REASONS


class ClaimLeadButton(Button):
    """「领取」on one lead of a pool card."""

    action: ClassVar[str] = "leadpool.claim"
    lead_id: int


class LeadPoolPageButton(Button):
    """Another page of the list the card shows."""

    action: ClassVar[str] = "leadpool.page"
    page: int


class AskReturnLeadButton(Button):
    """「退回公海」: asks for the reason first."""

    action: ClassVar[str] = "leadpool.ask_return"
    lead_id: int


class ReturnLeadButton(Button):
    """「退回公海」with one of the preset reasons, by its place."""

    action: ClassVar[str] = "leadpool.return"
    lead_id: int
    reason: int


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One lead of the list as it stands now. `taken`: by whom and when; else it can be claimed."""

    lead_id: int
    company: str
    facts: str
    taken: str = ""


def pool_list(
    rows: Sequence[PoolRow], *, claimed: str, total: int, page: int, pages: int, words: str, may_claim: bool
) -> CardView:
    """`线索公海`."""
    title = f"线索公海 · {escape(words)}" if words else "线索公海"
    if not rows:
        empty = f"没有符合「{escape(words)}」的线索，换个词试试。" if words else "线索公海里现在没有线索。"
        return CardView(title, body=empty)
    drawn = tuple(
        CardRow(escape(row.company), row.facts, row.taken, (_claim(row),) if may_claim and not row.taken else ())
        for row in rows
    )
    buttons = turns(page, pages, lambda to: LeadPoolPageButton(page=to))
    shown = f"第 {page}/{pages} 页" if pages > 1 else ""
    head = " · ".join(part for part in (claimed, f"共 {total} 条", shown) if part)
    return CardView(title, body=head, rows=drawn, buttons=tuple(buttons))


def _claim(row: PoolRow) -> CardButton:
    typed = f"领取线索 {row.company}"
    return CardButton(f"领取 {row.company}"[:20], ClaimLeadButton(lead_id=row.lead_id), "primary", typed=typed)


def ask_reason(company: str, lead_id: int) -> CardView:
    """Why is it given back? One tap, or the reason typed."""
    buttons = tuple(
        CardButton(reason, ReturnLeadButton(lead_id=lead_id, reason=n), typed=f"退回线索 {company} {reason}")
        for n, reason in enumerate(REASONS, start=1)
    )
    return CardView(f"退回线索 {escape(company)}", body="为什么退回？点一个，或直接回复原因。", buttons=buttons)


def returned_card(company: str, reason: str, when: str, buttons: Sequence[CardButton]) -> CardView:
    """After 退回."""
    return CardView(
        f"已退回线索公海 {escape(company)}", tags=(f"✓ {when} · 你",), body=f"原因：{escape(reason)}",
        buttons=tuple(buttons),
    )  # fmt: skip
