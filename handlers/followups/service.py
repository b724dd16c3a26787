"""Use cases of follow-ups."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.context import Context
from bot.core.actor import Permission
from bot.core.errors import InvalidInput, NotFound
from bot.core.forms import check_may_fill
from bot.core.redaction import redact
from handlers.customers.standing import step_may_write
from handlers.dictionaries.service import step_choose
from handlers.followups import rules
from storage import audit, customers, digest, follow_ups, opportunities, undos
from storage.database import Tx

UNDO = timedelta(minutes=10)
SETTLED = ("next_follow_up", "not_followed", "returns_soon")  # reminders a follow-up makes needless


@dataclass(frozen=True, slots=True)
class NewFollowUp:
    """What is to be written down."""

    content: str
    method: str = ""
    at: datetime | None = None  # None: now
    next_at: datetime | None = None
    next_timed: bool = False
    opportunity_id: int | None = None  # of that customer, which it is about


@dataclass(frozen=True, slots=True)
class Logged:
    """A stored follow-up and how to take it back."""

    follow_up_id: int
    customer_name: str
    undo_id: int


def log_follow_up(ctx: Context, customer_id: int, new: NewFollowUp) -> Logged:
    """Stores a follow-up of one's own customer (or, with 跟进-编辑, of one in scope).

    Moves the customer's last and next contact and settles the reminders it makes needless.

    Raises:
        Forbidden, NotFound, NotYours, BadFollowUp.
    """
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    check_may_fill(ctx.actor, "followup", {"content": new.content, "method": new.method, "next_at": new.next_at})
    at = new.at or ctx.now
    rules.check_follow_up(new.content, at=at, next_at=new.next_at, next_timed=new.next_timed, now=ctx.now)
    with ctx.begin() as tx:
        customer = customers.access_brief(tx, customer_id, lock=True)
        step_may_write(tx, ctx, customer, Permission.FOLLOWUP_EDIT)
        name, customer_id = customer.name, customer.id  # that of its head, if it was merged
        if new.opportunity_id is not None:
            about = opportunities.access_opportunity(tx, new.opportunity_id, lock=True)
            if about.customer_id != customer_id:
                raise InvalidInput(f"商机「{about.name}」不是「{name}」的，写上客户再说一次。")
        plan = follow_ups.plan_of(tx, customer_id)
        follow_up_id = step_store(tx, ctx, customer_id, name, replace(new, at=at))
        undo_id = undos.offer(
            tx, user_id=ctx.actor.user_id, kind="followups.log", payload={"follow_up_id": follow_up_id, "plan": plan},
            text=f"跟进 {name}", now=ctx.now, lasts=UNDO,
        )  # fmt: skip
    return Logged(follow_up_id, name, undo_id)


def step_store(tx: Tx, ctx: Context, customer_id: int, name: str, new: NewFollowUp) -> int:
    """Stores what was checked before, moves the customer's last and next contact; returns the follow-up's id."""
    if new.method:
        new = replace(new, method=step_choose(tx, "followup", "method", new.method))
    content, subject = new.content.strip(), f"customer:{customer_id}"
    follow_up_id = follow_ups.add_follow_up(
        tx, customer_id=customer_id, user_id=ctx.actor.user_id, at=new.at or ctx.now, method=new.method,
        content=content, next_at=new.next_at, next_timed=new.next_timed, source_key=ctx.key or None, now=ctx.now,
        opportunity_id=new.opportunity_id,
    )  # fmt: skip
    digest.cancel(tx, subject, rules=SETTLED, now=ctx.now)
    if new.opportunity_id is not None:
        digest.cancel(tx, f"opportunity:{new.opportunity_id}", rules=("stale",), now=ctx.now)
    audit.record(
        tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="log.follow_up", subject=subject,
        follow_up=follow_up_id, name=name, changes={"跟进": ("", clip(redact(content)))},
    )  # fmt: skip
    return follow_up_id


def clip(text: str) -> str:
    """Enough of it to be recognised in an audit line."""
    return text if len(text) <= 40 else f"{text[:40]}…"


def when(moment: datetime | None, timed: bool) -> str:
    """2026-03-05 15:00, or the day alone."""
    if moment is None:
        return ""
    return f"{moment:%Y-%m-%d %H:%M}" if timed else f"{moment:%Y-%m-%d}"


def undo_follow_up(ctx: Context, payload: dict[str, Any]) -> str:
    """Takes a follow-up back; the customer's last and next contact are what they were."""
    with ctx.begin() as tx:
        follow_up = follow_ups.get(tx, int(payload["follow_up_id"]))
        if follow_up is None or follow_up.user_id != ctx.actor.user_id:
            raise NotFound("没有找到这条跟进，可能已经撤销，或客户不在你名下了。")
        customer = customers.access_customer(tx, follow_up.customer_id, lock=True)
        follow_ups.take_back(tx, follow_up, ctx.now, payload.get("plan"))
        audit.record(
            tx, at=ctx.now, user_id=ctx.actor.user_id, via=ctx.via, action="undo.follow_up",
            subject=f"customer:{follow_up.customer_id}", follow_up=follow_up.id, name=customer.name,
            changes={"跟进": (clip(redact(follow_up.content)), "")},
        )  # fmt: skip
        return f"已撤销「{customer.name}」的这条跟进。"


def plan_next(ctx: Context, customer_id: int, at: datetime, *, timed: bool) -> str:
    """Moves the planned next contact; returns the customer's name.

    Raises:
        Forbidden, NotFound, NotYours, BadFollowUp.
    """
    ctx.actor.require(Permission.FOLLOWUP_ADD)
    check_may_fill(ctx.actor, "followup", {"next_at": at})
    rules.check_follow_up("-", at=ctx.now, next_at=at, next_timed=timed, now=ctx.now)
    with ctx.begin() as tx:
        customer = customers.access_customer(tx, customer_id, lock=True)
        step_may_write(tx, ctx, customer, Permission.FOLLOWUP_EDIT)
        customer_id = customer.id or customer_id
        was = customer.next_follow_up_at
        changes = {"下次联系": (when(was, customer.next_timed), when(at, timed))}
        customers.set_next_follow_up(tx, customer_id, at, timed=timed, now=ctx.now)
        digest.cancel(tx, f"customer:{customer_id}", rules=("next_follow_up",), now=ctx.now)
        audit.record(
            tx,
            at=ctx.now,
            user_id=ctx.actor.user_id,
            via=ctx.via,
            action="plan.next",
            subject=f"customer:{customer_id}",
            name=customer.name,
            changes=changes,
        )
        return customer.name
