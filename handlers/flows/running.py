"""How an application moves: steps that join a transaction. Whoever calls them holds the flow (`flow_runs.hold`)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.identity import may_be_told
from handlers.flows import rules
from handlers.flows.forms import Form, form_of
from handlers.flows.participants import copies_of, step_choose
from handlers.flows.rules import Chosen, Condition, Step, step_of
from storage import audit, cards, flow_runs, flows, notices, people, todos
from storage.database import Tx
from storage.dictionaries import fold
from storage.flow_runs import subject
from storage.flows import Node
from storage.settings import read_settings
from storage.tables import Flow, FlowTask

NO_NODE = "没有符合条件的节点，转管理员"
APPLICANT, UNNAMED = "applicant", "申请人"  # the field that names him, and what he is called where it is hidden


@dataclass(frozen=True, slots=True)
class Run:
    """A flow with what it goes by."""

    flow: Flow
    form: Form
    steps: tuple[Step, ...]
    values: Mapping[str, Any]

    @property
    def id(self) -> int:
        """The flow's."""
        assert self.flow.id is not None
        return self.flow.id

    @property
    def step(self) -> Step:
        """Where it is."""
        return self.steps[self.flow.node]

    def shown(self, node: int) -> dict[str, str]:
        """The fields that node lets see, label → text."""
        return self.cut(self.steps[node].visible)

    def names_applicant(self, node: int) -> bool:
        """Whether the node lets its participants know who has applied."""
        return APPLICANT not in self.form.fields or APPLICANT in self.steps[node].visible

    def named(self, tx: Tx, user_id: str, node: int) -> str:
        """That person as the node lets him be named: an applicant whom it hides is 申请人."""
        hidden = not self.names_applicant(node) and user_id == self.flow.starter_id
        return UNNAMED if hidden else people.name_of(tx, user_id)

    def cut(self, visible: Collection[str]) -> dict[str, str]:
        """These fields, label → text. The one place values leave the engine by (R-APP-7)."""
        texts = self.form.texts({k: v for k, v in self.values.items() if k in visible})
        return {label: texts[name] for name, label in self.form.fields.items() if name in visible and texts.get(name)}


def run_of(tx: Tx, flow: Flow) -> Run:
    """With its version's nodes and the record's values."""
    form = form_of(flow.form)
    steps = tuple(step_of(row) for row in flow_runs.version_of(tx, flow).nodes)
    return Run(flow, form, steps, form.values(tx, flow.record_id))


def steps_now(tx: Tx, form: Form) -> tuple[Step, ...]:
    """The nodes as they are set up now."""
    nodes = flows.list_nodes(tx, form.name) or [Node(form.default_node)]
    names = [r for n in nodes for r in (*n.roles, *n.copies.get("roles", ()))]
    ids = flows.role_ids(tx, names)

    def roles(told: Sequence[str]) -> tuple[tuple[int, str], ...]:
        return tuple((ids[fold(r)], r) for r in told if fold(r) in ids)

    return tuple(
        Step(
            n.name, roles(n.roles), n.users, n.superiors, n.mode, tuple(Condition(*c) for c in n.conditions),
            tuple(f for f in form.fields if f not in n.hidden), roles(n.copies.get("roles", ())),
            tuple(n.copies.get("users", ())), tuple(n.copies.get("superiors", ())), n.deadline_hours,
            tuple(f for f in form.editable if f in n.editable and f not in n.hidden),
        )
        for n in nodes
    )  # fmt: skip


def step_publish(tx: Tx, form: Form, now: datetime) -> tuple[int, tuple[Step, ...]]:
    """The version of the nodes as they are set up now."""
    steps = steps_now(tx, form)
    version = flows.pin(tx, form.name, [s.row() for s in steps], now)
    assert version.id is not None
    return version.id, steps


def step_route(
    tx: Tx, ctx: Context, steps: Sequence[Step], values: Mapping[str, Any], applicants: Sequence[str], *, after: int
) -> tuple[int, Chosen] | None:
    """The node an application comes to behind `after` (-1: at its start) and who decides there; None: it is agreed to.

    One that comes by no node at all goes to the administrators: nothing is ever agreed to by nobody. Writes nothing.
    Raises NobodyDecides.
    """
    following = rules.next_node(steps, values, after)
    if following is not None:
        return following, step_choose(tx, ctx, steps[following], applicants)
    if after >= 0:
        return None
    chosen = step_choose(tx, ctx, steps[-1], applicants, administrators=True)
    return len(steps) - 1, Chosen(chosen.holders, NO_NODE)


