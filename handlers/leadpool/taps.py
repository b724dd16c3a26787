"""What taps on the cards of the leads' pool do, and how the cards are drawn."""

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardTap, CardUpdate, Router
from cards.leadpool import AskReturnLeadButton, ClaimLeadButton, LeadPoolPageButton, ReturnLeadButton
from cards.pool import REASONS
from handlers.leadpool import views
from handlers.leadpool.service import browse_pool, claim_lead, return_lead
from handlers.leads.asking import ask_in_chat, speak_of
from handlers.leads.service import show_lead

router = Router("leadpool.taps")
router.painter("leadpool.list")(views.paint_list)
router.painter("leadpool.ask_reason")(views.paint_ask_reason)
router.painter("leadpool.returned")(views.paint_returned)


@router.button(ClaimLeadButton)
def claim(tap: CardTap[ClaimLeadButton], ctx: Context) -> CardUpdate:
    """The row says who has it from now on."""
    done = claim_lead(ctx, tap.button.lead_id, card=tap.out_track_id)
    speak_of(ctx, done.lead_id)
    return CardUpdate(note=f"{'已经是你的线索' if done.mine_already else '领取成功'}：{done.company}")


@router.button(LeadPoolPageButton)
def turn_page(tap: CardTap[LeadPoolPageButton], ctx: Context) -> CardUpdate:
    """The same card shows another page."""
    words = tuple(str(w) for w in tap.state.get("words", ()))
    page = browse_pool(ctx, words, tap.button.page)
    return CardUpdate(card=views.list_ref(page, words, tap.button.page, group=bool(tap.state.get("group"))))


@router.button(AskReturnLeadButton)
def ask_return(tap: CardTap[AskReturnLeadButton], ctx: Context) -> CardUpdate:
    """The card asks for the reason; one that is typed answers too."""
    show_lead(ctx, tap.button.lead_id)
    ask_in_chat(ctx, "leadpool.return_reason", lead_id=tap.button.lead_id)
    return CardUpdate(card=views.reason_ref(tap.button.lead_id))


@router.button(ReturnLeadButton)
def give_back(tap: CardTap[ReturnLeadButton], ctx: Context) -> CardUpdate:
    """Given back with a preset reason."""
    if not 0 < tap.button.reason <= len(REASONS):
        raise InvalidInput("这个原因不在卡片上，点一个，或直接回复原因。")
    done = return_lead(ctx, tap.button.lead_id, REASONS[tap.button.reason - 1], card=tap.out_track_id)
    return CardUpdate(card=views.returned_ref(done, ctx))
