"""Queries on products (产品)."""

from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy import select as columns
from sqlmodel import col, func, or_, select

from bot.core.errors import NotFound
from storage.custom_fields import Condition, custom_condition
from storage.database import Tx
from storage.plain import table_of
from storage.references import is_referred_to
from storage.tables import Product


def find_product(tx: Tx, code: str) -> Product | None:
    """By its 编号, whatever the case."""
    return tx.exec(select(Product).where(func.lower(col(Product.code)) == code.strip().lower())).first()


def access_product(tx: Tx, word: str) -> Product:
    """By 编号, or by a name that only one product has. Raises NotFound."""
    found = find_product(tx, word)
    if found is not None:
        return found
    named = tx.exec(select(Product).where(col(Product.name) == word.strip()).limit(2)).all()
    if len(named) == 1:
        return named[0]
    raise NotFound(f"没有找到产品「{word}」，发送「产品」看看有哪些。")


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
    tx: Tx, *, code: str, name: str, category: str, unit: str, price: Decimal, custom: dict[str, str]
) -> Product:
    """`price` in yuan."""
    product = Product(code=code, name=name, category=category, unit=unit, price=price, custom=custom)
    tx.add(product)
    tx.flush()
    return product


def whole(tx: Tx, product: Product) -> dict[str, Any]:
    """Every field as it is, as JSON, to be put back by `restore_product`: shown to nobody."""
    table = table_of(Product)
    query = columns(*(c for c in table.c if c.name != "id")).where(table.c.id == product.id)
    row = tx.execute(query, execution_options={"unmasked": "written back by an undo"}).mappings().one()
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in row.items()}


def restore_product(tx: Tx, kept: dict[str, Any]) -> Product:
    """What `whole` kept is a product again."""
    product = Product(**{**kept, "price": Decimal(kept["price"])})
    tx.add(product)
    tx.flush()
    return product


def remove_product(tx: Tx, product: Product) -> None:
    """Only for one that nothing refers to."""
    tx.delete(product)
    tx.flush()


def is_used(tx: Tx, product: Product) -> bool:
    """Whether any row of another table refers to it, as the schema has it."""
    return is_referred_to(tx, Product, product.id or 0)
