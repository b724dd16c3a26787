"""The address book: scope, field rights, paging, spellings (behaviours 40, 41, 43)."""

import asyncio
from typing import Any

import pytest

from bot.sandbox.server import start
from bot.sandbox.state import Sandbox
from tests.sandbox.old_calls import fates, notify, old, result
from tests.sandbox.wire_client import Wire


async def test_b40_outside_the_scope_is_refused_but_four_calls_are_unlimited(wire: Wire) -> None:
    await wire.control("PUT", "/company/scope", {"departments": [101], "users": ["wang03"]})
    status, scopes = await wire.api("GET", f"/auth/scopes?access_token={await wire.token()}")
    assert status == 200
    assert scopes["auth_org_scopes"] == {"authed_user": ["wang03"], "authed_dept": [101]}
    await old(wire, "/topapi/v2/department/listsub", {}, errcode=50004)
    await old(wire, "/topapi/v2/department/get", {"dept_id": 1}, errcode=50004)
    await old(wire, "/topapi/v2/user/list", {"dept_id": 1, "cursor": 0, "size": 10}, errcode=50004)
    assert (await result(wire, "/topapi/v2/user/get", {"userid": "wang03"}))["name"] == "王伟"
    assert await result(wire, "/topapi/v2/department/listsub", {"dept_id": 101}) == []
    await wire.control("PUT", "/company/scope", {"departments": [], "users": ["lina04"]})
    await old(wire, "/topapi/v2/user/get", {"userid": "wang03"}, errcode=50002)
    await old(wire, "/topapi/v2/user/list", {"dept_id": 101, "cursor": 0, "size": 10}, errcode=50004)
    assert await result(wire, "/topapi/v2/department/listsubid", {"dept_id": 1}) == {"dept_id_list": [101]}
    assert await result(wire, "/topapi/v2/department/listparentbyuser", {"userid": "zhao05"}) == {
        "parent_list": [{"parent_dept_id_list": [101, 1]}]
    }
    assert await result(wire, "/topapi/user/listid", {"dept_id": 101}) == {"userid_list": ["lina04", "zhao05"]}
    assert await result(wire, "/topapi/user/count", {"only_active": False}) == {"count": 3}


async def test_b40_fields_vanish_with_their_right_and_when_unset(wire: Wire) -> None:
    await wire.control("PATCH", "/company/users/lina04", {"email": "l@example.com", "extension": '{"爱好":"旅游"}'})
    full = await result(wire, "/topapi/v2/user/get", {"userid": "lina04"})
    assert (full["mobile"], full["email"], full["extension"]) == ("13800000004", "l@example.com", '{"爱好":"旅游"}')
    assert "avatar" not in full
    assert "manager_userid" not in full
    await wire.knobs(hidden_fields=["fieldEmail", "mobile"])
    less = await result(wire, "/topapi/v2/user/get", {"userid": "lina04"})
    assert set(full) - set(less) == {"mobile", "email", "extension"}
    row = (await result(wire, "/topapi/v2/user/list", {"dept_id": 101, "cursor": 0, "size": 10}))["list"][0]
    assert "mobile" not in row
    await wire.control("PATCH", "/company/users/lina04", {"manager": "wang03"})
    assert (await result(wire, "/topapi/v2/user/get", {"userid": "lina04"}))["manager_userid"] == "wang03"


async def test_b41_members_come_by_pages_and_only_direct_ones(wire: Wire) -> None:
    await wire.control("PATCH", "/company/users/wang03", {"departments": [1, 101]})
    path = "/topapi/v2/user/list"
    first = await result(wire, path, {"dept_id": 101, "cursor": 0, "size": 2})
    assert (first["has_more"], first["next_cursor"], len(first["list"])) == (True, 2, 2)
    last = await result(wire, path, {"dept_id": 101, "cursor": 2, "size": 2})
    assert last["has_more"] is False
    assert "next_cursor" not in last
    (boss,) = last["list"]
    assert (boss["userid"], boss["leader"], boss["dept_id_list"]) == ("wang03", True, [1, 101])
    assert "leader_in_dept" not in boss
    assert "manager_userid" not in boss
    root = await result(wire, path, {"dept_id": 1, "cursor": 0, "size": 100})
    assert [one["userid"] for one in root["list"]] == ["wang03"]
    assert root["list"][0]["leader"] is False
    await old(wire, path, {"dept_id": 101, "cursor": 0, "size": 101}, errcode=40035)
    await old(wire, path, {"dept_id": 101, "size": 10}, errcode=40035)
    await old(wire, path, {"dept_id": 7, "cursor": 0, "size": 10}, errcode=60003)


async def test_b41_roles_spell_has_more_their_own_way(wire: Wire) -> None:
    for role, members in ((11, ["lina04", "zhao05"]), (12, ["wang03"])):
        record = {"name": f"角色{role}", "members": members, "manage_scopes": {"wang03": [101]}}
        await wire.control("PUT", f"/company/roles/{role}", record)
    page = await result(wire, "/topapi/role/list", {"size": 1, "offset": 0})
    assert page == {"hasMore": True, "list": [{"groupId": 1, "name": "默认", "roles": [{"id": 11, "name": "角色11"}]}]}
    members = await result(wire, "/topapi/role/simplelist", {"role_id": 12})
    assert members["hasMore"] is False
    assert members["list"][0]["manageScopes"] == [{"dept_id": 101, "name": "销售一部"}]
    assert (await old(wire, "/topapi/role/getrole", {"roleId": 11}))["role"] == {"name": "角色11", "groupId": 1}
    person = await result(wire, "/topapi/v2/user/get", {"userid": "lina04"})
    assert person["role_list"] == [{"id": 11, "name": "角色11", "group_name": "默认"}]
    await old(wire, "/topapi/role/getrole", {"roleId": 99}, errcode=33011)
    await old(wire, "/topapi/role/list", {"size": 201}, errcode=40069)
    await old(wire, "/topapi/role/list", {"offset": -1}, errcode=40068)


