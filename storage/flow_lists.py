"""Queries on lists of what waits for people, and of the applications that concern them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, func, select

from storage.database import Tx
from storage.flow_runs import LIVE
from storage.tables import Employee, Flow, FlowCopy, FlowTask

PAGE = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task and the flow it is in."""

    task: FlowTask
    flow: Flow


def waiting_of(tx: Tx, user_id: str) -> list[Waiting]:
    """我的待办, the oldest first."""
    query = (
        select(FlowTask, Flow)
        .join(Flow, col(Flow.id) == col(FlowTask.flow_id))
        .where(FlowTask.user_id == user_id, FlowTask.state == "open", Flow.state == "running")
        .order_by(col(FlowTask.opened_at), col(FlowTask.id))
    )
    return [Waiting(task, flow) for task, flow in tx.exec(query).all()]


def open_by_union(tx: Tx, union_ids: Collection[str]) -> list[int]:
    """The open tasks of the people of these unionIds."""
    whose = select(Employee.user_id).where(col(Employee.union_id).in_(list(union_ids)))
    query = select(FlowTask.id).where(col(FlowTask.user_id).in_(whose), FlowTask.state == "open")
    return [i for i in tx.exec(query).all() if i is not None]


def own_tasks(tx: Tx, user_id: str, ids: Collection[int]) -> list[Waiting]:
    """Those of these tasks that are the person's, however they stand now, in the order of `ids`."""
    query = select(FlowTask, Flow).join(Flow, col(Flow.id) == col(FlowTask.flow_id))
    query = query.where(FlowTask.user_id == user_id, col(FlowTask.id).in_(list(ids)))
    found = tx.exec(query.execution_options(populate_existing=True)).all()
    by_id = {task.id: Waiting(task, flow) for task, flow in found}
    return [by_id[i] for i in ids if i in by_id]


def live_of(tx: Tx, user_id: str) -> list[Waiting]:
    """The person's open tasks, and those whose turn is still to come."""
    return _live(tx, col(FlowTask.user_id) == user_id)


def list_holders(tx: Tx) -> list[str]:
    """Everybody for whom something waits, or will."""
    query = select(FlowTask.user_id).join(Flow, col(Flow.id) == col(FlowTask.flow_id))
    query = query.where(col(FlowTask.state).in_(LIVE), Flow.state == "running")
    return list(tx.exec(query.distinct().order_by(FlowTask.user_id)).all())


def live_of_handover(tx: Tx, handover_id: int) -> list[Waiting]:
    """What a handover has moved and nobody has decided."""
    return _live(tx, col(FlowTask.handover_id) == handover_id)


def _live(tx: Tx, which: Any) -> list[Waiting]:
    query = (
        select(FlowTask, Flow)
        .join(Flow, col(Flow.id) == col(FlowTask.flow_id))
        .where(which, col(FlowTask.state).in_(LIVE), Flow.state == "running")
        .order_by(col(FlowTask.id))
    )
    return [Waiting(task, flow) for task, flow in tx.exec(query).all()]


def list_timed(tx: Tx) -> list[Waiting]:
    """Open tasks with a deadline whose end nobody's superior has been told of yet."""
    return [
        one
        for one in _live(tx, col(FlowTask.due_at).is_not(None) & col(FlowTask.escalated_at).is_(None))
        if one.task.state == "open"
    ]


def list_flows(tx: Tx, user_id: str, view: str, *, page: int) -> tuple[list[Flow], int]:
    """我发起的 (`started`), 我处理的 (`handled`), 抄送我的 (`copied`): a page, the newest first, and how many."""
    ended = ("agreed", "refused", "returned", "transferred")
    handled = select(FlowTask.flow_id).where(FlowTask.closed_by == user_id, col(FlowTask.state).in_(ended))
    copied = select(FlowCopy.flow_id).where(FlowCopy.user_id == user_id)
    which = {
        "started": col(Flow.starter_id) == user_id, "handled": col(Flow.id).in_(handled),
        "copied": col(Flow.id).in_(copied),
    }[view]  # fmt: skip
    total = tx.exec(select(func.count()).select_from(Flow).where(which)).one()
    query = select(Flow).where(which).order_by(col(Flow.id).desc()).limit(PAGE).offset((page - 1) * PAGE)
    return list(tx.exec(query).all()), total
