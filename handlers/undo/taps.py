"""The 「撤销」 button."""

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.undo import UndoButton
from handlers.undo.service import take_back

router = Router("undo.taps")


@router.button(UndoButton)
def undo(tap: CardTap[UndoButton], ctx: Context) -> CardUpdate:
    """The card says what was taken back."""
    return CardUpdate(note=take_back(ctx, tap.button.undo_id))
