"""Queries on scans of contracts (扫描件); their bytes are read only to be sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select as columns
from sqlmodel import col, delete, func, select, update

from bot.core.errors import NotFound
from storage.database import Tx
from storage.tables import Contract, ContractScan

GONE = timedelta(days=1)  # after it what was removed cannot come back


@dataclass(frozen=True, slots=True)
class ScanFact:
    """One scan without its bytes."""

    id: int
    contract_id: int
    name: str
    size: int
    added_at: datetime
    added_by: str


def _facts(*where: Any) -> Any:
    return (
        columns(
            col(ContractScan.id), col(ContractScan.contract_id), col(ContractScan.name), col(ContractScan.size),
            col(ContractScan.added_at), col(ContractScan.added_by),
        )
        .where(col(ContractScan.deleted_at).is_(None), *where)
        .order_by(col(ContractScan.id))
    )  # fmt: skip


def list_scans(tx: Tx, contract_id: int) -> list[ScanFact]:
    """Of one contract, the oldest first."""
    return [ScanFact(*row) for row in tx.execute(_facts(col(ContractScan.contract_id) == contract_id)).all()]


def access_scan(tx: Tx, scan_id: int) -> ScanFact:
    """Raises NotFound if it is absent, removed, or its contract is outside the transaction's scope."""
    row = tx.execute(_facts(col(ContractScan.id) == scan_id)).first()
    if row is None:
        there = select(ContractScan.id).where(ContractScan.id == scan_id, col(ContractScan.deleted_at).is_(None))
        hidden = tx.exec(there, execution_options={"unscoped": "the audit tells an attempt from a slip"}).first()
        raise NotFound(
            "没有找到这份扫描件，可能已经移除，或不在你能看的范围里。",
            attempt=f"scan:{scan_id}" if hidden is not None else "",
        )
    return ScanFact(*row)


def add_scan(
    tx: Tx, contract_id: int, *, name: str, kind: str, content: bytes, by: str, now: datetime
) -> int:  # fmt: skip
    """Keeps it; returns its id."""
    scan = ContractScan(
        contract_id=contract_id, name=name, kind=kind, size=len(content), content=content, added_at=now, added_by=by
    )
    tx.add(scan)
    tx.flush()
    assert scan.id is not None
    return scan.id


def set_removed(tx: Tx, scan_id: int, at: datetime | None) -> bool:
    """Removed, or (None) there again. False: it was so already."""
    other = col(ContractScan.deleted_at).is_(None) if at is not None else col(ContractScan.deleted_at).is_not(None)
    done = tx.execute(
        update(ContractScan)
        .where(col(ContractScan.id) == scan_id, other)
        .values(deleted_at=at)
        .execution_options(synchronize_session=False, unscoped="the caller has access to the contract")
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def content_of(tx: Tx, scan_id: int) -> bytes:
    """Of one the caller has access to."""
    return tx.exec(select(ContractScan.content).where(ContractScan.id == scan_id)).one()


def newest_by(tx: Tx, customer_id: int, user_id: str, since: datetime) -> int | None:
    """The contract of a customer that somebody has registered last, not long ago."""
    query = select(Contract.id).where(
        Contract.customer_id == customer_id, Contract.created_by == user_id, col(Contract.created_at) >= since
    )
    return tx.exec(query.order_by(col(Contract.id).desc()).limit(1)).first()


def prune(tx: Tx, *, now: datetime) -> int:
    """Forgets the bytes of what was removed long enough ago."""
    old = select(ContractScan.id).where(col(ContractScan.deleted_at) < now - GONE)
    ids: Sequence[int | None] = tx.exec(old, execution_options={"unscoped": "a job"}).all()
    if ids:
        tx.execute(delete(ContractScan).where(col(ContractScan.id).in_(list(ids))))
    return len(ids)


def count_scans(tx: Tx, contract_id: int) -> int:
    """Those that are not removed."""
    query = select(func.count()).select_from(ContractScan)
    return tx.exec(query.where(ContractScan.contract_id == contract_id, col(ContractScan.deleted_at).is_(None))).one()
