"""The bot speaks: session webhook, server-API sends, recall, read status, downloads (platform.md 2.2–2.4)."""

import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web

from bot.sandbox.auth import body_of, require_app
from bot.sandbox.company_records import Group
from bot.sandbox.errors import OapiError, PlatformError
from bot.sandbox.events import fire
from bot.sandbox.messages import (
    SAMPLE_KEYS,
    WebhookRefusal,
    media_of,
    mentioned,
    read_sample,
    sample_item,
    webhook_item,
)
from bot.sandbox.state import Sandbox, StoredFile
from bot.sandbox.talk import bot_payload, download_codes, sessions

PERMISSION: Final = "qyapi_robot_sendmsg"
KEY_LIFE: Final = timedelta(hours=24)
MAX_USERS: Final = 20
MAX_KEYS: Final = 20
MAX_PARAM_BYTES: Final = 15_000

__all__ = ["Send", "bot_payload", "mark_read", "new_send", "routes"]


@dataclass(slots=True)
class Send:
    """One message that the bot sent by the server API, or one delivered card; its key is the processQueryKey."""

    at: datetime
    group_id: str | None
    items: dict[str, int]  # userid → seq of the inbox item
    recalled: bool = False
    read: set[str] = field(default_factory=set)


def _sends(sandbox: Sandbox) -> dict[str, Send]:
    book: dict[str, Send] = sandbox.memory.setdefault("sends", {})
    return book


def new_send(sandbox: Sandbox, group_id: str | None, items: dict[str, int]) -> str:
    """Notes what was sent to whom; returns the processQueryKey for read status and recall."""
    key = uuid.uuid4().hex
    _sends(sandbox)[key] = Send(sandbox.clock.now(), group_id, items)
    return key


def mark_read(sandbox: Sandbox, userid: str, seq: int, conversation: str | None = None) -> None:
    """The person has looked at the chat (all chats when None) up to `seq`."""
    for key, send in _sends(sandbox).items():
        meant = conversation is None or conversation == (send.group_id or "bot")
        if meant and userid not in send.read and send.items.get(userid, seq + 1) <= seq:
            send.read.add(userid)
            _tell(sandbox, "robot_msg_read", key, send, userid)


