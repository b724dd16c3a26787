"""What taps on the form of a competitor met in an opportunity do."""

from typing import Any

from bot.context import Context
from bot.dispatch import CardRef, CardTap, CardUpdate, CardView, Router
from cards.rivals import MeetButton, SubmitRivalButton, rival_card
from handlers.opportunities.reading import read_amount
from handlers.opportunities.service import list_rivals, show_opportunity
from handlers.opportunities.views import one_ref
from handlers.rivals.service import THREATS, meet_competitor

router = Router("rivals.taps")


@router.button(MeetButton)
def begin(tap: CardTap[MeetButton], ctx: Context) -> CardUpdate:
    """The form takes the card's place."""
    key = tap.button.opportunity_id
    show_opportunity(ctx, key)
    return CardUpdate(card=CardRef("rivals.new", {"opportunity_id": key}, (f"opportunity:{key}",)))


@router.painter("rivals.new")
def paint_new(state: dict[str, Any], ctx: Context) -> CardView:
    """Whom, at what price, how dangerous."""
    found = show_opportunity(ctx, int(state["opportunity_id"])).opportunity
    key = found.id or 0
    return rival_card(key, found.name, [name for _, name in list_rivals(ctx, key)], THREATS)


@router.button(SubmitRivalButton)
def submit(tap: CardTap[SubmitRivalButton], ctx: Context) -> CardUpdate:
    """Linked, with what is said of it."""
    price = read_amount(str(tap.form.get("price") or "").strip())
    name, note = str(tap.form.get("competitor") or ""), str(tap.form.get("note") or "").strip()
    done = meet_competitor(
        ctx, tap.button.opportunity_id, name, note=note, price=price, threat=str(tap.form.get("threat") or "")
    )
    return CardUpdate(card=one_ref(done.opportunity_id, done.undo_id, done.text))
