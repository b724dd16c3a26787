"""Statements made once and run past the session's machinery.

Building a statement, adding the scope's criteria and loading objects costs the session several times what SQLite
needs for the query itself; a message runs two dozen. A `Plain` refuses the tables that `storage/scope.py` narrows, and
the fields that `storage/fields.py` keeps back, unless it says why, as any query must; a `Narrowed` is one that has the
scope's conditions written into it, and shows what the scope's person may see. On SQLite they are spelled once and
handed to the driver, values and rows converted by the columns' own types; on PostgreSQL they go through SQLAlchemy's
Core. What the session holds unwritten is written first; objects the session has loaded are not refreshed.
"""

import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Dialect, Executable, Insert, Select, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.sql import visitors
from sqlmodel import SQLModel

from bot.core.fields import FieldRights
from storage.database import DRIVER, Tx
from storage.fields import POOL, Cut, DocumentCut, cut_statement, cuts, shows_fields
from storage.hints import by_ids
from storage.scope import Tables, led_by, narrowing, touches_scoped

Values = Sequence[dict[str, object]]
Convert = Callable[[Any], Any] | None
VALUES_AT_ONCE = 2_000  # of one INSERT
_VALUES = re.compile(r"(?<=VALUES )\(\?(?:, \?)*\)$")
USER, DEPARTMENTS, DAY = "scope_user", "scope_departments", "scope_day"


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


class Rows:
    """What came of a statement: rows with named values, already fetched."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: Sequence[Any], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> Sequence[Any]:
        """Every row."""
        return self._rows

    def first(self) -> Any | None:
        """The first row, if there is one."""
        return self._rows[0] if self._rows else None

    def one(self) -> Any:
        """The only row. Raises InvalidRequestError if there are none, or several."""
        if len(self._rows) != 1:
            raise InvalidRequestError(f"{len(self._rows)} rows where there must be one")
        return self._rows[0]

    def scalars(self) -> list[Any]:
        """The first value of every row."""
        return [row[0] for row in self._rows]

    def scalar(self) -> Any | None:
        """The first value of the first row, if there is one."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:
        """The first value of the only row."""
        return self.one()[0]


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """Stands for a value while a statement is spelled. `at`: which of a list's."""

    name: str
    at: int | None = None


@dataclass(frozen=True, slots=True)
class _Spelled:
    """A statement as SQLite's driver takes it."""

    sql: str
    values: tuple[tuple[str | None, Any, Convert], ...]  # name (None: always the same), place in its list, how
    columns: tuple[Convert, ...]  # of the rows it gives; empty: none
    row: Callable[..., Any]
    row_of_values: str  # `(?, ?)` at the end of an INSERT that may have several; empty: it is none

    def bound(self, given: dict[str, object]) -> list[Any]:
        bound = []
        for name, at, convert in self.values:
            if name is None:
                bound.append(at)
                continue
            value: Any = given[name]
            if at is not None:
                value = value[at] if at < len(value) else value[-1]
            bound.append(value if convert is None else convert(value))
        return bound

    def read(self, rows: list[tuple[Any, ...]]) -> list[Any]:
        make, columns = self.row, self.columns
        if not any(columns):
            return [make(row) for row in rows]
        return [
            make([value if convert is None else convert(value) for value, convert in zip(row, columns, strict=True)])
            for row in rows
        ]


class Plain:
    """One statement. Raises TypeError at its first use if it touches a table that is scoped, or a form's field.

    `unscoped`, `unmasked`: why this one may see more, as `.execution_options(unscoped=…)` says it elsewhere.
    """

    def __init__(self, statement: Executable, *, unscoped: str = "", unmasked: str = "") -> None:
        self._statement: Any = statement
        self._scoped, self._masked = not unscoped, not unmasked
        self._checked = False
        self._names: tuple[str, ...] | None = None  # of the values that are lists
        self._spellings: dict[tuple[Any, ...], _Spelled] = {}

    def run(self, tx: Tx, **values: object) -> Rows:
        """With these values."""
        driver = self._ready(tx)
        if driver is None:
            return _fetched(tx.connection().execute(self._statement, values))
        spelled = self._spelled(tx, values)
        try:
            cursor = driver.execute(spelled.sql, spelled.bound(values))
            rows = cursor.fetchall() if spelled.columns else []
        except sqlite3.Error as failure:
            raise _wrapped(spelled.sql, values, failure, tx) from failure
        return Rows(spelled.read(rows), cursor.rowcount)

    def run_many(self, tx: Tx, rows: Values) -> Rows:
        """Once for each of `rows`, which have the same names, in one call."""
        driver = self._ready(tx)
        if driver is None:
            return _fetched(tx.connection().execute(self._statement, list(rows)))
        spelled = self._spelled(tx, rows[0])
        if spelled.columns:
            found = [self.run(tx, **row) for row in rows]
            return Rows([row for one in found for row in one], sum(one.rowcount for one in found))
        try:
            if spelled.row_of_values:
                return Rows([], _insert_together(driver, spelled, rows))
            cursor = driver.executemany(spelled.sql, [spelled.bound(row) for row in rows])
        except sqlite3.Error as failure:
            raise _wrapped(spelled.sql, rows, failure, tx) from failure
        return Rows([], cursor.rowcount)

    def check(self) -> None:
        """Raises TypeError if it may see what it must not."""
        if self._scoped and touches_scoped(self._statement):
            raise TypeError("a scoped table: ask the session, which narrows, or write a Narrowed")
        if self._masked and shows_fields(self._statement):
            raise TypeError("a form's field: ask the session, or write a Narrowed, which leave out what is not seen")
        self._checked = True

    def _ready(self, tx: Tx) -> sqlite3.Connection | None:
        """The driver, on SQLite."""
        if not self._checked:
            self.check()
        if not tx._is_clean():  # noqa: SLF001 -- `new`, `dirty` and `deleted` each build a set, at every statement
            tx.flush()
        if DRIVER not in tx.info:
            connection = tx.connection()
            tx.info[DRIVER] = connection.connection.dbapi_connection if connection.dialect.name == "sqlite" else None
        driver: sqlite3.Connection | None = tx.info[DRIVER]
        return driver

    def _spelled(self, tx: Tx, values: dict[str, object]) -> _Spelled:
        key: tuple[Any, ...] = tuple(values) if isinstance(self._statement, Insert) else ()
        if self._names is None:
            self._names = tuple(name for name, value in values.items() if isinstance(value, list | tuple))
            self._names = tuple(n for n in self._names if n in _lists(self._statement))
        if self._names:
            key += tuple(_room(values[name]) for name in self._names)
        found = self._spellings.get(key)
        if found is None:
            found = self._spellings[key] = _spell(self._statement, tx.get_bind().dialect, values)
        return found


