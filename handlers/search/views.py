"""Results and records, drawn from the present state."""

from typing import Any

from bot.context import Context
from bot.core.actor import RESOURCES
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardRef, CardView
from cards import search as cards
from handlers.search import service
from handlers.search.service import Group

ALONE, EACH = 5, 3  # rows of the only kind there is, and of each of several


def shown(groups: list[Group]) -> list[tuple[str, int, str, str, str]]:
    """The rows of a card, in its order."""
    size = ALONE if len(groups) == 1 else EACH
    return [(g.kind, i, g.label, name, facts) for g in groups for i, name, facts in g.rows[:size]]


def head_of(groups: list[Group]) -> str:
    """客户 3 家 · 联系人 1 位."""
    return " · ".join(f"{g.label} {g.total.text} {g.unit}" for g in groups)


def paint_results(state: dict[str, Any], ctx: Context) -> CardView:
    """What is found now, by kind."""
    words = str(state.get("words", ""))
    groups = service.search_all(ctx, words, near=True)
    if not groups:
        return CardView(
            f"搜索 {escape(words)}", body="没有找到，名称的一部分、拼音首字母、手机尾号、合同编号都可以再试试。"
        )
    found = "没有完全一样的，相近的有" if groups[0].near else "共找到"
    return cards.results(words, f"{found}：{head_of(groups)}", shown(groups))


def paint_record(state: dict[str, Any], ctx: Context) -> CardView:
    """A record of a kind that has no card of its own."""
    try:
        title, fields = service.show_record(ctx, str(state.get("kind")), int(state.get("id", 0)))
    except AppError as refusal:
        return CardView("搜索", body=refusal.text)
    told = tuple((label, escape(text)) for label, text in fields)
    return CardView(title, tags=(RESOURCES[str(state["kind"])],), fields=told)


def ref_of(ctx: Context, kind: str, record_id: int) -> CardRef:
    """The record's own card, if its capability has one."""
    own = {"opportunity": "opportunities"}.get(kind, f"{kind}s") + ".one"
    if kind in ("customer", "contact"):
        customer_id = record_id if kind == "customer" else service.customer_of(ctx, record_id)
        return CardRef(
            own if kind == "customer" else "customers.one", {"customer_id": customer_id}, (f"customer:{customer_id}",)
        )
    if own in ctx.painters:
        return CardRef(own, {f"{kind}_id": record_id}, (f"{kind}:{record_id}",))
    return CardRef("search.record", {"kind": kind, "id": record_id})
