"""Whose rows a transaction sees. Bound to the transaction, so that no query can forget it.

House section 0.6 and 4.6. Every SELECT, UPDATE, DELETE and get() of an `Owned` table (and of tables whose
rows hang on a customer or a contract) is narrowed by a hook; raw text is refused; a session without a scope raises.
A query that must see more says why: `.execution_options(unscoped="…")`, so the exceptions can be grepped.
"""

from functools import lru_cache
from typing import Any, ClassVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Table,
    TextClause,
    and_,
    event,
    false,
    literal,
    or_,
    select,
    true,
    type_coerce,
    union,
)
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import visitors
from sqlmodel import Field, SQLModel

from bot.core.actor import Scope
from storage.fields import pooled_lead  # its hook is before this one: it cuts statements that have no criteria yet


class Owned(SQLModel):
    """Base of every table whose rows belong to a person. No owner: the public pool's."""

    owner_id: str | None = Field(default=None, index=True)  # DingTalk userId


class OfCustomer(SQLModel):
    """Base of every table whose rows are seen by whoever sees their customer's owner's rows."""

    customer_id: int = Field(foreign_key="customer.id", index=True)


class OfContract(SQLModel):
    """Base of every table whose rows are seen by whoever sees their contract."""

    contract_id: int = Field(foreign_key="contract.id", index=True)


class OfLead(SQLModel):
    """Base of every table whose rows are seen by whoever sees their lead."""

    lead_id: int = Field(foreign_key="lead.id", index=True)


class Tables:
    """The concrete tables the hook narrows, found once after all models are loaded."""

    owned: ClassVar[tuple[type[Owned], ...]] = ()
    of_customer: ClassVar[tuple[type[OfCustomer], ...]] = ()
    of_contract: ClassVar[tuple[type[OfContract], ...]] = ()
    of_lead: ClassVar[tuple[type[OfLead], ...]] = ()
    names: ClassVar[frozenset[str]] = frozenset()
    owned_names: ClassVar[frozenset[str]] = frozenset()
    contract_names: ClassVar[frozenset[str]] = frozenset()
    lead_names: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def collect(cls) -> None:
        """Called by `storage.tables` when every model is defined."""
        cls.owned = tuple(t for t in Owned.__subclasses__() if hasattr(t, "__table__"))
        cls.of_customer = tuple(t for t in OfCustomer.__subclasses__() if hasattr(t, "__table__"))
        cls.of_contract = tuple(t for t in OfContract.__subclasses__() if hasattr(t, "__table__"))
        cls.of_lead = tuple(t for t in OfLead.__subclasses__() if hasattr(t, "__table__"))
        cls.owned_names = frozenset(_table(t).name for t in cls.owned)
        cls.contract_names = frozenset(_table(t).name for t in cls.of_contract)
        cls.lead_names = frozenset(_table(t).name for t in cls.of_lead)
        known = (*cls.owned, *cls.of_customer, *cls.of_contract, *cls.of_lead)
        cls.names = frozenset(_table(t).name for t in known)


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


def visible(table: Table, scope: Scope) -> ColumnElement[bool]:
    """Own rows, those of the scope's departments and teams, and (if the scope says so) those without an owner."""
    return _visible(table, scope.user_id, _departments(scope), scope.pool, scope.day, lead_pool=scope.lead_pool)


def _departments(scope: Scope) -> list[int] | None:
    return None if scope.departments is None else sorted(scope.departments)


def _visible(
    table: Table, user: Any, departments: Any, pool: bool, day: Any, *, lead_pool: bool = False
) -> ColumnElement[bool]:
    owner = table.c.owner_id
    if table.name == "lead":  # nobody's are for who sees everybody's rows; of a pool, for whom it is open besides
        pool = departments is None and (pool or not lead_pool)
    pooled = owner.is_(None) if pool else false()
    if departments is None:
        return or_(owner.is_not(None), pooled)
    rules = [owner == user, pooled]
    if isinstance(departments, BindParameter) or departments:
        members = SQLModel.metadata.tables["employee_department"]
        inside = select(members.c.user_id).where(members.c.department_id.in_(departments))
        rules.append(owner.in_(inside))
    customer = table.c.id if table.name == "customer" else table.c.get("customer_id")
    if day is not None and customer is not None:
        rules.append(and_(owner.is_not(None), customer.in_(_teams(user, day))))
    return or_(*rules)


