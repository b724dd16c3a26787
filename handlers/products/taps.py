"""What taps on base data cards do, and how product cards are drawn."""

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.base_data import BasePageButton
from handlers.drafts.tapped import turned
from handlers.products import views
from handlers.products.service import undo_add, undo_edit, undo_fill, undo_remove

router = Router("products.taps")
router.painter("products.list")(views.paint_list)
router.painter("base.changed")(views.paint_changed)
router.undoer("products.add")(lambda payload, ctx: undo_add(ctx, payload))
router.undoer("products.remove")(lambda payload, ctx: undo_remove(ctx, payload))
router.undoer("products.fill")(lambda payload, ctx: undo_fill(ctx, payload))
router.undoer("products.edit")(lambda payload, ctx: undo_edit(ctx, payload))


@router.button(BasePageButton)
def turn_page(tap: CardTap[BasePageButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """Another page of the list."""
    return turned(tap, tap.button)
