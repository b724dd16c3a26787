"""The stream gateway: tickets, sockets, acknowledgements (platform.md 1.1–1.4)."""

import asyncio
import json
import uuid
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.auth import body_of
from bot.sandbox.errors import PlatformError
from bot.sandbox.push import Line
from bot.sandbox.state import Sandbox


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Open, and the socket itself."""
    tickets: dict[str, tuple[float, set[tuple[str, str]]]] = {}
    board = sandbox.switchboard

    async def open_connection(request: web.Request) -> web.Response:
        body = await body_of(request)
        if (body.get("clientId"), body.get("clientSecret")) != (
            sandbox.app.client_id,
            sandbox.app.client_secret,
        ):
            raise PlatformError(
                sandbox.knobs.wrong_secret_status, "invalidClientIdOrSecret", "无效的clientId或者clientSecret"
            )
        subscriptions = body.get("subscriptions")
        if not isinstance(subscriptions, list) or not subscriptions:
            raise PlatformError(400, "invalidParameter.subscriptions", "subscriptions不能为空")
        wanted: set[tuple[str, str]] = set()
        for one in subscriptions:
            if not isinstance(one, dict) or not one.get("type") or not one.get("topic"):
                raise PlatformError(400, "invalidParameter.subscriptions", "subscriptions格式不正确")
            if one["type"] == "EVENT" and one["topic"] != "*":
                raise PlatformError(400, "invalidParameter.subscriptions", "EVENT只支持*")
            wanted.add((str(one["type"]), str(one["topic"])))
        if board.refusing:
            raise PlatformError(500, "system.busy", "网关暂时不接受新连接")
        ticket = str(uuid.uuid4())
        tickets[ticket] = (asyncio.get_running_loop().time() + sandbox.knobs.ticket_seconds, wanted)
        endpoint = sandbox.base_url.replace("http://", "ws://", 1) + "/connect"
        return web.json_response({"endpoint": endpoint, "ticket": ticket})

    async def connect(request: web.Request) -> web.StreamResponse:
        until, wanted = tickets.pop(request.query.get("ticket", ""), (0.0, set()))
        if until < asyncio.get_running_loop().time() or board.refusing:
            return web.Response(status=sandbox.knobs.bad_ticket_status, text="invalid ticket")
        ws = web.WebSocketResponse(heartbeat=None, max_msg_size=8 * 1024 * 1024)
        await ws.prepare(request)
        line = Line(uuid.uuid4().hex, ws, request, wanted)
        board.lines.append(line)
        board.connected.set()
        keepers = [board.keep(_ping(sandbox, line)), board.keep(_rotate(sandbox, line))]
        try:
            async for message in ws:
                if message.type == WSMsgType.TEXT:
                    take_ack(line, message.data)
        finally:
            for keeper in keepers:
                keeper.cancel()
            if line in board.lines:
                board.lines.remove(line)
            if not board.lines:
                board.connected.clear()
            for waiting in line.waiting.values():
                waiting.cancel() if waiting.done() else waiting.set_exception(ConnectionResetError())
        return ws

    return [web.post("/v1.0/gateway/connections/open", open_connection), web.get("/connect", connect)]


def take_ack(line: Line, text: str) -> None:
    """Matches an answer with its push; late, unknown and null ones are ignored (behaviour 13)."""
    try:
        frame: Any = json.loads(text)
        message_id = frame["headers"]["messageId"]
    except (ValueError, KeyError, TypeError):
        return
    answer = line.waiting.get(message_id)
    if answer is not None and not answer.done():
        answer.set_result(frame)


async def _ping(sandbox: Sandbox, line: Line) -> None:
    while sandbox.knobs.ping_seconds <= 0:
        await asyncio.sleep(0.5)
    while not line.ws.closed:
        await asyncio.sleep(sandbox.knobs.ping_seconds)
        await send_ping(sandbox, line)


async def send_ping(sandbox: Sandbox, line: Line) -> bool:
    """A SYSTEM ping; whether the same opaque came back."""
    opaque = uuid.uuid4().hex
    message_id = uuid.uuid4().hex
    answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    line.waiting[message_id] = answer
    frame = {
        "specVersion": "1.0", "type": "SYSTEM",
        "headers": {"contentType": "application/json", "messageId": message_id, "time": str(sandbox.clock.millis()), "topic": "ping"},
        "data": json.dumps({"opaque": opaque}),
    }  # fmt: skip
    try:
        await line.ws.send_str(json.dumps(frame))
        async with asyncio.timeout(5):
            reply = await answer
        return bool(json.loads(reply.get("data") or "{}").get("opaque") == opaque)
    except (TimeoutError, ConnectionError, ValueError, AttributeError):
        return False
    finally:
        line.waiting.pop(message_id, None)


async def _rotate(sandbox: Sandbox, line: Line) -> None:
    while sandbox.knobs.disconnect_seconds <= 0:
        await asyncio.sleep(0.5)
    await asyncio.sleep(sandbox.knobs.disconnect_seconds)
    await announce_disconnect(sandbox, line)


async def announce_disconnect(sandbox: Sandbox, line: Line) -> None:
    """The planned kind: told, then silence, then TCP is dropped (behaviour 7)."""
    line.closing = True
    frame = {
        "specVersion": "1.0", "type": "SYSTEM",
        "headers": {"contentType": "application/json", "time": str(sandbox.clock.millis()), "topic": "disconnect"},
        "data": json.dumps({"reason": "connection is expired"}),
    }  # fmt: skip
    if not line.ws.closed:
        await line.ws.send_str(json.dumps(frame))
    sandbox.switchboard.keep(_drop_later(sandbox, line))


async def _drop_later(sandbox: Sandbox, line: Line) -> None:
    await asyncio.sleep(sandbox.knobs.disconnect_grace)
    abort(line)


def abort(line: Line) -> None:
    """Cuts TCP without a close frame."""
    if line.request.transport is not None:
        line.request.transport.abort()
