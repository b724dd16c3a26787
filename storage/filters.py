"""Lists of customers by conditions that combine: a page and the count, quickly for a million.

Both are asked by the same conditions, so that the count is the list's (invariant 31); by which way: `storage.ways`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy import select as columns
from sqlmodel import col, func, select

from bot.core.lists import Moments, Wanted
from storage.database import Tx
from storage.hints import by_ids, walk
from storage.plain import table_of
from storage.scope import led_by_owners
from storage.search import called_by, name_condition
from storage.seen import BY_OWNER
from storage.tables import Contract, Customer, Opportunity
from storage.ways import (
    BY_ORDER,
    BY_POOL,
    ORDERS,
    by_gathering,
    by_hand,
    by_leafing,
    way_in_order,
    way_through,
    way_to_number,
    way_to_rows,
)

BOUND: Final = 1_000  # of longer lists the rest is only counted
LEAVES: Final = 600  # rows looked at for the first of many that are called so

POOL_FIELDS: Final = ("customer_class", "industry", "city")  # what is shown before a customer is claimed (D14)
K = table_of(Contract)


@dataclass(frozen=True, slots=True)
class Found:
    """How many there are, and which: all, or the first of them in the order wanted; None: neither is known."""

    number: int
    ids: tuple[int, ...] | None
    ordered: bool = False

    @property
    def whole(self) -> bool:
        """Whether `ids` are all."""
        return self.ids is not None and len(self.ids) == self.number


@contextmanager
def _owned(tx: Tx, wanted: Wanted) -> Iterator[None]:
    """The pool is on none of these lists but its own, and need not be looked through."""
    scope = tx.info["scope"]
    if wanted.pooled:
        yield
        return
    tx.info["scope"] = replace(scope, pool=False)
    try:
        yield
    finally:
        tx.info["scope"] = scope


def find(tx: Tx, wanted: Wanted) -> Found:
    """How many there are, exactly (D26), and the ids of a list that is not long."""
    if by_hand(tx, wanted):
        return _looked_at(tx, wanted)
    way = way_to_rows(tx, wanted)
    if by_leafing(tx, wanted, way):
        return _leafed(tx, wanted)
    ordered = (wanted.sort, way) in (("touched_at", BY_ORDER), ("touched_at", BY_OWNER), ("pooled_at", BY_POOL))
    query = _asked(tx, wanted, way)
    if ordered:
        query = query.order_by(*_order(wanted))
    gathered = by_gathering(tx, wanted, way)
    with _owned(tx, wanted):
        found = [int(i) for i in tx.execute(query if gathered else query.limit(BOUND + 1)).scalars()]
    if len(found) <= BOUND:
        return Found(len(found), tuple(found), ordered)
    number = len(found) if gathered else count(tx, wanted)
    return Found(number, tuple(found[:BOUND]) if ordered else None, ordered)


def _looked_at(tx: Tx, wanted: Wanted) -> Found:
    """Of a few people's customers those that are called so, each looked at: half of all entries would be gathered."""
    query = columns(col(Customer.id), col(Customer.name)).where(*_conditions(wanted))
    with _owned(tx, wanted):
        rows = tx.execute(_walked(tx, query, BY_OWNER)).all()
    is_called = called_by(wanted.names)
    found = tuple(int(i) for i, name in rows if is_called(name))
    return Found(len(found), found)


def _leafed(tx: Tx, wanted: Wanted) -> Found:
    """Many are called so: the first of them along the order wanted. Gathering all entries, as the count must, costs
    more than looking at some names.
    """
    query = columns(col(Customer.id), col(Customer.name)).where(*_conditions(wanted)).order_by(*_order(wanted))
    with _owned(tx, wanted):
        rows = tx.execute(_walked(tx, query.limit(LEAVES), ORDERS[wanted.sort])).all()
    is_called = called_by(wanted.names)
    found = tuple(int(i) for i, name in rows if is_called(name))
    return Found(len(found) if len(rows) < LEAVES else count(tx, wanted), found, ordered=True)


def count(tx: Tx, wanted: Wanted) -> int:
    """How many there are, exactly."""
    if by_hand(tx, wanted):
        return _looked_at(tx, wanted).number
    query = select(func.count()).select_from(Customer).where(*_all_conditions(wanted))
    query = _walked(tx, query, way_to_number(tx, wanted))
    with _owned(tx, wanted):
        return int(tx.execute(query).scalar_one())


def page(tx: Tx, wanted: Wanted, found: Found, number: int, size: int) -> list[Customer]:
    """One page of what was found, in the order wanted."""
    start = (number - 1) * size
    if found.ids is not None and found.ordered and (found.whole or start + size <= len(found.ids)):
        chosen: Any = found.ids[start : start + size]
        start = 0
    elif found.ids is not None and found.whole:
        chosen = found.ids
    else:
        query = _asked(tx, wanted, way_in_order(tx, wanted, start)).order_by(*_order(wanted))
        with _owned(tx, wanted):
            chosen = tx.execute(query.limit(size).offset(start)).scalars().all()
        start = 0
    rows = by_ids(columns(Customer).where(col(Customer.id).in_(chosen)).order_by(*_order(wanted)), Customer)
    return list(tx.execute(rows.limit(size).offset(start)).scalars().all())


def has_any(tx: Tx, wanted: Wanted) -> bool:
    """Whether there is one."""
    return bool(ids(tx, wanted, most=1))


