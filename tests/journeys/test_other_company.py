"""The same product in another company: other names, other people, other phrasings."""

from typing import Any

import pytest

from tests.support.other_world import other_world
from tests.support.stage import Stage


@pytest.fixture
def world(request: pytest.FixtureRequest) -> dict[str, Any]:
    return other_world(**getattr(request, "param", {}))


async def _say(stage: Stage, who: str, text: str, **more: Any) -> str:
    return str((await stage.ask(who, text, **more))["text"])


async def test_an_unknown_customer_is_neither_the_last_one_nor_a_likeness(stage: Stage) -> None:
    await _say(stage, "a1", "跟进 喆堃 微信聊了")
    for name in ("国庆烟花厂", "五一农机", "宁德时代", "IBM", "H&M", "北京三月春风"):
        asked = await _say(stage, "a1", f"跟进 {name} 电话聊了报价")
        assert "已记录" not in asked and f"没有找到「{name}」" in asked and "喆堃" not in asked, asked
        assert "放下" in await _say(stage, "a1", "取消")
    asked = await _say(stage, "a1", "跟进 五粮液 电话聊了")
    assert "「宜宾五粮液」在公海里" in asked and "领取 宜宾五粮液" in asked


async def test_what_was_said_is_kept_until_the_customer_is_named(stage: Stage) -> None:
    await _say(stage, "a1", "跟进 宁德时代 电话聊了报价，下周三下午3点再打")
    assert "没有找到「不存在」" in await _say(stage, "a1", "不存在")
    done = await _say(stage, "a1", "喆堃")
    assert "已记录 · 喆堃科技（电话）" in done and "聊了报价" in done and "9月23日 周三 15:00" in done
    assert "不存在" not in done


async def test_names_that_contain_each_other_are_asked_about(stage: Stage) -> None:
    asked = await _say(stage, "a1", "跟进 天府软件 电话聊了")
    assert "找到 3 家" in asked and "你负责" in asked
    done = await _say(stage, "a1", "天府软件集团成都分公司")
    assert "已记录 · 天府软件集团成都分公司" in done
    assert "已记录 · 天府（电话）" in await _say(stage, "a1", "跟进 天府 电话聊了授权")
    asked = await _say(stage, "a1", "跟进 江轴承 电话聊了")
    assert "找到 2 家" in asked
    assert "没有第 3 家" in await _say(stage, "a1", "3")
    assert "已记录 · 重庆长江轴承股份有限公司" in await _say(stage, "a1", "第二家")


async def test_a_mistake_is_corrected_in_the_next_sentence(stage: Stage) -> None:
    await _say(stage, "a1", "跟进 喆堃 电话聊了报价，下周五再打")
    assert "9月21日 周一" in await _say(stage, "a1", "不对，是下周一")
    moved = await _say(stage, "a1", "跟进 喆堃 电话聊了样品")
    assert "喆堃" in moved
    assert "已记录 · SAP" in await _say(stage, "a1", "不对，是SAP")
    assert "聊了样品" not in await _say(stage, "a1", "查 喆堃")
    assert "聊了样品" in await _say(stage, "a1", "查 SAP")


async def test_a_question_or_a_remark_moves_no_appointment(stage: Stage) -> None:
    await _say(stage, "a1", "跟进 喆堃 电话聊了报价")
    assert "没认准「改天」" in await _say(stage, "a1", "改天")
    assert "9月16日" in await _say(stage, "a1", "今天有什么安排")
    assert "下次跟进" not in await _say(stage, "a1", "查 喆堃")


@pytest.mark.parametrize(
    "question",
    ["SAP电话", "SAP 电话多少", "SAP谁负责", "谁在跟 SAP？", "SAP 的跟进记录", "查一下SAP", "看看 SAP", "SAP怎么样了"],
)
async def test_a_question_about_a_customer_opens_its_card(stage: Stage, question: str) -> None:
    seen = await _say(stage, "a1", question)
    assert "SAP" in seen and "负责人 你" in seen and "已记录" not in seen


async def test_voice_is_understood_and_silence_stores_nothing(stage: Stage) -> None:
    words = "嗯那个我刚刚给天府软件集团打了电话他们说预算批下来了下周二上午十点去签合同"
    done = await _say(stage, "a1", "", audio={"recognition": words, "duration_ms": 5000})
    assert "已记录 · 天府软件集团（电话）" in done and "9月22日 周二 10:00" in done
    await _say(stage, "a1", "跟进 喆堃 改天再约")
    assert "没听清" in await _say(stage, "a1", "", audio={"recognition": "", "duration_ms": 900})
    assert "已记录 · 喆堃科技" in await _say(stage, "a1", "还没定")


