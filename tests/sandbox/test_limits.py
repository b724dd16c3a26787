"""Tokens, errors, limits and injected faults: behaviours 35–39 of platform.md section 12."""

import asyncio
from typing import Any

import aiohttp
import pytest

from bot.sandbox.platform import Limiter
from tests.sandbox.wire_client import APP_ID, APP_SECRET, Wire

BATCH = "/v1.0/robot/oToMessages/batchSend"
RECALL = "/v1.0/robot/otoMessages/batchRecall"
SCOPES = "/auth/scopes"
BODY = {"robotCode": APP_ID, "userIds": ["lina04"], "msgKey": "sampleText", "msgParam": '{"content":"x"}'}


async def gettoken(wire: Wire, secret: str = APP_SECRET) -> dict[str, Any]:
    status, answer = await wire.api("GET", f"/gettoken?appkey={APP_ID}&appsecret={secret}")
    assert status == 200
    return dict(answer)


async def test_b35_all_three_calls_give_the_same_token_while_it_is_valid(wire: Wire) -> None:
    new = await wire.api("POST", "/v1.0/oauth2/accessToken", {"appKey": APP_ID, "appSecret": APP_SECRET})
    assert new[1]["expireIn"] == 7200
    old = await gettoken(wire)
    assert old == {"errcode": 0, "errmsg": "ok", "access_token": new[1]["accessToken"], "expires_in": 7200}
    body = {"client_id": APP_ID, "client_secret": APP_SECRET, "grant_type": "client_credentials"}
    corp = await wire.api("POST", "/v1.0/oauth2/dingcorp0001/token", body)
    assert corp == (200, {"access_token": old["access_token"], "expires_in": 7200})
    assert (await wire.api("POST", "/v1.0/oauth2/dingother/token", body))[0] == 400
    assert (await wire.api("POST", "/v1.0/oauth2/dingcorp0001/token", {**body, "grant_type": "x"}))[0] == 400
    await wire.control("POST", "/clock", {"advance_seconds": 7000})
    assert (await gettoken(wire))["access_token"] == old["access_token"]  # renewed
    await wire.control("POST", "/clock", {"advance_seconds": 7000})
    assert (await wire.api("GET", f"{SCOPES}?access_token={old['access_token']}"))[1].get("errcode") != 42001


async def test_b35_wrong_secrets(wire: Wire) -> None:
    status, answer = await wire.api("POST", "/v1.0/oauth2/accessToken", {"appKey": APP_ID, "appSecret": "x"})
    assert (status, answer["code"]) == (400, "invalidClientIdOrSecret")
    assert (await gettoken(wire, "x"))["errcode"] == 40089


async def test_b35_a_token_expires_by_time_and_by_force(wire: Wire) -> None:
    token = await wire.token()
    assert (await wire.api("POST", BATCH, BODY, token=token))[0] == 200
    await wire.control("POST", "/clock", {"advance_seconds": 7201})
    status, answer = await wire.api("POST", BATCH, BODY, token=token)
    assert (status, answer["code"]) == (400, "InvalidAuthentication")
    assert (await wire.api("GET", f"{SCOPES}?access_token={token}"))[1]["errcode"] == 42001
    fresh = await wire.token()
    assert fresh != token
    assert (await wire.api("POST", BATCH, BODY, token=fresh))[0] == 200
    await wire.control("POST", "/tokens", {"do": "expire"})
    await wire.knobs(invalid_token_status=401)
    assert (await wire.api("POST", BATCH, BODY, token=fresh))[0] == 401
    status, old = await wire.api("GET", f"{SCOPES}?access_token={fresh}")
    assert (status, old["errcode"]) == (200, 40014)
    assert await wire.token() != fresh


async def test_b36_a_token_in_the_wrong_place_does_not_count(wire: Wire) -> None:
    token = await wire.token()
    nowhere: dict[str, str] = {}
    for headers, query in (
        ({"Authorization": f"Bearer {token}"}, nowhere),
        ({"access_token": token}, nowhere),
        (nowhere, {"access_token": token}),
    ):
        body = {**BODY, "access_token": token}
        async with wire.session.post(wire.url + BATCH, json=body, headers=headers, params=query) as response:
            assert response.status == 400
            assert (await response.json())["code"] == "InvalidAuthentication"
    async with wire.session.get(wire.url + SCOPES, headers={"x-acs-dingtalk-access-token": token}) as response:
        assert (await response.json())["errcode"] == 40014
    old_body = {"access_token": token, "dept_id": 1}
    assert (await wire.api("POST", "/topapi/v2/department/get", old_body))[1]["errcode"] == 40014
    assert (await wire.api("POST", BATCH, BODY, token="a token of another app"))[0] == 400


