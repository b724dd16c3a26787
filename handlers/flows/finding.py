"""Which application is meant, and whether the asker may look at it (R3.56)."""

import re
from typing import Final

from bot.context import Context
from bot.core.errors import NotFound
from handlers.flows import rules
from handlers.flows.forms import form_of, known_forms
from handlers.flows.running import UNNAMED, run_of
from handlers.flows.sight import unnamed_for
from storage import flow_runs, people
from storage.database import Tx
from storage.flow_runs import subject
from storage.tables import Flow, FlowTask

NUMBER: Final = re.compile(r"(?<![A-Z0-9])([A-Z]{2})-?(\d{4}-)?(\d{1,6})(?!\d)", re.IGNORECASE)
APPLICATION: Final = re.compile(r"FP-?\d", re.IGNORECASE)  # how the number of one begins, of whatever form has a flow
ABSENT: Final = "没有找到这个申请，可能编号不对，或不在你能看的范围里。发送「我的待办」或「我发起的」看看。"


def access_flow(tx: Tx, ctx: Context, flow_id: int) -> Flow:
    """Raises NotFound unless the asker started it, takes part, administers, or has the record in his scope."""
    found = _seen(tx, ctx, flow_id)
    if found is not None:
        return found
    raise NotFound(ABSENT, attempt=subject(flow_id) if flow_runs.get(tx, flow_id) is not None else "")


def _seen(tx: Tx, ctx: Context, flow_id: int) -> Flow | None:
    """One that the asker may look at. Of one that is not there as much is asked as of another's."""
    flow = flow_runs.find_taking_part(tx, flow_id, ctx.actor.user_id)
    if flow is not None:
        return flow
    there = flow_runs.get(tx, flow_id)
    form = form_of(there.form) if there is not None else known_forms()[0]
    in_sight = form.in_sight(tx, ctx, there.record_id if there is not None else 0)
    return there if in_sight or ctx.actor.admin else None


def access_own_task(tx: Tx, ctx: Context, task_id: int) -> tuple[FlowTask, Flow]:
    """Raises NotFound, and FlowRefused for a task of somebody else that the asker may look at."""
    task = flow_runs.get_task(tx, task_id)
    flow = access_flow(tx, ctx, task.flow_id if task is not None else 0)
    assert task is not None  # there is no flow 0
    if task.user_id != ctx.actor.user_id:
        waiting = waiting_names(tx, task.flow_id, unnamed=unnamed_for(tx, ctx, run_of(tx, flow)))
        told = f"现在等：{waiting}" if waiting else f"{flow.number} {rules.STATES[flow.state]}"
        raise rules.FlowRefused(f"你不在这一步的处理人里（{told}）。")
    return task, flow


def waiting_names(tx: Tx, flow_id: int, *, unnamed: str = "") -> str:
    """Whom it waits for: 赵琳、钱多. `unnamed`: an applicant who is not to be named (`handlers.flows.sight`)."""
    users = [t.user_id for t in flow_runs.live_tasks(tx, flow_id) if t.state == rules.OPEN]
    names = people.names_of(tx, users) | ({unnamed: UNNAMED} if unnamed else {})
    return "、".join(dict.fromkeys(names.get(u, u) for u in users))


def find_flow(tx: Tx, ctx: Context, words: str) -> Flow:
    """By its number, or by the end of it where only one the asker may see is called so. Raises NotFound."""
    found = NUMBER.search(words)
    if found is None:
        raise NotFound("要写申请编号，例如 FP-2026-0001。发送「我的待办」或「我发起的」看看编号。")
    exact = flow_runs.find(tx, f"{found[1]}-{found[2] or ''}{found[3]}")
    exact_id = exact.id or 0 if exact is not None else 0
    seen = _seen(tx, ctx, exact_id)
    if seen is not None:
        return seen
    like = [f.id or 0 for f in flow_runs.find_like(tx, f"-{int(found[3]):04d}") if f.id != exact_id]
    mine = [f for f in (_seen(tx, ctx, flow_id) for flow_id in like) if f is not None]
    if len(mine) == 1:
        return mine[0]
    raise NotFound(ABSENT, attempt=subject(exact_id) if exact_id else "")
