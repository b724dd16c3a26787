"""What people type about 协作人."""

import re
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import ChatMessage, Reply, Router, Talk
from bot.language.replies import ordinal
from handlers.customers.finding import THIS, Finding, chosen, find_customer, find_person
from handlers.customers.standing import require_any
from handlers.team import views
from handlers.team.rules import EXAMPLE, read_member
from handlers.team.service import DECIDES, add_member, ask_to_join, end_member, list_team

LIKENESSES = ("customers.create_anyway", "leads.convert")  # questions beside a card that tells of likenesses
router = Router("team.chat")
ADD = re.compile(
    r"(?:给|为|让|把)?\s*(?P<name>.{1,40}?)\s*(?:添加|新增|增加|加|设)(?:一个|一位|个|位)?协作人[\s:：]*(?P<rest>.+)"
)
TOGETHER = re.compile(
    r"(?:让|叫|请|安排|拉)\s*(?P<who>[^\s,，]{2,20}?)\s*(?:来|也|跟我|和我|同我|帮我|加入)*\s*(?:一起|一块儿?|一同|协助|帮忙|协作)\s*"
    r"(?:来|去)?(?:跟进?|负责|做|管|盯|看)(?:一下|着)?\s*(?P<name>[^,，。]{1,40}?)(?:这家|这个客户|的项目)?[。!！]?"
)
END = re.compile(
    r"(?:把|将)\s*(?P<who>.{2,20}?)\s*(?:从|移出|踢出)\s*(?P<name>.{2,40}?)\s*(?:的)?协作人?(?:里|中)?(?:移除|去掉|移出|踢出)?[。]?"
)
OF = re.compile(r"(?P<name>.{1,40}?)\s*的?\s*(?:协作人|协作团队)\s*(?:列表|有谁|有哪些|是谁)?[?？。]*")


def _whose(ctx: Context, talk: Talk, words: str) -> Finding:
    subject = talk.subject()
    if (words in THIS or not words) and subject is not None:
        return Finding(words, subject)
    found = find_customer(ctx, words, pooled=False)
    if found.certain is None and not found.options:
        found = find_customer(ctx, words, pooled=True)  # the use case says it is in the pool
    return found


def _added(ctx: Context, talk: Talk, customer_id: int, rest: str) -> Reply:
    words = read_member(rest, ctx.now)
    may_write = True if words.may_write is None else words.may_write
    done = add_member(ctx, customer_id, find_person(ctx, words.who), may_write=may_write, until=words.until)
    talk.settle()
    talk.about(done.customer_id)
    return Reply(done.text, card=views.teamed_ref(done))


def _ended(ctx: Context, talk: Talk, customer_id: int, who: str) -> Reply:
    done = end_member(ctx, customer_id, find_person(ctx, who))
    talk.settle()
    talk.about(done.customer_id)
    return Reply(done.text, card=views.teamed_ref(done))


