"""How many customers a transaction's scope holds, as far as it matters for the way to them."""

from sqlalchemy import select as columns

from storage.database import Tx
from storage.plain import Narrowed, given, table_of
from storage.tables import Customer

BY_OWNER = "ix_customer_owner_alive"
C = table_of(Customer)
ONE = columns(C.c.id).limit(1).offset(given("skip")).with_hint(C, f"INDEXED BY {BY_OWNER}", "sqlite")
OWNED = Narrowed(ONE.where(C.c.owner_id.is_not(None)), owned=True, by_owner=True)
POOLED = Narrowed(ONE.where(C.c.owner_id.is_(None)))


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
    if pooled is not False and tx.info["scope"].pool and POOLED.run(tx, skip=skip).first() is not None:
        return True
    return pooled is not True and OWNED.run(tx, skip=skip).first() is not None
