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


async def test_the_sentences_of_the_readme_whatever_was_spoken_of_before(stage: Stage) -> None:
    """With several nodes each is named first, and a node that there is, is understood without the set-up's card."""
    assert "出纳开票 → 财务复核" in (await stage.ask("chen01", "开票审批设置 新增节点 财务复核"))["text"]
    assert "前面写节点名，例如「出纳开票 参与者 出纳」" in (await stage.ask("chen01", "开票审批设置"))["text"]
    for sentence, told in (
        ("财务复核 条件 开票金额 > 50000", "条件 开票金额 > 50000"),
        ("财务复核 方式 会签", "会签"),
        ("财务复核 时限 2天", "时限 48 小时"),
        ("财务复核 参与者 直属主管", "参与者 直属主管"),
        ("财务复核 隐藏 合同金额", "隐藏 合同金额"),
        ("财务复核 条件 发票类型 = 专票6%", "条件 发票类型 = 专票 6%"),
    ):
        await stage.ask("chen01", "今天")
        assert told in (await stage.ask("chen01", sentence))["text"].rpartition("→")[2], sentence
    assert "写明是哪个节点（出纳开票、财务复核）" in (await stage.ask("chen01", "参与者 出纳"))["text"]
    assert "开票审批" not in str(await stage.say("lina04", "财务复核 方式 会签"))


async def test_a_deputy_is_set_told_and_taken_back_in_chat(stage: Stage) -> None:
    await stage.look("sun08")
    assert "没有设代理人" in (await stage.ask("qian07", "代理人"))["text"]
    assert "孙悦 从哪天到哪天" in (await stage.ask("qian07", "代理人 孙悦"))["text"]
    assert "已告诉 孙悦" in (await stage.ask("qian07", "代理人 孙悦 今天到周五"))["text"]
    (told,) = await stage.look("sun08")
    assert told["kind"] == "notice" and "钱多 请你 3月2日 至 3月6日 代他处理审批" in told["text"]
    assert "3月6日，新到的待办由 孙悦 代你处理" in (await stage.ask("qian07", "代理人"))["text"]
    assert "代理已结束" in (await stage.ask("qian07", "取消代理"))["text"]
