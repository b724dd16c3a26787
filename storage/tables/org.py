"""The mirrored organisation: departments, people, and what each sync did."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from storage.types import Json, Moment


class Department(SQLModel, table=True):
    """A DingTalk department. `stub`: a parent the app's token cannot read, known by id only."""

    department_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str
    parent_id: int | None = Field(default=None, index=True)
    position: int = 0
    stub: bool = False
    active: bool = True


class Employee(SQLModel, table=True):
    """A person of the company, by DingTalk userId. Never deleted: who left is `active = False`."""

    user_id: str = Field(primary_key=True)
    union_id: str | None = Field(default=None, index=True)
    name: str = Field(index=True)
    pinyin: str = ""
    initials: str = ""
    title: str = ""
    mobile: str | None = None  # None: no value or no right to read it
    manager_user_id: str | None = None
    dingtalk_admin: bool = False
    active: bool = Field(default=True, index=True)  # employed
    activated: bool = True  # has activated DingTalk
    joined_at: datetime = Field(sa_type=Moment)  # first seen here
    left_at: datetime | None = Field(default=None, sa_type=Moment)


class EmployeeDepartment(SQLModel, table=True):
    """One of the departments a person is in; kept after leaving, so that scopes still find their rows."""

    __tablename__ = "employee_department"
    __table_args__ = (Index("ix_employee_department_department_id", "department_id", "user_id"),)
    user_id: str = Field(primary_key=True, foreign_key="employee.user_id")
    department_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    leader: bool = False
    position: int = 0  # place in DingTalk's list; 0 is the main one


class DepartmentLeader(SQLModel, table=True):
    """Somebody who leads (主管) a department without being in it; who is in it: `EmployeeDepartment.leader`."""

    __tablename__ = "department_leader"
    user_id: str = Field(primary_key=True, foreign_key="employee.user_id")
    department_id: int = Field(primary_key=True, index=True, sa_column_kwargs={"autoincrement": False})


class SyncRun(SQLModel, table=True):
    """One run of the org mirror and its result, which adds up."""

    __tablename__ = "sync_run"
    __table_args__ = (CheckConstraint("status IN ('running','ok','partial','waiting','failed')", name="status"),)
    id: int | None = Field(default=None, primary_key=True)
    kind: str  # full | event
    status: str
    started_at: datetime = Field(sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)
    counts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    problems: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    removals: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    # user ids whose removal waits for an administrator's word
    decided_by: str | None = None
