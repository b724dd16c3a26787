"""Queries on the mirrored organisation: people and departments."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select as core_select
from sqlmodel import col, func, select

from bot.core.errors import NotFound
from storage.database import Tx
from storage.plain import Plain, given, given_list, table_of
from storage.tables import Department, Employee, EmployeeDepartment

E, ED, D = table_of(Employee), table_of(EmployeeDepartment), table_of(Department)
PASS = Plain(
    core_select(E.c.name, E.c.active, ED.c.department_id)
    .select_from(E.outerjoin(ED, ED.c.user_id == E.c.user_id))
    .where(E.c.user_id == given("of"))
)
SAME = E.alias("same")
NAMES = Plain(
    core_select(
        E.c.user_id, E.c.name,
        core_select(func.count()).select_from(SAME).where(SAME.c.name == E.c.name, SAME.c.active)
        .scalar_subquery().label("bearers"),
    ).where(E.c.user_id.in_(given_list("ids")))
)  # fmt: skip
PLACES = Plain(
    core_select(ED.c.user_id, D.c.name)
    .select_from(ED.join(D, D.c.department_id == ED.c.department_id))
    .where(ED.c.user_id.in_(given_list("ids")))
    .order_by(ED.c.user_id, ED.c.position)
)
TREE = Plain(core_select(D.c.department_id, D.c.parent_id))


@dataclass(frozen=True, slots=True)
class Pass:
    """What the door looks at."""

    user_id: str
    name: str
    active: bool
    departments: frozenset[int]


def find_pass(tx: Tx, user_id: str) -> Pass | None:
    """The person and the departments he is in, active or departed."""
    rows = PASS.run(tx, of=user_id).all()
    if not rows:
        return None
    return Pass(user_id, rows[0].name, rows[0].active, frozenset(r.department_id for r in rows if r.department_id))


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


def names_of(tx: Tx, user_ids: Iterable[str | None]) -> dict[str, str]:
    """User id → name, for those known; who shares his name with a colleague is told apart (U17)."""
    wanted = {u for u in user_ids if u}
    if not wanted:
        return {}
    rows = NAMES.run(tx, ids=sorted(wanted)).all()
    shared = [row.user_id for row in rows if row.bearers > 1]
    told = tell_apart(tx, shared) if shared else {}
    return {row.user_id: told.get(row.user_id, row.name) for row in rows}


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


def led_by(tx: Tx, user_id: str) -> list[int]:
    """Departments the person leads."""
    rows = tx.exec(
        select(EmployeeDepartment.department_id).where(
            EmployeeDepartment.user_id == user_id, col(EmployeeDepartment.leader)
        )
    )
    return list(rows.all())


def with_subdepartments(tx: Tx, department_ids: Iterable[int]) -> frozenset[int]:
    """The departments and everything below them, at any depth."""
    wanted = set(department_ids)
    if not wanted:
        return frozenset()
    children: dict[int | None, list[int]] = {}
    for row in TREE.run(tx):
        children.setdefault(row.parent_id, []).append(row.department_id)
    queue = list(wanted)
    while queue:
        for child in children.get(queue.pop(), ()):
            if child not in wanted:
                wanted.add(child)
                queue.append(child)
    return frozenset(wanted)


def count_active(tx: Tx) -> int:
    """Employed people."""
    return tx.exec(select(func.count()).select_from(Employee).where(col(Employee.active))).one()


def count_departments(tx: Tx) -> int:
    """Departments that exist now."""
    return tx.exec(select(func.count()).select_from(Department).where(col(Department.active))).one()
