"""A cashier with many goes through them on one card, over the real SDK."""

from typing import Any

import pytest

from tests.handlers.test_flows import apply, contract_id
from tests.support.flows import flows_world
from tests.support.stage import Stage


@pytest.fixture
def world() -> dict[str, Any]:
    return flows_world(approvals={"urge_gap_minutes": 30, "confirm_above": "50000"})


async def test_row_by_row_and_the_rest_at_once(stage: Stage) -> None:
    db = stage.app.db
    contract = await contract_id(db)
    for amount in (1000, 60_000, 2000, 3000, 4000, 5000):
        await apply(db, contract, amount)
    await stage.settle()
    card = await stage.ask("qian07", "我的待办")
    assert "6 件，合计 ¥75,000.00（第 1/2 页）" in card["text"]
    done = await stage.tap("qian07", card, "同意 开票申请 FP-2026-0001")
    assert "✓ 钱多 已同意" in done["card"]["text"] and "5 件，合计 ¥74,000.00" in done["card"]["text"]
    asked = await stage.tap("qian07", card, "同意 开票申请 FP-2026-0002")
    assert "确认同意" in [b["text"] for b in asked["card"]["buttons"]]
    done = await stage.tap("qian07", card, "确认同意")
    assert done["card"]["text"].count("✓ 钱多 已同意") == 2
    await stage.tap("qian07", card, "查看 开票申请 FP-2026-0003")
    await stage.settle()
    assert "待你处理" in (await stage.look("qian07"))[-1]["text"]
    listed = await stage.tap("qian07", card, "全部同意")
    assert "将同意这 4 件，合计 ¥14,000.00" in listed["card"]["text"] and "¥5,000.00" in listed["card"]["text"]
    done = await stage.tap("qian07", card, "确认全部同意")
    assert done["card"]["text"].count("✓ 钱多 已同意") == 4
    assert "没有等你处理的审批" in (await stage.ask("qian07", "全部同意"))["text"]
    await apply(db, contract, 7000)
    await stage.settle()
    assert "将同意这 1 件" in (await stage.ask("sun08", "全部同意"))["text"]
    assert "已同意 1 件。" in (await stage.ask("sun08", "同意"))["text"]
