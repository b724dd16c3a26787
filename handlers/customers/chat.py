"""What people type about customers and contacts."""

import re
from dataclasses import replace
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.commands import without_politeness
from bot.language.phones import read_contact
from handlers.contacts.finding import ask_which, find_contacts, list_of, open_contact
from handlers.customers import views
from handlers.customers.asking import ask_contact, ask_customer
from handlers.customers.creating import FIELDS, NewCustomer, NoSuchChoice
from handlers.customers.finding import ABOUT, THIS, chosen, find_customer, open_customer
from handlers.customers.reading import read_new_customer
from handlers.customers.rules import MaybeDuplicate
from handlers.customers.service import add_contact, check_new_name, create_customer
from handlers.customfields.rules import Required
from handlers.customfields.values import own_fields

router = Router("customers.chat")
WHO = re.compile(r"(?:谁|哪个人?)(?:在|是)?(?:负责|跟进?|管)(?:着|的)?(?:客户)?\s*(?P<name>.{2,40}?)[?？。呀啊呢]*")
WECHAT = re.compile(
    r"(?:微信号?|wechat|vx)\s*(?:是|为)?\s*[:：]?\s*(?P<id>[A-Za-z][\w-]{4,19})", re.IGNORECASE | re.ASCII
)
WHERE = re.compile(
    r"(?P<name>.{1,40}?)\s*(?:现在|目前)?\s*(?:(?:走|进行|推进|跟)?(?:到|在)(?:链条|销售链条|流程)?的?(?:哪一?步|哪里|哪儿|什么阶段|哪个阶段)了?"
    r"|的?(?:进展|进度)(?:如何|怎么样|怎样)?)[?？。呀啊呢]*"
)
ADD_CONTACT = re.compile(
    r"(?:给|为)?(?P<name>.{2,40}?)\s*(?:再)?(?:添|增|新)?加(?:一|个|一个|位|一位)?联系人[\s,，:：]+(?P<who>.+)"
)


