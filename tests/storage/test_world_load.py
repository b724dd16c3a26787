"""Loading a world file: what it becomes, that a second time changes nothing, and what another file changes."""

import copy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from sqlalchemy import Table
from sqlmodel import SQLModel, col, select, update

from bot.core.actor import SYSTEM, Scope
from bot.core.clock import BEIJING
from bot.core.roles import EVERYBODY
from storage.access import list_memberships
from storage.database import Database, Tx
from storage.dictionaries import METHODS, list_methods, list_values
from storage.pools import count_claims
from storage.settings import is_loaded, read_settings
from storage.tables import (
    ClaimLog,
    Contact,
    Contract,
    Customer,
    DictionaryValue,
    FlowNode,
    FollowUp,
    Invoice,
    Lead,
    Opportunity,
    OpportunityCompetitor,
    OwnerHistory,
    Payment,
    Product,
    Role,
    Stage,
    Target,
)
from storage.world.load import LoadResult, load_world
from tests.support.company import NOW, customer_id, load_company, mirror
from tests.support.full_world import follow_up, full_world
from tests.support.world import customer, small_world

Model = TypeVar("Model", bound=SQLModel)
LINA = "宁波华东精密机械有限公司"
POOLED = "宁波海蓝食品有限公司"


def beijing(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BEIJING)  # type: ignore[misc, arg-type]


def dump(tx: Tx) -> dict[str, list[Any]]:
    """Every row of every table, but for the moments of writing."""

    def rows(table: Table) -> list[Any]:
        return sorted(map(tuple, tx.connection().execute(table.select()).all()), key=repr)

    return {name: rows(table) for name, table in SQLModel.metadata.tables.items()}


async def load(db: Database, world: dict[str, Any], now: datetime = NOW) -> LoadResult:
    return await db.system(lambda tx: load_world(tx, world, now))


async def one(db: Database, model: type[Model], *where: Any) -> Model:
    return await db.system(lambda tx: tx.exec(select(model).where(*where)).one())


async def test_a_world_becomes_a_company(database: Database) -> None:
    await load_company(database, full_world())
    settings = await database.system(read_settings)
    assert settings.opened
    assert settings.admins == ("chen01",)
    assert settings.pool.claim_cap == 3
    assert settings.pool_rule_since is None
    assert await database.system(is_loaded)
    assert await database.system(lambda tx: list_values(tx, "customer", "source")) == ["展会", "网络", "转介绍"]
    assert await database.system(lambda tx: list_values(tx, "lead", "source")) == ["抖音", "百度"]
    assert await database.system(list_methods) == ["电话", "微信", "拜访", "会议", "邮件"]
    claims = await database.system(lambda tx: count_claims(tx, "zhao05", NOW.date()))
    assert (claims.total, claims.today) == (2, 0)
    assert await database.system(lambda tx: tx.exec(select(ClaimLog)).all()) == []  # owned ones count no claim
    product = await one(database, Product)
    assert (product.code, product.price, product.unit) == ("ZJ-001", Decimal("12800.00"), "台")
    node = await one(database, FlowNode)
    assert (node.participant_roles, node.participant_users) == (["业务员"], ["qian07"])
    stages = await database.system(lambda tx: tx.exec(select(Stage.name).order_by(col(Stage.position))).all())
    assert stages == ["初步接洽", "赢单", "输单"]


async def test_roles_have_members_functions_and_departments(database: Database) -> None:
    await load_company(database, full_world())
    manager = await database.system(lambda tx: list_memberships(tx, "wang03"))
    mine = next(one for one in manager if one.role == "部门经理")
    assert (mine.data_scope, mine.level, mine.departments) == ("departments", "advanced", frozenset({101}))
    assert "pool:assign" in mine.functions
    everybody = next(one for one in manager if one.role == EVERYBODY)
    assert (everybody.functions, everybody.data_scope) == (frozenset(), "self")


async def test_customers_have_owners_contacts_and_keys(database: Database) -> None:
    await load_company(database, full_world())
    row = await one(database, Customer, Customer.name == LINA)
    assert (row.owner_id, row.owner_since, row.pooled_at) == ("lina04", beijing(2026, 2, 25), None)
    assert (row.created_at, row.customer_class, row.source) == (beijing(2026, 1, 5), "重点客户", "展会")
    assert row.name_key
    assert "nbhd" in row.initials
    contact = await one(database, Contact, Contact.customer_id == row.id)
    assert (contact.name, contact.main, contact.mobile_tail, contact.initials) == ("张伟", True, "0001", "zw")
    pooled = await one(database, Customer, Customer.name == POOLED)
    assert (pooled.owner_id, pooled.owner_since, pooled.pooled_at) == (None, None, beijing(2026, 2, 20))
    pages = await database.system(lambda tx: tx.exec(select(OwnerHistory)).all())
    assert len(pages) == 12
    assert {(page.how, page.to_at) for page in pages} == {("load", None)}
    assert {page.customer_id: page.owner_id for page in pages}[row.id or 0] == "lina04"


