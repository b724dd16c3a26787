"""What people type about customers and contacts."""

import re
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import CardRef, ChatMessage, Reply, Router, Talk
from bot.language.phones import read_contact
from handlers.customers.asking import ask_contact, ask_customer
from handlers.customers.finding import find_customer
from handlers.customers.reading import read_new_customer
from handlers.customers.rules import MaybeDuplicate
from handlers.customers.service import NewCustomer, add_contact, create_customer

router = Router("customers.chat")
QUIET = re.compile(r"(\d{1,4})\s*天(?:没|未|没有)?(?:跟进|联系)(?:的|过)?(?:客户)?")


def open_customer(talk: Talk, customer_id: int) -> Reply:
    """The customer's card."""
    talk.settle()
    talk.about(customer_id)
    return Reply(card=CardRef("customers.one", {"customer_id": customer_id}, (f"customer:{customer_id}",)))


@router.command("查客户", "查询", "查找", "查")
def look_up(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`查 华兴`: its card, or those it could be."""
    if not message.args:
        raise InvalidInput("想查哪一家？例如「查 华兴」，名称的一部分、拼音首字母或手机尾号都行。")
    found = find_customer(ctx, message.args, pooled=None, reading=True)
    if found.certain is not None:
        return open_customer(talk, found.certain)
    if not found.options:
        raise NotFound(
            f"没有找到「{message.args}」，名称的一部分、拼音首字母或手机尾号都可以再试试。", attempt=found.attempt
        )
    return found.ask(talk, "customers.open", "看")


@router.question("customers.open")
def choose(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:  # noqa: ARG001
    """The number of one of several."""
    ids = pending.get("ids", [])
    if message.text.isdecimal() and 1 <= int(message.text) <= len(ids):
        return open_customer(talk, int(ids[int(message.text) - 1]))
    return None


def _list(ctx: Context, talk: Talk, words: str, *, mine: bool) -> Reply:
    quiet = QUIET.search(words)
    rest = QUIET.sub(" ", words)
    state: dict[str, Any] = {"words": rest.split(), "page": 1, "mine": ctx.actor.user_id if mine else ""}
    if quiet:
        state["quiet_days"] = int(quiet.group(1))
    talk.ask("customers.list", state=state)
    return Reply(card=CardRef("customers.list", state))


@router.command("我的客户")
def mine(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`我的客户 杭州 30天没跟进`."""
    return _list(ctx, talk, message.args, mine=True)


@router.command("客户列表", "客户")
def listing(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`客户 制造业 30天未跟进`, or one customer's name."""
    if message.args and not QUIET.search(message.args):
        found = find_customer(ctx, message.args, pooled=None)
        if found.certain is not None:
            return open_customer(talk, found.certain)
    return _list(ctx, talk, message.args, mine=False)


@router.sentence(20)
def quiet_customers(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`30天没跟进的客户`, `谁10天没跟进`."""
    if not QUIET.search(message.text):
        return None
    return _list(ctx, talk, message.text.removeprefix("谁"), mine=False)


@router.question("customers.list")
def turn_page(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:  # noqa: ARG001
    """`下一页`, `上一页`."""
    step = {"下一页": 1, "上一页": -1}.get(message.text)
    if step is None:
        return None
    state = {**pending["state"], "page": max(1, int(pending["state"]["page"]) + step)}
    talk.ask("customers.list", state=state)
    return Reply(card=CardRef("customers.list", state))


@router.command("新建客户", "新增客户", "添加客户", "创建客户")
def create(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`新建客户 杭州远航贸易 陈强 13812345678 展会`: asks once for all that is missing."""
    if not message.args:
        return ask_customer(ctx, talk, None)
    return _create(ctx, talk, read_new_customer(ctx, message.args), anyway=False)


@router.question("customers.create")
def complete(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """What was missing."""
    draft = NewCustomer(**pending["draft"]) if pending["draft"] else None
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
    if not new.name or not (new.contact or new.mobile):
        return ask_customer(ctx, talk, new)
    try:
        done = create_customer(ctx, new, anyway=anyway)
    except MaybeDuplicate as doubt:
        talk.ask("customers.create_anyway", draft=new.row())
        return Reply(f"{doubt.text}\n确定是另一家的话，回复「仍要新建」；不是就回复「取消」。")
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
    if pending.get("customer_id"):
        return _contact(ctx, talk, int(pending["customer_id"]), message.text)
    return _whose_contact(message.text, ctx, talk)


def _whose_contact(words: str, ctx: Context, talk: Talk) -> Reply:
    found = find_customer(ctx, words, pooled=None, leading=True)
    if found.certain is None:
        return found.ask(talk, "customers.contact_which", "加联系人")
    return _contact(ctx, talk, found.certain, found.rest)


@router.question("customers.contact_which")
def contact_which(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several."""
    ids = pending.get("ids", [])
    if message.text.isdecimal() and 1 <= int(message.text) <= len(ids):
        return _contact(ctx, talk, int(ids[int(message.text) - 1]), str(pending.get("rest", "")))
    return None


def _contact(ctx: Context, talk: Talk, customer_id: int, words: str) -> Reply:
    if not words:
        return open_customer(talk, customer_id)
    person = read_contact(words)
    if person is None or not person.name:
        raise InvalidInput("没认出联系人的姓名，例如「联系人 华兴 陈强 采购经理 13812345678」。")
    name = add_contact(ctx, customer_id, name=person.name, title=person.title, mobile=person.phone)
    talk.settle()
    talk.about(customer_id)
    parts = " ".join(p for p in (person.name, person.title, person.phone) if p)
    return Reply(f"已给「{name}」加上联系人：{parts}")


@router.command("跟进记录", "时间线", "历史")
def timeline(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`跟进记录 华兴`: the customer's card with its timeline."""
    if not message.args and (subject := talk.subject()) is not None:
        return open_customer(talk, subject)
    return look_up(message, ctx, talk)


@router.sentence(90)
def bare_name(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """A bare name in single chat looks the customer up (conversation.md 3)."""
    if message.group or not 2 <= len(message.text) <= 30:
        return None
    found = find_customer(ctx, message.text, pooled=None)
    if found.certain is not None:
        return open_customer(talk, found.certain)
    return None
