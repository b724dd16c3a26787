"""Several commands in one message are several; a text in several lines is one; nothing of either is swallowed."""

from typing import Any

import pytest
from sqlmodel import col, select

from bot.dispatch import ChatMessage
from bot.dispatch.several import MOST
from storage import inbox
from storage.database import Database
from storage.inbox import NewFrame
from storage.tables import Audit, Customer, FollowUp, Opportunity, Outbox
from tests.handlers.test_ways_of_saying import company
from tests.support.company import load_company
from tests.support.room import Room

LINA = "lina04"


@pytest.fixture
async def room(database: Database) -> Room:
    await load_company(database, company())
    return Room(database)


async def told(room: Room) -> list[tuple[str, str]]:
    """Follow-ups that stand, in the order they were made: whose, what."""
    query = (
        select(Customer, FollowUp)
        .join(FollowUp, col(FollowUp.customer_id) == col(Customer.id))
        .where(col(FollowUp.deleted_at).is_(None))
        .order_by(col(FollowUp.id))
    )
    rows = await room.db.system(lambda tx: tx.exec(query).all())
    return [(customer.name, one.content) for customer, one in rows]


async def count(room: Room, model: type[Any], *where: Any) -> int:
    return len(await room.db.system(lambda tx: tx.exec(select(model).where(*where)).all()))


async def test_each_line_is_done_and_told_in_one_answer(room: Room) -> None:
    before = await told(room)
    said = await room.say(
        LINA, "跟进 华兴科技 电话聊了报价\n跟进 3M 微信说了样品，下周三再联系\n跟进 一心堂 拜访了老板"
    )
    assert "办好了 3 件" in said and said.count("已记录") == 3 and "3月11日" in said
    assert (await told(room))[len(before) :] == [
        ("华兴科技有限公司", "聊了报价"), ("3M中国有限公司", "说了样品"), ("一心堂药业", "拜访了老板"),
    ]  # fmt: skip
    assert await count(room, Outbox, col(Outbox.key).startswith("reply:")) == 1
    for name in ("一心堂药业", "3M中国", "华兴科技"):
        assert name in await room.say(LINA, "撤销")
    assert await told(room) == before
    assert "没有可以撤销" in await room.say(LINA, "撤销")


async def test_creations_are_not_one_customer_with_a_remark(room: Room) -> None:
    said = await room.say(LINA, "新建客户 苏州贝塔 李四 13811112222\n新建客户 无锡伽马 王五 13811113333 展会")
    assert "办好了 2 件" in said
    rows = await room.db.system(lambda tx: tx.exec(select(Customer).where(col(Customer.created_by) == LINA)).all())
    assert {(c.name, c.remark) for c in rows if c.name in ("苏州贝塔", "无锡伽马")} == {
        ("苏州贝塔", ""), ("无锡伽马", "")
    }  # fmt: skip


async def test_what_a_line_is_refused_leaves_the_others(room: Room) -> None:
    said = await room.say(
        LINA, "新建客户 苏州贝塔 李四 13811112222\n新建客户 华兴科技 赵 13811114444\n跟进 云 电话聊了样品"
    )
    assert "3 件里办好 2 件" in said and "2 没有办「新建客户 华兴科技" in said and "已经有这家客户" in said
    assert (await told(room))[-1] == ("云", "聊了样品")
    assert await count(room, Customer, col(Customer.name) == "华兴科技") == 0


async def test_what_has_to_be_asked_is_sent_alone(room: Room) -> None:
    """华兴 is two customers, a contract has to be confirmed, a list is to be looked at."""
    before = await told(room)
    said = await room.say(LINA, "跟进 华兴 电话聊了报价\n新建合同 3M 20万 一年\n我的客户")
    assert "这 3 件都还没有办" in said and said.count("要单独发") == 3
    assert await told(room) == before
    assert "没有等你回答的问题" in await room.say(LINA, "取消")


