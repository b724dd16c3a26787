"""全部动态, drawn from the present state."""

from collections.abc import Mapping
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardRef, CardView
from cards import timeline as timeline_cards
from cards.timeline import WORDS
from handlers.audit.words import action_words
from handlers.customers.told import shown_changes
from handlers.customers.views import HOW, told_text
from handlers.timeline.service import show_timeline
from storage.timeline import Entry


def timeline_ref(customer_id: int, page: int = 1) -> CardRef:
    """One page of the story."""
    return CardRef("timeline.list", {"customer_id": customer_id, "page": page}, (f"customer:{customer_id}",))


def paint_timeline(state: dict[str, Any], ctx: Context) -> CardView:
    """Newest first; what the viewer may not see any more is one neutral sentence."""
    try:
        story = show_timeline(ctx, int(state["customer_id"]), page=int(state.get("page", 1)))
    except AppError as refusal:
        return CardView("全部动态", body=refusal.text)
    rows = [_row(entry, story.names, ctx) for entry in story.entries]
    return timeline_cards.timeline_card(
        story.name, rows, customer_id=story.customer_id, total=story.total, page=story.page, pages=story.pages
    )


def _row(entry: Entry, names: Mapping[str, str], ctx: Context) -> tuple[str, str]:
    if entry.kind == "owner":
        how, owner_id, reason = entry.parts
        whom = f"负责人 {escape(names.get(owner_id, owner_id))}" if owner_id else "进公海"
        head, content = HOW.get(how, how), f"{whom}{f'，{escape(reason)}' if reason else ''}"
    elif entry.kind == "change":
        action, detail, _name = entry.parts
        head, content = action_words(action), "；".join(_lines(action, detail, ctx))
    else:
        head, content = WORDS[entry.kind](entry.parts)
    who = escape(names.get(entry.by, entry.by)) if entry.by else "系统"
    return f"{told_text(entry.at, ctx)} {head} · {who}", content


def _lines(action: str, detail: Mapping[str, Any], ctx: Context) -> list[str]:
    """城市 杭州 → 宁波: hidden fields left out, masked ones outlined (R-PERM-5)."""
    form = "contact" if action.endswith("contact") else "customer"
    if form == "contact" and not ctx.actor.may(Permission.CONTACT_VIEW):
        return []
    told = shown_changes(ctx, form, detail)
    return [escape(f"{label} {was or '（空）'} → {now or '（空）'}") for label, (was, now) in told.items()]
