"""Customers, their contacts, follow-ups and owners."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from storage.scope import OfCustomer, Owned
from storage.tables.custom_fields import HasCustom
from storage.types import Moment

ALIVE, MERGED = text("deleted_at IS NULL"), text("merged_into IS NOT NULL")
STATIC = ("industry", "customer_class", "source", "city", "created_at")
MOVING = ("next_follow_up_at", "last_follow_up_at")
REST = ("owner_id", "created_at", "touched_at", *MOVING)
LISTED = text("deleted_at IS NULL AND owner_id IS NOT NULL")
ON_LISTS: dict[str, Any] = {"sqlite_where": LISTED, "postgresql_where": LISTED}
JSON_KIND = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Customer(Owned, HasCustom, table=True):
    """A customer. Without an owner it is in the public pool: there is no second flag (R-POOL-1)."""

    __table_args__ = (
        Index(
            "uq_customer_name_key", "name_key", unique=True, sqlite_where=ALIVE, postgresql_where=ALIVE
        ),
        Index(
            "uq_customer_credit_code", "credit_code", unique=True,
            sqlite_where=text("deleted_at IS NULL AND credit_code IS NOT NULL"),
            postgresql_where=text("deleted_at IS NULL AND credit_code IS NOT NULL"),
        ),
        Index("ix_customer_owner_next", "owner_id", "next_follow_up_at"),
        Index("ix_customer_merged_into", "merged_into", sqlite_where=MERGED, postgresql_where=MERGED),
        Index(
            "ix_customer_pool", "pooled_at",
            sqlite_where=text("owner_id IS NULL"), postgresql_where=text("owner_id IS NULL"),
        ),
        # What lists are filtered, counted and sorted by stands in their indexes: a row is read only to be shown. By
        # whose it is, in the lists' orders, by values that change seldom; which leads there fastest: `storage.ways`.
        Index("ix_customer_owner_alive", "owner_id", "deleted_at", "touched_at", *STATIC, *MOVING),
        Index("ix_customer_list", "touched_at", "id", "owner_id", *STATIC, *MOVING, **ON_LISTS),
        Index("ix_customer_created_at", "created_at", "id", "owner_id", *STATIC[:4], **ON_LISTS),
        Index("ix_customer_pinyin", "pinyin", "id", "owner_id", **ON_LISTS),
        Index("ix_customer_next", "next_follow_up_at", "id", "owner_id", **ON_LISTS),
        Index("ix_customer_class", "customer_class", "industry", "source", "city", *REST[:2], **ON_LISTS),
        Index("ix_customer_industry", "industry", "customer_class", "source", "city", *REST, **ON_LISTS),
        Index("ix_customer_source", "source", "customer_class", "city", "industry", *REST, **ON_LISTS),
        Index("ix_customer_city", "city", "industry", "customer_class", "source", *REST, **ON_LISTS),
        Index("ix_customer_ids", "id", "owner_id", **ON_LISTS),  # by what they are called: of many without their rows
        CheckConstraint("(owner_id IS NULL) = (pooled_at IS NOT NULL)", name="owned_or_pooled"),
        CheckConstraint("(owner_id IS NULL) = (owner_since IS NULL)", name="owner_since"),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True)
    owner_id: str | None = None  # DingTalk userId; two of the indexes above begin with it
    name: str
    name_key: str  # bot.language.companies.hard_key: equal keys are one legal person (R-DUP-1)
    soft_key: str = Field(default="", index=True)
    pinyin: str = ""
    initials: str = ""
    credit_code: str | None = None  # 统一社会信用代码
    short_name: str = ""  # 简称: what people call it
    phone: str = ""
    region: str = ""  # 省份或地区
    address: str = ""
    website: str = ""
    lng: float | None = None  # degrees, in `coord_sys`
    lat: float | None = None
    coord_sys: str = ""  # gcj02 (DingTalk, 高德) | wgs84 | bd09
    customer_class: str = ""  # 客户分类, a dictionary value
    industry: str = ""
    source: str = ""
    city: str = ""
    remark: str = ""
    owner_since: datetime | None = Field(default=None, sa_type=Moment)
    pooled_at: datetime | None = Field(default=None, sa_type=Moment)
    pool_reason: str = ""
    last_owner_id: str | None = None  # who had it before the pool
    last_follow_up_at: datetime | None = Field(default=None, sa_type=Moment)
    touched_at: datetime | None = Field(default=None, sa_type=Moment)  # the later of that and owner_since; a trigger's
    next_follow_up_at: datetime | None = Field(default=None, sa_type=Moment)
    next_timed: bool = False  # next_follow_up_at has a time of day, not only a day
    lock_until: date | None = None  # the last Beijing day on which it is kept from the pool (R-POOL-16)
    merged_into: int | None = None  # deleted by a merge: its old cards lead to that customer
    created_at: datetime = Field(sa_type=Moment)
    created_by: str = ""
    updated_at: datetime = Field(sa_type=Moment)
    version: int = 1
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)


class Contact(OfCustomer, HasCustom, table=True):
    """A person at a customer; visible with the customer (R-CONT-2)."""

    __table_args__ = (
        Index(
            "uq_contact_main", "customer_id", unique=True,
            sqlite_where=text("main AND deleted_at IS NULL"),
            postgresql_where=text("main AND deleted_at IS NULL"),
        ),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    initials: str = ""
    title: str = ""
    mobile: str = ""
    mobile_tail: str = ""  # last four digits
    phone: str = ""  # a second number: 座机
    wechat: str = ""
    main: bool = False
    decider: bool = False  # 决策人
    reports_to_id: int | None = None  # a contact of the same customer, no circle (R-CONT-4)
    disabled_reason: str = ""  # 离职 …; empty: he is still to be reached
    version: int = 1
    created_at: datetime = Field(sa_type=Moment)
    created_by: str = ""
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)


class TeamMember(OfCustomer, table=True):
    """A 协作人: sees a customer that is not his, until a day; what makes it so is `storage.scope`."""

    __tablename__ = "team_member"
    __table_args__ = (
        Index(
            "uq_team_member_live", "customer_id", "user_id", unique=True,
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_team_member_user", "user_id", "customer_id"),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True)
    user_id: str
    may_write: bool = False
    until: date | None = None  # the last Beijing day; None: as long as nobody ends it
    created_at: datetime = Field(sa_type=Moment)
    created_by: str = ""
    ended_at: datetime | None = Field(default=None, sa_type=Moment)


class JoinRequest(OfCustomer, table=True):
    """Somebody asks a customer's owner to be made 协作人; answered once."""

    __tablename__ = "join_request"
    __table_args__ = (
        Index(
            "uq_join_request_open", "customer_id", "user_id", unique=True,
            sqlite_where=text("answered_at IS NULL"), postgresql_where=text("answered_at IS NULL"),
        ),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True)
    user_id: str  # who asks
    asked_id: str  # whom: the owner then
    created_at: datetime = Field(sa_type=Moment)
    answered_at: datetime | None = Field(default=None, sa_type=Moment)
    answered_by: str = ""
    agreed: bool = False


