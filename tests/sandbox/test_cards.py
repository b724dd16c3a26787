"""Cards of the stand-in: behaviours 22–31 of platform.md section 12."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.sandbox.cards_bench import (
    EXPORTS,
    GROUP,
    Bench,
    answered,
    delivery,
    export_text,
    sent,
    started_bench,
    text_map,
)

pytestmark = pytest.mark.skipif(
    not EXPORTS.is_dir(), reason=f"the official card exports are not at {EXPORTS}; they lie beside the project"
)
APPROVAL = {
    "title": "李娜的报销",
    "type": "差旅",
    "amount": "120元",
    "reason": "出差",
    "createTime": "2026-03-02",
    "status": "",
}


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with started_bench() as made:
        await made.template("审批模板")
        yield made


async def refusal(
    bench: Bench, body: dict[str, Any], path: str = "/v1.0/card/instances/createAndDeliver", method: str = "POST"
) -> str:
    status, answer = await bench.api(method, path, body)
    assert status == 400, answer
    assert answer["requestid"]
    assert answer["message"]
    return str(answer["code"])


async def test_b22_envelopes_and_deliveries(bench: Bench) -> None:
    status, body = await bench.api("POST", "/v1.0/card/instances", delivery(APPROVAL, "made"))
    assert (status, body) == (200, {"success": True, "result": "made"})
    assert (await bench.control("GET", "/cards/made", **{"as": "lina04"}))[0] == 404
    status, body = await bench.api(
        "POST", "/v1.0/card/instances/deliver",
        {
            "outTrackId": "made", "openSpaceId": f"dtv1.card//im_robot.lina04;IM_GROUP.{GROUP};IM_GROUP.cidNone;IM_ROBOT.ghost;IM_ROBOT.far09",
            "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT"}, "imGroupOpenDeliverModel": {"robotCode": "dingapp01", "recipients": ["chen01"]},
        },
    )  # fmt: skip
    assert status == 200
    results = body["result"]
    assert [(one["spaceType"], one["success"]) for one in results] == [
        ("IM_ROBOT", True), ("IM_GROUP", True), ("IM_GROUP", False), ("IM_ROBOT", False), ("IM_ROBOT", False),
    ]  # fmt: skip
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
        "spaceType": "IM_ROBOT", "spaceId": "lina04", "success": True, "carrierId": "", "errorMsg": "",
    }  # fmt: skip
    _, inbox = await bench.control("GET", "/inbox/lina04")
    item = inbox["items"][-1]
    assert (item["kind"], item["conversation"], item["via"], item["title"]) == ("card", "bot", "card", "待你审批")
    assert item["card"] == {"out_track_id": "both", "template": "tpl.schema"}
    assert "报销金额：120元" in item["text"]
    assert [one["text"] for one in item["buttons"]] == ["拒绝", "同意"]
    assert item["raw"]["outTrackId"] == "both"
    assert (await bench.api("PUT", "/v1.0/card/instances", {"outTrackId": "both", "cardData": {"cardParamMap": {"title": "x"}}})) == (
        200, {"success": True, "result": True},
    )  # fmt: skip
    status, body = await bench.api(
        "PUT", "/v1.0/card/instances/spaces", {"outTrackId": "both", "imGroupOpenSpaceModel": {"supportForward": True}}
    )
    assert (status, body["success"]) == (200, True)


async def test_b22_union_ids_name_people_and_come_back_in_the_callback(bench: Bench) -> None:
    person = bench.sandbox.company.person("lina04")
    assert person is not None
    await bench.send(
        APPROVAL, userIdType=2, space=f"IM_ROBOT.{person.unionid}", userId=person.unionid,
    )  # fmt: skip
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
        {"title": "公告", "tag": "新", "markdown": "**正文**"}, template="hello.schema", space=f"IM_GROUP.{GROUP}",
        private={"lina04": {"submitted": True}},
    )  # fmt: skip
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
        "PUT", "/v1.0/card/instances",
        {"outTrackId": "card-1", "privateData": {"chen01": {"cardParamMap": {"submitted": "true"}}}, **merge},
    )  # fmt: skip
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
        "PUT", "/v1.0/card/instances",
        {
            "outTrackId": "card-1", "privateData": {"lina04": {"cardParamMap": {"selectIndex": "abc", "submitBtnText": "改了"}}},
            "cardUpdateOptions": {"updatePrivateDataByKey": True},
        },
    )  # fmt: skip
    card = await bench.card()
    field = next(one for one in card["form"]["fields"] if one["name"] == "selectBlock")
    assert field["value"] == {"index": 1, "value": "2"}
    assert card["form"]["submit"] == "改了"
    assert any("selectIndex" in row["message"] and "number" in row["message"] for row in bench.sandbox.cards.warnings)


async def test_b26_frame_of_a_button(bench: Bench) -> None:
    await bench.send(APPROVAL, space=f"IM_GROUP.{GROUP}")
    outcome = await bench.press("同意", "chen01")
    assert outcome["status"] == "ok"
    frame = bench.frames[0]
    assert sent(frame) == (["agree"], {"action": "agree"})
    assert {key: frame[key] for key in ("type", "outTrackId", "corpId", "userId", "userIdType", "spaceId", "extension")} == {
        "type": "actionCallback", "outTrackId": "card-1", "corpId": "dingcorp01", "userId": "chen01", "userIdType": 1,
        "spaceId": GROUP, "extension": "{}",
    }  # fmt: skip
    _, pushes = await bench.control("GET", "/pushes")
    assert pushes["items"][-1]["topic"] == "/v1.0/card/instances/callback"
    assert pushes["items"][-1]["userid"] == "chen01"


FIELDS = [
    {"name": "visit_id", "type": "TEXT", "hidden": True, "defaultValue": "42"},
    {"name": "note", "label": "内容", "type": "TEXT_AREA", "required": True, "requiredMsg": "写点什么"},
    {
        "name": "stage",
        "label": "阶段",
        "type": "SELECT",
        "required": True,
        "options": [{"value": "a", "text": "初访"}, {"value": "b", "text": "报价"}],
    },
    {
        "name": "tags",
        "label": "标签",
        "type": "MULTI_SELECT",
        "options": [{"value": "x", "text": "急"}, {"value": "y", "text": "大"}],
    },
    {"name": "day", "label": "日期", "type": "DATE", "defaultValue": "2026-03-05"},
    {"name": "amount", "label": "金额", "type": "NUMBER", "placeholder": "元"},
    {
        "name": "way",
        "label": "方式",
        "type": "CHECKBOX_GROUP",
        "defaultValue": "1",
        "options": [{"value": "1", "text": "电话"}, {"value": "2", "text": "上门"}],
    },
    {"name": "sure", "label": "确认", "type": "CHECKBOX"},
    {"name": "quiet", "label": "不提醒", "type": "SWITCH"},
]


async def test_b26_form_checks_required_first_and_sends_the_shapes(bench: Bench) -> None:
    await bench.template("表单组件的使用与更新", "form.schema")
    await bench.send(
        {"title": "跟进"},
        template="form.schema",
        private={"lina04": {"form": {"fields": FIELDS}, "form_status": "normal", "form_btn_text": "提交"}},
    )
    card = await bench.card()
    form = card["form"]
    assert (form["submit"], form["disabled"]) == ("提交", False)
    assert {one["name"]: one["type"] for one in form["fields"]} == {
        "visit_id": "text", "note": "text_area", "stage": "select", "tags": "multi_select", "day": "date",
        "amount": "number", "way": "select", "sure": "checkbox", "quiet": "switch",
    }  # fmt: skip
    assert form["fields"][0]["hidden"] is True
    assert form["fields"][2]["options"] == [{"value": "a", "text": "初访"}, {"value": "b", "text": "报价"}]
    for words in ("内容", "2026-03-05", "元", "☑ 电话", "提交"):
        assert words in card["text"]
    assert "42" not in card["text"], "a hidden field is not drawn"

    refused = await bench.tap(form={"stage": "a"})
    assert (refused["status"], refused["toast"]) == ("refused", "写点什么")
    assert bench.frames == []
    await bench.tap(form={"note": "x", "stage": "no such"}, status=400)
    await bench.tap(form={"nothing": "x"}, status=400)
    await bench.tap(form={"note": "x", "stage": "a", "visit_id": "43"}, status=400)
    outcome = await bench.tap(form={"note": "聊了报价", "stage": "b", "tags": ["y", "x"], "amount": 12.5, "sure": True})
    assert outcome["status"] == "ok"
    action_ids, params = sent(bench.frames[0])
    assert action_ids == ["form"]
    assert params["form"] == {
        "visit_id": "42", "note": "聊了报价", "stage": {"index": 1, "value": "b"}, "tags": {"index": [1, 0], "value": ["y", "x"]},
        "day": "2026-03-05", "amount": 12.5, "way": "1", "sure": True,
    }  # fmt: skip
    assert params["current_form"]["fields"][1]["name"] == "note"


async def test_b26_a_form_freezes_for_its_sender(bench: Bench) -> None:
    await bench.template("表单组件的使用与更新", "form.schema")
    shape = {"form": {"fields": [FIELDS[1]]}, "form_status": "normal", "form_btn_text": "提交"}
    await bench.send({"title": "跟进", **shape}, template="form.schema", space=f"IM_GROUP.{GROUP}")

    async def freeze(payload: dict[str, Any]) -> Any:
        schema = payload["content"]["cardPrivateData"]["params"]["current_form"]
        schema["fields"][0]["defaultValue"] = payload["content"]["cardPrivateData"]["params"]["form"]["note"]
        return answered(private={"form": schema, "form_status": "disabled", "form_btn_text": "已提交"})

    bench.answer = freeze
    outcome = await bench.tap(form={"note": "好"})
    assert outcome["card"]["form"]["disabled"] is True
    assert "内容 *：好" in outcome["card"]["text"]
    assert (await bench.card("chen01"))["form"]["disabled"] is False
    again = await bench.tap(form={"note": "又来"})
    assert (again["status"], len(bench.frames)) == ("disabled", 1)
    cheated = await bench.tap(form={"note": "又来"}, stale=True)
    assert (cheated["status"], len(bench.frames)) == ("ok", 2)


async def test_b26_what_was_only_filled_in_is_gone_after_leaving_the_chat(bench: Bench) -> None:
    await bench.template("helloworld", "hello.schema")
    await bench.send({"title": "问", "tag": "t", "markdown": "m"}, template="hello.schema")
    bench.sandbox.cards.cards["card-1"].viewers["lina04"].local["local_input"] = "草稿"
    assert "草稿" in (await bench.card())["text"]
    _, card = await bench.control("POST", "/cards/card-1/leave", {"as": "lina04"})
    assert "草稿" not in card["text"]
    assert "请输入内容" in card["text"]


async def test_b27_answer_changes_the_clickers_view_alone_until_a_put(bench: Bench) -> None:
    await bench.send(APPROVAL, space=f"IM_GROUP.{GROUP}")

    async def agree(_payload: dict[str, Any]) -> Any:
        return answered({"status": "agree"})

    bench.answer = agree
    outcome = await bench.press("同意")
    assert [one["text"] for one in outcome["card"]["buttons"]] == ["已同意"]
    chen = await bench.card("chen01")
    assert [one["text"] for one in chen["buttons"]] == ["拒绝", "同意"], "others see it only through PUT"
    await bench.api(
        "PUT", "/v1.0/card/instances",
        {"outTrackId": "card-1", "cardData": {"cardParamMap": {"status": "reject"}}, "cardUpdateOptions": {"updateCardDataByKey": True}},
    )  # fmt: skip
    for person in ("lina04", "chen01"):
        assert [one["text"] for one in (await bench.card(person))["buttons"]] == ["已拒绝"], (
            "the app's word is the last"
        )


async def test_b27_broadcast_knob_shows_the_answer_to_all(bench: Bench) -> None:
    bench.sandbox.set_knobs({"card_broadcast": True})
    await bench.send(APPROVAL, space=f"IM_GROUP.{GROUP}")

    async def agree(_payload: dict[str, Any]) -> Any:
        return answered({"status": "agree"})

    bench.answer = agree
    await bench.press("同意")
    assert [one["text"] for one in (await bench.card("chen01"))["buttons"]] == ["已同意"]


async def test_b27_without_options_the_answer_replaces_the_clickers_data(bench: Bench) -> None:
    await bench.send(APPROVAL)

    async def replace(_payload: dict[str, Any]) -> Any:
        return answered({"status": "agree"}, by_key=False)

    bench.answer = replace
    outcome = await bench.press("同意")
    assert outcome["card"]["data"] == {"status": "agree"}
    assert "李娜的报销" not in outcome["card"]["text"]


@pytest.mark.parametrize("how", ["silence", "code"])
async def test_b27_late_or_failed_answers_change_nothing(bench: Bench, how: str) -> None:
    bench.sandbox.knobs.tap_seconds = 0.3
    await bench.send(APPROVAL)

    async def slow(_payload: dict[str, Any]) -> Any:
        if how == "silence":
            await asyncio.sleep(0.8)
        return answered({"status": "agree"}, {"x": "y"})

    bench.answer, bench.code = slow, 200 if how == "silence" else 500
    outcome = await bench.press("同意")
    assert outcome["status"] == "late"
    assert outcome["toast"]
    assert [one["text"] for one in outcome["card"]["buttons"]] == ["拒绝", "同意"]
    await asyncio.sleep(0.7)
    assert (await bench.card())["data"]["status"] == "", "an answer after its time is dropped"


async def test_b27_toasts_follow_the_success_condition(bench: Bench) -> None:
    await bench.template("helloworld", "hello.schema")
    await bench.send({"title": "问", "tag": "t", "markdown": "m"}, template="hello.schema")
    failed = await bench.tap(form={"input": "一"})
    assert failed["toast"] == "提交失败"

    async def accept(payload: dict[str, Any]) -> Any:
        params = payload["content"]["cardPrivateData"]["params"]
        return answered(private={"private_input": params["local_input"], "submitted": True})

    bench.answer = accept
    good = await bench.tap(form={"input": "二"})
    assert good["toast"] == "提交成功"
    assert sent(bench.frames[-1]) == (["submit"], {"local_input": "二"})
    assert good["card"]["private"] == {"private_input": "二", "submitted": "true"}
    await bench.send(APPROVAL, "plain")
    bench.answer = accept_nothing
    assert (await bench.press("同意", own="plain"))["toast"] is None, "no condition, no toast"


async def accept_nothing(_payload: dict[str, Any]) -> Any:
    return {}


async def test_b27_values_that_are_no_strings_have_no_effect_and_are_reported(bench: Bench) -> None:
    await bench.send(APPROVAL)

    async def wrong(_payload: dict[str, Any]) -> Any:
        options = {"updateCardDataByKey": True}
        return {
            "response": {"cardUpdateOptions": options, "cardData": {"cardParamMap": {"amount": 3, "status": "agree"}}}
        }

    bench.answer = wrong
    outcome = await bench.press("同意")
    assert outcome["card"]["data"]["amount"] == "120元"
    assert outcome["card"]["data"]["status"] == "agree"
    _, report = await bench.control("GET", "/violations")
    assert report["items"][-1]["rule"] == "card-value-not-a-string"


async def test_b28_put_inside_the_callback_is_reported(bench: Bench) -> None:
    await bench.send(APPROVAL)
    put = {
        "outTrackId": "card-1",
        "cardData": {"cardParamMap": {"amount": "1"}},
        "cardUpdateOptions": {"updateCardDataByKey": True},
    }

    async def inside(_payload: dict[str, Any]) -> Any:
        assert (await bench.api("PUT", "/v1.0/card/instances", put))[0] == 200
        return answered({"status": "agree"})

    bench.answer = inside
    outcome = await bench.press("同意")
    assert (outcome["card"]["data"]["amount"], outcome["card"]["data"]["status"]) == ("1", "agree")
    _, report = await bench.control("GET", "/violations")
    assert [row["rule"] for row in report["items"]] == ["card-update-inside-callback"]
    await bench.api("PUT", "/v1.0/card/instances", put)
    assert len((await bench.control("GET", "/violations"))[1]["items"]) == 1, "afterwards it is fine"


async def test_b29_callbacks_only_where_the_card_asks_for_them(bench: Bench) -> None:
    await bench.send(APPROVAL, callbackType=None)
    outcome = await bench.press("同意")
    assert outcome["status"] == "refused"
    assert bench.frames == []
    assert await refusal(bench, delivery(APPROVAL, "other", callbackType="PIGEON")) == "param.invalid"
    assert (
        await refusal(bench, delivery(APPROVAL, "other", callbackType="HTTP", callbackRouteKey="nowhere"))
        == "param.invalid"
    )


async def test_b29_http_callbacks_are_signed(bench: Bench) -> None:
    seen: list[tuple[Any, dict[str, str]]] = []

    async def receive(request: web.Request) -> web.Response:
        seen.append((await request.json(), dict(request.headers)))
        return web.json_response(answered({"status": "agree"})["response"])

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        status, body = await bench.api(
            "POST",
            "/v1.0/card/callbacks/register",
            {"callbackRouteKey": "crm", "callbackUrl": f"http://127.0.0.1:{port}/hook"},
        )
        assert (status, body["success"], set(body["result"])) == (200, True, {"apiSecret", "callbackUrl"})
        await bench.send(APPROVAL, callbackType="HTTP", callbackRouteKey="crm")
        outcome = await bench.press("同意")
    finally:
        await runner.cleanup()
    assert outcome["status"] == "ok"
    assert [one["text"] for one in outcome["card"]["buttons"]] == ["已同意"]
    payload, headers = seen[0]
    assert json.loads(payload["content"])["cardPrivateData"]["actionIds"] == ["agree"]
    stamp = headers["x-ddpaas-signature-timestamp"]
    expected = base64.b64encode(
        hmac.new(body["result"]["apiSecret"].encode(), stamp.encode(), hashlib.sha256).digest()
    ).decode()
    assert headers["x-ddpaas-signature"] == expected
    assert bench.frames == []


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
        ("POST", "/v1.0/im/v1.0/robot/interactiveCards/send"), ("PUT", "/v1.0/im/robots/interactiveCards"),
        ("POST", "/v1.0/im/interactiveCards/send"), ("POST", "/v1.0/im/interactiveCards/templates/send"),
    ):  # fmt: skip
        status, body = await bench.api(method, path, {"cardTemplateId": "StandardCard"})
        assert status == 403
        assert body["accessdenieddetail"]["requiredScopes"]


# -- the control plane's taps -----------------------------------------------------------------------------------


async def test_tap_of_a_button_that_is_gone_or_was_never_there(bench: Bench) -> None:
    await bench.send(APPROVAL, space=f"IM_GROUP.{GROUP}")
    await bench.card("lina04")
    await bench.api(
        "PUT", "/v1.0/card/instances",
        {"outTrackId": "card-1", "cardData": {"cardParamMap": {"status": "agree"}}, "cardUpdateOptions": {"updateCardDataByKey": True}},
    )  # fmt: skip
    gone = await bench.tap(button="reject")
    assert gone["status"] == "disabled"
    assert [one["text"] for one in gone["card"]["buttons"]] == ["已同意"]
    assert bench.frames == []
    assert (await bench.tap(button="reject", **{"as": "wang02"}))["status"] == "disabled", "shown without a look"
    disabled = gone["card"]["buttons"][0]["id"]
    assert (await bench.tap(button=disabled))["status"] == "disabled"
    stale = await bench.tap(button="reject", stale=True)
    assert stale["status"] == "ok"
    assert sent(bench.frames[0]) == (["reject"], {"action": "reject"})
    assert (await bench.tap(button="never", status=404))["code"]
    await bench.tap(button="agree", status=404, **{"as": "far09"})
    await bench.tap(own="no-card", button="agree", status=404)
    await bench.tap(button="agree", status=404, **{"as": "nobody"})


async def test_forced_taps_reach_the_app_whatever_was_shown(bench: Bench) -> None:
    await bench.send(APPROVAL)
    outcome = await bench.tap(force=True, action_ids=["agree"], params={"action": "agree", "id": 9}, **{"as": "far09"})
    assert (outcome["status"], outcome["card"]) == ("ok", None)
    assert sent(bench.frames[0]) == (["agree"], {"action": "agree", "id": 9})
    assert bench.frames[0]["userId"] == "far09"
    unknown = await bench.tap(own="never-made", force=True, action_ids=["x"], params={})
    assert unknown["status"] == "ok"
    assert bench.frames[1]["outTrackId"] == "never-made"
    await bench.tap(force=True, action_ids="x", params={}, status=400)


async def test_somebody_who_left_can_still_tap(bench: Bench) -> None:
    await bench.send(APPROVAL)
    bench.sandbox.company.leave("lina04")
    assert (await bench.press("同意"))["status"] == "ok"


async def test_public_sdk_template_draws_and_calls_back(bench: Bench) -> None:
    full = {
        "order": ["msgTitle", "msgContent", "staticMsgContent", "msgTextList", "msgSlider", "msgButtons"],
        "msgButtons": [
            {"text": "领取 宁波海蓝食品有限公司", "color": "blue", "id": "claim:7", "request": True},
            {"text": "打开", "url": "https://x.test/1"},
            {"text": "说", "url": "dtmd://dingtalkclient/sendMessage?content=%E6%88%91%E7%9A%84%E5%AE%A2%E6%88%B7"},
            {"text": "没了", "id": "done", "request": True, "status": "disabled"},
        ],
        "source": {"text": "由 CRM 发出"},
    }  # fmt: skip
    await bench.send(
        {"flowStatus": "3", "msgTitle": "公海", "msgContent": "**共 1 家**", "staticMsgContent": "第 1 页", "sys_full_json_obj": full},
        template="382e4302-551d-4880-bf29-a30acfab2e71",
    )  # fmt: skip
    card = await bench.card()
    assert card["text"].splitlines() == [
        "公海",
        "共 1 家",
        "第 1 页",
        "领取 宁波海蓝食品有限公司",
        "打开",
        "说",
        "没了",
        "由 CRM 发出",
    ]
    claim, link, says, gone = card["buttons"]
    assert (claim["id"], claim["row"], claim["action_ids"], claim["params"]) == (
        "claim:7",
        "宁波海蓝食品有限公司",
        ["claim:7"],
        {},
    )
    assert (link["url"], link["says"]) == ("https://x.test/1", None)
    assert (says["url"], says["says"]) == (None, "我的客户")
    assert gone["disabled"] is True
    await bench.tap(button="claim:7")
    assert sent(bench.frames[0]) == (["claim:7"], {})
    said = await bench.tap(button=says["id"])
    assert said["said"] == "我的客户"
    assert bench.frames[1]["text"]["content"] == "我的客户"
    opened = await bench.tap(button=link["id"])
    assert opened["opened"] == "https://x.test/1"
    assert len(bench.frames) == 2


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
