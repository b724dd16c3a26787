"""Rows of approvals, and of invoices, the first form that needs them."""

from decimal import Decimal

from sqlmodel import select

from bot.context import Context
from handlers.invoiceflow.rules import NodeWords
from handlers.invoiceflow.service import Trial
from handlers.invoices.service import NewInvoice
from storage.tables import Flow, FlowTask
from tests.access.row import APPLIED, BILL, DEAL, NOW, RETURNED, SYSTEM, TASK, P, Row


def _number(ctx: Context, flow: int) -> str:
    """What is typed of an application: its number, or one that there is not."""
    with ctx.begin() as tx:
        return tx.exec(select(Flow.number).where(Flow.id == flow)).first() or "FP-9999"


def _number_of(ctx: Context, task: int) -> str:
    with ctx.begin() as tx:
        query = select(Flow.number).where(Flow.id == FlowTask.flow_id, FlowTask.id == task)
        return tx.exec(query).first() or "FP-9999"


ROWS: dict[str, Row] = {
    "approvals.find_number": Row(None, lambda f, c, i: f(c, _number(c, i)), *APPLIED),
    "approvals.find_task": Row(None, lambda f, c, i: f(c, _number_of(c, i)), *TASK),
    "approvals.list_flows": Row(None, lambda f, c, _: f(c, "started"), foreign=None),  # one's own
    "approvals.next_late": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "approvals.next_stuck": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "approvals.pass_on_stuck": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "approvals.remind_late": Row(None, lambda f, c, _: f(c), foreign=None, free=SYSTEM),
    "approvals.set_buyer_details": Row("admin", lambda f, c, _: f(c, on=True), foreign=None),
    "approvals.set_confirm_above": Row("admin", lambda f, c, _: f(c, Decimal(50_000)), foreign=None),
    "approvals.set_dingtalk_todo": Row("admin", lambda f, c, _: f(c, on=True), foreign=None),
    "approvals.set_urge_gap": Row("admin", lambda f, c, _: f(c, 20), foreign=None),
    "approvals.show_status": Row(None, lambda f, c, i: f(c, i), *APPLIED),
    "approvals.show_task": Row(None, lambda f, c, i: f(c, i), *TASK),
    "flows.add_signer": Row(None, lambda f, c, i: f(c, i, "zhao05"), *TASK),
    "flows.adjust": Row("admin", lambda f, c, i: f(c, i, "出差", user_id="zhao05"), foreign=None),
    "flows.cancel": Row(None, lambda f, c, i: f(c, i), *APPLIED),
    "flows.decide": Row(None, lambda f, c, i: f(c, i, agree=True), *TASK),
    "flows.delegate": Row(None, lambda f, c, _: f(c, "zhao05", NOW.date(), NOW.date()), foreign=None),
    "flows.end_delegation": Row(None, lambda f, c, _: f(c), foreign=None),
    "flows.send_back": Row(None, lambda f, c, i: f(c, i, "再核一下"), *TASK),
    "flows.show_delegation": Row(None, lambda f, c, _: f(c), foreign=None),
    "flows.transfer": Row(None, lambda f, c, i: f(c, i, "zhao05"), *TASK),
    "flows.urge": Row(None, lambda f, c, i: f(c, i), *APPLIED),
    "invoiceflow.change_flow": Row("admin", lambda f, c, _: f(c, NodeWords("hide", "", ("合同金额",))), foreign=None),
    "invoiceflow.is_node": Row("admin", lambda f, c, _: f(c, "出纳开票"), foreign=None),
    "invoiceflow.show_flow": Row("admin", lambda f, c, _: f(c), foreign=None),
    "invoiceflow.try_flow": Row("admin", lambda f, c, i: f(c, Trial(i, Decimal(50))), *DEAL),
    "invoiceflow.undo_flow": Row("admin", lambda f, c, _: f(c, {}), foreign=None),
    "invoices.access_applied": Row(P.INVOICE_APPLY, lambda f, c, i: f(c, i), "FA-LINA", "FA-ZHOU"),
    "invoices.apply_invoice": Row(
        P.INVOICE_APPLY, lambda f, c, i: f(c, NewInvoice(i, Decimal(9), "普票", "张三")), *DEAL
    ),
    "invoices.candidates": Row(P.INVOICE_APPLY, lambda f, c, i: f(c, i)),
    "invoices.find_invoice": Row(None, lambda f, c, i: f(c, _number(c, i)), *APPLIED),
    "invoices.foresee_red": Row(P.INVOICE_VOID, lambda f, c, i: f(c, i, "退货"), *BILL),
    "invoices.foresee_void": Row(P.INVOICE_VOID, lambda f, c, i: f(c, i, "抬头开错"), *BILL),
    "invoices.issue_invoice": Row(None, lambda f, c, i: f(c, i, "12345678"), *BILL),
    "invoices.prepare": Row(P.INVOICE_APPLY, lambda f, c, i: f(c, i), *DEAL),
    "invoices.red_invoice": Row(P.INVOICE_VOID, lambda f, c, i: f(c, i, "退货"), *BILL),
    "invoices.show_bills": Row(None, lambda f, c, i: f(c, i), *DEAL),
    "invoices.void_invoice": Row(P.INVOICE_VOID, lambda f, c, i: f(c, i, "抬头开错"), *BILL),
    "revisions.edit_fields": Row(None, lambda f, c, i: f(c, i, {"remark": "加急"}), *TASK),
    "revisions.read_edit": Row(None, lambda f, c, i: f(c, i, "备注 加急"), *TASK),
    "revisions.resubmit": Row(None, lambda f, c, i: f(c, i, {}), *RETURNED),
    "revisions.return_to_applicant": Row(None, lambda f, c, i: f(c, i, "税号写错了"), *TASK),
    "revisions.show_edit": Row(None, lambda f, c, i: f(c, i), *TASK),
    "todo.agree_all": Row(None, lambda f, c, i: [*f(c, [i]).failed.values()], *TASK),
    "todo.list_waiting": Row(None, lambda f, c, _: f(c), foreign=None),  # one's own
    "todo.note_ticked": Row(None, lambda f, c, _: f(c, "t1", ["U-1"], "e1"), foreign=None, free=SYSTEM),
    "todo.show_todo": Row(None, lambda f, c, _: f(c), foreign=None),  # one's own
}  # fmt: skip
