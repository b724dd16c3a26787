"""线索: those who might become customers."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

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
