"""A product's 规格 and 描述 are fields like others: who may not see them meets them nowhere, and loses nothing."""

from dataclasses import replace

import pytest
from sqlmodel import select

from bot.core.errors import Forbidden
from bot.core.fields import FieldLevel
from handlers.exchange.catalogue import KINDS
from handlers.exchange.export import export_columns, page_of
from handlers.exchange.kinds import Wanted
from storage import roles
from storage.database import Database, Tx
from storage.tables import ContractLine, OpportunityLine, Product, SyncRun
from tests.handlers.test_exchange import bring, context
from tests.support.company import NOW, load_company
from tests.support.deals import deals_world
from tests.support.room import Room

SPEC, ABOUT = "HSK63精密级", "铣床专用带冷却"
FUNCTIONS = frozenset(f"product:{verb}" for verb in ("view", "add", "edit", "export", "import"))
SHOWING = ("产品", "产品 QX-9", "搜 激光头", "搜 QX-9", "修改产品 QX-9 名称 激光头二型", "停用产品 QX-9")


async def company(db: Database, level: str = "") -> Room:
    """李娜 keeps the products; 规格 and 描述 are `level` for her."""
    world = deals_world()
    world["products"] = [{"code": "QX-9", "name": "激光头", "category": "卧式", "unit": "台", "price": "8600.00"}]
    await load_company(db, world)

    def more(tx: Tx) -> None:
        product = tx.exec(select(Product)).one()
        product.spec, product.description = SPEC, ABOUT
        tx.add(SyncRun(kind="full", status="ok", started_at=NOW, finished_at=NOW))
        role = roles.find_by_name(tx, "业务员")
        assert role is not None
        limits = {("product", name): FieldLevel(level) for name in ("spec", "description") if level}
        functions = role.functions | FUNCTIONS
        roles.write_role(tx, role, replace(role, functions=functions, level="advanced", fields=limits))

    await db.system(more)
    return Room(db)


@pytest.mark.parametrize("level", ["hidden", "masked"])
async def test_who_may_not_see_them_meets_them_nowhere(database: Database, level: str) -> None:
    room = await company(database, level)
    for sentence in SHOWING:
        shown = await room.say("lina04", sentence)
        assert "激光头" in shown and SPEC not in shown and ABOUT not in shown, (sentence, shown)
        assert (("H***" in shown) or ("H＊＊＊" in shown)) == (level == "masked"), (sentence, shown)


async def test_who_may_see_them_reads_them(database: Database) -> None:
    room = await company(database)
    shown = await room.say("lina04", "产品 QX-9")
    assert SPEC in shown and ABOUT in shown


@pytest.mark.parametrize("level", ["hidden", "masked", "read"])
async def test_who_may_not_fill_them_in_is_told_so(database: Database, level: str) -> None:
    room = await company(database, level)
    assert "你不能填产品的「规格」" in await room.say("lina04", "修改产品 QX-9 规格 BT40")
    assert "你不能填产品的「描述」" in await room.say("lina04", "修改产品 QX-9 描述 大家都能用")
    product = await database.system(lambda tx: tx.exec(select(Product)).one())
    assert (product.spec, product.description) == (SPEC, ABOUT)


@pytest.mark.parametrize("level", ["hidden", "masked"])
async def test_what_is_sold_keeps_its_specification_whoever_sells_it(database: Database, level: str) -> None:
    """A line copies the product whole; who may not see it does not see it there either."""
    room = await company(database, level)
    shown = await room.say("lina04", "二期扩容 加产品 QX-9 2台") + await room.say("lina04", "商机 二期扩容")
    assert "QX-9" in shown and SPEC not in shown, shown
    shown = await room.say("lina04", "合同 HT-2025-112 加产品 QX-9 200台") + await room.say("lina04", "确认")
    assert "QX-9" in shown and SPEC not in shown, shown
    for model in (OpportunityLine, ContractLine):
        assert await database.system(lambda tx, m=model: tx.exec(select(m.spec)).all()) == [SPEC]  # type: ignore[misc]


@pytest.mark.parametrize("level", ["hidden", "masked", "read"])
async def test_an_export_is_cut_and_an_import_column_refused(database: Database, level: str) -> None:
    await company(database, level)

    def exported(tx: Tx) -> str:
        ctx = context(tx, "lina04")
        with ctx.begin():
            columns = export_columns(tx, ctx, KINDS["products"])
            return str(([c.header for c in columns], page_of(tx, ctx, KINDS["products"], columns, Wanted(), 0)))

    shown = await database.unit(None, exported)
    assert ("QX-9" in shown, SPEC in shown, ABOUT in shown) == (True, level == "read", level == "read")
    assert ("规格" in shown) == (level != "hidden")
    rows = [["产品编号", "产品名称", "单价", "规格"], ["QX-9", "激光头", "8600", "BT40"]]
    with pytest.raises(Forbidden, match="规格"):
        await bring(database, "lina04", rows, kind="products")


async def test_they_come_in_by_the_sheet_and_are_limited_by_a_sentence(database: Database) -> None:
    room = await company(database)
    rows = [["产品编号", "产品名称", "单价", "规格", "描述"], ["QX-9", "激光头", "8600", "BT40", "两用"]]
    assert (await bring(database, "lina04", rows, kind="products")).get("updated") == 1
    shown = await room.say("lina04", "产品 QX-9")
    assert "BT40" in shown and "两用" in shown
    for field in ("规格", "描述"):
        assert field in await room.say("chen01", f"字段权限 业务员 产品 {field} 隐藏")
    shown = await room.say("lina04", "产品 QX-9")
    assert "BT40" not in shown and "两用" not in shown
