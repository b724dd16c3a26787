"""What taps on results do, and how they are drawn."""

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.search import OpenRecordButton
from handlers.customers.finding import speak_of
from handlers.customers.service import show_customer
from handlers.search import service, views

router = Router("search.taps")
router.painter("search.results")(views.paint_results)
router.painter("search.record")(views.paint_record)


@router.button(OpenRecordButton)
def open_record(tap: CardTap[OpenRecordButton], ctx: Context) -> CardUpdate:
    """The card shows the record instead of the list; what may not be seen is refused, and the list stays."""
    ref = views.ref_of(ctx, tap.button.kind, tap.button.record_id)
    if "customer_id" in ref.state:
        show_customer(ctx, int(ref.state["customer_id"]))
        speak_of(ctx, int(ref.state["customer_id"]))
    else:
        service.show_record(ctx, tap.button.kind, tap.button.record_id)
    return CardUpdate(card=ref)
