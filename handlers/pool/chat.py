"""What people type about the pool."""

import re
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from handlers.customers.finding import find_customer, find_person
from handlers.pool import views
from handlers.pool.service import assign_customer, browse_pool, claim_customer, return_customer, subject

router = Router("pool.chat")
LEAD_IN = re.compile(r"^(?:到公海|回公海|[ ，,。:：]|因为|原因)+")


@router.command("公海")
def browse(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`公海 杭州 机械`: five a page, with a claim button each; in a group a card for all."""
    words = tuple(message.args.split())
    page = browse_pool(ctx, words, 1)
    ids = [c.id for c in page.customers if c.id is not None]
    talk.ask("pool.list", words=list(words), page=1, pages=page.pages, ids=ids)
    state = {"words": list(words), "page": 1, "ids": ids, "group": message.group}
    return Reply(card=CardRef("pool.list", state, tuple(subject(i) for i in ids)), private=False)


@router.question("pool.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, `上一页`, or the number of a row to claim it."""
    step = {"下一页": 1, "上一页": -1}.get(message.text)
    if step is not None:
        wanted = min(max(1, int(pending["page"]) + step), int(pending["pages"]))
        words = tuple(pending["words"])
        page = browse_pool(ctx, words, wanted)
        ids = [c.id for c in page.customers if c.id is not None]
        talk.ask("pool.list", words=list(words), page=wanted, pages=page.pages, ids=ids)
        state = {"words": list(words), "page": wanted, "ids": ids, "group": message.group}
        return Reply(card=CardRef("pool.list", state, tuple(subject(i) for i in ids)), private=False)
    if message.text.isdecimal() and 1 <= int(message.text) <= len(pending["ids"]):
        return _claimed(ctx, talk, int(pending["ids"][int(message.text) - 1]))
    return None


@router.command("领取", "抢")
def claim(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`领取 宁波海蓝`: a card naming the customer now yours, with its contacts."""
    if not message.args:
        raise InvalidInput("想领取哪一家？例如「领取 宁波海蓝」，先发送「公海」看看有哪些。")
    found = find_customer(ctx, message.args, pooled=True)
    if found.certain is None:
        taken = find_customer(ctx, message.args, pooled=None, everyone=True)
        if not found.options and taken.certain is not None:
            return _claimed(ctx, talk, taken.certain)  # the rule says who has it
        return found.ask(talk, "pool.claim", "领取")
    return _claimed(ctx, talk, found.certain)


@router.question("pool.claim")
def choose_claim(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    chosen = _chosen(message, pending)
    return None if chosen is None else _claimed(ctx, talk, chosen)


def _claimed(ctx: Context, talk: Talk, customer_id: int) -> Reply:
    done = claim_customer(ctx, customer_id)
    talk.settle()
    talk.about(customer_id)
    state = {"customer_id": customer_id, "undo_id": done.undo_id, "at": ctx.now.isoformat(), "again": done.mine_already}
    return Reply(card=CardRef("pool.claimed", state, (subject(customer_id),)))


@router.command("退回公海", "放回公海", "退回")
def give_back(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`退回 蓝海机械 联系不上`: asks for the reason if it is missing."""
    if not message.args:
        raise InvalidInput("想退回哪一家？例如「退回 蓝海机械 联系不上」。")
    found = find_customer(ctx, message.args, pooled=None, leading=True)
    if found.certain is None:
        return found.ask(talk, "pool.return_which", "退回")
    return _returned(ctx, talk, found.certain, LEAD_IN.sub("", found.rest))


@router.question("pool.return_which")
def choose_return(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    chosen = _chosen(message, pending)
    return None if chosen is None else _returned(ctx, talk, chosen, str(pending.get("rest", "")))


@router.question("pool.return_reason")
def give_reason(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The reason, typed."""
    return _returned(ctx, talk, int(pending["customer_id"]), message.text) if message.text else None


def _returned(ctx: Context, talk: Talk, customer_id: int, reason: str) -> Reply:
    if not reason:
        talk.ask("pool.return_reason", customer_id=customer_id)
        return Reply(card=CardRef("pool.ask_reason", {"customer_id": customer_id}, (subject(customer_id),)))
    done = return_customer(ctx, customer_id, reason[:200])
    talk.settle()
    state = views.returned_state(ctx, done, reason, customer_id)
    return Reply(card=CardRef("pool.returned", state, (subject(customer_id),)))


@router.command("分配")
def assign(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`分配 宁波海蓝 给 李娜`."""
    what, _, whom = message.args.partition("给")
    if not what.strip() or not whom.strip():
        raise InvalidInput("请写明客户和人，例如「分配 宁波海蓝 给 李娜」。")
    found = find_customer(ctx, what.strip(), pooled=True)
    if found.certain is None:
        elsewhere = find_customer(ctx, what.strip(), pooled=False)
        if not found.options and elsewhere.certain is None:
            raise NotFound(f"公海里没有找到「{what.strip()}」，发送「公海」看看有哪些。")
        if found.options:
            return found.ask(talk, "pool.assign_which", "分配", whom=whom.strip())
        found = elsewhere
    assert found.certain is not None
    return Reply(assign_customer(ctx, found.certain, find_person(ctx, whom.strip())), private=False)


@router.question("pool.assign_which")
def choose_assign(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    chosen = _chosen(message, pending)
    if chosen is None:
        return None
    talk.settle()
    return Reply(assign_customer(ctx, chosen, find_person(ctx, str(pending["whom"]))), private=False)


def _chosen(message: ChatMessage, pending: dict[str, Any]) -> int | None:
    ids = pending.get("ids", [])
    if message.text.isdecimal() and 1 <= int(message.text) <= len(ids):
        return int(ids[int(message.text) - 1])
    return None
