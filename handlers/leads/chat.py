"""What people say about leads."""

import re
from dataclasses import replace
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.filters import page_wanted, read_list
from bot.language.followup import tells_of_contact
from bot.language.phones import find_phones
from bot.language.replies import ordinal
from handlers.customers.finding import find_customer
from handlers.customfields.rules import Required
from handlers.leads import acts, service
from handlers.leads.finding import find_lead, named_first
from handlers.leads.reading import filter_of, read_change, read_filter, read_lead
from handlers.leads.rules import ALL_WORDS, EXAMPLE, STATE_WORDS
from handlers.leads.steps import NewLead
from handlers.leads.views import one_ref
from handlers.opportunities.reading import SaidDeal

router = Router("leads.chat")
WORDS = {
    "转客户并建商机": "both", "转成客户": "customer", "转为客户": "customer", "转客户": "customer",
    "有意向": "interested", "有兴趣": "interested", "有意": "interested", "无效": "invalid", "恢复": "following",
}  # fmt: skip
OF_IT = re.compile(
    rf"(?:把|将)?\s*(?:它|这条线索)\s*(?:(?:转给|交给|分给)\s*(?P<whom>\S.*)|(?P<act>{'|'.join(WORDS)})了?\s*(?P<rest>.*))"
)
OF_NAME = re.compile(
    rf"(?:把|将)?\s*(?P<name>[^\s,，。：:]{{2,40}}?)\s*(?:这条线索|的?线索)?\s*(?:(?P<act>{'|'.join(WORDS)})了?|"
    r"(?P<gone>不要了|没需求了?|没戏了?|不做了))[\s,，:：]*(?P<rest>.*)"
)
TO_WHOM = re.compile(r"^(?P<name>.+?)\s*(?:转给|转交给|交给|分给|给)\s*(?P<whom>\S.*)$")


