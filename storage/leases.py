"""Who leads: one row with an epoch, the same on both databases (house 0.11)."""

from datetime import datetime, timedelta

from sqlalchemy import case
from sqlmodel import col, update

from storage.database import Tx
from storage.inbox import insert_ignore
from storage.tables import Lease


def hold(tx: Tx, name: str, *, holder: str, wall: datetime, lasts: timedelta) -> int | None:
    """Takes or renews the lease; returns its epoch, or None while somebody else holds it."""
    tx.execute(
        insert_ignore(tx, Lease, [{"name": name, "holder": holder, "epoch": 1, "until": wall + lasts}], ["name"])
    )
    tx.execute(
        update(Lease)
        .where(col(Lease.name) == name, (col(Lease.holder) == holder) | (col(Lease.until) < wall))
        .values(
            holder=holder,
            until=wall + lasts,
            epoch=col(Lease.epoch) + case((col(Lease.holder) == holder, 0), else_=1),
        )
    )
    tx.expire_all()
    row = tx.get(Lease, name)
    return row.epoch if row is not None and row.holder == holder else None


def release(tx: Tx, name: str, *, holder: str, wall: datetime) -> None:
    """Lets the next one in at once."""
    tx.execute(update(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder).values(until=wall))


def still_leads(tx: Tx, name: str, *, holder: str, epoch: int) -> bool:
    """Whether the lease is unchanged: asked in the transaction a leader writes in."""
    row = tx.get(Lease, name, with_for_update=True)
    return row is not None and row.holder == holder and row.epoch == epoch
