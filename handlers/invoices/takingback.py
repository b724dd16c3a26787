"""An invoice is taken back, void or in red: what is looked at before, and what is told. Steps that join a transaction.

What is told to somebody who decided at a node that hides the title or the amount does not name them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bot.context import Context
from bot.identity import may_be_told
from bot.language.money import show_money
from handlers.contracts.figures import may_look, standing_of
from handlers.flows.running import run_of
from handlers.flows.sight import visible_to
from handlers.invoices import rules
from handlers.invoices.form import FORM
from handlers.invoices.recording import access_handled, follow_up
from handlers.invoices.rules import InvoiceRefused
from storage import contracts, invoices, notices
from storage.database import Tx
from storage.tables import Flow, Invoice


@dataclass(frozen=True, slots=True)
class Held:
    """An invoice whose contract is held. `amount`: what is taken back, above zero; `seen`: the fields one may see."""

    invoice: Invoice
    flow: Flow | None
    reason: str
    amount: Decimal
    left: Decimal  # of it, before
    seen: frozenset[str]

    @property
    def number(self) -> str:
        """Of the application."""
        return self.invoice.number or ""

    @property
    def told(self) -> str:
        """The amount, if it may be told; else empty."""
        return show_money(self.amount) if "amount" in self.seen else ""


def step_hold_for_void(tx: Tx, ctx: Context, invoice_id: int, reason: str) -> Held:
    """One that may be void now. Raises NotFound, InvalidInput, InvoiceRefused."""
    invoice, flow = access_handled(tx, ctx, invoice_id)
    number = invoice.number or ""
    reason = rules.check_void_reason(reason, number)
    invoices.lock_contract(tx, invoice.contract_id)
    invoice = invoices.facts(tx, invoice_id).invoice
    if invoice.red_of is not None or invoices.red_sum(tx, invoice_id) > 0:
        raise InvoiceRefused(f"{number} 有红冲，不能作废。")
    rules.check_void(number, invoice.state, invoice.issued_on, ctx.today)
    return Held(invoice, flow, reason, invoice.amount, invoice.amount, _seen(tx, ctx, flow))


def step_hold_for_red(tx: Tx, ctx: Context, invoice_id: int, reason: str, amount: Decimal | None) -> Held:
    """One of which so much may be taken back now; None: all that is left. Raises as `step_hold_for_void`."""
    invoice, flow = access_handled(tx, ctx, invoice_id)
    number = invoice.number or ""
    reason = rules.check_void_reason(reason, number, "红冲")
    invoices.lock_contract(tx, invoice.contract_id)
    invoice = invoices.facts(tx, invoice_id).invoice
    if invoice.red_of is not None:
        raise InvoiceRefused(f"{number} 本身就是红字发票，不能再红冲。")
    left, seen = invoice.amount - invoices.red_sum(tx, invoice_id), _seen(tx, ctx, flow)
    taken = left if amount is None else amount
    rules.check_red(number, invoice.state, taken, left, shown="amount" in seen)
    return Held(invoice, flow, reason, taken, left, seen)


def _seen(tx: Tx, ctx: Context, flow: Flow | None) -> frozenset[str]:
    return frozenset(visible_to(tx, ctx, run_of(tx, flow)) if flow is not None else FORM.applied)


def sums_after(tx: Tx, ctx: Context, held: Held) -> str:
    """What becomes of the contract's sums, to who may see them; else that they follow."""
    follows = "合同的已开票相应减少，这部分可以再申请开票"
    if not held.told or not invoices.in_sight(tx, held.invoice.id or 0):
        return follows
    contract = contracts.access_contract(tx, held.invoice.contract_id)
    money = contracts.money_of(tx, held.invoice.contract_id)
    standing = standing_of(ctx, contract, money)
    if not may_look(ctx, contract) or standing.invoiced is None:
        return follows
    told = f"合同 {contract.number} 已开票 {show_money(standing.invoiced)} → "
    told += show_money(standing.invoiced - held.amount)
    if standing.uninvoiced is not None:
        left = money.amount - money.billed
        told += f"，还能开 {show_money(left)} → {show_money(left + held.amount)}"
    return told


def step_note_taken(
    tx: Tx, ctx: Context, held: Held, action: str, comment: str, *, changes: Sequence[tuple[str, str, str]] = ()
) -> None:
    """A line of 流程状态, cut for each reader, and a word to the applicant: he has the buyer to talk to."""
    follow_up(tx, ctx, held.invoice, held.flow, action, comment, changes=changes)
    applicant, word = held.invoice.applied_by, {"void": "已作废", "red": "已红冲"}[action]
    if applicant in ("", ctx.actor.user_id) or not may_be_told(tx, applicant, ctx.settings):
        return
    notices.queue(
        tx, key=f"invoice:{held.invoice.id}:{action}:{comment[:20]}", user_ids=[applicant], now=ctx.now,
        title=f"{FORM.label} {held.number} {word}",
        text=f"{ctx.actor.name} {word} {show_money(held.amount)}：{held.reason}\n"
        f"发送「流程状态 {held.number}」看经过。",
    )  # fmt: skip
