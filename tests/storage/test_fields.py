"""Which values of a row a transaction gives out: every way to ask × every level, on both databases (R-PERM-5)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select as core_select
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col, func, select

from bot.core.actor import SYSTEM, Scope
from bot.core.fields import FieldLevel, FieldRights, least, most
from bot.language.phones import mask
from storage.database import Database, Tx
from storage.fields import TABLES, Cut, rebind
from storage.plain import Plain, table_of
from storage.tables import Contact, Contract, Customer, FollowUp, Product
from tests.support.company import NOW, load_company
from tests.support.world import customer, small_world

PHONES = ("13812345678", "0574-87654321", "4008001234", "95588", "1234", "")
NAME, CODE = "宁波甲机械有限公司", "91330200MA2AABCD1X"
Alias = aliased(Contact)


def rights(*limits: tuple[str, str, str]) -> FieldRights:
    return FieldRights(frozenset((form, name, FieldLevel(level)) for form, name, level in limits))


def all_of(*limits: tuple[str, str, str]) -> Scope:
    return replace(SYSTEM, fields=rights(*limits))


@pytest.fixture
async def filled(database: Database) -> Database:
    world = small_world()
    world["customers"] = [
        customer(
            NAME, "lina04", city="宁波", source="展会", phone="13900001111",
            contacts=[
                {"name": f"张{n}", "mobile": phone, "title": "采购", "main": n == 0} for n, phone in enumerate(PHONES)
            ],
            follow_ups=[{"by": "lina04", "at": "2026-02-26T10:00:00+08:00", "method": "电话", "content": "要 8 折",
                         "next_at": "2026-03-05T10:00:00+08:00"}],
        ),
        customer("温州戊电器有限公司", city="温州", source="网络", phone="13700002222"),
    ]  # fmt: skip
    world["contracts"] = [
        {"no": f"HT-{n}", "customer": NAME, "owner": "lina04", "amount": f"{n}00.00", "state": "effective"}
        for n in (1, 2)
    ]
    await load_company(database, world)
    return database


WAYS: dict[str, Callable[[Tx], list[Any]]] = {
    "entities": lambda tx: [c.mobile for c in tx.exec(select(Contact).order_by(col(Contact.id))).all()],
    "get": lambda tx: [one.mobile for n in range(1, 7) if (one := tx.get(Contact, n)) is not None],
    "locked": lambda tx: [c.mobile for c in tx.exec(select(Contact).order_by(col(Contact.id)).with_for_update()).all()],
    "a column": lambda tx: list(tx.exec(select(Contact.mobile).order_by(col(Contact.id))).all()),
    "an alias": lambda tx: [c.mobile for c in tx.exec(select(Alias).order_by(Alias.id)).all()],  # type: ignore[arg-type]
    "an alias's column": lambda tx: list(tx.exec(select(Alias.mobile).order_by(Alias.id)).all()),  # type: ignore[arg-type]
    "columns by name": lambda tx: [
        r.mobile for r in tx.execute(core_select(col(Contact.id), col(Contact.mobile)).order_by(col(Contact.id)))
    ],
    "unscoped": lambda tx: [
        c.mobile for c in tx.exec(select(Contact).order_by(col(Contact.id)), execution_options={"unscoped": "x"}).all()
    ],
}  # fmt: skip


def _expired(tx: Tx) -> list[Any]:
    held = tx.exec(select(Contact).order_by(col(Contact.id))).all()
    tx.expire_all()
    return [c.mobile for c in held]


WAYS["after expiry"] = _expired


@pytest.mark.parametrize("level", list(FieldLevel))
async def test_every_way_to_ask_shows_the_same(filled: Database, level: FieldLevel) -> None:
    shown = {
        FieldLevel.HIDDEN: [""] * 6, FieldLevel.MASKED: [mask(p) for p in PHONES],
        FieldLevel.READ: list(PHONES), FieldLevel.WRITE: list(PHONES),
    }[level]  # fmt: skip
    for way, ask in WAYS.items():
        assert await filled.unit(all_of(("contact", "mobile", level.value)), ask) == shown, way


async def test_what_is_not_seen_is_not_written_back(filled: Database) -> None:
    def work(tx: Tx) -> None:
        one = tx.exec(select(Customer).where(Customer.name == NAME)).one()
        assert (one.phone, one.city) == ("", "宁***")
        one.remark = "改过"
        tx.add(one)

    await filled.unit(all_of(("customer", "phone", "hidden"), ("customer", "city", "masked")), work)
    row = await filled.system(lambda tx: tx.exec(select(Customer).where(Customer.name == NAME)).one())
    assert (row.phone, row.city, row.remark) == ("13900001111", "宁波", "改过")


async def test_a_hidden_field_is_neither_searched_sorted_nor_grouped_by(filled: Database) -> None:
    hidden = all_of(("contact", "mobile", "hidden"), ("customer", "city", "hidden"))

    def work(tx: Tx) -> None:
        assert tx.exec(select(Contact.id).where(col(Contact.mobile).endswith("5678"))).all() == []
        assert tx.exec(select(Contact.id).where(Contact.mobile_tail == "5678")).all() == []
        assert tx.exec(select(Contact.id).where(Contact.mobile == "13812345678")).all() == []
        cities = select(Customer.city, func.count()).group_by(col(Customer.city)).order_by(col(Customer.city))
        assert tx.exec(cities).all() == [("", 2)]
        inside = select(Contact.customer_id).where(col(Contact.mobile).contains("138"))
        assert tx.exec(select(Customer.name).where(col(Customer.id).in_(inside))).all() == []

    await filled.unit(hidden, work)


async def test_a_masked_number_is_found_by_what_its_mask_shows(filled: Database) -> None:
    def find(tx: Tx, digits: str) -> int:
        return len(tx.exec(select(Contact.id).where(col(Contact.mobile).endswith(digits))).all())

    def work(tx: Tx) -> None:
        assert find(tx, "5678") == 1
        assert find(tx, "45678") == 0
        assert tx.exec(select(Contact.mobile_tail).where(Contact.id == 1)).one() == "5678"

    await filled.unit(all_of(("contact", "mobile", "masked")), work)


async def test_amounts_and_days_are_not_there_and_not_summed(filled: Database) -> None:
    def work(tx: Tx) -> None:
        assert tx.exec(select(func.sum(Contract.amount))).one() is None
        assert {c.amount for c in tx.exec(select(Contract)).all()} == {None}
        assert tx.exec(select(Contract.id).where(Contract.amount > Decimal(150))).all() == []
        assert {c.next_follow_up_at for c in tx.exec(select(Customer)).all()} == {None}
        assert {f.next_at for f in tx.exec(select(FollowUp)).all()} == {None}
        assert (
            tx.exec(select(Customer.id).where(col(Customer.next_follow_up_at) < NOW + timedelta(days=30))).all() == []
        )

    await filled.unit(all_of(("contract", "amount", "hidden"), ("followup", "next_at", "hidden")), work)


async def test_of_the_pool_no_more_is_shown_than_may_be_known_before_claiming(filled: Database) -> None:
    def read(tx: Tx) -> list[tuple[str, str, str]]:
        rows = tx.exec(select(Customer).order_by(col(Customer.id))).all()
        return [(c.city, c.source, c.phone) for c in rows]

    own = ("宁波", "展会", "13900001111")
    assert await filled.unit(Scope("lina04", pool=True), read) == [own, ("温州", "", "137****2222")]
    assert await filled.unit(SYSTEM, read) == [own, ("温州", "网络", "13700002222")]


async def test_derived_tables_of_limited_fields_are_refused(filled: Database) -> None:
    derived = select(select(func.lower(Customer.city).label("x")).subquery().c.x)
    with pytest.raises(TypeError, match="derived table"):
        await filled.unit(all_of(("customer", "city", "hidden")), lambda tx: tx.exec(derived).all())
    whole = select(select(Customer).subquery().c.city)
    assert await filled.unit(all_of(("customer", "city", "hidden")), lambda tx: tx.exec(whole).all()) == ["", ""]


async def test_a_statement_that_says_why_sees_the_value(filled: Database) -> None:
    asked = {"unmasked": "a test"}
    cities = await filled.unit(
        all_of(("customer", "city", "hidden")),
        lambda tx: tx.exec(select(Customer.city).order_by(col(Customer.id)), execution_options=asked).all(),
    )
    assert cities == ["宁波", "温州"]


async def test_a_plain_statement_on_a_forms_field_must_say_why(filled: Database) -> None:
    price = table_of(Product).c.price
    with pytest.raises(TypeError, match="form's field"):
        await filled.system(lambda tx: Plain(core_select(price)).run(tx).all())
    with pytest.raises(TypeError, match="form's field"):
        await filled.system(lambda tx: Plain(core_select(table_of(Customer).c.city), unscoped="x").run(tx).all())
    other = table_of(Product).alias()
    for named in (other.c.price, func.max(other.c.price), other.c.price.label("p")):
        with pytest.raises(TypeError, match="form's field"):
            await filled.system(lambda tx, named=named: Plain(core_select(named)).run(tx).all())  # type: ignore[misc]
    assert await filled.system(lambda tx: Plain(core_select(price), unmasked="x").run(tx).all()) == []


async def test_somebody_elses_eyes_read_anew(filled: Database) -> None:
    def work(tx: Tx) -> list[str]:
        one = tx.exec(select(Customer).where(Customer.name == NAME)).one()
        seen = [one.city]
        rebind(tx, all_of(("customer", "city", "hidden")))
        seen.append(one.city)
        rebind(tx, SYSTEM)
        return [*seen, one.city]

    assert await filled.unit(SYSTEM, work) == ["宁波", "", "宁波"]


@pytest.mark.parametrize("number", [*PHONES, "021-6677", "123456789012345", "12345678"])
async def test_the_mask_is_the_same_in_sql(database: Database, number: str) -> None:
    def work(tx: Tx) -> str:
        tx.add(Product(code="x", name="x", unit=number))
        tx.flush()
        expression = Cut(FieldLevel.MASKED, "phone").expression(table_of(Product).c.unit)
        return str(Plain(core_select(expression.label("m")), unmasked="a test").run(tx).scalar_one())

    assert await database.system(work) == mask(number)


def test_several_roles_give_the_most_and_a_group_the_least() -> None:
    phone = ("customer", "phone")
    sales, other, reports = frozenset({"customer:view"}), frozenset({"customer:add"}), frozenset({"report:view"})
    hidden, masked = {phone: FieldLevel.HIDDEN}, {phone: FieldLevel.MASKED}
    assert most([(sales, hidden)]).level(*phone) is FieldLevel.HIDDEN
    assert most([(sales, hidden), (other, masked)]).level(*phone) is FieldLevel.MASKED
    assert most([(sales, hidden), (other, {})]).level(*phone) is FieldLevel.WRITE
    assert most([(sales, hidden), (reports, {})]).level(*phone) is FieldLevel.HIDDEN, "a role for something else"
    assert not most([(sales, {})])
    assert least([(phone, FieldLevel.READ), (phone, FieldLevel.HIDDEN)]).level(*phone) is FieldLevel.HIDDEN


def test_every_form_has_its_table_and_every_field_its_column() -> None:
    from bot.core.forms import FORMS

    for form, fields in FORMS.items():
        columns = SQLModel.metadata.tables[TABLES[form]].c
        assert {f.attribute for f in fields} <= set(columns.keys()), form
