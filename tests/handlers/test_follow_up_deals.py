"""A follow-up that names an opportunity finds its customer, on both databases."""

from typing import Any

from sqlmodel import select

from storage.database import Database
from storage.tables import Customer, FollowUp, Opportunity
from tests.support.company import load_company
from tests.support.deals import deals_world
from tests.support.room import Room


def company(*more: dict[str, Any]) -> dict[str, Any]:
    world = deals_world()
    world["opportunities"] += more
    return world


def deal(name: str, customer: str, owner: str) -> dict[str, Any]:
    return {"name": name, "customer": customer, "amount": "1.00", "stage": "初步沟通", "owner": owner}


async def _rows(db: Database, table: Any) -> list[Any]:
    return await db.system(lambda tx: list(tx.exec(select(table).order_by(table.id)).all()))


async def test_the_opportunity_says_whose_it_is(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    said = await room.say("lina04", "跟进 二期扩容 电话聊了报价，下周三再打")
    assert "已记录 · 华兴科技" in said and "二期扩容" in said and "聊了报价" in said
    entry = (await _rows(database, FollowUp))[-1]
    [about] = await _rows(database, Opportunity)
    whose = next(c for c in await _rows(database, Customer) if c.id == entry.customer_id)
    assert (whose.name, entry.opportunity_id, entry.method) == ("华兴科技有限公司", about.id, "电话")
    assert (about.last_follow_up_at, about.next_follow_up_at) == (entry.at, entry.next_at)
    assert whose.last_follow_up_at == entry.at
    await room.say("lina04", "撤销")
    [about] = await _rows(database, Opportunity)
    assert (about.last_follow_up_at, about.next_follow_up_at) == (None, None)


async def test_a_customers_name_comes_before_an_opportunitys(database: Database) -> None:
    await load_company(database, company(deal("华兴科技", "宁波华东精密机械有限公司", "lina04")))
    assert "已记录 · 华兴科技有限公司" in await Room(database).say("lina04", "跟进 华兴科技 谈了付款")
    assert (await _rows(database, FollowUp))[-1].opportunity_id is None


async def test_behind_its_customer_it_is_found_too(database: Database) -> None:
    await load_company(database, company(deal("二期", "华兴科技有限公司", "lina04")))
    room = Room(database)
    said = await room.say("lina04", "跟进 华兴科技 二期扩容 聊了报价，下周三再打")
    assert "已记录 · 华兴科技" in said and "二期扩容" in said, "the longest name"
    entry = (await _rows(database, FollowUp))[-1]
    assert (entry.opportunity_id, entry.content) == ((await _rows(database, Opportunity))[0].id, "聊了报价")
    await room.say("lina04", "跟进 华兴科技 二期扩容的图纸已经发了")
    entry = (await _rows(database, FollowUp))[-1]
    assert entry.opportunity_id is None and entry.content == "二期扩容的图纸已经发了", "a name that goes on"
    await room.say("lina04", "跟进 宁波华东 二期扩容，聊了报价")
    assert (await _rows(database, FollowUp))[-1].opportunity_id is None, "another customer's"


async def test_of_several_it_is_asked(database: Database) -> None:
    await load_company(database, company(deal("二期扩容", "宁波华东精密机械有限公司", "lina04")))
    room = Room(database)
    before = len(await _rows(database, FollowUp))
    assert "找到 2 个商机" in await room.say("lina04", "跟进 二期扩容 谈了付款")
    assert len(await _rows(database, FollowUp)) == before
    assert "已记录 · 宁波华东" in await room.say("lina04", "2")
    last = (await _rows(database, FollowUp))[-1]
    assert last.opportunity_id == (await _rows(database, Opportunity))[1].id


async def test_anothers_opportunity_is_as_if_it_were_not_there(database: Database) -> None:
    await load_company(database, company(deal("秘密项目", "深圳创想电子有限公司", "zhou06")))
    said = await Room(database).say("lina04", "跟进 秘密项目 谈了付款")
    assert "没有找到「秘密项目」" in said and "创想" not in said
