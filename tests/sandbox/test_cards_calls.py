"""Card calls of the stand-in: behaviours 22–25, 30 and 31 of platform.md section 12."""

from typing import Any

import aiohttp

from tests.sandbox.cards_bench import (
    APPROVAL,
    GROUP,
    Bench,
    delivery,
    export_text,
    needs_exports,
    refusal,
    text_map,
)

pytestmark = needs_exports


async def test_b22_envelopes_and_deliveries(bench: Bench) -> None:
    status, body = await bench.api("POST", "/v1.0/card/instances", delivery(APPROVAL, "made"))
    assert (status, body) == (200, {"success": True, "result": "made"})
    assert (await bench.control("GET", "/cards/made", **{"as": "lina04"}))[0] == 404
    status, body = await bench.api(
        "POST",
        "/v1.0/card/instances/deliver",
        {
            "outTrackId": "made",
            "openSpaceId": f"dtv1.card//im_robot.lina04;IM_GROUP.{GROUP};IM_GROUP.cidNone;IM_ROBOT.ghost;"
            "IM_ROBOT.far09",
            "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT"},
            "imGroupOpenDeliverModel": {"robotCode": "dingapp01", "recipients": ["chen01"]},
        },
    )
    assert status == 200
    results = body["result"]
    assert [(one["spaceType"], one["success"]) for one in results] == [
        ("IM_ROBOT", True),
        ("IM_GROUP", True),
        ("IM_GROUP", False),
        ("IM_ROBOT", False),
        ("IM_ROBOT", False),
    ]
    assert all(one["carrierId"] and not one["errorMsg"] for one in results[:2])
    assert all(one["errorMsg"] for one in results[2:])
    card = await bench.card("chen01", "made")
    assert card["viewers"] == ["lina04", "chen01"]
    assert (await bench.control("GET", "/cards/made", **{"as": "wang02"}))[0] == 404

    result = await bench.send(
        APPROVAL, "both", imRobotOpenSpaceModel={"supportForward": True, "lastMessageI18n": {"ZH_CN": "待你审批"}}
    )
    assert result["outTrackId"] == "both"
    assert result["deliverResults"][0] | {"carrierId": ""} == {
        "spaceType": "IM_ROBOT",
        "spaceId": "lina04",
        "success": True,
        "carrierId": "",
        "errorMsg": "",
    }
    _, inbox = await bench.control("GET", "/inbox/lina04")
    item = inbox["items"][-1]
    assert (item["kind"], item["conversation"], item["via"], item["title"]) == ("card", "bot", "card", "待你审批")
    assert item["card"] == {"out_track_id": "both", "template": "tpl.schema"}
    assert "报销金额：120元" in item["text"]
    assert [one["text"] for one in item["buttons"]] == ["拒绝", "同意"]
    assert item["raw"]["outTrackId"] == "both"
    assert (
        await bench.api(
            "PUT", "/v1.0/card/instances", {"outTrackId": "both", "cardData": {"cardParamMap": {"title": "x"}}}
        )
    ) == (
        200,
        {"success": True, "result": True},
    )
    status, body = await bench.api(
        "PUT", "/v1.0/card/instances/spaces", {"outTrackId": "both", "imGroupOpenSpaceModel": {"supportForward": True}}
    )
    assert (status, body["success"]) == (200, True)


async def test_b22_union_ids_name_people_and_come_back_in_the_callback(bench: Bench) -> None:
    person = bench.sandbox.company.person("lina04")
    assert person is not None
    await bench.send(
        APPROVAL,
        userIdType=2,
        space=f"IM_ROBOT.{person.unionid}",
        userId=person.unionid,
    )
    await bench.press("同意")
    assert (bench.frames[0]["userId"], bench.frames[0]["userIdType"]) == (person.unionid, 2)


