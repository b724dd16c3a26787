"""A lead becomes a customer, in the caller's transaction, and is one no more (R-LEAD-2, R-LEAD-3; D19)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.language.companies import hard_key
from bot.language.pinyin import initials
from handlers.customers.creating import NewCustomer, NoSuchChoice, step_create_customer
from handlers.customers.standing import step_may_write
from handlers.customfields.carrying import step_carried
from handlers.customfields.values import check_all_new
from handlers.leads import rules
from handlers.leads.steps import record_of
from handlers.leads.undoing import step_restore, step_untouched
from handlers.opportunities.fields import NewOpportunity, step_create_opportunity
from handlers.opportunities.history import step_undo_change
from handlers.opportunities.reading import SaidDeal
from storage import audit, conversions, customers, digest, leads
from storage.database import Tx
from storage.references import is_referred_to
from storage.settings import lock_likeness
from storage.tables import Customer, Lead, Opportunity

OWN_OF = ("customer", "contact", "opportunity")  # whose own fields a conversion may fill in
Own = Mapping[str, Mapping[str, str]]  # form → its own fields, as they are stored
WITH_IT = ("contact", "follow_up", "owner_history", "claim_log")  # what goes with a customer that is taken back


@dataclass(frozen=True, slots=True)
class Converted:
    """What a lead became. `already`: it had been converted before; `merged`: into a customer that was there.

    `deal`: the opportunity's name and amount; `not_made`: the one that was asked for with a lead converted `already`.
    """

    lead_id: int
    customer_id: int
    opportunity_id: int | None
    already: bool = False
    merged: bool = False
    undo_id: int | None = None
    deal: tuple[str, Decimal] | None = None
    not_made: SaidDeal | None = None


def step_convert(
    tx: Tx, ctx: Context, lead: Lead, *, deal: SaidDeal | None, anyway: bool, custom: Own
) -> tuple[Converted, dict[str, Any]]:
    """The lead is locked, open and the actor's to change. Besides: what `step_unconvert` needs of what was made.

    `deal`: what is said of the opportunity; None: none is made.

    Two leads of one company at the same moment: the second waits here, and then meets the first one's customer.
    Raises as `convert_lead`.
    """
    lead_id = lead.id or 0
    lock_likeness(tx)
    told = leads.true_values(tx, lead_id)
    there = _twin(tx, ctx, told.company)
    person = (told.contact or told.mobile) and (there is None or not _known(tx, there, told))
    made_of = {"customer": there is None, "contact": person, "opportunity": deal is not None}
    said = {
        form: step_carried(tx, ctx, "lead", lead.custom, form) | dict(custom.get(form, {}))
        for form, comes in made_of.items()
        if comes
    }
    own = check_all_new(tx, ctx, said)
    before = conversions.standing(tx, there.id or 0) if there is not None else None
    if there is not None:
        customer = there
        if person:
            _add_contact(tx, ctx, there, told, own["contact"])
    else:
        customer = _create(tx, ctx, told, lead.owner_id or ctx.actor.user_id, anyway=anyway, own=own)
    customer_id = customer.id or 0
    copies = conversions.hand_on(tx, lead_id, customer_id, now=ctx.now)
    opened = _open_deal(tx, ctx, customer_id, deal, own) if deal is not None else None
    digest.cancel(tx, f"lead:{lead_id}", rules=("next_follow_up",), now=ctx.now)
    deal_id = opened.id if opened is not None else None
    leads.change(
        tx, lead, state="converted", converted_customer_id=customer_id, converted_at=ctx.now,
        converted_opportunity_id=deal_id,
    )  # fmt: skip
    made: dict[str, Any] = {
        "customer_id": customer_id, "before": before, "after": conversions.standing(tx, customer_id),
        "follow_ups": copies,
        "deal": opened and {"id": deal_id, "version": opened.version, "owner_id": opened.owner_id},
    }  # fmt: skip
    told = (opened.name, opened.amount or Decimal(0)) if opened is not None else None
    return Converted(lead_id, customer_id, deal_id, merged=there is not None, deal=told), made


def _create(tx: Tx, ctx: Context, told: Any, owner_id: str, *, anyway: bool, own: Own) -> Customer:
    new = NewCustomer(
        told.company, contact=told.contact, mobile=told.mobile, source=told.source, remark=told.remark,
        custom=dict(own["customer"]), contact_custom=dict(own.get("contact", {})),
    )  # fmt: skip
    try:
        return step_create_customer(tx, ctx, new, owner_id, anyway=anyway)
    except NoSuchChoice:  # the customer's list of sources is another: said in words instead
        new = replace(new, source="", remark=" ".join(p for p in (told.remark, f"线索来源：{told.source}") if p))
        return step_create_customer(tx, ctx, new, owner_id, anyway=anyway)


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


def _open_deal(tx: Tx, ctx: Context, customer_id: int, deal: SaidDeal, own: Own) -> Opportunity:
    amount = deal.amount if deal.amount is not None else Decimal("0.00")
    new = NewOpportunity(customer_id, deal.name, amount, deal.day, deal.stage, custom=dict(own["opportunity"]))
    return step_create_opportunity(tx, ctx, new)


def _known(tx: Tx, customer: Customer, told: Any) -> bool:
    known = customers.list_contacts(tx, customer.id or 0)
    return any((told.mobile and c.mobile == told.mobile) or (told.contact and c.name == told.contact) for c in known)


def _add_contact(tx: Tx, ctx: Context, customer: Customer, told: Any, own: Mapping[str, str]) -> None:
    customers.add_contact(
        tx, customer_id=customer.id or 0, name=told.contact or "联系人", initials=initials(told.contact, person=True),
        title="", mobile=told.mobile, now=ctx.now, by=ctx.actor.user_id, custom=dict(own),
    )  # fmt: skip


def step_unconvert(tx: Tx, ctx: Context, payload: dict[str, Any]) -> str:
    """The undo door has checked whose it is. Returns what to say. Raises NotFound, ChangedSince."""
    lead_id, before, made = int(payload["id"]), payload["before"], payload["made"]
    now = step_untouched(tx, lead_id, int(payload["version"]))
    customer_id, company = int(made["customer_id"]), str(now["company"])
    customer = customers.access_customer(tx, customer_id, lock=True)
    worked_on = rules.ChangedSince(f"「{customer.name}」之后已经有人动过，不能撤销了。发送「查 {customer.name}」看看。")
    if customer.id != customer_id or conversions.standing(tx, customer_id) != made["after"]:
        raise worked_on
    step_restore(tx, ctx, lead_id, now, before)
    if made["deal"] is not None:
        step_undo_change(tx, ctx, {**made["deal"], "before": None, "text": payload["text"]})
    if made["before"] is not None:
        conversions.take_away(tx, customer_id, made["before"], made["follow_ups"], now=ctx.now)
        said = f"「{customer.name}」上的这些也撤回了"
    else:
        if is_referred_to(tx, Customer, customer_id, but=WITH_IT):
            raise worked_on
        customer = customers.access_customer(tx, customer_id)
        customers.remove_customer(tx, customer, ctx.now)
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="undo.create",
            subject=f"customer:{customer_id}", name=customer.name,
        )  # fmt: skip
        said = "客户也撤销了"
    pair = (rules.STATES["converted"], rules.STATES[before["state"]])
    record_of(tx, ctx, "undo.lead", lead_id, company, changes={"状态": pair}, lines=[f"撤销：{payload['text']}"])
    return f"已撤销，线索「{company}」恢复原样，{said}。"
