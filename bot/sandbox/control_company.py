"""The control plane: people join, change and leave, departments likewise, the app's scope (contract sandbox-api.md).

Additions of ours: roles, the firm's name, and many changes told in one event (`POST /company/bulk`).
"""

import uuid
from datetime import timedelta
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from bot.sandbox import events
from bot.sandbox.company import Company
from bot.sandbox.company_records import CompanyError, Person, Role
from bot.sandbox.company_world import DepartmentRecord, PersonRecord, ScopeRecord, world_error
from bot.sandbox.company_writing import write_company, write_department, write_person, write_scope
from bot.sandbox.control import V1, read_body
from bot.sandbox.errors import ControlError, bad, not_found
from bot.sandbox.state import Sandbox

Record = TypeVar("Record", bound=BaseModel)

STATUS = {
    "missing": (404, "not_found"),
    "taken": (409, "taken"),
    "refused": (409, "refused"),
    "invalid": (400, "bad_request"),
}


class RoleRecord(BaseModel):
    """A role as `PUT /company/roles/{id}` takes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    group_id: StrictInt = 1
    group_name: str = "默认"
    members: list[str] = []
    manage_scopes: dict[str, list[int]] = {}


def read_record(model: type[Record], body: dict[str, Any]) -> Record:
    """Return the record; raise ControlError 400 that names the key."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise bad(str(world_error(error))) from error


def refusal(error: CompanyError) -> ControlError:
    """Return the control plane's form of a refused change."""
    status, code = STATUS[error.kind]
    return ControlError(status, code, error.message)


class Changes:
    """Changes of one sandbox's company, each with its event unless it is silent."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @property
    def company(self) -> Company:
        """The company as it stands."""
        return self._sandbox.company

    def before(self) -> None:
        """Let read calls lag behind the change that follows (knob `read_delay_seconds`)."""
        delay = self._sandbox.knobs.read_delay_seconds
        if delay > 0:
            self.company.freeze_readers(self._sandbox.clock.now() + timedelta(seconds=delay))

    def join(self, body: dict[str, Any]) -> Person:
        """Let one person join, as new or as a leaver who comes back with what he had."""
        userid = body.get("userid") or uuid.uuid4().hex[:16]
        former = self.company.former.get(str(userid))
        kept = self._kept(former) if former is not None else {}
        person = read_record(PersonRecord, kept | body | {"userid": userid}).person()
        self.company.join(person)
        return person

    def _kept(self, former: Person) -> dict[str, Any]:
        record = write_person(former)
        departments = self.company.departments
        record["departments"] = [one for one in former.departments if one in departments]
        record["leads"] = [one for one in former.leads if one in departments]
        if former.manager not in self.company.people:
            record["manager"] = None
        return record

    def change(self, userid: str, body: dict[str, Any]) -> tuple[Person, Person]:
        """Replace the keys given; return the person before and after."""
        before = self.company.person(userid)
        if before is None:
            raise not_found(f"person {userid}")
        if body.get("userid", userid) != userid:
            raise bad("userid: 不能改")
        after = read_record(PersonRecord, write_person(before) | body).person()
        self.company.change(after)
        return before, after


def routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """The company's part of the contract, and our additions."""
    changes = Changes(sandbox)

    def silent(request: web.Request) -> bool:
        return request.query.get("silent", "") in {"1", "true"}

    async def show(_request: web.Request) -> web.Response:
        return web.json_response(write_company(sandbox.company))

    async def join(request: web.Request) -> web.Response:
        body = await read_body(request)
        changes.before()
        person = changes.join(body)
        if not silent(request):
            events.people_joined(sandbox, [person.userid])
        return web.json_response(write_person(person))

    async def change(request: web.Request) -> web.Response:
        body = await read_body(request)
        changes.before()
        before, after = changes.change(request.match_info["userid"], body)
        if not silent(request):
            events.person_changed(sandbox, before, after)
        return web.json_response(write_person(after))

    async def leave(request: web.Request) -> web.Response:
        changes.before()
        person = sandbox.company.leave(request.match_info["userid"])
        if not silent(request):
            events.people_left(sandbox, [person.userid])
        return web.json_response({"userid": person.userid, "left": True})

    async def add_department(request: web.Request) -> web.Response:
        body = await read_body(request)
        body.setdefault("id", max(sandbox.company.departments) + 1)
        record = read_record(DepartmentRecord, body)
        changes.before()
        department = record.department(len(sandbox.company.departments) + 1)
        sandbox.company.add_department(department)
        if not silent(request):
            events.department_event(sandbox, "create", [department.id])
        return web.json_response(write_department(department))

    async def change_department(request: web.Request) -> web.Response:
        department_id = _id_of(request)
        before = sandbox.company.departments.get(department_id)
        if before is None:
            raise not_found(f"department {department_id}")
        body = await read_body(request)
        if body.get("id", department_id) != department_id:
            raise bad("id: 不能改")
        department = read_record(DepartmentRecord, write_department(before) | body).department(before.order)
        changes.before()
        sandbox.company.change_department(department)
        if not silent(request):
            events.department_event(sandbox, "modify", [department_id])
        return web.json_response(write_department(department))

    async def remove_department(request: web.Request) -> web.Response:
        department_id = _id_of(request)
        changes.before()
        sandbox.company.remove_department(department_id)
        if not silent(request):
            events.department_event(sandbox, "remove", [department_id])
        return web.json_response({"id": department_id, "removed": True})

    async def set_scope(request: web.Request) -> web.Response:
        record = read_record(ScopeRecord, await read_body(request))
        sandbox.company.set_scope(record.scope())
        return web.json_response(write_scope(sandbox.company.scope))

    async def bulk(request: web.Request) -> web.Response:
        """Join, change and leave many, each kind told in one event (behaviour 42)."""
        body = await read_body(request)
        unknown = set(body) - {"join", "change", "leave"}
        if unknown:
            raise bad(f"{unknown.pop()}: 不认识这个键")
        changes.before()
        joined = [changes.join(one).userid for one in body.get("join") or []]
        changed = [changes.change(str(one.get("userid")), one)[1].userid for one in body.get("change") or []]
        left = [sandbox.company.leave(str(one)).userid for one in body.get("leave") or []]
        if not silent(request):
            told = (
                (joined, events.people_joined),
                (changed, events.people_changed),
                (left, events.people_left),
            )
            for userids, tell in told:
                if userids:
                    tell(sandbox, userids)
        return web.json_response({"joined": joined, "changed": changed, "left": left})

    async def rename(request: web.Request) -> web.Response:
        name = (await read_body(request)).get("name")
        if not isinstance(name, str) or not name:
            raise bad("name: 缺少这一项")
        sandbox.company.name = name
        if not silent(request):
            events.company_changed(sandbox)
        return web.json_response({"name": name})

    def reported(handler: Any) -> Any:
        async def run(request: web.Request) -> web.Response:
            try:
                answer: web.Response = await handler(request)
            except CompanyError as error:
                raise refusal(error) from error
            return answer

        return run

    users, departments = f"{V1}/company/users", f"{V1}/company/departments"
    return [
        web.get(f"{V1}/company", show),
        web.patch(f"{V1}/company", rename),
        web.post(users, reported(join)),
        web.patch(f"{users}/{{userid}}", reported(change)),
        web.delete(f"{users}/{{userid}}", reported(leave)),
        web.post(departments, reported(add_department)),
        web.patch(f"{departments}/{{id}}", reported(change_department)),
        web.delete(f"{departments}/{{id}}", reported(remove_department)),
        web.put(f"{V1}/company/scope", reported(set_scope)),
        web.post(f"{V1}/company/bulk", reported(bulk)),
        *_role_routes(sandbox),
    ]