async def test_b23_refusals(bench: Bench) -> None:
    good = delivery(APPROVAL)
    await bench.template("审批模板", "draft.schema", publish="")
    assert await refusal(bench, {}) == "param.empty"
    assert await refusal(bench, {**good, "outTrackId": ""}) == "param.outTrackIdEmpty"
    assert await refusal(bench, {**good, "outTrackId": "x" * 101}) == "param.invalid"
    assert await refusal(bench, {**good, "cardTemplateId": None}) == "param.cardTemplateIdEmpty"
    assert await refusal(bench, {**good, "cardTemplateId": "nothing.schema"}) == "param.templateNotExist"
    assert await refusal(bench, {**good, "cardTemplateId": "draft.schema"}) == "param.templateUnpublished"
    assert await refusal(bench, {**good, "userId": "ghost"}) == "param.userIdNotExist"
    assert await refusal(bench, {**good, "cardData": None}) == "param.cardPublicDataEmpty"
    for wrong in (1, True, None, ["a"], {"a": "b"}):
        assert await refusal(bench, {**good, "cardData": {"cardParamMap": {"title": wrong}}}) == "param.invalid"
    assert await refusal(bench, {**good, "privateData": {"lina04": {"cardParamMap": {"title": 3}}}}) == "param.invalid"
    assert await refusal(bench, {**good, "cardData": {"cardParamMap": {"k" * 101: "v"}}}) == "param.invalid"
    assert await refusal(bench, {**good, "openSpaceId": ""}) == "param.openSpaceIdEmpty"
    for wrong_space in (
        "IM_ROBOT.lina04",
        "dtv1.card//lina04",
        "dtv1.card//MARS.lina04",
        "dtv1.card//IM_ROBOT.",
        "dtv1.card//" + "x" * 1000,
    ):
        assert await refusal(bench, {**good, "openSpaceId": wrong_space}) == "param.openSpaceIdInvalid"
    assert await refusal(bench, {**good, "imRobotOpenDeliverModel": None}) == "param.openDeliverModelEmpty"
    assert await refusal(bench, {**good, "imRobotOpenDeliverModel": {"extension": {}}}) == "param.openDeliverModelError"
    assert (
        await refusal(bench, {**good, "imRobotOpenSpaceModel": {"lastMessageI18n": {}}})
        == "param.openSpaceModelInvalid"
    )
    group = {**good, "openSpaceId": f"dtv1.card//IM_GROUP.{GROUP}"}
    assert (
        await refusal(bench, {**group, "imGroupOpenDeliverModel": {"recipients": []}}) == "param.openDeliverModelError"
    )
    assert (
        await refusal(bench, {**group, "imGroupOpenDeliverModel": {"robotCode": "other"}})
        == "param.openDeliverModelError"
    )
    assert bench.sandbox.cards.cards == {}, "a refused call makes no card"

    await bench.send(APPROVAL)
    assert await refusal(bench, delivery({**APPROVAL, "title": "另一张"})) == "param.cardAlreadyExist"
    assert "李娜的报销" in (await bench.card())["text"]
    put = "/v1.0/card/instances"
    assert (
        await refusal(bench, {"outTrackId": "gone", "cardData": {"cardParamMap": {"a": "b"}}}, put, "PUT")
        == "param.cardNotExist"
    )
    assert await refusal(bench, {"outTrackId": "card-1"}, put, "PUT") == "param.cardDataAndPrivateDataBothEmpty"


async def test_b24_overwrite_merge_and_views_of_two_people(bench: Bench) -> None:
    await bench.template("helloworld", "hello.schema")
    await bench.send(
        {"title": "公告", "tag": "新", "markdown": "**正文**"},
        template="hello.schema",
        space=f"IM_GROUP.{GROUP}",
        private={"lina04": {"submitted": True}},
    )
    lina, chen = await bench.card("lina04"), await bench.card("chen01")
    assert [one["text"] for one in lina["buttons"]] == ["已提交"]
    assert lina["buttons"][0]["disabled"]
    assert [one["text"] for one in chen["buttons"]] == ["提交"]
    assert lina["private"] == {"submitted": "true"}
    assert chen["private"] == {}
    assert "已提交" not in chen["text"]

    merge = {"cardUpdateOptions": {"updateCardDataByKey": True, "updatePrivateDataByKey": True}}
    await bench.api(
        "PUT", "/v1.0/card/instances", {"outTrackId": "card-1", "cardData": {"cardParamMap": {"tag": "旧"}}, **merge}
    )
    after = await bench.card("chen01")
    assert after["data"] == {"title": "公告", "tag": "旧", "markdown": "**正文**"}
    assert after["version"] > chen["version"]
    await bench.api(
        "PUT", "/v1.0/card/instances", {"outTrackId": "card-1", "cardData": {"cardParamMap": {"tag": "只剩我"}}}
    )
    assert (await bench.card("chen01"))["data"] == {"tag": "只剩我"}
    await bench.api(
        "PUT",
        "/v1.0/card/instances",
        {"outTrackId": "card-1", "privateData": {"chen01": {"cardParamMap": {"submitted": "true"}}}, **merge},
    )
    assert [one["text"] for one in (await bench.card("chen01"))["buttons"]] == ["已提交"]
    assert (await bench.card("chen01"))["data"] == {"tag": "只剩我"}, "private data alone leaves the public data"


