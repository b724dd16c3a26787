"""What people type to change a customer: `改 华兴 城市 杭州`, `华兴的城市改成杭州`, `补充信息 华兴`."""

import re
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput, NotFound
from bot.dispatch import ChatMessage, Reply, Router, Talk
from handlers.contacts.finding import edit_found, find_contacts
from handlers.contacts.rules import read_contact_edit
from handlers.customers.finding import THIS, Finding, chosen, find_customer
from handlers.customers.rules import MaybeDuplicate
from handlers.customers.standing import require_any
from handlers.customfields.values import own_fields
from handlers.editing import views
from handlers.editing.rules import EXAMPLE, read_edit
from handlers.editing.service import edit_customer
from handlers.flows.finding import APPLICATION

router = Router("editing.chat")
VERB = re.compile(r"^(?:请|麻烦|帮我)?(?:修改|更新|补充|改|填写|填|把|将)\s*")
CHANGED = re.compile(r"(?:改|换|变|设|更新|调整|修改)(?:成|为|到|了)")
SPOKEN = re.compile(
    r"(?:请|麻烦|帮我)?(?:把|将)?\s*(?P<whose>.{2,40}?)\s*的?\s*(?P<label>[一-龥]{1,8})\s*(?:改|换|变|更新|调整|修改)(?:成|为|了)\s*(?P<value>.+)"
)


def find_one(ctx: Context, talk: Talk, words: str) -> Finding:
    """The owned customer meant by words that hold nothing else, or 它, or (no words) the one last spoken of."""
    subject = talk.subject()
    if (not words or words in THIS) and subject is not None:
        return Finding(words, subject)
    if not words:
        raise InvalidInput(f"要改哪一家？例如「{EXAMPLE}」。")
    found = find_customer(ctx, words, pooled=False)
    if found.certain is None and not found.options:
        found = find_customer(ctx, words, pooled=True)  # the rule says it is to be claimed first
    return found


