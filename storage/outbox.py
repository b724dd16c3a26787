"""Messages written with the change that causes them, sent after it commits (house principle 6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, delete, func, select, update

from storage.database import Tx
from storage.inbox import insert_ignore
from storage.tables import Notice, Outbox

LEASE = timedelta(seconds=60)
KEEP = timedelta(days=30)
BACKOFF = (2, 5, 15, 60, 120, 300, 600, 900, 1800, 3600)  # seconds; after the last one a message is given up


@dataclass(frozen=True, slots=True)
class Message:
    """An outbox row taken for sending. `resumed`: an earlier process may have sent it already."""

    id: int
    key: str
    lane: str
    channel: str
    payload: dict[str, Any]
    attempts: int
    created_at: datetime
    resumed: bool


def put(
    tx: Tx, *, key: str, lane: str, channel: str, payload: dict[str, Any], now: datetime,
    not_before: datetime | None = None,
) -> int | None:  # fmt: skip
    """Queues a message; returns its id, or None if `key` is there already."""
    row: dict[str, object] = {
        "key": key, "lane": lane, "channel": channel, "payload": payload, "state": "queued", "attempts": 0,
        "not_before": not_before or now, "created_at": now, "lease_holder": "", "remote_id": "", "error": "",
    }  # fmt: skip
    statement = insert_ignore(tx, Outbox, [row], ["key"]).returning(col(Outbox.id))
    return tx.execute(statement).scalar_one_or_none()


def refresh_card(tx: Tx, out_track_id: str, *, now: datetime, not_before: datetime | None = None) -> None:
    """Asks for a card to be drawn anew and sent. Several wishes before it leaves become one update."""
    waiting = tx.exec(
        select(Outbox.id).where(
            Outbox.lane == f"card:{out_track_id}", Outbox.channel == "card_update", Outbox.state == "queued"
        )
    ).first()
    if waiting is None:
        last = tx.exec(select(func.max(Outbox.id))).one() or 0
        put(
            tx, key=f"card_update:{out_track_id}:{last}", lane=f"card:{out_track_id}", channel="card_update",
            payload={"out_track_id": out_track_id}, now=now, not_before=not_before,
        )  # fmt: skip


def take(tx: Tx, *, holder: str, now: datetime, wall: datetime, limit: int, busy: set[str]) -> list[Message]:
    """The next due message of each lane that is not `busy`, now `sending` under `holder`'s lease.

    A lane's earlier message holds back its later ones, also while it waits to be tried again.
    """
    open_rows = tx.exec(
        select(Outbox)
        .where(col(Outbox.state).in_(("queued", "sending")))
        .order_by(col(Outbox.id))
        .limit(2000)
        .with_for_update(skip_locked=True)
    ).all()
    taken: list[Message] = []
    seen: set[str] = set(busy)
    for row in open_rows:
        if row.lane in seen:
            continue
        seen.add(row.lane)
        resumed = row.state == "sending"
        if resumed and row.lease_until is not None and row.lease_until > wall and row.lease_holder != holder:
            continue
        if row.not_before > now or len(taken) >= limit:
            continue
        row.state = "sending"
        row.attempts += 1
        row.lease_holder = holder
        row.lease_until = wall + LEASE
        assert row.id is not None
        taken.append(
            Message(row.id, row.key, row.lane, row.channel, dict(row.payload), row.attempts, row.created_at, resumed)
        )
    return taken


def sent(tx: Tx, message_id: int, *, now: datetime, remote_id: str = "", state: str = "sent", error: str = "") -> None:
    """The message's end: sent, unknown (asked for, no answer, not repeated), failed or cancelled."""
    tx.execute(
        update(Outbox)
        .where(col(Outbox.id) == message_id)
        .values(state=state, sent_at=now, remote_id=remote_id, lease_until=None, error=error[:500])
    )


def again(tx: Tx, message: Message, *, now: datetime, error: str, after: float | None = None) -> bool:
    """Puts a message back for later. False: it has been tried often enough and is now `failed`."""
    if message.attempts > len(BACKOFF):
        sent(tx, message.id, now=now, state="failed", error=error)
        return False
    delay = max(BACKOFF[message.attempts - 1], after or 0)
    tx.execute(
        update(Outbox)
        .where(col(Outbox.id) == message.id)
        .values(state="queued", not_before=now + timedelta(seconds=delay), lease_until=None, error=error[:500])
    )
    return True


def replace_payload(tx: Tx, message_id: int, *, channel: str, payload: dict[str, Any], now: datetime) -> None:
    """Sends the same message another way: a card whose template is missing goes as text."""
    tx.execute(
        update(Outbox)
        .where(col(Outbox.id) == message_id)
        .values(channel=channel, payload=payload, state="queued", not_before=now, lease_until=None)
    )


def count_open(tx: Tx, *, now: datetime) -> int:
    """Messages due now, or being tried again; those planned for later do not count."""
    due = (col(Outbox.not_before) <= now) | (col(Outbox.attempts) > 0)
    query = select(func.count()).select_from(Outbox).where(col(Outbox.state).in_(("queued", "sending")), due)
    return tx.exec(query).one()


def next_due(tx: Tx) -> datetime | None:
    """When the earliest queued message may leave."""
    return tx.exec(select(func.min(Outbox.not_before)).where(Outbox.state == "queued")).one()


def list_failed(tx: Tx, limit: int = 20) -> list[Outbox]:
    """Messages given up on, newest first: shown to administrators and by `doctor`."""
    query = select(Outbox).where(col(Outbox.state).in_(("failed", "unknown")))
    return list(tx.exec(query.order_by(col(Outbox.id).desc()).limit(limit)).all())


def prune(tx: Tx, *, now: datetime) -> int:
    """Forgets messages finished long ago, but for those the notice ledger still points at."""
    kept = select(Notice.outbox_id).where(col(Notice.outbox_id).is_not(None))
    gone = tx.execute(
        delete(Outbox).where(
            col(Outbox.state).not_in(("queued", "sending")),
            col(Outbox.created_at) < now - KEEP,
            col(Outbox.id).not_in(kept),
        )
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]
