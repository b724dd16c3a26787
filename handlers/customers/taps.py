"""What taps on customer cards do, and how the cards are drawn."""

from bot.context import Context
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.customers import CustomerPageButton, OpenButton, TimelineButton
from handlers.customers import views
from handlers.customers.finding import speak_of
from handlers.customers.service import show_customer, undo_create

router = Router("customers.taps")
router.painter("customers.one")(views.paint_customer)
router.painter("customers.list")(views.paint_list)
router.painter("customers.created")(views.paint_created)
router.undoer("customers.create")(lambda payload, ctx: undo_create(ctx, payload))


@router.button(OpenButton)
def open_one(tap: CardTap[OpenButton], ctx: Context) -> CardUpdate:
    """The card shows the customer instead of the list."""
    customer_id = tap.button.customer_id
    show_customer(ctx, customer_id)  # what may not be seen is refused, and the list stays
    speak_of(ctx, customer_id)
    return CardUpdate(card=CardRef("customers.one", {"customer_id": customer_id}, (f"customer:{customer_id}",)))


@router.button(TimelineButton)
def timeline(tap: CardTap[TimelineButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """Another page of the timeline."""
    state = {"customer_id": tap.button.customer_id, "page": tap.button.page}
    return CardUpdate(card=CardRef("customers.one", state, (f"customer:{tap.button.customer_id}",)))


@router.button(CustomerPageButton)
def turn_page(tap: CardTap[CustomerPageButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """Another page of the list."""
    return CardUpdate(state={**tap.state, "page": tap.button.page})
