"""What taps on the cards of 交接 do, and how the cards are drawn."""

from dataclasses import replace
from typing import Any, cast

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.core.holdings import KINDS
from bot.dispatch import CardTap, CardUpdate, Router
from cards.handover import (
    AllKindsButton,
    KindButton,
    OpenGiverButton,
    OverCapButton,
    ReceiverButton,
    RestoreRolesButton,
    StartButton,
    UndoHandoverButton,
)
from handlers.handover import rules, views
from handlers.handover.parties import Wanted
from handlers.handover.rules import Over
from handlers.handover.service import hand_over, restore_roles, show_person, undo_handover

router = Router("handover.taps")
router.painter("handover.start")(views.paint_guide)
router.painter("handover.person")(views.paint_person)
router.painter("handover.plan")(views.paint_plan)
router.painter("handover.done")(views.paint_done)
router.painter("handover.returned")(views.paint_returned)
router.undoer("handover")(lambda payload, ctx: undo_handover(ctx, payload))

ALREADY = "这次交接已经做过了，没有重复。"


def _again(state: dict[str, Any]) -> bool:
    """The second tap of a double tap: the card shows the handover by now."""
    return "handover_id" in state


@router.button(OpenGiverButton)
def open_giver(tap: CardTap[OpenGiverButton], ctx: Context) -> CardUpdate:
    """The guide becomes the card of that person."""
    show_person(ctx, tap.button.user_id)
    return CardUpdate(card=views.person_card(tap.button.user_id))


@router.button(ReceiverButton)
def to(tap: CardTap[ReceiverButton], ctx: Context) -> CardUpdate:
    """The receiver is chosen: what is to be handed over?"""
    if _again(tap.state):
        return CardUpdate(note=ALREADY)
    wanted = views.wanted_of({**tap.state, "to": tap.button.user_id})
    return CardUpdate(card=views.plan_card(ctx, wanted))


@router.button(KindButton)
def kind(tap: CardTap[KindButton], ctx: Context) -> CardUpdate:
    """One kind more, or less."""
    if _again(tap.state):
        return CardUpdate(note=ALREADY)
    wanted = views.wanted_of(tap.state)
    kinds = set(wanted.kinds) ^ {tap.button.kind}
    return _plan(ctx, replace(wanted, kinds=rules.chosen_of(list(kinds)), over=""))


@router.button(AllKindsButton)
def everything(tap: CardTap[AllKindsButton], ctx: Context) -> CardUpdate:
    """The preview of all kinds."""
    if _again(tap.state):
        return CardUpdate(note=ALREADY)
    wanted = views.wanted_of(tap.state)
    return _plan(ctx, replace(wanted, kinds=tuple(one.name for one in KINDS), over=""))


@router.button(OverCapButton)
def over_cap(tap: CardTap[OverCapButton], ctx: Context) -> CardUpdate:
    """What to do above the cap; the preview says what that means."""
    if _again(tap.state):
        return CardUpdate(note=ALREADY)
    if tap.button.how not in ("fit", "allow"):
        raise InvalidInput("这个按钮认不出来了，请重新打开一张卡片再试。")
    return _plan(ctx, replace(views.wanted_of(tap.state), over=cast("Over", tap.button.how)))


def _plan(ctx: Context, wanted: Wanted) -> CardUpdate:
    return CardUpdate(card=views.plan_card(ctx, wanted))


@router.button(StartButton)
def start(tap: CardTap[StartButton], ctx: Context) -> CardUpdate:
    """Does what the card shows, once; if that has changed meanwhile, the card says so instead."""
    if _again(tap.state):
        return CardUpdate(note=ALREADY)
    wanted = views.wanted_of(tap.state)
    done = hand_over(ctx, wanted, shown=tap.state.get("shown"), card=tap.out_track_id)
    if done.handover_id is None:
        return CardUpdate(card=views.plan_card(ctx, wanted), note=done.text)
    return CardUpdate(card=views.done_card(done.handover_id, wanted.giver_id), note=done.text)


@router.button(UndoHandoverButton)
def undo(tap: CardTap[UndoHandoverButton], ctx: Context) -> CardUpdate:
    """The card says what went back and what stayed."""
    return CardUpdate(note=undo_handover(ctx, {"handover_id": tap.button.handover_id}, card=tap.out_track_id))


@router.button(RestoreRolesButton)
def restore(tap: CardTap[RestoreRolesButton], ctx: Context) -> CardUpdate:
    """Effective from the next message on."""
    return CardUpdate(note=restore_roles(ctx, tap.button.user_id, card=tap.out_track_id))
