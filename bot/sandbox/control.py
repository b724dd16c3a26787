"""The control plane: health, log books, faults, connections, tokens, clock, files, knobs (contract sandbox-api.md)."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from aiohttp import BodyPartReader, web

from bot.sandbox import auth, gateway
from bot.sandbox.books import Log
from bot.sandbox.clock import iso, parse_moment
from bot.sandbox.errors import bad, conflict, not_found
from bot.sandbox.lines import Line
from bot.sandbox.state import Sandbox, StoredFile

V1: Final = "/sandbox/v1"
QUIET_SECONDS: Final = 0.3  # without a driver: so long no platform request
MAX_IDLE_WAIT: Final = 300.0
# Served as themselves; anything else is a download, so that no file can act as a page of this origin.
SHOWN_TYPES: Final = ("image/png", "image/jpeg", "image/gif", "image/bmp", "image/webp", "audio/", "video/mp4")


async def read_body(request: web.Request) -> dict[str, Any]:
    """The request's JSON object. Raises ControlError 400."""
    try:
        body = orjson.loads(await request.read())
    except ValueError as wrong:
        raise bad("the body is no JSON") from wrong
    if not isinstance(body, dict):
        raise bad("the body is no JSON object")
    return body


def number(request: web.Request, name: str, default: float) -> float:
    """A number from 0 of the query. Raises ControlError 400."""
    try:
        value = float(request.query.get(name, default))
    except ValueError as wrong:
        raise bad(f"{name} must be a number") from wrong
    if not 0 <= value < 1e15:
        raise bad(f"{name} must be a number from 0")
    return value


def answer(body: Any) -> web.Response:
    """A JSON answer of the control plane."""
    return web.Response(body=orjson.dumps(body), content_type="application/json")


