"""Leads: their states, and what becomes of one that is converted."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from bot.context import make_context
from bot.identity import identify
from handlers.leads.service import convert_lead
from storage.database import Database, Tx
from storage.settings import read_settings
from storage.tables import Contact, Customer, DigestItem, FollowUp, Lead, Opportunity, OwnerHistory
from tests.support.company import load_company
from tests.support.room import NOW, Room
from tests.support.world import small_world

SELLS = ["lead:view", "lead:add", "opportunity:view", "opportunity:add"]
LEADS = ["lead:edit", "lead:transfer", "lead:delete"]


def company(**settings: Any) -> dict[str, Any]:
    world = small_world(**settings)
    world["roles"][0]["functions"] = [*world["roles"][0]["functions"], *SELLS]
    world["roles"][1]["functions"] = [*world["roles"][1]["functions"], *SELLS, *LEADS]
    world["stages"] = [
        {"name": "初步沟通", "win_rate": 10, "kind": "open"}, {"name": "赢单", "win_rate": 100, "kind": "won"},
        {"name": "输单", "win_rate": 0, "kind": "lost"},
    ]  # fmt: skip
    world["leads"] = [
        {
            "company": "无锡新桥电机有限公司",
            "contact": "沈工",
            "mobile": "13811110001",
            "owner": "lina04",
            "state": "open",
        },
        {"company": "深圳秘密电子", "mobile": "13811110002", "owner": "zhou06"},
        {"company": "没人管的公司", "mobile": "13811110003"},
    ]
    return world


async def all_of(database: Database, model: type[Any]) -> list[Any]:
    return await database.system(lambda tx: list(tx.exec(select(model)).all()))


async def lead_of(database: Database, company: str) -> Lead:
    found: Lead = await database.system(lambda tx: tx.exec(select(Lead).where(Lead.company == company)).one())
    return found


async def test_a_sentence_makes_a_lead_and_an_undo_takes_it_away(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    said = await room.say("lina04", "新建线索 杭州远航贸易 陈强 13812345679 展会 要两台注塑机")
    assert "已建线索" in said and "展会" in said
    lead = await lead_of(database, "杭州远航贸易")
    assert (lead.contact, lead.mobile, lead.source, lead.remark) == ("陈强", "13812345679", "展会", "要两台注塑机")
    assert (lead.state, lead.owner_id) == ("new", "lina04")
    assert "共 2 条" in await room.say("lina04", "我的线索")
    assert "杭州远航贸易" in await room.say("lina04", "线索 展会")
    assert "无锡新桥" not in room.shown["lina04"][-1]
    assert "陈强" in await room.say("lina04", "查线索 远航")
    assert "已撤销新建线索" in await room.say("lina04", "撤销")
    assert "共 1 条" in await room.say("lina04", "我的线索")


async def test_the_same_lead_twice_is_refused(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    await room.say("lina04", "新建线索 杭州远航贸易 陈强 13812345679")
    assert "已经有这条线索" in await room.say("lina04", "新建线索 杭州远航贸易 陈强 13812345679")
    told = await room.say("zhou06", "新建线索 杭州远航贸易 13812345679")
    assert "李娜" in told and "杭****易" in told.replace("*", "*")


async def test_anothers_lead_and_one_of_nobody_are_as_if_they_were_not_there(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    for name in ("深圳秘密电子", "没人管的公司"):
        for sentence in (
            f"查线索 {name}", f"线索转客户 {name}", f"线索无效 {name} 空号", f"跟进线索 {name} 电话聊了需求",
            f"改线索 {name} 备注 好", f"恢复线索 {name}",
        ):  # fmt: skip
            absent = await room.say("lina04", sentence.replace(name, "根本没有的公司"))
            assert (await room.say("lina04", sentence)).replace(name, "根本没有的公司") == absent
    assert "没人管" not in await room.say("lina04", "线索 全部")
    assert "没人管" in await room.say("chen01", "线索 全部")


async def test_invalid_wants_a_reason_and_can_be_taken_up_again(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    assert "为什么无效" in await room.say("lina04", "线索无效 无锡新桥")
    assert "无效：空号" in await room.say("lina04", "空号")
    assert (await lead_of(database, "无锡新桥电机有限公司")).invalid_reason == "空号"
    assert "先发送「恢复线索" in await room.say("lina04", "线索转客户 无锡新桥电机有限公司")
    assert "跟进中" in await room.say("lina04", "恢复线索 无锡新桥电机有限公司")
    lead = await lead_of(database, "无锡新桥电机有限公司")
    assert (lead.state, lead.invalid_reason) == ("following", "")
    assert "有意向" in await room.say("lina04", "线索有意向 无锡新桥")


async def test_it_is_edited_transferred_and_deleted(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    assert "13899990000" in await room.say("lina04", "改线索 无锡新桥 电话 13899990000")
    assert "恢复原样" in await room.say("lina04", "撤销")
    assert (await lead_of(database, "无锡新桥电机有限公司")).mobile == "13811110001"
    await room.say("lina04", "转线索 无锡新桥 给 赵磊")
    assert (await lead_of(database, "无锡新桥电机有限公司")).owner_id == "lina04"
    assert "已转给 赵磊" in await room.say("wang03", "转线索 无锡新桥 给 赵磊")
    assert "没有找到线索" in await room.say("lina04", "查线索 无锡新桥")
    assert "已删除线索" in await room.say("wang03", "删除线索 无锡新桥电机有限公司")
    assert (await lead_of(database, "深圳秘密电子")).owner_id == "zhou06"
    assert "恢复原样" in await room.say("wang03", "撤销")


async def test_follow_ups_go_on_to_the_customer_with_author_and_time(database: Database) -> None:
    """Invariant 26."""
    await load_company(database, company())
    room = Room(database)
    said = await room.say("lina04", "跟进线索 无锡新桥 电话聊了需求 下周三再联系")
    assert "跟进中" in said and "聊了需求" in said
    room.later(hours=1)
    assert "沈工" in await room.say("lina04", "线索转客户 无锡新桥")
    lead = await lead_of(database, "无锡新桥电机有限公司")
    [entry] = await all_of(database, FollowUp)
    assert (entry.customer_id, entry.user_id, entry.at) == (lead.converted_customer_id, "lina04", NOW)
    customer = await database.system(lambda tx: tx.get_one(Customer, lead.converted_customer_id))
    assert customer.last_follow_up_at == NOW and customer.next_follow_up_at is not None
    assert (customer.owner_id, customer.name) == ("lina04", "无锡新桥电机有限公司")
    contact = await database.system(lambda tx: tx.exec(select(Contact).where(Contact.customer_id == customer.id)).one())
    assert (contact.name, contact.mobile, contact.main) == ("沈工", "13811110001", True)
    pages = await database.system(
        lambda tx: tx.exec(select(OwnerHistory).where(OwnerHistory.customer_id == customer.id)).all()
    )
    assert [p.how for p in pages] == ["create"]
    assert "已转客户" in await room.say("lina04", "查线索 无锡新桥")
    assert "不能再改" in await room.say("lina04", "改线索 无锡新桥电机有限公司 备注 好")


async def test_converting_twice_says_the_first_result_again(database: Database) -> None:
    """Invariant 25."""
    await load_company(database, company())
    room = Room(database)
    before = len(await all_of(database, Customer))
    assert "商机已建" in await room.say("lina04", "转客户并建商机 无锡新桥")
    assert "没有重复新建" in await room.say("lina04", "线索转客户 无锡新桥电机有限公司")
    assert len(await all_of(database, Customer)) == before + 1
    assert len(await all_of(database, Opportunity)) == 1


async def test_two_who_convert_at_once_make_one_customer(database: Database) -> None:
    """Invariants 25 and 88."""
    await load_company(database, company())
    before = len(await all_of(database, Customer))
    lead = await lead_of(database, "无锡新桥电机有限公司")

    def convert(who: str) -> Callable[[Tx], Any]:
        def work(tx: Tx) -> Any:
            settings = read_settings(tx)
            ctx = make_context(tx, identify(tx, who, settings), NOW, settings, "chat")
            return convert_lead(ctx, lead.id or 0)

        return work

    done = await asyncio.gather(*(database.system(convert(who)) for who in ("lina04", "wang03")))
    assert {d.customer_id for d in done} == {done[0].customer_id}
    assert sorted(d.already for d in done) == [False, True]
    assert len(await all_of(database, Customer)) == before + 1


async def test_a_customer_of_that_name_is_merged_into_if_it_is_ones_own(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    before = len(await all_of(database, Customer))
    assert "可能已经是客户" in await room.say("lina04", "新建线索 华兴科技有限公司 老周 13877770000")
    await room.say("lina04", "跟进线索 华兴科技有限公司 电话聊了需求")
    assert "并入原有客户" in await room.say("lina04", "线索转客户 华兴科技有限公司")
    assert len(await all_of(database, Customer)) == before
    assert {"老周", "陈强"} <= {c.name for c in await all_of(database, Contact)}
    assert len(await all_of(database, FollowUp)) == 1


@pytest.mark.parametrize("name", ["深圳创想电子有限公司", "上海明德仪器有限公司"])
async def test_anothers_customer_is_not_merged_into(database: Database, name: str) -> None:
    await load_company(database, company())
    room = Room(database)
    await room.say("lina04", f"新建线索 {name} 13877770000")
    told = await room.say("lina04", f"线索转客户 {name}")
    assert "已经有这家客户" in told and "马丽" not in told
    assert name not in told.replace(f"线索 {name}", "")
    assert (await lead_of(database, name)).state == "new"


async def test_who_is_full_converts_nothing(database: Database) -> None:
    """Invariant 17."""
    await load_company(database, company(pool={"claim_cap": 3, "return_after_days": 15, "holding_cap": 3}))
    room = Room(database)
    assert "3" in await room.say("lina04", "线索转客户 无锡新桥")
    assert (await lead_of(database, "无锡新桥电机有限公司")).state == "new"


async def test_the_planned_contact_is_in_the_mornings_message_and_in_today(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    await room.say("lina04", "跟进线索 无锡新桥 电话聊了需求 明天再联系")
    room.later(days=1)
    assert "无锡新桥" in await room.say("lina04", "今天")
    await room.morning()
    assert any("无锡新桥" in (i.text or "") for i in await all_of(database, DigestItem))


async def test_who_may_not_is_refused(database: Database) -> None:
    world = company()
    world["roles"][0]["functions"] = [f for f in world["roles"][0]["functions"] if not f.startswith("lead:")]
    await load_company(database, world)
    room = Room(database)
    for sentence in ("新建线索 杭州远航贸易", "我的线索", "查线索 无锡新桥", "线索转客户 无锡新桥"):
        assert "权限" in await room.say("lina04", sentence)
    assert len(await all_of(database, Lead)) == 3
