"""An administrator tries the invoices' approval before anybody applies, over the real SDK."""

from typing import Any

import pytest

from tests.support.flows import flows_world
from tests.support.stage import Stage


@pytest.fixture
def world() -> dict[str, Any]:
    return flows_world()


async def test_a_dry_run_in_words_and_from_the_set_up_card(stage: Stage) -> None:
    await stage.look("qian07")
    tried = await stage.ask("chen01", "开票审批试跑 宁波华东 5万")
    assert "李娜 申请 ¥50,000.00" in tried["text"] and "钱多、孙悦（一人同意就行）" in tried["text"]
    other = await stage.ask("chen01", "开票审批试跑 周敏 5万 HT-2025-112")
    assert "周敏 申请" in other["text"] and "只有 李娜 能申请" in other["text"]
    assert "确定的金额" in (await stage.ask("chen01", "开票审批试跑 宁波华东"))["text"]
    assert "还差客户或合同" in (await stage.ask("chen01", "开票审批试跑 李娜 5万"))["text"]
    card = await stage.ask("chen01", "开票审批设置")
    await stage.tap("chen01", card, "试跑")
    await stage.settle()
    form = (await stage.look("chen01"))[-1]
    assert "不会提交" in form["text"]
    filled = await stage.fill("chen01", form, contract="宁波华东", amount="6万", applicant="", kind="专票")
    assert "¥60,000.00 · 专票" in filled["card"]["text"] and "钱多、孙悦" in filled["card"]["text"]
    assert "管理员" in (await stage.ask("lina04", "开票审批试跑 宁波华东 5万"))["text"]
    assert await stage.look("qian07") == [], "nobody is told of a dry run"
