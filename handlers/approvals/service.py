"""Use cases of looking at approvals: a task, 流程状态, 我发起的, 我处理的, 抄送我的. What waits: `handlers.todo`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import Button
from bot.identity import may_be_told, those_told
from handlers.approvals.outcome import ACTIONS, became
from handlers.flows import rules
from handlers.flows.finding import ABSENT, access_flow, find_flow, waiting_names
from handlers.flows.joining import OUT, TASKS
from handlers.flows.running import Run, run_of
from handlers.flows.sight import is_over, node_of, unnamed_for, visible_to
from handlers.reminders.rules import after_quiet_hours
from handlers.settings.changing import step_change
from storage import flow_lists, flow_runs, notices, people
from storage.database import Tx
from storage.settings import ApprovalSettings, lock_settings
from storage.tables import Flow, FlowLog, FlowTask

TOLD: Final = ("agree", "send_back", "edit", "resubmit")  # what who decides next is told of those before
LONGEST_GAP: Final = 1440  # minutes
OVER: Final = "审批结束超过 30 天，单据内容不再显示；谁、什么时候、怎么处理的还能看。"


@dataclass(frozen=True, slots=True)
class TaskSheet:
    """A task as its holder may see it. `said`: what became of it, where it is open no more."""

    flow_id: int
    number: str
    label: str
    node: str
    fields: dict[str, str]
    open: bool
    first: bool  # there is no node before
    since: datetime | None
    said: str
    notes: tuple[str, ...]  # why it is his, for whom, what was said before
    revision: int  # of what is applied for: what is decided must be what was shown
    returned: bool  # to the applicant, who corrects it
    editable: bool  # its node lets him change something
    then: str  # what is left to do where he was the last to agree; empty: nothing


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of 流程状态."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Status:
    """An application as the asker may see it."""

    flow_id: int
    number: str
    label: str
    state: str
    fields: dict[str, str]
    waiting: str  # for whom, at which node, since when; why its content is not shown any more
    log: tuple[LogLine, ...]
    may_urge: bool
    may_cancel: bool
    again: Button | None  # for a new application like this one
    mine: bool
    returned: int | None  # the asker's own task: it was returned to him to be corrected
    contacts: tuple[str, ...]  # whom it waits for and how they are reached: 赵琳 · 出纳 · 138…


@dataclass(frozen=True, slots=True)
class Line:
    """One application in a list."""

    flow_id: int
    number: str
    label: str
    words: str
    state: str


def find_task(ctx: Context, words: str) -> int:
    """One's own task in the application of that number: the open one, else the latest. Raises NotFound."""
    with ctx.begin() as tx:
        flow = find_flow(tx, ctx, words)
        assert flow.id is not None
        task = flow_runs.open_of(tx, flow.id, ctx.actor.user_id) or flow_runs.last_of(tx, flow.id, ctx.actor.user_id)
        if task is None or task.id is None:
            waiting = waiting_names(tx, flow.id, unnamed=unnamed_for(tx, ctx, run_of(tx, flow)))
            told = f"（现在等：{waiting}）" if waiting else f"（{flow.number} {rules.STATES[flow.state]}）"
            raise NotFound(f"你不在这一步的处理人里{told}。")
        return task.id


def find_number(ctx: Context, words: str) -> int:
    """The application of that number; so many digits of its end will do. Raises NotFound."""
    with ctx.begin() as tx:
        return find_flow(tx, ctx, words).id or 0


