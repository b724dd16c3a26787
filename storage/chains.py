"""How far a customer is along the chain, as far as whoever looks may see: counts and sums within scope and fields."""

from dataclasses import dataclass
from decimal import Decimal

from sqlmodel import col, func, select

from storage.database import Tx
from storage.tables import Contact, Contract, Customer, FollowUp, Opportunity, Payment


@dataclass(frozen=True, slots=True)
class Sum:
    """How many, and what they come to; None: not for this person's eyes."""

    count: int
    amount: Decimal | None = None


def is_closed(tx: Tx, customer_id: int) -> bool:
    """已成交: it has an effective contract, whoever owns that (R-CUST-1)."""
    query = select(Contract.id).where(
        Contract.customer_id == customer_id, Contract.state == "effective", col(Contract.deleted_at).is_(None)
    )
    return (
        tx.exec(query.limit(1), execution_options={"unscoped": "whether it is a client, not by which contract"}).first()
        is not None
    )


def count_follow_ups(tx: Tx, customer_id: int) -> int:
    """Entries the person sees."""
    return tx.exec(select(func.count()).select_from(FollowUp).where(FollowUp.customer_id == customer_id)).one()


def opportunities(tx: Tx, customer_id: int) -> Sum:
    """Those the person sees."""
    query = select(func.count(col(Opportunity.id)), func.sum(Opportunity.amount))
    count, amount = tx.exec(query.where(Opportunity.customer_id == customer_id)).one()
    return Sum(int(count), amount)


def contracts(tx: Tx, customer_id: int) -> Sum:
    """The effective ones the person sees."""
    query = select(func.count(col(Contract.id)), func.sum(Contract.amount))
    query = query.where(Contract.customer_id == customer_id, Contract.state == "effective")
    count, amount = tx.exec(query).one()
    return Sum(int(count), amount)


def payments(tx: Tx, customer_id: int) -> Sum:
    """What came in on the effective contracts the person sees."""
    query = select(func.count(col(Payment.id)), func.sum(Payment.amount)).select_from(Contract)
    query = query.join(Payment, col(Payment.contract_id) == col(Contract.id))
    count, amount = tx.exec(query.where(Contract.customer_id == customer_id, Contract.state == "effective")).one()
    return Sum(int(count), amount)


@dataclass(frozen=True, slots=True)
class Hanging:
    """What hangs on a customer, whoever has it: whether it may be deleted, what a merge moves."""

    contacts: int
    follow_ups: int
    opportunities: int
    contracts: int
    payments: int


def hanging(tx: Tx, customer_id: int) -> Hanging:
    """Counts over the whole company: for decisions and previews of those who may delete or merge."""
    whole = {"unscoped": "what hangs on a customer hangs on it, whoever owns it"}

    def count(column: object, *where: object) -> int:
        query = select(func.count()).select_from(column).where(*where)  # type: ignore[arg-type]
        return int(tx.exec(query, execution_options=whole).one())

    paid = select(func.count(col(Payment.id))).join(Contract, col(Payment.contract_id) == col(Contract.id))
    paid = paid.where(Contract.customer_id == customer_id, col(Contract.deleted_at).is_(None))
    return Hanging(
        count(Contact, Contact.customer_id == customer_id, col(Contact.deleted_at).is_(None)),
        count(FollowUp, FollowUp.customer_id == customer_id, col(FollowUp.deleted_at).is_(None)),
        count(Opportunity, Opportunity.customer_id == customer_id, col(Opportunity.deleted_at).is_(None)),
        count(Contract, Contract.customer_id == customer_id, col(Contract.deleted_at).is_(None)),
        int(tx.exec(paid, execution_options=whole).one()),
    )


def name_of(tx: Tx, customer_id: int) -> str:
    """Deleted ones too."""
    query = select(Customer.name).where(Customer.id == customer_id)
    return tx.exec(query, execution_options={"unscoped": "a merge's other half is deleted"}).first() or ""
