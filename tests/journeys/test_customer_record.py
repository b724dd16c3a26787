"""A customer's fields, contacts, team, owner, lock, merge and story, as people say and tap them."""

from typing import Any

import pytest

from tests.journeys.conftest import DRAWN
from tests.support.stage import Stage
from tests.support.world import small_world

HX = "华兴科技"


@pytest.fixture
def world() -> dict[str, Any]:
    world = small_world()
    world["stages"] = [{"name": "初步接洽", "win_rate": 10, "kind": "open"}]
    world["opportunities"] = [
        {"name": "一期", "customer": "华兴科技有限公司", "owner": "lina04", "amount": "300000.00", "stage": "初步接洽"}
    ]
    world["contracts"] = [
        {
            "no": "HT-1", "customer": "华兴科技有限公司", "owner": "lina04", "amount": "100000.00",
            "state": "effective", "payments": [{"amount": "40000.00", "on": "2026-02-20", "method": "转账"}],
        }
    ]  # fmt: skip
    return world


@DRAWN
async def test_fields_are_changed_by_sentence_and_taken_back(stage: Stage) -> None:
    for said, expected in (
        (f"改 {HX} 城市 杭州", "城市 （空） → 杭州"),
        (f"修改客户 {HX} 行业 制造业 来源 展会", "客户来源 （空） → 展会"),
        (f"把{HX}的城市改成宁波", "城市 杭州 → 宁波"),
        ("改 这家 简称 老华 网址 www.huaxing.com", "简称 （空） → 老华"),
        (f"改 {HX} 城市 <清空>", "城市 宁波 → （空）"),
    ):
        assert expected in (await stage.ask("lina04", said))["text"], said
    assert "城市 （空） → 宁波" in (await stage.say("lina04", "撤销"))[-1]["text"]
    shown = await stage.ask("lina04", "查 老华")
    assert "www.huaxing.com" in shown["text"] and "宁波" in shown["text"]
    for said, expected in (
        (f"改 {HX} 信用代码 91330200MA2AABCD1X", "不是有效的"),
        (f"改 {HX} 来源 路边摊", "展会"),  # with what there is to choose
        (f"改 {HX} 名称 华星电子", "已经有这家客户"),
        ("改 深圳创想 城市 深圳", "没有找到"),
        (f"改 {HX} 城市", "改成什么"),
    ):
        assert expected in (await stage.ask("lina04", said))["text"], said


async def test_the_form_holds_what_is_there_and_a_stale_one_says_who_was_faster(stage: Stage) -> None:
    form = await stage.ask("lina04", f"补充信息 {HX}")
    card = await stage.card("lina04", form)
    assert "华兴科技有限公司" in str(card["form"]) and "客户名称" in str(card["form"])
    await stage.ask("wang03", f"改 {HX} 城市 宁波")
    values = {"name": "华兴科技有限公司", "city": "杭州", "source": "展会"}
    refused = await stage.fill("lina04", form, **values)
    assert "王强" in str(refused) and "城市 （空） → 宁波" in str(refused)
    saved = await stage.fill("lina04", form, **values)
    assert "城市 宁波 → 杭州" in str(saved), saved
    assert "杭州" in (await stage.ask("wang03", f"查 {HX}"))["text"]


async def test_contacts_are_changed_made_main_and_set_aside(stage: Stage) -> None:
    await stage.ask("lina04", f"联系人 {HX} 刘洋 采购经理 13700001234")
    for said, expected in (
        ("改 陈强 职务 总监", "职务 （空） → 总监"),
        (f"改联系人 {HX} 陈强 微信 cq88 决策人 是", "微信 （空） → cq88"),
        ("把陈强的手机改成13900001111", "139＊＊＊＊1111"),
        (f"改联系人 {HX} 刘洋 上级 陈强", "上级 （空） → 陈强"),
        (f"主联系人 {HX} 刘洋", "主联系人"),
        (f"{HX}的陈强离职了", "已停用：离职"),
    ):
        answer = await stage.ask("lina04", said)
        shown = str(await stage.card("lina04", answer)) if answer["card"] else ""
        assert expected in shown + answer["text"], (said, answer["text"])
    listed = await stage.ask("lina04", f"{HX} 的联系人")
    assert "共 2 位" in listed["text"] and listed["text"].index("刘洋") < listed["text"].index("陈强")
    one = await stage.ask("lina04", "联系人 刘洋")
    assert "主联系人" in one["text"] and "上级" in one["text"]
    assert "不能设为主联系人" in (await stage.ask("lina04", f"主联系人 {HX} 陈强"))["text"]
    assert "没有「联系人-删除」" in (await stage.ask("lina04", f"删除联系人 {HX} 刘洋"))["text"]


