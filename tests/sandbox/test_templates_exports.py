"""The ten official exports: drawn with their mock data and with other data, filled and pressed."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.sandbox.cards_bench import EXPORTS, GROUP, Bench, answered, export_text, sent, started_bench

NAMES = (
    "AI 卡片同时更新普通变量和流式变量",
    "helloworld",
    "事件链配置演示",
    "交互组件的使用与本地更新",
    "卡片配合H5实现复杂业务",
    "审批模板",
    "循环渲染容器之交互组件的使用与服务端更新",
    "打字机效果流式更新 AI 卡片",
    "智能回复",
    "表单组件的使用与更新",
)
with_exports = pytest.mark.skipif(
    not EXPORTS.is_dir(), reason=f"the official card exports are not at {EXPORTS}; they lie beside the project"
)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with started_bench() as made:
        yield made


async def preview(bench: Bench, name: str, data: Any = None, private: Any = None) -> str:
    made = await bench.template(name)
    status, body = await bench.control(
        "POST", f"/templates/{made['id']}/preview", {"as": "lina04", "data": data, "private": private}
    )
    assert status == 200, body
    return str(body["out_track_id"])


# -- the ten official exports -----------------------------------------------------------------------------------


@with_exports
@pytest.mark.parametrize("name", NAMES)
async def test_b25_every_export_is_imported_listed_and_drawn(bench: Bench, name: str) -> None:
    made = await bench.template(name)
    declared = json.loads(json.loads(export_text(name))["editorData"])["variableList"]
    assert {one["name"] for one in made["variables"] if one["kind"] == "variable"} == {one["name"] for one in declared}
    assert {one["name"] for one in made["variables"] if one["private"]} == {
        one["name"] for one in declared if one.get("private")
    }
    assert made["warnings"] == []
    card = await bench.card("lina04", await _previewed(bench, made["id"]))
    assert card["text"].strip()
    assert "${" not in card["text"]
    harmless = ("longer than 1 KB", "the template has no variable")
    said = [row["message"] for row in bench.sandbox.cards.warnings]
    assert [one for one in said if not any(part in one for part in harmless)] == []
    _, listed = await bench.control("GET", "/templates")
    assert made["id"] in {one["id"] for one in listed["items"] if one["published"]}


async def _previewed(bench: Bench, own: str) -> str:
    _, body = await bench.control("POST", f"/templates/{own}/preview", {"as": "lina04", "data": None, "private": None})
    return str(body["out_track_id"])


@with_exports
async def test_b25_charts_progress_and_markdown_of_the_ai_card(bench: Bench) -> None:
    own = await preview(bench, "AI 卡片同时更新普通变量和流式变量")
    text = (await bench.card(own=own))["text"]
    for words in ("帮我分析一下过去一个月的营收情况", "正在准备图表 60%", "过去一个月的营收分析", "产品 B 0701 995"):
        assert words in text
    assert "##" not in text
    other = await preview_again(
        bench, {"flowStatus": "3", "query": "本月呢", "content": "**好**", "preparations": [], "charts": []}
    )
    assert (await bench.card(own=other))["text"].splitlines() == ["本月呢", "好", "复制"]
    copied = await bench.press("复制", own=other)
    assert copied["copied"] == "**好**"
    assert bench.frames == []


async def preview_again(bench: Bench, data: dict[str, Any], private: dict[str, Any] | None = None) -> str:
    _, body = await bench.control(
        "POST", "/templates/tpl.schema/preview", {"as": "lina04", "data": data, "private": private}
    )
    return str(body["out_track_id"])


@with_exports
async def test_b26_local_inputs_are_gathered_by_the_button(bench: Bench) -> None:
    await bench.template("交互组件的使用与本地更新")
    items = [{"value": 0, "text": "甲"}, {"value": 1, "text": "乙"}]
    shown = {
        "submitBtnStatus": "normal",
        "submitBtnText": "交上",
        "singleCheckboxItems": items,
        "multiCheckboxItems": items,
    }
    await bench.send({"lastMessage": "填"}, private={"lina04": shown})
    card = await bench.card()
    fields = {one["name"]: one for one in card["form"]["fields"]}
    assert card["form"]["submit"] == "交上"
    assert fields["selectBlock"]["label"] == "下拉单选"
    assert fields["localSingleCheckbox"]["options"] == [{"value": 0, "text": "甲"}, {"value": 1, "text": "乙"}]
    for words in ("请输入内容", "单选请选择", "☐ 甲"):
        assert words in card["text"]
    await bench.tap(form={"selectBlock": "9"}, status=400)

    async def take(payload: dict[str, Any]) -> Any:
        params = payload["content"]["cardPrivateData"]["params"]
        if "date" not in params:
            return answered(private={"errMsg": "日期没填"})
        return answered(
            private={"submitBtnStatus": "disabled", "submitBtnText": "交了", "selectIndex": params["select"]["index"]}
        )

    bench.answer = take
    first = await bench.tap(form={"input": "你好", "selectBlock": "2", "multiSelectBlock": ["1", "4"]})
    assert (first["status"], first["toast"]) == ("ok", "日期没填")
    assert "你好" in first["card"]["text"], "what was filled in stays"
    second = await bench.tap(
        form={
            "datePicker": "2026-03-05",
            "datetime": "2026-03-05 10:00",
            "checkbox": True,
            "singleCheckbox": 1,
            "localMultiCheckbox": [0, 1],
        }
    )
    assert (second["status"], second["toast"]) == ("ok", "提交成功")
    action_ids, params = sent(bench.frames[-1])
    assert action_ids == ["single_button_node_oclw9159003"]
    assert params == {
        "input": "你好",
        "select": {"index": 1, "value": "2"},
        "multiSelect": {"index": [0, 3], "value": ["1", "4"]},
        "date": "2026-03-05",
        "datetime": "2026-03-05 10:00",
        "checkbox": True,
        "singleCheckbox": 1,
        "multiCheckbox": [0, 1],
        "singleCheckboxItems": items,
        "multiCheckboxItems": items,
    }
    assert second["card"]["form"]["disabled"] is True
    assert (await bench.tap(form={"input": "再来"}))["status"] == "disabled"


@with_exports
async def test_b26_inputs_that_call_back_at_each_change(bench: Bench) -> None:
    await bench.template("循环渲染容器之交互组件的使用与服务端更新")
    options = [{"value": 1, "text": {"zh_CN": "一"}}, {"value": 2, "text": {"zh_CN": "二"}}]
    rows = [
        {"type": "TEXT", "required": True, "name": "who", "label": "谁", "placeholder": "名字"},
        {"type": "DATE", "name": "day", "label": "哪天", "placeholder": "选"},
        {
            "type": "SELECT",
            "name": "one",
            "label": "单选",
            "placeholder": "选",
            "options": options,
            "default_number": 1,
        },
        {"type": "MULTI_SELECT", "name": "many", "label": "多选", "placeholder": "选", "options": options},
        {"type": "CHECKBOX", "name": "yes", "label": "同意", "default_boolean": True},
        {
            "type": "CHECKBOX_LIST",
            "name": "list",
            "label": "列表",
            "checkbox_items": [{"value": 5, "text": "五", "checked": False, "name": "list", "type": "CHECKBOX_LIST"}],
        },
    ]
    await bench.send(
        {"title": "问卷"}, private={"lina04": {"form_fields": rows, "form_status": "normal", "button_text": "交"}}
    )
    card = await bench.card()
    assert card["text"].splitlines() == [
        "问卷",
        "*谁：",
        "名字",
        "哪天：",
        "选",
        "单选：",
        "二",
        "多选：",
        "选",
        "同意： ☑",
        "列表：",
        "☐ 五",
        "交",
    ]
    assert [one["name"] for one in card["form"]["fields"]] == ["who", "day", "one", "many", "yes", "list=5"]
    for form, expected in (
        ({"who": "张三"}, (["who"], {"name": "who", "type": "TEXT", "who": "张三"})),
        ({"day": "2026-03-03"}, (["day"], {"name": "day", "type": "DATE", "day": "2026-03-03"})),
        ({"one": 1}, (["one"], {"name": "one", "type": "SELECT", "one": {"index": 0, "value": 1}})),
        (
            {"many": ["一", "二"]},
            (["many"], {"name": "many", "type": "MULTI_SELECT", "many": {"index": [0, 1], "value": [1, 2]}}),
        ),
        ({"yes": False}, (["1"], {"name": "yes", "type": "CHECKBOX", "yes": False})),
        ({"list=5": True}, (["1"], {"name": "list", "type": "CHECKBOX_LIST", "value": 5, "list": True})),
    ):
        assert (await bench.tap(form=form))["status"] == "ok"
        assert sent(bench.frames[-1]) == expected
    await bench.press("交")
    assert sent(bench.frames[-1])[1] == {"submit_form_fields": rows}
    await bench.api(
        "PUT",
        "/v1.0/card/instances",
        {
            "outTrackId": "card-1",
            "privateData": {"lina04": {"cardParamMap": {"form_status": "disabled"}}},
            "cardUpdateOptions": {"updatePrivateDataByKey": True},
        },
    )
    assert (await bench.tap(form={"who": "李四"}))["status"] == "disabled"
    assert (await bench.card())["buttons"][0]["disabled"] is True


@with_exports
async def test_b26_event_chain(bench: Bench) -> None:
    own = await preview(bench, "事件链配置演示", {"pub_url": "", "markdown": "展开的内容"})
    assert "展开的内容" not in (await bench.card(own=own))["text"]
    assert "local_visible=，点击按钮将更新为 1" in (await bench.card(own=own))["text"]
    local = await bench.press("弹窗提示 + 更新本地变量", own=own)
    assert (local["status"], local["toast"], bench.frames) == ("ok", "展开内容", [])
    assert "展开的内容" in local["card"]["text"]
    assert "展开的内容" not in (await bench.press("点此动态显示下面的内容", own=own))["card"]["text"]

    async def fail(payload: dict[str, Any]) -> Any:
        name = payload["content"]["cardPrivateData"]["params"]["var"]
        return (
            answered({f"{name}_status": "failed", f"{name}_msg": "没成"})
            if name == "pub_url"
            else answered(private={"pri_url_status": "success", "pri_url": "https://x.test"})
        )

    bench.answer = fail
    public = await bench.press("Pub 回传请求 + 打开链接", own=own)
    assert sent(bench.frames[-1]) == (["main"], {"var": "pub_url"})
    assert public["toast"] == "没成"
    private = await bench.press("Pri 回传请求 + 打开链接", own=own)
    assert private["opened"] == "https://x.test"
    assert "pri_url=https://x.test" in private["card"]["text"]
    bench.sandbox.knobs.tap_seconds = 0.2
    bench.code = 500
    assert (await bench.press("Pub 回传请求 + 打开链接", own=own))["toast"] == "请求失败！"
    bench.code = 200
    opened = await bench.press("下拉菜单", own=own)
    assert [one["text"] for one in opened["card"]["buttons"][-2:]] == ["回传请求", "嵌套菜单"]
    bench.answer = nothing
    count = len(bench.frames)
    nested = await bench.press("嵌套菜单", own=own)
    assert nested["card"]["buttons"][-1]["text"] == "嵌套菜单打开链接"
    assert (await bench.press("嵌套菜单打开链接", own=own))["opened"] == "https://www.dingtalk.com"
    assert len(bench.frames) == count
    await bench.press("下拉菜单", own=own)
    chosen = await bench.press("回传请求", own=own)
    assert chosen["toast"] == "请求成功！"
    assert sent(bench.frames[-1]) == (["main_0_0"], {"action": "dropdown_request"})
    assert "嵌套菜单" not in chosen["card"]["text"], "the menu has closed"


async def nothing(_payload: dict[str, Any]) -> Any:
    return {}


@with_exports
async def test_b26_likes_and_reasons(bench: Bench) -> None:
    own = await preview(
        bench, "智能回复", {"flowStatus": "3", "content": "答案", "question": "问", "origin_content": "原"}
    )
    liked = await bench.press("空心点赞", own=own)
    assert sent(bench.frames[-1]) == (["like"], {"action": "like", "origin_content": "原", "question": "问"})
    assert "空心点赞" not in [one["text"] for one in liked["card"]["buttons"]]
    disliked = await bench.press("空心点踩", own=own)
    assert "☐ 内容不完整" in disliked["card"]["text"]
    await bench.tap(own=own, form={"dislikeReason": ["内容不完整", "没有帮助"], "customDislikeReason": "太短"})
    assert sent(bench.frames[-1]) == (
        ["submit_dislike"],
        {
            "action": "submit_dislike",
            "dislike_reason": ["内容不完整", "没有帮助"],
            "custom_dislike_reason": "太短",
            "question": "问",
            "origin_content": "原",
        },
    )


@with_exports
async def test_b25_tables_links_and_nested_values(bench: Bench) -> None:
    own = await preview(bench, "卡片配合H5实现复杂业务")
    card = await bench.card(own=own)
    assert "1  考勤打卡  433  324" in card["text"]
    assert "标签：评价 A, 评价 C" in card["text"]
    table = {
        "meta": [
            {"alias": "no", "aliasName": "", "dataType": "STRING"},
            {"alias": "name", "aliasName": "客户", "dataType": "STRING"},
            {"alias": "more", "aliasName": "看", "dataType": "OBJECT"},
            {"alias": "act", "aliasName": "操作", "dataType": "BUTTON"},
        ],
        "data": [
            {
                "no": 1,
                "name": "宁波海蓝食品有限公司",
                "more": {"value": "详情", "url": "https://x.test/1"},
                "act": {"text": "领取", "id": "claim", "request": True},
            },
            {
                "no": 2,
                "name": "华东精密",
                "more": {"value": "详情", "request": True, "key": 7},
                "act": {"text": "领取", "id": "claim", "request": True, "status": "disabled"},
            },
        ],
    }
    other = await preview_again(
        bench, {"table": table, "more_detail_url": "https://x.test/all", "evaluate_done": False, "evaluate_url": "u"}
    )
    card = await bench.card(own=other)
    assert "1  宁波海蓝食品有限公司  详情  领取" in card["text"]
    found = [(one["text"], one["row"], one["disabled"], one["url"]) for one in card["buttons"]]
    assert found == [
        ("详情", "宁波海蓝食品有限公司", False, "https://x.test/1"),
        ("领取", "宁波海蓝食品有限公司", False, None),
        ("详情", "华东精密", False, None),
        ("领取", "华东精密", True, None),
        ("查看更多", None, False, "https://x.test/all"),
        ("立即评价", None, False, "u"),
    ]
    assert len({one["id"] for one in card["buttons"]}) == 6
    await bench.press("领取", own=other, row="宁波海蓝食品有限公司")
    action_ids, params = sent(bench.frames[-1])
    assert (action_ids, params["row"]["name"], params["column"]["alias"]) == (["claim"], "宁波海蓝食品有限公司", "act")
    await bench.press("详情", own=other, row="华东精密")
    assert sent(bench.frames[-1])[1]["row"]["more"] == {"value": "详情", "request": True, "key": 7}
    assert (await bench.press("领取", own=other, row="华东精密"))["status"] == "disabled"


@with_exports
async def test_b26_official_form_with_its_own_mock_data(bench: Bench) -> None:
    own = await preview(bench, "表单组件的使用与更新")
    assert (await bench.tap(own=own, form={}))["toast"] == "自定义必填错误提示"
    outcome = await bench.tap(
        own=own,
        form={
            "text": "222",
            "date": "2024-06-13",
            "datetime": "2024-06-13 10:26",
            "select": "3",
            "multi_select": ["2", "3"],
        },
    )
    assert outcome["status"] == "ok"
    action_ids, params = sent(bench.frames[0])
    assert action_ids == ["form"]
    assert params["form"] == {
        "system_params_1": "asdf",
        "text": "222",
        "text_readonly": "文本默认值",
        "date": "2024-06-13",
        "date_readonly": "2024-05-27",
        "datetime": "2024-06-13 10:26",
        "datetime_readonly": "2024-05-27 12:00",
        "select": {"index": 2, "value": "3"},
        "select_readonly": {"index": 3, "value": "4"},
        "multi_select": {"index": [1, 2], "value": ["2", "3"]},
        "multi_select_readonly": {"index": [1, 3], "value": ["2", "4"]},
        "checkbox_readonly": True,
    }, "as the documents' example: fields left empty are left out"


@with_exports
async def test_b24_group_members_have_private_forms(bench: Bench) -> None:
    await bench.template("表单组件的使用与更新")
    fields = {"fields": [{"name": "a", "label": "甲", "type": "TEXT"}]}
    await bench.send(
        {"title": "表", "form": {"fields": []}, "form_btn_text": "交"},
        space=f"IM_GROUP.{GROUP}",
        private={"chen01": {"form": fields}},
    )
    assert [one["name"] for one in (await bench.card("chen01"))["form"]["fields"]] == ["a"]
    assert (await bench.card("lina04"))["form"]["fields"] == []
