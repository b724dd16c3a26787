"""线索: those who might become customers."""

from datetime import datetime

from sqlmodel import Field

from storage.scope import Owned
from storage.tables.custom_fields import HasCustom
from storage.types import Moment


class Lead(Owned, HasCustom, table=True):
    """线索."""

    id: int | None = Field(default=None, primary_key=True)
    company: str
    contact: str = ""
    mobile: str = ""
    source: str = ""
    state: str = "open"
    remark: str = ""
    created_at: datetime = Field(sa_type=Moment)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)
