"""What is shown of leads in their pool: to everybody but administrators the same as of customers there (invariant 20).

老金 and his number stand in a lead of nobody's; the director sees everybody's records.
"""

from typing import Any

import pytest
from sqlmodel import select

from handlers.leads.service import show_lead
from storage.database import Database, Tx
from storage.settings import put_setting, read_settings
from storage.tables import Lead, LeadFollowUp
from tests.support.company import load_company
from tests.support.leadworld import NOBODY, SECRET, do, lead_company, lead_of
from tests.support.room import NOW, Room

HIDDEN = ("老金", "13811110003", "要两台", "上次聊得不错")
DIRECTOR = "qian07"
FUNCTIONS = [
    "lead:view", "lead:add", "lead:edit", "lead:transfer", "lead:delete", "lead:export", "followup:view",
    "followup:add", "customer:view", "pool:view", "pool:claim",
]  # fmt: skip


@pytest.fixture
async def room(database: Database) -> Room:
    world: dict[str, Any] = lead_company()
    world["settings"]["usage_scope"] = {"mode": "all", "departments": [], "users": []}
    world["roles"].append(
        {
            "name": "总监", "data_scope": "all", "level": "advanced", "functions": FUNCTIONS,
            "members": [{"user": DIRECTOR, "departments": []}],
        }
    )  # fmt: skip
    await load_company(database, world)

    def more(tx: Tx) -> None:
        lead = tx.exec(select(Lead).where(Lead.company == NOBODY)).one()
        lead.remark = "要两台"
        tx.add(LeadFollowUp(lead_id=lead.id or 0, user_id="zhao05", at=NOW, content="上次聊得不错", created_at=NOW))
        tx.flush()

    await database.system(more)
    return Room(database)


SENTENCES = (
    f"查线索 {NOBODY}", "线索", "线索 全部", "线索 没人管", "线索 老金", "线索 要两台", "搜 没人管", "搜 老金",
    "搜 13811110003", "搜 laojin", "查线索 老金", "线索公海", f"跟进线索 {NOBODY} 电话聊了", f"改线索 {NOBODY}",
    "导出 线索", "我的线索", f"线索 {NOBODY} 按创建时间",
)  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES)
async def test_no_sentence_shows_a_pool_leads_person_or_number(room: Room, sentence: str) -> None:
    said = await room.say(DIRECTOR, sentence)
    assert "出错" not in said
    typed = sentence.rsplit(maxsplit=1)[-1]
    assert [h for h in HIDDEN if h in said and h != typed] == []
    assert NOBODY not in said or NOBODY in sentence or typed not in HIDDEN, "found by what is hidden"


async def test_it_is_there_with_company_source_and_outline(room: Room) -> None:
    said = await room.say(DIRECTOR, f"查线索 {NOBODY}")
    assert all(part in said for part in (NOBODY, "展会", "138＊＊＊＊0003", "领取线索")), said
    assert NOBODY in await room.say(DIRECTOR, "搜 0003")  # as its outline shows it
    assert "共 3 条" in await room.say(DIRECTOR, "线索")


async def test_it_is_whole_when_it_is_somebodys(room: Room) -> None:
    await room.say(DIRECTOR, f"领取线索 {NOBODY}")
    said = await room.say(DIRECTOR, f"查线索 {NOBODY}")
    assert all(part in said for part in HIDDEN), said


async def test_to_give_it_away_nothing_of_it_is_lost(room: Room) -> None:
    """A manager gives it to a seller without having seen its number; the seller has all of it."""
    await room.say(DIRECTOR, f"转线索 {NOBODY} 给 李娜")
    lead = await lead_of(room.db, NOBODY)
    assert (lead.owner_id, lead.contact, lead.mobile, lead.remark) == ("lina04", "老金", "13811110003", "要两台")
    said = await room.say("lina04", f"查线索 {NOBODY}")
    assert all(part in said for part in HIDDEN), said


async def test_anothers_lead_stays_whole_for_who_sees_everybodys(room: Room) -> None:
    said = await room.say(DIRECTOR, f"查线索 {SECRET}")
    assert "13811110002" in said


async def test_administrators_see_it_whole(room: Room) -> None:
    said = await room.say("chen01", f"查线索 {NOBODY}")
    assert all(part in said for part in HIDDEN), said


async def test_without_a_lead_pool_it_is_a_lead_like_others(room: Room) -> None:
    """Who sees everybody's records sees nobody's, whatever he may do in the pool of customers."""

    def off(tx: Tx) -> None:
        pool = read_settings(tx).pool
        put_setting(tx, "pool", {**pool.model_dump(mode="json"), "leads": False}, by="chen01", now=NOW)

    await room.db.system(off)
    lead_id = (await lead_of(room.db, NOBODY)).id
    assert (await do(room.db, DIRECTOR, show_lead, lead_id)).lead.contact == "老金"
    assert "没有找到" in await room.say("lina04", f"查线索 {NOBODY}")