async def test_the_one_just_spoken_of_may_be_called_so(stage: Stage) -> None:
    await _say(stage, "a1", "查 喆堃")
    for sentence in ("这家 下周一上门", "刚才那家 电话聊了付款 明天再打", "他们说明天给答复", "跟进 这家 又聊了一次"):
        assert "已记录 · 喆堃科技" in await _say(stage, "a1", sentence), sentence
    assert "张飞" in await _say(stage, "a1", "联系人 这家 张飞 13512340012")


async def test_colleagues_of_one_name_are_told_apart(stage: Stage) -> None:
    listed = await _say(stage, "m1", "查 成发科技")
    assert "陈晨（成都组）" in listed and "陈晨（重庆组）" in listed
    asked = await _say(stage, "m1", "分配 自贡灯会 给 陈晨")
    assert "是哪一位？回复数字" in asked and "1 陈晨（成都组）" in asked and "2 陈晨（重庆组）" in asked
    assert "陈晨（重庆组）" in await _say(stage, "m1", "分配 自贡灯会 给 陈晨（重庆组）")
    assert "陈晨（成都组）" in await _say(stage, "m1", "把长虹分配给陈晨（a1）")
    assert "陈晨曦" in await _say(stage, "m1", "分配 绵阳九洲电器 陈晨曦")
    assert [n["kind"] for n in await stage.look("a2")] == ["notice"]


async def test_the_loser_who_types_a_part_of_the_name_is_told_who_won(stage: Stage) -> None:
    await _say(stage, "a1", "领取 五粮液")
    lost = await _say(stage, "a2", "领取 五粮液")
    assert "「宜宾五粮液」已被 陈晨（成都组） 10:05 领取" in lost and "公海" in lost
    hidden, absent = await _say(stage, "a2", "领取 喆堃科技"), await _say(stage, "a2", "领取 喆某科技")
    assert hidden.replace("喆堃科技", "X") == absent.replace("喆某科技", "X"), (
        "never in the pool: as if it were not there"
    )


async def test_a_forged_claim_names_no_customer_that_was_never_in_the_pool(stage: Stage) -> None:
    card = await stage.ask("a2", "公海 五粮液")
    first = (await stage.card("a2", card))["buttons"][0]["action_ids"][0]
    for number in range(1, 14):  # everybody's own customers
        body = {"as": "a2", "force": True, "action_ids": [f"{first.split(':')[0]}:{number}"], "params": {}}
        answer = await stage.post(f"/cards/{card['card']['out_track_id']}/tap", body)
        text = answer["card"]["text"]
        assert "陈晨（成都组）" not in text and "天府" not in text and "已被" not in text, text


async def test_a_claim_taken_back_was_none(stage: Stage) -> None:
    await _say(stage, "a1", "领取 长虹")
    assert "不计入领取次数" in await _say(stage, "a1", "撤销")
    assert "已领取 长虹" in await _say(stage, "a1", "领取 长虹")
    await _say(stage, "a1", "退回 长虹 没有需求")
    assert "9月19日起才能再领" in await _say(stage, "a1", "领取 长虹")


@pytest.mark.parametrize("said", ["看看公海", "公海里有哪些客户", "公海。", "请帮我看看公海", "公海客户"])
async def test_the_pool_asked_for_in_other_words(stage: Stage, said: str) -> None:
    assert "共 7 家" in await _say(stage, "a1", said)


async def test_the_pool_by_conditions_pages_and_numbers(stage: Stage) -> None:
    assert "共 3 家" in await _say(stage, "a1", "公海里有哪些白酒客户")
    assert "共 1 家" in await _say(stage, "a1", "公海 白酒 战略")
    assert "第 2/2 页" in await _say(stage, "a1", "公海 第2页")
    assert "第 1/2 页" in await _say(stage, "a1", "上一页")
    await _say(stage, "a1", "公海 白酒 战略")
    assert "已领取 宜宾五粮液" in await _say(stage, "a1", "领取 第一家")
    assert "已领取 长虹" in await _say(stage, "a1", "我要领取长虹")