async def settled(sandbox: Sandbox, wait: float) -> bool:
    """Whether every push is worked off and everything sent is delivered; waits at most so long (wall clock)."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    while True:
        quiet = sandbox.switchboard.in_flight == 0 and sandbox.open_calls == 0
        if sandbox.driver is None:
            quiet = quiet and loop.time() - sandbox.last_call >= QUIET_SECONDS
        elif quiet:
            quiet = await sandbox.driver.idle(max(0.0, until - loop.time()))
            quiet = quiet and sandbox.switchboard.in_flight == 0 and sandbox.open_calls == 0
        if quiet or loop.time() >= until:
            return quiet
        await asyncio.sleep(0.02)


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Everything but messages, cards, pages and the company."""
    board = sandbox.switchboard

    async def health(_request: web.Request) -> web.Response:
        ready = board.count > 0 and (sandbox.driver is None or sandbox.driver.ready())
        return answer({"ready": ready, "connections": board.count, "now": iso(sandbox.clock.now())})

    async def idle(request: web.Request) -> web.Response:
        return answer({"idle": await settled(sandbox, min(number(request, "wait", 0), MAX_IDLE_WAIT))})

    def book(log: Log) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def show(request: web.Request) -> web.Response:
            return answer(log.after(int(number(request, "after", 0))))

        return show

    async def quota(_request: web.Request) -> web.Response:
        month = sandbox.month
        return answer(
            {
                "month": sandbox.clock.now().strftime("%Y-%m"),
                "api": month.api,
                "webhook_stream": month.webhook_stream,
                "exempt": month.exempt,
            }
        )

    async def faults(_request: web.Request) -> web.Response:
        return answer({"items": sandbox.faults.listed()})

    async def add_fault(request: web.Request) -> web.Response:
        sandbox.faults.add(await read_body(request))
        return answer({"items": sandbox.faults.listed()})

    async def clear_faults(_request: web.Request) -> web.Response:
        sandbox.faults.clear()
        return answer({"items": []})

    async def connections(_request: web.Request) -> web.Response:
        rows = [
            {"id": line.id, "subscriptions": sorted([list(one) for one in line.subscriptions])} for line in board.live
        ]
        return answer({"items": rows, "refusing": board.refusing})

    async def change_connections(request: web.Request) -> web.Response:
        body = await read_body(request)
        do = body.get("do")
        if do not in ("disconnect", "close", "abort", "refuse", "accept"):
            raise bad("do: disconnect, close, abort, refuse or accept")
        if do in ("refuse", "accept"):
            board.refusing = do == "refuse"
        else:
            for line in _chosen(board.live, body):
                if do == "disconnect":
                    await gateway.announce_disconnect(sandbox, line)
                elif do == "close":
                    gateway.close(sandbox, line)
                else:
                    gateway.abort(line)
        return answer({"connections": board.count, "refusing": board.refusing})

    async def tokens(request: web.Request) -> web.Response:
        if (await read_body(request)).get("do") != "expire":
            raise bad("do: expire")
        auth.expire(sandbox)
        return answer({"ok": True})

    async def clock(_request: web.Request) -> web.Response:
        return answer({"now": iso(sandbox.clock.now())})

    moving = asyncio.Lock()

    async def set_clock(request: web.Request) -> web.Response:
        body = await read_body(request)
        async with moving:
            target = _target(sandbox.clock.now(), body)
            jobs: list[dict[str, str]] = []
            if sandbox.driver is not None:
                jobs = await sandbox.driver.advance(sandbox.clock.set, target)
            if sandbox.clock.now() < target:
                sandbox.clock.set(target)
            return answer({"now": iso(sandbox.clock.now()), "jobs": jobs})

    async def upload(request: web.Request) -> web.Response:
        if not request.content_type.startswith("multipart/"):
            raise bad("a multipart form with a part named file")
        try:
            async for part in await request.multipart():
                if isinstance(part, BodyPartReader) and part.name == "file":
                    content = bytes(await part.read(decode=False))
                    kind = part.headers.get("Content-Type", "application/octet-stream").split(";")[0].strip()
                    stored = StoredFile(uuid.uuid4().hex, part.filename or "file", content, kind)
                    sandbox.files[stored.id] = stored
                    return answer({"id": stored.id})
        except ValueError as wrong:
            raise bad("the multipart form cannot be read") from wrong
        raise bad("no part named file")

    async def file_bytes(request: web.Request) -> web.Response:
        stored = sandbox.files.get(request.match_info["id"])
        if stored is None:
            raise not_found("file")
        response = web.Response(body=stored.content, headers={"X-Content-Type-Options": "nosniff"})
        shown = stored.content_type.startswith(SHOWN_TYPES)
        response.content_type = stored.content_type if shown else "application/octet-stream"
        return response

    async def knobs(_request: web.Request) -> web.Response:
        return answer(sandbox.knobs.as_dict())

    async def set_knobs(request: web.Request) -> web.Response:
        sandbox.set_knobs(await read_body(request))
        return answer(sandbox.knobs.as_dict())

    return [
        web.get(f"{V1}/health", health),
        web.get(f"{V1}/idle", idle),
        web.get(f"{V1}/calls", book(sandbox.calls)),
        web.get(f"{V1}/pushes", book(sandbox.pushes)),
        web.get(f"{V1}/notices", book(sandbox.notices)),
        web.get(f"{V1}/violations", book(sandbox.violations)),
        web.get(f"{V1}/quota", quota),
        web.get(f"{V1}/faults", faults),
        web.post(f"{V1}/faults", add_fault),
        web.delete(f"{V1}/faults", clear_faults),
        web.get(f"{V1}/connections", connections),
        web.post(f"{V1}/connections", change_connections),
        web.post(f"{V1}/tokens", tokens),
        web.get(f"{V1}/clock", clock),
        web.post(f"{V1}/clock", set_clock),
        web.post(f"{V1}/files", upload),
        web.get(f"{V1}/files/{{id}}", file_bytes),
        web.get(f"{V1}/knobs", knobs),
        web.patch(f"{V1}/knobs", set_knobs),
    ]


def _chosen(lines: list[Line], body: dict[str, Any]) -> list[Line]:
    """The connections meant: the one of `index`, else all."""
    index = body.get("index")
    if index is None:
        return lines
    if not isinstance(index, int) or isinstance(index, bool):
        raise bad("index: a whole number from 0")
    if not 0 <= index < len(lines):
        raise not_found(f"connection {index}")
    return [lines[index]]


def _target(now: datetime, body: dict[str, Any]) -> datetime:
    """The moment a `POST /clock` means. Raises ControlError 400, and 409 for one that has passed."""
    if ("now" in body) == ("advance_seconds" in body):
        raise bad("give either now (ISO 8601 with offset) or advance_seconds")
    if "now" in body:
        try:
            target = parse_moment(str(body["now"]))
        except ValueError as wrong:
            raise bad(f"now: {wrong}") from wrong
        # The clock is shown in whole seconds; the second that is shown is no way back.
        if target < now.replace(microsecond=0):
            raise conflict(f"the clock goes forward only; it is {iso(now)}")
        return max(target, now)
    seconds = body["advance_seconds"]
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise bad("advance_seconds: a number")
    if seconds < 0:
        raise conflict("the clock goes forward only")
    try:
        return now + timedelta(seconds=seconds)
    except OverflowError as wrong:
        raise bad("advance_seconds: too far") from wrong
