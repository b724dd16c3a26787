"""Queries on leads (线索) and their follow-ups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlalchemy import select as columns
from sqlmodel import col, select

from bot.core.errors import NotFound
from storage.database import Tx
from storage.plain import table_of
from storage.search_index import reindexed
from storage.tables import Customer, FollowUp, Lead, LeadFollowUp

PAGE = 5
OPEN = ("new", "following", "interested")
L, F = table_of(Lead), table_of(LeadFollowUp)
KEPT = [c for c in L.c if c.name not in ("id", "custom", "version")]  # what an undo puts back
WHOLE = {"unmasked": "compared with and put back by an undo, shown to nobody", "unscoped": "an undo"}
EVERYBODY = {"unscoped": "a lead is a duplicate whoever has it"}


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Conditions that combine; empty: no such condition."""

    words: tuple[str, ...] = ()  # each in the company, the contact, the source or the remark
    owner_id: str = ""
    states: tuple[str, ...] = OPEN


def access_lead(tx: Tx, lead_id: int, *, lock: bool = False) -> Lead:
    """Raises NotFound if it is absent or outside the transaction's scope."""
    query = select(Lead).where(Lead.id == lead_id)
    found = tx.exec(query.with_for_update() if lock else query).first()
    if found is None:
        there = select(Lead.id).where(Lead.id == lead_id, col(Lead.deleted_at).is_(None))
        hidden = tx.exec(there, execution_options={"unscoped": "the audit tells an attempt from a slip"}).first()
        raise NotFound(
            "没有找到这条线索，可能名称不对，或不在你能看的范围里。发送「线索」看看有哪些。",
            attempt=f"lead:{lead_id}" if hidden is not None else "",
        )
    return found


def add_lead(tx: Tx, lead: Lead) -> Lead:
    """Stores a new one."""
    tx.add(lead)
    tx.flush()
    return lead


def change(tx: Tx, lead: Lead, **values: Any) -> None:
    """Writes a new version of it."""
    for name, value in values.items():
        setattr(lead, name, value)
    lead.version += 1
    tx.add(lead)
    tx.flush()


def find_twin(tx: Tx, company: str, mobile: str) -> Any | None:
    """(id, company, owner) of a live lead of that company and number, whoever has it."""
    query = columns(col(Lead.id), col(Lead.company), col(Lead.owner_id)).where(
        col(Lead.company) == company,
        col(Lead.mobile) == mobile,
        col(Lead.state).in_(OPEN),
        col(Lead.deleted_at).is_(None),
    )
    options = {**EVERYBODY, "unmasked": "compared, shown to nobody"}
    return tx.execute(query.limit(1), execution_options=options).first()


def is_visible(tx: Tx, lead_id: int) -> bool:
    """Whether it is within the scope."""
    return tx.exec(select(Lead.id).where(Lead.id == lead_id)).first() is not None


def _where(wanted: LeadFilter) -> list[Any]:
    found: list[Any] = [col(Lead.state).in_(wanted.states)] if wanted.states else []
    for word in wanted.words:
        looks = (Lead.company, Lead.contact, Lead.source, Lead.remark)
        some = [col(c).contains(word, autoescape=True) for c in looks]
        found.append(some[0] | some[1] | some[2] | some[3])
    if wanted.owner_id:
        found.append(col(Lead.owner_id) == wanted.owner_id)
    return found


def count_leads(tx: Tx, wanted: LeadFilter) -> int:
    """How many match within the scope."""
    return tx.exec(select(func.count()).select_from(Lead).where(*_where(wanted))).one()


def list_leads(tx: Tx, wanted: LeadFilter, *, page: int = 1, size: int = PAGE) -> list[Lead]:
    """One page, the newest first."""
    query = select(Lead).where(*_where(wanted)).order_by(col(Lead.id).desc())
    return list(tx.exec(query.limit(size).offset((page - 1) * size)).all())


def list_names(tx: Tx) -> list[tuple[int, str, str, str]]:
    """(id, company, contact, state) of those within the scope, the newest first."""
    query = select(Lead.id, Lead.company, Lead.contact, Lead.state).order_by(col(Lead.id).desc()).limit(20000)
    return [(i or 0, company, contact, state) for i, company, contact, state in tx.exec(query).all()]


def list_planned(tx: Tx, owner_id: str, *, before: datetime | None = None) -> list[Lead]:
    """The owner's open leads whose next contact is planned (before that moment), earliest first."""
    query = select(Lead).where(
        Lead.owner_id == owner_id, col(Lead.state).in_(OPEN), col(Lead.next_follow_up_at).is_not(None)
    )
    if before is not None:
        query = query.where(col(Lead.next_follow_up_at) < before)
    return list(tx.exec(query.order_by(col(Lead.next_follow_up_at)).limit(50)).all())


