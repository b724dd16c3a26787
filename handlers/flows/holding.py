"""A task in its holder's hands: taken to act on it, closed, or found to have gone. Steps that join a transaction."""

from dataclasses import dataclass

from bot.context import Context
from handlers.flows import rules
from handlers.flows.finding import access_own_task, waiting_names
from handlers.flows.rules import AlreadyDone, ContentChanged, FlowRefused
from handlers.flows.running import Run, run_of
from handlers.flows.sight import unnamed_for
from storage import flow_runs, people
from storage.database import Tx
from storage.tables import FlowTask


@dataclass(frozen=True, slots=True)
class Moved:
    """What was done, in words."""

    flow_id: int
    number: str
    text: str


def step_hold(tx: Tx, ctx: Context, task_id: int, *, kind: str = rules.DECIDE) -> tuple[Run, FlowTask]:
    """One's own open task, of a flow nobody else moves meanwhile.

    Raises:
        NotFound, AlreadyDone.
        FlowRefused: not one's own, or a task of the other kind.
    """
    _, flow = access_own_task(tx, ctx, task_id)
    if not flow_runs.hold(tx, flow.id or 0):
        raise settled(tx, ctx, run_of(tx, flow), task_id)
    tx.refresh(flow)
    run = run_of(tx, flow)  # what is applied for may have been changed until now
    current = flow_runs.get_task(tx, task_id)
    if current is None or current.state != rules.OPEN:
        raise settled(tx, ctx, run, task_id)
    if current.kind != kind:
        raise FlowRefused(
            f"{flow.number} 退回给你修改了，改好发送「修改 {flow.number}」重新提交，或「撤回 {flow.number}」。"
            if current.kind == rules.REVISE
            else f"{flow.number} 没有退回给你，现在是等你处理；发送「处理 {flow.number}」。"
        )
    return run, current


def check_seen(tx: Tx, run: Run, task: FlowTask, seen: int | None) -> None:
    """`seen`: the revision the decider was shown; None: he was asked nothing. Raises ContentChanged."""
    if seen is None or seen == run.flow.revision:
        return
    edits = [e.changes for e in flow_runs.list_log(tx, run.id) if e.changes][seen:]
    told = rules.changes_text([c for one in edits for c in one], run.form.fields, run.steps[task.node].visible)
    raise ContentChanged(f"内容已变更（{told or '有看不到的内容'}），没有处理，请看现在的内容再决定。")


def step_close(tx: Tx, ctx: Context, run: Run, task: FlowTask, state: str, comment: str) -> None:
    """The task is in its final state. Raises AlreadyDone."""
    assert task.id is not None
    if not flow_runs.close(tx, task.id, state, by=ctx.actor.user_id, comment=comment, now=ctx.now):
        raise settled(tx, ctx, run, task.id)


def settled(tx: Tx, ctx: Context, run: Run, task_id: int | None = None) -> AlreadyDone:
    """Why nothing has changed: who was first, or how the flow ended."""
    flow = flow_runs.get(tx, run.id)
    task = flow_runs.get_task(tx, task_id) if task_id is not None else None
    assert flow is not None
    waiting = waiting_names(tx, run.id, unnamed=unnamed_for(tx, ctx, run))
    if task is not None and task.state == rules.WAITING:
        return AlreadyDone(f"{flow.number} 还没轮到你，现在等 {waiting}。")
    if task is not None and task.closed_at is not None and task.closed_by == task.user_id == ctx.actor.user_id:
        return AlreadyDone(f"你 {task.closed_at:%m-%d %H:%M} 已经{rules.TASK_STATES[task.state]}了，不用再处理。")
    if flow.state == "running":
        return AlreadyDone(f"{flow.number} 这一步已经变了，现在等 {waiting}，不用再处理。")
    last = flow_runs.list_log(tx, run.id)[-1]
    when = flow.finished_at or last.at
    by = run.named(tx, last.user_id, task.node) if task is not None else people.name_of(tx, last.user_id)
    return AlreadyDone(
        f"{flow.number} 已由 {by} {when:%m-%d %H:%M} {rules.STATES[flow.state].removeprefix('已')}，没有变化。"
    )
