"""How many customers a transaction's scope holds, as far as it matters for the way to them."""

from sqlalchemy import select as columns
from sqlmodel import col

from storage.database import Tx
from storage.hints import walk
from storage.scope import led_by_owners
from storage.tables import Customer

BY_OWNER = "ix_customer_owner_alive"


def sees_more(tx: Tx, skip: int, *, pooled: bool | None = False) -> bool:
    """Whether there are more than so many with an owner, or (`pooled`) in the pool; None: in either of the two.

    Looked at once in a transaction: it decides the way to rows, not which they are.
    """
    known: dict[object, bool] = tx.info.setdefault("sees_more", {})
    asked = (tx.info["scope"], skip, pooled)
    if asked not in known:
        known[asked] = _sees_more(tx, skip, pooled)
    return known[asked]


def _sees_more(tx: Tx, skip: int, pooled: bool | None) -> bool:
    if pooled is not False and tx.info["scope"].pool:
        pool = columns(col(Customer.id)).where(col(Customer.owner_id).is_(None)).limit(1).offset(skip)
        if tx.execute(walk(pool, Customer, BY_OWNER)).first() is not None:
            return True
    if pooled is True:
        return False
    owned = columns(col(Customer.id)).where(led_by_owners(tx.info["scope"])).limit(1).offset(skip)
    return tx.execute(walk(owned, Customer, BY_OWNER)).first() is not None
