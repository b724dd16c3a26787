"""How far a customer is along the chain, as far as whoever looks may see: counts and sums within scope and fields."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlmodel import col, func, select

from storage.contracts import DEALT, is_dealt
from storage.database import Tx
from storage.tables import Contact, Contract, Customer, FollowUp, Lead, Opportunity, Payment

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Sum:
    """How many, and what they come to; None: not for this person's eyes."""

    count: int
    amount: Decimal | None = None


def is_closed(tx: Tx, customer_id: int) -> bool:
    """已成交: it has a contract that is signed and not void, whoever owns that (R-CUST-1, invariant 43)."""
    return is_dealt(tx, customer_id)


def count_follow_ups(tx: Tx, customer_id: int) -> int:
    """Entries the person sees."""
    return tx.exec(select(func.count()).select_from(FollowUp).where(FollowUp.customer_id == customer_id)).one()


def opportunities(tx: Tx, customer_id: int) -> Sum:
    """The open ones the person sees."""
    query = select(func.count(col(Opportunity.id)), func.sum(Opportunity.amount))
    query = query.where(Opportunity.customer_id == customer_id, Opportunity.result == "open")
    count, amount = tx.exec(query).one()
    return Sum(int(count), amount)


def contracts(tx: Tx, customer_id: int) -> Sum:
    """The signed ones the person sees, running or ended."""
    query = select(func.count(col(Contract.id)), func.sum(Contract.amount))
    query = query.where(Contract.customer_id == customer_id, col(Contract.state).in_(DEALT))
    count, amount = tx.exec(query).one()
    return Sum(int(count), amount)


def payments(tx: Tx, customer_id: int) -> Sum:
    """What came in on the signed contracts the person sees, less what was given back; void ones count nothing.

    `count`: of what came in.
    """
    query = select(Payment.kind, func.count(col(Payment.id)), func.sum(Payment.amount))
    query = query.join(Contract, col(Payment.contract_id) == col(Contract.id)).where(
        Contract.customer_id == customer_id, col(Contract.state).in_(DEALT), col(Payment.voided_at).is_(None)
    )
    rows: dict[str, tuple[int, Decimal | None]] = {
        kind: (int(count), amount) for kind, count, amount in tx.exec(query.group_by(col(Payment.kind))).all()
    }
    came, back = rows.get("normal", (0, ZERO)), rows.get("refund", (0, ZERO))
    if came[1] is None or back[1] is None:  # not to be seen
        return Sum(came[0], None)
    return Sum(came[0], came[1] - back[1])


@dataclass(frozen=True, slots=True)
class Origin:
    """A lead that was converted into the customer."""

    lead_id: int
    company: str
    owner_id: str | None
    converted_at: datetime | None


def origins(tx: Tx, customer_id: int) -> list[Origin]:
    """The leads it came from, as far as the person sees them, the first one first; of merged customers those of all."""
    query = select(Lead.id, Lead.company, Lead.owner_id, Lead.converted_at)
    query = query.where(Lead.converted_customer_id == customer_id).order_by(col(Lead.converted_at), col(Lead.id))
    return [Origin(key or 0, company, owner, at) for key, company, owner, at in tx.exec(query.limit(3)).all()]


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
    paid = paid.where(
        Contract.customer_id == customer_id, col(Contract.deleted_at).is_(None), col(Payment.deleted_at).is_(None),
        col(Payment.voided_at).is_(None),
    )  # fmt: skip
    return Hanging(
        count(Contact, Contact.customer_id == customer_id, col(Contact.deleted_at).is_(None)),
        count(FollowUp, FollowUp.customer_id == customer_id, col(FollowUp.deleted_at).is_(None)),
        count(
            Opportunity, Opportunity.customer_id == customer_id, Opportunity.result == "open",
            col(Opportunity.deleted_at).is_(None),
        ),
        count(Contract, Contract.customer_id == customer_id, col(Contract.deleted_at).is_(None)),
        int(tx.exec(paid, execution_options=whole).one()),
    )  # fmt: skip


def name_of(tx: Tx, customer_id: int) -> str:
    """Deleted ones too."""
    query = select(Customer.name).where(Customer.id == customer_id)
    return tx.exec(query, execution_options={"unscoped": "a merge's other half is deleted"}).first() or ""
