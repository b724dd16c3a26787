"""The rest of the sales chain: loaded from a world file and kept, used by the capabilities that follow."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.scope import Owned
from storage.types import Fen, Json, Moment


class Lead(Owned, table=True):
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


class Stage(SQLModel, table=True):
    """销售阶段 with its win rate in whole percent."""

    __table_args__ = (
        CheckConstraint("win_rate BETWEEN 0 AND 100", name="win_rate"),
        CheckConstraint("kind IN ('open','won','lost')", name="kind"),
    )
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    win_rate: int
    kind: str = "open"
    position: int = 0
    active: bool = True  # False: kept on what is in it, not to be chosen any more


class Product(SQLModel, table=True):
    """产品, by its 编号."""

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    name: str
    category: str = ""
    unit: str = ""
    price: Decimal = Field(default=Decimal("0.00"), sa_type=Fen)
    enabled: bool = True  # False: kept on lines made before, not to be chosen any more


class Competitor(SQLModel, table=True):
    """竞争对手."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    strengths: str = ""
    weaknesses: str = ""
    tactics: str = ""
    active: bool = True  # False: archived, kept where it was met


class Opportunity(Owned, table=True):
    """商机."""

    __table_args__ = (UniqueConstraint("customer_id", "name"),)
    id: int | None = Field(default=None, primary_key=True)
    name: str
    customer_id: int = Field(foreign_key="customer.id", index=True)
    amount: Decimal = Field(sa_type=Fen)
    stage_id: int = Field(foreign_key="stage.id")
    source: str = ""
    expected_on: date | None = None
    created_at: datetime = Field(sa_type=Moment)
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)


class OpportunityCompetitor(SQLModel, table=True):
    """A competitor met in an opportunity."""

    __tablename__ = "opportunity_competitor"
    opportunity_id: int = Field(primary_key=True, foreign_key="opportunity.id")
    competitor_id: int = Field(primary_key=True, foreign_key="competitor.id")


class Contract(Owned, table=True):
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


class Invoice(SQLModel, table=True):
    """An invoice issued on a contract (before this database: from a world file)."""

    id: int | None = Field(default=None, primary_key=True)
    contract_id: int = Field(foreign_key="contract.id", index=True)
    amount: Decimal = Field(sa_type=Fen)
    issued_on: date


class Payment(SQLModel, table=True):
    """回款 on a contract."""

    id: int | None = Field(default=None, primary_key=True)
    contract_id: int = Field(foreign_key="contract.id", index=True)
    amount: Decimal = Field(sa_type=Fen)
    paid_on: date
    method: str = ""


class Target(SQLModel, table=True):
    """销售目标 of one person or department for one month."""

    __table_args__ = (
        UniqueConstraint("subject_kind", "subject_id", "metric", "year", "month"),
        CheckConstraint("metric IN ('contract','payment')", name="metric"),
        CheckConstraint("subject_kind IN ('user','department')", name="subject_kind"),
        CheckConstraint("month BETWEEN 1 AND 12", name="month"),
    )
    id: int | None = Field(default=None, primary_key=True)
    subject_kind: str
    subject_id: str  # userId, or the department's id as text
    metric: str
    year: int
    month: int
    amount: Decimal = Field(sa_type=Fen)


class FlowNode(SQLModel, table=True):
    """One node of the invoice approval flow."""

    __tablename__ = "flow_node"
    id: int | None = Field(default=None, primary_key=True)
    position: int
    name: str
    participant_roles: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    participant_users: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
    hidden_fields: list[Any] = Field(default_factory=list, sa_column=Column(Json, nullable=False))