def _teams(user: Any, day: Any) -> Any:
    """The customers of whose team the person is on that day, the last one included."""
    team = SQLModel.metadata.tables["team_member"]
    lasting = or_(team.c.until.is_(None), team.c.until >= day)
    return select(team.c.customer_id).where(team.c.user_id == user, team.c.ended_at.is_(None), lasting)


def led_by_owners(scope: Scope) -> ColumnElement[bool]:
    """As `led_by`, for this scope."""
    departments = None if scope.departments is None else tuple(sorted(scope.departments))
    return led_by(literal(scope.user_id), departments, scope.day)


def led_by(user: Any, departments: Any, day: Any) -> ColumnElement[bool]:
    """A condition on customers that leaves out none with an owner which the scope holds, and names whose they can be.

    An index by owners is sought by it, where `visible`, which also asks for single customers, would be looked through.
    `user`, `departments` and `day` as for `narrowing`.
    """
    customers = SQLModel.metadata.tables["customer"]
    if departments is None:
        return customers.c.owner_id.is_not(None)
    members = SQLModel.metadata.tables["employee_department"]
    owners: list[Any] = [select(type_coerce(user, members.c.user_id.type))]
    if not isinstance(departments, tuple) or departments:
        owners.append(select(members.c.user_id).where(members.c.department_id.in_(departments)))
    if day is not None:
        theirs = customers.alias("team_customer")
        owners.append(select(theirs.c.owner_id).where(theirs.c.id.in_(_teams(user, day))))
    return customers.c.owner_id.in_(union(*owners) if len(owners) > 1 else owners[0])


def narrowing(
    table: Table, user: Any, departments: Any, pool: bool, pool_masked: bool, day: Any, *, lead_pool: bool = False
) -> ColumnElement[bool] | None:
    """What makes a row of `table` visible; None: the table belongs to nobody.

    `user`, `departments` and `day` are a scope's (None: everybody's departments, no teams), or stand for them in a
    statement that is made once (`bindparam`).
    """
    if table.name not in Tables.names:
        return None
    alive = table.c.deleted_at.is_(None) if "deleted_at" in table.c else true()
    if table.name in Tables.owned_names:
        return and_(alive, _visible(table, user, departments, pool, day, lead_pool=lead_pool))
    if table.name in Tables.contract_names:
        contracts = SQLModel.metadata.tables["contract"]
        seen = select(contracts.c.id).where(contracts.c.deleted_at.is_(None))
        seen = seen.where(_visible(contracts, user, departments, pool, day))
        return and_(alive, seen.where(contracts.c.id == table.c.contract_id).correlate(table).exists())
    if table.name in Tables.lead_names:
        leads = SQLModel.metadata.tables["lead"]
        seen = select(leads.c.id).where(leads.c.deleted_at.is_(None))
        seen = seen.where(_visible(leads, user, departments, pool, day, lead_pool=lead_pool))
        if lead_pool:  # the history of one that is in the pool is shown to nobody
            seen = seen.where(~pooled_lead(leads))
        return and_(alive, seen.where(leads.c.id == table.c.lead_id).correlate(table).exists())
    if departments is None and pool and not pool_masked:  # system and administrators: history of the pool too
        return alive
    customers = SQLModel.metadata.tables["customer"]
    owned = (
        select(customers.c.id)
        .where(customers.c.deleted_at.is_(None), customers.c.owner_id.is_not(None))
        .where(_visible(customers, user, departments, pool=False, day=day))  # none of these is without an owner
    )
    if departments is None or isinstance(departments, BindParameter) or departments:  # many: the row asks for its own
        return and_(alive, owned.where(customers.c.id == table.c.customer_id).correlate(table).exists())
    return and_(alive, table.c.customer_id.in_(owned))


@lru_cache(maxsize=512)  # a scope is made anew for every request, and mostly equal to the last one's
def _criteria(scope: Scope) -> tuple[Any, ...]:
    rules: list[Any] = []
    for model in (*Tables.owned, *Tables.of_customer, *Tables.of_contract, *Tables.of_lead):
        rule = narrowing(
            _table(model), scope.user_id, _departments(scope), scope.pool, scope.pool_masked, scope.day,
            lead_pool=scope.lead_pool,
        )  # fmt: skip
        assert rule is not None
        rules.append(with_loader_criteria(model, rule, include_aliases=True))
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
