"""What taps on payment and plan cards do, and how the cards are drawn."""

from dataclasses import replace

from bot.context import Context
from bot.core.actor import Permission
from bot.dispatch import CardRef, CardTap, CardUpdate, Reply, Router
from cards.payments import (
    ChangeAmountButton,
    ConfirmPaymentButton,
    NewPaymentButton,
    OtherContractButton,
    PaymentPageButton,
    PickContractButton,
    SubmitPaymentButton,
)
from handlers.drafts.tapped import remember, turned, while_drafted
from handlers.payments import views
from handlers.payments.drafts import Draft, begun, draft_of, from_form, shown
from handlers.payments.service import (
    brief,
    candidates,
    create_payment,
    undo_create,
    undo_edit,
    undo_void,
)

router = Router("payments.taps")
router.painter("payments.one")(views.paint_one)
router.painter("payments.confirm")(views.paint_confirm)
router.painter("payments.pick")(views.paint_pick)
router.painter("payments.new")(views.paint_new)
router.painter("payments.list")(views.paint_list)
router.undoer("payments.create")(lambda payload, ctx: undo_create(ctx, payload))
router.undoer("payments.void")(lambda payload, ctx: undo_void(ctx, payload))
router.undoer("payments.edit")(lambda payload, ctx: undo_edit(ctx, payload))
DONE = "已经登记过了，没有重复登记。"


@router.button(NewPaymentButton)
def new(tap: CardTap[NewPaymentButton], ctx: Context) -> CardUpdate:
    """A form of its own; the card that was tapped stays."""
    draft = begun(ctx, Draft(customer_id=tap.button.customer_id, contract_id=tap.button.contract_id))
    if draft.contract_id is not None:
        brief(ctx, draft.contract_id)  # what may not be seen is refused here
    elif draft.customer_id is not None:
        candidates(ctx, draft.customer_id)
    remember(ctx, "payments.create", draft=draft.row())
    return CardUpdate(say=Reply(card=CardRef("payments.new", {"draft": draft.row()})))


def _drafted(ctx: Context, draft: Draft) -> CardUpdate:
    ref = shown(ctx, draft)
    kept = draft_of(ref.state["draft"])
    if ref.kind == "payments.pick":
        remember(ctx, "payments.which", ids=[c.id for c in candidates(ctx, kept.customer_id or 0)], draft=kept.row())
    else:
        remember(ctx, "payments.create" if ref.kind == "payments.new" else "payments.confirm", draft=kept.row())
    return CardUpdate(card=ref)


@router.button(SubmitPaymentButton)
def submit(tap: CardTap[SubmitPaymentButton], ctx: Context) -> CardUpdate:
    """The summary of what the form says."""
    ctx.actor.require(Permission.PAYMENT_ADD)
    return _drafted(ctx, from_form(draft_of(tap.state.get("draft", {})), dict(tap.form), ctx))


@router.button(ConfirmPaymentButton)
@while_drafted(DONE)
def confirm(tap: CardTap[ConfirmPaymentButton], ctx: Context) -> CardUpdate:
    """Registers it; a second tap registers nothing."""
    ctx.actor.require(Permission.PAYMENT_ADD)
    done = create_payment(ctx, draft_of(tap.state["draft"]).new(over=tap.button.over))
    remember(ctx, None)
    return CardUpdate(card=views.registered_ref(done))


@router.button(OtherContractButton)
@while_drafted(DONE)
def other(tap: CardTap[OtherContractButton], ctx: Context) -> CardUpdate:
    """The customer's contracts to choose from."""
    ctx.actor.require(Permission.PAYMENT_ADD)
    draft = draft_of(tap.state["draft"])
    customer_id = draft.customer_id or brief(ctx, draft.contract_id or 0).customer_id
    draft = replace(draft, customer_id=customer_id, contract_id=None)
    remember(ctx, "payments.which", ids=[c.id for c in candidates(ctx, customer_id)], draft=draft.row())
    return CardUpdate(card=CardRef("payments.pick", {"draft": draft.row()}))


@router.button(PickContractButton)
@while_drafted(DONE)
def pick(tap: CardTap[PickContractButton], ctx: Context) -> CardUpdate:
    """It is for this one."""
    return _drafted(ctx, replace(draft_of(tap.state["draft"]), contract_id=tap.button.contract_id))


@router.button(ChangeAmountButton)
@while_drafted(DONE)
def revise(tap: CardTap[ChangeAmountButton], ctx: Context) -> CardUpdate:
    """The form again, filled."""
    ctx.actor.require(Permission.PAYMENT_ADD)
    remember(ctx, "payments.create", draft=tap.state["draft"])
    return CardUpdate(card=CardRef("payments.new", {"draft": tap.state["draft"]}))


@router.button(PaymentPageButton)
def turn_page(tap: CardTap[PaymentPageButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """Another page of the list."""
    return turned(tap, tap.button)