@pytest.mark.parametrize(
    ("world", "limit"),
    [
        ({"pool": {"claim_cap": 0}}, "累计领取 0/0"),
        ({"pool": {"claims_per_day": 1}}, "今天已领取 1/1 家"),
        ({"pool": {"holding_cap": 11}}, "你名下已有 11/11 家客户"),
        ({"pool": {"claim_cap": None}}, ""),
    ],
    indirect=["world"],
)
async def test_each_cap_names_itself(stage: Stage, limit: str) -> None:
    answers = [await _say(stage, "a1", f"领取 {name}") for name in ("长虹", "自贡灯会", "泸州老窖")]
    if not limit:
        assert all("已领取" in a for a in answers)
        assert "累计领取 3（不限）" in await _say(stage, "a1", "公海")
    else:
        assert limit in answers[-1]


async def test_markup_in_a_name_is_inert_wherever_it_is_shown(stage: Stage) -> None:
    await stage.say("m1", "分配 点我 给 高兴")
    told = await stage.look("b1")
    listed = await stage.ask("b1", "我的客户 科技")
    for item in (*told, listed, await stage.ask("m1", "查 点我")):
        assert "［点我］" in item["text"], item["text"]
        assert not [b for b in item["buttons"] if b["url"]], item["buttons"]


async def test_the_administrator_gets_one_message_in_the_morning(stage: Stage) -> None:
    """What is a leaver's goes to the administrator, whose own turn comes earlier in the alphabet."""
    await _say(stage, "z9", "跟进 离别制衣 电话聊了 9月18日再打")
    await stage.request("DELETE", "/company/users/z9")
    await stage.settle()
    told = [n for n in await stage.look("boss") if n["kind"] == "notice"]
    assert len(told) == 1 and "离晓 已离职，名下还有" in told[0]["text"]
    await stage.advance(now="2026-09-17T09:00:00+08:00")
    news = [n for n in await stage.look("boss") if n["kind"] == "notice"]
    assert len(news) == 1
    assert "离晓名下：「离别制衣」" in news[0]["text"]
    assert not [n for n in await stage.look("z9") if n["kind"] == "notice"]


async def test_what_is_wrong_of_a_new_customer_keeps_what_is_right(stage: Stage) -> None:
    asked = await _say(stage, "a1", "新建客户 眉山竹编厂 苏轼 技术负责人 13512340007 来源：传单")
    assert "没有「传单」" in asked and "抖音" in asked
    made = await _say(stage, "a1", "抖音")
    assert "已创建 眉山竹编厂" in made and "苏轼 技术负责人 13512340007" in made and "抖音" in made
    assert "认不出来" in await _say(stage, "a1", "新建客户 达州天然气 陈强 138123456")
    assert "信用代码" in await _say(stage, "a1", "新建客户 德阳重工 司马懿 13512340009 91510600MA6XXXXXXX")


async def test_duplicates_are_said_before_more_is_asked(stage: Stage) -> None:
    own = await _say(stage, "a1", "新建客户 天府软件有限责任公司")
    assert "由你负责" in own and "查 天府软件有限公司" in own
    other = await _say(stage, "a2", "新建客户 天府软件有限公司 马超 13988880001")
    assert "陈晨（成都组）" in other and "天府软件" not in other
    pooled = await _say(stage, "a1", "新建客户 长虹 马超 13988880001")
    assert "领取 长虹" in pooled
    english = await _say(stage, "a1", "新建客户 Tesla Motors Ltd. Elon 13512340008")
    assert "已经有这家客户" in english and "Tesla Motors Ltd" in english


async def test_who_has_no_function_is_told_so_before_anything_else(stage: Stage) -> None:
    assert "还没有角色" in await _say(stage, "n1", "帮助")
    for sentence in ("跟进 天府 电话聊了", "领取 长虹", "退回 天府 不做了", "分配 长虹 给 高兴", "公海"):
        assert "权限" in await _say(stage, "n1", sentence), sentence
    assert "使用范围" in await _say(stage, "x1", "查 天府")


async def test_small_talk_is_no_misunderstanding(stage: Stage) -> None:
    assert "不客气" in await _say(stage, "a1", "谢谢")
    assert "「公海」" in await _say(stage, "a1", "gonghai")
    assert "「帮助」" in await _say(stage, "a1", "帮住")
    items = await stage.say("a1", " ", to="cidQA")
    assert "直接说话就行" in items[0]["text"]
