"""Reversible actions (D19): what a person did last and how to take it back."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy import select as core_select
from sqlmodel import col, func, select, update

from storage.database import Tx
from storage.plain import Plain, given, table_of
from storage.tables import Undo

T = table_of(Undo)
OFFER = Plain(insert(T).returning(T.c.id))
GET = Plain(core_select(*T.c).where(T.c.id == given("of")))


def offer(
    tx: Tx, *, user_id: str, kind: str, payload: dict[str, Any], text: str, now: datetime, lasts: timedelta
) -> int:
    """Remembers how to take back what was just done; returns the undo's id."""
    return int(
        OFFER.run(
            tx, user_id=user_id, kind=kind, payload=payload, text=text, created_at=now, expires_at=now + lasts
        ).scalar_one()
    )


def get(tx: Tx, undo_id: int) -> Any | None:
    """One offer, taken or not: a row with the columns of `Undo`."""
    return GET.run(tx, of=undo_id).first()


def last_open(tx: Tx, user_id: str, now: datetime) -> Undo | None:
    """The person's latest action that can still be taken back."""
    return tx.exec(
        select(Undo)
        .where(Undo.user_id == user_id, col(Undo.undone_at).is_(None), Undo.expires_at >= now)
        .order_by(col(Undo.id).desc())
        .limit(1)
    ).first()


def last_id(tx: Tx, user_id: str) -> int:
    """Of what the person was offered last; 0: nothing yet."""
    return tx.exec(select(func.max(Undo.id)).where(Undo.user_id == user_id)).one() or 0


def take(tx: Tx, undo_id: int, now: datetime) -> bool:
    """Marks it taken. False: it was taken already (the second tap of a double tap)."""
    done = tx.execute(update(Undo).where(col(Undo.id) == undo_id, col(Undo.undone_at).is_(None)).values(undone_at=now))
    return bool(done.rowcount)  # type: ignore[attr-defined]