def _tell(sandbox: Sandbox, event_type: str, key: str, send: Send, userid: str) -> None:
    """The event of platform.md 2.4, where the firm has ticked it; `operatTime` is how DingTalk spells it."""
    if not sandbox.knobs.robot_events:
        return
    person = sandbox.company.known_person(userid)
    data = {
        "unionId": person.unionid if person is not None else "",
        "userId": userid,
        "operatTime": str(sandbox.clock.millis()),
        "robotCode": sandbox.app.client_id,
        "openConversationId": send.group_id or f"cid-single-{userid}",
        "processQueryKey": key,
    }
    fire(sandbox, event_type, data)


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Session webhook, batch send, group send, recall, read status, downloads."""
    minute: deque[float] = deque()
    spent: set[str] = set()
    links: dict[str, tuple[StoredFile, datetime]] = {}

    async def by_session(request: web.Request) -> web.Response:
        session = sessions(sandbox).get(request.query.get("session", ""))
        if session is None:
            raise OapiError(sandbox.knobs.webhook_expired_code, "session不存在")
        if sandbox.clock.millis() > session.until:
            raise OapiError(sandbox.knobs.webhook_expired_code, "session已过期")
        if request.content_type != "application/json":
            raise OapiError(43004, "无效的HTTP HEADER Content-Type")
        body = await body_of(request)
        try:
            item = webhook_item(body)
        except WebhookRefusal as refusal:
            raise OapiError(refusal.errcode, refusal.errmsg) from refusal
        group = sandbox.company.groups.get(session.group_id) if session.group_id else None
        if session.group_id and group is None:
            raise OapiError(400013, "群已被解散")
        if item is not None:
            receivers = [session.userid] if group is None else list(group.members)
            people = [(userid, _mobile(sandbox, userid)) for userid in receivers]
            at = mentioned(body, item["text"], people)
            for userid in receivers:
                sandbox.inbox.add(
                    userid, conversation=session.group_id or "bot", via="session_webhook", raw=body, at_users=at, **item
                )
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    def read_send(body: dict[str, Any]) -> dict[str, Any]:
        """The inbox item of a server-API message."""
        _require_robot(sandbox, body)
        msg_key = body.get("msgKey")
        if not isinstance(msg_key, str) or msg_key not in SAMPLE_KEYS:
            raise PlatformError(400, "msgKey.invalid", "msgKey无效")
        try:
            values = read_sample(msg_key, body.get("msgParam"))
        except ValueError as wrong:
            raise PlatformError(400, "msgParam.invalid", str(wrong)) from wrong
        if len(body["msgParam"].encode()) > MAX_PARAM_BYTES:
            raise PlatformError(400, "msgParam.tooLong", "msgParam参数过长")
        if missing := [media for media in media_of(msg_key, values) if media not in sandbox.files]:
            raise PlatformError(400, "resource.unavailable", f"资源不可用：{', '.join(missing)}")
        return sample_item(msg_key, values)

    def pace() -> None:
        limit = sandbox.knobs.bot_per_minute
        if not limit:
            return
        now = sandbox.clock.now().timestamp()
        while minute and minute[0] <= now - 60:
            minute.popleft()
        if len(minute) >= limit:
            raise PlatformError(400, "send.too.fast", "发送速度过快")
        minute.append(now)

    async def batch_send(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        body = await body_of(request)
        given = body.get("userIds")
        if not isinstance(given, list) or not given or not all(isinstance(one, str) and one for one in given):
            raise PlatformError(400, "invalidParameter.userIds", "userIds必须是非空的字符串数组")
        if len(given) > MAX_USERS:
            raise PlatformError(400, "userIds.overMax", f"userIds最多{MAX_USERS}个")
        item = read_send(body)
        pace()
        users = list(dict.fromkeys(given))
        invalid = [one for one in users if sandbox.company.person(one) is None]
        slow = [one for one in users if one in sandbox.knobs.throttled_users and one not in invalid]
        items = {
            one: sandbox.inbox.add(one, conversation="bot", via="robot_batch", raw=body, **item)
            for one in users
            if one not in invalid and one not in slow
        }
        return web.json_response(
            {
                "processQueryKey": new_send(sandbox, None, items),
                "invalidStaffIdList": invalid,
                "flowControlledStaffIdList": slow,
            }
        )

    async def group_send(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        body = await body_of(request)
        group = _group(sandbox, body)
        item = read_send(body)
        pace()
        items = {
            one: sandbox.inbox.add(one, conversation=group.id, via="robot_group", raw=body, **item)
            for one in group.members
        }
        return web.json_response({"processQueryKey": new_send(sandbox, group.id, items)})

    def recall(keys: Any, group_id: str | None) -> web.Response:
        if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
            raise PlatformError(400, "invalidParameter.processQueryKeys", "processQueryKeys必须是非空的字符串数组")
        if len(keys) > MAX_KEYS:
            raise PlatformError(400, "invalidParameter.processQueryKeys", f"processQueryKeys最多{MAX_KEYS}个")
        done: list[str] = []
        failed: dict[str, str] = {}
        for key in dict.fromkeys(keys):
            try:
                send = _access(sandbox, key, group_id)
            except PlatformError as refusal:
                failed[key] = refusal.message
                continue
            again, send.recalled = send.recalled, True
            for userid, seq in send.items.items():
                sandbox.inbox.take_back(userid, seq)
                if not again:
                    _tell(sandbox, "robot_msg_recall", key, send, userid)
            done.append(key)
        return web.json_response({"successResult": done, "failedResult": failed})

    async def recall_single(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        body = await body_of(request)
        _require_robot(sandbox, body)
        return recall(body.get("processQueryKeys"), None)

    async def recall_group(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        body = await body_of(request)
        _require_robot(sandbox, body)
        return recall(body.get("processQueryKeys"), _group(sandbox, body).id)

    async def read_status(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        _require_robot(sandbox, request.query)
        send = _access(sandbox, request.query.get("processQueryKey"), None)
        rows = [
            {
                "name": _name(sandbox, userid),
                "userId": userid,
                "readStatus": "READ" if userid in send.read else "UNREAD",
            }
            for userid in send.items
        ]
        return web.json_response({"sendStatus": _status(sandbox, send), "messageReadInfoList": rows})

    async def group_query(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        body = await body_of(request)
        _require_robot(sandbox, body)
        send = _access(sandbox, body.get("processQueryKey"), _group(sandbox, body).id)
        size, start = body.get("maxResults", 200), str(body.get("nextToken") or "0")
        if not isinstance(size, int) or not 1 <= size <= 200 or not start.isdecimal():
            raise PlatformError(400, "invalidParameter.maxResults", "maxResults为1到200")
        readers = [userid for userid in send.items if userid in send.read]
        end = int(start) + size
        more = end < len(readers)
        return web.json_response(
            {
                "sendStatus": _status(sandbox, send),
                "readUserIds": readers[int(start) : end],
                "nextToken": str(end) if more else "",
                "hasMore": more,
            }
        )

    async def download(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        body = await body_of(request)
        _require_robot(sandbox, body)
        code = body.get("downloadCode")
        stored = download_codes(sandbox).get(code) if isinstance(code, str) else None
        if stored is None or (sandbox.knobs.download_once and code in spent):
            raise PlatformError(400, "invalidParameter.downloadCode", "downloadCode无效或已使用")
        spent.add(str(code))
        name = uuid.uuid4().hex
        links[name] = (stored, sandbox.clock.now() + timedelta(seconds=sandbox.knobs.download_seconds))
        return web.json_response({"downloadUrl": f"{sandbox.base_url}/sandbox/v1/download/{name}"})

    async def content(request: web.Request) -> web.Response:
        stored, until = links.get(request.match_info["name"], (None, None))
        if stored is None or until is None or sandbox.clock.now() > until:
            return web.Response(status=403, text="AccessDenied: Request has expired.")
        return web.Response(body=stored.content, content_type=stored.content_type)

    return [
        web.post("/robot/sendBySession", by_session),
        web.post("/v1.0/robot/oToMessages/batchSend", batch_send),
        web.post("/v1.0/robot/groupMessages/send", group_send),
        web.post("/v1.0/robot/otoMessages/batchRecall", recall_single),
        web.post("/v1.0/robot/groupMessages/recall", recall_group),
        web.get("/v1.0/robot/oToMessages/readStatus", read_status),
        web.post("/v1.0/robot/groupMessages/query", group_query),
        web.post("/v1.0/robot/messageFiles/download", download),
        web.get("/sandbox/v1/download/{name}", content),
    ]


def _require_robot(sandbox: Sandbox, body: Any) -> None:
    if not body.get("robotCode"):
        raise PlatformError(400, "invalidParameter.robotCode.empty", "robotCode不能为空")
    if body["robotCode"] != sandbox.app.client_id:
        raise PlatformError(400, "invalidParameter.robotCode.notExsit", "robotCode不存在")


def _group(sandbox: Sandbox, body: dict[str, Any]) -> Group:
    given = body.get("openConversationId")
    group = sandbox.company.groups.get(given) if isinstance(given, str) else None
    if group is None:
        raise PlatformError(400, "invalid.openConversationId", "openConversationId无效")
    return group


def _access(sandbox: Sandbox, key: Any, group_id: str | None) -> Send:
    send = _sends(sandbox).get(key) if isinstance(key, str) else None
    if send is None or send.group_id != group_id:
        raise PlatformError(400, "invalidParameter.processQueryKey", "processQueryKey无效")
    if sandbox.clock.now() - send.at > KEY_LIFE:
        raise PlatformError(400, "processQueryKey.expireTime", "processQueryKey已过期")
    return send


def _status(sandbox: Sandbox, send: Send) -> str:
    if send.recalled:
        return "RECALLED"
    age = sandbox.clock.now() - send.at
    return "PROCESSING" if age < timedelta(seconds=sandbox.knobs.processing_seconds) else "SUCCESS"


def _name(sandbox: Sandbox, userid: str) -> str:
    person = sandbox.company.known_person(userid)
    return person.name if person else userid


def _mobile(sandbox: Sandbox, userid: str) -> str:
    person = sandbox.company.known_person(userid)
    return person.mobile if person else ""
