"""The bot's messages both ways: behaviours 16–21 of platform.md section 12."""

from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
import pytest

from bot.sandbox.server import Running
from tests.sandbox.wire_client import APP_ID, Socket, Wire

BATCH = "/v1.0/robot/oToMessages/batchSend"
GROUP = "/v1.0/robot/groupMessages/send"


async def heard(wire: Wire, socket: Socket, **message: Any) -> dict[str, Any]:
    """What the bot gets of it."""
    count = len(socket.frames)
    await wire.control("POST", "/messages", {"from": "lina04", **message})
    data: dict[str, Any] = orjson.loads((await socket.wait(count + 1))[-1]["data"])
    return data


async def upload(wire: Wire, name: str, content: bytes, kind: str) -> str:
    form = aiohttp.FormData()
    form.add_field("file", content, filename=name, content_type=kind)
    async with wire.session.post(f"{wire.url}/sandbox/v1/files", data=form) as response:
        return str((await response.json())["id"])


def sample(key: str = "sampleText", **values: Any) -> dict[str, Any]:
    """robotCode, msgKey, msgParam."""
    param = orjson.dumps(values or {"content": "你好"}).decode()
    return {"robotCode": APP_ID, "msgKey": key, "msgParam": param}


async def test_b16_a_single_chat_message_has_the_documented_payload(wire: Wire, running: Running) -> None:
    socket = await wire.connect()
    data = await heard(wire, socket, text="测试数据")
    assert data["conversationType"] == "1"
    assert data["conversationId"].startswith("cid")
    assert (data["msgtype"], data["text"]) == ("text", {"content": "测试数据"})
    assert (data["senderStaffId"], data["senderNick"], data["isAdmin"]) == ("lina04", "李娜", False)
    assert data["senderCorpId"] == data["chatbotCorpId"] == "dingcorp0001"
    assert data["robotCode"] == APP_ID
    assert data["senderId"].startswith("$:LWCP_v1:$")
    assert data["chatbotUserId"].startswith("$:LWCP_v1:$")
    assert data["msgId"].startswith("msg")
    assert data["sessionWebhook"].startswith(f"{running.url}/robot/sendBySession?session=")
    assert data["sessionWebhookExpiredTime"] == data["createAt"] + 5_400_000
    assert not {"conversationTitle", "atUsers", "isInAtList"} & set(data)
    again = await heard(wire, socket, text="第二句")
    assert again["conversationId"] == data["conversationId"]
    assert again["msgId"] != data["msgId"]


async def test_b16_in_a_group_the_bot_is_mentioned_and_a_blank_stays(wire: Wire) -> None:
    socket = await wire.connect()
    data = await heard(wire, socket, **{"from": "wang03"}, text="公海", to="cidSALES")
    assert data["conversationType"] == "2"
    assert (data["conversationId"], data["conversationTitle"]) == ("cidSALES", "销售群")
    assert data["text"] == {"content": " 公海"}
    assert data["isInAtList"] is True
    assert data["atUsers"] == [{"dingtalkId": data["chatbotUserId"]}]
    assert data["isAdmin"] is True


async def test_b16_external_and_unpublished_senders_have_no_staff_id(wire: Wire) -> None:
    socket = await wire.connect()
    external = await heard(wire, socket, **{"from": "张三"}, text="hi", to="cidSALES", external=True)
    assert not {"senderStaffId", "isAdmin", "senderCorpId"} & set(external)
    assert external["senderNick"] == "张三"
    await wire.knobs(published=False)
    unpublished = await heard(wire, socket, text="hi")
    assert not {"senderStaffId", "isAdmin"} & set(unpublished)
    await wire.control("POST", "/messages", {"from": "张三", "text": "x", "external": True}, status=400)


