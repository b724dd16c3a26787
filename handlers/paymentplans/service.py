"""Use cases of payment plans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import Forbidden
from bot.core.forms import check_may_fill
from handlers.contracts.figures import check_may_look, sees
from handlers.paymentplans import rules
from handlers.paymentplans.allocating import Wanted, step_allocate, step_pays
from handlers.paymentplans.due import PLAN_RULES, PlanLine, step_due, step_plan_lines, step_settle
from handlers.payments.answers import Changed
from handlers.payments.rules import NONE, ChangedSince, PaymentRefused
from handlers.payments.steps import (
    UNDO,
    check_may_see,
    check_mine,
    check_version,
    step_locked,
    step_offer,
    step_record,
    step_touch,
)
from storage import allocations, audit, contracts, digest, payments, people, undos
from storage.database import Tx
from storage.payments import PAGE
from storage.tables import Contract, Payment


@dataclass(frozen=True, slots=True)
class PlanSheet:
    """A contract's instalments and what is wrong with their sum."""

    contract: Contract
    customer: str
    lines: list[PlanLine]
    warning: str


@dataclass(frozen=True, slots=True)
class OverduePage:
    """One page of 逾期回款: how many, and what is still to come in on them; None: not to be seen."""

    lines: list[PlanLine]
    total: int
    owed: Decimal | None
    pages: int


def set_plans(
    ctx: Context, contract_id: int, plans: Sequence[tuple[date, Decimal]], count: int | None = None
) -> Changed:
    """The contract's instalments, in place of those there were; `count`: so many equal ones, a month apart.

    One's own contract needs 回款-新增, another's 回款-编辑.

    Raises:
        Forbidden, NotFound, InvalidInput, PaymentRefused.
    """
    if not ctx.actor.may(Permission.PAYMENT_EDIT):
        ctx.actor.require(Permission.PAYMENT_ADD)
    check_may_fill(ctx.actor, "payment", {"amount": "plan"})
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id, lock=True)
        check_may_look(ctx, contract)
        if contract.owner_id != ctx.actor.user_id and not ctx.actor.may(Permission.PAYMENT_EDIT):
            who = people.name_of(tx, contract.owner_id)
            raise Forbidden(
                f"合同 {contract.number} 由 {who} 负责，排回款计划请联系 {who}，或请管理员开通「回款-编辑」。"
            )
        if contract.state == "void":
            raise PaymentRefused(f"合同 {contract.number} 已作废，不能排回款计划。")
        total = contracts.money_of(tx, contract_id).amount
        if count is not None:
            plans = _monthly(contract, rules.in_parts(total, count), ctx.today)
        rules.check_plans(plans)
        before = payments.replace_plans(tx, contract_id, plans, by=ctx.actor.user_id, now=ctx.now)
        contract.version += 1
        tx.add(contract)
        tx.flush()
        changes = {"回款计划": (f"{len(before)} 期" if before else "", f"{len(plans)} 期")}
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="set.plans",
            subject=f"contract:{contract_id}", name=contract.number, changes=changes,
        )  # fmt: skip
        digest.cancel(tx, f"contract:{contract_id}", rules=PLAN_RULES, now=ctx.now)
        step_touch(tx, ctx, contract)
        payload = {"contract_id": contract_id, "version": contract.version, "before": before}
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="payments.plans", payload=payload,
            text=f"回款计划 {contract.number}", now=ctx.now, lasts=UNDO,
        )  # fmt: skip
        return Changed(f"合同 {contract.number} 的回款计划：{len(plans)} 期", undo_id, contract_id)


def _monthly(contract: Contract, parts: Sequence[Decimal], today: date) -> list[tuple[date, Decimal]]:
    """A month apart, the first one a month after the contract begins, or after today where that has gone."""
    begins = max(contract.starts_on or contract.signed_on or today, today)
    return [(_months_later(begins, n), part) for n, part in enumerate(parts, start=1)]


def _months_later(day: date, months: int) -> date:
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    first = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=day.day - 1), first - timedelta(days=1))


