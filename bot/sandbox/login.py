"""Login by API: in-app codes, user tokens, who somebody is, the JSAPI ticket (platform.md 7.1–7.3).

The pages a person's browser meets are in `login_pages.py`.
"""

from typing import Any

from aiohttp import web

from bot.sandbox import login_pages
from bot.sandbox.auth import body_of, require_app, require_oapi, require_secret
from bot.sandbox.company_records import Person
from bot.sandbox.errors import OapiError, PlatformError
from bot.sandbox.login_grants import (
    TOKEN_LIFE,
    UserToken,
    grants_of,
    jsapi_ticket,
    new_user_tokens,
    redeem,
    user_tokens,
)
from bot.sandbox.state import Sandbox
from bot.sandbox.wire import json_ok, oapi_ok

CONTACT_READ = "Contact.User.Read"
CONTACT_MOBILE = "Contact.User.mobile"


def sys_level(sandbox: Sandbox, person: Person) -> int:
    """Return 100 boss, 1 main administrator (the first), 2 sub administrator, 0 other."""
    if person.boss:
        return 100
    if not person.dingtalk_admin:
        return 0
    first = next(one for one in sandbox.company.people.values() if one.dingtalk_admin)
    return 1 if first.userid == person.userid else 2


def user_info(sandbox: Sandbox, code: Any) -> dict[str, Any]:
    """Return who a code of the client belongs to; raise OapiError 40078 (code) or 60121 (has left)."""
    grant = redeem(sandbox, code, "in_app")
    if grant is None:
        raise OapiError(40078, "不存在的临时授权码")
    person = sandbox.company.person(grant.userid)
    if person is None:
        raise OapiError(60121, "找不到该用户")
    return {
        "userid": person.userid,
        "unionid": person.unionid,
        "associated_unionid": person.unionid,
        "device_id": f"sandbox-{person.userid}",
        "sys": person.dingtalk_admin,
        "sys_level": sys_level(sandbox, person),
        "name": person.name,
    }


def exchange(sandbox: Sandbox, body: dict[str, Any]) -> dict[str, Any]:
    """Return user tokens for a code of the web login or for a refresh token, which is used up by it."""
    require_secret(sandbox, body.get("clientId"), body.get("clientSecret"))
    match body.get("grantType"):
        case "authorization_code":
            code = redeem(sandbox, body.get("code"), "web")
            if code is None:
                raise PlatformError(400, "invalidParameter.authCode.notFound", "不合法的临时授权码")
            userid, scope = code.userid, code.scope
        case "refresh_token":
            refresh = grants_of(sandbox).refresh_tokens.pop(str(body.get("refreshToken")), None)
            if refresh is None or refresh.until < sandbox.clock.now():
                raise PlatformError(400, "invalidParameter.refreshToken.notFound", "不合法的refreshToken")
            userid, scope = refresh.userid, refresh.scope
        case _:
            raise PlatformError(400, "invalidParameter.grantType", "不支持的grantType")
    access, new_refresh = new_user_tokens(sandbox, userid, scope)
    granted: dict[str, Any] = {
        "accessToken": access,
        "refreshToken": new_refresh,
        "expireIn": int(TOKEN_LIFE.total_seconds()),
    }
    return granted | ({"corpId": sandbox.company.corp_id} if "corpid" in scope else {})


def require_user(sandbox: Sandbox, request: web.Request) -> UserToken:
    """Return the grant of the user token in the header; raise PlatformError when unknown or expired."""
    token = user_tokens(sandbox).get(request.headers.get("x-acs-dingtalk-access-token", ""))
    if token is None:
        status = sandbox.knobs.invalid_token_status
        raise PlatformError(status, "InvalidAuthentication", "不合法的access_token")
    if token.until <= sandbox.clock.now():
        raise PlatformError(400, "accesstoken.expired", "用户accessToken已过期")
    if CONTACT_READ in sandbox.knobs.denied_permissions:
        raise PlatformError(
            403,
            "Forbidden.AccessDenied.AccessTokenPermissionDenied",
            f"应用尚未开通所需的权限：[{CONTACT_READ}]",
            accessdenieddetail={"requiredScopes": [CONTACT_READ]},
        )
    return token


def profile(sandbox: Sandbox, userid: str) -> dict[str, Any]:
    """Return somebody's own data; also for one who has left, whose DingTalk account goes on."""
    person = sandbox.company.known_person(userid)
    if person is None:
        raise PlatformError(404, "notFound.user", "用户不存在")
    row = {
        "nick": person.name,
        "avatarUrl": person.avatar,
        "openId": f"op{person.unionid[2:]}",
        "unionId": person.unionid,
        "email": person.email,
    }
    if person.mobile and CONTACT_MOBILE not in sandbox.knobs.denied_permissions:
        row |= {"mobile": person.mobile, "stateCode": "86"}
    return {key: value for key, value in row.items() if value}


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """The API calls, and the pages of `login_pages`."""

    async def getuserinfo(request: web.Request) -> web.Response:
        require_oapi(sandbox, request, "qyapi_get_member")
        return oapi_ok(result=user_info(sandbox, (await body_of(request)).get("code")))

    async def user_access_token(request: web.Request) -> web.Response:
        return json_ok(exchange(sandbox, await body_of(request)))

    async def contact(request: web.Request) -> web.Response:
        token = require_user(sandbox, request)
        person = sandbox.company.known_person(token.userid)
        asked = request.match_info["unionId"]
        if asked != "me" and (person is None or asked != person.unionid):
            raise PlatformError(403, "Forbidden.AccessDenied", "只能读取本人的信息")
        return json_ok(profile(sandbox, token.userid))

    async def tickets(request: web.Request) -> web.Response:
        require_app(sandbox, request)
        ticket = jsapi_ticket(sandbox)
        left = int((ticket.until - sandbox.clock.now()).total_seconds())
        return json_ok({"jsapiTicket": ticket.value, "expireIn": left})

    return [
        web.post("/topapi/v2/user/getuserinfo", getuserinfo),
        web.post("/v1.0/oauth2/userAccessToken", user_access_token),
        web.get("/v1.0/contact/users/{unionId}", contact),
        web.post("/v1.0/oauth2/jsapiTickets", tickets),
        *login_pages.routes(sandbox),
    ]
