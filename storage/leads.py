"""Queries on leads (线索) and their follow-ups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlalchemy import select as columns
from sqlmodel import col, select

from bot.core.errors import NotFound
from storage.custom_fields import Condition, custom_condition
from storage.database import Tx
from storage.fields import OPEN_LEADS
from storage.plain import table_of
from storage.search_index import reindexed
from storage.tables import Lead, LeadFollowUp
from storage.types import Moment

PAGE = 5
OPEN = OPEN_LEADS
L = table_of(Lead)
KEPT = [c for c in L.c if c.name not in ("id", "custom", "version")]  # what an undo puts back
WHOLE = {"unmasked": "compared with and put back by an undo, shown to nobody", "unscoped": "an undo"}
EVERYBODY = {"unscoped": "a lead is a duplicate whoever has it"}


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """Conditions that combine; empty: no such condition."""

    words: tuple[str, ...] = ()  # each in the company, the contact, the source or the remark
    owner_id: str = ""
    states: tuple[str, ...] = OPEN
    own: tuple[Condition, ...] = ()  # on the company's own fields


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
    if "owner_id" in values:  # out of the pool, or into it: other things of it are to be seen now
        tx.expire(lead)


def find_twin(tx: Tx, company: str, mobile: str, *, but: int | None = None) -> Any | None:
    """(id, company, owner) of a live lead of that company and number, whoever has it."""
    query = columns(col(Lead.id), col(Lead.company), col(Lead.owner_id)).where(
        col(Lead.company) == company,
        col(Lead.mobile) == mobile,
        col(Lead.state).in_(OPEN),
        col(Lead.deleted_at).is_(None),
    )
    if but is not None:
        query = query.where(col(Lead.id) != but)
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
    return found + [custom_condition("lead", one) for one in wanted.own]


def count_leads(tx: Tx, wanted: LeadFilter) -> int:
    """How many match within the scope."""
    return tx.exec(select(func.count()).select_from(Lead).where(*_where(wanted))).one()


def list_leads(tx: Tx, wanted: LeadFilter, *, page: int = 1, size: int = PAGE) -> list[Lead]:
    """One page, the newest first."""
    query = select(Lead).where(*_where(wanted)).order_by(col(Lead.id).desc())
    return list(tx.exec(query.limit(size).offset((page - 1) * size)).all())


def list_after(tx: Tx, wanted: LeadFilter, *, after: int, limit: int) -> list[Lead]:
    """The next that match, by id: for exports, which go through all of them."""
    query = select(Lead).where(*_where(wanted), col(Lead.id) > after).order_by(col(Lead.id))
    return list(tx.exec(query.limit(limit)).all())


def list_names(tx: Tx) -> list[tuple[int, str, str, str]]:
    """(id, company, contact, state) of those within the scope, the newest first."""
    query = select(Lead.id, Lead.company, Lead.contact, Lead.state).order_by(col(Lead.id).desc()).limit(20000)
    return [(i or 0, company, contact, state) for i, company, contact, state in tx.exec(query).all()]


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
        c.name: datetime.fromisoformat(v) if (v := before[c.name]) is not None and isinstance(c.type, Moment) else v
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


def lock(tx: Tx, lead_id: int) -> None:
    """Nobody else changes it until this transaction ends."""
    query = select(Lead.id).where(Lead.id == lead_id).with_for_update()
    tx.exec(query, execution_options={"unscoped": "an undo"}).first()


def get_any(tx: Tx, lead_id: int) -> Lead:
    """Whoever's it is; for an undo, which writes and shows nothing of it."""
    return tx.exec(select(Lead).where(Lead.id == lead_id), execution_options={"unscoped": "an undo"}).one()


def remove(tx: Tx, lead_id: int, now: datetime) -> None:
    """Gone from every list."""
    tx.execute(
        update(Lead)
        .where(col(Lead.id) == lead_id)
        .values(deleted_at=now, version=Lead.version + 1)
        .execution_options(synchronize_session=False, unscoped="the caller has access to it")
    )
    tx.expire_all()


def names_of(tx: Tx, ids: Sequence[int]) -> dict[int, str]:
    """Companies by id, within the scope."""
    rows = tx.exec(select(Lead.id, Lead.company).where(col(Lead.id).in_(ids))).all()
    return {i or 0: company for i, company in rows}
