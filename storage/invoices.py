"""Queries on applications for invoices, and the small writes that belong to them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import case
from sqlalchemy import select as columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, select, update

from bot.core.errors import NotFound
from storage.contracts import RULES
from storage.database import Tx
from storage.tables import Contact, Contract, Customer, Invoice

PAGE = 5
WRONG = ("rejected", "void")
TASK = "a participant reads the record through his task, whoever's it is; the engine cuts it to his node's fields"
WHOLE = {"unscoped": TASK, "unmasked": RULES}
ABSENT = "没有找到这张开票申请，可能编号不对，或不在你能看的范围里。发送「我发起的」看看。"


class NumberTaken(Exception):
    """Another invoice has this number."""


@dataclass(frozen=True, slots=True)
class Facts:
    """An application with what it stands on, read whole."""

    invoice: Invoice
    contract_no: str
    contract_amount: Decimal
    contract_state: str
    customer: str
    contact_name: str
    contact_mobile: str


def facts(tx: Tx, invoice_id: int) -> Facts:
    """The caller's right to it is a task, or checked. Raises NotFound."""
    query = select(Invoice).where(Invoice.id == invoice_id).execution_options(populate_existing=True)
    invoice = tx.exec(query, execution_options=WHOLE).first()
    if invoice is None:
        raise NotFound(ABSENT)
    return facts_of(tx, invoice)


def facts_of(tx: Tx, invoice: Invoice) -> Facts:
    """The same of one that need not be stored. The caller's right to its contract is checked."""
    stands = (
        columns(col(Contract.number), col(Contract.amount), col(Contract.state), col(Customer.id), col(Customer.name))
        .join(Customer, col(Customer.id) == col(Contract.customer_id))
        .where(col(Contract.id) == invoice.contract_id)
    )
    number, amount, state, customer_id, customer = tx.execute(stands, execution_options=WHOLE).one()
    mains = columns(col(Contact.name), col(Contact.mobile)).where(
        col(Contact.customer_id) == customer_id, col(Contact.main), col(Contact.deleted_at).is_(None)
    )
    contact = tx.execute(mains.limit(1), execution_options=WHOLE).first()
    name, mobile = contact or ("", "")
    return Facts(invoice, number, amount, state, customer, name, mobile or "")


def amounts(tx: Tx, ids: Collection[int]) -> dict[int, Decimal]:
    """What is applied for, by id. The caller's right to them is a task in each."""
    query = columns(col(Invoice.id), col(Invoice.amount)).where(col(Invoice.id).in_(list(ids)))
    rows = tx.execute(query, execution_options=WHOLE).all()
    return {i: amount for i, amount in rows if i is not None}


def access_invoice(tx: Tx, invoice_id: int) -> Invoice:
    """Raises NotFound if it is absent or its contract is outside the transaction's scope."""
    query = select(Invoice).where(Invoice.id == invoice_id).execution_options(populate_existing=True)
    invoice = tx.exec(query).first()
    if invoice is None:
        there = tx.exec(select(Invoice.id).where(Invoice.id == invoice_id), execution_options=WHOLE).first()
        raise NotFound(ABSENT, attempt=f"invoice:{invoice_id}" if there is not None else "")
    return invoice


def in_sight(tx: Tx, invoice_id: int) -> bool:
    """Whether its contract is within the transaction's scope."""
    return tx.exec(select(Invoice.id).where(Invoice.id == invoice_id)).first() is not None


def find_by_source(tx: Tx, source_key: str) -> Invoice | None:
    """What was made of one draft, if it was made already."""
    return tx.exec(select(Invoice).where(Invoice.source_key == source_key)).first()


def lock_contract(tx: Tx, contract_id: int) -> None:
    """Holds the contract's row until the transaction ends: sums on it are checked by one after the other."""
    query = columns(col(Contract.id)).where(col(Contract.id) == contract_id).with_for_update()
    tx.execute(query, execution_options=WHOLE)


