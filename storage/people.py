"""Queries on the mirrored organisation: people and departments."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import literal
from sqlalchemy import select as core_select
from sqlmodel import col, func, select

from bot.core.errors import NotFound
from storage.database import Tx
from storage.kept import kept
from storage.plain import Plain, given, given_list, table_of
from storage.tables import Department, DepartmentLeader, Employee, EmployeeDepartment

E, ED, D = table_of(Employee), table_of(EmployeeDepartment), table_of(Department)
PASS = Plain(
    core_select(E.c.name, E.c.active, E.c.dingtalk_admin, ED.c.department_id)
    .select_from(E.outerjoin(ED, ED.c.user_id == E.c.user_id))
    .where(E.c.user_id == given("of"))
)
TOLD = re.compile(r"(?P<name>[^（(]+?)\s*[（(](?P<place>[^）)]+)[）)]")
SAME = E.alias("same")
NAMES = Plain(
    core_select(
        E.c.user_id, E.c.name,
        core_select(func.count()).select_from(SAME)
        .where(SAME.c.name == E.c.name, SAME.c.active, SAME.c.user_id != E.c.user_id)
        .scalar_subquery().label("namesakes"),
    ).where(E.c.user_id.in_(given_list("ids")))
)  # fmt: skip
PLACES = Plain(
    core_select(ED.c.user_id, D.c.name)
    .select_from(ED.join(D, D.c.department_id == ED.c.department_id))
    .where(ED.c.user_id.in_(given_list("ids")))
    .order_by(ED.c.user_id, ED.c.position)
)
TREE = Plain(core_select(D.c.department_id, D.c.parent_id))
WORKING = Plain(core_select(E.c.user_id).where(E.c.user_id.in_(given_list("ids")), E.c.active))
OWN_ADMINS = Plain(
    core_select(E.c.user_id, E.c.name).where(E.c.active, E.c.dingtalk_admin).order_by(E.c.name, E.c.user_id)
)
SPREAD = Plain(
    core_select(E.c.user_id, ED.c.department_id)
    .select_from(E.outerjoin(ED, ED.c.user_id == E.c.user_id))
    .where(E.c.active)
)


@dataclass(frozen=True, slots=True)
class Pass:
    """What the door looks at."""

    user_id: str
    name: str
    active: bool
    departments: frozenset[int]
    dingtalk_admin: bool = False  # DingTalk's, not ours


@kept
def find_pass(tx: Tx, user_id: str) -> Pass | None:
    """The person and the departments he is in, active or departed."""
    rows = PASS.run(tx, of=user_id).all()
    if not rows:
        return None
    departments = frozenset(r.department_id for r in rows if r.department_id)
    return Pass(user_id, rows[0].name, rows[0].active, departments, rows[0].dingtalk_admin)


def get_employee(tx: Tx, user_id: str) -> Employee | None:
    """The person, active or departed."""
    return tx.get(Employee, user_id)


def access_active(tx: Tx, user_id: str) -> Employee:
    """Raises NotFound unless the person is employed here now."""
    person = tx.get(Employee, user_id)
    if person is None or not person.active:
        raise NotFound("没有找到这位在职同事，请核对姓名。")
    return person


def list_by_name(tx: Tx, name: str) -> list[Employee]:
    """Active people of exactly that name; else who has it for an id; else whose name contains it."""
    active = select(Employee).where(col(Employee.active))
    exact = list(tx.exec(active.where(Employee.name == name).order_by(col(Employee.user_id))).all())
    if exact or not name:
        return exact
    by_id = list(tx.exec(active.where(Employee.user_id == name)).all())
    if by_id:
        return by_id
    like = col(Employee.name).contains(name, autoescape=True)
    return list(tx.exec(active.where(like).order_by(col(Employee.user_id)).limit(6)).all())


def list_called(tx: Tx, name: str) -> list[str]:
    """User ids of everybody of exactly that name, departed ones too: for looking back."""
    return list(tx.exec(select(Employee.user_id).where(Employee.name == name).order_by(col(Employee.user_id))).all())


def names_of(tx: Tx, user_ids: Iterable[str | None]) -> dict[str, str]:
    """User id → name, for those known; who shares his name with a colleague is told apart (U17), a leaver too."""
    wanted = frozenset(u for u in user_ids if u)
    return dict(_names(tx, wanted)) if wanted else {}


@kept
def _names(tx: Tx, wanted: frozenset[str]) -> dict[str, str]:
    rows = NAMES.run(tx, ids=sorted(wanted)).all()
    shared = [row.user_id for row in rows if row.namesakes]
    told = tell_apart(tx, shared) if shared else {}
    return {row.user_id: told.get(row.user_id, row.name) for row in rows}


def plain_names(tx: Tx, user_ids: Iterable[str]) -> dict[str, str]:
    """User id → name as it is, of those who work here: for tables, which have the id besides."""
    wanted = sorted(set(user_ids))
    query = select(Employee.user_id, Employee.name).where(col(Employee.user_id).in_(wanted), col(Employee.active))
    return dict(tx.exec(query).all()) if wanted else {}


def tell_apart(tx: Tx, user_ids: Iterable[str]) -> dict[str, str]:
    """User id → 陈晨（成都组）; two of one name and department by their id: 陈晨（成都组 a1）."""
    bearers: dict[str, dict[str, str]] = {}  # name → user id → main department
    ids = list(user_ids)
    known = {e.user_id: e.name for e in tx.exec(select(Employee).where(col(Employee.user_id).in_(ids))).all()}
    everyone = select(Employee).where(col(Employee.name).in_(sorted(set(known.values()))))
    people = [e for e in tx.exec(everyone).all() if e.active or e.user_id in known]
    places: dict[str, str] = {}
    for row in PLACES.run(tx, ids=[e.user_id for e in people]):
        places.setdefault(row.user_id, row.name)
    for person in people:
        bearers.setdefault(person.name, {})[person.user_id] = places.get(person.user_id, "")
    told = {}
    for user_id, name in known.items():
        place = bearers[name][user_id]
        alone = bool(place) and list(bearers[name].values()).count(place) == 1
        told[user_id] = f"{name}（{place}）" if alone else f"{name}（{f'{place} ' if place else ''}{user_id}）"
    return told


def list_by_place(tx: Tx, name: str, place: str) -> list[Employee]:
    """Active people of that name who are in a department called so, or have that id."""
    inside = (
        select(EmployeeDepartment.user_id)
        .join(Department, col(Department.department_id) == col(EmployeeDepartment.department_id))
        .where(col(Department.name).contains(place, autoescape=True))
    )
    query = select(Employee).where(
        Employee.name == name,
        col(Employee.active),
        (col(Employee.user_id) == place) | col(Employee.user_id).in_(inside),
    )
    return list(tx.exec(query.order_by(col(Employee.user_id)).limit(6)).all())


def find_told(tx: Tx, words: str) -> list[Employee]:
    """陈晨（成都组）, as `tell_apart` writes it: who is meant, those who left too; nobody if it is not written so."""
    told = TOLD.fullmatch(words.strip())
    return narrow(tx, find_anybody(tx, told["name"]), told["place"]) if told else []


def narrow(tx: Tx, found: Sequence[Employee], place: str) -> list[Employee]:
    """Those of `found` whom `place` tells apart from the others: a department's name, an id, or both."""
    words = place.split()
    if by_id := [person for person in found if person.user_id in words]:
        return by_id
    inside = {row.user_id for row in PLACES.run(tx, ids=[p.user_id for p in found]) if row.name == place.strip()}
    return [person for person in found if person.user_id in inside]