async def test_b16_all_kinds_of_content(wire: Wire) -> None:
    socket = await wire.connect()
    photo = await upload(wire, "a.png", b"png", "image/png")
    book = await upload(wire, "b.xlsx", b"xlsx", "application/vnd.ms-excel")
    audio = await heard(wire, socket, audio={"recognition": "跟进华东", "duration_ms": 4000})
    assert audio["msgtype"] == "audio"
    assert (audio["content"]["duration"], audio["content"]["recognition"]) == (4000, "跟进华东")
    picture = await heard(wire, socket, picture={"file": photo})
    assert picture["msgtype"] == "picture"
    assert set(picture["content"]) == {"downloadCode", "pictureDownloadCode"}
    file = await heard(wire, socket, file={"file": book, "name": "客户.xlsx"})
    assert file["msgtype"] == "file"
    assert file["content"]["fileName"] == "客户.xlsx"
    assert set(file["content"]) == {"downloadCode", "fileName", "spaceId", "fileId"}
    rich = await heard(wire, socket, rich_text=[{"text": "看这里"}, {"type": "picture", "file": photo}])
    words, image = rich["content"]["richText"]
    assert (rich["msgtype"], words) == ("richText", {"text": "看这里"})
    assert set(image) == {"type", "downloadCode", "pictureDownloadCode"}
    video = await heard(wire, socket, video={"file": photo, "duration_ms": 900})
    assert (video["msgtype"], video["content"]["videoType"]) == ("video", "mp4")


@pytest.mark.parametrize("kind", ["audio", "file", "video"])
async def test_b16_groups_never_deliver_audio_video_and_files(wire: Wire, kind: str) -> None:
    socket = await wire.connect()
    file = await upload(wire, "a", b"a", "text/plain")
    body = {"from": "lina04", "to": "cidSALES", kind: {"file": file}}
    assert (await wire.control("POST", "/messages", body, status=409))["code"] == "conflict"
    assert socket.frames == []


async def test_b16_the_same_message_can_come_again(wire: Wire) -> None:
    socket = await wire.connect()
    assert (await heard(wire, socket, text="x", msg_id="msg-1"))["msgId"] == "msg-1"
    assert (await heard(wire, socket, text="x", msg_id="msg-1"))["msgId"] == "msg-1"


async def test_b17_session_webhook_answers_where_the_question_came_from(wire: Wire) -> None:
    socket = await wire.connect()
    single = (await heard(wire, socket, text="x"))["sessionWebhook"].removeprefix(wire.url)
    group = (await heard(wire, socket, text="x", to="cidSALES"))["sessionWebhook"].removeprefix(wire.url)
    assert await wire.api("POST", single, {"msgtype": "text", "text": {"content": "收到"}}) == (
        200, {"errcode": 0, "errmsg": "ok"},
    )  # fmt: skip
    body = {
        "msgtype": "markdown",
        "markdown": {"title": "标题", "text": "### 好的 @wang03\n**加粗** [打开](https://x.test/a)"},
        "at": {"atUserIds": ["wang03", "lina04"]},
    }
    assert (await wire.api("POST", group, body))[1]["errcode"] == 0
    mine = await wire.inbox("lina04")
    assert [(item["conversation"], item["kind"], item["via"]) for item in mine] == [
        ("bot", "text", "session_webhook"),
        ("cidSALES", "markdown", "session_webhook"),
    ]
    assert mine[0]["text"] == "收到"
    assert (mine[1]["title"], mine[1]["text"]) == ("标题", "好的 @wang03\n加粗 打开")
    assert mine[1]["raw"] == body
    assert mine[1]["at_users"] == ["wang03"]  # lina04 is not written in the text
    assert [item["conversation"] for item in await wire.inbox("wang03")] == ["cidSALES"]
    assert await wire.inbox("zhao05") == []


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"msgtype": "image"}, 400105),
        ({}, 400105),
        ({"msgtype": "text"}, 400106),
        ({"msgtype": "text", "text": {"content": ""}}, 40035),
        ({"msgtype": "markdown", "markdown": {"text": "x"}}, 40035),
        ({"msgtype": "actionCard", "actionCard": {"title": "x", "text": "y"}}, 40035),
        ({"msgtype": "feedCard", "feedCard": {"links": []}}, 40035),
        ({"msgtype": "empty"}, 0),
    ],
)
async def test_b17_session_webhook_refuses_what_it_cannot_show(wire: Wire, body: dict[str, Any], errcode: int) -> None:
    socket = await wire.connect()
    path = (await heard(wire, socket, text="x"))["sessionWebhook"].removeprefix(wire.url)
    status, answer = await wire.api("POST", path, body)
    assert (status, answer["errcode"]) == (200, errcode)
    assert await wire.inbox("lina04") == []