def show_task(ctx: Context, task_id: int) -> TaskSheet:
    """A task of one's own, with exactly the fields of its node (R3.53). Raises NotFound."""
    with ctx.begin() as tx:
        task = flow_runs.get_task(tx, task_id)
        if task is None or task.user_id != ctx.actor.user_id:
            raise NotFound(ABSENT, attempt=f"task:{task_id}" if task is not None else "")
        flow = access_flow(tx, ctx, task.flow_id)
        run = run_of(tx, flow)
        is_open = flow.state == "running" and task.state == rules.OPEN
        notes = [f"代 {people.name_of(tx, task.for_user_id)} 处理" if task.for_user_id else "", task.why]
        returned = task.kind == rules.REVISE
        last = flow.state == "approved" and task.state == "agreed" and task.entry == flow.entry
        over = is_over(tx, ctx, run)
        visible = () if over else run.form.applied if returned else run.steps[task.node].visible
        notes += [OVER] if over else []
        told = ((e, _said(e, run, visible)) for e in flow_runs.list_log(tx, run.id) if e.action in TOLD)
        before = [(e, said) for e, said in told if said]
        notes += [f"{run.named(tx, e.user_id, task.node)} {ACTIONS[e.action]}：{said}" for e, said in before[-2:]]
        return TaskSheet(
            run.id, flow.number, run.form.label, run.steps[task.node].name, run.cut(visible), is_open,
            flow_runs.node_before(tx, flow) is None, task.opened_at, "" if is_open else became(tx, run, task),
            tuple(dict.fromkeys(note for note in notes if note)), flow.revision, returned,
            bool(run.steps[task.node].editable), run.form.then(tx, flow.record_id) if last else "",
        )  # fmt: skip


def show_status(ctx: Context, flow_id: int) -> Status:
    """流程状态: where it is and all that was done, for those it concerns (R3.56, R3.57). Raises NotFound."""
    with ctx.begin() as tx:
        flow = access_flow(tx, ctx, flow_id)
        run = run_of(tx, flow)
        applicant = flow.starter_id == ctx.actor.user_id
        running = flow.state == "running"
        decided = flow_runs.last_decision(tx, flow_id) is not None
        task = flow_runs.open_of(tx, flow_id, ctx.actor.user_id) if running else None
        own = task.id if task is not None and task.kind == rules.REVISE else None
        mine = applicant or own is not None  # his who took over the applicant's work too, as long as it is returned
        ended = flow.state in ("rejected", "cancelled")
        again = run.form.again(flow.record_id) if applicant and ended else None
        names = people.names_of(
            tx, {u for e in flow_runs.list_log(tx, flow_id) for u in (e.user_id, *e.people)} | {flow.starter_id}
        )
        if (node := node_of(tx, ctx, run)) is not None:
            names[flow.starter_id] = run.named(tx, flow.starter_id, node)
        return Status(
            flow_id, flow.number, run.form.label, rules.STATES[flow.state], run.cut(visible_to(tx, ctx, run)),
            _waiting(tx, ctx, run) if running else OVER if is_over(tx, ctx, run) else "",
            _log(tx, run, names, visible_to(tx, ctx, run)),
            running and (mine or ctx.actor.admin) and not own,
            running and (ctx.actor.admin or (mine and (not decided or own is not None))), again, mine,
            own, _contacts(tx, ctx, run) if running and (mine or ctx.actor.admin) else (),
        )  # fmt: skip


def _contacts(tx: Tx, ctx: Context, run: Run) -> tuple[str, ...]:
    """Those it waits for, with what the address book lets everybody know of them."""
    open_now = [t.user_id for t in flow_runs.live_tasks(tx, run.id) if t.state == rules.OPEN]
    found = [people.get_employee(tx, u) for u in dict.fromkeys(open_now) if u != ctx.actor.user_id]
    return tuple(" · ".join(x for x in (p.name, p.title, p.mobile or "") if x) for p in found if p is not None)


def _said(entry: FlowLog, run: Run, visible: Collection[str]) -> str:
    """What was changed of what the reader may see, and the comment."""
    changed = rules.changes_text(entry.changes, run.form.fields, visible)
    return "；".join(part for part in (changed, entry.comment) if part)


def _waiting(tx: Tx, ctx: Context, run: Run) -> str:
    tasks = [t for t in flow_runs.live_tasks(tx, run.id) if t.state == rules.OPEN]
    since = min((t.opened_at for t in tasks if t.opened_at is not None), default=run.flow.started_at)
    waited = rules.span((ctx.now - since).total_seconds())
    who = waiting_names(tx, run.id, unnamed=unnamed_for(tx, ctx, run))
    return f"「{run.step.name}」等 {who} 处理 · {since:%m-%d %H:%M} 起，已等 {waited}"