def undo_plans(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Puts back the instalments there were. Raises NotFound, ChangedSince."""
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, int(payload["contract_id"]), lock=True)
        if contract.version != payload["version"]:
            raise ChangedSince(
                f"合同 {contract.number} 之后又改过，不能撤销了；发送「回款计划 {contract.number}」看看。"
            )
        payments.restore_plans(tx, contract.id or 0, [int(i) for i in payload["before"]], ctx.now)
        contract.version += 1
        tx.add(contract)
        tx.flush()
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="undo.plans",
            subject=f"contract:{contract.id}", name=contract.number,
            changes={"回款计划": ("", f"{len(payload['before'])} 期")},
        )  # fmt: skip
        step_touch(tx, ctx, contract)
        return f"已撤销，合同 {contract.number} 的回款计划恢复原样。"


def show_plans(ctx: Context, contract_id: int) -> PlanSheet:
    """A contract's instalments with their derived status. Another's needs 合同-查看 and 回款-查看.

    Raises:
        Forbidden, NotFound.
    """
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id)
        check_may_look(ctx, contract)
        check_may_see(ctx, contract)
        facts = payments.list_plans(tx, [contract_id])
        lines = step_plan_lines(tx, ctx, facts, {contract_id: contract})
        money = contracts.money_of(tx, contract_id)
        warning = ""
        if facts and sees(ctx, "contract", "amount") and sees(ctx, "payment", "amount"):
            warning = rules.sum_warning(sum((f.amount for f in facts), NONE), money.amount)
        names = contracts.customer_names(tx, [contract.customer_id])
        return PlanSheet(contract, names.get(contract.customer_id, ""), lines, warning)


def list_overdue(ctx: Context, page: int = 1, *, mine: bool = False) -> OverduePage:
    """Instalments whose day has gone and that are not paid whole, the oldest first. Raises Forbidden."""
    ctx.actor.require(Permission.PAYMENT_VIEW)
    with ctx.begin() as tx:
        until = ctx.today - timedelta(days=1)
        owner = ctx.actor.user_id if mine else ""
        lines = [line for line in step_due(tx, ctx, owner_id=owner, until=until) if line.status == rules.OVERDUE]
        pages = max(1, -(-len(lines) // PAGE))
        first = (min(max(1, page), pages) - 1) * PAGE
        owed = [line.amount - line.paid for line in lines if line.amount is not None and line.paid is not None]
        total = sum(owed, NONE) if len(owed) == len(lines) else None
        return OverduePage(lines[first : first + PAGE], len(lines), total, pages)


@dataclass(frozen=True, slots=True)
class AllocationSheet:
    """A payment and the instalments it may be for."""

    payment: Payment
    contract: Contract
    pays: str  # in words, as things stand
    lines: list[PlanLine]


def show_allocation(ctx: Context, payment_id: int) -> AllocationSheet:
    """Which instalments there are for a payment. Another's needs 回款-查看. Raises Forbidden, NotFound."""
    with ctx.begin() as tx:
        payment = payments.access_payment(tx, payment_id)
        contract = contracts.access_contract(tx, payment.contract_id)
        check_may_see(ctx, contract)
        facts = payments.list_plans(tx, [payment.contract_id])
        found = step_plan_lines(tx, ctx, facts, {payment.contract_id: contract}) if facts else []
        return AllocationSheet(payment, contract, step_pays(tx, ctx, payment), found)


def allocate_payment(ctx: Context, payment_id: int, wanted: Wanted) -> Changed:
    """The payment is for these instalments; none: the one due first is paid first again (R-PAY-3).

    Who registered it, or has the contract, needs 回款-新增; others 回款-编辑.

    Raises:
        Forbidden, NotFound, InvalidInput, PaymentRefused, OverAllocated.
    """
    if not ctx.actor.may(Permission.PAYMENT_EDIT):
        ctx.actor.require(Permission.PAYMENT_ADD)
    check_may_fill(ctx.actor, "payment", {"amount": "allocation"})
    with ctx.begin() as tx:
        payment, contract = step_locked(tx, payment_id)
        check_mine(ctx, payment, contract)
        if payment.kind != "normal":
            raise PaymentRefused(f"{payment.number} 是退款，随原回款走，不用分配。")
        before, was = allocations.chosen_of(tx, payment_id), step_pays(tx, ctx, payment)
        step_allocate(tx, contract, payment, wanted)
        now = _allocated(tx, ctx, payment, contract, was, "allocate.payment")
        kept = {"before": [[plan_id, str(amount)] for plan_id, amount in before.items()]}
        undo_id = step_offer(tx, ctx, payment, "paymentplans.allocate", f"分配回款 {payment.number}", kept)
        return Changed(f"回款 {payment.number} 付的是{now}", undo_id, contract.id or 0)


def undo_allocate(ctx: Context, payload: Mapping[str, Any]) -> str:
    """As it was said before. Raises NotFound, ChangedSince."""
    with ctx.begin() as tx:
        payment, contract = step_locked(tx, int(payload["payment_id"]))
        check_version(payment, payload)
        was = step_pays(tx, ctx, payment)
        parts = {int(plan_id): Decimal(amount) for plan_id, amount in payload["before"]}
        allocations.put_chosen(tx, contract.id or 0, payment.id or 0, parts)
        now = _allocated(tx, ctx, payment, contract, was, "undo.payment")
        return f"已撤销，回款 {payment.number} 付的是{now}。"


def _allocated(tx: Tx, ctx: Context, payment: Payment, contract: Contract, was: str, action: str) -> str:
    """What every change of an allocation does besides; returns what the payment pays now."""
    payment.version += 1
    tx.add(payment)
    tx.flush()
    now = step_pays(tx, ctx, payment)
    step_record(tx, ctx, action, payment, changes={"付的是": (was, now)})
    step_settle(tx, ctx, contract)
    step_touch(tx, ctx, contract)
    return now
