"""Use cases of contacts, one by one. A new one: `handlers.customers.service.add_contact`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import NotFound
from bot.core.forms import check_may_fill, custom_kind
from bot.language.phones import mask
from bot.language.pinyin import initials
from handlers.contacts import rules
from handlers.contacts.rules import LABELS, ChangedSince, Disabled, NotAbove, Stale, StillNamed
from handlers.customers.standing import require_any, step_may_write
from handlers.customfields.values import labels_of, undo_custom, write_custom
from storage import audit, cards, contacts, customers, teams, undos
from storage.database import Tx
from storage.tables import Contact, Customer

UNDO = timedelta(minutes=10)
FIELDS = ("name", "title", "mobile", "phone", "wechat")


@dataclass(frozen=True, slots=True)
class ContactList:
    """A customer's contacts. `works`: the actor works on it, so he reads whole numbers."""

    customer_id: int
    customer: str
    rows: list[Contact]
    works: bool


def list_contacts(ctx: Context, customer_id: int) -> ContactList:
    """Of one's own customer, or with 联系人-查看 of one in scope. Raises Forbidden, NotFound."""
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
        works = _check_may_read(tx, ctx, customer)
        rows = customers.list_contacts(tx, customer.id or 0)
        return ContactList(customer.id or 0, customer.name, rows, works)


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """One person, and what the actor may do with him."""

    contact: Contact
    customer: str
    works: bool
    may_edit: bool
    boss: str


def show_contact(ctx: Context, contact_id: int) -> ContactDetails:
    """Raises Forbidden, NotFound."""
    with ctx.begin() as tx:
        contact = contacts.access_contact(tx, contact_id)
        customer = customers.access_customer(tx, contact.customer_id)
        works = _check_may_read(tx, ctx, customer)
        boss = contacts.access_contact(tx, contact.reports_to_id).name if contact.reports_to_id else ""
        return ContactDetails(contact, customer.name, works, works or ctx.actor.may(Permission.CONTACT_EDIT), boss)


def _check_may_read(tx: Tx, ctx: Context, customer: Customer) -> bool:
    """Returns whether the actor works on the customer. A pool customer's contacts are shown to nobody (D14)."""
    if customer.owner_id is None:
        raise NotFound("没有找到这位联系人，发送「查 客户名称」看看有哪些联系人。")
    if customer.owner_id == ctx.actor.user_id:
        return True
    ctx.actor.require(Permission.CONTACT_VIEW)
    return teams.right_of(tx, customer.id or 0, ctx.actor.scope) == "write"


@dataclass(frozen=True, slots=True)
class Changed:
    """A contact after a change; `lines` empty: it all stood there already."""

    contact_id: int
    customer_id: int
    name: str
    lines: list[str]
    undo_id: int | None = None


def edit_contact(
    ctx: Context, contact_id: int, changes: Mapping[str, str], *, version: int | None = None, card: str = ""
) -> Changed:
    """`changes`: by field (name, title, mobile, phone, wechat, decider, reports_to), the company's own as they are
    stored; "" clears.

    Raises:
        Forbidden, NotFound, NotYours, InvalidInput, NotAbove.
        Stale: somebody changed it since `version`.
    """
    require_any(ctx.actor, Permission.CONTACT_ADD, Permission.CONTACT_EDIT)
    check_may_fill(ctx.actor, "contact", {f: v or "清空" for f, v in changes.items()})
    with ctx.begin() as tx:
        contact, customer = _access(tx, ctx, contact_id)
        if version is not None and version != contact.version:
            raise Stale(f"没有保存：「{contact.name}」在你填的时候被改过。下面是现在的内容，核对后再改。")
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        custom = {f: v for f, v in changes.items() if custom_kind(f) is not None}
        for field, said in changes.items():
            if field in custom:
                continue
            name, value = _value(tx, contact, field, said)
            was = getattr(contact, name)
            if value != was:
                before[name], after[name] = was, value
        return _change(tx, ctx, contact, customer, before, after, card=card, custom=custom)


