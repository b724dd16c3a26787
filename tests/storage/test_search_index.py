"""The index of what rows are found by is at every moment what a rebuild would make of the rows."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, delete, insert, select, update

from bot.core.actor import Scope
from bot.core.fields import FieldLevel, FieldRights
from bot.language.book import compact
from storage import customers, search
from storage.database import Database, Tx
from storage.search_index import index_rows, rebuild
from storage.tables import Contact, Customer, Lead, Product, SearchEntry
from tests.support.company import NOW, load_company

Entries = set[tuple[str, str, int]]
ROOM = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def entries(tx: Tx) -> Entries:
    return {(e.kind, e.gram, e.ref_id) for e in tx.exec(select(SearchEntry)).all()}


def rebuilt(tx: Tx) -> Entries:
    tx.flush()
    rebuild(tx.connection())
    tx.expire_all()
    return entries(tx)


async def is_kept(db: Database) -> None:
    now, anew = await db.system(lambda tx: (entries(tx), rebuilt(tx)))
    assert now == anew
    assert now


def _customer(name: str, **more: Any) -> Customer:
    return Customer(
        name=name, name_key=name, initials="x", owner_id="lina04", owner_since=NOW, created_at=NOW, updated_at=NOW,
        **more,
    )  # fmt: skip


async def test_a_loaded_company_is_indexed(database: Database) -> None:
    await load_company(database)
    await is_kept(database)


async def test_every_kind_is_kept_by_new_changed_and_deleted_rows(database: Database) -> None:
    await load_company(database)

    def work(tx: Tx) -> None:
        one = _customer("苏州新月精密机械有限公司", credit_code="91330200MA2AAAAA1X", phone="051288886666")
        tx.add(one)
        tx.flush()
        tx.add(Contact(customer_id=one.id or 0, name="欧阳修", mobile="13912345678", created_at=NOW))
        tx.add(Lead(company="无锡远山电器", contact="石磊", mobile="13700002222", owner_id="lina04", created_at=NOW))
        tx.add(Product(code="ZJ-009", name="数控主轴", unit="台"))
        tx.flush()
        one.name, one.phone = "苏州满月精密机械有限公司", ""
        lead = tx.exec(select(Lead).where(Lead.company == "无锡远山电器")).one()
        lead.contact = "石大磊"
        tx.flush()
        one.deleted_at = NOW
        tx.delete(lead)

    await database.system(work)
    await is_kept(database)


async def test_rows_written_past_the_session_are_indexed_when_told(database: Database) -> None:
    await load_company(database)

    def work(tx: Tx) -> None:
        row = {"code": "KK-1", "name": "刀柄", "unit": "个", "category": "", "price": Decimal(1), "enabled": True}
        with pytest.raises(TypeError, match="index_rows"):
            tx.execute(insert(Product), [row])
        tx.execute(insert(Product), [row], execution_options={"indexed": "below"})
        found = tx.exec(select(Product.id).where(Product.code == "KK-1")).one()
        index_rows(tx, "product", [found or 0])

    await database.system(work)
    await is_kept(database)


async def test_a_change_past_the_session_is_refused(database: Database) -> None:
    await load_company(database)

    def work(tx: Tx) -> None:
        with pytest.raises(TypeError, match="found by"):
            tx.execute(update(Customer).where(col(Customer.id) == 1).values(name="别的"))
        tx.execute(update(Customer).where(col(Customer.id) == 1).values(remark="可以"))

    await database.system(work)


async def test_who_sees_a_masked_number_does_not_lose_the_entry_by_another_change(database: Database) -> None:
    await load_company(database)
    masked = FieldRights(frozenset({("contact", "mobile", FieldLevel.MASKED)}))

    def work(tx: Tx) -> None:
        contact = tx.exec(select(Contact).where(Contact.mobile != "")).first()
        assert contact is not None and "*" in contact.mobile
        contact.name = "改了名"

    await database.unit(Scope("lina04", fields=masked), work)
    await is_kept(database)


async def test_touched_is_the_later_of_contact_and_ownership(database: Database) -> None:
    await load_company(database)

    def differing(tx: Tx) -> list[str]:
        rows = tx.exec(select(Customer)).all()
        wanted = {
            c.id: max((m for m in (c.last_follow_up_at, c.owner_since) if m is not None), default=None) for c in rows
        }
        return [c.name for c in rows if c.touched_at != wanted[c.id]]

    assert await database.system(differing) == []
    later = NOW.replace(year=NOW.year + 1)
    await database.system(lambda tx: tx.execute(update(Customer).values(last_follow_up_at=later)))
    assert await database.system(differing) == []


NAMES = st.text("宁波海蓝华兴精密机械科技有限公司（）ab1 ", min_size=2, max_size=14).filter(
    lambda n: len(n.strip()) > 1
)


@ROOM
@given(names=st.lists(NAMES, min_size=1, max_size=12, unique=True), at=st.integers(0, 12), size=st.integers(2, 4))
async def test_parts_of_names_are_found_exactly_as_like_finds_them(
    sqlite: Database, names: list[str], at: int, size: int
) -> None:
    part = names[0][at % len(names[0]) :][:size]

    def work(tx: Tx) -> tuple[set[str], set[str]]:
        tx.execute(delete(SearchEntry))
        tx.execute(delete(Customer).execution_options(synchronize_session=False))
        tx.add_all([_customer(name) for name in names])
        tx.flush()
        flat = compact(part)
        found = search.ids_of(tx, "customer", part, most=100)
        by_name = {c.name for c in customers.list_by_ids(tx, found) if flat in compact(c.name)}
        wanted = {n for n in names if len(flat) > 1 and flat in compact(n)}
        return by_name, wanted

    by_name, wanted = await sqlite.system(work)
    assert by_name == wanted
