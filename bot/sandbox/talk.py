"""People speak to the bot: a `POST /messages` body → the frame's data (platform.md 2.1, behaviours 15, 16)."""

import base64
import hashlib
import uuid
from dataclasses import dataclass
from typing import Any, Final

from bot.sandbox.company_records import Group
from bot.sandbox.errors import bad, conflict, not_found
from bot.sandbox.state import Sandbox, StoredFile

KINDS: Final = ("text", "audio", "picture", "file", "video", "rich_text")
EXHAUSTED: Final = "受调用量超量影响，当前我的消息服务已经暂停，请联系企业管理员处理"
_AMR_FRAME: Final = b"\x3c" + bytes(31)  # 20 ms of silence


@dataclass(frozen=True, slots=True)
class Session:
    """What a session webhook answers to: a group (its id) or one person, until then (ms since 1970)."""

    group_id: str | None
    userid: str
    until: int


def sessions(sandbox: Sandbox) -> dict[str, Session]:
    """The session webhooks given out, by their key."""
    book: dict[str, Session] = sandbox.memory.setdefault("sessions", {})
    return book


def download_codes(sandbox: Sandbox) -> dict[str, StoredFile]:
    """The files people sent, by download code."""
    book: dict[str, StoredFile] = sandbox.memory.setdefault("download_codes", {})
    return book


def bot_payload(sandbox: Sandbox, row: dict[str, Any]) -> dict[str, Any]:
    """What the bot receives.

    Raises:
        ControlError: 400 unreadable, 404 no such person, group or file, 409 not possible in a group, or no member.
    """
    sender, external = row.get("from"), bool(row.get("external"))
    if not isinstance(sender, str) or not sender:
        raise bad("from is missing")
    person = None if external else sandbox.company.known_person(sender)
    if person is None and not external:
        raise not_found(f"person {sender}")
    group = _group(sandbox, row, sender, external=external)
    msgtype, content = _content(sandbox, row, in_group=group is not None)
    millis, session = sandbox.clock.millis(), uuid.uuid4().hex
    until = millis + sandbox.knobs.webhook_millis
    sessions(sandbox)[session] = Session(group.id if group else None, sender, until)
    bot_id = _encrypted("bot", sandbox.app.client_id)
    payload: dict[str, Any] = {
        "conversationId": group.id if group else _single_chat(sandbox, sender),
        "conversationType": "2" if group else "1",
        "chatbotCorpId": sandbox.company.corp_id,
        "chatbotUserId": bot_id,
        "robotCode": sandbox.app.client_id,
        "msgId": _message_id(row),
        "createAt": millis,
        "senderId": _encrypted("user", sender),
        "senderNick": person.name if person else sender,
        "senderPlatform": "Mac",
        "sessionWebhook": f"{sandbox.base_url}/robot/sendBySession?session={session}",
        "sessionWebhookExpiredTime": until,
        "openThreadId": group.id if group else _single_chat(sandbox, sender),
        "msgtype": msgtype,
    }
    if person is not None:
        payload["senderCorpId"] = sandbox.company.corp_id
        if sandbox.knobs.published:
            payload["senderStaffId"] = sender
            payload["isAdmin"] = person.dingtalk_admin
    if group is not None:
        payload["conversationTitle"] = group.name
        payload["isInAtList"] = True
        payload["atUsers"] = [{"dingtalkId": bot_id}]
    if _exhausted(sandbox):
        # Field names differ per page of the documents (1.7), so both come.
        return payload | {
            "errCode": "20001",
            "errMsg": EXHAUSTED,
            "errorCode": "20001",
            "errorMessage": EXHAUSTED,
        }
    return payload | content


def _exhausted(sandbox: Sandbox) -> bool:
    limit = sandbox.knobs.monthly_webhook_stream
    return sandbox.knobs.quota_exhausted or 0 < limit <= sandbox.month.webhook_stream


def _group(sandbox: Sandbox, row: dict[str, Any], sender: str, *, external: bool) -> Group | None:
    to = row.get("to", "bot")
    if to in (None, "bot"):
        if external:
            raise bad("an external person speaks in a group: give its id in to")
        return None
    group = sandbox.company.groups.get(to) if isinstance(to, str) else None
    if group is None:
        raise not_found(f"group {to}")
    # Somebody who has left is in no group any more, but a client that does not know yet may still send.
    if not external and sender not in group.members and sandbox.company.person(sender) is not None:
        raise conflict(f"{sender} is no member of {to}")
    return group


