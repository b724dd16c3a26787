"""Lists of customers by conditions that combine: a page and the count, quickly for a million.

Both are asked by the same statement's conditions, so that the count is the list's (invariant 31). The way to the rows
is chosen here, for SQLite keeps no statistics: by the rarest value of a dictionary, from the few people whose rows are
seen, or along the list's own order, which ends as soon as the page and the bound of the count are full.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import takewhile
from typing import Any, Final

from sqlalchemy import select as columns
from sqlmodel import col, func, select

from storage.database import Tx
from storage.hints import walk
from storage.plain import Narrowed, Plain, given, table_of
from storage.search import name_condition
from storage.tables import Contract, Customer, Opportunity

BOUND: Final = 1_000  # lists longer than this are counted so far
FEW: Final = 4_000  # rows that may be looked at one by one
HELD: Final = 100_000  # entries of an index that may be looked at without their rows
FEW_SEEN: Final = 40_000  # customers of whom a person sees all by their owners
SORTABLE: Final = 5_000  # rows that may be sorted by what no index keeps

C, K = table_of(Customer), table_of(Contract)
FIELDS: Final = ("customer_class", "industry", "source", "city")  # columns with values to choose from
INDEXES: Final = {  # of one column, and of which others beside it
    "industry": ("ix_customer_industry", ("customer_class", "source", "city")),
    "source": ("ix_customer_source", ("customer_class", "city", "industry")),
    "city": ("ix_customer_city", ("industry", "customer_class", "source")),
}
SEEN = Narrowed(
    columns(C.c.id).where(C.c.owner_id.is_not(None)).limit(1).offset(given("skip"))
    .with_hint(C, "INDEXED BY ix_customer_owner_alive", "sqlite"),
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


@dataclass(frozen=True, slots=True)
class Found:
    """How many there are, and which, if all of them are known."""

    count: Count
    ids: tuple[int, ...] | None


def find(tx: Tx, wanted: Wanted) -> Found:
    """All of them by the fastest way; of more than BOUND, that they are more."""
    found = ids(tx, wanted, most=BOUND + 1)
    if len(found) > BOUND:
        return Found(Count(BOUND, more=True), None)
    return Found(Count(len(found)), tuple(found))


def page(tx: Tx, wanted: Wanted, found: Found, number: int, size: int) -> list[Customer]:
    """One page of what was found, in the order wanted."""
    if found.ids is not None:
        query = columns(Customer).where(col(Customer.id).in_(found.ids))
    else:
        ordered = _in_order(tx, wanted, _asked(tx, wanted)).limit(size).offset((number - 1) * size)
        query = columns(Customer).where(col(Customer.id).in_(tx.execute(ordered).scalars().all()))
        number = 1
    rows = query.order_by(*_order(wanted)).limit(size).offset((number - 1) * size)
    return list(tx.execute(rows).scalars().all())


def ids(tx: Tx, wanted: Wanted, *, most: int) -> list[int]:
    """Their ids, in no order."""
    return [int(i) for i in tx.execute(_led(tx, wanted, _asked(tx, wanted)).limit(most)).scalars()]


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
    return (column.is_(None), column.desc() if wanted.descending else column, key)


def _asked(tx: Tx, wanted: Wanted) -> Any:
    names = [name_condition(tx, part)[0] for part in wanted.names]
    return columns(col(Customer.id)).where(*_conditions(wanted), *names)


def _conditions(wanted: Wanted) -> list[Any]:
    found: list[Any] = [col(Customer.owner_id).is_not(None)]
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
        found += _between((wanted.followed[0], None), Customer.touched_at)  # which is no earlier: the list's order helps
    found += _between(wanted.planned, Customer.next_follow_up_at)
    for has, column in ((wanted.has_plan, Customer.next_follow_up_at), (wanted.has_follow_up, Customer.last_follow_up_at)):
        if has is not None:
            found.append(col(column).is_not(None) if has else col(column).is_(None))
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


def _in_order(tx: Tx, wanted: Wanted, query: Any) -> Any:
    """Along the list's order, which ends with the page."""
    query = query.order_by(*_order(wanted))
    if tx.get_bind().dialect.name != "sqlite" or wanted.owners or _few_seen(tx) or wanted.sort != "touched_at":
        return _led(tx, wanted, query)
    return walk(query, Customer, "ix_customer_list")


def _few_seen(tx: Tx) -> bool:
    return SEEN.run(tx, skip=FEW_SEEN).first() is None


def _led(tx: Tx, wanted: Wanted, query: Any) -> Any:
    """By the index that leads to few rows, or does not need the rows."""
    if tx.get_bind().dialect.name != "sqlite":
        return query
    if wanted.owners:
        return walk(query, Customer, "ix_customer_owner_alive")
    if wanted.stages or wanted.closed or any(name_condition(tx, part)[1] for part in wanted.names):
        return walk(query, Customer, None)  # by their ids
    held = wanted.quiet_since is None and not (wanted.followed or wanted.planned or wanted.more)
    held = held and wanted.has_plan is None and wanted.has_follow_up is None  # all stands in those indexes
    for skip in (FEW, HELD) if held else (FEW,):
        index = next((i for name, i in _indexes(wanted) if not _has_more(tx, wanted, name, skip)), None)
        if index is not None:
            return walk(query, Customer, index)
    if _few_seen(tx):
        return walk(query, Customer, "ix_customer_owner_alive")
    return walk(query, Customer, "ix_customer_list").order_by(None).order_by(*_order(Wanted()))


def _indexes(wanted: Wanted) -> list[tuple[str, str]]:
    found = [(one.column, INDEXES[one.column][0]) for one in wanted.values if not one.but and one.column in INDEXES]
    if wanted.created is not None and all(wanted.created):
        found.append(("created_at", "ix_customer_created_at"))
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
