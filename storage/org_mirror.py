"""Writes of the org mirror: read whole, changed in one transaction."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, delete, func, select, update

from storage.database import Tx
from storage.tables import Department, Employee, EmployeeDepartment, SyncRun

Readings = Callable[[str], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Mirrored:
    """One employee's row and departments (id → leader, position)."""

    row: Employee
    departments: dict[int, tuple[bool, int]]


def read_people(tx: Tx, user_ids: Iterable[str] | None = None) -> dict[str, Mirrored]:
    """Everybody, or those named."""
    people, links = select(Employee), select(EmployeeDepartment)
    if user_ids is not None:
        wanted = list(user_ids)
        people = people.where(col(Employee.user_id).in_(wanted))
        links = links.where(col(EmployeeDepartment.user_id).in_(wanted))
    departments: dict[str, dict[int, tuple[bool, int]]] = defaultdict(dict)
    for link in tx.exec(links.order_by(col(EmployeeDepartment.position))).all():
        departments[link.user_id][link.department_id] = (link.leader, link.position)
    return {p.user_id: Mirrored(p, departments[p.user_id]) for p in tx.exec(people).all()}


def read_places(tx: Tx, ids: Iterable[int] | None = None) -> list[Department]:
    """All departments, or those named."""
    query = select(Department)
    if ids is not None:
        query = query.where(col(Department.department_id).in_(list(ids)))
    return list(tx.exec(query).all())


def write_person(
    tx: Tx, values: dict[str, Any], departments: dict[int, tuple[bool, int]], *, readings: Readings, now: datetime
) -> None:
    """Adds or changes one person; re-joining makes the same identity active again."""
    row = tx.get(Employee, values["user_id"])
    pinyin, initials = readings(values["name"])
    if row is None:
        row = Employee(**values, pinyin=pinyin, initials=initials, joined_at=now)
        tx.add(row)
        tx.flush()
        known: dict[int, tuple[bool, int]] = {}
    else:
        if not row.active and values.get("active"):
            row.left_at = None
        for name, value in values.items():
            setattr(row, name, value)
        row.pinyin, row.initials = pinyin, initials
        known = {
            link.department_id: (link.leader, link.position)
            for link in tx.exec(select(EmployeeDepartment).where(EmployeeDepartment.user_id == row.user_id)).all()
        }
    if known == departments:
        return
    tx.execute(delete(EmployeeDepartment).where(col(EmployeeDepartment.user_id) == row.user_id))
    tx.add_all(
        EmployeeDepartment(user_id=row.user_id, department_id=d, leader=leader, position=position)
        for d, (leader, position) in departments.items()
    )


def write_place(tx: Tx, values: dict[str, Any]) -> None:
    """Adds or changes one department."""
    row = tx.get(Department, values["department_id"])
    if row is None:
        tx.add(Department(**values))
        return
    for name, value in values.items():
        setattr(row, name, value)


def close_places(tx: Tx, ids: Iterable[int]) -> None:
    """Departments that are no more."""
    tx.execute(update(Department).where(col(Department.department_id).in_(list(ids))).values(active=False))


def mark_left(tx: Tx, user_ids: Iterable[str], now: datetime) -> int:
    """No employees any more: authorship and ownership stay, access is gone (R-SYNC-3)."""
    done = tx.execute(
        update(Employee)
        .where(col(Employee.user_id).in_(list(user_ids)), col(Employee.active))
        .values(active=False, left_at=now)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def set_admin(tx: Tx, user_ids: Iterable[str], *, admin: bool) -> None:
    """DingTalk's own administrators."""
    tx.execute(update(Employee).where(col(Employee.user_id).in_(list(user_ids))).values(dingtalk_admin=admin))


def count_active(tx: Tx) -> int:
    """Employed people."""
    return tx.exec(select(func.count()).select_from(Employee).where(col(Employee.active))).one()


def begin_run(tx: Tx, now: datetime) -> int:
    """A new full sync. One that a dead process left running is closed."""
    tx.execute(update(SyncRun).where(col(SyncRun.status) == "running").values(status="failed", finished_at=now))
    run = SyncRun(kind="full", status="running", started_at=now)
    tx.add(run)
    tx.flush()
    assert run.id is not None
    return run.id


def end_run(
    tx: Tx, run_id: int, *, status: str, counts: dict[str, int], problems: list[str], removals: list[str], now: datetime
) -> None:
    """Its result."""
    run = tx.get(SyncRun, run_id)
    assert run is not None
    run.status, run.counts, run.problems, run.removals, run.finished_at = status, counts, problems, removals, now
    if status == "waiting":  # an older list is out of date
        tx.execute(
            update(SyncRun).where(col(SyncRun.status) == "waiting", col(SyncRun.id) != run_id).values(status="partial")
        )


def decide_removals(tx: Tx, run_id: int, *, agree: bool, by: str, now: datetime) -> int:
    """Carries out or drops the removals that waited; returns how many people are inactive now."""
    run = tx.exec(select(SyncRun).where(SyncRun.id == run_id).with_for_update()).one()
    run.status, run.decided_by = "ok", by
    return mark_left(tx, run.removals, now) if agree else 0
