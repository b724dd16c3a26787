"""商机, the stages they went through, what is offered in them and who is met in them."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from storage.scope import Owned
from storage.tables.custom_fields import HasCustom
from storage.tables.lines import ProductLine
from storage.types import Fen, Moment

ALIVE = text("deleted_at IS NULL")


class Opportunity(Owned, HasCustom, table=True):
    """商机. With lines, its amount is their total; won, lost and invalid ones are closed (R-OPP-5)."""

    __table_args__ = (
        Index(
            "uq_opportunity_customer_name", "customer_id", "name", unique=True,
            sqlite_where=ALIVE, postgresql_where=ALIVE,
        ),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
        CheckConstraint("result IN ('open','won','lost','invalid')", name="result"),
        CheckConstraint("(result = 'open') = (closed_at IS NULL)", name="closed_at"),
    )  # fmt: skip
    id: int | None = Field(default=None, primary_key=True)
    name: str
    customer_id: int = Field(foreign_key="customer.id", index=True)
    contact_id: int | None = Field(default=None, foreign_key="contact.id")
    amount: Decimal = Field(sa_type=Fen)
    stage_id: int = Field(foreign_key="stage.id", index=True)
    stage_since: datetime = Field(sa_type=Moment)  # when it came into that stage
    probability: int | None = None  # percent, set by hand (R-STAGE-3); None: its stage's win rate
    source: str = ""
    expected_on: date | None = None
    result: str = "open"
    closed_at: datetime | None = Field(default=None, sa_type=Moment)
    lost_reason: str = ""  # of a lost or an invalid one
    won_by_id: int | None = Field(default=None, foreign_key="competitor.id")  # who won it instead (R-COMP-3)
    last_follow_up_at: datetime | None = Field(default=None, sa_type=Moment)
    next_follow_up_at: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)
    created_by: str = ""
    updated_at: datetime = Field(sa_type=Moment)
    version: int = 1
    deleted_at: datetime | None = Field(default=None, sa_type=Moment)


class OpportunityCompetitor(SQLModel, table=True):
    """A competitor met in an opportunity (R-COMP-2)."""

    __tablename__ = "opportunity_competitor"
    __table_args__ = (CheckConstraint("threat IN ('','低','中','高')", name="threat"),)
    opportunity_id: int = Field(primary_key=True, foreign_key="opportunity.id")
    competitor_id: int = Field(primary_key=True, foreign_key="competitor.id", index=True)
    note: str = ""
    price: Decimal | None = Field(default=None, sa_type=Fen)  # what they ask, yuan
    threat: str = ""


class OpportunityLine(ProductLine, table=True):
    """A product offered in an opportunity."""

    __tablename__ = "opportunity_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("discount BETWEEN 0 AND 10000", name="discount"),
    )
    id: int | None = Field(default=None, primary_key=True)
    opportunity_id: int = Field(foreign_key="opportunity.id", index=True)


class StageLog(SQLModel, table=True):
    """One change of stage (R-STAGE-4). The seconds of a closed opportunity add up to its life (invariant 42)."""

    __tablename__ = "stage_log"
    id: int | None = Field(default=None, primary_key=True)
    opportunity_id: int = Field(foreign_key="opportunity.id", index=True)
    from_stage_id: int | None = Field(default=None, foreign_key="stage.id", index=True)  # None: it was made
    to_stage_id: int = Field(foreign_key="stage.id")
    by_user_id: str = ""
    at: datetime = Field(sa_type=Moment)
    seconds: int = 0  # in `from_stage_id`
