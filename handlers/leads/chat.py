"""What people say about leads."""

import re
from collections.abc import Callable
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.filters import page_wanted, read_list
from bot.language.replies import ordinal
from handlers.customers.finding import find_person
from handlers.customers.rules import MaybeDuplicate
from handlers.customfields.values import Required, own_fields
from handlers.leads import service
from handlers.leads.finding import ask_which, find_lead, split
from handlers.leads.reading import read_change, read_lead, read_told
from handlers.leads.rules import ALL_WORDS, EXAMPLE, STATE_WORDS, ReasonMissing
from handlers.leads.service import Changed, NewLead
from handlers.leads.told import converted_text
from handlers.leads.views import filter_of, one_ref
from storage import people

router = Router("leads.chat")
TO_WHOM = re.compile(r"^(?P<name>.+?)\s*(?:转给|转交给|交给|分给|给)\s*(?P<whom>\S.*)$")


def _shown(done: Changed, talk: Talk) -> Reply:
    talk.settle()
    return Reply(card=one_ref(done.lead_id, done.undo_id, done.text))


# -- a new one ----------------------------------------------------------------------------------------------------


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
        return _shown(service.create_lead(ctx, new), talk)
    except Required as short:
        talk.ask("leads.new", draft=new.row())
        return Reply(card=CardRef("leads.new", {"draft": new.row(), "missing": short.text}))


# -- lists and one ------------------------------------------------------------------------------------------------


def _list(ctx: Context, talk: Talk, words: str, **state: Any) -> Reply:
    asked = read_list(words)
    left = []
    with ctx.begin() as tx:
        for word in asked.words:
            if word in STATE_WORDS:
                state["states"] = [*state.get("states", []), STATE_WORDS[word]]
            elif word in ALL_WORDS:
                state["states"] = []
            elif word == "我":
                state["owner"] = ctx.actor.user_id
            elif word != "线索":
                met = [p for p in people.list_by_name(tx, word) if p.name == word]
                if len(met) == 1:
                    state["owner"] = met[0].user_id
                else:
                    left.append(word.removesuffix("线索") or word)
    state |= {"words": left, "page": asked.page}
    talk.ask("leads.list", state=state)
    return Reply(card=CardRef("leads.list", state))


