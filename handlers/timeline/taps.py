"""What taps on 全部动态 do."""

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.timeline import HistoryButton
from handlers.customers.finding import speak_of
from handlers.timeline import views
from handlers.timeline.service import show_timeline

router = Router("timeline.taps")
router.painter("timeline.list")(views.paint_timeline)


@router.button(HistoryButton)
def open_page(tap: CardTap[HistoryButton], ctx: Context) -> CardUpdate:
    """The card shows the story, or another page of it."""
    story = show_timeline(ctx, tap.button.customer_id, page=tap.button.page)
    speak_of(ctx, story.customer_id)
    return CardUpdate(card=views.timeline_ref(story.customer_id, story.page))
