"""Queries on what runs: flows, their tasks and log. Every change of state is one conditional update."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import col, func, or_, select, update

from bot.core.clock import at_beijing
from storage import todos
from storage.database import Tx
from storage.tables import Flow, FlowCopy, FlowLog, FlowTask, FlowVersion

LIVE = ("open", "waiting")


def subject(flow_id: int) -> str:
    """What cards of the application show."""
    return f"flow:{flow_id}"


def get(tx: Tx, flow_id: int) -> Flow | None:
    """As it is now."""
    return tx.exec(select(Flow).where(Flow.id == flow_id).execution_options(populate_existing=True)).first()


def find_taking_part(tx: Tx, flow_id: int, user_id: str) -> Flow | None:
    """The flow, if the person started it, has or had a task in it, or a copy."""
    task = select(FlowTask.flow_id).where(or_(col(FlowTask.user_id) == user_id, col(FlowTask.closed_by) == user_id))
    copy = select(FlowCopy.flow_id).where(FlowCopy.user_id == user_id)
    mine = or_(col(Flow.starter_id) == user_id, col(Flow.id).in_(task), col(Flow.id).in_(copy))
    query = select(Flow).where(Flow.id == flow_id, mine)
    return tx.exec(query.execution_options(populate_existing=True)).first()


def find(tx: Tx, number: str) -> Flow | None:
    """By its number, however it is capitalised."""
    return tx.exec(select(Flow).where(func.upper(Flow.number) == number.upper())).first()


def find_like(tx: Tx, ending: str) -> list[Flow]:
    """Those whose number ends so, the newest ten first, whoever may see them: 231 for FP-2026-0231."""
    query = select(Flow).where(col(Flow.number).endswith(ending, autoescape=True))
    return list(tx.exec(query.order_by(col(Flow.id).desc()).limit(10)).all())


def of_record(tx: Tx, form: str, record_id: int) -> Flow | None:
    """The latest of a record."""
    query = select(Flow).where(Flow.form == form, Flow.record_id == record_id).order_by(col(Flow.id).desc())
    return tx.exec(query.limit(1).execution_options(populate_existing=True)).first()


def version_of(tx: Tx, flow: Flow) -> FlowVersion:
    """The nodes it goes by."""
    version = tx.get(FlowVersion, flow.version_id)
    assert version is not None
    return version


def add(tx: Tx, flow: Flow) -> Flow:
    """A new one."""
    tx.add(flow)
    tx.flush()
    return flow


def hold(tx: Tx, flow_id: int) -> bool:
    """Whether it still runs; then its row is ours until the transaction ends, and nobody else moves it."""
    return changed(
        tx,
        update(Flow).where(col(Flow.id) == flow_id, col(Flow.state) == "running").values(moves=Flow.moves + 1),
    )


def enter(tx: Tx, flow: Flow, node: int) -> None:
    """It is at that node now, anew. The caller holds it."""
    tx.execute(update(Flow).where(col(Flow.id) == flow.id).values(node=node, entry=Flow.entry + 1))
    tx.refresh(flow)


def note_revision(tx: Tx, flow: Flow) -> None:
    """What is applied for has changed. The caller holds it."""
    tx.execute(update(Flow).where(col(Flow.id) == flow.id).values(revision=Flow.revision + 1))
    tx.refresh(flow)


def has_agreed(tx: Tx, flow_id: int, *, entry: int | None = None) -> bool:
    """Whether anybody has agreed to it; with `entry`, at that."""
    query = select(FlowTask.id).where(FlowTask.flow_id == flow_id, FlowTask.state == "agreed")
    if entry is not None:
        query = query.where(FlowTask.entry == entry)
    return tx.exec(query.limit(1)).first() is not None


def finish(tx: Tx, flow_id: int, state: str, now: datetime) -> None:
    """It is at its end. The caller holds it."""
    tx.execute(update(Flow).where(col(Flow.id) == flow_id).values(state=state, finished_at=now))


def note_urge(tx: Tx, flow_id: int, *, before: datetime, now: datetime) -> bool:
    """Whether it may be urged: it runs, and was not urged since `before`."""
    quiet = or_(col(Flow.urged_at).is_(None), col(Flow.urged_at) <= before)
    query = update(Flow).where(col(Flow.id) == flow_id, col(Flow.state) == "running", quiet)
    return changed(tx, query.values(urged_at=now, urge_count=Flow.urge_count + 1))


def changed(tx: Tx, statement: Any) -> bool:
    """Whether a conditional update has met its row."""
    done = tx.execute(statement.execution_options(synchronize_session=False))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _over(tx: Tx, task_id: int, statement: Any, now: datetime) -> bool:
    """The change that takes a task out of its holder's hands; his 待办 in DingTalk is ticked off with it."""
    done = changed(tx, statement)
    if done:
        todos.end(tx, [task_id], now=now)
    return done


