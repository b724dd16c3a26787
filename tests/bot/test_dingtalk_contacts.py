import pytest

from bot.dingtalk.contacts import Contacts
from bot.dingtalk.errors import DepartmentGone, DingTalkError, NotInScope, PersonGone
from bot.dingtalk.lenient import as_bool, as_int, as_list, ints, texts
from bot.dingtalk.limiter import Limiter
from bot.dingtalk.records import UNKNOWN, DepartmentRecord, RoleRecord
from tests.support.stub_api import stub_api

LISTSUB = "/topapi/v2/department/listsub"
DEPARTMENT = "/topapi/v2/department/get"
LIST = "/topapi/v2/user/list"
USER = "/topapi/v2/user/get"


def ok(result: object) -> tuple[int, dict[str, object]]:
    return 200, {"errcode": 0, "errmsg": "ok", "result": result, "request_id": "r"}


async def test_scope() -> None:
    async with stub_api() as (stub, api):
        scopes = {"authed_user": ["u1"], "authed_dept": [1, "42"]}
        stub.say("/auth/scopes", (200, {"errcode": 0, "auth_user_field": ["name"], "auth_org_scopes": scopes}))
        scope = await Contacts(api).scopes()
        assert (scope.departments, scope.users, scope.fields) == ((1, 42), ("u1",), frozenset({"name"}))
        assert stub.calls("/auth/scopes")[0].method == "GET"


async def test_departments() -> None:
    async with stub_api() as (stub, api):
        contacts = Contacts(api)
        rows = [{"dept_id": 7, "name": "华东", "parent_id": 1, "auto_add_user": "true"}, {"name": "no id"}]
        stub.say(LISTSUB, ok(rows))
        assert await contacts.list_subdepartments() == (DepartmentRecord(7, "华东", 1),)
        assert stub.calls(LISTSUB)[0].body == {"dept_id": 1}
        record = {"name": "华东", "parent_id": "1", "order": "9", "dept_manager_userid_list": '["u1","u2"]'}
        stub.say(DEPARTMENT, ok(record))
        found = await contacts.department(7)
        assert (found.dept_id, found.parent_id, found.order, found.manager_ids) == (7, 1, 9, ("u1", "u2"))
        stub.say("/topapi/v2/department/listparentbydept", ok({"parent_id_list": [7, 1]}))
        assert await contacts.parents(7) == (7, 1)
        chains = {"parent_list": [{"parent_dept_id_list": [7, 1]}, {"parent_dept_id_list": [8, 7, 1]}]}
        stub.say("/topapi/v2/department/listparentbyuser", ok(chains))
        assert await contacts.parents_of_user("u") == ((7, 1), (8, 7, 1))


@pytest.mark.parametrize(
    ("errcode", "kind"), [(50004, NotInScope), (60003, DepartmentGone), (50002, NotInScope), (60121, PersonGone)]
)
async def test_out_of_scope_is_not_gone(errcode: int, kind: type[DingTalkError]) -> None:
    async with stub_api() as (stub, api):
        stub.say(DEPARTMENT, (200, {"errcode": errcode, "errmsg": "x"}))
        with pytest.raises(kind) as caught:
            await Contacts(api).department(7)
        assert type(caught.value) is kind


async def test_members_come_page_by_page() -> None:
    async with stub_api() as (stub, api):
        stub.say(
            LIST,
            ok(
                {"has_more": "true", "next_cursor": "100", "list": [{"userid": "a", "leader": "true", "dept_order": 3}]}
            ),
            ok({"has_more": False, "list": [{"userid": "b", "leader": False}]}),
        )
        found = [user async for user in Contacts(api).list_users(7)]
        assert [user.user_id for user in found] == ["a", "b"]
        assert [user.leads for user in found] == [{7: True}, {7: False}]
        assert found[0].orders == {7: 3}
        assert (found[0].manager_id, found[0].roles, found[0].mobile) == (UNKNOWN, UNKNOWN, UNKNOWN)
        assert [call.body["cursor"] for call in stub.calls(LIST)] == [0, 100]
        assert {call.body["size"] for call in stub.calls(LIST)} == {100}


async def test_pages_that_lead_nowhere_are_an_error() -> None:
    async with stub_api(limiter=Limiter(1000)) as (stub, api):
        stub.say(LIST, ok({"has_more": True, "next_cursor": 5, "list": []}))
        with pytest.raises(DingTalkError, match="follow"):
            _ = [user async for user in Contacts(api).list_users(7)]
        assert len(stub.calls(LIST)) == 2


async def test_a_record_as_the_documents_print_it() -> None:
    async with stub_api() as (stub, api):
        stub.say(
            USER,
            ok(
                {
                    "userid": "zhang", "unionid": "un", "name": "张三", "mobile": "18500000000", "title": "",
                    "active": "true", "admin": "false", "boss": 0, "senior": False, "hired_date": "1597573616828",
                    "manager_userid": "li", "dept_id_list": "[2,3]",
                    "dept_order_list": {"dept_id": "2", "order": "1"},
                    "leader_in_dept": [{"leader": "true", "dept_id": "2"}, {"leader": False, "dept_id": 3}],
                    "role_list": [{"group_name": "职务", "name": "总监", "id": "100"}],
                    "extension": '{"爱好":"旅游"}', "email": None,
                }
            ),
        )  # fmt: skip
        user = await Contacts(api).user("zhang")
    assert (user.name, user.union_id, user.mobile, user.manager_id) == ("张三", "un", "18500000000", "li")
    assert (user.active, user.admin, user.boss, user.senior) == (True, False, False, False)
    assert (user.dept_ids, user.orders, user.leads) == ((2, 3), {2: 1}, {2: True, 3: False})
    assert user.roles == (RoleRecord(100, "总监", "职务"),)
    assert (user.extension, user.hired_ms) == ({"爱好": "旅游"}, 1597573616828)
    assert user.title is None  # given, and empty
    assert user.email is UNKNOWN
    assert (user.job_number, user.avatar, user.hide_mobile) == (UNKNOWN, UNKNOWN, UNKNOWN)


def test_lenient_reading() -> None:
    assert [as_bool(value) for value in (True, "TRUE", "0", 1, "yes", None)] == [True, True, False, True, None, None]
    numbers: tuple[object, ...] = ("12", 12.0, "1.5", None, [])
    assert [as_int(value) for value in numbers] == [12, 12, None, None, None]
    assert as_list("a,b") == ["a", "b"]
    assert as_list({"x": 1}) == [{"x": 1}]
    assert as_list("[broken") is None
    assert as_list("") == []
    assert texts(["a", 1, None, {}, ""]) == ("a", "1")
    assert ints('["1", 2, "x"]') == (1, 2)