TEXTS = (
    "跟进 华兴科技 聊了三点：\n对方要8折\n要先看样品\n图纸已经给了",
    "跟进 华兴科技 聊了三点\n合同 他们法务在看\n联系不上财务",
    "跟进 华兴科技 聊了报价\n他们下周三再打",
    "华兴科技 聊了报价\n对方要8折",
    "跟进 华兴科技 打了电话\n提醒他们周五前回复\n改了两处图纸",
)


@pytest.mark.parametrize("text", TEXTS)
async def test_a_text_in_several_lines_is_one_follow_up(room: Room, text: str) -> None:
    before = await told(room)
    await room.say(LINA, text)
    after = await told(room)
    assert len(after) == len(before) + 1
    for line in text.split("\n")[1:]:
        assert line.removesuffix("下周三再打") in after[-1][1]


async def test_a_name_card_is_one_customer(room: Room) -> None:
    said = await room.say(LINA, "新建客户 苏州贝塔机械\n联系人 李四\n电话 13811112222\n来源 展会")
    assert "已创建 苏州贝塔机械" in said and "李四" in said


@pytest.mark.parametrize(("answer", "many"), [("1", 1), ("一条", 1), ("2", 2), ("分开", 2)])
async def test_what_could_be_either_is_asked(room: Room, answer: str, many: int) -> None:
    before = await told(room)
    said = await room.say(LINA, "华兴科技 电话聊了报价\n一心堂 说了样品的事")
    assert "是一条，还是 2 件事" in said and await told(room) == before
    await room.say(LINA, answer)
    assert len(await told(room)) == len(before) + many


async def test_something_else_than_an_answer_to_that_is_done(room: Room) -> None:
    before = await told(room)
    await room.say(LINA, "华兴科技 电话聊了报价\n一心堂 说了样品的事")
    await room.say(LINA, "跟进 云 电话聊了样品")
    assert (await told(room))[len(before) :] == [("云", "聊了样品")]


async def test_sentences_without_a_command_word_too(room: Room) -> None:
    await room.say(LINA, "商机 华兴科技 二期扩容 30万\n商机 3M 一期 20万 月底")
    assert await count(room, Opportunity) == 2
    said = await room.say(LINA, "二期扩容 进入样品测试\n一期 赢了")
    assert "初步沟通 → 样品测试" in said and "初步沟通 → 赢单" in said


async def test_the_same_message_twice_is_done_once(room: Room) -> None:
    text = "跟进 华兴科技 电话聊了报价\n跟进 3M 微信说了样品"
    frame = NewFrame("bot:again", LINA, "bot", "{}")
    now = room.clock.now()
    await room.db.system(lambda tx: inbox.store(tx, [frame], holder="room", now=now, wall=now))
    before = len(await told(room))
    for _ in range(2):
        await room.desk.chat(ChatMessage("bot:again", LINA, text))
    assert len(await told(room)) == before + 2


async def test_a_refusal_for_lack_of_rights_is_on_record(room: Room) -> None:
    await room.say(LINA, "跟进 华兴科技 电话聊了报价\n添加管理员 李娜")
    assert await count(room, Audit, col(Audit.action) == "refuse.attempt") == 1


async def test_too_many_are_refused_whole(room: Room) -> None:
    before = await told(room)
    said = await room.say(LINA, "\n".join(f"跟进 华兴科技 电话聊了第{n}次" for n in range(MOST + 1)))
    assert f"一次最多办 {MOST} 件" in said and await told(room) == before


async def test_an_open_question_is_put_aside_once(room: Room) -> None:
    assert "聊了什么" in await room.say(LINA, "跟进 一心堂")
    said = await room.say(LINA, "跟进 华兴科技 电话聊了样品\n跟进 云 微信说了样品")
    assert "办好了 2 件" in said and said.count("已放下刚才的") == 1
    assert "聊了什么" in await room.say(LINA, "继续跟进")