# -- tasks ---------------------------------------------------------------------------------------------


def add_task(tx: Tx, task: FlowTask) -> FlowTask:
    """A new one, with its id."""
    tx.add(task)
    tx.flush()
    return task


def get_task(tx: Tx, task_id: int) -> FlowTask | None:
    """As it is now."""
    query = select(FlowTask).where(FlowTask.id == task_id).execution_options(populate_existing=True)
    return tx.exec(query).first()


def close(tx: Tx, task_id: int, state: str, *, by: str, comment: str, now: datetime) -> bool:
    """Whether it was open, and is now in its final state (R-APP-5)."""
    query = update(FlowTask).where(col(FlowTask.id) == task_id, col(FlowTask.state) == "open")
    return _over(tx, task_id, query.values(state=state, closed_at=now, closed_by=by, comment=comment), now)


def close_others(tx: Tx, flow: Flow, state: str, *, by: str, now: datetime) -> list[str]:
    """All that is still open or waiting at this entry is closed; returns whose that was."""
    live = col(FlowTask.flow_id) == flow.id, col(FlowTask.state).in_(LIVE)
    rows = tx.exec(select(FlowTask.id, FlowTask.user_id).where(*live)).all()
    changed(tx, update(FlowTask).where(*live).values(state=state, closed_at=now, closed_by=by))
    todos.end(tx, [task_id for task_id, _ in rows if task_id is not None], now=now)
    return [user_id for _, user_id in rows]


def park(tx: Tx, task_id: int, *, until: int, now: datetime) -> bool:
    """Whether the open task waits for another now."""
    query = update(FlowTask).where(col(FlowTask.id) == task_id, col(FlowTask.state) == "open")
    return _over(tx, task_id, query.values(state="waiting", waits_for=until), now)


def open_behind(tx: Tx, task_id: int, *, now: datetime, due_at: datetime | None) -> list[FlowTask]:
    """Opens what waited for that task alone."""
    query = update(FlowTask).where(col(FlowTask.waits_for) == task_id, col(FlowTask.state) == "waiting")
    changed(tx, query.values(state="open", opened_at=now, due_at=due_at))
    opened = select(FlowTask).where(FlowTask.waits_for == task_id, FlowTask.state == "open")
    return list(tx.exec(opened.execution_options(populate_existing=True)).all())


def wait_for(tx: Tx, task_id: int, instead_of: int) -> None:
    """What waited for one task waits for another, which has taken its place."""
    query = update(FlowTask).where(col(FlowTask.waits_for) == instead_of, col(FlowTask.state) == "waiting")
    changed(tx, query.values(waits_for=task_id))


def live_tasks(tx: Tx, flow_id: int) -> list[FlowTask]:
    """Open and waiting ones, in the order they were made."""
    query = select(FlowTask).where(FlowTask.flow_id == flow_id, col(FlowTask.state).in_(LIVE))
    return list(tx.exec(query.order_by(col(FlowTask.id)).execution_options(populate_existing=True)).all())


def open_of(tx: Tx, flow_id: int, user_id: str) -> FlowTask | None:
    """The person's open task."""
    return next((t for t in live_tasks(tx, flow_id) if t.user_id == user_id and t.state == "open"), None)


def last_of(tx: Tx, flow_id: int, user_id: str) -> FlowTask | None:
    """The person's latest task in it, however it ended."""
    query = select(FlowTask).where(FlowTask.flow_id == flow_id, FlowTask.user_id == user_id)
    return tx.exec(query.order_by(col(FlowTask.id).desc()).limit(1)).first()


def last_decision(tx: Tx, flow_id: int) -> FlowTask | None:
    """The latest task somebody decided, since it was handed in last: what was said before counts no more."""
    handed = select(func.coalesce(func.max(FlowTask.entry), 0)).where(
        FlowTask.flow_id == flow_id, FlowTask.state == "submitted"
    )
    decided = col(FlowTask.state).in_(("agreed", "refused")), col(FlowTask.entry) > handed.scalar_subquery()
    query = select(FlowTask).where(FlowTask.flow_id == flow_id, *decided)
    return tx.exec(query.order_by(col(FlowTask.closed_at).desc(), col(FlowTask.id).desc()).limit(1)).first()


