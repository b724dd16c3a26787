"""Products on contracts, on both databases: invariants 38 and 39, and what an opportunity's contract takes over."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from handlers.contracts.views import lines_text
from handlers.products.lines import LineFact, line_amount, total
from storage.database import Database, Tx
from storage.tables import Contract, ContractLine, Product
from tests.support.company import load_company
from tests.support.deals import deals_world
from tests.support.room import Room


def company() -> dict[str, Any]:
    world = deals_world()
    world["products"] = [{"code": "ZJ-001", "name": "数控主轴", "price": "12800.00"}]
    world["roles"][0]["functions"] += ["product:view"]
    return world


async def contract_of(db: Database, number: str) -> tuple[Contract, list[ContractLine]]:
    def work(tx: Tx) -> tuple[Contract, list[ContractLine]]:
        found = tx.exec(select(Contract).where(Contract.number == number)).one()
        return found, list(tx.exec(select(ContractLine).where(ContractLine.contract_id == found.id)).all())

    return await db.system(work)


async def test_a_contract_made_of_an_opportunity_has_its_products(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    await room.say("lina04", "二期扩容 加产品 ZJ-001 2台 9折")
    said = await room.say("lina04", "合同 华兴科技 23040元 一年")
    assert "1 项，照商机带过来" in said
    assert "ZJ-001 数控主轴 × 2" in await room.say("lina04", "登记合同")
    made, lines = await contract_of(database, "HT-2026-0008")
    assert [(one.code, one.amount) for one in lines] == [("ZJ-001", Decimal("23040.00"))]
    assert made.amount == total(one.amount for one in lines)
    assert "金额是它们的合计" in await _amount(room, "合同 HT-2026-0008 金额 5万")


async def _amount(room: Room, said: str) -> str:
    await room.say("lina04", said)
    return await room.say("lina04", "改成这个金额")


async def test_another_price_leaves_the_products_behind_and_says_so(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    await room.say("lina04", "二期扩容 加产品 ZJ-001 2台")
    assert "不带过来" in await room.say("lina04", "合同 华兴科技 2万 一年")
    await room.say("lina04", "登记合同")
    made, lines = await contract_of(database, "HT-2026-0008")
    assert (made.amount, lines) == (Decimal("20000.00"), [])


async def test_lines_decide_the_amount_and_a_new_price_does_not(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    await room.say("lina04", "合同 华兴科技 1万 一年")
    await room.say("lina04", "登记合同")
    shown = await room.say("lina04", "合同 HT-2026-0008 加产品 ZJ-001 2台 9折")
    assert "¥10,000.00 → ¥23,040.00" in shown
    assert (await contract_of(database, "HT-2026-0008"))[1] == [], "nothing is stored before it is confirmed"
    assert "ZJ-001 数控主轴 × 2" in await room.say("lina04", "改成这个金额")
    await room.say("lina04", "HT-2026-0008 加产品 数控主轴")
    await room.say("lina04", "改成这个金额")
    made, lines = await contract_of(database, "HT-2026-0008")
    assert (made.amount, len(lines)) == (Decimal("35840.00"), 2)
    await room.say("lina04", "合同 HT-2026-0008 折扣 5%")
    assert (await contract_of(database, "HT-2026-0008"))[0].amount == Decimal("34048.00")

    def dearer(tx: Tx) -> None:
        product = tx.exec(select(Product)).one()
        product.price = Decimal("99999.00")
        tx.add(product)

    await database.system(dearer)
    same, kept = await contract_of(database, "HT-2026-0008")
    assert same.amount == Decimal("34048.00") and {one.price for one in kept} == {Decimal("12800.00")}
    await room.say("lina04", "合同 华兴科技 删产品 ZJ-001")
    await room.say("lina04", "改成这个金额")
    gone, none = await contract_of(database, "HT-2026-0008")
    assert none == [] and gone.amount == Decimal("34048.00"), "without lines the amount is what was agreed on last"
    assert "恢复原样" in await room.say("lina04", "撤销")
    assert len((await contract_of(database, "HT-2026-0008"))[1]) == 2


async def test_never_below_what_was_paid_and_not_of_a_foreign_contract(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    assert "不能低于已回款" in await room.say("lina04", "合同 HT-2025-112 加产品 ZJ-001 2台")
    assert "没有找到" in await room.say("lina04", "合同 HT-2026-007 加产品 ZJ-001 2台")
    assert (await contract_of(database, "HT-2025-112"))[1] == []


async def test_what_follows_a_contract_has_its_products_at_their_old_prices(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    await room.say("lina04", "合同 华兴科技 1万 2025-04-01 2026-03-31")
    await room.say("lina04", "登记合同")
    for said in ("合同 HT-2026-0008 加产品 ZJ-001 2台 9折", "改成这个金额", "合同 HT-2026-0008 折扣 10%"):
        await room.say("lina04", said)
    old, lines = await contract_of(database, "HT-2026-0008")

    def dearer(tx: Tx) -> None:
        tx.exec(select(Product)).one().price = Decimal("99999.00")

    await database.system(dearer)
    said = await room.say("lina04", "续签 HT-2026-0008")
    assert "1 项，照原合同带过来" in said and "4月1日起 1 年" in said and "10%" in said
    await room.say("lina04", "登记合同")
    new, copied = await contract_of(database, "HT-2026-0009")
    assert [(one.code, one.price, one.amount) for one in copied] == [(one.code, one.price, one.amount) for one in lines]
    assert (new.amount, new.discount, str(new.starts_on)) == (old.amount, old.discount, "2026-04-01")
    assert (await contract_of(database, "HT-2026-0008"))[0].renewed_by == new.id
    await room.say("lina04", "撤销")
    assert (await contract_of(database, "HT-2026-0008"))[0].renewed_by is None
    assert "不带过来" in await room.say("lina04", "续签 HT-2026-0008 5万")


MONEY = st.decimals(min_value=0, max_value=10**9, places=2)
SHARE = st.decimals(min_value=0, max_value=100, places=2)
COUNT = st.decimals(min_value="0.0001", max_value=10**4, places=4)


@given(st.lists(st.tuples(MONEY, COUNT, SHARE), min_size=1, max_size=6), SHARE)
def test_a_contracts_amount_is_its_lines_less_the_discount(rows: list[tuple[Decimal, ...]], cut: Decimal) -> None:
    """Invariants 38, 39: to the fen, in whatever order; and the summary brings lines along only if they make it."""
    sums = [line_amount(LineFact(price, count, share)) for price, count, share in rows]
    amount = total(sums, cut)
    assert amount == total(list(reversed(sums)), cut) and abs(amount - sum(sums) * (100 - cut) / 100) <= Decimal(
        "0.005"
    )
    assert "照商机带过来" in lines_text(amount, cut, sums)
    assert "不带过来" in lines_text(amount + Decimal("0.01"), cut, sums)
