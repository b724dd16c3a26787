"""What a payment says, changed and put back."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.core.forms import check_may_fill
from handlers.customfields.values import undo_custom, write_custom
from handlers.payments import rules
from handlers.payments.steps import check_mine, own_labels, step_record, step_touch
from storage import contracts, payments
from storage.database import Tx
from storage.tables import Contract, Payment


def step_update_payment(
    tx: Tx, ctx: Context, payment: Payment, contract: Contract, changes: Mapping[str, Any],
    custom: Mapping[str, str] | None = None,
) -> tuple[dict[str, tuple[str, str]], dict[str, Any], dict[str, str]]:  # fmt: skip
    """The same within another's transaction (import), on a locked contract.

    Returns what changed in words, what it was, and what the company's own fields that changed were.
    Raises Forbidden, InvalidInput, PaymentRefused.
    """
    check_may_fill(ctx.actor, "payment", {"on": changes.get("paid_on"), "method": changes.get("method")})
    check_mine(ctx, payment, contract)
    labels = {"paid_on": "日期", "method": "方式"}
    before = {name: getattr(payment, name) for name in labels if name in changes}
    if "paid_on" in changes:
        day: date = rules.check_day(changes["paid_on"], ctx.today)
        payment.credited_user_id = contracts.owner_on(tx, contract.id or 0, contract.owner_id, day)
        payment.credited_dept_id = payments.main_department(tx, payment.credited_user_id)
        payment.paid_on = day
    if "method" in changes:
        payment.method = str(changes["method"])
    pairs = {
        labels[name]: (str(was), str(getattr(payment, name)))
        for name, was in before.items()
        if was != getattr(payment, name)
    }
    own, was_own = write_custom(tx, ctx, "payment", payment, custom or {})
    pairs |= own
    if not pairs:
        raise InvalidInput(
            f"能改的是日期和方式，例如「修改回款 {payment.number} 日期 3月1日 方式 承兑」；金额不对就作废再登记。"
        )
    payment.version += 1
    tx.add(payment)
    tx.flush()
    step_record(tx, ctx, "edit.payment", payment, changes=pairs, **own_labels(tx, was_own))
    step_touch(tx, ctx, contract)
    return pairs, before, was_own


def step_put_back(
    tx: Tx, ctx: Context, payment: Payment, contract: Contract, before: Mapping[str, Any],
    custom: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Day, method and the company's own fields as they were; the contract is locked."""
    if "paid_on" in before:
        payment.paid_on = date.fromisoformat(before["paid_on"])
        payment.credited_user_id = contracts.owner_on(tx, contract.id or 0, contract.owner_id, payment.paid_on)
        payment.credited_dept_id = payments.main_department(tx, payment.credited_user_id)
    payment.method = before.get("method", payment.method)
    payment.version += 1
    tx.add(payment)
    tx.flush()
    changes = {"日期": ("", str(payment.paid_on)), **undo_custom(tx, "payment", payment, custom or {})}
    step_record(tx, ctx, "undo.payment", payment, changes=changes, **own_labels(tx, custom or {}))
    step_touch(tx, ctx, contract)
