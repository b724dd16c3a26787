import datetime
import decimal
import random

import orjson
import pytest

from bot.dingtalk import robot as robot_module
from bot.dingtalk.cards import Cards, GroupSpace, PersonSpace, to_card_map
from bot.dingtalk.cutting import cut_bytes, cut_chars, json_bytes
from bot.dingtalk.errors import (
    BadRequest,
    CardMissing,
    NotDelivered,
    TemplateUnusable,
    Throttled,
    TooLarge,
    UnknownOutcome,
)
from bot.dingtalk.media import Media, MediaKind
from bot.dingtalk.notices import (
    DAILY_LIMIT,
    DUPLICATE,
    Fate,
    FateKind,
    LinkButton,
    Notices,
    StatusBar,
    action_card_notice,
    markdown_notice,
    oa_notice,
    text_notice,
)
from bot.dingtalk.robot import Robot, action_message, file_message, markdown_message, text_message, webhook_text
from tests.support.stub_api import OURS, RESET, stub_api

BATCH = "/v1.0/robot/oToMessages/batchSend"
GROUP = "/v1.0/robot/groupMessages/send"
CREATE = "/v1.0/card/instances/createAndDeliver"
UPDATE = "/v1.0/card/instances"
ASYNCSEND = "/topapi/message/corpconversation/asyncsend_v2"
QPS = (403, {"code": "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"})


async def test_people_get_twenty_to_a_call_and_the_answer_is_read() -> None:
    async with stub_api() as (stub, api):
        stub.say(
            BATCH,
            (200, {"processQueryKey": "k1", "invalidStaffIdList": ["p3"], "flowControlledStaffIdList": []}),
            (200, {"processQueryKey": "k2", "flowControlledStaffIdList": ["p21"]}),
        )
        people = [f"p{number}" for number in range(25)]
        result = await Robot(api).send_to_people([*people, "p0"], markdown_message("标题", "# 正文"))
        first, second = stub.calls(BATCH)
        assert (first.body["userIds"], second.body["userIds"]) == (people[:20], people[20:])
        assert first.body["robotCode"] == OURS.client_id
        assert first.body["msgKey"] == "sampleMarkdown"
        assert orjson.loads(first.body["msgParam"]) == {"title": "标题", "text": "# 正文"}
        assert (result.query_keys, result.invalid, result.flow_controlled) == (("k1", "k2"), ("p3",), ("p21",))
        assert (result.reached("p1"), result.reached("p3"), result.reached("p21")) == (True, False, False)


async def test_a_later_part_that_fails_is_told_and_not_raised() -> None:
    async with stub_api() as (stub, api):
        stub.say(BATCH, (200, {"processQueryKey": "k1"}), (400, {"code": "bot.stopped", "message": "m"}))
        result = await Robot(api).send_to_people([f"p{number}" for number in range(21)], text_message("x"))
        assert set(result.unsent) == {"p20"}
        assert (result.reached("p0"), result.reached("p20")) == (True, False)
        stub.say(BATCH, QPS)
        with pytest.raises(Throttled):
            await Robot(api).send_to_people(["p0"], text_message("x"))


async def test_group_messages_have_a_size() -> None:
    async with stub_api() as (stub, api):
        stub.say(GROUP, (200, {"processQueryKey": "k"}))
        assert (await Robot(api).send_to_group("cid1", text_message("好"))).query_key == "k"
        assert stub.calls(GROUP)[0].body["openConversationId"] == "cid1"
        with pytest.raises(TooLarge):
            await Robot(api).send_to_group("cid1", text_message("好" * 5000))


def test_messages_have_the_keys_of_the_documents() -> None:
    one, two = [("看", "https://a")], [("看", "https://a"), ("批", "https://b")]
    assert action_message("t", "x", one).param == {
        "title": "t", "text": "x", "singleTitle": "看", "singleURL": "https://a"
    }  # fmt: skip
    double = action_message("t", "x", two)
    assert double.key == "sampleActionCard2"
    assert double.param["actionTitle2"] == "批"
    assert double.param["actionURL1"] == "https://a"
    assert file_message("@m", "客户.XLSX").param["fileType"] == "xlsx"
    for count in (0, 6):
        with pytest.raises(ValueError, match="buttons"):
            action_message("t", "x", one * count)


