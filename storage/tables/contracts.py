"""合同, the money that comes in on them, and when it is to come."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from storage.scope import OfContract, Owned
from storage.tables.custom_fields import HasCustom
from storage.types import Fen, Moment


class Contract(Owned, HasCustom, table=True):
    """合同, by its number. A number is never used again, not even a deleted contract's (R-CON-2)."""

    __table_args__ = (
        CheckConstraint("state IN ('draft','effective','ended','void')", name="state"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("discount BETWEEN 0 AND 10000", name="discount"),
    )
    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    name: str = ""
    customer_id: int = Field(foreign_key="customer.id", index=True)
    opportunity_id: int | None = Field(default=None, foreign_key="opportunity.id", index=True)
    amount: Decimal = Field(sa_type=Fen)
    discount: Decimal = Field(default=Decimal("0.00"), sa_type=Fen)  # percent off the sum of the lines, two places
    signed_on: date | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    state: str = "draft"
    void_reason: str = ""
    renewed_by: int | None = Field(default=None, foreign_key="contract.id")
    source_key: str | None = Field(default=None, unique=True)  # the draft it was made of: confirmed twice, made once
    created_at: datetime = Field(sa_type=Moment)
    created_by: str = ""
    version: int = 1
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)


class ContractOwner(OfContract, table=True):
    """One change of a contract's owner by 转交. Those by a handover stand in `handover_item`."""

    __tablename__ = "contract_owner"
    id: int | None = Field(default=None, primary_key=True)
    old_owner_id: str | None = None
    at: datetime = Field(sa_type=Moment)


class Payment(OfContract, HasCustom, table=True):
    """回款 on a contract; a refund is one of its own, linked to what it gives back, and counts as less (R-PAY-1)."""

    __table_args__ = (
        CheckConstraint("kind IN ('normal','refund')", name="kind"),
        CheckConstraint("(kind = 'refund') = (refund_of IS NOT NULL)", name="refund_of"),
    )
    id: int | None = Field(default=None, primary_key=True)
    number: str | None = Field(default=None, unique=True)
    amount: Decimal = Field(sa_type=Fen)  # of a refund too
    kind: str = "normal"
    refund_of: int | None = Field(default=None, foreign_key="payment.id", index=True)
    paid_on: date
    method: str = ""
    remark: str = ""
    credited_user_id: str | None = Field(default=None, index=True)  # who had the contract on `paid_on` (R-PAY-6)
    credited_dept_id: int | None = None  # that person's main department when it was registered
    over_collect_flag: bool = False  # it went above the contract, as the switch allows
    voided_at: datetime | None = Field(default=None, sa_type=Moment)
    void_reason: str = ""
    source_key: str | None = Field(default=None, unique=True)  # see Contract.source_key
    created_at: datetime | None = Field(default=None, sa_type=Moment)
    created_by: str = ""
    version: int = 1
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)  # taken back by 撤销


class PaymentPlan(OfContract, table=True):
    """回款计划: one instalment. What of it is paid is derived (`handlers.payments.rules.allocate`)."""

    __tablename__ = "payment_plan"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"),)
    id: int | None = Field(default=None, primary_key=True)
    period: int  # 1, 2 … in the order of their dates
    amount: Decimal = Field(sa_type=Fen)
    due_on: date = Field(index=True)
    created_at: datetime = Field(sa_type=Moment)
    created_by: str = ""
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)


class PaymentAllocation(OfContract, table=True):
    """So much of a payment is for that instalment, somebody has said; without it the one due first is paid first."""

    __tablename__ = "payment_allocation"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"),)
    payment_id: int = Field(primary_key=True, foreign_key="payment.id")
    plan_id: int = Field(primary_key=True, foreign_key="payment_plan.id", index=True)
    amount: Decimal = Field(sa_type=Fen)


class NumberCounter(SQLModel, table=True):
    """The last number given of one series and year; its row is locked until the number is stored (R-CON-2)."""

    __tablename__ = "number_counter"
    series: str = Field(primary_key=True)  # HT-2026
    last: int = 0