async def test_follow_ups_settle_their_customer(database: Database) -> None:
    """Last contact: the latest. Next: what that one plans; what an earlier one planned is superseded."""
    await load_company(database, full_world())
    row = await one(database, Customer, Customer.name == LINA)
    assert row.last_follow_up_at == beijing(2026, 2, 25, 10)
    assert (row.next_follow_up_at, row.next_timed) == (beijing(2026, 3, 5), False)
    talks = await database.system(
        lambda tx: tx.exec(select(FollowUp).where(FollowUp.customer_id == row.id).order_by(col(FollowUp.id))).all()
    )
    assert [talk.user_id for talk in talks] == ["gone99", "lina04", "lina04", "lina04"]  # in the order of time
    assert (talks[0].next_at, talks[0].next_timed) == (beijing(2026, 2, 1, 9, 30), True)
    pooled = await one(database, Customer, Customer.name == POOLED)
    assert pooled.last_follow_up_at == beijing(2026, 2, 1, 10)
    assert pooled.next_follow_up_at is None  # nobody is to call


async def test_a_later_entry_without_a_plan_supersedes_the_plan(sqlite: Database) -> None:
    world = full_world()
    world["customers"][7]["follow_ups"].append(follow_up("lina04", "2026-03-01T10:00:00+08:00", "没有新计划"))
    await load_company(sqlite, world)
    row = await one(sqlite, Customer, Customer.name == LINA)
    assert (row.last_follow_up_at, row.next_follow_up_at) == (beijing(2026, 3, 1, 10), None)


async def test_the_sales_chain_is_kept(database: Database) -> None:
    await load_company(database, full_world())
    chance = await one(database, Opportunity)
    assert chance.customer_id == await database.system(lambda tx: customer_id(tx, LINA))  # 有限责任公司 is the same
    assert (chance.amount, chance.owner_id) == (Decimal("860000.00"), "lina04")
    assert (await one(database, OpportunityCompetitor)).opportunity_id == chance.id
    contract = await one(database, Contract)
    assert (contract.number, contract.amount, contract.state) == ("HT-2026-007", Decimal("500000.00"), "effective")
    assert (await one(database, Invoice)).amount == Decimal("150000.00")
    assert len(await database.system(lambda tx: tx.exec(select(Payment)).all())) == 2
    leads = await database.system(lambda tx: tx.exec(select(Lead).order_by(col(Lead.id))).all())
    assert [(lead.owner_id, lead.source) for lead in leads] == [("lina04", "抖音"), (None, "百度")]
    cells = await database.system(lambda tx: tx.exec(select(Target)).all())
    amounts = {cell.month: cell.amount for cell in cells if cell.subject_id == "lina04"}
    assert amounts == dict.fromkeys(range(1, 13), Decimal("300000.00")) | {2: Decimal("1.50")}
    assert [(c.subject_kind, c.month) for c in cells if c.subject_id == "101"] == [("department", 1)]


async def test_an_opportunity_without_a_stage_begins_at_the_first(sqlite: Database) -> None:
    world = full_world()
    del world["opportunities"][0]["stage"]
    world["stages"].insert(0, {"name": "先输", "win_rate": 0, "kind": "lost"})
    await load_company(sqlite, world)
    stage = await one(sqlite, Stage, Stage.name == "初步接洽")
    assert (await one(sqlite, Opportunity)).stage_id == stage.id


async def test_an_opportunity_stands_at_its_own_day(sqlite: Database) -> None:
    world = full_world()
    world["opportunities"][0]["created_on"] = "2026-02-01"
    await load_company(sqlite, world)
    one = await sqlite.system(lambda tx: tx.exec(select(Opportunity)).all()[0])
    assert one.created_at == one.stage_since == datetime(2026, 2, 1, tzinfo=BEIJING)


async def test_loaded_rows_obey_the_scope(database: Database) -> None:
    await load_company(database, full_world())
    for model in (Customer, Lead, Opportunity, Contract):
        seen = await database.unit(Scope("zhou06"), lambda tx, m=model: tx.exec(select(m)).all())  # type: ignore[misc]
        assert {row.owner_id for row in seen} <= {"zhou06"}, model


