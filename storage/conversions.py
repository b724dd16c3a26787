"""What a lead's conversion makes of a customer, and whether that still stands as it was made."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlalchemy import select as columns
from sqlmodel import col

from storage.database import Tx
from storage.leads import true_values
from storage.plain import table_of
from storage.tables import Contact, Customer, FollowUp, LeadFollowUp

F, C, P, U = table_of(LeadFollowUp), table_of(Customer), table_of(Contact), table_of(FollowUp)
WHOLE = {"unscoped": "an undo, by whoever converted the lead", "unmasked": "compared and put back, shown to nobody"}
PLAN = ("last_follow_up_at", "next_follow_up_at", "next_timed")


def hand_on(tx: Tx, lead_id: int, customer_id: int, *, now: datetime) -> list[int]:
    """Copies its follow-ups to the customer with their authors and times, and its next contact where the customer has
    none; returns the copies' ids (invariant 26).
    """
    query = columns(*F.c).where(F.c.lead_id == lead_id, F.c.deleted_at.is_(None)).order_by(F.c.at, F.c.id)
    options = {"unscoped": "the caller has access to the lead", "unmasked": "goes to the customer, shown to nobody"}
    rows = tx.execute(query, execution_options=options).all()
    copies = [
        FollowUp(
            customer_id=customer_id, user_id=r.user_id, at=r.at, method=r.method, content=r.content, next_at=r.next_at,
            next_timed=r.next_timed, created_at=r.created_at,
        )
        for r in rows
    ]  # fmt: skip
    tx.add_all(copies)
    tx.flush()
    made = [c.id or 0 for c in copies]
    lead, c = true_values(tx, lead_id), table_of(Customer)
    values: dict[str, Any] = {"updated_at": now}
    has = tx.execute(
        columns(c.c.last_follow_up_at, c.c.next_follow_up_at).where(c.c.id == customer_id), execution_options=options
    ).one()
    if rows:
        values["last_follow_up_at"] = max(m for m in (has.last_follow_up_at, rows[-1].at) if m is not None)
    if has.next_follow_up_at is None and lead.next_follow_up_at is not None:
        values |= {"next_follow_up_at": lead.next_follow_up_at, "next_timed": lead.next_timed}
    tx.execute(
        update(Customer)
        .where(col(Customer.id) == customer_id)
        .values(**values)
        .execution_options(synchronize_session=False, unscoped="the caller has access to it")
    )
    tx.expire_all()
    return made


def standing(tx: Tx, customer_id: int) -> dict[str, Any]:
    """What work on a customer changes, as JSON: equal as long as nobody has worked on it."""
    tx.flush()
    names = ("version", "owner_id", "deleted_at", *PLAN)
    row = tx.execute(columns(*(C.c[n] for n in names)).where(C.c.id == customer_id), execution_options=WHOLE).one()
    of = (P.c.customer_id == customer_id, P.c.deleted_at.is_(None))
    people = tx.execute(columns(P.c.id, P.c.version).where(*of).order_by(P.c.id), execution_options=WHOLE).all()
    told = columns(func.count()).select_from(U).where(U.c.customer_id == customer_id, U.c.deleted_at.is_(None))
    facts = {n: v.isoformat() if isinstance(v, datetime) else v for n, v in zip(names, row, strict=True)}
    return facts | {
        "contacts": [list(p) for p in people],
        "follow_ups": tx.execute(told, execution_options=WHOLE).scalar_one(),
    }


def take_away(tx: Tx, customer_id: int, before: dict[str, Any], follow_ups: list[int], *, now: datetime) -> None:
    """The copied follow-ups and the contact that came with them go; last and next contact are what they were."""
    options = {"synchronize_session": False, "unscoped": "the caller has checked what stands there"}
    tx.execute(
        update(FollowUp).where(col(FollowUp.id).in_(follow_ups)).values(deleted_at=now), execution_options=options
    )
    kept = [p[0] for p in before["contacts"]]
    tx.execute(
        update(Contact)
        .where(col(Contact.customer_id) == customer_id, col(Contact.id).not_in(kept), col(Contact.deleted_at).is_(None))
        .values(deleted_at=now, main=False),
        execution_options=options,
    )
    values = {n: datetime.fromisoformat(v) if isinstance(v := before[n], str) else v for n in PLAN}
    tx.execute(
        update(Customer).where(col(Customer.id) == customer_id).values(**values, updated_at=now),
        execution_options=options,
    )
    tx.expire_all()
