"""Use cases of customers and contacts."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput
from bot.core.forms import check_may_fill
from bot.language.companies import hard_key, soft_key
from bot.language.phones import is_credit_code
from bot.language.pinyin import initials, pinyin_of
from handlers.customers import rules
from handlers.customers.rules import Duplicate, TwinFact
from handlers.dictionaries.rules import NotAChoice
from handlers.dictionaries.service import step_choose
from storage import audit, customers, follow_ups, people, pools, undos
from storage.database import Tx
from storage.tables import Contact, Customer, FollowUp, OwnerHistory

UNDO = timedelta(minutes=10)
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

    def row(self) -> dict[str, str]:
        """For a draft kept while something is asked."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


class NoSuchChoice(InvalidInput, code="customers.no_such_choice"):
    """A value that its dictionary does not have."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True, slots=True)
class Created:
    """A created customer and how to take it back."""

    customer: Customer
    undo_id: int


def create_customer(ctx: Context, new: NewCustomer, *, anyway: bool = False) -> Created:
    """Creates a customer owned by the actor, with its contact.

    Raises:
        Forbidden, InvalidInput.
        Duplicate, MaybeDuplicate: D18; `anyway` passes over likeness, never over an equal key.
    """
    ctx.actor.require(Permission.CUSTOMER_ADD)
    _check_may_fill(ctx, new)
    name = new.name.strip()
    _check_name(name)
    if new.credit_code and not is_credit_code(new.credit_code):
        raise InvalidInput(f"「{new.credit_code}」不是有效的统一社会信用代码，请核对后再发。")
    with ctx.begin() as tx:
        chosen = {column: _choose(tx, field, getattr(new, column)) for column, field in FIELDS.items()}
        new = replace(new, **chosen)
        twins = customers.find_twins(
            tx, name_key=hard_key(name), soft_key=soft_key(name), credit_code=new.credit_code or None, phone=new.mobile
        )
        rules.check_duplicates(_facts(tx, ctx, twins), anyway=anyway)
        customer = _store(tx, ctx, new, name)
        assert customer.id is not None
        pools.open_page(tx, customer.id, ctx.actor.user_id, how="create", by=ctx.actor.user_id, now=ctx.now)
        if new.contact or new.mobile:
            customers.add_contact(
                tx, customer_id=customer.id, name=new.contact or "联系人", initials=initials(new.contact, person=True),
                title=new.title, mobile=new.mobile, now=ctx.now, by=ctx.actor.user_id,
            )  # fmt: skip
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="customers.create", payload={"customer_id": customer.id},
            text=f"新建客户 {name}", now=ctx.now, lasts=UNDO,
        )  # fmt: skip
        _record(tx, ctx, "create.customer", customer.id, name=name, changes=_given(new))
    return Created(customer, undo_id)


def _check_may_fill(ctx: Context, new: NewCustomer) -> None:
    filled = {"city": new.city, "credit_code": new.credit_code, "remark": new.remark}
    filled |= {field: getattr(new, column) for column, field in FIELDS.items()}
    check_may_fill(ctx.actor, "customer", filled)
    check_may_fill(ctx.actor, "contact", {"title": new.title, "mobile": new.mobile})


def check_new_name(ctx: Context, new: NewCustomer) -> None:
    """Whether a customer of that name may be created at all, before more is asked about it.

    Raises:
        Forbidden, InvalidInput, Duplicate.
    """
    ctx.actor.require(Permission.CUSTOMER_ADD)
    _check_may_fill(ctx, new)
    name = new.name.strip()
    _check_name(name)
    with ctx.begin() as tx:
        code = new.credit_code or None
        twins = customers.find_twins(tx, name_key=hard_key(name), soft_key="", credit_code=code, phone="")
        rules.check_duplicates(_facts(tx, ctx, [t for t in twins if t.hard]), anyway=True)


def _check_name(name: str) -> None:
    if len(name) < 2:
        raise InvalidInput("客户名称至少两个字，例如「新建客户 杭州远航贸易 陈强 13812345678」。")
    if len(name) > LONGEST_NAME:
        raise InvalidInput(f"客户名称太长了（{len(name)} 字），不超过 {LONGEST_NAME} 字，请把其他内容用空格隔开。")


def _store(tx: Tx, ctx: Context, new: NewCustomer, name: str) -> Customer:
    customer = Customer(
        name=name, name_key=hard_key(name), soft_key=soft_key(name), pinyin=pinyin_of(name), initials=initials(name),
        credit_code=new.credit_code or None, customer_class=new.customer_class, industry=new.industry,
        source=new.source, city=new.city, remark=new.remark, owner_id=ctx.actor.user_id, owner_since=ctx.now,
        created_at=ctx.now, created_by=ctx.actor.user_id, updated_at=ctx.now,
    )  # fmt: skip
    try:
        return customers.add_customer(tx, customer)
    except customers.SameKey as twin:  # created by somebody else in the same moment (R-DUP-3)
        raise Duplicate(f"「{name}」刚刚已由别人建好了，发送「查 {name}」看看。") from twin


def _facts(tx: Tx, ctx: Context, twins: list[customers.Twin]) -> list[TwinFact]:
    visible = {c.id for c in customers.list_by_ids(tx, [t.id for t in twins])}
    names = people.names_of(tx, [t.owner_id for t in twins])
    return [
        TwinFact(
            t.name, names.get(t.owner_id or "", t.owner_id or ""), t.hard, t.id in visible,
            mine=t.owner_id == ctx.actor.user_id,
        )
        for t in twins
    ]  # fmt: skip


def _choose(tx: Tx, field: str, value: str) -> str:
    try:
        return step_choose(tx, "customer", field, value)
    except NotAChoice as wrong:
        raise NoSuchChoice(field, wrong.text) from wrong


def undo_create(ctx: Context, payload: dict[str, Any]) -> str:
    """Takes a creation back, unless the customer has been worked on."""
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, int(payload["customer_id"]), lock=True)
        if customer.last_follow_up_at is not None or customer.owner_id != ctx.actor.user_id:
            raise rules.NotYours(f"「{customer.name}」已经有跟进或换了负责人，不能撤销新建。")
        customers.remove_customer(tx, customer, ctx.now)
        _record(tx, ctx, "undo.create", customer.id, name=customer.name)
        return f"已撤销新建「{customer.name}」。"


@dataclass(frozen=True, slots=True)
class CustomerDetails:
    """A customer with what belongs to it, as far as the actor may see it."""

    customer: Customer
    owner_name: str
    contacts: list[Contact]  # empty for a pool customer that is not the actor's (D14)
    timeline: list[FollowUp]
    timeline_total: int
    history: list[OwnerHistory]
    names: dict[str, str]


def show_customer(ctx: Context, customer_id: int, *, page: int = 1) -> CustomerDetails:
    """One customer. A pool customer shows neither contacts nor phones (D14). Raises Forbidden, NotFound."""
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
        if customer.owner_id is None:
            ctx.actor.require(Permission.POOL_VIEW)
        elif customer.owner_id != ctx.actor.user_id:
            ctx.actor.require(Permission.CUSTOMER_VIEW)
        hidden = customer.owner_id is None
        own = customer.owner_id == ctx.actor.user_id
        meets = not hidden and (own or ctx.actor.may(Permission.CONTACT_VIEW))
        reads = not hidden and (own or ctx.actor.may(Permission.FOLLOWUP_VIEW))
        contacts = customers.list_contacts(tx, customer_id) if meets else []
        timeline = follow_ups.list_timeline(tx, customer_id, page=page) if reads else []
        history = pools.list_history(tx, customer_id)
        people_ids = [customer.owner_id, *(f.user_id for f in timeline), *(h.owner_id for h in history)]
        names = people.names_of(tx, people_ids)
        total = follow_ups.count_timeline(tx, customer_id) if reads else 0
        owner = names.get(customer.owner_id, customer.owner_id) if customer.owner_id else ""
        return CustomerDetails(customer, owner, contacts, timeline, total, history, names)


def add_contact(ctx: Context, customer_id: int, *, name: str, title: str, mobile: str) -> str:
    """A contact of one's own customer (or, with 联系人-编辑, of one in scope). Returns the customer's name."""
    ctx.actor.require(Permission.CONTACT_ADD)
    check_may_fill(ctx.actor, "contact", {"title": title, "mobile": mobile})
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
        rules.check_may_write(
            owner_id=customer.owner_id, actor_id=ctx.actor.user_id, may_edit=ctx.actor.may(Permission.CONTACT_EDIT),
            name=customer.name, owner=people.name_of(tx, customer.owner_id),
        )  # fmt: skip
        contact = customers.add_contact(
            tx, customer_id=customer_id, name=name, initials=initials(name, person=True), title=title, mobile=mobile,
            now=ctx.now, by=ctx.actor.user_id,
        )  # fmt: skip
        _record(
            tx, ctx, "add.contact", customer_id, contact=contact.id, name=customer.name, changes={"联系人": ("", name)}
        )
        return customer.name


def _given(new: NewCustomer) -> dict[str, tuple[str, str]]:
    """The choices and the city: what a list can be narrowed by. No phones."""
    labels = {"customer_class": "分类", "industry": "行业", "source": "来源", "city": "城市", "contact": "联系人"}
    return {label: ("", value) for column, label in labels.items() if (value := getattr(new, column))}


def _record(tx: Tx, ctx: Context, action: str, customer_id: int | None, **detail: Any) -> None:
    audit.record(
        tx,
        at=ctx.now,
        user_id=ctx.actor.user_id,
        via=ctx.via,
        action=action,
        subject=f"customer:{customer_id}",
        **detail,
    )
