"""How a customer comes into being: what was said of it, whether it is there already, and its first rows.

Source: spec README D18; crm-rules.md R-DUP-1 to R-DUP-3.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from bot.context import Context
from bot.core.errors import InvalidInput
from bot.core.forms import check_may_fill
from bot.language.companies import hard_key, soft_key
from bot.language.phones import is_credit_code
from bot.language.pinyin import initials, pinyin_of
from handlers.customers import rules
from handlers.customers.rules import Duplicate, TwinFact
from handlers.customfields.values import check_all_new, new_changes
from handlers.dictionaries.rules import NotAChoice
from handlers.dictionaries.service import step_choose
from handlers.pool.caps import step_check_room
from storage import audit, customers, people, pools
from storage.database import Tx
from storage.settings import lock_likeness
from storage.tables import Customer

LONGEST_NAME = 80  # characters; the longest registered names have about fifty
FIELDS = {"customer_class": "class", "industry": "industry", "source": "source"}  # column → world/dictionary key


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """What was said about a customer to be created."""

    name: str
    contact: str = ""
    title: str = ""
    mobile: str = ""
    customer_class: str = ""
    industry: str = ""
    source: str = ""
    city: str = ""
    credit_code: str = ""
    remark: str = ""
    custom: dict[str, str] = field(default_factory=dict)  # the company's own fields, as they are stored
    contact_custom: dict[str, str] = field(default_factory=dict)  # and those of its contact

    def row(self) -> dict[str, Any]:
        """For a draft kept while something is asked."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


class NoSuchChoice(InvalidInput, code="customers.no_such_choice"):
    """A value that its dictionary does not have."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def step_create_customer(
    tx: Tx, ctx: Context, new: NewCustomer, owner_id: str, *, anyway: bool = False
) -> Customer:  # fmt: skip
    """In the caller's transaction; the caller has asked for the permission and the fields. Raises as
    `create_customer`, and ClaimLimited where the owner holds as many as he may.
    """
    name = new.name.strip()
    check_name(name)
    if new.credit_code and not is_credit_code(new.credit_code):
        raise InvalidInput(f"「{new.credit_code}」不是有效的统一社会信用代码，请核对后再发。")
    chosen: dict[str, Any] = {column: _choose(tx, field, getattr(new, column)) for column, field in FIELDS.items()}
    own = check_all_new(tx, ctx, {"customer": new.custom} | ({"contact": new.contact_custom} if _person(new) else {}))
    new = replace(new, **chosen, custom=own["customer"])
    lock_likeness(tx)
    twins = customers.find_twins(
        tx, name_key=hard_key(name), soft_key=soft_key(name), credit_code=new.credit_code or None, phone=new.mobile
    )
    rules.check_duplicates(twin_facts(tx, ctx, twins), anyway=anyway)
    step_check_room(tx, ctx, owner_id)
    customer = _store(tx, ctx, new, name, owner_id)
    assert customer.id is not None
    pools.open_page(tx, customer.id, owner_id, how="create", by=ctx.actor.user_id, now=ctx.now)
    if _person(new):
        customers.add_contact(
            tx, customer_id=customer.id, name=new.contact or "联系人", initials=initials(new.contact, person=True),
            title=new.title, mobile=new.mobile, now=ctx.now, by=ctx.actor.user_id,
            custom=own["contact"],
        )  # fmt: skip
    changes = _given(new) | new_changes(tx, "customer", new.custom)
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="create.customer",
        subject=f"customer:{customer.id}", name=name, changes=changes,
    )  # fmt: skip
    return customer


def _person(new: NewCustomer) -> bool:
    return bool(new.contact or new.mobile)


def check_fields(ctx: Context, new: NewCustomer) -> None:
    """Raises Forbidden: names the fields that the actor may not fill in."""
    filled = {"city": new.city, "credit_code": new.credit_code, "remark": new.remark}
    filled |= {field: getattr(new, column) for column, field in FIELDS.items()}
    check_may_fill(ctx.actor, "customer", filled)
    check_may_fill(ctx.actor, "contact", {"title": new.title, "mobile": new.mobile})


def check_name(name: str) -> None:
    """Raises InvalidInput."""
    if len(name) < 2:
        raise InvalidInput("客户名称至少两个字，例如「新建客户 杭州远航贸易 陈强 13812345678」。")
    if len(name) > LONGEST_NAME:
        raise InvalidInput(f"客户名称太长了（{len(name)} 字），不超过 {LONGEST_NAME} 字，请把其他内容用空格隔开。")


def _store(tx: Tx, ctx: Context, new: NewCustomer, name: str, owner_id: str) -> Customer:
    customer = Customer(
        name=name, name_key=hard_key(name), soft_key=soft_key(name), pinyin=pinyin_of(name), initials=initials(name),
        credit_code=new.credit_code or None, customer_class=new.customer_class, industry=new.industry,
        source=new.source, city=new.city, remark=new.remark, owner_id=owner_id, owner_since=ctx.now,
        created_at=ctx.now, created_by=ctx.actor.user_id, updated_at=ctx.now, custom=new.custom,
    )  # fmt: skip
    try:
        return customers.add_customer(tx, customer)
    except customers.SameKey as twin:  # created by somebody else in the same moment (R-DUP-3)
        raise Duplicate(f"「{name}」刚刚已由别人建好了，发送「查 {name}」看看。") from twin


def twin_facts(tx: Tx, ctx: Context, twins: list[customers.Twin]) -> list[TwinFact]:
    """What may be said of them to the actor (invariant 90)."""
    visible = {c.id for c in customers.list_by_ids(tx, [t.id for t in twins])}
    names = people.names_of(tx, [t.owner_id for t in twins])
    return [
        TwinFact(
            t.name, names.get(t.owner_id or "", t.owner_id or ""), t.hard, t.id in visible,
            mine=t.owner_id == ctx.actor.user_id, id=t.id,
            quiet_days=(ctx.today - t.last_follow_up_at.date()).days if t.last_follow_up_at else None,
        )
        for t in twins
    ]  # fmt: skip


def _choose(tx: Tx, field: str, value: str) -> str:
    try:
        return step_choose(tx, "customer", field, value)
    except NotAChoice as wrong:
        raise NoSuchChoice(field, wrong.text) from wrong


def _given(new: NewCustomer) -> dict[str, tuple[str, str]]:
    """The choices and the city: what a list can be narrowed by. No phones."""
    labels = {"customer_class": "分类", "industry": "行业", "source": "来源", "city": "城市", "contact": "联系人"}
    return {label: ("", value) for column, label in labels.items() if (value := getattr(new, column))}
