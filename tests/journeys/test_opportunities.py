"""An opportunity from its form to its end and back, by buttons and form cards alone."""

from typing import Any

import pytest
from sqlmodel import select

from storage.tables import Opportunity
from tests.handlers.test_opportunities import company
from tests.support.stage import Stage

WANG = "wang03"


@pytest.fixture
def world() -> dict[str, Any]:
    return company()


async def test_all_of_it_by_taps(stage: Stage) -> None:
    """R4.02, R3.10, R-COMP-3, R-STAGE-5."""
    shown = await stage.ask(WANG, "新建商机")
    made = await stage.fill(WANG, shown, customer="华兴科技有限公司", name="二期扩容", amount="30万")
    assert "已建商机 二期扩容" in made["card"]["text"]

    async def tap(button: str) -> str:
        texts = [b["text"] for b in (await stage.card(WANG, shown))["buttons"]]
        if button not in texts:
            await stage.tap(WANG, shown, "更多")
        assert len(texts) <= 6
        return str((await stage.tap(WANG, shown, button))["card"]["text"])

    await tap("加产品")
    said = (await stage.fill(WANG, shown, product="ZJ-001", quantity="2", discount="9折"))["card"]["text"]
    assert "已加产品 ZJ-001" in said and "¥23,040.00" in said
    await tap("加对手")
    said = (await stage.fill(WANG, shown, competitor="海天机械", price="28万", threat="高"))["card"]["text"]
    assert "已记竞争对手 海天机械" in said and "优势：价格低" in said and "威胁 高" in said
    await tap("修改")
    said = (await stage.fill(WANG, shown, name="二期扩容", expected_on="2026-04-30", probability="50%"))["card"]["text"]
    assert "赢率：按阶段 → 50%" in said and "4月30日" in said
    await tap("改阶段")
    said = await tap("报价")
    assert "初步沟通 → 报价" in said and "劣势：交期长" in said, "what is known of rivals stands there when it moves"
    await tap("输了")
    assert "输单：竞品 · 海天机械" in await tap("竞品")
    assert "回到报价" in await tap("重新打开")
    await tap("输了")
    assert "输单：价格" in await tap("价格")
    [row] = await stage.app.db.system(lambda tx: list(tx.exec(select(Opportunity)).all()))
    assert (row.result, row.lost_reason, row.probability) == ("lost", "价格", 50)


async def test_which_rival_won_is_chosen_on_the_card(stage: Stage) -> None:
    shown = await stage.ask(WANG, "商机 华兴科技 二期扩容 30万")
    await stage.tap(WANG, shown, "输了")
    await stage.tap(WANG, shown, "竞品")
    assert "输单：竞品 · 海天机械" in (await stage.tap(WANG, shown, "海天机械"))["card"]["text"]
