"""What taps on follow-up cards do, and how the cards are drawn."""

from datetime import date

from bot.context import Context
from bot.core.clock import at_beijing
from bot.dispatch import CardTap, CardUpdate, Router
from cards.customers import FollowButton
from cards.followups import MoveNextButton
from handlers.followups import views
from handlers.followups.asking import ask_content
from handlers.followups.service import plan_next, undo_follow_up

router = Router("followups.taps")
router.painter("followups.logged")(views.paint_logged)
router.undoer("followups.log")(lambda payload, ctx: undo_follow_up(ctx, payload))


@router.button(MoveNextButton)
def move(tap: CardTap[MoveNextButton], ctx: Context) -> CardUpdate:
    """The next contact is planned for that day."""
    day = date.fromisoformat(tap.button.day)
    name = plan_next(ctx, tap.button.customer_id, at_beijing(day), timed=False)
    return CardUpdate(note=f"「{name}」下次联系：{day.month}月{day.day}日{views.promise(ctx)}")


@router.button(FollowButton)
def begin(tap: CardTap[FollowButton], ctx: Context) -> CardUpdate:
    """The next sentence is a follow-up of this customer."""
    return CardUpdate(note=ask_content(ctx, tap.button.customer_id))
