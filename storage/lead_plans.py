"""Leads whose next contact is planned or whose return is near: what their owners are reminded of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, func, literal
from sqlalchemy import select as columns
from sqlmodel import col, select

from storage.database import Tx
from storage.leads import OPEN
from storage.tables import DigestItem, Lead


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


def _unreminded() -> Any:
    """A plan is made with a follow-up: what somebody was told before that was of another one."""
    reminded = select(DigestItem.id).where(
        DigestItem.rule == "next_follow_up",
        col(DigestItem.user_id) == col(Lead.owner_id),
        col(DigestItem.subject) == literal("lead:").concat(cast(col(Lead.id), String)),
        col(DigestItem.created_at) >= func.coalesce(col(Lead.last_follow_up_at), col(Lead.created_at)),
    )
    return (col(Lead.owner_id).is_not(None), col(Lead.state).in_(OPEN), col(Lead.next_timed), ~reminded.exists())


def next_unreminded(tx: Tx, *, after: datetime) -> datetime | None:
    """The next timed contact after that moment which nobody has been reminded of."""
    query = select(func.min(Lead.next_follow_up_at)).where(*_unreminded(), col(Lead.next_follow_up_at) > after)
    return tx.exec(query).one()


def list_unreminded(tx: Tx, *, since: datetime, until: datetime) -> list[Lead]:
    """Timed contacts within that time which nobody has been reminded of."""
    planned = col(Lead.next_follow_up_at)
    query = select(Lead).where(*_unreminded(), planned >= since, planned <= until)
    return list(tx.exec(query.order_by(planned)).all())


@dataclass(frozen=True, slots=True)
class ClockedLead:
    """An open lead of somebody's, and what its return to the pool is reckoned from."""

    id: int
    company: str
    owner_id: str
    owner_since: datetime
    last_follow_up_at: datetime | None

    @property
    def worked_at(self) -> datetime:
        """The later of the two."""
        return max(self.owner_since, self.last_follow_up_at or self.owner_since)


def list_clocked(tx: Tx, *, owner_id: str | None = None) -> list[ClockedLead]:
    """All open leads that are somebody's within the scope, or one person's."""
    since = func.coalesce(col(Lead.owner_since), col(Lead.created_at))
    query = columns(
        col(Lead.id), col(Lead.company), col(Lead.owner_id), since, col(Lead.last_follow_up_at)
    ).where(col(Lead.owner_id).is_not(None), col(Lead.state).in_(OPEN))  # fmt: skip
    if owner_id is not None:
        query = query.where(col(Lead.owner_id) == owner_id)
    return [ClockedLead(i or 0, company, owner or "", at, last) for i, company, owner, at, last in tx.execute(query)]
