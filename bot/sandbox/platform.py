"""What every platform request meets: the call log, injected faults, the rate limit, the monthly quota."""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.sandbox.clock import iso
from bot.sandbox.errors import OapiError, PlatformError, SandboxError
from bot.sandbox.state import Sandbox

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

EXEMPT = (
    "/v1.0/gateway", "/v1.0/oauth2", "/gettoken", "/auth/scopes", "/topapi/v2/department", "/topapi/v2/user",
    "/topapi/user", "/topapi/role", "/topapi/inactive", "/v1.0/contact", "/oauth2/", "/call_back",
)  # fmt: skip
WEBHOOK = ("/robot/sendBySession",)
SECRETS = {
    "clientSecret", "appSecret", "client_secret", "appsecret", "access_token", "accessToken", "refreshToken",
    "ticket", "jsapiTicket", "code", "authCode",
}  # fmt: skip
UNLOGGED = ("/sandbox/", "/page/", "/connect", "/h5/", "/favicon.ico")


def quota_kind(path: str) -> str:
    """Api | webhook_stream | exempt (platform.md 1.7, 11)."""
    if path.startswith(WEBHOOK):
        return "webhook_stream"
    return "exempt" if path.startswith(EXEMPT) else "api"


def masked(value: Any) -> Any:
    """The same with secrets blotted out, for the call log."""
    if isinstance(value, dict):
        return {k: "***" if k in SECRETS and v else masked(v) for k, v in value.items()}
    if isinstance(value, list):
        return [masked(v) for v in value]
    return value


class Limiter:
    """So many calls per app and API in any one second."""

    def __init__(self) -> None:
        self._calls: dict[str, deque[float]] = defaultdict(deque)

    def allow(self, api: str, qps: int) -> bool:
        """Counts the call if it is allowed."""
        if qps <= 0:
            return True
        now = asyncio.get_running_loop().time()
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
        if path == "/" or path.startswith(UNLOGGED):
            try:
                return await handler(request)
            except SandboxError as refusal:
                return refusal.response()
        sandbox.open_calls += 1
        try:
            return await platform_call(request, handler)
        finally:
            sandbox.open_calls -= 1
            sandbox.last_call = asyncio.get_running_loop().time()

    async def platform_call(request: web.Request, handler: Handler) -> web.StreamResponse:
        path, kind = request.path, quota_kind(request.path)
        body = await _peek(request)
        row = sandbox.calls.add(
            {
                "at": iso(sandbox.clock.now()), "method": request.method, "path": path,
                "query": masked(dict(request.query)), "status": None, "request": masked(body), "response": None,
                "quota": kind,
            }
        )  # fmt: skip
        fault = sandbox.faults.for_request(request.method, path, dict(request.query), body)
        throttled = False
        try:
            if fault is not None and (answer := await _strike(request, fault)) is not None:
                row["status"], row["response"] = answer.status, _body_of(answer)
                return answer
            if (
                not limiter.allow(f"{request.method} {_api(request)}", sandbox.knobs.qps)
                and "/connections/open" not in path
            ):
                throttled = True
                raise (
                    PlatformError(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi", "触发限流")
                    if path.startswith("/v1.0")
                    else OapiError(90018, "您的服务器调用钉钉开放平台所有接口的请求都被暂时禁用了")
                )
            if kind == "api" and 0 < sandbox.knobs.monthly_api <= sandbox.month.api:
                throttled = True
                raise (
                    PlatformError(403, "Forbidden.AccessDenied.ApiCountLimitForOrg", "本月调用量已用完")
                    if path.startswith("/v1.0")
                    else OapiError(90020, "本月调用量已用完")
                )
            response = await handler(request)
        except SandboxError as refusal:
            response = refusal.response()
        except web.HTTPException as missing:
            response = (
                PlatformError(
                    missing.status, "InvalidAction.NotFound", f"Specified api is not found: {path}"
                ).response()
                if missing.status in (404, 405)
                else missing
            )
        if not throttled:
            setattr(sandbox.month, kind, getattr(sandbox.month, kind) + 1)
        row["status"], row["response"] = response.status, masked(_body_of(response))
        return response

    return run


def _api(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else request.path


async def _strike(request: web.Request, do: dict[str, Any]) -> web.Response | None:
    if "delay_ms" in do:
        await asyncio.sleep(do["delay_ms"] / 1000)
    if do.get("hang"):
        await asyncio.sleep(3600)
    if do.get("reset"):
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)
    if "html" in do:
        return web.Response(text=str(do["html"]), content_type="text/html", status=do.get("status", 200))
    if "status" in do or "body" in do:
        body = do.get("body", {})
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        return web.Response(
            text=text,
            status=do.get("status", 200),
            content_type="application/json",
            headers=do.get("headers"),
        )
    return None


async def _peek(request: web.Request) -> Any:
    if not request.can_read_body:
        return None
    if request.content_type.startswith("multipart/"):
        return {"multipart": request.content_length}
    raw = await request.read()
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(await request.post())
    try:
        return json.loads(raw)
    except ValueError:
        return raw[:2000].decode(errors="replace")


def _body_of(response: web.StreamResponse) -> Any:
    body = getattr(response, "body", None)
    if not isinstance(body, bytes) or len(body) > 20000:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body[:2000].decode(errors="replace")