def _log(tx: Tx, run: Run, names: dict[str, str], visible: Collection[str]) -> tuple[LogLine, ...]:
    lines = []
    for entry in flow_runs.list_log(tx, run.id):
        people_named = "、".join(names.get(str(u), str(u)) for u in entry.people)
        who = names.get(entry.user_id, entry.user_id) if entry.user_id else ""
        node = f"「{entry.node_name}」" if entry.node_name else ""
        took = f"（用时 {rules.span(entry.seconds)}）" if entry.seconds is not None else ""
        told = _said(entry, run, visible)
        said = f"：{told}" if told else ""
        parts = (node, who, f"{ACTIONS.get(entry.action, entry.action)}{took}", people_named)
        lines.append(LogLine(entry.at, " ".join(p for p in parts if p) + said))
    return tuple(lines)


def list_flows(ctx: Context, view: str, page: int = 1) -> tuple[list[Line], int]:
    """我发起的, 我处理的, 抄送我的: a page, the newest first, and how many there are."""
    with ctx.begin() as tx:
        rows, total = flow_lists.list_flows(tx, ctx.actor.user_id, view, page=page)
        return [_line(tx, ctx, flow) for flow in rows], total


def _line(tx: Tx, ctx: Context, flow: Flow) -> Line:
    run = run_of(tx, flow)
    seen = run.cut(visible_to(tx, ctx, run))
    names = ("applicant", "amount", "customer")
    words = " · ".join(text for name in names if (text := seen.get(run.form.fields.get(name, ""))))
    who = waiting_names(tx, run.id, unnamed=unnamed_for(tx, ctx, run))
    waits = f"等 {who}" if flow.state == "running" else ""
    return Line(
        run.id, flow.number, run.form.label, " · ".join(p for p in (words, waits) if p), rules.STATES[flow.state]
    )


# -- deadlines -----------------------------------------------------------------------------------------


def next_late(ctx: Context) -> datetime | None:
    """When the next deadline passes, or is passed as long again. For jobs."""
    with ctx.begin() as tx:
        return min((_late_at(one.task) for one in flow_lists.list_timed(tx)), default=None)


def remind_late(ctx: Context) -> int:
    """Who is late is reminded once; as long again after that his superior is told. Never decided by the clock
    (R-APP-16). For jobs. Returns how many messages.
    """
    count = 0
    with ctx.begin() as tx:
        not_before = after_quiet_hours(ctx.now, ctx.settings.quiet_hours)
        for one in flow_lists.list_timed(tx):
            task, number = one.task, one.flow.number
            if _late_at(task) > ctx.now:
                continue
            escalated = task.reminded_at is not None
            assert task.id is not None
            if not flow_runs.mark_late(tx, task.id, escalated=escalated, now=ctx.now):
                continue
            person = people.get_employee(tx, task.user_id)
            superior = person.manager_user_id if person is not None else None
            to = superior if escalated else task.user_id
            if to is None or to == one.flow.starter_id or not may_be_told(tx, to, ctx.settings):
                continue
            name = people.name_of(tx, task.user_id)
            since = rules.span((ctx.now - (task.opened_at or ctx.now)).total_seconds())
            text = (
                f"{number} 等 {name} 处理已经 {since}，过了时限。"
                if escalated
                else f"{number} 已等你 {since}，过了时限。"
            )
            notices.queue(
                tx, key=f"flow:{one.flow.id}:late:{task.id}:{escalated}", user_ids=[to], now=ctx.now,
                title=f"审批超时 {number}", text=f"{text}\n{'请提醒他' if escalated else '发送「我的待办」'}处理。",
                not_before=not_before,
            )  # fmt: skip
            count += 1
        return count


