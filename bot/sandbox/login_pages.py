"""What a person's browser meets: the web login page, and the app's pages as opened inside DingTalk (7.1–7.3).

`POST /sandbox/v1/h5` gives an address of the app's page that logs one person in once. The page may load
`/page/dd.js`, a stand-in for DingTalk's JSAPI that knows by the same address whose phone it is on.
"""

import uuid
from collections.abc import Awaitable, Callable
from html import escape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import orjson
from aiohttp import web

from bot.sandbox.company_records import Person
from bot.sandbox.control import V1, read_body
from bot.sandbox.errors import ControlError, bad, not_found
from bot.sandbox.login_grants import check_signature, grants_of, new_code
from bot.sandbox.state import Sandbox

Handler = Callable[[web.Request], Awaitable[web.Response]]

SHOWN_PEOPLE = 200
SESSION = "dd_session"

_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>钉钉登录</title><style>
body{font:16px/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;margin:0;background:#f2f3f5;color:#171a1d}
main{max-width:26rem;margin:0 auto;padding:1.5rem 1rem}h1{font-size:1.25rem;margin:0 0 .25rem}
p{margin:.25rem 0 1rem;color:#5c6166}ul{list-style:none;margin:1rem 0;padding:0;background:#fff;border-radius:12px}
li a{display:block;padding:.8rem 1rem;color:inherit;text-decoration:none;border-bottom:1px solid #f0f1f2}
li small{color:#747a80}input{width:100%;box-sizing:border-box;font:inherit;padding:.6rem .8rem;border:1px solid #d8dade;
border-radius:10px}.no{color:#747a80}</style></head><body><main>
"""


def with_query(url: str, **values: str) -> str:
    """Return the address with these values in its query, replacing those of the same name; `#…` stays."""
    parts = urlsplit(url)
    kept = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key not in values]
    return urlunsplit(parts._replace(query=urlencode([*kept, *values.items()])))


def unwrapped(url: str) -> str:
    """Return the page behind a `dingtalk://` link (platform.md 2.5), or the address itself."""
    if not url.startswith("dingtalk://"):
        return url
    query = parse_qs(urlsplit(url).query)
    for key in ("redirect_url", "url"):
        if query.get(key):
            return query[key][0]
    raise bad("url: 这个 dingtalk 链接里没有网页地址")


def app_page(sandbox: Sandbox, userid: str, url: str) -> str:
    """Return the app's page for one person: a fresh code in the query, and the session for `/page/dd.js`."""
    page = unwrapped(url)
    if urlsplit(page).scheme not in {"http", "https"} or not urlsplit(page).netloc:
        raise bad("url: 应为 http 或 https 地址")
    if sandbox.company.known_person(userid) is None:
        raise not_found(f"person {userid}")
    session = uuid.uuid4().hex
    grants_of(sandbox).sessions[session] = userid
    code = new_code(sandbox, userid, "in_app")
    added = {"authCode": code, "code": code, "corpId": sandbox.company.corp_id, SESSION: session}
    return with_query(page, **added)


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Web login, `/h5` of the control plane, and what `dd.js` asks."""

    async def authorize(request: web.Request) -> web.Response:
        query = dict(request.query)
        scope = _check_authorize(sandbox, query)
        back = query["redirect_uri"]
        state = {"state": query["state"]} if "state" in query else {}
        userid = query.get("as")
        if query.get("deny"):
            return _redirect(with_query(back, error="access_denied", **state))
        if userid is None:
            page = _picker(sandbox, request.rel_url.path, query)
            return web.Response(text=page, content_type="text/html", headers={"Cache-Control": "no-store"})
        if sandbox.company.known_person(userid) is None:
            return _redirect(with_query(back, error="user_not_exist", **state))
        code = new_code(sandbox, userid, "web", scope)
        return _redirect(with_query(back, authCode=code, code=code, **state))

    async def open_page(request: web.Request) -> web.Response:
        body = await read_body(request)
        userid, url = body.get("as"), body.get("url")
        if not isinstance(userid, str) or not isinstance(url, str):
            raise bad("as、url：都要给")
        return web.json_response({"url": app_page(sandbox, userid, url)})

    def whose(request: web.Request) -> str:
        userid = grants_of(sandbox).sessions.get(request.match_info["session"])
        if userid is None:
            raise not_found("session")
        return userid

    def crossing(handler: Handler) -> Handler:
        """Also refusals must be readable from the app's origin."""

        async def run(request: web.Request) -> web.Response:
            try:
                answer = await handler(request)
            except ControlError as refusal:
                answer = refusal.response()
            answer.headers.update(_OPEN)
            return answer

        return run

    @crossing
    async def fresh_code(request: web.Request) -> web.Response:
        """`dd.requestAuthCode`: another code for whose phone it is; corpId and clientId must be ours."""
        userid, asked = whose(request), await _loose_body(request)
        if asked.get("corpId") not in {None, sandbox.company.corp_id}:
            raise ControlError(400, "bad_corp_id", "corpId 不是这家企业")
        if asked.get("clientId") not in {None, sandbox.app.client_id}:
            raise ControlError(400, "bad_client_id", "clientId 不是这个应用")
        return web.json_response({"code": new_code(sandbox, userid, "in_app")})

    @crossing
    async def config(request: web.Request) -> web.Response:
        """`dd.config`: is the signature right?"""
        whose(request)
        return web.json_response(signature_answer(sandbox, await _loose_body(request)))

    async def check(request: web.Request) -> web.Response:
        return web.json_response(signature_answer(sandbox, await read_body(request)))

    return [
        web.get("/oauth2/auth", authorize),
        web.post(f"{V1}/h5", open_page),
        web.post(f"{V1}/jsapi/check", check),
        web.post("/h5/{session}/code", fresh_code),
        web.post("/h5/{session}/config", config),
    ]


_OPEN = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
"""The app's page comes from another port, so the shim's questions cross origins."""


def _redirect(url: str) -> web.Response:
    return web.Response(status=302, headers={"Location": url, "Cache-Control": "no-store"})


async def _loose_body(request: web.Request) -> dict[str, Any]:
    """JSON sent as text/plain, so that the browser asks no permission first."""
    try:
        body = orjson.loads(await request.read() or b"{}")
    except ValueError as wrong:
        raise bad("the body is no JSON") from wrong
    if not isinstance(body, dict):
        raise bad("the body is no JSON object")
    return body


def _check_authorize(sandbox: Sandbox, query: dict[str, str]) -> tuple[str, ...]:
    """Return the scope asked for; raise ControlError for what DingTalk's page shows an error for."""
    back = urlsplit(query.get("redirect_uri", ""))
    if back.scheme not in {"http", "https"} or not back.netloc:
        raise bad("redirect_uri: 应为 http 或 https 地址")
    if query.get("client_id") != sandbox.app.client_id:
        raise bad("client_id: 不是这个应用")
    if query.get("response_type") != "code":
        raise bad("response_type: 应为 code")
    scope = tuple(query.get("scope", "").split())
    if "openid" not in scope or not set(scope) <= {"openid", "corpid"}:
        raise bad("scope: 应为 openid 或 openid corpid")
    return scope


def _picker(sandbox: Sandbox, path: str, query: dict[str, str]) -> str:
    wanted = query.pop("q", "").strip()
    people = [person for person in sandbox.company.people.values() if wanted in person.name or wanted in person.userid]
    hidden = "".join(
        f'<input type="hidden" name="{escape(key)}" value="{escape(value)}">' for key, value in query.items()
    )
    rows = "".join(_row(one, path, query) for one in people[:SHOWN_PEOPLE])
    more = len(people) - SHOWN_PEOPLE
    note = f"<p>还有 {more} 人，输入姓名查找。</p>" if more > 0 else ""
    deny = escape(f"{path}?{urlencode(query | {'deny': '1'})}")
    return (
        f"{_PAGE}<h1>用钉钉登录</h1><p>你是谁？选一个人登录。</p>"
        f'<form>{hidden}<input name="q" value="{escape(wanted)}" placeholder="按姓名查找" autofocus></form>'
        f'<ul>{rows}</ul>{note}<p><a class="no" href="{deny}">不同意登录</a></p></main></body></html>'
    )


def _row(person: Person, path: str, query: dict[str, str]) -> str:
    address = escape(f"{path}?{urlencode(query | {'as': person.userid})}")
    words = f"{escape(person.name)} <small>{escape(person.title or person.userid)}</small>"
    return f'<li><a href="{address}">{words}</a></li>'


def signature_answer(sandbox: Sandbox, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what dd.config gets: ok, or error 52013 with the reason (behaviour 45)."""
    nonce = str(asked.get("nonceStr") or asked.get("noncestr") or "")
    timestamp = str(asked.get("timeStamp") or asked.get("timestamp") or "")
    state = check_signature(
        sandbox,
        url=str(asked.get("url") or ""),
        nonce=nonce,
        timestamp=timestamp,
        signature=str(asked.get("signature") or ""),
    )
    if asked.get("corpId") not in {None, sandbox.company.corp_id}:
        return {"ok": False, "errorCode": 52013, "errorMessage": "corpId 不是这家企业"}
    if str(asked.get("agentId") or sandbox.app.agent_id) != str(sandbox.app.agent_id):
        return {"ok": False, "errorCode": 52013, "errorMessage": "agentId 不是这个应用"}
    match state:
        case "ok":
            return {"ok": True, "algorithm": "sha256"}
        case "sha1":
            return {"ok": True, "algorithm": "sha1", "deprecated": "签名用了 SHA-1；现在的文档用 SHA-256"}
        case "no_ticket":
            return {"ok": False, "errorCode": 52013, "errorMessage": "jsapi_ticket 不存在或已过期"}
        case "mismatch":
            return {"ok": False, "errorCode": 52013, "errorMessage": "签名校验失败"}
