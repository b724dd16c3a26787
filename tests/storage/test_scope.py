"""Whose rows a transaction sees: every way to ask × every kind of scope, on both databases."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import delete, exists, insert, text, true, union
from sqlalchemy import select as core_select
from sqlalchemy.orm import Query, aliased
from sqlmodel import SQLModel, col, func, select, update

from bot.core.actor import SYSTEM, Scope
from storage.database import Database, Tx
from storage.scope import Owned
from storage.tables import Contact, Customer, Employee, FollowUp, Lead
from tests.support.company import NOW, load_company
from tests.support.world import customer, small_world

MINE = {"宁波甲机械有限公司", "宁波乙机械有限公司"}  # lina, 销售一部
TEAM = {"宁波丙机械有限公司"}  # zhao, 销售一部
OTHERS = {"深圳丁电子有限公司"}  # zhou, 销售二部
POOL = {"温州戊电器有限公司", "台州己模具有限公司"}


@dataclass(frozen=True)
class Case:
    scope: Scope
    names: set[str]


CASES = {
    "self": Case(Scope("lina04"), MINE),
    "self and the pool": Case(Scope("lina04", pool=True), MINE | POOL),
    "department": Case(Scope("wang03", departments=frozenset({101})), MINE | TEAM),
    "departments": Case(Scope("wang03", departments=frozenset({101, 102})), MINE | TEAM | OTHERS),
    "department and own": Case(Scope("zhou06", departments=frozenset({101})), MINE | TEAM | OTHERS),
    "an empty department": Case(Scope("qian07", departments=frozenset({103})), set()),
    "all": Case(Scope("liu20", departments=None), MINE | TEAM | OTHERS),
    "all and the pool": Case(Scope("liu20", departments=None, pool=True), MINE | TEAM | OTHERS | POOL),
    "administrator": Case(Scope("chen01", departments=None, pool=True, pool_masked=False), MINE | TEAM | OTHERS | POOL),
    "system": Case(SYSTEM, MINE | TEAM | OTHERS | POOL),
    "nobody's": Case(Scope("stranger"), set()),
}
Alias = aliased(Customer)
Ask = Callable[[Tx, Any], set[str]]


def _asking(ask: Ask, ids: dict[str, int]) -> Callable[[Tx], set[str]]:
    return lambda tx: ask(tx, ids)


def _running(statement: Any) -> Callable[[Tx], Any]:
    return lambda tx: tx.execute(statement)


def _get(tx: Tx, ids: dict[str, int]) -> set[str]:
    return {name for name, key in ids.items() if tx.get(Customer, key) is not None}


def _old_query(tx: Tx) -> list[Customer]:
    query: Query[Customer] = Query([Customer], session=tx)
    return query.all()


def _updated(tx: Tx, _ids: dict[str, int]) -> set[str]:
    tx.execute(update(Customer).values(remark="seen").execution_options(synchronize_session=False))
    return _marked(tx)


def _deleted(tx: Tx, ids: dict[str, int]) -> set[str]:
    tx.execute(delete(Contact).execution_options(synchronize_session=False))
    left = set(tx.exec(select(Contact.customer_id), execution_options={"unscoped": "what is left"}).all())
    return {name for name, key in ids.items() if key not in left}


def _marked(tx: Tx) -> set[str]:
    query = select(Customer.name).where(Customer.remark == "seen")
    return set(tx.exec(query, execution_options={"unscoped": "what was written"}).all())


def _one_by_one(tx: Tx, ids: dict[str, int]) -> set[str]:
    found = (tx.exec(select(Customer).where(Customer.id == key)).first() for key in ids.values())
    return {one.name for one in found if one is not None}


def _by_count(tx: Tx, ids: dict[str, int]) -> set[str]:
    query = select(func.count()).select_from(Customer)
    return {name for name, key in ids.items() if tx.exec(query.where(Customer.id == key)).one()}


def _by_counted_column(tx: Tx, ids: dict[str, int]) -> set[str]:
    query = select(func.count(col(Customer.id)))
    return {name for name, key in ids.items() if tx.exec(query.where(Customer.id == key)).one()}


WAYS: dict[str, Ask] = {
    "entities": lambda tx, _: {one.name for one in tx.exec(select(Customer)).all()},
    "a column": lambda tx, _: set(tx.exec(select(Customer.name)).all()),
    "columns": lambda tx, _: {name for name, _ in tx.exec(select(Customer.name, Customer.city)).all()},
    "locked": lambda tx, _: {one.name for one in tx.exec(select(Customer).with_for_update()).all()},
    "legacy query": lambda tx, _: {row.name for row in _old_query(tx)},
    "an alias": lambda tx, _: set(tx.exec(select(Alias.name)).all()),
    "an alias's entities": lambda tx, _: {one.name for one in tx.exec(select(Alias)).all()},
    "a derived table": lambda tx, _: set(tx.exec(select(select(Customer).subquery().c.name)).all()),
    "a cte": lambda tx, _: set(tx.exec(select(select(Customer).cte().c.name)).all()),
    "a union": lambda tx, _: {row[0] for row in tx.execute(union(select(Customer.name), select(Customer.name))).all()},
    "exists": lambda tx, ids: {
        n for n, key in ids.items() if tx.exec(select(exists(select(Customer.id).where(Customer.id == key)))).one()
    },
    "joined to itself": lambda tx, _: set(
        tx.exec(select(Customer.name).join(Alias, Alias.id == Customer.id)).all()  # type: ignore[arg-type]
    ),
    "from outside": lambda tx, _: set(
        tx.exec(select(Customer.name).select_from(Employee).join(Customer, true()).distinct()).all()
    ),
    "one by one": _one_by_one,
    "count(*)": _by_count,
    "count(id)": _by_counted_column,
    "get": _get,
    "update": _updated,
    "in a subquery": lambda tx, _: set(
        tx.exec(select(Customer.name).where(col(Customer.id).in_(select(Customer.id)))).all()
    ),
    "with a condition that widens": lambda tx, _: set(
        tx.exec(select(Customer.name).where((Customer.city == "") | (Customer.city != ""))).all()
    ),
}


@pytest.fixture
async def ids(database: Database) -> dict[str, int]:
    world = small_world()
    world["customers"] = [
        *(customer(name, "lina04", contacts=[{"name": "某"}]) for name in MINE),
        *(customer(name, "zhao05", contacts=[{"name": "某"}]) for name in TEAM),
        *(customer(name, "zhou06", contacts=[{"name": "某"}]) for name in OTHERS),
        *(customer(name, contacts=[{"name": "某"}]) for name in POOL),
    ]
    await load_company(database, world)
    rows = await database.system(lambda tx: tx.exec(select(Customer.name, Customer.id)).all())
    return {name: key for name, key in rows if key is not None}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_every_way_to_ask_sees_the_same(database: Database, ids: dict[str, int], case: Case) -> None:
    for way, ask in WAYS.items():
        assert await database.unit(case.scope, _asking(ask, ids)) == case.names, way
        await database.system(lambda tx: tx.execute(update(Customer).values(remark="")))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_what_hangs_on_a_customer_is_seen_with_its_owner(
    database: Database, ids: dict[str, int], case: Case
) -> None:
    """Contacts of the pool are shown to nobody but those who see everything (D14)."""
    everything = case.scope.departments is None and not case.scope.pool_masked
    expected = case.names if everything else case.names - POOL
    seen = await database.unit(case.scope, lambda tx: set(tx.exec(select(Contact.customer_id)).all()))
    assert {name for name, key in ids.items() if key in seen} == expected
    assert await database.unit(case.scope, lambda tx: _deleted(tx, ids)) == expected


async def test_two_users_of_one_statement_see_their_own(database: Database, ids: dict[str, int]) -> None:
    """SQLAlchemy caches compiled statements: the scope must not be compiled into one for all."""
    query = select(Customer.name)
    for _ in range(3):
        for name in ("self", "department", "all", "nobody's", "self and the pool"):
            case = CASES[name]
            assert set(await database.unit(case.scope, lambda tx: tx.exec(query).all())) == case.names


async def test_the_scope_of_a_unit_may_be_set_inside(database: Database, ids: dict[str, int]) -> None:
    def work(tx: Tx) -> tuple[set[str], set[str]]:
        tx.info["scope"] = Scope("lina04")
        first = set(tx.exec(select(Customer.name)).all())
        tx.info["scope"] = Scope("zhou06")
        return first, set(tx.exec(select(Customer.name)).all())

    assert await database.unit(None, work) == (MINE, OTHERS)


async def test_a_row_kept_in_the_session_is_no_way_around(database: Database, ids: dict[str, int]) -> None:
    def work(tx: Tx) -> bool:
        return tx.get(Customer, ids["深圳丁电子有限公司"]) is None

    assert await database.unit(Scope("lina04"), work)


async def test_without_a_scope_nothing_owned_is_touched(database: Database, ids: dict[str, int]) -> None:
    for statement in (
        select(Customer), select(Customer.id), select(func.count()).select_from(Customer), select(Contact),
        select(FollowUp), update(Customer).values(remark="x"), delete(Lead),
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match="no scope"):
            await database.unit(None, _running(statement))
    with pytest.raises(RuntimeError, match="no scope"):
        await database.unit(None, lambda tx: tx.get(Customer, 1))


async def test_without_a_scope_other_tables_are_free(database: Database, ids: dict[str, int]) -> None:
    assert await database.unit(None, lambda tx: len(tx.exec(select(Employee)).all())) == 6


@pytest.mark.parametrize("scope", [Scope("lina04"), SYSTEM, None], ids=["self", "system", "none"])
async def test_raw_text_is_refused(database: Database, scope: Scope | None) -> None:
    with pytest.raises(TypeError, match="text"):
        await database.unit(scope, lambda tx: tx.execute(text("SELECT * FROM customer")))


async def test_a_core_statement_on_an_owned_table_is_refused(database: Database) -> None:
    table = SQLModel.metadata.tables["customer"]
    for statement in (core_select(table), core_select(table.c.name), table.update().values(remark="x"), table.delete()):
        with pytest.raises(TypeError, match="Core"):
            await database.unit(Scope("lina04"), _running(statement))


async def test_a_query_that_says_why_sees_everything(database: Database, ids: dict[str, int]) -> None:
    everything = {"unscoped": "a test"}
    names = await database.unit(
        Scope("lina04"), lambda tx: set(tx.exec(select(Customer.name), execution_options=everything).all())
    )
    assert names == set(ids)


async def test_deleted_rows_are_nobodys(database: Database, ids: dict[str, int]) -> None:
    def remove(tx: Tx) -> None:
        for model in (Customer, Contact):
            tx.execute(update(model).values(deleted_at=NOW).execution_options(synchronize_session=False))

    await database.system(remove)
    for case in (CASES["self and the pool"], CASES["department"], CASES["system"]):
        for way, ask in WAYS.items():
            assert await database.unit(case.scope, _asking(ask, ids)) == set(), way
        assert await database.unit(case.scope, lambda tx: tx.exec(select(Contact)).all()) == []


async def test_every_table_with_an_owner_is_narrowed(database: Database, ids: dict[str, int]) -> None:
    """A new table with an owner column that is not `Owned` would be seen by everybody."""
    narrowed = {str(model.__tablename__) for model in Owned.__subclasses__() if hasattr(model, "__table__")}
    with_owner = {t.name for t in SQLModel.metadata.tables.values() if "owner_id" in t.c}
    assert (
        with_owner - {"owner_history", "lead_owner_history"}
        == narrowed
        == {"customer", "lead", "opportunity", "contract"}
    )


async def test_inserting_needs_no_scope_trick(database: Database, ids: dict[str, int]) -> None:
    def work(tx: Tx) -> None:
        tx.add(FollowUp(customer_id=1, user_id="lina04", at=NOW, content="聊了", created_at=NOW))
        tx.flush()
        tx.execute(insert(Employee).values(user_id="new09", name="新人", joined_at=NOW, pinyin="", initials="",
                                           title="", dingtalk_admin=False, active=True, activated=True))  # fmt: skip

    await database.unit(Scope("lina04"), work)
