"""Use cases of approval flows: what one may do with an application that runs.

A task is a right of its own: who has it decides, whatever roles he has (R-APP-8). Who looks at an application must be
its applicant, a participant, an administrator, or have the record in his scope; to all others it is not there (R3.56).
"""

from datetime import date, timedelta

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.identity import may_be_told
from bot.language.show import show_date
from handlers.flows import participants, rules
from handlers.flows.finding import access_flow, waiting_names
from handlers.flows.holding import Moved, check_seen, settled, step_close, step_hold
from handlers.flows.rules import Chosen, ConfirmFirst, FlowRefused, Holder
from handlers.flows.running import Run, due, run_of, step_agreed, step_enter, step_finish, step_note, step_tell
from handlers.reminders.rules import after_quiet_hours
from storage import audit, delegations, flow_runs, notices, people
from storage.database import Tx
from storage.tables import FlowDelegation, FlowTask


def decide(
    ctx: Context, task_id: int, *, agree: bool, comment: str = "", confirmed: bool = False, seen: int | None = None
) -> Moved:
    """同意 or 不同意, once: the first valid decision counts. `confirmed`: the second of two taps, above the set sum.

    `seen`: the revision of what is applied for that the decider was shown; None: it does not matter.

    Raises:
        NotFound, FlowRefused: not one's own task.
        AlreadyDone: somebody was first, or the flow is finished.
        InvalidInput: 不同意 without a reason (D8).
        ConfirmFirst: above the sum that one tap may agree to (D24).
        ContentChanged: it is not what he was shown.
    """
    with ctx.begin() as tx:
        return step_decide(tx, ctx, task_id, agree=agree, comment=comment, confirmed=confirmed, seen=seen)


def step_decide(
    tx: Tx, ctx: Context, task_id: int, *, agree: bool, comment: str = "", confirmed: bool = False,
    seen: int | None = None,
) -> Moved:  # fmt: skip
    """The same within another's transaction. Raises as `decide`; what it wrote before is the caller's to undo."""
    run, task = step_hold(tx, ctx, task_id)
    check_seen(tx, run, task, seen)
    comment = rules.check_comment(comment, "不同意", needed=not agree)
    if agree and not confirmed and _above(ctx, run):
        raise ConfirmFirst(f"{run.flow.number} 超过 {ctx.settings.approvals.confirm_above:,} 元，请核对后再点一次。")
    step_close(tx, ctx, run, task, "agreed" if agree else "refused", comment)
    if not agree:
        step_finish(tx, ctx, run, "rejected", comment)
        step_note(tx, ctx, run, "refuse.flow", comment=comment, task=task)
        return Moved(run.id, run.flow.number, f"已不同意 {run.flow.number}，已告诉申请人。")
    node = run.flow.node
    step_note(tx, ctx, run, "agree.flow", comment=comment, task=task)
    if step_agreed(tx, ctx, run, task):
        return Moved(run.id, run.flow.number, f"已同意 {run.flow.number}，审批完成。")
    going = "下一步" if run.flow.node != node else "还"
    return Moved(run.id, run.flow.number, f"已同意 {run.flow.number}，{going}等 {waiting_names(tx, run.id)}。")


def transfer(ctx: Context, task_id: int, user_id: str, comment: str = "") -> Moved:
    """转交: somebody else decides in one's place; one may look on. Raises as `decide`."""
    with ctx.begin() as tx:
        run, task = step_hold(tx, ctx, task_id)
        comment = rules.check_comment(comment, "转交", needed=False)
        name = _check_receiver(tx, ctx, run, task, user_id, "转交")
        step_close(tx, ctx, run, task, "transferred", comment)
        new = _open(tx, ctx, run, user_id, why=f"{ctx.actor.name} 转交", added_by=task.added_by)
        assert new.id is not None
        flow_runs.wait_for(tx, new.id, task_id)
        step_note(tx, ctx, run, "transfer.flow", comment=comment, task=task, people_ids=[user_id])
        return Moved(run.id, run.flow.number, f"{run.flow.number} 已转交 {name}，你可以看，不能再处理。")


