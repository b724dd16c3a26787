"""The mirror as administrators look at it: tree, last run, leavers who still own customers."""

from collections import Counter

from sqlmodel import col, select

from storage.database import Tx
from storage.tables import Customer, Department, Employee, EmployeeDepartment, SyncRun


def tree(tx: Tx) -> list[tuple[int, str, int]]:
    """(depth, name, active people directly in it) of every department, top down."""
    departments = tx.exec(select(Department).where(col(Department.active))).all()
    heads = Counter(
        tx.exec(
            select(EmployeeDepartment.department_id)
            .join(Employee, col(Employee.user_id) == col(EmployeeDepartment.user_id))
            .where(col(Employee.active))
        ).all()
    )
    known = {d.department_id for d in departments}
    children: dict[int | None, list[Department]] = {}
    for department in sorted(departments, key=lambda d: (d.position, d.department_id)):
        parent = department.parent_id if department.parent_id in known else None
        children.setdefault(parent, []).append(department)
    rows: list[tuple[int, str, int]] = []
    queue = [(0, d) for d in reversed(children.get(None, []))]
    while queue:
        depth, department = queue.pop()
        rows.append((depth, department.name, heads[department.department_id]))
        queue += [(depth + 1, d) for d in reversed(children.get(department.department_id, []))]
    return rows


def last_run(tx: Tx) -> SyncRun | None:
    """The latest full sync."""
    return tx.exec(select(SyncRun).where(SyncRun.kind == "full").order_by(col(SyncRun.id).desc()).limit(1)).first()


def waiting_run(tx: Tx) -> SyncRun | None:
    """The latest sync whose removals wait for an administrator's word."""
    query = select(SyncRun).where(SyncRun.status == "waiting").order_by(col(SyncRun.id).desc())
    return tx.exec(query.limit(1)).first()


def leavers_owning(tx: Tx) -> list[tuple[str, int]]:
    """(name, customers) of departed people who still own customers."""
    counts = Counter(tx.exec(select(Customer.owner_id).where(col(Customer.owner_id).is_not(None))).all())
    gone = tx.exec(select(Employee).where(~col(Employee.active), col(Employee.user_id).in_(list(counts)))).all()
    return [(p.name, counts[p.user_id]) for p in gone]


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
