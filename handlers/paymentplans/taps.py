"""What taps on cards of payment plans do, and how the cards are drawn."""

from bot.context import Context
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.paymentplans import AllocateButton, OverduePageButton, PickPlanButton, PlansButton
from handlers.drafts.tapped import remember, turned
from handlers.paymentplans import views
from handlers.paymentplans.service import allocate_payment, show_allocation, show_plans, undo_allocate, undo_plans

router = Router("paymentplans.taps")
router.painter("payments.plans")(views.paint_plans)
router.painter("payments.overdue")(views.paint_overdue)
router.painter("paymentplans.allocate")(views.paint_allocation)
router.undoer("paymentplans.allocate")(lambda payload, ctx: undo_allocate(ctx, payload))
router.undoer("payments.plans")(lambda payload, ctx: undo_plans(ctx, payload))


@router.button(OverduePageButton)
def overdue_page(tap: CardTap[OverduePageButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """Another page of 逾期回款."""
    return turned(tap, tap.button)


@router.button(PlansButton)
def open_plans(tap: CardTap[PlansButton], ctx: Context) -> CardUpdate:
    """The contract's instalments; what is typed next may set them."""
    contract_id = tap.button.contract_id
    if not show_plans(ctx, contract_id).lines:
        remember(ctx, "payments.plan_words", contract_id=contract_id)
    return CardUpdate(card=CardRef("payments.plans", {"contract_id": contract_id}, (f"contract:{contract_id}",)))


@router.button(AllocateButton)
def choose(tap: CardTap[AllocateButton], ctx: Context) -> CardUpdate:
    """The instalments to choose from; what is typed next may say it too."""
    payment_id = tap.button.payment_id
    show_allocation(ctx, payment_id)
    remember(ctx, "paymentplans.allocate", payment_id=payment_id)
    return CardUpdate(card=CardRef("paymentplans.allocate", {"payment_id": payment_id}, (f"payment:{payment_id}",)))


@router.button(PickPlanButton)
def pick(tap: CardTap[PickPlanButton], ctx: Context) -> CardUpdate:
    """The whole of it is for this one."""
    period, payment_id = tap.button.period, tap.button.payment_id
    done = allocate_payment(ctx, payment_id, [(period, None)] if period else [])
    remember(ctx, None)
    return CardUpdate(card=views.allocated_ref(payment_id, done))
