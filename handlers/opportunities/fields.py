"""An opportunity's fields: what a new one needs, and what of it may be changed to what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.core.forms import check_may_fill, custom_kind
from bot.language.moment import month_end
from handlers.customfields.values import check_new, labels_of, new_changes, write_custom
from handlers.dictionaries.service import step_choose
from handlers.opportunities import rules
from handlers.opportunities.history import in_words, step_record
from storage import contacts, customers, lines, opportunities, people, stages
from storage.database import Tx
from storage.tables import Contact, Opportunity, OpportunityLine, Stage

LABELS = {
    "name": "名称", "amount": "金额", "source": "来源", "expected_on": "预计成交", "probability": "赢率",
    "contact_id": "联系人",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewOpportunity:
    """What is said of an opportunity to be made."""

    customer_id: int
    name: str = ""  # empty: the customer's name
    amount: Decimal = Decimal("0.00")
    expected_on: date | None = None  # None: the end of this month
    stage: str = ""  # empty: the first open one
    source: str = ""
    contact_id: int | None = None
    owner_id: str | None = None  # None: who makes it
    custom: dict[str, str] = field(default_factory=dict)  # the company's own fields, as they are stored


def step_create_opportunity(tx: Tx, ctx: Context, new: NewOpportunity) -> Opportunity:
    """In the caller's transaction; the caller has asked for the permission. Raises as `create_opportunity`."""
    customer = customers.access_brief(tx, new.customer_id, lock=True)
    _check_customer(tx, ctx, customer)
    filled = {"amount": new.amount, "source": new.source, "expected_on": new.expected_on}
    check_may_fill(ctx.actor, "opportunity", filled)
    name = rules.check_name((new.name or customer.name).strip())
    if opportunities.taken(tx, new.customer_id, name):
        raise rules.NameTaken(f"「{customer.name}」已经有商机「{name}」了，换个名称，或发送「商机 {name}」看它。")
    stage = open_stage(tx, new.stage)
    _check_contact(tx, new.contact_id, new.customer_id)
    custom = check_new(tx, ctx, "opportunity", new.custom)
    made = Opportunity(
        name=name, customer_id=new.customer_id, amount=rules.check_amount(new.amount), stage_id=stage.id or 0,
        stage_since=ctx.now, source=step_choose(tx, "opportunity", "source", new.source), contact_id=new.contact_id,
        expected_on=new.expected_on or month_end(ctx.today.year, ctx.today.month),
        owner_id=new.owner_id or ctx.actor.user_id, custom=custom,
        created_at=ctx.now, created_by=ctx.actor.user_id, updated_at=ctx.now,
    )  # fmt: skip
    opportunities.enter_stage(tx, made, stage, by=ctx.actor.user_id, now=ctx.now)
    changes = {"商机": ("", name)} | new_changes(tx, "opportunity", custom)
    step_record(tx, ctx, "create.opportunity", made, changes=changes)
    return made


def step_update_opportunity(tx: Tx, ctx: Context, found: Opportunity, changes: Mapping[str, Any]) -> str:
    """In the caller's transaction, on an opportunity that may be changed; returns what changed in words.

    Of the company's own fields only that they changed: the card is drawn for others too.
    """
    rules.check_open(found.name, found.result)
    own = {name: str(value) for name, value in changes.items() if custom_kind(name) is not None}
    changes = {name: value for name, value in changes.items() if name not in own}
    check_may_fill(ctx.actor, "opportunity", changes)
    said: dict[str, tuple[str, str]] = {}
    for column, value in changes.items():
        if column not in LABELS:
            raise InvalidInput(f"商机没有「{column}」可以改。")
        checked = _checked(tx, found, column, value)
        was = getattr(found, column)
        if was != checked:
            said[LABELS[column]] = (in_words(column, was), in_words(column, checked))
            setattr(found, column, checked)
    found.updated_at = ctx.now
    tx.add(found)
    tx.flush()
    told, was = write_custom(tx, ctx, "opportunity", found, own)
    text = "；".join(f"{label}：{a} → {b}" for label, (a, b) in said.items())
    if said or told:
        fields = labels_of(tx, "opportunity", was)
        step_record(tx, ctx, "edit.opportunity", found, changes=said | told, fields=fields)
    return "；".join(p for p in (text, f"已改：{'、'.join(told)}" if told else "") if p) or "没有变化"


def _checked(tx: Tx, found: Opportunity, column: str, value: Any) -> Any:
    if column == "amount":
        if lines.list_amounts(tx, OpportunityLine, found.id or 0):
            raise InvalidInput(f"「{found.name}」有产品明细，金额是它们的合计；改产品就会跟着变。")
        return rules.check_amount(value)
    if column == "name":
        name = rules.check_name(str(value).strip())
        if opportunities.taken(tx, found.customer_id, name, found.id):
            raise rules.NameTaken(f"这家客户已经有商机「{name}」了，换个名称。")
        return name
    if column == "source":
        return step_choose(tx, "opportunity", "source", str(value))
    if column == "probability" and value is not None and not 0 <= int(value) <= 100:
        raise InvalidInput("赢率是 0 到 100 的整数百分比，例如 40%。")
    if column == "contact_id":
        _check_contact(tx, value, found.customer_id)
    return value


def _check_customer(tx: Tx, ctx: Context, customer: Any) -> None:
    if customer.owner_id is None:
        raise rules.InPool(f"「{customer.name}」在公海里，先发送「领取 {customer.name}」再建商机。")
    rules.check_may_change(
        owner_id=customer.owner_id, actor_id=ctx.actor.user_id, may_edit=ctx.actor.may(Permission.OPPORTUNITY_EDIT),
        name=customer.name, owner=people.name_of(tx, customer.owner_id),
    )  # fmt: skip


def _check_contact(tx: Tx, contact_id: int | None, customer_id: int) -> None:
    """R-CONT-1: a contact of that very customer."""
    contact = contacts.access_contact(tx, contact_id) if contact_id is not None else None
    if isinstance(contact, Contact) and contact.customer_id != customer_id:
        raise InvalidInput("这位联系人不是这家客户的，发送「查 客户名称」看看有哪些联系人。")


def open_stage(tx: Tx, name: str) -> Stage:
    """The open one of that name; `name` empty: the first. Raises NotFound, InvalidInput."""
    stage = stages.access_stage(tx, name) if name else next(
        (s for s in stages.list_stages(tx) if s.kind == "open" and s.active), None
    )  # fmt: skip
    if stage is None or stage.kind != "open" or not stage.active:
        raise InvalidInput("还没有进行中的销售阶段可用，请联系管理员发送「销售阶段」看看。")
    return stage
