"""Whether 「撤销」 still stands on a card."""

from bot.context import Context
from bot.dispatch import CardButton
from cards.undo import undo_button
from storage import undos


def undo_buttons(ctx: Context, undo_id: object) -> list[CardButton]:
    """The button, while the action can be taken back."""
    if not isinstance(undo_id, int):
        return []
    with ctx.begin() as tx:
        undo = undos.get(tx, undo_id)
    alive = undo is not None and undo.undone_at is None and undo.expires_at >= ctx.now
    return [undo_button(undo_id)] if alive else []
