"""评论: on whose customers, who is told once, and who is not; on both databases."""

from dataclasses import replace

import pytest
from sqlmodel import col, select

from bot.core.fields import FieldLevel
from bot.dispatch import RawTap
from cards.comments import CommentButton
from storage import roles
from storage.database import Database, Tx
from storage.tables import Comment, Employee, Notice
from tests.support.company import id_of, load_company
from tests.support.room import Room

HUAXING = "华兴科技有限公司"


async def notices(db: Database) -> list[tuple[str, str]]:
    def work(tx: Tx) -> list[tuple[str, str]]:
        return [(n.user_id, n.text) for n in tx.exec(select(Notice).order_by(col(Notice.id))).all()]

    return await db.system(work)


@pytest.mark.parametrize(
    "said",
    [
        "评论 华兴科技 @王强 报价单发我看看",
        "评论 华兴科技 @王强报价单发我看看",
        "评论 @王强 华兴科技 报价单发我看看",
        "评论 华兴科技，报价单发我看看 @王强 @王强",
        "留言 华兴科技 ＠王强 报价单发我看看",
    ],
)
async def test_one_sentence_is_one_comment_and_one_notice(sqlite: Database, said: str) -> None:
    await load_company(sqlite)
    room = Room(sqlite)
    answer = await room.say("lina04", said)
    assert "已评论" in answer and "报价单发我看看" in answer and "已提醒" in answer, answer
    told = await notices(sqlite)
    assert [who for who, _ in told] == ["wang03"]
    assert "李娜" in told[0][1] and "华兴科技" in told[0][1] and "报价单发我看看" in told[0][1]
    assert "报价单发我看看" in await room.say("wang03", "华兴科技 时间线")


async def test_who_may_not_see_the_customer_is_not_told_and_the_author_is(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    answer = await room.say("lina04", "评论 华兴科技 @王强 @周敏 @钱多 报价单发我看看")
    assert "已评论" in answer and "周敏、钱多 看不到「华兴科技" in answer
    assert [who for who, _ in await notices(database)] == ["wang03"]
    assert "报价单" not in await room.say("zhou06", "华兴科技 时间线")


async def test_the_author_is_not_told_of_himself(database: Database) -> None:
    await load_company(database)
    await Room(database).say("lina04", "评论 华兴科技 @李娜 明天记得打电话")
    assert await notices(database) == []


async def test_unknown_names_are_asked(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    asked = await room.say("lina04", "评论 华兴科技 @赵总 报价单发我看看")
    assert "没有找到同事「赵总」" in asked and "不@" in asked
    done = await room.say("lina04", "王强")
    assert "已评论" in done and "@赵总" in done
    assert [who for who, _ in await notices(database)] == ["wang03"]
    await room.say("lina04", "评论 华兴科技 @赵总 寄样品")
    assert "已评论" in await room.say("lina04", "不@")
    assert len(await notices(database)) == 1


async def test_two_of_one_name_are_asked(database: Database) -> None:
    def rename(tx: Tx) -> None:
        person = tx.get(Employee, "zhao05")
        assert person is not None
        person.name = "王强"
        tx.add(person)

    await load_company(database)
    await database.system(rename)
    room = Room(database)
    asked = await room.say("lina04", "评论 华兴科技 @王强 报价单发我看看")
    assert "是哪一位" in asked and "wang03" in asked and "zhao05" in asked
    number = 1 if asked.index("wang03") < asked.index("zhao05") else 2
    assert "已评论" in await room.say("lina04", str(number))
    assert [who for who, _ in await notices(database)] == ["wang03"]


async def test_the_customer_is_asked_never_guessed(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    asked = await room.say("lina04", "评论 @王强 报价单发我看看")
    assert "评论哪家客户" in asked and await notices(database) == []
    done = await room.say("lina04", "华兴科技")
    assert "已评论" in done and "华兴科技" in done
    await room.say("lina04", "查 华星电子")
    assert "华星电子" in await room.say("lina04", "评论 这家 @王强 样品寄出了")
    assert "没认出客户" in await room.say("lina04", "评论 深圳创想 看看")


async def test_taken_back_within_ten_minutes(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    await room.say("lina04", "评论 华兴科技 寄了样品册")
    assert "已撤销" in await room.say("lina04", "撤销")
    assert "寄了样品册" not in await room.say("lina04", "华兴科技 时间线")
    await room.say("lina04", "评论 华兴科技 寄了样品册")
    room.later(minutes=11)
    assert "已撤销" not in await room.say("lina04", "撤销")


async def test_by_the_form_on_the_card(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    at = await id_of(database, HUAXING)
    shown = await room.say("lina04", "查 华兴科技")
    assert "评论" in shown
    card = (await room.cards("lina04"))[-1]
    opened = await room.tap("lina04", card, CommentButton(customer_id=at))
    assert "发评论" in opened or "评论 华兴" in opened
    form = {"content": "报价单发我看看", "mentioned": ["wang03"]}
    raw = RawTap("tap:form", "lina04", card, params={"form": form})
    assert "已评论" in str(await room.desk.taps.tap(raw))
    assert [who for who, _ in await notices(database)] == ["wang03"]
    again = await room.desk.taps.tap(RawTap("tap:form2", "lina04", card, params={"form": form}))
    assert "没有重复" in str(again)
    rows = await database.system(lambda tx: len(list(tx.exec(select(Comment)).all())))
    assert rows == 1


async def test_the_same_message_twice_is_one_comment(database: Database) -> None:
    await load_company(database)
    room = Room(database)
    await room.say("wang03", "评论 华兴科技 @李娜 报价单发我看看")
    assert [who for who, _ in await notices(database)] == ["lina04"]


@pytest.mark.parametrize("level", ["hidden", "masked"])
async def test_a_reader_without_the_content_gets_none_of_it(database: Database, level: str) -> None:
    def limit(tx: Tx) -> None:
        for name in ("部门经理", "主管"):
            role = roles.find_by_name(tx, name)
            if role is not None:
                sheet = replace(role, fields={("followup", "content"): FieldLevel(level)})
                roles.write_role(tx, role, sheet)

    await load_company(database)
    await database.system(limit)
    room = Room(database)
    await room.say("lina04", "评论 华兴科技 @王强 报价单发我看看")
    told = await notices(database)
    everything = "\n".join(text for _, text in told) + await room.say("wang03", "华兴科技 时间线")
    limited = await database.system(lambda tx: any(roles.find_by_name(tx, n) for n in ("部门经理", "主管")))
    assert limited and [who for who, _ in told] == ["wang03"]
    assert "报价单发我看看" not in everything
