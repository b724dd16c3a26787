"""An application in another company, from a wrong tax number to the red invoice, as its people say and tap it."""

from typing import Any

import pytest

from tests.journeys.conftest import DRAWN
from tests.support.invoicing import FIRST, SECOND, TAX_NO, invoicing_world
from tests.support.stage import Stage

APPLY = f"开票 {FIRST} 5万 专票 6% 税号 {TAX_NO}"


@pytest.fixture
def world() -> dict[str, Any]:
    return invoicing_world()


async def _say(stage: Stage, who: str, *texts: str) -> str:
    """The last of what reached the person."""
    said = ""
    for text in texts:
        said = str((await stage.say(who, text))[-1]["text"])
    return said


async def _task(stage: Stage, who: str) -> dict[str, Any]:
    return [i for i in await stage.look(who) if i["kind"] == "card"][-1]


def _buttons(card: dict[str, Any]) -> list[str]:
    return [b["text"] for b in card["buttons"] if not b["disabled"]]


async def test_bad_input_is_said_at_once_and_nothing_of_the_rest_is_lost(stage: Stage) -> None:
    assert FIRST in await _say(stage, "a1", "开票 喆堃 9万 专票"), "two contracts: which"
    over = await _say(stage, "a1", "1")
    assert "最多还能开 ¥20,000.00" in over and "还差：税号" in over, "the sum is refused before the rest is asked for"
    assert "校验位不对" in await _say(stage, "a1", f"税号 {TAX_NO[:-1]}X")
    assert "最多还能开" in await _say(stage, "a1", f"税号 {TAX_NO}")
    ready = await _say(stage, "a1", "2万")
    assert "贰万元整" in ready and SECOND in ready and TAX_NO in ready
    assert "已提交 FP-2026-0001" in await _say(stage, "a1", "提交")
    assert "没有找到「XS-99999999」" in await _say(stage, "a1", "开票 XS-99999999 1万 专票")
    assert "没有你负责的生效合同" in await _say(stage, "a1", "开票 宜宾五粮液 1万 专票")


@DRAWN
async def test_returned_it_is_corrected_and_nothing_old_stays_tappable(stage: Stage) -> None:
    await _say(stage, "boss", "开票审批设置 会计 可改 备注", "开票审批设置 会计 方式 会签")
    await _say(stage, "a1", APPLY, "提交")
    await _say(stage, "m1", "同意 FP-1", "同意")
    first, second = await _task(stage, "c1"), await _task(stage, "c2")
    old = next(b for b in (await stage.card("c2", second))["buttons"] if b["text"] == "同意")
    if (await stage.tap("c1", first, "修改"))["card"]["form"]:
        changed = await stage.fill("c1", first, remark="加急")
        assert "备注 加急" in changed["card"]["text"]
    else:  # the public template has no forms: in words
        await _say(stage, "c1", "修改 FP-1 备注 加急")
    await stage.settle()
    assert "加急" in (await stage.card("c2", second))["text"], "the colleague's card shows it"
    forged = {"as": "c2", "force": True, "action_ids": old["action_ids"], "params": old["params"]}
    told = await stage.post(f"/cards/{second['card']['out_track_id']}/tap", forged)
    assert "内容已变更（备注 （空） → 加急）" in str(told)
    assert "等 邓会计、何出纳" in await _say(stage, "a1", "流程状态 FP-1"), "and nothing was decided"
    await stage.look("a1")
    assert "已退回申请人" in await _say(stage, "c1", "退回申请人 FP-1 抬头不对")
    await stage.settle()
    assert "同意" not in _buttons(await stage.card("c2", second))
    mine = await _task(stage, "a1")
    assert _buttons(await stage.card("a1", mine))[:2] == ["修改", "撤回"]
    assert "退回：抬头不对" in await _say(stage, "a1", "我的待办")
    done = await _say(stage, "a1", "修改 FP-1 抬头 喆堃科技（成都）有限公司")
    assert "FP-2026-0001" in done and "喆堃科技 → 喆堃科技（成都）有限公司" in done and "司马光" in done
    await stage.settle()
    assert "修改" not in _buttons(await stage.card("a1", mine))
    assert "已取消" in await _say(stage, "a1", "撤回 FP-1"), "what was agreed to before it was returned counts no more"


async def test_urged_handed_on_agreed_issued_and_taken_back(stage: Stage) -> None:
    await _say(stage, "a1", APPLY, "提交")
    assert "第 1 次" in await _say(stage, "a1", "催办 FP-1")
    assert "30 分钟后可以再催" in await _say(stage, "a1", "催办 FP-1")
    assert "在等：司马光" in await _say(stage, "a1", "联系 FP-1")
    await stage.advance(advance_seconds=1860)
    assert "第 2 次 · 已等 31 分钟" in await _say(stage, "a1", "催办 FP-1")
    assert "是哪一位" in await _say(stage, "m1", "转交 FP-1 陈晨")
    assert "温馨 看" in await _say(stage, "m1", "加签 FP-1 温馨")
    await _say(stage, "b2", "同意 FP-1", "同意")
    assert "下一步等 邓会计、何出纳" in await _say(stage, "m1", "同意 FP-1", "同意")
    assert "由 高兴 代你处理" in await _say(stage, "c2", "代理人 高兴 明天到后天")
    assert "已退回「大区经理」" in await _say(stage, "c1", "退回上一步 FP-1 再看看")
    await _say(stage, "boss", "调整 FP-1 到 会计 原因 经理出差")
    assert "已同意 1 件" in await _say(stage, "c1", "全部同意", "同意")
    assert "已登记发票号码" in await _say(stage, "c1", "开票号 FP-1 12345678")
    assert "已开票 5 万" in await _say(stage, "a1", f"发票 {FIRST}")
    assert "红字发票 FP-2026-0002" in await _say(stage, "c1", "红冲 FP-1 1万 退货", "确认")
    bills = await _say(stage, "a1", f"发票 {FIRST}")
    assert "已开票 4 万" in bills and "红字 · -¥10,000.00" in bills
    for who, words in (("a1", "我发起的"), ("m1", "我处理的"), ("c1", "我处理的")):
        assert "FP-2026-0001" in await _say(stage, who, words)
    assert "没有找到" in await _say(stage, "b4", "流程状态 FP-1")
