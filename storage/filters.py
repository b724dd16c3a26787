"""Lists of customers by conditions that combine: a page and the count, quickly for a million.

Both are asked by the same statement's conditions, so that the count is the list's (invariant 31). The way to the rows
is chosen here, for SQLite keeps no statistics: by the rarest value of a dictionary, from the few people whose rows are
seen, or along the list's own order, which ends as soon as the page and the bound of the count are full.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select
from sqlalchemy import select as columns
from sqlmodel import col, func, or_, select

from storage.database import Tx
from storage.hints import walk
from storage.plain import Narrowed, Plain, given, table_of
from storage.search import name_condition  # noqa
from storage.tables import Contract, Customer, Opportunity

BOUND: Final = 1_000  # lists longer than this are counted so far
FEW: Final = 20_000  # rows that may be looked at one by one
SORTABLE: Final = 5_000  # rows that may be sorted by what no index keeps

C = table_of(Customer)
FIELDS: Final = ("customer_class", "industry", "source", "city")  # columns with values to choose from
SEEN = Narrowed(columns(C.c.id).where(C.c.owner_id.is_not(None)).limit(given("most")), owned=True)
_RARE = {
    name: Plain(
        columns(C.c.id).where(C.c[name] == given("value")).limit(given("most")),
        unscoped="how common a value is decides the way to the rows, and is shown to nobody",
        unmasked="as above",
    )
    for name in ("industry", "source", "city")
}
INDEX: Final = {"industry": "ix_customer_industry", "source": "ix_customer_source", "city": "ix_customer_city"}

Moments = tuple[datetime | None, datetime | None]  # from (included) until (not included)


@dataclass(frozen=True, slots=True)
class Values:
    """Some values of one column; `but`: all others."""

    column: str
    values: tuple[str, ...]
    but: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """Conditions on owned customers; all must hold."""

    values: tuple[Values, ...] = ()
    owners: tuple[str, ...] = ()
    not_owners: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # parts of the name
    not_names: tuple[str, ...] = ()
    quiet_since: datetime | None = None  # last contact and ownership both before this
    created: Moments | None = None
    followed: Moments | None = None
    planned: Moments | None = None
    has_plan: bool | None = None
    has_follow_up: bool | None = None
    stages: tuple[int, ...] = ()  # of an opportunity that is seen
    closed: bool | None = None  # with an effective contract
    more: tuple[Any, ...] = field(default=(), compare=False)  # conditions of other capabilities
    sort: str = "touched_at"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; `more`: at least so many."""

    number: int
    more: bool = False

    @property
    def text(self) -> str:
        """37, or 1000+."""
        return f"{self.number}{'+' if self.more else ''}"


def count(tx: Tx, wanted: Wanted) -> Count:
    """Exact up to BOUND."""
    query = _ways(tx, wanted, select(col(Customer.id)).where(*_conditions(tx, wanted)))
    found = tx.execute(columns(func.count()).select_from(_inside(tx, query.limit(BOUND + 1)))).scalar_one()
    return Count(min(int(found), BOUND), found > BOUND)


def count_exactly(tx: Tx, wanted: Wanted) -> int:
    """However many there are: for what is not shown to people in a hurry."""
    query = select(func.count()).select_from(Customer).where(*_conditions(tx, wanted))
    return int(tx.execute(query).scalar_one())


def page(tx: Tx, wanted: Wanted, number: int, size: int) -> list[Customer]:
    """One page, in the order wanted."""
    query = _ways(tx, wanted, select(Customer).where(*_conditions(tx, wanted)))
    column = _sorted_by(wanted)
    order = (column.desc(), col(Customer.id).desc()) if wanted.descending else (column, col(Customer.id))
    return list(tx.execute(query.order_by(*order).limit(size).offset((number - 1) * size)).scalars().all())


def ids(tx: Tx, wanted: Wanted, *, most: int) -> list[int]:
    """Their ids, in no order."""
    query = _ways(tx, wanted, select(col(Customer.id)).where(*_conditions(tx, wanted)))
    return [int(i) for i in tx.execute(query.limit(most)).scalars() if i is not None]


