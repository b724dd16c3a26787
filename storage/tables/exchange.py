"""导入 and 导出: what somebody sent or asked for, and every row of it with what became of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, text
from sqlmodel import Field, SQLModel

from storage.types import Json, Moment

OPEN = text("state IN ('reading','running','undoing')")


class Exchange(SQLModel, table=True):
    """One import or export. Work on it goes on from where it stands, whatever became of the process."""

    __table_args__ = (
        CheckConstraint("direction IN ('import','export','problems')", name="direction"),
        CheckConstraint(
            "state IN ('asking','reading','ready','running','done','undoing','undone','dropped','failed')", name="state"
        ),
        Index("ix_exchange_open", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_exchange_user", "user_id", "created_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    user_id: str  # whose rights count; empty: the command line
    direction: str
    kind: str  # customers, products …; empty: not known yet
    name: str = ""  # of the file
    state: str
    header: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    header_number: int = 1  # the header's row in the file
    mapping: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    # column's place in the file, from 0 → field
    options: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    counts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(Json, nullable=False))
    total: int = 0  # rows below the header, blank ones included
    cursor: int = 0  # the last row that is done
    told: int = 0  # percent that cards have been told
    text: str = ""  # why it failed
    created_at: datetime = Field(sa_type=Moment)
    done_at: datetime | None = Field(default=None, sa_type=Moment)
    undo_id: int | None = None


class ExchangeRow(SQLModel, table=True):
    """One row of a file. `number`: as the spreadsheet program counts, from 1."""

    __tablename__ = "exchange_row"
    __table_args__ = (Index("ix_exchange_row_key", "exchange_id", "key"),)
    exchange_id: int = Field(sa_column=Column(Integer, ForeignKey("exchange.id", ondelete="CASCADE"), primary_key=True))
    number: int = Field(primary_key=True)
    cells: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    key: str = ""  # what makes two rows the same record
    verdict: str = ""  # new | update | alike | same | problem | sample
    reason: str = ""
    outcome: str = ""  # created | updated | skipped | failed; empty: not done
    record: int | None = None  # the record's id
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(Json))
    after: dict[str, Any] | None = Field(default=None, sa_column=Column(Json))


class ExchangeFile(SQLModel, table=True):
    """A file until its rows are read."""

    __tablename__ = "exchange_file"
    exchange_id: int = Field(sa_column=Column(Integer, ForeignKey("exchange.id", ondelete="CASCADE"), primary_key=True))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
