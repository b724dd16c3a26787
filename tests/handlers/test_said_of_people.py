"""What people say of contacts, colleagues and prices without a command; whom it is not certain of is never guessed."""

from typing import Any

import pytest
from sqlmodel import col, select

from storage.database import Database
from storage.tables import Contact, TeamMember
from tests.handlers.test_ways_of_saying import company as other_company
from tests.support.company import load_company
from tests.support.room import Room
from tests.support.world import customer, user

LINA, ADMIN = "lina04", "chen01"
MORE = ("product:view", "contact:add", "contact:view", "customer:add")


def company() -> dict[str, Any]:
    world = other_company()
    for role in world["roles"]:
        role["functions"] = sorted({*role["functions"], *MORE})
    people = [{"name": "雷军", "mobile": "18611112222", "main": True}, {"name": "Mike Chen", "mobile": ""}]
    world["customers"] += [customer("小米科技有限公司", LINA, contacts=people), customer("大米粮油", LINA)]
    world["users"].append(user("gao99", "高兴", 101))
    return world


@pytest.fixture
async def room(database: Database) -> Room:
    await load_company(database, company())
    return Room(database)


async def contact(room: Room, name: str) -> Contact:
    return await room.db.system(lambda tx: tx.exec(select(Contact).where(col(Contact.name) == name)).one())


async def members(room: Room) -> list[tuple[str, bool]]:
    rows = await room.db.system(lambda tx: tx.exec(select(TeamMember)).all())
    return [(m.user_id, m.may_write) for m in rows if m.ended_at is None]


@pytest.mark.parametrize(
    "said", ["小米的雷军换号码了 18612345678", "雷军的手机换成18612345678了", "小米科技 雷军 换了新手机：18612345678"]
)
async def test_a_number_is_replaced_on_one_tap(room: Room, said: str) -> None:
    told = await room.say(LINA, said)
    assert "现在的号码：18611112222" in told and "换成：18612345678" in told
    assert (await contact(room, "雷军")).mobile == "18611112222"
    await room.say(LINA, "确认")
    assert (await contact(room, "雷军")).mobile == "18612345678"
    await room.say(LINA, "撤销")
    assert (await contact(room, "雷军")).mobile == "18611112222"


async def test_a_first_number_needs_no_tap(room: Room) -> None:
    assert "已修改 Mike Chen" in await room.say(LINA, "小米 Mike Chen 换号码 18612340000")
    assert (await contact(room, "Mike Chen")).mobile == "18612340000"


async def test_somebody_is_not_guessed(room: Room) -> None:
    told = await room.say(LINA, "小米的雷总换号码了 18612345678")
    assert "没有叫「雷总」" in told and "改联系人 小米科技有限公司 雷军 手机 18612345678" in told
    assert (await contact(room, "雷军")).mobile == "18611112222"
    assert "新号码是多少" in await room.say(LINA, "雷军换号码了")
    await room.say(LINA, "确认")
    assert (await contact(room, "雷军")).mobile == "18611112222"


async def test_it_changed_meanwhile(room: Room) -> None:
    await room.say(LINA, "雷军换号码了 18612345678")
    await room.say(ADMIN, "改联系人 小米 雷军 职务 董事长")
    assert "没有保存" in await room.say(LINA, "确认")
    assert (await contact(room, "雷军")).mobile == "18611112222"


async def test_a_name_of_two_words_has_left(room: Room) -> None:
    assert "已停用：离职" in await room.say(LINA, "Mike Chen 离职了")
    assert (await contact(room, "Mike Chen")).disabled_reason == "离职"
    told = await room.say(LINA, "Tom Lee 离职了")
    assert "没有叫「Tom Lee」" in told and "停用联系人 华兴 Tom Lee 离职" in told


async def test_a_colleague_works_on_it_too(room: Room) -> None:
    await room.say(LINA, "让高兴一起跟小米")
    assert await members(room) == [("gao99", True)]
    await room.say(LINA, "撤销")
    assert await members(room) == []
    assert "没有找到在职同事「高远」" in await room.say(LINA, "让高远来一起跟一下小米")
    assert "有 2 位「王强」" in await room.say(LINA, "让王强帮忙跟小米科技")
    assert await members(room) == []


async def test_what_a_product_costs(room: Room) -> None:
    assert "8W筒灯 · 18.50 元" in await room.say(LINA, "LED-8W 多少钱")
    assert "18.50" in await room.say(LINA, "筒灯什么价？")
    assert "QD.36" in await room.say(LINA, "QD.36 的单价")
    told = await room.say(LINA, "小米多少钱")
    assert "没有叫「小米」的产品" in told and "「产品」" in told and "18.50" not in told
