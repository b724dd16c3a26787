"""Codes, tokens, pages and signatures (behaviours 44 and 45)."""

import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.sandbox.old_calls import old, result
from tests.sandbox.wire_client import APP_ID, APP_SECRET, Wire

BACK = "http://127.0.0.1:9/callback?from=here"


async def h5(wire: Wire, userid: str, url: str = "http://127.0.0.1:9/app?x=1#/pool") -> dict[str, str]:
    """The query of the address for that person."""
    address = (await wire.control("POST", "/h5", {"as": userid, "url": url}))["url"]
    assert address.startswith("http://127.0.0.1:9/app?x=1&")
    assert address.endswith("#/pool")
    return {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}


async def authorize(wire: Wire, **changes: str) -> tuple[int, str, str]:
    """The login page: status, where it leads, what it shows."""
    query = {
        "redirect_uri": BACK,
        "response_type": "code",
        "client_id": APP_ID,
        "scope": "openid corpid",
        "state": "a b",
    }
    address = f"{wire.url}/oauth2/auth?{urlencode(query | changes)}"
    async with wire.session.get(address, allow_redirects=False) as response:
        return response.status, response.headers.get("Location", ""), await response.text()


async def web_code(wire: Wire, userid: str = "lina04", **changes: str) -> str:
    """A code of the login page."""
    status, location, _ = await authorize(wire, **{"as": userid, **changes})
    assert status == 302
    query = parse_qs(urlsplit(location).query)
    assert (query["from"], query["state"]) == (["here"], ["a b"])
    assert query["authCode"] == query["code"]
    return query["code"][0]


async def grant(wire: Wire, **fields: str) -> tuple[int, Any]:
    """userAccessToken."""
    body = {"clientId": APP_ID, "clientSecret": APP_SECRET, **fields}
    return await wire.api("POST", "/v1.0/oauth2/userAccessToken", body)


async def test_b44_a_code_of_the_client_works_once(wire: Wire) -> None:
    query = await h5(wire, "wang03")
    assert query["authCode"] == query["code"]
    assert query["corpId"] == "dingcorp0001"
    person = await result(wire, "/topapi/v2/user/getuserinfo", {"code": query["code"]})
    assert (person["userid"], person["name"], person["sys"], person["sys_level"]) == ("wang03", "王伟", True, 1)
    await old(wire, "/topapi/v2/user/getuserinfo", {"code": query["code"]}, errcode=40078)
    await old(wire, "/topapi/v2/user/getuserinfo", {"code": "made-up"}, errcode=40078)
    await old(wire, "/topapi/v2/user/getuserinfo", {}, errcode=40078)


async def test_b44_a_code_dies_after_five_minutes(wire: Wire) -> None:
    code = (await h5(wire, "lina04"))["code"]
    fresh = (await h5(wire, "lina04"))["code"]
    await wire.control("POST", "/clock", {"advance_seconds": 299})
    assert (await result(wire, "/topapi/v2/user/getuserinfo", {"code": fresh}))["userid"] == "lina04"
    await wire.control("POST", "/clock", {"advance_seconds": 2})
    await old(wire, "/topapi/v2/user/getuserinfo", {"code": code}, errcode=40078)


async def test_b44_the_two_kinds_of_code_are_not_exchangeable(wire: Wire) -> None:
    await old(wire, "/topapi/v2/user/getuserinfo", {"code": await web_code(wire)}, errcode=40078)
    code = (await h5(wire, "lina04"))["code"]
    status, answer = await grant(wire, code=code, grantType="authorization_code")
    assert (status, answer["code"]) == (400, "invalidParameter.authCode.notFound")


