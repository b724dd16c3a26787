"""Lists of customers by conditions that combine: a page and the count, quickly for a million.

Both are asked by the same statement's conditions, so that the count is the list's (invariant 31). The way to the rows
is chosen here, for SQLite keeps no statistics: by the rarest value of a dictionary, from the few people whose rows are
seen, or along the list's own order, which ends as soon as the page and the bound of the count are full.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile
from typing import Any, Final

from sqlalchemy import ColumnElement, or_
from sqlalchemy import select as columns
from sqlmodel import col, func, select

from bot.core.lists import Count, Moments, Wanted
from storage.database import Tx
from storage.hints import by_ids, walk
from storage.plain import Narrowed, Plain, given, table_of
from storage.search import is_rare, name_condition
from storage.tables import Contract, Customer, Opportunity

BOUND: Final = 1_000  # lists longer than this are counted so far
FEW: Final = 4_000  # rows that may be looked at one by one
SOME: Final = 30_000  # of which the most are another department's
HELD: Final = 100_000  # entries of an index that may be looked at without their rows
FEW_SEEN: Final = 40_000  # customers of whom a person sees all by their owners

C, K = table_of(Customer), table_of(Contract)
FIELDS: Final = ("customer_class", "industry", "source", "city")  # columns with values to choose from
POOL_FIELDS: Final = ("customer_class", "industry", "city")  # of those what is shown before a customer is claimed (D14)
BY_POOL: Final = "ix_customer_pool"
BY_ORDER, BY_OWNER, BY_CREATION, BY_ID = "ix_customer_list", "ix_customer_owner_alive", "ix_customer_created_at", ""
INDEXES: Final = {  # of one column, and of which others beside it
    "industry": ("ix_customer_industry", ("customer_class", "source", "city")),
    "source": ("ix_customer_source", ("customer_class", "city", "industry")),
    "city": ("ix_customer_city", ("industry", "customer_class", "source")),
}
SEEN = Narrowed(
    columns(C.c.id).where(C.c.owner_id.is_not(None)).limit(1).offset(given("skip"))
    .with_hint(C, f"INDEXED BY {BY_OWNER}", "sqlite"),
    owned=True,
)  # fmt: skip
WAY = "how many there are decides the way to the rows, and is shown to nobody"
CREATED = Plain(
    columns(C.c.id).where(C.c.created_at >= given("start"), C.c.created_at < given("until"))
    .limit(1).offset(given("skip")),
    unscoped=WAY,
)  # fmt: skip


@cache
def _nth(names: tuple[str, ...]) -> Plain:
    rules = (C.c[name] == given(f"of_{name}") for name in names)
    return Plain(columns(C.c.id).where(*rules).limit(1).offset(given("skip")), unscoped=WAY, unmasked=WAY)


@dataclass(frozen=True, slots=True)
class Found:
    """How many there are, and which: all, or the first of them in the order wanted; None: neither is known."""

    count: Count
    ids: tuple[int, ...] | None
    ordered: bool = False


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
    """By the fastest way, until the bound is passed."""
    way = _way(tx, wanted)
    ordered = (wanted.sort, way) in (("touched_at", BY_ORDER), ("touched_at", BY_OWNER), ("pooled_at", BY_POOL))
    query = _asked(tx, wanted, way)
    if ordered:
        query = query.order_by(*_order(wanted))
    with _owned(tx, wanted):
        found = [int(i) for i in tx.execute(query.limit(BOUND + 1)).scalars()]
    more = len(found) > BOUND
    return Found(Count(min(len(found), BOUND), more), tuple(found[:BOUND]) if ordered or not more else None, ordered)


def page(tx: Tx, wanted: Wanted, found: Found, number: int, size: int) -> list[Customer]:
    """One page of what was found, in the order wanted."""
    start = (number - 1) * size
    if found.ids is not None and found.ordered and (not found.count.more or start + size <= len(found.ids)):
        chosen: Any = found.ids[start : start + size]
        start = 0
    elif found.ids is not None and not found.count.more:
        chosen = found.ids
    else:
        way = BY_POOL if wanted.pooled else BY_CREATION if wanted.sort == "created_at" else BY_ORDER
        if wanted.owners or wanted.names or tx.get_bind().dialect.name != "sqlite":
            way = _way(tx, wanted)
        query = _asked(tx, wanted, way).order_by(*_order(wanted))
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
    query = _asked(tx, wanted, _way(tx, wanted)).limit(most)
    with _owned(tx, wanted):
        return [int(i) for i in tx.execute(query).scalars()]


def _order(wanted: Wanted) -> tuple[Any, ...]:
    key = col(Customer.id)
    if wanted.sort == "touched_at":
        column: Any = col(Customer.touched_at)
        return (column.desc(), key.desc()) if wanted.descending else (column, key)
    if wanted.sort == "amount":
        sums = select(func.sum(Contract.amount)).where(
            Contract.customer_id == Customer.id, Contract.state == "effective"
        )
        column = func.coalesce(sums.scalar_subquery(), 0)
        return (column.desc() if wanted.descending else column, key)
    column = col(getattr(Customer, wanted.sort))
    if wanted.sort == "pooled_at":
        return (column.desc(), key)
    if wanted.sort == "created_at":
        return (column.desc(), key.desc()) if wanted.descending else (column, key)
    return (column.is_(None), column.desc() if wanted.descending else column, key)


def _asked(tx: Tx, wanted: Wanted, way: str) -> Any:
    names = [name_condition(part) for part in wanted.names]
    query = columns(col(Customer.id)).where(*_conditions(wanted), *names)
    return query if tx.get_bind().dialect.name != "sqlite" else walk(query, Customer, way)


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


def _between(moments: Moments | None, column: Any) -> list[Any]:
    if moments is None:
        return []
    start, end = moments
    column = col(column)
    return [*([column >= start] if start else []), *([column < end] if end else [])]


def _way(tx: Tx, wanted: Wanted) -> str:
    """The index that leads to few rows, or does not need the rows."""
    if tx.get_bind().dialect.name != "sqlite":
        return ""
    if wanted.pooled:
        return BY_POOL
    if wanted.owners:
        return BY_OWNER
    if wanted.stages or wanted.closed or any(is_rare(tx, part) for part in wanted.names):
        return BY_ID
    if not _sees_more(tx, FEW):
        return BY_OWNER
    held = wanted.quiet_since is None and not (wanted.followed or wanted.planned or wanted.more)
    held = held and wanted.has_plan is None and wanted.has_follow_up is None  # all stands in those indexes
    some = tx.info["scope"].departments is not None  # by whose they are most are left out before the row is read
    for skip in (FEW, HELD if held else SOME if some else 0):
        index = next((i for name, i in _indexes(wanted) if skip and not _has_more(tx, wanted, name, skip)), None)
        if index is not None:
            return index
    return BY_ORDER if _sees_more(tx, FEW_SEEN) else BY_OWNER


def _sees_more(tx: Tx, skip: int) -> bool:
    return SEEN.run(tx, skip=skip).first() is not None


def _indexes(wanted: Wanted) -> list[tuple[str, str]]:
    found = [(one.column, INDEXES[one.column][0]) for one in wanted.values if not one.but and one.column in INDEXES]
    if wanted.created is not None and all(wanted.created):
        found.append(("created_at", BY_CREATION))
    return found


def _has_more(tx: Tx, wanted: Wanted, name: str, skip: int) -> bool:
    """Whether more than `skip` customers of the company have the wanted value of that column, and its neighbours'."""
    if name == "created_at":
        assert wanted.created is not None
        start, until = wanted.created
        return CREATED.run(tx, start=start, until=until, skip=skip).first() is not None
    said = {one.column: one.values for one in wanted.values if not one.but}
    beside = tuple(takewhile(lambda other: len(said.get(other, ())) == 1, INDEXES[name][1]))
    near = {f"of_{other}": said[other][0] for other in beside}
    query = _nth((name, *beside))
    return any(query.run(tx, **near, **{f"of_{name}": value}, skip=skip).first() is not None for value in said[name])


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
