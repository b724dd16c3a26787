"""Use cases of payments. Sums are checked under a lock on the contract's row (R-PAY-2)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import NotFound
from handlers.contracts.figures import check_may_look, may_look, sees, step_standing
from handlers.contracts.steps import changes_text
from handlers.customfields.values import check_new
from handlers.paymentplans.allocating import step_pays
from handlers.paymentplans.rules import check_period
from handlers.payments import rules
from handlers.payments.answers import (
    Brief,
    Candidate,
    Changed,
    PaymentDetails,
    PaymentPage,
    Prepared,
    Registered,
)
from handlers.payments.changing import step_put_back, step_update_payment
from handlers.payments.making import (
    NewPayment,
    step_check_fits,
    step_check_refund,
    step_check_removable,
    step_create_payment,
    step_take_back,
)
from handlers.payments.rules import PaymentRefused
from handlers.payments.steps import (
    check_may_see,
    check_version,
    step_locked,
    step_offer,
    step_record,
    step_touch,
)
from handlers.settings.changing import step_change
from storage import contracts, customers, payments, people
from storage.payments import PAGE, PaymentFilter
from storage.settings import lock_settings


def create_payment(ctx: Context, new: NewPayment) -> Registered:
    """Registers a payment on a contract in scope.

    Raises:
        Forbidden, NotFound, InvalidInput, PaymentRefused, OverCollected.
    """
    ctx.actor.require(Permission.PAYMENT_ADD)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, new.contract_id, lock=True)
        if new.source_key and (made := payments.find_by_source(tx, new.source_key)) is not None:
            return Registered(made, None, again=True)
        new = replace(new, custom=check_new(tx, ctx, "payment", new.custom))
        payment = step_create_payment(tx, ctx, new, contract=contract)
        undo_id = step_offer(tx, ctx, payment, "payments.create", f"登记回款 {payment.number}", {})
        return Registered(payment, undo_id)


def undo_create(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Takes a registration back. Raises NotFound, ChangedSince, OverCollected."""
    with ctx.begin() as tx:
        payment, contract = step_locked(tx, int(payload["payment_id"]))
        check_version(payment, payload)
        step_take_back(tx, ctx, payment, contract)
        return f"已撤销回款 {payment.number}，不再计入合同 {contract.number}。"


def void_payment(ctx: Context, payment_id: int, reason: str) -> Changed:
    """A payment that was wrong counts no more, and stays on record. Raises Forbidden, NotFound, InvalidInput."""
    ctx.actor.require(Permission.PAYMENT_VOID)
    with ctx.begin() as tx:
        payment, contract = step_locked(tx, payment_id)
        if payment.voided_at is not None:
            raise PaymentRefused(f"回款 {payment.number} 已经作废过了，没有变化。")
        reason = rules.check_reason(reason, payment.number or "")
        step_check_removable(tx, ctx, payment, contract)
        payment.voided_at, payment.void_reason, payment.version = ctx.now, reason, payment.version + 1
        tx.add(payment)
        tx.flush()
        step_record(tx, ctx, "void.payment", payment, changes={"状态": ("有效", "已作废")}, reason=reason)
        step_touch(tx, ctx, contract)
        undo_id = step_offer(tx, ctx, payment, "payments.void", f"作废回款 {payment.number}", {})
        return Changed(f"回款 {payment.number} 已作废，不再计入合同 {contract.number}", undo_id, contract.id or 0)


def undo_void(ctx: Context, payload: Mapping[str, Any]) -> str:
    """The payment counts again, if it still fits. Raises NotFound, ChangedSince, OverCollected."""
    with ctx.begin() as tx:
        payment, contract = step_locked(tx, int(payload["payment_id"]))
        check_version(payment, payload)
        rules.check_state(contract.number, contract.state)
        if payment.kind == "normal":
            step_check_fits(tx, ctx, payment, contract)
        else:
            new = NewPayment(contract.id or 0, payment.amount, refund_of=payment.refund_of)
            step_check_refund(tx, new, payments.true_amount(tx, payment.id or 0))
        payment.voided_at, payment.void_reason, payment.version = None, "", payment.version + 1
        tx.add(payment)
        tx.flush()
        step_record(tx, ctx, "undo.payment", payment, changes={"状态": ("已作废", "有效")})
        step_touch(tx, ctx, contract)
        return f"已撤销，回款 {payment.number} 重新计入合同 {contract.number}。"


