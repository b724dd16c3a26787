"""The stream gateway: tickets, sockets, keep-alive, the announced farewell (platform.md 1.1–1.4, 1.6)."""

import asyncio
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from bot.sandbox.auth import body_of, require_secret
from bot.sandbox.errors import PlatformError
from bot.sandbox.lines import Line
from bot.sandbox.platform import reset
from bot.sandbox.state import Sandbox

MAX_FRAME = 8 * 1024 * 1024
TYPES = ("EVENT", "CALLBACK", "SYSTEM")
PING_ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to connect once, until then by the sandbox's clock."""

    until: datetime
    subscriptions: frozenset[tuple[str, str]]


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Open, and the socket itself."""
    tickets: dict[str, Ticket] = {}
    board = sandbox.switchboard

    async def open_connection(request: web.Request) -> web.Response:
        body = await body_of(request)
        require_secret(sandbox, body.get("clientId"), body.get("clientSecret"), sandbox.knobs.wrong_secret_status)
        subscriptions = _subscriptions(body.get("subscriptions"))
        if board.refusing:
            raise PlatformError(500, "system.busy", "系统繁忙，请稍后再试")
        now = sandbox.clock.now()
        for stale in [name for name, ticket in tickets.items() if ticket.until < now]:
            del tickets[stale]
        name = str(uuid.uuid4())
        tickets[name] = Ticket(now + timedelta(seconds=sandbox.knobs.ticket_seconds), subscriptions)
        endpoint = sandbox.base_url.replace("http://", "ws://", 1) + "/connect"
        return web.json_response({"endpoint": endpoint, "ticket": name})

    async def connect(request: web.Request) -> web.StreamResponse:
        ticket = tickets.pop(request.query.get("ticket", ""), None)
        if ticket is None or ticket.until < sandbox.clock.now():
            return web.Response(status=sandbox.knobs.bad_ticket_status, text="invalid ticket")
        if board.refusing:
            return web.Response(status=503, text="no new connections")
        ws = web.WebSocketResponse(compress=False, max_msg_size=MAX_FRAME)
        await ws.prepare(request)
        line = Line(uuid.uuid4().hex, ws, request, ticket.subscriptions)
        board.attach(line)
        keeper = asyncio.get_running_loop().create_task(_keep_alive(sandbox, line))
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    try:
                        line.heard(orjson.loads(message.data))
                    except ValueError:
                        continue
        finally:
            keeper.cancel()
            board.detach(line)
        return ws

    return [web.post("/v1.0/gateway/connections/open", open_connection), web.get("/connect", connect)]


def _subscriptions(rows: Any) -> frozenset[tuple[str, str]]:
    if not isinstance(rows, list) or not rows:
        raise PlatformError(400, "invalidParameter.subscriptions", "subscriptions不能为空")
    wanted = set()
    for row in rows:
        kind, topic = (row.get("type"), row.get("topic")) if isinstance(row, dict) else (None, None)
        if kind not in TYPES or not isinstance(topic, str) or not topic:
            raise PlatformError(400, "invalidParameter.subscriptions", "subscriptions格式不正确")
        if kind == "EVENT" and topic != "*":
            raise PlatformError(400, "invalidParameter.subscriptions", "EVENT类型的topic只支持*")
        wanted.add((kind, topic))
    return frozenset(wanted)


async def _keep_alive(sandbox: Sandbox, line: Line) -> None:
    """Pings now and then, and ends the connection when it is old (behaviours 6, 7); knobs may change meanwhile."""
    loop = asyncio.get_running_loop()
    born = pinged = loop.time()
    while line.live:
        await asyncio.sleep(0.25)
        now, knobs = loop.time(), sandbox.knobs
        if knobs.disconnect_seconds and now - born >= knobs.disconnect_seconds:
            await announce_disconnect(sandbox, line)
        elif knobs.ping_seconds and now - pinged >= knobs.ping_seconds:
            pinged = now
            await _ping(sandbox, line)


async def _ping(sandbox: Sandbox, line: Line) -> None:
    opaque = uuid.uuid4().hex
    frame = _system(sandbox, "ping", {"opaque": opaque})
    frame["headers"]["messageId"] = sandbox.switchboard.new_message_id()
    try:
        answer = await line.ask(frame, PING_ANSWER_SECONDS)
    except ConnectionError:
        return
    if line.live and not _echoes(answer, opaque):
        sandbox.violations.add({"behaviour": 6, "message": "a ping was not answered with its opaque"})


def _echoes(answer: dict[str, Any] | None, opaque: str) -> bool:
    data = answer.get("data") if answer else None
    try:
        echoed = orjson.loads(data) if isinstance(data, str) else None
    except ValueError:
        return False
    return isinstance(echoed, dict) and echoed.get("opaque") == opaque


async def announce_disconnect(sandbox: Sandbox, line: Line) -> None:
    """The planned kind: told, then silence, then TCP is dropped (behaviour 7)."""
    if not line.live:
        return
    line.closing = True
    try:
        await line.send(_system(sandbox, "disconnect", {"reason": "connection is expired"}))
    except ConnectionError:
        return
    sandbox.switchboard.keep(_drop_later(sandbox, line))


async def _drop_later(sandbox: Sandbox, line: Line) -> None:
    await asyncio.sleep(sandbox.knobs.disconnect_grace)
    if line.request.transport is not None:
        line.request.transport.close()


def close(sandbox: Sandbox, line: Line) -> None:
    """The clean kind: a close frame with code 1000, unannounced."""
    line.closing = True
    sandbox.switchboard.keep(line.ws.close())


def abort(line: Line) -> None:
    """The rough kind: TCP reset, no close frame."""
    line.closing = True
    if line.request.transport is not None:
        reset(line.request.transport)


def _system(sandbox: Sandbox, topic: str, data: dict[str, str]) -> dict[str, Any]:
    headers = {"topic": topic, "contentType": "application/json", "time": str(sandbox.clock.millis())}
    return {"specVersion": "1.0", "type": "SYSTEM", "headers": headers, "data": orjson.dumps(data).decode()}
