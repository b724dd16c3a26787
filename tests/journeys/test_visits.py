"""外勤 as people meet it: a 签到 in DingTalk, one tap; a sentence; who may see it; and what it costs."""

from typing import Any

from tests.support.stage import Stage

HERE = {"longitude": 121.49, "latitude": 29.87, "place": "望春工业园 3 号楼"}
RECORDS = "/topapi/checkin/record/get"


async def check_in(stage: Stage, who: str, remark: str = "", **more: Any) -> list[dict[str, Any]]:
    """Checks in and returns what reached the person when the record was fetched."""
    await stage.look(who)
    await stage.post("/checkins", {"as": who, "remark": remark, **HERE, **more})
    await stage.settle()
    await stage.advance(advance_seconds=10)
    await stage.settle()
    return await stage.look(who)


async def test_a_check_in_becomes_a_visit_by_one_tap(both: Stage) -> None:
    before = len(await both.calls())
    (asked,) = await check_in(both, "lina04", "华东精密 看了三号车间的设备")
    assert "望春工业园" in asked["text"] and "华东精密" in asked["text"] and "是这家" in asked["text"]
    calls = [c["path"] for c in (await both.calls())[before:]]
    assert calls.count(RECORDS) == 1 and len(calls) == 2, calls
    answer = await both.tap("lina04", asked, "是这家")
    assert "已关联，并记成跟进" in answer["card"]["text"]
    assert "看了三号车间的设备" in (await both.ask("lina04", "查 华东精密"))["text"]
    placed = await both.tap("lina04", asked, "记为客户位置")
    assert "已记为" in placed["card"]["text"]
    (near,) = await check_in(both, "lina04", "又谈了一次")
    assert "距离 0 米" in near["text"] and "是这家" in near["text"]
    listed = await both.ask("lina04", "今天的外勤")
    assert "共 2 次" in listed["text"] and "未关联" in listed["text"]


async def test_check_ins_that_come_together_are_one_call(stage: Stage) -> None:
    for who in ("lina04", "zhao05", "zhou06"):
        await stage.look(who)
        await stage.post("/checkins", {"as": who, "remark": "拜访", **HERE})
    await stage.settle()
    await stage.advance(advance_seconds=10)
    await stage.settle()
    assert len(await stage.calls(RECORDS)) == 1
    for who in ("lina04", "zhao05", "zhou06"):
        (asked,) = await stage.look(who)
        assert "望春工业园" in asked["text"]


async def test_the_event_twice_is_one_visit_and_a_stranger_costs_nothing(stage: Stage) -> None:
    await check_in(stage, "lina04", "看了设备")
    push = next(p for p in (await stage.get("/pushes"))["items"] if p["type"] == "EVENT")
    assert push["ack"] is not None
    record = (await stage.calls(RECORDS))[0]["response"]["result"]["page_list"][0]
    data = {"staffId": "lina04", "timeStamp": record["checkin_time"]}
    await stage.post("/frames", {"type": "EVENT", "topic": "*", "headers": {"eventType": "check_in"}, "data": data})
    await stage.advance(advance_seconds=10)
    await stage.settle()
    assert await stage.look("lina04") == []
    before = len(await stage.calls(RECORDS))
    await stage.post("/checkins", {"as": "qian07", **HERE})  # outside the usage scope
    await stage.settle()
    await stage.advance(advance_seconds=10)
    assert len(await stage.calls(RECORDS)) == before


async def test_a_record_that_lags_is_asked_for_again(stage: Stage) -> None:
    await stage.request("PATCH", "/knobs", {"read_delay_seconds": 90})
    assert await check_in(stage, "lina04", "看了设备") == []
    await stage.advance(advance_seconds=400)
    await stage.settle()
    (asked,) = await stage.look("lina04")
    assert "望春工业园" in asked["text"]


async def test_dingtalk_refusing_is_tried_again(stage: Stage) -> None:
    refuse = {"errcode": 60011, "errmsg": "没有调用该接口的权限"}
    await stage.post("/faults", {"path": RECORDS, "times": 1, "do": {"status": 200, "body": refuse}})
    assert await check_in(stage, "lina04", "看了设备") == []
    await stage.advance(advance_seconds=70)
    await stage.settle()
    assert len(await stage.look("lina04")) == 1


async def test_another_customer_or_none(stage: Stage) -> None:
    (asked,) = await check_in(stage, "lina04", "看了设备")
    assert "附近 500 米内没有你的客户" in asked["text"]
    await stage.tap("lina04", asked, "选客户")
    done = await stage.ask("lina04", "华兴科技")
    assert "已记外勤，并记成跟进" in done["text"]
    assert "已关联" in (await stage.card("lina04", asked))["text"]  # the card that asked shows it too
    (second,) = await check_in(stage, "lina04", "路过")
    assert "不关联" in (await stage.tap("lina04", second, "不关联"))["card"]["text"]
    assert "没有未关联" in (await stage.ask("lina04", "外勤 未关联"))["text"]


async def test_a_forwarded_tap_changes_nothing(stage: Stage) -> None:
    (asked,) = await check_in(stage, "lina04", "华东精密 看了设备")
    card = await stage.card("lina04", asked)
    button = next(b for b in card["buttons"] if b["text"] == "是这家")
    path = f"/cards/{asked['card']['out_track_id']}/tap"
    forged = {"force": True, "action_ids": button["action_ids"], "params": button["params"]}
    await stage.post(path, {"as": "zhou06", "button": button["id"], **forged})
    assert "是这家" in (await stage.card("lina04", asked))["text"]


async def test_by_a_sentence_and_undone(stage: Stage) -> None:
    done = await stage.ask("lina04", "签到 鄞州区百丈路88号 华东精密 车间看了设备")
    assert "鄞州区百丈路88号" in done["text"] and "车间看了设备" in done["text"]
    assert "车间看了设备" in (await stage.ask("wang03", "外勤 李娜 本周"))["text"]
    refused = (await stage.ask("zhou06", "外勤 李娜"))["text"]
    assert "百丈路" not in refused and "只有本人、上级和管理员能看" in refused
    assert "已撤销" in (await stage.tap("lina04", done, "撤销"))["card"]["text"]
    assert "还没有外勤" in (await stage.ask("lina04", "今天的外勤"))["text"]
