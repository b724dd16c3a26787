"""Which index leads to the customers of a list, or to their number, reading the fewest entries and hardly a row.

Chosen here, for SQLite keeps no statistics: by the rarest value of a dictionary, from the few people whose rows are
seen, or along the order wanted, which ends as soon as the page is full. PostgreSQL chooses for itself.
"""

from functools import cache
from itertools import takewhile
from typing import Final

from sqlalchemy import select as columns

from bot.core.lists import Wanted
from storage.database import Tx
from storage.plain import Plain, given, table_of
from storage.search import is_rare
from storage.seen import BY_OWNER, sees_more
from storage.tables import Customer

FEW: Final = 4_000  # rows that may be looked at one by one
SOME: Final = 30_000  # the same, where an exact number is wanted
HELD: Final = 100_000  # entries of an index that may be looked at without their rows
HAND: Final = ((FEW, 20_000), (16_000, 150_000))  # so many rows seen at most, where a word has more entries than that
GATHERED: Final = 200_000  # entries of a word that are followed, where some people's customers are meant
NEAR: Final = 100  # rows of a list before a page to which one walks
FEW_SEEN: Final = 40_000  # customers of whom a person sees all by their owners

C = table_of(Customer)
BY_ORDER, BY_CREATION, BY_ID = "ix_customer_list", "ix_customer_created_at", ""
BY_CLASS, BY_POOL = "ix_customer_class", "ix_customer_pool"
BY_NAME: Final = "ix_customer_ids"  # by the ids that entries of the search lead to, and whose they are
INDEXES: Final = {  # by the value of one column, and of which others beside it
    "customer_class": (BY_CLASS, ("industry", "source", "city")),
    "industry": ("ix_customer_industry", ("customer_class", "source", "city")),
    "source": ("ix_customer_source", ("customer_class", "city", "industry")),
    "city": ("ix_customer_city", ("industry", "customer_class", "source")),
}
NARROW: Final = (BY_CREATION, BY_CLASS)  # in which nothing stands that a follow-up changes
ORDERS: Final = {
    "touched_at": BY_ORDER, "created_at": BY_CREATION, "pinyin": "ix_customer_pinyin",
    "next_follow_up_at": "ix_customer_next",
}  # fmt: skip
_LISTED = (C.c.deleted_at.is_(None), C.c.owner_id.is_not(None))
WAY = "how many there are decides the way to the rows, and is shown to nobody"
CREATED = Plain(
    columns(C.c.id).where(*_LISTED, C.c.created_at >= given("start"), C.c.created_at < given("until"))
    .limit(1).offset(given("skip")),
    unscoped=WAY,
)  # fmt: skip


@cache
def _nth(names: tuple[str, ...]) -> Plain:
    rules = (C.c[name] == given(f"of_{name}") for name in names)
    return Plain(columns(C.c.id).where(*_LISTED, *rules).limit(1).offset(given("skip")), unscoped=WAY, unmasked=WAY)


def by_hand(tx: Tx, wanted: Wanted) -> bool:
    """Whether a word that nearly every name has is better looked for in the names of the few that are seen."""
    if tx.get_bind().dialect.name != "sqlite" or wanted.pooled or not wanted.names:
        return False
    entries = next((least for seen, least in HAND if not sees_more(tx, seen)), None)
    return entries is not None and not any(is_rare(tx, part, entries) for part in wanted.names)


def way_to_rows(tx: Tx, wanted: Wanted) -> str:
    """The index that leads to few rows, or does not need the rows, until some are found. Empty: by their ids."""
    early = _sure_way(tx, wanted)
    if early is not None:
        return early
    if not sees_more(tx, FEW):
        return BY_OWNER
    some = tx.info["scope"].departments is not None  # by whose they are most are left out before the row is read
    for skip in (FEW, SOME if some else 0):
        index = next((i for name, i in _indexes(wanted) if skip and not _has_more(tx, wanted, name, skip)), None)
        if index is not None:
            return index
    held = next((i for name, i in _indexes(wanted) if _held(wanted, i) and not _has_more(tx, wanted, name, HELD)), None)
    return held or (BY_ORDER if sees_more(tx, FEW_SEEN) else BY_OWNER)


