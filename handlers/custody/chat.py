"""What people type about a customer as a whole: 转给, 锁定, 解锁, 删除."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import ChatMessage, Reply, Router, Talk
from bot.language.dates import find_moments
from handlers.custody import views
from handlers.custody.service import (
    Done,
    delete_customer,
    lock_customer,
    preview_transfer,
    transfer_customer,
    unlock_customer,
)
from handlers.customers.finding import THIS, Finding, chosen, find_customer, find_person
from handlers.customers.standing import require_any
from handlers.flows.finding import NUMBER

router = Router("custody.chat")
SPOKEN = re.compile(
    r"(?:请|麻烦|帮我)?(?:把|将)?\s*(?P<what>.{1,60}?)\s*(?:这个客户|这家)?\s*(?:转交给|转让给|移交给|转移给|转给|过户给)\s*(?P<whom>.{1,40})"
)
OWNER = re.compile(
    r"(?:把|将)?\s*(?P<what>.{1,60}?)\s*的?\s*负责人\s*(?:改成|改为|换成|换为|变更为|更换为|设为)\s*(?P<whom>.{1,40})"
)
EXAMPLE = "把 华兴 转给 李敏"
DEALS = re.compile(r"\s*[,，。；;\s]\s*(?=\S*(?:商机|合同|一起|只转))(?P<deals>.+)$")  # …，商机和合同一起转
ALONE = re.compile(r"只转|不转|别转|不要|不带|留下|不用")
TOGETHER = ("一起转", "商机和合同一起转", "商机一起转", "合同一起转", "都转", "是", "要", "1")
ONLY = ("只转客户", "只转", "不一起", "不要", "否", "2")
UNTIL = re.compile(r"\s*(?:锁定?)?\s*(?:到|至)\s*(?P<day>\S.*)$")


def find_any(ctx: Context, talk: Talk, words: str, example: str) -> Finding:
    """The customer meant, in the pool or not; 这家 is the one last spoken of."""
    words = words.strip(" ，,。：:")
    subject = talk.subject()
    if subject is not None and (words in THIS or not words):
        return Finding(words, subject)
    if not words:
        raise InvalidInput(f"是哪一家？例如「{example}」。")
    found = find_customer(ctx, words, pooled=False)
    if found.certain is None:
        pooled = find_customer(ctx, words, pooled=True)
        if pooled.certain is not None or not found.options:
            return pooled if pooled.certain is not None or pooled.options else found
    return found


def of_customers(rest: str) -> bool:
    """转交 FP-2026-0001 is an approval's."""
    return NUMBER.match(rest) is None


