"""What came in, what goes out, and what a conversation remembers."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, text
from sqlmodel import Field, SQLModel

from storage.types import Json, Moment


class Inbox(SQLModel, table=True):
    """A frame, stored before it is acknowledged. `key`: `bot:<msgId>`, `event:<eventId>`."""

    __table_args__ = (
        CheckConstraint("state IN ('new','done','dead')", name="state"),
        Index(
            "ix_inbox_new", "lane", "sequence",
            sqlite_where=text("state = 'new'"), postgresql_where=text("state = 'new'"),
        ),
    )  # fmt: skip
    sequence: int | None = Field(default=None, primary_key=True)  # order of arrival in this database
    key: str = Field(unique=True)
    lane: str  # frames of one lane are worked off in order: the sender, or the kind of event
    kind: str  # bot | event
    body: str  # the frame's data, JSON
    state: str = "new"
    attempts: int = 0
    received_at: datetime = Field(sa_type=Moment)
    lease_holder: str = ""
    lease_until: datetime | None = Field(default=None, sa_type=Moment)
    done_at: datetime | None = Field(default=None, sa_type=Moment)
    result: str = ""


class Outbox(SQLModel, table=True):
    """A message to be sent after commit. A second one with the same `key` is dropped."""

    __table_args__ = (
        CheckConstraint(
            "state IN ('queued','sending','sent','unknown','failed','cancelled')", name="state"
        ),
        Index(
            "ix_outbox_open", "lane", "id",
            sqlite_where=text("state IN ('queued','sending')"),
            postgresql_where=text("state IN ('queued','sending')"),
        ),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    lane: str  # messages of one lane leave in order: the receiver or the card
    channel: str  # robot | group | card | card_update | notice | file
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    state: str = "queued"
    attempts: int = 0
    not_before: datetime = Field(sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)
    lease_holder: str = ""
    lease_until: datetime | None = Field(default=None, sa_type=Moment)
    sent_at: datetime | None = Field(default=None, sa_type=Moment)
    remote_id: str = ""  # task_id, processQueryKey or outTrackId
    error: str = ""


class Notice(SQLModel, table=True):
    """One 工作通知 to one person: the ledger of what DingTalk was asked for and what became of it."""

    __table_args__ = (
        Index("ix_notice_user_day", "user_id", "day"),
        Index("ix_notice_fate", "fate", "sent_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    outbox_id: int | None = Field(default=None, foreign_key="outbox.id", index=True)  # None: never queued
    user_id: str
    day: date  # Beijing calendar day it is sent on: DingTalk drops equal content within it
    content_hash: str
    text: str
    task_id: str = ""
    fate: str = "queued"  # queued | accepted | delivered | undelivered:<why> | unknown | cancelled
    sent_at: datetime | None = Field(default=None, sa_type=Moment)
    fate_at: datetime | None = Field(default=None, sa_type=Moment)
    told_at: datetime | None = Field(default=None, sa_type=Moment)  # an administrator was told it failed


class Card(SQLModel, table=True):
    """A card somebody holds: enough to draw it again from the present state."""

    out_track_id: str = Field(primary_key=True)
    kind: str  # a painter's name
    state: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    holder_user_id: str | None = None  # single chat; None: a group's
    conversation_id: str = ""
    created_at: datetime = Field(sa_type=Moment)
    shown_hash: str = ""  # of the variables last given to DingTalk
    template_id: str = Field(default="", sa_column_kwargs={"server_default": ""})  # what it was drawn with; none: words


class CardSubject(SQLModel, table=True):
    """An object a card shows, so that a change of it finds the cards to redraw."""

    __tablename__ = "card_subject"
    subject: str = Field(primary_key=True)  # customer:12
    out_track_id: str = Field(primary_key=True, foreign_key="card.out_track_id")


class Conversation(SQLModel, table=True):
    """What one person and the bot were talking about."""

    user_id: str = Field(primary_key=True)
    conversation_id: str = Field(primary_key=True)
    pending: dict[str, Any] | None = Field(default=None, sa_column=Column(Json))
    # the open question: {"kind": …, slots…}
    pending_until: datetime | None = Field(default=None, sa_type=Moment)
    asked: dict[str, Any] | None = Field(default=None, sa_column=Column(Json))
    # how the open question was put: {"words": what was said to the bot, "text", "card": {kind, state, subjects}}
    subject_id: int | None = None  # the last customer, or lead, spoken of
    subject_kind: str = "customer"  # or lead
    subject_until: datetime | None = Field(default=None, sa_type=Moment)
    misses: int = 0  # sentences in a row that were not understood


class Undo(SQLModel, table=True):
    """A reversible action of a person, and how to take it back."""

    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)
    kind: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    text: str  # what would be taken back, as people read it
    created_at: datetime = Field(sa_type=Moment)
    expires_at: datetime = Field(sa_type=Moment)
    undone_at: datetime | None = Field(default=None, sa_type=Moment)


class DigestItem(SQLModel, table=True):
    """One thing a person is to be reminded of: once per rule, object and cycle (D4)."""

    __tablename__ = "digest_item"
    __table_args__ = (
        Index("uq_digest_item", "rule", "subject", "cycle", "user_id", unique=True),
        Index("ix_digest_item_open", "user_id", "sent_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    user_id: str
    rule: str
    subject: str  # customer:12
    cycle: str  # the base date (and threshold) this reminder belongs to
    text: str
    created_at: datetime = Field(sa_type=Moment)
    sent_at: datetime | None = Field(default=None, sa_type=Moment)
    cancelled_at: datetime | None = Field(default=None, sa_type=Moment)


class Lease(SQLModel, table=True):
    """Which process leads: one row, the same on both databases; `epoch` fences a stale leader."""

    name: str = Field(primary_key=True)
    holder: str
    epoch: int
    until: datetime = Field(sa_type=Moment)


class JobState(SQLModel, table=True):
    """Up to when a scheduled job is done."""

    __tablename__ = "job_state"
    name: str = Field(primary_key=True)
    done_until: datetime = Field(sa_type=Moment)
    last_due: datetime | None = Field(default=None, sa_type=Moment)
    last_run_at: datetime | None = Field(default=None, sa_type=Moment)
    last_result: str = ""


class JobRequest(SQLModel, table=True):
    """Work asked for in a conversation that takes longer than an answer: a sync."""

    __tablename__ = "job_request"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    arguments: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    requested_by: str
    requested_at: datetime = Field(sa_type=Moment)
    state: str = "queued"  # queued | running | done | failed
    result: str = ""


class Attachment(SQLModel, table=True):
    """A table or a scan on its way to a person, kept until it is sent (`bot.core.tabular.Table.dump`)."""

    id: int | None = Field(default=None, primary_key=True)
    user_id: str
    name: str  # of the file
    content: bytes
    created_at: datetime = Field(sa_type=Moment)


class Upload(SQLModel, table=True):
    """A table somebody sent, read and checked, waiting for its sender's word."""

    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)
    kind: str  # what it is to be imported as: roles
    name: str  # of the file
    header: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    rows: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))  # [number, [cells]]
    created_at: datetime = Field(sa_type=Moment)
    done_at: datetime | None = Field(default=None, sa_type=Moment)


class Audit(SQLModel, table=True):
    """Who changed what, when and by which door. Only ever added to: triggers of the database see to it.

    A revision that makes this table anew (a batch on SQLite) loses them: make them again (0002).
    """

    __table_args__ = (
        Index("ix_audit_subject", "subject", "at"),
        Index("ix_audit_at", "at"),
        Index("ix_audit_user_id", "user_id", "at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Moment)
    user_id: str
    via: str  # chat | tap | job | event | load | web
    action: str
    subject: str
    name: str = ""  # the subject's name at that time, as people read it
    source: str = ""  # the message, card or event that caused it, as the inbox names it
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
