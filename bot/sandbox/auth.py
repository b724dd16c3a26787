"""Access tokens of both families: one token per app, the same while it is valid (platform.md 5.1, 5.2)."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from aiohttp import web

from bot.sandbox.errors import OapiError, PlatformError, SandboxError
from bot.sandbox.state import Sandbox

LIFE = 7200
_KEY = "app_token"


@dataclass(slots=True)
class AppToken:
    """The app's token; valid until then by the sandbox's clock."""

    value: str
    until: datetime


def issue(sandbox: Sandbox) -> str:
    """The app's token: the present one, renewed, or a new one."""
    token: AppToken | None = sandbox.memory.get(_KEY)
    now = sandbox.clock.now()
    if token is None or token.until <= now:
        token = sandbox.memory[_KEY] = AppToken(uuid.uuid4().hex, now)
    token.until = now + timedelta(seconds=LIFE)
    return token.value


def expire(sandbox: Sandbox) -> None:
    """Every token given out, the app's and people's, is invalid from now."""
    sandbox.memory.pop(_KEY, None)
    sandbox.memory.pop("user_tokens", None)


def _refusal(sandbox: Sandbox, value: str, *, old: bool) -> SandboxError | None:
    token: AppToken | None = sandbox.memory.get(_KEY)
    if token is not None and value and value == token.value:
        if token.until > sandbox.clock.now():
            return None
        if old:
            return OapiError(42001, "access_token超时")
    if old:
        return OapiError(40014, "不合法的access_token")
    return PlatformError(sandbox.knobs.invalid_token_status, "InvalidAuthentication", "不合法的access_token")


def require_app(sandbox: Sandbox, request: web.Request, permission: str = "") -> None:
    """New style: the token stands in the header `x-acs-dingtalk-access-token`; anywhere else it does not count.

    Raises:
        PlatformError: InvalidAuthentication, or 403 when the permission point is switched off.
    """
    if refusal := _refusal(sandbox, request.headers.get("x-acs-dingtalk-access-token", ""), old=False):
        raise refusal
    if permission and permission in sandbox.knobs.denied_permissions:
        raise PlatformError(
            403,
            "Forbidden.AccessDenied.AccessTokenPermissionDenied",
            f"应用尚未开通所需的权限：[{permission}]",
            accessdenieddetail={"requiredScopes": [permission]},
        )


def require_oapi(sandbox: Sandbox, request: web.Request, permission: str = "") -> None:
    """Old style: the token stands in the query as `access_token`; in the body or a header it does not count.

    Raises:
        OapiError: 40014 unknown, 42001 expired, 60011 when the permission point is switched off.
    """
    if refusal := _refusal(sandbox, request.query.get("access_token", ""), old=True):
        raise refusal
    if permission and permission in sandbox.knobs.denied_permissions:
        raise OapiError(
            60011, "没有调用该接口的权限", sub_code="60011", sub_msg=f"应用尚未开通所需的权限：[{permission}]"
        )


async def body_of(request: web.Request) -> dict[str, Any]:
    """The request's JSON object or form fields; an empty body is an empty object.

    Raises:
        PlatformError, OapiError: the body is something else; the family follows the path.
    """
    if request.content_type == "application/x-www-form-urlencoded":
        form = await request.post()
        return {key: value for key, value in form.items() if isinstance(value, str)}
    raw = await request.read()
    try:
        body = orjson.loads(raw) if raw.strip() else {}
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    if request.path.startswith("/v1.0"):
        raise PlatformError(400, "invalidParameter", "请求体不是合法的JSON对象")
    raise OapiError(40035, "不合法的参数")


def require_secret(sandbox: Sandbox, key: Any, secret: Any, status: int = 400) -> None:
    """Checks clientId and clientSecret. Raises PlatformError invalidClientIdOrSecret."""
    if key != sandbox.app.client_id or secret != sandbox.app.client_secret:
        raise PlatformError(status, "invalidClientIdOrSecret", "无效的clientId或者clientSecret")


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Token calls."""

    async def access_token(request: web.Request) -> web.Response:
        body = await body_of(request)
        require_secret(sandbox, body.get("appKey"), body.get("appSecret"))
        return web.json_response({"accessToken": issue(sandbox), "expireIn": LIFE})

    async def corp_token(request: web.Request) -> web.Response:
        body = await body_of(request)
        require_secret(sandbox, body.get("client_id"), body.get("client_secret"))
        if request.match_info["corp_id"] != sandbox.company.corp_id:
            raise PlatformError(400, "invalidParameter.corpId", "无效的corpId")
        if body.get("grant_type") != "client_credentials":
            raise PlatformError(400, "invalidParameter.grantType", "grant_type必须是client_credentials")
        return web.json_response({"access_token": issue(sandbox), "expires_in": LIFE})

    async def gettoken(request: web.Request) -> web.Response:
        given = (request.query.get("appkey"), request.query.get("appsecret"))
        if given != (sandbox.app.client_id, sandbox.app.client_secret):
            raise OapiError(40089, "不合法的corpid或corpsecret")
        answer = {"errcode": 0, "errmsg": "ok", "access_token": issue(sandbox), "expires_in": LIFE}
        return web.json_response(answer)

    return [
        web.post("/v1.0/oauth2/accessToken", access_token),
        web.post("/v1.0/oauth2/{corp_id}/token", corp_token),
        web.get("/gettoken", gettoken),
    ]
