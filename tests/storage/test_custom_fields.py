"""A company's own fields in the database: kept exactly, compared by kind, given out as far as rights allow.

The last by every way a column can be asked for × every level, on both databases (R-PERM-5, invariant 30).
"""

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select

from bot.core.actor import SYSTEM, Scope
from bot.core.fields import FieldLevel, FieldRights
from bot.core.forms import FormField, custom_kind
from storage import custom_fields, dictionaries
from storage.custom_fields import Condition, Definition, custom_condition, custom_order, value_of
from storage.database import Database, Tx
from storage.plain import Narrowed, Plain, table_of
from storage.tables import Customer, Product
from tests.support.company import load_company
from tests.support.databases import postgres_copy, sqlite_copy

NAME = "华兴科技有限公司"
MONEY, CHOICE, TEXT, NUMBER, DAY = "money_0001", "choice_0001", "text_0001", "number_0001", "date_0001"
DEFINITIONS = [
    Definition(MONEY, "年采购额", "money", False, 0, True), Definition(CHOICE, "设备类型", "choice", False, 1, True),
    Definition(TEXT, "说明", "text", False, 2, True), Definition(NUMBER, "员工数", "number", False, 3, True),
    Definition(DAY, "交货日", "date", False, 4, True),
]  # fmt: skip
STORED = {MONEY: "500000.00", CHOICE: "数控", TEXT: "两台 \"新\" '机'", NUMBER: "12.5", DAY: "2026-04-05"}
Alias = aliased(Customer)


def limited(*limits: tuple[str, str]) -> Scope:
    return replace(SYSTEM, fields=FieldRights(frozenset(("customer", f, FieldLevel(v)) for f, v in limits)))


def one(tx: Tx) -> Customer:
    return tx.exec(select(Customer).where(Customer.name == NAME)).one()


def fill(tx: Tx) -> None:
    custom_fields.put_definitions(tx, "customer", DEFINITIONS)
    custom_fields.put_values(tx, one(tx), dict(STORED))


@pytest.fixture
async def filled(database: Database) -> Database:
    await load_company(database)
    await database.system(fill)
    return database


def test_a_fields_name_says_its_kind() -> None:
    assert [custom_kind(d.name) for d in DEFINITIONS] == [d.kind for d in DEFINITIONS]
    for name in (
        "name",
        "on",
        "money",
        "money_1",
        "money_12345",
        "money_00G1",
        "secret_0001",
        " money_0001",
        "money_0001\n",
    ):
        assert custom_kind(name) is None, name


async def test_values_are_kept_exactly_and_changed_one_by_one(filled: Database) -> None:
    assert await filled.system(lambda tx: one(tx).custom) == STORED

    def change(tx: Tx) -> dict[str, Any]:
        record = one(tx)
        custom_fields.put_values(tx, record, {MONEY: "1.10", TEXT: None})
        return record.custom

    after = {name: value for name, value in STORED.items() if name != TEXT} | {MONEY: "1.10"}
    assert await filled.system(change) == after
    assert await filled.system(lambda tx: one(tx).custom) == after


async def test_a_stored_document_is_not_written_whole(filled: Database) -> None:
    """What a person sees of it may be less than there is."""

    def write(tx: Tx) -> None:
        one(tx).custom = {}

    with pytest.raises(TypeError, match="put_values"):
        await filled.system(write)


C = table_of(Customer)


def _changed(tx: Tx) -> dict[str, Any]:
    record = one(tx)
    custom_fields.put_values(tx, record, {NUMBER: "12.5"})
    return record.custom