def move(tx: Tx, invoice_id: int, to: str, *, of: Sequence[str], **values: Any) -> bool:
    """Whether it was in one of the states `of`, and is in `to` now."""
    query = update(Invoice).where(col(Invoice.id) == invoice_id, col(Invoice.state).in_(list(of)))
    query = query.values(state=to, version=Invoice.version + 1, **values)
    done = tx.execute(query.execution_options(synchronize_session=False, **WHOLE))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def edit(tx: Tx, invoice_id: int, **values: Any) -> bool:
    """Whether it was not decided yet, and is so now."""
    return move(tx, invoice_id, "pending", of=("pending",), **values)


def issue(tx: Tx, invoice_id: int, *, invoice_no: str, issued_on: date, by: str) -> bool:
    """Whether its number is on record now. Raises NumberTaken."""
    try:
        with tx.begin_nested():
            return move(
                tx, invoice_id, "issued", of=("approved", "issued"), invoice_no=invoice_no, issued_on=issued_on,
                issued_by=by,
            )  # fmt: skip
    except IntegrityError as twin:
        raise NumberTaken(invoice_no) from twin


def last_of_customer(tx: Tx, customer_id: int) -> Invoice | None:
    """The last application on one of the customer's contracts in scope: what the next one is prefilled from."""
    return next(iter(titles_of_customer(tx, customer_id, most=1)), None)


def titles_of_customer(tx: Tx, customer_id: int, *, most: int) -> list[Invoice]:
    """The last application of each title on the customer's contracts in scope, the newest first.

    One that was refused or void tells of a title only where no other does: it may have been for what it said.
    """
    sound = col(Invoice.state).not_in(WRONG)
    newest = func.coalesce(func.max(case((sound, col(Invoice.id)))), func.max(Invoice.id))
    latest = (
        select(newest)
        .join(Contract, col(Contract.id) == col(Invoice.contract_id))
        .where(Contract.customer_id == customer_id, Invoice.title != "", col(Invoice.red_of).is_(None))
        .group_by(col(Invoice.title))
    )
    query = select(Invoice).where(col(Invoice.id).in_(latest))
    order = (case((sound, 0), else_=1), col(Invoice.id).desc())
    return list(tx.exec(query.order_by(*order).limit(most)).all())


def find_title(tx: Tx, invoice: Invoice, title: str) -> Invoice | None:
    """The last other application of that title on the same customer's contracts in scope."""
    whose = columns(col(Contract.customer_id)).where(col(Contract.id) == invoice.contract_id).scalar_subquery()
    query = (
        select(Invoice)
        .join(Contract, col(Contract.id) == col(Invoice.contract_id))
        .where(
            Contract.customer_id == whose, Invoice.title == title, col(Invoice.red_of).is_(None),
            Invoice.id != invoice.id, col(Invoice.state).not_in(WRONG),
        )
        .order_by(col(Invoice.id).desc())
    )  # fmt: skip
    return tx.exec(query.limit(1)).first()


def find_red(tx: Tx, number: str) -> Invoice | None:
    """The red-letter invoice of that number: it has no flow of its own, the right to it is that to the original."""
    query = select(Invoice).where(func.upper(Invoice.number) == number.upper(), col(Invoice.red_of).is_not(None))
    return tx.exec(query, execution_options=WHOLE).first()


def red_of(tx: Tx, invoice_id: int) -> int | None:
    """The original of a red-letter invoice; None: it is none, or is not there."""
    return tx.execute(
        columns(col(Invoice.red_of)).where(col(Invoice.id) == invoice_id), execution_options=WHOLE
    ).scalar()


def red_sum(tx: Tx, invoice_id: int) -> Decimal:
    """How much of it was taken back, as a sum above zero. The caller holds its contract."""
    query = columns(func.sum(Invoice.amount)).where(col(Invoice.red_of) == invoice_id, col(Invoice.state) != "void")
    return -(tx.execute(query, execution_options=WHOLE).scalar_one() or Decimal(0))


def list_of_contract(tx: Tx, contract_id: int) -> list[Invoice]:
    """All on a contract in scope, the newest first."""
    return list(
        tx.exec(select(Invoice).where(Invoice.contract_id == contract_id).order_by(col(Invoice.id).desc())).all()
    )


def void(tx: Tx, invoice_id: int, *, reason: str, now: datetime) -> bool:
    """Whether it counted, and does no more."""
    return move(tx, invoice_id, "void", of=("approved", "issued"), void_reason=reason, voided_at=now)