@router.sentence(20)
def ask_about(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`华兴 电话多少`, `谁在跟华兴`, `华兴的跟进记录`: the customer's card answers all of them."""
    asked = ABOUT.fullmatch(message.text.strip()) or WHO.fullmatch(message.text.strip())
    if asked is None:
        return None
    found = find_customer(ctx, asked["name"], pooled=None, reading=True)
    if found.certain is not None:
        return open_customer(talk, found.certain)
    return found.ask(talk, "customers.open", "看") if found.options else None


@router.question("customers.open")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several."""
    customer_id = chosen(message, ctx, pending)
    return None if customer_id is None else open_customer(talk, customer_id)


@router.command("新建客户", "新增客户", "添加客户", "创建客户", "录入客户", "建客户", "加客户", "录客户")
def create(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`新建客户 杭州远航贸易 陈强 13812345678 展会`: asks once for all that is missing."""
    if not message.args:
        return ask_customer(ctx, talk, None)
    return _create(ctx, talk, read_new_customer(ctx, message.args), anyway=False)


@router.question("customers.create")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What was missing."""
    draft = NewCustomer(**pending["draft"]) if pending["draft"] else None
    if draft is not None and (draft.contact or draft.mobile) and message.text in ("跳过", "不填", "没有", "不用"):
        return _create(ctx, talk, draft, anyway=False)
    return _create(ctx, talk, read_new_customer(ctx, message.text, draft), anyway=False)


@router.question("customers.create_anyway")
def confirm(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`仍要新建`, or not."""
    if message.text in ("仍要新建", "新建", "是", "1"):
        return _create(ctx, talk, NewCustomer(**pending["draft"]), anyway=True)
    if message.text in ("取消", "算了", "不用", "不建", "2"):
        talk.settle()
        return Reply("好的，没有新建。")
    return None


def _create(ctx: Context, talk: Talk, new: NewCustomer, *, anyway: bool) -> Reply:
    if not new.name:
        return ask_customer(ctx, talk, new)
    if not (new.contact or new.mobile):
        check_new_name(ctx, new)
        return ask_customer(ctx, talk, new)
    try:
        done = create_customer(ctx, new, anyway=anyway)
    except NoSuchChoice as wrong:
        column = next(c for c, field in FIELDS.items() if field == wrong.field)
        talk.ask("customers.create", draft=NewCustomer(**{**new.row(), column: ""}).row())
        return Reply(f"{wrong.text}发其中一个就行，不填就回复「跳过」。")
    except Required as short:
        check_new_name(ctx, new)
        return ask_customer(ctx, talk, new, missing=short.text)
    except MaybeDuplicate as doubt:
        state = views.doubt_state(new, doubt)
        talk.ask("customers.create_anyway", draft=state["draft"], others=[one["id"] for one in state["others"]])
        return Reply(card=CardRef("customers.doubt", state))
    talk.settle()
    customer_id = done.customer.id or 0
    talk.about(customer_id)
    state = {"customer_id": customer_id, "undo_id": done.undo_id, "name": done.customer.name}
    return Reply(card=CardRef("customers.created", state, (f"customer:{customer_id}",)))


@router.command("添加联系人", "新增联系人", "新建联系人", "联系人")
def contact(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`联系人 华兴 陈强 采购经理 13812345678`; without a person: the customer's contacts; alone: a form."""
    if not message.args:
        return ask_contact(ctx, talk)
    return _whose_contact(message.args, ctx, talk)


@router.question("customers.contact_new")
def complete_contact(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What the form asked for, said in a sentence."""
    draft = pending.get("draft", {})
    if draft.get("name"):  # only what the form lacked
        custom, rest = own_fields(ctx, "contact", message.text)
        return None if rest else _store_contact(ctx, talk, int(pending["customer_id"]), draft, custom)
    if pending.get("customer_id"):
        return _contact(ctx, talk, int(pending["customer_id"]), message.text)
    return _whose_contact(message.text, ctx, talk)


def _whose_contact(words: str, ctx: Context, talk: Talk) -> Reply:
    first, _, rest = words.partition(" ")
    subject = talk.subject()
    people = find_contacts(ctx, talk, words)
    if people and find_customer(ctx, words, pooled=None).certain is None:  # `联系人 陈强`, `联系人 华兴 陈强`
        return open_contact(talk, people[0]) if len(people) == 1 else ask_which(talk, people, "open")
    if first in THIS and subject is not None:
        return _contact(ctx, talk, subject, rest.strip())
    found = find_customer(ctx, words, pooled=False, leading=True)
    if found.certain is None and not found.options:
        found = find_customer(ctx, words, pooled=True, leading=True)  # the rule says it is to be claimed first
    if found.certain is None:
        return found.ask(talk, "customers.contact_which", "加联系人")
    return _contact(ctx, talk, found.certain, found.rest)


@router.sentence(20)
def contact_spoken(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`华兴 加个联系人 刘洋 13700001234`."""
    said = ADD_CONTACT.fullmatch(message.text.strip())
    if said is None:
        return None
    if said["name"].strip() in THIS:
        return contact(replace(message, args=f"这家 {said['who']}"), ctx, talk)
    found = find_customer(ctx, said["name"], pooled=None)
    if found.certain is not None:
        return _contact(ctx, talk, found.certain, said["who"])
    return replace(found, rest=said["who"]).ask(talk, "customers.contact_which", "加联系人") if found.options else None


@router.question("customers.contact_which")
def contact_which(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several."""
    customer_id = chosen(message, ctx, pending)
    return None if customer_id is None else _contact(ctx, talk, customer_id, str(pending.get("rest", "")))


def _contact(ctx: Context, talk: Talk, customer_id: int, words: str) -> Reply:
    if not words:
        return list_of(talk, customer_id)
    custom, words = own_fields(ctx, "contact", words)
    wechat = WECHAT.search(words)
    words = WECHAT.sub(" ", words)
    person = read_contact(words)
    if person is None or not person.name:
        raise InvalidInput("没认出联系人的姓名，例如「联系人 华兴 陈强 采购经理 13812345678」。")
    said = {"name": person.name, "title": person.title, "mobile": person.phone}
    said["wechat"] = wechat["id"] if wechat is not None else ""
    return _store_contact(ctx, talk, customer_id, said, custom)


def _store_contact(ctx: Context, talk: Talk, customer_id: int, said: dict[str, Any], more: dict[str, str]) -> Reply:
    custom = {**said.get("custom", {}), **more}
    known = {part: str(said.get(part, "")) for part in ("name", "title", "mobile", "wechat")}
    try:
        name = add_contact(
            ctx, customer_id, name=known["name"], title=known["title"], mobile=known["mobile"],
            wechat=known["wechat"], custom=custom,
        )  # fmt: skip
    except Required as short:
        return ask_contact(ctx, talk, customer_id, {**known, "custom": custom, "missing": short.text})
    talk.settle()
    talk.about(customer_id)
    parts = " ".join(f"微信 {p}" if k == "wechat" else p for k, p in known.items() if p)
    return Reply(f"已给「{name}」加上联系人：{parts}")


@router.command("跟进记录", "跟进历史")
def timeline(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`跟进记录 华兴`: the customer's card with its timeline."""
    if not message.args and (subject := talk.subject()) is not None:
        return open_customer(talk, subject)
    if not message.args:
        raise InvalidInput("看哪一家的？例如「跟进记录 华兴」。")
    found = find_customer(ctx, message.args, pooled=None, reading=True)
    return open_customer(talk, found.certain) if found.certain is not None else found.ask(talk, "customers.open", "看")


@router.sentence(24)
def where(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`华兴到哪一步了`, `华兴的进展`: the card, which says where in the chain it stands (R4.03)."""
    said = WHERE.fullmatch(without_politeness(message.text).strip())
    if said is None:
        return None
    subject, name = talk.subject(), said["name"].strip().removesuffix("的")
    if name in THIS and subject is not None:
        return open_customer(talk, subject)
    found = find_customer(ctx, name, pooled=None, reading=True)
    if found.certain is not None:
        return open_customer(talk, found.certain)
    return found.ask(talk, "customers.open", "看") if found.options else None


@router.sentence(90)
def bare_name(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """A bare name in single chat looks the customer up (conversation.md 3)."""
    if message.group or not 1 <= len(message.text) <= 30:
        return None
    found = find_customer(ctx, without_politeness(message.text), pooled=None)
    if found.certain is not None:
        return open_customer(talk, found.certain)
    return None