def name_of(tx: Tx, user_id: str | None) -> str:
    """For sentences; an unknown id shows as itself, nobody as 系统."""
    if not user_id:
        return "系统"
    return names_of(tx, [user_id]).get(user_id, user_id)


def departments_of(tx: Tx, user_id: str) -> list[int]:
    """The person's departments, the main one first."""
    rows = tx.exec(
        select(EmployeeDepartment.department_id)
        .where(EmployeeDepartment.user_id == user_id)
        .order_by(col(EmployeeDepartment.position))
    )
    return list(rows.all())


def filter_in(tx: Tx, user_ids: Iterable[str], department_ids: Iterable[int]) -> frozenset[str]:
    """Those of them who are in one of these departments."""
    query = select(EmployeeDepartment.user_id).where(
        col(EmployeeDepartment.user_id).in_(sorted(set(user_ids))),
        col(EmployeeDepartment.department_id).in_(sorted(set(department_ids))),
    )
    return frozenset(tx.exec(query).all())


def led_by(tx: Tx, user_id: str) -> list[int]:
    """Departments the person leads, those he is in first."""
    inside = select(EmployeeDepartment.department_id).where(
        EmployeeDepartment.user_id == user_id, col(EmployeeDepartment.leader)
    )
    outside = select(DepartmentLeader.department_id).where(DepartmentLeader.user_id == user_id)
    rows = [
        *tx.exec(inside.order_by(col(EmployeeDepartment.position))),
        *tx.exec(outside.order_by(col(DepartmentLeader.department_id))),
    ]
    return list(dict.fromkeys(rows))


def with_subdepartments(tx: Tx, department_ids: Iterable[int]) -> frozenset[int]:
    """The departments and everything below them, at any depth."""
    wanted = frozenset(department_ids)
    return _with_those_below(tx, wanted) if wanted else wanted


@kept
def _with_those_below(tx: Tx, department_ids: frozenset[int]) -> frozenset[int]:
    children: dict[int | None, list[int]] = {}
    for row in TREE.run(tx):
        children.setdefault(row.parent_id, []).append(row.department_id)
    wanted, queue = set(department_ids), list(department_ids)
    while queue:
        for child in children.get(queue.pop(), ()):
            if child not in wanted:
                wanted.add(child)
                queue.append(child)
    return frozenset(wanted)