async def test_a_team_member_sees_works_and_is_taken_out(stage: Stage) -> None:
    assert "没有找到" in (await stage.ask("zhou06", f"查 {HX}"))["text"]
    added = await stage.ask("lina04", f"给 {HX} 加协作人 周敏 只读 到 3月底")
    assert "只读，到 3月31日" in added["text"]
    await stage.look("zhou06")
    seen = await stage.ask("zhou06", f"查 {HX}")
    assert "协作人" in seen["text"] and "13812345678" not in seen["text"]
    refused = await stage.ask("zhou06", f"跟进 {HX} 电话聊了报价")
    assert "你只能查看" in refused["text"]
    tapped = await stage.tap("zhou06", refused, "加我")
    assert "已请 李娜" in str(tapped)
    await stage.settle()
    (question,) = [i for i in await stage.look("lina04") if "想协作" in i["text"]]
    button = question["buttons"][0]
    body = {"as": "zhao05", "force": True, "action_ids": button["action_ids"], "params": button["params"]}
    forwarded = await stage.post(f"/cards/{question['card']['out_track_id']}/tap", body)
    assert forwarded["card"] is None and "华兴" not in str(forwarded), forwarded
    assert "已加为协作人" in str(await stage.tap("lina04", question, "加为协作人"))
    await stage.settle()
    await stage.look("zhou06")  # that she was added
    assert "聊了报价" in (await stage.ask("zhou06", f"跟进 {HX} 电话聊了报价"))["text"]
    await stage.look("zhou06")
    ended = await stage.ask("lina04", f"移除协作人 {HX} 周敏")
    assert "已把 周敏 移出" in str(await stage.card("lina04", ended)) + ended["text"]
    await stage.look("zhou06")
    assert "没有找到" in (await stage.ask("zhou06", f"查 {HX}"))["text"]


async def test_a_masked_duplicate_can_be_asked_for(stage: Stage) -> None:
    """R-DUP-2: the owner is asked, and nothing of the customer is told before he agrees."""
    masked = await stage.ask("lina04", "新建客户 深圳创想电子有限公司 陈强 13812340000")
    assert "已经有这家客户" in masked["text"] and "深圳创想" not in masked["text"]
    await stage.tap("lina04", masked, "加我")
    await stage.settle()
    (question,) = [i for i in await stage.look("zhou06") if "想协作" in i["text"]]
    assert "李娜" in question["text"]
    assert "没有加" in str(await stage.tap("zhou06", question, "不加"))
    again = await stage.tap("lina04", masked, "加我") if (await stage.card("lina04", masked))["buttons"] else {}
    assert "深圳创想" not in str(again)
    assert "没有找到" in (await stage.say("lina04", "查 深圳创想"))[-1]["text"]


async def test_who_meets_a_likeness_may_ask_its_owner(stage: Stage) -> None:
    """R-DUP-2, D18: masked, with the owner and 申请协作; by tap and by word, and never a word more than the card."""
    doubt = await stage.ask("lina04", "新建客户 创想贸易 陈强 13812340000")
    assert "周敏 负责" in doubt["text"] and "深圳创想" not in doubt["text"]
    asked = await stage.tap("lina04", doubt, "申请协作")
    assert "已请 周敏 加你为协作人" in str(asked) and "深圳创想" not in str(asked)
    assert "已经请过 周敏 了" in (await stage.ask("lina04", "申请协作"))["text"]
    await stage.settle()
    (question,) = [i for i in await stage.look("zhou06") if "想协作" in i["text"]]
    assert "没有找到" in (await stage.say("lina04", "查 深圳创想"))[-1]["text"]
    await stage.tap("zhou06", question, "加为协作人")
    assert "深圳创想" in (await stage.say("lina04", "查 深圳创想"))[-1]["text"]


