"""What every request meets: the call log, injected faults, the rate limit, the monthly quota, error shapes.

platform.md 5.2, 5.3, 11 and behaviours 37–39 of section 12.
"""

import asyncio
import os
import socket
import struct
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web

from bot.sandbox.clock import iso
from bot.sandbox.errors import ControlError, OapiError, PlatformError, SandboxError
from bot.sandbox.state import Sandbox

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

EXEMPT = (
    "/v1.0/gateway",
    "/v1.0/oauth2",
    "/v1.0/contact",
    "/gettoken",
    "/auth/scopes",
    "/call_back",
    "/topapi/v2/department",
    "/topapi/v2/user",
    "/topapi/user",
    "/topapi/role",
    "/topapi/inactive",
)
WEBHOOK = "/robot/sendBySession"
SECRETS = frozenset(
    {
        "clientSecret",
        "appSecret",
        "client_secret",
        "appsecret",
        "access_token",
        "accessToken",
        "refreshToken",
        "ticket",
        "jsapiTicket",
        "apiSecret",
        "authCode",
        "session",
    }
)
ASKED_SECRETS = SECRETS | {"code"}  # a login code when asked with; an answer's `code` is an error's
# The person's browser, the sockets and the control plane are no API calls of the app.
NOT_API = ("/sandbox/", "/page/", "/connect", "/h5/", "/oauth2/", "/favicon.ico")
UNLIMITED = ("/v1.0/gateway", WEBHOOK)  # no app × API limit is documented for these (2.2)
THROTTLED = {90002, 90005, 90006, 90018, 90020}
NO_TOKEN = {40001, 40014, 42001}
LOGGED_BYTES = 200_000


def quota_kind(path: str) -> str:
    """Which bucket pays: api, webhook_stream or exempt (platform.md 1.7, 11)."""
    if path.startswith(WEBHOOK):
        return "webhook_stream"
    return "exempt" if path.startswith(EXEMPT) else "api"


def masked(value: Any, secrets: frozenset[str] = SECRETS) -> Any:
    """The same with secrets blotted out, for the call log."""
    if isinstance(value, dict):
        return {k: "***" if k in secrets and v else masked(v, secrets) for k, v in value.items()}
    if isinstance(value, list):
        return [masked(v, secrets) for v in value]
    return value


class Limiter:
    """So many calls per app and API in any one second of real time."""

    def __init__(self) -> None:
        self._calls: dict[str, deque[float]] = defaultdict(deque)

    def allow(self, api: str, qps: int, now: float) -> bool:
        """Counts the call at `now` (seconds) if it is allowed; a refused one does not count."""
        if qps <= 0:
            return True
        calls = self._calls[api]
        while calls and calls[0] <= now - 1:
            calls.popleft()
        if len(calls) >= qps:
            return False
        calls.append(now)
        return True