@router.sentence(18)
def add_spoken(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`给 华兴 加协作人 李敏 只读 到 3月底`."""
    said = ADD.fullmatch(message.text.strip())
    if said is None:
        return None
    require_any(ctx.actor, *DECIDES)
    found = _whose(ctx, talk, said["name"].strip())
    if found.certain is None:
        return found.ask(talk, "team.which", "加协作人", doing="add", words=said["rest"])
    return _added(ctx, talk, found.certain, said["rest"])


@router.sentence(18)
def together(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`让高兴一起跟小米`: a colleague who may write; None where no customer is named so."""
    said = TOGETHER.fullmatch(message.text.strip())
    if said is None:
        return None
    found = _whose(ctx, talk, said["name"].strip())
    if found.certain is None and not found.options:
        return None
    require_any(ctx.actor, *DECIDES)
    if found.certain is None:
        return found.ask(talk, "team.which", "加协作人", doing="add", words=said["who"])
    return _added(ctx, talk, found.certain, said["who"])


@router.command("加协作人", "添加协作人", "新增协作人", "增加协作人")
def add(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`加协作人 华兴 李敏 可写`."""
    require_any(ctx.actor, *DECIDES)
    return _split(ctx, talk, message.args, "add")


@router.command("移除协作人", "删除协作人", "去掉协作人", "取消协作人")
def end(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`移除协作人 华兴 李敏`; of the customer last spoken of `移除协作人 李敏`."""
    require_any(ctx.actor, *DECIDES)
    return _split(ctx, talk, message.args, "end")


@router.sentence(18)
def end_spoken(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`把李敏移出华兴的协作人`."""
    said = END.fullmatch(message.text.strip())
    if said is None:
        return None
    require_any(ctx.actor, *DECIDES)
    found = _whose(ctx, talk, said["name"].strip().removesuffix("的"))
    if found.certain is None:
        return found.ask(talk, "team.which", "移除协作人", doing="end", words=said["who"])
    return _ended(ctx, talk, found.certain, said["who"])


def _split(ctx: Context, talk: Talk, args: str, verb: str) -> Reply:
    """The customer stands first; alone, a person is of the customer last spoken of."""
    example = EXAMPLE if verb == "add" else "移除协作人 华兴 李敏"
    head, _, rest = args.strip().partition(" ")
    if not head:
        raise InvalidInput(f"哪家客户、哪位同事？例如「{example}」。")
    doing = _added if verb == "add" else _ended
    subject = talk.subject()
    if head in THIS and subject is not None:
        return doing(ctx, talk, subject, rest)
    found = find_customer(ctx, args, pooled=False, leading=True)
    if found.certain is not None and found.rest:
        return doing(ctx, talk, found.certain, found.rest)
    if found.certain is None and found.options:
        return found.ask(talk, "team.which", "改协作人", doing=verb, words=found.rest or rest)
    if found.certain is None and subject is not None:
        return doing(ctx, talk, subject, args)
    if found.certain is None:
        return found.ask(talk, "team.which", "改协作人", doing=verb, words=rest)
    raise InvalidInput(f"还差同事的名字，例如「{example}」。")


@router.question("team.which")
def which(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several."""
    customer_id = chosen(message, ctx, pending)
    if customer_id is None:
        return None
    if pending["doing"] == "list":
        return _list(ctx, talk, customer_id)
    doing = _added if pending["doing"] == "add" else _ended
    return doing(ctx, talk, customer_id, str(pending["words"]))


@router.command("协作人")
def show(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`协作人 华兴`."""
    if not message.args and talk.subject() is None:
        raise InvalidInput("看哪家的协作人？例如「协作人 华兴」。")
    found = _whose(ctx, talk, message.args.strip())
    if found.certain is None:
        return found.ask(talk, "team.which", "看", doing="list", words="")
    return _list(ctx, talk, found.certain)


@router.sentence(19)
def show_spoken(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`华兴的协作人`."""
    said = OF.fullmatch(message.text.strip())
    if said is None:
        return None
    found = _whose(ctx, talk, said["name"].strip())
    if found.certain is None:
        return found.ask(talk, "team.which", "看协作人", doing="list", words="") if found.options else None
    return _list(ctx, talk, found.certain)


def _list(ctx: Context, talk: Talk, customer_id: int) -> Reply:
    team = list_team(ctx, customer_id)
    talk.settle()
    talk.about(team.customer_id)
    return Reply(card=views.team_ref(team.customer_id))


@router.command("请负责人加我", "申请协作", "请求协作")
def ask(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`申请协作 华兴`: the owner is asked by a card; `申请协作`, `申请协作 2` of the likenesses just shown."""
    alike = _alike(talk, message.args)
    if alike is not None:
        return Reply(ask_to_join(ctx, alike, shown=True))
    found = _whose(ctx, talk, message.args.strip())
    if found.certain is None:
        return found.ask(talk, "team.ask_which", "协作")
    return _asked(ctx, talk, found.certain)


def _alike(talk: Talk, said: str) -> int | None:
    """Of the customers whose masked names stood on the card of a new one (R-DUP-2)."""
    aside = talk.aside or {}
    others = aside.get("others") if aside.get("kind") in LIKENESSES else None
    number = ordinal(said) if said else 1
    if not others or number is None:
        return None
    if not 1 <= number <= len(others):
        raise InvalidInput(f"卡片上只有 {len(others)} 家，例如「申请协作 1」。")
    return int(others[number - 1])


@router.question("team.ask_which")
def ask_which(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several."""
    customer_id = chosen(message, ctx, pending)
    return None if customer_id is None else _asked(ctx, talk, customer_id)


def _asked(ctx: Context, talk: Talk, customer_id: int) -> Reply:
    text = ask_to_join(ctx, customer_id)
    talk.settle()
    talk.about(customer_id)
    return Reply(text)
