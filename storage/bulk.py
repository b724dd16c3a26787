"""Many new records at once, past the session's objects: an import has thousands."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import insert
from sqlmodel import SQLModel

from storage import search_index
from storage.database import Tx
from storage.plain import table_of

AT_ONCE = 400  # rows of one INSERT
UNSCOPED = {"unscoped": "new records are nobody else's", "indexed": "below, all at once"}


@lru_cache(maxsize=16)
def empty_row(model: type[SQLModel]) -> Mapping[str, Any]:
    """What a new record's columns hold that nobody gives a value for."""
    fields = model.model_fields
    return {
        c.name: fields[c.name].get_default(call_default_factory=True) if not fields[c.name].is_required() else None
        for c in table_of(model).columns
        if not c.primary_key
    }


def insert_rows(tx: Tx, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Stores them; their ids, in the same order. Every bulk insert of customers, contacts and leads comes here."""
    table = table_of(model)
    statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    empty = empty_row(model)
    tx.flush()
    found: list[int] = []
    for start in range(0, len(rows), AT_ONCE):
        whole = [{**empty, **row} for row in rows[start : start + AT_ONCE]]
        found += tx.execute(statement, whole, execution_options=UNSCOPED).scalars().all()
    search_index.index_rows(tx, table.name, found)
    return found
