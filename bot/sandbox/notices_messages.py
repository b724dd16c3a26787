"""Work-notification messages: which are accepted, and what the receiver reads (platform.md 4.2, behaviour 33)."""

import re
from collections.abc import Callable
from typing import Any, Final

import orjson

from bot.sandbox.drawing_text import plain_markdown
from bot.sandbox.errors import OapiError
from bot.sandbox.messages import link_buttons, markdown_buttons
from bot.sandbox.wire import invalid_parameter

MAX_BYTES: Final = 2048
FORM_ROWS: Final = 6
CONTENT_LINES: Final = 3
STATUS_BAR_RECEIVERS: Final = 5
_COLOUR: Final = re.compile(r"[0-9A-Fa-f]{8}")
_STATUS_COLOUR: Final = re.compile(r"(0x)?[0-9A-Fa-f]{8}")

Part = dict[str, Any]


def read_message(value: Any, *, as_text: bool) -> dict[str, Any]:
    """Return the checked `msg`; in a form it comes as JSON text (`as_text`).

    Raises:
        OapiError: 40035 names what is wrong; 40007 is left to who knows the media.
    """
    if as_text:
        if not isinstance(value, str):
            raise invalid_parameter("msg")
        try:
            value = orjson.loads(value)
        except ValueError as wrong:
            raise invalid_parameter("msg") from wrong
    if not isinstance(value, dict):
        raise invalid_parameter("msg")
    if len(orjson.dumps(value)) > MAX_BYTES:
        raise OapiError(40035, f"不合法的参数：msg 超过 {MAX_BYTES} 字节")
    kind = value.get("msgtype")
    if not isinstance(kind, str) or kind not in _CHECKS:
        raise invalid_parameter("msg.msgtype")
    others = [name for name in value if name in _CHECKS and name != kind]
    if others:
        raise OapiError(40035, f"不合法的参数：一次只能发一种消息，多了 msg.{others[0]}")
    part = value.get(kind)
    if not isinstance(part, dict):
        raise invalid_parameter(f"msg.{kind}")
    _CHECKS[kind](part)
    return value


def media_ids(message: dict[str, Any]) -> list[str]:
    """Return the media ids the message needs; a picture may be given by address instead."""
    kind = message["msgtype"]
    part = message[kind]
    if kind in {"image", "voice", "file"}:
        return [part["media_id"]]
    picture = part.get("picUrl") if kind == "link" else part.get("body", {}).get("image") if kind == "oa" else None
    return [picture] if isinstance(picture, str) and picture.startswith("@") else []


def has_status_bar(message: dict[str, Any]) -> bool:
    """Say whether it is an OA message with a status bar."""
    return message["msgtype"] == "oa" and "status_bar" in message["oa"]


def _need(part: Part, path: str, name: str, limit: int | None = None) -> str:
    value = part.get(name)
    if not isinstance(value, str) or not value:
        raise invalid_parameter(f"msg.{path}.{name}")
    if limit is not None and len(value) > limit:
        raise OapiError(40035, f"不合法的参数：msg.{path}.{name} 超过 {limit} 个字符")
    return value


def _may(part: Part, path: str, name: str, limit: int | None = None) -> None:
    if part.get(name) not in {None, ""}:
        _need(part, path, name, limit)


def _check_text(part: Part) -> None:
    _need(part, "text", "content")


def _check_image(part: Part) -> None:
    _need(part, "image", "media_id")


def _check_file(part: Part) -> None:
    _need(part, "file", "media_id")


def _check_voice(part: Part) -> None:
    _need(part, "voice", "media_id")
    duration = str(part.get("duration", ""))
    if not duration.isdigit() or not 0 < int(duration) < 60:
        raise invalid_parameter("msg.voice.duration")


def _check_link(part: Part) -> None:
    for name, limit in (("messageUrl", None), ("picUrl", None), ("title", 100), ("text", 500)):
        _need(part, "link", name, limit)


def _check_markdown(part: Part) -> None:
    _need(part, "markdown", "title")
    _need(part, "markdown", "text", 5000)


def _check_oa(part: Part) -> None:
    for name in ("message_url", "pc_message_url"):
        _may(part, "oa", name)
    head, body, bar = part.get("head"), part.get("body"), part.get("status_bar")
    if head is not None:
        if not isinstance(head, dict) or not _COLOUR.fullmatch(str(head.get("bgcolor", ""))):
            raise invalid_parameter("msg.oa.head.bgcolor")
        _may(head, "oa.head", "text")
    if bar is not None:
        if not isinstance(bar, dict):
            raise invalid_parameter("msg.oa.status_bar")
        check_status_bar(bar.get("status_value"), bar.get("status_bg"))
    if not isinstance(body, dict) or not body:
        raise invalid_parameter("msg.oa.body")
    _may(body, "oa.body", "title", 50)
    for name in ("content", "image", "author"):
        _may(body, "oa.body", name)
    rows = body.get("form") or []
    if not isinstance(rows, list) or not all(_is_row(row) for row in rows):
        raise invalid_parameter("msg.oa.body.form")
    rich = body.get("rich")
    if rich is not None and not isinstance(rich, dict):
        raise invalid_parameter("msg.oa.body.rich")


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("key"), str) and isinstance(row.get("value"), str)