def has_decided(tx: Tx, flow_id: int, user_id: str) -> bool:
    """Whether the person has agreed to it or refused it."""
    query = select(FlowTask.id).where(
        FlowTask.flow_id == flow_id, FlowTask.closed_by == user_id, col(FlowTask.state).in_(("agreed", "refused"))
    )
    return tx.exec(query.limit(1)).first() is not None


def revising(tx: Tx, flow_id: int) -> bool:
    """Whether it was returned to its applicant, and he has not handed it in again."""
    return any(task.kind == "revise" for task in live_tasks(tx, flow_id))


def applicants(tx: Tx, flow: Flow) -> list[str]:
    """Who has applied: its starter, then whoever has handed it in again for him, the last first. None decides it."""
    query = select(FlowTask.user_id).where(
        FlowTask.flow_id == flow.id, FlowTask.kind == "revise", FlowTask.state == "submitted"
    )
    return list(dict.fromkeys([flow.starter_id, *tx.exec(query.order_by(col(FlowTask.id).desc())).all()]))


def node_before(tx: Tx, flow: Flow) -> int | None:
    """The node it came from: the nearest one before the present, of those it has been at."""
    query = select(func.max(FlowTask.node)).where(FlowTask.flow_id == flow.id, FlowTask.node < flow.node)
    return tx.exec(query).one()


def reassign(tx: Tx, task_id: int, user_id: str, *, why: str, handover_id: int | None, now: datetime) -> bool:
    """Whether the task was not decided yet, and is somebody else's now; what waits for it goes on waiting."""
    query = update(FlowTask).where(col(FlowTask.id) == task_id, col(FlowTask.state).in_(LIVE))
    return _over(
        tx, task_id, query.values(user_id=user_id, for_user_id=None, why=why, handover_id=handover_id), now
    )  # fmt: skip


def supersede(tx: Tx, task_id: int, *, now: datetime) -> bool:
    """Whether the task was not decided yet, and is now left to the others."""
    query = update(FlowTask).where(col(FlowTask.id) == task_id, col(FlowTask.state).in_(LIVE))
    return _over(tx, task_id, query.values(state="superseded", closed_at=now), now)


def mark_late(tx: Tx, task_id: int, *, escalated: bool, now: datetime) -> bool:
    """Whether nobody was told before us that the task is late, or (`escalated`) very late."""
    column = FlowTask.escalated_at if escalated else FlowTask.reminded_at
    query = update(FlowTask).where(col(FlowTask.id) == task_id, col(FlowTask.state) == "open", col(column).is_(None))
    return changed(tx, query.values({column: now}))


def node_shown(tx: Tx, flow_id: int, user_id: str) -> int | None:
    """The node as which the person may see it: of his latest task, or of his copy; None: he has neither."""
    task = last_of(tx, flow_id, user_id)
    if task is not None:
        return task.node
    copy = select(FlowCopy.node).where(FlowCopy.flow_id == flow_id, FlowCopy.user_id == user_id)
    return tx.exec(copy).first()


# -- log, copies ---------------------------------------------------------------------------------------


def log(
    tx: Tx, flow_id: int, *, node: str, user_id: str, action: str, now: datetime, comment: str = "",
    seconds: int | None = None, people: Sequence[str] = (), changes: Sequence[Sequence[str]] = (),
) -> None:  # fmt: skip
    """One line of 流程状态."""
    tx.add(
        FlowLog(
            flow_id=flow_id, node_name=node, user_id=user_id, action=action, comment=comment, at=now,
            seconds=seconds, people=list(people), changes=[list(one) for one in changes],
        )
    )  # fmt: skip
    tx.flush()


def list_log(tx: Tx, flow_id: int) -> list[FlowLog]:
    """In the order it happened."""
    return list(tx.exec(select(FlowLog).where(FlowLog.flow_id == flow_id).order_by(col(FlowLog.id))).all())


def urges_today(tx: Tx, flow_id: int, day: date) -> int:
    """How often it was urged since that day began."""
    query = select(func.count()).select_from(FlowLog).where(
        FlowLog.flow_id == flow_id, FlowLog.action == "urge", col(FlowLog.at) >= at_beijing(day)
    )  # fmt: skip
    return tx.exec(query).one()


def copy_to(tx: Tx, flow: Flow, node: int, user_ids: Collection[str], now: datetime) -> list[str]:
    """Those who have no copy yet get one; returns them."""
    had = set(tx.exec(select(FlowCopy.user_id).where(FlowCopy.flow_id == flow.id)).all())
    new = [u for u in dict.fromkeys(user_ids) if u not in had]
    tx.add_all(FlowCopy(flow_id=flow.id or 0, node=node, user_id=u, at=now) for u in new)
    tx.flush()
    return new