@router.command("修改客户", "编辑客户", "更新客户", "改客户")
def edit(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`修改客户 华兴 行业 制造业 来源 展会`; without a field: the form."""
    require_any(ctx.actor, Permission.CUSTOMER_ADD, Permission.CUSTOMER_EDIT)
    own, text = own_fields(ctx, "customer", message.args)
    words = read_edit(text)
    if words is not None:
        return _meant(ctx, talk, words.whose, {**words.changes, **own})
    return _meant(ctx, talk, whose_of(text), own)


@router.command("补充信息", "补充资料", "完善资料", "完善信息")
def complete(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`补充信息 华兴`: the form, filled with what is there."""
    return edit(message, ctx, talk)


def _is_ours(rest: str) -> bool:
    """Of a customer or a contact; `修改 FP-2026-0001 备注 加急` is of an application."""
    return APPLICATION.match(rest) is None and (read_contact_edit(rest) is not None or _names_a_field(rest))


@router.command("改", "修改", when=_is_ours)
def change(message: ChatMessage, ctx: Context, talk: Talk) -> Reply:
    """`改 华兴 城市 杭州`, `改 陈强 职务 总监`: a customer's field, or a contact's."""
    return _customer_or_contact(message.args, ctx, talk)


@router.sentence(24)
def with_own_fields(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`改 华兴 年采购额 50万`, `华兴的年采购额改成50万`: the company's own fields, which no command word tells."""
    text = VERB.sub("", message.text.strip())
    if VERB.match(message.text.strip()) is None and CHANGED.search(text) is None:
        return None
    own, rest = own_fields(ctx, "customer", text)
    if not own:
        return _contacts_own(ctx, talk, text)
    require_any(ctx.actor, Permission.CUSTOMER_ADD, Permission.CUSTOMER_EDIT)
    words = read_edit(rest)
    return _meant(ctx, talk, *((words.whose, {**words.changes, **own}) if words else (whose_of(rest), own)))


@router.sentence(25)
def spoken(message: ChatMessage, ctx: Context, talk: Talk) -> Reply | None:
    """`华兴的城市改成杭州`, `把陈强的手机换成 13900001111`."""
    said = SPOKEN.fullmatch(message.text.strip())
    if said is None:
        return None
    words = f"{said['whose']} {said['label']} {said['value']}"
    if not _names_a_field(words) and read_contact_edit(words) is None:
        return None
    return _customer_or_contact(words, ctx, talk)


def _names_a_field(rest: str) -> bool:
    try:
        return read_edit(rest) is not None
    except InvalidInput:
        return True


def _customer_or_contact(text: str, ctx: Context, talk: Talk) -> Reply:
    own, rest = own_fields(ctx, "customer", text)
    theirs, bare = ({}, text) if own else own_fields(ctx, "contact", text)
    person = read_contact_edit(bare)
    if person is not None and person.whose:
        hits = find_contacts(ctx, talk, person.whose)
        if hits and (_only_theirs(text) or find_customer(ctx, person.whose, pooled=None).certain is None):
            return edit_found(ctx, talk, hits, {**person.changes, **theirs})
        if _only_theirs(text):
            raise NotFound(f"没有找到联系人「{person.whose[:30]}」，例如「改联系人 华兴 陈强 职务 总监」。")
    words = read_edit(rest)
    if words is None and not own:
        raise InvalidInput(f"没看懂要改什么，例如「{EXAMPLE}」。")
    require_any(ctx.actor, Permission.CUSTOMER_ADD, Permission.CUSTOMER_EDIT)
    if words is None:
        return _meant(ctx, talk, whose_of(rest), own)
    return _meant(ctx, talk, words.whose, {**words.changes, **own})


def _contacts_own(ctx: Context, talk: Talk, text: str) -> Reply | None:
    """`改 陈强 生日 1990-05-01`."""
    own, rest = own_fields(ctx, "contact", text)
    words = read_contact_edit(rest)
    whose = words.whose if words is not None else whose_of(rest)
    hits = find_contacts(ctx, talk, whose) if own and whose else []
    if not hits:
        return None
    require_any(ctx.actor, Permission.CONTACT_ADD, Permission.CONTACT_EDIT)
    return edit_found(ctx, talk, hits, {**(words.changes if words is not None else {}), **own})


def whose_of(text: str) -> str:
    """What a sentence without its fields says of the customer: `把 华兴的` → 华兴."""
    return text.strip(" \t,，、;；。").removeprefix("把").removeprefix("将").strip().removesuffix("的").strip()


def _only_theirs(text: str) -> bool:
    """Whether a field is named that only contacts have."""
    return not _names_a_field(text)


def _meant(ctx: Context, talk: Talk, whose: str, changes: dict[str, str]) -> Reply:
    found = find_one(ctx, talk, whose)
    if found.certain is None:
        return found.ask(talk, "editing.which", "改", changes=changes)
    return _edited(ctx, talk, found.certain, changes)


@router.question("editing.which")
def which(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """The number of one of several."""
    customer_id = chosen(message, ctx, pending)
    return None if customer_id is None else _edited(ctx, talk, customer_id, dict(pending["changes"]))


@router.question("editing.anyway")
def confirm(message: ChatMessage, ctx: Context, talk: Talk, pending: dict[str, Any]) -> Reply | None:
    """`仍要改名`, or not."""
    if message.text in ("仍要改名", "改", "是", "1"):
        return _edited(ctx, talk, int(pending["customer_id"]), dict(pending["changes"]), anyway=True)
    if message.text in ("取消", "算了", "不用", "不改", "2"):
        talk.settle()
        return Reply("好的，没有改。")
    return None


def _edited(ctx: Context, talk: Talk, customer_id: int, changes: dict[str, str], *, anyway: bool = False) -> Reply:
    talk.settle()
    talk.about(customer_id)
    if not changes:
        return Reply(card=views.form_card(ctx, customer_id))
    try:
        done = edit_customer(ctx, customer_id, changes, anyway=anyway)
    except MaybeDuplicate as doubt:
        talk.ask("editing.anyway", customer_id=customer_id, changes=changes)
        return Reply(f"{doubt.text}\n确定要改成这个名字的话，回复「仍要改名」；不是就回复「取消」。")
    if not done.lines:
        return Reply(f"没有变化，「{done.name}」本来就是这样。")
    return Reply(card=views.edited_card(done))
