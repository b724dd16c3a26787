"""The control plane: people say something and see what reached them; frames as somebody wrote them."""

from typing import Any, Final

import orjson
from aiohttp import web

from bot.sandbox import gateway
from bot.sandbox.control import V1, answer, number, read_body
from bot.sandbox.errors import bad, not_found
from bot.sandbox.lines import Ack
from bot.sandbox.robot import mark_read
from bot.sandbox.state import Sandbox
from bot.sandbox.talk import bot_payload

MAX_WAIT: Final = 30.0
MAX_ITEMS: Final = 200


def ack_row(ack: Ack | None) -> dict[str, Any] | None:
    """As the contract shows an answer."""
    return None if ack is None else {"code": ack.code, "elapsed_ms": ack.elapsed_ms}


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """messages, inbox, frames."""

    def require_person(userid: str) -> None:
        if sandbox.company.known_person(userid) is None:
            raise not_found(f"person {userid}")

    async def say(request: web.Request) -> web.Response:
        row = await read_body(request)
        payload = bot_payload(sandbox, row)
        sender = None if row.get("external") else row["from"]
        if sender is not None:
            # Who types in a chat has it open.
            mark_read(sandbox, sender, sandbox.inbox.seq, row.get("to") or "bot")
        message_id, ack = await sandbox.switchboard.bot(payload, sender)
        return answer({"msg_id": payload["msgId"], "message_id": message_id, "ack": ack_row(ack)})

    async def inbox(request: web.Request) -> web.Response:
        userid = request.match_info["userid"]
        require_person(userid)
        after, limit = int(number(request, "after", 0)), int(number(request, "limit", MAX_ITEMS))
        if limit < 1:
            raise bad("limit must be 1 or more")
        if wait := min(number(request, "wait", 0), MAX_WAIT):
            await sandbox.inbox.wait(userid, after, wait)
        items = sandbox.inbox.after(userid, after, limit)
        return answer({"items": items, "next": items[-1]["seq"] if items else after})

    async def read(request: web.Request) -> web.Response:
        """An addition: the person opens a chat, or looks at everything (read status, behaviour 19)."""
        userid = request.match_info["userid"]
        require_person(userid)
        body = await read_body(request)
        seq, conversation = body.get("seq", sandbox.inbox.seq), body.get("conversation")
        if not isinstance(seq, int) or not (conversation is None or isinstance(conversation, str)):
            raise bad('{"seq": 41, "conversation": "bot"}, both may be left out')
        mark_read(sandbox, userid, seq, conversation)
        if conversation in (None, "work"):
            opened: dict[str, int] = sandbox.memory.setdefault("opened", {})
            opened[userid] = max(seq, opened.get(userid, 0))
        return answer({"ok": True})

    async def frames(request: web.Request) -> web.Response:
        row = await read_body(request)
        kind, given = row.get("type"), row.get("headers") or {}
        if kind not in ("EVENT", "CALLBACK", "SYSTEM"):
            raise bad("type: EVENT, CALLBACK or SYSTEM")
        if not isinstance(given, dict):
            raise bad("headers: an object")
        headers = {str(key): value if isinstance(value, str) else str(value) for key, value in given.items()}
        topic = row.get("topic") or headers.pop("topic", None) or ("*" if kind == "EVENT" else None)
        if not isinstance(topic, str):
            raise bad("topic is missing")
        data = row.get("data", {})
        text = data if isinstance(data, str) else orjson.dumps(data).decode()
        board = sandbox.switchboard
        if kind == "SYSTEM" and topic == "disconnect":
            line = board.pick(kind, topic)
            if line is not None:
                await gateway.announce_disconnect(sandbox, line)
            return answer({"ack": None})
        ack = await board.raw(kind, topic, headers, text, headers.pop("messageId", None))
        told = ack_row(ack)
        if told is not None and ack is not None:
            told["data"] = ack.data
        return answer({"ack": told})

    return [
        web.post(f"{V1}/messages", say),
        web.get(f"{V1}/inbox/{{userid}}", inbox),
        web.post(f"{V1}/inbox/{{userid}}/read", read),
        web.post(f"{V1}/frames", frames),
    ]
