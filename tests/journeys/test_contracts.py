"""From the agreement to the money, over the real SDK: contracts, payments, plans (dialogues 6 and 7)."""

import asyncio
from typing import Any

import pytest
from sqlmodel import select

from storage.tables import Contract, Payment
from tests.journeys.conftest import DRAWN
from tests.support.deals import deals_world
from tests.support.stage import Stage


@pytest.fixture
def world() -> dict[str, Any]:
    return deals_world()


async def _says(stage: Stage, text: str, who: str = "lina04") -> str:
    return str((await stage.ask(who, text))["text"])


async def _rows(stage: Stage, table: Any) -> list[Any]:
    return await stage.app.db.system(lambda tx: list(tx.exec(select(table).order_by(table.id)).all()))


@DRAWN
async def test_a_contract_in_one_sentence_and_one_tap(stage: Stage) -> None:
    before = len(await stage.calls())
    item = await stage.ask("lina04", "合同 华兴科技 30万 一年")
    assert len((await stage.calls())[before:]) == 1
    assert item["title"] == "请核对"
    assert "华兴科技有限公司 ¥300,000.00（叁拾万元整） · 3月2日起 1 年 · 关联商机 二期扩容" in item["text"]
    assert [c.number for c in await _rows(stage, Contract)] == ["HT-2025-112", "HT-2026-007"], "nothing is stored yet"
    before = len(await stage.calls())
    done = await stage.tap("lina04", item, "登记合同")
    assert len((await stage.calls())[before:]) == 0, "answered in the ack"
    assert "已登记 HT-2026-0008" in done["card"]["text"]
    again = await stage.card("lina04", item)
    assert "登记合同" not in [b["text"] for b in again["buttons"]]
    made = (await _rows(stage, Contract))[-1]
    assert (made.state, made.owner_id, str(made.ends_on), made.opportunity_id) == (
        "effective",
        "lina04",
        "2027-03-01",
        1,
    )
    await stage.tap("lina04", item, "撤销")
    assert "已撤销" in (await stage.card("lina04", item))["text"]


async def test_three_taps_at_once_register_one(both: Stage) -> None:
    item = await both.ask("lina04", "合同 华兴科技 30万")
    await asyncio.gather(*(both.tap("lina04", item, "登记合同") for _ in range(3)))
    assert len(await _rows(both, Contract)) == 3
    item = await both.ask("lina04", "宁波华东到账5万")
    assert "记到 HT-2025-112？已回 40 → 45 / 120 万，剩 75 万" in item["text"]
    await asyncio.gather(*(both.tap("lina04", item, "登记回款") for _ in range(3)))
    assert len(await _rows(both, Payment)) == 3
    assert "已登记回款 HK-2026-0002" in (await both.card("lina04", item))["text"]


async def test_everything_may_be_said_and_corrected_before_it_counts(stage: Stage) -> None:
    text = await _says(stage, "合同 宁波华东 50万 编号 ht-2026-019 签订日 3月1日 到期 明年2月底")
    assert "¥500,000.00（伍拾万元整）" in text and "HT-2026-019" in text and "2027年2月28日" in text
    assert "¥550,000.00" in await _says(stage, "金额 55万")
    assert "2027年3月31日" in await _says(stage, "到期 明年3月底")
    assert "已存为草稿 HT-2026-019" in await _says(stage, "存为草稿")
    assert "还是草稿" in await _says(stage, "回款 HT-2026-019 1万")
    assert "草稿 → 生效" in await _says(stage, "合同 HT-2026-019 生效")
    assert "还是「草稿」" in (await stage.say("lina04", "撤销"))[-1]["text"]
    assert "用过了" in await _says(stage, "合同 华兴科技 1万 编号 HT-2026-019") or "用过" in await _says(
        stage, "登记合同"
    )


