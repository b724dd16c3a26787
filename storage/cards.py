"""The cards people hold, and which objects each shows."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlmodel import col, delete, select

from storage import outbox
from storage.database import Tx
from storage.plain import Plain, table_of
from storage.tables import Card, CardSubject

REMEMBER = Plain(insert(table_of(Card)))
SHOW = Plain(insert(table_of(CardSubject)))
LIVELY = timedelta(days=3)  # older cards are not redrawn from here: a tap on them shows the present state


def remember(
    tx: Tx, *, out_track_id: str, kind: str, state: dict[str, Any], subjects: Iterable[str],
    holder_user_id: str | None, conversation_id: str, now: datetime,
) -> None:  # fmt: skip
    """A new card."""
    REMEMBER.run(
        tx, out_track_id=out_track_id, kind=kind, state=state, holder_user_id=holder_user_id,
        conversation_id=conversation_id, created_at=now, shown_hash="",
    )  # fmt: skip
    rows: list[dict[str, object]] = [{"subject": s, "out_track_id": out_track_id} for s in sorted(set(subjects))]
    if rows:
        SHOW.run_many(tx, rows)


def post(
    tx: Tx, *, key: str, kind: str, state: dict[str, Any], subjects: Iterable[str], user_id: str, now: datetime,
    not_before: datetime | None = None,
) -> bool:  # fmt: skip
    """Queues a card nobody asked for into a person's single chat; it is drawn when it leaves, as he may see it then.

    False: a message of that key is there already.
    """
    out_track_id = "dc-" + hashlib.sha256(key.encode()).hexdigest()[:40]
    queued = outbox.put(
        tx, key=key, lane=f"user:{user_id}", channel="card", now=now, not_before=not_before,
        payload={"user_id": user_id, "out_track_id": out_track_id, "undrawn": True},
    )  # fmt: skip
    if queued is None:
        return False
    remember(
        tx, out_track_id=out_track_id, kind=kind, state=state, subjects=subjects, holder_user_id=user_id,
        conversation_id="", now=now,
    )  # fmt: skip
    return True


def get(tx: Tx, out_track_id: str) -> Card | None:
    """The card, if we still know it."""
    return tx.get(Card, out_track_id)


def change(tx: Tx, card: Card, *, state: dict[str, Any], subjects: Iterable[str] | None = None) -> None:
    """The card shows something else from now on."""
    card.state = state
    if subjects is not None:
        tx.execute(delete(CardSubject).where(col(CardSubject.out_track_id) == card.out_track_id))
        tx.add_all(CardSubject(subject=s, out_track_id=card.out_track_id) for s in set(subjects))


def redraw_others(tx: Tx, subject: str, *, now: datetime, but: str = "") -> int:
    """Queues one merged update for each recent card that shows `subject`.

    `but`: the card whose tap caused it. A single chat's card is answered in the ack and needs no call; a
    group's card was answered for the tapper alone, so the others still need theirs.
    """
    cards = tx.exec(
        select(Card)
        .join(CardSubject, col(CardSubject.out_track_id) == col(Card.out_track_id))
        .where(CardSubject.subject == subject, Card.created_at >= now - LIVELY)
    ).all()
    count = 0
    for card in cards:
        if card.out_track_id == but and card.holder_user_id is not None:
            continue
        outbox.refresh_card(tx, card.out_track_id, now=now)
        count += 1
    return count


def prune(tx: Tx, *, now: datetime) -> int:
    """Forgets cards nobody taps any more."""
    old = select(Card.out_track_id).where(Card.created_at < now - timedelta(days=60))
    tx.execute(delete(CardSubject).where(col(CardSubject.out_track_id).in_(old)))
    gone = tx.execute(delete(Card).where(col(Card.created_at) < now - timedelta(days=60)))
    return int(gone.rowcount)  # type: ignore[attr-defined]
