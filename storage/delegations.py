"""Queries on who decides for whom while he is away (代理人)."""

from collections.abc import Collection
from datetime import date, datetime

from sqlmodel import col, select, update

from storage.database import Tx
from storage.flow_runs import changed
from storage.tables import FlowDelegation


def delegates(tx: Tx, user_ids: Collection[str], day: date) -> dict[str, str]:
    """Who decides for whom that day; the delegation made last counts."""
    query = select(FlowDelegation).where(
        col(FlowDelegation.user_id).in_(list(user_ids)), FlowDelegation.starts_on <= day,
        FlowDelegation.ends_on >= day, col(FlowDelegation.ended_at).is_(None),
    )  # fmt: skip
    return {d.user_id: d.delegate_id for d in tx.exec(query.order_by(col(FlowDelegation.id))).all()}


def current(tx: Tx, user_id: str, day: date) -> FlowDelegation | None:
    """The person's own, that day or on days to come."""
    query = select(FlowDelegation).where(
        FlowDelegation.user_id == user_id, FlowDelegation.ends_on >= day, col(FlowDelegation.ended_at).is_(None)
    )
    return tx.exec(query.order_by(col(FlowDelegation.id).desc()).limit(1)).first()


def put_delegation(tx: Tx, delegation: FlowDelegation) -> None:
    """In place of those the person had."""
    end_delegation(tx, delegation.user_id, delegation.created_at)
    tx.add(delegation)
    tx.flush()


def end_delegation(tx: Tx, user_id: str, now: datetime) -> bool:
    """Whether there was one that had not ended."""
    mine = update(FlowDelegation).where(col(FlowDelegation.user_id) == user_id, col(FlowDelegation.ended_at).is_(None))
    return changed(tx, mine.values(ended_at=now))
