"""Queries on sales targets (销售目标): one amount for a subject, metric and month."""

from dataclasses import dataclass
from decimal import Decimal

from sqlmodel import col, select

from storage.database import Tx
from storage.tables import Department, Employee, Target


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose target: a person (userId) or a department (its id as text)."""

    kind: str  # user | department
    subject_id: str
    name: str


def find_department(tx: Tx, name: str) -> list[Subject]:
    """Departments of exactly that name."""
    rows = tx.exec(select(Department).where(Department.name == name, col(Department.active))).all()
    return [Subject("department", str(d.department_id), d.name) for d in rows]


def months_of(tx: Tx, subject: Subject, metric: str, year: int) -> dict[int, Decimal]:
    """Month → yuan, for the months that have a target."""
    return {row.month: row.amount for row in _rows(tx, subject, metric, year)}


def of_month(tx: Tx, user_id: str, year: int, month: int) -> dict[str, Decimal]:
    """Metric → yuan: a person's own targets of that month; none where none is set."""
    query = select(Target).where(
        Target.subject_kind == "user", Target.subject_id == user_id, Target.year == year, Target.month == month
    )
    return {row.metric: row.amount for row in tx.exec(query).all()}


def set_months(tx: Tx, subject: Subject, metric: str, year: int, amounts: dict[int, Decimal | None]) -> None:
    """Writes these months and leaves the others. None: no target for that month."""
    known = {row.month: row for row in _rows(tx, subject, metric, year)}
    for month, amount in amounts.items():
        row = known.get(month)
        if amount is None:
            if row is not None:
                tx.delete(row)
        elif row is None:
            tx.add(
                Target(
                    subject_kind=subject.kind, subject_id=subject.subject_id, metric=metric, year=year, month=month,
                    amount=amount,
                )
            )  # fmt: skip
        else:
            row.amount = amount
    tx.flush()


@dataclass(frozen=True, slots=True)
class TargetLine:
    """One subject's year."""

    subject: Subject
    metric: str
    months: dict[int, Decimal]
    year: int = 0


def list_year(tx: Tx, year: int) -> list[TargetLine]:
    """Every target of the year, departments first."""
    found: dict[tuple[str, str, str], dict[int, Decimal]] = {}
    query = select(Target).where(Target.year == year).order_by(col(Target.subject_kind), col(Target.subject_id))
    for row in tx.exec(query.order_by(col(Target.metric), col(Target.month))).all():
        found.setdefault((row.subject_kind, row.subject_id, row.metric), {})[row.month] = row.amount
    people = dict(tx.exec(select(Employee.user_id, Employee.name)).all())
    groups = {str(i): name for i, name in tx.exec(select(Department.department_id, Department.name)).all()}
    return [
        TargetLine(Subject(kind, key, (people if kind == "user" else groups).get(key, key)), metric, months, year)
        for (kind, key, metric), months in found.items()
    ]


def list_years(tx: Tx) -> list[int]:
    """The years that have any target."""
    return sorted(tx.exec(select(Target.year).distinct()).all())


def _rows(tx: Tx, subject: Subject, metric: str, year: int) -> list[Target]:
    query = select(Target).where(
        Target.subject_kind == subject.kind, Target.subject_id == subject.subject_id, Target.metric == metric,
        Target.year == year,
    )  # fmt: skip
    return list(tx.exec(query).all())
