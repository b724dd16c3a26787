"""What taps on a merge's cards do."""

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.merges import MergeButton, SwapButton
from handlers.merges import views
from handlers.merges.service import merge_customers, preview_merge, undo_merge

router = Router("merges.taps")
router.painter("merges.preview")(views.paint_preview)
router.painter("merges.done")(views.paint_done)
router.undoer("merges.merge")(lambda payload, ctx: undo_merge(ctx, payload))


@router.button(MergeButton)
def confirm(tap: CardTap[MergeButton], ctx: Context) -> CardUpdate:
    """They are made one."""
    if "undo_id" in tap.state:  # the second tap of a double tap
        return CardUpdate(note="已经合并过了，没有重复。")
    done = merge_customers(ctx, tap.button.head_id, tap.button.tail_id, card=tap.out_track_id)
    return CardUpdate(card=views.merged_ref(done), note=done.text)


@router.button(SwapButton)
def swap(tap: CardTap[SwapButton], ctx: Context) -> CardUpdate:
    """The other one stays."""
    return CardUpdate(card=views.preview_ref(preview_merge(ctx, tap.button.head_id, tap.button.tail_id)))
