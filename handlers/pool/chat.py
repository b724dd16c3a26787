"""What people type about the pool."""

import re
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.filters import page_wanted
from bot.language.replies import ordinal
from handlers.customers.finding import THIS, chosen, find_customer, find_person, find_taken, names_somebody
from handlers.pool import views
from handlers.pool.service import assign_customer, browse_pool, claim_customer, return_customer, subject

router = Router("pool.chat")
SPOKEN = re.compile(r"(?:请|麻烦|帮我)?(?:把|将)\s*(?P<what>.{1,60}?)\s*(?:分配|分派|分|派)\s*给\s*(?P<whom>.{1,40})")
NO_CLAIM = re.compile(r"[导先域带班情证料工奖钱教略悟会袖]")  # 领导, 领先: words that begin so and ask for no claim
GIVEN = re.compile(r"(?P<what>[^\s，,。]{2,40}?)\s*(?:分给|派给|给)\s*(?P<whom>[^\s，,。]{2,20})")
DROPPED = re.compile(
    r"(?P<what>[^\s，,。]{1,40}?)\s*(?:我)?(?:不想跟了|不跟了|不跟进了|放弃了?|不做了)[\s，,。:：]*(?P<why>.*)"
)
LEAD_IN = re.compile(r"^(?:到公海|回公海|[ ，,。:：]|因为|原因)+")


