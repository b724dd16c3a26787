"""Frames, stored before they are acknowledged: received once, effective once (house 0.2)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Insert, text
from sqlalchemy import select as core_select
from sqlalchemy import update as core_update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, delete, func, select, update

from storage.database import Tx
from storage.plain import InsertNew, Plain, given, given_list, table_of
from storage.tables import Inbox

LEASE = timedelta(seconds=60)  # after which another process may take a frame over
CONCEALED = "（凭证，已隐去）"
TAKEN = 500  # frames taken over in one transaction
KEEP = timedelta(days=8)  # keys of finished frames: longer than any redelivery

T = table_of(Inbox)
# Written out, not as a value: else eight days of frames are looked through, and not the index of the few new ones.
STILL_NEW = text("inbox.state = 'new'")
STORE = InsertNew(Inbox, ["key"], "key")
SEEN = Plain(core_select(T.c.key).where(T.c.key.in_(given_list("keys"))))
STATE = Plain(core_select(T.c.state).where(T.c.key == given("of")).with_for_update())
FINISH = Plain(
    core_update(T)
    .where(T.c.key == given("of"), T.c.state == "new")
    .values(state=given("becomes"), done_at=given("at"), result=given("with_result"), lease_until=None)
)
INSERT = """INSERT INTO inbox (key, lane, kind, body, state, attempts, received_at, lease_holder, lease_until, result)
            VALUES (?, ?, ?, ?, 'new', 0, ?, ?, ?, '')"""


@dataclass(slots=True)
class NewFrame:
    """A frame as it arrived. `key` is the same for every delivery of it."""

    key: str
    lane: str
    kind: str
    body: str


def insert_ignore(tx: Tx, model: type, values: Sequence[dict[str, object]], keys: Sequence[str]) -> Insert:
    """INSERT … ON CONFLICT DO NOTHING in the dialect at hand."""
    if tx.get_bind().dialect.name == "postgresql":
        return postgresql.insert(model).values(values).on_conflict_do_nothing(index_elements=list(keys))
    return sqlite.insert(model).values(values).on_conflict_do_nothing(index_elements=list(keys))


def store(tx: Tx, frames: Sequence[NewFrame], *, holder: str, now: datetime, wall: datetime) -> list[NewFrame]:
    """Stores what was not seen before and returns it, leased to `holder`; repeats are left as they were.

    `now`: the product's clock, `wall`: the real one, by which leases live.
    """
    keys = [f.key for f in frames]
    seen = set(SEEN.run(tx, keys=keys).scalars())
    fresh: dict[str, NewFrame] = {}
    for frame in frames:
        if frame.key not in seen and frame.key not in fresh:
            fresh[frame.key] = frame
    if not fresh:
        return []
    if tx.get_bind().dialect.name == "sqlite":  # the write lock is ours: nobody can have stored one since we looked
        _insert_many(tx, fresh.values(), holder, now, wall)
        return list(fresh.values())
    rows: list[dict[str, object]] = [
        {
            "key": f.key, "lane": f.lane, "kind": f.kind, "body": f.body, "state": "new", "attempts": 0,
            "received_at": now, "lease_holder": holder, "lease_until": wall + LEASE, "result": "",
        }
        for f in fresh.values()
    ]  # fmt: skip
    stored = set(STORE.run(tx, rows))
    return [f for key, f in fresh.items() if key in stored]


def _insert_many(tx: Tx, frames: Iterable[NewFrame], holder: str, now: datetime, wall: datetime) -> None:
    """By the driver itself: two hundred frames are two thousand values to be looked at one by one otherwise."""
    received, leased = _spelled_moment(now), _spelled_moment(wall + LEASE)
    tx.connection().exec_driver_sql(INSERT, [(f.key, f.lane, f.kind, f.body, received, holder, leased) for f in frames])


def _spelled_moment(moment: datetime) -> str:
    """As SQLite keeps a Moment."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def finish(tx: Tx, key: str, *, now: datetime, result: str = "", state: str = "done") -> bool:
    """Marks a frame worked off, in the transaction of its effects. False: somebody has done so already."""
    return bool(FINISH.run(tx, of=key, becomes=state, at=now, with_result=result[:500]).rowcount)


def conceal(tx: Tx, key: str) -> None:
    """What was said is not kept: it held a secret (R2.12). That something was said stays."""
    frame = tx.exec(select(Inbox).where(Inbox.key == key)).first()
    if frame is not None:
        body = {**json.loads(frame.body), "text": CONCEALED, "content": None}
        body.pop("sealed", None)
        frame.body = json.dumps(body, ensure_ascii=False)
        tx.add(frame)


def is_new(tx: Tx, key: str) -> bool:
    """Whether the frame still waits; locks it against another worker."""
    return bool(STATE.run(tx, of=key).scalar() == "new")


def count_attempt(tx: Tx, key: str) -> int:
    """One more failed attempt; returns how many there were."""
    frame = tx.exec(select(Inbox).where(Inbox.key == key)).one()
    frame.attempts += 1
    return frame.attempts


def take_over(tx: Tx, *, holder: str, wall: datetime, all_of_them: bool = False) -> list[NewFrame]:
    """Frames nobody is working on any more, in order of arrival, now leased to `holder`: TAKEN at most at a time.

    `all_of_them`: also those leased to others: only where this process is certainly alone (SQLite at start).
    """
    where: list[Any] = [STILL_NEW]
    if all_of_them:
        where.append(col(Inbox.lease_holder) != holder)
    else:
        where.append((col(Inbox.lease_until) < wall) | col(Inbox.lease_until).is_(None))
    rows = tx.exec(
        select(Inbox).where(*where).order_by(col(Inbox.sequence) + 0).limit(TAKEN).with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.lease_holder = holder
        row.lease_until = wall + LEASE
    return [NewFrame(r.key, r.lane, r.kind, r.body) for r in rows]


def renew(tx: Tx, *, holder: str, wall: datetime) -> None:
    """Keeps this process's frames its own."""
    tx.execute(update(Inbox).where(STILL_NEW, col(Inbox.lease_holder) == holder).values(lease_until=wall + LEASE))


def count_new(tx: Tx) -> int:
    """Frames not worked off yet."""
    return tx.exec(select(func.count()).select_from(Inbox).where(STILL_NEW)).one()


def count_dead(tx: Tx) -> int:
    """Frames given up on; each left a number in the log and with its sender."""
    return tx.exec(select(func.count()).select_from(Inbox).where(Inbox.state == "dead")).one()


def prune(tx: Tx, *, now: datetime) -> int:
    """Forgets frames finished long ago."""
    gone = tx.execute(delete(Inbox).where(col(Inbox.state) != "new", col(Inbox.received_at) < now - KEEP))
    return int(gone.rowcount)  # type: ignore[attr-defined]
