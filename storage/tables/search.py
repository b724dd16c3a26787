"""What is found by a part of it, and filters people keep."""

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Column, Dialect, ForeignKey, Integer, String, TypeDecorator, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlmodel import Field, SQLModel

from storage.types import Moment

# by code points: a range is what begins so, which is true of no language's own order
ORDERED = String().with_variant(postgresql.VARCHAR(collation="C"), "postgresql")


ENTRY_CODES: Final = {
    "customer.name": "cn", "customer.short": "cs", "customer.initials": "ci", "customer.pinyin": "cp",
    "customer.phone": "ct", "customer.code": "cc", "contact.name": "pn", "contact.initials": "pi",
    "contact.pinyin": "pp", "contact.mobile": "pm", "lead.company": "lc", "lead.initials": "li", "lead.pinyin": "lp",
    "lead.contact": "ln", "lead.mobile": "lm", "opportunity.name": "on", "opportunity.initials": "oi",
    "opportunity.pinyin": "op", "contract.number": "ku", "contract.name": "kn", "contract.initials": "ki",
    "contract.pinyin": "kp", "product.code": "gc", "product.name": "gn", "product.initials": "gi",
    "product.pinyin": "gp",
}  # fmt: skip
"""How the kinds of entries stand in the database: a customer has dozens, and a name in each made up half the table."""
_OF_CODE: Final = {code: name for name, code in ENTRY_CODES.items()}


class EntryKind(TypeDecorator[str]):
    """A kind's name in code, its code in the database. Raises KeyError: there is no such kind."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The code."""
        return None if value is None else ENTRY_CODES[value]

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The name."""
        return None if value is None else _OF_CODE[value]


class SearchEntry(SQLModel, table=True):
    """An end of a name, spelling or number of one row (`bot.language.grams`). Written by `storage.search_index`."""

    __tablename__ = "search_entry"
    __table_args__ = {"sqlite_with_rowid": False}
    kind: str = Field(sa_column=Column(EntryKind, primary_key=True))  # of `storage.search_index.Kind`
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