class Narrowed:
    """A SELECT of scoped tables, narrowed to the rows and cut to the fields that the transaction's scope sees.

    The conditions are those of the hook in `storage/scope.py`, the cuts those of `storage/fields.py`. Scoped tables may
    stand in its FROM alone, not in a subquery. `owned`: the statement itself leaves out rows without an owner, so the
    pool need not be looked through. `unscoped`: why it sees every row; its fields are cut all the same. `by_owner`: of
    customers with an owner; the index by owners is sought.
    Raises RuntimeError if the transaction has no scope.
    """

    def __init__(
        self, statement: Select[Any], *, owned: bool = False, unscoped: str = "", by_owner: bool = False
    ) -> None:
        self._statement = statement
        self._owned, self._unscoped, self._by_owner = owned, unscoped, by_owner
        self._plains: dict[tuple[Any, ...], Plain] = {}
        shown = {c.key for c in statement.selected_columns if getattr(c, "table", None) is not None
                 and c.table.name == "customer"}  # fmt: skip
        self._pool = {name: cut for name, cut in POOL["customer"].items() if name in shown}
        if self._pool and "owner_id" not in shown:
            raise TypeError("what is shown of a pool customer depends on its owner: select owner_id too")

    def among(self, table: Table, condition: Any) -> "Narrowed":
        """The same of the table's rows with these ids alone."""
        statement = by_ids(self._statement.where(condition), table)
        return Narrowed(statement, owned=self._owned, unscoped=self._unscoped, by_owner=self._by_owner)

    def run(self, tx: Tx, **values: object) -> Rows:
        """With these values."""
        scope = tx.info.get("scope")
        if scope is None:
            raise RuntimeError("this transaction has no scope: open it through Database.unit(scope, …)")
        shape = (
            scope.departments is None, bool(scope.departments), scope.pool and not self._owned, scope.pool_masked,
            scope.departments is not None and scope.day is not None,
        )  # fmt: skip
        plain = self._plains.get((shape, scope.fields))
        if plain is None:
            plain = self._plains[shape, scope.fields] = self._made(shape, scope.fields)
        if not self._unscoped:
            if scope.departments is not None:
                values[USER] = scope.user_id
                if scope.day is not None:
                    values[DAY] = scope.day
            if shape[1]:
                values[DEPARTMENTS] = sorted(scope.departments)
        rows = plain.run(tx, **values)
        if self._pool and scope.pool_masked:
            return Rows([_as_pooled(row, self._pool) for row in rows], rows.rowcount)
        return rows

    def _made(self, shape: tuple[bool, bool, bool, bool, bool], fields: FieldRights) -> Plain:
        statement = self._statement if self._unscoped else self._narrow(*shape)
        if found := cuts(fields):
            statement = cut_statement(statement, found)
        return Plain(statement, unscoped="its conditions are written into it", unmasked="its fields are cut")

    def _narrow(self, everybody: bool, some: bool, pool: bool, pool_masked: bool, dated: bool) -> Select[Any]:
        departments = None if everybody else given_list(DEPARTMENTS) if some else ()
        day = given(DAY) if dated else None
        tables = [one for one in self._statement.get_final_froms() if isinstance(one, Table)]
        if any(one.name == "lead" or one.name in Tables.lead_names for one in tables):
            raise TypeError("what is seen of leads depends on whether they have a pool: ask the session")
        if sum(isinstance(one, Select) for one in visitors.iterate(self._statement)) > 1:
            raise TypeError("a subquery is not narrowed: ask the session")
        if any(not isinstance(one, Table) and touches_scoped(one) for one in self._statement.get_final_froms()):
            raise TypeError("a scoped table in a join or by another name is not narrowed: put it into the FROM itself")
        rules = [
            rule
            for table in tables
            if (rule := narrowing(table, given(USER), departments, pool, pool_masked, day)) is not None
        ]
        if not rules:
            raise TypeError("no scoped table in its FROM: a Plain will do")
        if self._by_owner:
            rules.append(led_by(given(USER), departments, day))
        return self._statement.where(*rules)


