"""Reads a company from a world file and writes it back (contract: world.md, version 1).

The sandbox reads the sections above `settings`; those below belong to the CRM, only their names are known here.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
)

from bot.sandbox.company import Company
from bot.sandbox.company_records import ROOT_ID, AddressBookScope, Department, Group, Person

OWN_SECTIONS = frozenset({"version", "now", "company", "app", "departments", "users", "groups", "address_book_scope"})
K = TypeVar("K", int, str)

CRM_SECTIONS = frozenset(
    {
        "settings",
        "dictionaries",
        "field_dictionaries",
        "stages",
        "products",
        "competitors",
        "roles",
        "leads",
        "customers",
        "claims",
        "opportunities",
        "contracts",
        "targets",
        "invoice_flow",
    }
)

DEFAULT_CORP_ID = "dingcorp0001"
DEFAULT_COMPANY_NAME = "钉钉沙箱有限公司"
DEFAULT_CLIENT_ID = "dingapp0001"
DEFAULT_CLIENT_SECRET = "sandbox-secret-0001"  # noqa: S105 -- opens nothing but this stand-in
DEFAULT_AGENT_ID = 100001


class WorldError(ValueError):
    """A world file that cannot be read. `path` is the place, as `users[3].departments[0]`."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message


@dataclass(frozen=True, slots=True)
class WorldApp:
    """The app's credentials as a world file names them."""

    client_id: str = DEFAULT_CLIENT_ID
    client_secret: str = DEFAULT_CLIENT_SECRET
    agent_id: int = DEFAULT_AGENT_ID


@dataclass(frozen=True, slots=True)
class SandboxWorld:
    """What the sandbox takes from a world file; `now` is None when the file names no moment."""

    company: Company
    app: WorldApp
    now: datetime | None


def _text_or_empty(value: object) -> object:
    return "" if value is None else value


Text = Annotated[str, BeforeValidator(_text_or_empty), Field(strict=True)]
Name = Annotated[str, Field(strict=True, min_length=1)]
UserId = Annotated[str, Field(strict=True, min_length=1, max_length=64)]
DepartmentId = Annotated[StrictInt, Field(ge=1)]


def _list_or_empty(value: object) -> object:
    return [] if value is None else value


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _CompanySection(_Section):
    corp_id: Name = DEFAULT_CORP_ID
    name: Name = DEFAULT_COMPANY_NAME


class _AppSection(_Section):
    client_id: Name = DEFAULT_CLIENT_ID
    client_secret: Name = DEFAULT_CLIENT_SECRET
    agent_id: Annotated[StrictInt, Field(ge=1)] = DEFAULT_AGENT_ID


class DepartmentRecord(_Section):
    """A department as world files and the control plane write it."""

    id: DepartmentId
    name: Name
    parent: DepartmentId | None = None
    order: StrictInt | None = None

    def department(self, fallback_order: int) -> Department:
        """Return the model's record; a department without a parent hangs below the root."""
        parent = None if self.id == ROOT_ID else (self.parent or ROOT_ID)
        return Department(self.id, self.name, parent, fallback_order if self.order is None else self.order)


class PersonRecord(_Section):
    """A person as world files and the control plane write it; keys after `active` are additions."""

    userid: UserId
    name: Name
    departments: Annotated[list[DepartmentId], BeforeValidator(_list_or_empty)] = []
    leads: Annotated[list[DepartmentId], BeforeValidator(_list_or_empty)] = []
    title: Text = ""
    mobile: Text = ""
    manager: UserId | None = None
    dingtalk_admin: StrictBool = False
    active: StrictBool = True
    email: Text = ""
    org_email: Text = ""
    job_number: Text = ""
    telephone: Text = ""
    work_place: Text = ""
    remark: Text = ""
    avatar: Text = ""
    extension: Annotated[str, BeforeValidator(_text_or_empty), Field(strict=True, max_length=2000)] = ""
    hired_on: date | None = None
    boss: StrictBool = False
    senior: StrictBool = False
    hide_mobile: StrictBool = False
    unionid: Text = ""

    def person(self) -> Person:
        """Return the model's record; somebody without a department stands in the root."""
        values: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        values["departments"] = tuple(dict.fromkeys(self.departments)) or (ROOT_ID,)
        values["leads"] = tuple(dict.fromkeys(self.leads))
        values["union"] = values.pop("unionid")
        return Person(**values)


class GroupRecord(_Section):
    """A group chat as world files write it."""

    id: Annotated[str, Field(strict=True, min_length=1, pattern=r"^cid")]
    name: Name
    members: Annotated[list[UserId], BeforeValidator(_list_or_empty)] = []


class ScopeRecord(_Section):
    """An address-book scope as world files and `PUT /company/scope` write it; absent keys grant nothing."""

    departments: Annotated[list[DepartmentId], BeforeValidator(_list_or_empty)] = []
    users: Annotated[list[UserId], BeforeValidator(_list_or_empty)] = []

    def scope(self) -> AddressBookScope:
        """Return the model's record."""
        return AddressBookScope(tuple(dict.fromkeys(self.departments)), tuple(dict.fromkeys(self.users)))


class _World(_Section):
    version: Literal[1] = 1
    now: AwareDatetime | None = None
    company: _CompanySection = _CompanySection()
    app: _AppSection = _AppSection()
    departments: list[DepartmentRecord] = []
    users: list[PersonRecord] = []
    groups: list[GroupRecord] = []
    address_book_scope: ScopeRecord | None = None


