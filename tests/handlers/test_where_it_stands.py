"""Sentences about a customer as a whole: where it stands, and a colleague whose share ends with its last day."""

import pytest

from storage.database import Database
from tests.support.company import load_company
from tests.support.deals import deals_world
from tests.support.room import Room


@pytest.fixture
async def room(database: Database) -> Room:
    await load_company(database, deals_world())
    return Room(database)


@pytest.mark.parametrize(
    "said",
    [
        "华兴科技到哪一步了",
        "华兴科技走到哪一步了？",
        "华兴科技现在到哪里了",
        "华兴科技 在链条哪一步",
        "华兴科技的进展",
        "华兴科技进展如何",
    ],
)  # fmt: skip
async def test_where_it_stands_is_told_by_its_card(room: Room, said: str) -> None:
    told = await room.say("lina04", said)
    assert "进展：还没跟进 → 商机 1（30 万） → 合同 0" in told, told


async def test_one_of_several_is_asked_for_and_anothers_is_not_there(room: Room) -> None:
    assert "回复数字" in await room.say("lina04", "华兴到哪一步了")
    assert "进展" in await room.say("lina04", "1")
    assert "进展：" in await room.say("lina04", "这家到哪一步了")
    assert "商机" not in await room.say("zhou06", "华兴科技到哪一步了")


async def test_a_members_share_ends_with_its_last_day(room: Room) -> None:
    assert "回复数字" in await room.say("lina04", "给 华兴 加协作人 周敏 可写 到 3月4日")
    assert "3月4日" in await room.say("lina04", "1")
    for _ in range(3):  # 2 March to 4 March, the last day included
        assert "负责人：李娜" in await room.say("zhou06", "查 华兴科技")
        assert "聊了报价" in await room.say("zhou06", "跟进 华兴科技 电话聊了报价")
        room.later(days=1)
    for said in ("查 华兴科技", "华兴科技 时间线", "搜 华兴科技", "跟进 华兴科技 电话又聊了"):
        told = await room.say("zhou06", said)
        assert "没有找到" in told and "李娜" not in told, told
        await room.say("zhou06", "取消")
    assert "周敏" not in await room.say("lina04", "华兴科技 协作人")
    assert "回复数字" in await room.say("lina04", "华兴 协作人")
