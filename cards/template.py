"""Our own card template: one card, driven by its variables, for every list, detail and form (platform.md 3.7, 3.8).

`dingcrm-card.json` beside this file is what the card builder imports and what the template API takes; it is made
from here (`python -m cards.template`), and a test holds the two together. Only components, properties and conditions
that official exports contain are used. A value may have 1 KB, so lists and texts have several variables each.
"""

import json
from pathlib import Path
from typing import Any, Final

NAME: Final = "dingcrm"
FILE: Final = Path(__file__).with_name("dingcrm-card.json")
BODIES: Final = ("body", "body2", "body3", "body4")
FIELDS: Final = ("fields", "fields2")
ROWS: Final = ("rows", "rows2", "rows3", "rows4", "rows5", "rows6")
BUTTONS: Final = ("buttons", "buttons2")
OLD_CLIENT: Final = "钉钉版本较旧，卡片显示不全。请升级钉钉，或直接发送「帮助」用文字操作。"
ICON: Final = (  # the builder's own default
    "$iQElAqNwbmcDBgTMkAXMkAbaACGEAaQhK2wZAqqarYgS0sdoKLoFA88AAAGO4hz0WQTNEMkHAAgACbdpbnRlcmFjdGl2ZS1jYXJkLWVkaXRvcg"
)
SUB: Final = {"type": "string", "private": False, "editorVarType": "variables"}
BUTTON_PARTS: Final = (
    ("text", "string"), ("color", "string"), ("status", "string"), ("action", "string"), ("ids", "object"),
)  # fmt: skip


