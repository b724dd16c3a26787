"""Frames, stored before they are acknowledged: received once, effective once (house 0.2)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Insert
from sqlalchemy import insert as core_insert
from sqlalchemy import select as core_select
from sqlalchemy import update as core_update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, delete, func, select, update

from storage.database import Tx
from storage.plain import InsertNew, Plain, given, given_list, table_of
from storage.tables import Inbox

LEASE = timedelta(seconds=60)  # after which another process may take a frame over
CONCEALED = "（凭证，已隐去）"
KEEP = timedelta(days=8)  # keys of finished frames: longer than any redelivery

T = table_of(Inbox)
STORE = InsertNew(Inbox, ["key"], "key")
SEEN = Plain(core_select(T.c.key).where(T.c.key.in_(given_list("keys"))))
LAST = Plain(core_select(func.max(T.c.sequence)))
STATE = Plain(core_select(T.c.state).where(T.c.key == given("of")).with_for_update())
FINISH = Plain(
    core_update(T)
    .where(T.c.key == given("of"), T.c.state == "new")
    .values(state=given("becomes"), done_at=given("at"), result=given("with_result"), lease_until=None)
)


@dataclass(frozen=True, slots=True)
class NewFrame:
    """A frame as it arrived. `key` is the same for every delivery of it."""

    key: str
    lane: str
    kind: str
    body: str
    body_hash: str


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
    last = LAST.run(tx).scalar_one() or 0
    rows: list[dict[str, object]] = [
        {
            "key": f.key, "sequence": last + i, "lane": f.lane, "kind": f.kind, "body": f.body,
            "body_hash": f.body_hash, "state": "new", "attempts": 0, "received_at": now,
            "lease_holder": holder, "lease_until": wall + LEASE, "result": "",
        }
        for i, f in enumerate(fresh.values(), start=1)
    ]  # fmt: skip
    if tx.get_bind().dialect.name == "sqlite":  # the write lock is ours: nobody can have stored one since we looked
        _insert_many(tx, rows)
        return list(fresh.values())
    stored = set(STORE.run(tx, rows))
    return [f for key, f in fresh.items() if key in stored]


def _insert_many(tx: Tx, rows: Sequence[dict[str, object]]) -> None:
    """By the driver itself: two hundred frames are twenty-four hundred values to be looked at one by one otherwise."""
    dialect = tx.get_bind().dialect
    statement, names = _spelled(tuple(rows[0]))
    to_text = T.c.received_at.type.bind_processor(dialect)
    assert to_text is not None  # a Moment is always changed on its way in
    moments: dict[object, object] = {}  # few, and the same in all rows
    spelled = []
    for row in rows:
        values = [row[name] for name in names]
        for at, value in enumerate(values):
            if isinstance(value, datetime):
                values[at] = moments[value] if value in moments else moments.setdefault(value, to_text(value))
        spelled.append(tuple(values))
    tx.connection().exec_driver_sql(statement, spelled)


@cache
def _spelled(columns: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The INSERT as SQLite reads it, and the order of its values."""
    compiled = core_insert(T).compile(dialect=sqlite.dialect(), column_keys=columns)
    return str(compiled), tuple(compiled.positiontup or ())


def finish(tx: Tx, key: str, *, now: datetime, result: str = "", state: str = "done") -> bool:
    """Marks a frame worked off, in the transaction of its effects. False: somebody has done so already."""
    return bool(FINISH.run(tx, of=key, becomes=state, at=now, with_result=result[:500]).rowcount)


def conceal(tx: Tx, key: str) -> None:
    """What was said is not kept: it held a secret (R2.12). That something was said stays."""
    frame = tx.get(Inbox, key)
    if frame is not None:
        body = {**json.loads(frame.body), "text": CONCEALED, "content": None}
        body.pop("sealed", None)
        frame.body, frame.body_hash = json.dumps(body, ensure_ascii=False), ""
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
    """Frames nobody is working on any more, in order of arrival, now leased to `holder`.

    `all_of_them`: also those leased to others: only where this process is certainly alone (SQLite at start).
    """
    where = [col(Inbox.state) == "new"]
    if not all_of_them:
        where.append((col(Inbox.lease_until) < wall) | col(Inbox.lease_until).is_(None))
    rows = tx.exec(
        select(Inbox).where(*where).order_by(col(Inbox.sequence)).limit(500).with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.lease_holder = holder
        row.lease_until = wall + LEASE
    return [NewFrame(r.key, r.lane, r.kind, r.body, r.body_hash) for r in rows]


def renew(tx: Tx, *, holder: str, wall: datetime) -> None:
    """Keeps this process's frames its own."""
    tx.execute(
        update(Inbox)
        .where(col(Inbox.state) == "new", col(Inbox.lease_holder) == holder)
        .values(lease_until=wall + LEASE)
    )


def count_new(tx: Tx) -> int:
    """Frames not worked off yet."""
    return tx.exec(select(func.count()).select_from(Inbox).where(Inbox.state == "new")).one()


def count_dead(tx: Tx) -> int:
    """Frames given up on; each left a number in the log and with its sender."""
    return tx.exec(select(func.count()).select_from(Inbox).where(Inbox.state == "dead")).one()


def prune(tx: Tx, *, now: datetime) -> int:
    """Forgets frames finished long ago."""
    gone = tx.execute(delete(Inbox).where(col(Inbox.state) != "new", col(Inbox.received_at) < now - KEEP))
    return int(gone.rowcount)  # type: ignore[attr-defined]
