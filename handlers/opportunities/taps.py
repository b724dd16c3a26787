"""What taps on opportunity cards do, and how the cards are drawn."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import CardRef, CardTap, CardUpdate, Router
from cards.opportunities import (
    AskStageButton,
    CloseButton,
    EditOpportunityButton,
    MoreOfOpportunityButton,
    MoveButton,
    NewOpportunityButton,
    OpenOpportunityButton,
    OpportunityPageButton,
    ReopenButton,
    SubmitOpportunityButton,
    SubmitOpportunityEditButton,
)
from handlers.customers.finding import find_customer
from handlers.customers.service import show_customer
from handlers.customfields.values import read_filled
from handlers.opportunities import views
from handlers.opportunities.asking import ask_reason
from handlers.opportunities.fields import NewOpportunity
from handlers.opportunities.reading import read_amount, read_rate
from handlers.opportunities.rules import REASONS, ReasonMissing, RivalMissing
from handlers.opportunities.service import (
    change_stage,
    create_opportunity,
    list_rivals,
    reopen_opportunity,
    show_opportunity,
    undo_change,
    undo_transfer,
    update_opportunity,
)
from storage import stages

router = Router("opportunities.taps")
router.painter("opportunities.one")(views.paint_one)
router.painter("opportunities.list")(views.paint_list)
router.painter("opportunities.new")(views.paint_new)
router.painter("opportunities.stages")(views.paint_stages)
router.painter("opportunities.why")(views.paint_why)
router.painter("opportunities.edit")(views.paint_edit)
router.undoer("opportunities.change")(lambda payload, ctx: undo_change(ctx, payload))
router.undoer("opportunities.transfer")(lambda payload, ctx: undo_transfer(ctx, payload))


@router.button(NewOpportunityButton)
def begin(tap: CardTap[NewOpportunityButton], ctx: Context) -> CardUpdate:
    """The form, with the customer filled in (R4.02)."""
    ctx.actor.require(Permission.OPPORTUNITY_ADD)
    name = show_customer(ctx, tap.button.customer_id).customer.name
    return CardUpdate(
        card=CardRef("opportunities.new", {"draft": {"customer": name}, "customer_id": tap.button.customer_id})
    )


@router.button(SubmitOpportunityButton)
def submit(tap: CardTap[SubmitOpportunityButton], ctx: Context) -> CardUpdate:
    """Makes what the form says."""
    words = str(tap.form.get("customer") or "").strip()
    customer_id = tap.state.get("customer_id")
    if customer_id is None or words != tap.state.get("draft", {}).get("customer"):
        found = find_customer(ctx, words, pooled=None)
        if found.certain is None:
            raise NotFound(f"「客户」没有找到或不确定是哪一家：{words}。写上全名再提交。")
        customer_id = found.certain
    amount = read_amount(str(tap.form.get("amount") or "").strip())
    day = tap.form.get("expected_on")
    done = create_opportunity(
        ctx,
        NewOpportunity(
            int(customer_id), str(tap.form.get("name") or ""), amount or Decimal("0.00"),
            day if isinstance(day, date) else None, str(tap.form.get("stage") or ""),
            str(tap.form.get("source") or ""), custom=read_filled(ctx, "opportunity", tap.form),
        ),
    )  # fmt: skip
    return CardUpdate(card=views.one_ref(done.opportunity_id, done.undo_id, done.text))


@router.button(OpenOpportunityButton)
def open_one(tap: CardTap[OpenOpportunityButton], ctx: Context) -> CardUpdate:
    """The card shows the opportunity instead of the list."""
    show_opportunity(ctx, tap.button.opportunity_id)
    return CardUpdate(card=views.one_ref(tap.button.opportunity_id))


@router.button(AskStageButton)
def ask_stage(tap: CardTap[AskStageButton], ctx: Context) -> CardUpdate:
    """The stages to choose from."""
    show_opportunity(ctx, tap.button.opportunity_id)
    key = tap.button.opportunity_id
    return CardUpdate(card=CardRef("opportunities.stages", {"opportunity_id": key}, (f"opportunity:{key}",)))


@router.button(MoveButton)
def move(tap: CardTap[MoveButton], ctx: Context) -> CardUpdate:
    """Into that stage."""
    with ctx.begin() as tx:
        name = next((s.name for s in stages.list_stages(tx) if s.id == tap.button.stage_id), "")
    if not name:
        raise InvalidInput("这个阶段已经没有了，重新打开商机再选。")
    done = change_stage(ctx, tap.button.opportunity_id, name)
    return CardUpdate(card=views.one_ref(done.opportunity_id, done.undo_id, done.text))


@router.button(CloseButton)
def close(tap: CardTap[CloseButton], ctx: Context) -> CardUpdate:
    """赢了; lost for a reason, or the question for it."""
    key, place = tap.button.opportunity_id, tap.button.reason
    reason = REASONS[place - 1] if 0 < place <= len(REASONS) else ""
    rival = dict(list_rivals(ctx, key)).get(tap.button.rival_id, "") if tap.button.rival_id else ""
    try:
        done = change_stage(ctx, key, "", result="won" if tap.button.won else "lost", reason=reason, rival=rival)
    except (ReasonMissing, RivalMissing) as missing:
        ask_reason(ctx, key, rival=isinstance(missing, RivalMissing))
        state = {"opportunity_id": key, "rival": isinstance(missing, RivalMissing)}
        return CardUpdate(card=CardRef("opportunities.why", state, (f"opportunity:{key}",)))
    return CardUpdate(card=views.one_ref(key, done.undo_id, done.text))


@router.button(OpportunityPageButton)
def turn_page(tap: CardTap[OpportunityPageButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """Another page of the list."""
    return CardUpdate(state={**tap.state, "page": tap.button.page})


@router.button(ReopenButton)
def reopen(tap: CardTap[ReopenButton], ctx: Context) -> CardUpdate:
    """Open again, in the stage it was closed from."""
    done = reopen_opportunity(ctx, tap.button.opportunity_id)
    return CardUpdate(card=views.one_ref(done.opportunity_id, done.undo_id, done.text))


@router.button(MoreOfOpportunityButton)
def more(tap: CardTap[MoreOfOpportunityButton], ctx: Context) -> CardUpdate:  # noqa: ARG001 -- a door's shape
    """The other buttons of the same card."""
    ref = views.one_ref(tap.button.opportunity_id)
    return CardUpdate(card=replace(ref, state={**ref.state, "more": tap.button.more}))


@router.button(EditOpportunityButton)
def edit(tap: CardTap[EditOpportunityButton], ctx: Context) -> CardUpdate:
    """The form takes the card's place."""
    show_opportunity(ctx, tap.button.opportunity_id)
    return CardUpdate(card=views.edit_ref(tap.button.opportunity_id))


@router.button(SubmitOpportunityEditButton)
def save(tap: CardTap[SubmitOpportunityEditButton], ctx: Context) -> CardUpdate:
    """Saves what differs; what somebody else changed meanwhile is shown instead."""
    changes: dict[str, Any] = dict(read_filled(ctx, "opportunity", tap.form))
    for name in ("name", "source"):
        if name in tap.form:
            changes[name] = str(tap.form[name] or "").strip()
    if "amount" in tap.form:
        changes["amount"] = read_amount(str(tap.form["amount"] or "").strip()) or Decimal("0.00")
    if "expected_on" in tap.form:
        day = tap.form["expected_on"]
        changes["expected_on"] = day if isinstance(day, date) else None
    if "probability" in tap.form:
        changes["probability"] = read_rate(str(tap.form["probability"] or ""))
    done = update_opportunity(ctx, tap.button.opportunity_id, changes, version=tap.button.version)
    return CardUpdate(card=views.one_ref(done.opportunity_id, done.undo_id, done.text))
