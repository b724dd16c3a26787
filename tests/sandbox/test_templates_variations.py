"""Exports that nobody here has seen: the official ones with every name changed, and own ones of the same builder."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from bot.sandbox.drawing import View, draw
from bot.sandbox.templates import import_export
from tests.sandbox.cards_bench import export_text
from tests.sandbox.test_templates_exports import NAMES, with_exports
from tests.sandbox.test_templates_format import made_export, node, viewed, words

NAME_KEYS = {"variable", "valueVariable"}


def renamed(source: str) -> str:
    """The export with other component ids and other variable names, as another person would have chosen them."""
    top = json.loads(source)
    editor = json.loads(top["editorData"])
    rows = [*editor.get("variableList", []), *editor.get("localList", []), *editor.get("expList", [])]
    names = {str(row.get("name") or row.get("id")) for row in rows}
    word = re.compile(r"(?<![\w.\"'])(" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + r")\b")

    def path(text: str) -> str:
        head = re.match(r"[\w$\u4e00-\u9fff]+", text)
        return f"neu_{text}" if head and head[0] in names else text

    def change(value: Any, key: str = "") -> Any:
        if isinstance(value, Mapping):
            return {one: change(inner, one) for one, inner in value.items()}
        if isinstance(value, list):
            return [change(one, key) for one in value]
        if not isinstance(value, str):
            return value
        if key in NAME_KEYS:
            return path(value)
        if key == "id" and value.startswith("node_"):
            return value.replace("node_", "teil_")
        return re.sub(r"\$\{([^}]*)\}", lambda found: "${" + word.sub(r"neu_\1", found[1]) + "}", value)

    schema = change(editor["schema"])
    for row in rows:
        for key in ("id", "name"):
            if row.get(key) in names:
                row[key] = f"neu_{row[key]}"
        if isinstance(row.get("expContent"), str):
            row["expContent"] = word.sub(r"neu_\1", row["expContent"])
    mock = {
        part: {f"neu_{key}": value for key, value in data.items()} if isinstance(data, Mapping) else data
        for part, data in editor.get("mockData", {}).items()
    }
    top["editorData"] = json.dumps({**editor, "schema": schema, "mockData": mock})
    return json.dumps(top)


def mocked(source: str) -> View:
    template = import_export(source)
    return draw(template, template.mock.public, template.mock.private, template.mock.local)


@with_exports
@pytest.mark.parametrize("name", NAMES)
def test_b25_an_export_with_other_names_is_drawn_the_same(name: str) -> None:
    source = export_text(name)
    plain, other = mocked(source), mocked(renamed(source))
    assert other.text == plain.text
    assert [(one.text, one.row, one.disabled, one.url, set(one.params)) for one in other.pressable] == [
        (one.text, one.row, one.disabled, one.url, set(one.params)) for one in plain.pressable
    ]
    fields = [[(one.label, one.type, one.required) for one in view.form.fields] if view.form else [] for view in
              (plain, other)]  # fmt: skip
    assert fields[0] == fields[1]


@with_exports
@pytest.mark.parametrize("name", NAMES)
def test_b25_an_export_without_its_compiled_part_or_its_mock_data_is_still_drawn(name: str) -> None:
    top = json.loads(export_text(name))
    editor = json.loads(top["editorData"])
    editor.pop("mockData", None)
    bare = json.dumps({"mode": top["mode"], "type": top["type"], "editorData": editor})
    view = mocked(bare)
    assert "${" not in view.text


def field(name: str) -> dict[str, Any]:
    return {"name": name, "type": "string"}


def if_(op: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "dynamicVisible", "valueType": "condition", "condition": {"op": op, "conditions": list(parts)}}


def is_(variable: str, op: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "type": "variable", "variable": variable, "variableType": "global", "op": op, "valueType": "fixed",
        "value": value, **more,
    }  # fmt: skip


def test_b25_loops_in_loops_keep_their_own_rows_and_parameters() -> None:
    inner = node(
        "Grid", "in",
        [
            node("BaseText", "t", text=words("${loop.item} 共 ${loop.count}")),
            node(
                "SingleButton", "b", text=words("改 ${loop.item}"), actionType="request",
                params=[
                    {"type": "variable", "variable": "orders[0].lines[0].id", "variableType": "loop", "name": "line"},
                    {"type": "fixed", "name": "action", "value": "edit"},
                ],
            ),
        ],
    )  # fmt: skip
    outer = node(
        "Grid", "out",
        [
            node("BaseText", "h", text=words("订单 ${loop.no}")),
            node("Loop", "l2", [inner], listData={"type": "variableValue", "variable": "orders[0].lines"}),
        ],
    )  # fmt: skip
    source = made_export(
        [node("Loop", "l1", [outer], listData={"type": "variableValue", "variable": "orders"})],
        [{"name": "orders", "type": "loopArray"}],
    )
    orders = [
        {"no": "A", "lines": [{"id": "a1", "item": "螺母", "count": 3}, {"id": "a2", "item": "轴承", "count": 1}]},
        {"no": "B", "lines": [{"id": "b1", "item": "螺母", "count": 9}]},
        {"no": "C", "lines": []},
    ]
    _, view = viewed(source, {"orders": orders})
    assert view.text.splitlines() == [
        "订单 A", "螺母 共 3", "改 螺母", "轴承 共 1", "改 轴承", "订单 B", "螺母 共 9", "改 螺母", "订单 C",
    ]  # fmt: skip
    assert [one.params for one in view.pressable] == [
        {"line": "a1", "action": "edit"}, {"line": "a2", "action": "edit"}, {"line": "b1", "action": "edit"},
    ]  # fmt: skip
    assert len({one.id for one in view.pressable}) == 3


@pytest.mark.parametrize(
    ("state", "amount", "owner", "shown"),
    [
        ("open", 10, "", False), ("open", 5000, "", True), ("closed", 5000, "", False),
        ("closed", 10, "lina04", True), ("open", 10, "lina04", True),
    ],
)  # fmt: skip
def test_b25_and_within_or(state: str, amount: int, owner: str, *, shown: bool) -> None:
    both = {"op": "and", "conditions": [is_("state", "equal", "open"), is_("amount", "greaterEqual", "5000")]}
    either = if_("or", both, is_("owner", "isNotEmpty"))
    source = made_export(
        [node("BaseText", "t", text=words("看得见"), visible=either), node("BaseText", "u", text=words("总在"))],
        [field("state"), {"name": "amount", "type": "number"}, field("owner")],
    )
    _, view = viewed(source, {"state": state, "amount": amount, "owner": owner})
    assert view.text.splitlines() == (["看得见"] if shown else []) + ["总在"]


def test_b25_texts_of_several_languages_show_the_chinese_one() -> None:
    both = {"type": "dynamicString", "i18n": True, "content": {"zh_CN": "提交 ${n} 条", "en_US": "Submit ${n}"}}
    source = made_export(
        [
            node("BaseText", "t", text=both),
            node("SingleButton", "b", text=both, actionType="request", actionId=words("go")),
            node("BaseText", "v", text=words("${said}")),
        ],
        [{"name": "n", "type": "number"}, {"name": "said", "type": "object"}],
    )
    _, view = viewed(source, {"n": 2, "said": {"zh_CN": "你好", "en_US": "Hello"}})
    assert view.text.splitlines() == ["提交 2 条", "提交 2 条", "你好"]
    assert [one.text for one in view.pressable] == ["提交 2 条"]


def test_b25_a_private_form_with_hidden_and_required_fields() -> None:
    source = made_export(
        [
            node(
                "Form", "f", id="anfrage", submitText=words("发出"),
                formSchema={"type": "variableValue", "variableType": "global", "variable": "bogen"},
            )
        ],
        [{"name": "bogen", "type": "form", "private": True}],
    )  # fmt: skip
    bogen = {
        "fields": [
            {"name": "wer", "label": "姓名", "type": "TEXT", "required": True, "placeholder": "写全名"},
            {"name": "key", "label": "编号", "type": "TEXT", "hidden": True, "defaultValue": "42"},
            {"name": "wie", "label": "方式", "type": "MULTI_SELECT", "options": [{"value": 1, "text": "电话"},
                                                                              {"value": 2, "text": "上门"}]},
            {"name": "neu", "label": "新的", "type": "RATING_OF_TOMORROW"},
        ]
    }  # fmt: skip
    template, view = viewed(source, private={"bogen": bogen})
    assert view.form is not None
    assert (view.form.id, view.form.submit) == ("anfrage", "发出")
    assert [(one.name, one.type, one.required, one.hidden) for one in view.form.fields] == [
        ("wer", "text", True, False), ("key", "text", False, True), ("wie", "multi_select", False, False),
        ("neu", "text", False, False),
    ]  # fmt: skip
    assert "编号" not in view.text
    assert "42" not in view.text
    assert any("RATING_OF_TOMORROW" in one for one in view.warnings)
    assert draw(template, {}, {}, {}).form is None or not draw(template, {}, {}, {}).form.fields  # type: ignore[union-attr]


def test_b25_labels_stand_in_other_containers_than_their_fields() -> None:
    """As the builder lays out a form of single inputs: a row of words and an asterisk, below it a row of the input."""
    source = made_export(
        [
            node("Grid", "r1", [node("BaseText", "a", text=words("起始日期")), node("BaseText", "b", text=words("*"))],
                 direction="horizontal"),
            node("Grid", "r2", [node("DatePickerBlock", "d", id="von", placeholder=words("请选择"))]),
            node("Grid", "r3", [node("Grid", "r4", [node("BaseText", "c", text=words("备注："))])]),
            node("Grid", "r5", [node("Input", "e", id="memo", placeholder=words("请输入"))]),
        ]
    )  # fmt: skip
    _, view = viewed(source)
    assert view.form is not None
    assert [one.label for one in view.form.fields] == ["起始日期", "备注"]


def test_b25_what_is_unknown_inside_a_list_still_lets_its_children_be_used() -> None:
    strange = node(
        "HologramPanel2030", "h",
        [node("SingleButton", "b", text=words("领取"), actionType="request", actionId=words("take"),
              params=[{"type": "variable", "variable": "rows[0].id", "variableType": "loop", "name": "id"}])],
        caption={"type": "dynamicString", "content": "第 ${loop.n} 件"}, depth=3, shader=None, layers=[{"x": 1}, "y"],
    )  # fmt: skip
    source = made_export(
        [node("Loop", "l", [strange], listData={"type": "variableValue", "variable": "rows"})],
        [{"name": "rows", "type": "loopArray"}],
    )
    _, view = viewed(source, {"rows": [{"id": 7, "n": 1}, {"id": 8, "n": 2}]})
    assert view.text.splitlines() == ["第 1 件", "领取", "第 2 件", "领取"]
    assert [one.params for one in view.pressable] == [{"id": 7}, {"id": 8}]


@pytest.mark.parametrize("broken", [None, 7, "", [], {"a": None}, [[]], {"type": "dynamicString"}, {"type": 3}])
@pytest.mark.parametrize("name", ["BaseText", "Markdown", "Form", "Loop", "ButtonList", "Table", "Chart", "Select"])
def test_b25_odd_properties_are_drawn_as_nothing_and_never_fail(name: str, broken: Any) -> None:
    keys = ("text", "content", "listData", "buttons", "formSchema", "options", "data", "visible", "status", "params")
    source = made_export(
        [
            node(name, "odd", [node("BaseText", "in", text=words("里"))], **dict.fromkeys(keys, broken)),
            node("BaseText", "t", text=words("后")),
        ]
    )
    _, view = viewed(source)
    assert view.text.splitlines()[-1] == "后"
