"""A payment is for these instalments: said, taken back, and read."""

from collections.abc import Sequence
from decimal import Decimal

from bot.context import Context
from bot.language.money import show_money_short
from handlers.contracts.figures import sees
from handlers.paymentplans import rules
from handlers.payments.rules import NONE
from storage import allocations, payments
from storage.database import Tx
from storage.tables import Contract, Payment

Wanted = Sequence[tuple[int, Decimal | None]]  # period and amount; None: as much as there is of the one and the other


def step_allocate(tx: Tx, contract: Contract, payment: Payment, wanted: Wanted) -> None:
    """Makes it so, on a locked contract; nothing wanted: the instalment due first is paid first again.

    Raises:
        InvalidInput: no such instalment, no such amount.
        OverAllocated: more than the payment is, or more than the instalment asks.
    """
    key, payment_id = contract.id or 0, payment.id or 0
    plans = {f.period: f for f in payments.list_plans(tx, [key])}
    received = payments.list_received(tx, [key])[key]
    live = {one.id for one in received if one.id != payment_id}
    left = payments.true_amount(tx, payment_id) - payments.refunds_of(tx, payment_id)
    taken: dict[int, Decimal] = {}
    for one in allocations.list_chosen(tx, [key])[key]:
        if one.payment_id in live:
            taken[one.plan_id] = taken.get(one.plan_id, NONE) + one.amount
    parts: dict[int, Decimal] = {}
    for period, amount in wanted:
        plan = rules.check_period(contract.number, plans, period)
        room = plan.amount - taken.get(plan.id, NONE)
        part = rules.check_part(period, amount, left=left, room=room)
        parts[plan.id] = parts.get(plan.id, NONE) + part
        taken[plan.id] = taken.get(plan.id, NONE) + part
        left -= part
    allocations.put_chosen(tx, key, payment_id, parts)


def step_pays(tx: Tx, ctx: Context, payment: Payment) -> str:
    """第 1 期 3 万，第 2 期 2 万: what the payment pays as things stand; empty where its contract has no plans."""
    key = payment.contract_id
    plans = payments.list_plans(tx, [key])
    if not plans or payment.kind != "normal" or payment.voided_at is not None:
        return ""
    received, chosen = payments.list_received(tx, [key])[key], allocations.list_chosen(tx, [key])[key]
    parts: dict[int, Decimal] = {}
    for one in rules.allocate(plans, received, chosen):
        if one.payment_id == payment.id:
            parts[one.plan_id] = parts.get(one.plan_id, NONE) + one.amount
    shown = sees(ctx, "payment", "amount")
    paid = [f for f in plans if f.id in parts]
    told = [f"第 {f.period} 期" + (f" {show_money_short(parts[f.id])}" if shown else "") for f in paid]
    return "，".join(told) or "各期都已收齐"