def edit_payment(
    ctx: Context, payment_id: int, changes: Mapping[str, Any], custom: Mapping[str, str] | None = None
) -> Changed:
    """`changes`: paid_on, method; `custom`: the company's own fields, "" empties one.

    Who registered it, or has the contract, needs 回款-新增; others 回款-编辑.

    Raises:
        Forbidden, NotFound, InvalidInput.
    """
    if not ctx.actor.may(Permission.PAYMENT_EDIT):
        ctx.actor.require(Permission.PAYMENT_ADD)
    with ctx.begin() as tx:
        payment, contract = step_locked(tx, payment_id)
        pairs, before, was = step_update_payment(tx, ctx, payment, contract, changes, custom)
        kept = {
            "before": {k: v.isoformat() if isinstance(v, date) else v for k, v in before.items()}, "custom": was,
        }  # fmt: skip
        undo_id = step_offer(tx, ctx, payment, "payments.edit", f"修改回款 {payment.number}", kept)
        text = changes_text(pairs, ctx.today)
        return Changed(f"回款 {payment.number} {text}", undo_id, contract.id or 0)


def undo_edit(ctx: Context, payload: Mapping[str, Any]) -> str:
    """Puts back what the payment said. Raises NotFound, ChangedSince."""
    with ctx.begin() as tx:
        payment, contract = step_locked(tx, int(payload["payment_id"]))
        check_version(payment, payload)
        step_put_back(tx, ctx, payment, contract, payload["before"], payload.get("custom"))
        return f"已撤销，回款 {payment.number} 恢复原样。"


def delete_payment(ctx: Context, payment_id: int) -> Changed:
    """Takes a voided payment off the lists. Raises Forbidden, NotFound, PaymentRefused."""
    ctx.actor.require(Permission.PAYMENT_DELETE)
    with ctx.begin() as tx:
        payment, contract = step_locked(tx, payment_id)
        if payment.voided_at is None:
            raise PaymentRefused(
                f"回款 {payment.number} 还有效，不能直接删除；先发送「作废回款 {payment.number} 原因」。"
            )
        payment.deleted_at, payment.version = ctx.now, payment.version + 1
        tx.add(payment)
        tx.flush()
        step_record(tx, ctx, "delete.payment", payment, changes={"回款": (payment.number or "", "")})
        step_touch(tx, ctx, contract)
        return Changed(f"已删除作废的回款 {payment.number}", None, contract.id or 0)


def show_payment(ctx: Context, payment_id: int) -> PaymentDetails:
    """One payment; on another's contract it needs 回款-查看. Raises Forbidden, NotFound."""
    with ctx.begin() as tx:
        payment = payments.access_payment(tx, payment_id)
        contract = contracts.access_contract(tx, payment.contract_id)
        check_may_see(ctx, contract)
        origin = payments.access_payment(tx, payment.refund_of).number if payment.refund_of else ""
        names = contracts.customer_names(tx, [contract.customer_id])
        return PaymentDetails(
            payment, contract, names.get(contract.customer_id, ""), step_standing(tx, ctx, contract),
            people.name_of(tx, payment.credited_user_id) if payment.credited_user_id else "", origin or "",
            step_pays(tx, ctx, payment),
        )  # fmt: skip


def find_payment(ctx: Context, number: str) -> int:
    """By its number. Raises NotFound."""
    with ctx.begin() as tx:
        found = payments.find_by_number(tx, number)
        if found is None or found.id is None:
            raise NotFound(f"没有找到回款「{number[:40]}」，发送「回款记录」看看编号。")
        return found.id


