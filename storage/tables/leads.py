"""线索: those who might become customers."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from storage.scope import OfLead, Owned
from storage.tables.custom_fields import HasCustom
from storage.types import Moment


class Lead(Owned, HasCustom, table=True):
    """线索. A converted one stays, read-only, and names what it became (R-LEAD-1)."""

    __table_args__ = (
        CheckConstraint("state IN ('new','following','interested','converted','invalid')", name="state"),
        Index("ix_lead_owner_next", "owner_id", "next_follow_up_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    company: str
    contact: str = ""
    mobile: str = ""
    source: str = ""
    state: str = "new"
    invalid_reason: str = ""
    remark: str = ""
    converted_customer_id: int | None = Field(default=None, foreign_key="customer.id", index=True)
    converted_opportunity_id: int | None = Field(default=None, foreign_key="opportunity.id", index=True)
    converted_at: datetime | None = Field(default=None, sa_type=Moment)
    last_follow_up_at: datetime | None = Field(default=None, sa_type=Moment)
    next_follow_up_at: datetime | None = Field(default=None, sa_type=Moment)
    next_timed: bool = False  # next_follow_up_at has a time of day, not only a day
    owner_since: datetime | None = Field(default=None, sa_type=Moment)
    pooled_at: datetime | None = Field(default=None, sa_type=Moment)  # given back then; None: it never was anybody's
    pool_reason: str = ""
    created_at: datetime = Field(sa_type=Moment)
    created_by: str = ""
    version: int = 1
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)


class LeadFollowUp(OfLead, table=True):
    """One 跟进 of a lead; a conversion copies it to the customer with its author and time (invariant 26)."""

    __tablename__ = "lead_follow_up"
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)  # author; may have left
    at: datetime = Field(sa_type=Moment)
    method: str = ""  # dictionary value of followup.method
    content: str
    next_at: datetime | None = Field(default=None, sa_type=Moment)
    next_timed: bool = False
    created_at: datetime = Field(sa_type=Moment)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)


class LeadOwnerHistory(SQLModel, table=True):
    """Who had a lead from when to when, how it came to them, and why."""

    __tablename__ = "lead_owner_history"
    __table_args__ = (
        Index(
            "uq_lead_owner_history_open", "lead_id", unique=True,
            sqlite_where=text("to_at IS NULL"), postgresql_where=text("to_at IS NULL"),
        ),
        Index("ix_lead_owner_history_owner", "owner_id", "from_at"),
        CheckConstraint("how IN ('create','claim','return','recycle','transfer','handover','undo')", name="how"),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True)
    lead_id: int = Field(foreign_key="lead.id", index=True)
    owner_id: str | None = None  # None: in the pool
    from_at: datetime = Field(sa_type=Moment)
    to_at: datetime | None = Field(default=None, sa_type=Moment)
    how: str
    by_user_id: str = ""  # empty: the system
    reason: str = ""
    rule_days: int | None = None  # the N of 线索未跟进返回 that caused a recycle
    handover_id: int | None = None  # the 交接 it came with, or was given back with
