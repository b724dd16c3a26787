"""Filters people keep, and whom they share them with."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, delete, or_, select

from bot.core.errors import NotFound
from bot.language.normalize import fold
from storage.database import Tx
from storage.tables import RoleMember, SavedFilter, SavedFilterShare

Share = tuple[str, int]  # department | role, its id


def list_of(tx: Tx, user_id: str) -> list[SavedFilter]:
    """The person's own, by name."""
    return list(
        tx.exec(select(SavedFilter).where(SavedFilter.user_id == user_id).order_by(col(SavedFilter.name))).all()
    )


def list_shared(tx: Tx, user_id: str, departments: Iterable[int]) -> list[SavedFilter]:
    """Others' that the person's departments (with those above them) or roles have."""
    roles = select(RoleMember.role_id).where(RoleMember.user_id == user_id)
    share = SavedFilterShare
    mine = or_(
        (col(share.kind) == "department") & col(share.subject).in_(sorted(departments)),
        (col(share.kind) == "role") & col(share.subject).in_(roles),
    )
    query = select(SavedFilter).where(
        col(SavedFilter.id).in_(select(share.filter_id).where(mine)), SavedFilter.user_id != user_id
    )
    return list(tx.exec(query.order_by(col(SavedFilter.name), col(SavedFilter.id))).all())


def find_own(tx: Tx, user_id: str, name: str) -> SavedFilter | None:
    """By folded name."""
    return next((f for f in list_of(tx, user_id) if fold(f.name) == fold(name)), None)


def access_own(tx: Tx, user_id: str, name: str) -> SavedFilter:
    """Raises NotFound, naming what there is."""
    found = find_own(tx, user_id, name)
    if found is None:
        there = "、".join(f"「{f.name}」" for f in list_of(tx, user_id)[:5])
        raise NotFound(
            f"你没有叫「{name[:20]}」的筛选，{f'有：{there}。' if there else '发送「保存筛选 名称 条件」存一个。'}"
        )
    return found


def put(tx: Tx, *, user_id: str, name: str, words: str, mine: bool, now: datetime) -> dict[str, Any] | None:
    """Stores it under its name; returns what was there under that name before."""
    found = find_own(tx, user_id, name)
    if found is None:
        tx.add(SavedFilter(user_id=user_id, name=name, words=words, mine=mine, created_at=now))
        tx.flush()
        return None
    before = {"words": found.words, "mine": found.mine}
    found.words, found.mine = words, mine
    tx.add(found)
    tx.flush()
    return before


def remove(tx: Tx, saved: SavedFilter) -> list[Share]:
    """Returns whom it was shared with."""
    shares = shares_of(tx, saved.id or 0)
    tx.execute(delete(SavedFilterShare).where(col(SavedFilterShare.filter_id) == saved.id))
    tx.delete(saved)
    tx.flush()
    return shares


def shares_of(tx: Tx, filter_id: int) -> list[Share]:
    """Departments and roles."""
    rows = tx.exec(select(SavedFilterShare).where(SavedFilterShare.filter_id == filter_id)).all()
    return sorted((r.kind, r.subject) for r in rows)


def set_shares(tx: Tx, filter_id: int, shares: Sequence[Share]) -> None:
    """Those and no others."""
    tx.execute(delete(SavedFilterShare).where(col(SavedFilterShare.filter_id) == filter_id))
    tx.add_all([SavedFilterShare(filter_id=filter_id, kind=k, subject=s) for k, s in dict.fromkeys(shares)])
    tx.flush()
