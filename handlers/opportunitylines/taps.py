"""What taps on the form of an opportunity's product do."""

from typing import Any

from bot.context import Context
from bot.dispatch import CardRef, CardTap, CardUpdate, CardView, Router
from cards.opportunitylines import AddLineButton, SubmitLineButton, line_card
from handlers.opportunities.service import show_opportunity
from handlers.opportunities.views import one_ref
from handlers.opportunitylines.service import add_line, list_offered
from handlers.products.reading import read_line

router = Router("opportunitylines.taps")


@router.button(AddLineButton)
def begin(tap: CardTap[AddLineButton], ctx: Context) -> CardUpdate:
    """The form takes the card's place."""
    key = tap.button.opportunity_id
    show_opportunity(ctx, key)
    return CardUpdate(card=CardRef("opportunitylines.new", {"opportunity_id": key}, (f"opportunity:{key}",)))


@router.painter("opportunitylines.new")
def paint_new(state: dict[str, Any], ctx: Context) -> CardView:
    """Which product, how many, at what discount."""
    found = show_opportunity(ctx, int(state["opportunity_id"])).opportunity
    return line_card(found.id or 0, found.name, list_offered(ctx))


@router.button(SubmitLineButton)
def submit(tap: CardTap[SubmitLineButton], ctx: Context) -> CardUpdate:
    """The line, at the product's present price."""
    product, cut = str(tap.form.get("product") or "").strip(), str(tap.form.get("discount") or "").strip()
    cut = f"{cut.removesuffix('折')}折" if cut else ""
    _, quantity, discount = read_line(f"- {tap.form.get('quantity') or ''} {cut}")
    done = add_line(ctx, tap.button.opportunity_id, product, quantity, discount)
    return CardUpdate(card=one_ref(done.opportunity_id, done.undo_id, done.text))
