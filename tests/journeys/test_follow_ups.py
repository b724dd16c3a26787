"""跟进 as people meet it: one sentence, voice, what is missing, undo, and the morning after."""

import pytest

from tests.support.stage import Stage
from tests.support.world import small_world


async def test_one_sentence_is_one_follow_up_and_one_answer(stage: Stage) -> None:
    before = len(await stage.calls())
    pushes = len((await stage.get("/pushes"))["items"])
    item = await stage.ask("lina04", "跟进 华兴科技 电话聊了报价，对方要8折，下周三下午3点再打")
    assert "华兴科技" in item["text"] and "电话" in item["text"] and "8折" in item["text"]
    assert "3月11日 周三 15:00" in item["text"]
    assert len((await stage.calls())[before:]) == 1
    assert len((await stage.get("/pushes"))["items"]) - pushes == 1
    seen = await stage.ask("lina04", "查 华兴科技")
    assert "对方要8折" in seen["text"] and "3月11日" in seen["text"]


async def test_a_short_name_and_no_method(stage: Stage) -> None:
    item = await stage.ask("lina04", "跟进 华东精密 已寄样品 明天再联系")
    assert "已寄样品" in item["text"] and "明天" in item["text"]


async def test_a_voice_message_is_read_by_its_recognised_text(stage: Stage) -> None:
    item = await stage.ask(
        "lina04", "", audio={"recognition": "嗯刚刚拜访了华星电子他们要样品下个月15号再去", "duration_ms": 4000}
    )
    assert "华星电子" in item["text"] and "拜访" in item["text"] and "4月15日" in item["text"]


async def test_an_ambiguous_customer_is_asked_never_guessed(stage: Stage) -> None:
    item = await stage.ask("lina04", "跟进 华 电话聊了报价")
    assert "已记录" not in item["text"]
    two = await stage.ask("lina04", "跟进 有限公司 电话聊了报价")
    assert "已记录" not in two["text"]


async def test_one_wrong_character_is_offered(stage: Stage) -> None:
    asked = await stage.ask("lina04", "跟进 华行科技 发了样册")
    assert "已记录" not in asked["text"] and "华兴科技" in asked["text"]
    done = await stage.ask("lina04", "1")
    assert "已记录" in done["text"] and "发了样册" in done["text"]


async def test_what_is_missing_is_asked_once_and_completed(stage: Stage) -> None:
    asked = await stage.ask("lina04", "跟进 华兴科技")
    assert "聊了什么" in asked["text"]
    done = await stage.ask("lina04", "对方要月底前发货")
    assert "已记录" in done["text"] and "华兴科技" in done["text"] and "月底前发货" in done["text"]


async def test_somebody_elses_customer_is_as_if_it_were_not_there(stage: Stage) -> None:
    item = await stage.ask("lina04", "跟进 深圳创想 电话聊了报价")
    assert "周敏" not in item["text"] and "已记录" not in item["text"]


async def test_a_manager_logs_on_his_teams_customer(stage: Stage) -> None:
    item = await stage.ask("wang03", "跟进 明德仪器 会议 定了方案")
    assert "已记录" in item["text"]


async def test_undo_by_word_and_by_tap(stage: Stage) -> None:
    await stage.ask("lina04", "跟进 华兴科技 电话 聊了报价 明天再打")
    assert "已撤销" in (await stage.ask("lina04", "撤销"))["text"]
    assert "聊了报价" not in (await stage.ask("lina04", "查 华兴科技"))["text"]
    card = await stage.ask("lina04", "跟进 华星电子 微信 发了目录")
    answer = await stage.tap("lina04", card, "撤销")
    assert "已撤销" in answer["card"]["text"]
    assert "没有可以撤销" in (await stage.ask("lina04", "撤销"))["text"]


async def test_the_same_message_twice_is_one_follow_up(stage: Stage) -> None:
    """Invariant 97."""
    for _ in range(2):
        await stage.say("lina04", "跟进 华兴科技 电话 聊了交期", msg_id="msgSAME")
    seen = await stage.ask("lina04", "查 华兴科技")
    assert seen["text"].count("聊了交期") == 1


async def test_the_morning_reminds_once_and_costs_one_call_a_person(stage: Stage) -> None:
    """Invariants 70 and 72."""
    await stage.ask("lina04", "跟进 华兴科技 电话 聊了报价 明天下午2点再打")
    await stage.ask("lina04", "跟进 华星电子 微信 发了目录 明天再聊")
    before = len(await stage.calls("/topapi/message"))
    await stage.advance(now="2026-03-03T09:01:00+08:00")
    news = await stage.look("lina04")
    assert [n["kind"] for n in news] == ["notice"]
    assert "华兴科技" in news[0]["text"] and "华星电子" in news[0]["text"] and "14:00" in news[0]["text"]
    sends = [c for c in (await stage.calls("/topapi/message"))[before:] if c["path"].endswith("asyncsend_v2")]
    assert len(sends) == 1
    await stage.advance(now="2026-03-04T09:01:00+08:00")
    assert not [n for n in await stage.look("lina04") if "下次跟进" in n["text"]]


async def test_a_reminder_is_cancelled_by_doing_it(stage: Stage) -> None:
    """Invariant 98."""
    await stage.ask("lina04", "跟进 华兴科技 电话 聊了报价 明天再打")
    await stage.ask("lina04", "跟进 华兴科技 电话 已经定了")
    await stage.advance(now="2026-03-03T09:01:00+08:00")
    assert not [n for n in await stage.look("lina04") if "华兴科技" in n["text"] and "下次跟进" in n["text"]]


async def test_a_contact_later_today_is_reminded_of_before_its_time(stage: Stage) -> None:
    await stage.ask("lina04", "跟进 华兴科技 电话 聊了报价 今天下午3点再打")
    await stage.advance(now="2026-03-02T15:00:00+08:00")
    news = await stage.look("lina04")
    assert len(news) == 1 and "华兴科技" in news[0]["text"] and "15:00" in news[0]["text"]


@pytest.mark.parametrize("world", [small_world() | {"settings": {**small_world()["settings"], "reminders": {}}}])
async def test_nothing_is_promised_where_no_rule_reminds(stage: Stage) -> None:
    text = (await stage.ask("lina04", "跟进 华兴科技 电话聊了报价，明天再打"))["text"]
    assert "明天" in text and "会提醒你" not in text