async def test_b24_long_values_are_warned_of_and_too_much_data_refused(bench: Bench) -> None:
    await bench.send({**APPROVAL, "reason": "长" * 400})
    assert any("1 KB" in row["message"] for row in bench.sandbox.cards.warnings)
    assert await refusal(bench, delivery({"reason": "x" * 103_000}, "big")) == "param.invalid"


async def test_b25_template_locks_when_published(bench: Bench) -> None:
    status, body = await bench.api("POST", "/v1.0/card/templates", {"name": "审批", "type": "im", "extendType": "card"})
    assert status == 200
    own = body["data"]["templateId"]
    status, body = await bench.api("POST", "/v1.0/card/templates/save", {"templateId": own, "templateSource": "{}"})
    assert (status, body["code"]) == (400, "param.invalid")
    status, _ = await bench.api(
        "POST", "/v1.0/card/templates/save", {"templateId": own, "templateSource": export_text("审批模板")}
    )
    assert status == 200
    assert await refusal(bench, delivery(APPROVAL, "early", own)) == "param.templateUnpublished"
    status, body = await bench.api("POST", "/v1.0/card/templates/publish", {"templateId": own})
    assert (status, body["data"]["status"]) == (200, "PUBLISHED")
    assert {one["name"] for one in body["data"]["commonVariableList"]} >= {"title", "amount", "status"}
    status, body = await bench.api(
        "POST", "/v1.0/card/templates/save", {"templateId": own, "templateSource": export_text("helloworld")}
    )
    assert status == 400, "published is locked"
    await bench.send(APPROVAL, "early", own)
    status, body = await bench.api("POST", "/v1.0/card/templates/copy", {"templateId": own})
    copied = body["data"]["templateId"]
    assert copied != own
    status, body = await bench.api("GET", "/v1.0/card/templates", templateId=copied)
    assert body["data"]["status"] == "EDITING"
    status, body = await bench.api("POST", "/v1.0/card/templates/lists/query", {"templateIds": [own, copied, "none"]})
    assert [one["templateId"] for one in body["data"]] == [own, copied]
    assert (await bench.api("POST", "/v1.0/card/templates/remove", {"templateId": copied}))[0] == 200
    assert (await bench.api("GET", "/v1.0/card/templates", templateId=copied))[1]["code"] == "param.templateNotExist"
    bench.sandbox.set_knobs({"denied_permissions": ["Card.Template.ReadWrite.All"]})
    assert (await bench.api("POST", "/v1.0/card/templates", {"name": "a", "type": "im", "extendType": "card"}))[
        0
    ] == 403


async def test_b25_a_value_of_the_wrong_type_has_no_effect(bench: Bench) -> None:
    await bench.template("交互组件的使用与本地更新", "inputs.schema")
    await bench.send(
        {"lastMessage": "填一填"},
        template="inputs.schema",
        private={"lina04": {"submitBtnText": "交", "selectIndex": 1}},
    )
    field = next(one for one in (await bench.card())["form"]["fields"] if one["name"] == "selectBlock")
    assert field["value"] == {"index": 1, "value": "2"}
    await bench.api(
        "PUT",
        "/v1.0/card/instances",
        {
            "outTrackId": "card-1",
            "privateData": {"lina04": {"cardParamMap": {"selectIndex": "abc", "submitBtnText": "改了"}}},
            "cardUpdateOptions": {"updatePrivateDataByKey": True},
        },
    )
    card = await bench.card()
    field = next(one for one in card["form"]["fields"] if one["name"] == "selectBlock")
    assert field["value"] == {"index": 1, "value": "2"}
    assert card["form"]["submit"] == "改了"
    assert any("selectIndex" in row["message"] and "number" in row["message"] for row in bench.sandbox.cards.warnings)


