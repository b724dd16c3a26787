"""What people say about follow-ups: one sentence is one follow-up."""

import re
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.clock import BEIJING
from bot.core.errors import InvalidInput, NotFound
from bot.core.markup import escape
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.dates import find_moments
from bot.language.followup import FollowUpSlots, Problem, read_follow_up
from bot.language.match import Tier
from bot.language.replies import is_later, is_no, ordinal
from bot.language.times import is_correction, only_time
from handlers.customers.finding import LONG, THIS, candidates_for, chosen, describe, find_customer
from handlers.customers.views import moment_text
from handlers.followups.deals import named_behind, named_in, of_customer
from handlers.followups.drafts import Draft, draft_of, merged
from handlers.followups.service import NewFollowUp, log_follow_up, plan_next
from handlers.followups.views import promise
from handlers.leads.acts import follow
from handlers.leads.finding import spoken_of
from handlers.undo.service import take_back
from storage import customers, dictionaries, people
from storage.opportunities import OwnOpportunity

router = Router("followups.chat")


WHEN = "7月15日 / 下周三下午3点 / 3天后"
QUESTION = re.compile(
    r"[?？]$|(?:多少|几[号家个次位]|哪些|跟进记录|什么|怎么样?|哪里|哪儿|哪家|谁|吗|呢|啥|如何)[。!！]*$|^(?:谁|怎么|为什么|如何|能不能|哪)"
)
SAYS = re.compile(r"说|要求|反馈|觉得|表示|同意|答应|拒绝|催|想要|问")
MOVED = re.compile(
    r"(?:把|将)?\s*(?P<name>.{0,40}?)\s*的?(?:下次|下一次)(?:联系|跟进|拜访|回访)?的?(?:时间|日期)?\s*"
    r"(?:改|定|推迟|推后|推|提前|延后|延|挪|换)(?:到|成|为|在|至)\s*(?P<when>.{1,20})"
)
PUT_OFF = re.compile(
    r"(?:把|将)?\s*(?P<name>.{1,40}?)\s*的?(?:推迟|推后|延后|延期|改期|改约|提前)(?:到|至|成)\s*(?P<when>.{1,20})"
)
TOLD = re.compile(r"[了过完]|刚|问|说|昨天|今天|上午|下午")
WRONG = re.compile(
    r"^(?:不对|不是|错了|记错了|说错了)[，,。 ]*(?:应该)?(?:是|记到|记给)?(?:的是)?\s*(?P<name>.{2,40}?)[。!！]*$"
)