def ids(tx: Tx, wanted: Wanted, *, most: int) -> list[int]:
    """Their ids, in no order."""
    query = _asked(tx, wanted, way_to_rows(tx, wanted)).limit(most)
    with _owned(tx, wanted):
        return [int(i) for i in tx.execute(query).scalars()]


def after(tx: Tx, wanted: Wanted, last: int, *, most: int) -> list[Customer]:
    """The next by id, behind `last`: for exports, which go through all of them."""
    query = _asked(tx, wanted, way_through(tx, wanted)).where(col(Customer.id) > last).order_by(col(Customer.id))
    with _owned(tx, wanted):
        chosen = tx.execute(query.limit(most)).scalars().all()
    rows = by_ids(columns(Customer).where(col(Customer.id).in_(chosen)).order_by(col(Customer.id)), Customer)
    return list(tx.execute(rows).scalars().all())


def _order(wanted: Wanted) -> tuple[Any, ...]:
    key = col(Customer.id)
    column: Any
    if wanted.sort == "amount":
        sums = select(func.sum(Contract.amount)).where(
            Contract.customer_id == Customer.id, Contract.state == "effective"
        )
        column = func.coalesce(sums.scalar_subquery(), 0)
        return (column.desc() if wanted.descending else column, key)
    column = col(getattr(Customer, wanted.sort))
    if wanted.sort == "pooled_at":
        return (column.desc(), key)
    if wanted.sort == "next_follow_up_at":  # those without one come last
        return (column.desc().nulls_last(), key.desc()) if wanted.descending else (column.asc().nulls_last(), key)
    return (column.desc(), key.desc()) if wanted.descending else (column, key)


def _asked(tx: Tx, wanted: Wanted, way: str) -> Any:
    return _walked(tx, columns(col(Customer.id)).where(*_all_conditions(wanted)), way)


def _walked(tx: Tx, query: Any, way: str) -> Any:
    if tx.get_bind().dialect.name != "sqlite":
        return query
    return walk(query.where(led_by_owners(tx.info["scope"])) if way == BY_OWNER else query, Customer, way)


def _all_conditions(wanted: Wanted) -> list[Any]:
    return [*_conditions(wanted), *(name_condition(part) for part in wanted.names)]


def _conditions(wanted: Wanted) -> list[Any]:
    owner = col(Customer.owner_id)
    found: list[Any] = [owner.is_(None) if wanted.pooled else owner.is_not(None)]
    for one in wanted.values:
        column = col(getattr(Customer, one.column))
        found.append(column.not_in(one.values) if one.but else column.in_(one.values))
    if wanted.owners:
        found.append(col(Customer.owner_id).in_(wanted.owners))
    if wanted.not_owners:
        found.append(col(Customer.owner_id).not_in(wanted.not_owners))
    found += [~col(Customer.name).contains(part, autoescape=True) for part in wanted.not_names]
    if wanted.quiet_since is not None:
        found.append(col(Customer.touched_at) < wanted.quiet_since)
    found += _between(wanted.created, Customer.created_at)
    found += _between(wanted.followed, Customer.last_follow_up_at)
    if wanted.followed is not None:
        found += _between(
            (wanted.followed[0], None), Customer.touched_at
        )  # which is no earlier: the list's order helps
    found += _between(wanted.planned, Customer.next_follow_up_at)
    for has, named in (
        (wanted.has_plan, Customer.next_follow_up_at),
        (wanted.has_follow_up, Customer.last_follow_up_at),
    ):
        if has is not None:
            found.append(col(named).is_not(None) if has else col(named).is_(None))
    if wanted.stages:
        staged = select(Opportunity.customer_id).where(col(Opportunity.stage_id).in_(wanted.stages))
        found.append(col(Customer.id).in_(staged))
    if wanted.closed is not None:
        effective = columns(K.c.customer_id).where(K.c.state == "effective", K.c.deleted_at.is_(None))  # whoever has it
        found.append(col(Customer.id).in_(effective) if wanted.closed else col(Customer.id).not_in(effective))
    return [*found, *wanted.more]


def may_leave(unlocked_by: date, *, with_contract: bool) -> Any:
    """The condition of what a rule of returning reaches: locked until that day at most, and kept by no contract."""
    unlocked = or_(col(Customer.lock_until).is_(None), col(Customer.lock_until) <= unlocked_by)
    if with_contract:
        return unlocked
    kept = columns(K.c.customer_id).where(K.c.state.in_(("effective", "ended")), K.c.deleted_at.is_(None))
    return and_(unlocked, col(Customer.id).not_in(kept))


def _between(moments: Moments | None, column: Any) -> list[Any]:
    if moments is None:
        return []
    start, end = moments
    column = col(column)
    return [*([column >= start] if start else []), *([column < end] if end else [])]


def is_value(tx: Tx, column: str, word: str, *, pooled: bool) -> bool:
    """Whether an owned customer within the scope, or one of the pool, has exactly that value."""
    owner = col(Customer.owner_id)
    query = select(Customer.id).where(
        col(getattr(Customer, column)) == word, owner.is_(None) if pooled else owner.is_not(None)
    )
    return tx.exec(query.limit(1)).first() is not None


def anywhere(word: str) -> ColumnElement[bool]:
    """A word in any of what is shown of a customer in the pool: many have but a name."""
    shown = (Customer.name, Customer.short_name, *(getattr(Customer, name) for name in POOL_FIELDS))
    return or_(*(col(column).contains(word, autoescape=True) for column in shown))