async def test_b41_booleans_and_numbers_come_as_texts_where_the_knob_says_so(wire: Wire) -> None:
    await wire.knobs(strings_for_bools=True)
    person = await result(wire, "/topapi/v2/user/get", {"userid": "wang03"})
    assert (person["active"], person["admin"], person["dept_id_list"]) == ("true", "true", [1])
    assert {"dept_id": "101", "leader": "true"} in person["leader_in_dept"]


async def test_b43_the_inactive_are_listed_and_get_messages_that_stay_unread(wire: Wire) -> None:
    await wire.control("PATCH", "/company/users/lina04", {"active": False})
    assert (await result(wire, "/topapi/v2/user/get", {"userid": "lina04"}))["active"] is False
    assert await result(wire, "/topapi/user/count", {"only_active": True}) == {"count": 2}
    task = await notify(wire, "lina04,zhao05")
    for userid in ("lina04", "zhao05"):
        await wire.control("POST", f"/inbox/{userid}/read", {})
    told = await fates(wire, task)
    assert (told["read_user_id_list"], told["unread_user_id_list"]) == (["zhao05"], ["lina04"])


@pytest.mark.parametrize(
    ("path", "body", "errcode"),
    [
        ("/topapi/v2/user/get", {}, 33012),
        ("/topapi/v2/user/get", {"userid": "nobody"}, 60121),
        ("/topapi/v2/user/getbymobile", {"mobile": "abc"}, 40104),
        ("/topapi/v2/user/getbymobile", {"mobile": "13999999999"}, 60121),
        ("/topapi/user/getbyunionid", {"unionid": "nobody"}, 60121),
        ("/topapi/v2/department/get", {"dept_id": 8}, 60003),
        ("/topapi/v2/department/get", {"dept_id": True}, 40035),
        (
            "/topapi/inactive/user/v2/get",
            {"is_active": True, "query_date": "20260301", "offset": 0, "size": 101},
            40035,
        ),
        ("/topapi/inactive/user/v2/get", {"is_active": True, "query_date": "20260302", "offset": 0, "size": 9}, 40035),
    ],
)
async def test_wrong_questions_get_the_documented_codes(wire: Wire, path: str, body: Any, errcode: int) -> None:
    await old(wire, path, body, errcode=errcode)


async def test_the_small_calls_answer_as_documented(wire: Wire) -> None:
    assert await result(wire, "/topapi/v2/user/getbymobile", {"mobile": "13800000004"}) == {"userid": "lina04"}
    person = await result(wire, "/topapi/v2/user/get", {"userid": "lina04"})
    found = await result(wire, "/topapi/user/getbyunionid", {"unionid": person["unionid"]})
    assert found == {"contact_type": 0, "userid": "lina04"}
    assert await result(wire, "/topapi/user/listadmin", {}) == [{"userid": "wang03", "sys_level": 1}]
    names = await result(wire, "/topapi/user/listsimple", {"dept_id": 101, "cursor": 0, "size": 1})
    assert names == {"has_more": True, "list": [{"userid": "lina04", "name": "李娜"}], "next_cursor": 1}
    way = await result(wire, "/topapi/v2/department/listparentbydept", {"dept_id": 101})
    assert way == {"parent_id_list": [101, 1]}
    detail = await result(wire, "/topapi/v2/department/get", {"dept_id": 101})
    assert (detail["parent_id"], detail["owning_member_count"], detail["member_count"]) == (1, 2, 2)
    active = {"is_active": True, "query_date": "20260301", "offset": 0, "size": 2}
    page = await result(wire, "/topapi/inactive/user/v2/get", active)
    assert page == {"has_more": True, "list": ["lina04", "zhao05"], "next_cursor": 2}


async def test_a_form_is_read_like_json(wire: Wire) -> None:
    path = f"/topapi/v2/user/list?access_token={await wire.token()}"
    form = {"dept_id": "101", "cursor": "0", "size": "10"}
    async with wire.session.post(wire.url + path, data=form) as response:
        answer = await response.json()
    assert [one["userid"] for one in answer["result"]["list"]] == ["lina04", "zhao05"]


async def test_ten_thousand_people_are_read_by_pages_without_searching_them_all() -> None:
    departments: list[dict[str, Any]] = [{"id": 1, "name": "公司", "parent": None}]
    departments += [{"id": n, "name": f"部门{n}", "parent": 1 if n <= 50 else n // 10} for n in range(2, 501)]
    users = [
        {"userid": f"u{n:05}", "name": f"人{n}", "departments": [n % 500 + 1], "mobile": f"138{n:08}"}
        for n in range(10_000)
    ]
    sandbox = Sandbox.from_world({"departments": departments, "users": users})
    sandbox.knobs.qps = 0
    running = await start(sandbox)
    wire = Wire(running.url)
    try:
        app = sandbox.app
        _, granted = await wire.api(
            "POST", "/v1.0/oauth2/accessToken", {"appKey": app.client_id, "appSecret": app.client_secret}
        )
        token = granted["accessToken"]

        async def read(department: int) -> list[str]:
            body = {"dept_id": department, "cursor": 0, "size": 100}
            _, answer = await wire.api("POST", f"/topapi/v2/user/list?access_token={token}", body)
            return [one["userid"] for one in answer["result"]["list"]]

        found = await asyncio.gather(*(read(department) for department in range(1, 501)))
        assert sorted(userid for page in found for userid in page) == [user["userid"] for user in users]
    finally:
        await wire.close()
        await running.close()
