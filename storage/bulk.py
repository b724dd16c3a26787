"""Many new records at once, past the session's objects: an import has thousands."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import func, insert, select
from sqlmodel import SQLModel

from storage import search_index
from storage.database import Tx
from storage.plain import Plain, table_of

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
    if not rows:
        return []
    table = table_of(model)
    empty = empty_row(model)
    whole: list[dict[str, object]] = [{**empty, **row} for row in rows]
    tx.flush()
    if tx.get_bind().dialect.name == "sqlite":
        first = int(_last(model).run(tx).scalar_one()) + 1  # nobody else writes meanwhile
        found = list(range(first, first + len(whole)))
        for new_id, row in zip(found, whole, strict=True):
            row["id"] = new_id
        _add(model).run_many(tx, whole)
    else:
        statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        found = []
        for start in range(0, len(whole), AT_ONCE):
            part = whole[start : start + AT_ONCE]
            found += tx.execute(statement, part, execution_options=UNSCOPED).scalars().all()
    search_index.index_new(tx, table.name, zip(found, whole, strict=True))
    return found


@lru_cache(maxsize=16)
def _last(model: type[SQLModel]) -> Plain:
    return Plain(select(func.coalesce(func.max(table_of(model).c.id), 0)), unscoped="the next id is everybody's")


@lru_cache(maxsize=16)
def _add(model: type[SQLModel]) -> Plain:
    return Plain(insert(table_of(model)), unscoped=UNSCOPED["unscoped"])
