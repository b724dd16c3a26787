"""工作通知: what DingTalk drops is noticed and an administrator sees it; texts differ where they would be dropped."""

from datetime import timedelta

from bot.core.clock import BEIJING
from storage import notices
from storage.database import Database, Tx
from storage.tables import Notice
from tests.support.company import NOW, load_company
from tests.support.stage import Stage


async def test_an_undelivered_notice_is_told_to_an_administrator(stage: Stage) -> None:
    await stage.request("PATCH", "/knobs", {"daily_notices": 1})
    await stage.say("wang03", "分配 宁波海蓝 给 赵磊")
    await stage.say("wang03", "分配 杭州蓝海 给 赵磊")
    await stage.settle()
    assert [n["fate"] for n in await stage.notices()] == ["delivered", "daily_limit"]
    assert len(await stage.look("zhao05")) == 1
    await stage.request("PATCH", "/knobs", {"daily_notices": 500})
    await stage.advance(now="2026-03-02T10:15:00+08:00")
    told = await stage.look("chen01")
    assert len(told) == 1
    assert "没送达" in told[0]["text"] and "赵磊" in told[0]["text"] and "超过上限" in told[0]["text"]
    assert "赵磊" in (await stage.ask("chen01", "通知状态"))["text"]
    await stage.advance(now="2026-03-02T18:00:00+08:00")
    assert not [i for i in await stage.look("chen01") if "没送达" in i["text"]], "told once"


async def test_a_delivered_notice_is_read_back_once(stage: Stage) -> None:
    await stage.say("wang03", "分配 宁波海蓝 给 赵磊")
    await stage.advance(now="2026-03-02T10:15:00+08:00")
    asked = [c for c in await stage.calls("/topapi/message") if c["path"].endswith("getsendresult")]
    assert len(asked) == 1
    await stage.advance(now="2026-03-02T18:00:00+08:00")
    asked = [c for c in await stage.calls("/topapi/message") if c["path"].endswith("getsendresult")]
    assert len(asked) == 1
    assert "都送达了" in (await stage.ask("chen01", "通知状态"))["text"]


async def test_a_failing_call_is_tried_again_and_arrives_once(stage: Stage) -> None:
    fault = {"path": "/topapi/message/corpconversation/asyncsend_v2", "times": 4, "do": {"body": {"errcode": 90018}}}
    await stage.post("/faults", fault)
    await stage.post("/messages", {"from": "wang03", "text": "分配 宁波海蓝 给 赵磊"})
    for _ in range(6):
        await stage.advance(advance_seconds=70)
    news = await stage.look("zhao05")
    assert len([n for n in news if n["kind"] == "notice"]) == 1


async def test_equal_texts_are_made_to_differ_and_lists_are_cut(database: Database) -> None:
    await load_company(database)
    people = [f"p{n}" for n in range(250)]

    def work(tx: Tx) -> tuple[int, int, list[str]]:
        first = notices.queue(tx, key="a", user_ids=people, title="提醒", text="同样的话", now=NOW)
        second = notices.queue(tx, key="b", user_ids=people[:1], title="提醒", text="同样的话", now=NOW)
        third = notices.queue(
            tx, key="c", user_ids=people[:1], title="提醒", text="同样的话", now=NOW + timedelta(days=1)
        )
        from sqlmodel import select

        texts = [n.text for n in tx.exec(select(Notice).where(Notice.user_id == "p0").order_by(Notice.id)).all()]  # type: ignore[arg-type]
        return first, second + third, texts

    first, rest, texts = await database.system(work)
    assert (first, rest) == (250, 2)
    assert texts[0] != texts[1], "the same day: made different"
    assert texts[0] == texts[2], "another day: as it is"

    def calls(tx: Tx) -> list[list[str]]:
        from sqlmodel import select

        from storage.tables import Outbox

        return [row.payload["user_ids"] for row in tx.exec(select(Outbox).where(Outbox.channel == "notice")).all()]

    sizes = [len(users) for users in await database.system(calls)]
    assert max(sizes) <= 100 and sum(sizes) == 252


def test_a_long_text_is_cut_to_2048_bytes() -> None:
    message = notices.markdown("提醒", "\n".join(f"第 {n} 家客户很久没跟进了" for n in range(300)))
    import json

    assert len(json.dumps(message, ensure_ascii=False).encode()) <= 2048
    assert NOW.tzinfo == BEIJING
