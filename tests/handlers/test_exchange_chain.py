"""Opportunities, contracts and payments in xlsx obey the rules of their slices, and come back unchanged."""

from typing import Any

import pytest
from sqlmodel import col, select

from bot.core.actor import SYSTEM
from handlers.exchange import service
from handlers.opportunities.service import change_stage
from storage.database import Database, Tx
from storage.settings import put_setting
from storage.tables import Audit, Competitor, Contract, Exchange, Opportunity, Payment, Stage, StageLog
from tests.handlers.test_exchange import Row, _exported, bring, context
from tests.support.company import NOW, load_company

OPPORTUNITIES: list[Row] = [
    ["客户名称", "商机名称", "商机金额", "预计成交", "销售阶段", "赢率", "结果", "输单原因", "输给"],
    ["华兴科技有限公司", "主轴", "12万", "2026-12-31", "方案报价", "40%", "", "", ""],
    ["华兴科技有限公司", "夹具", "3万", "2026-12-31", "赢单", "", "赢单", "", ""],
    ["华兴科技有限公司", "刀具", "2万", "2026-12-31", "", "", "输单", "竞品", "海天"],
    ["华兴科技有限公司", "备件", "1万", "2026-12-31", "", "", "无效", "", ""],
]
CONTRACTS: list[Row] = [
    ["合同编号", "合同名称", "客户名称", "合同金额", "整单折扣", "签订日期", "开始日期", "到期日期", "状态"],
    ["ht-1", "主轴采购", "华兴科技有限公司", "100000", "5%", "2026-01-02", "2026-01-05", "2027-01-04", "生效"],
    ["HT-2", "夹具采购", "华兴科技有限公司", "50000", "", "2025-01-02", "", "2025-12-31", "已结束"],
    ["HT-3", "", "华兴科技有限公司", "50000", "", "", "2026-02-01", "2026-01-01", ""],
    ["HT-4", "", "华兴科技有限公司", "50000", "", "", "", "", "草稿"],
]
PAYMENTS: list[Row] = [
    ["合同编号", "回款编号", "回款金额", "回款日期", "回款方式", "备注", "退款的原回款编号"],
    ["HT-1", "SK-001", "60000", "2026-02-01", "转账", "首款", ""],
    ["HT-1", "", "60000", "2026-02-02", "转账", "", ""],
    ["HT-1", "", "40000", "2026-02-02", "承兑", "", ""],
    ["HT-4", "", "1000", "2026-02-02", "转账", "", ""],
    ["HT-2", "SK-001", "1000", "2026-02-02", "转账", "", ""],
]


def _stages(tx: Tx) -> None:
    for at, (name, kind) in enumerate([("初步接触", "open"), ("方案报价", "open"), ("赢单", "won"), ("输单", "lost")]):
        if not any(s.name == name for s in tx.exec(select(Stage)).all()):
            tx.add(Stage(name=name, win_rate=10 * at, kind=kind, position=90 + at))
    tx.add(Competitor(name="海天"))


async def _company(database: Database) -> None:
    await load_company(database)
    await database.system(_stages)


async def _comes_back(database: Database, kind: str) -> None:
    exported = await database.unit(None, lambda tx: _exported(tx, kind))
    before = await database.system(lambda tx: len(tx.exec(select(Audit)).all()))
    back = await bring(database, "chen01", exported, kind=kind)
    assert back.get("same") == len(exported) - 1 > 0, (back, exported)
    assert await database.system(lambda tx: len(tx.exec(select(Audit)).all())) == before


async def test_opportunities_come_in_with_their_stages_and_come_back_unchanged(database: Database) -> None:
    await _company(database)
    done = await bring(database, "chen01", OPPORTUNITIES, kind="opportunities")
    assert (done["created"], done["problem"]) == (3, 1), done

    def states(tx: Tx) -> dict[str, tuple[str, int | None, str]]:
        found = tx.exec(select(Opportunity).where(col(Opportunity.name).in_(["主轴", "夹具", "刀具"]))).all()
        for one in found:
            log = tx.exec(select(StageLog).where(StageLog.opportunity_id == one.id).order_by(col(StageLog.id))).all()
            assert log[-1].to_stage_id == one.stage_id and len(log) == (1 if one.result == "open" else 2)
        return {o.name: (o.result, o.probability, o.lost_reason) for o in found}

    assert await database.system(states) == {
        "主轴": ("open", 40, ""), "夹具": ("won", None, ""), "刀具": ("lost", None, "竞品"),
    }  # fmt: skip
    await _comes_back(database, "opportunities")
    changed = [["客户名称", "商机名称", "商机金额", "结果"], ["华兴科技有限公司", "主轴", "15万", "赢单"],
               ["华兴科技有限公司", "夹具", "4万", ""]]  # fmt: skip
    again = await bring(database, "chen01", changed, kind="opportunities")
    assert (again["updated"], again["problem"]) == (1, 1), again
    assert (await database.system(states))["主轴"] == ("won", 40, "")
    await database.unit(None, lambda tx: service.undo_import(context(tx, "chen01"), {"exchange_id": again["id"]}))
    assert (await database.system(states))["主轴"] == ("open", 40, "")


