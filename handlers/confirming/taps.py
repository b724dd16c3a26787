"""What a tap on a summary does, and how it is drawn."""

from typing import Any

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, CardView, Router
from cards.confirming import ConfirmButton, DropButton, Summary, summary_buttons, summary_card
from handlers.confirming.service import confirm_intent, drop_intent, show_intent

router = Router("confirming.taps")
STATES = {"done": "已办好", "cancelled": "已取消"}


@router.button(ConfirmButton)
def confirm(tap: CardTap[ConfirmButton], ctx: Context) -> CardUpdate:
    """The card becomes what was made."""
    done = confirm_intent(ctx, tap.button.intent_id)
    return CardUpdate(note=done.text, card=done.card)


@router.button(DropButton)
def drop(tap: CardTap[DropButton], ctx: Context) -> CardUpdate:
    """The card keeps the summary, without its buttons."""
    return CardUpdate(note=drop_intent(ctx, tap.button.intent_id))


@router.painter("confirming.summary")
def paint(state: dict[str, Any], ctx: Context) -> CardView:
    """The summary as it stands now."""
    intent_id = int(state["intent_id"])
    intent = show_intent(ctx, intent_id)
    summary = Summary.read(intent.summary)
    if intent.state == "open" and intent.expires_at < ctx.now:
        return summary_card(summary, state="已过期，请再发一次")
    if intent.state != "open":
        return summary_card(summary, state=STATES[intent.state])
    return summary_card(summary, state="", buttons=summary_buttons(summary, intent_id))
