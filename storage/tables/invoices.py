"""开票: applications for invoices, and what became of them."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from storage.scope import OfContract
from storage.types import Fen, Hundredths, Moment


class Invoice(OfContract, table=True):
    """An invoice on a contract, from the application on (R3.59). One from a world file is issued and has no number."""

    __table_args__ = (
        CheckConstraint("state IN ('pending','approved','issued','rejected','cancelled','void')", name="state"),
        CheckConstraint("amount >= 0 OR red_of IS NOT NULL", name="amount"),
    )
    id: int | None = Field(default=None, primary_key=True)
    number: str | None = Field(default=None, unique=True)  # of the application: FP-2026-0231 (D25)
    state: str = "issued"
    amount: Decimal = Field(sa_type=Fen)
    kind: str = ""  # 专票 | 普票
    tax_rate: Decimal | None = Field(default=None, sa_type=Hundredths)  # percent
    title: str = ""  # as it was applied for, whatever the customer is called later (R-INV-6)
    tax_no: str = ""
    bank: str = ""
    account: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""
    remark: str = ""
    applied_by: str = Field(default="", index=True)
    applied_at: datetime | None = Field(default=None, sa_type=Moment)
    invoice_no: str | None = Field(default=None, unique=True)  # 发票号码, by the cashier (R-INV-4)
    issued_on: date | None = None
    issued_by: str = ""
    void_reason: str = ""
    voided_at: datetime | None = Field(default=None, sa_type=Moment)
    source_key: str | None = Field(default=None, unique=True)  # the draft it was made of: confirmed twice, made once
    red_of: int | None = Field(default=None, foreign_key="invoice.id", index=True)  # 红冲: its amount is negative
    version: int = 1
