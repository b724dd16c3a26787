"""Who records what becomes of an approved invoice, and where it is noted; steps that join a transaction."""

from collections.abc import Sequence
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from handlers.invoices.form import FORM
from handlers.invoices.rules import InvoiceRefused
from storage import audit, cards, flow_runs, invoices
from storage.database import Tx
from storage.flow_runs import subject
from storage.tables import Flow, Invoice


def access_handled(tx: Tx, ctx: Context, invoice_id: int) -> tuple[Invoice, Flow | None]:
    """For who decided it, an administrator, or who may void and has it in sight. Raises NotFound."""
    original = invoices.red_of(tx, invoice_id)  # whose approval is a red-letter invoice's too
    flow = flow_runs.of_record(tx, FORM.name, invoice_id if original is None else original)
    decided = flow_runs.has_decided(tx, (flow.id or 0) if flow is not None else 0, ctx.actor.user_id)
    if decided:  # asked of what is not there too: its refusal takes as long
        return invoices.facts(tx, invoice_id).invoice, flow
    invoice = invoices.access_invoice(tx, invoice_id)
    if not ctx.actor.may(Permission.INVOICE_VOID):
        raise InvoiceRefused(f"{invoice.number} 由处理过它的出纳或财务来登记，你可以「催办 {invoice.number}」。")
    return invoice, flow


def follow_up(
    tx: Tx, ctx: Context, invoice: Invoice, flow: Flow | None, action: str, comment: str, *,
    changes: Sequence[tuple[str, str, str]] = (),
) -> None:  # fmt: skip
    """A line of 流程状态, and every card that shows it is drawn anew."""
    if flow is not None and flow.id is not None:
        flow_runs.log(
            tx, flow.id, node="", user_id=ctx.actor.user_id, action=action, comment=comment, now=ctx.now,
            changes=changes,
        )  # fmt: skip
        cards.redraw_others(tx, subject(flow.id), now=ctx.now, but=ctx.key if ctx.via == "tap" else "")
    cards.redraw_others(tx, f"contract:{invoice.contract_id}", now=ctx.now)


def record_invoice(tx: Tx, ctx: Context, action: str, invoice: Invoice, **detail: Any) -> None:
    """A line of the audit."""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"invoice:{invoice.id}",
        name=invoice.number or "", **detail,
    )  # fmt: skip
