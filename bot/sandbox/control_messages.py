"""The control plane: people say something, and see what reached them."""

import asyncio
import json
from typing import Any

from aiohttp import web

from bot.sandbox.control import V1, number, read_body
from bot.sandbox.errors import bad, not_found
from bot.sandbox.push import Ack
from bot.sandbox.robot import bot_payload, mark_read
from bot.sandbox.state import Sandbox


def ack_row(ack: Ack | None) -> dict[str, Any] | None:
    """As the contract shows an acknowledgement."""
    return None if ack is None else {"code": ack.code, "elapsed_ms": ack.elapsed_ms}


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """messages, inbox, frames."""

    async def say(request: web.Request) -> web.Response:
        row = await read_body(request)
        payload = bot_payload(sandbox, row)
        message_id, ack = await sandbox.switchboard.bot(payload, payload.get("senderStaffId"))
        return web.json_response({"msg_id": payload["msgId"], "message_id": message_id, "ack": ack_row(ack)})

    async def inbox(request: web.Request) -> web.Response:
        userid = request.match_info["userid"]
        if sandbox.company.known_person(userid) is None and userid not in sandbox.inbox.items:
            raise not_found(f"person {userid}")
        after, limit = int(number(request, "after", 0)), int(number(request, "limit", 200))
        wait = min(number(request, "wait", 0), 30)

        def page() -> list[dict[str, Any]]:
            return [i for i in sandbox.inbox.items.get(userid, ()) if i["seq"] > after][:limit]

        items = page()
        if not items and wait > 0:
            try:
                async with asyncio.timeout(wait), sandbox.inbox.changed:
                    await sandbox.inbox.changed.wait_for(lambda: bool(page()))
            except TimeoutError:
                pass
            items = page()
        return web.json_response({"items": items, "next": items[-1]["seq"] if items else after})

    async def read(request: web.Request) -> web.Response:
        """An addition: the person has looked at the chat (read status, behaviour 19)."""
        userid = request.match_info["userid"]
        seq = int((await read_body(request)).get("seq", sandbox.inbox.seq))
        mark_read(sandbox, userid, seq)
        sandbox.memory.setdefault("opened", {})[userid] = seq
        return web.json_response({"ok": True})

    async def frames(request: web.Request) -> web.Response:
        row = await read_body(request)
        frame_type = row.get("type")
        if frame_type not in ("EVENT", "CALLBACK", "SYSTEM"):
            raise bad("type: EVENT, CALLBACK or SYSTEM")
        data = row.get("data", {})
        headers = {str(k): str(v) for k, v in (row.get("headers") or {}).items()}
        topic = str(row.get("topic") or ("*" if frame_type == "EVENT" else ""))

        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        kind = {"EVENT": "event", "SYSTEM": ""}.get(frame_type, "bot" if "bot" in topic else "card")
        board = sandbox.switchboard
        board.in_flight += 1
        try:
            if frame_type == "SYSTEM":
                ack = await _system(sandbox, topic, text, headers)
            else:
                ack = await board.once(
                    frame_type=frame_type, topic=topic, data=text, headers=headers, kind=kind,
                    message_id=headers.get("messageId"), timeout=3 if frame_type == "EVENT" else 5,
                )  # fmt: skip
        finally:
            board.in_flight -= 1
        answer = ack_row(ack)
        if answer is not None and ack is not None:
            answer["data"] = ack.data
        return web.json_response({"ack": answer})

    return [
        web.post(f"{V1}/messages", say), web.get(f"{V1}/inbox/{{userid}}", inbox),
        web.post(f"{V1}/inbox/{{userid}}/read", read), web.post(f"{V1}/frames", frames),
    ]  # fmt: skip


async def _system(sandbox: Sandbox, topic: str, data: str, headers: dict[str, str]) -> Ack | None:
    board = sandbox.switchboard
    live = [line for line in board.lines if not line.closing and not line.ws.closed]
    if not live:
        return None
    line = sandbox.rng.choice(live)
    added = ("SYSTEM", topic)
    line.subscriptions.add(added)
    try:
        return await board.once(
            frame_type="SYSTEM",
            topic=topic,
            data=data,
            headers=headers,
            message_id=headers.get("messageId"),
            timeout=2,
        )
    finally:
        line.subscriptions.discard(added)
