"""Frames of the stream, freed from JSON in JSON, and the acks they get (platform.md 1.3, 1.4, 2.1, 3.5).

The topics and codes are those of the `dingtalk_stream` SDK; a test holds them together. They are written
out here because importing the SDK takes a quarter of a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

import orjson

from bot.core.clock import BEIJING

BOT_TOPIC: Final = "/v1.0/im/bot/messages/get"
CARD_TOPIC: Final = "/v1.0/card/instances/callback"
PING: Final = "ping"
DISCONNECT: Final = "disconnect"
OK: Final = 200
NOT_FOUND: Final = 404
QUOTA_CODE: Final = "20001"

Kind: TypeAlias = Literal["text", "audio", "picture", "file", "rich_text", "video", "quota_exhausted", "unknown"]
_EPOCH: Final = datetime(1970, 1, 1, 8, tzinfo=BEIJING)
_KINDS: Final[Mapping[str, Kind]] = {
    "text": "text",
    "audio": "audio",
    "picture": "picture",
    "file": "file",
    "richText": "rich_text",
    "video": "video",
}


@dataclass(slots=True)  # not frozen: of all there are, these are made most often, and freezing takes a tenth of that
class BotFrame:
    """Something said to the bot.

    `msg_id` stays the same when DingTalk sends the message again; `message_id` is of this one push.
    """

    msg_id: str
    message_id: str
    user_id: str | None  # None: no employee, or the bot has no published version yet
    sender_nick: str
    corp_id: str
    conversation_id: str
    group: bool
    conversation_title: str
    text: str | None  # what was typed, or recognised from speech; None for the other kinds
    kind: Kind
    content: dict[str, Any] = field(repr=False)  # as sent, for kinds other than text
    session_webhook: str = field(repr=False)  # whoever has it can post into the conversation
    webhook_expires_at: datetime | None
    robot_code: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class TapFrame:
    """A tap on a card. Only `user_id` says who it was: `params` come from the card and prove nothing."""

    message_id: str
    out_track_id: str
    user_id: str
    corp_id: str
    action_ids: tuple[str, ...]
    params: dict[str, Any]
    space_type: str = ""
    space_id: str = ""
    union_id_used: bool = False  # `user_id` is a unionId, because the card was made so


@dataclass(frozen=True, slots=True)
class EventFrame:
    """Something changed in the company. `event_id` stays the same when it is pushed again."""

    message_id: str
    event_id: str
    event_type: str
    corp_id: str
    born_at: datetime | None
    data: dict[str, Any]

    def get(self, name: str) -> Any:
        """A value of `data`, whatever the case of its key: documents and wire differ there."""
        wanted = name.lower()
        return next((value for key, value in self.data.items() if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class SystemFrame:
    """About the connection itself."""

    message_id: str
    topic: str
    data: str  # to be echoed in a ping's ack


@dataclass(frozen=True, slots=True)
class UnknownFrame:
    """Well-formed, but on a topic we did not subscribe to."""

    message_id: str
    type: str
    topic: str


@dataclass(frozen=True, slots=True)
class BadFrame:
    """Unreadable. `message_id` and `type` are given when at least those could be read, for an ack."""

    reason: str
    raw: str | bytes = field(repr=False)
    message_id: str = ""
    type: str = ""


Frame: TypeAlias = BotFrame | TapFrame | EventFrame | SystemFrame | UnknownFrame | BadFrame


def read_frame(raw: str | bytes) -> Frame:
    """Never raises: what cannot be read is a BadFrame."""
    try:
        outer = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return BadFrame("not JSON", raw)
    if not isinstance(outer, dict):
        return BadFrame("not an object", raw)
    headers = outer.get("headers")
    if not isinstance(headers, dict):
        headers = {}
    kind = _text(outer.get("type"))
    message_id, topic = _text(headers.get("messageId")), _text(headers.get("topic"))
    data = outer.get("data")
    if kind == "SYSTEM":
        return SystemFrame(message_id, topic, data if isinstance(data, str) else _json(data))
    if kind not in {"CALLBACK", "EVENT"}:
        return BadFrame(f"type {kind[:40]!r}", raw, message_id, kind)
    if kind == "CALLBACK" and topic not in {BOT_TOPIC, CARD_TOPIC}:
        return UnknownFrame(message_id, kind, topic)
    inner = _object(data)
    if inner is None:
        if kind == "CALLBACK" or data not in ("", None):
            return BadFrame("data is no object", raw, message_id, kind)
        inner = {}
    found: Frame | str
    if kind == "EVENT":
        found = _event(message_id, headers, inner)
    elif topic == BOT_TOPIC:
        found = _bot(message_id, inner)
    else:
        found = _tap(message_id, inner)
    return BadFrame(found, raw, message_id, kind) if isinstance(found, str) else found


def ack(message_id: str, data: str, *, code: int = OK, message: str = "OK") -> str:
    """The answer to one push, as it goes over the wire."""
    return orjson.dumps(
        {
            "code": code,
            "message": message,
            "headers": {"messageId": message_id, "contentType": "application/json"},
            "data": data,
        }
    ).decode()


_BEFORE, _AFTER = ack("@", '{"response":null}').split('"@"')


def callback_ack(message_id: str, response: Mapping[str, Any] | None = None) -> str:
    """For bot messages (nothing to say) and taps (`response` changes the card)."""
    if response is None:
        return f"{_BEFORE}{orjson.dumps(message_id).decode()}{_AFTER}"
    return ack(message_id, _json({"response": response}))


def event_ack(message_id: str, *, taken: bool) -> str:
    """`taken`: done with; else DingTalk pushes the event again."""
    data = '{"status":"SUCCESS","message":"OK"}' if taken else '{"status":"LATER","message":"later"}'
    return ack(message_id, data)


_TOLD: Final = (
    "senderStaffId", "senderNick", "senderCorpId", "chatbotCorpId", "conversationId", "conversationType",
    "conversationTitle", "sessionWebhook", "robotCode",
)  # fmt: skip


def _bot(message_id: str, inner: Mapping[str, Any]) -> BotFrame | str:
    msg_id = _text(inner.get("msgId")) or message_id
    if not msg_id:
        return "a message without msgId"
    content = _object(inner.get("content"))
    kind = _KINDS.get(_text(inner.get("msgtype")), "unknown")
    text: str | None = None
    if kind == "text":
        said = _object(inner.get("text")) or content
        if said is None or not isinstance(said.get("content"), str):
            kind = "unknown"
        else:
            text = said["content"].strip()
    elif kind == "audio" and content:
        text = _text(content.get("recognition")).strip() or None
    elif kind == "rich_text" and content:
        text = _rich_text(content) or None
    if text is None and content is None:
        code = _text(inner.get("errCode")) or _text(inner.get("errorCode"))
        kind = "quota_exhausted" if code == QUOTA_CODE else "unknown"
    staff_id, nick, corp_id, bot_corp_id, conversation_id, is_group, title, webhook, robot_code = [
        value if type(value) is str else _text(value) for value in map(inner.get, _TOLD)
    ]
    return BotFrame(
        msg_id, message_id, staff_id or None, nick, corp_id or bot_corp_id, conversation_id, is_group == "2", title,
        text, kind, content or {}, webhook, _moment(inner.get("sessionWebhookExpiredTime")), robot_code,
        _moment(inner.get("createAt")),
    )  # fmt: skip


def _tap(message_id: str, inner: Mapping[str, Any]) -> TapFrame | str:
    if _text(inner.get("type")) not in {"", "actionCallback"}:
        return "a card callback that is no tap"
    out_track_id, user_id = _text(inner.get("outTrackId")), _text(inner.get("userId"))
    if not out_track_id or not user_id:
        return "a tap without outTrackId or userId"
    # `value` is an older name of `content`, and had the params beside cardPrivateData.
    content = _object(inner.get("content")) or _object(inner.get("value")) or {}
    private = _object(content.get("cardPrivateData")) or {}
    params = _object(private.get("params")) or _object(content.get("params")) or {}
    ids = private.get("actionIds")
    return TapFrame(
        message_id=message_id,
        out_track_id=out_track_id,
        user_id=user_id,
        corp_id=_text(inner.get("corpId")),
        action_ids=tuple(_text(item) for item in ids) if isinstance(ids, list) else (),
        params=params,
        space_type=_text(inner.get("spaceType")),
        space_id=_text(inner.get("spaceId")),
        union_id_used=_text(inner.get("userIdType")) == "2",
    )


def _event(message_id: str, headers: Mapping[str, Any], inner: dict[str, Any]) -> EventFrame | str:
    envelope = {key.lower(): value for key, value in headers.items()}
    event_type = _text(envelope.get("eventtype"))
    event_id = _text(envelope.get("eventid")) or message_id
    if not event_type or not event_id:
        return "an event without type or id"
    return EventFrame(
        message_id=message_id,
        event_id=event_id,
        event_type=event_type,
        corp_id=_text(envelope.get("eventcorpid")),
        born_at=_moment(envelope.get("eventborntime")),
        data=inner,
    )


def _rich_text(content: Mapping[str, Any]) -> str:
    parts = content.get("richText")
    if not isinstance(parts, list):
        return ""
    return "".join(_text(part.get("text")) for part in parts if isinstance(part, dict)).strip()


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _object(value: object) -> dict[str, Any] | None:
    if isinstance(value, (str, bytes)):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    return value if isinstance(value, dict) else None


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _moment(value: object) -> datetime | None:
    """From milliseconds since 1970, a number or its text."""
    try:
        if type(value) is int:
            return _EPOCH + timedelta(milliseconds=value)
        if isinstance(value, float | str):
            return _EPOCH + timedelta(milliseconds=float(value))
    except (ValueError, OverflowError):
        return None
    return None