async def test_b37_a_missing_permission_is_told_in_both_families(wire: Wire) -> None:
    await wire.knobs(denied_permissions=["qyapi_robot_sendmsg", "qyapi_get_department_list"])
    status, answer = await wire.call("POST", BATCH, BODY)
    assert (status, answer["code"]) == (403, "Forbidden.AccessDenied.AccessTokenPermissionDenied")
    assert answer["accessdenieddetail"] == {"requiredScopes": ["qyapi_robot_sendmsg"]}
    path = f"/topapi/v2/department/listsub?access_token={await wire.token()}"
    status, answer = await wire.api("POST", path, {"dept_id": 1})
    assert (status, answer["errcode"]) == (200, 60011)


async def test_b38_more_than_20_a_second_are_refused_per_api(wire: Wire) -> None:
    token = await wire.token()
    answers = await asyncio.gather(*(wire.api("POST", BATCH, BODY, token=token) for _ in range(30)))
    refused = [answer for status, answer in answers if status == 403]
    assert refused
    assert {answer["code"] for answer in refused} == {"Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"}
    assert (await wire.api("POST", RECALL, {"robotCode": APP_ID}, token=token))[1]["code"] != refused[0]["code"]
    assert (await wire.control("GET", "/quota"))["api"] == 31 - len(refused)
    path = f"/topapi/v2/user/list?access_token={token}"
    old = await asyncio.gather(*(wire.api("POST", path, {"dept_id": 1}) for _ in range(25)))
    assert 90018 in [answer["errcode"] for _, answer in old]
    assert {status for status, _ in old} == {200}


def test_b38_the_limit_is_20_in_any_one_second() -> None:
    limiter = Limiter()
    assert all(limiter.allow("POST /a", 20, 0.5 + number / 100) for number in range(20))
    assert not limiter.allow("POST /a", 20, 1.499)
    assert limiter.allow("GET /a", 20, 1.499)
    assert limiter.allow("POST /a", 20, 1.5)
    assert not limiter.allow("POST /a", 20, 1.505)
    assert limiter.allow("POST /a", 0, 1.505)


async def test_b38_the_monthly_quota_ends_and_begins_anew(wire: Wire) -> None:
    await wire.knobs(monthly_api=2)
    assert [(await wire.call("POST", BATCH, BODY))[0] for _ in range(3)] == [200, 200, 403]
    assert (await wire.call("POST", BATCH, BODY))[1]["code"] == "Forbidden.AccessDenied.ApiCountLimitForOrg"
    quota = await wire.control("GET", "/quota")
    assert (quota["month"], quota["api"]) == ("2026-03", 2)
    assert quota["exempt"] == 4  # the token calls
    await wire.control("POST", "/clock", {"now": "2026-04-01T00:00:00+08:00"})
    assert (await wire.control("GET", "/quota")) == {"month": "2026-04", "api": 0, "webhook_stream": 0, "exempt": 0}
    assert (await wire.call("POST", BATCH, BODY))[0] == 200


@pytest.mark.parametrize(
    ("do", "status", "counted"),
    [
        ({"status": 429, "body": {"code": "systemBusy", "message": "busy"}}, 429, 0),
        ({"status": 500, "body": {"code": "system.busy"}}, 500, 0),
        ({"status": 504, "body": {"code": "service.timeout"}}, 504, 0),
        ({"status": 403, "body": {"code": "Forbidden.AccessDenied.QpsLimitForApi"}}, 403, 0),
        ({"status": 200, "body": {"errcode": 90002, "errmsg": "x"}}, 200, 0),
        ({"status": 400, "body": {"code": "param.invalid"}}, 400, 1),
        ({"status": 200, "body": {"status": 1111, "wait": 5, "source": "x5", "punish": "deny"}}, 200, 0),
        ({"html": "<html>punish</html>"}, 200, 0),
        ({"delay_ms": 30}, 200, 1),
    ],
)
async def test_b38_answers_can_be_injected(wire: Wire, do: dict[str, Any], status: int, counted: int) -> None:
    await wire.control("POST", "/faults", {"path": "/v1.0/robot", "method": "POST", "times": 1, "do": do})
    got, answer = await wire.call("POST", BATCH, BODY)
    assert got == status
    if "html" in do:
        assert answer == do["html"]
    elif "body" in do:
        assert answer == do["body"]
    assert (await wire.control("GET", "/quota"))["api"] == counted
    assert len(await wire.inbox("lina04")) == (1 if "delay_ms" in do else 0)
    assert (await wire.call("POST", BATCH, BODY))[0] == 200


