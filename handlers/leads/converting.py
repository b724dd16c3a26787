"""A lead becomes a customer, in the caller's transaction (R-LEAD-2, R-LEAD-3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.context import Context
from bot.core.actor import Permission
from bot.language.companies import hard_key
from bot.language.pinyin import initials
from handlers.customers.service import NewCustomer, NoSuchChoice, step_create_customer
from handlers.customers.standing import step_may_write
from handlers.customfields.values import check_new
from handlers.opportunities.fields import NewOpportunity, step_create_opportunity
from storage import customers, digest, leads
from storage.database import Tx
from storage.tables import Customer, Lead


@dataclass(frozen=True, slots=True)
class Converted:
    """What a lead became. `already`: it had been converted before; `merged`: into a customer that was there."""

    lead_id: int
    customer_id: int
    opportunity_id: int | None
    already: bool = False
    merged: bool = False


def step_convert(
    tx: Tx, ctx: Context, lead: Lead, *, opportunity: bool, anyway: bool, custom: Mapping[str, str]
) -> Converted:
    """The lead is locked, open and the actor's to change. Raises as `convert_lead`."""
    lead_id = lead.id or 0
    told = leads.true_values(tx, lead_id)
    new = NewCustomer(
        told.company, contact=told.contact, mobile=told.mobile, source=told.source, remark=told.remark,
        custom=dict(custom),
    )  # fmt: skip
    there = _twin(tx, ctx, told.company)
    if there is not None:
        customer = there
        _add_contact(tx, ctx, there.id or 0, told.contact, told.mobile)
    else:
        owner_id = lead.owner_id or ctx.actor.user_id
        try:
            customer = step_create_customer(tx, ctx, new, owner_id, anyway=anyway)
        except NoSuchChoice:  # the customer's list of sources is another: said in words instead
            new = replace(new, source="", remark=" ".join(p for p in (told.remark, f"线索来源：{told.source}") if p))
            customer = step_create_customer(tx, ctx, new, owner_id, anyway=anyway)
    customer_id = customer.id or 0
    leads.hand_on(tx, lead_id, customer_id, now=ctx.now)
    deal = step_create_opportunity(tx, ctx, NewOpportunity(customer_id)) if opportunity else None
    digest.cancel(tx, f"lead:{lead_id}", rules=("next_follow_up",), now=ctx.now)
    leads.change(
        tx, lead, state="converted", converted_customer_id=customer_id, converted_at=ctx.now,
        converted_opportunity_id=deal.id if deal is not None else None,
    )  # fmt: skip
    opportunity_id = deal.id if deal is not None else None
    return Converted(lead_id, customer_id, opportunity_id, merged=there is not None)


def _twin(tx: Tx, ctx: Context, company: str) -> Customer | None:
    """The customer that is the same legal person, if the actor sees it and it has an owner.

    Raises:
        NotYours: he sees it but may not write on it; the card offers to ask its owner.
    """
    twins = customers.find_twins(tx, name_key=hard_key(company), soft_key="", credit_code=None, phone="")
    seen = customers.list_by_ids(tx, [t.id for t in twins if t.hard and t.owner_id is not None])
    if not seen:
        return None
    customer = customers.access_customer(tx, seen[0].id or 0, lock=True)
    step_may_write(tx, ctx, customer, Permission.CUSTOMER_EDIT)
    return customer


def _add_contact(tx: Tx, ctx: Context, customer_id: int, name: str, mobile: str) -> None:
    if not (name or mobile):
        return
    known = customers.list_contacts(tx, customer_id)
    if any((mobile and c.mobile == mobile) or (name and c.name == name) for c in known):
        return
    customers.add_contact(
        tx, customer_id=customer_id, name=name or "联系人", initials=initials(name, person=True), title="",
        mobile=mobile, now=ctx.now, by=ctx.actor.user_id, custom=check_new(tx, ctx, "contact", {}),
    )  # fmt: skip
