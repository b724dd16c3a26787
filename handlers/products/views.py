"""Product cards."""

from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.dispatch import CardRef, CardView, Reply
from cards.base_data import base_list, changed_card
from handlers.customers.views import moment_text
from handlers.products.rules import EXAMPLE
from handlers.products.service import Changed, Prices, list_products
from handlers.undo.views import undo_buttons
from storage.custom_fields import Condition

MOST = 20  # changes of a price in one answer
SENTENCES = f"可以说：「{EXAMPLE}」「修改产品 编号 单价 13800」「价格记录 编号」「停用产品 编号」「删除产品 编号」"


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """The price list, five a page."""
    words = tuple(str(w) for w in state.get("words", ()))
    number = int(state.get("page", 1))
    page = list_products(ctx, words, number, tuple(Condition(**one) for one in state.get("own", ())))
    shown = f" · 第 {number}/{page.pages} 页" if page.pages > 1 else ""
    return base_list(
        " · ".join(["产品", *words, *map(str, state.get("told", ()))]), f"共 {page.total} 个{shown}",
        [(f"{p.code} {p.name}", page.facts[p.id or 0]) for p in page.rows], page=number, pages=page.pages,
        footer=SENTENCES if ctx.actor.may(Permission.PRODUCT_ADD) else "",
        empty="没有符合的产品。" if words or state.get("own") else "还没有产品。",
    )  # fmt: skip


def paint_changed(state: dict[str, Any], ctx: Context) -> CardView:
    """One change."""
    return changed_card(state["title"], state["body"], undo_buttons(ctx, state.get("undo_id")))


def changed_reply(done: Changed) -> Reply:
    """What was changed, with 撤销."""
    state = {"title": "产品已更新", "body": f"{done.text}\n{done.facts}", "undo_id": done.undo_id}
    return Reply(card=CardRef("base.changed", state))


def prices_reply(shown: Prices, ctx: Context) -> Reply:
    """What it has cost, the latest change first."""
    head = f"{shown.product.code} {shown.product.name}"
    if shown.hidden:
        return Reply(f"{head} 的单价你看不到，没有价格记录可看。")
    if not shown.changes:
        return Reply(f"{head} 现在 {shown.product.price:,.2f} 元，没有改过价。")
    lines = [
        f"{moment_text(one.at, ctx)} {one.by or '系统'}：{one.was:,.2f} → {one.now:,.2f} 元" for one in shown.changes
    ]
    more = f"（最近 {MOST} 次）" if len(lines) > MOST else ""
    body = "\n".join(lines[:MOST])
    return Reply(f"{head} 的价格记录，共 {len(lines)} 次{more}：\n{body}\n已经做好的商机和合同明细还是当时的价格。")


def one_reply(shown: Changed) -> Reply:
    """One product in a line."""
    return Reply(f"{shown.text} · {shown.facts}")
