"""Pressing and filling cards: behaviour 26 of platform.md section 12, and the contract's taps."""

from typing import Any

from tests.sandbox.cards_bench import (
    APPROVAL,
    GROUP,
    Bench,
    answered,
    needs_exports,
    sent,
)

pytestmark = needs_exports


async def test_b26_frame_of_a_button(bench: Bench) -> None:
    await bench.send(APPROVAL, space=f"IM_GROUP.{GROUP}")
    outcome = await bench.press("同意", "chen01")
    assert outcome["status"] == "ok"
    frame = bench.frames[0]
    assert sent(frame) == (["agree"], {"action": "agree"})
    assert {
        key: frame[key] for key in ("type", "outTrackId", "corpId", "userId", "userIdType", "spaceId", "extension")
    } == {
        "type": "actionCallback",
        "outTrackId": "card-1",
        "corpId": "dingcorp01",
        "userId": "chen01",
        "userIdType": 1,
        "spaceId": GROUP,
        "extension": "{}",
    }
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
        "visit_id": "text",
        "note": "text_area",
        "stage": "select",
        "tags": "multi_select",
        "day": "date",
        "amount": "number",
        "way": "select",
        "sure": "checkbox",
        "quiet": "switch",
    }
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
        "visit_id": "42",
        "note": "聊了报价",
        "stage": {"index": 1, "value": "b"},
        "tags": {"index": [1, 0], "value": ["y", "x"]},
        "day": "2026-03-05",
        "amount": 12.5,
        "way": "1",
        "sure": True,
    }
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


async def test_tap_of_a_button_that_is_gone_or_was_never_there(bench: Bench) -> None:
    await bench.send(APPROVAL, space=f"IM_GROUP.{GROUP}")
    await bench.card("lina04")
    await bench.api(
        "PUT",
        "/v1.0/card/instances",
        {
            "outTrackId": "card-1",
            "cardData": {"cardParamMap": {"status": "agree"}},
            "cardUpdateOptions": {"updateCardDataByKey": True},
        },
    )
    gone = await bench.tap(button="reject")
    assert gone["status"] == "disabled"
    assert [one["text"] for one in gone["card"]["buttons"]] == ["已同意"]
    assert bench.frames == []
    assert (await bench.tap(button="reject", person="wang02"))["status"] == "disabled", "shown without a look"
    disabled = gone["card"]["buttons"][0]["id"]
    assert (await bench.tap(button=disabled))["status"] == "disabled"
    stale = await bench.tap(button="reject", stale=True)
    assert stale["status"] == "ok"
    assert sent(bench.frames[0]) == (["reject"], {"action": "reject"})
    assert (await bench.tap(button="never", status=404))["code"]
    await bench.tap(button="agree", status=404, person="far09")
    await bench.tap(own="no-card", button="agree", status=404)
    await bench.tap(button="agree", status=404, person="nobody")


async def test_forced_taps_reach_the_app_whatever_was_shown(bench: Bench) -> None:
    await bench.send(APPROVAL)
    outcome = await bench.tap(force=True, action_ids=["agree"], params={"action": "agree", "id": 9}, person="far09")
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
    }
    await bench.send(
        {
            "flowStatus": "3",
            "msgTitle": "公海",
            "msgContent": "**共 1 家**",
            "staticMsgContent": "第 1 页",
            "sys_full_json_obj": full,
        },
        template="382e4302-551d-4880-bf29-a30acfab2e71",
    )
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
