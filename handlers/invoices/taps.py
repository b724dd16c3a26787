"""What taps on invoice cards do."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.dispatch import CardRef, CardTap, CardUpdate, Confirmed, Reply, Router
from cards.invoices import (
    ApplyAgainButton,
    ApplyButton,
    BillsButton,
    NewInvoiceButton,
    PickForInvoiceButton,
    ReviseButton,
    SubmitInvoiceButton,
)
from handlers.drafts.tapped import remember
from handlers.invoices import views
from handlers.invoices.drafts import Draft, begun, draft_of, from_form, like, shown
from handlers.invoices.service import (
    access_applied,
    apply_invoice,
    candidates,
    prepare,
    red_invoice,
    show_bills,
    void_invoice,
)

router = Router("invoices.taps")
router.painter("invoices.confirm")(views.paint_confirm)
router.painter("invoices.pick")(views.paint_pick)
router.painter("invoices.new")(views.paint_new)
router.painter("invoices.bills")(views.paint_bills)
DONE = "已经提交过了，没有重复申请。"


@router.button(NewInvoiceButton)
def new(tap: CardTap[NewInvoiceButton], ctx: Context) -> CardUpdate:
    """A form of its own, filled from the last application; the card that was tapped stays."""
    ref = shown(ctx, Draft(customer_id=tap.button.customer_id, contract_id=tap.button.contract_id))
    _remember(ctx, ref)
    return CardUpdate(say=Reply(card=ref))


def _remember(ctx: Context, ref: CardRef) -> None:
    draft = draft_of(ref.state["draft"])
    if ref.kind == "invoices.pick":
        ids = [c.contract_id for c in candidates(ctx, draft.customer_id or 0)]
        remember(ctx, "invoices.which", ids=ids, draft=draft.row())
    else:
        remember(ctx, "invoices.create" if ref.kind == "invoices.new" else "invoices.confirm", draft=draft.row())


def _drafted(ctx: Context, draft: Draft) -> CardUpdate:
    ref = shown(ctx, draft)
    _remember(ctx, ref)
    return CardUpdate(card=ref)


@router.button(SubmitInvoiceButton)
def submit(tap: CardTap[SubmitInvoiceButton], ctx: Context) -> CardUpdate:
    """The summary of what the form says."""
    draft = begun(ctx, draft_of(tap.state.get("draft", {})))
    return _drafted(ctx, from_form(draft, dict(tap.form), ctx))


@router.button(ApplyButton)
def apply(tap: CardTap[ApplyButton], ctx: Context) -> CardUpdate:
    """Applies for it; a second tap applies for nothing."""
    if not tap.state.get("draft"):
        return CardUpdate(note=DONE)
    done = apply_invoice(ctx, draft_of(tap.state["draft"]).new())
    remember(ctx, None)
    note = DONE if done.again else f"已提交 {done.number}，等 {done.waiting} 处理。"
    subjects = (f"flow:{done.flow_id}", f"invoice:{done.invoice_id}")
    return CardUpdate(note=note, card=CardRef("approvals.flow", {"flow_id": done.flow_id}, subjects))


@router.button(PickForInvoiceButton)
def pick(tap: CardTap[PickForInvoiceButton], ctx: Context) -> CardUpdate:
    """It is on this one."""
    if not tap.state.get("draft"):
        return CardUpdate(note=DONE)
    prepare(ctx, tap.button.contract_id)
    return _drafted(ctx, replace(draft_of(tap.state["draft"]), contract_id=tap.button.contract_id))


@router.button(ReviseButton)
def revise(tap: CardTap[ReviseButton], ctx: Context) -> CardUpdate:
    """The form again, filled."""
    if not tap.state.get("draft"):
        return CardUpdate(note=DONE)
    draft = begun(ctx, draft_of(tap.state["draft"]))
    remember(ctx, "invoices.create", draft=draft.row())
    return CardUpdate(card=CardRef("invoices.new", {"draft": draft.row()}))


@router.button(ApplyAgainButton)
def again(tap: CardTap[ApplyAgainButton], ctx: Context) -> CardUpdate:
    """A form of its own, filled from the application that came to nothing."""
    draft = begun(ctx, like(access_applied(ctx, tap.button.invoice_id)))
    remember(ctx, "invoices.create", draft=draft.row())
    return CardUpdate(say=Reply(card=CardRef("invoices.new", {"draft": draft.row()})))


@router.button(BillsButton)
def bills(tap: CardTap[BillsButton], ctx: Context) -> CardUpdate:
    """The contract's invoices, as a card of its own."""
    contract_id = tap.button.contract_id
    show_bills(ctx, contract_id)
    return CardUpdate(
        say=Reply(card=CardRef("invoices.bills", {"contract_id": contract_id}, (f"contract:{contract_id}",)))
    )


@router.confirmer("invoices.void")
def void(payload: dict[str, Any], ctx: Context) -> Confirmed:
    """What was confirmed, with all of it looked at anew."""
    return Confirmed(void_invoice(ctx, int(payload["invoice_id"]), str(payload["reason"])).text)


@router.confirmer("invoices.red")
def take_back(payload: dict[str, Any], ctx: Context) -> Confirmed:
    """The sum that was confirmed, and no other: what is left of the invoice may be less by now."""
    amount = Decimal(str(payload["amount"]))
    return Confirmed(red_invoice(ctx, int(payload["invoice_id"]), str(payload["reason"]), amount).text)
