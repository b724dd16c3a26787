"""Messages written with the change that causes them, sent after it commits (house principle 6)."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, text
from sqlalchemy import select as core_select
from sqlalchemy import update as core_update
from sqlmodel import col, delete, func, select, update

from storage.database import Tx
from storage.plain import InsertNew, Plain, given, given_list, table_of
from storage.tables import Notice, Outbox

LEASE = timedelta(seconds=60)
KEEP = timedelta(days=30)
BACKOFF = (2, 5, 15, 60, 120, 300, 600, 900, 1800, 3600)  # seconds; after the last one a message is given up

T = table_of(Outbox)
# Written out, not as values: else a month of messages is looked through, and not the index of the few open ones.
STILL_OPEN = text("outbox.state IN ('queued','sending')")
PUT = InsertNew(Outbox, ["key"], "id")
REFRESHING = Plain(
    core_select(T.c.lane).where(
        STILL_OPEN, T.c.lane.in_(given_list("lanes")), T.c.channel == "card_update", T.c.state == "queued"
    )
    .order_by(T.c.lane)
    .with_for_update()
)  # fmt: skip
ON_ITS_WAY = Plain(
    core_select(T.c.state)
    .where(
        STILL_OPEN, T.c.lane == given("lane_of"), T.c.channel == "card_update"
    )
    .with_for_update()
)  # fmt: skip
OPEN = Plain(
    core_select(
        T.c.id,
        T.c.lane,
        (T.c.state == "sending").label("resumed"),
        (T.c.not_before <= given("at")).label("due"),
        and_(T.c.state == "sending", T.c.lease_until > given("by_wall"), T.c.lease_holder != given("by")).label("held"),
    )
    .where(STILL_OPEN, T.c.lane.not_in(given_list("busy_lanes")))
    .order_by(T.c.id + 0)  # not by the table's own order, which has the finished ones in it
    .limit(2000)
    .with_for_update(skip_locked=True)
)
TAKE = Plain(
    core_update(T)
    .where(T.c.id.in_(given_list("ids")))
    .values(state="sending", attempts=T.c.attempts + 1, lease_holder=given("by"), lease_until=given("until"))
)
TAKEN = Plain(
    core_select(T.c.id, T.c.key, T.c.lane, T.c.channel, T.c.payload, T.c.attempts, T.c.created_at)
    .where(T.c.id.in_(given_list("ids")))
    .order_by(T.c.id)
)
SENT = Plain(
    core_update(T)
    .where(T.c.id == given("of"))
    .values(
        state=given("becomes"), sent_at=given("at"), remote_id=given("known_as"), error=given("why"), lease_until=None
    )
)  # fmt: skip


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
    return next(iter(PUT.run(tx, [row])), None)


def refresh_cards(tx: Tx, out_track_ids: Sequence[str], *, now: datetime) -> None:
    """Asks for cards to be drawn anew and sent. Several wishes before one leaves become one update."""
    if not out_track_ids:
        return
    lanes = {f"card:{one}": one for one in sorted(out_track_ids)}
    # A wish that waits is held until this transaction ends: drawn before, it would not show what is written here.
    waiting = set(REFRESHING.run(tx, lanes=list(lanes)).scalars())
    for lane, out_track_id in lanes.items():
        if lane not in waiting:
            put(
                tx, key=f"card_update:{out_track_id}:{uuid.uuid4().hex}", lane=lane, channel="card_update",
                payload={"out_track_id": out_track_id}, now=now,
            )  # fmt: skip


def follow_update(tx: Tx, out_track_id: str, *, now: datetime) -> None:
    """A tap is about to change a card in its acknowledgement. An update of it that is being sent was drawn before and
    may arrive after, old over new (reliability C13): then one more follows it.
    """
    states = ON_ITS_WAY.run(tx, lane_of=f"card:{out_track_id}").scalars()
    if "sending" in states and "queued" not in states:
        refresh_cards(tx, [out_track_id], now=now)


def take(tx: Tx, *, holder: str, now: datetime, wall: datetime, limit: int, busy: set[str]) -> list[Message]:
    """The next due message of each lane that is not `busy`, now `sending` under `holder`'s lease.

    A lane's earlier message holds back its later ones, also while it waits to be tried again.
    """
    resumed_of: dict[int, bool] = {}
    seen: set[str] = set()
    for row in OPEN.run(tx, at=now, by_wall=wall, by=holder, busy_lanes=sorted(busy)).all():
        if row.lane in seen:
            continue
        seen.add(row.lane)
        if row.due and not row.held:
            resumed_of[row.id] = bool(row.resumed)
            if len(resumed_of) >= limit:
                break
    if not resumed_of:
        return []
    ids = list(resumed_of)
    TAKE.run(tx, ids=ids, by=holder, until=wall + LEASE)
    return [
        Message(row.id, row.key, row.lane, row.channel, row.payload, row.attempts, row.created_at, resumed_of[row.id])
        for row in TAKEN.run(tx, ids=ids).all()
    ]


def sent(tx: Tx, message_id: int, *, now: datetime, remote_id: str = "", state: str = "sent", error: str = "") -> None:
    """The message's end: sent, unknown (asked for, no answer, not repeated), failed or cancelled."""
    SENT.run(tx, of=message_id, becomes=state, at=now, known_as=remote_id, why=error[:500])


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


