"""What waits for somebody who leaves or hands over his work: nothing is stuck with him (R-APP-4, R-HAND-4, D9)."""

import re
from collections.abc import Sequence
from datetime import datetime

from handlers.flows import rules
from handlers.flows.running import Run, run_of, step_tell
from handlers.handover.rules import next_assignee
from storage import cards, flow_lists, flow_runs, handovers, people
from storage.database import Tx
from storage.tables import FlowTask

LEFT = "原处理人离职，转管理员"
OUT = "原处理人已离职或不在使用范围，转管理员"
SAID = re.compile(r"\S+ 退回：.*", re.DOTALL)  # of `handlers.revisions.service.return_to_applicant`
ACTIONS = {LEFT: "leave", OUT: "out"}  # of the log


class WaitingTasks:
    """See `handlers.handover.joining.Joining`."""

    label = "待审批"

    def count(self, tx: Tx, user_id: str) -> int:
        """Open tasks, and those whose turn is still to come."""
        return len(flow_lists.live_of(tx, user_id))

    def on_leaving(self, tx: Tx, user_id: str, *, administrators: Sequence[str], now: datetime) -> None:
        """Where others decide too it is theirs; else it is the administrators', who are not the applicant."""
        self.pass_on(tx, user_id, administrators=administrators, now=now, why=LEFT)

    def pass_on(self, tx: Tx, user_id: str, *, administrators: Sequence[str], now: datetime, why: str) -> None:
        """The same, whyever he cannot decide any more. What no administrator may decide stays as it is."""
        working = people.filter_active(tx, administrators)
        for one in flow_lists.live_of(tx, user_id):
            run = _held(tx, one)
            if run is None:
                continue
            others = [t for t in flow_runs.live_tasks(tx, run.id) if t.id != one.task.id and t.state == rules.OPEN]
            decides = one.task.kind == rules.DECIDE
            if run.step.mode == "any" and others and one.task.added_by is None and decides:
                flow_runs.supersede(tx, one.task.id or 0, now=now)
                _note(tx, run, one.task, ACTIONS[why], [], now)
                continue
            fit = [a for a in administrators if a in working and a not in (run.flow.starter_id, user_id)]
            if run.step.mode != "any" or one.task.added_by is not None or not decides:
                deciding = {t.user_id: t.id or 0 for t in others}
                free = [a for a in fit if a not in deciding]
                if fit and not free and one.task.state == rules.OPEN:  # he decides there already
                    flow_runs.supersede(tx, one.task.id or 0, now=now)
                    flow_runs.wait_for(tx, deciding[fit[0]], one.task.id or 0)
                    _note(tx, run, one.task, ACTIONS[why], [fit[0]], now)
                    continue
                fit = (free or fit)[:1]
            self._give(tx, run, one.task, fit, why, now)

    def _give(self, tx: Tx, run: Run, task: FlowTask, users: Sequence[str], why: str, now: datetime) -> None:
        """The first takes the task over, each other gets one of his own."""
        for number, user in enumerate(users):
            if number == 0:
                flow_runs.reassign(tx, task.id or 0, user, why=_why(task, why), handover_id=None, now=now)
                given = flow_runs.get_task(tx, task.id or 0)
            else:
                more = FlowTask(
                    flow_id=run.id, node=task.node, entry=task.entry, kind=task.kind, user_id=user, why=why,
                    opened_at=now, due_at=task.due_at,
                )  # fmt: skip
                given = flow_runs.add_task(tx, more)
            if given is not None and given.state == rules.OPEN:
                step_tell(tx, run, given, now)
        if users:
            _note(tx, run, task, ACTIONS[why], users, now)

    def hand_over(
        self, tx: Tx, handover_id: int, *, giver_id: str, receiver_id: str, administrators: Sequence[str], now: datetime
    ) -> int:
        """To the receiver; what he started himself to his superior or an administrator (D10)."""
        moved = 0
        giver = people.name_of(tx, giver_id)
        for one in flow_lists.live_of(tx, giver_id):
            run = _held(tx, one)
            if run is None:
                continue
            receiver = people.get_employee(tx, receiver_id)
            superior = receiver.manager_user_id if receiver is not None else None
            able = people.filter_active(tx, [receiver_id, *([superior] if superior else []), *administrators])
            to = next_assignee(
                receiver_id=receiver_id, starter_id=run.flow.starter_id,
                superior_id=superior if superior in able else None,
                administrators=[a for a in administrators if a in able],
            )  # fmt: skip
            if to is None or to == giver_id:
                continue
            twin = flow_runs.open_of(tx, run.id, to)
            if twin is not None and twin.id is not None and one.task.state == rules.OPEN:  # he decides there already
                flow_runs.supersede(tx, one.task.id or 0, now=now)
                flow_runs.wait_for(tx, twin.id, one.task.id or 0)
            else:
                why = _why(one.task, f"{giver} 交接")
                flow_runs.reassign(tx, one.task.id or 0, to, why=why, handover_id=handover_id, now=now)
                given = flow_runs.get_task(tx, one.task.id or 0)
                if given is not None and given.state == rules.OPEN:
                    step_tell(tx, run, given, now)
            _note(tx, run, one.task, "hand_over", [to], now)
            moved += 1
        return moved

    def take_back(self, tx: Tx, handover_id: int, *, now: datetime) -> int:
        """What has not been decided since goes back to the giver, if he works here."""
        done = handovers.get(tx, handover_id)
        if done is None or not people.filter_active(tx, [done.giver_id]):
            return 0
        back = 0
        for one in flow_lists.live_of_handover(tx, handover_id):
            run = _held(tx, one)
            if run is None:
                continue
            why = _why(one.task, "撤销交接")
            flow_runs.reassign(tx, one.task.id or 0, done.giver_id, why=why, handover_id=None, now=now)
            given = flow_runs.get_task(tx, one.task.id or 0)
            if given is not None and given.state == rules.OPEN:
                step_tell(tx, run, given, now)
            _note(tx, run, one.task, "take_back", [done.giver_id], now)
            back += 1
        return back


def _why(task: FlowTask, why: str) -> str:
    """What was returned is corrected by what was said when it was, whoever corrects it."""
    said = SAID.search(task.why) if task.kind == rules.REVISE else None
    return f"{why}；{said[0]}" if said is not None else why


def _held(tx: Tx, one: flow_lists.Waiting) -> Run | None:
    """The flow, held; None: it has come to its end meanwhile."""
    if one.flow.id is None or not flow_runs.hold(tx, one.flow.id):
        return None
    tx.refresh(one.flow)
    return run_of(tx, one.flow)


def _note(tx: Tx, run: Run, task: FlowTask, action: str, users: Sequence[str], now: datetime) -> None:
    node = run.steps[task.node].name
    flow_runs.log(tx, run.id, node=node, user_id="", action=action, now=now, people=list(users))
    cards.redraw_others(tx, flow_runs.subject(run.id), now=now)


TASKS = WaitingTasks()