_MESSAGES = {
    "missing": "缺少这一项",
    "extra_forbidden": "不认识这个键",
    "string_type": "应该是文字",
    "int_type": "应该是整数",
    "bool_type": "应该是 true 或 false",
    "list_type": "应该是列表",
    "model_type": "应该是对象",
    "literal_error": "只认识版本 1",
    "string_too_short": "不能为空",
    "string_too_long": "太长了",
    "string_pattern_mismatch": "群的 id 以 cid 开头",
    "timezone_aware": "时间要带时区，如 2026-03-02T09:00:00+08:00",
    "datetime_from_date_parsing": "应该是带时区的时间，如 2026-03-02T09:00:00+08:00",
    "datetime_parsing": "应该是带时区的时间，如 2026-03-02T09:00:00+08:00",
    "datetime_type": "应该是带时区的时间，如 2026-03-02T09:00:00+08:00",
    "date_from_datetime_parsing": "应该是日期，如 2026-03-02",
    "greater_than_equal": "至少是 1",
}


def dotted(location: Iterable[str | int]) -> str:
    """Return a pydantic location as a path: `users[3].departments[0]`."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return path.removeprefix(".")


def world_error(error: ValidationError, prefix: str = "") -> WorldError:
    """Return the first complaint of pydantic as a WorldError that names the path."""
    first = error.errors(include_url=False)[0]
    path = dotted(first["loc"])
    message = _MESSAGES.get(first["type"], re.sub(r"^Value error, ", "", first["msg"]))
    return WorldError(f"{prefix}{path}", message)


def read_world(document: object) -> SandboxWorld:
    """Read the sandbox's sections of a parsed world file.

    Raises:
        WorldError: an unknown key, a wrong type or an unknown reference, with the path of the first one.
    """
    if not isinstance(document, Mapping):
        raise WorldError("", "世界文件应该是一个 JSON 对象")
    for key in document:
        if key not in OWN_SECTIONS and key not in CRM_SECTIONS:
            raise WorldError(str(key), "不认识这个键")
    own = {key: value for key, value in document.items() if key in OWN_SECTIONS and value is not None}
    try:
        world = _World.model_validate(own)
    except ValidationError as error:
        raise world_error(error) from error
    _check_references(world)
    scope = world.address_book_scope
    company = Company(
        corp_id=world.company.corp_id,
        name=world.company.name,
        departments=[record.department(index + 1) for index, record in enumerate(world.departments)],
        people=[record.person() for record in world.users],
        groups=[Group(one.id, one.name, tuple(dict.fromkeys(one.members))) for one in world.groups],
        scope=scope.scope() if scope is not None else None,
    )
    app = WorldApp(world.app.client_id, world.app.client_secret, world.app.agent_id)
    return SandboxWorld(company, app, world.now)


def _check_references(world: _World) -> None:
    _check_departments(world.departments)
    departments = {record.id for record in world.departments} | {ROOT_ID}
    userids = _unique(("users", "userid"), [record.userid for record in world.users])
    for index, person in enumerate(world.users):
        for key, ids in (("departments", person.departments), ("leads", person.leads)):
            for at, department in enumerate(ids):
                if department not in departments:
                    raise WorldError(f"users[{index}].{key}[{at}]", f"没有这个部门：{department}")
        if person.manager is not None and person.manager not in userids:
            raise WorldError(f"users[{index}].manager", f"没有这个人：{person.manager}")
        if person.manager == person.userid:
            raise WorldError(f"users[{index}].manager", "不能是自己")
    _unique(("groups", "id"), [record.id for record in world.groups])
    for index, group in enumerate(world.groups):
        for at, member in enumerate(group.members):
            if member not in userids:
                raise WorldError(f"groups[{index}].members[{at}]", f"没有这个人：{member}")
    scope = world.address_book_scope
    if scope is not None:
        for at, department in enumerate(scope.departments):
            if department not in departments:
                raise WorldError(f"address_book_scope.departments[{at}]", f"没有这个部门：{department}")
        for at, userid in enumerate(scope.users):
            if userid not in userids:
                raise WorldError(f"address_book_scope.users[{at}]", f"没有这个人：{userid}")


def _check_departments(records: list[DepartmentRecord]) -> None:
    ids = _unique(("departments", "id"), [record.id for record in records]) | {ROOT_ID}
    parents = {record.id: record.parent or ROOT_ID for record in records if record.id != ROOT_ID}
    for index, record in enumerate(records):
        if record.id == ROOT_ID and record.parent is not None:
            raise WorldError(f"departments[{index}].parent", "根部门没有上级部门")
        if record.parent is not None and record.parent not in ids:
            raise WorldError(f"departments[{index}].parent", f"没有这个部门：{record.parent}")
    for index, record in enumerate(records):
        seen = {record.id}
        current = record.id
        while current in parents:
            current = parents[current]
            if current in seen:
                raise WorldError(f"departments[{index}].parent", "上级部门绕成了圈")
            seen.add(current)


def _unique(place: tuple[str, str], keys: list[K]) -> set[K]:
    section, key = place
    seen: set[K] = set()
    for index, value in enumerate(keys):
        if value in seen:
            raise WorldError(f"{section}[{index}].{key}", f"重复了：{value}")
        seen.add(value)
    return seen
