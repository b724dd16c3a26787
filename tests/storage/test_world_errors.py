"""A world file with a mistake: the path is named, and nothing is loaded."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from storage.database import Database
from storage.settings import is_loaded
from storage.tables import Customer, Setting
from storage.world.load import load_world
from storage.world.schema import WorldError
from tests.support.company import NOW, load_company, mirror
from tests.support.full_world import full_world

World = dict[str, Any]


def at(*keys: str | int, value: Any) -> Callable[[World], None]:
    """Sets one place."""

    def change(world: World) -> None:
        place: Any = world
        for key in keys[:-1]:
            place = place[key]
        if isinstance(place, list) and keys[-1] == len(place):
            place.append(value)
        else:
            place[keys[-1]] = value

    return change


def twice(section: str) -> Callable[[World], None]:
    return lambda world: world[section].append(dict(world[section][0]))


MISTAKES: list[tuple[str, Callable[[World], object]]] = [
    # unknown keys
    ("colours", at("colours", value=[])),
    ("customers[3].colour", at("customers", 3, "colour", value=None)),
    ("settings.pool.cap", at("settings", "pool", "cap", value=3)),
    ("settings.pool_rule_since", at("settings", "pool_rule_since", value="2026-01-01")),
    ("customers[7].contacts[0].phone", at("customers", 7, "contacts", 0, "phone", value="1")),
    ("customers[7].follow_ups[1].text", at("customers", 7, "follow_ups", 1, "text", value="x")),
    ("roles[0].members[0].name", at("roles", 0, "members", 0, "name", value="x")),
    ("invoice_flow.nodes[0].hidden", at("invoice_flow", "nodes", 0, "hidden", value=[])),
    # unknown references
    ("customers[3].owner", at("customers", 3, "owner", value="nobody")),
    ("customers[7].class", at("customers", 7, "class", value="特别客户")),
    ("customers[7].source", at("customers", 7, "source", value="抖音")),
    ("customers[7].follow_ups[0].method", at("customers", 7, "follow_ups", 0, "method", value="传真")),
    ("leads[0].source", at("leads", 0, "source", value="展会")),  # bound to another dictionary by this file
    ("leads[1].owner", at("leads", 1, "owner", value="nobody")),
    ("products[0].category", at("products", 0, "category", value="服务")),
    ("products[0].unit", at("products", 0, "unit", value="吨")),
    ("claims[0].user", at("claims", 0, "user", value="nobody")),
    ("opportunities[0].customer", at("opportunities", 0, "customer", value="没有这家有限公司")),
    ("opportunities[0].stage", at("opportunities", 0, "stage", value="报价")),
    ("opportunities[0].stage", lambda world: (world.pop("stages"), world["opportunities"][0].pop("stage"))),
    ("opportunities[0].owner", at("opportunities", 0, "owner", value="nobody")),
    ("opportunities[0].source", at("opportunities", 0, "source", value="抖音")),
    ("opportunities[0].competitors[0]", at("opportunities", 0, "competitors", 0, value="没有")),
    ("contracts[0].customer", at("contracts", 0, "customer", value="没有这家有限公司")),
    ("contracts[0].owner", at("contracts", 0, "owner", value="nobody")),
    ("targets[0].user", at("targets", 0, "user", value="nobody")),
    ("targets[1].department", at("targets", 1, "department", value=999)),
    ("field_dictionaries[0].form", at("field_dictionaries", 0, "form", value="party")),
    ("field_dictionaries[0].field", at("field_dictionaries", 0, "field", value="company")),
    ("field_dictionaries[0].dictionary", at("field_dictionaries", 0, "dictionary", value="没有")),
    ("roles[0].functions[1]", at("roles", 0, "functions", 1, value="customer:paint")),
    ("roles[0].members[1].user", at("roles", 0, "members", 1, value={"user": "nobody"})),
    ("roles[1].members[0].departments[0]", at("roles", 1, "members", 0, "departments", value=[999])),
    (
        "invoice_flow.nodes[0].participants.roles[0]",
        at("invoice_flow", "nodes", 0, "participants", "roles", 0, value="x"),
    ),
    (
        "invoice_flow.nodes[0].participants.users[0]",
        at("invoice_flow", "nodes", 0, "participants", "users", 0, value="x"),
    ),
    ("invoice_flow.nodes[0].hidden_fields[1]", at("invoice_flow", "nodes", 0, "hidden_fields", 1, value="price")),
    ("settings.admins[1]", at("settings", "admins", value=["chen01", "nobody"])),
    ("settings.consented_by", at("settings", "consented_by", value="nobody")),
    ("settings.usage_scope.users[0]", at("settings", "usage_scope", "users", value=["nobody"])),
    ("settings.usage_scope.departments[0]", at("settings", "usage_scope", "departments", value=[999])),
    # values that cannot be read
    ("version", at("version", value=2)),
    ("version", at("version", value=True)),
    ("customers", at("customers", value={})),
    ("customers[2]", at("customers", 2, value="一家公司")),
    ("customers[2].name", at("customers", 2, value={"owner": None})),
    ("customers[2].name", at("customers", 2, "name", value="  ")),
    ("customers[2].name", at("customers", 2, "name", value="甲\x00乙")),
    ("customers[2].created_on", at("customers", 2, "created_on", value="2026-02-30")),
    ("customers[2].created_on", at("customers", 2, "created_on", value="2026-2-3")),
    ("customers[2].pooled_on", at("customers", 2, "pooled_on", value="2026-02-20T00:00:00+08:00")),
    ("customers[7].contacts[0].main", at("customers", 7, "contacts", 0, "main", value="yes")),
    ("customers[7].follow_ups[0].at", at("customers", 7, "follow_ups", 0, "at", value="2026-02-25T10:00:00")),
    ("customers[7].follow_ups[0].at", at("customers", 7, "follow_ups", 0, "at", value=1772000000)),
    ("customers[7].follow_ups[0].next_at", at("customers", 7, "follow_ups", 0, "next_at", value="下周三")),
    ("customers[7].follow_ups[0].by", at("customers", 7, "follow_ups", 0, "by", value=None)),
    ("products[0].price", at("products", 0, "price", value=12800)),
    ("products[0].price", at("products", 0, "price", value="12800")),
    ("products[0].price", at("products", 0, "price", value="-1.00")),
    ("contracts[0].amount", at("contracts", 0, "amount", value="1,000.00")),
    ("contracts[0].state", at("contracts", 0, "state", value="signed")),
    ("contracts[0].payments[1].on", at("contracts", 0, "payments", 1, "on", value=None)),
    ("stages[0].win_rate", at("stages", 0, "win_rate", value=101)),
    ("stages[0].kind", at("stages", 0, "kind", value="maybe")),
    ("claims[0].count", at("claims", 0, "count", value=-1)),
    ("claims[0].count", at("claims", 0, "count", value="2")),
    ("targets[0].months.13", at("targets", 0, "months", value={"13": "1.00"})),
    ("targets[0].metric", at("targets", 0, "metric", value="profit")),
    ("targets[0]", at("targets", 0, "department", value=101)),
    ("targets[0]", at("targets", 0, "user", value=None)),
    ("settings.pool.claim_cap", at("settings", "pool", "claim_cap", value="3")),
    ("settings.opened", at("settings", "opened", value=1)),
    ("settings.edition", at("settings", "edition", value="gold")),
    ("settings.quiet_hours[1]", at("settings", "quiet_hours", value=["20:00", "25:00"])),
    ("settings.advanced_operations.party", at("settings", "advanced_operations", value={"party": []})),
    ("roles[0].data_scope", at("roles", 0, "data_scope", value="team")),
    ("dictionaries[0].values[1]", at("dictionaries", 0, "values", value=["A", "B；C"])),
    # twice the same
    ("customers[1].name", at("customers", 1, "name", value="宁波海蓝食品有限责任公司")),
    ("dictionaries[3].name", at("dictionaries", 3, "name", value="客户分类 ")),
    ("dictionaries[0].values[2]", at("dictionaries", 0, "values", value=["A", "B", "ａ"])),
    ("stages[3].name", twice("stages")),
    ("products[1].code", twice("products")),
    ("competitors[1].name", twice("competitors")),
    ("roles[2].name", twice("roles")),
    ("roles[0].members[3].user", at("roles", 0, "members", 3, value={"user": "lina04"})),
    ("claims[1].user", twice("claims")),
    ("opportunities[1].name", twice("opportunities")),
    ("contracts[1].no", twice("contracts")),
    ("targets[2]", twice("targets")),
    ("field_dictionaries[1].field", twice("field_dictionaries")),
    ("customers[7].contacts[1].main", at("customers", 7, "contacts", 1, value={"name": "乙", "main": True})),
    ("roles[0].members", at("roles", 0, "name", value="所有用户")),
]


@pytest.mark.parametrize(("path", "change"), MISTAKES, ids=[f"{n}-{path}" for n, (path, _) in enumerate(MISTAKES)])
async def test_a_mistake_is_named_and_nothing_is_loaded(
    sqlite: Database, path: str, change: Callable[[World], object]
) -> None:
    await sqlite.system(lambda tx: mirror(tx, full_world()))
    world = full_world()
    change(world)
    with pytest.raises(WorldError) as refusal:
        await sqlite.system(lambda tx: load_world(tx, world, NOW))
    assert refusal.value.path == path
    assert refusal.value.text.startswith(f"{path}：")
    assert not await sqlite.system(is_loaded)
    assert await sqlite.system(lambda tx: tx.exec(select(Setting)).all()) == []


@pytest.mark.parametrize("document", [None, [], "world", 3])
async def test_what_is_no_object_is_no_world(sqlite: Database, document: Any) -> None:
    with pytest.raises(WorldError, match="JSON"):
        await sqlite.system(lambda tx: load_world(tx, document, NOW))


async def test_a_mistake_in_the_last_section_takes_back_the_first(database: Database) -> None:
    """A credit code that another customer of the database has is found while rows are being written."""
    await load_company(database, full_world())
    other = "91330200MA2XXXXX0K"
    first = {"version": 1, "customers": [{"name": "甲公司有限公司", "credit_code": other}]}
    await database.system(lambda tx: load_world(tx, first, NOW))
    second = {
        "version": 1,
        "stages": [{"name": "新阶段", "win_rate": 20}],
        "customers": [{"name": "乙公司有限公司"}, {"name": "丙公司有限公司", "credit_code": other.lower()}],
    }
    with pytest.raises(WorldError) as refusal:
        await database.system(lambda tx: load_world(tx, second, NOW))
    assert refusal.value.path == "customers[1].credit_code"
    names = await database.system(lambda tx: set(tx.exec(select(Customer.name)).all()))
    assert len(names) == 13
    assert "乙公司有限公司" not in names


async def test_people_and_departments_are_looked_up_in_the_mirror(database: Database) -> None:
    """A file of the CRM's sections alone, as a firm writes it."""
    await database.system(lambda tx: mirror(tx, full_world()))
    alone = {"version": 1, "customers": [{"name": "甲公司", "owner": "lina04"}]}
    await database.system(lambda tx: load_world(tx, alone, NOW))
    alone["customers"] = [{"name": "乙公司", "owner": "lina99"}]
    with pytest.raises(WorldError) as refusal:
        await database.system(lambda tx: load_world(tx, alone, NOW))
    assert refusal.value.path == "customers[0].owner"
    assert "lina99" in refusal.value.text


async def test_a_follow_up_may_be_by_somebody_long_gone(database: Database) -> None:
    await load_company(database, full_world())  # gone99 is nowhere
