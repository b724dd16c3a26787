"""What people type about products."""

import re
from dataclasses import asdict
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from handlers.customfields.filters import own_conditions
from handlers.customfields.values import own_fields
from handlers.products.rules import EXAMPLE
from handlers.products.service import (
    add_product,
    edit_product,
    fill_product,
    list_named,
    list_prices,
    remove_product,
    show_product,
    switch_product,
)
from handlers.products.views import changed_reply, one_reply, prices_reply

router = Router("products.chat")
PRICE = re.compile(
    r"(?P<what>.{1,40}?)\s*(?:的|现在|一[台个套件])*\s*(?:是|卖)?(?:多少钱|什么价钱?格?|(?:价格|单价|售价|报价)(?:是)?(?:多少|是什么)?|怎么卖)"
    r"(?:一?[台个套件米支])?[?？。呀啊呢]*"
)
GAPS = re.compile(r"[\s,，、;；]+")


@router.command("产品", whole=True)
@router.command("产品列表", "查产品", "产品 ")
def listing(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`产品`, `产品 主机`, `产品 材质 钢`: the list."""
    own, words = own_conditions(ctx, "product", message.args)
    state: dict[str, Any] = {
        "words": words.split(), "page": 1, "own": [asdict(one.condition) for one in own],
        "told": [one.text for one in own if one.text],
    }  # fmt: skip
    talk.ask("products.list", state=state)
    return Reply(card=CardRef("products.list", state))


@router.question("products.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:  # noqa: ARG001
    """`下一页`, `上一页`."""
    step = {"下一页": 1, "上一页": -1}.get(message.text)
    if step is None:
        return None
    state = {**pending["state"], "page": max(1, int(pending["state"]["page"]) + step)}
    talk.ask("products.list", state=state)
    return Reply(card=CardRef("products.list", state))


@router.command("新增产品", "新建产品", "添加产品")
def add(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`新增产品 ZJ-001 数控主轴 主机 台 12800`."""
    if not message.args:
        raise InvalidInput(f"请写明编号 名称 分类 单位 单价，例如「{EXAMPLE}」。")
    custom, words = own_fields(ctx, "product", message.args)
    talk.settle()
    return changed_reply(add_product(ctx, [w for w in GAPS.split(words) if w], custom))


@router.command("修改产品", "编辑产品", "改产品")
def edit(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`修改产品 ZJ-001 单价 13800`; without a field: what it says now."""
    parts = message.args.split(None, 2)
    if len(parts) == 1:
        return one_reply(show_product(ctx, parts[0]))
    custom, rest = own_fields(ctx, "product", " ".join(parts[1:]))
    if custom and rest:
        raise InvalidInput(f"一次改一项，先发送「修改产品 {parts[0]} {rest[:30]}」，再改别的。")
    if custom:
        return changed_reply(fill_product(ctx, parts[0], custom))
    if len(parts) < 3:
        raise InvalidInput("请写明改什么、改成什么，例如「修改产品 ZJ-001 单价 13800」。")
    return changed_reply(edit_product(ctx, parts[0], parts[1], parts[2].removeprefix("为").strip()))


@router.command("价格记录", "历史价格", "产品价格", "改价记录")
def prices(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`价格记录 ZJ-001`."""
    if not message.args:
        raise InvalidInput("看哪个产品的？例如「价格记录 ZJ-001」。")
    return prices_reply(list_prices(ctx, message.args), ctx)


@router.sentence(24)
def price(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:  # noqa: ARG001 -- a door's shape
    """`LED-8W 多少钱`: None where no product is called so."""
    said = PRICE.fullmatch(message.text.strip())
    if said is None or not ctx.actor.may(Permission.PRODUCT_VIEW):
        return None
    what = said["what"].strip(" 的")
    found, total = list_named(ctx, what)
    if not found:
        return None
    if len(found) == 1:
        return one_reply(found[0])
    lines = [f"- {one.text} · {one.facts}" for one in found]
    more = f"，共 {total} 个，先看 {len(found)} 个" if total > len(found) else ""
    return Reply("\n".join([f"名称或编号含「{what}」的产品{more}：", *lines]))


@router.sentence(95)
def price_of_none(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:  # noqa: ARG001 -- a door's shape
    """`智能控制器 多少钱`, which nothing else has taken: no product is called so."""
    said = PRICE.fullmatch(message.text.strip())
    if said is None or message.group or not ctx.actor.may(Permission.PRODUCT_VIEW):
        return None
    what = said["what"].strip(" 的")
    return Reply(f"没有叫「{what}」的产品。发送「产品」看全部；问商机或合同的金额，发送「搜 {what}」。")


@router.command("停用产品")
def disable(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`停用产品 ZJ-001`."""
    return changed_reply(switch_product(ctx, message.args, enabled=False))


@router.command("启用产品")
def enable(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`启用产品 ZJ-001`."""
    return changed_reply(switch_product(ctx, message.args, enabled=True))


@router.command("删除产品")
def remove(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`删除产品 ZJ-001`: one that no line was made of."""
    if not message.args:
        raise InvalidInput("请写明是哪一个，例如「删除产品 ZJ-001」。")
    return changed_reply(remove_product(ctx, message.args))
