"""The walk over a component tree that collects blocks, buttons and fields."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bot.sandbox.drawing_actions import Action, link_of, read_action
from bot.sandbox.drawing_controls import Controls, is_disabled
from bot.sandbox.drawing_inputs import checklist, single_field
from bot.sandbox.drawing_scope import Scope, Turn
from bot.sandbox.drawing_tables import chart_block, table_block
from bot.sandbox.drawing_text import first_line, lines_of, object_named, plain_markdown
from bot.sandbox.expression_values import as_text, number
from bot.sandbox.templates import Component, component_of

_TEXT_KEYS: Final[tuple[str, ...]] = (
    "cardName", "tagText", "title", "subTitle", "subtitle", "label", "name", "text", "content", "desc",
    "description", "value", "message", "pendingTip", "tip", "tips", "footer", "unit",
)  # fmt: skip
_SETTINGS: Final = ("confirm", "actionSheet", "openModal", "toast", "success", "failure", "hover", "copy", "statPoint")
_BOUND: Final = ("dynamicString", "dynamicMarkdown", "variableValue")


class Painter(Controls):
    """One drawing in progress; `blocks` is a tree of plain JSON objects."""

    # -- the tree ---------------------------------------------------------------------------------------------

    def component(self, node: Component, scope: Scope) -> None:
        """Draw one component and what it holds, unless it is hidden."""
        props = node.props
        if not node.shown or not scope.visible(props.get("visible")):
            return
        if "formSchema" in props:
            self._form(node, scope)
        elif props.get("buttons") is not None:
            self._button_group(node, scope)
        elif checklist(node):
            self._choices(node, scope)
        elif "listData" in props:
            self._loop(node, scope)
        elif (made := single_field(node, scope)) is not None:
            self._add_field(made)
        elif self._is_button(node):
            self._single_button(node, scope)
        else:
            self._plain(node, scope)

    def _plain(self, node: Component, scope: Scope) -> None:
        """Everything that is neither button nor field: containers, texts, media."""
        props, name = node.props, node.name.lower()
        if "flowStatusVar" in props:
            self._flow(node, scope)
        elif name.startswith("divider"):
            self._put({"type": "divider"})
        elif "progress" in props:
            self._progress(props, scope)
        elif name.startswith(("chart", "table")):
            self._data(node, scope)
        elif "images" in props or name.startswith(("image", "video", "avatar")):
            self._image(node, scope)
        elif node.id == self._template.roots[0].id or any(node.id == root.id for root in self._template.roots):
            self._root(node, scope)
        else:
            self._container(node, scope)

    def _root(self, node: Component, scope: Scope) -> None:
        summary = scope.text(node.props.get("summaryContent"))
        heading = scope.text(node.props.get("cardName"))
        self.title = summary or heading
        if heading:
            self._put({"type": "heading", "text": heading})
        tag = scope.text(node.props.get("tagText"))
        if tag:
            self._put({"type": "tag", "text": tag, "color": scope.text(node.props.get("tagColor"))})
        self.link = link_of(node.props, scope) if node.props.get("actionType") == "url" else None
        self._children(node, scope)

    def _flow(self, node: Component, scope: Scope) -> None:
        """An AI card: of its status containers only the one of the present flowStatus is drawn."""
        status = scope.text(node.props.get("flowStatusVar")) or "1"
        self.title = scope.text(node.props.get("summaryContent"))
        for child in node.children:
            if "status" not in child.props or scope.text(child.props["status"]) == status:
                self.component(child, scope)

    def _container(self, node: Component, scope: Scope) -> None:
        props = node.props
        action = read_action(props, scope, _grid_id(node))
        row = props.get("direction") == "horizontal"
        block: dict[str, Any] = {"type": "row" if row else "group", "children": []}
        if row and str(props.get("childGravity") or "").endswith("Top"):
            block["align"] = "top"
        if props.get("hasBackground") is True:
            block["background"] = True
        outer, self._target = self._target, block["children"]
        first_button = len(self.buttons)
        self._texts(node, scope)
        self._slots(node, scope)
        self._children(node, scope)
        self._target = outer
        self.label_from_neighbours(block["children"])
        if action.kind != "none":
            words = " ".join(lines_of(block)) or node.title
            at = len(self.buttons)
            self._press(words, action, node.id, disabled=is_disabled(props, scope), scope=scope)
            self.buttons.insert(first_button, self.buttons.pop(at))
            block["button"] = self.buttons[first_button].id
            if not block["children"]:
                block["children"] = [{"type": "icon", "text": node.title, "plain": ""}]
        self._feedback(node, scope)
        if len(block["children"]) == 1 and "button" not in block and "background" not in block:
            outer.append(block["children"][0])
        elif block["children"]:
            outer.append(block)

    def _children(self, node: Component, scope: Scope) -> None:
        for child in node.children:
            self.component(child, scope)

    def _slots(self, node: Component, scope: Scope) -> None:
        """Components that hang in a property (`{"type": "JSSlot", "value": [...]}`)."""
        for value in node.props.values():
            if isinstance(value, Mapping) and value.get("type") == "JSSlot":
                held = value.get("value")
                for child in held if isinstance(held, list) else [held]:
                    if isinstance(child, Mapping) and "componentName" in child:
                        self.component(component_of(child), scope)

    # -- texts and media --------------------------------------------------------------------------------------

    def _texts(self, node: Component, scope: Scope) -> None:
        """Every property that carries words, known ones in their usual order."""
        props = node.props
        names = [key for key in _TEXT_KEYS if key in props]
        names += [
            key
            for key, value in props.items()
            if key not in names and isinstance(value, Mapping) and value.get("type") in _BOUND and _words(key)
        ]
        for key in names:
            self._words_of(node, key, props[key], scope)
        for value in props.values():
            if isinstance(value, list):
                self._listed_texts(value, scope)

    def _words_of(self, node: Component, key: str, dynamic: Any, scope: Scope) -> None:
        if not isinstance(dynamic, (str, Mapping)) or (
            isinstance(dynamic, str) and key not in {"text", "title", "content"}
        ):
            return
        value = scope.value(dynamic)
        if not isinstance(value, (str, int, float)) or isinstance(value, bool) or as_text(value) == "":
            return
        text = as_text(value)
        if "markdown" in node.name.lower() or _is_markdown(dynamic):
            self._put({"type": "markdown", "text": text, "plain": plain_markdown(text)})
        elif node.name.lower().startswith("tag") or key == "tagText":
            self._put({"type": "tag", "text": text, "color": scope.text(node.props.get("color"))})
        elif key in {"title", "cardName"}:
            self._put({"type": "heading", "text": text})
            if not self.blocks and not self.title:
                self.title = text
        else:
            block = {
                "type": "text",
                "text": text,
                "bold": node.props.get("bold") is True,
                "color": scope.text(node.props.get("color")),
            }
            if node.props.get("size") in {"small", "mini"}:
                block["small"] = True
            width = number(node.props.get("fixedWidth"))
            if node.props.get("autoWidth") is False and width:
                block["width"] = width
            self._put(block)

    def _listed_texts(self, rows: list[Any], scope: Scope) -> None:
        """Words in a list of objects of an unknown component, as tabs or steps."""
        for row in rows:
            if isinstance(row, Mapping) and "actionType" not in row and "op" not in row and "event" not in row:
                for key in _TEXT_KEYS[2:]:
                    if isinstance(row.get(key), Mapping) and row[key].get("type") in _BOUND:
                        text = scope.text(row[key])
                        if text:
                            self._put({"type": "text", "text": text, "bold": False, "color": ""})
                        break

    def _image(self, node: Component, scope: Scope) -> None:
        value = scope.value(node.props.get("images") or node.props.get("url") or node.props.get("src"))
        for one in value if isinstance(value, list) else [value]:
            address = one.get("url") if isinstance(one, Mapping) else one
            if address:
                self._put({"type": "image", "url": as_text(address), "text": ""})
        action = read_action(node.props, scope, node.id)
        if action.kind != "none":
            self._press(node.title or "图片", action, node.id, disabled=False, scope=scope)
        self._children(node, scope)

    def _progress(self, props: Mapping[str, Any], scope: Scope) -> None:
        value = number(scope.value(props.get("progress"))) or 0
        words = f"{as_text(value)}%" if props.get("showPercentage") is not False else ""
        self._put({"type": "progress", "value": value, "text": words})

    def _data(self, node: Component, scope: Scope) -> None:
        value = scope.value(node.props.get("data") or node.props.get("tableData") or node.props.get("chartData"))
        if node.name.lower().startswith("chart"):
            self._put(chart_block(value))
            return
        block, cells = table_block(value)
        for cell in cells:
            action = Action(
                cell.kind,
                cell.props,
                scope.turns,
                cell.id or node.id,
                {"column": cell.column, "row": cell.line} if cell.kind == "request" else {},
            )
            button = self._press(
                cell.text, action, f"{node.id}{cell.key}", disabled=cell.disabled, scope=scope, row=cell.row
            )
            block["rows"][cell.at[0]][cell.at[1]]["button"] = button.id
        self._put(block)

    # -- lists ------------------------------------------------------------------------------------------------

    def _loop(self, node: Component, scope: Scope) -> None:
        path, items = list_of(node, scope)
        block: dict[str, Any] = {"type": "list", "direction": node.props.get("direction") or "vertical", "children": []}
        if node.props.get("childDivider") is False:
            block["divider"] = False
        outer = self._target
        for at, item in enumerate(items):
            row: dict[str, Any] = {"type": "item", "children": []}
            self._target = row["children"]
            start = len(self.buttons)
            inner = scope.inside(Turn(path, item, at, len(items)))
            for child in node.children:
                self.component(child, inner)
            self._name_row(start, row)
            block["children"].append(row)
        self._target = outer
        if block["children"]:
            outer.append(block)

    def _name_row(self, start: int, row: dict[str, Any]) -> None:
        """Tell the buttons of a list row by its first line, those of an inner list keep theirs."""
        name = first_line(row)
        for at in range(start, len(self.buttons)):
            button = self.buttons[at]
            if name and (button.row is None or button.row == object_named(button.text)):
                self.buttons[at] = replace(button, row=name)

    # -- buttons ----------------------------------------------------------------------------------------------

    def _is_button(self, node: Component) -> bool:
        return "text" in node.props and "button" in node.name.lower()

    def _single_button(self, node: Component, scope: Scope) -> None:
        props = node.props
        text = scope.text(props.get("text"))
        if not text:
            return
        action = read_action(props, scope, f"single_button_{node.id}")
        self._draw_button(props, text, action, node.id, scope)

    def _button_group(self, node: Component, scope: Scope) -> None:
        value = node.props["buttons"]
        rows = scope.value(value) if isinstance(value, Mapping) and "list" not in value else value
        rows = rows.get("list") if isinstance(rows, Mapping) else rows
        for at, props in enumerate(rows if isinstance(rows, list) else []):
            if not isinstance(props, Mapping) or not scope.visible(props.get("visible")):
                continue
            text = scope.text(props.get("text") or props.get("label") or props.get("title"))
            if text:
                made = dict(props)
                if "actionType" not in made and made.get("url"):
                    made["actionType"] = "url"
                own = scope.text(props.get("id")) or f"{node.id}_{at}"
                self._draw_button(made, text, read_action(made, scope, own), f"{node.id}.{at}", scope)
        self._texts(replace(node, props={k: v for k, v in node.props.items() if k != "buttons"}), scope)
        self._children(node, scope)

    def _feedback(self, node: Component, scope: Scope) -> None:
        """The like, copy and regenerate marks below an AI answer."""
        props = node.props
        if props.get("enableLikeDislike") is True:
            for own, text in (("like", "赞"), ("dislike", "踩")):
                made = {**props, "actionType": "request", "actionId": own}
                action = replace(read_action(made, scope, own), extra={"feedback": own})
                self._draw_button(made, text, action, f"{node.id}.{own}", scope)
        if props.get("enableRefresh") is True and scope.visible(props.get("refreshVisible")):
            made = {
                "actionType": "request", "actionId": "refresh", "params": props.get("refreshParams"),
                "successCondition": props.get("refreshSuccessCondition"),
                "successToast": props.get("refreshSuccessToast"), "failureToast": props.get("refreshFailureToast"),
            }  # fmt: skip
            self._draw_button(made, "重新生成", read_action(made, scope, "refresh"), f"{node.id}.refresh", scope)
        if props.get("enableCopy") is True:
            made = {"actionType": "copy", "copyValue": props.get("copyVariable")}
            self._draw_button(made, "复制", read_action(made, scope, "copy"), f"{node.id}.copy", scope)

    # -- fields -----------------------------------------------------------------------------------------------

    def _choices(self, node: Component, scope: Scope) -> None:
        """A list to tick in: one field whose options are the drawn rows."""
        path, items = list_of(node, scope)
        texts: list[str] = []
        for at, item in enumerate(items):
            row = Painter(self._template)
            for child in node.children:
                row.component(child, scope.inside(Turn(path, item, at, len(items))))
            texts.append(" ".join(line for block in row.blocks for line in lines_of(block)))
        made = single_field(node, scope, texts)
        if made is not None:
            self._add_field(made)


def list_of(node: Component, scope: Scope) -> tuple[str, list[Any]]:
    """The elements a loop runs over, and the path by which its children name them."""
    data = node.props.get("listData")
    path = str(data.get("variable") or "") if isinstance(data, Mapping) else ""
    items = scope.value(data)
    bare = "".join(part if not part.isdigit() else "" for part in _split_indexes(path))
    return bare, items if isinstance(items, list) else []


def _split_indexes(path: str) -> list[str]:
    parts: list[str] = []
    for piece in path.split("["):
        if parts:
            index, _, rest = piece.partition("]")
            parts += ["[", "" if index.isdigit() else index, "]", rest]
        else:
            parts.append(piece)
    return parts


def _words(key: str) -> bool:
    lowered = key.lower()
    return not key.startswith(_SETTINGS) and not lowered.endswith(
        ("id", "url", "toast", "localvalue", "statpoint", "variable", "action", "key", "data", "color", "condition")
    )


def _is_markdown(dynamic: Any) -> bool:
    return isinstance(dynamic, Mapping) and (
        dynamic.get("type") == "dynamicMarkdown" or dynamic.get("varType") == "markdown"
    )


def _grid_id(node: Component) -> str:
    return "grid" if node.name == "Grid" else node.id
