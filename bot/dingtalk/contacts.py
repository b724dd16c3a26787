"""The address book (通讯录): who works where. Reads only; free of quota, not of pace (platform.md section 6)."""

from collections.abc import AsyncIterator
from typing import Any

from bot.dingtalk.api import DingTalkApi
from bot.dingtalk.errors import DingTalkError
from bot.dingtalk.lenient import as_bool, as_dict, as_int, dicts, ints, texts
from bot.dingtalk.records import (
    ContactScope,
    DepartmentRecord,
    UserRecord,
    read_department,
    read_user,
)

ROOT = 1
PAGE = 100  # the documented maximum of the sister call; user/list itself states none


class Contacts:
    """All calls raise NotInScope where the app may not read, and PersonGone or DepartmentGone."""

    def __init__(self, api: DingTalkApi) -> None:
        self._api = api

    async def scopes(self) -> ContactScope:
        """What the administrator lets the app read; a sync starts from these, not from the root."""
        answer = await self._api.old("/auth/scopes", method="GET", repeatable=True)
        granted = as_dict(answer.get("auth_org_scopes")) or {}
        return ContactScope(
            departments=ints(granted.get("authed_dept")),
            users=texts(granted.get("authed_user")),
            fields=frozenset(texts(answer.get("auth_user_field"))),
        )

    async def list_subdepartments(self, dept_id: int = ROOT) -> tuple[DepartmentRecord, ...]:
        """Direct children."""
        result = await self._read("/topapi/v2/department/listsub", {"dept_id": dept_id})
        return tuple(found for row in dicts(result) if (found := read_department(row)) is not None)

    async def list_subdepartment_ids(self, dept_id: int = ROOT) -> tuple[int, ...]:
        """Direct children's ids; not narrowed by the scope."""
        result = as_dict(await self._read("/topapi/v2/department/listsubid", {"dept_id": dept_id}))
        return ints((result or {}).get("dept_id_list"))

    async def department(self, dept_id: int) -> DepartmentRecord:
        """With its managers and order, which a list lacks."""
        row = as_dict(await self._read("/topapi/v2/department/get", {"dept_id": dept_id}))
        # Some documents print the record without its own id.
        found = read_department({"dept_id": dept_id, **(row or {})})
        if row is None or found is None:
            raise DingTalkError(f"department {dept_id}: the answer is no record")
        return found

    async def list_users(self, dept_id: int) -> AsyncIterator[UserRecord]:
        """Direct members, page by page. Their managers and roles are unknown here."""
        cursor = 0
        while True:
            body = {"dept_id": dept_id, "cursor": cursor, "size": PAGE, "contain_access_limit": False}
            result = as_dict(await self._read("/topapi/v2/user/list", body)) or {}
            for row in dicts(result.get("list")):
                if (found := read_user(row, listed_in=dept_id)) is not None:
                    yield found
            if not as_bool(result.get("has_more")):
                return
            following = as_int(result.get("next_cursor"))
            if following is None or following <= cursor:
                raise DingTalkError(f"department {dept_id}: more members are said to follow, but not where")
            cursor = following

    async def user(self, user_id: str) -> UserRecord:
        """One person, as complete as the app's rights allow."""
        row = as_dict(await self._read("/topapi/v2/user/get", {"userid": user_id}))
        found = read_user({"userid": user_id, **(row or {})})
        if row is None or found is None:
            raise DingTalkError("the answer is no person's record")
        return found

    async def parents(self, dept_id: int) -> tuple[int, ...]:
        """From the department itself up to the root; not narrowed by the scope."""
        result = as_dict(await self._read("/topapi/v2/department/listparentbydept", {"dept_id": dept_id}))
        return ints((result or {}).get("parent_id_list"))

    async def parents_of_user(self, user_id: str) -> tuple[tuple[int, ...], ...]:
        """One such chain for each department of the person; not narrowed by the scope."""
        result = as_dict(await self._read("/topapi/v2/department/listparentbyuser", {"userid": user_id}))
        return tuple(
            chain
            for item in dicts((result or {}).get("parent_list"))
            if (chain := ints(item.get("parent_dept_id_list")))
        )

    async def _read(self, path: str, body: dict[str, Any]) -> Any:
        return (await self._api.old(path, body, repeatable=True)).get("result")
