"""Lines of products on an opportunity or a contract (storage.tables.lines): the same queries for both."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import select as columns
from sqlmodel import col, func, select

from storage.database import Tx
from storage.plain import table_of
from storage.tables import ContractLine, OpportunityLine, Product
from storage.tables.lines import ProductLine

L = TypeVar("L", OpportunityLine, ContractLine)
PRODUCTS = table_of(Product)
WHOLE = {
    "unmasked": "reckoned with and written back, shown to nobody",
    "unscoped": "the caller has access to the record",
}


def _of(model: type[ProductLine]) -> Any:
    """The column that says whose line it is."""
    return table_of(model).c["opportunity_id" if model is OpportunityLine else "contract_id"]


def list_lines(tx: Tx, model: type[L], record_id: int) -> list[L]:
    """In their order. The caller has access to the record."""
    table = table_of(model)
    query = select(model).where(_of(model) == record_id).order_by(table.c.position, table.c.id)
    return list(tx.exec(query).all())


def list_amounts(tx: Tx, model: type[L], record_id: int) -> list[Decimal]:
    """What each line comes to, for the total."""
    query = columns(table_of(model).c.amount).where(_of(model) == record_id)
    return list(tx.execute(query, execution_options=WHOLE).scalars())


def price_of(tx: Tx, product: Product) -> Decimal:
    """What it costs now, to be copied."""
    query = columns(PRODUCTS.c.price).where(PRODUCTS.c.id == product.id)
    price: Decimal = tx.execute(query, execution_options=WHOLE).scalar_one()
    return price


def add_line(
    tx: Tx, model: type[L], record_id: int, product: Product, *, price: Decimal, quantity: Decimal, discount: Decimal,
    amount: Decimal,
) -> L:  # fmt: skip
    """Behind the others, with the product's code, name, specification and unit of now, whoever adds it."""
    spec = tx.execute(columns(PRODUCTS.c.spec).where(PRODUCTS.c.id == product.id), execution_options=WHOLE).scalar_one()
    behind = columns(func.max(table_of(model).c.position)).where(_of(model) == record_id)
    last = tx.execute(behind, execution_options=WHOLE).scalar()
    line = model(
        product_id=product.id or 0, position=(last or 0) + 1, code=product.code, name=product.name, unit=product.unit,
        spec=spec, price=price, quantity=quantity, discount=discount, amount=amount,
        **{_of(model).name: record_id},
    )  # fmt: skip
    tx.add(line)
    tx.flush()
    return line


def remove_line(tx: Tx, line: OpportunityLine | ContractLine) -> None:
    """The others keep their places."""
    tx.delete(line)
    tx.flush()


def pictures(tx: Tx, model: type[L], record_id: int) -> list[dict[str, Any]]:
    """Every line whole, as JSON: what an undo puts back with `put_back`, what a contract copies with `copy_lines`."""
    table = table_of(model)
    wanted = [c for c in table.c if c.name not in ("id", _of(model).name)]
    query = columns(*wanted).where(_of(model) == record_id).order_by(table.c.position, table.c.id)
    rows = tx.execute(query, execution_options=WHOLE).mappings().all()
    return [{k: str(v) if isinstance(v, Decimal) else v for k, v in row.items()} for row in rows]


def put_back(tx: Tx, model: type[L], record_id: int, kept: Sequence[dict[str, Any]]) -> None:
    """The record's lines are these again."""
    for line in list_lines(tx, model, record_id):
        tx.delete(line)
    tx.flush()
    _write(tx, model, record_id, kept)


def copy_lines(tx: Tx, model: type[L], record_id: int, contract_id: int) -> None:
    """A contract made of an opportunity, or following another one, has its lines, prices and all (R4.02, R-CON-9)."""
    _write(tx, ContractLine, contract_id, pictures(tx, model, record_id))


def _write(tx: Tx, model: type[L], record_id: int, kept: Sequence[dict[str, Any]]) -> None:
    decimals = ("price", "quantity", "discount", "amount")
    for one in kept:
        values: dict[str, Any] = {k: Decimal(v) if k in decimals else v for k, v in one.items()}
        values[_of(model).name] = record_id
        tx.add(model(**values))
    tx.flush()


def count_uses(tx: Tx, product_id: int) -> int:
    """Lines that were made of the product, on whatever record (R-PROD-4)."""
    whoever = {"unscoped": "a product on anybody's line, or a deleted record's, is in use"}
    return sum(
        tx.exec(
            select(func.count()).select_from(model).where(col(model.product_id) == product_id),
            execution_options=whoever,
        ).one()
        for model in (OpportunityLine, ContractLine)
    )
