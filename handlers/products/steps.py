"""What every way to a product asks, in the caller's transaction: that no other is the same, and what it has cost."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.context import Context
from bot.language.normalize import fold
from handlers.products import rules
from storage import people, products
from storage.database import Tx
from storage.tables import Product


@dataclass(frozen=True, slots=True)
class PriceChange:
    """One change of a price; `by` empty: nobody of the company."""

    at: datetime
    by: str
    was: Decimal  # yuan for one unit
    now: Decimal


def step_check_same(tx: Tx, code: str, name: str, spec: str) -> None:
    """Name and 规格 together are one product's (R-PROD-1). The base data is locked.

    Raises:
        SameProduct: another 编号 has both.
    """
    for other in products.list_named(tx, [name]):
        if fold(other.spec) == fold(spec):
            rules.check_not_same(code, name, spec, other.code)


def step_keep_price(tx: Tx, ctx: Context, product: Product) -> None:
    """Before the price changes: what it was until now, and who changes it. Lines keep what they copied (R-PROD-2)."""
    products.keep_price(tx, product.id or 0, by=ctx.actor.user_id, now=ctx.now)


def step_prices(tx: Tx, product: Product) -> list[PriceChange]:
    """The latest first. For who may see the price."""
    kept = products.list_prices(tx, product.id or 0)
    names = people.names_of(tx, [row.by_user_id for row in kept])
    changes, now = [], product.price
    for row in kept:
        if row.price != now:
            changes.append(PriceChange(row.until, names.get(row.by_user_id, row.by_user_id), row.price, now))
        now = row.price
    return changes