def add_signer(ctx: Context, task_id: int, user_id: str, comment: str = "") -> Moved:
    """加签: somebody else has to agree first; then it is one's own turn again. Raises as `decide`."""
    with ctx.begin() as tx:
        run, task = step_hold(tx, ctx, task_id)
        comment = rules.check_comment(comment, "加签", needed=False)
        name = _check_receiver(tx, ctx, run, task, user_id, "加签")
        new = _open(tx, ctx, run, user_id, why=f"{ctx.actor.name} 加签", added_by=task_id)
        assert new.id is not None
        if not flow_runs.park(tx, task_id, until=new.id, now=ctx.now):
            raise settled(tx, ctx, run, task_id)
        step_note(tx, ctx, run, "add_signer.flow", comment=comment, task=task, people_ids=[user_id])
        return Moved(run.id, run.flow.number, f"{run.flow.number} 先请 {name} 看，{name} 同意后再轮到你。")


def send_back(ctx: Context, task_id: int, comment: str) -> Moved:
    """退回上一步: the node before decides anew. Raises as `decide`, and NobodyDecides."""
    with ctx.begin() as tx:
        run, task = step_hold(tx, ctx, task_id)
        comment = rules.check_comment(comment, "退回", needed=True)
        before = flow_runs.node_before(tx, run.flow)
        if before is None:
            raise FlowRefused(
                f"这是第一步，没有上一步可退；要申请人改就发送「退回申请人 {run.flow.number} 原因」，编号不变。"
            )
        step_close(tx, ctx, run, task, "returned", comment)
        flow_runs.close_others(tx, run.flow, "superseded", by=ctx.actor.user_id, now=ctx.now)
        step_note(tx, ctx, run, "send_back.flow", comment=comment, task=task)
        step = run.steps[before]
        chosen = participants.step_choose(tx, ctx, step, flow_runs.applicants(tx, run.flow))
        step_enter(tx, ctx, run, before, chosen)
        return Moved(
            run.id, run.flow.number, f"{run.flow.number} 已退回「{step.name}」，等 {waiting_names(tx, run.id)}。"
        )


def urge(ctx: Context, flow_id: int) -> Moved:
    """催办: those it waits for are reminded; by the applicant or an administrator, not too often (D21, R-APP-10).

    Raises:
        NotFound, FlowRefused, AlreadyDone.
    """
    with ctx.begin() as tx:
        run = run_of(tx, access_flow(tx, ctx, flow_id))
        number = run.flow.number
        if ctx.actor.user_id != run.flow.starter_id and not ctx.actor.admin:
            raise FlowRefused(f"催办 {number} 要由申请人或管理员来做。")
        waits = [t for t in flow_runs.live_tasks(tx, flow_id) if t.state == rules.OPEN]
        if waits and all(t.user_id == ctx.actor.user_id for t in waits):
            raise FlowRefused(f"{number} 现在就是等你自己，发送「处理 {number}」。")
        gap = ctx.settings.approvals.urge_gap_minutes
        last, today = run.flow.urged_at, flow_runs.urges_today(tx, flow_id, ctx.today)
        waiting = waiting_names(tx, flow_id)
        refusal = rules.urge_refusal(
            number, last=last, count_today=today, now=ctx.now, gap_minutes=gap, waiting=waiting
        )
        if run.flow.state == "running" and refusal:
            raise FlowRefused(refusal)
        if not flow_runs.note_urge(tx, flow_id, before=ctx.now - timedelta(minutes=gap), now=ctx.now):
            raise settled(tx, ctx, run)
        count = run.flow.urge_count + 1
        not_before = after_quiet_hours(ctx.now, ctx.settings.quiet_hours)
        since_first = min((t.opened_at for t in waits if t.opened_at is not None), default=ctx.now)
        longest = rules.span((ctx.now - since_first).total_seconds())
        for task in waits:
            by = run.named(tx, ctx.actor.user_id, task.node)
            told = f"{by} 第 {count} 次催办：{run.form.label} {number}"
            since = rules.span((ctx.now - (task.opened_at or run.flow.started_at)).total_seconds())
            text = f"{told}\n已等 {since}（{ctx.now:%m-%d %H:%M}）。发送「我的待办」处理。"
            notices.queue(
                tx, key=f"flow:{run.id}:urge:{count}:{task.id}", user_ids=[task.user_id], now=ctx.now, text=text,
                title=f"催办 {number}", not_before=not_before,
            )  # fmt: skip
        step_note(tx, ctx, run, "urge.flow", people_ids=[t.user_id for t in waits])
        when = f"，现在是免打扰时间，{not_before:%H:%M} 送达" if not_before is not None else ""
        told = f"已提醒 {waiting}（第 {count} 次 · 已等 {longest}{when}）。"
        return Moved(run.id, number, f"{told}{gap} 分钟内不再重复催，急的话点「联系处理人」。")