async def test_a_webhook_answer() -> None:
    async with stub_api() as (stub, api):
        path = "/robot/sendBySession"
        stub.say(path, (200, {"errcode": 0, "errmsg": "ok"}), (200, {"errcode": 300001, "errmsg": "expired"}))
        url = f"{stub.url}{path}?session=a%2Bb"
        await Robot(api).reply_webhook(url, webhook_text("好的", at=["u1"]))
        sent = stub.calls(path)[0]
        assert sent.query == {"session": "a+b"}
        assert sent.body == {"msgtype": "text", "text": {"content": "@u1 好的"}, "at": {"atUserIds": ["u1"]}}
        assert "x-acs-dingtalk-access-token" not in sent.headers
        with pytest.raises(BadRequest):
            await Robot(api).reply_webhook(url, webhook_text("好的"))
        assert api.usage.drain() == {"webhook_stream": 2}
        stub.say(path, RESET)
        with pytest.raises(UnknownOutcome):
            await Robot(api).reply_webhook(url, webhook_text("好的"))


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/robot/sendBySession?session=x",
        "https://oapi.dingtalk.com.evil.example/x",
        "https://evildingtalk.com/x",
        "https://oapi.dingtalk.com@evil.example/x",
        "https://evil:x@oapi.dingtalk.com/x",
        "http://oapi.dingtalk.com/x",
        "https://oapi.dingtalk.com:8443/x",
        "http://127.0.0.1:1/x",
        "ftp://oapi.dingtalk.com/x",
        "nonsense",
        "",
        "http://[",
    ],
)
async def test_a_webhook_elsewhere_gets_nothing(url: str) -> None:
    async with stub_api() as (stub, api):
        with pytest.raises(BadRequest, match="webhook"):
            await Robot(api).reply_webhook(url, webhook_text("secret"))
        assert stub.seen == []


async def test_dingtalks_own_webhooks_are_allowed() -> None:
    async with stub_api() as (_, api):
        allowed = Robot(api)._allowed("https://oapi.dingtalk.com/robot/sendBySession?session=x")
        assert allowed.host == "oapi.dingtalk.com"


async def test_a_file_somebody_sent() -> None:
    async with stub_api() as (stub, api):
        stub.say("/v1.0/robot/messageFiles/download", (200, {"downloadUrl": f"{stub.url}/files/1"}))
        stub.say("/files/1", (200, b"x" * 1000))
        assert await Robot(api).download_file("code") == b"x" * 1000
        assert "access_token" not in stub.calls("/files/1")[0].query
        with pytest.raises(TooLarge):
            await Robot(api).download_file("code", limit=999)
        stub.say("/files/1", (403, b"expired"))
        with pytest.raises(BadRequest):
            await Robot(api).download_file("code")
        assert robot_module.FILE_BYTES == 20 * 1024 * 1024


def test_every_card_value_is_a_string() -> None:
    assert to_card_map(
        {
            "text": "a", "number": 3, "float": 1.5, "yes": True, "none": None, "list": [{"a": 1, "中": True}],
            "money": decimal.Decimal("12.50"), "day": datetime.date(2026, 3, 2), "kind": FateKind.READ,
            "deep": {"d": decimal.Decimal("1.20")},
        }
    ) == {
        "text": "a", "number": "3", "float": "1.5", "yes": "true", "none": "", "list": '[{"a":1,"中":true}]',
        "money": "12.50", "day": "2026-03-02", "kind": "read", "deep": '{"d":"1.20"}',
    }  # fmt: skip


def delivered(*rows: dict[str, object]) -> tuple[int, dict[str, object]]:
    return 200, {"success": True, "result": {"outTrackId": "o1", "deliverResults": list(rows)}}


async def test_a_card_for_a_person() -> None:
    async with stub_api() as (stub, api):
        stub.say(CREATE, delivered({"spaceType": "IM_ROBOT", "spaceId": "u1", "success": True, "carrierId": "c"}))
        delivery = await Cards(api).create_and_deliver(
            template_id="t.schema", out_track_id="o1", spaces=[PersonSpace("u1")], data={"n": 1},
            private={"u1": {"can": False}}, summary="待确认",
        )  # fmt: skip
        assert (delivery.delivered, delivery.failed, delivery.existed) == ({"u1": "c"}, {}, False)
        body = stub.calls(CREATE)[0].body
        assert body["openSpaceId"] == "dtv1.card//IM_ROBOT.u1"
        assert body["cardData"] == {"cardParamMap": {"n": "1"}}
        assert body["privateData"] == {"u1": {"cardParamMap": {"can": "false"}}}
        assert (body["callbackType"], body["userIdType"]) == ("STREAM", 1)
        assert body["imRobotOpenSpaceModel"]["supportForward"] is False
        assert body["imRobotOpenDeliverModel"]["spaceType"] == "IM_ROBOT"
        assert "imGroupOpenSpaceModel" not in body


