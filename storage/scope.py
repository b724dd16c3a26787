"""Whose rows a transaction sees. Bound to the transaction, so that no query can forget it.

House section 0.6 and 4.6. Every SELECT, UPDATE, DELETE and get() of an `Owned` table (and of tables whose
rows hang on a customer) is narrowed by a hook; raw text is refused; a session without a scope raises.
A query that must see more says why: `.execution_options(unscoped="…")`, so the exceptions can be grepped.
"""

from functools import lru_cache
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Table, TextClause, and_, event, false, or_, select, true
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import visitors
from sqlmodel import Field, SQLModel

from bot.core.actor import Scope


class Owned(SQLModel):
    """Base of every table whose rows belong to a person. No owner: the public pool's."""

    owner_id: str | None = Field(default=None, index=True)  # DingTalk userId


class OfCustomer(SQLModel):
    """Base of every table whose rows are seen by whoever sees their customer's owner's rows."""

    customer_id: int = Field(foreign_key="customer.id", index=True)


class Tables:
    """The concrete tables the hook narrows, found once after all models are loaded."""

    owned: ClassVar[tuple[type[Owned], ...]] = ()
    of_customer: ClassVar[tuple[type[OfCustomer], ...]] = ()
    names: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def collect(cls) -> None:
        """Called by `storage.tables` when every model is defined."""
        cls.owned = tuple(t for t in Owned.__subclasses__() if hasattr(t, "__table__"))
        cls.of_customer = tuple(t for t in OfCustomer.__subclasses__() if hasattr(t, "__table__"))
        cls.names = frozenset(_table(t).name for t in (*cls.owned, *cls.of_customer))


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


def visible(table: Table, scope: Scope) -> ColumnElement[bool]:
    """Own rows, those of the scope's departments, and (if the scope says so) those without an owner."""
    owner = table.c.owner_id
    pool = owner.is_(None) if scope.pool else false()
    if scope.departments is None:
        return or_(owner.is_not(None), pool)
    rules = [owner == scope.user_id, pool]
    if scope.departments:
        members = SQLModel.metadata.tables["employee_department"]
        inside = select(members.c.user_id).where(members.c.department_id.in_(sorted(scope.departments)))
        rules.append(owner.in_(inside))
    return or_(*rules)


@lru_cache(maxsize=512)  # a scope is made anew for every request, and mostly equal to the last one's
def _criteria(scope: Scope) -> tuple[Any, ...]:
    customers = SQLModel.metadata.tables["customer"]
    rules: list[Any] = []
    for model in Tables.owned:
        table = _table(model)
        alive = table.c.deleted_at.is_(None) if "deleted_at" in table.c else true()
        rules.append(with_loader_criteria(model, and_(alive, visible(table, scope)), include_aliases=True))
    owned_customers = (
        select(customers.c.id)
        .where(customers.c.deleted_at.is_(None), customers.c.owner_id.is_not(None))
        .where(visible(customers, scope))
    )
    for child in Tables.of_customer:
        table = _table(child)
        alive = table.c.deleted_at.is_(None) if "deleted_at" in table.c else true()
        if scope.departments is None and scope.pool and not scope.pool_masked:  # system, administrators: the pool's too
            rules.append(with_loader_criteria(child, alive, include_aliases=True))
        else:
            rules.append(
                with_loader_criteria(child, and_(alive, table.c.customer_id.in_(owned_customers)), include_aliases=True)
            )
    return tuple(rules)


@event.listens_for(Session, "do_orm_execute")
def _add_scope(state: ORMExecuteState) -> None:
    """Narrows; refuses what cannot be narrowed."""
    statement: Any = state.statement
    if isinstance(statement, TextClause):
        raise TypeError("text() cannot be scoped: write the query with select()")
    if "unscoped" in state.execution_options or state.is_column_load or state.is_relationship_load:
        return
    scope = state.session.info.get("scope")
    if scope is None:
        if touches_scoped(statement):
            raise RuntimeError("this transaction has no scope: open it through Database.unit(scope, …)")
        return
    if not state.is_orm_statement:
        if touches_scoped(statement):
            raise TypeError("a Core statement on an owned table cannot be scoped: select the model class")
        return
    state.statement = statement.options(*_criteria(scope))


def touches_scoped(statement: Any) -> bool:
    """Whether it names a table whose rows belong to somebody."""
    return any(isinstance(element, Table) and element.name in Tables.names for element in visitors.iterate(statement))
