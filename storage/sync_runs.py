"""What each run of the org mirror did: full syncs and events, one row each.

An event's row also says whom it concerned: a full sync that read them earlier leaves them alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, delete, func, select, update

from bot.core.errors import NotFound, RuleBroken
from storage import leases
from storage.database import Tx
from storage.tables import Lease, SyncRun

KEEP = timedelta(days=3)  # rows of events: far longer than any sync takes
MAX_IDS = 2000  # of one event; DingTalk's own bulk events are far smaller


@dataclass(frozen=True, slots=True)
class Touched:
    """Whom and what events have refreshed meanwhile."""

    users: frozenset[str]
    departments: frozenset[int]


def begin(tx: Tx, kind: str, *, at: datetime, counts: dict[str, Any]) -> int:
    """A run starts; returns its id. `at`: for an event, when it came about in DingTalk."""
    run = SyncRun(kind=kind, status="running", started_at=at, counts=counts)
    tx.add(run)
    tx.flush()
    assert run.id is not None
    return run.id


def finish(
    tx: Tx,
    run_id: int,
    status: str,
    *,
    now: datetime,
    counts: dict[str, Any],
    problems: Sequence[str] = (),
    removals: Sequence[str] = (),
) -> None:
    """The run is over: ok | partial | waiting | failed."""
    tx.execute(
        update(SyncRun)
        .where(col(SyncRun.id) == run_id)
        .values(status=status, finished_at=now, counts=counts, problems=list(problems), removals=list(removals))
    )


def running_events(tx: Tx) -> frozenset[int]:
    """Events being worked on: what they will write may be newer than what a sync reads from now on."""
    query = select(SyncRun.id).where(SyncRun.kind == "event", SyncRun.status == "running")
    return frozenset(run_id for run_id in tx.exec(query).all() if run_id is not None)


def touched_since(tx: Tx, run_id: int, *, besides: Collection[int] = ()) -> Touched:
    """By events that began after run `run_id` (or are among `besides`) and are worked off."""
    later = col(SyncRun.id) > run_id
    if besides:
        later = later | col(SyncRun.id).in_(list(besides))
    query = select(SyncRun.counts).where(SyncRun.kind == "event", SyncRun.status != "running", later)
    users: set[str] = set()
    departments: set[int] = set()
    for counts in tx.exec(query).all():
        users.update(counts.get("user_ids", ()))
        departments.update(counts.get("department_ids", ()))
    return Touched(frozenset(users), frozenset(departments))


def joined_since(tx: Tx, moment: datetime) -> frozenset[str]:
    """People an event said joined at `moment` or later."""
    query = select(SyncRun.counts).where(SyncRun.kind == "event", col(SyncRun.started_at) >= moment)
    return frozenset(
        user_id
        for counts in tx.exec(query).all()
        if counts.get("event") == "user_add_org"
        for user_id in counts.get("named", ())
    )


def list_unsettled(tx: Tx, *, before: datetime, limit: int = 50) -> list[SyncRun]:
    """Events whose outcome was not to be seen yet, last looked at before `before`."""
    query = select(SyncRun).where(
        SyncRun.kind == "event", SyncRun.status == "partial", col(SyncRun.finished_at) <= before
    )
    return list(tx.exec(query.order_by(col(SyncRun.id)).limit(limit)).all())


def oldest_unsettled(tx: Tx) -> datetime | None:
    """When the first of them was last looked at."""
    query = select(func.min(col(SyncRun.finished_at))).where(SyncRun.kind == "event", SyncRun.status == "partial")
    return tx.exec(query).one()


def close_dead(tx: Tx, *, now: datetime) -> None:
    """Full syncs a crash cut short; asked by the one who holds the lease, so none is alive."""
    tx.execute(
        update(SyncRun)
        .where(col(SyncRun.kind) == "full", col(SyncRun.status) == "running")
        .values(status="failed", finished_at=now, problems=["程序中途停了，这次同步没有做完。"])
    )


def settle_waiting(tx: Tx, run_id: int) -> None:
    """A newer sync has judged anew: lists that waited for a word wait no more."""
    tx.execute(
        update(SyncRun).where(col(SyncRun.status) == "waiting", col(SyncRun.id) < run_id).values(status="partial")
    )


def spare(tx: Tx, user_ids: Collection[str]) -> None:
    """These were seen at work: they are taken off a list that waits for a word."""
    for run in tx.exec(select(SyncRun).where(SyncRun.status == "waiting")).all():
        kept = [user_id for user_id in run.removals if user_id not in user_ids]
        if len(kept) != len(run.removals):
            run.removals = kept
            tx.add(run)


def take_waiting(tx: Tx, run_id: int, *, by: str, now: datetime) -> SyncRun:
    """The run whose list is decided on now; nobody can decide on it again.

    Raises:
        NotFound: no such run.
        RuleBroken: it does not wait (any more).
    """
    run = tx.exec(select(SyncRun).where(SyncRun.id == run_id).with_for_update()).first()
    if run is None:
        raise NotFound("没有找到这次同步。")
    if run.status != "waiting":
        raise RuleBroken("这份名单已经处理过，或者被后来的同步取代了。发送「同步组织」可以重新同步。")
    run.status, run.decided_by, run.finished_at = "ok", by, now
    tx.add(run)
    return run


def prune(tx: Tx, *, now: datetime) -> None:
    """Rows of old events go."""
    tx.execute(delete(SyncRun).where(col(SyncRun.kind) == "event", col(SyncRun.started_at) < now - KEEP))


def take_turn(
    tx: Tx, name: str, *, holder: str, wall: datetime, lasts: timedelta, dead: "Collection[str] | None" = None
) -> int | None:
    """As `leases.hold`; a lease of a holder known to be dead ends at once."""
    for ghost in dead or ():
        leases.release(tx, name, holder=ghost, wall=wall - timedelta(seconds=1))
    return leases.hold(tx, name, holder=holder, wall=wall, lasts=lasts)


def holder_of(tx: Tx, name: str) -> str | None:
    """Who holds, or last held, a lease."""
    row = tx.get(Lease, name)
    return row.holder if row is not None else None
