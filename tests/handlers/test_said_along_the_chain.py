"""Sloppy sentences along the whole chain, each taken for what it says and for nothing else."""

from typing import Any

import pytest
from sqlmodel import col, select

from storage.database import Database
from storage.tables import Customer, FollowUp, LeadFollowUp
from tests.handlers.test_said_of_people import company
from tests.support.company import load_company
from tests.support.room import Room

LINA = "lina04"


@pytest.fixture
async def room(database: Database) -> Room:
    await load_company(database, company())
    return Room(database)


async def count(room: Room, model: type[Any]) -> int:
    return len(await room.db.system(lambda tx: tx.exec(select(model)).all()))


async def test_a_contact_with_a_lead_whose_name_stands_first(room: Room) -> None:
    await room.say(LINA, "新建线索 东莞宏达电子 张经理 13800001111")
    told = await room.say(LINA, "宏达加了微信，明天下午给他报价")
    assert "已记跟进 东莞宏达电子" in told and "明天 15:00" in told
    assert "跟进中 → 有意向" in await room.say(LINA, "宏达有兴趣")
    assert await count(room, LeadFollowUp) == 1 and await count(room, FollowUp) == 0


@pytest.mark.parametrize("said", ["来了条线索", "收到一条线索：", "有个线索，", "来了个新线索"])
async def test_a_lead_that_has_come(room: Room, said: str) -> None:
    assert "已建线索 义乌星河灯饰" in await room.say(LINA, f"{said} 义乌星河灯饰 王老板 13711112222 展会")


async def test_what_two_leads_are_called_is_not_guessed(room: Room) -> None:
    await room.say(LINA, "新建线索 东莞宏达电子 张经理 13800001111")
    await room.say(LINA, "新建线索 惠州宏达五金 李经理 13800002222")
    await room.say(LINA, "宏达加了微信，明天下午给他报价")
    assert await count(room, LeadFollowUp) == 0


async def test_a_stage_is_reached(room: Room) -> None:
    await room.say(LINA, "商机 华兴科技 灯具采购 9万 月底签")
    assert "初步沟通 → 商务谈判" in await room.say(LINA, "灯具采购到商务谈判了")
    told = await room.say(LINA, "灯具采购到客户那里演示了")
    assert "已记录" in told and "到客户那里演示了" in told, "what is no stage is told, not moved to"


@pytest.mark.parametrize("said", ["华兴科技打了3万过来", "华兴科技转了3万过来了", "华兴科技 到账3万"])
async def test_money_that_came_in(room: Room, said: str) -> None:
    told = await room.say(LINA, said)
    assert "请核对 回款" in told and "¥30,000.00" in told and "日期：3月2日" in told


async def test_payments_asked_for_in_a_sentence(room: Room) -> None:
    await room.say(LINA, "回款 3M 2万")
    await room.say(LINA, "登记回款")
    for said in ("本月回款", "3M的回款", "我本月的回款", "这个月有哪些回款"):
        assert "共 1 笔" in await room.say(LINA, said), said
    assert "没有符合的回款" in await room.say(LINA, "上个月的回款")


async def test_when_somebody_was_met_is_a_question(room: Room) -> None:
    before = await count(room, FollowUp)
    for said in ("华兴科技什么时候联系过", "华兴科技多久没联系了？", "华兴科技上次跟进是什么时候"):
        told = await room.say(LINA, said)
        assert "记到这家吗" not in told and "归属" in told, said
    assert await count(room, FollowUp) == before


@pytest.mark.parametrize("said", ["给我看看华兴科技的合同", "帮我查一下华兴科技", "请跟进 华兴科技 电话聊了报价"])
async def test_a_polite_order_is_no_reason(room: Room, said: str) -> None:
    await room.say(LINA, "3M不做了")
    told = await room.say(LINA, said)
    assert "已退回" not in told and "已放下刚才的退回" in told
    query = select(Customer).where(col(Customer.name) == "3M中国有限公司")
    assert (await room.db.system(lambda tx: tx.exec(query).one())).owner_id == LINA