@router.command("跟进", "记录跟进", "记一下", "记录一下", "补记", free=True)
def log(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`跟进 华兴 电话聊了报价，下周三下午3点再打`; `跟进 它 …` of the lead last spoken of."""
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    if not message.args:
        talk.ask("followups.slots", **Draft().row())
        return Reply("跟进哪家客户、聊了什么？一句话就行，例如：华兴 电话聊了报价，下周三下午3点再打")
    first, _, rest = message.args.partition(" ")
    lead_id = spoken_of(ctx, talk, first)
    if lead_id is not None:
        return follow(ctx, talk, lead_id, rest)
    return _settle(_read(ctx, f"跟进 {message.args}", talk, message), ctx, talk)


@router.sentence(30)
def free_sentence(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`刚和华兴通了电话…`, `这家下周一上门`, a voice message: what tells of a contact, or of what comes next."""
    if message.group or len(message.text) < 4 or not ctx.actor.may(Permission.FOLLOWUP_ADD):
        return None
    if QUESTION.search(message.text) and not TOLD.search(message.text):
        return None
    slots = _read(ctx, message.text, talk, message)
    certain = slots.customer.certain is not None
    if certain and not slots.named:  # 这家, 他们: the one just spoken of
        return _settle(slots, ctx, talk) if slots.content or slots.next_at is not None else None
    tells = slots.has_contact_verb or slots.next_at is not None or SAYS.search(message.text) is not None
    if slots.named and (certain or slots.customer.options) and tells:
        return _settle(slots, ctx, talk)
    if slots.has_contact_verb and TOLD.search(message.text) and len(message.text) >= 6:
        return _settle(slots, ctx, talk)  # of whom it tells is asked
    return None


def _read(ctx: Context, words: str, talk: Talk, message: ChatMessage) -> FollowUpSlots:
    with ctx.begin() as tx:
        candidates = candidates_for(tx, ctx.actor, words, pooled=False, sentence=True)
        methods = dictionaries.list_methods(tx)
    last = next((c for c in candidates if c.id == talk.subject()), None)
    return read_follow_up(words, candidates, methods, ctx.now, last=last, voice=message.kind == "audio")


def _settle(slots: FollowUpSlots, ctx: Context, talk: Talk) -> Reply:
    return _decide(draft_of(slots, ctx), slots, ctx, talk)


def _decide(draft: Draft, slots: FollowUpSlots, ctx: Context, talk: Talk) -> Reply:
    """Stores it, offers the customers it may be, or asks once for all that is missing."""
    unknown = Problem.CUSTOMER_UNKNOWN in slots.problems
    if draft.customer_id is not None and not draft.deal:
        deal, rest = named_behind(ctx, draft.customer_id, draft.content)
        draft = replace(draft, deal=deal, content=rest)
    if draft.customer_id is None and not draft.deal:
        deals, rest = named_in(ctx, slots)
        if deals:
            content = rest if draft.content == slots.content else draft.content
            draft = replace(draft, content=content, deal=deals[0].name)
            if len(deals) > 1:
                return _ask_deal(draft, deals, talk, ctx)
            draft = replace(draft, customer_id=deals[0].customer_id)
    if draft.customer_id is None:
        _refuse_pooled(slots, ctx)
        if slots.customer.options and not unknown:
            return _offer(draft, [c.id for c in slots.customer.options], ctx, talk, last=not slots.named)
    missing = []
    if draft.customer_id is None:
        missing.append(f"哪家客户（没有找到「{slots.named[:LONG]}」）" if slots.named else "哪家客户")
    if not draft.content:
        missing.append("聊了什么")
    known = not missing
    for doubt, what in ((slots.next_at, "下次联系的时间"), (slots.happened_at, "跟进的时间")):
        if doubt is not None and not doubt.sure:
            missing.append(f"{what}（没认准「{doubt.text}」，可以写：{WHEN}）")
    if missing:
        talk.ask("followups.slots", **draft.row())
        if draft.customer_id is None and draft.content:
            return Reply(f"还差：{'、'.join(missing)}。发客户名称就行，内容我记着；不记了就回复「取消」。")
        if known and len(missing) == 1 and slots.next_at is not None and not slots.next_at.sure:
            said = slots.next_at.text
            return Reply(f"内容记着。下次是哪天，没认准「{said}」：回复 {WHEN} 都行；先不定就回复「先不定」。")
        return Reply(f"还差：{'、'.join(missing)}。一条发给我就行，例如：华兴 对方要 8 折，下周三再打")
    assert draft.customer_id is not None
    return _store(ctx, talk, draft.customer_id, draft)


def _ask_deal(draft: Draft, deals: list[OwnOpportunity], talk: Talk, ctx: Context) -> Reply:
    """Several of one's own could be meant."""
    deals = deals[:5]
    with ctx.begin() as tx:
        names = customers.names_of(tx, [o.customer_id for o in deals])
    talk.ask("followups.deal", deals=[[o.customer_id, o.name] for o in deals], draft=draft.row())
    lines = [f"{n} {escape(names.get(o.customer_id, ''))} · {escape(o.name)}" for n, o in enumerate(deals, start=1)]
    return Reply("\n".join([f"找到 {len(deals)} 个商机，回复数字：", *lines]))


@router.question("followups.deal")
def choose_deal(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several opportunities."""
    number, deals = ordinal(message.text), list(pending["deals"])
    if number is None:
        return None
    if not 1 <= number <= len(deals):
        raise InvalidInput(f"回复 1 到 {len(deals)} 之间的数字，都不是就回复「取消」。")
    customer_id, name = deals[number - 1]
    draft = replace(Draft(**pending["draft"]), customer_id=int(customer_id), deal=str(name))
    if not draft.content:
        talk.ask("followups.slots", **draft.row())
        return Reply("聊了什么？直接发内容就行，例如：对方要 8 折，下周三再打")
    return _store(ctx, talk, int(customer_id), draft)


def _refuse_pooled(slots: FollowUpSlots, ctx: Context) -> None:
    """Says so if it is a pool customer that was named; a likeness to one's own does not come before that."""
    if slots.customer.certain is not None or (slots.customer.options and slots.customer.tier < Tier.CONTACT):
        return
    name = slots.named or (slots.content if len(slots.content) <= LONG else "")
    found = find_customer(ctx, name, pooled=True) if len(name) > 1 else None
    if found is not None and found.certain is not None:
        with ctx.begin() as tx:
            full = customers.access_customer(tx, found.certain).name
        raise NotFound(f"「{full}」在公海里，先发送「领取 {full}」再记跟进。")


def _offer(draft: Draft, ids: list[int], ctx: Context, talk: Talk, *, last: bool = False) -> Reply:
    with ctx.begin() as tx:
        rows = customers.list_by_ids(tx, ids[:5])
        names = people.names_of(tx, [c.owner_id for c in rows])
        lines = [f"{n} {describe(c, names, ctx)}" for n, c in enumerate(rows, start=1)]
    talk.ask("followups.which", ids=[c.id for c in rows], draft=draft.row())
    head = f"找到 {len(lines)} 家，回复数字：" if len(lines) > 1 else "记到这家吗？回复 1 就记下，不是就发客户名称："
    if last and len(lines) == 1:
        head = "没说是哪家。记到刚才那家吗？回复 1 就记下，不是就发客户名称："
    return Reply("\n".join([head, *lines]))


def _store(ctx: Context, talk: Talk, customer_id: int, draft: Draft) -> Reply:
    next_at = datetime.fromisoformat(draft.next_at) if draft.next_at else None
    at = datetime.fromisoformat(draft.at) if draft.at else None
    deal_id = of_customer(ctx, customer_id, draft.deal)
    new = NewFollowUp(draft.content, draft.method, at, next_at, draft.timed, deal_id)
    done = log_follow_up(ctx, customer_id, new)
    talk.settle()
    talk.about(customer_id)
    talk.ask("followups.next", customer_id=customer_id, undo_id=done.undo_id, draft=draft.row())
    state = {"follow_up_id": done.follow_up_id, "undo_id": done.undo_id, "name": done.customer_name}
    return Reply(card=CardRef("followups.logged", state, (f"customer:{customer_id}",)))


@router.question("followups.which")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several customers, or the name of another."""
    draft = Draft(**pending["draft"])
    customer_id = chosen(message, ctx, pending)
    if customer_id is None and is_no(message.text):
        talk.ask("followups.slots", **draft.row())
        return Reply("那是哪家客户？发客户名称就行，内容我记着；不记了就回复「取消」。")
    if customer_id is None and len(message.text) <= LONG:
        named = find_customer(ctx, message.text, pooled=False)
        if named.certain is None and named.options:
            return _offer(draft, [i for i, _ in named.options], ctx, talk)
        customer_id = named.certain
    if customer_id is None:
        return None
    draft = replace(draft, customer_id=customer_id)
    if not draft.content:
        talk.ask("followups.slots", **draft.row())
        return Reply("聊了什么？直接发内容就行，例如：对方要 8 折，下周三再打")
    return _store(ctx, talk, customer_id, draft)


@router.question("followups.slots")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What was missing: the customer, the content, the next time; what is known stays."""
    before = Draft(**{k: v for k, v in pending.items() if k != "kind"})
    if before.customer_id is not None and before.content and is_later(message.text):
        return _store(ctx, talk, before.customer_id, before)
    slots = _read(ctx, message.text, talk, message)
    if before.customer_id is None and before.content and slots.customer.certain is None:
        return _name_it(message, before, ctx, talk)
    after = draft_of(slots, ctx)
    customer_id = after.customer_id if slots.named and after.customer_id is not None else before.customer_id
    if customer_id is None:
        customer_id = after.customer_id
    said = after.content or ("" if slots.named or after.next_at or before.content else message.text)
    return _decide(merged(before, replace(after, customer_id=customer_id, content=said)), slots, ctx, talk)


def _name_it(message: ChatMessage, before: Draft, ctx: Context, talk: Talk) -> Reply:
    """Only the customer was missing, and the answer is nobody's name for certain."""
    found = find_customer(ctx, message.text, pooled=False, leading=True)
    if found.certain is not None:
        more = draft_of(_read(ctx, f"跟进 {message.text}", talk, message), ctx)
        return _store(ctx, talk, found.certain, merged(before, replace(more, customer_id=found.certain)))
    if found.options:
        return _offer(before, [i for i, _ in found.options], ctx, talk)
    pooled = find_customer(ctx, message.text, pooled=True)
    talk.ask("followups.slots", **before.row())
    if pooled.certain is not None:
        return Reply("这家在公海里，领取以后再记。是别的客户就发名称，不记了就回复「取消」。")
    said = message.text[:LONG]
    return Reply(f"没有找到「{said}」。再发一次客户名称（一部分、拼音首字母都行），不记了就回复「取消」。")


@router.question("followups.next")
def next_time(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """Right after a follow-up: its next time, or 不对，是下周五 and 不对，是华星 (U23)."""
    text = message.text.strip()
    planned = bool(pending.get("planned") or pending.get("draft", {}).get("next_at"))
    found = only_time(text, ctx.now)
    if found is not None and (not planned or is_correction(text)):
        if not found.sure:
            raise InvalidInput(f"没认准「{found.text}」是哪天，可以写：{WHEN}。")
        return _planned(ctx, talk, int(pending["customer_id"]), found)
    if not planned and is_later(text):
        talk.settle()
        return Reply("好的，下次时间先不定。想好了发送「下次 客户 时间」就行。")
    wrong = WRONG.match(text)
    if wrong is None or not pending.get("draft"):
        return None
    meant = find_customer(ctx, wrong["name"], pooled=False)
    if meant.certain is None or meant.certain == int(pending["customer_id"]):
        return None
    take_back(ctx, int(pending["undo_id"]))
    return _store(ctx, talk, meant.certain, replace(Draft(**pending["draft"]), customer_id=meant.certain))


@router.sentence(24)
def moved(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`小米下次联系改到下个月10号`, `把小米推迟到下周三`: only of a customer, and of a day."""
    text = message.text.strip(" 。.!！")
    said = MOVED.fullmatch(text) or PUT_OFF.fullmatch(text)
    when = only_time(said["when"], ctx.now) if said is not None else None
    if said is None or when is None or not ctx.actor.may(Permission.FOLLOWUP_ADD):
        return None
    name = said["name"].strip()
    if not when.sure:
        raise InvalidInput(f"没认准「{when.text}」是哪天，可以写：{WHEN}。")
    if not name or name in THIS:
        subject = talk.subject()
        return None if subject is None else _planned(ctx, talk, subject, when)
    found = find_customer(ctx, name, pooled=False)
    if found.certain is not None:
        return _planned(ctx, talk, found.certain, when)
    return found.ask(talk, "customers.open", "改") if found.options and said.re is MOVED else None


@router.command("改到", "下次联系", "下次跟进", "下次")
def move_next(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`改到后天`, `下次 华兴 下周三`: plans the next contact of that customer, or of the last one."""
    found = find_moments(message.args, ctx.now, prefer="future")
    if not found or not found[0].sure:
        raise InvalidInput(f"没认出时间，可以写：{WHEN}。")
    name = (message.args[: found[0].start] + message.args[found[0].end :]).strip(" ，,。再联系跟进")
    name = re.sub(r"\s*(?:的?(?:时间|日期))?(?:改|定|推迟|提前|延后?|挪)?(?:到|成|为|在)?$", "", name)
    customer_id = talk.subject()
    if name:
        meant = find_customer(ctx, name, pooled=False)
        if meant.certain is None:
            return meant.ask(talk, "customers.open", "改")
        customer_id = meant.certain
    if customer_id is None:
        raise InvalidInput("改哪家的？例如「下次 华兴 下周三」。")
    return _planned(ctx, talk, customer_id, found[0])


def _planned(ctx: Context, talk: Talk, customer_id: int, found: Any) -> Reply:
    value = found.value
    at = value if isinstance(value, datetime) else datetime.combine(value, time(0, 0), tzinfo=BEIJING)
    name = plan_next(ctx, customer_id, at, timed=bool(found.has_time))
    talk.about(customer_id)
    talk.ask("followups.next", customer_id=customer_id, planned=True)
    return Reply(f"「{name}」下次联系：{moment_text(at, ctx, timed=bool(found.has_time))}{promise(ctx)}。")
