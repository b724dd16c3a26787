"""Keeps `search_entry`, by which rows are found, equal to the rows, in the transaction that changes them.

The one place where entries are written: what the session flushes is indexed by two hooks; who writes rows past the
session calls `index_rows`; `rebuild` makes everything anew. Deleted rows keep their entries, for they may come back,
and whoever asks sees the rows themselves through their scope.
"""

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain, repeat
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, and_, column, delete, event, inspect, or_, select, table
from sqlalchemy.orm import ORMExecuteState, Session

from bot.language import grams
from storage.tables import Contact, Contract, Customer, Lead, Opportunity, Product, SearchEntry
from storage.tables.search import ENTRY_CODES

BATCH: Final = 5_000  # rows of a table indexed at once
CHANGED: Final = "search_changes"  # in Session.info, from before a flush to after it
GATHERED: Final = "search_gathered"  # in Session.info, within `gathered`
ENTRIES: Final[Any] = SearchEntry.__table__  # type: ignore[attr-defined]
ADD_SQLITE: Final = "INSERT OR FAIL INTO search_entry (kind, gram, ref_id) VALUES "  # FAIL: needs no savepoint
ADD_POSTGRESQL: Final = (
    "INSERT INTO search_entry (kind, gram, ref_id) SELECT * FROM unnest($1::varchar[], $2::varchar[], $3::integer[])"
)
TOGETHER: Final = 1_000  # entries of one statement
GRAM: Final = itemgetter(0)
Entries = set[tuple[str, str, int]]
Gathered = dict[str, list[tuple[str, int]]]  # kind → entries


@dataclass(frozen=True, slots=True)
class Kind:
    """What one column is found by. `kept`: characters of each entry; a longer part is looked at again in the row."""

    name: str
    table: str
    column: str
    read: Callable[[Any], Iterable[str]]
    kept: int


WHOLE: Final = 64
KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("customer.name", "customer", "name", grams.of_name, grams.NAME),
        Kind("customer.short", "customer", "short_name", grams.of_name, grams.NAME),
        Kind("customer.initials", "customer", "initials", grams.of_initials, grams.LETTERS),
        Kind("customer.pinyin", "customer", "name", grams.of_spelling, grams.LETTERS),
        Kind("customer.phone", "customer", "phone", grams.of_number, WHOLE),
        Kind("customer.code", "customer", "credit_code", grams.of_key, WHOLE),
        Kind("contact.name", "contact", "name", grams.of_name, grams.NAME),
        Kind("contact.initials", "contact", "name", grams.of_person, grams.LETTERS),
        Kind("contact.pinyin", "contact", "name", grams.of_person_spelling, grams.LETTERS),
        Kind("contact.mobile", "contact", "mobile", grams.of_number, WHOLE),
        Kind("lead.company", "lead", "company", grams.of_name, grams.NAME),
        Kind("lead.initials", "lead", "company", grams.of_letters, grams.LETTERS),
        Kind("lead.pinyin", "lead", "company", grams.of_spelling, grams.LETTERS),
        Kind("lead.contact", "lead", "contact", grams.of_name, grams.NAME),
        Kind("lead.mobile", "lead", "mobile", grams.of_number, WHOLE),
        Kind("opportunity.name", "opportunity", "name", grams.of_name, grams.NAME),
        Kind("opportunity.initials", "opportunity", "name", grams.of_letters, grams.LETTERS),
        Kind("opportunity.pinyin", "opportunity", "name", grams.of_spelling, grams.LETTERS),
        Kind("contract.number", "contract", "number", grams.of_code, WHOLE),
        Kind("contract.name", "contract", "name", grams.of_name, grams.NAME),
        Kind("contract.initials", "contract", "name", grams.of_letters, grams.LETTERS),
        Kind("contract.pinyin", "contract", "name", grams.of_spelling, grams.LETTERS),
        Kind("product.code", "product", "code", grams.of_code, WHOLE),
        Kind("product.name", "product", "name", grams.of_name, grams.NAME),
        Kind("product.initials", "product", "name", grams.of_letters, grams.LETTERS),
        Kind("product.pinyin", "product", "name", grams.of_spelling, grams.LETTERS),
    )
}
MODELS: Final = {model: str(model.__tablename__) for model in (Customer, Contact, Lead, Opportunity, Contract, Product)}
OF_TABLE: Final[dict[str, tuple[Kind, ...]]] = {
    name: tuple(k for k in KINDS.values() if k.table == name) for name in MODELS.values()
}


