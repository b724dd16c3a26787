"""Access tokens of both families: one token per app, the same while it is valid (platform.md 5.1)."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.sandbox.errors import OapiError, PlatformError
from bot.sandbox.state import Sandbox

LIFE = 7200


def issue(sandbox: Sandbox) -> str:
    """The app's token: the present one, renewed, or a new one."""
    token = sandbox.memory.get("token")
    now = sandbox.clock.now()
    if token is None or token["until"] <= now:
        token = {"value": uuid.uuid4().hex}
        sandbox.memory["token"] = token
    token["until"] = now + timedelta(seconds=LIFE)
    return str(token["value"])


def expire(sandbox: Sandbox) -> None:
    """Every token given out is invalid from now."""
    sandbox.memory.pop("token", None)
    sandbox.memory.pop("user_tokens", None)


def _valid(sandbox: Sandbox, value: str) -> bool:
    token = sandbox.memory.get("token")
    until: datetime | None = token["until"] if token else None
    return bool(token and token["value"] == value and until and until > sandbox.clock.now())


def require_app(sandbox: Sandbox, request: web.Request, permission: str = "") -> None:
    """New style: header `x-acs-dingtalk-access-token`; anywhere else it does not count."""
    value = request.headers.get("x-acs-dingtalk-access-token", "")
    if not value or not _valid(sandbox, value):
        raise PlatformError(
            sandbox.knobs.invalid_token_status, "InvalidAuthentication", "不合法的access_token"
        )
    if permission and permission in sandbox.knobs.denied_permissions:
        raise PlatformError(
            403, "Forbidden.AccessDenied.AccessTokenPermissionDenied", "应用尚未开通所需的权限：[" + permission + "]",
            accessdenieddetail={"requiredScopes": [permission]},
        )  # fmt: skip


def require_oapi(sandbox: Sandbox, request: web.Request, permission: str = "") -> None:
    """Old style: query `access_token`; in the body it does not count."""
    value = request.query.get("access_token", "")
    if not value or not _valid(sandbox, value):
        raise OapiError(40014, "不合法的access_token")
    if permission and permission in sandbox.knobs.denied_permissions:
        raise OapiError(
            60011, "没有调用该接口的权限", sub_code="60011", sub_msg=f"应用尚未开通所需的权限：[{permission}]"
        )


async def body_of(request: web.Request) -> dict[str, Any]:
    """The request's JSON object (or form fields); anything else is a 400 of the right family."""
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(await request.post())
    try:
        body = await request.json() if request.can_read_body else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        if request.path.startswith("/v1.0"):
            raise PlatformError(400, "invalidParameter", "请求体不是合法的JSON对象")
        raise OapiError(40035, "不合法的参数")
    return body


def _check_pair(sandbox: Sandbox, key: Any, secret: Any) -> None:
    if key != sandbox.app.client_id or secret != sandbox.app.client_secret:
        raise PlatformError(400, "invalidClientIdOrSecret", "无效的clientId或者clientSecret")


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Token calls."""

    async def access_token(request: web.Request) -> web.Response:
        body = await body_of(request)
        _check_pair(sandbox, body.get("appKey"), body.get("appSecret"))
        return web.json_response({"accessToken": issue(sandbox), "expireIn": LIFE})

    async def corp_token(request: web.Request) -> web.Response:
        body = await body_of(request)
        _check_pair(sandbox, body.get("client_id"), body.get("client_secret"))
        if request.match_info["corp_id"] != sandbox.company.corp_id:
            raise PlatformError(400, "invalidCorpId", "无效的corpId")
        if body.get("grant_type") != "client_credentials":
            raise PlatformError(400, "invalidParameter.grant_type", "grant_type")
        return web.json_response({"access_token": issue(sandbox), "expires_in": LIFE})

    async def gettoken(request: web.Request) -> web.Response:
        if (request.query.get("appkey"), request.query.get("appsecret")) != (
            sandbox.app.client_id, sandbox.app.client_secret
        ):  # fmt: skip
            raise OapiError(40089, "不合法的corpid或corpsecret")
        return web.json_response(
            {"errcode": 0, "errmsg": "ok", "access_token": issue(sandbox), "expires_in": LIFE}
        )

    return [
        web.post("/v1.0/oauth2/accessToken", access_token),
        web.post("/v1.0/oauth2/{corp_id}/token", corp_token),
        web.get("/gettoken", gettoken),
    ]
