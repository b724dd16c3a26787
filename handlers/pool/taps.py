"""What taps on the pool's cards do, and how the cards are drawn."""

from bot.context import Context
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.pool import AskReturnButton, ClaimButton, PoolPageButton, ReturnButton
from handlers.customers.finding import speak_of
from handlers.pool import views
from handlers.pool.service import browse_pool, claim_customer, return_customer, subject, undo_claim, undo_return

router = Router("pool.taps")
router.painter("pool.list")(views.paint_list)
router.painter("pool.claimed")(views.paint_claimed)
router.painter("pool.ask_reason")(views.paint_ask_reason)
router.painter("pool.returned")(views.paint_returned)
router.undoer("pool.claim")(lambda payload, ctx: undo_claim(ctx, payload))
router.undoer("pool.return")(lambda payload, ctx: undo_return(ctx, payload))


@router.button(ClaimButton)
def claim(tap: CardTap[ClaimButton], ctx: Context) -> CardUpdate:
    """The row says who has it from now on. The answer rides in the acknowledgement: no call (house 0.5)."""
    done = claim_customer(ctx, tap.button.customer_id, card=tap.out_track_id)
    speak_of(ctx, tap.button.customer_id)
    return CardUpdate(note=f"{'已经是你的客户' if done.mine_already else '领取成功'}：{done.name}")


@router.button(PoolPageButton)
def turn_page(tap: CardTap[PoolPageButton], ctx: Context) -> CardUpdate:
    """The same card shows another page."""
    page = browse_pool(ctx, str(tap.state.get("text", "")), tap.button.page)
    return CardUpdate(card=views.page_ref(page, group=bool(tap.state.get("group"))))


@router.button(AskReturnButton)
def ask_return(tap: CardTap[AskReturnButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """The card asks for the reason."""
    customer_id = tap.button.customer_id
    return CardUpdate(card=CardRef("pool.ask_reason", {"customer_id": customer_id}, (subject(customer_id),)))


@router.button(ReturnButton)
def give_back(tap: CardTap[ReturnButton], ctx: Context) -> CardUpdate:
    """Given back with a preset reason."""
    customer_id = tap.button.customer_id
    done = return_customer(ctx, customer_id, tap.button.reason, card=tap.out_track_id)
    state = views.returned_state(ctx, done, tap.button.reason, customer_id)
    return CardUpdate(card=CardRef("pool.returned", state, (subject(customer_id),)))