def _late_at(task: FlowTask) -> datetime:
    """The deadline; once he was reminded, as long again after it."""
    assert task.due_at is not None
    return task.due_at if task.reminded_at is None else task.due_at + (task.due_at - (task.opened_at or task.due_at))


# -- nothing is stuck -----------------------------------------------------------------------------------


def pass_on_stuck(ctx: Context) -> int:
    """What waits for somebody who has left, or is not in the usage scope any more, goes to others (D10). For jobs.

    Returns for how many people that was done.
    """
    with ctx.begin() as tx:
        gone = _stuck_with(tx, ctx)
        for user_id in gone:
            TASKS.pass_on(tx, user_id, administrators=ctx.settings.admins, now=ctx.now, why=OUT)
        return len(gone)


def next_stuck(ctx: Context) -> datetime | None:
    """Now, if anything is stuck that an administrator may decide. For jobs."""
    with ctx.begin() as tx:
        return ctx.now if _stuck_with(tx, ctx) else None


def _stuck_with(tx: Tx, ctx: Context) -> list[str]:
    """With whom something is stuck that there is an administrator for."""
    holders = flow_lists.list_holders(tx) if ctx.settings.opened else []
    told = those_told(tx, holders, ctx.settings)
    gone = [u for u in holders if u not in told]
    able = those_told(tx, ctx.settings.admins, ctx.settings) if gone else frozenset()
    return [u for u in gone if any(able - {one.flow.starter_id} for one in flow_lists.live_of(tx, u))]


# -- settings ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Set:
    """A setting in words, and how to take it back; None: it was so already."""

    text: str
    undo_id: int | None


def set_confirm_above(ctx: Context, limit: Decimal | None) -> Set:
    """From which sum on 同意 takes two taps (D24); None: never. Raises Forbidden, InvalidInput."""
    ctx.actor.require_admin()
    if limit is not None and limit <= 0:
        raise InvalidInput("金额要大于 0，例如「审批确认金额 5万」；不要就写「审批确认金额 关闭」。")
    with ctx.begin() as tx:
        before = lock_settings(tx).approvals
        word = f"{limit:,} 元以上点同意要再确认一次" if limit is not None else "点同意不用再确认"
        return _set(tx, ctx, before, before.model_copy(update={"confirm_above": limit}), word)


def set_urge_gap(ctx: Context, minutes: int) -> Set:
    """How long after 催办 there may be another (D21). Raises Forbidden, InvalidInput."""
    ctx.actor.require_admin()
    if not 0 < minutes <= LONGEST_GAP:
        raise InvalidInput("催办间隔写 1 到 1440 分钟，例如「催办间隔 30分钟」。")
    with ctx.begin() as tx:
        before = lock_settings(tx).approvals
        return _set(
            tx, ctx, before, before.model_copy(update={"urge_gap_minutes": minutes}), f"催办间隔 {minutes} 分钟"
        )


def set_dingtalk_todo(ctx: Context, *, on: bool) -> Set:
    """Whether each new task is a 待办 of DingTalk's besides (D22); those there are, are ticked off all the same.

    Raises Forbidden.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        before = lock_settings(tx).approvals
        word = "新的审批同时进钉钉待办" if on else "审批不进钉钉待办"
        return _set(tx, ctx, before, before.model_copy(update={"dingtalk_todo": on}), word)


def set_buyer_details(ctx: Context, *, on: bool) -> Set:
    """Whether a 专票 takes the buyer's bank, account, address and phone (R-INV-2). Raises Forbidden."""
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        before = lock_settings(tx).approvals
        word = f"专票的开户行、账号、地址、电话{'必填' if on else '可以不填'}"
        return _set(tx, ctx, before, before.model_copy(update={"buyer_details": on}), word)


def _set(tx: Tx, ctx: Context, before: ApprovalSettings, after: ApprovalSettings, word: str) -> Set:
    if before == after:
        return Set(f"没有变化：本来就是{word}。", None)
    undo_id = step_change(tx, ctx, "approvals", after.model_dump(mode="json"), text="审批设置")
    return Set(f"已设置：{word}。", undo_id)