async def test_a_card_for_a_group() -> None:
    async with stub_api() as (stub, api):
        stub.say(CREATE, delivered({"spaceType": "IM_GROUP", "spaceId": "cid==", "success": "true"}))
        space = GroupSpace("cid==", recipients=("u1",), at={"u1": "小明"})
        await Cards(api).create_and_deliver(template_id="t", out_track_id="o1", spaces=[space], data={}, callback=False)
        body = stub.calls(CREATE)[0].body
        assert body["openSpaceId"] == "dtv1.card//IM_GROUP.cid=="
        assert body["imGroupOpenSpaceModel"] == {"supportForward": False}
        assert body["imGroupOpenDeliverModel"] == {
            "robotCode": OURS.client_id, "recipients": ["u1"], "atUserIds": {"u1": "小明"}
        }  # fmt: skip
        assert "callbackType" not in body
        assert "imRobotOpenSpaceModel" not in body


async def test_http_200_is_not_delivery() -> None:
    async with stub_api() as (stub, api):
        good = {"spaceId": "u1", "success": True, "carrierId": "c"}
        bad = {"spaceId": "u2", "success": False, "errorMsg": "not in scope"}
        spaces = [PersonSpace("u1"), PersonSpace("u2")]

        async def make() -> object:
            return await Cards(api).create_and_deliver(template_id="t", out_track_id="o1", spaces=spaces, data={})

        stub.say(CREATE, delivered(good, bad))
        assert getattr(await make(), "failed") == {"u2": "not in scope"}  # noqa: B009
        for nothing in (delivered(bad), delivered(), (200, {"success": False, "message": "no"})):
            stub.say(CREATE, nothing)
            with pytest.raises(NotDelivered):
                await make()
        stub.say(CREATE, (400, {"code": "param.templateUnpublished"}))
        with pytest.raises(TemplateUnusable):
            await make()


async def test_a_card_made_by_a_try_whose_answer_was_lost_counts() -> None:
    async with stub_api() as (stub, api):
        stub.say(CREATE, RESET, (400, {"code": "param.cardAlreadyExist"}))
        delivery = await Cards(api).create_and_deliver(
            template_id="t", out_track_id="o1", spaces=[PersonSpace("u1")], data={}
        )
        assert delivery.existed
        assert len(stub.calls(CREATE)) == 2


async def test_updates_merge_unless_told_otherwise() -> None:
    async with stub_api() as (stub, api):
        stub.say(UPDATE, (200, {"success": True, "result": True}))
        await Cards(api).update("o1", {"n": 2}, {f"u{number}": {"x": 1} for number in range(60)})
        first, second = stub.calls(UPDATE)
        assert first.method == "PUT"
        assert first.body["cardUpdateOptions"] == {"updateCardDataByKey": True, "updatePrivateDataByKey": True}
        assert first.body["cardData"] == {"cardParamMap": {"n": "2"}}
        assert "cardData" not in second.body
        assert (len(first.body["privateData"]), len(second.body["privateData"])) == (50, 10)
        await Cards(api).update("o1", {"n": 2}, by_key=False)
        assert not stub.calls(UPDATE)[-1].body["cardUpdateOptions"]["updateCardDataByKey"]
        stub.say(UPDATE, (400, {"code": "param.cardNotExist"}))
        with pytest.raises(CardMissing):
            await Cards(api).update("o1", {"n": 2})
        with pytest.raises(TooLarge):
            await Cards(api).update("o1", {"n": "x" * 110_000})


async def test_a_notice_is_taken() -> None:
    async with stub_api() as (stub, api):
        stub.say(ASYNCSEND, (200, {"errcode": 0, "task_id": 256271667526}))
        message = text_notice("你好")
        assert await Notices(api).send(["u1", "u2", "u1"], message) == 256271667526
        assert stub.calls(ASYNCSEND)[0].body == {
            "agent_id": 1234, "userid_list": "u1,u2", "to_all_user": False, "msg": message
        }  # fmt: skip


async def test_a_notice_over_a_limit_does_not_leave() -> None:
    async with stub_api() as (stub, api):
        notices = Notices(api)
        bar = oa_notice(title="t", url="https://a", status_bar=StatusBar("进行中", "0xFFF65E5E"))
        for people, message in (
            ([], text_notice("x")),
            ([f"u{number}" for number in range(101)], text_notice("x")),
            ([f"u{number}" for number in range(6)], bar),
            (["u1"], {"msgtype": "text", "text": {"content": "好" * 700}}),
        ):
            with pytest.raises(TooLarge):
                await notices.send(people, message)
        assert stub.seen == []


async def test_a_notice_whose_answer_was_lost_is_not_sent_twice() -> None:
    async with stub_api() as (stub, api):
        stub.say(ASYNCSEND, RESET)
        with pytest.raises(UnknownOutcome):
            await Notices(api).send(["u1"], text_notice("x"))
        assert len(stub.calls(ASYNCSEND)) == 1


