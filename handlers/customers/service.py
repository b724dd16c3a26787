"""Use cases of customers and contacts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
from handlers.customers.standing import step_may_write
from handlers.customfields.values import check_new, new_changes
from handlers.dictionaries.rules import NotAChoice
from handlers.dictionaries.service import step_choose
from handlers.pool.caps import step_check_room
from storage import audit, chains, customers, follow_ups, people, pools, teams, undos
from storage.chains import Sum
from storage.database import Tx
from storage.settings import lock_likeness
from storage.tables import Contact, Customer, FollowUp, OwnerHistory, TeamMember

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
    with ctx.begin() as tx:
        customer = step_create_customer(tx, ctx, new, ctx.actor.user_id, anyway=anyway)
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="customers.create", payload={"customer_id": customer.id},
            text=f"新建客户 {customer.name}", now=ctx.now, lasts=UNDO,
        )  # fmt: skip
    return Created(customer, undo_id)


def step_create_customer(
    tx: Tx, ctx: Context, new: NewCustomer, owner_id: str, *, anyway: bool = False
) -> Customer:  # fmt: skip
    """In the caller's transaction; the caller has asked for the permission and the fields. Raises as
    `create_customer`, and ClaimLimited where the owner holds as many as he may.
    """
    name = new.name.strip()
    _check_name(name)
    if new.credit_code and not is_credit_code(new.credit_code):
        raise InvalidInput(f"「{new.credit_code}」不是有效的统一社会信用代码，请核对后再发。")
    chosen: dict[str, Any] = {column: _choose(tx, field, getattr(new, column)) for column, field in FIELDS.items()}
    new = replace(new, **chosen, custom=check_new(tx, ctx, "customer", new.custom))
    lock_likeness(tx)
    twins = customers.find_twins(
        tx, name_key=hard_key(name), soft_key=soft_key(name), credit_code=new.credit_code or None, phone=new.mobile
    )
    rules.check_duplicates(twin_facts(tx, ctx, twins), anyway=anyway)
    step_check_room(tx, ctx, owner_id)
    customer = _store(tx, ctx, new, name, owner_id)
    assert customer.id is not None
    pools.open_page(tx, customer.id, owner_id, how="create", by=ctx.actor.user_id, now=ctx.now)
    if new.contact or new.mobile:
        customers.add_contact(
            tx, customer_id=customer.id, name=new.contact or "联系人", initials=initials(new.contact, person=True),
            title=new.title, mobile=new.mobile, now=ctx.now, by=ctx.actor.user_id,
            custom=check_new(tx, ctx, "contact", new.contact_custom),
        )  # fmt: skip
    changes = _given(new) | new_changes(tx, "customer", new.custom)
    _record(tx, ctx, "create.customer", customer.id, name=name, changes=changes)
    return customer


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
        rules.check_duplicates(twin_facts(tx, ctx, [t for t in twins if t.hard]), anyway=True)


def _check_name(name: str) -> None:
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
class Chain:
    """How far along it is, as far as the actor's functions and field rights tell. None: not for him."""

    follow_ups: int | None
    opportunities: Sum | None
    contracts: Sum | None
    payments: Sum | None
    closed: bool  # 已成交: it has an effective contract (R-CUST-1)


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
    team: list[TeamMember]
    member: str  # what the actor may as 协作人: write, read, or ""
    chain: Chain


def show_customer(ctx: Context, customer_id: int, *, page: int = 1) -> CustomerDetails:
    """One customer. A pool customer shows neither contacts nor phones (D14). Raises Forbidden, NotFound."""
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
        customer_id = customer.id or customer_id  # that of its head, if it was merged
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
        team = [] if hidden else teams.list_team(tx, customer_id, ctx.today)
        member = "" if own or hidden else teams.right_of(tx, customer_id, ctx.actor.scope)
        people_ids = [customer.owner_id, *(f.user_id for f in timeline), *(h.owner_id for h in history)]
        people_ids += [m.user_id for m in team]
        names = people.names_of(tx, people_ids)
        total = follow_ups.count_timeline(tx, customer_id) if reads else 0
        owner = names.get(customer.owner_id, customer.owner_id) if customer.owner_id else ""
        chain = _chain(tx, ctx, customer_id, total if reads else None, hidden=hidden)
        return CustomerDetails(customer, owner, contacts, timeline, total, history, names, team, member, chain)


def _chain(tx: Tx, ctx: Context, customer_id: int, follow_ups_seen: int | None, *, hidden: bool) -> Chain:
    may = ctx.actor.may
    sells, signs, earns = (
        not hidden and may(p) for p in (Permission.OPPORTUNITY_VIEW, Permission.CONTRACT_VIEW, Permission.PAYMENT_VIEW)
    )
    return Chain(
        follow_ups_seen,
        chains.opportunities(tx, customer_id) if sells else None,
        chains.contracts(tx, customer_id) if signs else None,
        chains.payments(tx, customer_id) if signs and earns else None,
        not hidden and chains.is_closed(tx, customer_id),
    )


def add_contact(
    ctx: Context, customer_id: int, *, name: str, title: str, mobile: str, wechat: str = "", phone: str = "",
    decider: bool = False, custom: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """A contact of one's own customer (or, with 联系人-编辑, of one in scope). Returns the customer's name.

    `custom`: the company's own fields, as they are stored.
    """
    ctx.actor.require(Permission.CONTACT_ADD)
    filled = {"title": title, "mobile": mobile, "wechat": wechat, "phone": phone, "decider": decider}
    check_may_fill(ctx.actor, "contact", filled)
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id)
        customer_id = customer.id or customer_id
        step_may_write(tx, ctx, customer, Permission.CONTACT_EDIT)
        contact = customers.add_contact(
            tx, customer_id=customer_id, name=name, initials=initials(name, person=True), title=title, mobile=mobile,
            now=ctx.now, by=ctx.actor.user_id, wechat=wechat, phone=phone, decider=decider,
            custom=check_new(tx, ctx, "contact", custom or {}),
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
