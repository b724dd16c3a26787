"""Lists and saved filters, drawn from the present state."""

from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import AppError
from bot.core.markup import escape
from bot.dispatch import CardRef, CardView
from cards import filters as cards
from cards.customers import facts_line
from handlers.customers.views import moment_text
from handlers.filters import service
from handlers.filters.rules import LONGEST_NAME
from handlers.filters.service import Kept, ListPage
from handlers.undo.views import undo_buttons

SHOWN = 10  # saved filters of one card


def ref_of(text: str, *, mine: bool, page: int, name: str = "") -> CardRef:
    """The list's card. Its words are kept as said, so that 本周 is that of the day it is drawn."""
    return CardRef("filters.list", {"text": text, "mine": mine, "page": page, "name": name})


def saved_text(kept: Kept) -> str:
    """Its conditions, its number, how to use it."""
    whose = "我的客户 " if kept.saved.mine else ""
    return f"{whose}{kept.saved.words}：现在 {kept.total} 家。以后发送「筛选 {kept.saved.name}」就行。"


def title_of(page: ListPage, name: str) -> str:
    """重点未跟进 · 我的客户 · 制造业 · 30 天没跟进."""
    parts = [*([name] if name else []), "我的客户" if page.meaning.mine else "客户", *page.meaning.told]
    return " · ".join(parts)


def empty_list(page: ListPage, ctx: Context) -> str:
    """Why there is nothing, and what this person can do about it (U32)."""
    told = page.meaning.told
    if page.meaning.unknown and not told:
        return "可以按分类、行业、来源、城市、负责人、商机阶段、日期来筛，例如「客户 制造业 30天未跟进」。"
    if len(told) == 1 and page.meaning.wanted.quiet_since is not None:
        return f"没有符合「{told[0]}」的客户，跟得很勤。发送「今天」看看要联系谁。"
    if told:
        return f"没有符合「{'、'.join(told)}」的客户，少写一个条件再试试。"
    ways = []
    if ctx.actor.may(Permission.CUSTOMER_ADD):
        ways.append("发送「新建客户 名称 联系人 电话」建一个")
    if ctx.actor.may(Permission.POOL_VIEW):
        ways.append("发送「公海」去领")
    return f"还没有客户。{'，或'.join(ways) if ways else '有问题请联系管理员'}。"


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """A page of customers."""
    try:
        page = service.list_customers(
            ctx, str(state.get("text", "")), mine=bool(state.get("mine")), page=int(state.get("page", 1))
        )
    except AppError as refusal:
        return CardView("客户", body=refusal.text)
    rows = []
    for customer in page.rows:
        last = customer.last_follow_up_at
        when = f"最近 {moment_text(last, ctx, timed=False)}" if last else "还没跟进过"
        owner = "" if customer.owner_id == ctx.actor.user_id else page.names.get(customer.owner_id or "", "")
        facts = (facts_line(customer, named=customer.name), owner, when)
        rows.append((customer.id or 0, customer.name, " · ".join(p for p in facts if p)))
    unknown = f"没认出「{'」「'.join(escape(w) for w in page.meaning.unknown)}」" if page.meaning.unknown else ""
    head = unknown
    if rows:
        shown = f"（第 {page.page}/{page.pages} 页）"
        told = "、".join(escape(t) for t in page.meaning.told)
        line = f"{f'{told}：' if told else ''}共 {page.total} 家{shown if page.pages > 1 else ''}"
        head = "\n".join(p for p in (line, f"{unknown}，没有按它筛" if unknown else "") if p)
    return cards.customer_list(
        title_of(page, str(state.get("name", ""))), head, rows, page=page.page,
        more=page.page < page.pages, empty=empty_list(page, ctx),
        savable=bool(page.meaning.told) and not page.meaning.unknown and not state.get("name"),
    )  # fmt: skip


def paint_ask_name(state: dict[str, Any], ctx: Context) -> CardView:
    """The form for a name; the longest conditions make none."""
    page = service.list_customers(ctx, str(state.get("text", "")), mine=bool(state.get("mine")))
    words = "、".join(page.meaning.told)
    name = "".join(t.partition("（")[0].replace(" ", "") for t in page.meaning.told)
    return cards.ask_name(words, name if len(name) <= LONGEST_NAME else "")


def paint_saved(state: dict[str, Any], ctx: Context) -> CardView:  # noqa: ARG001 -- a painter's shape
    """Everyone's own and what is shared with him, each with its number now."""
    try:
        kept = service.list_saved(ctx)
    except AppError as refusal:
        return CardView("我的筛选", body=refusal.text)
    rows = []
    for one in kept[:SHOWN]:
        shared = (
            f" · {one.owner} 共享" if one.owner else f" · 共享给{'、'.join(one.shared_with)}" if one.shared_with else ""
        )
        words = f"{'我的客户 ' if one.saved.mine else ''}{one.saved.words}"
        rows.append((one.saved.id or 0, one.saved.name, words, f"{one.total} 家{escape(shared)}"))
    return cards.saved_list(rows)


def paint_done(state: dict[str, Any], ctx: Context) -> CardView:
    """What was just done, with 撤销 while it can be taken back."""
    buttons = undo_buttons(ctx, state.get("undo_id"))
    return CardView(str(state["title"]), body=str(state.get("body", "")), buttons=tuple(buttons))
