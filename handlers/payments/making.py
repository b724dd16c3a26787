"""A payment that is made, and taken back. Sums are checked under a lock on the contract's row (R-PAY-2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from bot.context import Context
from bot.core.forms import check_may_fill
from bot.language.money import show_money
from handlers.contracts.figures import check_may_look, step_standing
from handlers.customfields.values import new_changes
from handlers.paymentplans.allocating import step_allocate
from handlers.paymentplans.due import step_settle
from handlers.payments import rules
from handlers.payments.rules import PaymentRefused
from handlers.payments.steps import own_labels, step_record, step_touch
from storage import contracts, numbers, payments
from storage.database import Tx
from storage.tables import Contract, Payment

PREFIX = "HK"  # of payments' numbers (D25)


@dataclass(frozen=True, slots=True)
class NewPayment:
    """What came in. `refund_of`: it is money given back, of that payment. `over`: 记为预收 was said."""

    contract_id: int
    amount: Decimal
    paid_on: date | None = None  # None: today
    method: str = ""
    remark: str = ""
    refund_of: int | None = None
    over: bool = False
    number: str = ""  # empty: generated
    source_key: str = ""  # of the draft on a card: what is confirmed twice is registered once
    custom: Mapping[str, str] = field(default_factory=dict)  # the company's own fields, as they are stored
    period: int | None = None  # the instalment it is for; None: the one due first


def step_create_payment(tx: Tx, ctx: Context, new: NewPayment, *, contract: Contract | None = None) -> Payment:
    """The same within another's transaction (import); the caller has checked the function and the company's own fields.

    `contract`: locked already. Raises Forbidden, NotFound, InvalidInput, PaymentRefused, OverCollected.
    """
    paid_on = rules.check_day(new.paid_on or ctx.today, ctx.today)
    check_may_fill(ctx.actor, "payment", {"amount": new.amount, "on": new.paid_on, "method": new.method})
    amount = rules.check_amount(new.amount)
    contract = contract or contracts.access_contract(tx, new.contract_id, lock=True)
    check_may_look(ctx, contract)
    rules.check_state(contract.number, contract.state)
    money = contracts.money_of(tx, new.contract_id)
    over = False
    if new.refund_of is None:
        shown = step_standing(tx, ctx, contract).unpaid is not None
        by = rules.over_by(amount, paid=money.paid, contract=money.amount)
        allowed = ctx.settings.allow_over_collect
        left = money.amount - money.paid
        over = rules.check_over(by, left=left, allowed=allowed, confirmed=new.over, shown=shown)
    else:
        step_check_refund(tx, new, amount)
    credited = contracts.owner_on(tx, new.contract_id, contract.owner_id, paid_on)
    payment = Payment(
        number=_number(tx, ctx, new.number), contract_id=new.contract_id, amount=amount,
        kind="normal" if new.refund_of is None else "refund", refund_of=new.refund_of, paid_on=paid_on,
        method=new.method.strip(), remark=new.remark.strip(), credited_user_id=credited,
        credited_dept_id=payments.main_department(tx, credited), over_collect_flag=over,
        source_key=new.source_key or None, created_at=ctx.now, created_by=ctx.actor.user_id, custom=dict(new.custom),
    )  # fmt: skip
    tx.add(payment)
    tx.flush()
    action = "refund.payment" if new.refund_of is not None else "create.payment"
    changes = {"金额": ("", show_money(amount)), "日期": ("", str(paid_on)), "合同": ("", contract.number)}
    changes |= new_changes(tx, "payment", new.custom)
    step_record(
        tx, ctx, action, payment, changes=changes, **own_labels(tx, new.custom), **({"over": True} if over else {})
    )
    if new.period is not None and new.refund_of is None:
        step_allocate(tx, contract, payment, [(new.period, None)])
    step_settle(tx, ctx, contract)
    step_touch(tx, ctx, contract)
    return payment


def _number(tx: Tx, ctx: Context, given: str) -> str:
    if not given.strip():
        return numbers.next_number(tx, PREFIX, ctx.today.year)
    number = rules.check_number(given)
    if numbers.is_taken(tx, number):
        raise PaymentRefused(f"回款编号 {number} 用过了（删除的也不再用），换一个，或者不写编号、自动编。")
    numbers.note_number(tx, number)
    return number


def step_check_refund(tx: Tx, new: NewPayment, amount: Decimal) -> None:
    """No more is given back of a payment than came in by it. Raises NotFound, PaymentRefused."""
    origin = payments.access_payment(tx, new.refund_of or 0)
    if origin.contract_id != new.contract_id or origin.kind != "normal" or origin.voided_at is not None:
        raise PaymentRefused("只能退一笔还有效的回款，例如「退款 HK-2026-0001 2万」。")
    left = payments.true_amount(tx, origin.id or 0) - payments.refunds_of(tx, origin.id or 0)
    if amount > left:
        raise PaymentRefused(f"退款不能超过这笔回款还没退的金额（{show_money(left)}），改小金额再发一次。")


def step_take_back(tx: Tx, ctx: Context, payment: Payment, contract: Contract) -> None:
    """The same within another's transaction (import); the contract is locked. Raises PaymentRefused, OverCollected."""
    step_check_removable(tx, ctx, payment, contract)
    payment.deleted_at, payment.version = ctx.now, payment.version + 1
    tx.add(payment)
    tx.flush()
    step_record(tx, ctx, "undo.payment", payment, changes={"回款": (payment.number or "", "")})
    step_touch(tx, ctx, contract)


def step_check_removable(tx: Tx, ctx: Context, payment: Payment, contract: Contract) -> None:
    """A payment with refunds stays; without a refund the contract's sum may be too much. Raises PaymentRefused."""
    if payment.kind == "normal" and payments.refunds_of(tx, payment.id or 0) > 0:
        raise PaymentRefused(f"回款 {payment.number} 有退款，先作废退款，再处理这一笔。")
    if payment.kind == "refund":
        step_check_fits(tx, ctx, payment, contract)


def step_check_fits(tx: Tx, ctx: Context, payment: Payment, contract: Contract) -> None:
    """What comes back into the sum must fit as a new payment must. Raises OverCollected."""
    money = contracts.money_of(tx, contract.id or 0)
    by = rules.over_by(payments.true_amount(tx, payment.id or 0), paid=money.paid, contract=money.amount)
    shown = step_standing(tx, ctx, contract).unpaid is not None
    allowed = ctx.settings.allow_over_collect
    if rules.check_over(by, left=money.amount - money.paid, allowed=allowed, confirmed=allowed, shown=shown):
        payment.over_collect_flag = True
