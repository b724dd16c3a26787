"""The bot: messages to it, and everything it sends (platform.md section 2)."""

import uuid
from collections import deque
from datetime import timedelta
from typing import Any

from aiohttp import web

from bot.sandbox.auth import body_of, require_app
from bot.sandbox.errors import OapiError, PlatformError, bad, not_found
from bot.sandbox.messages import SAMPLE_KEYS, read_sample, sample_item, webhook_item
from bot.sandbox.state import Sandbox, StoredFile

PERMISSION = "qyapi_robot_sendmsg"
KEY_LIFE = timedelta(hours=24)


def bot_payload(sandbox: Sandbox, row: dict[str, Any]) -> dict[str, Any]:
    """A POST /messages body as the frame's data (2.1). Raises ControlError."""
    sender, to, external = row.get("from"), row.get("to") or "bot", bool(row.get("external"))
    if not isinstance(sender, str) or not sender:
        raise bad("from is missing")
    person = sandbox.company.known_person(sender)
    if person is None and not external:
        raise not_found(f"person {sender}")
    group = None
    if to != "bot":
        group = sandbox.company.groups.get(to)
        if group is None:
            raise not_found(f"group {to}")
    elif external:
        raise bad("an external person speaks in a group: give to")
    kind, content = _content(sandbox, row, in_group=group is not None)
    millis = sandbox.clock.millis()
    session = uuid.uuid4().hex
    payload: dict[str, Any] = {
        "conversationId": group.id if group else f"cid-single-{sender}", "conversationType": "2" if group else "1",
        "chatbotCorpId": sandbox.company.corp_id, "chatbotUserId": "$:LWCP_v1:$sandboxbot", "robotCode": sandbox.app.client_id,
        "msgId": row.get("msg_id") or "msg" + uuid.uuid4().hex, "createAt": millis, "senderId": f"$:LWCP_v1:${sender}",
        "senderNick": person.name if person and not external else sender, "senderPlatform": "iOS",
        "sessionWebhook": f"{sandbox.base_url}/robot/sendBySession?session={session}",
        "sessionWebhookExpiredTime": millis + sandbox.knobs.webhook_millis, "msgtype": kind, **content,
        "openThreadId": uuid.uuid4().hex,
    }  # fmt: skip
    if not external:
        payload["senderCorpId"] = sandbox.company.corp_id
        if sandbox.knobs.published:
            payload["senderStaffId"] = sender
            payload["isAdmin"] = bool(person and person.dingtalk_admin)
    if group is not None:
        payload["conversationTitle"] = group.name
        payload["isInAtList"] = True
        payload["atUsers"] = [{"dingtalkId": "$:LWCP_v1:$sandboxbot"}]
    sessions = sandbox.memory.setdefault("sessions", {})
    sessions[session] = (group.id if group else None, sender, payload["sessionWebhookExpiredTime"])
    if sandbox.knobs.quota_exhausted:
        for key in ("text", "content"):
            payload.pop(key, None)
        message = "受调用量超量影响，当前我的消息服务已经暂停"
        payload |= {"errCode": "20001", "errMsg": message, "errorCode": "20001", "errorMessage": message}
    return payload


def _content(sandbox: Sandbox, row: dict[str, Any], *, in_group: bool) -> tuple[str, dict[str, Any]]:
    if isinstance(row.get("text"), str):
        return "text", {"text": {"content": (" " if in_group else "") + row["text"]}}
    if "rich_text" in row:
        return "richText", {"content": {"richText": row["rich_text"]}}
    if "picture" in row:
        code = _download_code(sandbox, row["picture"])
        return "picture", {"content": {"downloadCode": code, "pictureDownloadCode": code}}
    for kind in ("audio", "file"):
        if kind in row and in_group:
            raise bad(f"{kind}: users cannot send it to a bot in a group")
    if "audio" in row:
        audio = row["audio"] or {}
        code = _store_code(sandbox, StoredFile(uuid.uuid4().hex, "voice.amr", b"#!AMR\n"))
        return "audio", {
            "content": {
                "duration": audio.get("duration_ms", 3000),
                "downloadCode": code,
                "recognition": audio.get("recognition", ""),
            }
        }
    if "file" in row:
        code = _download_code(sandbox, row["file"])
        return "file", {
            "content": {
                "downloadCode": code,
                "fileName": (row["file"] or {}).get("name", "file"),
                "spaceId": "1",
                "fileId": code,
            }
        }
    raise bad("one of text, audio, picture, file, rich_text is missing")