@router.command("转移客户", "转移", "转交客户", "转交", "更换负责人", "变更负责人", when=of_customers)
def transfer(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`转移 华兴 给 李敏`, `更换负责人 华兴 李敏`."""
    ctx.actor.require(Permission.CUSTOMER_TRANSFER)
    what, gave, whom = message.args.rpartition("给")
    if not gave:
        what, _, whom = message.args.strip().rpartition(" ")
    return _transfer(ctx, talk, what, whom)


@router.sentence(14)
def transfer_spoken(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`把 华兴 转给 李敏`, `华兴的负责人改成李敏`."""
    text = message.text.strip(" 。.!！")
    said = SPOKEN.fullmatch(text) or OWNER.fullmatch(text)
    if said is None or re.search(r"线索|商机|合同|[A-Za-z]{2}-\d", said["what"]):  # those have owners of their own
        return None
    ctx.actor.require(Permission.CUSTOMER_TRANSFER)
    return _transfer(ctx, talk, said["what"], said["whom"])


def _transfer(ctx: Context, talk: Talk, what: str, whom: str) -> Reply:
    whom = whom.strip(" ，,")
    if not whom:
        raise InvalidInput(f"转给谁？例如「{EXAMPLE}」。")
    found = find_any(ctx, talk, what.strip().removeprefix("客户").strip(), EXAMPLE)
    if found.certain is None:
        return found.ask(talk, "custody.which", "转", doing="transfer", words=whom)
    return _do(ctx, talk, found.certain, "transfer", whom)


@router.command("删除客户")
def delete(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`删除客户 华兴`."""
    ctx.actor.require(Permission.CUSTOMER_DELETE)
    return _named(ctx, talk, message.args, "delete", "删除", "删除客户 华兴")


@router.command("锁定客户", "锁定")
def lock(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`锁定 华兴 到 3月底`; without a day, as long as may be."""
    require_any(ctx.actor, Permission.CUSTOMER_ADD, Permission.CUSTOMER_EDIT)
    ends = UNTIL.search(message.args)
    if ends is None:
        return _named(ctx, talk, message.args, "lock", "锁定", "锁定 华兴 到 3月底")
    return _named(ctx, talk, message.args[: ends.start()], "lock", "锁定", "锁定 华兴 到 3月底", words=ends["day"])


@router.command("解锁客户", "解锁", "解除锁定", "取消锁定")
def unlock(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`解锁 华兴`."""
    require_any(ctx.actor, Permission.CUSTOMER_ADD, Permission.CUSTOMER_EDIT)
    return _named(ctx, talk, message.args, "unlock", "解锁", "解锁 华兴")


def _named(ctx: Context, talk: Talk, what: str, verb: str, called: str, example: str, *, words: str = "") -> Reply:
    found = find_any(ctx, talk, what, example)
    if found.certain is None:
        return found.ask(talk, "custody.which", called, doing=verb, words=words)
    return _do(ctx, talk, found.certain, verb, words)


@router.question("custody.which")
def which(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several."""
    customer_id = chosen(message, ctx, pending)
    if customer_id is None:
        return None
    return _do(ctx, talk, customer_id, str(pending["doing"]), str(pending["words"]))


def _do(ctx: Context, talk: Talk, customer_id: int, verb: str, words: str) -> Reply:
    if verb == "transfer":
        return _give(ctx, talk, customer_id, words)
    verbs: dict[str, Callable[[], Done]] = {
        "delete": lambda: delete_customer(ctx, customer_id),
        "lock": lambda: lock_customer(ctx, customer_id, _day(ctx, words)),
        "unlock": lambda: unlock_customer(ctx, customer_id),
    }
    done = verbs[verb]()
    talk.settle()
    if verb != "delete":
        talk.about(done.customer_id)
    return Reply(card=views.done_ref(done))


def _give(ctx: Context, talk: Talk, customer_id: int, words: str) -> Reply:
    """`李敏`, `李敏，商机和合同一起转`, `李敏，只转客户`: unsaid, it is asked where there is anything to ask."""
    said = DEALS.search(words)
    receiver_id = find_person(ctx, words if said is None else words[: said.start()])
    shown = preview_transfer(ctx, customer_id, receiver_id)
    if said is None and (shown.opportunities or shown.contracts):
        talk.ask("custody.along", customer_id=shown.customer_id, receiver_id=receiver_id)
        return Reply(card=views.along_ref(shown.customer_id, receiver_id))
    return _given(ctx, talk, customer_id, receiver_id, with_deals=said is not None and not ALONE.search(said["deals"]))


def _given(ctx: Context, talk: Talk, customer_id: int, receiver_id: str, *, with_deals: bool) -> Reply:
    done = transfer_customer(ctx, customer_id, receiver_id, with_deals=with_deals)
    talk.settle()
    talk.about(done.customer_id)
    return Reply(card=views.done_ref(done))


@router.question("custody.along")
def along(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`一起转`, `只转客户`, or neither."""
    words = message.text.strip(" 。.!！")
    customer_id, receiver_id = int(pending["customer_id"]), str(pending["receiver_id"])
    if words in TOGETHER:
        return _given(ctx, talk, customer_id, receiver_id, with_deals=True)
    if words in ONLY:
        return _given(ctx, talk, customer_id, receiver_id, with_deals=False)
    if words in ("取消", "算了", "不转", "不转了"):
        talk.settle()
        return Reply("好的，没有转。")
    return None


def _day(ctx: Context, words: str) -> date | None:
    if not words:
        return None
    founds = find_moments(words, ctx.now)
    if len(founds) != 1 or not founds[0].sure:
        raise InvalidInput(f"锁定到哪一天没认出来：「{words[:20]}」，例如「锁定 华兴 到 3月31日」。")
    return founds[0].day