@router.command("我的线索")
def mine(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`我的线索 展会 有意向`."""
    return _list(ctx, talk, message.args, owner=ctx.actor.user_id, mine=True)


@router.command("线索列表", "线索")
def listing(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`线索 展会 李娜 无效`; `线索 远航` shows it; `线索 远航 转给 李敏`."""
    words = message.args
    handed = TO_WHOM.match(words)
    if handed is not None and find_lead(ctx, handed["name"]).certain is not None:
        return transfer_to(ctx, talk, handed["name"], handed["whom"])
    asked = read_list(words).words
    if words and not any(w in STATE_WORDS or w in ALL_WORDS for w in asked):
        found = find_lead(ctx, words)
        if found.certain is not None:
            return _open(ctx, talk, found.certain, "")
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
    return Reply(card=one_ref(page.rows[number - 1].id or 0))


# -- what is done with one ----------------------------------------------------------------------------------------


def _on(ctx: Context, talk: Talk, words: str, act: str) -> Reply:
    """The lead at the start of the words, and what is done with it."""
    found, rest = split(ctx, words)
    if found.certain is not None:
        return ACTS[act](ctx, talk, found.certain, rest)
    return ask_which(talk, found, words, act, rest)


@router.question("leads.which")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several."""
    number = ordinal(message.text)
    ids = [int(i) for i in pending["ids"]]
    if number is None:
        return None
    if not 1 <= number <= len(ids):
        raise InvalidInput(f"回复 1 到 {len(ids)} 之间的数字，都不是就回复「取消」。")
    return ACTS[str(pending["act"])](ctx, talk, ids[number - 1], str(pending.get("rest", "")))


@router.command("查线索", "查看线索", "查询线索")
def look_up(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`查线索 远航`."""
    return _on(ctx, talk, message.args, "open")


def _open(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:  # noqa: ARG001 -- one shape for all
    talk.settle()
    return Reply(card=one_ref(key))


@router.command("线索转客户并建商机", "转客户并建商机", "线索转商机")
def convert_both(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`转客户并建商机 远航`."""
    return _on(ctx, talk, message.args, "both")


@router.command("线索转客户", "转客户", "转成客户", "转为客户", "线索转化")
def convert(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`线索转客户 远航`; the company's own required fields may stand behind it."""
    return _on(ctx, talk, message.args, "customer")


def _customer(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return _convert(ctx, talk, key, rest, opportunity=False)


def _both(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    return _convert(ctx, talk, key, rest, opportunity=True)


def _convert(
    ctx: Context, talk: Talk, key: int, words: str, *, opportunity: bool, anyway: bool = False,
    known: dict[str, str] | None = None,
) -> Reply:  # fmt: skip
    custom = {**(known or {}), **own_fields(ctx, "customer", words)[0]}
    kept = {"id": key, "opportunity": opportunity, "custom": custom}
    try:
        done = service.convert_lead(ctx, key, opportunity=opportunity, anyway=anyway, custom=custom)
    except MaybeDuplicate as doubt:
        talk.ask("leads.convert", **kept, anyway=False, doubt=True)
        return Reply(f"{doubt.text}\n确定是另一家的话，回复「仍要新建」；不是就回复「取消」。")
    except Required as short:
        talk.ask("leads.convert", **kept, anyway=anyway)
        return Reply(short.text)
    talk.settle()
    talk.about(done.customer_id)
    return Reply(card=one_ref(key, None, converted_text(done)))


@router.question("leads.convert")
def convert_on(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`仍要新建`, or the fields that were missing."""
    anyway = bool(pending.get("anyway"))
    if pending.get("doubt"):
        if message.text not in ("仍要新建", "新建", "是", "1"):
            return None
        anyway = True
    return _convert(
        ctx, talk, int(pending["id"]), message.text, opportunity=bool(pending.get("opportunity")), anyway=anyway,
        known=dict(pending.get("custom") or {}),
    )  # fmt: skip


@router.command("跟进线索", "线索跟进")
def follow(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`跟进线索 远航 电话聊了需求 下次周三`."""
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    return _on(ctx, talk, message.args, "follow")


def _follow(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    if not rest.strip():
        company = service.show_lead(ctx, key).lead.company
        talk.ask("leads.follow", id=key)
        return Reply(f"「{company}」聊了什么？例如「电话聊了需求 下次周三」。")
    told = read_told(ctx, rest)
    if not told.content:
        talk.ask("leads.follow", id=key)
        return Reply("还差聊了什么，例如「电话聊了需求 下次周三」。")
    return _shown(
        service.log_follow_up(ctx, key, told.content, method=told.method, next_at=told.next_at, timed=told.timed), talk
    )


@router.question("leads.follow")
def told(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What was talked about."""
    return _follow(ctx, talk, int(pending["id"]), message.text)


@router.command("线索无效", "无效线索", "线索作废")
def invalid(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`线索无效 远航 空号`; alone: those that are."""
    if not message.args:
        return _list(ctx, talk, "", states=["invalid"])
    return _on(ctx, talk, message.args, "invalid")


def _invalid(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:
    try:
        return _shown(service.set_state(ctx, key, "invalid", reason=rest), talk)
    except ReasonMissing:
        talk.ask("leads.why", id=key)
        return Reply(card=CardRef("leads.why", {"lead_id": key}, (f"lead:{key}",)))


@router.question("leads.why")
def why(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The reason."""
    return _invalid(ctx, talk, int(pending["id"]), message.text)


@router.command("恢复线索", "重新打开线索", "线索恢复")
def reopen(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`恢复线索 远航`."""
    return _on(ctx, talk, message.args, "following")


def _following(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:  # noqa: ARG001 -- one shape for all
    return _shown(service.set_state(ctx, key, "following"), talk)


@router.command("线索有意向", "有意向线索")
def keen(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`线索有意向 远航`; alone: those that are."""
    if not message.args:
        return _list(ctx, talk, "", states=["interested"])
    return _on(ctx, talk, message.args, "interested")


def _interested(ctx: Context, talk: Talk, key: int, rest: str) -> Reply:  # noqa: ARG001 -- one shape for all
    return _shown(service.set_state(ctx, key, "interested"), talk)


@router.command("改线索", "修改线索", "编辑线索", "线索修改")
def edit(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`改线索 远航 电话 13812345678`."""
    name, changes = read_change(message.args)
    return _certain(ctx, name, lambda key: _shown(service.update_lead(ctx, key, changes), talk))


@router.command("转线索", "转移线索", "把线索", "线索转给", "分配线索")
def transfer(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`转线索 远航 给 李敏`, `把线索 远航 转给 李敏`."""
    ctx.actor.require(Permission.LEAD_TRANSFER)
    said = TO_WHOM.match(message.args)
    if said is None:
        raise InvalidInput("转给谁？例如「转线索 远航贸易 给 李敏」。")
    return transfer_to(ctx, talk, said["name"], said["whom"])


def transfer_to(ctx: Context, talk: Talk, name: str, whom: str) -> Reply:
    """Raises Forbidden, NotFound, InvalidInput, Over."""
    ctx.actor.require(Permission.LEAD_TRANSFER)
    user_id = find_person(ctx, whom)

    def act(key: int) -> Reply:
        done = service.transfer_lead(ctx, key, user_id)
        talk.settle()
        return Reply(done.text)

    return _certain(ctx, name, act)


@router.command("删除线索", "删线索")
def delete(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`删除线索 远航`."""
    ctx.actor.require(Permission.LEAD_DELETE)

    def act(key: int) -> Reply:
        done = service.delete_lead(ctx, key)
        talk.settle()
        return Reply(f"{done.text}。要恢复就发送「撤销」。")

    return _certain(ctx, message.args, act)


def _certain(ctx: Context, words: str, act: Callable[[int], Reply]) -> Reply:
    """What changes a lead for good wants its name so that one is meant. Raises NotFound, InvalidInput."""
    found = find_lead(ctx, words)
    if found.certain is not None:
        return act(found.certain)
    some = "；".join(line for _, line in found.options)
    if some:
        raise InvalidInput(f"「{words[:40]}」不确定是哪条线索：{some}。写上全名再说一次。")
    raise NotFound(f"没有找到线索「{words[:40]}」，发送「线索」看看有哪些。")


ACTS = {
    "open": _open, "customer": _customer, "both": _both, "follow": _follow, "invalid": _invalid,
    "following": _following, "interested": _interested,
}  # fmt: skip