class _Nodes:
    """Components with ids of their own, in the builder's shape."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, component: str, title: str, props: dict[str, Any], *children: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        node: dict[str, Any] = {
            "componentName": component, "id": f"node_dingcrm{self._count:03}", "props": props, "title": title,
            "hidden": False, "isLocked": False, "condition": True, "conditionGroup": "",
        }  # fmt: skip
        return node | ({"children": list(children)} if children else {})


def _text(content: str) -> dict[str, Any]:
    return {"i18n": False, "type": "dynamicString", "content": content}


def _value(variable: str, kind: str = "global") -> dict[str, Any]:
    return {"type": "variableValue", "variableType": kind, "variable": variable}


def _fixed(kind: str, value: object) -> dict[str, Any]:
    return {"type": kind, "valueType": "fixed", "value": value, "variable": "", "variableType": "global"}


def _bound(kind: str, variable: str, where: str, value: object = "") -> dict[str, Any]:
    return {"type": kind, "valueType": "variable", "value": value, "variable": variable, "variableType": where}


def _shown(variable: str = "", where: str = "global", op: str = "isNotEmpty", value: str = "") -> dict[str, Any]:
    """Always, or while the variable has a value."""
    conditions = [
        {
            "type": "variable", "variable": variable, "variableType": where, "op": op, "value": value,
            "valueType": "fixed", "valueVariableType": "global",
        }
    ]  # fmt: skip
    return {
        "type": "dynamicVisible", "value": True, "valueType": "condition" if variable else "fixed",
        "condition": {"op": "and", "conditions": conditions if variable else []},
    }  # fmt: skip


def _margins(top: int = 0, bottom: int = 0, side: int = 0) -> dict[str, Any]:
    return {"marginLeft": side, "marginRight": side, "marginTop": top, "marginBottom": bottom, "innerOffset": 0}


def _params(*pairs: tuple[str, str], where: str) -> list[dict[str, Any]]:
    return [
        {"id": str(at), "type": "variable", "name": name, "variable": variable, "value": "", "variableType": where}
        for at, (name, variable) in enumerate(pairs, start=1)
    ]


class _Card:
    """The tree, part by part."""

    def __init__(self) -> None:
        self._node = _Nodes()

    def words(self, content: str, visible: dict[str, Any], **look: Any) -> dict[str, Any]:
        """A line or a paragraph of plain text."""
        props = {
            "text": _text(content), "hoverText": _text(""), "autoWidth": True, "maxWidth": 0, "fixedWidth": 0,
            "fontColorType": "Standard", "enableHighlight": False, "maxLine": _fixed("dynamicNumber", 20),
            "color": "black", "gravity": "left", "fontSizeType": "Standard", "styleType": "custom",
            "styleToken": "common_body_text_style", "size": "middle", "bold": False, "italic": False,
            "strikeThrough": False, "lineHeight": "normal", "visible": visible, **_margins(), **look,
        }  # fmt: skip
        return self._node("BaseText", "基础文本", props)

    def markdown(self, variable: str) -> dict[str, Any]:
        """A markdown variable, gone while it is empty."""
        props = {
            "mdVer": 0, "hoverText": _text(""), "content": _bound("dynamicMarkdown", variable, "global"),
            "visible": _shown(variable), **_margins(top=8, side=12),
        }  # fmt: skip
        return self._node("Markdown", "Markdown 内容", props)

    def grid(self, direction: str, *children: dict[str, Any], **look: Any) -> dict[str, Any]:
        """A line or a column."""
        props = {
            "direction": direction, "isAutoHeight": True, "height": 50, "isAutoWidth": False, "isFixedWidth": False,
            "width": 50, "enableColSpan": False, "colSpan": 1, "childGravity": "leftTop", "hasBackground": False,
            "hasBorder": False, "enableClickEvent": False, "visible": _shown(), **_margins(), **look,
        }  # fmt: skip
        return self._node("Grid", "布局容器", props, *children)

    def loop(self, variable: str, where: str, *children: dict[str, Any], **look: Any) -> dict[str, Any]:
        """The children once for each element."""
        props = {
            "listData": _value(variable, where), "direction": "vertical", "isFixedWidth": False, "isAutoWidth": False,
            "width": 50, "equalSpace": False, "flowLayout": False, "childGap": False, "childGapSize": 4,
            "childDivider": False, "childDividerWidth": 0.5, "childDividerColorDark": "rgba(255, 255, 255, 0.12)",
            "childDividerColorLight": "rgba(17, 31, 44, 0.12)", "scrollable": False, "childWidth": "match_content",
            "paging": False, "visible": _shown(variable, where), **_margins(), **look,
        }  # fmt: skip
        return self._node("Loop", "循环渲染容器", props, *children)

    def buttons(self, variable: str, where: str, **look: Any) -> dict[str, Any]:
        """Buttons side by side, on as many lines as they need; what they mean stands in the data."""
        one = f"{variable}[0]"
        props = {
            "text": _text("${loop.text}"),
            "status": _bound("dynamicSelect", f"{one}.status", "loop", "normal"),
            "color": _bound("dynamicSelect", f"{one}.color", "loop", "gray"),
            "enableIcon": False, "enableClickEvent": True, "actionType": "request",
            "actionId": _text("${loop.action}"),
            "params": _params(("action", f"{one}.action"), ("ids", f"{one}.ids"), where="loop"),
            "successToast": _text(""), "failureToast": _text(""), "successCondition": {"op": "and", "conditions": []},
            "disabledWhileForward": True, "visible": _shown(), **_margins(),
        }  # fmt: skip
        flow = {"direction": "horizontal", "flowLayout": True, "childGap": True, "childGapSize": 8}
        return self.loop(variable, where, self._node("SingleButton", "单个按钮", props), **(flow | look))

    def tags(self) -> dict[str, Any]:
        """States, each in its colour."""
        props = {
            "text": _text("${loop.text}"), "color": _bound("dynamicSelect", "tags[0].color", "loop", "blue"),
            "tagStyle": "hollow", "visible": _shown(), **_margins(),
        }  # fmt: skip
        tag = self._node("Tag", "标签", props)
        look = {"direction": "horizontal", "flowLayout": True, "childGap": True, **_margins(top=8, side=12)}
        return self.loop("tags", "global", tag, **look)

    def fields(self, variable: str) -> dict[str, Any]:
        """负责人 李娜, the names in a column."""
        line = self.grid(
            "horizontal",
            self.words("${loop.name}", _shown(), color="gray", autoWidth=False, fixedWidth=76),
            self.words("${loop.value}", _shown()),
            **_margins(top=4),
        )
        return self.loop(variable, "global", line, **_margins(top=4, side=12))

    def rows(self, variable: str) -> dict[str, Any]:
        """Each: what it is, what tells it from others, its state, and what can be done with it."""
        one = f"{variable}[0]"
        column = self.grid(
            "vertical",
            self.words("${loop.title}", _shown(f"{one}.title", "loop"), bold=True),
            self.words("${loop.detail}", _shown(f"{one}.detail", "loop"), color="gray", size="small"),
            self.words("${loop.line}", _shown(f"{one}.line", "loop")),
            self.words("${loop.state}", _shown(f"{one}.state", "loop"), color="green", size="small"),
        )
        line = self.grid("horizontal", column, self.buttons(f"{one}.side", "loop"), childGravity="leftCenter")
        below = self.buttons(f"{one}.below", "loop", **_margins(top=6))
        look = {"childDivider": True, **_margins(top=8, side=12)}
        return self.loop(variable, "global", self.grid("vertical", line, below, **_margins(top=6, bottom=6)), **look)

    def answer(self) -> dict[str, Any]:
        """What the last tap was answered, set off from the rest."""
        look: dict[str, Any] = {
            "hasBackground": True,
            "backgroundType": "Standard",
            "standardBackgroundColor": "blue",
        }
        shade = {"backgroundColor": "#EAF2FF", "darkModeBackgroundColor": "#14263D"}
        corners = {f"cornerRadius{corner}": 6 for corner in ("LeftTop", "RightTop", "RightBottom", "LeftBottom")}
        padding = {
            f"padding{side}": _fixed("dynamicNumber", size)
            for side, size in (("Top", 2), ("Bottom", 8), ("Left", 0), ("Right", 0))
        }
        visible = {"visible": _shown("note")}
        return self.grid(
            "vertical",
            self.markdown("note"),
            **visible,
            **look,
            **shade,
            **corners,
            **padding,
            **_margins(top=8, side=12),
        )

    def form(self) -> dict[str, Any]:
        """Whatever fields the variable names; a submit carries the button's action and ids."""
        props = {
            "id": "form", "submitText": _text("${form_btn_text}"), "formSchema": _value("form"),
            "params": _params(("action", "form_action"), ("ids", "form_ids"), where="global"),
            "status": _bound("dynamicSelect", "form_status", "global", "normal"),
            "visible": _shown("form_shown", op="equal", value="yes"), "actionType": "request",
        }  # fmt: skip
        return self._node("Form", "表单", props)

    def whole(self) -> dict[str, Any]:
        """The card from top to bottom."""
        heading = {"title": _text("${title}"), "icon": {"type": "image", "url": ICON}}
        header = self._node("CardHeaderV2", "卡片头部", heading)
        fold = {"needFold": False, "heightLimit": 480, "foldStatusLocalDataKey": "_cardFoldStatusLocalDataKey"}
        props = {
            "actionType": "url", "urlType": "all", "enableClickEvent": False,
            "url": {"type": "dynamicLink", "value": "", "valueType": "fixed", "variable": ""},
            "autoFoldConfig": fold, "summaryContent": _value("lastMessage"), "dataSources": [], "events": [],
            "isLinkToCard": False,
        }  # fmt: skip
        return self._node(
            "Card", "", props, header, self.tags(),
            *(self.markdown(name) for name in BODIES),
            *(self.fields(name) for name in FIELDS),
            *(self.rows(name) for name in ROWS),
            self.words("${footer}", _shown("footer"), color="gray", size="small", **_margins(top=8, side=12)),
            self.answer(),
            self.form(),
            *(self.buttons(name, "global", **_margins(top=12, bottom=12, side=12)) for name in BUTTONS),
        )  # fmt: skip


