"""Queries on contracts, as far as the reminders need them."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select as columns
from sqlmodel import col, select

from storage.database import Tx
from storage.tables import Contract, Customer


@dataclass(frozen=True, slots=True)
class RunningContract:
    """An effective contract with an end."""

    id: int
    number: str
    customer: str
    owner_id: str | None
    ends_on: date


def list_running(tx: Tx, *, owner_id: str | None = None) -> list[RunningContract]:
    """Effective contracts within the scope, or one owner's."""
    query = columns(
        col(Contract.id), col(Contract.number), col(Contract.owner_id), col(Contract.ends_on), col(Contract.customer_id)
    ).where(col(Contract.state) == "effective", col(Contract.ends_on).is_not(None))
    if owner_id is not None:
        query = query.where(col(Contract.owner_id) == owner_id)
    rows = tx.execute(query).all()
    ids = [customer_id for *_, customer_id in rows]
    names = dict(
        tx.exec(
            select(Customer.id, Customer.name).where(col(Customer.id).in_(ids)),
            execution_options={"unscoped": "a contract names its customer to its owner"},
        ).all()
    )
    return [
        RunningContract(i or 0, number, names.get(customer_id, ""), owner, ends)
        for i, number, owner, ends, customer_id in rows
        if ends is not None
    ]