async def test_the_same_file_twice_changes_nothing(database: Database) -> None:
    world = await load_company(database, full_world())
    before = await database.system(dump)
    result = await load(database, copy.deepcopy(world), NOW + timedelta(days=3))
    assert not result.changed
    assert await database.system(dump) == before
    figures = result.sections
    assert figures["customers"].unchanged == figures["customers"].total == 12
    assert figures["customers.follow_ups"].unchanged == 5
    assert figures["contracts.payments"].unchanged == 2


async def test_the_same_file_does_not_undo_the_work_done_since(database: Database) -> None:
    world = await load_company(database, full_world())

    def work(tx: Tx) -> None:
        claimed = update(Customer).where(Customer.name == POOLED)  # type: ignore[arg-type]
        tx.execute(claimed.values(owner_id="zhao05", owner_since=NOW, pooled_at=None))
        tx.execute(update(FollowUp).where(FollowUp.content == "首次联系").values(deleted_at=NOW))  # type: ignore[arg-type]
        tx.execute(update(Contract).values(amount=Decimal("1.00")))
        tx.execute(update(Customer).where(Customer.name == LINA).values(deleted_at=NOW))  # type: ignore[arg-type]

    await database.system(work)
    before = await database.system(dump)
    assert not (await load(database, world)).changed
    assert await database.system(dump) == before


async def test_another_file_changes_only_what_it_names(database: Database) -> None:
    world = await load_company(database, full_world())
    await database.system(
        lambda tx: tx.execute(update(Customer).where(Customer.name == POOLED).values(remark="手写的"))  # type: ignore[arg-type]
    )
    other = {
        "version": 1,
        "customers": [
            {"name": POOLED, "owner": "zhao05", "owner_since": "2026-03-01"},
            {"name": "嘉善新客户有限公司", "owner": "zhao05"},
        ],
        "products": [{"code": "ZJ-001", "name": "数控主轴 II"}],
        "dictionaries": [{"name": "客户分类", "values": ["战略客户", "重点客户"]}],
        "contracts": [
            {
                "no": "HT-2026-007", "customer": LINA, "state": "void",
                "payments": [*world["contracts"][0]["payments"], {"amount": "5.00", "on": "2026-02-28"}],
            }
        ],
    }  # fmt: skip
    result = await load(database, other)
    assert result.counts == {
        "customers": 2, "products": 1, "dictionaries": 1, "contracts": 1, "contracts.payments": 1,
    }  # fmt: skip
    row = await one(database, Customer, Customer.name == POOLED)
    assert (row.owner_id, row.owner_since, row.remark) == ("zhao05", beijing(2026, 3, 1), "手写的")
    assert row.industry == "食品"  # a key the other file does not have
    pages = await database.system(
        lambda tx: tx.exec(
            select(OwnerHistory).where(OwnerHistory.customer_id == row.id).order_by(col(OwnerHistory.id))
        ).all()
    )
    assert [(page.owner_id, page.to_at) for page in pages] == [(None, NOW), ("zhao05", None)]
    product = await one(database, Product)
    assert (product.name, product.price) == ("数控主轴 II", Decimal("12800.00"))
    values = await database.system(lambda tx: tx.exec(select(DictionaryValue)).all())
    assert ("普通客户", False) in {(value.label, value.enabled) for value in values}  # switched off, not deleted
    assert await database.system(lambda tx: list_values(tx, "customer", "class")) == ["战略客户", "重点客户"]
    assert (await one(database, Contract)).state == "void"
    assert len(await database.system(lambda tx: tx.exec(select(Payment)).all())) == 3
    new = await one(database, Customer, Customer.name == "嘉善新客户有限公司")
    assert new.owner_since == NOW  # the file does not say


async def test_one_more_follow_up_in_a_file_moves_no_customer(database: Database) -> None:
    """The customer has another owner by now: a longer history is no reason to take it from him."""
    world = await load_company(database, full_world())
    await database.system(
        lambda tx: tx.execute(update(Customer).where(Customer.name == LINA).values(owner_id="zhao05"))  # type: ignore[arg-type]
    )
    world["customers"][7]["follow_ups"].append(follow_up("lina04", "2026-03-01T10:00:00+08:00", "新的一句"))
    result = await load(database, world)
    assert result.counts["customers"] == 0
    assert result.counts["customers.follow_ups"] == 1
    row = await one(database, Customer, Customer.name == LINA)
    assert (row.owner_id, row.last_follow_up_at) == ("zhao05", beijing(2026, 3, 1, 10))