def middleware(sandbox: Sandbox) -> Any:
    """One middleware for platform, control plane and page."""
    limiter = Limiter()

    @web.middleware
    async def run(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path
        if path == "/" or path.startswith(NOT_API):
            return await _own(request, handler)
        sandbox.open_calls += 1
        try:
            return await _platform(sandbox, limiter, request, handler)
        finally:
            sandbox.open_calls -= 1
            sandbox.last_call = asyncio.get_running_loop().time()

    return run


async def _own(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except SandboxError as refusal:
        return refusal.response()
    except web.HTTPException as refusal:
        if not request.path.startswith("/sandbox/") or refusal.status < 400:
            raise
        name = HTTPStatus(refusal.status).phrase
        return ControlError(refusal.status, name.lower().replace(" ", "_"), f"{name}: {request.path}").response()


async def _platform(sandbox: Sandbox, limiter: Limiter, request: web.Request, handler: Handler) -> web.StreamResponse:
    kind = quota_kind(request.path)
    body = await _peek(request)
    row = sandbox.calls.add(
        {
            "at": iso(sandbox.clock.now()),
            "method": request.method,
            "path": request.path,
            "query": masked(dict(request.query), ASKED_SECRETS),
            "status": None,
            "request": masked(body, ASKED_SECRETS),
            "response": None,
            "quota": kind,
        }
    )
    fault = sandbox.faults.for_request(request.method, request.path, request.query, body)
    if fault is not None:
        late = bool(fault.get("after"))
        if late:
            await _answer(sandbox, limiter, request, handler, kind)
        struck = await _strike(sandbox, request, fault)
        if struck is not None:
            if struck.status is not None:
                row["status"], row["response"] = struck.status, masked(_body(struck.response))
                if not late:
                    _count(sandbox, kind, struck.status, row["response"])
            return struck.response
    response = await _answer(sandbox, limiter, request, handler, kind)
    row["status"], row["response"] = response.status, masked(_body(response))
    return response


async def _answer(
    sandbox: Sandbox, limiter: Limiter, request: web.Request, handler: Handler, kind: str
) -> web.StreamResponse:
    new = request.path.startswith("/v1.0")
    try:
        now = asyncio.get_running_loop().time()
        if not request.path.startswith(UNLIMITED) and not limiter.allow(_api(request), sandbox.knobs.qps, now):
            raise (
                PlatformError(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", "应用调用该接口超过每秒上限")
                if new
                else OapiError(90018, "您的服务器调用钉钉开放平台当前接口的所有请求都被暂时禁用了")
            )
        if kind == "api" and 0 < sandbox.knobs.monthly_api <= sandbox.month.api:
            raise (
                PlatformError(403, "Forbidden.AccessDenied.ApiCountLimitForOrg", "企业本月接口调用量已用完")
                if new
                else OapiError(90020, "企业本月接口调用量已用完")
            )
        response = await handler(request)
    except SandboxError as refusal:
        response = refusal.response()
    except web.HTTPException as refusal:
        response = _refused(request, refusal)
    _count(sandbox, kind, response.status, _body(response))
    return response


def _refused(request: web.Request, refusal: web.HTTPException) -> web.StreamResponse:
    if refusal.status < 400:
        return refusal
    if refusal.status in (404, 405):
        if request.path.startswith("/v1.0"):
            message = f"Specified api is not found, please check your url and version: {request.path}"
            return PlatformError(404, "InvalidAction.NotFound", message).response()
        return OapiError(404, "请求的URI地址不存在").response()
    if request.path.startswith("/v1.0"):
        return PlatformError(refusal.status, "invalidParameter", refusal.reason).response()
    return OapiError(40035, f"不合法的参数：{refusal.reason}").response()


def _count(sandbox: Sandbox, kind: str, status: int, body: Any) -> None:
    """Calls that were throttled, got lost or belonged to nobody are not counted (5.3)."""
    code, errcode = (body.get("code"), body.get("errcode")) if isinstance(body, dict) else (None, 0)
    lost = status == 429 or status >= 500 or not isinstance(body, dict) or "punish" in body
    limited = errcode in THROTTLED or (isinstance(code, str) and "Limit" in code)
    nobody = errcode in NO_TOKEN or code in ("InvalidAuthentication", "InvalidAction.NotFound") or status == 404
    if not (lost or limited or nobody):
        month = sandbox.month
        setattr(month, kind, getattr(month, kind) + 1)


def _api(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical if resource is not None else request.path}"


class _Struck:
    """What a fault gave instead of the answer; status None when nothing was answered at all."""

    __slots__ = ("response", "status")

    def __init__(self, response: web.Response, status: int | None) -> None:
        self.response, self.status = response, status


async def _strike(sandbox: Sandbox, request: web.Request, do: dict[str, Any]) -> _Struck | None:
    if "delay_ms" in do:
        await asyncio.sleep(do["delay_ms"] / 1000)
    if do.get("hang"):
        # A client that gives up raises no event that could be waited for.
        while not sandbox.stopping and request.transport is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return _Struck(web.Response(status=504), None)
    if do.get("reset"):
        if request.transport is not None:
            reset(request.transport)
        return _Struck(web.Response(status=500), None)
    status = do.get("status", 200)
    if "html" in do:
        html = web.Response(text=str(do["html"]), content_type="text/html", status=status)
        return _Struck(html, status)
    if "status" in do or "body" in do:
        content = do.get("body", {})
        raw = content.encode() if isinstance(content, str) else orjson.dumps(content)
        headers = {str(k): str(v) for k, v in (do.get("headers") or {}).items()}
        answer = web.Response(body=raw, status=status, content_type="application/json", headers=headers)
        return _Struck(answer, status)
    return None


def reset(transport: asyncio.Transport) -> None:
    """Cuts a TCP connection so that the other side gets a reset, not an end of file."""
    known = transport.get_extra_info("socket")
    if known is not None and known.fileno() >= 0:
        # A copy of the descriptor, because event loops do not let their own sockets be changed.
        with socket.socket(fileno=os.dup(known.fileno())) as copy:
            copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _peek(request: web.Request) -> Any:
    if request.content_type.startswith("multipart/"):
        return {"multipart": request.content_length}
    raw = await request.read()
    if not raw:
        return None
    if request.content_type == "application/x-www-form-urlencoded":
        return {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
    try:
        return orjson.loads(raw)
    except ValueError:
        return raw[:2000].decode(errors="replace")


def _body(response: web.StreamResponse) -> Any:
    body = getattr(response, "body", None)
    if not isinstance(body, bytes) or len(body) > LOGGED_BYTES:
        return None
    try:
        return orjson.loads(body)
    except ValueError:
        return body[:2000].decode(errors="replace")