async def test_b30_streaming(bench: Bench) -> None:
    await bench.template("打字机效果流式更新 AI 卡片", "ai.schema")
    await bench.send({"flowStatus": "1", "content": ""}, template="ai.schema")
    assert (await bench.card())["text"] == "处理中..."
    stream = {
        "outTrackId": "card-1",
        "guid": "g1",
        "key": "content",
        "content": "# 第一段",
        "isFull": True,
        "isFinalize": False,
        "isError": False,
    }

    async def code(**change: Any) -> str:
        return await refusal(bench, {**stream, "guid": "other", **change}, "/v1.0/card/streaming", "PUT")

    assert await code(guid="") == "param.stream.guidEmpty"
    assert await code(key="") == "param.stream.keyEmpty"
    assert await code(content="") == "param.stream.contentEmpty"
    assert await code(outTrackId="none") == "param.stream.outTrackId"
    assert await code(isFull=False) == "param.stream.isFull"
    assert await code(content="x" * 1025) == "param.stream.content"
    status, body = await bench.api("PUT", "/v1.0/card/streaming", stream)
    assert (status, body) == (200, {"success": True, "result": True})
    assert (await bench.card())["text"] == "第一段"
    assert (await bench.card())["data"]["flowStatus"] == "2"
    await bench.api("PUT", "/v1.0/card/streaming", {**stream, "content": "重复的 guid"})
    assert (await bench.card())["text"] == "第一段"
    await bench.api("PUT", "/v1.0/card/streaming", {**stream, "guid": "g2", "content": "写完了", "isFinalize": True})
    card = await bench.card()
    assert card["data"]["flowStatus"] == "3"
    assert card["text"].splitlines() == ["写完了", "复制"]
    await bench.api("PUT", "/v1.0/card/streaming", {**stream, "guid": "g3", "isError": True})
    assert "很抱歉" in (await bench.card())["text"]
    await bench.send(APPROVAL, "still")
    assert await code(outTrackId="still", key="title") == "param.invalid"


async def test_b31_closed_card_calls(bench: Bench) -> None:
    for method, path in (
        ("POST", "/v1.0/im/v1.0/robot/interactiveCards/send"),
        ("PUT", "/v1.0/im/robots/interactiveCards"),
        ("POST", "/v1.0/im/interactiveCards/send"),
        ("POST", "/v1.0/im/interactiveCards/templates/send"),
    ):
        status, body = await bench.api(method, path, {"cardTemplateId": "StandardCard"})
        assert status == 403
        assert body["accessdenieddetail"]["requiredScopes"]


async def test_the_ask_for_a_card_needs_the_right_and_a_token(bench: Bench) -> None:
    bench.sandbox.set_knobs({"denied_permissions": ["Card.Instance.Write"]})
    status, body = await bench.api("POST", "/v1.0/card/instances/createAndDeliver", delivery(APPROVAL))
    assert (status, body["accessdenieddetail"]["requiredScopes"]) == (403, ["Card.Instance.Write"])
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{bench.running.url}/v1.0/card/instances", json=delivery(APPROVAL)) as response,
    ):
        assert (response.status, (await response.json())["code"]) == (400, "InvalidAuthentication")


async def test_group_card_is_one_item_for_each_member(bench: Bench) -> None:
    await bench.send(
        APPROVAL,
        space=f"IM_GROUP.{GROUP}",
        imGroupOpenDeliverModel={"robotCode": "dingapp01", "recipients": ["chen01", "stranger"]},
    )
    assert bench.sandbox.inbox.items["chen01"][-1]["conversation"] == GROUP
    assert "lina04" not in bench.sandbox.inbox.items
    await bench.send(APPROVAL, "all", space=f"IM_GROUP.{GROUP}")
    assert {
        user for user, items in bench.sandbox.inbox.items.items() if items[-1]["card"]["out_track_id"] == "all"
    } == {"lina04", "chen01", "wang02"}
    await bench.api(
        "PUT", "/v1.0/card/instances", {"outTrackId": "all", "cardData": {"cardParamMap": text_map({"title": "改"})}}
    )
    assert len(bench.sandbox.inbox.items["lina04"]) == 1, "a redrawn card is no new item"
