"""DingTalk roles (标签) as the app reads them (platform.md 6.4). Set by the addition `PUT /company/roles/{id}`."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from bot.sandbox.company import Company
from bot.sandbox.company_records import Role
from bot.sandbox.errors import OapiError
from bot.sandbox.wire import integer, oapi_ok

PERMISSION = "qyapi_get_role"


def _page(body: dict[str, Any], *, limit: int) -> tuple[int, int]:
    size, offset = integer(body, "size", 20), integer(body, "offset", 0)
    if not 1 <= size <= limit:
        raise OapiError(40069, "不合法的分页大小")
    if offset < 0:
        raise OapiError(40068, "不合法的偏移量")
    return offset, size


def _existing(company: Company, role_id: int) -> Role:
    role = company.roles.get(role_id)
    if role is None:
        raise OapiError(33011, "角色不存在")
    return role


def calls(
    company_now: Callable[[], Company],
) -> list[tuple[str, str, Callable[[dict[str, Any]], web.Response]]]:
    """The three role calls: path, permission, answer. Mind the spelling `hasMore`, unlike the user lists."""

    def list_roles(body: dict[str, Any]) -> web.Response:
        offset, size = _page(body, limit=200)
        roles = list(company_now().roles.values())
        groups: dict[int, dict[str, Any]] = {}
        for role in roles[offset : offset + size]:
            group = groups.setdefault(role.group_id, {"groupId": role.group_id, "name": role.group_name, "roles": []})
            group["roles"].append({"id": role.id, "name": role.name})
        return oapi_ok(result={"hasMore": offset + size < len(roles), "list": list(groups.values())})

    def list_members(body: dict[str, Any]) -> web.Response:
        company = company_now()
        role = _existing(company, integer(body, "role_id"))
        offset, size = _page(body, limit=100)
        rows = [_member(company, role, userid) for userid in role.members[offset : offset + size]]
        page: dict[str, Any] = {"hasMore": offset + size < len(role.members), "list": rows}
        if page["hasMore"]:
            page["nextCursor"] = offset + size
        return oapi_ok(result=page)

    def get_role(body: dict[str, Any]) -> web.Response:
        role = _existing(company_now(), integer(body, "roleId"))
        return oapi_ok(role={"name": role.name, "groupId": role.group_id})

    return [
        ("/topapi/role/list", PERMISSION, list_roles),
        ("/topapi/role/simplelist", PERMISSION, list_members),
        ("/topapi/role/getrole", PERMISSION, get_role),
    ]


def _member(company: Company, role: Role, userid: str) -> dict[str, Any]:
    managed = [
        {"dept_id": one, "name": company.departments[one].name}
        for one in role.manage_scopes.get(userid, ())
        if one in company.departments
    ]
    person = company.people[userid]
    row: dict[str, Any] = {"userid": userid, "name": person.name}
    return row | {"manageScopes": managed} if managed else row