def _variable(
    name: str, kind: str, description: str, *, private: bool = False, parts: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": name, "name": name, "type": kind, "private": private, "description": description,
        "editorVarType": "variables",
    }  # fmt: skip
    return made | ({"schema": parts} if parts else {})


def _parts(path: str, *names: tuple[str, str]) -> list[dict[str, Any]]:
    return [{**SUB, "id": f"{path}[0].{name}", "name": name, "type": kind} for name, kind in names]


def _loop_of_buttons(path: str, name: str) -> dict[str, Any]:
    own = f"{path}[0].{name}"
    return {**SUB, "id": own, "name": name, "type": "loopArray", "schema": _parts(own, *BUTTON_PARTS)}


def _variables() -> list[dict[str, Any]]:
    listed = [
        _variable("lastMessage", "string", "会话列表里的摘要"),
        _variable("title", "string", "标题"),
        _variable("tags", "loopArray", "状态标签", parts=_parts("tags", ("text", "string"), ("color", "string"))),
        *(_variable(name, "markdown", "正文") for name in BODIES),
        *(
            _variable(name, "loopArray", "字段", parts=_parts(name, ("name", "string"), ("value", "string")))
            for name in FIELDS
        ),
    ]
    for name in ROWS:
        words = _parts(name, *((part, "string") for part in ("title", "detail", "line", "state")))
        parts = [*words, _loop_of_buttons(name, "side"), _loop_of_buttons(name, "below")]
        listed.append(_variable(name, "loopArray", "列表", parts=parts))
    listed += [_variable(name, "loopArray", "按钮", parts=_parts(name, *BUTTON_PARTS)) for name in BUTTONS]
    return [
        *listed,
        _variable("footer", "string", "页脚"),
        _variable("note", "markdown", "给点按的人的回答", private=True),
        _variable("form", "form", "表单", private=True),
        _variable("form_status", "string", "表单状态：normal 或 disabled", private=True),
        _variable("form_btn_text", "string", "提交按钮的文字", private=True),
        _variable("form_shown", "string", "yes：有表单", private=True),
        _variable("form_action", "string", "提交的动作", private=True),
        _variable("form_ids", "object", "提交所指的对象", private=True),
    ]