async def test_b17_session_webhook_expires_and_knows_only_its_sessions(wire: Wire) -> None:
    socket = await wire.connect()
    path = (await heard(wire, socket, text="x"))["sessionWebhook"].removeprefix(wire.url)
    body = {"msgtype": "text", "text": {"content": "晚了"}}
    await wire.control("POST", "/clock", {"advance_seconds": 5390})
    assert (await wire.api("POST", path, body))[1]["errcode"] == 0
    await wire.control("POST", "/clock", {"advance_seconds": 20})
    status, answer = await wire.api("POST", path, body)
    assert (status, answer["errcode"]) == (200, 300001)
    assert (await wire.api("POST", "/robot/sendBySession?session=none", body))[1]["errcode"] == 300001
    fresh = (await heard(wire, socket, text="x"))["sessionWebhook"]
    async with wire.session.post(fresh, data=b"{}", headers={"Content-Type": "text/plain"}) as response:
        assert (await response.json())["errcode"] == 43004


async def test_b17_links_and_cards_become_buttons(wire: Wire) -> None:
    socket = await wire.connect()
    path = (await heard(wire, socket, text="x"))["sessionWebhook"].removeprefix(wire.url)
    say = "dtmd://dingtalkclient/sendMessage?content=" + quote("领取 宁波海蓝食品有限公司")
    card = {
        "title": "公海", "text": "### 公海\n有 1 个客户",
        "btns": [{"title": "领取 宁波海蓝食品有限公司", "actionURL": say}, {"title": "更多", "actionURL": "https://x.test"}],
    }  # fmt: skip
    await wire.api("POST", path, {"msgtype": "actionCard", "actionCard": card})
    item = (await wire.inbox("lina04"))[0]
    assert item["kind"] == "action_card"
    claim, more = item["buttons"]
    assert (claim["says"], claim["row"]) == ("领取 宁波海蓝食品有限公司", "宁波海蓝食品有限公司")
    assert (more["says"], more["url"], more["row"]) == (None, "https://x.test", None)
    assert claim["id"] != more["id"]
    assert set(claim) == {"id", "text", "row", "disabled", "url", "says", "action_ids", "params"}
    assert item["text"].splitlines() == ["公海", "有 1 个客户", "领取 宁波海蓝食品有限公司", "更多"]


async def test_b18_batch_send_reaches_people_and_names_the_unknown(wire: Wire) -> None:
    await wire.knobs(throttled_users=["zhao05"])
    body = {**sample(), "userIds": ["lina04", "ghost", "zhao05"]}
    status, answer = await wire.call("POST", BATCH, body)
    assert status == 200
    assert answer["processQueryKey"]
    assert (answer["invalidStaffIdList"], answer["flowControlledStaffIdList"]) == (["ghost"], ["zhao05"])
    item = (await wire.inbox("lina04"))[0]
    assert (item["conversation"], item["via"], item["text"]) == ("bot", "robot_batch", "你好")
    assert item["raw"] == body
    assert await wire.inbox("zhao05") == []


TWO_BUTTONS = '{"title":"a","text":"b","actionTitle1":"c","actionURL1":"d"}'


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"userIds": [f"u{n}" for n in range(21)]}, "userIds.overMax"),
        ({"userIds": []}, "invalidParameter.userIds"),
        ({"userIds": "lina04"}, "invalidParameter.userIds"),
        ({"robotCode": "dingother"}, "invalidParameter.robotCode.notExsit"),
        ({"robotCode": None}, "invalidParameter.robotCode.empty"),
        ({"msgKey": "sampleOther"}, "msgKey.invalid"),
        ({"msgParam": {"content": "x"}}, "msgParam.invalid"),
        ({"msgParam": "x"}, "msgParam.invalid"),
        ({"msgParam": '{"text":"x"}'}, "msgParam.invalid"),
        ({"msgParam": '{"content":1}'}, "msgParam.invalid"),
        ({"msgParam": '{"content":"x","more":"y"}'}, "msgParam.invalid"),
        ({"msgKey": "sampleActionCard6", "msgParam": TWO_BUTTONS}, "msgParam.invalid"),
        ({"msgKey": "sampleFile", "msgParam": '{"mediaId":"@none","fileName":"a","fileType":"pdf"}'},
         "resource.unavailable"),
        ({"msgKey": "sampleFile", "msgParam": '{"mediaId":"@none","fileName":"a","fileType":"exe"}'},
         "msgParam.invalid"),
    ],
)  # fmt: skip
async def test_b18_batch_send_refuses(wire: Wire, change: dict[str, Any], code: str) -> None:
    status, answer = await wire.call("POST", BATCH, {**sample(), "userIds": ["lina04"], **change})
    assert (status, answer["code"]) == (400, code)
    assert answer["requestid"]
    assert await wire.inbox("lina04") == []


