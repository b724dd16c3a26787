"""People join, change and leave over the control plane."""

from tests.sandbox.old_calls import old, result
from tests.sandbox.wire_client import Wire


async def test_the_company_is_shown_as_in_a_world_file(wire: Wire) -> None:
    company = await wire.control("GET", "/company")
    assert company["departments"][1] == {"id": 101, "name": "销售一部", "parent": 1, "order": 2}
    assert company["users"][0]["userid"] == "lina04"
    assert company["groups"] == [{"id": "cidSALES", "name": "销售群", "members": ["lina04", "wang03"]}]
    assert company["address_book_scope"] == {"departments": [1], "users": []}


async def test_a_leaver_is_out_of_everything_and_may_come_back(wire: Wire) -> None:
    await wire.control("PATCH", "/company/users/lina04", {"manager": "zhao05"})
    before = (await result(wire, "/topapi/v2/user/get", {"userid": "lina04"}))["unionid"]
    await wire.control("DELETE", "/company/users/zhao05")
    await wire.control("DELETE", "/company/users/lina04")
    await wire.control("DELETE", "/company/users/lina04", status=404)
    await old(wire, "/topapi/v2/user/get", {"userid": "lina04"}, errcode=60121)
    assert (await wire.control("GET", "/company"))["groups"][0]["members"] == ["wang03"]
    back = await wire.control("POST", "/company/users", {"userid": "lina04", "name": "李娜娜"})
    assert (back["departments"], back["mobile"], back["manager"]) == ([101], "13800000004", None)
    again = await result(wire, "/topapi/v2/user/get", {"userid": "lina04"})
    assert (again["name"], again["unionid"]) == ("李娜娜", before)


async def test_joining_twice_or_wrongly_is_refused(wire: Wire) -> None:
    await wire.control("POST", "/company/users", {"userid": "lina04", "name": "李娜"}, status=409)
    wrong = {"userid": "new", "name": "新人", "departments": [999]}
    assert "999" in (await wire.control("POST", "/company/users", wrong, status=400))["message"]
    unknown = await wire.control("POST", "/company/users", {"userid": "n", "name": "x", "colour": 1}, status=400)
    assert unknown["message"].startswith("colour")
    await wire.control("PATCH", "/company/users/nobody", {"name": "x"}, status=404)
    await wire.control("PATCH", "/company/users/lina04", {"manager": "lina04"}, status=400)


async def test_departments_move_but_not_below_themselves_and_go_only_when_empty(wire: Wire) -> None:
    made = await wire.control("POST", "/company/departments", {"name": "一组", "parent": 101})
    assert made["id"] == 102
    await wire.control("PATCH", "/company/departments/101", {"parent": 102}, status=400)
    moved = await wire.control("PATCH", "/company/departments/102", {"parent": 1, "name": "二部"})
    assert (moved["parent"], moved["name"]) == (1, "二部")
    assert [one["dept_id"] for one in await result(wire, "/topapi/v2/department/listsub", {})] == [101, 102]
    await wire.control("DELETE", "/company/departments/101", status=409)
    await wire.control("DELETE", "/company/departments/1", status=409)
    await wire.control("DELETE", "/company/departments/102")
    await wire.control("DELETE", "/company/departments/102", status=404)


async def test_the_scope_must_name_what_there_is(wire: Wire) -> None:
    await wire.control("PUT", "/company/scope", {"departments": [9]}, status=400)
    await wire.control("PUT", "/company/scope", {"users": ["nobody"]}, status=400)
    assert await wire.control("PUT", "/company/scope", {"departments": [101], "users": ["wang03"]}) == {
        "departments": [101],
        "users": ["wang03"],
    }


async def test_a_changed_person_keeps_his_place_in_every_order(wire: Wire) -> None:
    await wire.control("PATCH", "/company/users/lina04", {"title": "经理", "dingtalk_admin": True})
    company = await wire.control("GET", "/company")
    assert [one["userid"] for one in company["users"]] == ["lina04", "zhao05", "wang03"]
    assert await result(wire, "/topapi/user/listid", {"dept_id": 101}) == {"userid_list": ["lina04", "zhao05"]}
    assert (await result(wire, "/topapi/user/listadmin", {}))[0] == {"userid": "lina04", "sys_level": 1}
    await wire.control("PATCH", "/company/users/wang03", {"leads": [], "departments": [101]})
    assert await result(wire, "/topapi/user/listid", {"dept_id": 1}) == {"userid_list": []}
    detail = await result(wire, "/topapi/v2/department/get", {"dept_id": 101})
    assert (detail["dept_manager_userid_list"], detail["owning_member_count"]) == ([], 3)
