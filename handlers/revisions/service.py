"""Use cases of changing an application on its way (R-APP-7, R-APP-9, R-APP-11, R-APP-13).

A participant changes the fields his node lets him; the applicant to whom it was returned changes all he gave, and hands
it in again under the same number. Each change is a line of 流程状态 from → to, and a revision: who was shown what was
before, decides nothing (`handlers.flows.holding.check_seen`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import FormField
from bot.identity import may_be_told
from handlers.flows import rules
from handlers.flows.finding import ABSENT, access_flow, waiting_names
from handlers.flows.holding import Moved, check_seen, step_close, step_hold
from handlers.flows.participants import step_choose
from handlers.flows.rules import FlowRefused
from handlers.flows.running import Run, run_of, step_enter, step_note, step_route, step_tell
from storage import flow_runs, notices
from storage.database import Tx
from storage.tables import FlowTask

Changes = list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class EditSheet:
    """What the holder of a task may change. `returned`: it is the applicant's to hand in again."""

    flow_id: int
    number: str
    label: str
    asked: tuple[FormField, ...]
    returned: bool


def show_edit(ctx: Context, task_id: int) -> EditSheet:
    """The fields one's own open task lets one change, as they are now; none where it lets none.

    Raises NotFound.
    """
    with ctx.begin() as tx:
        task = flow_runs.get_task(tx, task_id)
        if task is None or task.user_id != ctx.actor.user_id:
            raise NotFound(ABSENT, attempt=f"task:{task_id}" if task is not None else "")
        run = run_of(tx, access_flow(tx, ctx, task.flow_id))
        open_now = task.state == rules.OPEN and run.flow.state == "running"
        asked = run.form.asks(tx, run.flow.record_id, _allowed(run, task)) if open_now else ()
        return EditSheet(run.id, run.flow.number, run.form.label, tuple(asked), task.kind == rules.REVISE)


def read_edit(ctx: Context, task_id: int, text: str) -> Mapping[str, str]:
    """What a sentence says of them, by their names; empty: nothing. Raises NotFound, InvalidInput."""
    with ctx.begin() as tx:
        task = flow_runs.get_task(tx, task_id)
        if task is None or task.user_id != ctx.actor.user_id:
            raise NotFound(ABSENT, attempt=f"task:{task_id}" if task is not None else "")
        return run_of(tx, access_flow(tx, ctx, task.flow_id)).form.read(text)


def edit_fields(ctx: Context, task_id: int, given: Mapping[str, str], *, seen: int | None = None) -> Moved:
    """Changes what one's node lets one change; the task stays one's own.

    A higher sum, or a field a condition looks at, sends the application through all nodes anew; where colleagues at
    this node have agreed to what was before, they decide again.

    `seen`: the revision whose fields were shown for it.

    Raises:
        NotFound, FlowRefused, AlreadyDone, ContentChanged: as `handlers.flows.service.decide`.
        InvalidInput, RuleBroken: as the form refuses it; nothing has changed.
        NobodyDecides.
    """
    with ctx.begin() as tx:
        run, task = step_hold(tx, ctx, task_id)
        check_seen(tx, run, task, seen)
        before, agreed_here = run, flow_runs.has_agreed(tx, run.id, entry=run.flow.entry)
        run, changes = _step_edit(tx, ctx, run, task, given)
        if not changes:
            return Moved(run.id, run.flow.number, f"{run.flow.number} 没有变化。")
        step_note(tx, ctx, run, "edit.flow", task=task, changes=changes)
        _tell_applicant(tx, ctx, run, changes)
        told = rules.changes_text(changes, run.form.fields, run.steps[task.node].visible)
        going = _go_on(tx, ctx, before, run, changes, agreed_here)
        return Moved(run.id, run.flow.number, f"{run.flow.number} 已修改：{told}。{going}")


def return_to_applicant(ctx: Context, task_id: int, comment: str) -> Moved:
    """退回申请人: he corrects it and hands it in again, under the same number. Raises as `decide`, and FlowRefused."""
    with ctx.begin() as tx:
        run, task = step_hold(tx, ctx, task_id)
        comment = rules.check_comment(comment, "退回", needed=True)
        if not may_be_told(tx, run.flow.starter_id, ctx.settings):
            raise FlowRefused("申请人已离职或不在使用范围里，退回没有人能改；可以「不同意」，由接手的人重新申请。")
        step_close(tx, ctx, run, task, "returned", comment)
        flow_runs.close_others(tx, run.flow, "superseded", by=ctx.actor.user_id, now=ctx.now)
        step_note(tx, ctx, run, "return.flow", comment=comment, task=task, people_ids=[run.flow.starter_id])
        back = FlowTask(
            flow_id=run.id, node=run.flow.node, entry=run.flow.entry, kind=rules.REVISE, user_id=run.flow.starter_id,
            why=f"{ctx.actor.name} 退回：{comment}", opened_at=ctx.now,
        )  # fmt: skip
        step_tell(tx, run, flow_runs.add_task(tx, back), ctx.now)
        return Moved(run.id, run.flow.number, f"{run.flow.number} 已退回申请人修改，改好后从第一步重新审批。")