class MergeLog(SQLModel, table=True):
    """Two customers made one: what was moved, so that it can be moved back for 72 hours (R-DUP-4)."""

    __tablename__ = "merge_log"
    id: int | None = Field(default=None, primary_key=True)
    head_id: int  # no foreign key: after a merge none in the schema points to the tail (invariant 27)
    tail_id: int
    moved: dict[str, Any] = Field(sa_column=Column(JSON_KIND, nullable=False))
    at: datetime = Field(sa_type=Moment)
    by_user_id: str = ""
    undone_at: datetime | None = Field(default=None, sa_type=Moment)


class FollowUp(OfCustomer, table=True):
    """One 跟进, kept for ever; `deleted_at` only by its author's 撤销."""

    __tablename__ = "follow_up"
    __table_args__ = (Index("ix_follow_up_customer_at", "customer_id", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)  # author; may have left
    opportunity_id: int | None = Field(default=None, foreign_key="opportunity.id", index=True)
    at: datetime = Field(sa_type=Moment, index=True)
    method: str = ""  # dictionary value of followup.method
    content: str
    next_at: datetime | None = Field(default=None, sa_type=Moment)
    next_timed: bool = False
    source_key: str | None = Field(default=None, unique=True)  # the chat message it came from
    created_at: datetime = Field(sa_type=Moment)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)


class OwnerHistory(SQLModel, table=True):
    """Who had a customer from when to when, how it came to them, and why."""

    __tablename__ = "owner_history"
    __table_args__ = (
        Index(
            "uq_owner_history_open", "customer_id", unique=True,
            sqlite_where=text("to_at IS NULL"), postgresql_where=text("to_at IS NULL"),
        ),
        CheckConstraint(
            "how IN ('create','claim','assign','return','recycle','load','import','transfer','handover','undo')",
            name="how",
        ),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    owner_id: str | None = Field(default=None, index=True)  # None: in the pool
    from_at: datetime = Field(sa_type=Moment)
    to_at: datetime | None = Field(default=None, sa_type=Moment)
    how: str
    by_user_id: str = ""  # empty: the system
    reason: str = ""
    rule_days: int | None = None  # the N of 未跟进返回公海 that caused a recycle
    handover_id: int | None = None  # the 交接 it came with, or was given back with


class ClaimLog(SQLModel, table=True):
    """One claim: the ledger caps are counted from (D1). Undone claims do not count."""

    __tablename__ = "claim_log"
    __table_args__ = (Index("ix_claim_log_user_day", "user_id", "local_day"),)
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    user_id: str
    claimed_at: datetime = Field(sa_type=Moment)
    local_day: date  # Beijing calendar day
    undone_at: datetime | None = Field(default=None, sa_type=Moment)


class ClaimCarry(SQLModel, table=True):
    """Claims a person had made before this database began (world file, section claims)."""

    __tablename__ = "claim_carry"
    user_id: str = Field(primary_key=True)
    count: int
