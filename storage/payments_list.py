"""Payments as tables of them come and go: seen by whoever sees their contract."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, func, select

from storage.database import Tx
from storage.tables import Contract, Payment

LIVE = col(Payment.voided_at).is_(None)


def of_contracts(tx: Tx, contract_ids: Sequence[int]) -> list[Payment]:
    """Payments on these contracts."""
    return list(tx.exec(select(Payment).where(col(Payment.contract_id).in_(list(contract_ids)))).all())


def _seen(words: Sequence[str], owner_id: str) -> Any:
    query = select(Contract.id)
    for word in words:
        query = query.where(col(Contract.number).contains(word, autoescape=True))
    return query.where(Contract.owner_id == owner_id) if owner_id else query


def count(tx: Tx, words: Sequence[str], *, owner_id: str = "") -> int:
    """Payments on contracts within the scope whose number has each word."""
    seen = list(tx.exec(_seen(words, owner_id)).all())
    total = 0
    for start in range(0, len(seen), 400):
        query = select(func.count()).select_from(Payment).where(LIVE)
        total += tx.exec(query.where(col(Payment.contract_id).in_(seen[start : start + 400]))).one()
    return total


def page(
    tx: Tx, words: Sequence[str], *, after: int, limit: int, owner_id: str = ""
) -> list[tuple[str, Payment]]:  # fmt: skip
    """The next of them by id that are not void, with their contract's number."""
    found: list[tuple[str, Payment]] = []
    while len(found) < limit:
        query = select(Payment).where(col(Payment.id) > after, LIVE).order_by(col(Payment.id)).limit(limit)
        payments = list(tx.exec(query).all())
        if not payments:
            break
        ids = sorted({p.contract_id for p in payments})
        numbers: dict[int | None, str] = {
            c.id: c.number
            for c in tx.exec(select(Contract).where(col(Contract.id).in_(ids))).all()
            if all(w in c.number for w in words) and (not owner_id or c.owner_id == owner_id)
        }
        found += [(numbers[p.contract_id], p) for p in payments if p.contract_id in numbers]
        after = payments[-1].id or 0
    return found[:limit]