def resubmit(ctx: Context, task_id: int, given: Mapping[str, str], *, seen: int | None = None) -> Moved:
    """What was returned goes its way again from the first node, with what was corrected; what was said before stays.

    Raises as `edit_fields`.
    """
    with ctx.begin() as tx:
        run, task = step_hold(tx, ctx, task_id, kind=rules.REVISE)
        check_seen(tx, run, task, seen)
        run, changes = _step_edit(tx, ctx, run, task, given)
        step_close(tx, ctx, run, task, "submitted", "")
        flow_runs.close_others(tx, run.flow, "superseded", by=ctx.actor.user_id, now=ctx.now)
        step_note(tx, ctx, run, "resubmit.flow", task=task, changes=changes)
        _anew(tx, ctx, run)
        told = f"（{rules.changes_text(changes, run.form.fields, run.form.applied)}）" if changes else ""
        return Moved(
            run.id, run.flow.number, f"已重新提交 {run.flow.number}{told}，等 {waiting_names(tx, run.id)} 处理。"
        )


# -- shared --------------------------------------------------------------------------------------------


def _allowed(run: Run, task: FlowTask) -> Collection[str]:
    """The applicant's own are all he gave; a node's are those it was set up with, when the application was made."""
    return run.form.editable if task.kind == rules.REVISE else run.steps[task.node].editable


def _step_edit(tx: Tx, ctx: Context, run: Run, task: FlowTask, given: Mapping[str, str]) -> tuple[Run, Changes]:
    """The flow with what was given, and what that has changed, as people read it."""
    if not given and task.kind != rules.REVISE:
        raise InvalidInput(f"改什么？例如「修改 {run.flow.number} 备注 加急」。")
    if given:
        run.form.edit(tx, ctx, run.flow.record_id, given, _allowed(run, task))
    after = run_of(tx, run.flow)
    old, new = (one.form.texts(one.values) for one in (run, after))
    changes = [(n, old.get(n, ""), new.get(n, "")) for n in run.form.editable if old.get(n, "") != new.get(n, "")]
    if changes:
        flow_runs.note_revision(tx, run.flow)
    return after, changes


def _go_on(tx: Tx, ctx: Context, before: Run, run: Run, changes: Changes, agreed_here: bool) -> str:
    """Where it is decided from now on; empty: as it was."""
    was, now = (one.form.amount(one.values) for one in (before, run))
    first = rules.next_node(run.steps, run.values, -1)
    anew = rules.starts_anew(
        [name for name, _, _ in changes], run.steps, amount_up=was is not None and now is not None and now > was,
        agreed=flow_runs.has_agreed(tx, run.id), at_first=first == run.flow.node,
    )  # fmt: skip
    if not anew and not agreed_here:
        return ""
    flow_runs.close_others(tx, run.flow, "superseded", by=ctx.actor.user_id, now=ctx.now)
    if anew:
        _anew(tx, ctx, run)
        return f"从第一步重新审批，现在等 {waiting_names(tx, run.id)}。"
    step_enter(tx, ctx, run, run.flow.node, step_choose(tx, ctx, run.step, flow_runs.applicants(tx, run.flow)))
    return f"这一步已同意过的同事要重新看，现在等 {waiting_names(tx, run.id)}。"


def _anew(tx: Tx, ctx: Context, run: Run) -> None:
    """At the first node it comes by now."""
    first = step_route(tx, ctx, run.steps, run.values, flow_runs.applicants(tx, run.flow), after=-1)
    assert first is not None  # at its start there is always one
    step_enter(tx, ctx, run, *first)


def _tell_applicant(tx: Tx, ctx: Context, run: Run, changes: Changes) -> None:
    told = rules.changes_text(changes, run.form.fields, run.form.applied)
    starter_id = run.flow.starter_id
    if not told or starter_id == ctx.actor.user_id or not may_be_told(tx, starter_id, ctx.settings):
        return
    notices.queue(
        tx, key=f"flow:{run.id}:edit:{run.flow.revision}", user_ids=[starter_id], now=ctx.now,
        title=f"{run.form.label} {run.flow.number} 有修改",
        text=f"{ctx.actor.name} 修改了：{told}\n发送「流程状态 {run.flow.number}」看经过。",
    )  # fmt: skip
