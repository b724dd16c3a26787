"""A product on an opportunity or a contract: one shape for both, and the contract's table."""

from decimal import Decimal

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from storage.scope import OfContract
from storage.types import Fen, Hundredths, TenThousandths


class ProductLine(SQLModel):
    """What was copied from the product, and how much of it: a later change of the product changes no line (R-PROD-2).

    `amount` is reckoned by `handlers.products.lines`, never taken from a client (R-PROD-5).
    """

    product_id: int = Field(foreign_key="product.id", index=True)
    position: int = 0
    code: str
    name: str
    unit: str = ""
    spec: str = ""  # 规格
    price: Decimal = Field(sa_type=Fen)  # yuan for one unit
    quantity: Decimal = Field(sa_type=TenThousandths)  # four places
    discount: Decimal = Field(default=Decimal("0.00"), sa_type=Hundredths)  # percent off: 9折 is 10
    amount: Decimal = Field(sa_type=Fen)  # quantity × price × (1 − discount)


class ContractLine(OfContract, ProductLine, table=True):
    """A product sold by a contract."""

    __tablename__ = "contract_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("discount BETWEEN 0 AND 10000", name="discount"),
    )
    id: int | None = Field(default=None, primary_key=True)
