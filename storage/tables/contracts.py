"""合同 and the money that comes in on them."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from storage.scope import Owned
from storage.tables.custom_fields import HasCustom
from storage.types import Fen, Moment


class Contract(Owned, HasCustom, table=True):
    """合同, by its number."""

    __table_args__ = (CheckConstraint("state IN ('draft','effective','void')", name="state"),)
    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    amount: Decimal = Field(sa_type=Fen)
    signed_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    state: str = "draft"
    created_at: datetime = Field(sa_type=Moment)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)


class Payment(HasCustom, table=True):
    """回款 on a contract."""

    id: int | None = Field(default=None, primary_key=True)
    contract_id: int = Field(foreign_key="contract.id", index=True)
    amount: Decimal = Field(sa_type=Fen)
    paid_on: date
    method: str = ""