def step_start(tx: Tx, ctx: Context, form: Form, record_id: int, number: str) -> Run:
    """A record's flow begins, at the first node it comes by. Raises NobodyDecides."""
    version_id, steps = step_publish(tx, form, ctx.now)
    flow = flow_runs.add(
        tx,
        Flow(
            form=form.name, record_id=record_id, number=number, version_id=version_id, starter_id=ctx.actor.user_id,
            started_at=ctx.now,
        ),
    )  # fmt: skip
    run = Run(flow, form, steps, form.values(tx, record_id))
    flow_runs.log(tx, run.id, node="", user_id=ctx.actor.user_id, action="start", now=ctx.now)
    first = step_route(tx, ctx, steps, run.values, [flow.starter_id], after=-1)
    assert first is not None  # at its start there is always one
    step_enter(tx, ctx, run, *first)
    return run


def step_enter(tx: Tx, ctx: Context, run: Run, node: int, chosen: Chosen) -> None:
    """The application comes to a node: its holders get their tasks and are told."""
    flow, step = run.flow, run.steps[node]
    flow_runs.enter(tx, flow, node)
    previous: FlowTask | None = None
    for holder in chosen.holders:
        waits = step.mode == "turn" and previous is not None and not chosen.why
        task = flow_runs.add_task(
            tx,
            FlowTask(
                flow_id=run.id, node=node, entry=flow.entry, user_id=holder.user_id, for_user_id=holder.for_user_id,
                state="waiting" if waits else "open", why=chosen.why,
                waits_for=previous.id if waits and previous is not None else None,
                opened_at=None if waits else ctx.now, due_at=None if waits else due(step, ctx.now),
            ),
        )  # fmt: skip
        previous = task
        if not waits:
            step_tell(tx, run, task, ctx.now)
    flow_runs.log(
        tx, run.id, node=step.name, user_id="", action="enter", comment=chosen.why, now=ctx.now,
        people=[holder.user_id for holder in chosen.holders],
    )  # fmt: skip
    _copy(tx, ctx, run, node)


def due(step: Step, now: datetime) -> datetime | None:
    """Until when it is to be decided; None: there is no deadline."""
    return now + timedelta(hours=step.deadline_hours) if step.deadline_hours is not None else None


def _copy(tx: Tx, ctx: Context, run: Run, node: int) -> None:
    step = run.steps[node]
    new = flow_runs.copy_to(tx, run.flow, node, copies_of(tx, ctx, step, run.flow.starter_id), ctx.now)
    if not new:
        return
    flow_runs.log(tx, run.id, node=step.name, user_id="", action="copy", now=ctx.now, people=new)
    text = f"抄送给你看，不用处理：{brief(run, node)}\n发送「流程状态 {run.flow.number}」看详情。"
    notices.queue(
        tx, key=f"flow:{run.id}:copy:{node}:{run.flow.entry}", user_ids=new, now=ctx.now, text=text,
        title=f"{run.form.label} {run.flow.number} 抄送",
    )  # fmt: skip


def brief(run: Run, node: int) -> str:
    """What a message may say of it at that node: 李娜 · ¥50,000.00 · 华兴科技."""
    shown = run.shown(node)
    parts = [shown.get(run.form.fields.get(name, "")) for name in ("applicant", "amount", "customer")]
    return " · ".join(part for part in parts if part) or run.flow.number


def step_tell(tx: Tx, run: Run, task: FlowTask, now: datetime) -> None:
    """A new task: one card and one work notice, and DingTalk's 待办 where it is switched on (D22)."""
    revise = task.kind == rules.REVISE
    title = f"{run.form.label} {run.flow.number} {'退回给你修改' if revise else '待你处理'}"
    lines = [run.flow.number if revise else brief(run, task.node)]
    if task.for_user_id:
        lines.append(f"代 {people.name_of(tx, task.for_user_id)} 处理")
    if task.why:
        lines.append(task.why)
    what = "点「修改」，改好后重新提交，编号不变" if revise else "点「同意」或「不同意」"
    lines.append(f"在卡片上{what}，或发送「我的待办」。（{run.steps[task.node].name} {now:%m-%d %H:%M}）")
    key = f"flow:{run.id}:task:{task.id}:{run.flow.moves}"
    notices.queue(tx, key=key, user_ids=[task.user_id], title=title, text="\n".join(lines), now=now)
    cards.post(
        tx, key=f"{key}:card", kind="approvals.task", state={"task_id": task.id}, subjects=[subject(run.id)],
        user_id=task.user_id, now=now,
    )  # fmt: skip
    person = people.get_employee(tx, task.user_id)
    if person is not None and person.union_id and task.id is not None and read_settings(tx).approvals.dingtalk_todo:
        todos.begin(
            tx, task_id=task.id, union_id=person.union_id, subject=f"{title}：{lines[0]}", due_at=task.due_at, now=now
        )


