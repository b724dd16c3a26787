"""The address book as the app may read it: departments, people, scope (platform.md 6.1–6.3, behaviours 40–43)."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from aiohttp import web

from bot.sandbox import roles
from bot.sandbox.auth import body_of, require_oapi
from bot.sandbox.clock import SHANGHAI
from bot.sandbox.company import Company
from bot.sandbox.company_records import ROOT_ID, Department, Person
from bot.sandbox.contacts_records import auth_user_fields, department_detail, department_row, user_detail, user_row
from bot.sandbox.errors import OapiError
from bot.sandbox.state import Sandbox
from bot.sandbox.wire import comma_list, flag, integer, invalid_parameter, oapi_ok, text

DEPARTMENTS = "qyapi_get_department_list"
MEMBERS = "qyapi_get_department_member"
PEOPLE = "qyapi_get_member"
MAX_PAGE = 100

Answer = Callable[[dict[str, Any]], web.Response]


def readers_company(sandbox: Sandbox) -> Company:
    """Return the company as read calls see it now; after a change it may lag (knob `read_delay_seconds`)."""
    return sandbox.company.as_read_at(sandbox.clock.now())


def access_department(company: Company, department_id: int) -> Department:
    """Return a department within the scope; raise OapiError 60003 (none) or 50004 (out of scope)."""
    department = company.departments.get(department_id)
    if department is None:
        raise OapiError(60003, "部门不存在")
    if not company.department_readable(department_id):
        raise OapiError(50004, "请求的部门id不在授权范围内")
    return department


def access_person(company: Company, userid: str) -> Person:
    """Return a person within the scope; raise OapiError 60121 (nobody) or 50002 (out of scope)."""
    person = company.person(userid)
    if person is None:
        raise OapiError(60121, "找不到该用户")
    if not company.person_readable(person):
        raise OapiError(50002, "请求的员工userid不在授权范围内")
    return person


def _existing(company: Company, department_id: int) -> int:
    if department_id not in company.departments:
        raise OapiError(60003, "部门不存在")
    return department_id


def page_of(rows: list[Any], cursor: int, size: int, more: str = "has_more") -> dict[str, Any]:
    """Return one page; `next_cursor` stands only where there is a next page."""
    if cursor < 0:
        raise invalid_parameter("cursor")
    end = cursor + size
    page: dict[str, Any] = {more: end < len(rows), "list": rows[cursor:end]}
    if page[more]:
        page["next_cursor"] = end
    return page


def page_size(body: dict[str, Any], *, limit: int = MAX_PAGE, default: int | None = None) -> int:
    """Return `size`; raise OapiError 40035 outside 1…limit."""
    size = integer(body, "size", default)
    if not 1 <= size <= limit:
        raise invalid_parameter("size")
    return size


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """Departments, people, scope; with the roles of 6.4."""

    def call(path: str, permission: str, answer: Answer) -> list[web.RouteDef]:
        async def handle(request: web.Request) -> web.Response:
            require_oapi(sandbox, request, permission)
            body = dict(request.query) if request.method == "GET" else await body_of(request)
            return answer(body)

        handler: Callable[[web.Request], Awaitable[web.Response]] = handle
        return [web.post(path, handler), web.get(path, handler, allow_head=False)]

    book = AddressBook(sandbox)
    table: list[tuple[str, str, Answer]] = [
        ("/topapi/v2/department/listsub", DEPARTMENTS, book.list_sub),
        ("/topapi/v2/department/get", DEPARTMENTS, book.department),
        ("/topapi/v2/department/listsubid", DEPARTMENTS, book.list_sub_ids),
        ("/topapi/v2/department/listparentbydept", DEPARTMENTS, book.parents_of_department),
        ("/topapi/v2/department/listparentbyuser", DEPARTMENTS, book.parents_of_person),
        ("/topapi/v2/user/list", MEMBERS, book.list_people),
        ("/topapi/user/listsimple", MEMBERS, book.list_names),
        ("/topapi/user/listid", MEMBERS, book.list_ids),
        ("/topapi/v2/user/get", PEOPLE, book.person),
        ("/topapi/user/count", PEOPLE, book.count),
        ("/topapi/v2/user/getbymobile", "qyapi_get_member_by_mobile", book.by_mobile),
        ("/topapi/user/getbyunionid", PEOPLE, book.by_unionid),
        ("/topapi/user/listadmin", PEOPLE, book.administrators),
        ("/topapi/inactive/user/v2/get", "qyapi_liveness_base", book.liveness),
        ("/auth/scopes", "", book.scopes),
    ]
    table += roles.calls(lambda: readers_company(sandbox))
    return [route for path, permission, answer in table for route in call(path, permission, answer)]


class AddressBook:
    """The answers of the address-book calls, each from the parameters given."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @property
    def _company(self) -> Company:
        return readers_company(self._sandbox)

    def list_sub(self, body: dict[str, Any]) -> web.Response:
        """Direct sub-departments."""
        company = self._company
        department = access_department(company, integer(body, "dept_id", ROOT_ID))
        return oapi_ok(result=[department_row(one) for one in company.children(department.id)])

    def department(self, body: dict[str, Any]) -> web.Response:
        """One department with its 主管 and counts."""
        company = self._company
        department = access_department(company, integer(body, "dept_id"))
        return oapi_ok(result=department_detail(company, department))

    def list_sub_ids(self, body: dict[str, Any]) -> web.Response:
        """Ids of direct sub-departments, whatever the scope."""
        company = self._company
        department = _existing(company, integer(body, "dept_id"))
        return oapi_ok(result={"dept_id_list": [one.id for one in company.children(department)]})

    def parents_of_department(self, body: dict[str, Any]) -> web.Response:
        """The way from a department up to the root, whatever the scope."""
        company = self._company
        return oapi_ok(result={"parent_id_list": company.ancestors(_existing(company, integer(body, "dept_id")))})

    def parents_of_person(self, body: dict[str, Any]) -> web.Response:
        """One way up per department of a person, whatever the scope."""
        company = self._company
        person = company.person(text(body, "userid"))
        if person is None:
            raise OapiError(60121, "找不到该用户")
        ways = [{"parent_dept_id_list": company.ancestors(department)} for department in person.departments]
        return oapi_ok(result={"parent_list": ways})

    def list_people(self, body: dict[str, Any]) -> web.Response:
        """Direct members with their records, by pages."""
        company = self._company
        people, cursor, size = self._member_page(company, body)
        page = page_of(people, cursor, size)
        department_id = integer(body, "dept_id")
        knobs = self._sandbox.knobs
        page["list"] = [user_row(one, department_id, knobs) for one in page["list"]]
        return oapi_ok(result=page)

    def list_names(self, body: dict[str, Any]) -> web.Response:
        """Direct members, userid and name only, by pages."""
        people, cursor, size = self._member_page(self._company, body)
        page = page_of(people, cursor, size)
        page["list"] = [{"userid": one.userid, "name": one.name} for one in page["list"]]
        return oapi_ok(result=page)

    def _member_page(self, company: Company, body: dict[str, Any]) -> tuple[list[Person], int, int]:
        department = access_department(company, integer(body, "dept_id"))
        cursor, size = integer(body, "cursor"), page_size(body)
        order = body.get("order_field") or "custom"
        if order not in {"entry_asc", "entry_desc", "modify_asc", "modify_desc", "custom"}:
            raise invalid_parameter("order_field")
        people = company.members(department.id)
        return (people[::-1] if str(order).endswith("desc") else people), cursor, size

    def list_ids(self, body: dict[str, Any]) -> web.Response:
        """Userids of direct members, whatever the scope."""
        company = self._company
        department = _existing(company, integer(body, "dept_id"))
        return oapi_ok(result={"userid_list": [one.userid for one in company.members(department)]})

    def person(self, body: dict[str, Any]) -> web.Response:
        """One person's full record."""
        company = self._company
        userid = body.get("userid")
        if not isinstance(userid, str) or not userid or len(userid) > 64:
            raise OapiError(33012, "无效的USERID")
        person = access_person(company, userid)
        return oapi_ok(result=user_detail(company, person, self._sandbox.knobs))

    def count(self, body: dict[str, Any]) -> web.Response:
        """How many people, whatever the scope."""
        only_active = flag(body, "only_active")
        people = self._company.people.values()
        return oapi_ok(result={"count": sum(1 for one in people if one.active or not only_active)})

    def by_mobile(self, body: dict[str, Any]) -> web.Response:
        """The userid behind a mobile number."""
        mobile = str(body.get("mobile") or "")
        if not mobile.removeprefix("+").replace("-", "").isdigit():
            raise OapiError(40104, "无效手机号")
        person = self._company.person_by_mobile(mobile)
        if person is None:
            raise OapiError(60121, "找不到该用户")
        return oapi_ok(result={"userid": access_person(self._company, person.userid).userid})

    def by_unionid(self, body: dict[str, Any]) -> web.Response:
        """The userid behind a unionId; 60121 for somebody who does not work here (behaviour 44)."""
        person = self._company.person_by_unionid(text(body, "unionid"))
        if person is None:
            raise OapiError(60121, "找不到该用户")
        return oapi_ok(result={"contact_type": 0, "userid": person.userid})

    def administrators(self, body: dict[str, Any]) -> web.Response:  # noqa: ARG002 -- takes no parameter
        """The firm's DingTalk administrators; the first one is the main one."""
        admins = [one.userid for one in self._company.people.values() if one.dingtalk_admin]
        return oapi_ok(result=[{"userid": one, "sys_level": 1 if at == 0 else 2} for at, one in enumerate(admins)])

    def liveness(self, body: dict[str, Any]) -> web.Response:
        """Who did, or did not, open DingTalk on a day: here, whoever has activated it does so daily."""
        is_active = flag(body, "is_active")
        if "is_active" not in body:
            raise invalid_parameter("is_active")
        _check_query_date(str(body.get("query_date", "")), self._sandbox.clock.now())
        offset, size = integer(body, "offset"), page_size(body)
        departments = comma_list(body, "dept_ids")
        company = self._company
        if departments and not all(one.isdigit() for one in departments):
            raise invalid_parameter("dept_ids")
        people = (
            [one for department in departments for one in company.members(int(department))]
            if departments
            else list(company.people.values())
        )
        userids = [one.userid for one in people if one.active == is_active and company.person_readable(one)]
        return oapi_ok(result=page_of(userids, offset, size))

    def scopes(self, body: dict[str, Any]) -> web.Response:  # noqa: ARG002 -- takes no parameter
        """What the administrator lets the app read."""
        scope = self._company.scope
        return oapi_ok(
            auth_user_field=auth_user_fields(self._sandbox.knobs),
            condition_field=[],
            auth_org_scopes={"authed_user": list(scope.users), "authed_dept": list(scope.departments)},
        )


def _check_query_date(written: str, now: datetime) -> None:
    """Raise OapiError 40035 unless it is yyyyMMdd, within the last month; yesterday counts from 09:00 on."""
    try:
        day: date = datetime.strptime(written, "%Y%m%d").replace(tzinfo=SHANGHAI).date()
    except ValueError as wrong:
        raise invalid_parameter("query_date") from wrong
    newest = now.date() - timedelta(days=1 if now.time() >= time(9) else 2)
    if not now.date() - timedelta(days=31) <= day <= newest:
        raise invalid_parameter("query_date")
