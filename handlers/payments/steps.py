"""What every change of a payment has: its contract's lock, a line on record, 撤销, other cards that follow."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import Forbidden
from handlers.customfields.values import labels_of
from handlers.payments.rules import ChangedSince, PaymentRefused
from storage import audit, cards, contracts, payments, undos
from storage.database import Tx
from storage.tables import Contract, Payment

UNDO = timedelta(minutes=10)


def check_may_see(ctx: Context, contract: Contract) -> None:
    """One's own always; others' in scope with 回款-查看. Raises Forbidden."""
    if contract.owner_id != ctx.actor.user_id:
        ctx.actor.require(Permission.PAYMENT_VIEW)


def step_locked(tx: Tx, payment_id: int) -> tuple[Payment, Contract]:
    """The payment as it is after its contract's row is locked: one change after the other."""
    contract = contracts.access_contract(tx, payments.access_payment(tx, payment_id).contract_id, lock=True)
    return payments.access_payment(tx, payment_id), contract


def check_version(payment: Payment, payload: Mapping[str, Any]) -> None:
    """Raises ChangedSince."""
    if payment.version != payload["version"]:
        raise ChangedSince(f"回款 {payment.number} 之后又改过，不能撤销了；发送「回款 {payment.number}」看现在的样子。")


def step_offer(tx: Tx, ctx: Context, payment: Payment, kind: str, text: str, payload: Mapping[str, Any]) -> int:
    """撤销 of what was just done; what is changed after it cannot be taken back by it."""
    kept = {**payload, "payment_id": payment.id, "version": payment.version}
    return undos.offer(tx, user_id=ctx.actor.user_id, kind=kind, payload=kept, text=text, now=ctx.now, lasts=UNDO)


def step_touch(tx: Tx, ctx: Context, contract: Contract) -> None:
    """Cards of others show it as it is now."""
    card = ctx.key if ctx.via == "tap" else ""
    cards.redraw_others(tx, f"contract:{contract.id}", now=ctx.now, but=card)


def step_record(tx: Tx, ctx: Context, action: str, payment: Payment, **detail: Any) -> None:
    """In the audit."""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"payment:{payment.id}",
        name=payment.number or "", **detail,
    )  # fmt: skip


def own_labels(tx: Tx, values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Which labels of an audit line are the company's own fields: whoever reads it is kept from what he may not see."""
    return {"fields": labels_of(tx, "payment", values)} if values else {}


def check_mine(ctx: Context, payment: Payment, contract: Contract) -> None:
    """Who registered it, or has the contract; others with 回款-编辑. Raises Forbidden, PaymentRefused: it is void."""
    if ctx.actor.user_id not in (payment.created_by, contract.owner_id) and not ctx.actor.may(Permission.PAYMENT_EDIT):
        raise Forbidden(f"回款 {payment.number} 不是你登记的，你只能查看；要改请联系管理员开通「回款-编辑」。")
    if payment.voided_at is not None:
        raise PaymentRefused(f"回款 {payment.number} 已作废，不能再改。")
