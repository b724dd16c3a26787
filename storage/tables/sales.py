"""The rest of the sales chain: loaded from a world file and kept, used by the capabilities that follow."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.tables.custom_fields import HasCustom
from storage.types import Fen, Moment


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
    rotten_days: int | None = None  # without a follow-up for so many days what is in it is stale (R-OPP-7)


class Product(HasCustom, table=True):
    """产品, by its 编号."""

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True)
    name: str
    category: str = ""
    unit: str = ""
    price: Decimal = Field(default=Decimal("0.00"), sa_type=Fen)
    spec: str = ""  # 规格
    description: str = ""
    enabled: bool = True  # False: kept on lines made before, not to be chosen any more


class ProductPrice(SQLModel, table=True):
    """A price a product had, and until when: what it costs now stands on the product."""

    __tablename__ = "product_price"
    id: int | None = Field(default=None, primary_key=True)
    product_id: int = Field(foreign_key="product.id", index=True)
    price: Decimal = Field(sa_type=Fen)
    until: datetime = Field(sa_type=Moment)
    by_user_id: str = ""  # who changed it


class Competitor(SQLModel, table=True):
    """竞争对手."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    strengths: str = ""
    weaknesses: str = ""
    tactics: str = ""
    active: bool = True  # False: archived, kept where it was met


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
