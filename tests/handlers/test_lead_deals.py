"""A lead converted with an opportunity: what is said of it is in it, and nothing said is dropped."""

from datetime import date
from decimal import Decimal

import pytest
from sqlmodel import col, select

from storage.database import Database
from storage.tables import Customer, Opportunity, Stage
from tests.support.company import load_company
from tests.support.leadworld import XINQIAO, lead_company, lead_of
from tests.support.room import Room

LINA = "lina04"


@pytest.fixture
async def room(database: Database) -> Room:
    world = lead_company()
    world["stages"].insert(1, {"name": "报价", "win_rate": 40, "kind": "open"})
    await load_company(database, world)
    return Room(database)


async def deals(room: Room) -> list[tuple[str, Decimal, date | None, str]]:
    query = (
        select(Opportunity, Stage)
        .join(Stage, col(Stage.id) == col(Opportunity.stage_id))
        .where(col(Opportunity.deleted_at).is_(None), col(Opportunity.created_by) == LINA)
        .order_by(col(Opportunity.id).desc())
    )
    found = await room.db.system(lambda tx: tx.exec(query).all())
    return [(one.name, one.amount or Decimal(0), one.expected_on, stage.name) for one, stage in found]


SAID = (
    "转客户 {x} 商机 二期扩容 8万", "转客户并建商机 {x} 二期扩容 8万", "{x} 转客户，并建商机 二期扩容 8万",
    "把{x}转成客户 建个商机：二期扩容，金额8万", "线索转客户 {x} 顺便建商机叫二期扩容 80000元",
    "线索 {x} 转客户 商机 二期扩容 8万",
)  # fmt: skip


@pytest.mark.parametrize("said", SAID)
async def test_name_and_amount_go_into_the_opportunity(room: Room, said: str) -> None:
    answer = await room.say(LINA, said.format(x=XINQIAO))
    assert "已转成客户" in answer and "二期扩容" in answer and "¥80,000.00" in answer
    (deal,) = await deals(room)
    assert deal[:3] == ("二期扩容", Decimal("80000.00"), date(2026, 3, 31))
    assert (await lead_of(room.db, XINQIAO)).state == "converted"


async def test_day_and_stage_too(room: Room) -> None:
    await room.say(LINA, f"转客户 {XINQIAO} 商机 二期扩容 8万 预计4月15日签 报价")
    assert (await deals(room))[0] == ("二期扩容", Decimal("80000.00"), date(2026, 4, 15), "报价")


async def test_an_amount_without_the_word_is_not_swallowed(room: Room) -> None:
    answer = await room.say(LINA, f"转客户 {XINQIAO} 二期扩容 8万")
    assert "没有转" in answer and f"转客户 {XINQIAO} 商机 二期扩容 8万" in answer
    assert (await lead_of(room.db, XINQIAO)).state != "converted" and not await deals(room)


async def test_what_was_said_outlives_the_question_about_likeness(room: Room) -> None:
    lead = await lead_of(room.db, XINQIAO)
    await room.say(LINA, f"新建客户 新桥远大 {lead.contact} {lead.mobile}")
    assert "仍要新建" in await room.say(LINA, f"转客户 {XINQIAO} 商机 二期扩容 8万")
    assert "¥80,000.00" in await room.say(LINA, "仍要新建")
    assert (await deals(room))[0][:2] == ("二期扩容", Decimal("80000.00"))


async def test_a_second_time_says_that_no_opportunity_was_made(room: Room) -> None:
    await room.say(LINA, f"转客户 {XINQIAO}")
    answer = await room.say(LINA, f"转客户 {XINQIAO} 商机 二期扩容 8万")
    assert "之前已经转成客户" in answer and "也没有建" in answer and not await deals(room)


async def test_the_undo_takes_back_both(room: Room) -> None:
    await room.say(LINA, f"转客户 {XINQIAO} 商机 二期扩容 8万")
    assert "客户也撤销了" in await room.say(LINA, "撤销")
    assert not await deals(room)
    found = await room.db.system(lambda tx: tx.exec(select(Customer).where(col(Customer.name) == XINQIAO)).all())
    assert all(one.deleted_at is not None for one in found)