def cancel(ctx: Context, flow_id: int, reason: str = "") -> Moved:
    """取消, 撤回: by the applicant while nobody has decided, by an administrator as long as it runs (D6).

    Returned, it is also his to call off who took over the applicant's work.

    Raises:
        NotFound, FlowRefused, AlreadyDone, InvalidInput: an administrator says why.
    """
    with ctx.begin() as tx:
        run = run_of(tx, access_flow(tx, ctx, flow_id))
        mine = _calls_off(tx, ctx, run)
        reason = rules.check_comment(reason, "取消", needed=not mine)
        if not flow_runs.hold(tx, flow_id):
            raise settled(tx, ctx, run)
        _calls_off(tx, ctx, run)  # what was returned to him may be handed in again by now
        decided = flow_runs.last_decision(tx, flow_id)
        if decided is not None and not ctx.actor.admin and not flow_runs.revising(tx, flow_id):
            who = people.name_of(tx, decided.closed_by)
            raise FlowRefused(f"{who} 已经{rules.TASK_STATES[decided.state]}，你不能再取消；需要的话请联系管理员。")
        step_note(tx, ctx, run, "cancel.flow", comment=reason)
        step_finish(tx, ctx, run, "cancelled", reason)
        return Moved(run.id, run.flow.number, f"{run.flow.number} 已取消，待办已清除，占用的金额已释放。")


def adjust(ctx: Context, flow_id: int, comment: str, *, user_id: str = "", node: str = "") -> Moved:
    """调整: another handler at this node, or another node; by an administrator, with a reason (R3.58b).

    Raises:
        Forbidden, NotFound, FlowRefused, AlreadyDone, InvalidInput, NobodyDecides.
    """
    ctx.actor.require_admin()
    with ctx.begin() as tx:
        run = run_of(tx, access_flow(tx, ctx, flow_id))
        comment = rules.check_comment(comment, "调整", needed=True)
        if not flow_runs.hold(tx, flow_id):
            raise settled(tx, ctx, run)
        tx.refresh(run.flow)
        run = run_of(tx, run.flow)
        applicants = flow_runs.applicants(tx, run.flow)
        at = run.flow.node
        if node:
            at = next((i for i, s in enumerate(run.steps) if s.name == node), -1)
            if at < 0:
                raise NotFound(f"没有节点「{node}」，{run.flow.number} 有：{'、'.join(s.name for s in run.steps)}。")
        if user_id:
            person = people.access_active(tx, user_id)
            able = may_be_told(tx, user_id, ctx.settings)
            rules.check_receiver(
                user_id, person.name, applicants=applicants, actor_id="", able=able, holding=False, what="调整"
            )
            chosen = Chosen((Holder(user_id),), f"{ctx.actor.name} 调整")
        elif node:
            chosen = participants.step_choose(tx, ctx, run.steps[at], applicants)
        else:
            raise InvalidInput(f"调整给谁？例如「调整 {run.flow.number} 给 王芳 原因 出差」。")
        gone = flow_runs.close_others(tx, run.flow, "cancelled", by=ctx.actor.user_id, now=ctx.now)
        step_note(tx, ctx, run, "adjust.flow", comment=comment, people_ids=[h.user_id for h in chosen.holders])
        step_enter(tx, ctx, run, at, chosen)
        left = [u for u in dict.fromkeys(gone) if u not in {h.user_id for h in chosen.holders}]
        if left:
            notices.queue(
                tx, key=f"flow:{run.id}:adjust:{run.flow.entry}", user_ids=left, now=ctx.now,
                title=f"{run.form.label} {run.flow.number} 已调整",
                text=f"{ctx.actor.name} 调整了处理人，你不用再处理。原因：{comment}",
            )  # fmt: skip
        return Moved(run.id, run.flow.number, f"{run.flow.number} 已调整，现在等 {waiting_names(tx, run.id)}。")


