"""What people say about opportunities."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.dates import find_moments
from bot.language.filters import page_wanted
from bot.language.replies import ordinal
from handlers.customers.finding import find_customer, find_person
from handlers.customers.service import show_customer
from handlers.customfields.filters import Said, take_conditions
from handlers.customfields.rules import Required
from handlers.customfields.values import own_fields
from handlers.opportunities import service
from handlers.opportunities.fields import NewOpportunity
from handlers.opportunities.finding import find_opportunity, meant
from handlers.opportunities.listing import step_read_conditions
from handlers.opportunities.reading import SaidDeal, amounts_of, read_amount, read_rate, take_deal
from handlers.opportunities.rules import EXAMPLE, ReasonMissing, RivalMissing
from handlers.opportunities.views import answered, edit_ref, filter_of, one_ref
from storage import custom_fields

router = Router("opportunities.chat")
MOVE = re.compile(
    r"^(?P<name>.+?)\s*(?:进入|推进到|转到|改阶段|改到|回到|退回到)(?:了)?\s*(?P<rest>\S+?)(?:阶段)?[。!！]?$"
)
AT = re.compile(r"^(?P<name>.+?)\s*(?:现在|目前)?(?:已经)?(?:走)?到了?\s*(?P<rest>\S+?)(?:阶段)?了?[。!！]?$")
WON = re.compile(r"^(?P<name>.+?)\s*(?:赢了|赢单了?|成交了|拿下了|签下来?了)[。!！]?$")
LOST_TO = re.compile(
    r"^(?P<name>.+?)\s*(?:(?:输|丢)给了?\s*(?P<rest>[^\s,，。!！]+)|被\s*(?P<taker>[^\s,，。]+?)抢走?了)[。!！]?$"
)
LOST = re.compile(r"^(?P<name>.+?)\s*(?:输了|输单了?|丢了|丢单了?)[\s,，:：]*(?P<rest>.*)$")
REOPEN = re.compile(r"^(?P<name>.+?)\s*(?:重新打开|重开|又有戏了|恢复)[。!！]?$")
NEXT_STAGE = re.compile(r"^(?P<name>.+?)\s*(?:进入|推进到|到)?(?:了)?下一?(?:个)?阶段(?:了)?[。!！]?$")
VOID = re.compile(r"^(?P<name>.+?)\s*(?:商机)?(?:无效|作废)[\s,，:：]*(?P<rest>.*)$")
AMOUNT = re.compile(r"^(?P<name>.+?)\s*(?:的)?金额\s*(?:改为|改成|改到|是|为|[:：])?\s*(?P<rest>\S+)$")
WHEN = re.compile(r"^(?P<name>.+?)\s*(?:预计成交|预计)\s*(?:改为|改成|改到|[:：])?\s*(?P<rest>.+)$")
RATE = re.compile(r"^(?P<name>.+?)\s*(?:赢率|把握)\s*(?:改为|改成|[:：])?\s*(?P<rest>\d{1,3}\s*[%％]|按阶段)$")


def _list(ctx: Context, talk: Talk, words: str, **taken: Any) -> Reply:
    with ctx.begin() as tx:
        state = step_read_conditions(tx, ctx, words, taken=taken)
    talk.ask("opportunities.list", state=state)
    return Reply(card=CardRef("opportunities.list", state))


@router.command("我的商机")
def mine(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`我的商机 报价 30天没跟进`."""
    return _list(ctx, talk, message.args, mine=ctx.actor.user_id)


