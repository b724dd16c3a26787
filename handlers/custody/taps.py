"""What taps on cards about a customer as a whole do, how these are drawn and what is taken back."""

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.custody import TransferButton
from handlers.custody import views
from handlers.custody.service import transfer_customer, undo_delete, undo_lock, undo_transfer

router = Router("custody.taps")
router.painter("custody.done")(views.paint_done)
router.painter("custody.along")(views.paint_along)
router.undoer("custody.transfer")(lambda payload, ctx: undo_transfer(ctx, payload))
router.undoer("custody.delete")(lambda payload, ctx: undo_delete(ctx, payload))
router.undoer("custody.lock")(lambda payload, ctx: undo_lock(ctx, payload))


@router.button(TransferButton)
def transfer(tap: CardTap[TransferButton], ctx: Context) -> CardUpdate:
    """With its opportunities and contracts, or without."""
    button = tap.button
    if "undo_id" in tap.state:  # the second tap of a double tap
        return CardUpdate(note="已经转过了，没有重复。")
    done = transfer_customer(ctx, button.customer_id, button.receiver_id, with_deals=button.with_deals)
    return CardUpdate(card=views.done_ref(done))
