"""Queries on payments and their plans, and the small writes that belong to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import case, type_coerce
from sqlalchemy import select as columns
from sqlmodel import col, func, select, update

from bot.core.errors import NotFound
from storage.contracts import RULES, signed_fen
from storage.custom_fields import Condition, custom_condition
from storage.database import Tx
from storage.tables import Contract, Customer, EmployeeDepartment, Payment, PaymentPlan
from storage.types import Fen

PAGE = 5
MASKED = {"unmasked": RULES}


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """Conditions that combine. Dates include their ends."""

    contract_id: int | None = None
    customer_id: int | None = None
    owner_id: str = ""  # of the contract
    words: tuple[str, ...] = ()  # each in the customer's name, a number or the method
    paid_from: date | None = None
    paid_until: date | None = None
    custom: tuple[Condition, ...] = ()  # on the company's own fields
    live: bool = False  # without voided ones


@dataclass(frozen=True, slots=True)
class Received:
    """A live payment with its true amount, for the rules."""

    id: int
    kind: str
    refund_of: int | None
    amount: Decimal
    paid_on: date


@dataclass(frozen=True, slots=True)
class PlanFact:
    """An instalment with its true amount, and whose contract it is on."""

    id: int
    contract_id: int
    period: int
    amount: Decimal
    due_on: date


def access_payment(tx: Tx, payment_id: int) -> Payment:
    """Raises NotFound if it is absent or its contract is outside the transaction's scope."""
    query = select(Payment).where(Payment.id == payment_id).execution_options(populate_existing=True)
    payment = tx.exec(query).first()
    if payment is None:
        there = select(Payment.id).where(Payment.id == payment_id, col(Payment.deleted_at).is_(None))
        hidden = tx.exec(there, execution_options={"unscoped": "the audit tells an attempt from a slip"}).first()
        raise NotFound(
            "没有找到这笔回款，可能编号不对，或不在你能看的范围里。发送「回款」看看。",
            attempt=f"payment:{payment_id}" if hidden is not None else "",
        )
    return payment


def find_by_number(tx: Tx, number: str) -> Payment | None:
    """By its number, however it is capitalised."""
    return tx.exec(select(Payment).where(func.upper(Payment.number) == number.upper())).first()


def find_by_source(tx: Tx, source_key: str) -> Payment | None:
    """The payment that was made of one draft, if it was made already."""
    return tx.exec(select(Payment).where(Payment.source_key == source_key)).first()


def list_received(tx: Tx, contract_ids: Sequence[int]) -> dict[int, list[Received]]:
    """Live payments by contract, in the order they came in."""
    query = (
        columns(
            col(Payment.contract_id), col(Payment.id), col(Payment.kind), col(Payment.refund_of), col(Payment.amount),
            col(Payment.paid_on),
        )
        .where(col(Payment.contract_id).in_(list(contract_ids)), col(Payment.voided_at).is_(None))
        .order_by(col(Payment.paid_on), col(Payment.id))
    )  # fmt: skip
    found: dict[int, list[Received]] = {i: [] for i in contract_ids}
    for contract_id, key, kind, refund_of, amount, paid_on in tx.execute(query, execution_options=MASKED).all():
        found[contract_id].append(Received(key or 0, kind, refund_of, amount, paid_on))
    return found


def _where(wanted: PaymentFilter) -> list[Any]:
    conditions: list[Any] = []
    pairs: tuple[tuple[Any, Callable[[], Any]], ...] = (
        (wanted.contract_id, lambda: col(Payment.contract_id) == wanted.contract_id),
        (wanted.customer_id, lambda: col(Contract.customer_id) == wanted.customer_id),
        (wanted.owner_id, lambda: col(Contract.owner_id) == wanted.owner_id),
        (wanted.paid_from, lambda: col(Payment.paid_on) >= wanted.paid_from),
        (wanted.paid_until, lambda: col(Payment.paid_on) <= wanted.paid_until),
    )
    conditions += [condition() for value, condition in pairs if value]
    for word in wanted.words:
        named = select(Customer.id).where(col(Customer.name).contains(word, autoescape=True))
        conditions.append(
            func.upper(Payment.number).contains(word.upper(), autoescape=True)
            | func.upper(Contract.number).contains(word.upper(), autoescape=True)
            | col(Payment.method).contains(word, autoescape=True)
            | col(Contract.customer_id).in_(named)
        )
    if wanted.live:
        conditions.append(col(Payment.voided_at).is_(None))
    return [*conditions, *(custom_condition("payment", one) for one in wanted.custom)]


def count_payments(tx: Tx, wanted: PaymentFilter) -> tuple[int, Decimal | None]:
    """How many there are, voided ones too, and what came in by them; None where the amount may not be seen."""
    counted = case((col(Payment.voided_at).is_(None), signed_fen()), else_=signed_fen() * 0)  # NULL where it is hidden
    query = (
        columns(func.count(), type_coerce(func.sum(counted), Fen))
        .select_from(Payment)
        .join(Contract, col(Contract.id) == col(Payment.contract_id))
        .where(*_where(wanted))
    )
    count, total = tx.execute(query).one()
    return int(count), total if count else Decimal("0.00")


def list_payments(tx: Tx, wanted: PaymentFilter, *, page: int = 1, size: int = PAGE) -> list[Payment]:
    """One page, the latest first."""
    query = (
        select(Payment)
        .join(Contract, col(Contract.id) == col(Payment.contract_id))
        .where(*_where(wanted))
        .order_by(col(Payment.paid_on).desc(), col(Payment.id).desc())
    )
    return list(tx.exec(query.limit(size).offset((page - 1) * size)).all())


