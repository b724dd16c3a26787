"""What taps on a merge's cards do."""

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.merges import TAIL, MergeButton, SwapButton
from handlers.merges import views
from handlers.merges.asking import turn_round
from handlers.merges.service import merge_customers, preview_merge, undo_merge

router = Router("merges.taps")
router.painter("merges.preview")(views.paint_preview)
router.painter("merges.done")(views.paint_done)
router.undoer("merges.merge")(lambda payload, ctx: undo_merge(ctx, payload))


@router.button(MergeButton)
def confirm(tap: CardTap[MergeButton], ctx: Context) -> CardUpdate:
    """They are made one."""
    chosen = [name for name, whose in tap.form.items() if whose == TAIL]
    done = merge_customers(ctx, tap.button.head_id, tap.button.tail_id, chosen=chosen, card=tap.out_track_id)
    return CardUpdate(card=views.merged_ref(done), note=done.text)


@router.button(SwapButton)
def swap(tap: CardTap[SwapButton], ctx: Context) -> CardUpdate:
    """The other one stays."""
    preview = preview_merge(ctx, tap.button.head_id, tap.button.tail_id)
    turn_round(ctx, preview.head_id, preview.tail_id)
    return CardUpdate(card=views.preview_ref(preview))
