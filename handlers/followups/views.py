"""The card of a follow-up, drawn from what is stored now."""

from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.fields import FieldLevel
from bot.dispatch import CardButton, CardView
from cards import followups as followup_cards
from cards.customers import OpenButton
from cards.followups import MoveNextButton
from handlers.customers.views import moment_text, told_text
from handlers.reminders.service import policy_of
from handlers.undo.views import undo_buttons
from storage import contracts, customers, follow_ups


def promise(ctx: Context) -> str:
    """，会提醒你, where the rule for the next contact is on: no promise that nobody keeps."""
    return "，会提醒你" if policy_of(ctx.settings).next_follow_up_days is not None else ""


def paint_logged(state: dict[str, Any], ctx: Context) -> CardView:
    """What was written down, and what can still be done about it."""
    with ctx.begin() as tx:
        follow_up = follow_ups.find_entry(tx, int(state["follow_up_id"]))
        if follow_up is None:
            return CardView(f"跟进 {state.get('name', '')}", body="这条跟进已撤销。")
        customer = customers.find_brief(tx, follow_up.customer_id)
        deal = contracts.opportunity_name(tx, follow_up.opportunity_id)
    planned = customer.next_follow_up_at if customer is not None else follow_up.next_at
    timed = customer.next_timed if customer is not None else follow_up.next_timed
    name = customer.name if customer is not None else str(state.get("name", ""))
    may_plan = ctx.actor.scope.fields.level("followup", "next_at") is FieldLevel.WRITE
    buttons = undo_buttons(ctx, state.get("undo_id"))
    if customer is not None:
        if planned is None and may_plan:
            tomorrow = ctx.today + timedelta(days=1)
            move = MoveNextButton(customer_id=follow_up.customer_id, day=tomorrow.isoformat())
            buttons.append(CardButton("明天再联系", move, typed="明天"))
        buttons.append(CardButton("看客户", OpenButton(customer_id=follow_up.customer_id), typed=f"查 {name}"))
    earlier = abs((follow_up.created_at - follow_up.at).total_seconds()) > 60
    return followup_cards.logged_card(
        name=name, method=follow_up.method, content=follow_up.content,
        when=told_text(follow_up.at, ctx) if earlier else "",
        next_text=f"{moment_text(planned, ctx, timed=timed)}{promise(ctx)}" if planned else "" if may_plan else "—",
        buttons=buttons, deal=deal,
    )  # fmt: skip