@router.command("公海", "公海客户")
def browse(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`公海 城市=宁波 等级A 食品`: five a page, with a claim button each; in a group a card for all."""
    return _show(ctx, talk, message.args, None, group=message.group)


def _show(ctx: Context, talk: Talk, text: str, wanted: int | None, *, group: bool) -> Reply:
    ref = views.page_ref(browse_pool(ctx, text, wanted), group=group)
    talk.ask("pool.list", **ref.state)
    return Reply(card=ref, private=False)


@router.question("pool.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, `上一页`, `第2页`, or the number of a row to claim it."""
    wanted = page_wanted(message.text, int(pending["page"]))
    if wanted is not None:
        return _show(ctx, talk, str(pending["text"]), wanted, group=message.group)
    number = ordinal(message.text)
    if number is not None and pending["ids"]:
        return _claimed(ctx, talk, _row(pending, number))
    return None


def _row(pending: dict[str, Any], number: int) -> int:
    ids = pending["ids"]
    if not 1 <= number <= len(ids):
        raise InvalidInput(f"这一页只有 {len(ids)} 家，回复 1 到 {len(ids)} 之间的数字，或发送「下一页」。")
    return int(ids[number - 1])


@router.command("领取", "抢", "认领", "领一下", "领下")
@router.command("领", "领走", when=lambda rest: bool(rest) and not NO_CLAIM.match(rest))
def claim(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`领取 宁波海蓝`: a card naming the customer now yours, with its contacts; `领取 2` of the list just shown."""
    ctx.actor.require(Permission.POOL_CLAIM)
    if not message.args:
        raise InvalidInput("想领取哪一家？例如「领取 宁波海蓝」，先发送「公海」看看有哪些。")
    number = ordinal(message.args)
    if number is not None and talk.aside is not None and talk.aside["kind"] == "pool.list" and talk.aside["ids"]:
        return _claimed(ctx, talk, _row(talk.aside, number))
    found = find_customer(ctx, message.args, pooled=True)
    if found.certain is not None:
        return _claimed(ctx, talk, found.certain)
    taken = find_taken(ctx, message.args)
    if taken is not None and not found.options:
        return _claimed(ctx, talk, taken)  # the rule says who has it
    return found.ask(talk, "pool.claim", "领取")


@router.question("pool.claim")
def choose_claim(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    customer_id = chosen(message, ctx, pending)
    return None if customer_id is None else _claimed(ctx, talk, customer_id)


def _claimed(ctx: Context, talk: Talk, customer_id: int) -> Reply:
    done = claim_customer(ctx, customer_id)
    talk.settle()
    talk.about(customer_id)
    state = {"customer_id": customer_id, "undo_id": done.undo_id, "at": ctx.now.isoformat(), "again": done.mine_already}
    return Reply(card=CardRef("pool.claimed", state, (subject(customer_id),)))


@router.command("退回公海", "放回公海", "退回")
def give_back(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`退回 蓝海机械 联系不上`: asks for the reason if it is missing."""
    if not (ctx.actor.may(Permission.POOL_CLAIM) or ctx.actor.may(Permission.POOL_RETURN)):
        ctx.actor.require(Permission.POOL_RETURN)
    if not message.args:
        raise InvalidInput("想退回哪一家？例如「退回 蓝海机械 联系不上」。")
    subject_id = talk.subject()
    first, _, rest = message.args.partition(" ")
    if first in THIS and subject_id is not None:
        return _returned(ctx, talk, subject_id, LEAD_IN.sub("", rest))
    found = find_customer(ctx, message.args, pooled=False, leading=True)
    if found.certain is None and not found.options:
        found = find_customer(ctx, message.args, pooled=True, leading=True)  # the rule says it is there already
    if found.certain is None:
        return found.ask(talk, "pool.return_which", "退回")
    return _returned(ctx, talk, found.certain, LEAD_IN.sub("", found.rest))


@router.question("pool.return_which")
def choose_return(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    customer_id = chosen(message, ctx, pending)
    return None if customer_id is None else _returned(ctx, talk, customer_id, str(pending.get("rest", "")))


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
    what, gave, whom = message.args.rpartition("给")
    if not gave:
        what, _, whom = message.args.rpartition(" ")
    return _assigned(ctx, talk, what.strip(" ，,"), whom.strip(" ，,"))


@router.sentence(15)
def assign_spoken(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`把 宁波海蓝 分配给 李娜`."""
    said = SPOKEN.fullmatch(message.text.strip(" 。.!！"))
    return None if said is None else _assigned(ctx, talk, said["what"].strip(), said["whom"].strip())


@router.sentence(27)
def given(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`江门摩托给高兴`: only of a customer in the pool and a colleague, by who may assign."""
    said = GIVEN.fullmatch(message.text.strip(" 。.!！"))
    if said is None or not ctx.actor.may(Permission.POOL_ASSIGN):
        return None
    if find_customer(ctx, said["what"], pooled=True).certain is None or not names_somebody(ctx, said["whom"]):
        return None
    return _assigned(ctx, talk, said["what"], said["whom"])


@router.sentence(27)
def dropped(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`比亚迪不跟了 没预算`: one's own goes back to the pool; the reason is asked if it is missing."""
    said = DROPPED.fullmatch(message.text.strip(" 。.!！"))
    if said is None or not ctx.actor.may(Permission.POOL_CLAIM):
        return None
    found = find_customer(ctx, said["what"], pooled=False)
    return None if found.certain is None else _returned(ctx, talk, found.certain, said["why"])


def _assigned(ctx: Context, talk: Talk, what: str, whom: str) -> Reply:
    ctx.actor.require(Permission.POOL_ASSIGN)
    if not what or not whom:
        raise InvalidInput("请写明客户和人，例如「分配 宁波海蓝 给 李娜」。")
    found = find_customer(ctx, what, pooled=True)
    if found.certain is None:
        if found.options:
            return found.ask(talk, "pool.assign_which", "分配", whom=whom)
        found = find_customer(ctx, what, pooled=False)
        if found.certain is None:
            raise NotFound(f"公海里没有找到「{what[:40]}」，发送「公海」看看有哪些。")
    return Reply(assign_customer(ctx, found.certain, find_person(ctx, whom)), private=False)


@router.question("pool.assign_which")
def choose_assign(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    customer_id = chosen(message, ctx, pending)
    if customer_id is None:
        return None
    talk.settle()
    return Reply(assign_customer(ctx, customer_id, find_person(ctx, str(pending["whom"]))), private=False)