def _sample() -> dict[str, Any]:
    """What the builder's preview shows."""
    claim = {"text": "领取", "color": "blue", "status": "normal", "action": "pool.claim", "ids": {"customer_id": "1"}}
    following = {"text": "下一页", "color": "gray", "status": "normal", "action": "pool.page", "ids": {"page": "2"}}
    return {
        "lastMessage": "公海", "title": "公海", "tags": [{"text": "示例", "color": "blue"}],
        "body": "累计领取 0/3 · 共 7 家", "fields": [{"name": "负责人", "value": "公海"}],
        "rows": [{"title": "宁波海蓝食品有限公司", "detail": "食品 · 宁波 · 在公海 2 天", "side": [claim]}],
        "buttons": [following], "footer": "",
    }  # fmt: skip


def _old_client() -> str:
    """What a client too old for the builder's components draws: title, text, and what to do."""
    line = (
        ' <FastTextView\n   width="match_parent"\n   height="match_content"\n   marginTop="{top}np"\n'
        '   marginLeft="12np"\n   marginRight="12np"\n   marginBottom="{bottom}np"\n   textSize="15np"\n'
        '   maxLines="{lines}"\n   text="{text}">\n\n </FastTextView>\n'
    )
    parts = (
        line.format(top=12, bottom=0, lines=2, text="@toStr{@data{data.cardData.title}}"),
        line.format(top=8, bottom=0, lines=20, text="@toStr{@data{data.cardData.body}}"),
        line.format(top=8, bottom=12, lines=3, text=OLD_CLIENT),
    )
    look = 'width="@data{width}"\n  height="match_content"\n  orientation="vertical"\n  cornerRadius="6np"'
    return f"<LinearLayout\n  {look}>\n{''.join(parts)}\n</LinearLayout>\n"


def _components(node: dict[str, Any]) -> set[str]:
    return {node["componentName"]}.union(*(_components(child) for child in node.get("children", ())))


def export() -> dict[str, str]:
    """The template in the builder's export format."""
    tree = _Card().whole()
    tree |= {"fileName": NAME, "dataSource": {"list": []}, "state": {}, "lifeCycles": {}, "methods": {}}
    library = [
        {"devMode": "lowCode", "componentName": name}
        if name == "Form"
        else {
            "package": "@ali/dxComponent", "version": "1.0.0", "exportName": name, "main": "./src/index.tsx",
            "destructuring": False, "subName": "", "componentName": name,
        }
        for name in sorted(_components(tree))
    ]  # fmt: skip
    editor = {
        "schemaVersion": "3.0.0",
        "schema": {"version": "1.0.0", "componentsMap": library, "componentsTree": [tree], "i18n": {}},
        "mockData": {"cardData": _sample(), "cardPrivateData": {}, "localData": {}, "richTextData": {}},
        "editVersion": 0, "customWidgetInfo": "", "useCustomWidgetInfo": False,
        "variableList": _variables(), "formList": [], "expList": [], "localList": [], "hsfList": [], "lwpList": [],
        "extension": {"extendType": "NORMAL"},
    }  # fmt: skip
    return {
        "mode": "card", "type": "im", "editorData": json.dumps(editor, ensure_ascii=False), "widgetInfo": _old_client(),
    }  # fmt: skip


if __name__ == "__main__":
    FILE.write_text(json.dumps(export(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