def owners_of_planned(tx: Tx) -> set[str]:
    """Who has an open lead with a planned contact."""
    query = select(Lead.owner_id).where(col(Lead.state).in_(OPEN), col(Lead.next_follow_up_at).is_not(None))
    return {owner for owner in tx.exec(query.distinct()).all() if owner}


# -- follow-ups ---------------------------------------------------------------------------------------------------


def add_follow_up(tx: Tx, entry: LeadFollowUp) -> int:
    """Stores one; returns its id."""
    tx.add(entry)
    tx.flush()
    return entry.id or 0


def list_follow_ups(tx: Tx, lead_id: int, *, limit: int = 5) -> list[LeadFollowUp]:
    """The latest ones first."""
    query = select(LeadFollowUp).where(LeadFollowUp.lead_id == lead_id)
    return list(tx.exec(query.order_by(col(LeadFollowUp.at).desc(), col(LeadFollowUp.id).desc()).limit(limit)).all())


def count_follow_ups(tx: Tx, lead_id: int) -> int:
    """How many it has."""
    return tx.exec(select(func.count()).select_from(LeadFollowUp).where(LeadFollowUp.lead_id == lead_id)).one()


def take_back(tx: Tx, follow_up_id: int, now: datetime) -> None:
    """The author's 撤销."""
    tx.execute(update(LeadFollowUp).where(col(LeadFollowUp.id) == follow_up_id).values(deleted_at=now))


# -- conversion ---------------------------------------------------------------------------------------------------


def true_values(tx: Tx, lead_id: int) -> Any:
    """What the lead says, whatever the converting person may see of it: it goes on to the customer."""
    names = ("company", "contact", "mobile", "source", "remark", "next_follow_up_at", "next_timed")
    query = columns(*(L.c[n] for n in names)).where(L.c.id == lead_id)
    options = {"unscoped": "the caller has access to it", "unmasked": "goes to the customer, shown to nobody"}
    return tx.execute(query, execution_options=options).one()


def hand_on(tx: Tx, lead_id: int, customer_id: int, *, now: datetime) -> int:
    """Copies its follow-ups to the customer with their authors and times, and its next contact where the customer has
    none; returns how many (invariant 26).
    """
    query = columns(*F.c).where(F.c.lead_id == lead_id, F.c.deleted_at.is_(None)).order_by(F.c.at, F.c.id)
    options = {"unscoped": "the caller has access to the lead", "unmasked": "goes to the customer, shown to nobody"}
    rows = tx.execute(query, execution_options=options).all()
    tx.add_all(
        FollowUp(
            customer_id=customer_id, user_id=r.user_id, at=r.at, method=r.method, content=r.content, next_at=r.next_at,
            next_timed=r.next_timed, created_at=r.created_at,
        )
        for r in rows
    )  # fmt: skip
    tx.flush()
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
    return len(rows)


# -- undo ---------------------------------------------------------------------------------------------------------


def picture(tx: Tx, lead_id: int) -> dict[str, Any]:
    """The row but for the company's own fields, as JSON."""
    tx.flush()
    row = tx.execute(columns(*KEPT, L.c.version).where(L.c.id == lead_id), execution_options=WHOLE).mappings().first()
    if row is None:
        raise NotFound("没有找到这条线索。发送「线索」看看有哪些。")
    return {name: v.isoformat() if isinstance(v, datetime) else v for name, v in row.items()}


def put_back(tx: Tx, lead_id: int, before: dict[str, Any], version: int) -> None:
    """The row is as it was, but for its version, which goes on."""
    values = {
        c.name: datetime.fromisoformat(v) if (v := before[c.name]) is not None and c.name.endswith("_at") else v
        for c in KEPT
    }
    with reindexed(tx, "lead", lead_id):
        tx.execute(
            update(Lead)
            .where(col(Lead.id) == lead_id)
            .values(**values, version=version)
            .execution_options(
                synchronize_session=False, unscoped="the caller has access to it", indexed="reindexed around it"
            )
        )
    tx.expire_all()


def names_of(tx: Tx, ids: Sequence[int]) -> dict[int, str]:
    """Companies by id, within the scope."""
    rows = tx.exec(select(Lead.id, Lead.company).where(col(Lead.id).in_(ids))).all()
    return {i or 0: company for i, company in rows}