async def test_the_form_asks_once_for_what_is_missing(stage: Stage) -> None:
    item = await stage.ask("lina04", "新建合同 华兴科技")
    card = await stage.card("lina04", item)
    fields = {f["name"]: f for f in card["form"]["fields"]}
    assert fields["customer"]["value"] == "华兴科技有限公司" and fields["amount"]["required"]
    bad = await stage.fill("lina04", item, amount="很多")
    assert "「合同金额」" in bad["card"]["text"]
    shown = await stage.fill("lina04", item, amount="30万", ends_on="2027-03-01")
    assert "叁拾万元整" in shown["card"]["text"]
    await stage.tap("lina04", item, "修改")
    again = {f["name"]: f for f in (await stage.card("lina04", item))["form"]["fields"]}
    assert again["amount"]["value"] == "300000" and again["ends_on"]["value"] == "2027-03-01"
    await stage.fill("lina04", item, amount="31万")
    done = await stage.tap("lina04", item, "登记合同")
    assert "已登记 HT-2026-0008" in done["card"]["text"] and "31 万" in done["card"]["text"]
    lacking = await stage.ask("lina04", "合同 华兴科技 三十来万")
    assert "没认准「三十来万」" in lacking["text"]
    assert "¥320,000.00" in await _says(stage, "32万 半年")


async def test_lists_looking_up_and_what_ends_soon(stage: Stage) -> None:
    assert "共 1 份 · 合计 ¥1,200,000.00" in await _says(stage, "我的合同")
    assert "共 2 份 · 合计 ¥1,700,000.00" in await _says(stage, "合同", "qian07")
    assert "共 1 份" in await _says(stage, "合同 李娜 100万以上", "qian07")
    assert "没有符合" in await _says(stage, "合同 作废", "qian07")
    assert "HT-2026-007" in await _says(stage, "快到期的合同", "qian07")
    assert "没有到期的合同" in await _says(stage, "快到期的合同")
    assert "合同额 120 万 · 已开票 45 万 · 已回款 40 万 · 未开票 75 万 · 未回款 80 万" in await _says(
        stage, "查合同 宁波华东"
    )
    assert "没有找到「HT-2026-007」的合同" in await _says(stage, "合同 HT-2026-007")
    assert "没有找到「HT-2026-999」的合同" in await _says(stage, "合同 HT-2026-999")


async def test_renewing_stops_the_reminder(stage: Stage) -> None:
    item = await stage.ask("zhou06", "续签 HT-2026-007 60万 两年")
    assert "3月7日起 2 年" in item["text"] and "续签自" in item["text"]
    await stage.tap("zhou06", item, "登记合同")
    assert "已续签为" in await _says(stage, "合同 HT-2026-007", "zhou06")
    assert "没有到期的合同" in await _says(stage, "快到期的合同", "zhou06")
    await stage.advance(now="2026-03-03T09:05:00+08:00")
    await stage.settle()
    assert "HT-2026-007" not in str(await stage.notices())


async def test_an_ending_contract_is_told_of_once_and_ended(stage: Stage) -> None:
    await stage.advance(now="2026-03-03T09:05:00+08:00")
    await stage.settle()
    told = [n for n in await stage.notices() if "HT-2026-007" in str(n)]
    assert len(told) == 1 and "还有 3 天到期" in str(told[0])
    await stage.advance(now="2026-03-07T09:05:00+08:00")
    await stage.settle()
    assert len([n for n in await stage.notices() if "HT-2026-007" in str(n)]) == 1
    assert "已结束" in await _says(stage, "合同 HT-2026-007", "zhou06")
    assert "HT-2026-007" in await _says(stage, "已到期的合同", "zhou06")
    assert "记到 HT-2026-007？" in await _says(stage, "回款 HT-2026-007 1万", "zhou06")


