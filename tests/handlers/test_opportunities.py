"""商机 by sentence, on both databases: the dialogue of conversation.md 5, and what must not be."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from handlers.products.lines import LineFact, line_amount, total
from storage.database import Database, Tx
from storage.tables import Opportunity, OpportunityLine, Product, Stage, StageLog
from tests.support.company import load_company
from tests.support.room import Room
from tests.support.world import small_world


def company() -> dict[str, Any]:
    world = small_world()
    world["stages"] = [
        {"name": "初步沟通", "win_rate": 10, "kind": "open"},
        {"name": "报价", "win_rate": 40, "kind": "open"},
        {"name": "赢单", "win_rate": 100, "kind": "won"},
        {"name": "输单", "win_rate": 0, "kind": "lost"},
    ]
    world["competitors"] = [{"name": "海天机械", "strengths": "价格低", "weaknesses": "交期长"}]
    world["products"] = [{"code": "ZJ-001", "name": "数控主轴", "price": "12800.00"}]
    every = ["view", "add", "edit", "delete", "transfer"]
    for role in world["roles"]:
        role["functions"] = [*role["functions"], *(f"opportunity:{a}" for a in every), "competitor:view"]
    return world


async def one(db: Database) -> Opportunity:
    return (await db.system(lambda tx: list(tx.exec(select(Opportunity)).all())))[0]


async def test_an_opportunity_from_its_first_sentence_to_its_end(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    said = await room.say("lina04", "商机 华兴科技 二期扩容 30万 月底签")
    assert "已建商机 二期扩容" in said and "¥300,000.00" in said and "初步沟通" in said
    room.clock.set(room.clock.now() + timedelta(days=6))
    assert "初步沟通 → 报价" in (said := await room.say("lina04", "二期扩容 进入报价")) and "停留 6 天" in said
    assert "价格低" in await room.say("lina04", "二期扩容 加竞争对手 海天机械 报价 28万")
    assert "¥23,040.00" in await room.say("lina04", "二期扩容 加产品 ZJ-001 2台 9折")
    assert "合计" in await room.say("lina04", "二期扩容 金额 35万")  # lines decide the amount
    assert "输在哪" in await room.say("lina04", "二期扩容 输了")
    assert "输单：价格" in await room.say("lina04", "价格")
    assert "重新打开" in await room.say("lina04", "二期扩容 金额 1万")
    lost = await one(database)
    assert (lost.result, lost.lost_reason, lost.closed_at is None) == ("lost", "价格", False)
    logs = await database.system(lambda tx: list(tx.exec(select(StageLog)).all()))
    assert lost.closed_at is not None
    assert sum(g.seconds for g in logs) == int(lost.closed_at.timestamp()) - int(lost.created_at.timestamp())
    assert "回到报价" in await room.say("lina04", "重新打开 二期扩容")
    assert (await one(database)).closed_at is None
    assert "¥9,216.00" in await room.say("lina04", "预测")
    assert "恢复原样" in await room.say("lina04", "撤销")
    assert (await one(database)).result == "lost"
    assert "共 0 个" in await room.say("lina04", "我的商机") or "没有符合" in room.shown["lina04"][-1]


async def test_lost_to_a_competitor_names_it(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    await room.say("lina04", "商机 华兴科技 二期扩容 30万")
    assert "输给了哪家" in await room.say("lina04", "二期扩容 输了 竞品")
    assert "海天机械" in await room.say("lina04", "海天机械")
    assert (await one(database)).won_by_id is not None
    assert "胜率 0%" in await room.say("lina04", "竞争对手胜率")


async def test_another_teams_opportunity_is_as_if_it_were_not_there(database: Database) -> None:
    world = company()
    world["opportunities"] = [
        {"name": "秘密项目", "customer": "深圳创想电子有限公司", "amount": "5.00", "owner": "zhou06"}
    ]
    await load_company(database, world)
    room = Room(database)
    for sentence in ("商机 秘密项目", "秘密项目 赢了", "重新打开 秘密项目", "预测"):
        assert "5.00" not in await room.say("lina04", sentence)
    assert (await one(database)).result == "open"


async def test_a_pool_customer_is_claimed_first(database: Database) -> None:
    await load_company(database, company())
    assert "先发送「领取 宁波海蓝" in await Room(database).say("lina04", "商机 宁波海蓝 新线 30万")


async def test_a_products_new_price_changes_no_line(database: Database) -> None:
    """Invariant 38."""
    await load_company(database, company())
    room = Room(database)
    await room.say("lina04", "商机 华兴科技 二期扩容 30万")
    await room.say("lina04", "二期扩容 加产品 ZJ-001 3台")

    def dearer(tx: Tx) -> None:
        tx.exec(select(Product)).one().price = Decimal("99999.00")

    await database.system(dearer)
    line = await database.system(lambda tx: tx.exec(select(OpportunityLine)).one())
    assert (line.price, line.amount) == (Decimal("12800.00"), Decimal("38400.00"))
    assert (await one(database)).amount == Decimal("38400.00")


async def test_a_stages_rate_moves_the_forecast_but_not_what_was_set_by_hand(database: Database) -> None:
    await load_company(database, company())
    room = Room(database)
    await room.say("lina04", "商机 华兴科技 二期扩容 10万")
    assert "¥10,000.00" in await room.say("lina04", "预测")

    def rate(tx: Tx) -> None:
        tx.exec(select(Stage).where(Stage.name == "初步沟通")).one().win_rate = 20

    await database.system(rate)
    assert "¥20,000.00" in await room.say("lina04", "预测")
    await room.say("lina04", "二期扩容 赢率 50%")
    assert "¥50,000.00" in await room.say("lina04", "预测")


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**8), st.integers(0, 10000)), max_size=8))
def test_lines_come_to_what_they_come_to(rows: list[tuple[int, int, int]]) -> None:
    """Invariant 39: rounded half up once a line, and never negative."""
    facts = [LineFact(Decimal(p) / 100, Decimal(q) / 10000, Decimal(d) / 100) for q, p, d in rows]
    amounts = [line_amount(f) for f in facts]
    for fact, amount in zip(facts, amounts, strict=True):
        exact = fact.quantity * fact.price * (100 - fact.discount) / 100
        assert abs(amount - exact) <= Decimal("0.005") and amount >= 0
    assert total(amounts) == sum(amounts, Decimal(0))
