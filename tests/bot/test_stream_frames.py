import json
import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from dingtalk_stream import AckMessage, ChatbotMessage
from dingtalk_stream.frames import SystemMessage
from dingtalk_stream.handlers import CallbackHandler

from bot.stream import frames
from bot.stream.frames import (
    BadFrame,
    BotFrame,
    EventFrame,
    SystemFrame,
    TapFrame,
    UnknownFrame,
    ack,
    callback_ack,
    event_ack,
    read_frame,
)

RECORDED = Path(__file__).parent.parent / "support" / "frames"


def recorded(name: str) -> Any:
    return read_frame((RECORDED / f"{name}.json").read_bytes())


def test_our_words_are_the_sdks() -> None:
    assert frames.BOT_TOPIC == ChatbotMessage.TOPIC
    assert frames.CARD_TOPIC == CallbackHandler.TOPIC_CARD_CALLBACK
    assert frames.DISCONNECT == SystemMessage.TOPIC_DISCONNECT
    assert (frames.OK, frames.NOT_FOUND) == (AckMessage.STATUS_OK, AckMessage.STATUS_NOT_IMPLEMENT)


def test_a_message_in_a_group() -> None:
    frame = recorded("bot_text_group")
    assert isinstance(frame, BotFrame)
    assert (frame.msg_id, frame.message_id) == ("msgLICYe==", "212ca9d7_974_1898c159aa6_1783b")
    assert (frame.user_id, frame.sender_nick, frame.corp_id) == ("16650", "用户", "ding9f")
    assert (frame.group, frame.conversation_id, frame.conversation_title) == (True, "cidAsXSBLnA==", "测试群")
    assert (frame.kind, frame.text, frame.robot_code) == ("text", "测试数据", "dingxxxx")
    assert frame.sent_at is not None
    assert frame.sent_at.isoformat() == "2023-07-26T17:01:41.894000+08:00"
    assert frame.webhook_expires_at is not None
    assert (frame.webhook_expires_at - frame.sent_at).total_seconds() == 5400.258
    assert "session=abc" not in repr(frame)


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("bot_text_single", "text", "公海"),
        ("bot_audio", "audio", "钉钉，让进步发生"),
        ("bot_picture", "picture", None),
        ("bot_file", "file", None),
        ("bot_video", "video", None),
        ("bot_rich_text", "rich_text", "看这里好"),
        ("bot_unknown", "unknown", None),
        ("bot_quota_errcode", "quota_exhausted", None),
        ("bot_quota_errorcode", "quota_exhausted", None),
    ],
)
def test_every_kind(name: str, kind: str, text: str | None) -> None:
    frame = recorded(name)
    assert isinstance(frame, BotFrame)
    assert (frame.kind, frame.text, frame.group) == (kind, text, False)


def test_a_file_keeps_its_name_and_code() -> None:
    assert recorded("bot_file").content["fileName"] == "a.xlsx"


def test_an_outsider_has_no_user_id() -> None:
    assert recorded("bot_external").user_id is None


@pytest.mark.parametrize(("name", "ids"), [("tap", ("confirm",)), ("tap_older", ("1",))])
def test_taps_of_both_shapes(name: str, ids: tuple[str, ...]) -> None:
    frame = recorded(name)
    assert isinstance(frame, TapFrame)
    assert (frame.user_id, frame.out_track_id, frame.corp_id) == ("user123", "crm-visit-20260822-0001", "dingXXXX")
    assert frame.action_ids == ids
    assert frame.params["action"] == "accept"
    assert (frame.space_type, frame.space_id, frame.union_id_used) == ("IM", "cidX", False)


def test_a_form() -> None:
    assert recorded("tap_form").params["form"]["amount"] == "12.50"


def test_events() -> None:
    frame = recorded("event_user_add")
    assert isinstance(frame, EventFrame)
    assert (frame.event_id, frame.event_type, frame.corp_id) == ("c7c7120f2c07419", "user_add_org", "ding9f50b15b")
    assert frame.born_at is not None
    assert frame.born_at.year == 2023
    assert (frame.get("userid"), frame.get("TIMESTAMP"), frame.get("x")) == (["015227"], "1685501863357", None)
    assert recorded("event_org_change").data == {}
    capitals = recorded("event_capitals")
    assert (capitals.event_type, capitals.get("deptId")) == ("org_dept_modify", [42])


def test_system_frames() -> None:
    assert recorded("ping") == SystemFrame("p1", "ping", '{"opaque": "0bda9"}')
    assert recorded("disconnect").topic == "disconnect"
    assert recorded("disconnect").message_id == ""


