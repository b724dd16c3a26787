"""The export format in general: any component, condition, expression, list and type."""

import json
from typing import Any

import pytest

from bot.sandbox.cards import typed
from bot.sandbox.drawing import View, draw
from bot.sandbox.templates import Template, TemplateError, import_export
from tests.sandbox.cards_bench import text_map


def made_export(children: list[dict[str, Any]], variables: list[dict[str, Any]] | None = None, **more: Any) -> str:
    editor = {
        "schemaVersion": "3.0.0",
        "schema": {"componentsTree": [{"componentName": "Card", "id": "root", "props": {}, "children": children}]},
        "variableList": variables or [],
        **more,
    }
    return json.dumps({"mode": "card", "type": "im", "editorData": json.dumps(editor), "widgetInfo": ""})


def words(content: str) -> dict[str, Any]:
    return {"type": "dynamicString", "content": content, "i18n": False}


def node(name: str, own: str, children: list[dict[str, Any]] | None = None, **props: Any) -> dict[str, Any]:
    return {"componentName": name, "id": own, "props": props, "children": children or []}


def viewed(
    source: str,
    public: dict[str, Any] | None = None,
    private: dict[str, Any] | None = None,
    local: dict[str, Any] | None = None,
) -> tuple[Template, View]:
    template = import_export(source)
    return template, draw(
        template, typed(template, text_map(public or {})), typed(template, text_map(private or {})), local or {}
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("not json", "no JSON"),
        ("[]", "no JSON object"),
        ("{}", "editorData is missing"),
        ('{"mode": "page", "editorData": "{}"}', "mode"),
        ('{"editorData": "{"}', "editorData is no JSON"),
        ('{"editorData": {"schema": {"componentsTree": []}}}', "componentsTree"),
        ('{"editorData": {"schema": {"componentsTree": [{"props": {}}]}}}', "componentName is missing"),
    ],
)
def test_what_is_no_export_is_refused_with_a_reason(source: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        import_export(source)


def test_unknown_components_show_their_words_children_and_buttons() -> None:
    source = made_export(
        [
            node(
                "CountDown",
                "n1",
                [node("BaseText", "n2", text=words("里面 ${who}"))],
                title=words("还剩 ${left} 天"),
                hoverText=words("不画"),
                confirmTitle=words("不画"),
                successToast=words("不画"),
                tabs=[{"title": words("甲")}, {"title": words("乙")}],
            ),
            node(
                "NewButtonThing",
                "n3",
                text=words("按我"),
                actionType="request",
                actionId=words("go"),
                params=[{"type": "fixed", "name": "a", "value": "1"}],
            ),
            node("Slotted", "n4", right={"type": "JSSlot", "value": [node("BaseText", "n5", text=words("槽里"))]}),
        ],
        [{"name": "who", "type": "string"}, {"name": "left", "type": "number"}],
    )
    _, view = viewed(source, {"who": "王伟", "left": 3})
    assert view.text.splitlines() == ["还剩 3 天", "甲", "乙", "里面 王伟", "按我", "槽里"]
    assert [(one.text, one.action_ids, one.params) for one in view.pressable] == [("按我", ("go",), {"a": "1"})]


def loop_export() -> str:
    row = node(
        "Grid",
        "g",
        [
            node("BaseText", "t1", text=words("${loop.name}")),
            node("BaseText", "t2", text=words("${loop.note}")),
            node(
                "ButtonList",
                "b",
                buttons={
                    "list": [
                        {
                            "id": "1",
                            "text": words("领取"),
                            "actionType": "request",
                            "params": [
                                {"type": "variable", "variable": "rows[0].id", "variableType": "loop", "name": "id"},
                                {"type": "fixed", "name": "action", "value": "claim"},
                            ],
                            "status": {
                                "type": "dynamicSelect",
                                "valueType": "variable",
                                "variable": "rows[0].state",
                                "variableType": "loop",
                            },
                        },
                        {
                            "id": "2",
                            "text": words("看 ${loop.name}"),
                            "actionType": "url",
                            "url": {"type": "dynamicLink", "valueType": "variable", "variable": "rows[0].url"},
                        },
                    ]
                },
            ),
        ],
        direction="vertical",
        visible={
            "type": "dynamicVisible",
            "valueType": "condition",
            "condition": {
                "op": "and",
                "conditions": [
                    {
                        "op": "notEqual",
                        "type": "variable",
                        "variable": "rows[0].state",
                        "variableType": "loop",
                        "valueType": "fixed",
                        "value": "hidden",
                    }
                ],
            },
        },
    )
    schema = [{"name": one, "type": "string"} for one in ("id", "name", "note", "state", "url")]
    return made_export(
        [node("Loop", "l", [row], listData={"type": "variableValue", "variable": "rows"})],
        [{"name": "rows", "type": "loopArray", "schema": schema}],
    )


def test_buttons_of_list_rows_are_told_apart_and_keep_their_ids() -> None:
    rows = [
        {"id": "7", "name": "宁波海蓝食品有限公司", "note": "食品", "url": "https://x.test/7"},
        {
            "id": "8",
            "name": "华东精密",
            "note": "机械",
            "state": "disabled",
            "url": "dtmd://dingtalkclient/sendMessage?content=a%20b",
        },
        {"id": "9", "name": "看不见", "state": "hidden"},
    ]
    _, view = viewed(loop_export(), {"rows": rows})
    assert "看不见" not in view.text
    buttons = view.public_buttons()
    assert [(one["text"], one["row"], one["disabled"], one["params"]) for one in buttons] == [
        ("领取", "宁波海蓝食品有限公司", False, {"id": "7", "action": "claim"}),
        ("看 宁波海蓝食品有限公司", "宁波海蓝食品有限公司", False, {}),
        ("领取", "华东精密", True, {"id": "8", "action": "claim"}),
        ("看 华东精密", "华东精密", False, {}),
    ]
    assert (buttons[1]["url"], buttons[3]["url"], buttons[3]["says"]) == ("https://x.test/7", None, "a b")
    _, later = viewed(loop_export(), {"rows": [rows[1] | {"state": "normal"}]})
    assert later.public_buttons()[0]["id"] == buttons[2]["id"], "the same row has the same button, wherever it stands"
    assert buttons[0]["id"] not in {one["id"] for one in later.public_buttons()}


def test_conditions_and_expressions() -> None:
    def when(*conditions: dict[str, Any], op: str = "and") -> dict[str, Any]:
        return {
            "type": "dynamicVisible",
            "valueType": "condition",
            "condition": {"op": op, "conditions": list(conditions)},
        }

    def test(op: str, value: Any = None, variable: str = "n") -> dict[str, Any]:
        return {"op": op, "type": "variable", "variable": variable, "valueType": "fixed", "value": value}

    cases = {
        "equal": (test("equal", "5"), True),
        "notEqual": (test("notEqual", 5), False),
        "greater": (test("greaterThan", 4), True),
        "less": (test("less", 5), False),
        "lessOrEqual": (test("lessOrEqual", 5), True),
        "true": (test("isTrue", None, "yes"), True),
        "false": (test("isFalse", None, "none"), True),
        "empty": (test("isEmpty", None, "none"), True),
        "full": (test("isNotEmpty", None, "tags"), True),
        "length": (test("lengthGreaterThan", 1, "tags"), True),
        "has": (test("contains", "b", "tags"), True),
        "odd": (test("somethingNew", 1), True),
    }
    children = [
        node("BaseText", name, text=words(name), visible=when(condition)) for name, (condition, _) in cases.items()
    ]
    children.append(node("BaseText", "or", text=words("or"), visible=when(test("equal", 1), test("equal", 5), op="or")))
    children.append(
        node(
            "BaseText",
            "never",
            text=words("never"),
            visible={"type": "dynamicVisible", "valueType": "fixed", "value": False},
        )
    )
    children.append(
        node("BaseText", "exp", text=words("${sum}｜${joined}｜${n > 3 ? 'big' : 'small'}｜${tags[1]}｜${none}"))
    )
    source = made_export(
        children,
        [{"name": "n", "type": "number"}, {"name": "yes", "type": "boolean"}, {"name": "tags", "type": "stringArray"}],
        expList=[
            {"name": "sum", "type": "number", "expContent": "(n + 1) * 2 % 7"},
            {"name": "joined", "type": "string", "expContent": "concat(arrayJoin(tags, '、'), toStr(len(tags)))"},
        ],
    )
    _, view = viewed(source, {"n": 5, "yes": True, "tags": ["a", "b"]})
    lines = view.text.splitlines()
    assert set(lines[:-1]) == {name for name, (_, met) in cases.items() if met} | {"or"}
    assert lines[-1] == "5｜a、b2｜big｜b｜"
    assert any("somethingNew" in message for message in view.warnings)


def test_broken_expressions_are_warned_of_and_drawn_empty() -> None:
    source = made_export(
        [node("BaseText", "t", text=words("[${bad}${loop1}]"))],
        expList=[{"name": "bad", "expContent": "nope("}, {"name": "loop1", "expContent": "loop1 + 1"}],
    )
    _, view = viewed(source)
    assert view.text.startswith("[")
    assert len(view.warnings) >= 2


def test_languages_and_confirm_boxes() -> None:
    source = made_export(
        [
            node(
                "Markdown",
                "m",
                content={
                    "defaultLang": "zh_Hans",
                    "content": {
                        "zh_Hans": {
                            "type": "dynamicMarkdown",
                            "valueType": "fixed",
                            "value": "# 标题\n- **粗** [链](u)",
                        }
                    },
                },
            ),
            node(
                "SingleButton",
                "s",
                text={"type": "dynamicString", "i18n": True, "content": {"zh_Hans": "作废", "en_US": "Void"}},
                actionType="confirm",
                confirmTitle=words("真的？"),
                confirmOkAction="request",
                confirmOkReqActionActionId=words("void"),
                confirmOkReqActionParams=[{"type": "fixed", "name": "id", "value": "3"}],
            ),
        ]
    )
    _, view = viewed(source)
    assert view.text.splitlines() == ["标题", "粗 链", "作废"]
    assert (view.pressable[0].action_ids, view.pressable[0].params) == (("void",), {"id": "3"})


def test_an_object_in_the_buttons_own_words() -> None:
    texts = {
        "领取 宁波海蓝食品有限公司": "宁波海蓝食品有限公司",
        "打开「三月合同」": "三月合同",
        "提交": None,
        "弹窗提示 + 更新": None,
        "👉继续👈": None,
    }
    rows = [{"id": str(at), "text": words(text), "actionType": "request"} for at, text in enumerate(texts)]
    _, view = viewed(made_export([node("ButtonBlock", "b", buttons=rows)]))
    assert {one.text: one.row for one in view.pressable} == texts
    assert [one.action_ids for one in view.pressable] == [("0",), ("1",), ("2",), ("3",), ("4",)]


def test_private_values_win_where_they_are_and_public_ones_stand_in() -> None:
    source = made_export(
        [node("BaseText", "t", text=words("${mine}/${ours}"))],
        [{"name": "mine", "type": "string", "private": True}, {"name": "ours", "type": "string"}],
    )
    assert viewed(source, {"mine": "p", "ours": "o"}, {"mine": "x", "ours": "y"})[1].text == "x/o"
    assert viewed(source, {"mine": "p", "ours": "o"}, {"mine": ""})[1].text == "p/o"


@pytest.mark.parametrize(
    ("kind", "good", "wrong"),
    [
        ("number", "1.5", "abc"),
        ("number", "-3", "1,000"),
        ("boolean", "true", "True"),
        ("object", '{"a": 1}', "[1]"),
        ("loopArray", '[{"a": 1}]', '["a"]'),
        ("stringArray", '["a"]', "a"),
        ("numberArray", "[1, 2]", '["1"]'),
        ("form", '{"fields": []}', "fields"),
    ],
)
def test_b25_types_of_values(kind: str, good: str, wrong: str) -> None:
    template = import_export(made_export([], [{"name": "v", "type": kind}]))
    assert typed(template, {"v": good}) == {"v": json.loads(good)}
    assert typed(template, {"v": wrong}) == {}
