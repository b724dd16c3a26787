"""Acks, redelivery and what happens when nobody is there: behaviours 9–15 of platform.md section 12."""

import asyncio
from typing import Any

import orjson
import pytest

from tests.sandbox.wire_client import BOT, EVENTS, Wire, ack, ok, silent

LATER = '{"status":"LATER","message":"not now"}'


async def pushes(wire: Wire, after: int = 0) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await wire.control("GET", f"/pushes?after={after}"))["items"]
    return items


async def idle(wire: Wire, wait: float = 10) -> bool:
    return bool((await wire.control("GET", f"/idle?wait={wait}"))["idle"])


@pytest.mark.parametrize("refusal", [silent, lambda f: ack(f, 500), lambda f: ack(f, data=LATER)])
async def test_b09_an_event_that_is_not_taken_comes_again(wire: Wire, refusal: Any) -> None:
    await wire.knobs(event_ack_seconds=0.2, event_retry_seconds=0.05)
    socket = await wire.connect(answer=lambda f: ok(f) if len(socket.frames) > 2 else refusal(f))
    await wire.event(eventId="e1")
    assert await idle(wire)
    assert [frame["headers"]["eventId"] for frame in socket.frames] == ["e1"] * 3
    assert (await pushes(wire))[-1]["ack"] == {"code": 200}


async def test_b09_an_event_is_given_up_after_the_attempts(wire: Wire) -> None:
    await wire.knobs(event_attempts=2, event_retry_seconds=0.02)
    socket = await wire.connect(answer=lambda f: ack(f, 500))
    assert (await wire.event())["ack"]["code"] == 500
    assert await idle(wire)
    assert len(socket.frames) == 2


async def test_b09_an_ack_without_status_is_success(wire: Wire) -> None:
    # So does the Python SDK: it echoes the event's data.
    socket = await wire.connect(answer=lambda f: ack(f, data=f["data"]))
    assert (await wire.event())["ack"]["code"] == 200
    assert await idle(wire)
    assert len(socket.frames) == 1


async def test_b10_an_acknowledged_event_may_come_twice(wire: Wire) -> None:
    await wire.knobs(event_duplicate_rate=1)
    socket = await wire.connect()
    await wire.event(eventId="e1")
    assert await idle(wire)
    assert [frame["headers"]["eventId"] for frame in socket.frames] == ["e1", "e1"]
    assert len({frame["headers"]["messageId"] for frame in socket.frames}) == 2


async def test_b11_events_come_late_and_out_of_order(wire: Wire) -> None:
    await wire.knobs(event_delay_seconds=0.3)
    socket = await wire.connect()
    await asyncio.gather(*(wire.event(eventId=f"e{number:02}") for number in range(20)))
    assert await idle(wire)
    order = [frame["headers"]["eventId"] for frame in socket.frames]
    assert len(order) == 20
    assert order != sorted(order)


async def test_b12_a_bot_message_is_fire_and_forget(wire: Wire) -> None:
    socket = await wire.connect(answer=lambda f: ack(f, 500))
    assert (await wire.say("lina04", "一次"))["ack"]["code"] == 500
    assert await idle(wire)
    assert len(socket.frames) == 1


async def test_b12_by_knob_an_unanswered_bot_message_comes_again(wire: Wire) -> None:
    await wire.knobs(bot_redeliver_seconds=0.05)
    socket = await wire.connect(answer=lambda f: ok(f) if len(socket.frames) > 1 else None)
    saying = asyncio.create_task(wire.say("lina04", "在吗"))
    first = (await socket.wait(1))[0]
    await socket.close()
    assert (await saying)["ack"] is None
    again = await wire.connect()
    second = (await again.wait(1))[0]
    assert orjson.loads(second["data"])["msgId"] == orjson.loads(first["data"])["msgId"]
    assert second["headers"]["messageId"] != first["headers"]["messageId"]


async def test_b13_late_unknown_null_and_unreadable_acks_are_ignored(wire: Wire) -> None:
    await wire.knobs(event_ack_seconds=0.1, event_attempts=1)
    socket = await wire.connect(answer=silent)
    assert (await wire.event())["ack"] is None
    late = socket.frames[0]
    for text in (
        orjson.dumps(ok(late)).decode(),
        '{"code":200,"headers":{"messageId":null},"data":""}',
        '{"code":200,"headers":{"messageId":"never pushed"}}',
        '{"code":200}',
        "[1]",
        "no json",
    ):
        await socket.ws.send_str(text)
    socket.answer = ok
    assert (await wire.say("lina04", "还活着"))["ack"]["code"] == 200
    assert (await pushes(wire))[0]["ack"] is None


async def test_b14_without_a_connection_a_bot_message_is_lost(wire: Wire) -> None:
    assert (await wire.say("lina04", "没人"))["ack"] is None
    socket = await wire.connect()
    await wire.say("lina04", "有人")
    assert [orjson.loads(frame["data"])["text"]["content"] for frame in socket.frames] == ["有人"]
    assert len(await pushes(wire)) == 1