async def test_too_much_is_refused_until_the_switch_allows_it(stage: Stage) -> None:
    item = await stage.ask("lina04", "回款 宁波华东 82万")
    assert "这笔会超过合同余额 2 万" in item["text"]
    assert "记为预收" not in item["text"] and "登记回款" not in [
        b["text"] for b in (await stage.card("lina04", item))["buttons"]
    ]
    assert "剩 50 万" in await _says(stage, "30万")
    assert "管理员" in await _says(stage, "允许超额回款 开")
    assert "不允许 → 允许" in await _says(stage, "允许超额回款 开", "chen01")
    item = await stage.ask("lina04", "回款 宁波华东 82万")
    assert "这笔会超过合同余额 2 万。登记为预收，还是改金额？" in item["text"]
    done = await stage.tap("lina04", item, "记为预收")
    assert "已登记回款" in done["card"]["text"] and "预收" in done["card"]["text"]
    assert (await _rows(stage, Payment))[-1].over_collect_flag
    await stage.tap("lina04", item, "撤销")
    assert "已撤销" in (await stage.card("lina04", item))["text"]


async def test_several_contracts_are_asked_about(stage: Stage) -> None:
    for amount in ("30万", "20万"):
        item = await stage.ask("lina04", f"合同 华兴科技 {amount}")
        await stage.tap("lina04", item, "登记合同")
    item = await stage.ask("lina04", "华兴科技到账5万")
    assert "记到哪份合同" in item["text"]
    assert "记到 HT-2026-0008？" in await _says(stage, "2")
    chosen = await stage.ask("lina04", "收到华兴科技3万")
    picked = await stage.tap("lina04", chosen, "记到 HT-2026-0009")
    assert "记到 HT-2026-0009？" in picked["card"]["text"] and "叁万元整" in picked["card"]["text"]
    other = await stage.tap("lina04", chosen, "换合同")
    assert "记到哪份合同" in other["card"]["text"]
    picked = await stage.tap("lina04", chosen, "记到 HT-2026-0008")
    done = await stage.tap("lina04", chosen, "登记回款")
    assert "已登记回款" in done["card"]["text"] and "HT-2026-0008" in done["card"]["text"]


async def test_from_the_contracts_card_to_the_payment_without_typing_again(stage: Stage) -> None:
    item = await stage.ask("lina04", "查合同 宁波华东")
    await stage.tap("lina04", item, "登记回款")
    await stage.settle()
    [form] = await stage.look("lina04")
    fields = {f["name"]: f for f in (await stage.card("lina04", form))["form"]["fields"]}
    assert "HT-2025-112" in fields["contract"]["options"][0]["text"]
    shown = await stage.fill("lina04", form, amount="8万", method="承兑")
    assert "已回 40 → 48 / 120 万" in shown["card"]["text"]
    await stage.tap("lina04", form, "登记回款")
    await stage.settle()
    assert "已回款 48 万" in (await stage.card("lina04", item))["text"], "the other card follows"


async def test_plans_overdue_and_the_morning(stage: Stage) -> None:
    assert "还没有回款计划" in await _says(stage, "回款计划 HT-2025-112")
    assert "共 2 期" in await _says(stage, "3月3日 60万 6月底 50万")
    text = await _says(stage, "回款计划 HT-2025-112")
    assert "部分 已回 40 万" in text and "比合同金额少 ¥100,000.00" in text
    await stage.advance(now="2026-03-03T09:05:00+08:00")
    await stage.settle()
    assert any("第 1 期回款今天到期，还差 20 万" in str(n) for n in await stage.notices())
    await stage.advance(now="2026-03-04T09:05:00+08:00")
    await stage.settle()
    text = await _says(stage, "逾期回款")
    assert "共 1 期 · 合计欠 ¥200,000.00" in text and "晚了 1 天" in text
    assert "共 3 期" in await _says(stage, "回款计划 HT-2025-112 3期")
    assert "恢复原样" in (await stage.say("lina04", "撤销"))[-1]["text"]
    assert "日期和金额要成对" in await _says(stage, "回款计划 HT-2025-112 4月底 10万 6月底")


