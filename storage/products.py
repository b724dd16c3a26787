"""Queries on products (产品)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, delete
from sqlalchemy import select as columns
from sqlmodel import col, func, or_, select

from bot.core.errors import NotFound
from storage.custom_fields import Condition, custom_condition
from storage.database import Tx
from storage.plain import table_of
from storage.references import is_referred_to
from storage.tables import Product, ProductPrice

P, H = table_of(Product), table_of(ProductPrice)
WITH_IT = ("product_price",)  # what goes with a product that is removed
WHOLE = {"unmasked": "put back or kept as it is, shown to nobody"}


def find_product(tx: Tx, code: str) -> Product | None:
    """By its 编号, whatever the case."""
    return tx.exec(select(Product).where(func.lower(col(Product.code)) == code.strip().lower())).first()


def find_one(tx: Tx, word: str) -> Product | None:
    """By 编号, or by a name that only one product has."""
    found = find_product(tx, word)
    if found is not None:
        return found
    named = tx.exec(select(Product).where(col(Product.name) == word.strip()).limit(2)).all()
    return named[0] if len(named) == 1 else None


def access_product(tx: Tx, word: str) -> Product:
    """As `find_one`. Raises NotFound."""
    found = find_one(tx, word)
    if found is not None:
        return found
    raise NotFound(f"没有找到产品「{word}」，发送「产品」看看有哪些。")


def list_named(tx: Tx, names: Sequence[str]) -> list[Product]:
    """Those of any of the names, whatever the case."""
    folded = sorted({name.strip().lower() for name in names})
    query = select(Product).where(func.lower(col(Product.name)).in_(folded))
    return list(tx.exec(query.order_by(col(Product.id))).all())


def list_products(
    tx: Tx, words: tuple[str, ...], own: tuple[Condition, ...], *, page: int, per_page: int
) -> tuple[list[Product], int]:
    """Products that match every word and condition, by 编号; and how many there are in all."""
    wanted: list[ColumnElement[bool]] = [
        or_(
            col(Product.code).contains(w, autoescape=True),
            col(Product.name).contains(w, autoescape=True),
            col(Product.category) == w,
        )
        for w in words
    ]
    wanted += [custom_condition("product", one) for one in own]
    total = tx.exec(select(func.count()).select_from(Product).where(*wanted)).one()
    query = select(Product).where(*wanted).order_by(col(Product.code))
    return list(tx.exec(query.offset((page - 1) * per_page).limit(per_page)).all()), total


def list_enabled(tx: Tx, *, most: int) -> list[Product]:
    """Those to be chosen, by 编号; none where there are more than `most`."""
    query = select(Product).where(col(Product.enabled)).order_by(col(Product.code)).limit(most + 1)
    found = list(tx.exec(query).all())
    return found if len(found) <= most else []


def add_product(
    tx: Tx, *, code: str, name: str, category: str, unit: str, price: Decimal, custom: dict[str, str], spec: str = ""
) -> Product:
    """`price` in yuan."""
    product = Product(code=code, name=name, category=category, unit=unit, price=price, custom=custom, spec=spec)
    tx.add(product)
    tx.flush()
    return product


def keep_price(tx: Tx, product_id: int, *, by: str, now: datetime) -> None:
    """Its price as it stands goes into the history."""
    price = tx.execute(columns(P.c.price).where(P.c.id == product_id), execution_options=WHOLE).scalar_one()
    tx.add(ProductPrice(product_id=product_id, price=price, until=now, by_user_id=by))
    tx.flush()


def list_prices(tx: Tx, product_id: int) -> list[ProductPrice]:
    """What it cost before, the latest first."""
    query = select(ProductPrice).where(ProductPrice.product_id == product_id)
    return list(tx.exec(query.order_by(col(ProductPrice.id).desc())).all())


def whole(tx: Tx, product: Product) -> dict[str, Any]:
    """Every field and former price as it is, as JSON, to be put back by `restore_product`: shown to nobody."""
    query = columns(*(c for c in P.c if c.name != "id")).where(P.c.id == product.id)
    row = tx.execute(query, execution_options=WHOLE).mappings().one()
    prices = columns(H.c.price, H.c.until, H.c.by_user_id).where(H.c.product_id == product.id).order_by(H.c.id)
    kept = [[str(r.price), r.until.isoformat(), r.by_user_id] for r in tx.execute(prices, execution_options=WHOLE)]
    return {n: str(v) if isinstance(v, Decimal) else v for n, v in row.items()} | {"prices": kept}


def restore_product(tx: Tx, kept: dict[str, Any]) -> Product:
    """What `whole` kept is a product again."""
    prices = kept.get("prices", [])
    fields = {name: value for name, value in kept.items() if name != "prices"}
    product = Product(**{**fields, "price": Decimal(kept["price"])})
    tx.add(product)
    tx.flush()
    for price, until, by in prices:
        row = ProductPrice(product_id=product.id or 0, price=Decimal(price), until=datetime.fromisoformat(until))
        row.by_user_id = str(by)
        tx.add(row)
        tx.flush()
    return product


def remove_product(tx: Tx, product: Product) -> None:
    """Only for one that nothing refers to; its former prices go with it."""
    tx.execute(delete(ProductPrice).where(col(ProductPrice.product_id) == product.id))
    tx.delete(product)
    tx.flush()


def is_used(tx: Tx, product: Product) -> bool:
    """Whether any row of another table refers to it, as the schema has it."""
    return is_referred_to(tx, Product, product.id or 0, but=WITH_IT)