def _role_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    company = sandbox.company

    async def put_role(request: web.Request) -> web.Response:
        role_id = _id_of(request)
        record = read_record(RoleRecord, await read_body(request))
        for at, userid in enumerate(record.members):
            if company.person(userid) is None:
                raise bad(f"members[{at}]: 没有这个人：{userid}")
        scopes = {userid: tuple(ids) for userid, ids in record.manage_scopes.items()}
        members = tuple(dict.fromkeys(record.members))
        before = company.roles.get(role_id)
        after = Role(role_id, record.name, record.group_id, record.group_name, members, scopes)
        company.roles[role_id] = after
        events.role_changed(sandbox, before, after)
        had = before.members if before is not None else ()
        for action, userids in (
            ("add", [one for one in members if one not in had]),
            ("remove", [one for one in had if one not in members]),
        ):
            if userids:
                events.role_members_changed(sandbox, after, userids, action)
        return web.json_response({"id": role_id, "name": after.name, "members": list(members)})

    async def remove_role(request: web.Request) -> web.Response:
        role_id = _id_of(request)
        before = company.roles.pop(role_id, None)
        if before is None:
            raise not_found(f"role {role_id}")
        events.role_changed(sandbox, before, None)
        return web.json_response({"id": role_id, "removed": True})

    return [web.put(f"{V1}/company/roles/{{id}}", put_role), web.delete(f"{V1}/company/roles/{{id}}", remove_role)]


def _id_of(request: web.Request) -> int:
    written = request.match_info["id"]
    if not written.isdigit():
        raise not_found(written)
    return int(written)