@router.command("逾期商机", "过期商机")
def overdue(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """Open ones whose expected day is over (R-OPP-6)."""
    return _list(ctx, talk, message.args, overdue=True)


@router.command("停滞商机", "停滞的商机")
def stuck(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """Open ones that have neither moved nor been followed up for as long as their stage allows (R-OPP-7)."""
    return _list(ctx, talk, message.args, stale=True)


def _conditions(ctx: Context, words: str) -> tuple[list[Said], str]:
    """Conditions on the company's own fields. Raises NotAValue, InvalidInput."""
    with ctx.begin() as tx:
        return take_conditions(tx, ctx, "opportunity", words)


@router.command("商机列表", "商机")
def about(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`商机 华兴 二期扩容 30万 月底签` makes one; `商机 二期扩容` shows it; else a list."""
    words = message.args
    if not words:
        return _list(ctx, talk, "")
    said, rest = _conditions(ctx, words)
    if message.word == "商机" and amounts_of(rest) and not re.search(r"以上|以下|以内", rest):
        return _create(words, ctx, talk)
    if said:
        return _list(ctx, talk, words)
    known = find_opportunity(ctx, words)
    if known is not None:
        talk.settle()
        return Reply(card=one_ref(known))
    customer = find_customer(ctx, words, pooled=None)
    if customer.certain is not None:
        return _list(ctx, talk, "", customer_id=customer.certain, result="")
    return _list(ctx, talk, words)


@router.command("新建商机", "新增商机", "建商机", "添加商机")
def create(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """The same in other words; alone: a form."""
    ctx.actor.require(Permission.OPPORTUNITY_ADD)
    if not message.args:
        talk.ask("opportunities.more", words="")
        return Reply(card=CardRef("opportunities.new", {"draft": {}}))
    return _create(message.args, ctx, talk)


@router.question("opportunities.more")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What the form asks for, said: the amount alone, or all of it."""
    words, said = str(pending["words"]), message.text.strip()
    if not amounts_of(said) and find_customer(ctx, said, pooled=None, leading=True).certain is None:
        return None
    return _create(f"{words} {said}".strip(), ctx, talk)


def _create(words: str, ctx: Context, talk: Talk) -> Reply:
    ctx.actor.require(Permission.OPPORTUNITY_ADD)
    custom, words = own_fields(ctx, "opportunity", words)
    if not amounts_of(words):
        return _ask_amount(words, custom, ctx, talk)
    said, rest = take_deal(ctx, words, names=2)
    first, _, behind = rest.partition(" ")
    found = replace(find_customer(ctx, first, pooled=None), rest=behind)  # the customer comes first
    if found.certain is None and not found.options:
        found = find_customer(ctx, rest, pooled=None, leading=True)
    draft = said.row() | {"custom": custom}
    if found.certain is None:
        return found.ask(talk, "opportunities.whose", "建商机", draft=draft)
    return _make(found.certain, found.rest, draft, ctx, talk)


def _ask_amount(words: str, custom: dict[str, str], ctx: Context, talk: Talk) -> Reply:
    """The form with what is known; the amount typed is as good an answer."""
    first, _, name = words.partition(" ")
    found = find_customer(ctx, first, pooled=None)
    if found.certain is None and not found.options:
        found = find_customer(ctx, words, pooled=None, leading=True)
        name = found.rest
    if found.certain is None:
        raise InvalidInput(f"还差{'' if found.options else '客户和'}金额。一条发给我就行，例如：{EXAMPLE}")
    talk.about(found.certain)
    talk.ask("opportunities.more", words=words)
    known = {"customer": show_customer(ctx, found.certain).customer.name, "name": name.strip(), "custom": custom}
    state = {"draft": known, "customer_id": found.certain, "missing": "还差金额，直接回复也行，例如：30万 月底签"}
    return Reply(card=CardRef("opportunities.new", state))


def _make(customer_id: int, name: str, draft: dict[str, Any], ctx: Context, talk: Talk) -> Reply:
    said = SaidDeal.of(draft)
    name, custom = " ".join(name.split()).strip(" ，,。"), dict(draft.get("custom") or {})
    new = NewOpportunity(customer_id, name, said.amount or Decimal(0), said.day, said.stage, custom=custom)
    try:
        done = service.create_opportunity(ctx, new)
    except Required as short:  # the form has what is known already
        customer = show_customer(ctx, customer_id).customer.name
        known = {"customer": customer, "name": name, "amount": draft["amount"], "expected_on": draft["day"]}
        state = {"draft": known | {"custom": custom}, "customer_id": customer_id, "missing": short.text}
        return Reply(card=CardRef("opportunities.new", state))
    talk.about(customer_id)
    return answered(done, talk)


@router.question("opportunities.whose")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers."""
    number = ordinal(message.text)
    ids = [int(i) for i in pending["ids"]]
    if number is None:
        return None
    if not 1 <= number <= len(ids):
        raise InvalidInput(f"回复 1 到 {len(ids)} 之间的数字，都不是就回复「取消」。")
    return _make(ids[number - 1], str(pending.get("rest", "")), pending["draft"], ctx, talk)


@router.question("opportunities.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`下一页`, or the number of a row."""
    state = dict(pending["state"])
    wanted, number = page_wanted(message.text, int(state["page"])), ordinal(message.text)
    if wanted is None and number is None:
        return None
    page = service.list_opportunities(ctx, filter_of(state, ctx), int(state["page"]) if wanted is None else wanted)
    if wanted is not None:
        state["page"] = min(wanted, page.pages)
        talk.ask("opportunities.list", state=state)
        return Reply(card=CardRef("opportunities.list", state))
    if number is None or not 1 <= number <= len(page.rows):
        raise InvalidInput(f"这一页只有 {len(page.rows)} 个，回复 1 到 {len(page.rows)} 之间的数字。")
    return Reply(card=one_ref(page.rows[number - 1].id or 0))


@router.sentence(10)
def change(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`二期扩容 进入报价`, `… 赢了`, `… 输了 价格`, `… 金额 35万`, `… 加产品 …`: only of what is an opportunity."""
    if not ctx.actor.may(Permission.OPPORTUNITY_VIEW):
        return None
    text = message.text.strip().removeprefix("商机 ")
    for pattern, act in ACTS:
        said = pattern.match(text)
        if said is None:
            continue
        if pattern is AT and said["rest"] not in service.list_open_stages(ctx):
            continue
        key = find_opportunity(ctx, said["name"])
        if key is not None:
            words = said.groupdict()
            return act(ctx, talk, key, (words.get("rest") or words.get("taker") or "").strip())
    return None


def _move(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return answered(service.change_stage(ctx, key, rest), talk)


def _won(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:  # noqa: ARG001 -- one shape for all
    return answered(service.change_stage(ctx, key, "", result="won"), talk)


def _lost(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return _close(ctx, talk, key, "lost", rest)


def _lost_to(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return _close(ctx, talk, key, "lost", "竞品", rival=rest)


def _reopen(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:  # noqa: ARG001 -- one shape for all
    return answered(service.reopen_opportunity(ctx, key), talk)


def _next(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:  # noqa: ARG001 -- one shape for all
    now = service.show_opportunity(ctx, key).stage.name
    known = service.list_open_stages(ctx)
    behind = known[known.index(now) + 1 :] if now in known else []
    if not behind:
        raise InvalidInput(f"「{now}」后面没有进行中的阶段了。成交了说「赢了」，没成说「输了 原因」。")
    return answered(service.change_stage(ctx, key, behind[0]), talk)


def _void(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return _close(ctx, talk, key, "invalid", rest)


def _close(ctx: Context, talk: Talk, key: int, result: str, reason: str, rival: str = "") -> Reply:
    head, _, tail = reason.partition(" ")
    if head in ("竞品", "竞争对手", "对手") and tail and not rival:
        reason, rival = head, tail.strip()
    try:
        return answered(service.change_stage(ctx, key, "", result=result, reason=reason, rival=rival), talk)
    except (ReasonMissing, RivalMissing) as missing:
        asks_rival = isinstance(missing, RivalMissing)
        talk.ask("opportunities.why", id=key, result=result, rival=asks_rival)
        if result == "invalid":
            return Reply(missing.text)
        state = {"opportunity_id": key, "rival": asks_rival}
        return Reply(card=CardRef("opportunities.why", state, (f"opportunity:{key}",)))


@router.question("opportunities.why")
def why(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The reason, or the competitor it was lost to."""
    key, result = int(pending["id"]), str(pending["result"])
    if pending.get("rival"):
        return _close(ctx, talk, key, result, "竞品", rival=message.text.strip())
    return _close(ctx, talk, key, result, message.text.strip())


def _amount(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return answered(service.update_opportunity(ctx, key, {"amount": read_amount(rest)}), talk)


def _when(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    days = find_moments(rest, ctx.now, prefer="future")
    if not days or not days[0].sure:
        raise InvalidInput("没认准是哪天，可以写：7月15日 / 月底 / 下周三。")
    return answered(service.update_opportunity(ctx, key, {"expected_on": days[0].day}), talk)


def _rate(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return answered(service.update_opportunity(ctx, key, {"probability": read_rate(rest)}), talk)


ACTS = (
    (RATE, _rate), (AMOUNT, _amount), (WON, _won), (LOST_TO, _lost_to), (LOST, _lost), (VOID, _void),
    (REOPEN, _reopen), (NEXT_STAGE, _next), (MOVE, _move), (AT, _move), (WHEN, _when),
)  # fmt: skip


@router.command("修改商机", "编辑商机", "改商机")
def edit(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`改商机 二期扩容 设备类型 数控`; without a field: the form."""
    own, rest = own_fields(ctx, "opportunity", message.args)
    said = change(replace(message, text=rest), ctx, talk) if not own else None
    if said is not None:
        return said
    key = meant(ctx, rest.strip(" 的"))
    return answered(service.update_opportunity(ctx, key, own), talk) if own else Reply(card=edit_ref(key))


@router.sentence(11)
def with_own_fields(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`二期扩容 设备类型 数控`, `二期扩容的交货日改成下周三`: what stands before the field is an opportunity."""
    if not ctx.actor.may(Permission.OPPORTUNITY_VIEW):
        return None
    with ctx.begin() as tx:
        labels = [f.label for f in custom_fields.list_custom(tx, "opportunity") if f.label in message.text]
    heads = [message.text.partition(label)[0].strip(" 的，,") for label in labels]
    head = min(heads, key=len, default="")
    key = find_opportunity(ctx, head.removeprefix("商机").strip()) if head else None
    if key is None:
        return None
    own, rest = own_fields(ctx, "opportunity", message.text)
    if not own or len(rest.strip(" 的，,")) > len(head):
        return None
    return answered(service.update_opportunity(ctx, key, own), talk)


@router.command("商机无效")
def void(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`商机无效 二期扩容 重复了`."""
    name, _, reason = message.args.partition(" ")
    whole = find_opportunity(ctx, message.args) if message.args else None
    return _close(ctx, talk, whole or meant(ctx, name), "invalid", "" if whole else reason)


@router.command("重新打开", "重开商机")
def reopen(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`重新打开 二期扩容`."""
    return answered(service.reopen_opportunity(ctx, meant(ctx, message.args.removeprefix("商机").strip())), talk)


@router.command("删除商机")
def delete(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`删除商机 二期扩容`."""
    return answered(service.delete_opportunity(ctx, meant(ctx, message.args)), talk)


@router.command("转移商机", "转交商机")
def transfer(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`转移商机 二期扩容 给 李娜`."""
    name, _, who = message.args.rpartition("给")
    if not name or not who:
        raise InvalidInput("转给谁？例如「转移商机 二期扩容 给 李娜」。")
    key = meant(ctx, name.strip())
    done = service.transfer_opportunity(ctx, key, find_person(ctx, who))
    return answered(done, talk)