async def test_b14_by_knob_a_bot_message_waits_for_a_connection(wire: Wire) -> None:
    await wire.knobs(offline_bot="queue")
    assert (await wire.say("lina04", "等你"))["ack"] is None
    assert not await idle(wire, 0)
    socket = await wire.connect()
    assert orjson.loads((await socket.wait(1))[0]["data"])["text"]["content"] == "等你"
    assert await idle(wire)


async def test_b14_an_event_is_tried_a_few_times(wire: Wire) -> None:
    await wire.knobs(event_ack_seconds=0.6, event_retry_seconds=0.4)
    assert (await wire.event(eventId="early"))["ack"] is None
    socket = await wire.connect(EVENTS)
    assert (await socket.wait(1))[0]["headers"]["eventId"] == "early"


async def test_b14_an_event_is_lost_in_the_end_or_at_once(wire: Wire) -> None:
    await wire.knobs(event_ack_seconds=0.05, event_retry_seconds=0.01)
    await wire.event(eventId="given up")
    assert await idle(wire)
    await wire.knobs(offline_events="drop")
    await wire.event(eventId="dropped")
    assert await idle(wire)
    socket = await wire.connect()
    await wire.event(eventId="heard")
    assert [frame["headers"]["eventId"] for frame in socket.frames] == ["heard"]


async def test_b15_quota_exhausted_by_switch_and_by_the_monthly_limit(wire: Wire) -> None:
    socket = await wire.connect()
    await wire.knobs(quota_exhausted=True)
    await wire.say("lina04", "你好")
    await wire.knobs(quota_exhausted=False, monthly_webhook_stream=2)
    await wire.say("lina04", "第二条")
    await wire.say("lina04", "第三条")
    paused, normal, over = (orjson.loads(frame["data"]) for frame in socket.frames)
    for data in (paused, over):
        assert "text" not in data
        assert "content" not in data
        assert (data["errCode"], data["errorCode"]) == ("20001", "20001")
        assert "受调用量超量影响" in data["errMsg"] == data["errorMessage"]
        assert data["senderStaffId"] == "lina04"
    assert normal["text"] == {"content": "第二条"}


async def test_quota_counts_what_is_pushed_and_exempts_contact_events(wire: Wire) -> None:
    await wire.connect()
    await wire.say("lina04", "一")
    await wire.event("user_add_org")
    await wire.event("todo_task_update")
    card = {"type": "CALLBACK", "topic": "/v1.0/card/instances/callback", "data": {"outTrackId": "x"}}
    await wire.control("POST", "/frames", card)
    await wire.control("POST", "/frames", {"type": "SYSTEM", "topic": "KEEPALIVE", "data": {}})
    assert (await wire.control("GET", "/quota"))["webhook_stream"] == 3


async def test_a_dropped_ack_is_not_heard_and_an_event_comes_again(wire: Wire) -> None:
    await wire.knobs(event_ack_seconds=0.5, event_retry_seconds=0.01)
    socket = await wire.connect()
    await wire.control("POST", "/faults", {"push": "event", "times": 1, "do": {"drop_ack": True}})
    assert (await wire.event(eventId="e1"))["ack"] is None
    assert await idle(wire)
    assert len(socket.frames) == 2
    first, second = await pushes(wire)
    assert (first["ack"], second["ack"]) == (None, {"code": 200})


@pytest.mark.parametrize("same", [True, False])
async def test_a_redelivery_fault_sends_the_same_message_once_more(wire: Wire, same: bool) -> None:
    socket = await wire.connect()
    fault = {"push": "bot", "times": 1, "do": {"redeliver": {"after_ms": 50, "same_message_id": same}}}
    await wire.control("POST", "/faults", fault)
    assert (await wire.say("lina04", "两次"))["ack"]["code"] == 200
    first, second = await socket.wait(2)
    assert first["data"] == second["data"]
    assert (first["headers"]["messageId"] == second["headers"]["messageId"]) is same
    assert await idle(wire)
    assert (await wire.control("GET", "/quota"))["webhook_stream"] == 1


async def test_a_raw_frame_is_sent_as_written_also_a_second_time(wire: Wire) -> None:
    socket = await wire.connect()
    body = {
        "type": "CALLBACK",
        "topic": BOT["topic"],
        "headers": {"messageId": "m1", "more": "x"},
        "data": {"msgId": "again", "msgtype": "text"},
    }
    assert (await wire.control("POST", "/frames", body))["ack"]["code"] == 200
    assert (await wire.control("POST", "/frames", body))["ack"]["code"] == 200
    one, two = socket.frames
    assert one["headers"]["messageId"] == two["headers"]["messageId"] == "m1"
    assert one["headers"]["more"] == "x"
    assert orjson.loads(one["data"]) == body["data"]
    for wrong in ({"type": "OTHER", "topic": "*"}, {"type": "CALLBACK"}, {"type": "EVENT", "headers": [1]}):
        assert (await wire.control("POST", "/frames", wrong, status=400))["code"] == "bad_request"


async def test_a_connection_that_goes_down_ends_the_wait(wire: Wire) -> None:
    socket = await wire.connect(answer=silent)
    saying = asyncio.create_task(wire.say("lina04", "断线"))
    await socket.wait(1)
    await wire.control("POST", "/connections", {"do": "abort"})
    async with asyncio.timeout(3):
        assert (await saying)["ack"] is None
    assert await idle(wire)
