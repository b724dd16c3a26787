"""What every message asks and hardly anything changes: settings, people, roles, dictionaries; kept until one changes.

On SQLite triggers (revision 0030) write another random value into `setup_stamp` with every change to one of `TABLES`,
whichever program makes it. What was read is used again while the transaction sees the value it was read under, so a
change counts from the next statement on, its own transaction included; no value comes twice, so nothing read in a
transaction that was rolled back is found later. On PostgreSQL nothing is kept: a row that every change rewrites would
make transactions wait for each other.
"""

import sqlite3
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, TypeVar, TypeVarTuple, Unpack, cast

from sqlalchemy import event, select
from sqlmodel import Session

from storage.database import DRIVER, Tx
from storage.plain import Plain, table_of
from storage.tables.access import SetupStamp

TABLES = (
    "setting", "employee", "employee_department", "department", "role", "role_function", "role_member",
    "role_member_department", "role_field", "field_dictionary", "dictionary_value",
)  # fmt: skip
MOST = 5_000  # answers of one function: a person each
STAMP = "stamp"  # in `Tx.info`: how much the connection had written when the stamp was read, and the stamp
NOTHING = object()
Ts = TypeVarTuple("Ts")
T = TypeVar("T")

NOW = Plain(select(table_of(SetupStamp).c.value))


def kept(read: Callable[[Tx, Unpack[Ts]], T]) -> Callable[[Tx, Unpack[Ts]], T]:
    """Keeps what `read` gives. It reads `TABLES` alone, takes hashable arguments in order, and gives what nobody
    changes.
    """
    memory: tuple[str, dict[Hashable, Any]] = ("", {})

    @wraps(read)
    def look(tx: Tx, *args: *Ts) -> T:
        nonlocal memory
        stamp = _stamp(tx)
        if stamp is None:
            return read(tx, *args)
        under, answers = memory  # one look: another thread may replace it
        if under != stamp or len(answers) > MOST:
            under, answers = memory = (stamp, {})
        found = answers.get(args, NOTHING)
        if found is NOTHING:
            found = answers[args] = read(tx, *args)
        return cast("T", found)

    return look


def _stamp(tx: Tx) -> str | None:
    """The stamp this transaction sees; None: nothing is kept here."""
    info: dict[Any, Any] = tx.info
    driver: sqlite3.Connection | None = info.get(DRIVER)
    if driver is None and DRIVER in info:
        return None
    if not tx._is_clean():  # noqa: SLF001 -- as in storage/plain.py
        tx.flush()
    if driver is not None and (read := info.get(STAMP)) is not None and read[0] == driver.total_changes:
        return str(read[1])
    stamp = NOW.run(tx).scalar()
    driver = info.get(DRIVER)
    if driver is None or stamp is None:
        return None
    info[STAMP] = (driver.total_changes, stamp)
    return str(stamp)


@event.listens_for(Session, "after_soft_rollback")
def _taken_back(session: Session, _transaction: Any) -> None:
    """A savepoint was rolled back, maybe with a change to the stamp: `total_changes` does not go down again."""
    session.info.pop(STAMP, None)
