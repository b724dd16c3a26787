"""How a contract is to be paid in instalments, and which of them a payment pays. Pure: no I/O, no clock.

Source: requirements R4.15; crm-rules.md 1.18 (R-PAY-3), invariants 49, 50.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Protocol, TypeVar

from bot.core.errors import InvalidInput, RuleBroken
from bot.language.money import show_money
from handlers.payments.rules import NONE, Receipt

MOST_PLANS: Final = 60
WAITING, PART, DONE, OVERDUE, VOID = "待回", "部分", "完成", "逾期", "作废"


class Instalment(Protocol):
    """One of a contract's plans."""

    @property
    def id(self) -> int: ...  # noqa: D102
    @property
    def amount(self) -> Decimal: ...  # noqa: D102
    @property
    def due_on(self) -> date: ...  # noqa: D102


class Choice(Protocol):
    """So much of a payment is for that instalment, somebody has said."""

    @property
    def payment_id(self) -> int: ...  # noqa: D102
    @property
    def plan_id(self) -> int: ...  # noqa: D102
    @property
    def amount(self) -> Decimal: ...  # noqa: D102
    @property
    def due_on(self) -> date: ...  # noqa: D102


class OverAllocated(RuleBroken, code="paymentplans.over"):
    """More than the payment is, or more than the instalment asks."""


P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Allocation:
    """So much of a payment pays that instalment."""

    payment_id: int
    plan_id: int
    amount: Decimal


def allocate(
    plans: Sequence[Instalment], receipts: Sequence[Receipt], chosen: Sequence[Choice] = ()
) -> list[Allocation]:
    """What was said of a payment first; then the earliest payment pays the instalment due first. A refund takes from
    the payment it gives back.

    Derived whenever it is asked for, so a voided payment frees what it paid (invariant 49) and nothing can disagree.
    `chosen`: of all instalments of the contract, whichever of them `plans` are.
    """
    given_back: dict[int, Decimal] = {}
    for one in receipts:
        if one.kind == "refund" and one.refund_of is not None:
            given_back[one.refund_of] = given_back.get(one.refund_of, NONE) + one.amount
    came = sorted((r for r in receipts if r.kind == "normal"), key=lambda r: (r.paid_on, r.id))
    left = {one.id: max(NONE, one.amount - given_back.get(one.id, NONE)) for one in came}
    rest = {plan.id: plan.amount for plan in plans}
    found: list[Allocation] = []

    def give(payment_id: int, plan_id: int, most: Decimal) -> None:
        part = min(left[payment_id], most, rest.get(plan_id, most))
        if part > 0:
            found.append(Allocation(payment_id, plan_id, part))
            left[payment_id] -= part
            if plan_id in rest:
                rest[plan_id] -= part

    for wish in sorted(chosen, key=lambda c: (c.due_on, c.plan_id)):
        if wish.payment_id in left:
            give(wish.payment_id, wish.plan_id, wish.amount)
    for one in came:
        for plan in sorted(plans, key=lambda p: (p.due_on, p.id)):
            give(one.id, plan.id, rest[plan.id])
    return found


def paid_by_plan(allocations: Sequence[Allocation]) -> dict[int, Decimal]:
    """What has been paid of each instalment."""
    paid: dict[int, Decimal] = {}
    for one in allocations:
        paid[one.plan_id] = paid.get(one.plan_id, NONE) + one.amount
    return paid


def plan_status(amount: Decimal, paid: Decimal, due_on: date, today: date, *, void: bool) -> str:
    """待回 / 部分 / 完成 / 逾期 / 作废."""
    if void:
        return VOID
    if paid >= amount:
        return DONE
    if due_on < today:
        return OVERDUE
    return PART if paid > 0 else WAITING


def check_plans(plans: Sequence[tuple[date, Decimal]]) -> None:
    """Raises InvalidInput."""
    if not plans:
        raise InvalidInput("没认出日期和金额，例如「回款计划 HT-2026-007 4月底 10万 6月底 20万」，或「… 3期」。")
    if len(plans) > MOST_PLANS:
        raise InvalidInput(f"回款计划最多 {MOST_PLANS} 期，请合并几期再发。")
    if any(amount <= 0 for _, amount in plans):
        raise InvalidInput("每一期的金额都要大于 0，例如「4月底 10万 6月底 20万」。")


def in_parts(total: Decimal, count: int) -> list[Decimal]:
    """Equal instalments to the fen; the last one takes what is left over. Raises InvalidInput."""
    if not 1 <= count <= MOST_PLANS:
        raise InvalidInput(f"回款计划是 1 到 {MOST_PLANS} 期，例如「回款计划 HT-2026-007 3期」。")
    part = (total / count).quantize(Decimal("0.01"))
    parts = [part] * (count - 1)
    parts.append(total - sum(parts, NONE))
    if any(one <= 0 for one in parts):
        raise InvalidInput("合同金额太小，分不了这么多期，少分几期再发。")
    return parts


def sum_warning(planned: Decimal, amount: Decimal) -> str:
    """What is wrong with the sum of the instalments; it never blocks (R-PAY-3)."""
    if planned == amount:
        return ""
    words = "多" if planned > amount else "少"
    return f"注意：计划合计 {show_money(planned)}，比合同金额{words} {show_money(abs(planned - amount))}。"


def check_period(number: str, plans: Mapping[int, P], period: int) -> P:
    """The instalment of that period. Raises InvalidInput."""
    if period in plans:
        return plans[period]
    if not plans:
        raise InvalidInput(f"合同 {number} 还没有回款计划，不写第几期，或者先排一个，例如「回款计划 {number} 3期」。")
    raise InvalidInput(f"合同 {number} 没有第 {period} 期，一共 {len(plans)} 期；发送「回款计划 {number}」看看。")


def check_part(period: int, amount: Decimal | None, *, left: Decimal, room: Decimal) -> Decimal:
    """How much of a payment is for the instalment: `amount`, or (None) as much as there is.

    `left`: of the payment; `room`: what no other payment was said to pay of the instalment.

    Raises:
        InvalidInput, OverAllocated.
    """
    if amount is not None and (amount <= 0 or amount != amount.quantize(Decimal("0.01"))):
        raise InvalidInput("分到每一期的金额要大于 0、最多到分，例如「第2期 3万」。")
    if left <= 0:
        raise OverAllocated(f"这笔回款已经分完了，没有可以分到第 {period} 期的，少写一期再发。")
    if room <= 0:
        raise OverAllocated(f"第 {period} 期已经由别的回款指定付清了，换一期再分。")
    wanted = min(left, room) if amount is None else amount
    if wanted > left:
        raise OverAllocated(f"这笔回款还能分的是 {show_money(left)}，分不出 {show_money(wanted)}，改小再发。")
    if wanted > room:
        raise OverAllocated(f"第 {period} 期还能分的是 {show_money(room)}，放不下 {show_money(wanted)}，改小再发。")
    return wanted