async def test_b18_group_send_reaches_every_member(wire: Wire) -> None:
    say = "dtmd://dingtalkclient/sendMessage?content=%E5%85%AC%E6%B5%B7"
    text = f"- 宁波海蓝 [领取]({say})\n- 华东精密 [领取]({say})"
    body = {**sample("sampleMarkdown", title="公海", text=text), "openConversationId": "cidSALES"}
    status, answer = await wire.call("POST", GROUP, body)
    assert (status, set(answer)) == (200, {"processQueryKey"})
    for userid in ("lina04", "wang03"):
        item = (await wire.inbox(userid))[0]
        assert (item["conversation"], item["via"]) == ("cidSALES", "robot_group")
        assert [button["row"] for button in item["buttons"]] == ["宁波海蓝", "华东精密"]
        assert {button["says"] for button in item["buttons"]} == {"公海"}
    long = {**sample("sampleText", content="长" * 5001), "openConversationId": "cidSALES"}
    assert (await wire.call("POST", GROUP, long))[1]["code"] == "msgParam.tooLong"
    missing = {**sample(), "openConversationId": "cidNONE"}
    assert (await wire.call("POST", GROUP, missing))[1]["code"] == "invalid.openConversationId"


async def test_b19_read_status_recall_and_expiry(wire: Wire) -> None:
    _, sent = await wire.call("POST", BATCH, {**sample(), "userIds": ["lina04", "wang03"]})
    key = sent["processQueryKey"]
    status_path = f"/v1.0/robot/oToMessages/readStatus?robotCode={APP_ID}&processQueryKey={key}"
    await wire.control("POST", "/inbox/lina04/read", {"conversation": "bot"})
    _, status = await wire.call("GET", status_path)
    assert status["sendStatus"] == "SUCCESS"
    assert {row["userId"]: row["readStatus"] for row in status["messageReadInfoList"]} == {
        "lina04": "READ",
        "wang03": "UNREAD",
    }
    recall = {"robotCode": APP_ID, "processQueryKeys": [key, "unknown"]}
    _, recalled = await wire.call("POST", "/v1.0/robot/otoMessages/batchRecall", recall)
    assert recalled["successResult"] == [key]
    assert list(recalled["failedResult"]) == ["unknown"]
    assert (await wire.call("GET", status_path))[1]["sendStatus"] == "RECALLED"
    assert await wire.inbox("wang03") == []
    await wire.control("POST", "/clock", {"advance_seconds": 86_500})
    assert (await wire.call("GET", status_path))[1]["code"] == "processQueryKey.expireTime"
    assert (await wire.call("POST", "/v1.0/robot/oToMessages/batchRecall", recall))[0] == 404


async def test_b19_who_types_in_a_group_has_read_it(wire: Wire) -> None:
    await wire.connect()
    _, sent = await wire.call("POST", GROUP, {**sample(), "openConversationId": "cidSALES"})
    await wire.say("wang03", "看到了", to="cidSALES")
    query = {"robotCode": APP_ID, "openConversationId": "cidSALES", "processQueryKey": sent["processQueryKey"]}
    _, answer = await wire.call("POST", "/v1.0/robot/groupMessages/query", query)
    assert (answer["sendStatus"], answer["readUserIds"], answer["hasMore"]) == ("SUCCESS", ["wang03"], False)
    recall = {"robotCode": APP_ID, "openConversationId": "cidSALES", "processQueryKeys": [sent["processQueryKey"]]}
    _, recalled = await wire.call("POST", "/v1.0/robot/groupMessages/recall", recall)
    assert recalled == {"successResult": [sent["processQueryKey"]], "failedResult": {}}


