"""The cards people hold, and which objects each shows."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete as core_delete
from sqlalchemy import insert
from sqlalchemy import select as core_select
from sqlalchemy import update as core_update
from sqlmodel import col, delete, select

from storage import outbox
from storage.database import Tx
from storage.plain import Plain, given, table_of
from storage.tables import Card, CardSubject

T, S = table_of(Card), table_of(CardSubject)
REMEMBER = Plain(insert(T))
SHOW = Plain(insert(S))
HELD = core_select(T.c.out_track_id, T.c.kind, T.c.state, T.c.holder_user_id, T.c.template_id).where(
    T.c.out_track_id == given("of")
)
GET, LOCK = Plain(HELD), Plain(HELD.with_for_update())
DRAWN = Plain(core_update(T).where(T.c.out_track_id == given("of")).values(template_id=given("becomes")))
CHANGE = Plain(
    core_update(T).where(T.c.out_track_id == given("of")).values(kind=given("becomes"), state=given("with_state"))
)
HIDE = Plain(core_delete(S).where(S.c.out_track_id == given("of")))
SHOWING = Plain(
    core_select(T.c.out_track_id, T.c.holder_user_id)
    .join_from(T, S, S.c.out_track_id == T.c.out_track_id)
    .where(S.c.subject == given("about"), T.c.created_at >= given("since"))
    .order_by(T.c.out_track_id)
)
LIVELY = timedelta(days=3)  # older cards are not redrawn from here: a tap on them shows the present state


def remember(
    tx: Tx, *, out_track_id: str, kind: str, state: dict[str, Any], subjects: Iterable[str],
    holder_user_id: str | None, conversation_id: str, now: datetime, template_id: str,
) -> None:  # fmt: skip
    """A new card."""
    REMEMBER.run(
        tx, out_track_id=out_track_id, kind=kind, state=state, holder_user_id=holder_user_id,
        conversation_id=conversation_id, created_at=now, shown_hash="",
        template_id=template_id,
    )  # fmt: skip
    rows: list[dict[str, object]] = [{"subject": s, "out_track_id": out_track_id} for s in sorted(set(subjects))]
    if rows:
        SHOW.run_many(tx, rows)


@dataclass(slots=True)
class Held:
    """A card as we know it."""

    out_track_id: str
    kind: str
    state: dict[str, Any]
    holder_user_id: str | None  # None: a group's
    template_id: str


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
        conversation_id="", now=now, template_id="",
    )  # fmt: skip
    return True


def get(tx: Tx, out_track_id: str) -> Held | None:
    """The card, if we still know it."""
    row = GET.run(tx, of=out_track_id).first()
    return None if row is None else Held(*row)


def lock(tx: Tx, out_track_id: str) -> Held | None:
    """The card, for the one submit of its form that may be worked at a time."""
    row = LOCK.run(tx, of=out_track_id).first()
    return None if row is None else Held(*row)


def drawn_with(tx: Tx, out_track_id: str, template_id: str) -> None:
    """The card is sent with another template than it was meant for."""
    DRAWN.run(tx, of=out_track_id, becomes=template_id)


def change(
    tx: Tx, card: Held, *, state: dict[str, Any], kind: str | None = None, subjects: Iterable[str] | None = None
) -> None:
    """The card shows something else from now on."""
    card.state = state
    card.kind = kind or card.kind
    CHANGE.run(tx, of=card.out_track_id, becomes=card.kind, with_state=state)
    if subjects is not None:
        HIDE.run(tx, of=card.out_track_id)
        rows: list[dict[str, object]] = [
            {"subject": s, "out_track_id": card.out_track_id} for s in sorted(set(subjects))
        ]
        if rows:
            SHOW.run_many(tx, rows)


def show_besides(tx: Tx, subject: str, another: str) -> None:
    """Cards that show `subject` show `another` from now on too."""
    there = select(CardSubject.out_track_id).where(CardSubject.subject == another)
    query = select(CardSubject.out_track_id).where(
        CardSubject.subject == subject, col(CardSubject.out_track_id).not_in(there)
    )
    rows: list[dict[str, object]] = [{"subject": another, "out_track_id": one} for one in tx.exec(query).all()]
    if rows:
        SHOW.run_many(tx, rows)


def redraw_others(tx: Tx, subject: str, *, now: datetime, but: str = "") -> int:
    """Queues one merged update for each recent card that shows `subject`.

    `but`: the card whose tap caused it. A single chat's card is answered in the ack and needs no call; a
    group's card was answered for the tapper alone, so the others still need theirs.
    """
    stale = [
        card.out_track_id
        for card in SHOWING.run(tx, about=subject, since=now - LIVELY)
        if card.out_track_id != but or card.holder_user_id is None
    ]
    outbox.refresh_cards(tx, stale, now=now)
    return len(stale)


def prune(tx: Tx, *, now: datetime) -> int:
    """Forgets cards nobody taps any more."""
    old = select(Card.out_track_id).where(Card.created_at < now - timedelta(days=60))
    tx.execute(delete(CardSubject).where(col(CardSubject.out_track_id).in_(old)))
    gone = tx.execute(delete(Card).where(col(Card.created_at) < now - timedelta(days=60)))
    return int(gone.rowcount)  # type: ignore[attr-defined]
