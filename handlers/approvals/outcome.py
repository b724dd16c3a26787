"""What was done, in words: of a task that waits no more, and of each line of 流程状态."""

from typing import Final

from handlers.flows import rules
from handlers.flows.finding import waiting_names
from handlers.flows.running import Run
from storage import flow_runs, people
from storage.database import Tx
from storage.tables import FlowTask

ACTIONS: Final = {
    "start": "提交申请", "enter": "到达", "copy": "抄送", "agree": "同意", "refuse": "不同意", "transfer": "转交",
    "add_signer": "加签", "send_back": "退回上一步", "urge": "催办", "adjust": "调整", "cancel": "取消",
    "edit": "修改", "return": "退回申请人", "resubmit": "重新提交", "issue": "登记发票", "red": "红冲",
    "void": "作废发票", "hand_over": "交接", "take_back": "撤销交接", "leave": "离职，转管理员",
    "out": "不能处理，转管理员",
}  # fmt: skip

ENDS: Final = ("agree", "refuse", "cancel", "adjust", "edit", "return")  # what takes a task out of others' hands


def became(tx: Tx, run: Run, task: FlowTask) -> str:
    """✓ 赵琳 已同意 · 03-02 15:06: of this task, of the node, or of the whole."""
    waiting = waiting_names(tx, run.id, unnamed="" if run.names_applicant(task.node) else run.flow.starter_id)
    if task.state == rules.WAITING and run.flow.state == "running":
        return f"还没轮到你，现在等 {waiting}"
    done = [e for e in flow_runs.list_log(tx, run.id) if e.action in ENDS]
    moved = {"transferred": "已转交", "returned": "已退回", "submitted": "已重新提交"}.get(task.state)
    if moved is not None and task.closed_at is not None:
        return f"{people.name_of(tx, task.closed_by)} {moved} · {task.closed_at:%m-%d %H:%M}"
    closed = [e for e in done if task.closed_at is not None and e.at >= task.closed_at] or done[-1:]
    if not closed:
        return f"这一步已经变了，现在等 {waiting}"
    last = closed[0]
    mark = {"agree": "✓ ", "refuse": "✗ "}.get(last.action, "")
    word = ACTIONS[last.action].removeprefix("已")
    why = f" · {last.comment}" if last.comment else ""
    return f"{mark}{run.named(tx, last.user_id, task.node)} 已{word} · {last.at:%m-%d %H:%M}{why}"
