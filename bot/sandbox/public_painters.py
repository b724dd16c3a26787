"""How the public templates of the official SDK look: drawn from their known variables, not from a tree.

platform.md section 3.9 (a). Their buttons live in `sys_full_json_obj.msgButtons`; button parameters cannot be
configured there, the click is told by the button's id alone.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from bot.sandbox.drawing_scope import Scope, Turn
from bot.sandbox.drawing_text import plain_markdown
from bot.sandbox.expression_values import as_text, truthy

if TYPE_CHECKING:
    from bot.sandbox.drawing_painter import Painter

_ORDER: Final = (
    "msgTitle", "msgContent", "staticMsgContent", "msgTextList", "msgImages", "msgSlider", "msgButtons",
)  # fmt: skip
_STATES: Final = {"1": "处理中...", "4": "执行中...", "5": "处理失败"}


def _heading(painter: "Painter", scope: Scope, name: str) -> None:
    text = scope.text(scope.variable(name))
    if text:
        painter.title = painter.title or text
        painter.put({"type": "heading", "text": text})


def _image(painter: "Painter", value: Any) -> None:
    if as_text(value):
        painter.put({"type": "image", "url": as_text(value), "text": ""})


def _markdown(painter: "Painter", value: Any) -> None:
    text = as_text(value)
    if text:
        painter.put({"type": "markdown", "text": text, "plain": plain_markdown(text)})


def _buttons(painter: "Painter", scope: Scope) -> None:
    rows = scope.variable("msgButtons")
    for at, row in enumerate(rows if isinstance(rows, list) else []):
        if not isinstance(row, Mapping) or not as_text(row.get("text")):
            continue
        link = as_text(row.get("url") or row.get("iosUrl") or row.get("pcUrl"))
        own = as_text(row.get("id")) or f"button{at + 1}"
        props: dict[str, Any] = {"status": as_text(row.get("status")), "color": as_text(row.get("color"))}
        if truthy(row.get("request")):
            props |= {"actionType": "request"}
        else:
            props |= {"actionType": "url", "url": link}
        painter.press(as_text(row.get("text")), props, own, scope)


def _texts(painter: "Painter", scope: Scope) -> None:
    rows = scope.variable("msgTextList")
    for at, row in enumerate(rows if isinstance(rows, list) else []):
        inner = scope.inside(Turn("msgTextList", row, at))
        words = [scope.text(part) for part in row.values()] if isinstance(row, Mapping) else [inner.text(row)]
        text = "  ".join(word for word in words if word)
        if text:
            painter.put({"type": "text", "text": text, "bold": False, "color": ""})


def _pictures(painter: "Painter", scope: Scope, name: str) -> None:
    rows = scope.variable(name)
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, Mapping):
            _image(painter, row.get("image") or row.get("url"))
            title = as_text(row.get("title") or row.get("text"))
            if title:
                painter.put({"type": "text", "text": title, "bold": False, "color": ""})
        else:
            _image(painter, row)


def plain_card(painter: "Painter", scope: Scope) -> None:
    """589420e2…: title, logo, markdown. 1366a1eb…: also tips and link buttons."""
    _image(painter, scope.variable("logo"))
    _heading(painter, scope, "title")
    _markdown(painter, scope.variable("markdown"))
    tips = scope.text(scope.variable("tips"))
    if tips:
        painter.put({"type": "text", "text": tips, "bold": False, "color": "gray"})
    _buttons(painter, scope)


def ai_card(painter: "Painter", scope: Scope) -> None:
    """382e4302…: the AI card whose parts stand in the order that `order` names."""
    status = scope.text(scope.variable("flowStatus"))
    if status == "1":
        _heading(painter, scope, "msgTitle")
        painter.put({"type": "text", "text": _STATES[status], "bold": False, "color": "gray"})
        return
    _image(painter, scope.variable("logo"))
    order = scope.variable("order")
    for name in order if isinstance(order, list) and order else _ORDER:
        if name == "msgTitle":
            _heading(painter, scope, "msgTitle")
        elif name in {"msgContent", "staticMsgContent"}:
            _markdown(painter, scope.variable(name))
        elif name == "msgTextList":
            _texts(painter, scope)
        elif name in {"msgImages", "msgSlider"}:
            _pictures(painter, scope, name)
        elif name == "msgButtons":
            _buttons(painter, scope)
    if status in _STATES:
        painter.put({"type": "text", "text": _STATES[status], "bold": False, "color": "gray"})
    source = scope.variable("source")
    words = as_text(source.get("text")) if isinstance(source, Mapping) else as_text(source)
    if words:
        painter.put({"type": "text", "text": words, "bold": False, "color": "gray"})


def free_card(painter: "Painter", scope: Scope) -> None:
    """7f538f6d… (RPA plug-in): its variables are not documented, so whatever text is sent is drawn."""
    for name, value in scope.public.items():
        if name == "logo":
            _image(painter, value)
        elif name in {"title", "msgTitle"}:
            _heading(painter, scope, name)
        elif isinstance(value, str) and name != "flowStatus":
            _markdown(painter, value)
    _buttons(painter, scope)


Paint: TypeAlias = Callable[["Painter", Scope], None]
PAINTERS: Final[Mapping[str, Paint]] = {"plain": plain_card, "ai": ai_card, "free": free_card}