def by_gathering(tx: Tx, wanted: Wanted, way: str) -> bool:
    """Whether all that match are fetched at once, ids and number: few people's, and a word's entries gathered once."""
    if not wanted.names or wanted.pooled:
        return False
    return way == BY_OWNER or not sees_more(tx, FEW_SEEN)


def by_leafing(tx: Tx, wanted: Wanted, way: str) -> bool:
    """Whether so many are called so, and have all else that is asked, that the first of them are soon met in order."""
    if not wanted.names or wanted.sort not in ORDERS or way in (BY_ID, BY_OWNER, BY_POOL):
        return False
    return sees_more(tx, FEW_SEEN) and all(_has_more(tx, wanted, name, SOME) for name, _ in _indexes(wanted))


def way_to_number(tx: Tx, wanted: Wanted) -> str:
    """The index by whose entries all that match are counted."""
    early = _sure_way(tx, wanted)
    if early is not None:
        return early
    if not sees_more(tx, FEW_SEEN):
        return BY_OWNER
    everybody = tx.info["scope"].departments is None
    if _by_name(wanted) and (everybody or any(is_rare(tx, part, GATHERED) for part in wanted.names)):
        return BY_NAME
    indexes = _indexes(wanted)
    for skip in (FEW, SOME):
        index = next((i for name, i in indexes if not _has_more(tx, wanted, name, skip)), None)
        if index is not None:
            return index
    held = next((i for _, i in indexes if _held(wanted, i)), None)
    if held is not None or tx.info["scope"].departments is not None:
        return held or BY_OWNER
    return BY_CLASS if _held(wanted, BY_CLASS) else BY_ORDER


def way_in_order(tx: Tx, wanted: Wanted, start: int) -> str:
    """The index of the order wanted, along which many are found soon; far behind, few are sorted rather."""
    if tx.get_bind().dialect.name != "sqlite":
        return BY_ID
    if wanted.pooled:
        return BY_POOL
    few = wanted.sort not in ORDERS or (start > NEAR and not sees_more(tx, FEW_SEEN))
    return BY_OWNER if few else ORDERS[wanted.sort]


def way_through(tx: Tx, wanted: Wanted) -> str:
    """The index to go through all that match by, in the order of their ids: those of few people are sorted by them."""
    if tx.get_bind().dialect.name != "sqlite":
        return BY_ID
    return BY_OWNER if wanted.owners or not sees_more(tx, FEW_SEEN) else BY_ID


def _sure_way(tx: Tx, wanted: Wanted) -> str | None:
    if tx.get_bind().dialect.name != "sqlite":
        return BY_ID
    if wanted.pooled:
        return BY_POOL
    if wanted.owners:
        return BY_OWNER
    by_others = wanted.stages or wanted.closed or any(is_rare(tx, part) for part in wanted.names)
    return BY_ID if by_others else None


def _by_name(wanted: Wanted) -> bool:
    """Whether customers are asked for by what they are called and by whose they are, and by nothing else."""
    return (
        bool(wanted.names)
        and not wanted.more
        and wanted
        == Wanted(names=wanted.names, not_owners=wanted.not_owners, sort=wanted.sort, descending=wanted.descending)
    )


def _held(wanted: Wanted, index: str) -> bool:
    """Whether all that is asked stands in the index."""
    if wanted.not_names or wanted.more:
        return False
    moving = (wanted.quiet_since, wanted.followed, wanted.planned, wanted.has_plan, wanted.has_follow_up)
    return index not in NARROW or all(one is None for one in moving)


def _indexes(wanted: Wanted) -> list[tuple[str, str]]:
    found = [(one.column, INDEXES[one.column][0]) for one in wanted.values if not one.but]
    found.sort(key=lambda pair: pair[0] == "customer_class")  # of which there are few, with many each
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
