"""What is found by a part of it, and filters people keep."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlmodel import Field, SQLModel

from storage.types import Moment

# by code points: a range is what begins so, which is true of no language's own order
ORDERED = String().with_variant(postgresql.VARCHAR(collation="C"), "postgresql")


class SearchEntry(SQLModel, table=True):
    """An end of a name, spelling or number of one row (`bot.language.grams`). Written by `storage.search_index`."""

    __tablename__ = "search_entry"
    __table_args__ = {"sqlite_with_rowid": False}
    kind: str = Field(primary_key=True)  # of `storage.search_index.Kind`
    gram: str = Field(sa_column=Column(ORDERED, primary_key=True))
    ref_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})  # the row's id in the kind's table


class SavedFilter(SQLModel, table=True):
    """A list's conditions under a name, kept as said, so that 本周 and the viewer's rights are those of the day."""

    __tablename__ = "saved_filter"
    __table_args__ = (UniqueConstraint("user_id", "name"),)
    id: int | None = Field(default=None, primary_key=True)
    user_id: str
    name: str
    words: str
    mine: bool = False  # of 我的客户
    created_at: datetime = Field(sa_type=Moment)


class SavedFilterShare(SQLModel, table=True):
    """Who else has a saved filter: a department with all below it, or a role."""

    __tablename__ = "saved_filter_share"
    filter_id: int = Field(
        sa_column=Column(Integer, ForeignKey("saved_filter.id", ondelete="CASCADE"), primary_key=True)
    )
    kind: str = Field(primary_key=True)  # department | role
    subject: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))  # its id
