"""Statements made once, on tables whose rows belong to nobody, run past the session's machinery.

Building a statement, adding the scope's criteria and loading objects costs the session several times what SQLite
needs for the query itself; a message runs a dozen such statements before its own work begins. A `Plain` refuses the
tables that `storage/scope.py` narrows, and the fields that `storage/fields.py` keeps back, unless it says why. What
the session holds unwritten is written first; objects the session has loaded are not refreshed.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CursorResult, Executable, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from storage.database import Tx
from storage.fields import shows_fields
from storage.scope import touches_scoped

Rows = Sequence[dict[str, object]]


def table_of(model: type[SQLModel]) -> Table:
    """The model's table, whose columns a `Plain` is made of."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


def given(name: str) -> Any:
    """A value named when the statement is run. No column's name: SQLAlchemy keeps those for itself."""
    return bindparam(name)


def given_list(name: str) -> Any:
    """The values of an IN."""
    return bindparam(name, expanding=True)


class Plain:
    """One statement. Raises TypeError at its first use if it touches a table that is scoped, or a form's field.

    `unscoped`, `unmasked`: why this one may see more, as `.execution_options(unscoped=…)` says it elsewhere.
    """

    def __init__(self, statement: Executable, *, unscoped: str = "", unmasked: str = "") -> None:
        self._statement = statement
        self._scoped, self._masked = not unscoped, not unmasked
        self._checked = False

    def run(self, tx: Tx, **values: object) -> CursorResult[Any]:
        """With these values."""
        return self._run(tx, values)

    def run_many(self, tx: Tx, rows: Rows) -> CursorResult[Any]:
        """Once for each of `rows`, in one call."""
        return self._run(tx, list(rows))

    def _run(self, tx: Tx, values: Any) -> CursorResult[Any]:
        if not self._checked:
            if self._scoped and touches_scoped(self._statement):
                raise TypeError("a scoped table: ask the session, which narrows")
            if self._masked and shows_fields(self._statement):
                raise TypeError("a form's field: ask the session, which leaves out what may not be seen")
            self._checked = True
        if tx.new or tx.dirty or tx.deleted:
            tx.flush()
        return tx.connection().execute(self._statement, values)


class InsertNew:
    """INSERT … ON CONFLICT DO NOTHING in the dialect at hand, giving a column of the rows that were new."""

    def __init__(self, model: type[SQLModel], keys: Sequence[str], returning: str) -> None:
        table = table_of(model)
        column = table.c[returning]
        self._plain = {
            "sqlite": Plain(sqlite.insert(table).on_conflict_do_nothing(index_elements=list(keys)).returning(column)),
            "postgresql": Plain(
                postgresql.insert(table).on_conflict_do_nothing(index_elements=list(keys)).returning(column)
            ),
        }

    def run(self, tx: Tx, rows: Rows) -> list[Any]:
        """All of `rows` have the same columns."""
        plain = self._plain[tx.get_bind().dialect.name]
        return list(plain.run_many(tx, rows).scalars() if len(rows) > 1 else plain.run(tx, **rows[0]).scalars())
