"""What taps on lead cards do, and how the cards are drawn."""

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.leads import (
    ConvertLeadButton,
    EditLeadButton,
    FollowLeadButton,
    InvalidLeadButton,
    LeadPageButton,
    LeadStateButton,
    OpenLeadButton,
    SubmitLeadButton,
    SubmitLeadEditButton,
)
from handlers.customers.rules import MaybeDuplicate
from handlers.customfields.rules import Required
from handlers.customfields.values import read_filled
from handlers.leads import service, views
from handlers.leads.asking import ask_in_chat, speak_of
from handlers.leads.reading import read_filled_columns, read_form
from handlers.leads.rules import REASONS, ChangedSince
from handlers.leads.told import converted_text
from handlers.opportunities.reading import SaidDeal

router = Router("leads.taps")
router.painter("leads.one")(views.paint_one)
router.painter("leads.list")(views.paint_list)
router.painter("leads.new")(views.paint_new)
router.painter("leads.why")(views.paint_why)
router.painter("leads.doubt")(views.paint_doubt)
router.painter("leads.edit")(views.paint_edit)
router.undoer("leads.change")(lambda payload, ctx: service.undo_change(ctx, payload))
router.undoer("leads.convert")(lambda payload, ctx: service.undo_convert(ctx, payload))


@router.button(SubmitLeadButton)
def submit(tap: CardTap[SubmitLeadButton], ctx: Context) -> CardUpdate:
    """Makes what the form says."""
    new = read_form(tap.form, read_filled(ctx, "lead", tap.form))
    done = service.create_lead(ctx, new)
    speak_of(ctx, done.lead_id)
    return CardUpdate(card=views.one_ref(done.lead_id, done.undo_id, done.text))


@router.button(OpenLeadButton)
def open_one(tap: CardTap[OpenLeadButton], ctx: Context) -> CardUpdate:
    """The card shows the lead instead of the list."""
    service.show_lead(ctx, tap.button.lead_id)
    speak_of(ctx, tap.button.lead_id)
    return CardUpdate(card=views.one_ref(tap.button.lead_id))


@router.button(EditLeadButton)
def edit(tap: CardTap[EditLeadButton], ctx: Context) -> CardUpdate:
    """The form takes the card's place."""
    form = views.edit_ref(ctx, tap.button.lead_id)
    speak_of(ctx, tap.button.lead_id)
    return CardUpdate(card=form)


@router.button(SubmitLeadEditButton)
def submit_edit(tap: CardTap[SubmitLeadEditButton], ctx: Context) -> CardUpdate:
    """Saves what differs; what somebody else changed meanwhile is shown instead."""
    key = tap.button.lead_id
    own = read_filled(ctx, "lead", tap.form)
    changes = read_filled_columns(tap.form)
    try:
        done = service.update_lead(ctx, key, changes, own, version=tap.button.version)
    except ChangedSince as stale:
        return CardUpdate(card=views.edit_ref(ctx, key), note=stale.text)
    return CardUpdate(card=views.one_ref(key, done.undo_id, done.text))


@router.button(LeadPageButton)
def turn_page(tap: CardTap[LeadPageButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """Another page of the list."""
    return CardUpdate(state={**tap.state, "page": tap.button.page})


@router.button(FollowLeadButton)
def follow(tap: CardTap[FollowLeadButton], ctx: Context) -> CardUpdate:
    """The next sentence is a follow-up of this lead."""
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    name = service.show_lead(ctx, tap.button.lead_id).lead.company
    ask_in_chat(ctx, "leads.follow", id=tap.button.lead_id)
    return CardUpdate(note=f"「{name}」聊了什么？直接在聊天里发，例如「电话聊了需求 下次周三」。")


@router.button(LeadStateButton)
def move(tap: CardTap[LeadStateButton], ctx: Context) -> CardUpdate:
    """有意向, or open again."""
    if tap.button.state not in ("following", "interested"):
        raise InvalidInput("这个状态不能直接改。发送「线索」看看有哪些线索。")
    done = service.set_state(ctx, tap.button.lead_id, tap.button.state)
    return CardUpdate(card=views.one_ref(done.lead_id, done.undo_id, done.text))


@router.button(InvalidLeadButton)
def invalid(tap: CardTap[InvalidLeadButton], ctx: Context) -> CardUpdate:
    """Invalid for a reason, or the question for it."""
    key, place = tap.button.lead_id, tap.button.reason
    if not 0 < place <= len(REASONS):
        service.show_lead(ctx, key)
        ask_in_chat(ctx, "leads.why", id=key)
        return CardUpdate(card=CardRef("leads.why", {"lead_id": key}, (f"lead:{key}",)))
    done = service.set_state(ctx, key, "invalid", reason=REASONS[place - 1])
    return CardUpdate(card=views.one_ref(key, done.undo_id, done.text))


@router.button(ConvertLeadButton)
def convert(tap: CardTap[ConvertLeadButton], ctx: Context) -> CardUpdate:
    """A customer out of it; a likeness is asked about first."""
    key, both = tap.button.lead_id, tap.button.opportunity
    custom, deal = dict(tap.state.get("custom") or {}), SaidDeal.of(tap.state.get("deal"))
    kept = {"id": key, "opportunity": both, "custom": custom, "deal": deal.row()}
    try:
        done = service.convert_lead(ctx, key, opportunity=both, anyway=tap.button.anyway, custom=custom, deal=deal)
    except MaybeDuplicate as doubt:
        others = [one.id for one in doubt.others]
        ask_in_chat(ctx, "leads.convert", **kept, anyway=False, doubt=True, others=others)
        return CardUpdate(card=views.doubt_ref(key, doubt, opportunity=both, custom=custom, deal=deal))
    except Required as short:
        ask_in_chat(ctx, "leads.convert", **kept, anyway=tap.button.anyway)
        return CardUpdate(note=f"{short.text}直接在聊天里发就行。")
    return CardUpdate(card=views.one_ref(key, done.undo_id, converted_text(done)))