def _inside(tx: Tx, query: Select[Any]) -> Any:
    """The bounded list as a table to count. What narrows it is added to the list itself by the session's hook."""
    del tx
    return query.subquery()


def _sorted_by(wanted: Wanted) -> Any:
    if wanted.sort == "amount":
        sums = select(func.sum(Contract.amount)).where(
            Contract.customer_id == Customer.id, Contract.state == "effective"
        )
        return func.coalesce(sums.scalar_subquery(), 0)
    if wanted.sort == "next_follow_up_at":
        return func.coalesce(Customer.next_follow_up_at, datetime.max if wanted.descending is False else None)
    return col(getattr(Customer, wanted.sort))


def _conditions(tx: Tx, wanted: Wanted) -> list[Any]:
    found: list[Any] = [col(Customer.owner_id).is_not(None)]
    for one in wanted.values:
        column = col(getattr(Customer, one.column))
        found.append(column.not_in(one.values) if one.but else column.in_(one.values))
    if wanted.owners:
        found.append(col(Customer.owner_id).in_(wanted.owners))
    if wanted.not_owners:
        found.append(col(Customer.owner_id).not_in(wanted.not_owners))
    found += [name_condition(tx, part) for part in wanted.names]
    found += [~col(Customer.name).contains(part, autoescape=True) for part in wanted.not_names]
    if wanted.quiet_since is not None:
        found.append(col(Customer.touched_at) < wanted.quiet_since)
    for moments, column in (
        (wanted.created, Customer.created_at), (wanted.followed, Customer.last_follow_up_at),
        (wanted.planned, Customer.next_follow_up_at),
    ):  # fmt: skip
        found += _between(moments, col(column))
    if wanted.has_plan is not None:
        column = col(Customer.next_follow_up_at)
        found.append(column.is_not(None) if wanted.has_plan else column.is_(None))
    if wanted.has_follow_up is not None:
        column = col(Customer.last_follow_up_at)
        found.append(column.is_not(None) if wanted.has_follow_up else column.is_(None))
    if wanted.stages:
        found.append(
            col(Customer.id).in_(select(Opportunity.customer_id).where(col(Opportunity.stage_id).in_(wanted.stages)))
        )
    if wanted.closed is not None:
        effective = select(Contract.id).where(Contract.customer_id == Customer.id, Contract.state == "effective")
        found.append(effective.exists() if wanted.closed else ~effective.exists())
    return [*found, *wanted.more]


def _between(moments: Moments | None, column: Any) -> list[Any]:
    if moments is None:
        return []
    start, end = moments
    return [*([column >= start] if start else []), *([column < end] if end else [])]


def _ways(tx: Tx, wanted: Wanted, query: Any) -> Any:
    """The query by the index that leads to few rows, or along the list's order."""
    if tx.get_bind().dialect.name != "sqlite" or wanted.names or wanted.owners or wanted.stages:
        return query  # those are rare by themselves
    rare = _rarest(tx, wanted.values)
    if rare is not None:
        return walk(query, Customer, INDEX[rare])
    if len(SEEN.run(tx, most=FEW).all()) < FEW:
        return query
    if wanted.sort == "created_at" or (wanted.created is not None and wanted.sort != "touched_at"):
        return walk(query, Customer, "ix_customer_created_at")
    return walk(query, Customer, "ix_customer_list")


def _rarest(tx: Tx, values: Sequence[Values]) -> str | None:
    """The column whose wanted values fewer than FEW customers have."""
    best: tuple[int, str] | None = None
    for one in values:
        if one.but or one.column not in INDEX:
            continue
        rows = sum(len(_RARE[one.column].run(tx, value=v, most=FEW).all()) for v in one.values)
        if rows < FEW and (best is None or rows < best[0]):
            best = rows, one.column
    return None if best is None else best[1]