def set_main(ctx: Context, contact_id: int, *, card: str = "") -> Changed:
    """The customer's one main contact (R-CONT-5). Raises Forbidden, NotFound, NotYours, Disabled."""
    require_any(ctx.actor, Permission.CONTACT_ADD, Permission.CONTACT_EDIT)
    with ctx.begin() as tx:
        contact, customer = _access(tx, ctx, contact_id)
        if contact.disabled_reason:
            raise Disabled(f"「{contact.name}」已停用（{contact.disabled_reason}），不能设为主联系人。")
        if contact.main:
            return Changed(contact.id or 0, contact.customer_id, contact.name, [])
        return _change(tx, ctx, contact, customer, {"main": False}, {"main": True}, card=card)


def switch_contact(ctx: Context, contact_id: int, reason: str, *, card: str = "") -> Changed:
    """Somebody who is there no more, and why; without a reason he is there again (R-CONT-3)."""
    require_any(ctx.actor, Permission.CONTACT_ADD, Permission.CONTACT_EDIT)
    with ctx.begin() as tx:
        contact, customer = _access(tx, ctx, contact_id)
        reason = reason.strip()[: rules.LONG]
        if contact.disabled_reason == reason:
            return Changed(contact.id or 0, contact.customer_id, contact.name, [])
        before: dict[str, Any] = {"disabled_reason": contact.disabled_reason}
        after: dict[str, Any] = {"disabled_reason": reason}
        if reason and contact.main:
            before["main"], after["main"] = True, False
        return _change(tx, ctx, contact, customer, before, after, card=card)


def delete_contact(ctx: Context, contact_id: int, *, card: str = "") -> Changed:
    """Only one that nothing refers to; who left is 停用.

    Raises:
        Forbidden, NotFound, NotYours, StillNamed.
    """
    ctx.actor.require(Permission.CONTACT_DELETE)
    with ctx.begin() as tx:
        contact, customer = _access(tx, ctx, contact_id)
        if contacts.references(tx, contact_id) or contacts.list_reports(tx, contact_id):
            raise StillNamed(
                f"「{contact.name}」还有记录或下属指着，不能删除。"
                f"离职了就发送「停用联系人 {customer.name} {contact.name} 离职」。"
            )
        was_main = contact.main
        contacts.remove(tx, contact, ctx.now)
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="contacts.delete", text=f"删除联系人 {contact.name}", now=ctx.now,
            lasts=UNDO, payload={"contact_id": contact_id, "main": was_main, "at": ctx.now.isoformat()},
        )  # fmt: skip
        _record(tx, ctx, "delete.contact", contact, customer, {"联系人": (contact.name, "")})
        cards.redraw_others(tx, f"customer:{customer.id}", now=ctx.now, but=card)
        return Changed(contact_id, customer.id or 0, contact.name, ["已删除"], undo_id)


def undo_delete(ctx: Context, payload: dict[str, Any]) -> str:
    """The contact is there again. The undo door has checked whose deletion it was."""
    with ctx.begin() as tx:
        contact = contacts.restore(tx, int(payload["contact_id"]), datetime.fromisoformat(payload["at"]))
        customer = customers.access_customer(tx, contact.customer_id)
        step_may_write(tx, ctx, customer, Permission.CONTACT_EDIT)
        if payload["main"] and not any(c.main for c in customers.list_contacts(tx, contact.customer_id)):
            contacts.set_main(tx, contact)
        _record(tx, ctx, "undo.edit_contact", contact, customer, {"联系人": ("", contact.name)})
        cards.redraw_others(tx, f"customer:{customer.id}", now=ctx.now)
        return f"已撤销，「{customer.name}」的联系人 {contact.name} 恢复了。"


def undo_edit(ctx: Context, payload: dict[str, Any]) -> str:
    """Puts back what stood there, while nobody has changed it again. The undo door has checked whose it is."""
    with ctx.begin() as tx:
        contact, customer = _access(tx, ctx, int(payload["contact_id"]))
        before, after = dict(payload["before"]), dict(payload["after"])
        own_before, own_after = payload.get("custom") or ({}, {})
        again = any(contact.custom.get(name, "") != value for name, value in own_after.items())
        if again or any(getattr(contact, name) != value for name, value in after.items()):
            raise ChangedSince(f"「{contact.name}」之后又改过，不能撤销了。")
        said = undo_custom(tx, "contact", contact, own_before)
        _write(tx, contact, before)
        previous = payload.get("main_before")
        if previous and before.get("main") is False:
            former = contacts.find(tx, int(previous))
            if former is not None and not former.disabled_reason:
                contacts.set_main(tx, former)
        named = labels_of(tx, "contact", own_before)
        _record(tx, ctx, "undo.edit_contact", contact, customer, _told(tx, after, before) | said, named)
        cards.redraw_others(tx, f"customer:{customer.id}", now=ctx.now)
        return f"已撤销对联系人 {contact.name} 的修改。"


