"""What a message looks like to a reader: DingTalk's payloads → plain text and buttons for the inbox.

platform.md 2.2 (session webhook), 2.3 (msgKey and msgParam) and 2.5 (links).
"""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import orjson

from bot.sandbox.drawing_text import object_named, plain_markdown

_LINK: Final = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]*)[^)]*\)")
_SAY: Final = "dtmd://dingtalkclient/sendMessage"


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"action{part}{i}" for i in range(1, count + 1) for part in ("Title", "URL"))


SAMPLE_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "sampleText": ("content",),
    "sampleMarkdown": ("title", "text"),
    "sampleImageMsg": ("photoURL",),
    "sampleLink": ("title", "text", "picUrl", "messageUrl"),
    "sampleActionCard": ("title", "text", "singleTitle", "singleURL"),
    "sampleActionCard2": ("title", "text", *_numbered(2)),
    "sampleActionCard3": ("title", "text", *_numbered(3)),
    "sampleActionCard4": ("title", "text", *_numbered(4)),
    "sampleActionCard5": ("title", "text", *_numbered(5)),
    "sampleActionCard6": ("title", "text", "buttonTitle1", "buttonUrl1", "buttonTitle2", "buttonUrl2"),
    "sampleAudio": ("mediaId", "duration"),
    "sampleFile": ("mediaId", "fileName", "fileType"),
    "sampleVideo": ("videoMediaId", "videoType", "picMediaId", "duration", "height", "width"),
}
_OPTIONAL: Final = {"picUrl", "height", "width", "picMediaId"}
_NUMBERS: Final = {"duration", "height", "width"}  # texts or numbers
_FILE_TYPES: Final = {"xlsx", "pdf", "zip", "rar", "doc", "docx"}


class WebhookRefusal(ValueError):
    """A session webhook body that is refused; `errcode` as custom bots use it (2.2)."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(errmsg)
        self.errcode, self.errmsg = errcode, errmsg


def says_of(url: str | None) -> str | None:
    """The text that a `dtmd://dingtalkclient/sendMessage?content=` link makes the person say."""
    if not url or not url.startswith(_SAY):
        return None
    values = parse_qs(urlsplit(url).query, keep_blank_values=True).get("content")
    return values[0] if values else None


def link_button(index: int, text: str, url: str, row: str | None = None) -> dict[str, Any]:
    """A button that opens a link or says something."""
    return {
        "id": f"link{index}",
        "text": text,
        "row": object_named(text) or row,
        "disabled": False,
        "url": url or None,
        "says": says_of(url),
        "action_ids": [],
        "params": {},
    }


def link_buttons(pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Buttons of (words, url) in reading order."""
    return [link_button(index, text, url) for index, (text, url) in enumerate(pairs)]


def markdown_buttons(markdown: str) -> list[dict[str, Any]]:
    """The links of a text; a link's row is what else stands on its line. Images are none."""
    found: list[dict[str, Any]] = []
    for line in markdown.splitlines():
        others = plain_markdown(_LINK.sub("", line)).strip(" ·|-—,，、") or None
        for match in _LINK.finditer(line):
            found.append(link_button(len(found), plain_markdown(match[1]), match[2], others))
    return found


def read_sample(msg_key: str, param: Any) -> dict[str, Any]:
    """The object in `msgParam`, its keys as the msgKey wants them.

    Raises:
        ValueError: it is no JSON text, or a key is missing, unknown or of the wrong type.
    """
    if not isinstance(param, str):
        raise ValueError("msgParam必须是JSON字符串")  # noqa: TRY004 -- one kind of refusal
    values = orjson.loads(param)
    if not isinstance(values, dict):
        raise ValueError("msgParam必须是JSON对象")  # noqa: TRY004
    wanted = SAMPLE_KEYS[msg_key]
    for key in wanted:
        value = values.get(key)
        if value is None and key in _OPTIONAL:
            continue
        if not isinstance(value, str) and not (key in _NUMBERS and isinstance(value, int)):
            raise ValueError(f"msgParam.{key}缺失或不是字符串")
        if not value and key not in _OPTIONAL:
            raise ValueError(f"msgParam.{key}不能为空")
    if unknown := sorted(set(values) - set(wanted)):
        raise ValueError(f"msgParam有{msg_key}没有的字段：{', '.join(unknown)}")
    if msg_key == "sampleFile" and values["fileType"].lower() not in _FILE_TYPES:
        raise ValueError(f"msgParam.fileType不支持{values['fileType']}")
    return values


def media_of(msg_key: str, values: dict[str, Any]) -> list[str]:
    """The media ids that a message needs; a photo may be given by address instead."""
    names = {
        "sampleImageMsg": ("photoURL",),
        "sampleFile": ("mediaId",),
        "sampleAudio": ("mediaId",),
        "sampleVideo": ("videoMediaId", "picMediaId"),
    }
    given = [values[name] for name in names.get(msg_key, ()) if values.get(name)]
    return [one for one in given if not one.startswith(("http://", "https://"))]


