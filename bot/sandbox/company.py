"""The sandbox's company: people, departments, groups and what the app's token may read of them.

Pure state with indexes, so that 10,000 people in 500 departments stay quick to read. Nothing here knows HTTP:
`contacts.py` reads it as DingTalk's address book, `control_company.py` changes it, `events.py` tells the app.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from bot.sandbox.company_records import (
    ROOT_ID,
    AddressBookScope,
    CompanyError,
    Department,
    Group,
    Person,
    Role,
)


class Company:
    """A firm with indexes over its people and departments.

    Records are immutable; a change replaces the record and keeps the indexes. `freeze_readers` lets the
    platform's read calls lag behind a change for a while (behaviour 42).
    """

    def __init__(
        self,
        *,
        corp_id: str,
        name: str,
        departments: Iterable[Department] = (),
        people: Iterable[Person] = (),
        groups: Iterable[Group] = (),
        scope: AddressBookScope | None = None,
    ) -> None:
        self.corp_id = corp_id
        self.name = name
        self.departments: dict[int, Department] = {}
        self.people: dict[str, Person] = {}
        self.former: dict[str, Person] = {}
        self.groups: dict[str, Group] = {group.id: group for group in groups}
        self.roles: dict[int, Role] = {}
        self.scope = scope if scope is not None else AddressBookScope()
        self._children: dict[int, dict[int, None]] = {}
        self._members: dict[int, dict[str, None]] = {}
        self._leaders: dict[int, dict[str, None]] = {}
        self._userid_of_union: dict[str, str] = {}
        self._scope_departments: frozenset[int] | None = None
        self._stale: deque[tuple[datetime, Company]] = deque()
        for department in departments:
            self._index_department(department)
        if ROOT_ID not in self.departments:
            self._index_department(Department(ROOT_ID, name))
        for person in people:
            self._index_person(person)

    # -- reading ---------------------------------------------------------------------------------------------

    def person(self, userid: str) -> Person | None:
        """Return the employee, or None when nobody of that userid works here now."""
        return self.people.get(userid)

    def known_person(self, userid: str) -> Person | None:
        """Return the employee or the leaver of that userid."""
        return self.people.get(userid) or self.former.get(userid)

    def person_by_unionid(self, unionid: str) -> Person | None:
        """Return the employee with that unionId, or None."""
        userid = self._userid_of_union.get(unionid)
        return self.people.get(userid) if userid is not None else None

    def person_by_mobile(self, mobile: str) -> Person | None:
        """Return the employee with that mobile number, or None."""
        return next((person for person in self.people.values() if person.mobile == mobile), None)

    def members(self, department_id: int) -> list[Person]:
        """Return the direct members of a department in the order they were added."""
        return [self.people[userid] for userid in self._members.get(department_id, ())]

    def member_count(self, department_id: int) -> int:
        """Return the number of direct members."""
        return len(self._members.get(department_id, ()))

    def children(self, department_id: int) -> list[Department]:
        """Return the direct sub-departments, by `order` and then id."""
        found = [self.departments[child] for child in self._children.get(department_id, ())]
        return sorted(found, key=lambda department: (department.order, department.id))

    def ancestors(self, department_id: int) -> list[int]:
        """Return the way up: the department itself first, the root last."""
        way: list[int] = []
        current: int | None = department_id
        while current is not None and current in self.departments:
            way.append(current)
            current = self.departments[current].parent
        return way

    def subtree(self, department_id: int) -> set[int]:
        """Return a department and everything below it; empty when it does not exist."""
        if department_id not in self.departments:
            return set()
        found: set[int] = set()
        waiting = [department_id]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting.extend(self._children.get(current, ()))
        return found

    def people_below(self, department_id: int) -> list[Person]:
        """Return everyone in a department or below it, each once."""
        found: dict[str, None] = {}
        for department in sorted(self.subtree(department_id)):
            found.update(self._members.get(department, {}))
        return [self.people[userid] for userid in found]

    def leaders(self, department_id: int) -> list[str]:
        """Return the userids of a department's 主管."""
        return list(self._leaders.get(department_id, ()))

    def department_readable(self, department_id: int) -> bool:
        """Say whether the app's token may read this department."""
        if self._scope_departments is None:
            self._scope_departments = frozenset(
                below for granted in self.scope.departments for below in self.subtree(granted)
            )
        return department_id in self._scope_departments

    def person_readable(self, person: Person) -> bool:
        """Say whether the app's token may read this person."""
        return person.userid in self.scope.users or any(
            self.department_readable(department) for department in person.departments
        )

    def readable_people(self) -> Iterator[Person]:
        """Yield everyone the app's token may read."""
        return (person for person in self.people.values() if self.person_readable(person))

    def roles_of(self, userid: str) -> list[Role]:
        """Return the roles this person has."""
        return [role for role in self.roles.values() if userid in role.members]

    def groups_of(self, userid: str) -> list[Group]:
        """Return the group chats this person is in."""
        return [group for group in self.groups.values() if userid in group.members]

    # -- lagging readers -------------------------------------------------------------------------------------

    def freeze_readers(self, until: datetime) -> None:
        """Let `as_read_at` show the present state until that moment; call it before the change."""
        self._stale.append((until, self._copy()))

    def as_read_at(self, moment: datetime) -> "Company":
        """Return the company as the platform's read calls see it at that moment."""
        while self._stale and self._stale[0][0] <= moment:
            self._stale.popleft()
        return self._stale[0][1] if self._stale else self

    def _copy(self) -> "Company":
        copy = Company(
            corp_id=self.corp_id,
            name=self.name,
            departments=self.departments.values(),
            people=self.people.values(),
            groups=self.groups.values(),
            scope=self.scope,
        )
        copy.former = dict(self.former)
        copy.roles = dict(self.roles)
        return copy

    # -- changing: people ------------------------------------------------------------------------------------

    def join(self, person: Person) -> None:
        """Let somebody join, also one who had left; raise CompanyError when the userid works here."""
        if person.userid in self.people:
            raise CompanyError("taken", f"userid {person.userid} 已经在公司里")
        self._check_person(person)
        self.former.pop(person.userid, None)
        self._index_person(person)

    def change(self, person: Person) -> Person:
        """Replace the record of an employee and return the one before."""
        before = self.people.get(person.userid)
        if before is None:
            raise CompanyError("missing", f"没有这个人：{person.userid}")
        self._check_person(person)
        # What stays keeps its place in every order: pages of a list, and who is the first administrator.
        for department in set(before.departments) - set(person.departments):
            self._members[department].pop(person.userid)
        for department in set(before.leads) - set(person.leads):
            self._leaders[department].pop(person.userid)
        self._index_person(person)
        return before

    def leave(self, userid: str) -> Person:
        """Let somebody leave: out of departments, groups, roles; no longer anyone's manager."""
        person = self.people.get(userid)
        if person is None:
            raise CompanyError("missing", f"没有这个人：{userid}")
        self._unindex_person(person)
        self.former[userid] = person
        for report in [one for one in self.people.values() if one.manager == userid]:
            self.people[report.userid] = replace(report, manager=None)
        for group in self.groups_of(userid):
            self.groups[group.id] = replace(group, members=tuple(m for m in group.members if m != userid))
        for role in self.roles_of(userid):
            self.roles[role.id] = replace(role, members=tuple(m for m in role.members if m != userid))
        if userid in self.scope.users:
            self.scope = replace(self.scope, users=tuple(one for one in self.scope.users if one != userid))
        return person

    def _check_person(self, person: Person) -> None:
        if not person.departments:
            raise CompanyError("invalid", "departments：至少要有一个部门")
        for department in (*person.departments, *person.leads):
            if department not in self.departments:
                raise CompanyError("invalid", f"没有这个部门：{department}")
        if person.manager is not None and person.manager not in self.people:
            raise CompanyError("invalid", f"manager：没有这个人：{person.manager}")
        if person.manager == person.userid:
            raise CompanyError("invalid", "manager：不能是自己")

    def _index_person(self, person: Person) -> None:
        self.people[person.userid] = person
        self._userid_of_union[person.unionid] = person.userid
        for department in person.departments:
            self._members.setdefault(department, {})[person.userid] = None
        for department in person.leads:
            self._leaders.setdefault(department, {})[person.userid] = None

    def _unindex_person(self, person: Person) -> None:
        del self.people[person.userid]
        self._userid_of_union.pop(person.unionid, None)
        for department in person.departments:
            self._members.get(department, {}).pop(person.userid, None)
        for department in person.leads:
            self._leaders.get(department, {}).pop(person.userid, None)

    # -- changing: departments, scope ------------------------------------------------------------------------

    def add_department(self, department: Department) -> None:
        """Add a department below an existing one."""
        if department.id in self.departments:
            raise CompanyError("taken", f"部门 {department.id} 已经存在")
        self._check_parent(department)
        self._index_department(department)

    def change_department(self, department: Department) -> None:
        """Replace a department's record: rename, move, reorder."""
        before = self.departments.get(department.id)
        if before is None:
            raise CompanyError("missing", f"没有这个部门：{department.id}")
        self._check_parent(department)
        if before.parent is not None:
            self._children[before.parent].pop(before.id, None)
        self._index_department(department)

    def remove_department(self, department_id: int) -> None:
        """Remove an empty department; DingTalk refuses one that has members or departments below it."""
        department = self.departments.get(department_id)
        if department is None:
            raise CompanyError("missing", f"没有这个部门：{department_id}")
        if department.parent is None:
            raise CompanyError("refused", "根部门不能删除")
        if self._children.get(department_id) or self._members.get(department_id):
            raise CompanyError("refused", f"部门 {department_id} 里还有人或下级部门，不能删除")
        del self.departments[department_id]
        self._children[department.parent].pop(department_id, None)
        self._children.pop(department_id, None)
        self._members.pop(department_id, None)
        kept = tuple(one for one in self.scope.departments if one != department_id)
        self.scope = replace(self.scope, departments=kept)
        self._scope_departments = None
        for userid in self._leaders.pop(department_id, {}):
            leader = self.people[userid]
            leads = tuple(one for one in leader.leads if one != department_id)
            self.people[userid] = replace(leader, leads=leads)

    def set_scope(self, scope: AddressBookScope) -> None:
        """Set what the app's token may read; raise CompanyError for an unknown department or person."""
        for department in scope.departments:
            if department not in self.departments:
                raise CompanyError("invalid", f"没有这个部门：{department}")
        for userid in scope.users:
            if userid not in self.people:
                raise CompanyError("invalid", f"没有这个人：{userid}")
        self.scope = scope
        self._scope_departments = None

    def _check_parent(self, department: Department) -> None:
        if department.id == ROOT_ID:
            if department.parent is not None:
                raise CompanyError("invalid", "根部门没有上级部门")
            return
        if department.parent is None or department.parent not in self.departments:
            raise CompanyError("invalid", f"没有这个上级部门：{department.parent}")
        if department.id in self.ancestors(department.parent):
            raise CompanyError("invalid", f"部门 {department.id} 不能移到自己的下级部门里")

    def _index_department(self, department: Department) -> None:
        self.departments[department.id] = department
        if department.parent is not None:
            self._children.setdefault(department.parent, {})[department.id] = None
        self._scope_departments = None
