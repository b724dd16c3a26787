"""Whether anything refers to a record, whatever tables there are by now."""

from functools import cache
from typing import Any

from sqlalchemy import exists, false, or_, select
from sqlmodel import SQLModel

from storage.database import Tx
from storage.plain import Plain, given, table_of


def is_referred_to(tx: Tx, model: type[SQLModel], record: int, *, but: tuple[str, ...] = ()) -> bool:
    """Whether a foreign key of the schema points to it; `but`: tables whose rows go with it. Deleted rows count not."""
    return bool(_asked(model, but).run(tx, record=record).scalar_one())


@cache
def _asked(model: type[SQLModel], but: tuple[str, ...]) -> Plain:
    """One statement for all the tables: thousands are asked for, one after another, when an import is taken back."""
    wanted: Any = table_of(model)
    found = []
    for table in SQLModel.metadata.sorted_tables:
        if table.name in but or table is wanted:
            continue
        for key in table.foreign_keys:
            if key.column.table is not wanted:
                continue
            alive = [table.c.deleted_at.is_(None)] if "deleted_at" in table.c else []
            found.append(exists(select(key.parent).where(key.parent == given("record"), *alive)))
    return Plain(
        select(or_(false(), *found)), unscoped="a record in use by anybody is in use",
        unmasked="only whether there is any is told",
    )  # fmt: skip
