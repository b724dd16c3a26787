"""Leads return to their pool by themselves (R-LEAD-6 by the rules of 1.9), and a handover stands in their history."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from handlers.handover.parties import Wanted
from handlers.handover.service import hand_over, undo_handover
from handlers.leadpool import service as leadpool
from handlers.leads.service import convert_lead, log_follow_up, transfer_lead
from storage.database import Database
from storage.lead_plans import ClockedLead
from storage.settings import read_settings, write_setting
from storage.tables import Audit, Handover, Lead, LeadOwnerHistory
from tests.support.company import load_company
from tests.support.leadworld import NOBODY, SECRET, XINQIAO, do, lead_company, lead_of
from tests.support.room import NOW, Room

ADMIN, CABLE = "chen01", "嘉兴丰收电缆"


@pytest.fixture
async def room(database: Database) -> Room:
    await load_company(database, lead_company())
    return Room(database)


async def pages(room: Room, company: str) -> list[LeadOwnerHistory]:
    of = (await lead_of(room.db, company)).id
    query = select(LeadOwnerHistory).where(LeadOwnerHistory.lead_id == of).order_by(col(LeadOwnerHistory.id))
    return list(await room.db.system(lambda tx: tx.exec(query).all()))


async def recycled(room: Room) -> list[str]:
    """As the job does it."""
    due: list[ClockedLead] = await room.run(leadpool.recycle_due)
    return [one.company for one in due if await room.run(leadpool.recycle_lead, one)]


async def test_the_day_card_has_what_is_about_to_return(room: Room) -> None:
    await room.say("lina04", f"跟进线索 {XINQIAO} 电话聊了需求")
    assert "线索公海" not in await room.say("lina04", "今天")
    await room.say(ADMIN, "公海设置 线索未跟进返回 15天")
    assert "将返回线索公海" not in await room.say("lina04", "今天")
    room.later(days=12)
    told = await room.say("lina04", "今天")
    assert "将返回线索公海 1 条" in told and "线索 · 将返回线索公海 · 还有 3 天" in told
    assert f"跟进线索 {XINQIAO}" in told and SECRET not in told


async def test_a_lead_nobody_follows_up_returns_on_the_day_and_not_before(room: Room) -> None:
    told = await room.say(ADMIN, "公海设置 线索未跟进返回 3天")
    assert "线索未跟进自动返回" in told and "7 天内会返回线索公海：2 条" in told
    room.later(days=2)
    assert await recycled(room) == []
    assert "还有 1 天" in await room.say("lina04", "查线索 无锡新桥")
    room.later(days=1)
    assert sorted(await recycled(room)) == sorted([XINQIAO, SECRET])
    assert await recycled(room) == []  # again: nothing more (invariant 21)
    lead = await lead_of(room.db, XINQIAO)
    assert lead.owner_id is None and lead.pool_reason == "3 天未跟进，自动返回线索公海"
    [was, now] = await pages(room, XINQIAO)
    assert (was.owner_id, was.how, was.to_at) == ("lina04", "create", now.from_at)
    assert (now.owner_id, now.how, now.rule_days, now.by_user_id) == (None, "recycle", 3, "")
    lines = await room.db.system(lambda tx: tx.exec(select(Audit).where(Audit.action == "recycle.lead")).all())
    assert len(lines) == 2
    await room.morning()
    assert f"线索「{XINQIAO}」3 天未跟进，已自动返回线索公海" in room.shown["lina04"][-1]
    await room.say("zhao05", "领取线索 无锡新桥")
    assert (await lead_of(room.db, XINQIAO)).owner_id == "zhao05"


async def test_the_days_count_from_when_the_rule_was_switched_on(room: Room) -> None:
    room.later(days=40)
    await room.say(ADMIN, "公海设置 线索未跟进返回 15天")
    assert await recycled(room) == []
    room.later(days=14)
    assert await recycled(room) == []
    room.later(days=1)
    assert len(await recycled(room)) == 2


@pytest.mark.parametrize("days", [7, 3, 1])
async def test_its_owner_is_warned_seven_three_and_one_days_before(room: Room, days: int) -> None:
    await room.say(ADMIN, "公海设置 线索未跟进返回 10天")
    room.later(days=10 - days)
    await room.morning()
    [message] = [one for one in room.shown["lina04"] if "返回线索公海" in one]
    assert f"线索「{XINQIAO}」还有 {days} 天返回线索公海" in message


async def test_a_follow_up_a_conversion_or_a_new_owner_meanwhile_wins(room: Room) -> None:
    names = ("嘉兴丰收电缆", "绍兴天成轴承", "台州永固阀门")
    for number, name in enumerate(names):
        await room.say("lina04", f"新建线索 {name} 1381111100{number}")
    await room.say(ADMIN, "公海设置 线索未跟进返回 3天")
    room.later(days=3)
    due = {one.company: one for one in await room.run(leadpool.recycle_due)}
    later = room.clock.now() + timedelta(minutes=1)
    first, second, third = [due[name] for name in names]
    await do(room.db, "lina04", log_follow_up, first.id, "电话聊了需求", at=later)
    await do(room.db, "lina04", convert_lead, second.id, anyway=True, at=later)
    await do(room.db, "wang03", transfer_lead, third.id, "zhao05", at=later)
    assert [await room.run(leadpool.recycle_lead, one) for one in (first, second, third)] == [False, False, False]
    assert (await lead_of(room.db, third.company)).owner_id == "zhao05"


async def test_a_new_owner_has_all_his_days(room: Room) -> None:
    await room.say(ADMIN, "公海设置 线索未跟进返回 3天")
    room.later(days=2)
    lead = await lead_of(room.db, XINQIAO)
    await do(room.db, "wang03", transfer_lead, lead.id, "zhao05", at=room.clock.now())
    room.later(days=2)
    assert await recycled(room) == [SECRET]
    room.later(days=1)
    assert await recycled(room) == [XINQIAO]


async def test_without_the_pool_the_rule_or_the_edition_none_returns(room: Room) -> None:
    async def put(**pool: Any) -> None:
        await room.db.system(lambda tx: write_setting(tx, "pool", pool, by="", now=NOW))

    await put(leads=True, lead_return_after_days=None)
    room.later(days=400)
    assert await recycled(room) == []
    await put(leads=False, lead_return_after_days=3)
    assert await recycled(room) == []
    assert "线索公海还没开" in await room.say(ADMIN, "公海设置 线索未跟进返回 5天")
    await put(leads=True, lead_return_after_days=3)
    await room.db.system(lambda tx: write_setting(tx, "edition", "free", by="", now=NOW))
    assert await recycled(room) == []


async def test_an_undo_of_the_setting_brings_its_first_day_back(room: Room) -> None:
    await room.say(ADMIN, "公海设置 线索未跟进返回 30天")
    room.later(days=5)
    await room.say(ADMIN, "公海设置 线索未跟进返回 10天")
    assert "已撤销" in await room.say(ADMIN, "撤销")
    settings = await room.db.system(read_settings)
    assert settings.pool.lead_return_after_days == 30 and settings.lead_rule_since == NOW.date()


@pytest.mark.parametrize("said", ["线索15天没跟进返回", "线索未跟进返回 15天", "线索自动返回 15天"])
async def test_the_leads_rule_is_not_the_customers(room: Room, said: str) -> None:
    await room.say(ADMIN, f"公海设置 {said}")
    pool = (await room.db.system(read_settings)).pool
    assert (pool.lead_return_after_days, pool.return_after_days) == (15, None)


# -- handover -------------------------------------------------------------------------------------------------------


async def handed_over(room: Room, giver: str, receiver: str) -> Handover:
    wanted = Wanted(giver, receiver, ("lead",))
    asked = await do(room.db, ADMIN, hand_over, wanted, shown=None, at=room.clock.now())
    await do(room.db, ADMIN, hand_over, wanted, shown=asked.moving, at=room.clock.now())
    return await room.db.system(lambda tx: tx.exec(select(Handover)).one())


async def test_a_handover_stands_in_each_leads_history_with_its_id(room: Room) -> None:
    await room.say("lina04", f"新建线索 {CABLE} 13811110009")
    handover = await handed_over(room, "lina04", "zhao05")
    for company in (XINQIAO, CABLE):  # the first is older than its history
        was, now = await pages(room, company)
        assert (was.owner_id, was.how, was.to_at, was.handover_id) == ("lina04", "create", now.from_at, None)
        assert (now.owner_id, now.how, now.to_at) == ("zhao05", "handover", None)
        assert (now.handover_id, now.by_user_id) == (handover.id, ADMIN) and "交接给" in now.reason
    assert await pages(room, SECRET) == []
    await do(room.db, ADMIN, undo_handover, {"handover_id": handover.id})
    for company in (XINQIAO, CABLE):
        *_, given, back = await pages(room, company)
        assert given.to_at == back.from_at
        assert (back.owner_id, back.how, back.handover_id) == ("lina04", "undo", handover.id)
    assert "先后负责：李娜 → 赵磊 → 李娜" in await room.say("lina04", "查线索 无锡新桥")


async def test_the_open_line_is_the_owners_whatever_happens(room: Room) -> None:
    """Invariant 2, of leads: after each of the ways a lead changes hands."""
    await room.say(ADMIN, "公海设置 线索未跟进返回 3天")
    await room.say("zhao05", f"领取线索 {NOBODY}")
    room.later(days=3)
    await recycled(room)
    await room.say("zhou06", "领取线索 无锡新桥")
    await handed_over(room, "zhou06", "zhao05")
    for lead in await room.db.system(lambda tx: tx.exec(select(Lead)).all()):
        standing = [page.owner_id for page in await pages(room, lead.company) if page.to_at is None]
        assert standing == [lead.owner_id], lead.company