async def test_a_new_main_contact_takes_the_place_of_the_old(database: Database) -> None:
    world = await load_company(database, full_world())
    world["customers"][7]["contacts"] = [
        {"name": "张伟", "mobile": "13800010009"},
        {"name": "周芳", "main": True},
    ]
    await load(database, world)
    rows = await database.system(
        lambda tx: tx.exec(select(Contact).where(Contact.customer_id == customer_id(tx, LINA))).all()
    )
    assert {(row.name, row.main, row.mobile) for row in rows} == {
        ("张伟", False, "13800010009"),
        ("周芳", True, ""),
    }


@pytest.mark.parametrize(
    "contacts", [[{"name": "甲"}, {"name": "乙"}], [{"name": "甲"}, {"name": "甲", "mobile": "1"}]]
)
async def test_somebody_is_the_main_contact(sqlite: Database, contacts: list[dict[str, Any]]) -> None:
    world = small_world()
    world["customers"] = [customer("甲公司", "lina04", contacts=contacts)]
    await load_company(sqlite, world)
    rows = await sqlite.system(lambda tx: tx.exec(select(Contact).order_by(col(Contact.id))).all())
    assert [row.main for row in rows] == [True, False]


async def test_absent_sections_and_keys_are_left_or_empty(database: Database) -> None:
    world = small_world()
    await load_company(database, world)
    before = await database.system(dump)
    assert not (await load(database, {"version": 1})).changed
    assert not (await load(database, {"version": 1, "customers": None, "settings": None, "roles": []})).changed
    assert await database.system(dump) == before
    await load(database, {"version": 1, "customers": [{"name": "光有名字有限公司"}]})
    row = await one(database, Customer, Customer.name == "光有名字有限公司")
    assert (row.owner_id, row.pooled_at, row.city, row.credit_code) == (None, NOW, "", None)


async def test_an_empty_world_still_makes_a_company(sqlite: Database) -> None:
    await load(sqlite, {"version": 1})
    assert await sqlite.system(is_loaded)
    assert not (await sqlite.system(read_settings)).opened
    assert await sqlite.system(list_methods) == list(METHODS)
    assert await sqlite.system(lambda tx: tx.exec(select(Role.name)).all()) == [EVERYBODY]


async def test_methods_in_use_join_the_built_in_ones(sqlite: Database) -> None:
    world = full_world()
    world["dictionaries"] = [one for one in world["dictionaries"] if one["name"] != "跟进方式"]
    world["customers"][7]["follow_ups"][0]["method"] = "上门"
    await load_company(sqlite, world)
    assert await sqlite.system(list_methods) == [*METHODS, "上门"]
    assert not (await load(sqlite, world)).changed


async def test_labels_are_kept_as_the_dictionary_writes_them(sqlite: Database) -> None:
    world = full_world()
    world["dictionaries"][0]["values"] = ["A类", "普通客户", "重点客户"]
    world["customers"][7]["class"] = "ａ类 "
    await load_company(sqlite, world)
    assert (await one(sqlite, Customer, Customer.name == LINA)).customer_class == "A类"


async def test_people_outside_the_mirror_may_be_named_by_the_file(sqlite: Database) -> None:
    """The address-book scope may be narrower than the company."""
    world = small_world()
    world["customers"] = [customer("甲公司", "zhou06")]

    def work(tx: Tx) -> None:
        mirror(tx, world | {"users": [u for u in world["users"] if u["userid"] != "zhou06"]})
        load_world(tx, world, NOW)

    await sqlite.system(work)
    assert (await one(sqlite, Customer)).owner_id == "zhou06"


async def test_a_tightened_rule_of_a_second_file_counts_from_its_day(sqlite: Database) -> None:
    await load_company(sqlite)
    await load(sqlite, {"version": 1, "settings": {"pool": {"return_after_days": 5}}})
    settings = await sqlite.system(read_settings)
    assert (settings.pool.return_after_days, settings.pool_rule_since) == (5, NOW.date())
    assert settings.opened  # a name the second file does not have


async def test_a_rolled_back_load_leaves_nothing(database: Database) -> None:
    class _DryRun(Exception):
        pass

    await database.system(lambda tx: mirror(tx, full_world()))
    before = await database.system(dump)

    def work(tx: Tx) -> None:
        assert load_world(tx, full_world(), NOW).changed
        raise _DryRun

    with pytest.raises(_DryRun):
        await database.system(work)
    assert await database.system(dump) == before


async def test_the_load_is_written_down(sqlite: Database) -> None:
    await load_company(sqlite, full_world())
    audits = (await sqlite.read(SYSTEM, dump))["audit"]
    assert len(audits) == 1
    assert {"load", "world.load"} <= set(map(str, audits[0]))