def step_agreed(tx: Tx, ctx: Context, run: Run, task: FlowTask) -> bool:
    """After a task was agreed to: who waited for it goes on, or the node is done. True: the whole flow is.

    Raises NobodyDecides, and what the form's `approve` raises: then nothing of the decision stays.
    """
    assert task.id is not None
    opened = flow_runs.open_behind(tx, task.id, now=ctx.now, due_at=due(run.step, ctx.now))
    for one in opened:
        step_tell(tx, run, one, ctx.now)
    done = not flow_runs.live_tasks(tx, run.id) or (run.step.mode == "any" and task.added_by is None)
    if not done:
        return False
    flow_runs.close_others(tx, run.flow, "superseded", by=ctx.actor.user_id, now=ctx.now)
    applicants = flow_runs.applicants(tx, run.flow)
    following = step_route(tx, ctx, run.steps, run.values, applicants, after=run.flow.node)
    if following is not None:
        step_enter(tx, ctx, run, *following)
        return False
    run.form.approve(tx, ctx, run.flow.record_id)
    step_finish(tx, ctx, run, "approved")
    return True


def step_finish(tx: Tx, ctx: Context, run: Run, state: str, comment: str = "") -> None:
    """The flow is at its end; whoever still had it is told if it was called off, and the applicant always; where he has
    left, who handed it in again for him.
    """
    gone = "cancelled" if state == "cancelled" else "superseded"
    left = flow_runs.close_others(tx, run.flow, gone, by=ctx.actor.user_id, now=ctx.now)
    flow_runs.finish(tx, run.id, state, ctx.now)
    if state != "approved":
        run.form.end(tx, ctx, run.flow.record_id, state)
    word = rules.STATES[state]
    ended = word + (f"：{comment}" if comment else "")
    title, key = f"{run.form.label} {run.flow.number} {word}", f"flow:{run.id}:end"
    waits = flow_runs.applicants(tx, run.flow)
    to = next((u for u in waits if may_be_told(tx, u, ctx.settings)), ctx.actor.user_id)
    if to != ctx.actor.user_id:
        text = f"{ctx.actor.name} {ended}\n发送「流程状态 {run.flow.number}」看经过。"
        notices.queue(tx, key=key, user_ids=[to], title=title, text=text, now=ctx.now)
    holders = [u for u in dict.fromkeys(left) if u != ctx.actor.user_id and may_be_told(tx, u, ctx.settings)]
    if state == "cancelled" and holders:
        text = f"{run.named(tx, ctx.actor.user_id, run.flow.node)} {ended}，不用再处理。"
        notices.queue(tx, key=f"{key}:holders", user_ids=holders, title=title, text=text, now=ctx.now)


def step_note(
    tx: Tx, ctx: Context, run: Run, action: str, *, comment: str = "", task: FlowTask | None = None,
    people_ids: Sequence[str] = (), changes: Sequence[tuple[str, str, str]] = (),
) -> None:  # fmt: skip
    """What was done goes into the log and the audit, and every card that shows it is drawn anew."""
    node = run.steps[task.node if task is not None else run.flow.node].name
    since = task.opened_at if task is not None else None
    seconds = int((ctx.now - since).total_seconds()) if since is not None else None
    flow_runs.log(
        tx, run.id, node=node, user_id=ctx.actor.user_id, action=action.partition(".")[0], comment=comment, now=ctx.now,
        seconds=seconds, people=people_ids, changes=changes,
    )  # fmt: skip
    told = {run.form.fields[name]: (before, after) for name, before, after in changes}
    if people_ids:
        told["人员"] = ("", "、".join(people.names_of(tx, people_ids).values()))
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=subject(run.id),
        name=run.flow.number, changes=told or None, reason=comment, node=node,
    )  # fmt: skip
    but = ctx.key if ctx.via == "tap" else ""
    for shown in (subject(run.id), *run.form.subjects(tx, run.flow.record_id)):
        cards.redraw_others(tx, shown, now=ctx.now, but=but)