def cancel_for(tx: Tx, user_ids: Collection[str], *, now: datetime) -> int:
    """Calls off what waits for people who have left; a notice to several goes to the others. Returns how many."""
    gone = set(user_ids)
    lanes = [f"user:{user_id}" for user_id in gone]
    waiting = select(Outbox).where(
        STILL_OPEN, Outbox.state == "queued", col(Outbox.lane).in_(lanes) | (col(Outbox.channel) == "notice")
    )
    count = 0
    for row in tx.exec(waiting.with_for_update()).all():
        if row.channel == "notice":
            receivers = [user_id for user_id in row.payload["user_ids"] if user_id not in gone]
            if len(receivers) == len(row.payload["user_ids"]):
                continue
            theirs = update(Notice).where(col(Notice.outbox_id) == row.id, col(Notice.user_id).in_(list(gone)))
            tx.execute(theirs.values(fate="cancelled", fate_at=now))
            if receivers:
                row.payload = row.payload | {"user_ids": receivers}
                continue
        row.state, row.sent_at = "cancelled", now
        count += 1
    tx.flush()
    return count


def count_open(tx: Tx, *, now: datetime) -> int:
    """Messages due now, or being tried again; those planned for later do not count."""
    due = (col(Outbox.not_before) <= now) | (col(Outbox.attempts) > 0)
    query = select(func.count()).select_from(Outbox).where(STILL_OPEN, due)
    return tx.exec(query).one()


def next_due(tx: Tx) -> datetime | None:
    """When the earliest queued message may leave."""
    return tx.exec(select(func.min(Outbox.not_before)).where(STILL_OPEN, Outbox.state == "queued")).one()


def list_failed(tx: Tx, limit: int = 20) -> list[Outbox]:
    """Messages given up on, newest first: shown to administrators and by `doctor`. 待办 are told of by themselves."""
    query = select(Outbox).where(col(Outbox.state).in_(("failed", "unknown")), Outbox.channel != "todo")
    return list(tx.exec(query.order_by(col(Outbox.id).desc()).limit(limit)).all())


def prune(tx: Tx, *, now: datetime) -> int:
    """Forgets messages finished long ago, but for those the notice ledger still points at, and 待办 still open."""
    kept = select(Notice.outbox_id).where(col(Notice.outbox_id).is_not(None))
    gone = tx.execute(
        delete(Outbox).where(
            col(Outbox.state).not_in(("queued", "sending")),
            col(Outbox.created_at) < now - KEEP,
            col(Outbox.id).not_in(kept),
            (col(Outbox.channel) != "todo") | col(Outbox.key).like("todo:%:%"),
        )
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]
