"""Who left and came back, and what was handed over from whom to whom."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.types import Json, Moment


class Departure(SQLModel, table=True):
    """One leaving of one person, and the rights that were set aside with it (reliability P5)."""

    __table_args__ = (UniqueConstraint("user_id", "left_at"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: str
    left_at: datetime = Field(sa_type=Moment)
    roles: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    # [{"role_id", "name", "departments"}] as held on that day
    was_admin: bool = False
    told_at: datetime | None = Field(default=None, sa_type=Moment)  # the administrators, of the leaving
    returned_at: datetime | None = Field(default=None, sa_type=Moment)  # the administrators were told of the return
    restored_at: datetime | None = Field(default=None, sa_type=Moment)  # the roles were given back
    restored_by: str = ""


class Handover(SQLModel, table=True):
    """One 交接: whose things went to whom (R-HAND-1)."""

    id: int | None = Field(default=None, primary_key=True)
    giver_id: str = Field(index=True)
    receiver_id: str
    kinds: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))  # of `bot.core.holdings`
    counts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))  # kind → moved
    over_cap: bool = False  # an administrator let it pass the receiver's cap (R-HAND-3)
    by_user_id: str
    at: datetime = Field(sa_type=Moment)
    audit_mark: int  # the audit's last line then: a later one on a record says that it was touched
    undone_at: datetime | None = Field(default=None, sa_type=Moment)
    undone_by: str = ""


class HandoverItem(SQLModel, table=True):
    """One record that changed hands, and what is needed to give it back (R-HAND-2, R-HAND-6)."""

    __tablename__ = "handover_item"
    __table_args__ = (Index("ix_handover_item_record", "kind", "record_id"),)
    handover_id: int = Field(primary_key=True, foreign_key="handover.id")
    kind: str = Field(primary_key=True)
    record_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    old_owner_id: str
    old_since: datetime | None = Field(default=None, sa_type=Moment)  # owner_since before, where the kind has it
    version: int | None = None  # of the record just after, where the kind counts versions
    restored_at: datetime | None = Field(default=None, sa_type=Moment)
