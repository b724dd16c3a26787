"""An invoice from the sentence to its number, over the real SDK: applicant, two cashiers, a bystander (dialogue 8)."""

import asyncio
import json
from typing import Any

import pytest
from sqlmodel import select

from storage.tables import FlowTask, Invoice
from tests.journeys.conftest import DRAWN
from tests.support.flows import TAX_NO, flows_world
from tests.support.stage import Stage

SENTENCE = f"开票 宁波华东 5万 专票 6% 税号 {TAX_NO}"


@pytest.fixture
def world() -> dict[str, Any]:
    return flows_world()


async def _task_card(stage: Stage, who: str) -> dict[str, Any]:
    items = [i for i in await stage.look(who) if i["kind"] == "card" and "待你处理" in i["text"]]
    assert items, f"{who} got no card"
    return items[-1]


async def _states(stage: Stage) -> tuple[list[str], list[str]]:
    whole = {"unscoped": "a test looks at everything"}
    return await stage.app.db.system(
        lambda tx: (
            [i.state for i in tx.exec(select(Invoice).order_by(Invoice.id), execution_options=whole).all()],  # type: ignore[arg-type]
            sorted(t.state for t in tx.exec(select(FlowTask)).all()),
        )
    )


@DRAWN
async def test_applied_for_in_a_sentence_and_agreed_to_on_a_card(stage: Stage) -> None:
    for who in ("qian07", "sun08", "zhou06"):
        await stage.look(who)
    summary = await stage.ask("lina04", SENTENCE)
    assert "¥50,000.00 伍万元整" in summary["text"] and "可开 75 万" in summary["text"]
    applied = await stage.tap("lina04", summary, "提交申请")
    assert "FP-2026-0001" in applied["card"]["text"] and "钱多、孙悦" in applied["card"]["text"]
    await stage.settle()
    first, second = await _task_card(stage, "qian07"), await _task_card(stage, "sun08")
    drawn = json.dumps(await stage.card("qian07", first), ensure_ascii=False)
    assert "¥50,000.00" in drawn and "李娜" in drawn
    before = len(await stage.calls())
    done = await stage.tap("qian07", first, "同意")
    assert len((await stage.calls())[before:]) <= 3, "the tapper is answered in the ack, the others are updated besides"
    assert "✓ 钱多 已同意" in done["card"]["text"] and "开票号 FP-2026-0001" in done["card"]["text"]
    await stage.settle()
    other = await stage.card("sun08", second)
    assert "✓ 钱多 已同意" in other["text"] and "同意" not in [b["text"] for b in other["buttons"]]
    assert "开票号" not in other["text"], "it is not his to make out"
    mine = await stage.card("lina04", summary)
    assert "已同意" in mine["text"] and "催办" not in [b["text"] for b in mine["buttons"]]
    assert await _states(stage) == (["issued", "approved"], ["agreed", "superseded"])
    assert "¥1,200,000" not in json.dumps(await stage.calls(), ensure_ascii=False), "hidden at the cashiers' node"
    assert "13800010001" not in json.dumps(await stage.calls(), ensure_ascii=False)
    assert await stage.look("zhou06") == []
    assert "没有找到" in (await stage.ask("zhou06", "流程状态 FP-2026-0001"))["text"]
    assert "12345678" in (await stage.ask("qian07", "开票号 FP-2026-0001 12345678"))["text"]
    assert "已开票 50 万" in (await stage.ask("lina04", "发票 HT-2025-112"))["text"]


async def test_two_cashiers_tap_at_once_and_one_decides(both: Stage) -> None:
    for who in ("qian07", "sun08"):
        await both.look(who)
    summary = await both.ask("lina04", SENTENCE)
    await both.tap("lina04", summary, "提交申请")
    await both.settle()
    first, second = await _task_card(both, "qian07"), await _task_card(both, "sun08")
    await asyncio.gather(both.tap("qian07", first, "同意"), both.tap("sun08", second, "同意"))
    await both.settle()
    assert await _states(both) == (["issued", "approved"], ["agreed", "superseded"])
    texts = [(await both.card(who, item))["text"] for who, item in (("qian07", first), ("sun08", second))]
    assert all("已同意" in text and "待你处理" not in text for text in texts)


async def test_refused_with_a_reason_from_the_presets(stage: Stage) -> None:
    await stage.look("qian07")
    summary = await stage.ask("lina04", SENTENCE)
    await stage.tap("lina04", summary, "提交申请")
    await stage.settle()
    card = await _task_card(stage, "qian07")
    asked = await stage.tap("qian07", card, "不同意")
    assert "为什么不同意" in asked["card"]["text"]
    done = await stage.tap("qian07", card, "抬头有误")
    assert "✗ 钱多 已不同意" in done["card"]["text"] and "抬头有误" in done["card"]["text"]
    await stage.settle()
    assert "抬头有误" in (await stage.card("lina04", summary))["text"]
    assert (await _states(stage))[0] == ["issued", "rejected"]


async def test_refused_it_is_applied_for_again_filled_as_it_was(stage: Stage) -> None:
    summary = await stage.ask("lina04", SENTENCE)
    await stage.tap("lina04", summary, "提交申请")
    await stage.settle()
    assert "已不同意" in (await stage.ask("qian07", "不同意 FP-1 金额不符"))["text"]
    await stage.settle()
    await stage.tap("lina04", summary, "重新申请")
    await stage.settle()
    assert "50000" in (await stage.look("lina04"))[-1]["text"]
    form = await stage.ask("lina04", "重新申请 FP-2026-0001")
    assert "50000" in form["text"] and TAX_NO in form["text"]
    assert "¥60,000.00" in (await stage.ask("lina04", "6万"))["text"]
    assert "已提交 FP-2026-0002" in (await stage.ask("lina04", "提交"))["text"]
    assert "再确认一次" in (await stage.ask("chen01", "审批确认金额 5万"))["text"]
    card = await stage.ask("qian07", "处理 FP-2")
    asked = await stage.tap("qian07", card, "同意")
    assert "请核对" in asked["card"]["text"]
    assert "✓ 钱多 已同意" in (await stage.tap("qian07", card, "同意这笔"))["card"]["text"]