def check_status_bar(text: Any, colour: Any) -> None:
    """Raise OapiError 40035 unless there is a text and the colour is 0xAARRGGBB."""
    if not isinstance(text, str) or not text:
        raise invalid_parameter("status_value")
    if not isinstance(colour, str) or not _STATUS_COLOUR.fullmatch(colour):
        raise invalid_parameter("status_bg")


def _check_action_card(part: Part) -> None:
    _need(part, "action_card", "title")
    _need(part, "action_card", "markdown")
    single = [name for name in ("single_title", "single_url") if part.get(name)]
    several = [name for name in ("btn_orientation", "btn_json_list") if part.get(name)]
    if bool(single) == bool(several):
        raise OapiError(40035, "不合法的参数：msg.action_card 要么整体跳转，要么独立跳转")
    if single:
        _need(part, "action_card", "single_title", 20)
        _need(part, "action_card", "single_url", 500)
        return
    if str(part.get("btn_orientation")) not in {"0", "1"}:
        raise invalid_parameter("msg.action_card.btn_orientation")
    _check_buttons(part)


def _check_buttons(part: Part) -> None:
    buttons = _buttons(part)
    if not buttons or len(orjson.dumps(buttons).decode()) > 1000:
        raise invalid_parameter("msg.action_card.btn_json_list")
    for at, button in enumerate(buttons):
        if not isinstance(button, dict):
            raise invalid_parameter(f"msg.action_card.btn_json_list[{at}]")
        _need(button, f"action_card.btn_json_list[{at}]", "title", 20)
        _need(button, f"action_card.btn_json_list[{at}]", "action_url", 700)


def _buttons(part: Part) -> list[Any]:
    buttons = part.get("btn_json_list")
    if isinstance(buttons, str):
        try:
            buttons = orjson.loads(buttons)
        except ValueError as wrong:
            raise invalid_parameter("msg.action_card.btn_json_list") from wrong
    if not isinstance(buttons, list):
        raise invalid_parameter("msg.action_card.btn_json_list")
    return buttons


_CHECKS: Final[dict[str, Callable[[Part], None]]] = {
    "text": _check_text,
    "image": _check_image,
    "voice": _check_voice,
    "file": _check_file,
    "link": _check_link,
    "markdown": _check_markdown,
    "oa": _check_oa,
    "action_card": _check_action_card,
}


def notice_item(message: dict[str, Any]) -> dict[str, Any]:
    """Return title, text, buttons and file as the receiver sees them; `text` holds the title too."""
    kind = message["msgtype"]
    part = message[kind]
    match kind:
        case "text":
            return {"title": "", "text": part["content"]}
        case "image" | "voice" | "file":
            words = {"image": "图片", "voice": "语音", "file": "文件"}[kind]
            return {"title": "", "text": f"[{words}]", "file": {"id": part["media_id"], "name": words}}
        case "link":
            buttons = link_buttons([("查看详情", part["messageUrl"])])
            return {"title": part["title"], "text": f"{part['title']}\n{part['text']}", "buttons": buttons}
        case "markdown":
            text = _joined(part["title"], plain_markdown(part["text"]))
            return {"title": part["title"], "text": text, "buttons": markdown_buttons(part["text"])}
        case "oa":
            return _oa_item(part)
        case _:
            return _card_item(part)


def _joined(title: str, *rest: str) -> str:
    """Title and body on lines of their own; a body that begins with the title does not repeat it."""
    body = "\n".join(one for one in rest if one)
    if not title or body == title or body.startswith(f"{title}\n"):
        return body or title
    return f"{title}\n{body}" if body else title


def _oa_item(part: Part) -> dict[str, Any]:
    body = part["body"]
    title = body.get("title") or ""
    lines = [f"{row['key']} {row['value']}".strip() for row in (body.get("form") or [])[:FORM_ROWS]]
    rich = body.get("rich") or {}
    lines.append(f"{rich.get('num', '')}{rich.get('unit', '')}")
    lines.append("\n".join((body.get("content") or "").splitlines()[:CONTENT_LINES]))
    if body.get("image"):
        lines.append("[图片]")
    if str(body.get("file_count") or "0") != "0":
        lines.append(f"{body['file_count']} 个附件")
    lines.append(body.get("author") or "")
    bar = part.get("status_bar")
    lines.append(bar["status_value"] if bar else "")
    url = part.get("message_url") or part.get("pc_message_url")
    return {
        "title": title,
        "text": _joined(title, *lines),
        "buttons": link_buttons([("查看详情", url)]) if url else [],
    }


def _card_item(part: Part) -> dict[str, Any]:
    if part.get("single_title"):
        pairs = [(part["single_title"], part["single_url"])]
    else:
        pairs = [(button["title"], button["action_url"]) for button in _buttons(part)]
    words = [one for one, _ in pairs]
    return {
        "title": part["title"],
        "text": _joined(part["title"], plain_markdown(part["markdown"]), *words),
        "buttons": link_buttons(pairs),
    }
