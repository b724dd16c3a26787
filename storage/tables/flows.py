"""Approval flows of any form: how they are set up, what runs, who has to decide, and what was done (R3.50–R3.58)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.types import Json, Moment


def _list() -> Any:
    return Field(default_factory=list, sa_column=Column(Json, nullable=False))


class FlowNode(SQLModel, table=True):
    """One node of a form's flow as it is set up now. What runs has its own version (`FlowVersion`)."""

    __tablename__ = "flow_node"
    __table_args__ = (
        CheckConstraint("mode IN ('any','all','turn')", name="mode"),
        CheckConstraint("deadline_hours > 0", name="deadline_hours"),
    )
    id: int | None = Field(default=None, primary_key=True)
    form: str = "invoice"
    position: int
    name: str
    mode: str = "any"  # 或签, 会签, 依次
    participant_roles: list[Any] = _list()  # names
    participant_users: list[Any] = _list()
    participant_superiors: list[Any] = _list()  # leader (of the applicant's department), superior:1, superior:2 …
    conditions: list[Any] = _list()  # {field, op, value}; all of them hold, or the node is passed over
    hidden_fields: list[Any] = _list()
    editable_fields: list[Any] = _list()  # none of them hidden
    copies: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))  # 抄送: roles, users …
    deadline_hours: int | None = None


class FlowVersion(SQLModel, table=True):
    """A flow's nodes as somebody's application found them; never changed afterwards (R-APP-1)."""

    __tablename__ = "flow_version"
    __table_args__ = (UniqueConstraint("form", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    form: str
    number: int
    nodes: list[Any] = _list()
    created_at: datetime = Field(sa_type=Moment)


class Flow(SQLModel, table=True):
    """One application on its way. `entry` counts the nodes entered, one entered again anew."""

    __table_args__ = (
        CheckConstraint("state IN ('running','approved','rejected','cancelled')", name="state"),
        Index("uq_flow_running", "form", "record_id", unique=True, sqlite_where=text("state = 'running'"),
              postgresql_where=text("state = 'running'")),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True)
    form: str
    record_id: int
    number: str = Field(unique=True)  # of the application
    version_id: int = Field(foreign_key="flow_version.id")
    starter_id: str = Field(index=True)
    state: str = "running"
    node: int = 0  # place in the version's nodes
    entry: int = 0
    revision: int = 0  # one more each time what is applied for was changed
    moves: int = 0  # one more with each transition: whoever moves it holds the row
    urged_at: datetime | None = Field(default=None, sa_type=Moment)
    urge_count: int = 0
    started_at: datetime = Field(sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)


class FlowTask(SQLModel, table=True):
    """What waits for one person, or waited. Every change of `state` is from `open` or `waiting`, once."""

    __tablename__ = "flow_task"
    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting','open','agreed','refused','returned','transferred','superseded','cancelled',"
            "'submitted')",
            name="state",
        ),
        CheckConstraint("kind IN ('decide','revise')", name="kind"),
        Index("ix_flow_task_waits", "user_id", "state"),
    )
    id: int | None = Field(default=None, primary_key=True)
    flow_id: int = Field(foreign_key="flow.id", index=True)
    node: int
    entry: int
    kind: str = "decide"  # revise: the applicant, to whom it was returned, corrects it
    user_id: str  # 参与者
    for_user_id: str | None = None  # 委托人: the one he decides for
    state: str = "open"
    why: str = ""  # why it is his: 找不到参与者，转管理员
    waits_for: int | None = Field(default=None, foreign_key="flow_task.id")  # opens when that one is agreed
    added_by: int | None = Field(default=None, foreign_key="flow_task.id")  # 加签: the task that waits for this one
    handover_id: int | None = None
    opened_at: datetime | None = Field(default=None, sa_type=Moment)
    due_at: datetime | None = Field(default=None, sa_type=Moment)
    reminded_at: datetime | None = Field(default=None, sa_type=Moment)
    escalated_at: datetime | None = Field(default=None, sa_type=Moment)
    closed_at: datetime | None = Field(default=None, sa_type=Moment)
    closed_by: str = ""  # 实际完成者
    comment: str = ""


class FlowCopy(SQLModel, table=True):
    """抄送: somebody is told of an application and may look at it as the node shows it."""

    __tablename__ = "flow_copy"
    __table_args__ = (UniqueConstraint("flow_id", "user_id"),)
    id: int | None = Field(default=None, primary_key=True)
    flow_id: int = Field(foreign_key="flow.id")
    node: int
    user_id: str = Field(index=True)
    at: datetime = Field(sa_type=Moment)


class FlowLog(SQLModel, table=True):
    """One line of 流程状态: only ever added to (R3.57)."""

    __tablename__ = "flow_log"
    id: int | None = Field(default=None, primary_key=True)
    flow_id: int = Field(foreign_key="flow.id", index=True)
    node_name: str = ""
    user_id: str  # empty: the system
    action: str
    comment: str = ""
    at: datetime = Field(sa_type=Moment)
    seconds: int | None = None  # since the task was opened
    people: list[Any] = _list()  # whom it is about: participants as they were resolved
    changes: list[Any] = _list()  # [field, from, to]: each reader is told of those he may see


class FlowDelegation(SQLModel, table=True):
    """代理人: what comes to `user_id` between those days, both included, comes to `delegate_id`."""

    __tablename__ = "flow_delegation"
    __table_args__ = (CheckConstraint("user_id <> delegate_id", name="other"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)
    delegate_id: str
    starts_on: date
    ends_on: date
    created_at: datetime = Field(sa_type=Moment)
    ended_at: datetime | None = Field(default=None, sa_type=Moment)
