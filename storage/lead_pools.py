"""The pool of leads (线索公海): open leads of nobody; claims, returns, and who had what when (R-LEAD-6).

Who may claim sees of them company, source and days, no person and no number (D14): these queries pass over the scope
and give out nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, update
from sqlalchemy import select as columns
from sqlmodel import col, select

from storage.database import Tx
from storage.leads import OPEN
from storage.plain import table_of
from storage.tables import Lead, LeadOwnerHistory

PAGE = 5
POOL = {"unscoped": "what the pool shows of a lead, to whoever may claim"}
DECIDED = {"unscoped": "the pool's lead is about to be the claimant's", "synchronize_session": False}
RETURNED = {"unscoped": "the caller has checked the row", "synchronize_session": False}
CAP = {"unscoped": "a cap is held against all a person has"}
H = table_of(LeadOwnerHistory)


@dataclass(frozen=True, slots=True)
class PoolLead:
    """What the pool shows of a lead, as it stands now."""

    id: int
    company: str
    source: str
    owner_id: str | None
    owner_since: datetime | None
    since: datetime  # in the pool


@dataclass(frozen=True, slots=True)
class LeadCounts:
    """What caps are held against, read under the claimant's lock."""

    today: int
    holding: int


SHOWN = (
    col(Lead.id), col(Lead.company), col(Lead.source), col(Lead.owner_id), col(Lead.owner_since),
    func.coalesce(col(Lead.pooled_at), col(Lead.created_at)),
)  # fmt: skip
FREE = (col(Lead.owner_id).is_(None), col(Lead.state).in_(OPEN), col(Lead.deleted_at).is_(None))


def _where(words: Sequence[str]) -> list[Any]:
    looks = [
        or_(col(Lead.company).contains(w, autoescape=True), col(Lead.source).contains(w, autoescape=True))
        for w in words
    ]
    return [*FREE, *looks]


def count_pooled(tx: Tx, words: Sequence[str] = ()) -> int:
    """Leads of nobody that have all the words in company or source."""
    query = select(func.count()).select_from(Lead).where(*_where(words))
    return tx.exec(query, execution_options=POOL).one()


def list_pooled(tx: Tx, words: Sequence[str] = (), *, page: int = 1, size: int = PAGE) -> list[PoolLead]:
    """One page, the newest in the pool first."""
    query = columns(*SHOWN).where(*_where(words)).order_by(SHOWN[-1].desc(), col(Lead.id).desc())
    return [PoolLead(*row) for row in tx.execute(query.limit(size).offset((page - 1) * size), execution_options=POOL)]


def list_by_ids(tx: Tx, ids: Sequence[int]) -> list[PoolLead]:
    """Those a pool card was drawn with, whoever has them by now, in that order."""
    query = columns(*SHOWN).where(col(Lead.id).in_(ids), col(Lead.deleted_at).is_(None))
    found = {row[0]: PoolLead(*row) for row in tx.execute(query, execution_options=POOL)}
    return [found[i] for i in ids if i in found]


def list_taken(tx: Tx, *, since: datetime) -> list[PoolLead]:
    """Those that left the pool since then: the loser of a race is told who won (R-POOL-2)."""
    left = select(LeadOwnerHistory.lead_id).where(
        col(LeadOwnerHistory.owner_id).is_(None), col(LeadOwnerHistory.to_at) >= since
    )
    query = columns(*SHOWN).where(
        col(Lead.id).in_(left), col(Lead.owner_id).is_not(None), col(Lead.deleted_at).is_(None)
    )
    return [PoolLead(*row) for row in tx.execute(query, execution_options=POOL)]


def get(tx: Tx, lead_id: int) -> PoolLead | None:
    """One that is, or has been, in the pool; None: it never was, so that nobody knows it from there."""
    found = next(iter(list_by_ids(tx, [lead_id])), None)
    if found is not None and found.owner_id is None:
        return found if is_free(tx, lead_id) else None
    return found if was_pooled(tx, lead_id) else None  # asked of one that is not there too: it takes as long


def is_free(tx: Tx, lead_id: int) -> bool:
    """Whether it can be claimed now."""
    query = select(Lead.id).where(Lead.id == lead_id, *FREE)
    return tx.exec(query, execution_options=POOL).first() is not None


