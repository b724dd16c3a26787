"""How cards about a customer as a whole are drawn and taken back."""

from bot.dispatch import Router
from handlers.custody import views
from handlers.custody.service import undo_delete, undo_lock, undo_transfer

router = Router("custody.taps")
router.painter("custody.done")(views.paint_done)
router.undoer("custody.transfer")(lambda payload, ctx: undo_transfer(ctx, payload))
router.undoer("custody.delete")(lambda payload, ctx: undo_delete(ctx, payload))
router.undoer("custody.lock")(lambda payload, ctx: undo_lock(ctx, payload))