async def test_b44_web_login_from_page_to_person(wire: Wire) -> None:
    status, _, page = await authorize(wire)
    assert status == 200
    assert "李娜" in page
    code = await web_code(wire)
    status, granted = await grant(wire, code=code, grantType="authorization_code")
    assert (status, granted["expireIn"], granted["corpId"]) == (200, 7200, "dingcorp0001")
    status, me = await wire.api("GET", "/v1.0/contact/users/me", token=granted["accessToken"])
    assert (status, me["nick"], me["mobile"], me["stateCode"]) == (200, "李娜", "13800000004", "86")
    found = await result(wire, "/topapi/user/getbyunionid", {"unionid": me["unionId"]})
    assert found["userid"] == "lina04"
    assert (await grant(wire, code=code, grantType="authorization_code"))[0] == 400
    status, again = await grant(wire, refreshToken=granted["refreshToken"], grantType="refresh_token")
    assert status == 200
    assert (await wire.api("GET", "/v1.0/contact/users/me", token=again["accessToken"]))[1]["nick"] == "李娜"
    assert (await grant(wire, refreshToken=granted["refreshToken"], grantType="refresh_token"))[0] == 400


async def test_b44_without_corpid_in_the_scope_the_company_is_not_told(wire: Wire) -> None:
    _, granted = await grant(wire, code=await web_code(wire, scope="openid"), grantType="authorization_code")
    assert "corpId" not in granted


async def test_b44_denial_and_wrong_requests(wire: Wire) -> None:
    status, location, _ = await authorize(wire, deny="1")
    assert status == 302
    assert parse_qs(urlsplit(location).query)["error"] == ["access_denied"]
    assert "error" in parse_qs(urlsplit((await authorize(wire, **{"as": "nobody"}))[1]).query)
    for wrong in ({"client_id": "other"}, {"redirect_uri": "javascript:1"}, {"response_type": "token"}, {"scope": "x"}):
        assert (await authorize(wire, **wrong))[0] == 400
    body = {"clientId": APP_ID, "clientSecret": "wrong", "code": "x", "grantType": "authorization_code"}
    status, answer = await wire.api("POST", "/v1.0/oauth2/userAccessToken", body)
    assert (status, answer["code"]) == (400, "invalidClientIdOrSecret")


async def test_b44_user_tokens_are_no_app_tokens_and_end(wire: Wire) -> None:
    _, granted = await grant(wire, code=await web_code(wire), grantType="authorization_code")
    status, answer = await wire.call("GET", "/v1.0/contact/users/me")
    assert (status, answer["code"]) == (400, "InvalidAuthentication")
    await wire.control("POST", "/clock", {"advance_seconds": 7201})
    status, answer = await wire.api("GET", "/v1.0/contact/users/me", token=granted["accessToken"])
    assert (status, answer["code"]) == (400, "accesstoken.expired")
    await wire.control("POST", "/tokens", {"do": "expire"})
    status, answer = await wire.api("GET", "/v1.0/contact/users/me", token=granted["accessToken"])
    assert answer["code"] == "InvalidAuthentication"


async def test_b44_a_leaver_logs_in_as_nobody(wire: Wire) -> None:
    code = (await h5(wire, "lina04"))["code"]
    _, granted = await grant(wire, code=await web_code(wire), grantType="authorization_code")
    await wire.control("DELETE", "/company/users/lina04?silent=1")
    await old(wire, "/topapi/v2/user/getuserinfo", {"code": code}, errcode=60121)
    _, me = await wire.api("GET", "/v1.0/contact/users/me", token=granted["accessToken"])
    await old(wire, "/topapi/user/getbyunionid", {"unionid": me["unionId"]}, errcode=60121)


async def test_the_picker_finds_by_name_and_escapes(wire: Wire) -> None:
    await wire.control("POST", "/company/users?silent=1", {"userid": "x", "name": "<b>周</b>"})
    _, _, page = await authorize(wire, q="周")
    assert "&lt;b&gt;周&lt;/b&gt;" in page
    assert "李娜" not in page


async def test_h5_refuses_what_is_no_page_or_nobody(wire: Wire) -> None:
    await wire.control("POST", "/h5", {"as": "nobody", "url": "http://127.0.0.1/"}, status=404)
    await wire.control("POST", "/h5", {"as": "lina04", "url": "javascript:alert(1)"}, status=400)
    await wire.control("POST", "/h5", {"as": "lina04"}, status=400)
    wrapped = "dingtalk://dingtalkclient/page/link?" + urlencode({"url": "http://127.0.0.1:9/a", "pc_slide": "true"})
    assert (await wire.control("POST", "/h5", {"as": "lina04", "url": wrapped}))["url"].startswith(
        "http://127.0.0.1:9/a?authCode="
    )


