"""商机 and what is met in them."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.scope import Owned
from storage.tables.custom_fields import HasCustom
from storage.types import Fen, Moment


class Opportunity(Owned, HasCustom, table=True):
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
