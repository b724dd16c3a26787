"""What lines of products come to. Pure. Source: crm-rules.md R-PROD-2, R-PROD-3, R-PROD-5; invariants 38, 39."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from bot.core.errors import InvalidInput, RuleBroken
from bot.core.money import yuan

PLACES = Decimal("0.0001")  # of a quantity
CENTS = Decimal("0.01")  # of a discount in percent
MOST = Decimal("99999999999999.9999")  # Decimal(18,4)
MOST_MONEY = Decimal("9999999999999999.99")  # Decimal(18,2)


class OutOfUse(RuleBroken, code="products.out_of_use"):
    """A product that is not to be chosen any more (R-PROD-3)."""


@dataclass(frozen=True, slots=True)
class LineFact:
    """A line as it is reckoned. `discount`: percent off, so 9折 is 10."""

    price: Decimal  # yuan for one unit
    quantity: Decimal
    discount: Decimal = Decimal(0)


def line_amount(line: LineFact) -> Decimal:
    """round(quantity × price × (1 − discount), 2), half up, in yuan."""
    return yuan(line.quantity * line.price * (100 - line.discount) / 100)


def total(amounts: Iterable[Decimal], discount: Decimal = Decimal(0)) -> Decimal:
    """round(Σ lines × (1 − overall discount), 2), half up, in yuan. `discount`: percent off."""
    return yuan(sum(amounts, Decimal(0)) * (100 - discount) / 100)


def check_line(line: LineFact) -> LineFact:
    """More than none, at most four places; 0 to 100 percent off, at most two places; never more than money can be.

    Raises:
        InvalidInput: with an example.
    """
    if not 0 < line.quantity <= MOST or line.quantity != line.quantity.quantize(PLACES):
        raise InvalidInput("数量要大于 0，最多四位小数，例如 2台 或 1.5吨。")
    check_discount(line.discount)
    if line_amount(line) > MOST_MONEY:
        raise InvalidInput("这一行的金额太大了，核对数量和单价再发。")
    return line


def check_discount(discount: Decimal) -> Decimal:
    """0 to 100 percent off, at most two places. Raises InvalidInput."""
    if not 0 <= discount <= 100 or discount != discount.quantize(CENTS):
        raise InvalidInput("折扣在 0 到 10 折之间，例如 9折 或 95折。")
    return discount


def check_may_choose(name: str, *, enabled: bool) -> None:
    """Raises OutOfUse."""
    if not enabled:
        raise OutOfUse(f"「{name}」已停用，不能再选，换一个产品；发送「产品」看看有哪些。")


def discount_text(discount: Decimal) -> str:
    """9折, 8.5折; nothing where there is none."""
    if not discount:
        return ""
    fold = (100 - discount) / 10
    return f"{fold.normalize():f}折"