def delegate(ctx: Context, user_id: str, starts_on: date, ends_on: date) -> str:
    """代理人: what comes to oneself on those days comes to a colleague. Raises NotFound, FlowRefused, InvalidInput."""
    with ctx.begin() as tx:
        person = people.access_active(tx, user_id)
        if user_id == ctx.actor.user_id:
            raise FlowRefused("代理人不能是自己，请换一位同事。")
        if not may_be_told(tx, user_id, ctx.settings):
            raise FlowRefused(f"{person.name} 不在使用范围里，请换一位。")
        if ends_on < starts_on or ends_on < ctx.today:
            raise InvalidInput("代理的结束日要在开始日和今天之后，例如「代理人 王芳 3月5日到3月9日」。")
        made = FlowDelegation(
            user_id=ctx.actor.user_id, delegate_id=user_id, starts_on=starts_on, ends_on=ends_on, created_at=ctx.now
        )
        delegations.put_delegation(tx, made)
        told = f"{person.name} {starts_on} 至 {ends_on}"
        days = f"{show_date(starts_on, ctx.today)} 至 {show_date(ends_on, ctx.today)}"
        _record_delegation(tx, ctx, ("", told))
        notices.queue(
            tx, key=f"deputy:{made.id}", user_ids=[user_id], now=ctx.now, title="请你代理审批",
            text=f"{ctx.actor.name} 请你 {days} 代他处理审批，这几天新到的会直接发给你。",
            not_before=after_quiet_hours(ctx.now, ctx.settings.quiet_hours),
        )  # fmt: skip
        return (
            f"{days}，新到的待办由 {person.name} 代你处理，已告诉 {person.name}；"
            "已经在你手里的要「转交」。要结束就发送「取消代理」。"
        )


def show_delegation(ctx: Context) -> str:
    """Who decides for oneself now or on days to come, or how to say so."""
    with ctx.begin() as tx:
        found = delegations.current(tx, ctx.actor.user_id, ctx.today)
        if found is None:
            return "你没有设代理人。要设就发送「代理人 王芳 3月5日到3月9日」。"
        name = people.name_of(tx, found.delegate_id)
        days = f"{show_date(found.starts_on, ctx.today)} 至 {show_date(found.ends_on, ctx.today)}"
        return f"{days}，新到的待办由 {name} 代你处理。要结束就发送「取消代理」，要换就再说一次「代理人」。"


def end_delegation(ctx: Context) -> str:
    """One decides oneself again. Raises FlowRefused."""
    with ctx.begin() as tx:
        if not delegations.end_delegation(tx, ctx.actor.user_id, ctx.now):
            raise FlowRefused("你没有设代理人。要设就发送「代理人 王芳 3月5日到3月9日」。")
        _record_delegation(tx, ctx, ("有代理人", "无"))
        return "代理已结束，新到的待办由你自己处理。"


# -- shared --------------------------------------------------------------------------------------------


def _open(tx: Tx, ctx: Context, run: Run, user_id: str, *, why: str, added_by: int | None) -> FlowTask:
    task = FlowTask(
        flow_id=run.id, node=run.flow.node, entry=run.flow.entry, user_id=user_id, why=why, added_by=added_by,
        opened_at=ctx.now, due_at=due(run.step, ctx.now),
    )  # fmt: skip
    flow_runs.add_task(tx, task)
    step_tell(tx, run, task, ctx.now)
    return task


def _calls_off(tx: Tx, ctx: Context, run: Run) -> bool:
    """Whether it is his own to call off; else an administrator does. Raises FlowRefused."""
    task = flow_runs.open_of(tx, run.id, ctx.actor.user_id)
    mine = ctx.actor.user_id == run.flow.starter_id or (task is not None and task.kind == rules.REVISE)
    if not mine and not ctx.actor.admin:
        raise FlowRefused(f"取消 {run.flow.number} 要由申请人或管理员来做。")
    return mine


def _check_receiver(tx: Tx, ctx: Context, run: Run, task: FlowTask, user_id: str, what: str) -> str:
    person = people.access_active(tx, user_id)
    holding = any(t.user_id == user_id for t in flow_runs.live_tasks(tx, run.id))
    rules.check_receiver(
        user_id, person.name, applicants=flow_runs.applicants(tx, run.flow), actor_id=ctx.actor.user_id,
        able=may_be_told(tx, user_id, ctx.settings), holding=holding, what=what, known=run.names_applicant(task.node),
    )  # fmt: skip
    return person.name


def _above(ctx: Context, run: Run) -> bool:
    limit, amount = ctx.settings.approvals.confirm_above, run.form.amount(run.values)
    return limit is not None and amount is not None and amount >= limit


def _record_delegation(tx: Tx, ctx: Context, change: tuple[str, str]) -> None:
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="delegate.flow",
        subject=f"user:{ctx.actor.user_id}", name=ctx.actor.name, changes={"代理人": change},
    )  # fmt: skip