async def test_the_shim_asks_for_fresh_codes_of_whose_phone_it_is(wire: Wire) -> None:
    session = (await h5(wire, "zhao05"))["dd_session"]
    async with wire.session.get(f"{wire.url}/page/dd.js") as response:
        assert response.status == 200
        assert "requestAuthCode" in await response.text()

    async def ask(what: str, body: dict[str, Any]) -> tuple[int, Any]:
        headers = {"Origin": "http://127.0.0.1:9", "Content-Type": "text/plain"}
        async with wire.session.post(f"{wire.url}/h5/{what}", json=body, headers=headers) as response:
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            return response.status, await response.json()

    status, answer = await ask(f"{session}/code", {"corpId": "dingcorp0001", "clientId": APP_ID})
    assert status == 200
    assert (await result(wire, "/topapi/v2/user/getuserinfo", {"code": answer["code"]}))["userid"] == "zhao05"
    assert (await ask(f"{session}/code", {"corpId": "dingother"}))[0] == 400
    assert (await ask("made-up/code", {}))[0] == 404
    assert (await ask(f"{session}/config", {"url": "http://127.0.0.1:9/app"}))[1]["errorCode"] == 52013


async def ticket(wire: Wire) -> tuple[str, int]:
    """The JSAPI ticket and its life."""
    status, answer = await wire.call("POST", "/v1.0/oauth2/jsapiTickets", {})
    assert status == 200, answer
    return answer["jsapiTicket"], answer["expireIn"]


async def test_b45_the_ticket_is_renewed_but_never_older_than_24_hours(wire: Wire) -> None:
    await wire.knobs(qps=0)
    first, life = await ticket(wire)
    assert 7199 <= life <= 7200
    for _ in range(23):
        await wire.control("POST", "/clock", {"advance_seconds": 3600})
        assert (await ticket(wire))[0] == first
    assert (await ticket(wire))[1] <= 3600
    await wire.control("POST", "/clock", {"advance_seconds": 3600})
    assert (await ticket(wire))[0] != first


async def test_b45_a_ticket_nobody_renews_ends_after_two_hours(wire: Wire) -> None:
    first, _ = await ticket(wire)
    await wire.control("POST", "/clock", {"advance_seconds": 7201})
    assert (await ticket(wire))[0] != first


async def test_b45_signatures_are_checked(wire: Wire) -> None:
    value, _ = await ticket(wire)
    page = "http://127.0.0.1:9/页面?a=1"
    plain = f"jsapi_ticket={value}&noncestr=n1&timestamp=1700000000&url={page}".encode()
    asked = {
        "url": "http://127.0.0.1:9/%E9%A1%B5%E9%9D%A2?a=1#/deep",
        "nonceStr": "n1",
        "timeStamp": 1700000000,
        "agentId": 100001,
        "corpId": "dingcorp0001",
    }

    async def check(signature: str, **changes: Any) -> Any:
        return await wire.control("POST", "/jsapi/check", {**asked, "signature": signature, **changes})

    right = hashlib.sha256(plain).hexdigest()
    assert await check(right) == {"ok": True, "algorithm": "sha256"}
    assert "SHA-1" in (await check(hashlib.sha1(plain).hexdigest()))["deprecated"]
    for wrong in ({"url": "http://127.0.0.1:9/"}, {"nonceStr": "n2"}, {"corpId": "other"}, {"agentId": 1}):
        assert (await check(right, **wrong))["errorCode"] == 52013
    await wire.control("POST", "/clock", {"advance_seconds": 7201})
    assert (await check(right))["errorCode"] == 52013


async def test_login_costs_no_quota(wire: Wire) -> None:
    before = await wire.control("GET", "/quota")
    code = (await h5(wire, "lina04"))["code"]
    await result(wire, "/topapi/v2/user/getuserinfo", {"code": code})
    await ticket(wire)
    after = await wire.control("GET", "/quota")
    assert after["api"] == before["api"]
    calls = (await wire.control("GET", "/calls"))["items"]
    assert code not in str(calls)