async def test_voiding_takes_rights_a_reason_and_no_live_money(stage: Stage) -> None:
    assert "没有「合同-作废」" in await _says(stage, "作废合同 HT-2025-112 客户取消")
    assert "还有 1 笔回款" in await _says(stage, "作废合同 HT-2025-112 客户取消", "wang03")
    assert "为什么作废" in await _says(stage, "作废回款 HK-2025-0001", "wang03")
    assert "已作废" in await _says(stage, "登错合同", "wang03")
    assert "已经开过票" in await _says(stage, "作废合同 HT-2025-112 客户取消", "wang03")
    item = await stage.ask("lina04", "合同 华兴科技 3万")
    await stage.tap("lina04", item, "登记合同")
    assert "变回未成交" in await _says(stage, "作废合同 HT-2026-0008 客户取消", "wang03")
    assert "作废的合同不能再改" in await _says(stage, "合同 HT-2026-0008 生效", "wang03")
    assert "还是「生效」" in (await stage.say("wang03", "撤销"))[-1]["text"]


async def test_money_on_a_contract_is_changed_after_one_more_look(stage: Stage) -> None:
    item = await stage.ask("lina04", "合同 HT-2025-112 金额 130万")
    assert "¥1,200,000.00 → ¥1,300,000.00（壹佰叁拾万元整）" in item["text"]
    done = await stage.tap("lina04", item, "改成这个金额")
    assert "130 万" in done["card"]["text"]
    await stage.ask("lina04", "合同 HT-2025-112 金额 10万")
    assert "不能低于已回款" in await _says(stage, "是")
    assert "到期日：5月31日 → 12月31日" in await _says(stage, "合同 HT-2025-112 到期 今年年底")
    assert "到期日（2020" in await _says(stage, "合同 HT-2025-112 到期 2020年1月1日")


async def test_a_refund_names_its_payment(stage: Stage) -> None:
    item = await stage.ask("qian07", "退款 HK-2025-0001 10万")
    assert "已回 40 → 30 / 120 万" in item["text"]
    done = await stage.tap("qian07", item, "登记退款")
    assert "已登记退款" in done["card"]["text"]
    assert (
        "不能超过"
        in (await stage.tap("qian07", await stage.ask("qian07", "退款 HK-2025-0001 35万"), "登记退款"))["card"]["text"]
    )
    assert "方式：转账 → 承兑" in await _says(stage, "修改回款 HK-2025-0001 方式 承兑", "qian07")
    assert "金额不能直接改" in await _says(stage, "修改回款 HK-2025-0001 5万", "qian07")


async def test_what_is_given_away_is_out_of_sight(stage: Stage) -> None:
    item = await stage.ask("lina04", "查合同 宁波华东")
    assert "负责人：李娜 → 赵磊" in await _says(stage, "转移合同 HT-2025-112 给 赵磊", "wang03")
    await stage.settle()
    assert any("转给你了" in str(n) for n in await stage.notices())
    assert "没有找到" in (await stage.card("lina04", item))["text"], "what is not hers any more is not shown"


async def test_forms_ask_for_the_companys_own_fields(stage: Stage) -> None:
    await stage.say("chen01", "新增字段 合同 保证金 金额 必填")
    await stage.say("chen01", "新增字段 回款 凭证号 文本")
    item = await stage.ask("lina04", "新建合同 华兴科技")
    deposit = await _named(stage, item, "保证金")
    lacking = await stage.fill("lina04", item, amount="30万", **{deposit: ""})
    assert "保证金" in lacking["card"]["text"] and "请核对" not in lacking["card"]["text"]
    shown = await stage.fill("lina04", item, amount="30万", **{deposit: "3万"})
    assert "请核对" in shown["card"]["text"] and "¥30,000.00" in shown["card"]["text"]
    await stage.tap("lina04", item, "登记合同")
    await stage.tap("lina04", item, "修改")
    changed = await stage.fill("lina04", item, **{await _named(stage, item, "保证金"): "4万"})
    assert "¥30,000.00 → ¥40,000.00" in changed["card"]["text"]
    paying = await stage.ask("lina04", "登记回款 HT-2025-112")
    asked = await stage.fill("lina04", paying, amount="5万", **{await _named(stage, paying, "凭证号"): "PZ77"})
    assert "PZ77" in asked["card"]["text"]


async def _named(stage: Stage, item: dict[str, Any], label: str) -> str:
    card = await stage.card("lina04", item)
    return next(str(f["name"]) for f in card["form"]["fields"] if f["label"] == label)