def filter_active(tx: Tx, user_ids: Iterable[str]) -> frozenset[str]:
    """Those of them who work here."""
    wanted = sorted(set(user_ids))
    return frozenset(WORKING.run(tx, ids=wanted).scalars()) if wanted else frozenset()


def list_dingtalk_admins(tx: Tx) -> dict[str, str]:
    """User id → name of DingTalk's own administrators who work here."""
    return {row.user_id: row.name for row in OWN_ADMINS.run(tx)}


def places(tx: Tx) -> dict[str, frozenset[int]]:
    """Everybody who works here, with the departments each is in."""
    found: dict[str, set[int]] = {}
    for row in SPREAD.run(tx):
        mine = found.setdefault(row.user_id, set())
        if row.department_id is not None:
            mine.add(row.department_id)
    return {user_id: frozenset(mine) for user_id, mine in found.items()}


def list_departments_named(tx: Tx, name: str) -> list[Department]:
    """Departments of exactly that name; several branches may have one."""
    query = select(Department).where(col(Department.active), Department.name == name)
    return list(tx.exec(query.order_by(col(Department.department_id))).all())


def get_department(tx: Tx, department_id: int) -> Department | None:
    """The department, if it exists now."""
    found = tx.get(Department, department_id)
    return found if found is not None and found.active else None


def list_departments(tx: Tx) -> list[Department]:
    """All that exist now."""
    query = select(Department).where(col(Department.active))
    return list(tx.exec(query.order_by(col(Department.position), col(Department.department_id))).all())


def department_names(tx: Tx, department_ids: Iterable[int]) -> dict[int, str]:
    """Department id → name, of departments that went too."""
    wanted = sorted(set(department_ids))
    if not wanted:
        return {}
    query = select(Department.department_id, Department.name).where(col(Department.department_id).in_(wanted))
    return dict(tx.exec(query).all())


def count_active(tx: Tx) -> int:
    """Employed people."""
    return tx.exec(select(func.count()).select_from(Employee).where(col(Employee.active))).one()


def count_departments(tx: Tx) -> int:
    """Departments that exist now."""
    return tx.exec(select(func.count()).select_from(Department).where(col(Department.active))).one()


def department_parents(tx: Tx) -> list[tuple[int, str, int | None]]:
    """(id, name, parent's id) of those that exist now."""
    query = select(Department.department_id, Department.name, Department.parent_id).where(col(Department.active))
    return list(tx.exec(query.order_by(col(Department.department_id))).all())


def find_anybody(tx: Tx, name: str) -> list[Employee]:
    """People of exactly that name or userId, those who left too."""
    query = select(Employee).where((col(Employee.name) == name) | (col(Employee.user_id) == name))
    return list(tx.exec(query.order_by(col(Employee.user_id))).all())


def active_names(tx: Tx) -> list[str]:
    """Names of everybody employed, for what is near to a name that nobody has."""
    return list(tx.exec(select(Employee.name).where(col(Employee.active)).order_by(col(Employee.name))).all())


def list_named(tx: Tx, words: str) -> list[Employee]:
    """People, departed ones too, with whose whole name `words` begins: only those of the longest such name."""
    query = select(Employee).where(literal(words).like(col(Employee.name).concat("%")), col(Employee.name) != "")
    found = list(tx.exec(query.order_by(col(Employee.user_id))).all())
    longest = max((len(person.name) for person in found), default=0)
    return [person for person in found if len(person.name) == longest]


def list_like(tx: Tx, name: str) -> list[Employee]:
    """People, departed ones too, whose name contains `name`; at most six."""
    like = col(Employee.name).contains(name, autoescape=True)
    return list(tx.exec(select(Employee).where(like).order_by(col(Employee.user_id)).limit(6)).all())


def list_colleagues(tx: Tx, user_id: str, *, limit: int) -> list[Employee]:
    """Employed people: the person's 直属主管 first, then those of his departments, leaders first."""
    person = tx.get(Employee, user_id)
    found: list[Employee] = []
    manager = tx.get(Employee, person.manager_user_id) if person is not None and person.manager_user_id else None
    if manager is not None and manager.active:
        found.append(manager)
    query = (
        select(Employee)
        .join(EmployeeDepartment, col(EmployeeDepartment.user_id) == col(Employee.user_id))
        .where(
            col(EmployeeDepartment.department_id).in_(departments_of(tx, user_id)),
            col(Employee.active),
            Employee.user_id != user_id,
        )
        .order_by(col(EmployeeDepartment.leader).desc(), col(Employee.user_id))
    )
    found += [one for one in tx.exec(query.limit(limit * 3)).all() if one not in found]
    return list({one.user_id: one for one in found}.values())[:limit]


def main_departments(tx: Tx, user_ids: Iterable[str]) -> dict[str, str]:
    """User id → the name of the person's main department."""
    query = (
        select(EmployeeDepartment.user_id, Department.name)
        .join(Department, col(Department.department_id) == col(EmployeeDepartment.department_id))
        .where(col(EmployeeDepartment.user_id).in_(list(user_ids)))
        .order_by(col(EmployeeDepartment.position).desc())
    )
    return dict(tx.exec(query).all())