def list_payments(ctx: Context, wanted: PaymentFilter, page: int = 1) -> PaymentPage:
    """Payments on contracts within the scope, with their sum. Raises Forbidden."""
    ctx.actor.require(Permission.PAYMENT_VIEW)
    with ctx.begin() as tx:
        total, amount = payments.count_payments(tx, wanted)
        pages = max(1, -(-total // PAGE))
        rows = payments.list_payments(tx, wanted, page=min(max(1, page), pages))
        found = {c.id or 0: c for c in contracts.list_by_ids(tx, list({p.contract_id for p in rows}))}
        names = contracts.customer_names(tx, [c.customer_id for c in found.values()])
        shown = amount if sees(ctx, "payment", "amount") else None
        return PaymentPage(rows, found, names, total, shown, pages)


def candidates(ctx: Context, customer_id: int) -> list[Candidate]:
    """A customer's contracts on which money may come in: those still owed something first.

    Raises:
        Forbidden, NotFound.
    """
    ctx.actor.require(Permission.PAYMENT_ADD)
    with ctx.begin() as tx:
        rows = [c for c in contracts.list_of_customer(tx, customer_id) if may_look(ctx, c)]
        if not rows:  # contracts are in sight though their customer may not be
            customers.access_customer(tx, customer_id)
        money = contracts.figures(tx, [c.id for c in rows if c.id is not None])
        found = []
        for contract in rows:
            stands = money[contract.id or 0]
            still = stands.amount > stands.paid
            found.append(
                Candidate(contract.id or 0, contract.number, contract.state, step_standing(tx, ctx, contract), still)
            )
        return sorted(found, key=lambda c: not c.open)


def brief(ctx: Context, contract_id: int) -> Brief:
    """Whether a payment may be registered on it at all. Raises Forbidden, NotFound, PaymentRefused."""
    ctx.actor.require(Permission.PAYMENT_ADD)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id)
        check_may_look(ctx, contract)
        rules.check_state(contract.number, contract.state)
        name = contracts.customer_names(tx, [contract.customer_id]).get(contract.customer_id, "")
        return Brief(contract.customer_id, f"{contract.number} {name}")


def prepare(
    ctx: Context, contract_id: int, amount: Decimal, paid_on: date | None, refund_of: int | None, token: str = "",
    period: int | None = None,
) -> Prepared:  # fmt: skip
    """What would become of the contract, before it is confirmed.

    Raises:
        Forbidden, NotFound, InvalidInput, PaymentRefused.
    """
    ctx.actor.require(Permission.PAYMENT_ADD)
    with ctx.begin() as tx:
        contract = contracts.access_contract(tx, contract_id)
        check_may_look(ctx, contract)
        rules.check_state(contract.number, contract.state)
        rules.check_amount(amount)
        day = rules.check_day(paid_on or ctx.today, ctx.today)
        if period is not None:
            check_period(contract.number, {f.period: f for f in payments.list_plans(tx, [contract_id])}, period)
        money = contracts.money_of(tx, contract_id)
        received = payments.list_received(tx, [contract_id])[contract_id]
        standing = step_standing(tx, ctx, contract)
        twins = [r for r in received if r.amount == amount and r.paid_on == day and r.kind == "normal"]
        twin = payments.access_payment(tx, twins[-1].id).number if twins and refund_of is None else ""
        over = rules.over_by(amount, paid=money.paid, contract=money.amount) if refund_of is None else rules.NONE
        rest = [c for c in contracts.list_of_customer(tx, contract.customer_id) if may_look(ctx, c)]
        made = payments.find_by_source(tx, token) if token else None
        names = contracts.customer_names(tx, [contract.customer_id])
        return Prepared(
            contract, names.get(contract.customer_id, ""), standing, over, money.amount - money.paid,
            ctx.settings.allow_over_collect, len(rest) - 1, (twin or "") if standing.paid is not None else "",
            (made.number or "") if made is not None else "",
        )  # fmt: skip


def set_over_collect(ctx: Context, *, allow: bool) -> Changed:
    """允许超额回款, for everybody from now on. Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        before = lock_settings(tx).allow_over_collect
        word = {True: "允许", False: "不允许"}
        if before == allow:
            return Changed(f"没有变化：超额回款本来就是「{word[allow]}」", None, 0)
        undo_id = step_change(tx, ctx, "allow_over_collect", allow, text="超额回款设置")
        return Changed(f"超额回款：{word[before]} → {word[allow]}", undo_id, 0)
