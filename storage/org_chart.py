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
