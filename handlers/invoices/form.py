"""开票申请 as a form with a flow: its fields, what its approval does, and what an end without one frees."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.dispatch import Button, FormField
from bot.language.money import show_money
from cards.invoices import ApplyAgainButton
from handlers.flows.forms import join
from handlers.invoices import rules
from handlers.invoices.buyers import DETAILS
from handlers.invoices.edits import edit_fields, edited, given_in, spelled_out
from storage import contracts, invoices, people
from storage.database import Tx
from storage.invoices import Facts


class InvoiceForm:
    """See `handlers.flows.forms.Form`."""

    name = "invoice"
    label = "开票申请"
    default_node = rules.DEFAULT_NODE
    fields: Mapping[str, str] = rules.FIELDS
    editable: Collection[str] = rules.EDITABLE
    applied: Collection[str] = (
        "customer", "contract_no", "amount", "invoice_type", "title", "tax_no", *DETAILS, "remark", "applicant",
    )  # fmt: skip

    def values(self, tx: Tx, record_id: int) -> Mapping[str, Any]:
        """Every field, true."""
        return self.values_of(tx, invoices.facts(tx, record_id))

    def values_of(self, tx: Tx, found: Facts) -> Mapping[str, Any]:
        """The same of an application that need not be stored."""
        invoice = found.invoice
        money = contracts.money_of(tx, invoice.contract_id)
        return {
            "customer": found.customer, "contract_no": found.contract_no, "contract_amount": found.contract_amount,
            "amount": invoice.amount, "invoice_type": rules.kind_text(invoice.kind, invoice.tax_rate),
            "title": invoice.title, "tax_no": invoice.tax_no, "remark": invoice.remark,
            "contact_name": found.contact_name, "contact_mobile": found.contact_mobile,
            "invoiced_amount": money.invoiced, "paid_amount": money.paid,
            "applicant": people.name_of(tx, invoice.applied_by), **{n: getattr(invoice, n) for n in DETAILS},
        }  # fmt: skip

    def texts(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        """Sums as people read them."""
        return {k: show_money(v) if isinstance(v, Decimal) else str(v) for k, v in values.items()}

    def amount(self, values: Mapping[str, Any]) -> Decimal | None:
        """What is applied for."""
        amount = values.get("amount")
        return amount if isinstance(amount, Decimal) else None

    def amounts(self, tx: Tx, record_ids: Collection[int]) -> Mapping[int, Decimal]:
        """In one statement."""
        return invoices.amounts(tx, record_ids)

    def in_sight(self, tx: Tx, ctx: Context, record_id: int) -> bool:
        """Others' invoices take the function to look at them."""
        return ctx.actor.may(Permission.INVOICE_VIEW) and invoices.in_sight(tx, record_id)

    def subjects(self, tx: Tx, record_id: int) -> Sequence[str]:
        """Its contract's cards show sums of it."""
        return [f"invoice:{record_id}", f"contract:{invoices.facts(tx, record_id).invoice.contract_id}"]

    def approve(self, tx: Tx, ctx: Context, record_id: int) -> None:  # noqa: ARG002 -- a form's shape
        """The sums are looked at again, under the contract's lock (R-INV-1, R-APP-18). Raises as `apply_invoice`."""
        found = self._locked(tx, record_id)
        self._check_left(tx, found, found.invoice.amount)
        if not invoices.move(tx, record_id, "approved", of=("pending",)):
            raise rules.InvoiceRefused(
                f"{found.invoice.number} 已经是「{rules.STATES[found.invoice.state]}」，没有变化。"
            )

    def _locked(self, tx: Tx, record_id: int) -> Facts:
        """Its contract is held: sums on it are checked by one after the other."""
        invoices.lock_contract(tx, invoices.facts(tx, record_id).invoice.contract_id)
        found = invoices.facts(tx, record_id)
        rules.check_contract(found.contract_no, found.contract_state)
        return found

    def _check_left(self, tx: Tx, found: Facts, amount: Decimal) -> None:
        """Whether that much fits instead of what it is."""
        money, own = contracts.money_of(tx, found.invoice.contract_id), found.invoice.amount
        rules.check_left(
            amount, contract=money.amount, billed=money.billed - own, applied=money.applied - own, shown=False
        )

    def asks(self, tx: Tx, record_id: int, fields: Collection[str]) -> Sequence[FormField]:
        """The kind and its rate are asked for apart."""
        return edit_fields(invoices.facts(tx, record_id).invoice, fields)

    def read(self, text: str) -> Mapping[str, str]:
        """As the sentence that applies for one."""
        return given_in(text)

    def edit(self, tx: Tx, ctx: Context, record_id: int, given: Mapping[str, str], allowed: Collection[str]) -> None:
        """Checked as when it was applied for, under the contract's lock. Raises as `apply_invoice`, and FieldKept."""
        given = spelled_out(given, allowed)
        rules.check_allowed(given, allowed)
        found = self._locked(tx, record_id)
        used = invoices.find_title(tx, found.invoice, given["title"]) if given.get("title") else None
        required = ctx.settings.approvals.buyer_details
        values = edited(found.invoice, given, required=required, allowed=allowed, used=used)
        self._check_left(tx, found, values["amount"])
        if not invoices.edit(tx, record_id, **values):
            raise rules.InvoiceRefused(
                f"{found.invoice.number} 已经是「{rules.STATES[found.invoice.state]}」，不能再改。"
            )

    def again(self, record_id: int) -> Button | None:
        """开票 once more (D8)."""
        return ApplyAgainButton(invoice_id=record_id)

    def then(self, tx: Tx, record_id: int) -> str:
        """The invoice's number is written down by who has made it out (出纳开票)."""
        invoice = invoices.facts(tx, record_id).invoice
        return f"开好后发送「开票号 {invoice.number} 发票号码」登记。" if invoice.state == "approved" else ""

    def end(self, tx: Tx, ctx: Context, record_id: int, state: str) -> None:  # noqa: ARG002 -- a form's shape
        """Its amount is free again."""
        invoices.move(tx, record_id, state, of=("pending",))


FORM = InvoiceForm()
join(FORM)