async def test_b38_connections_hang_and_are_reset(wire: Wire) -> None:
    token = await wire.token()
    await wire.control("POST", "/faults", {"path": BATCH, "times": 1, "do": {"reset": True}})
    with pytest.raises(aiohttp.ClientError):
        await wire.api("POST", BATCH, BODY, token=token)
    await wire.control("POST", "/faults", {"path": BATCH, "times": 1, "do": {"hang": True}})
    with pytest.raises(TimeoutError):
        await wire.api("POST", BATCH, BODY, token=token, timeout=aiohttp.ClientTimeout(total=0.2))
    assert await wire.inbox("lina04") == []
    calls = (await wire.control("GET", "/calls"))["items"]
    assert [call["status"] for call in calls if call["path"] == BATCH] == [None, None]
    # The answer may also get lost after the work was done.
    await wire.control("POST", "/faults", {"path": BATCH, "times": 1, "do": {"reset": True, "after": True}})
    with pytest.raises(aiohttp.ClientError):
        await wire.api("POST", BATCH, BODY, token=token)
    assert len(await wire.inbox("lina04")) == 1
    assert (await wire.control("GET", "/idle?wait=5"))["idle"] is True


async def test_a_fault_strikes_only_what_it_names(wire: Wire) -> None:
    do = {"status": 500, "body": {}}
    await wire.control("POST", "/faults", {"path": BATCH, "match": {"userIds": "lina04"}, "do": do})
    await wire.control("POST", "/faults", {"path": "/topapi", "match": {"dept_id": 101}, "do": do})
    await wire.control("POST", "/faults", {"path": "/v1.0/robot", "method": "GET", "do": do})
    assert (await wire.call("POST", BATCH, BODY))[0] == 500
    assert (await wire.call("POST", BATCH, {**BODY, "userIds": ["wang03"]}))[0] == 200
    path = f"/topapi/v2/department/get?access_token={await wire.token()}"
    assert (await wire.api("POST", path, {"dept_id": 101}))[0] == 500
    assert (await wire.api("POST", path, {"dept_id": 1}))[0] == 200
    assert (await wire.call("GET", "/v1.0/robot/oToMessages/readStatus"))[0] == 500
    assert (await wire.call("POST", BATCH, BODY))[0] == 500  # without times: until deleted
    await wire.control("DELETE", "/faults")
    assert (await wire.call("POST", BATCH, BODY))[0] == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"path": "/v1.0"},
        {"do": {"status": 500}},
        {"path": "/v1.0", "do": {"explode": True}},
        {"path": "/v1.0", "do": {"drop_ack": True}},
        {"push": "bot", "do": {"status": 500}},
        {"push": "mail", "do": {"drop_ack": True}},
        {"path": "/v1.0", "times": 0, "do": {"status": 500}},
        {"path": "/v1.0", "do": {"status": "x"}},
        {"path": "/v1.0", "do": {"after": True}},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(wire: Wire, fault: dict[str, Any]) -> None:
    assert (await wire.control("POST", "/faults", fault, status=400))["code"] == "bad_request"


async def test_b39_each_family_fails_in_its_own_manner(wire: Wire) -> None:
    status, new = await wire.call("POST", "/v1.0/robot/no/such/call", {})
    assert (status, set(new)) == (404, {"code", "message", "requestid"})
    token = await wire.token()
    status, old = await wire.api("POST", f"/topapi/no/such/call?access_token={token}", {})
    assert (status, set(old)) == (200, {"errcode", "errmsg", "request_id"})
    async with wire.session.post(
        wire.url + BATCH, data=b"{no json", headers={"x-acs-dingtalk-access-token": token}
    ) as response:
        assert response.status == 400
        assert "requestid" in await response.json()
    async with wire.session.post(f"{wire.url}/topapi/v2/user/get?access_token={token}", data=b"[1]") as response:
        assert response.status == 200
        assert (await response.json())["errcode"] == 40035


async def test_calls_are_listed_with_secrets_masked(wire: Wire) -> None:
    token = await wire.token()
    await gettoken(wire)
    await wire.api("GET", f"{SCOPES}?access_token={token}")
    await wire.api("POST", BATCH, BODY, token=token)
    await wire.api("POST", BATCH, {**BODY, "msgKey": "x"}, token=token)
    page = await wire.control("GET", "/calls")
    assert (page["next"], [item["seq"] for item in page["items"]]) == (5, [1, 2, 3, 4, 5])
    first, second, third, fourth, fifth = page["items"]
    assert first["request"] == {"appKey": APP_ID, "appSecret": "***"}
    assert first["response"] == {"accessToken": "***", "expireIn": 7200}
    assert second["query"] == {"appkey": APP_ID, "appsecret": "***"}
    assert third["query"] == {"access_token": "***"}
    assert (fourth["method"], fourth["path"], fourth["status"], fourth["request"]) == ("POST", BATCH, 200, BODY)
    assert fourth["response"]["invalidStaffIdList"] == []
    assert (fifth["status"], fifth["response"]["code"]) == (400, "msgKey.invalid")
    assert [item["quota"] for item in page["items"]] == ["exempt", "exempt", "exempt", "api", "api"]
    assert APP_SECRET not in str(page)
    assert token not in str(page)
    assert (await wire.control("GET", "/calls?after=4"))["items"] == [fifth]