WAYS: dict[str, Callable[[Tx], Mapping[Any, Any]]] = {
    "entity": lambda tx: one(tx).custom,
    "locked": lambda tx: tx.exec(select(Customer).where(Customer.name == NAME).with_for_update()).one().custom,
    "column": lambda tx: tx.exec(select(Customer.custom).where(Customer.name == NAME)).one(),
    "alias": lambda tx: tx.exec(select(Alias).where(Alias.name == NAME)).one().custom,
    "alias's column": lambda tx: tx.exec(select(Alias.custom).where(Alias.name == NAME)).one(),
    "by name": lambda tx: tx.execute(core_select(col(Customer.custom)).where(col(Customer.name) == NAME)).one().custom,
    "unscoped": lambda tx: tx.exec(
        select(Customer.custom).where(Customer.name == NAME), execution_options={"unscoped": "x"}
    ).one(),
    "narrowed": lambda tx: Narrowed(
        core_select(C.c.custom, C.c.owner_id).where(C.c.name == NAME)
    ).run(tx).one().custom,
    "after a change": _changed,
    "each by itself": lambda tx: {
        d.name: value
        for d in DEFINITIONS
        if (value := tx.exec(select(value_of(Customer, d.name)).where(Customer.name == NAME)).one()) is not None
    },
}  # fmt: skip


@pytest.mark.parametrize("level", list(FieldLevel))
async def test_every_way_to_ask_shows_the_same(filled: Database, level: FieldLevel) -> None:
    for kept in (MONEY, CHOICE, TEXT):
        seen = dict(STORED)
        if level is FieldLevel.HIDDEN or (level is FieldLevel.MASKED and kept == MONEY):
            del seen[kept]
        elif level is FieldLevel.MASKED:
            seen[kept] = f"{STORED[kept][0]}***"
        for way, ask in WAYS.items():
            assert await filled.unit(limited((kept, level.value)), ask) == seen, (kept, way)


async def test_several_limits_at_once(filled: Database) -> None:
    scope = limited((MONEY, "hidden"), (CHOICE, "masked"), (TEXT, "hidden"), (NUMBER, "masked"), (DAY, "read"))
    for way, ask in WAYS.items():
        assert await filled.unit(scope, ask) == {CHOICE: "数***", DAY: STORED[DAY]}, way


async def test_what_is_not_seen_is_not_written_back(filled: Database) -> None:
    def change(tx: Tx) -> None:
        record = one(tx)
        record.remark = "改过"
        custom_fields.put_values(tx, record, {NUMBER: "7"})

    await filled.unit(limited((MONEY, "hidden"), (CHOICE, "masked")), change)
    assert await filled.system(lambda tx: one(tx).custom) == STORED | {NUMBER: "7"}


async def test_a_hidden_field_is_neither_compared_sorted_grouped_nor_counted(filled: Database) -> None:
    def work(tx: Tx) -> None:
        for condition in (
            Condition(MONEY, "money", "gt", "0"), Condition(MONEY, "money", "eq", "500000.00"),
            Condition(MONEY, "money", "filled"), Condition(CHOICE, "choice", "eq", "数控"),
            Condition(TEXT, "text", "has", "台"),
        ):  # fmt: skip
            assert tx.exec(select(Customer.id).where(custom_condition("customer", condition))).all() == []
        value = value_of(Customer, MONEY)
        assert [v for v, _ in tx.exec(select(value, func.count()).group_by(value)).all()] == [None]
        order = custom_order("customer", FormField(MONEY, "", "money"))
        assert set(tx.exec(select(order)).all()) == {None}
        assert tx.exec(select(func.count(value))).one() == 0

    await filled.unit(limited((MONEY, "hidden"), (CHOICE, "masked"), (TEXT, "hidden")), work)


async def test_of_a_customer_in_the_pool_nothing_is_shown_or_found(filled: Database) -> None:
    def pool_it(tx: Tx) -> None:
        record = one(tx)
        record.owner_id, record.owner_since, record.pooled_at = None, None, record.created_at

    def look(tx: Tx) -> tuple[Any, Any]:
        found = tx.exec(select(Customer.id).where(custom_condition("customer", Condition(TEXT, "text", "filled"))))
        return one(tx).custom, found.all()

    await filled.system(pool_it)
    assert await filled.unit(Scope("lina04", pool=True), look) == ({}, [])
    narrowed = Narrowed(core_select(C.c.custom, C.c.owner_id).where(C.c.name == NAME))
    assert await filled.unit(Scope("lina04", pool=True), lambda tx: narrowed.run(tx).one().custom) == {}


