"""The cards of the leads' pool, drawn from the present state; shared by what is typed and what is tapped."""

from datetime import datetime
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardRef, CardView
from cards import leadpool as pool_cards
from cards.leadpool import PoolRow
from handlers.customers.views import moment_text
from handlers.leadpool.service import PoolPage, Returned, show_pool, subject
from handlers.leads import service as leads_service
from handlers.pool.rules import taken_text
from handlers.undo.views import undo_buttons
from storage.lead_pools import PAGE, PoolLead


def list_ref(page: PoolPage, words: tuple[str, ...], number: int, *, group: bool) -> CardRef:
    """The page as a card that changes with its leads."""
    ids = [r.id for r in page.rows]
    state = {"words": list(words), "page": min(max(1, number), page.pages), "ids": ids, "group": group}
    return CardRef("leadpool.list", state, tuple(subject(i) for i in ids))


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """The page's leads as they stand now: who was taken says by whom."""
    words, group = tuple(str(w) for w in state.get("words", ())), bool(state.get("group"))
    try:
        shown = show_pool(ctx, [int(i) for i in state.get("ids", ())], words)
    except AppError as refusal:
        return CardView("线索公海", body=refusal.text)
    rows = [_row(lead, shown.owners, ctx, group=group) for lead in shown.rows]
    return pool_cards.pool_list(
        rows, claimed="" if group else shown.claimed, total=shown.total, page=int(state.get("page", 1)),
        pages=max(1, -(-shown.total // PAGE)), words=" ".join(words),
        may_claim=group or ctx.actor.may(Permission.POOL_CLAIM),
    )  # fmt: skip


def _row(lead: PoolLead, owners: dict[str, str], ctx: Context, *, group: bool) -> PoolRow:
    if lead.owner_id is not None:  # of one that was taken the list's readers see no more than who took it
        taken = taken_text(owners.get(lead.owner_id, lead.owner_id), lead.owner_since, ctx.today)
        if not group and lead.owner_id == ctx.actor.user_id and lead.owner_since is not None:
            taken = f"✓ 你已领取 {lead.owner_since:%H:%M}"
        return PoolRow(lead.id, lead.company, "", taken)
    days = (ctx.today - lead.since.date()).days
    facts = (escape(lead.source), f"在线索公海 {days} 天" if days else "今天进线索公海")
    return PoolRow(lead.id, lead.company, " · ".join(f for f in facts if f))


def reason_ref(lead_id: int) -> CardRef:
    """为什么退回？"""
    return CardRef("leadpool.ask_reason", {"lead_id": lead_id}, (subject(lead_id),))


def paint_ask_reason(state: dict[str, Any], ctx: Context) -> CardView:
    """Presets for the reason."""
    lead = leads_service.show_lead(ctx, int(state["lead_id"])).lead
    if lead.owner_id is None:
        return CardView(f"退回线索 {escape(lead.company)}", body="已经在线索公海里了。")
    return pool_cards.ask_reason(lead.company, lead.id or 0)


def returned_ref(done: Returned, ctx: Context) -> CardRef:
    """What was given back."""
    state = {"company": done.company, "reason": done.reason, "undo_id": done.undo_id, "at": ctx.now.isoformat()}
    return CardRef("leadpool.returned", state)


def paint_returned(state: dict[str, Any], ctx: Context) -> CardView:
    """The same, and whether it can still be taken back."""
    when = moment_text(datetime.fromisoformat(str(state["at"])), ctx)
    buttons = undo_buttons(ctx, state.get("undo_id"))
    return pool_cards.returned_card(str(state["company"]), str(state["reason"]), when, buttons)
