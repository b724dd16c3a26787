"""外勤: who was where and when; and what colleagues say to each other about a customer."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from storage.scope import OfCustomer
from storage.types import Json, Moment


class CheckIn(SQLModel, table=True):
    """A 签到 DingTalk told of, whose record is still to be fetched."""

    __tablename__ = "check_in"
    __table_args__ = (
        Index("uq_check_in", "user_id", "at", unique=True),
        CheckConstraint("state IN ('new','done','gone')", name="state"),
    )
    id: int | None = Field(default=None, primary_key=True)
    user_id: str
    at: datetime = Field(sa_type=Moment)  # as the event says
    state: str = "new"
    tries: int = 0
    due_at: datetime | None = Field(default=None, sa_type=Moment, index=True)  # None: no more to be asked for


class Visit(SQLModel, table=True):
    """One visit. It belongs to who made it: others see it by `storage.visits`, not by the customer's scope."""

    __table_args__ = (
        CheckConstraint("state IN ('unlinked','linked','set_aside')", name="state"),
        CheckConstraint("(state = 'linked') = (customer_id IS NOT NULL)", name="linked"),
        CheckConstraint("source IN ('checkin','sentence')", name="source"),
        Index("uq_visit_user_at", "user_id", "at", unique=True),
    )
    id: int | None = Field(default=None, primary_key=True)
    user_id: str
    at: datetime = Field(sa_type=Moment, index=True)  # of DingTalk's record; of a sentence when it was received
    source: str
    lng: float | None = None  # degrees, in `coord_sys`
    lat: float | None = None
    coord_sys: str = ""  # gcj02: DingTalk's, kept as it is
    place: str = ""
    remark: str = ""
    photos: list[str] = Field(default_factory=list, sa_column=Column(Json, nullable=False))  # addresses at DingTalk
    customer_id: int | None = Field(default=None, foreign_key="customer.id", index=True)
    distance_m: int | None = None  # to the customer, when it was linked; None: one of the two places is not known
    out_of_range: bool = False
    state: str = "unlinked"
    follow_up_id: int | None = None  # what was written down with it
    source_key: str | None = Field(default=None, unique=True)  # the chat message it came from
    created_at: datetime = Field(sa_type=Moment)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)  # only by its author's 撤销


class Comment(OfCustomer, table=True):
    """What somebody said about a customer to his colleagues; seen by whoever sees the customer."""

    __table_args__ = (Index("ix_comment_customer_at", "customer_id", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)
    at: datetime = Field(sa_type=Moment)
    content: str
    mentioned: list[str] = Field(default_factory=list, sa_column=Column(Json, nullable=False))  # userIds that were told
    source_key: str | None = Field(default=None, unique=True)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)
