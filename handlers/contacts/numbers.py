"""A contact's number is another now: one that is there is replaced when its author has looked at both."""

import re
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput, NotFound
from bot.core.markup import escape
from bot.dispatch import Confirmed, Reply, Talk
from bot.language.phones import find_phones, mask
from cards.confirming import Summary
from handlers.confirming.service import propose
from handlers.contacts import views
from handlers.contacts.finding import ask_which, done_text, find_contacts
from handlers.contacts.service import edit_contact, list_contacts, show_contact
from handlers.customers.finding import find_customer
from handlers.customers.standing import require_any

NEW_NUMBER = re.compile(
    r"(?P<who>.{2,40}?)\s*的?\s*(?:"
    r"(?:换|改)了?(?:个|一个)?新?(?:手机号码?|电话号码?|手机|电话|号码|号)了?|(?:有|用)(?:个)?新(?:手机号?|电话|号码)了?|"
    r"(?:手机号码?|电话号码?|手机|电话|号码|号)(?:已经)?(?:换|改|变)(?:成|为|了|到)*|新(?:手机号码?|电话号码?|手机|电话|号码|号)"
    r")\s*(?:是|为|成|到|了|[,，:：])*\s*(?P<rest>.*)"
)
LISTED = 5  # contacts that are named where nobody is called so


def said_number(text: str) -> tuple[str, str] | None:
    """Who has another number, and which it is (empty: not said). None: that is not what it says."""
    said = NEW_NUMBER.fullmatch(text.strip(" 。.!！"))
    if said is None:
        return None
    phones = find_phones(said["rest"])
    left = said["rest"]
    for phone in reversed(phones):
        left = left[: phone.start] + left[phone.end :]
    if len(phones) > 1 or left.strip(" ,，:：。了是为"):
        return None
    return said["who"].strip(), phones[0].number if phones else ""


def change_number(ctx: Context, talk: Talk, who: str, number: str) -> Reply | None:
    """None: neither a contact nor a customer is called so.

    Raises:
        Forbidden, NotYours; NotFound: the customer has nobody of that name; InvalidInput: no number is said.
    """
    hits = find_contacts(ctx, talk, who)
    if not hits:
        return _nobody(ctx, who, number)
    require_any(ctx.actor, Permission.CONTACT_ADD, Permission.CONTACT_EDIT)
    if not number:
        first = hits[0]
        example = f"{first.customer} {first.name} 的号码换成 13812345678"
        raise InvalidInput(f"新号码是多少？和名字一起发，例如「{example}」。")
    if len(hits) > 1:
        return ask_which(talk, hits, "number", number=number)
    return replace_number(ctx, talk, hits[0].contact_id, number)


def _nobody(ctx: Context, who: str, number: str) -> Reply | None:
    """小米的雷总, where 小米 has a 雷军: who it is, is not guessed."""
    head, _, name = who.replace("的", " ", 1).rpartition(" ")
    found = find_customer(ctx, head.strip(), pooled=False) if head.strip() else None
    if found is None or found.certain is None:
        return None
    there = list_contacts(ctx, found.certain)
    known = [c.name for c in there.rows if not c.disabled_reason]
    like = [one for one in known if one[:1] == name[:1]] or known
    if not like:
        example = f"联系人 {there.customer} {name} {number}".rstrip()
        raise NotFound(f"「{there.customer}」还没有联系人，发送「{example}」添加。")
    raise NotFound(
        f"「{there.customer}」没有叫「{name[:20]}」的联系人，有：{'、'.join(like[:LISTED])}。"
        f"是哪一位就写全名，例如「改联系人 {there.customer} {like[0]} 手机 {number or '13812345678'}」。"
    )


def replace_number(ctx: Context, talk: Talk, contact_id: int, number: str) -> Reply:
    """At once where there was none, else on one tap. Raises Forbidden, NotFound, NotYours."""
    field = "phone" if number.startswith("0") or not number.isdecimal() else "mobile"
    shown = show_contact(ctx, contact_id)
    contact, was = shown.contact, str(getattr(shown.contact, field) or "")
    if not was or was == number or not shown.may_edit:  # refused there
        done = edit_contact(ctx, contact_id, {field: number})
        talk.settle()
        talk.about(done.customer_id)
        ref = views.contact_ref(done.contact_id, done.customer_id, done.undo_id)
        return Reply(done_text(done.name, done.lines), card=ref)
    now = was if shown.works else mask(was)
    facts = (("客户", shown.customer), ("联系人", contact.name), ("现在的号码", now), ("换成", number))
    summary = Summary(f"{contact.name} 换号码", "换号码", facts)
    payload = {"contact_id": contact_id, "field": field, "number": number, "version": contact.version}
    talk.about(contact.customer_id)
    return propose(ctx, talk, "contacts.number", payload, summary)


def confirmed(payload: dict[str, Any], ctx: Context) -> Confirmed:
    """Raises as `edit_contact`."""
    changes = {str(payload["field"]): str(payload["number"])}
    done = edit_contact(ctx, int(payload["contact_id"]), changes, version=int(payload["version"]))
    ref = views.contact_ref(done.contact_id, done.customer_id, done.undo_id)
    return Confirmed(escape(done_text(done.name, done.lines)), ref)