def _as_pooled(row: Any, cuts_of: dict[str, Cut | DocumentCut]) -> Any:
    """Of a customer without an owner only what the pool shows (D14)."""
    if row.owner_id is not None:
        return row
    shown = (
        cuts_of[name].value(value) if name in cuts_of else value for name, value in zip(row._fields, row, strict=True)
    )
    return _row_class(tuple(row._fields))(*shown)


@lru_cache(maxsize=64)
def _row_class(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)


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

    def run(self, tx: Tx, rows: Values) -> list[Any]:
        """All of `rows` have the same columns."""
        plain = self._plain[tx.get_bind().dialect.name]
        return (plain.run_many(tx, rows) if len(rows) > 1 else plain.run(tx, **rows[0])).scalars()


def _insert_together(driver: sqlite3.Connection, spelled: _Spelled, rows: Values) -> int:
    """Many rows to a statement: where a table has triggers each statement is a savepoint of its own, which costs more
    than the row. Returns how many were added.
    """
    added = 0
    at_once = max(1, VALUES_AT_ONCE // max(1, len(spelled.values)))
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        columns = [_column(part, *how) for how in spelled.values]
        sql = spelled.sql + f", {spelled.row_of_values}" * (len(part) - 1)
        added += driver.execute(sql, list(chain.from_iterable(zip(*columns, strict=True)))).rowcount
    return added


def _column(rows: Values, name: str | None, at: Any, convert: Convert) -> list[Any]:
    """One column's values as SQLite takes them; the same moment in every row is spelled once."""
    if name is None:
        return [at] * len(rows)
    given: list[Any] = [row[name] for row in rows]
    if convert is None:
        return given
    last, spelled = given[0], convert(given[0])
    found = []
    for value in given:
        if value is not last:
            last, spelled = value, convert(value)
        found.append(spelled)
    return found


def _fetched(result: Any) -> Rows:
    return Rows(result.all() if result.returns_rows else [], result.rowcount)


def _room(values: Any) -> int:
    """How long a list is spelled, so that few spellings do for all lengths: its last value is repeated."""
    return 1 << (len(values) - 1).bit_length() if values else 0


def _lists(statement: Any) -> frozenset[str]:
    compiled = statement.compile(dialect=sqlite.dialect())
    return frozenset(name for name, bind in compiled.binds.items() if bind.expanding)


def _spell(statement: Any, dialect: Dialect, values: dict[str, object]) -> _Spelled:
    """As SQLAlchemy's SQLite compiler writes it, with lists of these lengths."""
    compiled = statement.compile(dialect=dialect, column_keys=list(values) if isinstance(statement, Insert) else None)
    lists = {name for name, bind in compiled.binds.items() if bind.expanding}
    stand_ins: dict[str, Any] = {
        name: [_Given(name, at) for at in range(_room(value))] if name in lists else _Given(name)
        for name, value in values.items()
    }
    for column in compiled.insert_prefetch if isinstance(statement, Insert) else ():
        if column.default is None or not column.default.is_scalar:
            raise TypeError(f"{column} must be given: its default is reckoned when a row is made")
        stand_ins.setdefault(column.key, column.default.arg)
    state = compiled.construct_expanded_state(stand_ins)
    bound: list[tuple[str | None, Any, Convert]] = []
    for name in state.positiontup or ():
        value = state.parameters[name]
        bind = compiled.binds.get(name)
        if isinstance(value, _Given):
            bind = compiled.binds[value.name]
        elif bind is None:  # one of a list that is always the same
            bind = next(one for of, one in compiled.binds.items() if one.expanding and name.startswith(f"{of}_"))
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if isinstance(value, _Given):
            bound.append((value.name, value.at, convert))
        else:
            bound.append((None, value if convert is None else convert(value), None))
    columns = statement.selected_columns if isinstance(statement, Select) else statement.exported_columns
    names: Any = [str(name) for name in columns.keys()]  # noqa: SIM118
    row = namedtuple("Row", names, rename=True)  # type: ignore[misc]
    return _Spelled(
        state.statement,
        tuple(bound),
        tuple(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns),
        row._make,
        found[0] if isinstance(statement, Insert) and (found := _VALUES.search(state.statement)) else "",
    )


def _wrapped(sql: str, values: Any, failure: sqlite3.Error, tx: Tx) -> BaseException:
    """As SQLAlchemy would have raised it."""
    return DBAPIError.instance(sql, values, failure, sqlite3.Error, dialect=tx.get_bind().dialect)
