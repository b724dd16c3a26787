"""A dialogue that is left half way is put aside, said so, and gone on with; on both databases."""

import pytest

from bot.dispatch import RawTap
from handlers.registry import ROUTERS
from storage.database import Database
from tests.support.company import id_of, load_company
from tests.support.room import DISPATCHER, Room

ASIDE = "已放下刚才的{0}，回复「继续{0}」可接着填"


def test_every_question_has_a_title() -> None:
    assert len(DISPATCHER.questions) > 20, "the search finds nothing: the test is broken"
    assert set(DISPATCHER.topics) == DISPATCHER.questions
    assert all(topic.title and topic.title == topic.title.strip() for topic in DISPATCHER.topics.values())
    painters = {name for router in ROUTERS for name in router.painters}
    assert {form for topic in DISPATCHER.topics.values() for form in topic.forms} <= painters


async def test_left_for_another_command_and_gone_on_with(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    await room.say("lina04", "新建客户 杭州启新包装")
    away = await room.say("lina04", "查 华兴科技")
    assert ASIDE.format("新建客户") in away and "华兴科技" in away
    back = await room.say("lina04", "继续新建客户")
    assert "杭州启新包装" in back
    done = await room.say("lina04", "陈强 13912349999")
    assert "已创建" in done and "杭州启新包装" in done
    assert "没有放下的草稿" in await room.say("lina04", "草稿")


async def test_words_are_put_again_as_they_were(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    assert "聊了什么" in await room.say("lina04", "跟进 华兴科技")
    assert ASIDE.format("跟进") in await room.say("lina04", "公海")
    back = await room.say("lina04", "继续")
    assert "接着刚才的跟进「跟进 华兴科技」" in back and "聊了什么" in back
    done = await room.say("lina04", "电话 对方要8折")
    assert "已记录" in done and "华兴科技" in done and "8折" in done


async def test_several_kinds_and_the_newest_of_each(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    await room.say("lina04", "跟进 华兴科技")
    await room.say("lina04", "新建客户 杭州启新包装")
    await room.say("lina04", "新建客户 苏州新锐机电")
    await room.say("lina04", "公海")
    listed = await room.say("lina04", "草稿")
    assert "共 2 份" in listed and "1 新建客户" in listed and "2 跟进" in listed
    assert "苏州新锐机电" in listed and "杭州启新" not in listed
    assert "接着刚才的跟进" in await room.say("lina04", "2")
    assert "已记录" in await room.say("lina04", "电话 聊了交期")
    back = await room.say("lina04", "继续")
    assert "苏州新锐机电" in back and "已放下" not in back
    assert "新建客户不填了" in await room.say("lina04", "放弃草稿")
    assert "没有放下的草稿" in await room.say("lina04", "草稿")


async def test_said_again_in_one_sentence_nothing_is_put_aside(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    await room.say("lina04", "新建客户 杭州启新包装")
    assert "已放下" not in await room.say("lina04", "新建客户 杭州启新包装 陈强 13912349999")
    await room.say("lina04", "跟进")
    assert "已放下" not in await room.say("lina04", "跟进 华兴科技 电话聊了报价")
    await room.say("lina04", "公海")
    assert "已放下" not in await room.say("lina04", "我的客户")  # a list is no dialogue
    assert "离职" in await room.say("chen01", "交接任务")
    assert "已放下" not in await room.say("chen01", "公海")  # nor is a page on which nothing was entered
    assert "没有放下的草稿" in await room.say("lina04", "草稿")


async def test_help_puts_aside_and_cancel_gives_up(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    await room.say("lina04", "新建客户 杭州启新包装")
    assert ASIDE.format("新建客户") in await room.say("lina04", "帮助")
    assert "杭州启新包装" in await room.say("lina04", "继续")
    assert "放下了" in await room.say("lina04", "取消")
    assert "没有放下的草稿" in await room.say("lina04", "继续")


async def test_a_question_nobody_answered_is_a_draft_for_a_day(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    await room.say("lina04", "跟进 华兴科技")
    room.later(minutes=30)
    assert "聊了什么" in await room.say("lina04", "继续跟进")
    room.later(hours=25)
    gone = await room.say("lina04", "继续跟进")
    assert "没有放下的跟进" in gone and "重新发一次" in gone
    await room.say("lina04", "跟进 华兴科技")
    await room.say("lina04", "公海")
    room.later(hours=24, minutes=1)
    assert "没有放下的草稿" in await room.say("lina04", "草稿")


async def test_given_up_and_brought_back(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    await room.say("lina04", "跟进 华兴科技")
    await room.say("lina04", "新建客户 杭州启新包装")
    await room.say("lina04", "公海")
    assert "已放弃跟进的草稿" in await room.say("lina04", "放弃草稿 跟进")
    assert "已放弃新建客户的草稿" in await room.say("lina04", "放弃草稿")
    assert "没有放下的草稿" in await room.say("lina04", "放弃草稿")
    assert "草稿找回来了：新建客户" in await room.say("lina04", "撤销")
    assert "杭州启新包装" in await room.say("lina04", "继续")


async def test_nobody_elses_and_in_each_conversation_its_own(database: Database) -> None:
    await load_company(database)
    room = Room(database, ("lina04", "zhao05"))
    await room.say("lina04", "跟进 华兴科技")
    await room.say("lina04", "公海")
    assert "没有放下的草稿" in await room.say("zhao05", "草稿")
    assert "没有放下的草稿" in await room.say("lina04", "草稿", group=True)
    assert "1 跟进" in await room.say("lina04", "草稿")


async def test_a_sentence_that_goes_on_is_no_such_word(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    said = await room.say("lina04", "继续跟进华兴科技，电话聊了交期")
    assert "没有放下" not in said


@pytest.mark.parametrize("hours", [1, 30])
async def test_a_form_handed_in_late_works_and_ends_the_draft(database: Database, hours: int) -> None:
    await load_company(database)
    room = Room(database)
    await room.say("lina04", "新建客户 杭州启新包装")
    (card,) = await room.cards("lina04")
    await room.say("lina04", "公海")
    room.later(hours=hours)
    form = {"name": "杭州启新包装", "contact": "陈强", "mobile": "13912349999"}
    raw = RawTap("tap:late", "lina04", card, params={"form": form})
    answer = await room.desk.taps.tap(raw)
    assert "杭州启新包装" in str(answer)
    assert await id_of(database, "杭州启新包装")
    assert "没有放下的草稿" in await room.say("lina04", "草稿")
    again = await room.desk.taps.tap(RawTap("tap:again", "lina04", card, params={"form": form}))
    assert "提交过" in str(again) or "没有重复" in str(again)
