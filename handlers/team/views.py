"""Cards of a customer's team, drawn from the present state."""

from typing import Any

from bot.context import Context
from bot.core.errors import AppError
from bot.dispatch import CardButton, CardRef, CardView
from cards import team as team_cards
from cards.customers import OpenButton
from handlers.team.service import Teamed, list_team, right_text, show_request
from handlers.undo.views import undo_buttons


def team_ref(customer_id: int, undo_id: int | None = None) -> CardRef:
    """The team of a customer."""
    return CardRef("team.list", {"customer_id": customer_id, "undo_id": undo_id}, (f"customer:{customer_id}",))


def teamed_ref(done: Teamed) -> CardRef:
    """After a change of the team."""
    return team_ref(done.customer_id, done.undo_id)


def paint_team(state: dict[str, Any], ctx: Context) -> CardView:
    """The members of today."""
    try:
        team = list_team(ctx, int(state["customer_id"]))
    except AppError as refusal:
        return CardView("协作人", body=refusal.text)
    members = [
        (m.user_id, team.names.get(m.user_id, m.user_id), right_text(m.may_write, m.until), m.may_write)
        for m in team.members
    ]
    buttons = [
        *undo_buttons(ctx, state.get("undo_id")),
        CardButton("看客户", OpenButton(customer_id=team.customer_id), typed=f"查 {team.customer}"),
    ]
    return team_cards.team_card(
        team.customer, team.owner, members, customer_id=team.customer_id, decides=team.decides, buttons=buttons
    )


def paint_ask(state: dict[str, Any], ctx: Context) -> CardView:  # noqa: ARG001 -- a painter's shape
    """A refusal with the button that asks the owner."""
    return team_cards.ask_card(
        str(state.get("title", "只能查看")),
        str(state["text"]),
        str(state["owner"]),
        int(state["customer_id"]),
        asked=str(state.get("asked", "")),
    )


def paint_request(state: dict[str, Any], ctx: Context) -> CardView:
    """To the owner; answered, it says by whom and how."""
    try:
        asked = show_request(ctx, int(state["request_id"]))
    except AppError as refusal:
        return CardView("协作申请", body=refusal.text)
    return team_cards.request_card(asked.who, asked.customer, int(state["request_id"]), answered=asked.answered)
