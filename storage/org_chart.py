"""The mirror as administrators look at it: tree, last run, leavers who still own customers."""

from dataclasses import dataclass

from sqlmodel import col, select

from storage.database import Tx
from storage.tables import Department, Employee, EmployeeDepartment, SyncRun


@dataclass(frozen=True, slots=True)
class Branch:
    """A department in the tree. `people`: who works in it or below, each once; `direct`: in itself."""

    department_id: int
    name: str
    depth: int
    people: int
    direct: int


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who works in a department."""

    user_id: str
    name: str
    title: str
    leader: bool


def tree(tx: Tx, root: int | None = None) -> list[Branch]:
    """Every department top down, or one with all that is below it."""
    departments = tx.exec(select(Department).where(col(Department.active))).all()
    members: dict[int, set[str]] = {}
    for department_id, user_id in tx.exec(
        select(EmployeeDepartment.department_id, EmployeeDepartment.user_id)
        .join(Employee, col(Employee.user_id) == col(EmployeeDepartment.user_id))
        .where(col(Employee.active))
    ).all():
        members.setdefault(department_id, set()).add(user_id)
    known = {d.department_id for d in departments}
    children: dict[int | None, list[Department]] = {}
    for department in sorted(departments, key=lambda d: (d.position, d.department_id)):
        parent = department.parent_id if department.parent_id in known else None
        children.setdefault(parent, []).append(department)
    tops = children.get(None, []) if root is None else [d for d in departments if d.department_id == root]
    order: list[tuple[int, Department]] = []
    queue = [(0, d) for d in reversed(tops)]
    while queue:
        depth, department = queue.pop()
        order.append((depth, department))
        queue += [(depth + 1, d) for d in reversed(children.get(department.department_id, []))]
    below: dict[int, set[str]] = {}
    for _, department in reversed(order):  # children before their parents
        mine = set(members.get(department.department_id, ()))
        for child in children.get(department.department_id, ()):
            mine |= below[child.department_id]
        below[department.department_id] = mine
    return [
        Branch(d.department_id, d.name, depth, len(below[d.department_id]), len(members.get(d.department_id, ())))
        for depth, d in order
    ]


def members_of(tx: Tx, department_id: int) -> list[Member]:
    """Who works in the department itself, its leaders first."""
    rows = tx.exec(
        select(Employee, EmployeeDepartment.leader)
        .join(EmployeeDepartment, col(EmployeeDepartment.user_id) == col(Employee.user_id))
        .where(EmployeeDepartment.department_id == department_id, col(Employee.active))
        .order_by(col(EmployeeDepartment.leader).desc(), col(Employee.name), col(Employee.user_id))
    ).all()
    return [Member(person.user_id, person.name, person.title, leader) for person, leader in rows]


def last_run(tx: Tx) -> SyncRun | None:
    """The latest full sync."""
    return tx.exec(select(SyncRun).where(SyncRun.kind == "full").order_by(col(SyncRun.id).desc()).limit(1)).first()


def waiting_run(tx: Tx) -> SyncRun | None:
    """The latest sync whose removals wait for an administrator's word."""
    query = select(SyncRun).where(SyncRun.status == "waiting").order_by(col(SyncRun.id).desc())
    return tx.exec(query.limit(1)).first()


def department_paths(tx: Tx) -> dict[int, str]:
    """Every department that exists now, by its path below the root: 销售部/销售一部."""
    rows = {d.department_id: d for d in tx.exec(select(Department).where(col(Department.active))).all()}
    paths: dict[int, str] = {}
    for department_id, department in rows.items():
        names, at, seen = [department.name], department.parent_id, {department_id}
        while at is not None and at in rows and at not in seen and rows[at].parent_id is not None:
            seen.add(at)
            names.append(rows[at].name)
            at = rows[at].parent_id
        paths[department_id] = "/".join(reversed(names))
    return paths


def active_people(tx: Tx) -> dict[str, str]:
    """User id → name of everybody employed here now."""
    query = select(Employee.user_id, Employee.name).where(col(Employee.active)).order_by(col(Employee.user_id))
    return dict(tx.exec(query).all())