async def test_b19_a_send_is_processing_for_a_while_by_knob(wire: Wire) -> None:
    await wire.knobs(processing_seconds=30)
    _, sent = await wire.call("POST", BATCH, {**sample(), "userIds": ["lina04"]})
    path = f"/v1.0/robot/oToMessages/readStatus?robotCode={APP_ID}&processQueryKey={sent['processQueryKey']}"
    assert (await wire.call("GET", path))[1]["sendStatus"] == "PROCESSING"
    await wire.control("POST", "/clock", {"advance_seconds": 31})
    assert (await wire.call("GET", path))[1]["sendStatus"] == "SUCCESS"


async def test_b19_reading_and_recalling_are_told_where_the_console_has_them_ticked(wire: Wire) -> None:
    await wire.connect()
    _, untold = await wire.call("POST", BATCH, {**sample(), "userIds": ["lina04"]})
    await wire.control("POST", "/inbox/lina04/read", {"conversation": "bot"})
    await wire.knobs(robot_events=True)
    _, sent = await wire.call("POST", BATCH, {**sample(), "userIds": ["lina04", "wang03"]})
    for _ in range(2):  # told once, however often it is looked at
        await wire.control("POST", "/inbox/lina04/read", {"conversation": "bot"})
    keys = [untold["processQueryKey"], sent["processQueryKey"]]
    recall = {"robotCode": APP_ID, "processQueryKeys": keys[1:]}
    for _ in range(2):
        await wire.call("POST", "/v1.0/robot/otoMessages/batchRecall", recall)
    frames = await wire.sockets[0].wait(3, "EVENT")
    found = [(f["headers"]["eventType"], orjson.loads(f["data"])) for f in frames]
    assert sorted((kind, data["userId"]) for kind, data in found) == [
        ("robot_msg_read", "lina04"), ("robot_msg_recall", "lina04"), ("robot_msg_recall", "wang03"),
    ]  # fmt: skip
    for _, data in found:
        assert set(data) == {"unionId", "userId", "operatTime", "robotCode", "openConversationId", "processQueryKey"}
        assert (data["robotCode"], data["processQueryKey"]) == (APP_ID, keys[1])


async def test_b20_a_file_can_be_downloaded_until_the_address_expires(wire: Wire) -> None:
    socket = await wire.connect()
    file = await upload(wire, "a.xlsx", b"real bytes", "application/vnd.ms-excel")
    code = (await heard(wire, socket, file={"file": file, "name": "a.xlsx"}))["content"]["downloadCode"]
    path = "/v1.0/robot/messageFiles/download"
    _, answer = await wire.call("POST", path, {"robotCode": APP_ID, "downloadCode": code})
    async with wire.session.get(answer["downloadUrl"]) as response:
        assert (response.status, await response.read()) == (200, b"real bytes")
    await wire.control("POST", "/clock", {"advance_seconds": 601})
    async with wire.session.get(answer["downloadUrl"]) as response:
        assert response.status == 403
    assert (await wire.call("POST", path, {"robotCode": "other", "downloadCode": code}))[0] == 400
    assert (await wire.call("POST", path, {"robotCode": APP_ID, "downloadCode": "none"}))[0] == 400
    await wire.knobs(download_once=True)
    assert (await wire.call("POST", path, {"robotCode": APP_ID, "downloadCode": code}))[0] == 400


async def test_b20_a_voice_message_has_a_sound(wire: Wire) -> None:
    socket = await wire.connect()
    code = (await heard(wire, socket, audio={"recognition": "x", "duration_ms": 1000}))["content"]["downloadCode"]
    _, answer = await wire.call(
        "POST", "/v1.0/robot/messageFiles/download", {"robotCode": APP_ID, "downloadCode": code}
    )
    async with wire.session.get(answer["downloadUrl"]) as response:
        sound = await response.read()
    assert sound.startswith(b"#!AMR\n")
    assert len(sound) == 6 + 50 * 32


async def test_b21_the_bots_own_limit_is_a_knob(wire: Wire) -> None:
    body = {**sample(), "userIds": ["lina04"]}
    for _ in range(3):
        assert (await wire.call("POST", BATCH, body))[0] == 200
    await wire.knobs(bot_per_minute=2)
    statuses = [await wire.call("POST", BATCH, body) for _ in range(3)]
    assert [status for status, _ in statuses] == [200, 200, 400]
    assert statuses[-1][1]["code"] == "send.too.fast"
    await wire.control("POST", "/clock", {"advance_seconds": 61})
    assert (await wire.call("POST", BATCH, body))[0] == 200