async def test_transfer_lock_and_deletion(stage: Stage) -> None:
    assert "没有「客户-更换负责人」" in (await stage.ask("lina04", f"把 {HX} 转给 赵磊"))["text"]
    assert "转给 赵磊" in (await stage.ask("chen01", f"把 {HX} 转给 赵磊，只转客户"))["text"]
    assert any("转给你负责" in n["text"] for n in await stage.notices()) or any(
        "转给你负责" in str(n) for n in await stage.notices()
    )
    locked = await stage.ask("zhao05", f"锁定 {HX} 到 3月底")
    assert "到 3月31日" in locked["text"]
    assert "不能退回公海" in (await stage.ask("zhao05", f"退回 {HX} 无需求"))["text"]
    assert "锁定到" in str(await stage.card("zhao05", await stage.ask("zhao05", f"查 {HX}")))
    assert "已解锁" in (await stage.ask("zhao05", f"解锁 {HX}"))["text"]
    assert "1 个商机、1 份合同、1 笔回款" in (await stage.ask("chen01", f"删除客户 {HX}"))["text"]
    assert "已删除" in (await stage.ask("chen01", "删除客户 上海明德"))["text"]
    assert "恢复了" in (await stage.say("chen01", "撤销"))[-1]["text"]


async def test_a_transfer_asks_whether_the_deals_go_along(stage: Stage) -> None:
    shown = await stage.ask("chen01", f"把 {HX} 转给 赵磊")
    assert "商机 1 个" in shown["text"] and "合同 1 份" in shown["text"]
    assert "你" in (await stage.ask("lina04", f"查 {HX}"))["text"], "nothing has happened yet"
    assert "商机 1 个、合同 1 份一起" in str(await stage.tap("chen01", shown, "一起转"))
    assert "还是 李娜 负责" in str(await stage.tap("chen01", shown, "撤销"))
    assert "1 份一起" in (await stage.ask("chen01", f"把 {HX} 转给 赵磊，商机和合同一起转"))["text"]
    assert "还是 李娜 负责" in (await stage.ask("chen01", "撤销"))["text"]
    await stage.ask("chen01", f"把 {HX} 转给 赵磊")
    assert "转给 赵磊。" in (await stage.ask("chen01", "只转客户"))["text"]


async def test_a_merge_is_shown_first_and_old_cards_lead_to_the_one_that_stays(stage: Stage) -> None:
    old = await stage.ask("lina04", "查 华星电子")
    assert "没有「客户-删除」" in (await stage.ask("lina04", "合并 华兴科技 和 华星电子"))["text"]
    shown = await stage.ask("chen01", "合并 华兴科技 和 华星电子")
    assert "商机 1 · 合同 1 · 回款 1" in shown["text"] and "72 小时" in shown["text"]
    await stage.say("lina04", f"改 {HX} 城市 杭州")
    await stage.say("lina04", "改 华星电子 城市 苏州")
    assert "没认出「电话」" in (await stage.ask("chen01", "确认合并 用另一家的 电话"))["text"]
    assert "已把「华星电子有限公司」并入" in str(await stage.fill("chen01", shown, name="head", city="tail"))
    await stage.settle()
    assert "苏州" in (await stage.ask("lina04", f"查 {HX}"))["text"]
    assert "华兴科技有限公司" in (await stage.card("lina04", old))["text"]
    await stage.look("lina04")
    await stage.advance(now="2026-03-04T10:00:00+08:00")
    await stage.look("chen01")
    undone = await stage.tap("chen01", shown, "撤销")
    assert "又是两家了" in str(undone)


async def test_the_chain_and_the_whole_story(stage: Stage) -> None:
    await stage.ask("lina04", f"改 {HX} 来源 展会")
    await stage.ask("lina04", f"跟进 {HX} 电话聊了报价")
    seller = (await stage.ask("lina04", f"查 {HX}"))["text"]
    assert "已成交" in seller and "30 万" not in seller and "商机 1" not in seller
    boss = (await stage.ask("chen01", f"查 {HX}"))["text"]
    assert "来源 展会 → 跟进 1 次 → 商机 1（30 万） → 合同 1（10 万） → 已成交 → 回款 4 万/10 万" in boss
    story = await stage.ask("lina04", f"{HX} 时间线")
    assert "聊了报价" in story["text"] and "客户来源 （空） → 展会" in story["text"] and "HT-1" not in story["text"]
    story = await stage.ask("chen01", f"{HX} 时间线")
    assert "共 6 条" in story["text"], story["text"]
    assert "第 2/2 页" in (await stage.ask("chen01", "下一页"))["text"]
    assert "没有找到" in (await stage.ask("zhou06", f"{HX} 时间线"))["text"]