async def test_contracts_come_in_by_their_rules_and_come_back_unchanged(database: Database) -> None:
    await _company(database)
    done = await bring(database, "chen01", CONTRACTS, kind="contracts")
    assert (done["created"], done["problem"]) == (3, 1), done

    def states(tx: Tx) -> dict[str, Any]:
        found = tx.exec(select(Contract).where(col(Contract.number).in_(["HT-1", "HT-2", "HT-4"]))).all()
        return {c.number: (c.name, str(c.discount), c.state) for c in found}

    made = {"HT-1": ("主轴采购", "5.00", "effective"), "HT-2": ("夹具采购", "0.00", "ended"),
            "HT-4": ("", "0.00", "draft")}  # fmt: skip
    assert await database.system(states) == made
    await _comes_back(database, "contracts")
    changes = [["合同编号", "合同名称", "状态"], ["HT-1", "主轴年度采购", "已结束"], ["HT-2", "改名", ""],
               ["HT-4", "", "已作废"]]  # fmt: skip
    again = await bring(database, "chen01", changes, kind="contracts")
    assert (again["updated"], again["problem"]) == (1, 2), again
    assert (await database.system(states))["HT-1"] == ("主轴年度采购", "5.00", "ended")
    await database.unit(None, lambda tx: service.undo_import(context(tx, "chen01"), {"exchange_id": again["id"]}))
    assert await database.system(states) == made
    await database.unit(None, lambda tx: service.undo_import(context(tx, "chen01"), {"exchange_id": done["id"]}))
    assert await database.system(lambda tx: set(states(tx))) == {"HT-1"}, "it has been worked on since"


@pytest.mark.parametrize("over", [False, True])
async def test_payments_never_exceed_the_contract_unless_the_switch_says_so(database: Database, over: bool) -> None:
    """Invariant 45."""
    await _company(database)
    await database.system(lambda tx: put_setting(tx, "allow_over_collect", over, by="chen01", now=NOW))
    await bring(database, "chen01", CONTRACTS, kind="contracts")
    done = await bring(database, "chen01", PAYMENTS, kind="payments")
    assert done["created"] == (3 if over else 2), done

    def paid(tx: Tx) -> list[tuple[str, bool]]:
        contract = tx.exec(select(Contract).where(Contract.number == "HT-1")).one()
        found = tx.exec(select(Payment).where(Payment.contract_id == contract.id).order_by(col(Payment.id))).all()
        assert all(p.number and p.credited_user_id for p in found) and found[0].number == "SK-001"
        return [(f"{p.amount:.0f}", p.over_collect_flag) for p in found]

    assert await database.system(paid) == (
        [("60000", False), ("60000", True), ("40000", True)] if over else [("60000", False), ("40000", False)]
    )
    await _comes_back(database, "payments")
    back = await bring(database, "chen01", [PAYMENTS[0], ["HT-1", "", "5000", "2026-02-05", "转账", "", "SK-001"]],
                       kind="payments")  # fmt: skip
    assert back["created"] == 1, back
    await _comes_back(database, "payments")


async def test_a_row_that_is_refused_half_way_leaves_nothing(database: Database) -> None:
    """A number of a payment is nobody else's, whatever the dry run did not know."""
    await _company(database)
    await bring(database, "chen01", CONTRACTS, kind="contracts")
    rows = [PAYMENTS[0], PAYMENTS[1], PAYMENTS[5]]
    done = await bring(database, "chen01", rows, kind="payments")
    assert (done["created"], done["failed"]) == (1, 1), done

    def left(tx: Tx) -> tuple[int, int]:
        job = tx.exec(select(Exchange.id).order_by(col(Exchange.id).desc()).limit(1)).one()
        assert job == done["id"]
        audits = tx.exec(select(Audit).where(Audit.action == "create.payment")).all()
        return len(tx.exec(select(Payment).where(Payment.number == "SK-001")).all()), len(audits)

    assert await database.system(left) == (1, 1)


@pytest.mark.parametrize("stage", ["方案报价", "初步接触"])
async def test_many_moved_at_once_have_the_rates_of_those_moved_one_by_one(database: Database, stage: str) -> None:
    """Invariant 41: by one table, and by as many sentences; a rate set by hand stays, others are their stage's."""
    await _company(database)
    by_hand: list[int | None] = [None, 0, 40, 100, None]
    start = "初步接触" if stage == "方案报价" else "方案报价"
    head: Row = ["客户名称", "商机名称", "商机金额", "预计成交", "销售阶段", "赢率"]

    def names(mark: str) -> list[str]:
        return [f"{mark}{n}" for n in range(len(by_hand))]

    rows: list[Row] = [
        ["华兴科技有限公司", name, "1万", "2026-12-31", start, "" if rate is None else f"{rate}%"]
        for mark in ("单", "批")
        for name, rate in zip(names(mark), by_hand, strict=True)
    ]
    assert (await bring(database, "chen01", [head, *rows], kind="opportunities"))["created"] == len(rows)

    def one_by_one(tx: Tx) -> None:
        for name in names("单"):
            key = tx.exec(select(Opportunity.id).where(Opportunity.name == name)).one()
            change_stage(context(tx, "chen01"), key or 0, stage)

    await database.unit(SYSTEM, one_by_one)
    moved: list[Row] = [["华兴科技有限公司", name, stage] for name in names("批")]
    done = await bring(database, "chen01", [["客户名称", "商机名称", "销售阶段"], *moved], kind="opportunities")
    assert done["updated"] == len(moved), done

    def look(tx: Tx) -> dict[str, tuple[str, int | None]]:
        called = {s.id: s.name for s in tx.exec(select(Stage)).all()}
        return {o.name: (called[o.stage_id], o.probability) for o in tx.exec(select(Opportunity)).all()}

    found = await database.system(look)
    for mark in ("单", "批"):
        assert [found[name] for name in names(mark)] == [(stage, rate) for rate in by_hand]
