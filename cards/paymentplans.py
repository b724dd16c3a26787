"""Cards of payment plans: what their buttons carry and what they show."""

from collections.abc import Sequence
from typing import ClassVar

from bot.dispatch import Button, CardButton, CardRow, CardView


class PlansButton(Button):
    """The contract's 回款计划."""

    action: ClassVar[str] = "payments.plans"
    contract_id: int


class OverduePageButton(Button):
    """Another page of 逾期回款."""

    action: ClassVar[str] = "payments.overdue_page"
    page: int


class AllocateButton(Button):
    """「分到哪期」: the contract's instalments to choose from."""

    action: ClassVar[str] = "paymentplans.allocate"
    payment_id: int


class PickPlanButton(Button):
    """The payment is for that instalment; 0: for the one due first, as if nothing had been said."""

    action: ClassVar[str] = "paymentplans.pick"
    payment_id: int
    period: int


def pick_plan(title: str, body: str, rows: Sequence[tuple[int, str]], *, payment_id: int, number: str) -> CardView:
    """Which instalment a payment is for: period and how it stands."""
    drawn = tuple(
        CardRow(
            f"第 {period} 期", detail, "",
            (
                CardButton(
                    f"付第 {period} 期", PickPlanButton(payment_id=payment_id, period=period),
                    typed=f"分配回款 {number} 第{period}期",
                ),
            ),
        )
        for period, detail in rows
    )  # fmt: skip
    first = CardButton(
        "按到期先后", PickPlanButton(payment_id=payment_id, period=0), typed=f"分配回款 {number} 按到期先后"
    )
    return CardView(title, body=body, rows=drawn, buttons=(first,))
