"""Queries on the mirrored organisation: people and departments."""

from collections.abc import Iterable

from sqlmodel import col, func, select

from bot.core.errors import NotFound
from storage.database import Tx
from storage.tables import Department, Employee, EmployeeDepartment


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
    """Active people of exactly that name; else whose name contains it."""
    active = select(Employee).where(col(Employee.active))
    exact = list(tx.exec(active.where(Employee.name == name).order_by(col(Employee.user_id))).all())
    if exact or not name:
        return exact
    like = col(Employee.name).contains(name, autoescape=True)
    return list(tx.exec(active.where(like).order_by(col(Employee.user_id)).limit(6)).all())


def names_of(tx: Tx, user_ids: Iterable[str | None]) -> dict[str, str]:
    """User id → name, for those known."""
    wanted = {u for u in user_ids if u}
    if not wanted:
        return {}
    rows = tx.exec(select(Employee.user_id, Employee.name).where(col(Employee.user_id).in_(wanted)))
    return dict(rows.all())


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
    for child, parent in tx.exec(select(Department.department_id, Department.parent_id)).all():
        children.setdefault(parent, []).append(child)
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
