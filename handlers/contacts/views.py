"""Cards of contacts, drawn from the present state."""

from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import AppError
from bot.core.forms import withheld
from bot.core.markup import escape
from bot.dispatch import CardButton, CardRef, CardView
from bot.language.phones import mask
from cards import contacts as contact_cards
from cards.contacts import (
    AddContactButton,
    ContactsButton,
    DeleteContactButton,
    EditContactButton,
    MainButton,
    SwitchContactButton,
)
from cards.paging import turns
from handlers.contacts.service import FIELDS, list_contacts, show_contact
from handlers.customfields.values import asked_of, custom_lines
from handlers.undo.views import undo_buttons
from storage.tables import Contact

PAGE = 5


def contact_ref(contact_id: int, customer_id: int, undo_id: int | None = None) -> CardRef:
    """One person's card."""
    state = {"contact_id": contact_id, "customer_id": customer_id, "undo_id": undo_id}
    return CardRef("contacts.one", state, (f"customer:{customer_id}",))


def facts_of(contact: Contact, *, works: bool) -> str:
    """采购经理 · 13812345678 · 主 · 决策人."""
    number = contact.mobile or contact.phone
    marks = ("主联系人" if contact.main else "", "决策人" if contact.decider else "")
    gone = f"已停用：{contact.disabled_reason}" if contact.disabled_reason else ""
    return " · ".join(escape(p) for p in (contact.title, number if works else mask(number), *marks, gone) if p)


def paint_list(state: dict[str, Any], ctx: Context) -> CardView:
    """A customer's contacts, five a page."""
    try:
        found = list_contacts(ctx, int(state["customer_id"]))
    except AppError as refusal:
        return CardView("联系人", body=refusal.text)
    pages = max(1, -(-len(found.rows) // PAGE))
    page = min(max(1, int(state.get("page", 1))), pages)
    rows = [(c.id or 0, c.name, facts_of(c, works=found.works)) for c in found.rows[(page - 1) * PAGE : page * PAGE]]
    buttons = turns(page, pages, lambda to: ContactsButton(customer_id=found.customer_id, page=to), typed=False)
    if ctx.actor.may(Permission.CONTACT_ADD):
        typed = f"联系人 {found.customer} 陈强 13812345678"
        buttons.append(CardButton("加联系人", AddContactButton(customer_id=found.customer_id), typed=typed))
    shown = f"（第 {page}/{pages} 页）" if pages > 1 else ""
    empty = f"还没有联系人，发送「联系人 {found.customer} 姓名 职务 电话」加一位。"
    return contact_cards.contacts_card(found.customer, f"共 {len(found.rows)} 位{shown}", rows, buttons, empty=empty)


def paint_one(state: dict[str, Any], ctx: Context) -> CardView:
    """One person; whom the viewer may not see any more is one neutral sentence."""
    try:
        details = show_contact(ctx, int(state["contact_id"]))
    except AppError as refusal:
        return CardView("联系人", body=refusal.text, buttons=tuple(undo_buttons(ctx, state.get("undo_id"))))
    contact, contact_id = details.contact, details.contact.id or 0
    tags = [t for t in ("主联系人" if contact.main else "", "决策人" if contact.decider else "") if t]
    if contact.disabled_reason:
        tags.append(f"已停用：{escape(contact.disabled_reason)}")
    numbers = [n if details.works else mask(n) for n in (contact.mobile, contact.phone)]
    fields = [
        ("职务", contact.title), ("手机", numbers[0]), ("座机", numbers[1]), ("微信", contact.wechat),
        ("上级", details.boss),
    ]  # fmt: skip
    own = custom_lines(ctx, "contact", contact)
    buttons: list[CardButton] = list(undo_buttons(ctx, state.get("undo_id")))
    named = f"{details.customer} {contact.name}"
    if details.may_edit:
        buttons.append(
            CardButton("修改", EditContactButton(contact_id=contact_id), typed=f"改联系人 {named} 职务 总监")
        )
        if not contact.main and not contact.disabled_reason:
            buttons.append(CardButton("设为主联系人", MainButton(contact_id=contact_id), typed=f"主联系人 {named}"))
        if contact.disabled_reason:
            buttons.append(
                CardButton("重新启用", SwitchContactButton(contact_id=contact_id), typed=f"启用联系人 {named}")
            )
        else:
            left = SwitchContactButton(contact_id=contact_id, reason="离职")
            buttons.append(CardButton("已离职", left, typed=f"停用联系人 {named} 离职"))
        if ctx.actor.may(Permission.CONTACT_DELETE):
            delete = DeleteContactButton(contact_id=contact_id)
            buttons.append(CardButton("删除", delete, "danger", typed=f"删除联系人 {named}"))
    return contact_cards.contact_card(contact.name, details.customer, tags, fields, buttons, own=own)


def paint_form(state: dict[str, Any], ctx: Context) -> CardView:
    """The form, filled with what is there now."""
    try:
        details = show_contact(ctx, int(state["contact_id"]))
    except AppError as refusal:
        return CardView("联系人", body=refusal.text)
    contact = details.contact
    values = {name: str(getattr(contact, name) or "") for name in FIELDS}
    return contact_cards.edit_form(
        values, contact_id=contact.id or 0, version=int(state["version"]), decider=contact.decider,
        customer=details.customer, withheld=withheld(ctx.actor, "contact"), custom=asked_of(ctx, "contact", contact),
    )  # fmt: skip