def entries_of(name: str, row: Mapping[str, Any], ref_id: int, only: Container[str] = KINDS) -> Entries:
    """The entries of one row of the table, of these kinds, for those of its columns that `row` has."""
    return {
        (kind.name, gram, ref_id)
        for kind in OF_TABLE[name]
        if kind.name in only and row.get(kind.column)
        for gram in kind.read(row[kind.column])
    }


def index_new(tx: Session, name: str, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """As `index_rows`, for who has the rows, by their ids, still in hand; within `gathered` at its end."""
    kinds = OF_TABLE[name]
    at_once = tx.info.get(GATHERED)
    found: Gathered = {} if at_once is None else at_once
    for kind in kinds:
        found.setdefault(kind.name, [])
    for ref_id, row in rows:
        for kind in kinds:
            if text := row.get(kind.column):
                found[kind.name] += zip(kind.read(text), repeat(ref_id))
    if at_once is None:
        _insert_gathered(tx.connection(), found)


@contextmanager
def gathered(tx: Session) -> Iterator[None]:
    """Entries of rows inserted within are written at the end, in their order: neighbours in the index cost one page."""
    tx.info[GATHERED] = Gathered()
    try:
        yield
        _write_gathered(tx)
    finally:
        del tx.info[GATHERED]


@contextmanager
def gathered_in_savepoint(tx: Session) -> Iterator[None]:
    """Around a savepoint: what is taken back takes its gathered entries along."""
    found: Gathered = tx.info.get(GATHERED, {})
    before = {kind: len(entries) for kind, entries in found.items()}
    try:
        yield
    except BaseException:
        for kind, entries in found.items():
            del entries[before.get(kind, 0) :]
        raise


def _write_gathered(tx: Session) -> None:
    waiting = tx.info.get(GATHERED)
    if waiting:
        _insert_gathered(tx.connection(), waiting)
        waiting.clear()


def index_rows(tx: Session, name: str, ids: Sequence[int]) -> None:
    """Indexes rows of a table that were inserted past the session."""
    tx.flush()
    for start in range(0, len(ids), BATCH):
        _index(tx.connection(), name, _columns(name).c.id.in_(ids[start : start + BATCH]))


@contextmanager
def reindexed(tx: Session, name: str, ref_id: int) -> Iterator[None]:
    """Around an update of one row past the session: its entries follow what was written."""
    tx.flush()
    _write_gathered(tx)
    before = _entries_now(tx, name, ref_id)
    yield
    after = _entries_now(tx, name, ref_id)
    _remove(tx.connection(), before - after)
    _insert(tx.connection(), after - before)


def _entries_now(tx: Session, name: str, ref_id: int) -> Entries:
    rows = _columns(name)
    row = tx.connection().execute(select(rows).where(rows.c.id == ref_id)).mappings().first()
    return entries_of(name, dict(row), ref_id) if row is not None else Entries()


def rebuild(connection: Connection, only: frozenset[str] = frozenset(KINDS)) -> None:
    """Makes every entry anew from the rows; of these kinds."""
    connection.execute(delete(ENTRIES).where(ENTRIES.c.kind.in_(sorted(only))))
    for name in sorted({KINDS[kind].table for kind in only}):
        last = 0
        while (done := _index(connection, name, _columns(name).c.id > last, only)) is not None:
            last = done


@cache
def _columns(name: str) -> Any:
    """The table as this index knows it: a migration runs it before later columns are there."""
    return table(name, column("id"), *(column(c) for c in dict.fromkeys(k.column for k in OF_TABLE[name])))


def _index(connection: Connection, name: str, condition: Any, only: Container[str] = KINDS) -> int | None:
    rows = _columns(name)
    query = select(rows).where(condition).order_by(rows.c.id).limit(BATCH)
    last, found = None, Entries()
    for row in connection.execute(query).mappings():
        last = row["id"]
        found |= entries_of(name, dict(row), last, only)
    _insert(connection, found)
    return last


def _insert(connection: Connection, entries: Collection[tuple[str, str, int]]) -> None:
    found = Gathered()
    for kind, gram, ref_id in entries:
        found.setdefault(kind, []).append((gram, ref_id))
    _insert_gathered(connection, found)


def _insert_gathered(connection: Connection, found: Gathered) -> None:
    """Past SQLAlchemy, which costs more than the rows: there are dozens of each."""
    if connection.dialect.name != "sqlite":
        every = [(ENTRY_CODES[kind], gram, ref_id) for kind in found for gram, ref_id in sorted(found[kind])]
        if every:
            connection.exec_driver_sql(ADD_POSTGRESQL, tuple(list(values) for values in zip(*every, strict=True)))
        return
    for kind in found:
        # By grams alone, which costs half: rows come with rising ids.
        entries, one = sorted(found[kind], key=GRAM), f"('{ENTRY_CODES[kind]}', ?, ?)"
        for start in range(0, len(entries), TOGETHER):
            part = entries[start : start + TOGETHER]
            sql = f"{ADD_SQLITE}{one}{f', {one}' * (len(part) - 1)}"
            connection.exec_driver_sql(sql, tuple(chain.from_iterable(part)))


def _remove(connection: Connection, entries: Entries) -> None:
    rows = sorted(entries)
    for start in range(0, len(rows), 100):
        wanted = [
            and_(ENTRIES.c.kind == k, ENTRIES.c.gram == g, ENTRIES.c.ref_id == i)
            for k, g, i in rows[start : start + 100]
        ]
        connection.execute(delete(ENTRIES).where(or_(*wanted)))


@event.listens_for(Session, "before_flush")
def _note_changes(tx: Session, _flush: Any, _instances: Any) -> None:
    """What was there is read from the database: an object may hold only what its reader may see of it."""
    for one in (*tx.dirty, *tx.deleted):
        name = MODELS.get(type(one))
        if name is None:
            continue
        gone = one in tx.deleted
        state = inspect(one)
        changed = {k.column for k in OF_TABLE[name] if gone or state.attrs[k.column].history.has_changes()}
        if not changed:
            continue
        _write_gathered(tx)  # some may be this row's
        rows = _columns(name)
        before = tx.connection().execute(select(rows).where(rows.c.id == one.id)).mappings().first()
        old = entries_of(name, {c: before[c] for c in changed}, one.id) if before is not None else Entries()
        new = Entries() if gone else entries_of(name, {c: getattr(one, c) for c in changed}, one.id)
        _remove(tx.connection(), old - new)
        tx.info.setdefault(CHANGED, Entries()).update(new - old)


@event.listens_for(Session, "after_flush")
def _write_changes(tx: Session, _flush: Any) -> None:
    entries: Entries = tx.info.pop(CHANGED, Entries())
    for one in tx.new:
        name = MODELS.get(type(one))
        if name is not None:
            columns = {k.column for k in OF_TABLE[name]}
            entries |= entries_of(name, {c: getattr(one, c) for c in columns}, one.id)
    if entries:
        _insert(tx.connection(), entries)


@event.listens_for(Session, "do_orm_execute")
def _refuse_unseen(state: ORMExecuteState) -> None:
    """A change of what rows are found by must pass the hooks above."""
    if not (state.is_update or state.is_insert):
        return
    mapper = state.bind_mapper
    name = MODELS.get(mapper.class_) if mapper is not None else None
    if name is None or "indexed" in state.execution_options:
        return
    statement: Any = state.statement
    values = {getattr(c, "key", c) for c in (statement._values or {})}  # noqa: SLF001 -- told nowhere else
    if state.is_insert or values & {k.column for k in OF_TABLE[name]}:
        raise TypeError(
            f"{name} is found by this: change the object, or say indexed=… and call search_index.index_rows after it"
        )
