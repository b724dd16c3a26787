"""The pool's cards, drawn from the present state; shared by what is typed and what is tapped."""

from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.dispatch import CardButton, CardRef, CardView
from cards import pool as pool_cards
from cards.customers import FollowButton, contact_line, facts_line
from cards.pool import PoolRow
from cards.undo import undo_button
from handlers.pool import rules
from handlers.pool.caps import policy_of
from handlers.pool.listing import PoolPage, step_count_pool
from handlers.pool.service import Returned, subject
from storage import customers, people, pools, undos
from storage.customers import PAGE


def page_ref(page: PoolPage, *, group: bool) -> CardRef:
    """A page of the pool; its rows stay on it when they are taken. Its words are kept as said."""
    ids = [c.id for c in page.customers if c.id is not None]
    state = {"text": page.meaning.without_page, "page": page.page, "ids": ids, "group": group}
    return CardRef("pool.list", state, tuple(subject(i) for i in ids))


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """The page's customers as they stand now: who was taken says by whom."""
    with ctx.begin() as tx:
        rows = customers.list_any_by_ids(tx, [int(i) for i in state.get("ids", ())])
        names = people.names_of(tx, [c.owner_id for c in rows])
        meaning, total = step_count_pool(tx, ctx, str(state.get("text", "")))
        group = bool(state.get("group"))
        counts = pools.count_claims(tx, ctx.actor.user_id, ctx.today) if ctx.actor.user_id and not group else None
    drawn = []
    for customer in rows:
        taken = ""
        if customer.owner_id is not None:
            who = names.get(customer.owner_id, customer.owner_id)
            taken = rules.taken_text(who, customer.owner_since, ctx.today)
            if not group and customer.owner_id == ctx.actor.user_id and customer.owner_since is not None:
                taken = f"✓ 你已领取 {customer.owner_since:%H:%M}"
        days = (ctx.today - customer.pooled_at.date()).days if customer.pooled_at else 0
        facts = ""  # of one that was taken the list's readers have no right to see more than who took it
        if customer.owner_id is None:
            known = facts_line(customer, named=customer.name, source=False)  # D14 names what the pool shows
            facts = " · ".join(part for part in (known, f"在公海 {days} 天" if days else "今天进公海") if part)
        drawn.append(PoolRow(customer.id or 0, customer.name, facts, taken))
    cap = policy_of(ctx.settings).claim_cap
    claimed = rules.claimed_line(counts.total, cap) if counts is not None else ""
    return pool_cards.pool_list(
        drawn, claimed=claimed, total=total, page=int(state.get("page", 1)),
        pages=max(1, -(-total // PAGE)), words=" ".join(meaning.told), unknown=meaning.unknown,
        may_claim=group or ctx.actor.may(Permission.POOL_CLAIM),
    )  # fmt: skip


def paint_claimed(state: dict[str, Any], ctx: Context) -> CardView:
    """The claimed customer with its contacts, while it is the viewer's."""
    customer_id = int(state["customer_id"])
    at = datetime.fromisoformat(state["at"])
    with ctx.begin() as tx:
        holding = pools.holding_of(tx, customer_id)
        if holding is None or holding.owner_id != ctx.actor.user_id:
            return CardView("领取", body="这家现在不在你名下了。")
        customer = customers.access_customer(tx, customer_id)
        contacts = [contact_line(c) for c in customers.list_contacts(tx, customer_id)]
        undo_open = _open(tx, state.get("undo_id"), ctx)
    buttons = [CardButton("记跟进", FollowButton(customer_id=customer_id), "primary", typed=f"跟进 {customer.name} ")]
    if undo_open:
        buttons.append(undo_button(int(state["undo_id"])))
    when = "（之前就是你的）" if state.get("again") else f"{at:%H:%M}"
    return pool_cards.claimed_card(
        name=customer.name, when=when, facts=facts_line(customer), contacts=contacts, buttons=buttons
    )


def paint_ask_reason(state: dict[str, Any], ctx: Context) -> CardView:
    """Presets for the reason."""
    customer_id = int(state["customer_id"])
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
    if customer.owner_id is None:
        return CardView(f"退回 {customer.name}", body="已经在公海里了。")
    return pool_cards.ask_reason(name=customer.name, customer_id=customer_id)


def returned_state(ctx: Context, done: Returned, reason: str, customer_id: int) -> dict[str, Any]:
    """What the card of a return is drawn from."""
    return {
        "customer_id": customer_id, "name": done.name, "reason": reason, "undo_id": done.undo_id,
        "at": ctx.now.isoformat(),
    }  # fmt: skip


def paint_returned(state: dict[str, Any], ctx: Context) -> CardView:
    """What was given back, and whether it can still be taken back."""
    at = datetime.fromisoformat(state["at"])
    wait = policy_of(ctx.settings).reclaim_after_days
    free_on = at.date() + timedelta(days=wait) if wait else None
    note = f"你 {free_on.month}月{free_on.day}日 前不能再领这家。" if free_on else ""
    with ctx.begin() as tx:
        buttons = [undo_button(int(state["undo_id"]))] if _open(tx, state.get("undo_id"), ctx) else []
    return pool_cards.returned_card(
        name=str(state["name"]), when=f"{at:%H:%M}", reason=str(state["reason"]), wait=note, buttons=buttons
    )


def _open(tx: Any, undo_id: object, ctx: Context) -> bool:
    if not isinstance(undo_id, int):
        return False
    undo = undos.get(tx, undo_id)
    return undo is not None and undo.undone_at is None and undo.expires_at >= ctx.now