def _message_id(row: dict[str, Any]) -> str:
    given = row.get("msg_id")
    if given is None:
        return "msg" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()
    if not isinstance(given, str) or not given:
        raise bad("msg_id: a text")
    return given


def _content(sandbox: Sandbox, row: dict[str, Any], *, in_group: bool) -> tuple[str, dict[str, Any]]:
    given = [kind for kind in KINDS if row.get(kind) is not None]
    if len(given) != 1:
        raise bad(f"exactly one of {', '.join(KINDS)}")
    kind, value = given[0], row[given[0]]
    if kind == "text":
        if not isinstance(value, str):
            raise bad("text: a text")
        # The client takes the words @bot out; the blank behind them stays.
        return "text", {"text": {"content": f" {value}" if in_group else value}}
    if kind == "rich_text":
        return "richText", {"content": {"richText": _rich(sandbox, value, in_group=in_group)}}
    if not isinstance(value, dict):
        raise bad(f"{kind}: an object")
    if in_group and kind != "picture":
        raise conflict(f"in a group nobody can send {kind} to a bot")
    if kind == "picture":
        code = _code_of(sandbox, value)
        return "picture", {"content": {"downloadCode": code, "pictureDownloadCode": code}}
    if kind == "audio":
        return "audio", {"content": _audio(sandbox, value)}
    if kind == "video":
        code = _code_of(sandbox, value)
        return "video", {"content": {"duration": _duration(value), "downloadCode": code, "videoType": "mp4"}}
    stored = _stored(sandbox, value)
    return "file", {
        "content": {
            "downloadCode": _new_code(sandbox, stored),
            "fileName": str(value.get("name") or stored.name),
            "spaceId": "1",
            "fileId": stored.id,
        }
    }


def _rich(sandbox: Sandbox, parts: Any, *, in_group: bool) -> list[dict[str, Any]]:
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise bad('rich_text: [{"text": "…"}, {"type": "picture", "file": FILE_ID}]')
    read: list[dict[str, Any]] = []
    for part in parts:
        if part.get("type") == "picture" and "file" in part:
            code = _code_of(sandbox, part)
            read.append({"type": "picture", "downloadCode": code, "pictureDownloadCode": code})
        else:
            read.append(dict(part))
    if in_group and isinstance(read[0].get("text"), str):
        read[0]["text"] = f" {read[0]['text']}"
    return read


def _audio(sandbox: Sandbox, value: dict[str, Any]) -> dict[str, Any]:
    duration = _duration(value)
    if value.get("file"):
        stored = _stored(sandbox, value)
    else:
        sound = b"#!AMR\n" + _AMR_FRAME * min(duration // 20, 3000)
        stored = StoredFile(uuid.uuid4().hex, "voice.amr", sound, "audio/amr")
    return {
        "duration": duration,
        "downloadCode": _new_code(sandbox, stored),
        "recognition": str(value.get("recognition") or ""),
    }


def _duration(value: dict[str, Any]) -> int:
    duration = value.get("duration_ms", 4000)
    if not isinstance(duration, int) or isinstance(duration, bool) or duration < 0:
        raise bad("duration_ms: a whole number")
    return duration


def _stored(sandbox: Sandbox, value: dict[str, Any]) -> StoredFile:
    stored = sandbox.files.get(str(value.get("file")))
    if stored is None:
        raise not_found(f"file {value.get('file')}")
    return stored


def _code_of(sandbox: Sandbox, value: dict[str, Any]) -> str:
    return _new_code(sandbox, _stored(sandbox, value))


def _new_code(sandbox: Sandbox, stored: StoredFile) -> str:
    code = base64.urlsafe_b64encode(uuid.uuid4().bytes + uuid.uuid4().bytes).decode()
    download_codes(sandbox)[code] = stored
    return code


def _encrypted(kind: str, name: str) -> str:
    """An id as DingTalk shows it to outsiders: the same in every run, nothing to be read in it."""
    digest = hashlib.sha256(f"dingcrm-sandbox:{kind}:{name}".encode()).digest()[:16]
    return "$:LWCP_v1:$" + base64.b64encode(digest).decode()


def _single_chat(sandbox: Sandbox, userid: str) -> str:
    digest = hashlib.sha256(f"{sandbox.app.client_id}:{userid}".encode()).digest()[:16]
    return "cid" + base64.b64encode(digest).decode()
