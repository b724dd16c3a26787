"""How the opening's card is drawn, always from the settings as they stand."""

from datetime import datetime
from typing import Any

from bot.context import Context
from bot.core.markup import escape
from bot.dispatch import CardRef, CardView
from cards import opening as opening_cards
from handlers.opening import rules
from handlers.opening.service import SUBJECT, OpeningSheet, ScopeChange, step_sheet
from storage.settings import read_settings


def ref() -> CardRef:
    """The card, as it is put into a chat."""
    return CardRef("opening.card", {}, (SUBJECT,))


def paint(state: dict[str, Any], ctx: Context) -> CardView:  # noqa: ARG001 -- drawn from the settings alone
    """Three steps, or that it is open."""
    with ctx.begin() as tx:
        return view(step_sheet(tx, read_settings(tx)), ctx)


def view(sheet: OpeningSheet, ctx: Context) -> CardView:
    """From the sheet."""
    if sheet.opened:
        by = " ".join(part for part in (sheet.opened_by, when(sheet.opened_at, ctx)) if part)
        return opening_cards.opened_card(
            by=by, scope=sheet.scope, in_scope=sheet.in_scope, admins="、".join(sheet.admins)
        )
    agreed = ""
    if sheet.consented_by:
        agreed = " ".join(
            part for part in (escape(sheet.consented_by), when(sheet.consented_at, ctx), "已同意") if part
        )
    return opening_cards.opening_card(
        terms=rules.TERMS, version=sheet.terms or rules.TERMS_VERSION, agreed=agreed, scope=sheet.scope,
        in_scope=sheet.in_scope, people=sheet.people, departments=sheet.departments, example=rules.EXAMPLE,
    )  # fmt: skip


def when(moment: datetime | None, ctx: Context) -> str:
    """今天 09:31, else 7月5日 09:31."""
    if moment is None:
        return ""
    day = "今天" if moment.date() == ctx.today else f"{moment.month}月{moment.day}日"
    return f"{day} {moment:%H:%M}"


def scope_line(change: ScopeChange) -> str:
    """From what to what."""
    if change.before == change.after:
        return f"使用范围没有变：{change.after}（{change.after_people} 人）。"
    return f"使用范围：{change.before}（{change.before_people} 人）→ {change.after}（{change.after_people} 人），" + (
        "开通后生效。" if change.undo_id is None else "下一条消息起生效。"
    )
