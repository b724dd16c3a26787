"""What is done with an opportunity beside its stages: own fields, follow-ups, standing still, rivals, giving away."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import select

from storage.database import Database
from storage.tables import FollowUp, Opportunity, OpportunityCompetitor, OpportunityLine, StageLog
from tests.handlers.test_opportunities import company as sold
from tests.support.company import load_company
from tests.support.room import Room

ADMIN, LINA = "chen01", "lina04"


def company() -> dict[str, Any]:
    world = sold()
    world["products"] = [{"code": "ZJ-001", "name": "数控主轴", "price": "12800.00", "unit": "台"}]
    world["competitors"].append({"name": "恒力机床", "strengths": "品牌响", "weaknesses": "价格高"})
    return world


async def _rows(db: Database, table: Any) -> list[Any]:
    return await db.system(lambda tx: list(tx.exec(select(table)).all()))


async def begun(db: Database, *sentences: str) -> Room:
    await load_company(db, company())
    room = Room(db)
    for sentence in ("商机 华兴科技 二期扩容 30万", *sentences):
        await room.say(LINA, sentence)
    return room


async def test_a_companys_own_fields_are_said_shown_filtered_and_taken_back(database: Database) -> None:
    """R5.11."""
    await load_company(database, company())
    room = Room(database)
    await room.say(ADMIN, "新增字段 商机 预算 金额")
    await room.say(ADMIN, "新增字段 商机 交货日 日期")
    said = await room.say(LINA, "商机 华兴科技 二期扩容 30万 预算 50万")
    assert "已建商机 二期扩容" in said and "¥300,000.00" in said and "预算" in said and "¥500,000.00" in said
    assert "4月1日" in await room.say(LINA, "二期扩容的交货日改成 2026-04-01") or "2026-04-01" in room.shown[LINA][-1]
    assert "¥600,000.00" in await room.say(LINA, "改商机 二期扩容 预算 60万")
    assert "恢复原样" in await room.say(LINA, "撤销") and "¥500,000.00" in await room.say(LINA, "商机 二期扩容")
    assert "二期扩容" in await room.say(LINA, "商机 预算 大于40万")
    assert "没有符合" in await room.say(LINA, "商机 预算 大于80万")
    [one] = await _rows(database, Opportunity)
    assert one.amount == Decimal("300000.00") and sorted(one.custom.values()) == ["2026-04-01", "500000.00"]


async def test_a_required_field_is_asked_for_with_what_is_known(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    await room.say(ADMIN, "新增字段 商机 预算 金额 必填")
    said = await room.say(LINA, "商机 华兴科技 二期扩容 30万")
    assert "还差必填的「预算」" in said and "二期扩容" in said
    assert await _rows(database, Opportunity) == []


async def test_a_stage_is_not_named_twice(database: Database) -> None:
    room = await begun(database)
    said = await room.say(LINA, "二期扩容 赢了")
    assert "初步沟通 → 赢单" in said and "赢单 · 赢单" not in said


async def test_a_follow_up_of_its_customer_may_be_about_it(database: Database) -> None:
    room = await begun(database)
    said = await room.say(LINA, "跟进 华兴科技 二期扩容 电话聊了报价")
    assert "已记录 · 华兴科技" in said
    [one] = await _rows(database, Opportunity)
    entry = (await _rows(database, FollowUp))[-1]
    assert entry.opportunity_id == one.id and "报价" in entry.content and "二期扩容" not in entry.content
    await room.say(LINA, "二期扩容 进入报价")
    story = await room.say(LINA, "商机 二期扩容")
    assert "聊了报价" in story and "初步沟通 → 报价" in story
    await room.say(LINA, "跟进 华兴科技 二期扩容了产线 谈了付款")
    assert (await _rows(database, FollowUp))[-1].opportunity_id is None, "a name that goes on is not certain"


async def test_what_stands_still_is_told_on_card_list_and_morning_once(database: Database) -> None:
    """R-OPP-7."""
    room = await begun(database)
    assert "不限 → 14 天" in await room.say(ADMIN, "阶段 初步沟通 停滞 14天")
    assert "不会停滞" in await room.say(ADMIN, "阶段 赢单 停滞 14天")
    room.clock.set(room.clock.now() + timedelta(days=13))
    assert "停滞 1" not in await room.say(LINA, "商机 二期扩容")
    room.clock.set(room.clock.now() + timedelta(days=1))
    assert "停滞 14 天" in await room.say(LINA, "商机 二期扩容")
    assert "停滞 14 天" in await room.say(LINA, "我的商机") and "二期扩容" in await room.say(LINA, "停滞商机")

    async def told() -> int:
        await room.morning()
        return sum("「二期扩容」在初步沟通停滞" in text for text in room.shown[LINA])

    assert await told() == 1
    room.clock.set(room.clock.now() + timedelta(days=1))
    assert await told() == 1, "once for each silence"
    await room.say(LINA, "跟进 华兴科技 二期扩容 谈了付款")
    assert "停滞 1" not in await room.say(LINA, "商机 二期扩容") and "没有符合" in await room.say(LINA, "停滞商机")


async def test_a_limit_of_a_stage_is_taken_back(database: Database) -> None:
    room = await begun(database)
    await room.say(ADMIN, "阶段 初步沟通 停滞 14天")
    assert "14 天没动静" in await room.say(ADMIN, "销售阶段")
    await room.say(ADMIN, "撤销")
    assert "没动静" not in await room.say(ADMIN, "销售阶段")


async def test_a_line_shows_and_keeps_specification_unit_and_price(database: Database) -> None:
    """R-PROD-2, invariant 38."""
    room = await begun(database)
    await room.say(ADMIN, "修改产品 ZJ-001 规格 HSK63")
    await room.say(LINA, "二期扩容 加产品 ZJ-001 2台 9折")
    await room.say(ADMIN, "修改产品 ZJ-001 规格 HSK80")
    said = await room.say(LINA, "商机 二期扩容")
    assert "HSK63" in said and "¥12,800.00/台" in said and "9折" in said and "¥23,040.00" in said
    [line] = await _rows(database, OpportunityLine)
    assert (line.spec, line.unit, line.price) == ("HSK63", "台", Decimal("12800.00"))


async def test_rivals_stand_there_when_it_is_shown_and_moved(database: Database) -> None:
    """R3.11, R-COMP-3."""
    room = await begun(database)
    assert "价格低" in await room.say(LINA, "二期扩容 加竞争对手 海天机械 报价 28万 威胁 高 老供应商")
    moved = await room.say(LINA, "二期扩容 进入报价")
    assert "优势：价格低" in moved and "劣势：交期长" in moved and "老供应商" in moved and "¥280,000.00" in moved
    assert "已去掉竞争对手 海天机械" in await room.say(LINA, "二期扩容 去掉竞争对手 海天机械")
    assert await _rows(database, OpportunityCompetitor) == []
    assert "恢复原样" in await room.say(LINA, "撤销") and len(await _rows(database, OpportunityCompetitor)) == 1
    assert "输单：竞品 · 恒力机床" in await room.say(LINA, "二期扩容 输了 竞品 恒力机床")


async def test_a_transfer_is_told_and_taken_back(database: Database) -> None:
    """D19, R-STAGE-4."""
    room = await begun(database)
    assert "本来就由" in await room.say("wang03", "转移商机 二期扩容 给 李娜")
    logs = len(await _rows(database, StageLog))
    assert "已转给 周敏" in await room.say("wang03", "转移商机 二期扩容 给 周敏")
    [one] = await _rows(database, Opportunity)
    assert one.owner_id == "zhou06" and len(await _rows(database, StageLog)) == logs
    assert any("新转来的商机" in text for text in room.shown["zhou06"])
    assert "没有找到" in await room.say("wang03", "转移商机 二期扩容 给 李娜"), "it is out of his sight"
    assert "还是 李娜 负责" in await room.say("wang03", "撤销")
    [one] = await _rows(database, Opportunity)
    assert one.owner_id == LINA
    await room.say("wang03", "转移商机 二期扩容 给 赵磊")
    await room.say("zhao05", "二期扩容 金额 31万")
    assert "之后又改过" in await room.say("wang03", "撤销")
