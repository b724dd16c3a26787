"""Departments and people as DingTalk's address book tells of them (platform.md 6.1, 6.2).

A field is UNKNOWN when the answer lacks it: there is no value, or the app has no right to it, and nobody can
say which. What is stored must not be overwritten by UNKNOWN; None is a value that was given as empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

from bot.dingtalk.lenient import as_bool, as_dict, as_int, as_list, as_text, dicts, ints, texts


class Unknown(Enum):
    """The type of UNKNOWN."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN
_U: TypeAlias = Literal[Unknown.UNKNOWN]


@dataclass(frozen=True, slots=True)
class ContactScope:
    """What the app may read: `(1,)` in `departments` is the whole company."""

    departments: tuple[int, ...]  # with all below them
    users: tuple[str, ...]  # besides, one by one
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class DepartmentRecord:
    """`parent_id` is None for the root (id 1), or where DingTalk names no parent."""

    dept_id: int
    name: str
    parent_id: int | None
    order: int | _U = UNKNOWN
    manager_ids: tuple[str, ...] | _U = UNKNOWN
    member_count: int | _U = UNKNOWN


@dataclass(frozen=True, slots=True)
class RoleRecord:
    """A role one holds (角色), in its group."""

    role_id: int
    name: str
    group: str


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A person. From a department's list, `manager_id` and `roles` are always UNKNOWN: ask for the person."""

    user_id: str
    name: str
    union_id: str | _U | None = UNKNOWN
    dept_ids: tuple[int, ...] | _U = UNKNOWN
    leads: Mapping[int, bool] | _U = UNKNOWN  # by department, also ones he is not in; from a list only that one
    orders: Mapping[int, int] | _U = UNKNOWN  # likewise
    manager_id: str | _U | None = UNKNOWN  # 直属主管
    mobile: str | _U | None = UNKNOWN
    email: str | _U | None = UNKNOWN
    title: str | _U | None = UNKNOWN
    job_number: str | _U | None = UNKNOWN
    avatar: str | _U | None = UNKNOWN
    hired_ms: int | _U | None = UNKNOWN  # milliseconds since 1970
    hide_mobile: bool | _U = UNKNOWN
    active: bool | _U = UNKNOWN  # has activated DingTalk
    admin: bool | _U = UNKNOWN
    boss: bool | _U = UNKNOWN
    senior: bool | _U = UNKNOWN
    roles: tuple[RoleRecord, ...] | _U = UNKNOWN
    extension: Mapping[str, Any] | _U = UNKNOWN
    detailed: bool = False  # asked for by id: what is absent has no value, or the app has no right to it


def read_department(row: Mapping[str, Any]) -> DepartmentRecord | None:
    """None if the row names no department."""
    dept_id = as_int(row.get("dept_id"))
    if dept_id is None:
        return None
    order, count = as_int(row.get("order")), as_int(row.get("member_count"))
    managers = row.get("dept_manager_userid_list")
    return DepartmentRecord(
        dept_id=dept_id,
        name=as_text(row.get("name")) or "",
        parent_id=None if dept_id == 1 else as_int(row.get("parent_id")),
        order=UNKNOWN if order is None else order,
        manager_ids=UNKNOWN if managers is None else texts(managers),
        member_count=UNKNOWN if count is None else count,
    )


def read_user(row: Mapping[str, Any], *, listed_in: int | None = None) -> UserRecord | None:
    """None if the row names no person. `listed_in`: the department whose list it is a row of; None: asked by id."""
    user_id = as_text(row.get("userid"))
    if not user_id:
        return None
    dept_ids = ints(row["dept_id_list"]) if as_list(row.get("dept_id_list")) is not None else UNKNOWN
    hired = as_int(row.get("hired_date"))
    extension = as_dict(row.get("extension"))
    return UserRecord(
        user_id=user_id,
        name=as_text(row.get("name")) or "",
        union_id=_text(row, "unionid"),
        dept_ids=dept_ids,
        leads=_leads(row, listed_in),
        orders=_orders(row, listed_in),
        manager_id=_text(row, "manager_userid"),
        mobile=_text(row, "mobile"),
        email=_text(row, "email"),
        title=_text(row, "title"),
        job_number=_text(row, "job_number"),
        avatar=_text(row, "avatar"),
        hired_ms=UNKNOWN if hired is None else hired,
        hide_mobile=_flag(row, "hide_mobile"),
        active=_flag(row, "active"),
        admin=_flag(row, "admin"),
        boss=_flag(row, "boss"),
        senior=_flag(row, "senior"),
        roles=_roles(row),
        extension=UNKNOWN if extension is None else extension,
        detailed=listed_in is None,
    )


def _text(row: Mapping[str, Any], key: str) -> str | _U | None:
    text = as_text(row.get(key))
    if text is None:
        return UNKNOWN  # JSON null too: "no right" has been seen as null
    return text.strip() or None


def _flag(row: Mapping[str, Any], key: str) -> bool | _U:
    flag = as_bool(row.get(key))
    return UNKNOWN if flag is None else flag


def _leads(row: Mapping[str, Any], listed_in: int | None) -> Mapping[int, bool] | _U:
    if row.get("leader_in_dept") is not None:
        return {
            dept_id: bool(as_bool(item.get("leader")))
            for item in dicts(row["leader_in_dept"])
            if (dept_id := as_int(item.get("dept_id"))) is not None
        }
    leader = as_bool(row.get("leader"))
    return UNKNOWN if listed_in is None or leader is None else {listed_in: leader}


def _orders(row: Mapping[str, Any], listed_in: int | None) -> Mapping[int, int] | _U:
    if row.get("dept_order_list") is not None:
        return {
            dept_id: order
            for item in dicts(row["dept_order_list"])
            if (dept_id := as_int(item.get("dept_id"))) is not None and (order := as_int(item.get("order"))) is not None
        }
    order = as_int(row.get("dept_order"))
    return UNKNOWN if listed_in is None or order is None else {listed_in: order}


def _roles(row: Mapping[str, Any]) -> tuple[RoleRecord, ...] | _U:
    if row.get("role_list") is None:
        return UNKNOWN
    return tuple(
        RoleRecord(role_id, as_text(item.get("name")) or "", as_text(item.get("group_name")) or "")
        for item in dicts(row["role_list"])
        if (role_id := as_int(item.get("id"))) is not None
    )
