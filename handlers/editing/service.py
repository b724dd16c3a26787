"""Use cases of changing a customer's fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.forms import FORMS, check_may_fill, custom_kind, withheld
from bot.dispatch import FormField
from bot.language.companies import hard_key, soft_key
from bot.language.phones import mask
from bot.language.pinyin import initials, pinyin_of
from handlers.customers import rules as customer_rules
from handlers.customers.creating import twin_facts
from handlers.customers.rules import Duplicate
from handlers.customers.standing import require_any, step_may_write
from handlers.customers.told import shown_changes
from handlers.customfields.values import custom_form_fields, labels_of, undo_custom, write_custom
from handlers.dictionaries.service import step_choose
from handlers.editing import rules
from handlers.editing.rules import ChangedSince, Stale
from storage import audit, cards, customers, dictionaries, people, timeline, undos
from storage.database import Tx
from storage.tables import Customer

UNDO = timedelta(minutes=10)
CHOICES = ("class", "industry", "source")
ATTRIBUTES = {f.name: f.attribute for f in FORMS["customer"]}


@dataclass(frozen=True, slots=True)
class EditForm:
    """A customer as its form shows it: only fields the actor may write."""

    customer_id: int
    name: str
    version: int
    fields: list[tuple[str, str, str]]  # name, label, present value
    options: dict[str, list[str]]
    custom: tuple[FormField, ...] = ()  # the company's own fields


def open_form(ctx: Context, customer_id: int) -> EditForm:
    """Raises Forbidden, NotFound, NotYours."""
    require_any(ctx.actor, Permission.CUSTOMER_ADD, Permission.CUSTOMER_EDIT)
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
        _check(tx, ctx, customer)
        kept = withheld(ctx.actor, "customer")
        fields = [(f, rules.label_of(f), _value(customer, f)) for f in rules.editable() if f not in kept]
        options = {f: dictionaries.list_values(tx, "customer", f) for f in CHOICES}
        own = custom_form_fields(tx, ctx, "customer", customer)
        return EditForm(customer.id or 0, customer.name, customer.version, fields, options, own)


@dataclass(frozen=True, slots=True)
class Edited:
    """What was changed; `lines` empty: it all stood there already."""

    customer_id: int
    name: str
    lines: list[str]
    undo_id: int | None = None


def edit_customer(
    ctx: Context, customer_id: int, changes: Mapping[str, str], *, version: int | None = None, anyway: bool = False,
    card: str = "",
) -> Edited:  # fmt: skip
    """Changes fields of one's own customer, or, with 客户-编辑 or as 协作人, of another's.

    `changes`: by field of the form, the company's own as they are stored; "" clears.
    `version`: of the customer when a form was filled.

    Raises:
        Forbidden, NotFound, NotYours, InvalidInput.
        Stale: somebody changed it since `version`.
        Duplicate, MaybeDuplicate: the new name or code is another's (D18).
    """
    require_any(ctx.actor, Permission.CUSTOMER_ADD, Permission.CUSTOMER_EDIT)
    check_may_fill(ctx.actor, "customer", {f: v or "清空" for f, v in changes.items()})
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id, lock=True)
        _check(tx, ctx, customer)
        if version is not None and version != customer.version:
            raise Stale(_stale_text(tx, ctx, customer, version))
        custom = {f: v for f, v in changes.items() if custom_kind(f) is not None}
        before, after = _read(tx, customer, {f: v for f, v in changes.items() if f not in custom})
        if after:
            _check_twins(tx, ctx, customer, after, anyway=anyway)
        said, was = write_custom(tx, ctx, "customer", customer, custom)
        if not (after or said):
            return Edited(customer.id or 0, customer.name, [])
        now = {name: str(customer.custom.get(name, "")) for name in was}
        _write(tx, ctx, customer, after)
        told = _told(before, after) | said
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="editing.edit", text=f"修改 {customer.name}", now=ctx.now, lasts=UNDO,
            payload={"customer_id": customer.id, "before": before, "after": after, "custom": [was, now]},
        )  # fmt: skip
        _record(tx, ctx, "edit.customer", customer, told, labels_of(tx, "customer", was))
        cards.redraw_others(tx, f"customer:{customer.id}", now=ctx.now, but=card)
        return Edited(customer.id or 0, customer.name, rules.changed_lines(told), undo_id)


def undo_edit(ctx: Context, payload: dict[str, Any]) -> str:
    """Puts back what stood there, while nobody has changed it again. The undo door has checked whose it is."""
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, int(payload["customer_id"]), lock=True)
        _check(tx, ctx, customer)
        before, after = dict(payload["before"]), dict(payload["after"])
        pair: tuple[dict[str, str], dict[str, str]] = payload.get("custom") or ({}, {})
        custom_before, custom_after = pair
        again = [rules.label_of(f) for f, value in after.items() if _value(customer, f) != value]
        named = labels_of(tx, "customer", custom_after)
        again += [label for label, f in named.items() if customer.custom.get(f, "") != custom_after[f]]
        if again:
            raise ChangedSince(f"「{customer.name}」的{'、'.join(again)}之后又改过，不能撤销了。")
        _check_twins(tx, ctx, customer, before, anyway=True)
        said = undo_custom(tx, "customer", customer, custom_before)
        _write(tx, ctx, customer, before)
        told = _told(after, before) | said
        _record(tx, ctx, "undo.edit_customer", customer, told, named)
        cards.redraw_others(tx, f"customer:{customer.id}", now=ctx.now)
        return f"已撤销，「{customer.name}」改回：{'；'.join(rules.changed_lines(told))}"


def _check(tx: Tx, ctx: Context, customer: Customer) -> None:
    step_may_write(tx, ctx, customer, Permission.CUSTOMER_EDIT)


def _value(customer: Customer, field: str) -> str:
    return str(getattr(customer, ATTRIBUTES[field]) or "")


def _read(tx: Tx, customer: Customer, changes: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What is to change: before and after, by field."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for field, said in changes.items():
        value = said.strip()
        was = _value(customer, field)
        if value == was:
            continue
        if field in CHOICES and value:
            value = step_choose(tx, "customer", field, value)
        value = rules.check_value(field, value)
        if value != was:
            before[field], after[field] = was, value
    return before, after


def _check_twins(tx: Tx, ctx: Context, customer: Customer, after: Mapping[str, str], *, anyway: bool) -> None:
    if "name" not in after and not after.get("credit_code"):
        return
    name = after.get("name", customer.name)
    soft = soft_key(name) if "name" in after else ""
    twins = customers.find_twins(
        tx, name_key=hard_key(name), soft_key=soft, credit_code=after.get("credit_code") or None, phone=""
    )
    others = [t for t in twins if t.id != customer.id]
    customer_rules.check_duplicates(twin_facts(tx, ctx, others), anyway=anyway)


def _write(tx: Tx, ctx: Context, customer: Customer, values: Mapping[str, str]) -> None:
    for field, value in values.items():
        setattr(customer, ATTRIBUTES[field], None if field == "credit_code" and not value else value)
    if "name" in values:
        name = customer.name
        customer.name_key, customer.soft_key = hard_key(name), soft_key(name)
        customer.pinyin, customer.initials = pinyin_of(name), initials(name)
    customer.version += 1
    customer.updated_at = ctx.now
    try:
        customers.add_customer(tx, customer)
    except customers.SameKey as twin:  # in the same moment (R-DUP-3)
        raise Duplicate("刚刚有人建了同名或同信用代码的客户，没有保存。发送「查 名称」看看。") from twin


def _told(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """By label, as an audit line keeps it: of a telephone number its outline."""
    return {rules.label_of(f): (_outline(f, before.get(f, "")), _outline(f, value)) for f, value in after.items()}


def _outline(field: str, value: str) -> str:
    return mask(value) if field == "phone" and value else value


def _stale_text(tx: Tx, ctx: Context, customer: Customer, version: int) -> str:
    """王强 刚刚改了 城市 杭州 → 宁波: as far as the actor may see the fields."""
    said = []
    for line in timeline.list_edits(tx, [customer.id or 0]):
        if int(line.detail.get("version", 0)) <= version:
            continue
        who = "你" if line.user_id == ctx.actor.user_id else people.name_of(tx, line.user_id)
        told = "；".join(rules.changed_lines(shown_changes(ctx, "customer", line.detail)))
        said.append(f"{who} {line.at:%H:%M} 改了 {told or '几项'}")
    what = "。".join(reversed(said[:3])) or "这家客户在你填的时候有了变动"
    return f"没有保存：{what}。下面是现在的内容，核对后再改。"


def _record(
    tx: Tx, ctx: Context, action: str, customer: Customer, told: Mapping[str, tuple[str, str]],
    fields: Mapping[str, str],
) -> None:  # fmt: skip
    """`fields`: the company's own among them, label → name: a label may be another's one day."""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=f"customer:{customer.id}",
        name=customer.name, changes=told, version=customer.version, fields=dict(fields),
    )  # fmt: skip