def _download_code(sandbox: Sandbox, part: Any) -> str:
    stored = sandbox.files.get(str((part or {}).get("file")))
    if stored is None:
        raise not_found("file")
    return _store_code(sandbox, stored)


def _store_code(sandbox: Sandbox, stored: StoredFile) -> str:
    code = uuid.uuid4().hex
    sandbox.memory.setdefault("download_codes", {})[code] = stored
    return code


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Session webhook, batch send, group send, recall, read status, downloads."""
    sends: dict[str, dict[str, Any]] = sandbox.memory.setdefault("sends", {})
    minute: deque[float] = deque()

    async def by_session(request: web.Request) -> web.Response:
        sessions: dict[str, tuple[str | None, str, int]] = sandbox.memory.get("sessions", {})
        known = sessions.get(request.query.get("session", ""))
        if known is None:
            raise OapiError(300001, "session不存在")
        group, sender, until = known
        if sandbox.clock.millis() > until:
            raise OapiError(sandbox.knobs.webhook_expired_code, "session已过期")
        if "json" not in request.content_type:
            raise OapiError(43004, "无效的HTTP HEADER Content-Type")
        body = await body_of(request)
        item = webhook_item(body)
        if item is None:
            raise OapiError(400105, "不支持的消息类型")
        if item:
            receivers = sandbox.company.groups[group].members if group else [sender]
            for userid in receivers:
                sandbox.inbox.add(
                    userid, conversation=group or "bot", via="session_webhook", raw=body, **item
                )
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    def check_send(body: dict[str, Any]) -> dict[str, Any]:
        if body.get("robotCode") != sandbox.app.client_id:
            raise PlatformError(400, "invalidParameter.robotCode.notExsit", "robotCode不存在")
        if body.get("msgKey") not in SAMPLE_KEYS:
            raise PlatformError(400, "msgKey.invalid", "msgKey无效")
        if not isinstance(body.get("msgParam"), str):
            raise PlatformError(400, "msgParam.invalid", "msgParam必须是JSON字符串")
        try:
            values = read_sample(str(body["msgKey"]), body["msgParam"])
        except ValueError as wrong:
            raise PlatformError(400, "msgParam.invalid", str(wrong)) from wrong
        if sandbox.knobs.bot_per_minute:
            now = sandbox.clock.now().timestamp()
            while minute and minute[0] < now - 60:
                minute.popleft()
            if len(minute) >= sandbox.knobs.bot_per_minute:
                raise PlatformError(400, "send.too.fast", "发送速度过快")
            minute.append(now)
        return sample_item(str(body["msgKey"]), values)

    async def batch_send(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        body = await body_of(request)
        users = body.get("userIds")
        if not isinstance(users, list) or not users:
            raise PlatformError(400, "invalidParameter.userIds.empty", "userIds不能为空")
        if len(users) > 20:
            raise PlatformError(400, "userIds.overMax", "userIds超过20个")
        item = check_send(body)
        throttled = set(sandbox.memory.get("throttled_users", ()))
        invalid = [u for u in users if sandbox.company.person(str(u)) is None]
        slow = [u for u in users if u in throttled]
        key = uuid.uuid4().hex
        items = {}
        for userid in users:
            if userid not in invalid and userid not in slow:
                items[userid] = sandbox.inbox.add(
                    userid, conversation="bot", via="robot_batch", raw=body, **item
                )
        sends[key] = {
            "at": sandbox.clock.now(),
            "group": None,
            "items": items,
            "recalled": False,
            "read": set(),
        }
        return web.json_response(
            {"processQueryKey": key, "invalidStaffIdList": invalid, "flowControlledStaffIdList": slow}
        )

    async def group_send(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        body = await body_of(request)
        if isinstance(body.get("msgParam"), str) and len(body["msgParam"].encode()) > 15000:
            raise PlatformError(400, "msgParam.tooLong", "msgParam过长")
        group = sandbox.company.groups.get(str(body.get("openConversationId")))
        if group is None:
            raise PlatformError(400, "invalid.openConversationId", "openConversationId无效")
        item = check_send(body)
        key = uuid.uuid4().hex
        items = {
            u: sandbox.inbox.add(u, conversation=group.id, via="robot_group", raw=body, **item)
            for u in group.members
        }
        sends[key] = {
            "at": sandbox.clock.now(),
            "group": group.id,
            "items": items,
            "recalled": False,
            "read": set(),
        }
        return web.json_response({"processQueryKey": key})

    def access_send(key: str) -> dict[str, Any]:
        send = sends.get(key)
        if send is None or sandbox.clock.now() - send["at"] > KEY_LIFE:
            raise PlatformError(400, "processQueryKey.expireTime", "processQueryKey已过期")
        return send

    async def recall(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        body = await body_of(request)
        keys = body.get("processQueryKeys") or []
        if len(keys) > 20:
            raise PlatformError(400, "invalidParameter.processQueryKeys", "最多20个")
        done: list[str] = []
        failed: dict[str, str] = {}
        for key in keys:
            try:
                send = access_send(key)
            except PlatformError as refusal:
                failed[key] = refusal.message
                continue
            send["recalled"] = True
            for userid, seq in send["items"].items():
                sandbox.inbox.items[userid] = [i for i in sandbox.inbox.items[userid] if i["seq"] != seq]
            done.append(key)
        return web.json_response({"successResult": done, "failedResult": failed})

    async def read_status(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        send = access_send(request.query.get("processQueryKey", ""))
        rows = [
            {"name": _name(sandbox, u), "userId": u, "readStatus": "READ" if u in send["read"] else "UNREAD"}
            for u in send["items"]
        ]
        return web.json_response(
            {"sendStatus": "RECALLED" if send["recalled"] else "SUCCESS", "messageReadInfoList": rows}
        )

    async def group_query(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        send = access_send(str((await body_of(request)).get("processQueryKey")))
        return web.json_response(
            {
                "sendStatus": "RECALLED" if send["recalled"] else "SUCCESS",
                "readUserIds": sorted(send["read"]),
                "nextToken": "",
                "hasMore": False,
            }
        )

    async def download(request: web.Request) -> web.Response:
        require_app(sandbox, request, PERMISSION)
        body = await body_of(request)
        if body.get("robotCode") != sandbox.app.client_id:
            raise PlatformError(400, "invalidParameter.robotCode.notExsit", "robotCode不存在")
        codes: dict[str, StoredFile] = sandbox.memory.get("download_codes", {})
        stored = codes.get(str(body.get("downloadCode")))
        if stored is None:
            raise PlatformError(400, "invalidParameter.downloadCode", "downloadCode无效")
        if sandbox.knobs.download_once:
            codes.pop(str(body["downloadCode"]))
        token = uuid.uuid4().hex
        until = sandbox.clock.now() + timedelta(seconds=sandbox.knobs.download_seconds)
        sandbox.memory.setdefault("downloads", {})[token] = (stored, until)
        return web.json_response({"downloadUrl": f"{sandbox.base_url}/sandbox/v1/download/{token}"})

    async def bytes_of(request: web.Request) -> web.Response:
        stored, until = sandbox.memory.get("downloads", {}).get(request.match_info["token"], (None, None))
        if stored is None or sandbox.clock.now() > until:
            raise not_found("download")
        return web.Response(body=stored.content, content_type=stored.content_type)

    return [
        web.post("/robot/sendBySession", by_session),
        web.post("/v1.0/robot/oToMessages/batchSend", batch_send),
        web.post("/v1.0/robot/groupMessages/send", group_send),
        web.post("/v1.0/robot/otoMessages/batchRecall", recall),
        web.post("/v1.0/robot/groupMessages/recall", recall),
        web.get("/v1.0/robot/oToMessages/readStatus", read_status),
        web.post("/v1.0/robot/groupMessages/query", group_query),
        web.post("/v1.0/robot/messageFiles/download", download),
        web.get("/sandbox/v1/download/{token}", bytes_of),
    ]


def mark_read(sandbox: Sandbox, userid: str, seq: int) -> None:
    """The person has opened the chat up to `seq`: read status of what was sent."""
    for send in sandbox.memory.get("sends", {}).values():
        if send["items"].get(userid, seq + 1) <= seq:
            send["read"].add(userid)


def _name(sandbox: Sandbox, userid: str) -> str:
    person = sandbox.company.known_person(userid)
    return person.name if person else userid
