"""Up to when each job is done, and jobs asked for in a conversation."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import col, func, select

from storage import cards, outbox
from storage.database import Tx
from storage.inbox import insert_ignore
from storage.tables import JobRequest, JobState, Lease


def begin(tx: Tx, names: Iterable[str], now: datetime) -> None:
    """New jobs are done until now; known ones stay, so that what was missed is caught up."""
    rows: list[dict[str, object]] = [{"name": n, "done_until": now, "last_result": ""} for n in names]
    if rows:
        tx.execute(insert_ignore(tx, JobState, rows, ["name"]))


def done_until(tx: Tx, name: str) -> datetime | None:
    """None: the job is not known here yet."""
    state = tx.get(JobState, name)
    return state.done_until if state is not None else None


def finish(tx: Tx, name: str, *, due: datetime, now: datetime, result: str) -> None:
    """The job is done until now."""
    state = tx.get(JobState, name) or JobState(name=name, done_until=now)
    state.done_until = max(state.done_until, now)
    state.last_due, state.last_run_at, state.last_result = due, now, result[:500]
    tx.add(state)


def list_states(tx: Tx) -> list[JobState]:
    """For `doctor`."""
    return list(tx.exec(select(JobState).order_by(col(JobState.name))).all())


def request(tx: Tx, name: str, *, by: str, now: datetime) -> int | None:
    """Asks for a job; returns the request's id, or None: it has been asked for already and is not done."""
    turn = f"request:{name}"  # two who ask at once wait for each other here
    tx.execute(insert_ignore(tx, Lease, [{"name": turn, "holder": "", "epoch": 0, "until": now}], ["name"]))
    tx.get(Lease, turn, with_for_update=True)
    open_one = tx.exec(
        select(JobRequest.id).where(JobRequest.name == name, col(JobRequest.state).in_(("queued", "running")))
    ).first()
    if open_one is not None:
        return None
    row = JobRequest(name=name, requested_by=by, requested_at=now)
    tx.add(row)
    tx.flush()
    return row.id


def find_request(tx: Tx, request_id: int) -> JobRequest | None:
    """One request, done or not."""
    return tx.get(JobRequest, request_id)


def open_request(tx: Tx, name: str) -> JobRequest | None:
    """The one that is queued or running."""
    query = select(JobRequest).where(JobRequest.name == name, col(JobRequest.state).in_(("queued", "running")))
    return tx.exec(query.order_by(col(JobRequest.id)).limit(1)).first()


def subject(request_id: int | None) -> str:
    """How cards that show a request name it."""
    return f"request:{request_id}"


def note_progress(tx: Tx, request_id: int, *, now: datetime, **figures: int) -> None:
    """How far a request is; cards that show it are drawn again."""
    row = tx.get(JobRequest, request_id)
    if row is not None and row.state == "running":
        row.arguments = {**row.arguments, **figures}
        tx.add(row)
        cards.redraw_others(tx, subject(request_id), now=now)


def take_request(tx: Tx) -> JobRequest | None:
    """The next one, now running. One left running by a process that died is taken again."""
    row = tx.exec(
        select(JobRequest)
        .where(col(JobRequest.state).in_(("queued", "running")))
        .order_by(col(JobRequest.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is not None:
        row.state = "running"
    return row


def finish_request(tx: Tx, request_id: int | None, *, result: str, failed: bool, now: datetime) -> None:
    """Its end, and the answer to who asked."""
    row = tx.get(JobRequest, request_id)
    if row is None:
        return
    row.state, row.result = ("failed" if failed else "done"), result[:1000]
    cards.redraw_others(tx, subject(request_id), now=now)
    if row.requested_by:
        payload = {"user_id": row.requested_by, "title": result[:40], "text": result}
        outbox.put(
            tx, key=f"request:{request_id}", lane=f"user:{row.requested_by}", channel="robot", payload=payload, now=now
        )


def count_requests(tx: Tx) -> int:
    """Requests not answered yet."""
    query = select(func.count()).select_from(JobRequest)
    return tx.exec(query.where(col(JobRequest.state).in_(("queued", "running")))).one()
