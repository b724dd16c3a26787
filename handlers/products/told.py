"""A product and its changes in words."""

from decimal import Decimal
from typing import Any

from handlers.customfields.values import texts_of
from storage import custom_fields
from storage.database import Tx
from storage.tables import Product


def facts_line(product: Product) -> str:
    """HSK63 · 主机 · 12,800.00 元/台 · 铣床用; without the price for whom it is hidden."""
    unit = f"/{product.unit}" if product.unit else ""
    amount: Decimal | None = product.price
    price = product.unit if amount is None else f"{amount:,.2f} 元{unit}"
    return " · ".join(
        p
        for p in (product.spec, product.category, price, product.description, "" if product.enabled else "已停用")
        if p
    )


def step_facts(tx: Tx, product: Product) -> str:
    """As `facts_line`, with the company's own fields as far as they may be seen."""
    fields = custom_fields.list_custom(tx, "product") if product.custom else ()
    texts = texts_of(tx, fields, product.custom)
    own = (f"{f.label} {texts[f.name]}" for f in fields if texts.get(f.name))
    return " · ".join(part for part in (facts_line(product), *own) if part)


def field_text(name: str, value: Any) -> str:
    """One field as an undo keeps it, in words."""
    if name == "price":
        return f"{Decimal(value):,.2f} 元"
    if name == "enabled":
        return "启用" if value else "停用"
    return str(value) or "（空）"
