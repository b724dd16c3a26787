"""The steps that attach a visit to a customer, and those it may have been at."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import RuleBroken
from bot.core.forms import withheld
from bot.language.methods import nearest_value
from bot.language.sentence import find_in_sentence
from handlers.customers.finding import candidates_for
from handlers.customers.standing import step_may_write
from handlers.followups.rules import BACK
from handlers.followups.service import NewFollowUp, step_store
from handlers.visits import rules
from handlers.visits.rules import Near, spot_of
from storage import audit, cards, customers, dictionaries, follow_ups, visits
from storage.database import Tx
from storage.follow_ups import Planned
from storage.tables import Customer, Visit


class LinkedAlready(RuleBroken, code="visits.linked"):
    """It is some customer's visit already."""


@dataclass(frozen=True, slots=True)
class Done:
    """A visit after a change."""

    visit_id: int
    undo_id: int | None
    customer_id: int | None = None
    follow_up_id: int | None = None
    next_text: str = ""  # the next contact that was planned with it


@dataclass(frozen=True, slots=True)
class Linked:
    """The follow-up that was written down, and what was planned for the customer before it."""

    follow_up_id: int | None
    plan: Planned


def subject(visit_id: int) -> str:
    """How cards that show it name it."""
    return f"visit:{visit_id}"


def step_link(
    tx: Tx, ctx: Context, visit: Visit, customer_id: int, next_at: datetime | None = None, *, timed: bool = False
) -> Linked:
    """Links it and, where something was said, writes that down as a follow-up."""
    customer = customers.access_customer(tx, customer_id, lock=True)
    step_may_write(tx, ctx, customer, Permission.FOLLOWUP_EDIT)
    head_id, visit_id = customer.id or customer_id, visit.id or 0
    distance = rules.distance_m(spot_at(visit), spot_at(customer))
    far = rules.is_out_of_range(distance, ctx.settings.visits.near_m)
    if not visits.link(tx, visit_id, head_id, distance_m=distance, out_of_range=far):
        raise LinkedAlready("这次外勤已经关联别的客户了，先发送「撤销」再换一家。")
    follow_up_id, plan = None, follow_ups.plan_of(tx, head_id)
    remark = visit.remark.strip()
    if rules.says_something(remark) and "content" not in withheld(ctx.actor, "followup") and visit.at > ctx.now - BACK:
        method = ""
        if "method" not in withheld(ctx.actor, "followup"):
            method = nearest_value(("拜访",), dictionaries.list_methods(tx)) or ""
        if "next_at" in withheld(ctx.actor, "followup"):
            next_at = None
        new = NewFollowUp(remark, method, min(visit.at, ctx.now), next_at, timed and next_at is not None)
        follow_up_id = step_store(tx, ctx, head_id, customer.name, new)
        visits.note_follow_up(tx, visit_id, follow_up_id)
    step_record(
        tx, ctx, "link.visit", visit_id, name=customer.name, customer=head_id, distance_m=distance,
        changes={"客户": ("", customer.name)},
    )  # fmt: skip
    cards.redraw_others(tx, subject(visit_id), now=ctx.now, but=ctx.key)
    return Linked(follow_up_id, plan)


def spot_at(row: Visit | Customer) -> rules.Spot | None:
    """Where it is; None: not known."""
    return spot_of(row.lng, row.lat, row.coord_sys)


def step_near(tx: Tx, ctx: Context, visit: Visit) -> list[tuple[Near, Customer]]:
    """The owner's customers within reach, and those the remark names (R-VISIT-2)."""
    spot = spot_at(visit)
    found: dict[int, Near] = {}
    if spot is not None:
        near_m = ctx.settings.visits.near_m
        lng, lat = rules.box(spot, near_m)
        for customer in visits.list_in_box(tx, visit.user_id, lng=lng, lat=lat, coord_sys=spot.coord_sys):
            away = rules.distance_m(spot, spot_at(customer))
            if away is not None and away <= near_m:
                found[customer.id or 0] = Near(customer.id or 0, away)
    words = f"{visit.remark} {visit.place}".strip()
    if words:
        own = customers.list_ids_of(tx, visit.user_id)
        candidates = candidates_for(tx, ctx.actor, words, pooled=False, sentence=True)
        hit = find_in_sentence(words, [one for one in candidates if one.id in own])
        named = [] if hit is None else [hit.certain.id] if hit.certain is not None else [c.id for c in hit.options]
        for customer in customers.list_by_ids(tx, named[:5]):
            away = rules.distance_m(spot, spot_at(customer))
            found[customer.id or 0] = Near(customer.id or 0, away, named=True)
    ordered = rules.in_order(found.values())[:5]
    rows = {c.id: c for c in customers.list_by_ids(tx, [one.customer_id for one in ordered])}
    return [(one, rows[one.customer_id]) for one in ordered if one.customer_id in rows]


def step_record(tx: Tx, ctx: Context, action: str, visit_id: int, **detail: Any) -> None:
    """Into the audit."""
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action=action, subject=subject(visit_id), **detail
    )