def sample_item(msg_key: str, values: dict[str, Any]) -> dict[str, Any]:
    """kind, title, text, buttons, file of a message sent by the server API."""
    match msg_key:
        case "sampleText":
            return {"kind": "text", "text": values["content"]}
        case "sampleMarkdown":
            return _markdown(values["title"], values["text"])
        case "sampleLink":
            return _link(values["title"], values["text"], values["messageUrl"])
        case "sampleImageMsg":
            photo = values["photoURL"]
            local = {"id": photo, "name": "图片"} if media_of(msg_key, values) else None
            return {"kind": "image", "text": "[图片]", "file": local}
        case "sampleFile":
            name = values["fileName"]
            return {
                "kind": "file",
                "title": name,
                "text": f"[文件] {name}",
                "file": {"id": values["mediaId"], "name": name},
            }
        case "sampleAudio":
            return {"kind": "file", "text": "[语音]", "file": {"id": values["mediaId"], "name": "语音"}}
        case "sampleVideo":
            return {"kind": "file", "text": "[视频]", "file": {"id": values["videoMediaId"], "name": "视频"}}
        case _:
            pass
    return _action_card(values["title"], values["text"], [(values[t], values[u]) for t, u in _pairs(msg_key)])


def _pairs(msg_key: str) -> list[tuple[str, str]]:
    if msg_key == "sampleActionCard":
        return [("singleTitle", "singleURL")]
    if msg_key == "sampleActionCard6":
        return [("buttonTitle1", "buttonUrl1"), ("buttonTitle2", "buttonUrl2")]
    return [(f"actionTitle{i}", f"actionURL{i}") for i in range(1, int(msg_key[-1]) + 1)]


def _markdown(title: str, text: str) -> dict[str, Any]:
    return {
        "kind": "markdown",
        "title": title,
        "text": plain_markdown(text),
        "buttons": markdown_buttons(text),
    }


def _link(title: str, text: str, url: str) -> dict[str, Any]:
    return {
        "kind": "link",
        "title": title,
        "text": f"{title}\n{text}".strip(),
        "buttons": link_buttons([(title, url)]),
    }


def _action_card(title: str, text: str, pairs: list[tuple[str, str]]) -> dict[str, Any]:
    inline = markdown_buttons(text)
    buttons = [*inline, *(link_button(len(inline) + i, words, url) for i, (words, url) in enumerate(pairs))]
    return {
        "kind": "action_card",
        "title": title,
        "text": "\n".join(part for part in (plain_markdown(text), *(words for words, _ in pairs)) if part),
        "buttons": buttons,
    }


def webhook_item(body: dict[str, Any]) -> dict[str, Any] | None:
    """The same for a session webhook body; None for `empty`, which shows nothing.

    Raises:
        WebhookRefusal: unknown msgtype (400105), its part missing (400106) or wrong inside (40035).
    """
    kind = body.get("msgtype")
    if kind == "empty":
        return None
    if kind not in ("text", "markdown", "link", "actionCard", "feedCard"):
        raise WebhookRefusal(400105, f"不支持的消息类型：{kind}")
    part = body.get(kind)
    if not isinstance(part, dict) or not part:
        raise WebhookRefusal(400106, f"消息内容为空：{kind}")
    match kind:
        case "text":
            return {"kind": "text", "text": _need(part, "content")}
        case "markdown":
            return _markdown(_need(part, "title"), _need(part, "text"))
        case "link":
            return _link(_need(part, "title"), _need(part, "text"), _need(part, "messageUrl"))
        case "actionCard":
            return _action_card(_need(part, "title"), _need(part, "text"), _card_pairs(part))
        case _:
            pass
    rows = part.get("links")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise WebhookRefusal(40035, "feedCard.links不能为空")
    pairs = [(_need(row, "title"), _need(row, "messageURL")) for row in rows]
    text = "\n".join(title for title, _ in pairs)
    return {"kind": "link", "title": pairs[0][0], "text": text, "buttons": link_buttons(pairs)}


def _card_pairs(part: dict[str, Any]) -> list[tuple[str, str]]:
    if part.get("singleTitle") or part.get("singleURL"):
        return [(_need(part, "singleTitle"), _need(part, "singleURL"))]
    rows = part.get("btns")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise WebhookRefusal(40035, "actionCard需要singleTitle和singleURL，或btns")
    return [(_need(row, "title"), _need(row, "actionURL")) for row in rows]


def _need(part: dict[str, Any], key: str) -> str:
    value = part.get(key)
    if not isinstance(value, str) or not value:
        raise WebhookRefusal(40035, f"缺少参数：{key}")
    return value


def mentioned(body: dict[str, Any], text: str, members: Iterable[tuple[str, str]]) -> list[str]:
    """Who of `members` (userid, mobile) is @-ed: named in `at` and, but for isAtAll, by `@id` in the text too."""
    at = body.get("at")
    if not isinstance(at, dict):
        return []
    users, mobiles = at.get("atUserIds") or [], at.get("atMobiles") or []
    return [
        userid
        for userid, mobile in members
        if at.get("isAtAll") is True
        or (userid in users and f"@{userid}" in text)
        or (mobile and mobile in mobiles and f"@{mobile}" in text)
    ]
