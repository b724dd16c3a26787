"""Use cases of customers and contacts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.forms import check_may_fill
from bot.language.companies import hard_key
from bot.language.pinyin import initials
from handlers.customers import rules
from handlers.customers.creating import NewCustomer, check_fields, check_name, step_create_customer, twin_facts
from handlers.customers.standing import step_may_write
from handlers.customfields.values import check_new
from storage import audit, chains, customers, follow_ups, people, pools, teams, undos
from storage.chains import Origin, Sum
from storage.database import Tx
from storage.tables import Contact, Customer, FollowUp, OwnerHistory, TeamMember

UNDO = timedelta(minutes=10)


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
    check_fields(ctx, new)
    with ctx.begin() as tx:
        customer = step_create_customer(tx, ctx, new, ctx.actor.user_id, anyway=anyway)
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="customers.create", payload={"customer_id": customer.id},
            text=f"新建客户 {customer.name}", now=ctx.now, lasts=UNDO,
        )  # fmt: skip
    return Created(customer, undo_id)


def check_new_name(ctx: Context, new: NewCustomer) -> None:
    """Whether a customer of that name may be created at all, before more is asked about it.

    Raises:
        Forbidden, InvalidInput, Duplicate.
    """
    ctx.actor.require(Permission.CUSTOMER_ADD)
    check_fields(ctx, new)
    name = new.name.strip()
    check_name(name)
    with ctx.begin() as tx:
        code = new.credit_code or None
        twins = customers.find_twins(tx, name_key=hard_key(name), soft_key="", credit_code=code, phone="")
        rules.check_duplicates(twin_facts(tx, ctx, [t for t in twins if t.hard]), anyway=True)


def undo_create(ctx: Context, payload: dict[str, Any]) -> str:
    """Takes a creation back, unless the customer has been worked on, or is part of another one by now."""
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, int(payload["customer_id"]), lock=True)
        if customer.id != payload["customer_id"]:
            raise rules.NotYours(f"这家客户已经并入「{customer.name}」了，不能撤销新建。")
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
    origins: list[Origin]  # the leads it came from, for who may see leads


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
        origins = chains.origins(tx, customer_id) if not hidden and ctx.actor.may(Permission.LEAD_VIEW) else []
        people_ids += [o.owner_id for o in origins]
        names = people.names_of(tx, people_ids)
        total = follow_ups.count_timeline(tx, customer_id) if reads else 0
        owner = names.get(customer.owner_id, customer.owner_id) if customer.owner_id else ""
        chain = _chain(tx, ctx, customer_id, total if reads else None, hidden=hidden)
        return CustomerDetails(customer, owner, contacts, timeline, total, history, names, team, member, chain, origins)


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
