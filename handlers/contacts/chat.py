"""What people type about contacts. A new one: `handlers.customers.chat`."""

import re
from collections.abc import Callable
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import ChatMessage, Reply, Router, Talk
from bot.language.replies import ordinal
from handlers.contacts import views
from handlers.contacts.finding import (
    Hit,
    ask_which,
    done_text,
    edit_found,
    find_contacts,
    list_of,
    missing,
    open_contact,
)
from handlers.contacts.numbers import change_number, replace_number, said_number
from handlers.contacts.rules import EXAMPLE, read_contact_edit
from handlers.contacts.service import Changed, delete_contact, set_main, switch_contact
from handlers.customers.finding import THIS, find_customer
from handlers.customers.standing import require_any
from handlers.customfields.values import own_fields
from storage import people

router = Router("contacts.chat")
ALL = re.compile(r"(?P<name>.{1,40}?)\s*的?\s*(?:全部|所有)?(?:联系人|对接人)\s*(?:列表|有哪些|有谁|都有谁)?[?？。]*")
NAME = re.compile(r"[A-Za-z][A-Za-z .'-]{1,30}|[一-龥]{2,4}[总工姐哥经理]?")
LEFT = re.compile(r"(?:联系人)?\s*(?P<who>.{2,40}?)\s*(?:已经|已)?\s*(?P<reason>离职|调岗|退休)了?[。!！]*")


@router.sentence(15)
def all_of(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`华兴 的联系人`: all of them."""
    asked = ALL.fullmatch(message.text.strip())
    if asked is None:
        return None
    subject = talk.subject()
    if asked["name"] in THIS and subject is not None:
        return list_of(talk, subject)
    found = find_customer(ctx, asked["name"], pooled=None, reading=True)
    return list_of(talk, found.certain) if found.certain is not None else None


@router.command("改联系人", "修改联系人", "编辑联系人", "更新联系人")
def edit(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`改联系人 华兴 陈强 职务 总监 微信 cq88`; without a field: the person's card, with the form on a button."""
    require_any(ctx.actor, Permission.CONTACT_ADD, Permission.CONTACT_EDIT)
    own, text = own_fields(ctx, "contact", message.args)
    words = read_contact_edit(text)
    whose = words.whose if words is not None else text.strip(" 的")
    if not whose:
        raise InvalidInput(f"改谁？例如「{EXAMPLE}」。")
    hits = find_contacts(ctx, talk, whose)
    if not hits:
        raise missing(whose)
    if words is None and not own:
        return open_contact(talk, hits[0]) if len(hits) == 1 else ask_which(talk, hits, "open")
    return edit_found(ctx, talk, hits, {**(words.changes if words is not None else {}), **own})


@router.command("设主联系人", "设为主联系人", "主联系人")
def main(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`主联系人 华兴 陈强`."""
    require_any(ctx.actor, Permission.CONTACT_ADD, Permission.CONTACT_EDIT)
    return _one(ctx, talk, message.args, "main")


@router.command("停用联系人", "禁用联系人")
def disable(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`停用联系人 华兴 陈强 离职`."""
    require_any(ctx.actor, Permission.CONTACT_ADD, Permission.CONTACT_EDIT)
    head, _, reason = message.args.strip().rpartition(" ")
    if head and find_contacts(ctx, talk, head):
        return _one(ctx, talk, head, "switch", reason=reason)
    return _one(ctx, talk, message.args, "switch", reason="离职")


@router.sentence(24)
def left(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`华兴的陈强离职了`."""
    said = LEFT.fullmatch(message.text.strip())
    if said is None:
        return None
    if not find_contacts(ctx, talk, said["who"]):
        return _unknown_leaver(ctx, said["who"].strip())
    require_any(ctx.actor, Permission.CONTACT_ADD, Permission.CONTACT_EDIT)
    return _one(ctx, talk, said["who"], "switch", reason=said["reason"])


def _unknown_leaver(ctx: Context, who: str) -> Reply | None:
    """Neither a contact nor, as far as the words go, a colleague or a customer: the sentence that says who it is."""
    with ctx.begin() as tx:
        if people.list_by_name(tx, who):
            return None
    if not NAME.fullmatch(who) or find_customer(ctx, who, pooled=None).options:
        return None
    raise NotFound(
        f"没有叫「{who}」的联系人，也没有这位同事。是客户那边的人就写上客户，例如「停用联系人 华兴 {who} 离职」。"
    )


@router.sentence(24)
def other_number(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`小米的雷军换号码了 18612345678`."""
    said = said_number(message.text)
    return change_number(ctx, talk, *said) if said is not None and ctx.actor.may(Permission.CONTACT_VIEW) else None


@router.command("启用联系人", "恢复联系人")
def enable(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`启用联系人 华兴 陈强`."""
    require_any(ctx.actor, Permission.CONTACT_ADD, Permission.CONTACT_EDIT)
    return _one(ctx, talk, message.args, "switch")


@router.command("删除联系人", "移除联系人")
def delete(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`删除联系人 华兴 陈强`."""
    ctx.actor.require(Permission.CONTACT_DELETE)
    return _one(ctx, talk, message.args, "delete")


@router.question("contacts.which")
def which(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several."""
    number = ordinal(message.text)
    ids = [int(i) for i in pending["ids"]]
    if number is None:
        return None
    if not 1 <= number <= len(ids):
        raise InvalidInput(f"回复 1 到 {len(ids)} 之间的数字，都不是就回复「取消」。")
    hit = Hit(ids[number - 1], "", 0, "")
    if pending["verb"] == "open":
        talk.settle()
        return Reply(card=views.contact_ref(hit.contact_id, 0))
    if pending["verb"] == "edit":
        return edit_found(ctx, talk, [hit], dict(pending["changes"]))
    if pending["verb"] == "number":
        return replace_number(ctx, talk, hit.contact_id, str(pending["number"]))
    return _done(ctx, talk, hit.contact_id, str(pending["verb"]), str(pending.get("reason", "")))


def _one(ctx: Context, talk: Talk, words: str, verb: str, *, reason: str = "") -> Reply:
    if not words.strip():
        raise InvalidInput("是哪一位？例如「主联系人 华兴 陈强」。")
    hits = find_contacts(ctx, talk, words)
    if not hits:
        raise missing(words)
    if len(hits) > 1:
        return ask_which(talk, hits, verb, reason=reason)
    return _done(ctx, talk, hits[0].contact_id, verb, reason)


def _done(ctx: Context, talk: Talk, contact_id: int, verb: str, reason: str) -> Reply:
    verbs: dict[str, Callable[[], Changed]] = {
        "main": lambda: set_main(ctx, contact_id),
        "switch": lambda: switch_contact(ctx, contact_id, reason),
        "delete": lambda: delete_contact(ctx, contact_id),
    }
    done = verbs[verb]()
    talk.settle()
    talk.about(done.customer_id)
    text = f"已删除联系人 {done.name}。" if verb == "delete" else done_text(done.name, done.lines)
    return Reply(text, card=views.contact_ref(done.contact_id, done.customer_id, done.undo_id))