def was_pooled(tx: Tx, lead_id: int) -> bool:
    """Whether it ever was in the pool."""
    query = select(LeadOwnerHistory.id).where(
        LeadOwnerHistory.lead_id == lead_id, col(LeadOwnerHistory.owner_id).is_(None)
    )
    return tx.exec(query.limit(1)).first() is not None


def count_claims(tx: Tx, user_id: str, midnight: datetime) -> LeadCounts:
    """Claims since then, those taken back excepted, and open leads held now."""
    undone = H.alias("undone")
    claims = columns(func.count()).select_from(H).where(
        H.c.owner_id == user_id, H.c.how == "claim", H.c.from_at >= midnight, ~_undone(undone)
    )  # fmt: skip
    held = select(func.count()).select_from(Lead).where(
        Lead.owner_id == user_id, col(Lead.state).in_(OPEN), col(Lead.deleted_at).is_(None)
    )  # fmt: skip
    return LeadCounts(tx.execute(claims).scalar_one(), tx.exec(held, execution_options=CAP).one())


def last_owned_until(tx: Tx, lead_id: int, user_id: str) -> datetime | None:
    """When that person last ceased to own it; a claim that was taken back is none."""
    undone = H.alias("undone")
    query = columns(func.max(H.c.to_at)).where(H.c.lead_id == lead_id, H.c.owner_id == user_id, ~_undone(undone))
    until: datetime | None = tx.execute(query).scalar_one()
    return until


def _undone(page: Any) -> Any:
    """The page that took this one back."""
    taken_back = and_(
        page.c.lead_id == H.c.lead_id, page.c.how == "undo", page.c.owner_id.is_(None), page.c.from_at == H.c.to_at
    )
    return columns(page.c.id).where(taken_back).exists()


def take(tx: Tx, lead_id: int, user_id: str, *, now: datetime) -> bool:
    """Gives a lead of the pool to somebody. The row count decides the race: False, somebody was faster."""
    done = tx.execute(
        update(Lead)
        .where(col(Lead.id) == lead_id, *FREE)
        .values(owner_id=user_id, owner_since=now, pooled_at=None, pool_reason="", version=Lead.version + 1),
        execution_options=DECIDED,
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def release(
    tx: Tx, lead_id: int, owner_id: str, *, reason: str, now: datetime, unless_worked_since: datetime | None = None
) -> bool:
    """Puts an open lead into the pool, its planned contact forgotten. False: it is not that person's any more, or
    (`unless_worked_since`) was followed up, or came to him, after that.
    """
    since = unless_worked_since
    quiet = [
        or_(column.is_(None), column <= since)
        for column in (col(Lead.last_follow_up_at), col(Lead.owner_since))
        if since is not None
    ]
    done = tx.execute(
        update(Lead)
        .where(col(Lead.id) == lead_id, col(Lead.owner_id) == owner_id, col(Lead.state).in_(OPEN), *quiet)
        .values(
            owner_id=None, owner_since=None, pooled_at=now, pool_reason=reason, next_follow_up_at=None,
            next_timed=False, version=Lead.version + 1,
        ),
        execution_options=RETURNED,
    )  # fmt: skip
    return bool(done.rowcount)  # type: ignore[attr-defined]


def turn_page(
    tx: Tx, lead_id: int, owner_id: str | None, *, how: str, by: str, now: datetime, reason: str = "",
    was: str | None = None, since: datetime | None = None, rule_days: int | None = None,
) -> None:  # fmt: skip
    """A line in the lead's history of owners. `was`, `since`: who had it until now, where no line says so yet."""
    page = LeadOwnerHistory
    open_page = select(page).where(page.lead_id == lead_id, col(page.to_at).is_(None))
    before = tx.exec(open_page.with_for_update()).first()
    if before is not None:
        before.to_at = now
        tx.add(before)
        tx.flush()
    elif since is not None:
        tx.add(page(lead_id=lead_id, owner_id=was, from_at=since, to_at=now, how="create"))
    tx.add(page(
        lead_id=lead_id, owner_id=owner_id, from_at=now, how=how, by_user_id=by, reason=reason[:200],
        rule_days=rule_days,
    ))  # fmt: skip
    tx.flush()


def list_history(tx: Tx, lead_id: int) -> list[LeadOwnerHistory]:
    """Owners, the latest first. The caller has access to the lead."""
    query = select(LeadOwnerHistory).where(LeadOwnerHistory.lead_id == lead_id)
    return list(tx.exec(query.order_by(col(LeadOwnerHistory.id).desc())).all())