def frame(type_: str = "CALLBACK", topic: str = frames.BOT_TOPIC, data: Any = None, **headers: Any) -> str:
    inner = data if isinstance(data, str) else json.dumps(data)
    return json.dumps({"type": type_, "headers": {"messageId": "m", "topic": topic, **headers}, "data": inner})


@pytest.mark.parametrize(
    "raw",
    [
        "", "nonsense", "[]", "null", "{}", b"\xff\xfe", "{" * 5000, frame("OTHER"), frame(data="not json"),
        frame(data="[]"), frame(data=None), frame(topic=frames.CARD_TOPIC, data={}),
        frame(topic=frames.CARD_TOPIC, data={"outTrackId": "o"}),
        frame(topic=frames.CARD_TOPIC, data={"type": "dynamicDataCallback", "outTrackId": "o", "userId": "u"}),
        frame("EVENT", "*", {}), frame("EVENT", "*", "[1]", eventType="t"),
    ],
)  # fmt: skip
def test_the_unreadable_is_a_bad_frame(raw: str | bytes) -> None:
    found = read_frame(raw)
    assert isinstance(found, BadFrame)
    assert found.reason


def test_a_bad_frame_can_still_be_acknowledged() -> None:
    found = read_frame(frame(data="not json"))
    assert isinstance(found, BadFrame)
    assert (found.message_id, found.type) == ("m", "CALLBACK")


def test_other_topics_are_unknown() -> None:
    assert read_frame(frame(topic="/v1.0/graph/api/invoke")) == UnknownFrame("m", "CALLBACK", "/v1.0/graph/api/invoke")


def test_without_its_own_id_a_frame_goes_by_the_pushs() -> None:
    found = read_frame(frame(data={"msgtype": "text", "text": {"content": "x"}}))
    assert isinstance(found, BotFrame)
    assert found.msg_id == "m"
    event = read_frame(frame("EVENT", "*", "", eventType="org_change"))
    assert isinstance(event, EventFrame)
    assert (event.event_id, event.data) == ("m", {})


@pytest.mark.parametrize(
    ("inner", "kind"),
    [
        ({"msgtype": "text"}, "unknown"),
        ({"msgtype": "text", "text": None}, "unknown"),
        ({"msgtype": "text", "text": {"content": 5}}, "unknown"),
        ({"msgtype": "audio", "content": {"duration": 1}}, "audio"),
        ({"msgtype": "richText", "content": {"richText": "x"}}, "rich_text"),
        ({"msgtype": 7, "createAt": "soon", "conversationType": 2}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_odd_messages_are_read_as_far_as_they_go(inner: dict[str, Any], kind: str) -> None:
    found = read_frame(frame(data={"msgId": "1", **inner}))
    assert isinstance(found, BotFrame)
    assert (found.kind, found.text) == (kind, None)


def test_mutated_frames_never_raise() -> None:
    chance = random.Random(7)
    seeds = [path.read_bytes() for path in sorted(RECORDED.glob("*.json"))]
    assert len(seeds) > 15
    junk: list[Any] = [None, 0, -1, 1e300, True, "", "x", [], [None], {}, {"a": 1}, "[]", "{}", "\ud7ff"]
    for number in range(4000):
        seed = seeds[number % len(seeds)]
        if number % 2:
            raw = bytearray(seed)
            for _ in range(chance.randrange(1, 6)):
                raw[chance.randrange(len(raw))] = chance.randrange(256)
            read_frame(bytes(raw))
            continue
        outer = json.loads(seed)
        inner = json.loads(outer["data"])
        for part in (outer, outer["headers"], inner):
            if part and chance.random() < 0.5:
                part[chance.choice(list(part))] = chance.choice(junk)
        if outer.get("data") and chance.random() < 0.8:
            outer["data"] = json.dumps(inner)
        read_frame(json.dumps(outer))


def test_acks() -> None:
    assert orjson.loads(callback_ack("m")) == {
        "code": 200, "message": "OK", "headers": {"messageId": "m", "contentType": "application/json"},
        "data": '{"response":null}',
    }  # fmt: skip
    card = {"cardData": {"cardParamMap": {"a": "中"}}}
    assert orjson.loads(orjson.loads(callback_ack("m", card))["data"]) == {"response": card}
    assert orjson.loads(orjson.loads(event_ack("m", taken=True))["data"])["status"] == "SUCCESS"
    assert orjson.loads(orjson.loads(event_ack("m", taken=False))["data"])["status"] == "LATER"
    assert orjson.loads(ack('"', '{"opaque":"x"}', code=404))["headers"]["messageId"] == '"'
