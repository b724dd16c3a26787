"""What a product has cost, and that name and 规格 are one product's (R-PROD-1, R-PROD-2)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from bot.core.fields import FieldLevel
from handlers.exchange import service as exchange
from handlers.products.rules import read_new_product
from storage import roles
from storage.database import Database, Tx
from storage.tables import OpportunityLine, Product, ProductPrice
from tests.handlers.test_exchange import bring, context
from tests.support.company import load_company
from tests.support.deals import deals_world
from tests.support.room import Room

ADMIN, LINA = "chen01", "lina04"


@pytest.fixture
async def room(database: Database) -> Room:
    world = deals_world()
    world["roles"][0]["functions"] = [*world["roles"][0]["functions"], "product:view"]
    await load_company(database, world)
    made = Room(database)
    assert "已新增产品" in await made.say(ADMIN, "新增产品 P-1 数控主轴 12800")
    return made


async def kept(room: Room) -> list[tuple[Decimal, str]]:
    rows = await room.db.system(lambda tx: tx.exec(select(ProductPrice).order_by(ProductPrice.id)).all())  # type: ignore[arg-type]
    return [(row.price, row.by_user_id) for row in rows]


async def test_who_changed_it_when_from_what_to_what(room: Room) -> None:
    assert "没有改过价" in await room.say(LINA, "价格记录 P-1")
    await room.say(ADMIN, "修改产品 P-1 单价 13800")
    await room.say(ADMIN, "修改产品 P-1 单价 13800")  # nothing changes
    room.later(days=1)
    await room.say(ADMIN, "修改产品 P-1 单价 1.25万")
    told = await room.say(LINA, "价格记录 P-1")
    assert "共 2 次" in told
    first, second = told.index("13,800.00 → 12,500.00"), told.index("12,800.00 → 13,800.00")
    assert first < second and "陈" in told and "昨天" in told
    assert await kept(room) == [(Decimal("12800.00"), ADMIN), (Decimal("13800.00"), ADMIN)]


async def test_a_line_keeps_the_price_it_copied(room: Room) -> None:
    await room.say(LINA, "二期扩容 加产品 P-1 2台")
    await room.say(ADMIN, "修改产品 P-1 单价 13800")
    [line] = await room.db.system(lambda tx: tx.exec(select(OpportunityLine)).all())
    assert (line.price, line.amount) == (Decimal("12800.00"), Decimal("25600.00"))
    assert "12,800.00 → 13,800.00" in await room.say(LINA, "历史价格 数控主轴")


async def test_an_undo_and_a_table_are_changes_too(room: Room) -> None:
    await room.say(ADMIN, "修改产品 P-1 单价 13800")
    assert "已撤销" in await room.say(ADMIN, "撤销")
    assert len(await kept(room)) == 2
    done = await bring(room.db, ADMIN, [["产品编号", "产品名称", "单价"], ["P-1", "数控主轴", "9000"]], kind="products")
    assert done["updated"] == 1, done
    assert "12,800.00 → 9,000.00" in await room.say(LINA, "价格记录 P-1")
    await room.db.unit(None, lambda tx: exchange.undo_import(context(tx, ADMIN), {"exchange_id": done["id"]}))
    assert "9,000.00 → 12,800.00" in await room.say(LINA, "价格记录 P-1")


async def test_who_may_not_see_the_price_sees_no_former_one(room: Room) -> None:
    await room.say(ADMIN, "修改产品 P-1 单价 13800")

    def hide(tx: Tx) -> None:
        role = roles.find_by_name(tx, "业务员")
        assert role is not None
        roles.write_role(tx, role, replace(role, fields={**role.fields, ("product", "price"): FieldLevel.HIDDEN}))

    await room.db.system(hide)
    told = await room.say(LINA, "价格记录 P-1")
    assert "看不到" in told and "800" not in told


async def test_a_removed_product_comes_back_with_its_former_prices(room: Room) -> None:
    await room.say(ADMIN, "修改产品 P-1 单价 13800")
    assert "已删除产品" in await room.say(ADMIN, "删除产品 P-1")
    assert await kept(room) == []
    assert "已撤销删除" in await room.say(ADMIN, "撤销")
    assert await kept(room) == [(Decimal("12800.00"), ADMIN)]


# -- name and 规格 ---------------------------------------------------------------------------------------------------


async def specs(room: Room) -> dict[str, tuple[str, str]]:
    found = await room.db.system(lambda tx: tx.exec(select(Product).where(Product.code.startswith("P-"))).all())
    return {p.code: (p.name, p.spec) for p in found}


async def test_name_and_spec_are_one_products(room: Room) -> None:
    refused = await room.say(ADMIN, "新增产品 P-2 数控主轴 9800")
    assert "已经有了，编号是 P-1" in refused and "规格" in refused
    assert "已新增产品" in await room.say(ADMIN, "新增产品 P-2 数控主轴 规格 HSK63 9800")
    assert "编号是 P-2" in await room.say(ADMIN, "新增产品 P-3 数控主轴 9800 规格：ｈｓｋ63")
    assert "编号是 P-2" in await room.say(ADMIN, "修改产品 P-1 规格 HSK63")
    assert "规格：（空） → HSK50" in await room.say(ADMIN, "修改产品 P-1 规格 HSK50")
    assert await specs(room) == {"P-1": ("数控主轴", "HSK50"), "P-2": ("数控主轴", "HSK63")}


async def test_so_they_are_in_tables(room: Room) -> None:
    head = ["产品编号", "产品名称", "单价", "规格"]
    rows = [head, ["P-2", "数控主轴", "1", ""], ["P-3", "数控主轴", "1", "HSK63"], ["P-4", "数控主轴", "1", "HSK63"],
            ["P-1", "数控主轴", "12800", "HSK40"]]  # fmt: skip
    done = await bring(room.db, ADMIN, rows, kind="products")
    assert (done["created"], done["updated"], done["failed"]) == (1, 1, 2), done
    assert await specs(room) == {"P-1": ("数控主轴", "HSK40"), "P-3": ("数控主轴", "HSK63")}
    again = await bring(room.db, ADMIN, [rows[0], rows[2], rows[4]], kind="products")
    assert again["same"] == 2, again


@pytest.mark.parametrize(
    ("words", "spec", "price"),
    [
        ("P 轴 规格 HSK63 9800", "HSK63", "9800.00"),
        ("P 轴 9800 规格：HSK63", "HSK63", "9800.00"),
        ("P 轴 型号HSK63 9800", "HSK63", "9800.00"),
        ("P 轴 9800", "", "9800.00"),
        ("P 规格 9800", "", "9800.00"),
        ("P 轴 9800 规格", "", "9800.00"),
    ],
)
def test_a_spec_is_read_after_its_label(words: str, spec: str, price: str) -> None:
    new: Any = read_new_product(words.split(), units=[])
    assert (new.spec, new.price) == (spec, Decimal(price))
