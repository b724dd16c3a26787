"""What people type about lists of customers and the filters they keep."""

import re
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.filters import MOST, page_wanted
from bot.language.replies import ordinal
from handlers.customers.finding import find_customer, open_customer
from handlers.customers.reading import list_conditions
from handlers.filters import service
from handlers.filters.rules import says_conditions
from handlers.filters.views import ref_of, saved_text

router = Router("filters.chat")
GIVING = re.compile(r"(?P<name>.+?)\s*(?:给|到|与|和)\s*(?P<whom>.+)")


def _list(talk: Talk, text: str, *, mine: bool, page: int, name: str = "") -> Reply:
    ref = ref_of(text, mine=mine, page=page, name=name)
    talk.ask("filters.list", state=ref.state)
    return Reply(card=ref)


def _listed(ctx: Context, talk: Talk, text: str, *, mine: bool) -> Reply:
    said = service.list_customers(ctx, text, mine=mine)
    return _list(talk, said.meaning.without_page, mine=mine or said.meaning.mine, page=said.page)


@router.command("我的客户")
def mine(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`我的客户 杭州 30天没跟进`."""
    return _listed(ctx, talk, message.args, mine=True)


@router.command("客户列表", "筛选客户", "客户")
def listing(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`客户 制造业 30天未跟进 按名称`, or one customer's name."""
    if message.args and not says_conditions(message.args) and not list_conditions(ctx, message.args)[0]:
        found = find_customer(ctx, message.args, pooled=None)
        if found.certain is not None:
            return open_customer(talk, found.certain)
    return _listed(ctx, talk, message.args, mine=False)


@router.sentence(20)
def quiet_customers(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`30天没跟进的客户`, `谁10天没跟进`, `快掉公海的客户`."""
    if not says_conditions(message.text, alone=True):
        return None
    return _listed(ctx, talk, message.text.removeprefix("谁"), mine=False)


@router.command("筛选")
def run(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`筛选 重点未跟进`: a saved one; else what follows are conditions."""
    if not message.args:
        return saved(message, ctx, talk)
    kept = service.find_saved(ctx, message.args)
    if kept is None:
        return _listed(ctx, talk, message.args, mine=False)
    return _list(talk, kept.words, mine=kept.mine, page=1, name=kept.name)


@router.command("我的筛选", "筛选列表", "常用筛选", whole=True)
def saved(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """All there are, each with its number now."""
    service.list_saved(ctx)
    return Reply(card=CardRef("filters.saved", {}))


@router.command("保存筛选", "存筛选", "保存为筛选")
def save(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`保存筛选 重点未跟进 制造业 30天未跟进`; without conditions those of the list just shown."""
    name, _, text = message.args.partition(" ")
    shown = (talk.aside or {}).get("state", {}) if (talk.aside or {}).get("kind") == "filters.list" else {}
    if not text and not shown:
        raise InvalidInput("要保存什么？名称后面写上条件，例如「保存筛选 重点未跟进 制造业 30天未跟进」。")
    mine = bool(shown.get("mine")) if not text else text.startswith("我的客户")
    words = str(shown.get("text", "")) if not text else text.removeprefix("我的客户").removeprefix("客户 ")
    kept, undo_id = service.save_filter(ctx, name, words, mine=mine)
    return _done(f"已保存筛选 {kept.saved.name}", saved_text(kept), undo_id)


@router.command("删除筛选", "删筛选")
def remove(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`删除筛选 重点未跟进`."""
    if not message.args:
        raise InvalidInput("要删除哪个筛选？例如「删除筛选 重点未跟进」，发送「我的筛选」看看有哪些。")
    name, undo_id = service.remove_filter(ctx, message.args)
    return _done(f"已删除筛选 {name}", "", undo_id)


@router.command("共享筛选", "分享筛选")
def share(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`共享筛选 重点未跟进 给 销售一部`."""
    said = GIVING.fullmatch(message.args)
    if said is None:
        raise InvalidInput("共享哪个筛选给谁？例如「共享筛选 重点未跟进 给 销售一部」，部门和角色都行。")
    name, now, undo_id = service.share_filter(ctx, said["name"], said["whom"])
    body = f"共享给：{'、'.join(now)}。他们发送「筛选 {name}」，看到的是各自权限内的客户。"
    return _done(f"已共享筛选 {name}", body, undo_id)


@router.command("取消共享")
def unshare(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:  # noqa: ARG001 -- a door's shape
    """`取消共享 重点未跟进`."""
    if not message.args:
        raise InvalidInput("取消共享哪个筛选？例如「取消共享 重点未跟进」。")
    name, _, undo_id = service.share_filter(ctx, message.args.removeprefix("筛选").strip(), "")
    return _done(f"已取消共享 {name}", "只有你自己用。", undo_id)


def _done(title: str, body: str, undo_id: int) -> Reply:
    return Reply(card=CardRef("filters.done", {"title": title, "body": body, "undo_id": undo_id}))


@router.question("filters.list")
def go_on(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, `第3页`, `保存 重点未跟进`, or the number of a row to open it."""
    state = dict(pending["state"])
    keep = re.fullmatch(r"保存(?:为|成)?\s*(?P<name>.*)", message.text.strip())
    if keep is not None and not keep["name"]:
        raise InvalidInput("给这个筛选起个名称，例如「保存 重点未跟进」。")
    if keep is not None:
        kept, undo_id = service.save_filter(ctx, keep["name"], str(state["text"]), mine=bool(state["mine"]))
        return _done(f"已保存筛选 {kept.saved.name}", saved_text(kept), undo_id)
    wanted, number = page_wanted(message.text, int(state["page"])), ordinal(message.text)
    if wanted is None and number is None:
        return None
    at = int(state["page"]) if wanted is None else wanted
    page = service.list_customers(ctx, str(state["text"]), mine=bool(state["mine"]), page=at)
    if wanted is not None:
        return _list(
            talk, str(state["text"]), mine=bool(state["mine"]), page=page.page, name=str(state.get("name", ""))
        )
    if not page.rows:
        return None
    if number is None or not 1 <= number <= len(page.rows):
        raise InvalidInput(f"这一页只有 {len(page.rows)} 家，回复 1 到 {len(page.rows)} 之间的数字，或发送「下一页」。")
    return open_customer(talk, page.rows[number - 1].id or 0)


@router.sentence(89)
def bare_saved(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`重点未跟进`: a saved filter by its name alone, in single chat."""
    if message.group or not 1 < len(message.text) <= 20 or not ctx.actor.may(Permission.CUSTOMER_VIEW):
        return None
    kept = service.find_saved(ctx, message.text.strip())
    return None if kept is None else _list(talk, kept.words, mine=kept.mine, page=1, name=kept.name)


@router.sentence(92)
def bare_conditions(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`重点客户 制造业`: several conditions and nothing else, in single chat."""
    if message.group or not ctx.actor.may(Permission.CUSTOMER_VIEW) or not 2 <= len(message.text.split()) <= MOST:
        return None
    said = service.list_customers(ctx, message.text).meaning
    if said.unknown or len(said.told) < 2:
        return None
    return _list(talk, said.without_page, mine=said.mine, page=said.page)
