"""The control plane: health, log books, faults, connections, clock, files, knobs (contract sandbox-api.md)."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

from aiohttp import web

from bot.sandbox import auth, gateway
from bot.sandbox.clock import iso, parse_moment
from bot.sandbox.errors import ControlError, bad, not_found
from bot.sandbox.state import Knobs, Log, Sandbox, StoredFile

V1 = "/sandbox/v1"


async def read_body(request: web.Request) -> dict[str, Any]:
    """The request's JSON object. Raises ControlError 400."""
    try:
        body = await request.json()
    except ValueError as wrong:
        raise bad("the body is no JSON") from wrong
    if not isinstance(body, dict):
        raise bad("the body is no JSON object")
    return body


def number(request: web.Request, name: str, default: float) -> float:
    """A number of the query. Raises ControlError 400."""
    try:
        return float(request.query.get(name, default))
    except ValueError as wrong:
        raise bad(f"{name} must be a number") from wrong


async def settled(sandbox: Sandbox, wait: float) -> bool:
    """Whether every push is worked off and everything delivered; waits at most so long (wall clock)."""
    if sandbox.driver is not None:
        return await sandbox.driver.idle(wait)
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    while True:
        quiet = (
            sandbox.switchboard.in_flight == 0
            and sandbox.open_calls == 0
            and loop.time() - sandbox.last_call > 0.3
        )
        if quiet or loop.time() >= until:
            return quiet
        await asyncio.sleep(0.02)


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Everything but messages, cards and the company."""
    board = sandbox.switchboard

    async def health(_request: web.Request) -> web.Response:
        ready = board.count > 0 and (sandbox.driver is None or sandbox.driver.ready())
        return web.json_response(
            {"ready": ready, "connections": board.count, "now": iso(sandbox.clock.now())}
        )

    async def idle(request: web.Request) -> web.Response:
        return web.json_response({"idle": await settled(sandbox, min(number(request, "wait", 0), 120))})

    def book(log: Log) -> Any:
        async def show(request: web.Request) -> web.Response:
            return web.json_response(log.after(int(number(request, "after", 0))))

        return show

    async def quota(_request: web.Request) -> web.Response:
        month = sandbox.month
        return web.json_response(
            {
                "month": sandbox.clock.now().strftime("%Y-%m"), "api": month.api,
                "webhook_stream": month.webhook_stream, "exempt": month.exempt,
            }
        )  # fmt: skip

    async def add_fault(request: web.Request) -> web.Response:
        sandbox.faults.add(await read_body(request))
        return web.json_response({"ok": True})

    async def clear_faults(_request: web.Request) -> web.Response:
        sandbox.faults.clear()
        return web.json_response({"ok": True})

    async def connections(request: web.Request) -> web.Response:
        body = await read_body(request)
        do = body.get("do")
        if do in ("refuse", "accept"):
            board.refusing = do == "refuse"
            return web.json_response({"connections": board.count})
        lines = list(board.lines)
        if "index" in body:
            index = body["index"]
            if not isinstance(index, int) or not 0 <= index < len(lines):
                raise not_found(f"connection {index}")
            lines = [lines[index]]
        for line in lines:
            if do == "disconnect":
                await gateway.announce_disconnect(sandbox, line)
            elif do == "close":
                line.closing = True
                board.keep(line.ws.close())
            elif do == "abort":
                gateway.abort(line)
            else:
                raise bad("do: disconnect, close, abort, refuse or accept")
        return web.json_response({"connections": board.count})

    async def tokens(request: web.Request) -> web.Response:
        if (await read_body(request)).get("do") != "expire":
            raise bad("do: expire")
        auth.expire(sandbox)
        return web.json_response({"ok": True})

    async def clock(_request: web.Request) -> web.Response:
        return web.json_response({"now": iso(sandbox.clock.now())})

    moving = asyncio.Lock()

    async def set_clock(request: web.Request) -> web.Response:
        body = await read_body(request)
        async with moving:
            now = sandbox.clock.now()
            try:
                if "now" in body:
                    target = parse_moment(str(body["now"]))
                else:
                    target = now + timedelta(seconds=float(body["advance_seconds"]))
            except (KeyError, TypeError, ValueError) as wrong:
                raise bad(f"give now (ISO with offset) or advance_seconds: {wrong}") from wrong
            if target < now.replace(microsecond=0):
                raise ControlError(409, "backwards", f"the clock goes forward only; it is {iso(now)}")
            jobs: list[dict[str, str]] = []
            if sandbox.driver is None:
                sandbox.clock.set(target)
            else:
                jobs = await sandbox.driver.advance(sandbox.clock.set, target)
        sandbox.inbox.wake()
        return web.json_response({"now": iso(sandbox.clock.now()), "jobs": jobs})

    async def upload(request: web.Request) -> web.Response:
        if not request.content_type.startswith("multipart/"):
            raise bad("multipart form with a part named file")
        async for part in await request.multipart():
            if getattr(part, "name", None) == "file":
                content = bytes(await part.read(decode=False))  # type: ignore[union-attr]
                stored = StoredFile(
                    uuid.uuid4().hex, getattr(part, "filename", None) or "file", content,
                    part.headers.get("Content-Type", "application/octet-stream").split(";")[0],
                )  # fmt: skip
                sandbox.files[stored.id] = stored
                return web.json_response({"id": stored.id})
        raise bad("no part named file")

    async def file_bytes(request: web.Request) -> web.Response:
        stored = sandbox.files.get(request.match_info["id"])
        if stored is None:
            raise not_found("file")
        return web.Response(body=stored.content, content_type=stored.content_type)

    async def knobs(_request: web.Request) -> web.Response:
        return web.json_response({name: getattr(sandbox.knobs, name) for name in Knobs.__dataclass_fields__})

    async def set_knobs(request: web.Request) -> web.Response:
        try:
            sandbox.set_knobs(await read_body(request))
        except KeyError as unknown:
            raise bad(f"no knob {unknown}") from unknown
        return await knobs(request)

    return [
        web.get(f"{V1}/health", health), web.get(f"{V1}/idle", idle),
        web.get(f"{V1}/calls", book(sandbox.calls)), web.get(f"{V1}/pushes", book(sandbox.pushes)),
        web.get(f"{V1}/notices", book(sandbox.notices)), web.get(f"{V1}/violations", book(sandbox.violations)),
        web.get(f"{V1}/quota", quota), web.post(f"{V1}/faults", add_fault), web.delete(f"{V1}/faults", clear_faults),
        web.post(f"{V1}/connections", connections), web.post(f"{V1}/tokens", tokens),
        web.get(f"{V1}/clock", clock), web.post(f"{V1}/clock", set_clock),
        web.post(f"{V1}/files", upload), web.get(f"{V1}/files/{{id}}", file_bytes),
        web.get(f"{V1}/knobs", knobs), web.patch(f"{V1}/knobs", set_knobs),
    ]  # fmt: skip
