"""What a message looks like to a reader: DingTalk's payloads → plain text and buttons for the inbox."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LINK = re.compile(r"!?\[([^\]]*)\]\(([^)]*)\)")
MARKS = re.compile(r"^(\s*)(#{1,6}\s+|>\s?|[-*+]\s+)", re.MULTILINE)
BOLD = re.compile(r"(\*\*|__|~~|`)")


def plain(markdown: str) -> str:
    """Markdown as a reader sees it: no marks, links by their words."""
    text = LINK.sub(lambda m: m.group(1), markdown)
    text = MARKS.sub(lambda m: m.group(1), text)
    text = BOLD.sub("", text)
    return "\n".join(line.rstrip() for line in text.replace("<br>", "\n").splitlines()).strip()


def says_of(url: str | None) -> str | None:
    """The text a `dtmd://dingtalkclient/sendMessage?content=` link makes the person say."""
    if not url or not url.startswith("dtmd://dingtalkclient/sendMessage"):
        return None
    values = parse_qs(urlsplit(url).query).get("content")
    return unquote(values[0]) if values else None


def object_in(text: str) -> str | None:
    """The object a button names in its own words: in 「」, or after the verb: 领取 宁波海蓝食品."""
    quoted = re.search(r"[「“《]([^」”》]+)[」”》]", text)
    if quoted:
        return quoted.group(1)
    parts = re.split(r"[\s·:：]+", text.strip(), maxsplit=1)
    return parts[1] if len(parts) == 2 and parts[1] else None


def link_button(index: int, text: str, url: str) -> dict[str, Any]:
    """A button that opens a link or says something."""
    return {
        "id": f"link{index}", "text": text, "row": object_in(text), "disabled": False, "url": url or None,
        "says": says_of(url), "action_ids": [], "params": {},
    }  # fmt: skip


def markdown_links(markdown: str) -> list[tuple[str, str]]:
    """(words, url) of the links in a text; images are none."""
    return [(m.group(1), m.group(2)) for m in re.finditer(r"(?<!!)\[([^\]]*)\]\(([^)]*)\)", markdown)]


SAMPLE_KEYS: dict[str, tuple[str, ...]] = {
    "sampleText": ("content",),
    "sampleMarkdown": ("title", "text"),
    "sampleImageMsg": ("photoURL",),
    "sampleLink": ("title", "text", "picUrl", "messageUrl"),
    "sampleActionCard": ("title", "text", "singleTitle", "singleURL"),
    "sampleActionCard2": ("title", "text", "actionTitle1", "actionURL1", "actionTitle2", "actionURL2"),
    "sampleActionCard3": ("title", "text", *(f"action{k}{i}" for i in range(1, 4) for k in ("Title", "URL"))),
    "sampleActionCard4": ("title", "text", *(f"action{k}{i}" for i in range(1, 5) for k in ("Title", "URL"))),
    "sampleActionCard5": ("title", "text", *(f"action{k}{i}" for i in range(1, 6) for k in ("Title", "URL"))),
    "sampleActionCard6": ("title", "text", "buttonTitle1", "buttonUrl1", "buttonTitle2", "buttonUrl2"),
    "sampleAudio": ("mediaId", "duration"),
    "sampleFile": ("mediaId", "fileName", "fileType"),
    "sampleVideo": ("videoMediaId", "videoType", "picMediaId", "duration", "height", "width"),
}
OPTIONAL = {"picUrl", "duration", "height", "width", "picMediaId"}


def read_sample(msg_key: str, param: str) -> dict[str, Any]:
    """`msgParam` of 2.3. Raises ValueError."""
    values = json.loads(param)
    if not isinstance(values, dict):
        raise ValueError("msgParam is no object")
    wanted = SAMPLE_KEYS[msg_key]
    missing = [k for k in wanted if k not in OPTIONAL and not isinstance(values.get(k), str)]
    unknown = [k for k in values if k not in wanted]
    if missing or unknown:
        raise ValueError(f"msgParam: missing {missing}, unknown {unknown}")
    return values


def sample_item(msg_key: str, values: dict[str, Any]) -> dict[str, Any]:
    """kind, title, text, buttons, file of a robot message."""
    if msg_key == "sampleText":
        return {"kind": "text", "title": "", "text": values["content"]}
    if msg_key == "sampleMarkdown":
        buttons = [link_button(i, t, u) for i, (t, u) in enumerate(markdown_links(values["text"]))]
        return {
            "kind": "markdown",
            "title": values["title"],
            "text": plain(values["text"]),
            "buttons": buttons,
        }
    if msg_key == "sampleImageMsg":
        return {
            "kind": "image",
            "title": "",
            "text": "[图片]",
            "file": {"id": values["photoURL"], "name": "图片"},
        }
    if msg_key == "sampleLink":
        return {
            "kind": "link", "title": values["title"], "text": f"{values['title']}\n{plain(values['text'])}",
            "buttons": [link_button(0, values["title"], values["messageUrl"])],
        }  # fmt: skip
    if msg_key.startswith("sampleActionCard"):
        pairs = [(values[t], values[u]) for t, u in _pairs(msg_key)]
        buttons = [link_button(i, t, u) for i, (t, u) in enumerate(pairs)]
        words = "\n".join([values["title"], plain(values["text"]), *(t for t, _ in pairs)])
        return {"kind": "action_card", "title": values["title"], "text": words, "buttons": buttons}
    if msg_key == "sampleFile":
        return {
            "kind": "file",
            "title": values["fileName"],
            "text": f"[文件] {values['fileName']}",
            "file": {"id": values["mediaId"], "name": values["fileName"]},
        }
    media = values.get("mediaId") or values.get("videoMediaId")
    return {
        "kind": "file",
        "title": "",
        "text": "[语音]" if msg_key == "sampleAudio" else "[视频]",
        "file": {"id": media, "name": ""},
    }


def _pairs(msg_key: str) -> list[tuple[str, str]]:
    if msg_key == "sampleActionCard":
        return [("singleTitle", "singleURL")]
    if msg_key == "sampleActionCard6":
        return [("buttonTitle1", "buttonUrl1"), ("buttonTitle2", "buttonUrl2")]
    return [(f"actionTitle{i}", f"actionURL{i}") for i in range(1, int(msg_key[-1]) + 1)]


def webhook_item(body: dict[str, Any]) -> dict[str, Any] | None:
    """The same for a sessionWebhook body (2.2); None: unknown msgtype, or its part is missing."""
    kind = body.get("msgtype")
    part = body.get(kind) if isinstance(kind, str) else None
    if kind == "empty":
        return {}
    if not isinstance(part, dict):
        return None
    if kind == "text" and isinstance(part.get("content"), str):
        return {"kind": "text", "title": "", "text": part["content"]}
    if kind == "markdown" and isinstance(part.get("text"), str) and part.get("title"):
        return {
            "kind": "markdown",
            "title": part["title"],
            "text": plain(part["text"]),
            "buttons": [link_button(i, t, u) for i, (t, u) in enumerate(markdown_links(part["text"]))],
        }
    if kind == "link" and part.get("messageUrl"):
        return {
            "kind": "link",
            "title": part.get("title", ""),
            "text": f"{part.get('title', '')}\n{part.get('text', '')}",
            "buttons": [link_button(0, str(part.get("title", "")), part["messageUrl"])],
        }
    if kind == "actionCard" and part.get("title") and isinstance(part.get("text"), str):
        pairs = [(b.get("title", ""), b.get("actionURL", "")) for b in part.get("btns") or []]
        if part.get("singleTitle"):
            pairs = [(part["singleTitle"], part.get("singleURL", ""))]
        return {
            "kind": "action_card", "title": part["title"],
            "text": "\n".join([part["title"], plain(part["text"]), *(t for t, _ in pairs)]),
            "buttons": [link_button(i, t, u) for i, (t, u) in enumerate(pairs)],
        }  # fmt: skip
    if kind == "feedCard" and isinstance(part.get("links"), list):
        return {
            "kind": "link",
            "title": "",
            "text": "\n".join(str(x.get("title", "")) for x in part["links"]),
            "buttons": [
                link_button(i, str(x.get("title", "")), x.get("messageURL", ""))
                for i, x in enumerate(part["links"])
            ],
        }
    return None