async def test_what_became_of_a_notice() -> None:
    base = "/topapi/message/corpconversation/"
    async with stub_api() as (stub, api):
        notices = Notices(api)
        stub.say(
            base + "getsendprogress", (200, {"errcode": 0, "progress": {"progress_in_percent": "100", "status": 2}})
        )
        assert (await notices.progress(1)).done
        stub.say(
            base + "getsendresult",
            (200, {"errcode": 0, "send_result": {
                "read_user_id_list": ["a"], "unread_user_id_list": ["b"], "failed_user_id_list": ["c"],
                "invalid_user_id_list": ["d"], "forbidden_user_id_list": ["e", "f"],
                "forbidden_list": [{"code": str(DUPLICATE), "count": 1, "userid": "e"},
                                   {"code": DAILY_LIMIT, "userid": "g"}],
            }}),
        )  # fmt: skip
        fates = await notices.result(1)
    assert fates == {
        "a": Fate(FateKind.READ), "b": Fate(FateKind.UNREAD), "c": Fate(FateKind.FAILED),
        "d": Fate(FateKind.INVALID), "e": Fate(FateKind.FORBIDDEN, DUPLICATE), "f": Fate(FateKind.FORBIDDEN),
        "g": Fate(FateKind.FORBIDDEN, DAILY_LIMIT),
    }  # fmt: skip
    assert [fates[user_id].delivered for user_id in "abcdefg"] == [True, True, False, False, False, False, False]


def test_builders_never_pass_the_limit() -> None:
    chance = random.Random(4)
    alphabet = 'a中𠀀👩‍👩‍👧"\\\n<é'
    for _ in range(300):
        text = "".join(chance.choices(alphabet, k=chance.randrange(0, 3000)))
        for message in (
            text_notice(text),
            markdown_notice(text, text),
            oa_notice(title=text, url="https://a/" + "b" * 200, form=[(text, text)] * 7, content=text, author=text),
            action_card_notice(text, text, [LinkButton(text, "https://a")]),
            action_card_notice(text, text, [LinkButton(text, "https://a"), LinkButton("批", "https://b")]),
        ):
            assert json_bytes(message) <= 2048
            # As strictly as a reader in Python would count.
            assert json_bytes(message) >= len(orjson.dumps(message))


def test_builders_refuse_what_cannot_be_cut() -> None:
    with pytest.raises(ValueError, match="address"):
        action_card_notice("t", "x", [LinkButton("看", "https://a/" + "b" * 500)])
    with pytest.raises(ValueError, match="addresses"):
        action_card_notice("t", "x", [LinkButton("看", "https://a/" + "b" * 500)] * 2)
    with pytest.raises(ValueError, match="button"):
        action_card_notice("t", "x", [])
    with pytest.raises(ValueError, match="hex"):
        oa_notice(title="t", url="", colour="red")
    with pytest.raises(ValueError, match="without its text"):
        oa_notice(title="t", url="https://a/" + "b" * 1100)


def test_short_texts_stay_whole() -> None:
    assert text_notice("短") == {"msgtype": "text", "text": {"content": "短"}}
    oa = oa_notice(title="跟进", url="https://a", form=[("客户:", "华东电气")], content="三行")["oa"]
    assert oa["body"]["form"] == [{"key": "客户:", "value": "华东电气"}]
    assert oa["message_url"] == oa["pc_message_url"] == "https://a"


def test_cutting_keeps_characters_whole() -> None:
    assert cut_chars("一二三四", 4) == "一二三四"
    assert cut_chars("一二三四五", 4) == "一二三…"
    assert cut_bytes("一二三", 9) == "一二三"
    assert cut_bytes("一二三四", 11) == "一二…"
    assert cut_bytes("𠀀𠀀", 7) == "𠀀…"
    assert cut_chars("ab👩\u200d👧", 5) == "ab👩…" or cut_chars("ab👩\u200d👧", 5) == "ab👩\u200d👧"
    assert cut_chars("ab👩\u200d👧xyz", 5) == "ab👩…"
    assert (cut_bytes("一二", 3), cut_bytes("一二", 2), cut_chars("ab", 0)) == ("…", "", "")


async def test_media() -> None:
    async with stub_api() as (stub, api):
        stub.say("/media/upload", (200, {"errcode": -1, "errmsg": "busy"}), (200, {"errcode": 0, "media_id": "@l"}))
        assert await Media(api).upload(MediaKind.FILE, "客户.xlsx", b"PK") == "@l"
        sent = stub.calls("/media/upload")
        assert len(sent) == 2
        assert sent[1].query["type"] == "file"
        assert sent[1].headers["Content-Type"].startswith("multipart/form-data")
        assert b'name="media"' in sent[1].body
        assert "客户.xlsx".encode() in sent[1].body
        assert b"PK" in sent[1].body
        with pytest.raises(TooLarge):
            await Media(api).upload(MediaKind.VOICE, "a.amr", b"x" * (2 * 1024 * 1024 + 1))
