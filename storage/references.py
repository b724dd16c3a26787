"""Whether anything refers to a record, whatever tables there are by now."""

from typing import Any

from sqlalchemy import select
from sqlmodel import SQLModel

from storage.database import Tx
from storage.plain import table_of

UNSCOPED = {"unscoped": "a record in use by anybody is in use"}


def is_referred_to(tx: Tx, model: type[SQLModel], record: int, *, but: tuple[str, ...] = ()) -> bool:
    """Whether a foreign key of the schema points to it; `but`: tables whose rows go with it. Deleted rows count not."""
    wanted: Any = table_of(model)
    for table in SQLModel.metadata.sorted_tables:
        if table.name in but or table is wanted:
            continue
        for key in table.foreign_keys:
            if key.column.table is not wanted:
                continue
            query = select(key.parent).where(key.parent == record)
            if "deleted_at" in table.c:
                query = query.where(table.c.deleted_at.is_(None))
            if tx.execute(query.limit(1), execution_options=UNSCOPED).first() is not None:
                return True
    return False
