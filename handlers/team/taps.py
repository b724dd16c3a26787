"""What taps on a team's cards do."""

from collections.abc import Mapping
from typing import Any

from bot.context import Context
from bot.dispatch import CardTap, CardUpdate, Router
from cards.team import AnswerJoinButton, AskJoinButton, EndMemberButton, MemberRightButton, TeamButton
from handlers.team import views
from handlers.team.service import add_member, answer_join, ask_to_join, end_member, list_team, undo_member

router = Router("team.taps")
router.painter("team.list")(views.paint_team)
router.painter("team.ask")(views.paint_ask)
router.painter("team.request")(views.paint_request)
router.undoer("team.member")(lambda payload, ctx: undo_member(ctx, payload))


@router.button(AskJoinButton)
def ask(tap: CardTap[AskJoinButton], ctx: Context) -> CardUpdate:
    """The owner is asked; whoever was shown the customer's masked name may ask without seeing it."""
    shown = tap.button.customer_id in _shown(tap.state)
    text = ask_to_join(ctx, tap.button.customer_id, shown=shown)
    return CardUpdate(state={**tap.state, "asked": text} if shown else None, note=text)


def _shown(state: Mapping[str, Any]) -> set[int]:
    """The customers of which our card told that they are there, and whose: one that was refused, or some alike."""
    refused = {int(state["customer_id"])} if "owner" in state and "customer_id" in state else set()
    return refused | {int(one["id"]) for one in state.get("others", ())}


@router.button(AnswerJoinButton)
def answer(tap: CardTap[AnswerJoinButton], ctx: Context) -> CardUpdate:
    """One answer counts."""
    return CardUpdate(note=answer_join(ctx, tap.button.request_id, agree=tap.button.agree, card=tap.out_track_id))


@router.button(MemberRightButton)
def right(tap: CardTap[MemberRightButton], ctx: Context) -> CardUpdate:
    """Read instead of write, or the other way round; the end stays."""
    button = tap.button
    until = next((m.until for m in list_team(ctx, button.customer_id).members if m.user_id == button.user_id), None)
    done = add_member(
        ctx, button.customer_id, button.user_id, may_write=button.may_write, until=until, card=tap.out_track_id
    )
    return CardUpdate(card=views.teamed_ref(done), note=done.text)


@router.button(EndMemberButton)
def end(tap: CardTap[EndMemberButton], ctx: Context) -> CardUpdate:
    """Out of the team, with 撤销."""
    done = end_member(ctx, tap.button.customer_id, tap.button.user_id, card=tap.out_track_id)
    return CardUpdate(card=views.teamed_ref(done), note=done.text)


@router.button(TeamButton)
def show(tap: CardTap[TeamButton], ctx: Context) -> CardUpdate:
    """The card shows the team instead."""
    return CardUpdate(card=views.team_ref(list_team(ctx, tap.button.customer_id).customer_id))