async def test_a_plain_statement_must_say_why(filled: Database) -> None:
    products = table_of(Product)
    with pytest.raises(TypeError, match="form's field"):
        await filled.system(lambda tx: Plain(core_select(products.c.custom)).run(tx).all())


async def test_a_value_in_use_is_counted_and_follows_its_label(filled: Database) -> None:
    """Invariant 36: what is in use is known to be, in a company's own field too."""

    def work(tx: Tx) -> None:
        field = ("customer", CHOICE)
        assert dictionaries.count_uses(tx, [field]) == {"数控": 1}
        assert dictionaries.relabel(tx, [field], "数控", "数控机床") == 1
        assert one(tx).custom == STORED | {CHOICE: "数控机床"}
        assert custom_fields.count_filled(tx, "customer", CHOICE) == 1

    await filled.system(work)


# -- conditions, against a reckoning in Python ----------------------------------------------------------------------

CENTS = st.integers(-(10**15) + 1, 10**15 - 1)
NEAR = st.sampled_from([0, 1, -1, 9, 10, 99, 100, 10**15 - 1, 10**15 - 2, 10**14 + 1, 5_000_000, 49_999_999])
AMOUNTS = (CENTS | NEAR).map(lambda fen: f"{Decimal(fen).scaleb(-2):.2f}")
ORDER = st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"])
REST = st.sampled_from(["empty", "filled"])


def fits(value: str | None, condition: Condition) -> bool:
    if condition.operator in ("empty", "filled"):
        return (value is None) == (condition.operator == "empty")
    if value is None:
        return condition.operator == "ne"
    left, right = Decimal(value), Decimal(condition.value)
    return {
        "eq": left == right, "ne": left != right, "gt": left > right, "ge": left >= right, "lt": left < right,
        "le": left <= right,
    }[condition.operator]  # fmt: skip


async def compare(
    opening: AbstractAsyncContextManager[Database], values: list[str | None], asked: list[Condition]
) -> None:
    async with opening as db:

        def work(tx: Tx) -> None:
            for n, value in enumerate(values):
                tx.add(Product(code=f"P{n}", name="x", custom={} if value is None else {MONEY: value}))
            tx.flush()
            for condition in asked:
                found = tx.exec(select(Product.code).where(custom_condition("product", condition))).all()
                assert set(found) == {f"P{n}" for n, v in enumerate(values) if fits(v, condition)}, condition
            order = custom_order("product", FormField(MONEY, "", "money"))
            filled = value_of(Product, MONEY).is_not(None)
            sizes = [Decimal(p.custom[MONEY]) for p in tx.exec(select(Product).where(filled).order_by(order)).all()]
            assert sizes == sorted(sizes)

        await db.system(work)


CONDITIONS = st.builds(lambda op, value: Condition(MONEY, "money", op, value), ORDER | REST, AMOUNTS)
VALUES = st.lists(st.none() | AMOUNTS, min_size=4, max_size=12)


@settings(
    phases=(Phase.explicit, Phase.generate), max_examples=40, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(values=VALUES, conditions=st.lists(CONDITIONS, min_size=5, max_size=10))
@example(values=["9.00", "10.00", "100.00", None], conditions=[Condition(MONEY, "money", "gt", "9.5")])
def test_amounts_are_compared_by_size(sqlite_file: Path, values: list[str | None], conditions: list[Condition]) -> None:
    asked = [*conditions, *(Condition(MONEY, "money", op, v) for v in values if v for op in ("eq", "gt", "le"))]
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(compare(sqlite_copy(sqlite_file, Path(folder)), values, asked))


@pytest.mark.postgres
def test_amounts_are_compared_by_size_on_postgresql(postgres_name: str) -> None:
    values = [None, "9.00", "10.00", "-3.10", "9999999999999.99", "9999999999999.98", "0.01", "0.00", "500000.00"]
    asked = [
        Condition(MONEY, "money", op, v)
        for v in [*(v for v in values if v), "9.5", "500000"]
        for op in ("eq", "ne", "gt", "ge", "lt", "le", "empty", "filled")
    ]
    asyncio.run(compare(postgres_copy(postgres_name), values, asked))