@router.command("新建线索", "新增线索", "添加线索", "创建线索", "录入线索", "录线索", "建线索", "加线索", "记线索")
def create(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`新建线索 杭州远航贸易 陈强 13812345678 展会 要两台`; alone: a form."""
    ctx.actor.require(Permission.LEAD_ADD)
    if not message.args:
        talk.ask("leads.new", draft=None)
        return Reply(card=CardRef("leads.new", {"draft": {}}))
    return _create(ctx, talk, read_lead(ctx, message.args))


@router.question("leads.new")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What was missing."""
    draft = NewLead(**pending["draft"]) if pending.get("draft") else None
    return _create(ctx, talk, read_lead(ctx, message.text, draft))


def _create(ctx: Context, talk: Talk, new: NewLead) -> Reply:
    if not new.company:
        raise InvalidInput(f"还差公司名称，例如「{EXAMPLE}」。")
    try:
        return acts.shown(service.create_lead(ctx, new), talk)
    except Required as short:
        talk.ask("leads.new", draft=new.row())
        return Reply(card=CardRef("leads.new", {"draft": new.row(), "missing": short.text}))


# -- lists and one ------------------------------------------------------------------------------------------------


def _list(ctx: Context, talk: Talk, words: str, **taken: Any) -> Reply:
    state = read_filter(ctx, words, taken=taken)
    talk.ask("leads.list", state=state)
    return Reply(card=CardRef("leads.list", state))


@router.command("我的线索")
def mine(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`我的线索 展会 有意向`."""
    return _list(ctx, talk, message.args, owner=ctx.actor.user_id, mine=True)


@router.command("线索列表", "线索")
def listing(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`线索 展会 李娜 无效 年采购额 大于50万`; `线索 远航` shows it; `线索 远航 转给 李敏`."""
    words = message.args
    handed = TO_WHOM.match(words)
    if handed is not None and find_lead(ctx, handed["name"]).certain is not None:
        return acts.transfer(ctx, talk, handed["name"], handed["whom"])
    done = of_name(replace(message, text=words), ctx, talk) if words else None
    if done is not None:
        return done
    if message.word == "线索" and find_phones(words) and find_lead(ctx, words).certain is None:
        return create(message, ctx, talk)
    asked = read_list(words).words
    if words and not any(w in STATE_WORDS or w in ALL_WORDS for w in asked):
        found = find_lead(ctx, words)
        if found.certain is not None:
            return acts.open_one(ctx, talk, found.certain, "")
    return _list(ctx, talk, words)


@router.question("leads.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, or the number of a row."""
    state = dict(pending["state"])
    wanted, number = page_wanted(message.text, int(state["page"])), ordinal(message.text)
    if wanted is None and number is None:
        return None
    page = service.list_leads(ctx, filter_of(state), int(state["page"]) if wanted is None else wanted)
    if wanted is not None:
        state["page"] = min(wanted, page.pages)
        talk.ask("leads.list", state=state)
        return Reply(card=CardRef("leads.list", state))
    if number is None or not 1 <= number <= len(page.rows):
        raise InvalidInput(f"这一页只有 {len(page.rows)} 条，回复 1 到 {len(page.rows)} 之间的数字。")
    key = page.rows[number - 1].id or 0
    talk.about_lead(key)
    return Reply(card=one_ref(key))


# -- what is done with one ----------------------------------------------------------------------------------------


@router.question("leads.which")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several."""
    number = ordinal(message.text)
    ids = [int(i) for i in pending["ids"]]
    if number is None:
        return None
    if not 1 <= number <= len(ids):
        raise InvalidInput(f"回复 1 到 {len(ids)} 之间的数字，都不是就回复「取消」。")
    return acts.ACTS[str(pending["act"])](ctx, talk, ids[number - 1], str(pending.get("rest", "")))


@router.command("查线索", "查看线索", "查询线索")
def look_up(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`查线索 远航`."""
    return acts.on(ctx, talk, message.args, "open")


@router.command("线索转客户并建商机", "转客户并建商机", "线索转商机")
def convert_both(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`转客户并建商机 远航 二期扩容 8万 月底`."""
    return acts.on(ctx, talk, message.args, "both")


@router.command("线索转客户", "转客户", "转成客户", "转为客户", "线索转化")
def convert(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`线索转客户 远航`, `转客户 远航 商机 二期扩容 8万`; the company's own required fields may stand behind it."""
    return acts.on(ctx, talk, message.args, "customer")


@router.question("leads.convert")
def convert_on(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`仍要新建`, or the fields that were missing."""
    anyway = bool(pending.get("anyway"))
    if pending.get("doubt"):
        if message.text not in ("仍要新建", "新建", "是", "1"):
            return None
        anyway = True
    return acts.convert(
        ctx, talk, int(pending["id"]), message.text, opportunity=bool(pending.get("opportunity")), anyway=anyway,
        known=dict(pending.get("custom") or {}), deal=SaidDeal.of(pending.get("deal")),
    )  # fmt: skip


@router.command("跟进线索", "线索跟进", free=True)
def follow(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`跟进线索 远航 电话聊了需求 下次周三`, `跟进线索 它 …`."""
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    return acts.on(ctx, talk, message.args, "follow")


@router.question("leads.follow")
def told(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What was talked about."""
    return acts.follow(ctx, talk, int(pending["id"]), message.text)


@router.command("线索无效", "无效线索", "线索作废")
def invalid(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`线索无效 远航 空号`; alone: those that are."""
    if not message.args:
        return _list(ctx, talk, "", states=["invalid"])
    return acts.on(ctx, talk, message.args, "invalid")


@router.question("leads.why")
def why(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The reason."""
    return acts.invalid(ctx, talk, int(pending["id"]), message.text)


@router.command("恢复线索", "重新打开线索", "线索恢复")
def reopen(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`恢复线索 远航`."""
    return acts.on(ctx, talk, message.args, "following")


@router.command("线索有意向", "有意向线索")
def keen(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`线索有意向 远航`; alone: those that are."""
    if not message.args:
        return _list(ctx, talk, "", states=["interested"])
    return acts.on(ctx, talk, message.args, "interested")


@router.command("改线索", "修改线索", "编辑线索", "线索修改")
def edit(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`改线索 远航 电话 13812345678`, `改线索 远航 年采购额 50万`; without what: the form."""
    return acts.edit(ctx, talk, read_change(ctx, message.args))


@router.command("转线索", "转移线索", "把线索", "线索转给", "分配线索")
def transfer(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`转线索 远航 给 李敏`, `把线索 远航 转给 李敏`."""
    ctx.actor.require(Permission.LEAD_TRANSFER)
    said = TO_WHOM.match(message.args)
    if said is None:
        raise InvalidInput("转给谁？例如「转线索 远航贸易 给 李敏」。")
    return acts.transfer(ctx, talk, said["name"], said["whom"])


@router.sentence(14)
def of_it(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`它转客户`, `它无效 空号`, `把它转给 李敏`: the lead last spoken of, where it was one."""
    said = OF_IT.fullmatch(message.text.strip(" 。.!！"))
    if said is None or talk.subject_lead() is None:
        return None
    if said["whom"]:
        return acts.transfer(ctx, talk, "它", said["whom"])
    return acts.on(ctx, talk, f"它 {said['rest'] or ''}", WORDS[said["act"]])


@router.sentence(13)
def of_name(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`坂田科技 有意向`, `把坂田科技转成客户`, `布吉五金 不要了`: only of what is a lead."""
    said = OF_NAME.fullmatch(message.text.strip(" 。.!！"))
    if said is None or not ctx.actor.may(Permission.LEAD_VIEW):
        return None
    key = find_lead(ctx, said["name"]).certain
    if key is None:
        return None
    if said["gone"]:
        return acts.invalid(ctx, talk, key, f"{said['gone']} {said['rest']}".strip())
    return acts.ACTS[WORDS[said["act"]]](ctx, talk, key, said["rest"])


@router.sentence(29)
def told_of_one(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`坂田科技 打了电话 没人接`: a contact with a lead, named first and by its name."""
    text = message.text.strip()
    may = ctx.actor.may(Permission.LEAD_VIEW) and ctx.actor.may(Permission.FOLLOWUP_ADD)
    if message.group or not may or not tells_of_contact(text) or text.endswith(("?", "？", "吗", "呢")):
        return None
    name, _, rest = text.partition(" ")
    key = find_lead(ctx, name).certain if rest and tells_of_contact(rest) else None
    if key is None:
        named = named_first(ctx, text)
        if named is None:
            return None
        key, name, rest = named
    if find_customer(ctx, name, pooled=None).certain is not None or not rest:
        return None
    return acts.follow(ctx, talk, key, rest)


@router.command("删除线索", "删线索")
def delete(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`删除线索 远航`."""
    return acts.delete(ctx, talk, message.args)