def list_after(tx: Tx, wanted: PaymentFilter, *, after: int, limit: int) -> list[tuple[str, Payment]]:
    """The next that match, by id, with their contract's number: for exports, which go through all of them."""
    query = (
        select(Payment)
        .join(Contract, col(Contract.id) == col(Payment.contract_id))
        .where(*_where(wanted), col(Payment.id) > after)
        .order_by(col(Payment.id))
    )
    found = list(tx.exec(query.limit(limit)).all())
    of = sorted({p.contract_id for p in found})
    numbers = {c.id: c.number for c in tx.exec(select(Contract).where(col(Contract.id).in_(of))).all()}
    return [(numbers[p.contract_id], p) for p in found]


def of_contracts(tx: Tx, contract_ids: Sequence[int]) -> list[Payment]:
    """Payments on these contracts."""
    return list(tx.exec(select(Payment).where(col(Payment.contract_id).in_(list(contract_ids)))).all())


def count_live(tx: Tx, contract_id: int) -> int:
    """Payments and refunds that are neither voided nor taken back."""
    query = select(func.count()).select_from(Payment).where(
        Payment.contract_id == contract_id, col(Payment.voided_at).is_(None), col(Payment.deleted_at).is_(None)
    )  # fmt: skip
    return tx.exec(query, execution_options={"unscoped": RULES}).one()


def refunds_of(tx: Tx, payment_id: int) -> Decimal:
    """What has been given back of one payment."""
    query = columns(type_coerce(func.sum(Payment.amount), Fen)).where(
        col(Payment.refund_of) == payment_id, col(Payment.voided_at).is_(None)
    )
    return tx.execute(query, execution_options=MASKED).scalar_one() or Decimal("0.00")


def true_amount(tx: Tx, payment_id: int) -> Decimal:
    """Of a payment the caller has access to."""
    query = columns(col(Payment.amount)).where(col(Payment.id) == payment_id)
    amount: Decimal = tx.execute(query, execution_options=MASKED).scalar_one()
    return amount


def list_plans(
    tx: Tx, contract_ids: Sequence[int] | None = None, *, owner_id: str = "", due_until: date | None = None
) -> list[PlanFact]:
    """Instalments of these contracts (None: of all in scope, or of one owner's, that are not void), by due date."""
    query = (
        columns(
            col(PaymentPlan.id), col(PaymentPlan.contract_id), col(PaymentPlan.period), col(PaymentPlan.amount),
            col(PaymentPlan.due_on),
        )
        .join(Contract, col(Contract.id) == col(PaymentPlan.contract_id))
        .order_by(col(PaymentPlan.due_on), col(PaymentPlan.period), col(PaymentPlan.id))
    )  # fmt: skip
    if contract_ids is not None:
        query = query.where(col(PaymentPlan.contract_id).in_(list(contract_ids)))
    else:
        query = query.where(col(Contract.state) != "void")
    if owner_id:
        query = query.where(col(Contract.owner_id) == owner_id)
    if due_until is not None:
        query = query.where(col(PaymentPlan.due_on) <= due_until)
    return [PlanFact(key or 0, *rest) for key, *rest in tx.execute(query).all()]


def replace_plans(
    tx: Tx, contract_id: int, plans: Sequence[tuple[date, Decimal]], *, by: str, now: datetime
) -> list[int]:
    """The contract's instalments from now on, by date; returns the ids of those that stood before."""
    before = [i for i in tx.exec(select(PaymentPlan.id).where(PaymentPlan.contract_id == contract_id)).all() if i]
    if before:
        tx.execute(update(PaymentPlan).where(col(PaymentPlan.id).in_(before)).values(deleted_at=now))
    for period, (due_on, amount) in enumerate(sorted(plans), start=1):
        tx.add(
            PaymentPlan(
                contract_id=contract_id, period=period, amount=amount, due_on=due_on, created_at=now, created_by=by
            )
        )
    tx.flush()
    return before


def restore_plans(tx: Tx, contract_id: int, plan_ids: Sequence[int], now: datetime) -> None:
    """Puts back the instalments that stood before."""
    tx.execute(update(PaymentPlan).where(col(PaymentPlan.contract_id) == contract_id).values(deleted_at=now))
    tx.execute(
        update(PaymentPlan)
        .where(col(PaymentPlan.id).in_(list(plan_ids)), col(PaymentPlan.contract_id) == contract_id)
        .values(deleted_at=None)
        .execution_options(synchronize_session=False, unscoped="the caller has access to the contract")
    )


def main_department(tx: Tx, user_id: str | None) -> int | None:
    """The person's first department."""
    if user_id is None:
        return None
    query = select(EmployeeDepartment.department_id).where(EmployeeDepartment.user_id == user_id)
    return tx.exec(query.order_by(col(EmployeeDepartment.position)).limit(1)).first()


def owners_of_due(tx: Tx, today: date) -> set[str]:
    """Who has contracts with instalments whose day has come."""
    query = (
        select(Contract.owner_id)
        .join(PaymentPlan, col(PaymentPlan.contract_id) == col(Contract.id))
        .where(col(PaymentPlan.due_on) <= today, col(Contract.owner_id).is_not(None), Contract.state != "void")
    )
    return {owner for owner in tx.exec(query).all() if owner is not None}
