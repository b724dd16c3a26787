"""What something refers to is not deleted: stages of the log, competitors that won, products on anybody's lines."""

from decimal import Decimal
from typing import Any

from sqlmodel import col, select

from storage import competitors, lines, stages
from storage.database import Database, Tx
from storage.tables import (
    Competitor,
    Contract,
    ContractLine,
    Opportunity,
    OpportunityCompetitor,
    Product,
    Stage,
    StageLog,
)
from tests.support.company import NOW, load_company
from tests.support.deals import deals_world
from tests.support.room import Room


def company() -> dict[str, Any]:
    world = deals_world()
    world["stages"].insert(1, {"name": "报价", "win_rate": 40, "kind": "open"})
    world["competitors"] = [{"name": "海天机械"}]
    world["products"] = [{"code": "ZJ-001", "name": "数控主轴", "price": "12800.00"}]
    return world


async def test_a_stage_that_was_passed_is_in_use(database: Database) -> None:
    await load_company(database, company())

    def work(tx: Tx) -> tuple[int, int]:
        quoted = tx.exec(select(Stage).where(Stage.name == "报价")).one()
        found = tx.exec(select(Opportunity)).one()
        unused = stages.count_uses(tx, quoted)
        tx.add(StageLog(opportunity_id=found.id or 0, from_stage_id=quoted.id, to_stage_id=found.stage_id, at=NOW))
        tx.flush()
        return unused, stages.count_uses(tx, quoted)

    assert await database.system(work) == (0, 1)


async def test_a_competitor_that_won_is_in_use(database: Database) -> None:
    await load_company(database, company())

    def work(tx: Tx) -> tuple[int, int, int]:
        rival, found = tx.exec(select(Competitor)).one(), tx.exec(select(Opportunity)).one()
        unmet = competitors.count_met(tx, rival)
        found.won_by_id = rival.id
        tx.add(found)
        tx.flush()
        won = competitors.count_met(tx, rival)
        tx.add(OpportunityCompetitor(opportunity_id=found.id or 0, competitor_id=rival.id or 0))
        tx.flush()
        return unmet, won, competitors.count_met(tx, rival)

    assert await database.system(work) == (0, 1, 1)


async def test_a_product_on_a_deleted_contract_of_anybody_is_in_use(database: Database) -> None:
    await load_company(database, company())

    def work(tx: Tx) -> int:
        product = tx.exec(select(Product)).one()
        contract = tx.exec(select(Contract).order_by(col(Contract.id))).first()
        assert contract is not None
        lines.add_line(
            tx,
            ContractLine,
            contract.id or 0,
            product,
            price=Decimal(1),
            quantity=Decimal(1),
            discount=Decimal(0),
            amount=Decimal(1),
        )
        contract.deleted_at = NOW
        tx.add(contract)
        tx.flush()
        return lines.count_uses(tx, product.id or 0)

    assert await database.system(work) == 1


async def test_a_product_is_deleted_and_put_back_but_not_from_under_a_line(database: Database) -> None:
    world = company()
    world["roles"][0] |= {
        "functions": [*world["roles"][0]["functions"], "product:view", "product:delete"],
        "level": "advanced",
    }
    await load_company(database, world)
    room = Room(database)
    assert "已删除产品 ZJ-001" in await room.say("lina04", "删除产品 ZJ-001")
    assert await database.system(lambda tx: tx.exec(select(Product)).all()) == []
    assert "还在" in await room.say("lina04", "撤销")
    assert (await database.system(lambda tx: tx.exec(select(Product)).one())).price == Decimal("12800.00")
    await room.say("lina04", "二期扩容 加产品 ZJ-001 2台")
    assert "不能删除" in await room.say("lina04", "删除产品 ZJ-001")