def _access(tx: Tx, ctx: Context, contact_id: int) -> tuple[Contact, Customer]:
    contact = contacts.access_contact(tx, contact_id, lock=True)
    customer = customers.access_customer(tx, contact.customer_id)
    step_may_write(tx, ctx, customer, Permission.CONTACT_EDIT)
    return contact, customer


def _value(tx: Tx, contact: Contact, field: str, said: str) -> tuple[str, Any]:
    """Attribute and value of what was said."""
    if field == "decider":
        return "decider", rules.read_switch(said)
    if field != "reports_to":
        return field, rules.check_value(field, said)
    if not said:
        return "reports_to_id", None
    bosses = contacts.list_called(tx, said, customer_id=contact.customer_id)
    if not bosses:
        raise NotAbove(f"这家客户没有联系人「{said[:30]}」，上级要是同一家的联系人，先加上再设。")
    above = {c.id or 0: c.reports_to_id for c in customers.list_contacts(tx, contact.customer_id)}
    rules.check_above(contact.id or 0, bosses[0].id or 0, above)
    return "reports_to_id", bosses[0].id


def _change(
    tx: Tx, ctx: Context, contact: Contact, customer: Customer, before: dict[str, Any], after: dict[str, Any], *,
    card: str, custom: Mapping[str, str] | None = None,
) -> Changed:  # fmt: skip
    said, was = write_custom(tx, ctx, "contact", contact, custom or {})
    if not (after or said):
        return Changed(contact.id or 0, customer.id or 0, contact.name, [])
    now = {name: str(contact.custom.get(name, "")) for name in was}
    previous = _write(tx, contact, after)
    told = _told(tx, before, after) | said
    undo_id = undos.offer(
        tx, user_id=ctx.actor.user_id, kind="contacts.edit", text=f"修改联系人 {contact.name}", now=ctx.now, lasts=UNDO,
        payload={"contact_id": contact.id, "before": before, "after": after, "main_before": previous,
                 "custom": [was, now]},
    )  # fmt: skip
    _record(tx, ctx, "edit.contact", contact, customer, told, labels_of(tx, "contact", was))
    cards.redraw_others(tx, f"customer:{customer.id}", now=ctx.now, but=card)
    lines = [f"{label} {was or '（空）'} → {now or '（空）'}" for label, (was, now) in told.items()]
    return Changed(contact.id or 0, customer.id or 0, contact.name, lines, undo_id)


def _write(tx: Tx, contact: Contact, values: Mapping[str, Any]) -> int | None:
    """Returns the main contact that was, if this one is the main one now."""
    for name, value in values.items():
        if name != "main":
            setattr(contact, name, value)
    if "name" in values:
        contact.initials = initials(contact.name, person=True)
    if "mobile" in values:
        contact.mobile_tail = str(values["mobile"])[-4:]
    contact.version += 1
    if values.get("main") is False:
        contact.main = False
    tx.add(contact)
    tx.flush()
    return contacts.set_main(tx, contact) if values.get("main") else None


def _told(tx: Tx, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {
        LABELS[name.removesuffix("_id")]: (_words(tx, name, before.get(name)), _words(tx, name, value))
        for name, value in after.items()
    }


def _words(tx: Tx, name: str, value: Any) -> str:
    if name in ("mobile", "phone"):
        return mask(value) if value else ""
    if name == "reports_to_id":
        boss = contacts.find(tx, value) if value else None
        return boss.name if boss is not None else ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value or "")


def _record(
    tx: Tx, ctx: Context, action: str, contact: Contact, customer: Customer, changes: Mapping[str, tuple[str, str]],
    fields: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """`fields`: the company's own among the changed ones, label → name."""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"customer:{customer.id}",
        name=customer.name, changes={f"{contact.name} {label}" if label != "联系人" else label: pair
                                     for label, pair in changes.items()},
        contact=contact.id, fields=dict(fields or {}),
    )  # fmt: skip
